//! Agents that start without a question: in a terminal, in the mode that the client starts in; and what becomes of them
//! when they are given a worktree of the client's own, a message, or an early end.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::on_every_version;
use super::project::{DOCUMENT, Project};
use crate::support::client::{Client, VERSIONS};
use crate::support::model::{Block, Call, Model, Request, agent, bash, text, write};
use crate::support::terminal::Terminal;

on_every_version!(
    three_start_in_a_terminal_without_a_question,
    a_worktree_of_the_client_s_own_is_taken_out,
    a_blocked_agent_goes_on_by_a_message,
    an_agent_whose_api_fails_leaves_its_task_interrupted,
);

const EXECUTOR: &str = "ctx:parallel-task-executor";
const TASKS: [&str; 3] = ["task-0", "task-1", "task-2"];

/// How the client begins a question: for one call, and where auto mode's own check is out of reach.
const QUESTIONS: [&str; 2] = ["Do you want", "Auto mode can't check actions"];

fn from_executor(request: &Request) -> bool {
    request.system().contains("You do ONE task")
}

fn line_of(request: &Request, name: &str) -> String {
    let told = request.told();
    told.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default().trim().to_owned()
}

/// The next of these steps, one call a turn.
fn step(request: &Request, steps: &[Block]) -> Vec<Block> {
    steps.get(request.calls().len()).map_or_else(|| vec![text("Did it.")], |step| vec![step.clone()])
}

/// Three tasks that wait for nothing, each with its worktree.
fn ready(client: &Client) -> Project {
    let project = Project::new(client);
    let document = client.home().join("plan.md");
    std::fs::write(&document, DOCUMENT.replace("dependencies: [task-0]", "dependencies: []")).unwrap();
    for args in [&["plan", "create", document.to_str().unwrap()][..], &["worktree", "setup"]] {
        let ended = project.ctx(client, args);
        assert_eq!(ended.code, Some(0), "{ended:#?}");
    }
    project
}

/// One field of every task, as `ctx status` says.
fn tasks(client: &Client, project: &Project, field: &str) -> Vec<Value> {
    let ended = project.ctx(client, &["status", "--json"]);
    let status: Value =
        serde_json::from_str(&ended.stdout).unwrap_or_else(|error| panic!("{error}: {ended:#?}"));
    status["tasks"].as_array().unwrap().iter().map(|task| task[field].clone()).collect()
}

/// Writes a file, commits it, hands in.
fn work(request: &Request) -> Vec<Block> {
    let (id, worktree) = (line_of(request, "Task: "), line_of(request, "Worktree: "));
    step(
        request,
        &[
            bash(format!("ctx task start {id}")),
            write(&format!("{worktree}/lib/{id}.sh"), "x\n"),
            bash(format!("ctx commit -m \"feat: {id}\"")),
            bash(format!("ctx task submit {id}")),
        ],
    )
}

fn three_start_in_a_terminal_without_a_question(version: &'static str) {
    let client = Client::with_plugin(version);
    let project = ready(&client);
    let model = Model::start(|request| match (from_executor(request), request.calls().len()) {
        (true, _) => work(request),
        (false, 0) => TASKS.iter().map(|id| agent(EXECUTOR, &format!("Task: {id}\nDo it."))).collect(),
        (false, _) => vec![text("ALL ARE STARTED")],
    });
    let terminal = Terminal::start(&client, &model, project.path());
    terminal.say("Go.");
    terminal.wait_for("ALL ARE STARTED");
    let deadline = Instant::now() + Duration::from_mins(1);
    while tasks(&client, &project, "status") != ["completed"; 3] {
        let screen = terminal.screen();
        assert!(!QUESTIONS.iter().any(|question| screen.contains(question)), "{screen}");
        assert!(Instant::now() < deadline, "{screen}");
        std::thread::sleep(Duration::from_millis(200));
    }
    let requests = model.requests();
    let started: Vec<&Request> = requests.iter().filter(|request| from_executor(request)).collect();
    assert!(TASKS.iter().all(|id| started.iter().any(|request| line_of(request, "Task: ") == *id)));

    // What the hook does not know is asked, so that silence above means something.
    if version == VERSIONS[1] {
        let model = Model::start(|request| match request.calls().len() {
            0 => vec![agent("general-purpose", "Look around.")],
            _ => vec![text("IT RAN")],
        });
        drop(terminal);
        let terminal = Terminal::start(&client, &model, project.path());
        terminal.say("Go.");
        terminal.wait_for(QUESTIONS[1]);
    }
}

fn a_worktree_of_the_client_s_own_is_taken_out(version: &'static str) {
    let client = Client::with_plugin(version);
    let project = ready(&client);
    let model = Model::start(|request| {
        if from_executor(request) {
            let id = line_of(request, "Task: ");
            return step(
                request,
                &[
                    bash(format!("ctx task start {id}")),
                    bash("pwd"),
                    bash(format!("ctx task block {id} --reason seen")),
                ],
            );
        }
        let Block::Call { name, mut input } = agent(EXECUTOR, "Task: task-0\nDo it.") else { unreachable!() };
        input["isolation"] = json!("worktree");
        step(request, &[Block::Call { name, input }])
    });
    let said = client.session(&model, project.path()).say("Go.");
    assert_eq!(said.denials(), &json!([]));
    let requests = model.requests();
    let last = requests.iter().rfind(|request| from_executor(request)).expect("it was started");
    let worktree = project.path().join("worktrees/task-0").canonicalize().unwrap();
    assert_eq!(last.calls()[1].result.trim(), worktree.to_str().unwrap(), "{:#?}", last.calls());
    assert!(!project.path().join(".claude/worktrees").exists());
    assert_eq!(tasks(&client, &project, "status")[0], "blocked");
}

/// The agent's id, as the client gives it to the main session.
fn agent_id(request: &Request) -> String {
    let calls = request.calls();
    let result =
        calls.iter().find(|call| call.name == "Agent").map(|call| call.result.clone()).unwrap_or_default();
    let id = result.split("agentId: ").nth(1).unwrap_or_default();
    id.chars().take_while(char::is_ascii_alphanumeric).collect()
}

/// Where tools are deferred, this loads one.
fn load(tool: &str) -> Block {
    Block::Call { name: "ToolSearch", input: json!({ "query": format!("select:{tool}") }) }
}

fn a_blocked_agent_goes_on_by_a_message(version: &'static str) {
    let client = Client::with_plugin(version);
    let project = ready(&client);
    let model = Model::start(move |request| {
        if from_executor(request) {
            if request.told().contains("Answer: Hello") {
                let blocked = |call: &Call| call.command().starts_with("ctx task block");
                let done = request.calls().into_iter().skip_while(|call| !blocked(call)).skip(1).count();
                let worktree = line_of(request, "Worktree: ");
                let steps = [
                    bash("ctx task start task-0"),
                    write(&format!("{worktree}/lib/greet.sh"), "x\n"),
                    bash("ctx commit -m \"feat: greet\""),
                    bash("ctx task submit task-0"),
                ];
                return steps.get(done).map_or_else(|| vec![text("Did it.")], |step| vec![step.clone()]);
            }
            return step(
                request,
                &[bash("ctx task start task-0"), bash("ctx task block task-0 --reason 'which greeting'")],
            );
        }
        let called = |name: &str| request.calls().iter().any(|call| call.name == name);
        // In the foreground the call itself ends with the agent.
        let returned =
            request.calls().iter().any(|call| call.name == "Agent" && call.result.contains("Did it."));
        let ended = returned || request.told().contains("<status>completed</status>");
        let message =
            json!({ "to": agent_id(request), "summary": "the greeting", "message": "Answer: Hello" });
        match () {
            () if !called("Agent") => vec![agent(EXECUTOR, "Task: task-0\nDo it.")],
            () if !ended => vec![text("WAITING")],
            () if version == VERSIONS[1] && !called("ToolSearch") => vec![load("SendMessage")],
            () if !called("SendMessage") => vec![Block::Call { name: "SendMessage", input: message }],
            () => vec![text("DONE")],
        }
    });
    let said = client.session(&model, project.path()).say("Go.");
    assert_eq!(said.denials(), &json!([]));
    let status = tasks(&client, &project, "status");
    let requests = model.requests();
    let calls = requests.iter().rfind(|request| !from_executor(request)).unwrap().calls();
    assert_eq!(status[0], "completed", "{calls:#?}");
}

fn an_agent_whose_api_fails_leaves_its_task_interrupted(version: &'static str) {
    let client = Client::with_plugin(version);
    let project = ready(&client);
    let model = Model::start(|request| match (from_executor(request), request.calls().len()) {
        (true, 0) => vec![bash("ctx task start task-0")],
        (true, _) => vec![Block::Refusal],
        (false, 0) => vec![agent(EXECUTOR, "Task: task-0\nDo it.")],
        // Its client is alive while this runs.
        (false, _) if !request.calls().iter().any(|call| call.command() == "ctx status") => {
            vec![bash("ctx status")]
        }
        (false, _) => vec![text("DONE")],
    });
    client.session(&model, project.path()).say("Go.");
    let plan = project.active_plan().expect("it is active");
    let claim = project.path().join(".git/ctx/claims").join(plan.file_name().unwrap()).join("task-0.json");
    let claim: Value = serde_json::from_slice(&std::fs::read(claim).unwrap()).unwrap();
    assert!(claim["ended"].as_str().is_some_and(|how| how.starts_with("the API failed")), "{claim}");
    assert_eq!(tasks(&client, &project, "interrupted")[0], true);
}

/// Only where agents run in the background can one be stopped; no stop event tells of it.
#[test]
fn a_killed_agent_s_task_is_interrupted_and_starts_again() {
    let client = Client::with_plugin(VERSIONS[1]);
    let project = ready(&client);
    let model = Model::start(|request| {
        if from_executor(request) {
            if request.calls().len() == 1 && !request.told().contains("Again.") {
                // Until it is killed.
                std::thread::sleep(Duration::from_secs(8));
            }
            return match request.told().contains("Again.") {
                true => work(request),
                false => step(request, &[bash("ctx task start task-0")]),
            };
        }
        let calls = request.calls();
        let called = |name: &str| calls.iter().filter(|call| call.name == name).count();
        let stop = Block::Call { name: "TaskStop", input: json!({ "task_id": agent_id(request) }) };
        let again = || vec![agent(EXECUTOR, "Task: task-0\nAgain.")];
        let last = calls.last().map(|call| call.command().to_owned()).unwrap_or_default();
        match () {
            () if calls.is_empty() => vec![agent(EXECUTOR, "Task: task-0\nDo it.")],
            () if called("ToolSearch") == 0 => vec![load("TaskStop")],
            () if called("TaskStop") == 0 => {
                std::thread::sleep(Duration::from_secs(3));
                vec![stop]
            }
            () if !request.told().contains("<status>killed</status>") => vec![text("WAITING")],
            () if called("Bash") == 0 => vec![bash("ctx status")],
            // Refused: it was interrupted.
            () if last == "ctx status" && called("Agent") == 1 => again(),
            () if called("Agent") == 2 && called("Bash") == 1 => vec![bash("ctx task retry task-0")],
            () if called("Agent") == 2 => again(),
            () => vec![text("DONE")],
        }
    });
    let said = client.session(&model, project.path()).say("Go.");
    let requests = model.requests();
    let calls = requests.iter().rfind(|request| !from_executor(request)).unwrap().calls();
    let find = |command: &str| {
        calls.iter().find(|call| call.command() == command).unwrap_or_else(|| panic!("{calls:#?}"))
    };
    assert!(find("ctx status").result.contains("interrupted"), "{calls:#?}");
    let refused: Vec<&str> = calls
        .iter()
        .filter(|call| call.name == "Agent" && call.failed)
        .map(|call| call.result.as_str())
        .collect();
    assert!(matches!(refused[..], [why] if why.contains("run `ctx task retry task-0`")), "{calls:#?}");
    assert!(!find("ctx task retry task-0").failed, "{calls:#?}");
    assert_eq!(tasks(&client, &project, "status")[0], "completed", "{said:#?}");
}
