//! `SessionStart`: one line, for the model and the person, that a plan is active and how far it is.

use serde_json::{Value, json};

use super::Input;
use crate::plan::Status;
use crate::state::{Active, Project};

/// The line, or silence where no plan is active.
pub(super) fn answer(input: &Input) -> Option<Value> {
    let project = Project::discover_optional(input.cwd.as_deref()?).ok()??;
    let Ok(Active::Plan(folder)) = project.plans().active() else { return None };
    let line = match project.plans().load(&folder).ok()? {
        (Some(plan), _) => {
            let count = |status| plan.tasks.iter().filter(|task| task.status == status).count();
            let total = plan.tasks.len();
            let mut line = format!("{} of {total} tasks completed", count(Status::Completed));
            for status in [Status::InProgress, Status::Submitted, Status::Blocked, Status::Failed] {
                match count(status) {
                    0 => {}
                    n => line += &format!(", {n} {}", status.as_str().replace('_', " ")),
                }
            }
            let next = if count(Status::Completed) == total { "/ctx:status" } else { "/ctx:execute" };
            format!("ctx: plan `{}` is active, {line} ({next})", one_line(&plan.name))
        }
        (None, _) => format!("ctx: the active plan `{}` has errors (`ctx plan validate`)", folder.id),
    };
    Some(json!({
        "systemMessage": line,
        "hookSpecificOutput": { "hookEventName": "SessionStart", "additionalContext": line },
    }))
}

/// A plan's name is text from a file; it stays one short line.
fn one_line(name: &str) -> String {
    let words: Vec<&str> =
        name.split(|c: char| c.is_whitespace() || c.is_control()).filter(|w| !w.is_empty()).collect();
    words.join(" ").chars().take(80).collect()
}
