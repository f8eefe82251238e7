//! The only reads of the environment, the clock and the current directory.
#![allow(clippy::disallowed_methods)]

use std::path::PathBuf;
use std::time::Instant;

use jiff::Timestamp;

use crate::error::{Error, Result};

/// An environment variable that is set, not empty, and valid UTF-8.
pub fn env(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// The directory the command was started in.
pub fn cwd() -> Result<PathBuf> {
    std::env::current_dir().map_err(|error| {
        Error::environment(format!("cannot tell the current directory: {error}"))
            .hint("change to a directory that exists")
    })
}

/// The path of this executable.
pub fn executable() -> Result<PathBuf> {
    std::env::current_exe()
        .map_err(|error| Error::environment(format!("cannot tell where this executable lies: {error}")))
}

/// The folder for temporary files.
pub fn temp_dir() -> PathBuf {
    std::env::temp_dir()
}

/// The person's home folder.
pub fn home() -> Option<PathBuf> {
    std::env::home_dir().filter(|path| path.is_absolute())
}

/// The wall clock.
pub fn now() -> Timestamp {
    Timestamp::now()
}

/// A clock for measuring how long something takes.
pub fn instant() -> Instant {
    Instant::now()
}

/// The `claude` session this process runs in; the client sets it for its Bash tool and its hooks.
pub fn session_id() -> Option<String> {
    env("CLAUDE_CODE_SESSION_ID")
}

/// Where the client keeps its files: `$CLAUDE_CONFIG_DIR`, else `~/.claude`.
pub fn client_config_dir() -> Option<PathBuf> {
    env("CLAUDE_CONFIG_DIR").map(PathBuf::from).or_else(|| Some(home()?.join(".claude")))
}
