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
        let call = rev_parse(
            dir,
            &["--is-inside-git-dir", "--is-inside-work-tree", "--git-common-dir", "--absolute-git-dir"],
        );
        let output = call.output()?;
        if !output.success() {
            let missing = output.stderr.windows(20).any(|window| window == b"not a git repository");
            return if missing { Ok(None) } else { Err(call.failed(&output)) };
        }
        let text = output.stdout.strip_suffix(b"\n").unwrap_or(&output.stdout);
        let lines: Vec<&[u8]> = text.split(|&byte| byte == b'\n').collect();
        let [inside_git_dir, inside_work_tree, ref paths @ ..] = lines[..] else {
            return Err(GitError::Unreadable("rev-parse"));
        };
        let (common_dir, git_dir) = match paths {
            [common_dir, git_dir] => (path_from(common_dir), path_from(git_dir)),
            // A folder's name holds a newline: each path by itself.
            _ => (path(dir, "--git-common-dir")?, path(dir, "--absolute-git-dir")?),
        };
        let toplevel = if inside_work_tree == b"true" { Some(path(dir, "--show-toplevel")?) } else { None };
        Ok(Some(Self { common_dir, git_dir, toplevel, inside_git_dir: inside_git_dir == b"true" }))
    }
}

fn rev_parse(dir: &Path, questions: &[&str]) -> Git {
    Git::at(dir).args(["rev-parse", "--path-format=absolute"]).args(questions)
}

fn path(dir: &Path, question: &str) -> Result<PathBuf> {
    let bytes = rev_parse(dir, &[question]).run()?;
    Ok(path_from(bytes.strip_suffix(b"\n").unwrap_or(&bytes)))
}
