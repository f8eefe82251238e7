//! The only code that knows git's command line and formats.
//!
//! In: a directory and what is wanted. Out: typed answers read from git's plumbing, never from its
//! sentences. Values from files reach git as full ref names, object ids, or after `--end-of-options`.

mod commit;
mod conflicted;
mod fingerprint;
mod forward;
mod health;
mod in_the_way;
mod index;
mod index_file;
mod integrated;
mod merge;
mod objects;
mod refs;
mod refusal;
mod repository;
mod status;
mod submodules;
mod untracked;
mod version;
mod worktrees;

use std::ffi::OsStr;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

pub use commit::{NewCommit, add_all, commit, has_staged, push};
pub use conflicted::{Conflicted, check_out_conflicts, merge_head, merge_in, merge_state, unresolved};
pub use fingerprint::{Fingerprint, Place};
pub use forward::{Blocked, held_lock, locks, merge_ff_only, move_ref, rebased_in, why, why_blocked};
pub use health::{Filter, has_checkout, ignores_case, missing_objects, needed_filters, promisor};
pub use in_the_way::{InTheWay, in_the_way};
pub use index::{
    FileVersion, PathChange, checked_out, checkout_index, differing, file_at_or_above, path_changes,
    reset_index, set_index, skip, skipped, staged,
};
pub use integrated::{Integrated, integrated};
pub use merge::{
    MergeTree, abort_rebase, commit_tree, conflicts, is_edited_since_stop, merge_tree,
    merge_with_own_changes, rebase, touched_paths,
};
pub use objects::{
    Entry, Files, Mode, file_names, list_tree, read_blobs, read_file, refs_under, rename_ref, store_bytes,
    store_commit, store_tree, tree_id, unheld,
};
pub use refs::{
    Branch, Oid, RefUpdate, ahead_behind, branch_locks, branches, changed_paths, delete_remote_branch,
    has_head, is_ancestor, merge_base, remote_of, remote_tip, resolve, update_ref, worktree_locks,
};
pub use refusal::{Refusal, RefusedBy};
pub use repository::Repository;
pub use status::{Change, Status, stale_submodules, status, summary};
pub use submodules::{has_commit, is_pushed, main_module, submodule_head};
pub use untracked::{untracked, untracked_listed_in, untracked_matching};
pub use version::{MINIMUM, Version, version};
pub use worktrees::{
    NewWorktree, Registration, add_worktree, hook_path, is_named, list_worktrees, point_head, post_checkout,
    repair_worktree, reset_hard, switch, unlock_worktree, unregister_worktree,
};

use crate::error::Error;
use crate::exec::{Exec, Output};

/// Variables by which a caller (a git hook, say) would point our git at another repository, or give other meaning to
/// its arguments. The list is that of `git rev-parse --local-env-vars`, less the ones that carry the caller's `-c`
/// settings, with what git takes from its command line otherwise: namespace and pathspecs.
const REDIRECTING: [&str; 18] = [
    "GIT_ALTERNATE_OBJECT_DIRECTORIES",
    "GIT_COMMON_DIR",
    "GIT_CONFIG",
    "GIT_DIR",
    "GIT_GLOB_PATHSPECS",
    "GIT_GRAFT_FILE",
    "GIT_ICASE_PATHSPECS",
    "GIT_IMPLICIT_WORK_TREE",
    "GIT_INDEX_FILE",
    "GIT_LITERAL_PATHSPECS",
    "GIT_NAMESPACE",
    "GIT_NOGLOB_PATHSPECS",
    "GIT_NO_REPLACE_OBJECTS",
    "GIT_OBJECT_DIRECTORY",
    "GIT_PREFIX",
    "GIT_REPLACE_REF_BASE",
    "GIT_SHALLOW_FILE",
    "GIT_WORK_TREE",
];

/// Why git gave no answer.
#[derive(Debug, thiserror::Error)]
pub enum GitError {
    /// There is no `git` on `PATH`, or it cannot be started.
    #[error("cannot start `git`: {0}")]
    NotStarted(#[from] std::io::Error),
    /// It ended with something other than what the call allows.
    #[error("`git {command}` failed: {stderr}")]
    Failed {
        /// Subcommand and arguments, for a person.
        command: String,
        /// The exit code; none after a signal.
        code: Option<i32>,
        /// What it printed to standard error, trimmed.
        stderr: String,
    },
    /// The commit could not be signed; what the signing program said.
    #[error("the commit cannot be signed: {0}")]
    NotSigned(String),
    /// It answered in a form that is not known here.
    #[error("`git {0}` answered in an unknown form")]
    Unreadable(&'static str),
}

impl From<GitError> for Error {
    fn from(error: GitError) -> Self {
        if let GitError::NotSigned(_) = error {
            return Self::refused(error.to_string()).hint(SIGNING);
        }
        let hint = match error {
            GitError::NotStarted(_) => Some("install git 2.38 or later and make it available on `PATH`"),
            _ => None,
        };
        let error = Self::environment(error.to_string());
        match hint {
            Some(hint) => error.hint(hint),
            None => error,
        }
    }
}

/// What to do where a commit cannot be signed.
pub const SIGNING: &str = "unlock the key (`ssh-add`, or `gpg --clearsign` once) or set `user.signingKey` right, then run \
    the same command again; `git config commit.gpgSign false` turns signing off in this repository";

/// The result of one call of git.
pub type Result<T> = std::result::Result<T, GitError>;

/// `git -C DIR …`.
#[derive(Clone, Debug)]
pub struct Git {
    exec: Exec,
    args: Vec<String>,
}

/// A process whose git works where it stands, whatever this one was told.
#[must_use]
pub fn unredirected(exec: Exec) -> Exec {
    REDIRECTING.iter().fold(exec, |exec, name| exec.env_remove(name))
}

impl Git {
    /// A call that is not made yet, in `dir`.
    pub fn at(dir: &Path) -> Self {
        let exec = unredirected(Exec::new("git").cwd(dir)).env("LC_ALL", "C").env("GIT_TERMINAL_PROMPT", "0");
        Self { exec, args: Vec::new() }
    }

    /// Adds one argument.
    #[must_use]
    pub fn arg(mut self, arg: impl AsRef<OsStr>) -> Self {
        self.args.push(arg.as_ref().to_string_lossy().into_owned());
        self.exec = self.exec.arg(arg);
        self
    }

    /// Adds arguments.
    #[must_use]
    pub fn args<A: AsRef<OsStr>>(self, args: impl IntoIterator<Item = A>) -> Self {
        args.into_iter().fold(self, Self::arg)
    }

    /// Sets a variable for the call.
    #[must_use]
    pub fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.exec = self.exec.env(name, value);
        self
    }

    /// Without a variable of the caller's environment.
    fn env_remove(mut self, name: &str) -> Self {
        self.exec = self.exec.env_remove(name);
        self
    }

    /// What git reads from standard input.
    #[must_use]
    pub fn stdin(mut self, bytes: impl Into<Vec<u8>>) -> Self {
        self.exec = self.exec.stdin(bytes);
        self
    }

    /// Keeps this lock held until the call has ended, even if this process is killed before.
    #[must_use]
    pub fn holding(mut self, lock: &Arc<File>) -> Self {
        self.exec = self.exec.holding(Arc::clone(lock));
        self
    }

    /// Runs it; every exit code is an answer.
    pub fn output(&self) -> Result<Output> {
        Ok(self.exec.output()?)
    }

    /// Runs it and gives its standard output; another exit code than 0 is an error.
    pub fn run(&self) -> Result<Vec<u8>> {
        let output = self.output()?;
        if output.success() { Ok(output.stdout) } else { Err(self.failed(&output)) }
    }

    /// Runs it and gives its output as one trimmed line.
    pub fn line(&self) -> Result<String> {
        Ok(String::from_utf8_lossy(&self.run()?).trim_end_matches('\n').to_owned())
    }

    /// Runs a question: exit code 0 is yes, 1 is no.
    pub fn ask(&self) -> Result<bool> {
        let output = self.output()?;
        match output.code {
            Some(0) => Ok(true),
            Some(1) => Ok(false),
            _ => Err(self.failed(&output)),
        }
    }

    fn failed(&self, output: &Output) -> GitError {
        GitError::Failed {
            command: self.args.join(" "),
            code: output.code,
            stderr: String::from_utf8_lossy(&output.stderr).trim().to_owned(),
        }
    }
}

/// A path from git's bytes.
#[cfg(unix)]
pub(crate) fn path_from(bytes: &[u8]) -> PathBuf {
    use std::os::unix::ffi::OsStrExt;
    PathBuf::from(OsStr::from_bytes(bytes))
}

/// A path from git's bytes.
#[cfg(not(unix))]
pub(crate) fn path_from(bytes: &[u8]) -> PathBuf {
    PathBuf::from(String::from_utf8_lossy(bytes).into_owned())
}

/// The records of `-z` output: what stands before each NUL.
pub(crate) fn records(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    bytes.split_inclusive(|&byte| byte == 0).map(|record| record.strip_suffix(b"\0").unwrap_or(record))
}
