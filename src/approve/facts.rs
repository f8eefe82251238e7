//! What a decision needs to know about the world, asked through a trait, so that tests can answer.

use std::path::{Path, PathBuf};

/// What stands at a path; a symbolic link is not followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Nothing.
    Missing,
    /// A regular file with this many names.
    File {
        /// Hard links to it, this name included.
        names: u64,
    },
    /// A folder.
    Folder,
    /// A symbolic link.
    Link,
    /// A device, pipe, socket, or something that cannot be looked at.
    Other,
}

/// Answers about the file system, the repository and the environment. No answer is a doubt.
pub trait Facts: Sync {
    /// The path with every symbolic link followed, the last one too. What does not exist yet stays as it
    /// is written, behind its real parent. None for a loop, for `..` behind what does not exist, and
    /// where the answer is refused.
    fn real(&self, path: &Path) -> Option<PathBuf>;
    /// What stands at the path itself.
    fn kind(&self, path: &Path) -> Kind;
    /// The names in a folder.
    fn names(&self, folder: &Path) -> Option<Vec<String>>;
    /// The names in a folder, each with whether it is a folder itself, which a link to one is not.
    fn entries(&self, folder: &Path) -> Option<Vec<(String, bool)>> {
        let is_folder = |name: &String| self.kind(&folder.join(name)) == Kind::Folder;
        Some(
            self.names(folder)?
                .into_iter()
                .map(|name| {
                    let folder = is_folder(&name);
                    (name, folder)
                })
                .collect(),
        )
    }
    /// Does git ignore everything at this path, and track nothing of it?
    fn ignored(&self, path: &Path) -> bool;
    /// The files below this folder that git neither tracks nor ignores.
    fn untracked(&self, folder: &Path) -> Option<Vec<PathBuf>>;
    /// The branch that is checked out in this worktree, or is being rebased there.
    fn branch(&self, worktree: &Path) -> Option<String>;
    /// Are the programs, URLs and hooks that git would use there what they were when the worktree was set
    /// up? Else what changed.
    fn git_unchanged(&self, worktree: &Path) -> Result<(), String>;
    /// The person's home folder; none if it is not known.
    fn home(&self) -> Option<PathBuf> {
        None
    }
    /// Is there such an environment variable?
    fn has_variable(&self, name: &str) -> bool;
}
