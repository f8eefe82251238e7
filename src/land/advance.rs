//! Moves the base branch, once, to a commit that is complete.

use std::fmt::Write;
use std::path::{Path, PathBuf};

use crate::error::{Error, Result, printable, shell_word};
use crate::git::{self, Blocked, Branch, InTheWay, Oid, RefUpdate, Refusal, RefusedBy, Registration};
use crate::state::{Lock, Project};
use crate::worktree::{self, Forward, Halt};

/// Where a branch is checked out; an error if a rebase will move it when it ends, or if not every place where it is
/// checked out could go along.
fn checkout(project: &Project, branch: &Branch) -> Result<Option<PathBuf>> {
    let list = git::list_worktrees(project.git_dir())?;
    if let Some(path) = git::rebased_in(project.git_dir(), branch) {
        let path = path.unwrap_or_else(|| project.home.clone());
        let place = path.display();
        return Err(Error::refused(format!(
            "a rebase of `{branch}` is under way in `{place}`; nothing was changed"
        ))
        .hint(format!(
            "finish it there (`git -C {} status` says how), then run `ctx merge` again",
            shell_word(&path)
        )));
    }
    let has = |(_, entry): &(usize, Registration)| entry.branch.as_ref() == Some(branch) && !entry.bare;
    let mut places = Vec::new();
    for (n, entry) in list.into_iter().enumerate().filter(has) {
        if entry.path.join(".git").exists() {
            places.push(entry.path);
        } else if n == 0 {
            // Git names the git directory where the main checkout lies elsewhere (`--separate-git-dir`).
            places.push(project.home.clone());
        } else {
            return Err(gone(branch, &entry));
        }
    }
    match &places[..] {
        [] => Ok(None),
        [_] => Ok(places.pop()),
        [first, second, ..] => Err(Error::refused(format!(
            "`{branch}` is checked out in `{}` and in `{}`, and only one of them could go along; nothing was changed",
            first.display(),
            second.display()
        ))
        .hint(format!(
            "leave it in one of them (`git -C {} switch --detach`), then run `ctx merge` again",
            shell_word(second)
        ))),
    }
}

/// The files and the index of a worktree whose folder is away could not go along: they would hold the reverse of
/// the merge once it is back.
fn gone(branch: &Branch, entry: &Registration) -> Error {
    let error = Error::refused(format!(
        "`{branch}` is checked out in the worktree `{}`, whose folder is gone; nothing was changed",
        entry.path.display()
    ));
    let place = shell_word(&entry.path);
    let again = "then run `ctx merge` again";
    match entry.locked {
        Some(_) => error.hint(format!(
            "bring the folder back, or give it up with `git worktree unlock {place}` and `git \
                                       worktree remove {place}`, {again}"
        )),
        None => error
            .hint(format!("give it up with `git worktree remove {place}`, {again}"))
            .hint("if it was moved, `git worktree repair NEW-PLACE` tells git where it is"),
    }
}

fn note(project: &Project) -> PathBuf {
    project.ctx_dir().join("landing.json")
}

/// Returns whether a move was killed halfway, or is under way.
pub fn is_interrupted(project: &Project) -> bool {
    note(project).exists()
}

/// Takes back a move that was killed halfway, if there is one. The caller holds the lock that the killed
/// git held, too: nobody works on it any more.
pub fn recover(project: &Project) -> Result<()> {
    worktree::recover(project, &note(project))
}

/// Moves the branch from `old` to `new`, a descendant, or not at all.
///
/// Where a worktree has it checked out, by a fast-forward there: files and index go along. `update-ref`
/// would leave the index holding the reverse of the merge, which the next commit would record. Git holds
/// `lock` too while it works; `recover` takes back what a kill leaves.
pub fn advance(project: &Project, branch: &Branch, old: &Oid, new: &Oid, lock: &Lock) -> Result<()> {
    let Some(worktree) = checkout(project, branch)? else {
        let name = branch.full();
        let update = RefUpdate { name: &name, new: Some(new), old, reason: "ctx merge" };
        return match git::move_ref(project.git_dir(), branch, &update)? {
            None => Ok(()),
            Some(blocked) => Err(blocked_error(branch, None, &blocked)),
        };
    };
    let forward = Forward {
        branch: branch.clone(),
        worktree: worktree.clone(),
        old: old.clone(),
        new: new.clone(),
        theirs: None,
        folders: Vec::new(),
        rehearsing: false,
    };
    match forward.go(project, &note(project), lock)? {
        Ok(()) => Ok(()),
        Err(Halt::InTheWay(files)) => Err(in_the_way(branch, &worktree, new, &files)?),
        Err(Halt::UnderWay(what)) => Err(Error::refused(format!(
            "{what} is under way in `{}`, where `{branch}` is checked out; nothing was changed",
            worktree.display()
        ))
        .hint("finish it there (`git status` says how), then run `ctx merge` again")),
        Err(Halt::Blocked(blocked)) => Err(blocked_error(branch, Some(&worktree), &blocked)),
    }
}

/// As many paths are named each on a line of its own.
const NAMED: usize = 20;

fn in_the_way(branch: &Branch, worktree: &Path, new: &Oid, files: &InTheWay) -> Result<Error> {
    let InTheWay { edited, untracked } = files;
    let mut fact = format!(
        "`{branch}` cannot move in `{}`: the merge would overwrite these files there; nothing was changed",
        worktree.display()
    );
    let edited_rows = edited.iter().map(|path| (path, "uncommitted changes"));
    let rows = edited_rows.chain(untracked.iter().map(|path| (path, "not tracked by git")));
    for (path, what) in rows.take(NAMED) {
        let _ = write!(fact, "\n  `{}`: {what}", printable(&path.to_string_lossy()));
    }
    let all = edited.len() + untracked.len();
    if all > NAMED {
        let _ = write!(fact, "\n  and {} more", all - NAMED);
    }
    let mut error = Error::refused(fact);
    let dir = shell_word(worktree);
    if let Some(path) = edited.first() {
        error = error.hint(format!(
            "commit them there (`git -C {dir} commit -- {}`), then run `ctx merge` again; a task that \
             conflicts with them is left out and named",
            shell_word(path)
        ));
    }
    if let Some(path) = untracked.first() {
        // A folder may have to go as a whole: what is in it moves beside it.
        let top = git::file_at_or_above(worktree, new, path)?.unwrap_or_else(|| path.clone());
        let name = Path::new(path.file_name().unwrap_or_default()).with_added_extension("mine");
        let aside = worktree.join(top).with_file_name(name);
        error = error.hint(format!(
            "move them to another name (`mv -n {} {}`), then run `ctx merge` again",
            shell_word(&worktree.join(path)),
            shell_word(&aside)
        ));
    }
    Ok(error)
}

fn blocked_error(branch: &Branch, worktree: Option<&Path>, blocked: &Blocked) -> Error {
    let place = worktree.map(|path| format!(" in `{}`", path.display())).unwrap_or_default();
    match blocked {
        Blocked::Elsewhere => {
            Error::refused(format!("`{branch}` moved while the merge was prepared; nothing was changed"))
                .hint("run `ctx merge` again")
        }
        Blocked::Lock(lock) => Error::refused(format!(
            "`{branch}` cannot move{place}: git's lock `{}` is there; nothing was changed",
            lock.display()
        ))
        .hint(
            "wait for the git command that holds it; if none runs, remove the lock with `ctx doctor --fix`; \
             then run `ctx merge` again",
        ),
        Blocked::Refused(Refusal { by: RefusedBy::Hook(hook), said }) => Error::refused(format!(
            "the repository's hook `{hook}` refused to move `{branch}`{place}; nothing was changed:\n{said}"
        ))
        .hint("do what the hook asks for, then run `ctx merge` again"),
        Blocked::Refused(Refusal { said, .. }) => {
            Error::refused(format!("git cannot move `{branch}`{place}; nothing was changed:\n{said}"))
                .hint("set right what git names, then run `ctx merge` again")
        }
    }
}
