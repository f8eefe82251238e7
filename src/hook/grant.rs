//! Grants for verbs of `ctx` that approve, complete, land or remove: written for what a Bash call spells out, so that
//! `ctx` can tell it from what a script starts.

use serde_json::Value;

use super::Input;
use super::caller::Who;
use super::place::Site;
use crate::approve::{self, Decision};
use crate::run::Role;
use crate::state::Grants;

/// Notes that the session is watched, and grants what the caller may run: the main session whatever it spells out, as
/// the person may still say yes; an agent, or a session that works on a task, its own task's verbs; nobody what is
/// denied.
pub(super) fn write(input: &Input, site: &Site, who: &Who, decision: Option<&Decision>) {
    let Some(session) = &input.session_id else { return };
    let grants = Grants::of(&site.ctx_dir());
    // A grant that cannot be written is one that `ctx` refuses, with what to do.
    let _ = grants.watch(session);
    if matches!(decision, Some(Decision::Deny(_))) {
        return;
    }
    let Some(command) = input.tool_input.get("command").and_then(Value::as_str) else { return };
    let Some(call) = &input.tool_use_id else { return };
    let calls = approve::calls_to_grant(command);
    for (number, args) in calls.iter().enumerate().filter(|(_, args)| may_run(who, args)) {
        let _ = grants.add(session, input.agent_id.as_deref(), call, number, args);
    }
}

fn may_run(who: &Who, args: &[String]) -> bool {
    let (record, role) = match who {
        Who::Main => return true,
        Who::Bound { record, role } => (record, role),
        Who::Unbound(_) | Who::Lost(_) | Who::Other => return false,
    };
    let words: Vec<&str> = args.iter().map(String::as_str).collect();
    match (&words[..], role) {
        (["task", "submit", task], Role::Executor)
        | (["task", "approve" | "reject" | "qa-blocked", task, ..], Role::Qa) => {
            *task == record.task.as_str()
        }
        _ => false,
    }
}
