//! Calls that start an agent of `ctx`, or send it a message: which parts of their input are known.
//!
//! What the prompt says is not looked into: the agent's own calls are decided one by one.

use serde_json::Value;

use super::Decision;
use super::fields::unknown_field;
use super::proof::Proof;
use super::rules::Rules;

/// Decides the start of an agent for a task that is ready for it. `model` is what the plan names for that task.
pub fn launch(input: &Value, model: Option<&str>, rules: &Rules) -> Decision {
    let kind = input.get("subagent_type").and_then(Value::as_str).unwrap_or_default();
    let asked = input.get("model").filter(|asked| !asked.is_null());
    if let Some(field) = unknown_field("Agent", input) {
        return Decision::Nothing(format!("the call has a field `{field}`"));
    }
    if asked.is_some_and(|asked| asked.as_str().is_none() || asked.as_str() != model) {
        return Decision::Nothing(format!("the plan names {} for this task", model.unwrap_or("no model")));
    }
    match rules.objects_to_agent(kind) {
        Some(rule) => Decision::Nothing(format!("the rule `{rule}` leaves it to the person")),
        None => Decision::Allow(Proof::known("the agent of a task that is ready for it")),
    }
}

/// Decides a message to an agent that is bound in this session.
pub fn message(input: &Value, rules: &Rules) -> Decision {
    if let Some(field) = unknown_field("SendMessage", input) {
        return Decision::Nothing(format!("the call has a field `{field}`"));
    }
    match rules.objects_to_tool("SendMessage") {
        Some(rule) => Decision::Nothing(format!("the rule `{rule}` leaves it to the person")),
        None => Decision::Allow(Proof::known("a message to an agent of this session")),
    }
}
