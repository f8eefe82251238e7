//! The `env` of settings files that a repository brings: the client gives it to every command, before anything in the
//! command could take it away again. It counts once the person accepted its exact text; until then nothing is allowed.

use std::collections::{BTreeMap, VecDeque};
use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::accepted::{Accepted, Wish};
use crate::approve;
use crate::git::Place;

/// The settings file of a project that everybody shares.
pub const SHARED_SETTINGS: &str = ".claude/settings.json";
/// The settings file that is the person's own, unless git tracks it.
pub const LOCAL_SETTINGS: &str = ".claude/settings.local.json";

/// The key of such a wish.
const KEY: &str = "env";
/// By these the hook finds what the person accepted; so they are nothing that could be accepted.
const OF_ACCEPTANCE: &[&str] = &["CLAUDE_CONFIG_DIR", "HOME"];

/// More links than these on one way are a loop.
const MOST_LINKS: usize = 40;
/// No settings file that a client reads is larger.
const LARGEST: u64 = 16 << 20;

/// An environment that a repository's settings file brings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BroughtEnv {
    /// The settings file.
    pub path: PathBuf,
    /// The variables that are not known to be harmless.
    pub names: Vec<String>,
    /// What the person is asked to accept.
    pub wish: Wish,
}

impl BroughtEnv {
    /// Reads it from a parsed settings file below `folder`; `None` if it brings nothing that needs consent.
    pub fn of(folder: &Path, file: &str, settings: &Value) -> Option<Self> {
        let brought = Self::whoever_wrote(folder, file, settings)?;
        (file != LOCAL_SETTINGS || is_brought(folder, file)).then_some(brought)
    }

    /// The same, where nothing says that the file is the person's own.
    pub fn whoever_wrote(folder: &Path, file: &str, settings: &Value) -> Option<Self> {
        let env = settings.get("env")?.as_object()?;
        let harmless = |name: &str, value: &Value| {
            value.as_str().is_some_and(|value| approve::is_harmless_setting(name, value))
        };
        // In one order: how the file is written does not count.
        let asked: BTreeMap<&String, &Value> =
            env.iter().filter(|(name, value)| !harmless(name, value)).collect();
        if asked.is_empty() {
            return None;
        }
        let place = Place::of(&fs::canonicalize(folder).unwrap_or_else(|_| folder.to_owned()));
        // All worktrees of a repository share what was accepted.
        let repository = place.map_or_else(|| folder.to_owned(), |place| place.common_dir);
        let names = asked.keys().map(|name| (*name).clone()).collect();
        let wish = Wish::new(&repository, KEY, &serde_json::to_string(&asked).unwrap_or_default());
        Some(Self { path: folder.join(file), names, wish })
    }

    /// Returns whether it counts. `config` is the client's folder, whose own settings are the person's: a home may be a
    /// repository.
    pub fn counts(&self, config: Option<&Path>) -> bool {
        if self.beyond_consent().is_some() {
            return false;
        }
        let real = |path: &Path| fs::canonicalize(path).ok();
        let own =
            config.and_then(real).is_some_and(|config| self.path.parent().and_then(real) == Some(config));
        own || Accepted::read(config).is_ok_and(|accepted| accepted.holds(&self.wish))
    }

    /// A variable in it that cannot be accepted.
    pub fn beyond_consent(&self) -> Option<&str> {
        self.names.iter().find(|name| OF_ACCEPTANCE.contains(&name.as_str())).map(String::as_str)
    }

    /// In one line, what it is and that it does not count.
    pub fn fact(&self) -> String {
        format!("`env` in `{}` is not accepted by you: {}", self.path.display(), listed(&self.names))
    }

    /// What to do about it.
    pub fn remedy(&self) -> String {
        match self.beyond_consent() {
            Some(name) => format!("take `{name}` out of it: what you accept is found by that variable"),
            None => "look at it with `ctx accept --list`, then run `ctx accept`".to_owned(),
        }
    }
}

/// At most five names, without characters that could drive a terminal.
fn listed(names: &[String]) -> String {
    let mut shown: Vec<String> =
        names.iter().take(5).map(|name| format!("`{}`", name.escape_debug())).collect();
    if names.len() > shown.len() {
        shown.push(format!("{} more", names.len() - shown.len()));
    }
    shown.join(", ")
}

/// Returns whether the repository brings this file below `folder`: git tracks it, a link on the way to it, or what that
/// leads to.
pub fn is_brought(folder: &Path, file: &str) -> bool {
    let parts = |path: &Path| path.components().map(|part| part.as_os_str().to_owned()).collect::<Vec<_>>();
    let mut at = fs::canonicalize(folder).unwrap_or_else(|_| folder.to_owned());
    let mut left: VecDeque<OsString> = parts(Path::new(file)).into();
    let mut links = 0;
    while let Some(part) = left.pop_front() {
        if part == ".." {
            at.pop();
            continue;
        }
        let next = at.join(part);
        let Ok(target) = fs::read_link(&next) else {
            at = next;
            continue;
        };
        links += 1;
        // Where a loop leads, nothing can be read.
        if links > MOST_LINKS || is_tracked(&next) {
            return true;
        }
        parts(&target).into_iter().rev().for_each(|part| left.push_front(part));
    }
    is_tracked(&at)
}

/// Returns whether git tracks this file, whose folder is a real path.
fn is_tracked(path: &Path) -> bool {
    path.parent().and_then(Place::of).is_some_and(|place| {
        path.strip_prefix(&place.top).is_ok_and(|inner| place.tracks(&inner.to_string_lossy()))
    })
}

/// A settings file's content; `None` if it is not there. What never ends, or waits for a writer, is not read.
pub fn read_settings(path: &Path) -> io::Result<Option<Vec<u8>>> {
    let missing =
        |error: &io::Error| matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory);
    let read = || {
        let meta = fs::metadata(path)?;
        match meta.is_file() && meta.len() <= LARGEST {
            true => fs::read(path),
            false => Err(io::Error::other("it is no regular file of a sensible size")),
        }
    };
    match read() {
        Err(error) if missing(&error) => Ok(None),
        read => read.map(Some),
    }
}

/// What the settings files in these folders bring and the person has not accepted, each text once. A file that cannot
/// be read is named elsewhere. `config` is the client's folder.
pub fn unaccepted_env(folders: &[PathBuf], config: Option<&Path>) -> Vec<BroughtEnv> {
    let mut found: Vec<BroughtEnv> = Vec::new();
    for (folder, file) in
        folders.iter().flat_map(|folder| [(folder, SHARED_SETTINGS), (folder, LOCAL_SETTINGS)])
    {
        let bytes = read_settings(&folder.join(file)).ok().flatten();
        let settings = bytes.and_then(|bytes| serde_json::from_slice(&bytes).ok());
        let brought = settings.and_then(|settings: Value| BroughtEnv::of(folder, file, &settings));
        let new = |one: &BroughtEnv| !found.iter().any(|known| known.wish == one.wish);
        found.extend(brought.filter(|one| new(one) && !one.counts(config)));
    }
    found
}
