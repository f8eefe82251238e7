//! What happens between a checkout and an agent: ignored files are copied in, the set-up commands run, and what
//! both left is noted in the worktree's own git directory, so that removal can tell it from what came later.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::caveats::caveats;
use super::copies::candidates;
use super::hook;
use super::prepare::{Prepared, copy_ignored, same};
use super::recipe::{self, Command};
use super::steps::Steps;
use crate::error::{Error, Result};
use crate::exec::Exec;
use crate::git::{self, Git, Oid, path_from, records};
use crate::state::{self, Lock, Project, Settings};
use crate::world::{self, kill_point};

/// With more copies than this their folders are noted, not each file.
const MOST_COPIES: usize = 500;

/// How many lines of a failed command's output are shown.
const LAST_LINES: usize = 5;

/// A file that was copied in, as it was right after that.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Copied {
    pub(super) path: PathBuf,
    size: u64,
    modified: Option<Timestamp>,
}

impl Copied {
    fn of(worktree: &Path, path: &Path) -> Option<Self> {
        let meta = fs::symlink_metadata(worktree.join(path)).ok()?;
        let modified = meta.modified().ok().and_then(|time| Timestamp::try_from(time).ok());
        // JSON cannot hold another name; such a file is treated as one that somebody made.
        path.to_str()?;
        Some(Self { path: path.to_owned(), size: meta.len(), modified })
    }

    /// Is it as it was, in the folder that holds it now?
    pub(super) fn untouched(&self, worktree: &Path) -> bool {
        Self::of(worktree, &self.path).as_ref() == Some(self)
    }
}

/// What preparation left in a worktree: `ctx.json` in its own git directory.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Furnished {
    pub(super) copied: Vec<Copied>,
    /// What set-up commands made and git ignores: files, folders.
    pub(super) made: Vec<PathBuf>,
    /// When they had ended: what was touched later is not theirs.
    pub(super) until: Option<Timestamp>,
    /// What they depended on.
    pub(super) stamp: Option<String>,
    /// The commands that ran; `None` in notes of older versions.
    commands: Option<Vec<String>>,
    /// The repository's `post-checkout` has run for what is checked out.
    #[serde(default)]
    hooked: bool,
    /// What git ignored before they began, while they run.
    before: Option<Vec<PathBuf>>,
}

impl Furnished {
    fn path(git_dir: &Path) -> PathBuf {
        git_dir.join("ctx.json")
    }

    /// What is noted; nothing for a worktree that was never furnished.
    pub(super) fn read(git_dir: &Path) -> Self {
        let text = state::read_optional(&Self::path(git_dir)).ok().flatten();
        text.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default()
    }

    pub(super) fn write(&self, git_dir: &Path) -> Result<()> {
        let path = Self::path(git_dir);
        let json = serde_json::to_vec(self).map_err(|error| Error::io("write", &path, &error.into()))?;
        state::replace(&path, &json)
    }

    /// Notes that these were copied, and nothing else is known.
    pub(super) fn note_copies(git_dir: &Path, worktree: &Path, paths: &[PathBuf]) -> Result<()> {
        let copied = paths.iter().filter_map(|path| Copied::of(worktree, path)).collect();
        Self { copied, ..Self::default() }.write(git_dir)
    }

    fn take(&mut self, worktree: &Path, copied: &[PathBuf]) {
        if copied.len() <= MOST_COPIES {
            self.copied = copied.iter().filter_map(|path| Copied::of(worktree, path)).collect();
            return;
        }
        // Files at the top stay files.
        let (top, deep): (Vec<_>, Vec<_>) = copied.iter().partition(|path| path.components().count() == 1);
        self.copied = top.iter().filter_map(|path| Copied::of(worktree, path)).collect();
        let folders = deep.iter().filter_map(|path| path.components().next());
        self.made
            .extend(folders.map(|part| PathBuf::from(part.as_os_str())).filter(|p| p.to_str().is_some()));
        self.made.sort();
        self.made.dedup();
        self.until = Some(world::now());
    }
}

/// Where a worktree lies and what it is called in logs.
pub(super) struct Place<'a> {
    pub(super) path: &'a Path,
    pub(super) git_dir: &'a Path,
    /// `<plan>/<task>`, or a slot's name.
    pub(super) name: &'a str,
    pub(super) port: Option<u16>,
    /// What was checked out before; `None` in a new worktree.
    pub(super) from: Option<&'a Oid>,
}

impl Place<'_> {
    /// The task or slot.
    fn label(&self) -> &str {
        self.name.rsplit('/').next().unwrap_or(self.name)
    }

    /// Where the output of its commands goes.
    pub(super) fn log(&self, project: &Project) -> PathBuf {
        project.ctx_dir().join("logs").join(format!("{}.log", self.name))
    }
}

/// Prepares the worktrees of one run.
pub(super) struct Furnisher<'a> {
    project: &'a Project,
    settings: &'a Settings,
    /// Where worktrees are: nothing is copied out of there.
    root: PathBuf,
    candidates: OnceLock<Vec<PathBuf>>,
    hook: OnceLock<PathBuf>,
}

impl<'a> Furnisher<'a> {
    pub(super) fn new(project: &'a Project, settings: &'a Settings, root: PathBuf) -> Self {
        Self { project, settings, root, candidates: OnceLock::new(), hook: OnceLock::new() }
    }

    /// Looks for what is to be copied while the first checkout runs: git reads the whole main checkout for it.
    pub(super) fn look_ahead(&self) {
        // What goes wrong is said when the files are needed.
        let _ = self.candidates();
    }

    fn candidates(&self) -> Result<&[PathBuf]> {
        if let Some(found) = self.candidates.get() {
            return Ok(found);
        }
        let found = candidates(&self.project.home, &self.settings.worktrees.copy, &self.root)?;
        Ok(self.candidates.get_or_init(|| found))
    }

    /// Returns whether the project has a `post-checkout` hook.
    fn has_hook(&self, worktree: &Path) -> Result<bool> {
        let hook = match self.hook.get() {
            Some(hook) => hook,
            None => {
                let hook = git::hook_path(worktree, "post-checkout")?;
                self.hook.get_or_init(|| hook)
            }
        };
        // A relative `core.hooksPath` is relative to each worktree.
        Ok(worktree.join(hook).exists())
    }

    /// Copies, then runs what has to run: set-up commands, then the repository's `post-checkout`, which may need
    /// what they install. Only for a worktree that nobody works in yet.
    pub(super) fn run(&self, place: &Place<'_>, lock: &Lock, steps: &dyn Steps) -> Result<Prepared> {
        let mut noted = Furnished::read(place.git_dir);
        kill_point("setup-copy");
        steps.step(place.label(), "copying ignored files");
        let mut prepared = copy_ignored(&self.project.home, place.path, self.candidates()?)?;
        noted.take(place.path, &prepared.copied);
        prepared.notes = caveats(place.path)?;
        let commands = recipe::commands(self.settings, place.path)?;
        let stamp = recipe::stamp(&commands, place.path);
        let install = !commands.is_empty() && noted.stamp.as_ref() != Some(&stamp);
        let hook = !noted.hooked && self.has_hook(place.path)?;
        if install || hook {
            let before = match noted.before.take() {
                Some(before) => before,
                None => ignored(place.path)?,
            };
            noted.before = Some(before.clone());
            noted.write(place.git_dir)?;
            kill_point("setup-run");
            if install && let Err(error) = self.run_all(&commands, place, lock, &mut prepared, steps) {
                // Somebody may fix it by hand in there: what is found then is not set-up's.
                noted.before = None;
                noted.write(place.git_dir)?;
                return Err(error);
            }
            if hook {
                steps.step(place.label(), "post-checkout hook");
                prepared.notes.extend(hook::run(self.project, place, lock)?);
            }
            let made = ignored(place.path)?.into_iter().filter(|path| !before.contains(path));
            noted.made.extend(made);
            noted.made.sort();
            noted.made.dedup();
            (noted.before, noted.until) = (None, Some(world::now()));
            let status = git::status(place.path)?;
            if install && !status.clean() {
                let files = status.summary();
                prepared.notes.push(format!("set-up left files that git does not ignore: {files}"));
            }
        }
        noted.commands = Some(commands.iter().map(Command::text).collect());
        (noted.stamp, noted.hooked) = (Some(stamp), true);
        kill_point("setup-note");
        noted.write(place.git_dir)?;
        Ok(prepared)
    }

    /// The commands of the settings that have not run in a worktree which is ready. Lock files do not count: an
    /// agent may have changed them, and installed what they call for.
    pub(super) fn never_ran(&self, worktree: &Path, git_dir: &Path) -> Result<Vec<String>> {
        let Some(ran) = Furnished::read(git_dir).commands else { return Ok(Vec::new()) };
        let named = recipe::commands(self.settings, worktree)?.into_iter().filter(|it| !it.detected());
        Ok(named.map(|command| command.text()).filter(|text| !ran.contains(text)).collect())
    }

    /// Copies what is not there, and runs nothing.
    pub(super) fn copy(&self, place: &Place<'_>) -> Result<()> {
        let mut noted = Furnished::read(place.git_dir);
        let prepared = copy_ignored(&self.project.home, place.path, self.candidates()?)?;
        noted.take(place.path, &prepared.copied);
        noted.write(place.git_dir)
    }

    /// Copies that are as they came in, in a slot that was at rest, are brought up to date, and `post-checkout` runs
    /// anew for what is checked out now.
    pub(super) fn refresh(&self, place: &Place<'_>) -> Result<()> {
        let noted = Furnished::read(place.git_dir);
        if noted.hooked {
            Furnished { hooked: false, ..noted.clone() }.write(place.git_dir)?;
        }
        for copied in &noted.copied {
            let (from, to) = (self.project.home.join(&copied.path), place.path.join(&copied.path));
            if copied.untouched(place.path) && !same(&from, &to) {
                state::remove_file(&to)?;
            }
        }
        Ok(())
    }

    fn run_all(
        &self,
        commands: &[Command],
        place: &Place<'_>,
        lock: &Lock,
        prepared: &mut Prepared,
        steps: &dyn Steps,
    ) -> Result<()> {
        let log = place.log(self.project);
        state::create_dir_all(log.parent().unwrap_or(&log))?;
        let out = state::create_file(&log)?;
        for command in commands {
            let text = command.text();
            state::write_line(&out, &log, &format!("$ {text}"))?;
            steps.step(place.label(), &text);
            let mut exec = git::unredirected(Exec::new(&command.words[0])).args(&command.words[1..]);
            exec = exec.cwd(place.path).holding(lock.file().clone());
            for (name, value) in &command.env {
                exec = exec.env(name, value);
            }
            if let Some(port) = place.port {
                exec = exec.env("CTX_PORT", port.to_string());
            }
            match exec.logged(&out) {
                Ok(Some(0)) => prepared.commands.push(text),
                Err(error) if error.kind() == std::io::ErrorKind::NotFound && command.detected() => {
                    let (program, from) = (&command.words[0], command.from);
                    prepared
                        .notes
                        .push(format!("`{from}` calls for `{text}`, but there is no `{program}` on `PATH`"));
                }
                Ok(code) => return Err(failed(&text, &ended(code), &log)),
                Err(error) => return Err(failed(&text, &format!("cannot be started: {error}"), &log)),
            }
        }
        Ok(())
    }
}

fn ended(code: Option<i32>) -> String {
    match code {
        Some(code) => format!("ended with exit code {code}"),
        None => "was ended by a signal".to_owned(),
    }
}

fn failed(command: &str, how: &str, log: &Path) -> Error {
    let text = fs::read(log).map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default();
    let lines: Vec<&str> = text.lines().filter(|line| !line.trim().is_empty()).collect();
    let last: String = lines[lines.len().saturating_sub(LAST_LINES)..]
        .iter()
        .map(|line| format!("\n  {}", crate::error::printable(line)))
        .collect();
    Error::refused(format!("set-up failed: `{command}` {how}{last}"))
        .hint(format!("all of its output is in `{}`", log.display()))
}

/// What git ignores in a worktree; a folder of which it ignores everything is one entry.
fn ignored(worktree: &Path) -> Result<Vec<PathBuf>> {
    let call = Git::at(worktree).args(["ls-files", "--others", "--ignored", "--exclude-standard"]);
    let bytes = call.args(["--directory", "-z"]).run()?;
    let trimmed = |record: &[u8]| path_from(record.strip_suffix(b"/").unwrap_or(record));
    // JSON cannot hold another name; what has one counts as somebody's.
    Ok(records(&bytes).map(trimmed).filter(|path| path.to_str().is_some()).collect())
}
