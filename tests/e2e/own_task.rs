//! A session without a person in a task's worktree: told its task, working unasked, and sent back if it ends too early.

use std::path::Path;
use std::time::Duration;

use serde_json::{Value, json};

use super::on_every_version;
use super::project::Project;
use crate::support::client::{Client, run};
use crate::support::model::{Model, Request, bash, text, write};

on_every_version!(it_works_and_is_sent_back_once, it_starts_its_task_itself_as_an_executor);

const SESSION: &str = "0b54f3a2-6f3e-4c0e-9a53-0c1d8b6f6a01";

/// A plan with worktrees.
fn ready(client: &Client) -> Project {
    let project = Project::new(client);
    project.make_plan(client);
    let ended = project.ctx(client, &["worktree", "setup"]);
    assert_eq!(ended.code, Some(0), "{ended:#?}");
    project
}

fn status(client: &Client, project: &Project) -> Value {
    let ended = project.ctx(client, &["status", "--json"]);
    let status: Value =
        serde_json::from_str(&ended.stdout).unwrap_or_else(|error| panic!("{error}: {ended:#?}"));
    status["tasks"][0].clone()
}

fn it_works_and_is_sent_back_once(version: &'static str) {
    let client = Client::with_plugin(version);
    let project = ready(&client);
    let worktree = project.path().join("worktrees/task-0");
    // Claimed ahead, as a program that starts sessions does.
    let mut claim = client.command(Path::new(env!("CARGO_BIN_EXE_ctx")));
    claim
        .args(["task", "start", "task-0"])
        .current_dir(project.path())
        .env("CLAUDE_CODE_SESSION_ID", SESSION);
    assert_eq!(run(&mut claim, Duration::from_mins(1)).code, Some(0));
    let file = worktree.join("lib/greet.sh").to_str().unwrap().to_owned();
    let model = Model::start(move |request: &Request| {
        let sent_back = request.told().contains("`task-0` is not handed in");
        match request.calls().len() {
            0 => vec![write(&file, "x\n")],
            1 => vec![bash("git add -A && git status --short")],
            2 if !sent_back => vec![text("I think I am finished.")],
            2 => vec![bash("ctx commit -m \"feat: greet\"")],
            3 => vec![bash("ctx task submit task-0")],
            _ => vec![text("HANDED IN")],
        }
    });
    let options = ["--session-id", SESSION, "--permission-mode", "dontAsk"];
    let said = client.session(&model, &worktree).with(&options).say("Do the task.");
    assert_eq!((said.result(), said.denials()), ("HANDED IN", &json!([])), "{said:#?}");
    let told = model.requests()[0].told();
    assert!(
        told.contains("this is the worktree of `task-0` (Greet one)")
            && told.contains("in progress in this session"),
        "{told}"
    );
    assert_eq!(status(&client, &project)["status"], "completed");
}

fn it_starts_its_task_itself_as_an_executor(version: &'static str) {
    let client = Client::with_plugin(version);
    let project = ready(&client);
    let worktree = project.path().join("worktrees/task-0");
    let file = worktree.join("lib/greet.sh").to_str().unwrap().to_owned();
    let model = Model::start(move |request: &Request| match request.calls().len() {
        0 => vec![bash("ctx task start task-0")],
        1 => vec![write(&file, "x\n")],
        2 => vec![bash("ctx merge")],
        _ => vec![text("I stop here.")],
    });
    let options = ["--agent", "ctx:parallel-task-executor", "--permission-mode", "dontAsk"];
    client.session(&model, &worktree).with(&options).say("Task: task-0\nDo it.");
    let requests = model.requests();
    assert!(requests[0].system().contains("You do ONE task"), "it runs as that agent");
    let calls = requests.last().unwrap().calls();
    let failed: Vec<bool> = calls.iter().map(|call| call.failed).collect();
    assert_eq!(failed, [false, false, true], "{calls:#?}");
    assert!(calls[2].result.contains("your verbs are"), "{calls:#?}");
    let sent_back =
        requests.iter().filter(|request| request.news().contains("`task-0` is not handed in")).count();
    assert_eq!(sent_back, 1, "{}", requests.last().unwrap().told());
    // Sent back once, and stopped again: its work is kept for another attempt.
    let task = status(&client, &project);
    assert_eq!((&task["status"], &task["interrupted"]), (&json!("in_progress"), &json!(true)));
    assert!(worktree.join("lib/greet.sh").exists());
}
