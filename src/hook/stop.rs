//! `Stop`: a session that works on a task of its own is sent back once with the commands, if nobody sits before it;
//! a person is told once.
//!
//! Counted by the attempt, not by `stop_hook_active`: that starts anew with every prompt.

use serde_json::{Value, json};

use super::Input;
use super::caller;
use super::place::Site;
use super::subagent_stop::hand_in;
use crate::approve::redact;
use crate::plan::Status;
use crate::run::{Binding, Bindings, Role};
use crate::state::Grants;
use crate::world;

/// `block`, a line for the person, or silence.
pub(super) fn answer(input: &Input) -> Option<Value> {
    let session = input.session_id.as_deref()?;
    let site = Site::of(input.cwd.as_deref()?)?;
    // No call of the session waits for a yes any more.
    let _ = Grants::of(&site.ctx_dir()).drop_unused(session);
    let record = caller::record_here(&site)?;
    let task = record.task.to_string();
    if site.task(&record.plan, &task)?.0 != Status::InProgress {
        return None;
    }
    let binding = Binding { plan: record.plan, task, role: Role::Executor };
    let bindings = Bindings::of(&site.ctx_dir());
    let is_headless = world::is_headless();
    // A person was told already.
    let told = bindings.claim(&binding.plan, &binding.task).is_some_and(|claim| claim.stops > 0);
    if told && !is_headless {
        return None;
    }
    let stops = bindings.count_stop(&binding, session, None).ok()?;
    match (stops, is_headless) {
        (1, true) => Some(json!({ "decision": "block", "reason": hand_in(&binding.task) })),
        (1, false) => Some(json!({ "systemMessage": format!(
            "ctx: `{0}` is in progress in this session; when it is finished: `ctx commit`, then `ctx task submit {0}`",
            binding.task
        ) })),
        (2, true) => {
            let last = redact(input.last_assistant_message.as_deref().unwrap_or(""));
            let _ = bindings.failed_attempt(&binding, session, None, &last);
            let _ = bindings.end(&binding, session, None, "stopped without handing in");
            None
        }
        _ => None,
    }
}
