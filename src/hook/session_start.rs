//! `SessionStart`: one line, for the model and the person: which plan is active and how far it is, whether one was saved
//! when the last session ended, whether one was printed that was or could not be saved, whether the permission rules cannot be read. In a task's
//! worktree: which task that is, and what to run.

use std::path::Path;

use serde_json::{Value, json};

use super::Input;
use super::caller;
use super::place::Site;
use super::session_plan::{in_task_worktree, left_behind, newly_saved};
use crate::plan::{Status, Task, TaskId};
use crate::run::{Binding, Bindings, Role};
use crate::state::{Active, Claims, Grants, PlanFolder, PlanStore, Project};
use crate::transcript::{Found, Session};

/// The line, or silence where there is nothing to say.
pub(super) fn answer(input: &Input) -> Option<Value> {
    let project = Project::discover_optional(input.cwd.as_deref()?).ok()??;
    let active = match project.plans().active() {
        Ok(Active::Plan(folder)) => Some(folder),
        _ => None,
    };
    // A session that is only made shorter was told when it started; one in a task's worktree does that task.
    let is_new = input.source.as_deref() != Some("compact") && !in_task_worktree(&project).ok()?;
    let saved = is_new.then(|| newly_saved(&project).ok()).flatten().flatten();
    let left = is_new.then(|| left_behind(&project, input.session_id.as_deref()).ok()).flatten().flatten();
    let site = Site::of(input.cwd.as_deref()?);
    let here = site.as_ref().and_then(|site| own_task(input, site));
    if let (Some(session), Some(site)) = (&input.session_id, &site) {
        let grants = Grants::of(&site.ctx_dir());
        // Without the note, the session's first Bash call makes it; what is old is removed another time.
        let _ = grants.watch_anew(session);
        let _ = grants.prune(session);
    }
    let parts = [
        here,
        saved.as_ref().map(|saved| saved_part(&project, saved, active.as_ref() == Some(saved))),
        active.as_ref().and_then(|active| active_part(&project, active)),
        left.as_ref().map(|(session, found)| left_part(session, found)),
        broken_rules(input.cwd.as_deref()?),
    ];
    let parts: Vec<String> = parts.into_iter().flatten().collect();
    if parts.is_empty() {
        return None;
    }
    let line = format!("ctx: {}", parts.join("; "));
    Some(json!({
        "systemMessage": line,
        "hookSpecificOutput": { "hookEventName": "SessionStart", "additionalContext": line },
    }))
}

fn active_part(project: &Project, folder: &PlanFolder) -> Option<String> {
    let (Some(plan), _) = project.plans().load(folder).ok()? else {
        return Some(format!("the active plan `{}` has errors (`ctx plan validate`)", folder.id));
    };
    let claims = Claims::of(project, &folder.id);
    let is_interrupted = |task: &Task| {
        let claim = || claims.read(&task.id).ok().flatten();
        task.status == Status::InProgress && claim().is_some_and(|claim| claim.interrupted())
    };
    let interrupted = plan.tasks.iter().filter(|task| is_interrupted(task)).count();
    let count = |status| {
        let all = plan.tasks.iter().filter(|task| task.status == status).count();
        if status == Status::InProgress { all - interrupted } else { all }
    };
    let total = plan.tasks.len();
    let mut progress = format!("{} of {total} tasks completed", count(Status::Completed));
    for status in [Status::InProgress, Status::Submitted, Status::Blocked, Status::Failed] {
        match count(status) {
            0 => {}
            n => progress += &format!(", {n} {}", status.as_str().replace('_', " ")),
        }
    }
    if interrupted > 0 {
        progress += &format!(", {interrupted} interrupted");
    }
    let next = if count(Status::Completed) == total { "/ctx:status" } else { "/ctx:execute" };
    Some(format!("plan `{}` is active, {progress} ({next})", one_line(&plan.name)))
}

/// The task whose worktree the session was opened in, and what to run.
fn own_task(input: &Input, site: &Site) -> Option<String> {
    let record = caller::record_here(site)?;
    let folder =
        PlanStore::at(&site.home, site.ctx_dir()).list().ok()?.into_iter().find(|f| f.id == record.plan)?;
    let (plan, _) = PlanStore::at(&site.home, site.ctx_dir()).load(&folder).ok()?;
    let (id, task) = (&record.task, plan.as_ref()?.task(record.task.as_str())?);
    let bindings = Bindings::of(&site.ctx_dir());
    let session = input.session_id.as_deref().unwrap_or_default();
    let binding = Binding { plan: record.plan.clone(), task: id.to_string(), role: Role::Executor };
    // A claim that stays as it was is shown as what it says.
    let _ = bindings.run_here(&binding, session);
    let claim = bindings.claim(&record.plan, id.as_str()).filter(|_| task.status == Status::InProgress);
    let (state, what) = match (task.status, claim) {
        (Status::InProgress, Some(claim)) if claim.is_of(session, None) && claim.ended.is_none() => (
            "in progress in this session".to_owned(),
            format!("`ctx task show`, then work on it; at the end {}", hand_in(id)),
        ),
        (Status::InProgress, Some(claim)) if claim.interrupted() => (
            "interrupted, its work is kept".to_owned(),
            format!("`ctx task retry {id}`, then `ctx task start {id}`"),
        ),
        (Status::InProgress, Some(claim)) => match &claim.owner.session {
            None => (
                "claimed in a terminal".to_owned(),
                format!("`ctx task retry {id}`, then `ctx task start {id}`, if it is to be done here"),
            ),
            Some(owner) => {
                (format!("in progress in session {}", one_line(owner)), "change nothing here".to_owned())
            }
        },
        (Status::Pending | Status::Blocked | Status::InProgress, _) => (
            task.status.as_str().replace('_', " "),
            format!(
                "`ctx task show`, `ctx task start {id}` before anything is changed; at the end {}",
                hand_in(id)
            ),
        ),
        (status, _) => (status.as_str().replace('_', " "), "nothing is to be done here".to_owned()),
    };
    let name = one_line(&task.name);
    Some(format!("this is the worktree of `{id}` ({name}), {}: {state}; {what}", record.path.display()))
}

fn hand_in(id: &TaskId) -> String {
    format!(
        "`ctx commit -m \"type: description\"` and `ctx task submit {id}`, or `ctx task block {id} --reason TEXT`"
    )
}

/// Permission rules that cannot be read: the client may know what they forbid, the hook does not.
fn broken_rules(cwd: &Path) -> Option<String> {
    let rules = Site::of(cwd)?.rules(None);
    Some(format!("{}; until then no tool call is approved", rules.broken()?))
}

fn saved_part(project: &Project, folder: &PlanFolder, is_active: bool) -> String {
    let name = one_line(&project.plans().metadata(folder, "name").unwrap_or_default());
    let saved = format!("a plan was saved from your last session: `{name}`");
    if is_active { saved } else { format!("{saved} (`ctx plan use {}`)", folder.id) }
}

fn left_part(session: &Session, found: &Found) -> String {
    let (title, id) = (one_line(&found.title()), one_line(&session.id));
    if found.document.is_some() {
        return format!(
            "an earlier session printed a plan that was not saved: `{title}` (`ctx plan extract --session {id}`)"
        );
    }
    let missing = found.missing();
    let more = match missing.len() {
        0 | 1 => String::new(),
        n => format!(" and {} more", n - 1),
    };
    let reason = missing.first().map(|reason| one_line(reason)).unwrap_or_default();
    format!(
        "an earlier session printed a plan that cannot be saved: `{title}`: {reason}{more} (`ctx plan extract --list \
         --session {id}`)"
    )
}

/// A name is text from a file; it stays one short line.
pub(super) fn one_line(name: &str) -> String {
    crate::text::name(name)
}
