//! The client's file tools: `Read`, `Write`, `Edit`, `NotebookEdit`, and the searches `Glob` and `Grep`.

use std::path::Path;

use serde_json::Value;

use super::argument::Arg;
use super::call::{Call, Input};
use super::effect::Effect;
use super::limits;
use super::proof::{Judge, Proof, Refusal};
use super::reach::Reach;
use super::state::{State, lexical};
use super::{Decision, Effects, Scene, places, programs};

/// Judges a file tool's call; none if the tool is no file tool.
pub fn file_tool(tool: &str, input: &Value, cwd: &Path, scene: Scene<'_>) -> Option<Decision> {
    let key = match tool {
        "Read" | "Write" | "Edit" | "MultiEdit" => "file_path",
        "NotebookEdit" | "NotebookRead" => "notebook_path",
        "Glob" | "Grep" | "LS" => "path",
        _ => return None,
    };
    Some(judge(tool, input.get(key), cwd, scene, input).into())
}

fn judge(
    tool: &str,
    path: Option<&Value>,
    cwd: &Path,
    scene: Scene<'_>,
    input: &Value,
) -> Result<Proof, Refusal> {
    let nothing = |why: &str| Err(Refusal::Nothing(why.to_owned()));
    let searches = matches!(tool, "Glob" | "Grep" | "LS");
    let path = match path {
        Some(Value::String(path)) if !path.is_empty() => path.as_str(),
        None | Some(Value::Null) if searches => ".",
        _ => return nothing("the call names no file"),
    };
    // A tilde is no folder here, but the client may take it for one.
    if path.starts_with('~') || path.chars().any(|c| limits::is_deceptive(c) || c == '\n') {
        return nothing("the path is not what it looks like");
    }
    let Some(path) = lexical(&cwd.join(path)) else { return nothing("the path is not known") };
    let reads = searches || matches!(tool, "Read" | "NotebookRead");
    let objection = scene.rules.file_objection(tool, &path, &Reach::new(scene.territory, scene.facts));
    // A pattern may lead out of the folder it is given, or name what is not to be read.
    let pattern = match input.get(if tool == "Glob" { "pattern" } else { "glob" }) {
        None | Some(Value::Null) => "",
        Some(Value::String(pattern)) => pattern,
        Some(_) => return nothing("the pattern is not known"),
    };
    let leads_out = |part: &str| {
        part.starts_with(['/', '~', '$'])
            || part.split('/').any(|name| name == "..")
            || places::names_secret(part)
    };
    if searches && (pattern.split(['{', '}', ',', ' ']).any(leads_out) || places::matches_secret(pattern)) {
        return nothing("the pattern may lead elsewhere");
    }
    let mut effects = Effects::default();
    if tool == "Grep" {
        search(&path, pattern, cwd, scene, &mut effects);
    }
    effects.add(if reads { Effect::Read(path) } else { Effect::Write(path) });
    let proof = Judge { territory: scene.territory, facts: scene.facts }.prove(&effects)?;
    match (scene.rules.broken(), objection) {
        (Some(why), _) => nothing(why),
        (None, Some(rule)) => nothing(&format!("the rule `{rule}` leaves it to the person")),
        (None, None) => Ok(proof),
    }
}

/// What `Grep` does: client 2.1.329 runs ripgrep over hidden files too; a pattern brings in what git ignores.
fn search(path: &Path, pattern: &str, cwd: &Path, scene: Scene<'_>, effects: &mut Effects) {
    let (Some(path), Some(state)) = (path.to_str(), State::at(cwd, scene.facts)) else {
        return effects.unknown("where it searches is not known");
    };
    let text = |text: &str| Arg::Text(text.to_owned());
    let mut args = vec![text("--hidden")];
    if !pattern.is_empty() {
        args.push(Arg::Text(format!("--glob={pattern}")));
    }
    args.extend([text("--"), text("."), text(path)]);
    let Scene { facts, territory, .. } = scene;
    let mut call = Call {
        program: "rg",
        args: &args,
        state: &state,
        facts,
        territory,
        effects,
        input: Input::Text,
        fed: false,
    };
    programs::run(&mut call);
}
