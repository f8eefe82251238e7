//! A task's id: it becomes a file name, a branch name and a command-line argument.

use std::fmt;

/// `[A-Za-z0-9][A-Za-z0-9_-]{0,63}`: harmless as a path component, in a ref name and on a command line.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize)]
#[serde(transparent)]
pub struct TaskId(String);

/// Why a text is no task id.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IdError {
    /// Nothing there.
    #[error("it is empty")]
    Empty,
    /// More than 64 characters.
    #[error("it has {0} characters, 64 are allowed")]
    TooLong(usize),
    /// The first character is not a letter or digit.
    #[error("it starts with {0:?}, not with a letter or digit")]
    Start(char),
    /// A character that is not a letter, digit, `_` or `-`.
    #[error("it contains {0:?}; letters, digits, `_` and `-` are allowed")]
    Character(char),
}

impl TaskId {
    /// The longest id, in characters.
    pub const MAX: usize = 64;

    /// Takes a text that is an id.
    pub fn parse(text: &str) -> Result<Self, IdError> {
        let first = text.chars().next().ok_or(IdError::Empty)?;
        if !first.is_ascii_alphanumeric() {
            return Err(IdError::Start(first));
        }
        if let Some(bad) = text.chars().find(|&c| !c.is_ascii_alphanumeric() && c != '_' && c != '-') {
            return Err(IdError::Character(bad));
        }
        match text.chars().count() {
            n if n > Self::MAX => Err(IdError::TooLong(n)),
            _ => Ok(Self(text.to_owned())),
        }
    }

    /// The id as it is written.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What two ids of one plan must not share: some file systems do not tell cases apart.
    pub fn folded(&self) -> String {
        self.0.to_ascii_lowercase()
    }
}

impl fmt::Display for TaskId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::str::FromStr for TaskId {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        Self::parse(text)
    }
}
