//! Which git this is, and which is needed.

use super::{Git, GitError, Result};

/// `git --version`, its first two numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Version(pub u32, pub u32);

/// The first version with `git merge-tree --write-tree`.
pub const MINIMUM: Version = Version(2, 38);

impl std::fmt::Display for Version {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{}", self.0, self.1)
    }
}

impl Version {
    /// Reads `git version 2.47.3 (Apple Git-…)`.
    pub fn parse(text: &str) -> Option<Self> {
        let mut numbers = text.trim().strip_prefix("git version ")?.split('.').map_while(|part| {
            let digits: String = part.chars().take_while(char::is_ascii_digit).collect();
            digits.parse().ok()
        });
        Some(Self(numbers.next()?, numbers.next()?))
    }
}

/// Asks the git on `PATH`.
pub fn version() -> Result<Version> {
    let text = Git::at(std::path::Path::new(".")).arg("--version").line()?;
    Version::parse(&text).ok_or(GitError::Unreadable("--version"))
}
