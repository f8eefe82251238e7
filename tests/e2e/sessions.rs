//! Sessions that print a plan, however they end and whatever else their transcripts hold.

use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::on_every_version;
use super::plan::{is_saved, is_there};
use super::project::{DOCUMENT, Project};
use crate::support::client::Client;
use crate::support::model::{Block, Model, Request, agent, bash, exit_plan_mode, text, write};
use crate::support::terminal::Terminal;

on_every_version!(
    a_plan_is_there_after_exit,
    a_plan_is_there_after_clear,
    a_plan_of_a_killed_session_is_found_later,
    a_plan_is_there_after_300_megabytes,
    resumed_forked_and_compacted_sessions_hold_one_plan,
    what_only_quotes_a_plan_leaves_nothing,
    a_plan_of_plan_mode_is_material_for_the_command,
);

/// Prints the plan, with a last line to wait for.
fn printer(_: &Request) -> Vec<Block> {
    vec![text(format!("Here is the plan.\n\n{DOCUMENT}\n## References\n\nThat is all of it."))]
}

const LAST: &str = "That is all of it.";

/// A session in a terminal that has printed the plan.
#[track_caller]
fn planned<'a>(client: &'a Client, model: &Model, project: &Project) -> Terminal<'a> {
    let terminal = Terminal::start(client, model, project.path());
    terminal.say("Make a plan for greetings.");
    terminal.wait_for(LAST);
    assert!(project.active_plan().is_none(), "it is saved at the end");
    terminal
}

fn a_plan_is_there_after_exit(version: &'static str) {
    let client = Client::with_plugin(version);
    let project = Project::new(&client);
    let model = Model::start(printer);
    let terminal = planned(&client, &model, &project);
    terminal.say("/exit");
    terminal.wait_for_end();
    assert!(is_saved(&project));
    is_there(&client, &project);
}

fn a_plan_is_there_after_clear(version: &'static str) {
    let client = Client::with_plugin(version);
    let project = Project::new(&client);
    let model = Model::start(printer);
    let terminal = planned(&client, &model, &project);
    terminal.say("/clear");
    assert!(is_saved(&project), "{}", terminal.screen());
    is_there(&client, &project);
    terminal.wait_for("a plan was saved from your last session");
}

fn a_plan_of_a_killed_session_is_found_later(version: &'static str) {
    let client = Client::with_plugin(version);
    let project = Project::new(&client);
    let model = Model::start(printer);
    let terminal = planned(&client, &model, &project);
    let transcript = transcripts(&client).pop().expect("the client writes one");
    // The screen may be ahead of the file.
    wait_until(|| fs::read_to_string(&transcript).is_ok_and(|text| text.contains(LAST)));
    terminal.kill();
    assert!(project.active_plan().is_none());

    let model = Model::start(|_| vec![text("Hello.")]);
    client.session(&model, project.path()).say("Hello.");
    let told = model.requests()[0].told();
    let session = transcript.file_stem().expect("a name").to_string_lossy();
    let way_out = format!("`ctx plan extract --session {session}`");
    assert!(
        told.contains("printed a plan that was not saved: `Greetings`") && told.contains(&way_out),
        "{told}"
    );
    assert!(!project.path().join(".parallel").exists());
    append(&transcript, 300);
    let ended = project.ctx(&client, &["plan", "extract"]);
    assert_eq!(ended.code, Some(0), "{ended:#?}");
    is_there(&client, &project);
}

fn a_plan_is_there_after_300_megabytes(version: &'static str) {
    let client = Client::with_plugin(version);
    let project = Project::new(&client);
    let projects = client.home().join(".claude/projects");
    // While the session runs, before and after the plan.
    let model = Model::start(move |request| {
        // There is no transcript yet when the first answer is asked for.
        for transcript in jsonl_below(&projects) {
            append(&transcript, 150);
        }
        match request.calls().len() {
            0 => vec![bash("true")],
            1 => vec![text(format!("Here is the plan.\n\n{DOCUMENT}")), bash("true")],
            _ => vec![text("Shall I begin?")],
        }
    });
    let said =
        client.session(&model, project.path()).allow(&["Bash(true)"]).say("Make a plan for greetings.");
    assert_eq!(said.result(), "Shall I begin?");
    let transcript = said.transcript(&client);
    assert!(fs::metadata(&transcript).expect("it is there").len() > 300 << 20);
    assert!(is_saved(&project), "{}", said.stderr);
    is_there(&client, &project);
}

fn resumed_forked_and_compacted_sessions_hold_one_plan(version: &'static str) {
    let client = Client::with_plugin(version);
    let project = Project::new(&client);
    let model = Model::start(|request| match request.told().contains("Go on.") {
        true => vec![text("I go on.")],
        false => printer(request),
    });
    let first = client.session(&model, project.path()).say("Make a plan for greetings.");
    assert!(is_saved(&project));
    let again = |args: &[&str], prompt: &str| {
        client
            .session(&model, project.path())
            .with(&[&["--resume", first.session()], args].concat())
            .say(prompt)
    };
    let resumed = again(&[], "Go on.");
    let forked = again(&["--fork-session"], "Go on.");
    assert_ne!(forked.session(), first.session());
    again(&[], "/compact");
    for said in [&first, &resumed, &forked] {
        assert_eq!(listed(&client, &project, &said.transcript(&client)), ["Greetings, complete"]);
    }
    let boundary = "\"compact_boundary\"";
    assert!(fs::read_to_string(first.transcript(&client)).is_ok_and(|text| text.contains(boundary)));
    // None of them has made a second one.
    is_there(&client, &project);
}

/// A subagent that prints the plan, and a main model that writes it to a file, reads it, runs it and quotes it.
fn quoter(request: &Request) -> Vec<Block> {
    if request.told().contains("Print the plan as it is.") && !request.told().contains("Ask for the plan.") {
        return vec![text(DOCUMENT)];
    }
    match request.calls().len() {
        0 => vec![agent("general-purpose", "Print the plan as it is.")],
        1 => vec![write("plan.md", DOCUMENT)],
        2 => vec![bash("cat plan.md")],
        3 => vec![bash(format!("cat <<'X'\n{DOCUMENT}X"))],
        _ => vec![text(format!(
            "A **Type:** Plan looks like this:\n\n````md\n{DOCUMENT}\n````\n\nIt says\n> **Type:** Plan"
        ))],
    }
}

fn what_only_quotes_a_plan_leaves_nothing(version: &'static str) {
    let client = Client::with_plugin(version);
    let project = Project::new(&client);
    fs::write(project.path().join("plan.md"), "").expect("the project can be written");
    let model = Model::start(quoter);
    let granted = ["Agent", "Task", "Write", "Read", "Bash(cat:*)"];
    let said = client
        .session(&model, project.path())
        .allow(&granted)
        .say(&format!("Ask for the plan.\n\n{DOCUMENT}"));
    assert_eq!(said.denials(), &json!([]));
    let all = transcripts(&client);
    let holding =
        all.iter().filter(|path| fs::read_to_string(path).is_ok_and(|text| text.contains("**Type:** Plan")));
    assert_eq!(holding.count(), 2, "the session's and the subagent's: {all:?}");
    assert_eq!(listed(&client, &project, &said.transcript(&client)), Vec::<String>::new());
    assert!(!is_saved(&project) && !project.path().join(".parallel").exists());
}

const NATIVE: &str = "# Greet people\n\n1. Write a function that says \"Hello\".\n2. Count them.\n";

fn a_plan_of_plan_mode_is_material_for_the_command(version: &'static str) {
    let client = Client::with_plugin(version);
    let project = Project::new(&client);
    let model = Model::start(|request| match request.calls().len() {
        0 => vec![exit_plan_mode(NATIVE)],
        _ => vec![text("I wait.")],
    });
    let planning = client.session(&model, project.path()).with(&["--permission-mode", "plan"]);
    let planned = planning.say("Plan greetings.");
    assert_eq!(listed(&client, &project, &planned.transcript(&client)), ["Greet people, plan mode"]);
    assert!(!is_saved(&project) && !project.path().join(".parallel").exists(), "it has no tasks");

    let model = Model::start(|request| match request.calls().len() {
        0 => vec![bash("ctx plan extract --list")],
        1 => vec![bash("ctx plan extract --pick 1 --dry-run")],
        _ => vec![text("Seen.")],
    });
    let said = client.session(&model, project.path()).say("/ctx:plan make tasks of my plan-mode plan");
    assert_eq!((said.result(), said.denials()), ("Seen.", &json!([])));
    let requests = model.requests();
    let told = requests[0].told();
    assert!(told.contains("The request: make tasks of my plan-mode plan"), "{told}");
    assert!(told.contains("`ctx plan extract --list`") && told.contains("--pick N --dry-run"), "{told}");
    let calls = requests.last().expect("the model was asked").calls();
    assert!(calls[0].result.contains("plan mode") && calls[0].result.contains("Greet people"), "{calls:#?}");
    // The client leaves out white space at the end of a result.
    assert!(calls[1].result.starts_with(NATIVE.trim_end()), "{calls:#?}");
}

/// The plans of a transcript, as `ctx plan extract --list` says.
#[track_caller]
fn listed(client: &Client, project: &Project, transcript: &Path) -> Vec<String> {
    let path = transcript.to_string_lossy();
    let ended = project.ctx(client, &["plan", "extract", "--list", "--json", "--transcript", &path]);
    let rows: Value =
        serde_json::from_str(&ended.stdout).unwrap_or_else(|error| panic!("{error}: {ended:#?}"));
    let row = |row: &Value| {
        let state =
            if row["complete"] == true { "complete" } else { row["kind"].as_str().unwrap_or_default() };
        format!("{}, {state}", row["title"].as_str().unwrap_or_default())
    };
    rows.as_array().into_iter().flatten().map(row).collect()
}

/// Every transcript that the client has written.
fn transcripts(client: &Client) -> Vec<PathBuf> {
    jsonl_below(&client.home().join(".claude/projects"))
}

fn jsonl_below(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            found.extend(jsonl_below(&path));
        } else if path.extension().is_some_and(|extension| extension == "jsonl") {
            found.push(path);
        }
    }
    found
}

/// Appends this many megabytes of records, as a long session leaves them.
fn append(transcript: &Path, megabytes: usize) {
    let common =
        json!({ "isSidechain": true, "sessionId": "old", "version": "2.0.0", "cwd": "/old", "uuid": "1" });
    let record = |kind: &str, content: Value| {
        let mut record = common.clone();
        record["type"] = json!(kind);
        record["message"] = json!({ "role": kind, "content": content });
        format!("{record}\n")
    };
    let lines = "let it = \"be\";\n".repeat(300);
    let piece = [
        record("user", json!([{ "type": "tool_result", "tool_use_id": "t", "content": lines }])),
        record("assistant", json!([{ "type": "text", "text": "The line **Type:** Plan comes first." }])),
        record("user", json!([{ "type": "tool_result", "tool_use_id": "t", "content": DOCUMENT }])),
    ]
    .concat();
    let megabyte = piece.repeat((1 << 20) / piece.len() + 1);
    let mut file = File::options().append(true).open(transcript).expect("the transcript is there");
    for _ in 0..megabytes {
        file.write_all(megabyte.as_bytes()).expect("there is room");
    }
}

#[track_caller]
fn wait_until(done: impl Fn() -> bool) {
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(20);
    while !done() {
        assert!(std::time::Instant::now() < deadline, "it does not happen");
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
}
