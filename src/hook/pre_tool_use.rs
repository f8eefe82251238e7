//! `PreToolUse`: allows `ctx`'s own verbs; silent about everything else.

use serde_json::{Value, json};

use super::Input;
use crate::approve::{Caller, allows};

/// `allow`, or silence.
pub(super) fn answer(input: &Input) -> Option<Value> {
    if input.tool_name.as_deref() != Some("Bash") {
        return None;
    }
    // A subagent without a type is still a subagent.
    let agent_type = input.agent_type.as_deref().or(input.agent_id.as_ref().map(|_| ""));
    let command = input.tool_input.get("command")?.as_str()?;
    // A command that goes on in the background outlives the question that was answered.
    let background = input.tool_input.get("run_in_background").and_then(Value::as_bool) == Some(true);
    if background || !allows(command, Caller::from_agent_type(agent_type)) {
        return None;
    }
    Some(json!({
        "hookSpecificOutput": {
            "hookEventName": "PreToolUse",
            "permissionDecision": "allow",
            "permissionDecisionReason": "one of ctx's own verbs",
        }
    }))
}
