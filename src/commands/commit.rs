//! `ctx commit`: everything in a task's worktree, in one command. It concludes a merge that is under way, too.

use std::path::{Path, PathBuf};

use serde::Serialize;

use super::task::record_here;
use super::{Context, Report};
use crate::cli::Commit;
use crate::error::{Error, Result};
use crate::git::{self, Git, NewCommit, Oid, Refusal, RefusedBy};
use crate::plan::TaskId;
use crate::run;
use crate::state::Kind;
use crate::worktree::{Progress, Record, Records};

/// `ctx commit --json`.
#[derive(Serialize)]
struct Answer<'a> {
    commit: &'a str,
    branch: &'a str,
    task: &'a TaskId,
    plan: &'a str,
    /// The remote.
    pushed: Option<&'a str>,
}

pub(super) fn run(args: &Commit) -> Result<Report> {
    if let Some(message) = &args.message {
        require_type(message)?;
    }
    let context = Context::here()?;
    let record = record_here(&context)?.ok_or_else(|| {
        Error::refused("this is not a task's worktree")
            .hint("change to one (`ctx worktree path ID` prints it); elsewhere, use `git commit`")
    })?;
    require_ready(&record)?;
    let merge = git::merge_head(&record.path)?;
    match &merge {
        Some(_) => require_resolved(&record, &args.path)?,
        None if args.message.is_none() => {
            return Err(Error::environment("no message given")
                .hint("say what was done: `ctx commit -m \"type: description\"`"));
        }
        None => {}
    }
    let stale = git::stale_submodules(&record.path)?;
    let commit = commit(&context, &record, args, merge.as_ref(), &stale)?;
    let pushed = if args.push { Some(push(&context, &record)?) } else { None };
    let answer = Answer {
        commit: commit.as_str(),
        branch: record.branch.as_str(),
        task: &record.task,
        plan: &record.plan,
        pushed: pushed.as_deref(),
    };
    let mut report =
        Report::data(args.json.json, &answer, || format!("{} on `{}`", commit.short(), record.branch))?;
    if merge.is_some() {
        report = report.message(format!(
            "the merge is concluded; hand the task in again with `ctx task submit {}`",
            record.task
        ));
    }
    if args.path.is_empty() {
        report.messages.extend(stale.iter().map(|path| left_out(path)));
    }
    Ok(match &pushed {
        Some(to) => report.message(format!("pushed to `{to}`")),
        None => report,
    })
}

fn left_out(path: &Path) -> String {
    let path = path.display();
    format!(
        "note: submodule `{path}` stands at an earlier commit than the one recorded and was left out; `git submodule \
         update -- {path}` brings it up to date, `git add {path}` before the commit records the earlier one"
    )
}

fn require_type(message: &str) -> Result<()> {
    if run::is_conventional(message) {
        return Ok(());
    }
    let subject = message.lines().next().unwrap_or_default();
    Err(Error::refused(format!("the message `{subject}` has no type"))
        .hint("write `type: description`, such as `feat: add the login form` or `fix: close the file`"))
}

fn require_ready(record: &Record) -> Result<()> {
    if record.progress != Progress::Ready {
        return Err(Error::refused(format!("the worktree of `{}` is incomplete", record.task))
            .hint(format!("finish it with `ctx worktree setup {}`", record.task)));
    }
    let head =
        Git::at(&record.path).args(["symbolic-ref", "--quiet", "HEAD"]).output().map_err(Error::from)?;
    if String::from_utf8_lossy(&head.stdout).trim() != record.branch.full() {
        return Err(Error::refused(format!("`{}` is not checked out here", record.branch))
            .hint(format!("run `git switch {}`", record.branch)));
    }
    if let Some(lock) = git::held_lock(&record.path, &record.branch)? {
        return Err(Error::refused(format!("git's lock `{}` is there; nothing was changed", lock.display()))
            .hint("wait for the git command that holds it; if none runs, remove the lock with `ctx doctor --fix`"));
    }
    Ok(())
}

/// A merge is concluded as a whole, and by somebody who looked at every conflict.
fn require_resolved(record: &Record, paths: &[PathBuf]) -> Result<()> {
    let files = git::unresolved(&record.path)?;
    if !files.is_empty() {
        return Err(Error::conflict(format!(
            "a merge is under way, and these files are not resolved: {}",
            git::summary(files.iter().map(PathBuf::as_path))
        ))
        .hint(
            "edit them so that no conflict mark is left, then run the same command again; one that is right as it stands is \
             resolved by `git add FILE`",
        ));
    }
    if paths.is_empty() {
        return Ok(());
    }
    Err(Error::refused("a merge is under way, which is committed as a whole")
        .hint("run `ctx commit` without paths"))
}

fn commit(
    context: &Context,
    record: &Record,
    args: &Commit,
    merge: Option<&Oid>,
    stale: &[PathBuf],
) -> Result<Oid> {
    // Paths are those the person typed, relative to where the command runs.
    let here = crate::world::cwd()?;
    git::add_all(&here, &args.path, stale)?;
    // A merge is worth a commit even if it was resolved to what was there.
    if merge.is_none() && !git::has_staged(&here, &args.path)? {
        let error = Error::refused("nothing to commit").hint("see `git status`");
        return Err(stale.iter().fold(error, |error, path| error.hint(left_out(path))));
    }
    let trailer = format!("Implements: {}", record.task);
    let new = NewCommit { message: args.message.as_deref(), trailer: &trailer, paths: &args.path };
    git::commit(&here, &new)?.map_err(refused)?;
    let tip = context.project.branch_tip(&record.branch)?;
    let kind = Kind::Committed { commit: tip.clone() };
    context.project.journal().record(Some(&record.plan), Some(record.task.as_str()), kind)?;
    if let Some(merged) = merge {
        raise_base(context, record, merged)?;
    }
    Ok(tip)
}

/// A concluded merge of the branch that the task lands on: what is in that one is not the task's own any more. A kill
/// before this is made good by the next sync.
fn raise_base(context: &Context, record: &Record, merged: &Oid) -> Result<()> {
    let dir = context.project.git_dir();
    let Some(into) = git::resolve(dir, &record.into.full())? else { return Ok(()) };
    if !git::is_ancestor(dir, merged, &into)? || !git::is_ancestor(dir, &record.base, merged)? {
        return Ok(());
    }
    let _lock = context.project.lock("worktrees").acquire()?;
    let records = Records::of(&context.project);
    match records.read(&record.plan, &record.task)? {
        Some(now) if now.base == record.base && now.under_way.is_none() => {
            records.write(&Record { base: merged.clone(), ..now })
        }
        _ => Ok(()),
    }
}

fn refused(Refusal { by, said }: Refusal) -> Error {
    match by {
        RefusedBy::Hook(hook) => Error::refused(format!("{hook} refused the commit:\n{said}"))
            .hint("do what the hook asks for, then run the same command again; everything is staged"),
        RefusedBy::Signing => {
            Error::refused(format!("the commit cannot be signed:\n{said}")).hint(git::SIGNING)
        }
        RefusedBy::Git => Error::refused(format!("git cannot commit:\n{said}"))
            .hint("set right what git names, then run the same command again"),
    }
}

/// Pushes the task's branch under its own name; never forces.
fn push(context: &Context, record: &Record) -> Result<String> {
    let remote = git::remote_of(&record.path, &record.into)?.ok_or_else(|| {
        Error::refused("the commit is made, but there is no remote to push to")
            .hint("add one with `git remote add`")
    })?;
    let name = record.branch.full();
    let pushed = git::push(&record.path, &context.project.home, &remote, &format!("{name}:{name}"))?;
    pushed.map_err(|Refusal { by, said }| {
        let who = match by {
            RefusedBy::Hook(hook) => format!("{hook} refused it"),
            _ => "git says".to_owned(),
        };
        Error::refused(format!("the commit is made, but not pushed; {who}:\n{said}"))
            .hint(format!("run `git push {remote} {}` when the cause is gone", record.branch))
    })?;
    Ok(remote)
}
