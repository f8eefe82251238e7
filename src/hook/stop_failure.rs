//! `StopFailure`: an agent whose API calls failed has ended; its task is interrupted, its work is kept.

use serde_json::Value;

use super::Input;
use super::place::Site;
use crate::run::Bindings;

/// Notes the end of an agent. The session itself goes on, or ends with its process.
pub(super) fn note(input: &Input) {
    let (Some(session), Some(agent)) = (&input.session_id, &input.agent_id) else { return };
    let Some(site) = input.cwd.as_deref().and_then(Site::of) else { return };
    let bindings = Bindings::of(&site.ctx_dir());
    let Some(binding) = bindings.past(session, agent) else { return };
    let error = input.error.as_ref().and_then(Value::as_str).unwrap_or("unknown");
    // Nobody is told what goes wrong here: the status then says what it said before.
    let _ = bindings.end(&binding, session, Some(agent), &format!("the API failed: {error}"));
}
