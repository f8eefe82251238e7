//! Which worktree a path lies in, and what git would run, read from or write to there because its configuration says
//! so; without starting git.
//!
//! In: a worktree. Out: one hash over its configuration and its hooks, branches and other keys that name no
//! program, URL or path left out (`push -u` writes `branch.*`). Two equal hashes mean that git would start
//! the same programs. Nothing is interpreted that is not left out: a line that is not understood counts.

use std::fs;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::Git;
use super::refs::REFTABLE_HEAD;

/// A hash over what git is configured to use.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Fingerprint(String);

/// A worktree and its git directories, found by reading files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The worktree's top level.
    pub top: PathBuf,
    /// Its own git directory.
    pub git_dir: PathBuf,
    /// The one that all worktrees share.
    pub common_dir: PathBuf,
}

/// Hooks larger than this are known by their size.
const LARGEST: u64 = 1 << 20;

/// Sections without a subsection whose keys name no program, URL or path.
const HARMLESS_SECTIONS: &[&str] = &["user", "color", "advice", "gc", "maintenance"];
/// What tools write for a branch. Not `mergeOptions` and `rebase`: they choose strategies and editors.
const HARMLESS_BRANCH_KEYS: &[&str] = &[
    "remote",
    "merge",
    "pushremote",
    "description",
    "vscode-merge-base",
    "gk-merge-base",
    "github-pr-owner-number",
];

impl Place {
    /// The worktree that holds this real path.
    pub fn of(path: &Path) -> Option<Self> {
        let top = path.ancestors().find(|folder| folder.join(".git").symlink_metadata().is_ok())?;
        let dot_git = top.join(".git");
        let git_dir = if dot_git.is_dir() { dot_git } else { pointer(&dot_git, "gitdir: ")? };
        let git_dir = fs::canonicalize(git_dir).ok()?;
        let common_dir = match pointer(&git_dir.join("commondir"), "") {
            Some(common) => fs::canonicalize(common).ok()?,
            None => git_dir.clone(),
        };
        Some(Self { top: top.to_owned(), git_dir, common_dir })
    }

    /// The branch that is checked out; `None` if `HEAD` is detached. Starts git only where the refs are no files.
    pub fn branch(&self) -> Option<String> {
        let head = fs::read_to_string(self.git_dir.join("HEAD")).ok()?;
        if head.trim_end() != REFTABLE_HEAD {
            return Some(head.strip_prefix("ref: refs/heads/")?.trim_end().to_owned());
        }
        let output = self.git().args(["symbolic-ref", "--quiet", "HEAD"]).output().ok()?;
        let name = String::from_utf8(output.stdout).ok().filter(|_| output.code == Some(0))?;
        Some(name.strip_prefix("refs/heads/")?.trim_end().to_owned())
    }

    /// A call of git in exactly this worktree, whatever looks like a repository on the way to it.
    pub fn git(&self) -> Git {
        Git::at(&self.top).env("GIT_DIR", &self.git_dir).env("GIT_WORK_TREE", &self.top)
    }

    /// Returns whether git tracks this file; `relative` is its path below the top level.
    pub fn tracks(&self, relative: &str) -> bool {
        super::index_file::tracks(&self.git_dir, relative)
    }

    /// The branch that is being rebased; `HEAD` is detached then.
    pub fn rebased(&self) -> Option<String> {
        ["rebase-merge/head-name", "rebase-apply/head-name"].iter().find_map(|file| {
            let name = fs::read_to_string(self.git_dir.join(file)).ok()?;
            Some(name.strip_prefix("refs/heads/")?.trim_end().to_owned())
        })
    }
}

/// The path that a one-line file names, relative to where the file stands.
fn pointer(file: &Path, prefix: &str) -> Option<PathBuf> {
    // A pipe would keep whoever reads it waiting.
    fs::metadata(file).ok().filter(fs::Metadata::is_file)?;
    let text = fs::read_to_string(file).ok()?;
    let target = text.strip_prefix(prefix)?.trim_end_matches(['\n', '\r']);
    Some(file.parent()?.join(target))
}

impl Fingerprint {
    /// Of the worktree at this path. `home` is where the person's own configuration lies.
    pub fn of(worktree: &Path, home: Option<&Path>) -> Option<Self> {
        let place = Place::of(worktree)?;
        let mut hash = Sha256::new();
        let mut folders = vec![place.common_dir.join("hooks")];
        let mut files = vec![place.common_dir.join("config"), place.git_dir.join("config.worktree")];
        // The names of git-config(1), section FILES.
        match crate::world::env("GIT_CONFIG_GLOBAL") {
            Some(file) => files.push(file.into()),
            None => {
                files.extend(home.map(|home| home.join(".gitconfig")));
                let config = crate::world::env("XDG_CONFIG_HOME").map(PathBuf::from);
                let config = config.or_else(|| Some(home?.join(".config")));
                files.extend(config.map(|config| config.join("git/config")));
            }
        }
        files.extend(crate::world::env("GIT_CONFIG_SYSTEM").map(PathBuf::from));
        for file in files {
            let text = read(&file);
            for line in counting(&text) {
                hash.update(line.as_bytes());
                hash.update(b"\n");
            }
            let folder = file.parent().unwrap_or(worktree);
            // `include.path` and whatever else names a file by that key.
            for included in paths_of("path", &text, folder, home) {
                hash.update(read(&included).as_bytes());
            }
            folders.extend(paths_of("hookspath", &text, worktree, home));
        }
        hash.update(read(&place.common_dir.join("info/attributes")).as_bytes());
        for folder in folders {
            hash_hooks(&mut hash, &folder);
        }
        Some(Self(hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()))
    }
}

fn read(path: &Path) -> String {
    fs::read(path).map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default()
}

/// The lines of a configuration that count.
fn counting(text: &str) -> Vec<&str> {
    let mut lines = Vec::new();
    // The keys of this section that do not count; all of its keys if the list is empty.
    let (mut harmless, mut continued): (Option<&[&str]>, bool) = (None, false);
    for line in text.lines() {
        let trimmed = line.trim();
        let was_continued = std::mem::replace(&mut continued, trimmed.ends_with('\\'));
        if trimmed.starts_with('[') && !was_continued {
            harmless = harmless_keys(trimmed);
            if harmless.is_some() {
                continue;
            }
        }
        // A bracket may begin another section behind a value that git reads otherwise than this does.
        let plain = !was_continued && !continued && !trimmed.contains('[');
        let key = trimmed.split_once('=').map(|(key, _)| key.trim().to_ascii_lowercase()).filter(|_| plain);
        let known =
            |key: String| harmless.is_some_and(|keys| keys.is_empty() || keys.contains(&key.as_str()));
        if !trimmed.is_empty() && !key.is_some_and(known) {
            lines.push(trimmed);
        }
    }
    lines
}

/// For `[branch "…"]` or one of the harmless sections, with nothing behind it: the keys that do not count, all
/// if there are none; else none.
fn harmless_keys(line: &str) -> Option<&'static [&'static str]> {
    let inner = line.strip_prefix('[')?.strip_suffix(']')?;
    if inner.contains([']', '[', '\\']) {
        return None;
    }
    let branch = inner.strip_prefix("branch \"").and_then(|rest| rest.strip_suffix('"'));
    match branch {
        Some(name) if !name.contains('"') => Some(HARMLESS_BRANCH_KEYS),
        _ => HARMLESS_SECTIONS.contains(&inner).then_some(&[]),
    }
}

/// The paths that this key names, in whatever section it stands, relative to `folder`.
fn paths_of(key: &str, text: &str, folder: &Path, home: Option<&Path>) -> Vec<PathBuf> {
    let value = |line: &str| {
        let (name, value) = line.split_once('=')?;
        let name = name.rsplit(']').next().unwrap_or(name).trim();
        name.eq_ignore_ascii_case(key).then(|| value.trim().trim_matches('"').to_owned())
    };
    let paths = text.lines().filter_map(value);
    paths
        .filter_map(|path| match path.strip_prefix("~/") {
            Some(rest) => Some(home?.join(rest)),
            None => Some(folder.join(path)),
        })
        .collect()
}

fn hash_hooks(hash: &mut Sha256, folder: &Path) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    let mut paths: Vec<PathBuf> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
    paths.sort();
    for path in paths {
        if path.extension().is_some_and(|extension| extension == "sample") {
            continue;
        }
        let Ok(meta) = fs::metadata(&path) else { continue };
        hash.update(path.file_name().unwrap_or_default().as_encoded_bytes());
        hash.update(meta.len().to_le_bytes());
        if meta.is_file() && meta.len() <= LARGEST {
            hash.update(fs::read(&path).unwrap_or_default());
        }
    }
}
