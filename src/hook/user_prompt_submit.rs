//! `UserPromptSubmit`: the client tells of every agent's end by a prompt of its own, killed and stalled ones included,
//! which no other event does.

use super::Input;
use super::place::Site;
use crate::run::Bindings;
use crate::state::Grants;

/// Notes the ends that a notification tells of. What a person types says instead that no call waits for a yes.
pub(super) fn note(input: &Input) {
    let (Some(session), Some(prompt)) = (&input.session_id, &input.prompt) else { return };
    let Some(site) = input.cwd.as_deref().and_then(Site::of) else { return };
    let ends = ends(prompt);
    if ends.is_empty() {
        // What stays can be used by a later script; nothing worse.
        let _ = Grants::of(&site.ctx_dir()).drop_unused(session);
        return;
    }
    let bindings = Bindings::of(&site.ctx_dir());
    for (agent, status) in ends {
        if let Some(binding) = bindings.past(session, agent) {
            let _ = bindings.end(&binding, session, Some(agent), status);
        }
    }
}

/// The agents that a prompt says have ended, and how. Only the notifications that the prompt consists of count: an
/// agent's own words stand in them too.
fn ends(prompt: &str) -> Vec<(&str, &str)> {
    let mut found = Vec::new();
    let mut rest = prompt.trim_start();
    while let Some(body) = rest.strip_prefix("<task-notification>") {
        let (one, after) = body.split_once("</task-notification>").unwrap_or((body, ""));
        // Behind these stands text of the agent's.
        let head = one.split("<summary>").next().unwrap_or(one);
        let head = head.split("<result>").next().unwrap_or(head);
        let ended = |status: &&str| matches!(*status, "completed" | "failed" | "killed" | "stopped");
        if let (Some(agent), Some(status)) = (field(head, "task-id"), field(head, "status").filter(ended)) {
            found.push((agent, status));
        }
        rest = after.trim_start();
    }
    found
}

fn field<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    let (_, rest) = text.split_once(&format!("<{name}>"))?;
    let (value, _) = rest.split_once(&format!("</{name}>"))?;
    Some(value.trim())
}
