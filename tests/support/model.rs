//! A stand-in for the model's server: answers the client's requests as a test's script says.
//!
//! In: a function from a request to the blocks of one assistant turn. Out: a loopback address to point the client
//! at, and afterwards every request it made. It is stateless: all that a script knows is in the request, as for the
//! real model. It listens on 127.0.0.1 only and ends when it is dropped.

use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

use serde_json::{Value, json};
use tiny_http::{Header, Method, Response, Server, StatusCode};

/// Requests that can wait in a script at the same time: one session with its subagents has no more.
const WORKERS: usize = 8;

/// A part of an assistant's turn.
#[derive(Clone, Debug)]
pub(crate) enum Block {
    /// What it says.
    Text(String),
    /// A tool it calls.
    Call { name: &'static str, input: Value },
    /// No turn: the server refuses the request for good.
    Refusal,
}

/// Something said.
pub(crate) fn text(said: impl Into<String>) -> Block {
    Block::Text(said.into())
}

/// A shell command.
pub(crate) fn bash(command: impl Into<String>) -> Block {
    Block::Call { name: "Bash", input: json!({ "command": command.into(), "description": "scripted" }) }
}

/// A file written.
pub(crate) fn write(path: &str, content: &str) -> Block {
    Block::Call { name: "Write", input: json!({ "file_path": path, "content": content }) }
}

/// The end of the client's plan mode, with what was planned.
pub(crate) fn exit_plan_mode(plan: &str) -> Block {
    Block::Call { name: "ExitPlanMode", input: json!({ "plan": plan }) }
}

/// A subagent started.
pub(crate) fn agent(kind: &str, prompt: &str) -> Block {
    let description = prompt.lines().next().unwrap_or_default();
    Block::Call {
        name: "Agent",
        input: json!({ "description": description, "prompt": prompt, "subagent_type": kind }),
    }
}

/// A tool call of the conversation, with what came of it.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    pub(crate) name: String,
    pub(crate) input: Value,
    pub(crate) result: String,
    pub(crate) failed: bool,
}

impl Call {
    /// The command of a shell call; empty for other tools.
    pub(crate) fn command(&self) -> &str {
        self.input["command"].as_str().unwrap_or_default()
    }
}

/// One request for a turn.
#[derive(Clone, Debug)]
pub(crate) struct Request(Value);

impl Request {
    /// Everything that was sent, as JSON.
    pub(crate) fn all(&self) -> String {
        self.0.to_string()
    }

    /// The name of the model asked for.
    pub(crate) fn model(&self) -> &str {
        self.0["model"].as_str().unwrap_or_default()
    }

    /// The system prompt: a subagent's definition stands there.
    pub(crate) fn system(&self) -> String {
        text_of(&self.0["system"])
    }

    /// All that was said to the model apart from the system prompt and tool results: the user, expanded commands,
    /// hooks' additions, notifications.
    pub(crate) fn told(&self) -> String {
        self.others().map(|message| text_of(&message["content"])).collect::<Vec<_>>().join("\n")
    }

    /// The messages after the model's last turn, tool results left out: what is new.
    pub(crate) fn news(&self) -> String {
        let messages = self.messages();
        let last = messages.iter().rposition(|message| message["role"] == "assistant");
        let new = &messages[last.map_or(0, |n| n + 1)..];
        new.iter().map(|message| text_of(&message["content"])).collect::<Vec<_>>().join("\n")
    }

    /// Every tool call so far, in order, with its result.
    pub(crate) fn calls(&self) -> Vec<Call> {
        let results: Vec<&Value> = self.others().flat_map(|message| blocks(message, "tool_result")).collect();
        let uses = self.messages().iter().flat_map(|message| blocks(message, "tool_use"));
        uses.map(|call| {
            let result = results.iter().find(|result| result["tool_use_id"] == call["id"]);
            Call {
                name: call["name"].as_str().unwrap_or_default().to_owned(),
                input: call["input"].clone(),
                result: result.map(|result| text_of(&result["content"])).unwrap_or_default(),
                failed: result.is_some_and(|result| result["is_error"] == true),
            }
        })
        .collect()
    }

    /// The calls that the model's last turn made, if it made any.
    pub(crate) fn last_calls(&self) -> Vec<Call> {
        let last = self.messages().iter().rfind(|message| message["role"] == "assistant");
        let count = last.map_or(0, |message| blocks(message, "tool_use").count());
        let mut calls = self.calls();
        calls.split_off(calls.len() - count)
    }

    /// Does it belong to a conversation, and not to the client's own small questions (titles, summaries)?
    fn is_conversation(&self) -> bool {
        self.0["tools"].as_array().is_some_and(|tools| !tools.is_empty())
    }

    fn messages(&self) -> &[Value] {
        self.0["messages"].as_array().map_or(&[], Vec::as_slice)
    }

    fn others(&self) -> impl Iterator<Item = &Value> {
        self.messages().iter().filter(|message| message["role"] != "assistant")
    }
}

fn blocks<'a>(message: &'a Value, kind: &'a str) -> impl Iterator<Item = &'a Value> {
    message["content"].as_array().into_iter().flatten().filter(move |block| block["type"] == kind)
}

fn text_of(content: &Value) -> String {
    match content {
        Value::String(text) => text.clone(),
        Value::Array(parts) => {
            let texts = parts.iter().filter_map(|part| part["text"].as_str());
            texts.collect::<Vec<_>>().join("\n")
        }
        _ => String::new(),
    }
}

type Script = dyn Fn(&Request) -> Vec<Block> + Send + Sync;

/// A running server.
pub(crate) struct Model {
    server: Arc<Server>,
    requests: Arc<Mutex<Vec<Request>>>,
    workers: Vec<JoinHandle<()>>,
}

impl Model {
    /// Starts a server whose turns `script` makes. A script that panics fails its request, and the test by what is
    /// missing then.
    pub(crate) fn start(script: impl Fn(&Request) -> Vec<Block> + Send + Sync + 'static) -> Self {
        let server = Arc::new(Server::http("127.0.0.1:0").expect("a free port on loopback"));
        let requests = Arc::default();
        let script: Arc<Script> = Arc::new(script);
        let workers = (0..WORKERS)
            .map(|_| {
                let (server, requests, script) =
                    (Arc::clone(&server), Arc::clone(&requests), Arc::clone(&script));
                std::thread::spawn(move || {
                    while let Ok(request) = server.recv() {
                        answer(request, &requests, &*script);
                    }
                })
            })
            .collect();
        Self { server, requests, workers }
    }

    /// For `ANTHROPIC_BASE_URL`.
    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.server.server_addr())
    }

    /// Every request of a conversation so far, in the order of arrival.
    pub(crate) fn requests(&self) -> Vec<Request> {
        self.requests.lock().expect("no script panicked").clone()
    }
}

impl Drop for Model {
    fn drop(&mut self) {
        // One call wakes one waiting worker.
        while self.workers.iter().any(|worker| !worker.is_finished()) {
            self.server.unblock();
            std::thread::sleep(Duration::from_millis(1));
        }
    }
}

fn answer(mut http: tiny_http::Request, requests: &Mutex<Vec<Request>>, script: &Script) {
    let mut body = Vec::new();
    let read = http.as_reader().read_to_end(&mut body);
    let turn = http.method() == &Method::Post && http.url().contains("/v1/messages");
    let (status, kind, answer) = if read.is_err() || !turn {
        (404, "application/json", "{}".to_owned())
    } else if http.url().contains("count_tokens") {
        (200, "application/json", json!({ "input_tokens": 100 }).to_string())
    } else {
        let request = Request(serde_json::from_slice(&body).unwrap_or_default());
        let mut turn = vec![text("ok")];
        let mut number = 0;
        if request.is_conversation() {
            let mut requests = requests.lock().expect("no script panicked");
            requests.push(request.clone());
            number = requests.len();
            drop(requests);
            turn = script(&request);
        }
        let message = message(&request, number, &turn);
        if turn.iter().any(|block| matches!(block, Block::Refusal)) {
            let error = json!({ "type": "invalid_request_error", "message": "refused by the script" });
            (400, "application/json", json!({ "type": "error", "error": error }).to_string())
        } else if request.0["stream"] == true {
            (200, "text/event-stream", stream(&message))
        } else {
            (200, "application/json", message.to_string())
        }
    };
    let header = Header::from_bytes("content-type", kind).expect("a valid header");
    let response = Response::from_data(answer).with_header(header).with_status_code(StatusCode(status));
    // A client that is gone wants no answer.
    let _ = http.respond(response);
}

fn message(request: &Request, number: usize, turn: &[Block]) -> Value {
    let content: Vec<Value> = turn
        .iter()
        .enumerate()
        .filter_map(|(n, block)| match block {
            Block::Text(text) => Some(json!({ "type": "text", "text": text })),
            Block::Refusal => None,
            Block::Call { name, input } => {
                let id = format!("toolu_{number:04}_{n}");
                Some(json!({ "type": "tool_use", "id": id, "name": name, "input": input }))
            }
        })
        .collect();
    let calls = turn.iter().any(|block| matches!(block, Block::Call { .. }));
    json!({
        "id": format!("msg_{number:06}"), "type": "message", "role": "assistant", "model": request.model(),
        "content": content, "stop_reason": if calls { "tool_use" } else { "end_turn" }, "stop_sequence": null,
        "usage": {
            "input_tokens": 1000, "output_tokens": 50, "cache_creation_input_tokens": 0, "cache_read_input_tokens": 0,
        },
    })
}

/// The message as server-sent events: <https://docs.claude.com/en/docs/build-with-claude/streaming>.
fn stream(message: &Value) -> String {
    let mut start = message.clone();
    start["content"] = json!([]);
    start["stop_reason"] = Value::Null;
    let mut events = vec![json!({ "type": "message_start", "message": start })];
    for (index, block) in message["content"].as_array().into_iter().flatten().enumerate() {
        let mut empty = block.clone();
        let delta = if block["type"] == "text" {
            empty["text"] = json!("");
            json!({ "type": "text_delta", "text": block["text"] })
        } else {
            empty["input"] = json!({});
            json!({ "type": "input_json_delta", "partial_json": block["input"].to_string() })
        };
        events.push(json!({ "type": "content_block_start", "index": index, "content_block": empty }));
        events.push(json!({ "type": "content_block_delta", "index": index, "delta": delta }));
        events.push(json!({ "type": "content_block_stop", "index": index }));
    }
    let delta = json!({ "stop_reason": message["stop_reason"], "stop_sequence": null });
    events.push(json!({ "type": "message_delta", "delta": delta, "usage": { "output_tokens": 50 } }));
    events.push(json!({ "type": "message_stop" }));
    let event =
        |event: &Value| format!("event: {}\ndata: {event}\n\n", event["type"].as_str().unwrap_or_default());
    events.iter().map(event).collect()
}
