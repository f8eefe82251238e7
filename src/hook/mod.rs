//! The client's hooks: one JSON object in, one answer or silence out.
//!
//! A hook never breaks a session. Whatever goes wrong inside, the answer is silence and exit code 0;
//! nothing but an answer is ever printed.

mod caller;
mod facts;
mod grant;
mod launch;
mod place;
mod pre_tool_use;
mod session_end;
mod session_plan;
mod session_start;
mod settings;
mod state;
mod stop;
mod stop_failure;
mod subagent_start;
mod subagent_stop;
mod user_prompt_submit;

pub use facts::Disk;
pub use place::{Site, disk};

use std::path::PathBuf;

use serde::Deserialize;
use serde_json::Value;

/// What the client sends; fields that an event does not have are none.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct Input {
    /// `PreToolUse`, `SessionStart`, …
    #[serde(default)]
    pub hook_event_name: String,
    /// The session's id.
    pub session_id: Option<String>,
    /// The session's transcript.
    pub transcript_path: Option<PathBuf>,
    /// Why a session starts: `startup`, `resume`, `clear`, `compact`.
    pub source: Option<String>,
    /// The session's current directory.
    pub cwd: Option<PathBuf>,
    /// `Bash`, `Write`, …
    pub tool_name: Option<String>,
    /// The tool's arguments.
    #[serde(default)]
    pub tool_input: Value,
    /// The client's id of this tool call.
    pub tool_use_id: Option<String>,
    /// `UserPromptSubmit`: what was typed, or a notification of the client's own.
    pub prompt: Option<String>,
    /// `StopFailure`: what failed.
    pub error: Option<Value>,
    /// `Stop`, `SubagentStop`: what the session or the agent said last.
    pub last_assistant_message: Option<String>,
    /// The subagent that makes the call; none for the session itself.
    pub agent_id: Option<String>,
    /// `ctx:parallel-task-executor`, …
    pub agent_type: Option<String>,
}

/// Answers one event; none is silence.
pub fn answer(input: &[u8]) -> Option<String> {
    let input: Input = serde_json::from_slice(input).ok()?;
    let answer = match input.hook_event_name.as_str() {
        "PreToolUse" => pre_tool_use::answer(&input),
        "SubagentStart" => subagent_start::answer(&input),
        "SubagentStop" => subagent_stop::answer(&input),
        "Stop" => stop::answer(&input),
        "StopFailure" => {
            stop_failure::note(&input);
            None
        }
        "UserPromptSubmit" => {
            user_prompt_submit::note(&input);
            None
        }
        "SessionStart" => session_start::answer(&input),
        "SessionEnd" => {
            session_end::save(&input);
            None
        }
        _ => None,
    };
    answer.map(|value| value.to_string())
}
