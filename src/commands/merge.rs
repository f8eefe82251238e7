//! `ctx merge`: completed tasks into the base branch, in the order of their dependencies.

use serde::Serialize;

use super::{Context, Report, cleanup, style};
use crate::cli::{Cleanup, Json, Merge};
use crate::error::{Error, Exit, Result};
use crate::git::{self, Branch, Git, Oid};
use crate::land::{self, Candidate, Landed, LeftOut, Train, Why};
use crate::plan::{self, Status};
use crate::run::{Board, TaskState};
use crate::state::{self, Kind, Lock};

/// `ctx merge --json`.
#[derive(Serialize)]
struct Answer<'a> {
    into: &'a Branch,
    before: &'a Oid,
    after: &'a Oid,
    dry_run: bool,
    landed: &'a [Landed],
    left_out: &'a [LeftOut],
    pushed: Option<String>,
    /// Always `not verified`: this version runs no checks before it lands.
    checks: &'static str,
}

pub(super) fn run(args: &Merge) -> Result<Report> {
    let mut context = Context::here()?;
    if let Some(into) = &args.into {
        context.settings.merge_into = Some(into.clone());
    }
    let push = args.push || context.settings.merge_push;
    // Where there is nothing to do, nothing is made either, not even the lock.
    if !push && !land::is_interrupted(&context.project) {
        let board = Board::active(&context.project, &context.settings)?;
        let start = board.require_base()?.clone();
        let (candidates, left_out) = choose(&board, &args.task)?;
        if candidates.is_empty() && unrecorded(&context, &board)?.is_empty() {
            let train = Train { end: start.clone(), start, landed: Vec::new(), left_out: Vec::new() };
            return report(args, &board, &train, &left_out, None);
        }
    }
    // One merge at a time: the base moves once, from where this one saw it.
    let lock = context.project.lock("merge").acquire()?;
    if !args.dry_run {
        land::recover(&context.project)?;
    }
    let board = Board::active(&context.project, &context.settings)?;
    let start = board.require_base()?.clone();
    let (candidates, mut left_out) = choose(&board, &args.task)?;
    let mut train = Train::run(context.project.git_dir(), start, &candidates, &|task| board.landed(task))?;
    left_out.append(&mut train.left_out);
    if !args.dry_run {
        record_earlier(&context, &board)?;
        land(&context, &board, &train, &lock)?;
    }
    let pushed = match push && !args.dry_run {
        true => Some(push_base(&context, &board.into)?),
        false => None,
    };
    let mut report = report(args, &board, &train, &left_out, pushed)?;
    if context.settings.auto_cleanup && !args.dry_run {
        report.messages.extend(clean_up(&train.landed));
    }
    Ok(report)
}

/// What has landed is put away. That it cannot be is no failure of the merge.
fn clean_up(landed: &[Landed]) -> Vec<String> {
    if landed.is_empty() {
        return Vec::new();
    }
    let args = Cleanup {
        task: landed.iter().map(|landed| landed.task.to_string()).collect(),
        include_unmerged: false,
        include_dirty: false,
        remote: false,
        dry_run: false,
        json: Json { json: false },
    };
    match cleanup::run(&args) {
        Ok(report) => vec![report.data.trim_end().to_owned()],
        Err(error) => vec![format!("note: not cleaned up: {error}")],
    }
}

/// Completed tasks that are not in the base yet; those that were named and are not such, with the reason.
fn choose(board: &Board, wanted: &[String]) -> Result<(Vec<Candidate>, Vec<LeftOut>)> {
    for id in wanted {
        board.task(id).ok_or_else(|| state::unknown_task(&board.folder, id))?;
    }
    let mut candidates = Vec::new();
    let mut left_out = Vec::new();
    for id in plan::graph::order(&board.plan.tasks) {
        let Some(state) = board.task(id.as_str()).filter(|state| !state.landed) else { continue };
        let named = wanted.iter().any(|name| name == id.as_str());
        if !named && !wanted.is_empty() {
            continue;
        }
        match candidate(state) {
            Ok(candidate) => candidates.push(candidate),
            Err(reason) if named || state.task.status == Status::Completed => {
                left_out.push(LeftOut { task: id, why: Why::NotReady { reason } });
            }
            Err(_) => {}
        }
    }
    Ok((candidates, left_out))
}

fn candidate(state: &TaskState) -> Result<Candidate, String> {
    let task = &state.task;
    if task.status != Status::Completed {
        return Err(format!("it is {}", task.status));
    }
    let tip = state.tip.clone().ok_or_else(|| format!("its branch `{}` is gone", state.branch))?;
    if let Some(record) = state.worktree.as_ref().filter(|record| record.path.exists()) {
        let status = git::status(&record.path).map_err(|error| error.to_string())?;
        if !status.clean() {
            return Err(format!("its worktree has uncommitted files: {}", status.summary()));
        }
    }
    Ok(Candidate {
        task: task.id.clone(),
        name: task.name.clone(),
        branch: state.branch.clone(),
        tip,
        dependencies: task.dependencies.clone(),
    })
}

/// A run that was killed after the base had moved, or somebody else's merge: landings that are not in the
/// journal yet.
fn unrecorded<'a>(context: &Context, board: &'a Board) -> Result<Vec<(&'a str, Kind)>> {
    let events = context.project.journal().read()?;
    let mut found = Vec::new();
    for state in board.tasks.iter().filter(|state| state.landed) {
        let (Some(tip), Some(base)) = (&state.tip, &board.base) else { continue };
        let task = state.task.id.as_str();
        let known = events.iter().any(|event| {
            event.plan.as_deref() == Some(&board.folder.id)
                && event.task.as_deref() == Some(task)
                && matches!(event.kind, Kind::Landed { .. })
        });
        if !known {
            let into = board.into.to_string();
            found.push((task, Kind::Landed { tip: tip.clone(), commit: base.clone(), into }));
        }
    }
    Ok(found)
}

fn record_earlier(context: &Context, board: &Board) -> Result<()> {
    for (task, kind) in unrecorded(context, board)? {
        context.project.journal().record(Some(&board.folder.id), Some(task), kind)?;
    }
    Ok(())
}

fn land(context: &Context, board: &Board, train: &Train, lock: &Lock) -> Result<()> {
    if train.landed.is_empty() {
        return Ok(());
    }
    land::require_clean(&context.project, &board.into)?;
    land::advance(&context.project, &board.into, &train.start, &train.end, lock)?;
    for landed in &train.landed {
        let kind = Kind::Landed {
            tip: landed.tip.clone(),
            commit: landed.commit.clone(),
            into: board.into.to_string(),
        };
        context.project.journal().record(Some(&board.folder.id), Some(landed.task.as_str()), kind)?;
    }
    Ok(())
}

fn push_base(context: &Context, into: &Branch) -> Result<String> {
    let dir = context.project.git_dir();
    let remote = git::remote_of(dir, into)?.ok_or_else(|| {
        Error::refused("merged, but there is no remote to push to").hint("add one with `git remote add`")
    })?;
    let name = into.full();
    Git::at(dir)
        .args(["push", "--quiet", "--end-of-options", &remote, &format!("{name}:{name}")])
        .run()
        .map_err(|error| {
            Error::refused(format!("merged, but not pushed: {error}")).hint(format!(
                "bring `{into}` up to date with `git pull`, then run `git push {remote} {into}`"
            ))
        })?;
    Ok(remote)
}

fn report(
    args: &Merge,
    board: &Board,
    train: &Train,
    left_out: &[LeftOut],
    pushed: Option<String>,
) -> Result<Report> {
    let answer = Answer {
        into: &board.into,
        before: &train.start,
        after: &train.end,
        dry_run: args.dry_run,
        landed: &train.landed,
        left_out,
        pushed,
        checks: "not verified",
    };
    let report = Report::data(args.json.json, &answer, || text(&answer))?;
    let conflict = left_out.iter().any(|left| matches!(left.why, Why::Conflict { .. }));
    Ok(match (conflict, left_out.is_empty()) {
        (true, _) => report.exit(Exit::Conflict).message(format!(
            "hint: in the worktree of the task that conflicts, run `git merge {}`, resolve, commit, then `ctx merge` again",
            board.into
        )),
        (false, false) => report.exit(Exit::Refused).message("hint: see `ctx status`"),
        (false, true) => report,
    })
}

fn text(answer: &Answer<'_>) -> String {
    let mut lines = Vec::new();
    for landed in answer.landed {
        let verb = if answer.dry_run { "would merge" } else { "merged" };
        lines.push(format!("{verb} `{}` ({})", landed.branch, landed.commit.short()));
    }
    for left in answer.left_out {
        lines.push(format!("left out `{}`: {}", left.task, left.why));
    }
    let into = answer.into;
    lines.push(match (answer.landed.len(), answer.dry_run) {
        (0, _) => format!("nothing to merge into `{into}`"),
        (n, true) => format!("{} would land on `{into}`", style::count(n, "task")),
        (n, false) => {
            format!(
                "{} landed on `{into}`, now {}; {}",
                style::count(n, "task"),
                answer.after.short(),
                answer.checks
            )
        }
    });
    if let Some(remote) = &answer.pushed {
        lines.push(format!("pushed to `{remote}`"));
    }
    lines.join("\n")
}
