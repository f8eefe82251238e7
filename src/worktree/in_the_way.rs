//! What keeps a task from its worktree: a branch, a folder or a registration that is not its own; each with the
//! ways out.

use std::path::Path;

use super::around::Around;
use super::moved::{moved_to, require_not_moved};
use super::setup::Setup;
use super::{Record, UnderWay};
use crate::error::{Error, Result};
use crate::git::{self, Branch, Git, Oid, Registration};
use crate::plan::TaskId;

impl Setup<'_> {
    /// Can git make this branch beside those there are? It refuses with sentences about lock files.
    pub(super) fn require_makeable(&self, branch: &Branch, task: &TaskId, around: &Around) -> Result<()> {
        let dir = self.project.git_dir();
        let again = format!("then run `ctx worktree setup {task}`");
        // Most names need no question.
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '/' | '-' | '_');
        let plain = branch.as_str().chars().all(plain)
            && branch.as_str().split('/').all(|part| !part.is_empty() && !part.starts_with('-'));
        let valid =
            plain || Git::at(dir).args(["check-ref-format", "--branch", branch.as_str()]).output()?.success();
        if !valid {
            return Err(Error::refused(format!("git does not take `{branch}` for a branch's name"))
                .hint("give another `worktrees.branch` in the settings"));
        }
        let below = |a: &str, b: &str| a.strip_prefix(b).is_some_and(|rest| rest.starts_with('/'));
        let folder = |a: &str, b: &str| below(a, b) || below(b, a);
        let named = |test: &dyn Fn(&str) -> bool| around.tips.keys().find(|other| test(other.as_str()));
        let name = branch.as_str();
        if let Some(other) = named(&|other| folder(other, name)) {
            return Err(Error::refused(format!(
                "branch `{branch}` cannot be beside branch `{other}`: one is the other's folder"
            ))
            .hint(format!("rename that one, `git branch -m {other} old-{other}`, {again}"))
            .hint("or give another `worktrees.branch` in the settings"));
        }
        let folded = name.to_lowercase();
        let other = named(&|other| {
            let other = other.to_lowercase();
            other == folded || folder(&other, &folded)
        });
        if let Some(other) = other
            && around.ignores_case()
        {
            return Err(Error::refused(format!(
                "branch `{branch}` and branch `{other}` are one file here: this file system does not tell case apart"
            ))
            .hint(format!("rename that one, `git branch -m {other} old-{other}`, {again}")));
        }
        Ok(())
    }

    /// Drops the registration of a folder that is gone, unless it was moved, or somebody keeps it.
    pub(super) fn unregister(
        &self,
        entry: &Registration,
        record: &Record,
        registrations: &[Registration],
    ) -> Result<()> {
        if let Some(reason) = &entry.locked {
            // Somebody else's lock says that the folder is only away for a while.
            if *reason != record.lock_reason() {
                let path = entry.path.display();
                let place = moved_to(self.project, self.settings, record, registrations);
                let error = Error::refused(format!("worktree `{path}` is missing and locked"));
                let back = match place {
                    Some(place) => format!("move it back with `mv {} {path}`", place.display()),
                    None => "bring it back".to_owned(),
                };
                return Err(error.hint(format!("{back}, or give it up with `git worktree unlock {path}`")));
            }
            git::unlock_worktree(self.project.git_dir(), &entry.path)?;
        }
        require_not_moved(self.project, self.settings, record, registrations)?;
        git::unregister_worktree(self.project.git_dir(), &entry.path)?;
        Ok(())
    }

    /// Returns whether the journal has this branch as the task's, whose record was lost.
    pub(super) fn is_own(&self, record: &Record, around: &Around) -> Result<bool> {
        let last = around.last_branch(self.project, &record.plan, &record.task)?;
        Ok(last.as_ref() == Some(&record.branch))
    }

    /// Is the task's branch, which is there, ours to use? A leftover of another plan is not.
    pub(super) fn require_own_branch(
        &self,
        record: &Record,
        tip: &Oid,
        known: bool,
        around: &Around,
    ) -> Result<()> {
        let branch = &record.branch;
        if let Some(entry) = around
            .registrations
            .iter()
            .find(|entry| entry.branch.as_ref() == Some(branch) && entry.path != record.path)
        {
            return Err(Error::refused(format!(
                "branch `{branch}` is checked out in `{}`",
                entry.path.display()
            ))
            .hint(format!(
                "switch that worktree to another branch, then run `ctx worktree setup {}`",
                record.task
            )));
        }
        if known {
            return Ok(());
        }
        let owner = self.records().list()?.into_iter().find(|other| other.branch == *branch);
        let whose = owner.map_or_else(
            || "was not made for this plan".to_owned(),
            |other| format!("belongs to plan `{}`", other.plan),
        );
        let merged = git::is_ancestor(self.project.git_dir(), tip, self.base)?;
        let state = if merged { "is in" } else { "has commits that are not in" };
        let error = Error::refused(format!("branch `{branch}` exists, {whose}, and {state} `{}`", self.into));
        Err(if merged {
            error.hint(format!(
                "delete it with `git branch -d {branch}`, then run `ctx worktree setup {}`",
                record.task
            ))
        } else {
            error
                .hint(format!("keep its work under another name: `git branch -m {branch} old/{branch}`"))
                .hint(format!("or give it up: `git branch -D {branch}`"))
        })
    }

    pub(super) fn foreign_worktree(&self, entry: &Registration) -> Error {
        let owner = self.records().at(&entry.path).ok().flatten();
        let whose = owner.map_or_else(
            || "was not made by `ctx`".to_owned(),
            |other| format!("belongs to `{}` of plan `{}`", other.task, other.plan),
        );
        let path = entry.path.display();
        Error::refused(format!("worktree `{path}` {whose}")).hint(format!(
            "if nobody needs it, remove it with `git worktree remove {path}`, then run this again"
        ))
    }
}

pub(super) fn cut_short(task: &TaskId, under_way: &UnderWay) -> Error {
    let (what, command) = match under_way {
        UnderWay::Removing(_) => ("removal", "ctx cleanup".to_owned()),
        UnderWay::Restoring(id) => ("undo", format!("ctx undo {id}")),
        UnderWay::Syncing(_) => ("sync", format!("ctx worktree sync {task}")),
        UnderWay::Acquiring(_) => ("acquire", format!("ctx pool acquire {task}")),
        UnderWay::Releasing(_) => ("release", format!("ctx pool release {task}")),
    };
    Error::refused(format!("the {what} of the worktree of `{task}` was not finished"))
        .hint(format!("finish it with `{command}`"))
}

/// Nothing, or an empty folder, stands where the worktree shall be.
pub(super) fn require_free(path: &Path) -> Result<()> {
    let taken = match std::fs::read_dir(path) {
        Ok(mut entries) => entries.next().is_some(),
        Err(_) => path.symlink_metadata().is_ok(),
    };
    if taken {
        return Err(Error::refused(format!("`{}` exists and is not a worktree", path.display()))
            .hint("move it away, then run the command again"));
    }
    Ok(())
}

pub(super) fn require_branch(entry: &Registration, record: &Record) -> Result<()> {
    if entry.branch.as_ref() == Some(&record.branch) {
        return Ok(());
    }
    let has = entry.branch.as_ref().map_or("no branch".to_owned(), |branch| format!("`{branch}`"));
    Err(Error::refused(format!(
        "worktree `{}` has {has} checked out, not `{}`",
        entry.path.display(),
        record.branch
    ))
    .hint(format!("run `git switch {}` there", record.branch)))
}
