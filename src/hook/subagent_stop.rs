//! `SubagentStop`: an executor whose task is neither handed in nor blocked is sent back once, with the command to
//! run; its second stop is a failed attempt.

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
    let (status, _) = site.task(&binding.plan, &binding.task)?;
    let task = &binding.task;
    if !matches!(status, Status::Pending | Status::InProgress) {
        let _ = bindings.release(&binding.plan, task);
        return None;
    }
    if bindings.count_stop(session, agent, binding.clone()).ok()? == 1 {
        let reason = format!(
            "`{task}` is not handed in. Commit what is finished with `ctx commit -m \"type: description\"` and run \
             `ctx task submit {task}`; if it cannot be finished, run `ctx task block {task} --reason 'the exact error or question'`."
        );
        return Some(json!({ "decision": "block", "reason": reason }));
    }
    let last = redact(input.last_assistant_message.as_deref().unwrap_or(""));
    let _ = bindings.failed_attempt(session, agent, &binding, &last);
    let _ = bindings.release(&binding.plan, task);
    None
}
