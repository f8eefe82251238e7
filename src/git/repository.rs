//! Which repository a directory belongs to, as `git rev-parse` tells it.

use std::path::{Path, PathBuf};

use super::{Git, GitError, Result, path_from};

/// What git says about the directory a command was started in. All paths are absolute.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Repository {
    /// What all worktrees share.
    pub common_dir: PathBuf,
    /// This worktree's own; the common one in the main worktree.
    pub git_dir: PathBuf,
    /// The worktree that holds the directory; none in a bare repository or inside a git directory.
    pub toplevel: Option<PathBuf>,
    /// The directory lies inside a git directory.
    pub inside_git_dir: bool,
}

impl Repository {
    /// Asks git; none where there is no repository.
    pub fn discover(dir: &Path) -> Result<Option<Self>> {
        let call = Git::at(dir).args([
            "rev-parse",
            "--path-format=absolute",
            "--git-common-dir",
            "--absolute-git-dir",
            "--is-inside-git-dir",
            "--is-inside-work-tree",
        ]);
        let output = call.output()?;
        if !output.success() {
            let missing = output.stderr.windows(20).any(|window| window == b"not a git repository");
            return if missing { Ok(None) } else { Err(call.failed(&output)) };
        }
        // A folder's name may hold newlines; the two answers that follow it may not.
        let text = output.stdout.strip_suffix(b"\n").unwrap_or(&output.stdout);
        let lines: Vec<&[u8]> = text.split(|&byte| byte == b'\n').collect();
        let [common_dir, git_dir, inside_git_dir, inside_work_tree] = lines[..] else {
            return Err(GitError::Unreadable("rev-parse"));
        };
        let toplevel = if inside_work_tree == b"true" {
            let bytes =
                Git::at(dir).args(["rev-parse", "--path-format=absolute", "--show-toplevel"]).run()?;
            Some(path_from(bytes.strip_suffix(b"\n").unwrap_or(&bytes)))
        } else {
            None
        };
        Ok(Some(Self {
            common_dir: path_from(common_dir),
            git_dir: path_from(git_dir),
            toplevel,
            inside_git_dir: inside_git_dir == b"true",
        }))
    }
}
