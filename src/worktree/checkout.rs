//! Writes the files of a commit into a new worktree; where git cannot, says what is missing and where to get it.

use std::path::Path;

use crate::error::{Error, Result, printable};
use crate::git::{self, GitError, Oid};
use crate::state::{Lock, Project};
use crate::world;

/// How many lines of git's own words are shown.
const MAX_LINES: usize = 4;

/// Writes every file, as `git worktree add` does after registering, but runs no hook.
pub(super) fn check_out(project: &Project, worktree: &Path, tip: &Oid, lock: &Lock) -> Result<()> {
    match git::reset_hard(worktree, tip, lock.file()) {
        Err(GitError::Failed { stderr, .. }) => Err(cause(project, worktree, tip, &stderr)?),
        other => Ok(other?),
    }
}

/// Why git could not write the files: asked of the configuration and the objects, not read from its sentences.
fn cause(project: &Project, worktree: &Path, tip: &Oid, said: &str) -> Result<Error> {
    let dir = project.git_dir();
    for filter in git::needed_filters(worktree)? {
        let Some(program) = filter.program().filter(|program| !world::is_on_path(program)) else { continue };
        let name = &filter.name;
        let error = Error::refused(format!(
            "files of this repository go through the filter `{name}`, and there is no `{program}` on `PATH`"
        ))
        .hint(format!("install `{program}`"));
        return Ok(match filter.can_be_optional() {
            true => error.hint(format!(
                "or take the files as they are stored: `git config filter.{name}.required false`"
            )),
            false => error,
        });
    }
    let (missing, promisor) = (git::missing_objects(dir, tip)?, git::promisor(dir)?);
    if missing > 0 {
        let objects = if missing == 1 { "object of" } else { "objects of" };
        let fact = format!("{missing} {objects} {} cannot be read from this repository", tip.short());
        return Ok(match promisor {
            Some(remote) => Error::refused(format!(
                "{fact}: it is a partial clone, and `{remote}` did not give them{}",
                indented(said)
            ))
            .hint(format!("see that `git fetch {remote}` works")),
            None => Error::refused(format!("{fact}{}", indented(said))).hint(
                "see what is broken with `git fsck`; `git fetch --refetch` brings objects that a remote has",
            ),
        });
    }
    Ok(Error::refused(format!("git cannot check out the files{}", indented(said)))
        .hint(format!("see what it says in the worktree: `git -C {} status`", worktree.display())))
}

fn indented(said: &str) -> String {
    let lines = said.lines().filter(|line| !line.trim().is_empty());
    lines.take(MAX_LINES).map(|line| format!("\n  {}", printable(line))).collect()
}
