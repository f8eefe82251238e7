//! `ctx merge`: completed tasks into the base branch, in the order of their dependencies.

use serde::Serialize;

use super::{Context, Report, cleanup, status, style};
use crate::cli::{Cleanup, Json, Merge};
use crate::error::{Error, Exit, Result};
use crate::git::{self, Branch, MergeTree, Oid, Refusal, RefusedBy};
use crate::land::{self, Candidate, Conflict, Conflicts, Landed, LeftOut, Train, Why};
use crate::plan::{self, Status, TaskId};
use crate::run::{Board, TaskState};
use crate::state::{self, Kind, Lock};
use crate::ui::Progress;
use crate::worktree::{Record, Steps};

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
    /// The next sensible command, as `ctx status` has it.
    next: String,
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
        let (candidates, left_out) = choose(&context, &board, &args.task)?;
        if candidates.is_empty() && unrecorded(&context, &board)?.is_empty() {
            let train = Train { end: start.clone(), start, landed: Vec::new(), left_out: Vec::new() };
            return report(&context, args, &board, &train, &left_out, None);
        }
    }
    // One merge at a time: the base moves once, from where this one saw it.
    let lock = context.project.lock("merge").acquire()?;
    if !args.dry_run {
        land::recover(&context.project)?;
    }
    let board = Board::active(&context.project, &context.settings)?;
    let start = board.require_base()?.clone();
    let (candidates, mut left_out) = choose(&context, &board, &args.task)?;
    let progress = Progress::start("tasks merged", candidates.len());
    let landed = |task: &TaskId| board.landed(task);
    let mut train = Train::run(context.project.git_dir(), start, &candidates, &landed, &progress)?;
    left_out.append(&mut train.left_out);
    if !args.dry_run {
        progress.step(board.into.as_str(), "moving to the merge");
        record_earlier(&context, &board)?;
        land(&context, &board, &train, &lock)?;
        remember_conflicts(&context, &board, &train, &left_out)?;
    }
    let pushed = match push && !args.dry_run {
        true => Some(push_base(&context, &board.into, &progress)?),
        false => None,
    };
    // The clean-up has a view of its own.
    drop(progress);
    let mut report = report(&context, args, &board, &train, &left_out, pushed)?;
    if !args.dry_run {
        let hints = land::moved_submodules(&context.project, &board.into, &train.start, &train.end)?;
        report.messages.extend(hints.into_iter().map(|hint| format!("hint: {hint}")));
    }
    if context.settings.auto_cleanup && !args.dry_run {
        report.messages.extend(clean_up(&context, &board, &train.landed));
    }
    Ok(report)
}

/// What has landed is put away. That it cannot be is no failure of the merge.
fn clean_up(context: &Context, board: &Board, landed: &[Landed]) -> Vec<String> {
    if landed.is_empty() {
        return Vec::new();
    }
    let args = Cleanup {
        task: Vec::new(),
        include_unmerged: false,
        include_dirty: false,
        remote: false,
        dry_run: false,
        json: Json { json: false },
    };
    let has_landed = |record: &&Record| {
        record.plan == board.folder.id && landed.iter().any(|landed| landed.task == record.task)
    };
    let choose = |records: &[Record]| Ok(records.iter().filter(has_landed).cloned().collect());
    match cleanup::run_on(context, &args, &choose) {
        Ok(report) => vec![report.data.trim_end().to_owned()],
        Err(error) => vec![format!("note: not cleaned up: {error}")],
    }
}

/// Completed tasks that are not in the base yet; those that were named and are not such, with the reason.
fn choose(context: &Context, board: &Board, wanted: &[String]) -> Result<(Vec<Candidate>, Vec<LeftOut>)> {
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
        match candidate(context, board, state)? {
            Ok(candidate) => candidates.push(candidate),
            Err(reason) if named || state.task.status == Status::Completed => {
                left_out.push(LeftOut { task: id, why: Why::NotReady { reason } });
            }
            Err(_) => {}
        }
    }
    Ok((candidates, left_out))
}

/// A task that may land, or why it may not.
fn candidate(context: &Context, board: &Board, state: &TaskState) -> Result<Result<Candidate, String>> {
    let task = &state.task;
    if task.status != Status::Completed {
        return Ok(Err(format!("it is {}", task.status)));
    }
    let Some(tip) = state.tip.clone() else {
        return Ok(Err(format!("its branch `{}` is gone", state.branch)));
    };
    if let Some(record) = state.worktree.as_ref().filter(|record| record.path.exists()) {
        let status = git::status(&record.path)?;
        if !status.clean() {
            return Ok(Err(format!("its worktree has uncommitted files: {}", status.summary())));
        }
        let base = board.require_base()?;
        if let Some((path, commit)) = land::only_here(&context.project, &record.path, base, &tip)? {
            let (path, dir) = (path.display(), record.path.join(&path));
            return Ok(Err(format!(
                "its submodule `{path}` is at {}, a commit that only its worktree has; push it from `{}`",
                commit.short(),
                dir.display()
            )));
        }
    }
    Ok(Ok(Candidate {
        task: task.id.clone(),
        name: task.name.clone(),
        branch: state.branch.clone(),
        tip,
        dependencies: task.dependencies.clone(),
    }))
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

/// What conflicts with the base as it is now is remembered, for `ctx status`; what landed is forgotten.
fn remember_conflicts(context: &Context, board: &Board, train: &Train, left_out: &[LeftOut]) -> Result<()> {
    let conflicts = Conflicts::of(&context.project, &board.folder.id);
    for landed in &train.landed {
        conflicts.remove(&landed.task)?;
    }
    for left in left_out.iter().filter(|left| matches!(left.why, Why::Conflict { .. })) {
        let Some(tip) = board.task(left.task.as_str()).and_then(|state| state.tip.clone()) else { continue };
        // The train may have gone on since.
        if let MergeTree::Conflict(files) = git::merge_tree(context.project.git_dir(), &train.end, &tip)? {
            conflicts.write(&left.task, &Conflict::new(train.end.clone(), tip, &files))?;
        }
    }
    Ok(())
}

fn push_base(context: &Context, into: &Branch, progress: &Progress) -> Result<String> {
    let dir = context.project.git_dir();
    let remote = git::remote_of(dir, into)?.ok_or_else(|| {
        Error::refused("merged, but there is no remote to push to").hint("add one with `git remote add`")
    })?;
    progress.step(into.as_str(), &format!("pushing to {remote}"));
    let name = into.full();
    let home = &context.project.home;
    // A hook before a push looks at the files around it.
    let at = if home.join(".git").exists() { home } else { dir };
    let pushed = git::push(at, home, &remote, &format!("{name}:{name}"))?;
    pushed.map_err(|Refusal { by, said }| match by {
        RefusedBy::Hook(hook) => Error::refused(format!("merged, but not pushed; {hook} refused it:\n{said}"))
            .hint(format!("do what the hook asks for, then run `git push {remote} {into}`")),
        _ => Error::refused(format!("merged, but not pushed; git says:\n{said}")).hint(format!(
            "if the remote has commits that `{into}` lacks, bring it up to date with `git pull`; then run `git push \
             {remote} {into}`"
        )),
    })?;
    Ok(remote)
}

fn report(
    context: &Context,
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
        next: status::next_step(&context.project, &context.settings)?,
    };
    let report = Report::data(args.json.json, &answer, || text(&answer))?;
    let in_conflict = left_out.iter().filter(|left| matches!(left.why, Why::Conflict { .. }));
    let ids: Vec<&str> = in_conflict.map(|left| left.task.as_str()).collect();
    let sync = format!("`ctx worktree sync {}`", ids.join(" "));
    Ok(match (ids.is_empty(), left_out.is_empty()) {
        (false, _) if args.dry_run && !train.landed.is_empty() => report
            .exit(Exit::Conflict)
            .message(format!("hint: land the others with `ctx merge`, then start to resolve with {sync}")),
        (false, _) => report.exit(Exit::Conflict).message(format!(
            "hint: {sync} starts the merge of `{}` in the task's worktree and says what to resolve",
            board.into
        )),
        (true, false) => report.exit(Exit::Refused).message("hint: see `ctx status`"),
        (true, true) => report,
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
        (0, _) if !answer.left_out.is_empty() => format!("nothing landed on `{into}`"),
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
    if !answer.landed.is_empty() && !answer.dry_run {
        lines.push(format!("no checks ran: run the project's tests on `{into}` before you rely on it"));
    }
    if let Some(remote) = &answer.pushed {
        lines.push(format!("pushed to `{remote}`"));
    }
    lines.push(format!("next: {}", answer.next));
    lines.join("\n")
}
