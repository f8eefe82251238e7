//! Makes transcripts: records as the client writes them, plans in every form, and what only looks like one.

use serde_json::{Value, json};

/// The same numbers on every machine.
pub(super) struct Random(u64);

impl Random {
    pub(super) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    pub(super) fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 33).unwrap() % limit
    }
}

/// A record with what every one of them carries.
pub(super) fn record(kind: &str, fields: &Value) -> Value {
    let mut record = json!({
        "parentUuid": "0b9c", "isSidechain": false, "userType": "external", "cwd": "/home/ada/project",
        "sessionId": "5e55", "version": "2.1.329", "gitBranch": "main", "type": kind,
        "uuid": "77aa", "timestamp": "2026-11-20T10:00:00.000Z",
    });
    for (key, value) in fields.as_object().unwrap() {
        record[key] = value.clone();
    }
    record
}

/// A record of the model with this content.
pub(super) fn assistant(content: &Value) -> Value {
    let message = json!({
        "id": "msg_01", "type": "message", "role": "assistant", "model": "claude-sonnet", "content": content,
        "stop_reason": null, "usage": { "input_tokens": 9, "output_tokens": 9 },
    });
    record("assistant", &json!({ "message": message }))
}

/// What the model says.
pub(super) fn said(text: &str) -> Value {
    assistant(&json!([{ "type": "text", "text": text }]))
}

pub(super) fn user(content: &Value) -> Value {
    record("user", &json!({ "message": { "role": "user", "content": content } }))
}

/// A record with fields changed.
pub(super) fn with(mut record: Value, fields: &Value) -> Value {
    for (key, value) in fields.as_object().unwrap() {
        record[key] = value.clone();
    }
    record
}

/// Records that are no messages, as every session has them.
pub(super) fn bookkeeping(n: usize) -> Value {
    match n % 8 {
        0 => {
            json!({ "type": "file-history-snapshot", "messageId": "1", "snapshot": { "trackedFileBackups": {} } })
        }
        1 => json!({ "type": "summary", "summary": "Plans", "leafUuid": "2" }),
        2 => {
            json!({ "type": "queue-operation", "operation": "enqueue", "content": "go on", "sessionId": "5e55" })
        }
        3 => json!({ "type": "last-prompt", "lastPrompt": "plan it" }),
        4 => json!({ "type": "ai-title", "title": "A plan" }),
        5 => record("system", &json!({ "subtype": "turn_duration", "durationMs": 7 })),
        6 => record("attachment", &json!({ "attachment": { "type": "hook_success", "content": "" } })),
        _ => record("system", &json!({ "content": "Running" })),
    }
}

/// Conversation without a plan.
pub(super) fn filler(n: usize) -> Value {
    match n % 7 {
        0 => user(&json!("please go on \u{1F680} \"quickly\" \\ {}")),
        1 => said("I looked around.\n\n# Findings\n\n```rust\nfn main() {}\n```\n\nNext: `a}{b`."),
        2 => assistant(
            &json!([{ "type": "tool_use", "id": "t", "name": "Bash", "input": { "command": "ls" } }]),
        ),
        3 => user(&json!([{ "type": "tool_result", "tool_use_id": "t", "content": "a\nb" }])),
        4 => assistant(&json!([{ "type": "thinking", "thinking": "hm", "signature": "AAAA" }])),
        _ => bookkeeping(n / 7),
    }
}

/// One record a line.
pub(super) fn lines(records: &[Value]) -> Vec<u8> {
    records.iter().flat_map(|record| format!("{record}\n").into_bytes()).collect()
}

/// A plan with two tasks.
pub(super) fn plan(title: &str) -> String {
    format!(
        "# {title}\n\n**Type:** Plan\n**Status:** Ready\n\n## Plan Structure\n\n```yaml\nmetadata:\n  name: {title}\n\
         tasks:\n  - id: task-0\n    name: Models\n    file: tasks/task-0.md\n    priority: high\n    dependencies: []\n  \
         - id: task-1\n    name: Form\n    dependencies: [task-0]\n```\n\n## Task Details\n\n### Task 0: Models\n\n\
         ```yaml\nid: task-0\nname: Models\n```\n{}### Task 1: Form\n\n```yaml\nid: task-1\nname: Form\n\
         dependencies: [task-0]\n```\n{}",
        BODIES[0], BODIES[1]
    )
}

/// What the tasks of `plan` say, byte for byte.
pub(super) const BODIES: [&str; 2] = [
    "\n## Objective\n\nStore  users.\t\n\n### Notes\n\n```md\n# Task 7: no task\n### Task 8: nor this\n**Type:** Plan\n```\n\n\
     | a | b |\n|---|---|\n\n",
    "\n# Form\n\n## Objective\n\nA form \u{1F3AF} with \"quotes\", `code` and \\n.\n\n#### Files to Touch\n\n**Create:**\n\
     - `src/form.rs`\n\n~~~\n```\n~~~\n\n---\n\nThe end of it.\n",
];

/// The forms that real plans took, by name. Each must mean what `plan` does.
pub(super) fn forms(title: &str) -> Vec<(&'static str, String)> {
    let plan = plan(title);
    let edit = |edits: &[(&str, &str)]| {
        edits.iter().fold(plan.clone(), |text, (from, to)| {
            assert!(text.contains(from), "{from:?}");
            text.replace(from, to)
        })
    };
    let front_0 = "```yaml\nid: task-0\nname: Models\n```\n";
    let front_1 = "```yaml\nid: task-1\nname: Form\ndependencies: [task-0]\n```\n";
    let bare = |front: &str| front.replace("```yaml", "---").replace("```", "---");
    let two = |front: &str| front.replace("```yaml\n", "```yaml\n---\n").replace("\n```", "\n---\n```");
    let before = |front: &str, heading: &str| format!("{}\n{heading}\n", bare(front));
    let [heading_0, heading_1] = ["### Task 0: Models\n\n", "### Task 1: Form\n\n"];
    vec![
        ("a fence under each task", plan.clone()),
        ("rules inside the fences", edit(&[(front_0, &two(front_0)), (front_1, &two(front_1))])),
        ("rules inside the index", edit(&[("```yaml\nmetadata", "```yaml\n---\nmetadata")])),
        ("bare front matter", edit(&[(front_0, &bare(front_0)), (front_1, &bare(front_1))])),
        (
            "front matter before the heading",
            edit(&[
                (&format!("{heading_0}{front_0}"), &before(front_0, "# Task 0: Models")),
                (&format!("{heading_1}{front_1}"), &before(front_1, "# Task 1: Form")),
            ]),
        ),
        (
            "no section for the details",
            edit(&[("## Task Details\n\n", ""), ("### Task 0", "## Task 0"), ("### Task 1", "## Task 1")]),
        ),
        ("numbers from 1", edit(&[("### Task 1:", "### Task 2:"), ("### Task 0:", "### Task 1:")])),
        ("titles for names", edit(&[("    name: ", "    title: "), ("\nname: ", "\ntitle: ")])),
        ("extra keys", edit(&[("id: task-0\nname", "id: task-0\nestimated_tokens: 900\nname")])),
        ("neither names nor files", edit(&[("\nname: Models", ""), ("    file: tasks/task-0.md\n", "")])),
        ("a preamble", format!("Let me think.\n\n# Notes\n\nIt is clear now.\n\n{plan}")),
        ("chatter behind it", format!("{plan}\n## References\n\n- a page\n\nShall I begin?")),
        ("a fence cut behind it", format!("{plan}\n## References\n\n```sh\nls")),
        ("windows line ends", plan.replace('\n', "\r\n")),
        ("without an end of line", plan.trim_end().to_owned()),
        (
            "emoji",
            edit(&[
                ("## Plan Structure", "## 🏗️ Plan Structure"),
                ("### Task 0", "### 🚀 Task 0"),
                ("### Task 1", "### 🚀 Task 1"),
            ]),
        ),
        ("tildes", edit(&[(front_0, &front_0.replace("```", "~~~"))])),
    ]
}

/// Records that hold a whole plan, and print none.
pub(super) fn decoys(text: &str) -> Vec<(&'static str, Value)> {
    let call = |name: &str, input: &Value| {
        assistant(&json!([{ "type": "tool_use", "id": "t", "name": name, "input": input }]))
    };
    let result =
        |content: &Value| user(&json!([{ "type": "tool_result", "tool_use_id": "t", "content": content }]));
    let quoted: String = text.lines().map(|line| format!("> {line}\n")).collect();
    let indented: String = text.lines().map(|line| format!("    {line}\n")).collect();
    let blocks = json!([{ "type": "text", "text": text }]);
    vec![
        ("a tool's result", result(&json!(text))),
        ("a tool's result in blocks", result(&blocks)),
        ("a tool's result beside the message", with(result(&json!("ok")), &json!({ "toolUseResult": text }))),
        (
            "a tool's result as an object",
            with(result(&json!("ok")), &json!({ "toolUseResult": { "stdout": text } })),
        ),
        ("a written file", call("Write", &json!({ "file_path": "plan.md", "content": text }))),
        ("an edit", call("Edit", &json!({ "old_string": text, "new_string": text }))),
        (
            "a shell command",
            call("Bash", &json!({ "command": format!("ctx plan create - <<'X'\n{text}\nX") })),
        ),
        ("an agent's prompt", call("Agent", &json!({ "prompt": text }))),
        ("a tool that names a plan", call("TodoWrite", &json!({ "plan": text }))),
        ("thinking", assistant(&json!([{ "type": "thinking", "thinking": text, "signature": "A" }]))),
        ("the user", user(&json!(text))),
        ("the user in blocks", user(&blocks)),
        ("an expanded command", with(user(&json!(text)), &json!({ "isMeta": true }))),
        ("an expanded command in blocks", with(user(&blocks), &json!({ "isMeta": true }))),
        ("a reminder from the model's side", with(said(text), &json!({ "isMeta": true }))),
        ("a subagent", with(said(text), &json!({ "isSidechain": true }))),
        (
            "a subagent's progress",
            record("progress", &json!({ "data": { "type": "agent_progress", "message": said(text) } })),
        ),
        ("an error of the service", with(said(text), &json!({ "isApiErrorMessage": true }))),
        (
            "a summary",
            with(user(&json!(text)), &json!({ "isCompactSummary": true, "isVisibleInTranscriptOnly": true })),
        ),
        ("a summary from the model's side", with(said(text), &json!({ "isCompactSummary": true }))),
        ("prose", said(&text.replace("**Type:** Plan", "It says **Type:** Plan in passing."))),
        (
            "prose that begins with it",
            said("**Type:** Plan is the line that I will write.\n**Type:** Plans\n"),
        ),
        ("a fence", said(&format!("An example:\n\n`````md\n{text}\n`````\n"))),
        ("a fence of tildes", said(&format!("An example:\n\n~~~~md\n{text}\n~~~~\n"))),
        ("a fence that is never closed", said(&format!("An example:\n\n~~~~~md\n{text}"))),
        ("a comment", said(&format!("Well.\n\n<!--\n{text}-->\n"))),
        ("a quotation", said(&quoted)),
        ("an indented block", said(&format!("An example:\n\n{indented}"))),
        ("text with signs for line ends", said(&text.replace('\n', "\\n"))),
        (
            "an attachment",
            record("attachment", &json!({ "attachment": { "type": "file", "content": text } })),
        ),
        ("a queued message", json!({ "type": "queue-operation", "operation": "enqueue", "content": text })),
        ("the last prompt", json!({ "type": "last-prompt", "lastPrompt": text })),
        ("the system", record("system", &json!({ "content": text, "message": { "content": text } }))),
        ("a record of no type", json!({ "message": { "content": [{ "type": "text", "text": text }] } })),
    ]
}

/// Lines that are no record, without their ends.
pub(super) fn bad_lines(text: &str) -> Vec<(&'static str, Vec<u8>)> {
    let whole = said(text).to_string().into_bytes();
    let cut = whole[..whole.len() - 9].to_vec();
    let digits: serde_json::Map<String, Value> =
        text.chars().take(40).enumerate().map(|(n, c)| (n.to_string(), json!(c))).collect();
    let swapped = String::from_utf8(whole.clone()).unwrap().replace("\"type\":\"text\"", "\"type\":\"text");
    vec![
        ("nothing", Vec::new()),
        ("NUL", vec![0; 5000]),
        ("a cut record", cut.clone()),
        ("a record without its beginning", whole[40..].to_vec()),
        ("two halves", [&whole[..200], &whole[200..][..whole.len() / 2]].concat()),
        ("NUL in the middle", [&cut[..300], &[0; 4096], &whole[400..]].concat()),
        ("bytes that are no text", [&[0xff, 0xfe, 0x80], &whole[1..]].concat()),
        ("a list", format!("[{}]", said(text)).into_bytes()),
        ("a string", json!(text).to_string().into_bytes()),
        ("the text itself", text.replace('\n', " ").into_bytes()),
        ("an odd quotation mark", swapped.into_bytes()),
        ("a message of numbers", record("assistant", &json!({ "message": digits })).to_string().into_bytes()),
        (
            "content of another type",
            record("assistant", &json!({ "message": { "content": { "text": text } } }))
                .to_string()
                .into_bytes(),
        ),
        ("deep nesting", vec![b'['; 100_000]),
        ("a number", b"7".to_vec()),
    ]
}
