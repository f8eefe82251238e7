//! The answers of this machine to what a decision asks. Reads files; starts git only to learn what it ignores.

use std::collections::VecDeque;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::{Component, Path, PathBuf};
use std::sync::OnceLock;

use crate::approve::{Facts, Kind};
use crate::git::{Fingerprint, Git, Place};
use crate::world;

/// More links than these on one way are a loop.
const MOST_LINKS: usize = 40;
/// A folder with more names than these is not looked at.
const MOST_NAMES: usize = 8192;

/// This machine.
#[derive(Default)]
pub struct Disk {
    recorded: Option<Fingerprint>,
    /// Git is not asked: which program that is, is not settled.
    without_git: bool,
    /// The answer about the recorded worktree: a command with several gits asks for it again and again.
    unchanged: OnceLock<Result<(), String>>,
}

impl Disk {
    /// With what git was configured to use when the worktree was set up; none if that was not recorded.
    pub fn new(recorded: Option<Fingerprint>) -> Self {
        Self { recorded, ..Self::default() }
    }

    /// The same, but git is asked only if this is true: a repository may bring an environment that names another one.
    #[must_use]
    pub fn with_git(self, with: bool) -> Self {
        Self { without_git: !with, ..self }
    }
}

impl Facts for Disk {
    fn real(&self, path: &Path) -> Option<PathBuf> {
        if !path.is_absolute() {
            return None;
        }
        let mut left: VecDeque<OsString> = parts(path);
        let (mut real, mut links, mut missing) = (PathBuf::from("/"), 0, false);
        while let Some(part) = left.pop_front() {
            if part == ".." {
                // Behind what does not exist, or is no folder, nothing leads upwards.
                if missing || !real.is_dir() {
                    return None;
                }
                real.pop();
                continue;
            }
            let next = real.join(&part);
            // What stands there is another thing to every process: `/proc/self/cwd`.
            if next.starts_with("/proc") || next.starts_with("/dev/fd") {
                return None;
            }
            match fs::symlink_metadata(&next) {
                Ok(meta) if meta.is_symlink() => {
                    links += 1;
                    let target = fs::read_link(&next).ok().filter(|_| links <= MOST_LINKS)?;
                    if target.is_absolute() {
                        real = PathBuf::from("/");
                    }
                    for part in parts(&target).into_iter().rev() {
                        left.push_front(part);
                    }
                }
                Ok(_) => real = next,
                Err(error)
                    if matches!(
                        error.kind(),
                        std::io::ErrorKind::NotFound | std::io::ErrorKind::NotADirectory
                    ) =>
                {
                    missing = true;
                    real = next;
                }
                Err(_) => return None,
            }
        }
        Some(real)
    }

    fn kind(&self, path: &Path) -> Kind {
        match fs::symlink_metadata(path) {
            Ok(meta) if meta.is_symlink() => Kind::Link,
            Ok(meta) if meta.is_dir() => Kind::Folder,
            Ok(meta) if meta.is_file() => Kind::File { names: meta.nlink() },
            Ok(_) => Kind::Other,
            Err(error)
                if matches!(
                    error.kind(),
                    std::io::ErrorKind::NotFound | std::io::ErrorKind::NotADirectory
                ) =>
            {
                Kind::Missing
            }
            Err(_) => Kind::Other,
        }
    }

    fn names(&self, folder: &Path) -> Option<Vec<String>> {
        let mut names = Vec::new();
        for entry in fs::read_dir(folder).ok()? {
            names.push(entry.ok()?.file_name().into_string().ok()?);
            if names.len() > MOST_NAMES {
                return None;
            }
        }
        names.sort();
        Some(names)
    }

    fn entries(&self, folder: &Path) -> Option<Vec<(String, bool)>> {
        let mut entries = Vec::new();
        for entry in fs::read_dir(folder).ok()? {
            let entry = entry.ok()?;
            // What the folder itself says of its names saves a look at each.
            entries.push((entry.file_name().into_string().ok()?, entry.file_type().ok()?.is_dir()));
            if entries.len() > MOST_NAMES {
                return None;
            }
        }
        Some(entries)
    }

    fn ignored(&self, path: &Path) -> bool {
        let Some(place) = path.parent().and_then(Place::of).filter(|_| !self.without_git) else {
            return false;
        };
        // A folder that does not exist is one only by its slash: `dist/` in `.gitignore`.
        let spelled = if path.is_dir() || !path.exists() { path.join("") } else { path.to_owned() };
        let git = |args: &[&str]| {
            let call = place.git().args(["-c", "core.fsmonitor=false"]).args(args).arg("--").arg(&spelled);
            call.output().ok().filter(crate::exec::Output::success)
        };
        let tracked = git(&["ls-files", "-z"]).is_none_or(|output| !output.stdout.is_empty());
        !tracked && git(&["check-ignore", "--quiet"]).is_some()
    }

    fn untracked(&self, folder: &Path) -> Option<Vec<PathBuf>> {
        if self.without_git {
            return None;
        }
        let listing = ["-c", "core.fsmonitor=false", "ls-files", "-z", "--others", "--exclude-standard"];
        let output = Git::at(folder).args(listing).output().ok().filter(crate::exec::Output::success)?;
        let names = output.stdout.split(|&byte| byte == 0).filter(|name| !name.is_empty());
        Some(names.map(|name| folder.join(OsStr::from_bytes(name))).collect())
    }

    fn branch(&self, worktree: &Path) -> Option<String> {
        let place = Place::of(worktree).filter(|place| place.top == worktree)?;
        place.branch().or_else(|| place.rebased())
    }

    fn git_unchanged(&self, worktree: &Path) -> Result<(), String> {
        let compare = || {
            let Some(recorded) = &self.recorded else {
                return Err("what git was configured to use at the set-up is not recorded".to_owned());
            };
            match Fingerprint::of(worktree, world::home().as_deref()) {
                Some(now) if now == *recorded => Ok(()),
                _ => Err("git's configuration or hooks changed since the worktree was set up".to_owned()),
            }
        };
        self.unchanged.get_or_init(compare).clone()
    }

    fn home(&self) -> Option<PathBuf> {
        world::home()
    }

    fn has_variable(&self, name: &str) -> bool {
        world::has_env(name)
    }
}

/// The parts of a path, `..` among them.
fn parts(path: &Path) -> VecDeque<OsString> {
    path.components()
        .filter_map(|part| match part {
            Component::Normal(name) => Some(name.to_owned()),
            Component::ParentDir => Some("..".into()),
            _ => None,
        })
        .collect()
}
