//! `SubagentStart`: tells an executor how it comes to its task, and which tasks there are.

use serde_json::{Value, json};

use super::Input;
use super::caller::active_plan;
use super::place::Site;
use crate::run::Role;

/// More tasks than these are not listed.
const MOST: usize = 30;

/// The context, or silence.
pub(super) fn answer(input: &Input) -> Option<Value> {
    let role = Role::of(input.agent_type.as_deref()?)?;
    let site = Site::of(input.cwd.as_deref()?)?;
    let plan = active_plan(&site)?;
    let mut records: Vec<_> = site.records().into_iter().filter(|record| record.plan == plan).collect();
    records.sort_by(|a, b| a.task.as_str().cmp(b.task.as_str()));
    let line = |record: &crate::worktree::Record| {
        let (status, _) = site.task(&plan, record.task.as_str())?;
        Some(format!("- {} ({}): {}", record.task, status.as_str(), record.path.display()))
    };
    let tasks: Vec<String> = records.iter().filter_map(line).take(MOST).collect();
    if tasks.is_empty() {
        return None;
    }
    let how = match role {
        Role::Executor => {
            "Your task is the id on the line `Task:` of your prompt, and no other. Shell commands run in its worktree; \
             write files only there. You cannot end before `ctx task submit ID` or `ctx task block ID --reason TEXT`."
        }
        Role::Qa => "You judge the task on the line `Task:` of your prompt and change nothing in it.",
    };
    let context = format!("{how}\nTasks with a worktree:\n{}", tasks.join("\n"));
    Some(json!({ "hookSpecificOutput": { "hookEventName": "SubagentStart", "additionalContext": context } }))
}
