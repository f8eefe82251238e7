//! What a command says when the answer is no: one fact, the ways out, an exit code.
//!
//! Decisions inside the library are made on typed errors (`git::GitError`, `plan::Diagnostic`, …);
//! this is the form in which they reach a person or an agent.

use std::fmt;
use std::path::Path;

/// Exit codes of every `ctx` command; 0 is success.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Exit {
    /// Refused or invalid: the answer is no.
    Refused = 1,
    /// Wrong usage, or the environment lacks something.
    Environment = 2,
    /// Something conflicts, and is named.
    Conflict = 3,
}

/// A lower-case fact with names in backticks, then hints: each the next thing to run or do.
#[derive(Debug, thiserror::Error)]
pub struct Error {
    /// The code the process ends with.
    pub exit: Exit,
    /// What is the case. May have several lines.
    pub fact: String,
    /// What to do about it; each can be pasted or followed as it stands.
    pub hints: Vec<String>,
}

/// The result of everything that can end a command.
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    /// The answer is no (exit code 1).
    pub fn refused(fact: impl Into<String>) -> Self {
        Self::new(Exit::Refused, fact)
    }

    /// Wrong usage or environment (exit code 2).
    pub fn environment(fact: impl Into<String>) -> Self {
        Self::new(Exit::Environment, fact)
    }

    /// A conflict (exit code 3).
    pub fn conflict(fact: impl Into<String>) -> Self {
        Self::new(Exit::Conflict, fact)
    }

    /// An operation on a file failed: `verb` is what was tried (`read`, `write`, …).
    pub fn io(verb: &str, path: &Path, source: &std::io::Error) -> Self {
        let error = Self::environment(format!("cannot {verb} `{}`: {source}", path.display()));
        match source.kind() {
            std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded => {
                error.hint("free some space and run the same command again; nothing was half written")
            }
            _ => error,
        }
    }

    fn new(exit: Exit, fact: impl Into<String>) -> Self {
        Self { exit, fact: fact.into(), hints: Vec::new() }
    }

    /// Adds a way out.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }
}

/// Text of somebody else on one line, its control characters written out: a name must not drive a terminal.
pub fn printable(text: &str) -> String {
    text.chars()
        .map(|c| if crate::text::is_hidden(c) { c.escape_default().to_string() } else { c.to_string() })
        .collect()
}

/// `1 task`, `2 tasks`.
pub fn count(n: usize, one: &str) -> String {
    format!("{n} {one}{}", if n == 1 { "" } else { "s" })
}

/// A path as one word of a shell command that can be pasted.
pub fn shell_word(path: &Path) -> String {
    let text = path.to_string_lossy();
    let plain = |c: char| c.is_alphanumeric() || "/._-+@%:,=".contains(c);
    if !text.is_empty() && !text.starts_with('-') && text.chars().all(plain) {
        return text.into_owned();
    }
    crate::text::shell_quoted(&printable(&text))
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.fact)?;
        for hint in &self.hints {
            write!(f, "\nhint: {hint}")?;
        }
        Ok(())
    }
}
