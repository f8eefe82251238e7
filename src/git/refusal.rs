//! Who refused a call of git: a hook of the repository, the signing program, or git itself.
//!
//! Read from the events that git writes about its children (`GIT_TRACE2_EVENT`, git 2.22 or later), not from its
//! sentences: a hook may print anything.

use std::collections::HashMap;

use serde::Deserialize;

use super::{Git, Result};

/// What ended a call of git that failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// Who refused.
    pub by: RefusedBy,
    /// What was printed to standard error, trimmed.
    pub said: String,
}

/// Who refused a call of git.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RefusedBy {
    /// This hook of the repository ended with another exit code than 0.
    Hook(String),
    /// The program that signs commits failed or could not be started.
    Signing,
    /// Git itself.
    Git,
}

/// One event; only of children.
#[derive(Deserialize)]
struct Event {
    #[serde(rename = "event")]
    kind: String,
    sid: String,
    child_id: Option<i64>,
    child_class: Option<String>,
    hook_name: Option<String>,
    #[serde(default)]
    argv: Vec<String>,
    code: Option<i64>,
}

/// Runs a call that starts hooks or signs, and gives its standard output or who refused it.
pub(super) fn run_watched(call: Git) -> Result<std::result::Result<Vec<u8>, Refusal>> {
    let events = tempfile::NamedTempFile::new()?;
    let call = call.env("GIT_TRACE2_EVENT", events.path()).env("GIT_TRACE2_EVENT_NESTING", "1");
    // Git fails on a value of the person's that it cannot read, once it writes events.
    let call = call
        .env("GIT_TRACE2_REDACT", "1")
        .env("GIT_TRACE2_EVENT_BRIEF", "0")
        .env("GIT_TRACE2_MAX_FILES", "0");
    let output = call.output()?;
    if output.success() {
        return Ok(Ok(output.stdout));
    }
    let by = failed_child(&std::fs::read(events.path())?).unwrap_or(RefusedBy::Git);
    let mut said = String::from_utf8_lossy(&output.stderr).into_owned();
    // Git leaves this hook its standard output; every other one writes to standard error.
    if by == RefusedBy::Hook("pre-push".to_owned()) {
        said.insert_str(0, &String::from_utf8_lossy(&output.stdout));
    }
    // What git adds about a hook says less than the hook did.
    let is_git_s =
        |line: &str| by != RefusedBy::Git && line.starts_with("fatal: ref updates aborted by hook");
    let said: Vec<&str> = said.lines().filter(|line| !is_git_s(line)).collect();
    Ok(Err(Refusal { by, said: said.join("\n").trim().to_owned() }))
}

/// The last child of this git, not of a git that a hook started, that failed.
fn failed_child(events: &[u8]) -> Option<RefusedBy> {
    let text = String::from_utf8_lossy(events);
    let mut own = None;
    let mut children: HashMap<i64, RefusedBy> = HashMap::new();
    let mut failed = None;
    for event in text.lines().filter_map(|line| serde_json::from_str::<Event>(line).ok()) {
        if *own.get_or_insert_with(|| event.sid.clone()) != event.sid {
            continue;
        }
        let Some(id) = event.child_id else { continue };
        if event.kind == "child_start" {
            let who = match (event.child_class.as_deref(), event.hook_name) {
                (Some("hook"), Some(hook)) => RefusedBy::Hook(hook),
                _ if event.argv.iter().any(|arg| arg == "-bsau" || arg == "sign") => RefusedBy::Signing,
                _ => RefusedBy::Git,
            };
            children.insert(id, who);
        } else if event.kind == "child_exit" && event.code != Some(0) {
            failed = children.get(&id).cloned().filter(|who| *who != RefusedBy::Git).or(failed);
        }
    }
    failed
}
