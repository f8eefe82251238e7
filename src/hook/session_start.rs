//! `SessionStart`: one line, for the model and the person: which plan is active and how far it is, whether one was saved
//! when the last session ended, whether one was printed that was or could not be saved, whether the permission rules cannot be read.

use std::path::Path;

use serde_json::{Value, json};

use super::Input;
use super::place::Site;
use super::session_plan::{in_task_worktree, left_behind, newly_saved};
use crate::plan::Status;
use crate::state::{Active, PlanFolder, Project};
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
    let parts = [
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
    let count = |status| plan.tasks.iter().filter(|task| task.status == status).count();
    let total = plan.tasks.len();
    let mut progress = format!("{} of {total} tasks completed", count(Status::Completed));
    for status in [Status::InProgress, Status::Submitted, Status::Blocked, Status::Failed] {
        match count(status) {
            0 => {}
            n => progress += &format!(", {n} {}", status.as_str().replace('_', " ")),
        }
    }
    let next = if count(Status::Completed) == total { "/ctx:status" } else { "/ctx:execute" };
    Some(format!("plan `{}` is active, {progress} ({next})", one_line(&plan.name)))
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
fn one_line(name: &str) -> String {
    crate::text::name(name)
}
