//! `/ctx:execute` from the plan to the merged result, with agents that really edit, test and commit.

use serde_json::json;

use super::on_every_version;
use super::project::{Project, WORK, Work};
use crate::support::client::Client;
use crate::support::model::{Block, Call, Model, Request, agent, bash, text, write};

on_every_version!(three_tasks_end_merged, a_blocked_task_is_answered_and_given_back);

const EXECUTOR: &str = "ctx:parallel-task-executor";
const GROUPS: [&[&str]; 2] = [&["task-0", "task-1"], &["task-2"]];

/// What no proof covers: the project's own scripts. The person allows them by a rule.
const RULES: [&str; 1] = ["Bash(sh tests/*)"];

/// Is the request from an executor?
fn from_executor(request: &Request) -> bool {
    request.system().contains("You do ONE task")
}

/// The main session's turn: what `/ctx:execute` says, for both ways in which agents run.
fn lead(request: &Request) -> Vec<Block> {
    let calls = request.calls();
    if let Some(failed) = request.last_calls().into_iter().find(|call| call.failed) {
        return vec![text(format!("FAILED {}: {}", failed.input, failed.result))];
    }
    let news = request.news();
    let groups = calls.iter().filter(|call| call.command() == "ctx worktree setup").count();
    let agents = |call: &&Call| call.name == "Agent";
    if calls.is_empty() {
        return vec![bash("ctx worktree setup")];
    }
    if news.contains("<task-notification>") {
        return vec![bash("ctx task list")];
    }
    let last = request.last_calls();
    let Some(done) = last.last() else { return vec![text("LOST")] };
    match done.command() {
        "ctx worktree setup" => {
            GROUPS[groups - 1].iter().map(|id| bash(format!("ctx worktree path {id}"))).collect()
        }
        "ctx task list" => after_an_end(request, groups, calls.iter().filter(agents).count()),
        "ctx merge" if groups < GROUPS.len() => vec![bash("ctx worktree setup")],
        "ctx merge" => vec![bash("ctx status")],
        "ctx status" => vec![text(format!("REPORT\n{}", done.result))],
        path if path.starts_with("ctx worktree path ") => {
            let start = |call: &Call| {
                let id = call.command().trim_start_matches("ctx worktree path ");
                agent(EXECUTOR, &format!("Task: {id}\nWorktree: {}", call.result.trim()))
            };
            last.iter().map(start).collect()
        }
        _ if done.name == "Agent" && done.result.contains("Async agent launched") => vec![text("WAITING")],
        _ if done.name == "Agent" => vec![bash("ctx task list")],
        other => vec![text(format!("LOST after {other:?}"))],
    }
}

/// Merges when every agent has ended; gives a blocked task back first.
fn after_an_end(request: &Request, groups: usize, started: usize) -> Vec<Block> {
    let told = request.told();
    let background = told.contains("<task-notification>");
    if background && told.matches("<status>completed</status>").count() < started {
        return vec![text("WAITING")];
    }
    let wanted: usize = GROUPS[..groups].iter().map(|group| group.len()).sum();
    let calls = request.calls();
    let asked = calls.last().is_some_and(|list| list.result.contains("which greeting"));
    if asked && started == wanted {
        let again =
            calls.iter().find(|call| call.input["prompt"].as_str().is_some_and(|p| p.contains("task-0")));
        let prompt = again.expect("it was started").input["prompt"].as_str().unwrap_or_default().to_owned();
        return vec![agent(EXECUTOR, &format!("{prompt}\nAnswer: Hello"))];
    }
    vec![bash("ctx merge")]
}

/// An executor's turn: what its definition says.
fn execute(request: &Request) -> Vec<Block> {
    let told = request.told();
    let line = |name: &str| told.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default().trim();
    let (id, worktree) = (line("Task: "), line("Worktree: "));
    let Some(work) = WORK.iter().find(|work| work.id == id) else { return vec![text("no task")] };
    if let Some(failed) = request.last_calls().into_iter().find(|call| call.failed) {
        return vec![text(format!("FAILED {}: {}", failed.input, failed.result))];
    }
    steps(work, worktree)
        .into_iter()
        .nth(request.calls().len())
        .map_or_else(|| vec![text(format!("Did {id}; its test is green."))], |step| vec![step])
}

fn steps(work: &Work, worktree: &str) -> Vec<Block> {
    let in_worktree = |command: &str| bash(format!("cd '{worktree}' && {command}"));
    let written = work.files.iter().map(|(path, content)| write(&format!("{worktree}/{path}"), content));
    let mut steps =
        vec![bash(format!("ctx task start {}", work.id)), bash(format!("ctx task show {}", work.id))];
    steps.extend(written);
    steps.extend([
        in_worktree(work.test),
        in_worktree(&format!("ctx commit -m \"feat: {}\"", work.id)),
        bash(format!("ctx task submit {}", work.id)),
    ]);
    steps
}

fn three_tasks_end_merged(version: &'static str) {
    let client = Client::with_plugin(version);
    client.add_rules("allow", &RULES);
    let project = Project::new(&client);
    project.make_plan(&client);
    let model = Model::start(|request| if from_executor(request) { execute(request) } else { lead(request) });
    let said = client.session(&model, project.path()).say("/ctx:execute");

    assert!(said.result().starts_with("REPORT"), "{}", said.result());
    assert_eq!(said.denials(), &json!([]));
    let requests = model.requests();
    let told = requests[0].told();
    assert!(WORK.iter().all(|work| told.contains(work.id)), "the model is told the tasks: {told}");
    assert!(requests.iter().filter(|r| from_executor(r)).all(|r| r.model().contains("haiku")));
    agents_of_a_group_start_in_one_response(&requests);
    all_is_merged(&client, &project);
}

fn a_blocked_task_is_answered_and_given_back(version: &'static str) {
    let client = Client::with_plugin(version);
    client.add_rules("allow", &RULES);
    let project = Project::new(&client);
    project.make_plan(&client);
    let model = Model::start(|request| {
        if !from_executor(request) {
            return lead(request);
        }
        let told = request.told();
        if told.contains("Answer: ") || !told.contains("Task: task-0") {
            return execute(request);
        }
        match request.calls().len() {
            0 => vec![bash("ctx task start task-0")],
            1 => vec![bash("ctx task block task-0 --reason 'which greeting is meant?'")],
            _ => vec![text("Blocked: which greeting is meant?")],
        }
    });
    let said = client.session(&model, project.path()).say("/ctx:execute");

    assert!(said.result().starts_with("REPORT"), "{}", said.result());
    all_is_merged(&client, &project);
}

#[track_caller]
fn agents_of_a_group_start_in_one_response(requests: &[Request]) {
    let lead = requests.iter().filter(|request| !from_executor(request));
    let together = lead.map(|r| r.last_calls().iter().filter(|call| call.name == "Agent").count()).max();
    assert_eq!(together, Some(2));
}

/// Three merges on `main` in the order of the dependencies, whose tree passes every test; nothing dirty.
#[track_caller]
fn all_is_merged(client: &Client, project: &Project) {
    let merges =
        project.git(client, &["log", "--first-parent", "--merges", "--reverse", "--format=%s", "main"]);
    let mut merges: Vec<&str> = merges.lines().collect();
    assert_eq!(merges.last(), Some(&"Merge branch 'feature/task-2'"), "{merges:?}");
    merges.sort_unstable();
    let wanted = [0, 1, 2].map(|n| format!("Merge branch 'feature/task-{n}'"));
    assert_eq!(merges, wanted);
    for work in &WORK {
        for (path, content) in &work.files {
            let found = std::fs::read_to_string(project.path().join(path)).unwrap_or_default();
            assert_eq!(&found, content, "{path}");
        }
    }
    assert_eq!(project.git(client, &["status", "--porcelain"]), "");
    assert_eq!(project.git(client, &["symbolic-ref", "HEAD"]), "refs/heads/main");
    let status = project.ctx(client, &["status"]);
    assert_eq!(status.code, Some(0), "{status:#?}");
    assert!(!status.stdout.contains("blocked") && !status.stdout.contains("failed"), "{}", status.stdout);
}
