//! `ctx commit`: everything in a task's worktree, in one command.

use serde::Serialize;

use super::task::record_here;
use super::{Context, Report};
use crate::cli::Commit;
use crate::error::{Error, Result};
use crate::git::{self, Git};
use crate::plan::TaskId;
use crate::state::Kind;
use crate::worktree::{Progress, Record};

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
    require_type(&args.message)?;
    let context = Context::here()?;
    let record = record_here(&context)?.ok_or_else(|| {
        Error::refused("this is not a task's worktree")
            .hint("change to one (`ctx worktree path ID` prints it); elsewhere, use `git commit`")
    })?;
    require_ready(&record)?;
    let commit = commit(&context, &record, args)?;
    let pushed = if args.push { Some(push(&record)?) } else { None };
    let answer = Answer {
        commit: commit.as_str(),
        branch: record.branch.as_str(),
        task: &record.task,
        plan: &record.plan,
        pushed: pushed.as_deref(),
    };
    let report =
        Report::data(args.json.json, &answer, || format!("{} on `{}`", commit.short(), record.branch))?;
    Ok(match &pushed {
        Some(to) => report.message(format!("pushed to `{to}`")),
        None => report,
    })
}

/// `type: description`, with an optional scope and `!`, as in Conventional Commits 1.0.
fn require_type(message: &str) -> Result<()> {
    let subject = message.lines().next().unwrap_or_default();
    let typed = subject.split_once(": ").is_some_and(|(head, description)| {
        let head = head.strip_suffix('!').unwrap_or(head);
        let (kind, scope) = match head.split_once('(') {
            Some((kind, scope)) => (kind, scope.strip_suffix(')')),
            None => (head, Some("-")),
        };
        let kind_is_word = !kind.is_empty() && kind.bytes().all(|byte| byte.is_ascii_lowercase());
        kind_is_word && scope.is_some_and(|scope| !scope.is_empty()) && !description.trim().is_empty()
    });
    if typed {
        return Ok(());
    }
    Err(Error::refused(format!("the message `{subject}` has no type"))
        .hint("write `type: description`, such as `feat: add the login form` or `fix: close the file`"))
}

fn require_ready(record: &Record) -> Result<()> {
    if record.progress != Progress::Ready {
        return Err(Error::refused(format!("the worktree of `{}` is half made", record.task))
            .hint(format!("finish it with `ctx worktree setup {}`", record.task)));
    }
    let head =
        Git::at(&record.path).args(["symbolic-ref", "--quiet", "HEAD"]).output().map_err(Error::from)?;
    if String::from_utf8_lossy(&head.stdout).trim() != record.branch.full() {
        return Err(Error::refused(format!("`{}` is not checked out here", record.branch))
            .hint(format!("run `git switch {}`", record.branch)));
    }
    Ok(())
}

fn commit(context: &Context, record: &Record, args: &Commit) -> Result<git::Oid> {
    // Paths are those the person typed, relative to where the command runs.
    let here = crate::world::cwd()?;
    let add = Git::at(&here).args(["add", "--all", "--"]);
    if args.path.is_empty() {
        // A pathspec with an exclusion only would be relative to the folder.
        add.args([":(top)", ":(top,exclude).parallel"]).run()?;
    } else {
        add.args(&args.path).run()?;
    }
    let staged = Git::at(&here).args(["diff", "--cached", "--quiet", "--no-ext-diff", "--"]).args(&args.path);
    if staged.ask()? {
        return Err(Error::refused("nothing to commit").hint("see `git status`"));
    }
    let trailer = format!("Implements: {}", record.task);
    // Once: a message that carries the same trailer already does not get another.
    let call = Git::at(&here)
        .args(["-c", "trailer.implements.ifexists=addIfDifferent", "commit", "--quiet", "--file=-"])
        .args(["--trailer", &trailer, "--"])
        .args(&args.path)
        .stdin(args.message.as_bytes());
    call.run()?;
    let tip = context.project.branch_tip(&record.branch)?;
    let kind = Kind::Committed { commit: tip.clone() };
    context.project.journal().record(Some(&record.plan), Some(record.task.as_str()), kind)?;
    Ok(tip)
}

/// Pushes the task's branch under its own name; never forces.
fn push(record: &Record) -> Result<String> {
    let remote = git::remote_of(&record.path, &record.into)?.ok_or_else(|| {
        Error::refused("the commit is made, but there is no remote to push to")
            .hint("add one with `git remote add`")
    })?;
    let name = record.branch.full();
    let refspec = format!("{name}:{name}");
    let call = Git::at(&record.path).args(["push", "--quiet", "--end-of-options", &remote, &refspec]);
    call.run().map_err(|error| {
        Error::refused(format!("the commit is made, but not pushed: {error}"))
            .hint(format!("run `git push {remote} {}` when the cause is mended", record.branch))
    })?;
    Ok(remote)
}
