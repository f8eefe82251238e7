//! What a call of a tool may hold. A field that is not listed may change where the call acts, or what it does: clients
//! know Bash calls for another machine, and edits that a shell command stands for (2.1.197, 2.1.332).

use serde_json::Value;

const BASH: &[&str] =
    &["command", "description", "timeout", "run_in_background", "dangerouslyDisableSandbox"];
const AGENT: &[&str] = &["description", "prompt", "subagent_type", "model", "run_in_background"];
const MESSAGE: &[&str] = &["to", "summary", "message"];
/// Of all file tools together: none of them takes a field of another for something else.
const FILES: &[&str] = &[
    "file_path",
    "path",
    "notebook_path",
    "content",
    "old_string",
    "new_string",
    "replace_all",
    "edits",
    "cell_id",
    "cell_type",
    "new_source",
    "edit_mode",
    "offset",
    "limit",
    "pages",
    "pattern",
    "glob",
    "ignore",
    "output_mode",
    "-A",
    "-B",
    "-C",
    "-i",
    "-n",
    "-o",
    "context",
    "head_limit",
    "multiline",
    "type",
];

/// A field that this tool is not known to have; `None` if there is none.
pub fn unknown_field<'a>(tool: &str, input: &'a Value) -> Option<&'a str> {
    let known = match tool {
        "Bash" => BASH,
        "Agent" | "Task" => AGENT,
        "SendMessage" => MESSAGE,
        _ => FILES,
    };
    let mut fields = input.as_object().into_iter().flatten().map(|(name, _)| name.as_str());
    fields.find(|name| !known.contains(name))
}
