//! `SubagentStop`: an executor whose task is in progress is sent back once, with the command to run; its second stop is
//! a failed attempt, and its task is interrupted.
//!
//! Only the owner of a task is held: an agent whose `ctx task start` was refused ends with that answer.

use serde_json::{Value, json};

use super::Input;
use super::place::Site;
use crate::approve::redact;
use crate::plan::Status;
use crate::run::{Bindings, Role};

/// `block`, or silence.
pub(super) fn answer(input: &Input) -> Option<Value> {
    let (session, agent) = (input.session_id.as_deref()?, input.agent_id.as_deref()?);
    let site = Site::of(input.cwd.as_deref()?)?;
    let bindings = Bindings::of(&site.ctx_dir());
    let binding = bindings.read(session, agent).filter(|binding| binding.role == Role::Executor)?;
    let status = site.task(&binding.plan, &binding.task).map(|(status, _)| status);
    if status != Some(Status::InProgress) {
        let _ = bindings.end(&binding, session, Some(agent), "ended");
        return None;
    }
    if bindings.count_stop(&binding, session, Some(agent)).ok()? == 1 {
        return Some(json!({ "decision": "block", "reason": hand_in(&binding.task) }));
    }
    let last = redact(input.last_assistant_message.as_deref().unwrap_or(""));
    let _ = bindings.failed_attempt(&binding, session, Some(agent), &last);
    let _ = bindings.end(&binding, session, Some(agent), "stopped without handing in");
    None
}

/// What to do before the end.
pub(super) fn hand_in(task: &str) -> String {
    format!(
        "`{task}` is not handed in. Commit what is finished with `ctx commit -m \"type: description\"` and run \
         `ctx task submit {task}`; if it cannot be finished, run `ctx task block {task} --reason 'the exact error or question'`."
    )
}
