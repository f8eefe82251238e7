//! The `env` of settings files that a repository brings: the client gives it to every command, before anything in the
//! command could take it away again. It counts once the person accepted its exact text; until then nothing is allowed.

use std::collections::BTreeMap;
use std::fs;
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
        if file == LOCAL_SETTINGS && !is_tracked(folder, file) {
            return None;
        }
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

/// Returns whether git tracks this file below `folder`: then the repository brings it.
pub fn is_tracked(folder: &Path, file: &str) -> bool {
    let real = fs::canonicalize(folder).unwrap_or_else(|_| folder.to_owned());
    Place::of(&real).is_some_and(|place| {
        let inner = real.strip_prefix(&place.top).unwrap_or(Path::new(""));
        place.tracks(&inner.join(file).to_string_lossy())
    })
}

/// What the settings files in these folders bring and the person has not accepted, each text once. A file that cannot
/// be read is named elsewhere. `config` is the client's folder.
pub fn unaccepted_env(folders: &[PathBuf], config: Option<&Path>) -> Vec<BroughtEnv> {
    let mut found: Vec<BroughtEnv> = Vec::new();
    for (folder, file) in
        folders.iter().flat_map(|folder| [(folder, SHARED_SETTINGS), (folder, LOCAL_SETTINGS)])
    {
        let settings = fs::read(folder.join(file)).ok().and_then(|bytes| serde_json::from_slice(&bytes).ok());
        let brought = settings.and_then(|settings: Value| BroughtEnv::of(folder, file, &settings));
        let new = |one: &BroughtEnv| !found.iter().any(|known| known.wish == one.wish);
        found.extend(brought.filter(|one| new(one) && !one.counts(config)));
    }
    found
}
