//! Verbs that approve, complete, land or remove: run by a session's own calls, and by no script of an agent.

use serde_json::{Value, json};

use super::on_every_version;
use super::project::Project;
use crate::support::client::Client;
use crate::support::model::{Block, Model, Request, agent, bash, text, write};

on_every_version!(
    a_script_of_an_agent_completes_nothing,
    what_the_person_allows_runs,
    without_the_hook_nothing_is_asked_for,
);

const SCRIPT: &str = "\
import os, subprocess
plain = subprocess.run(['ctx', 'task', 'done', 'task-1'], capture_output=True, text=True)
print(plain.returncode, plain.stderr)
bare = {name: value for name, value in os.environ.items() if 'CLAUDE' not in name}
hidden = subprocess.run(['ctx', 'task', 'done', 'task-1'], capture_output=True, text=True, env=bare)
print(hidden.returncode, hidden.stderr)
";

fn from_executor(request: &Request) -> bool {
    request.system().contains("You do ONE task")
}

fn status(client: &Client, project: &Project, task: usize) -> Value {
    let ended = project.ctx(client, &["status", "--json"]);
    let status: Value =
        serde_json::from_str(&ended.stdout).unwrap_or_else(|error| panic!("{error}: {ended:#?}"));
    status["tasks"][task]["status"].clone()
}

fn steps(request: &Request, steps: &[Block]) -> Vec<Block> {
    steps.get(request.calls().len()).map_or_else(|| vec![text("DONE")], |step| vec![step.clone()])
}

fn a_script_of_an_agent_completes_nothing(version: &'static str) {
    let client = Client::with_plugin(version);
    let project = Project::new(&client);
    project.make_plan(&client);
    assert_eq!(project.ctx(&client, &["worktree", "setup"]).code, Some(0));
    let model = Model::start(|request| {
        if !from_executor(request) {
            return steps(request, &[agent("ctx:parallel-task-executor", "Task: task-0\nDo it.")]);
        }
        let told = request.told();
        let worktree =
            told.lines().find_map(|line| line.strip_prefix("Worktree: ")).unwrap_or_default().trim();
        steps(
            request,
            &[
                bash("ctx task start task-0"),
                write(&format!("{worktree}/lib/x.py"), SCRIPT),
                bash("python3 lib/x.py"),
                bash("ctx commit -m 'feat: x'"),
                bash("ctx task submit task-0"),
            ],
        )
    });
    let said = client.session(&model, project.path()).say("Go.");
    assert_eq!(said.denials(), &json!([]));
    let requests = model.requests();
    let calls = requests.iter().rfind(|request| from_executor(request)).expect("it was started").calls();
    let refused = "`ctx task done task-1` was not called by a Bash call that names it";
    assert_eq!(calls[2].result.matches(refused).count(), 2, "{calls:#?}");
    assert_eq!(status(&client, &project, 1), "pending");
    // Its own hand-in is its own call.
    assert_eq!(status(&client, &project, 0), "completed", "{calls:#?}");
}

fn what_the_person_allows_runs(version: &'static str) {
    let client = Client::with_plugin(version);
    let project = Project::new(&client);
    project.make_plan(&client);
    let model = Model::start(|request| {
        steps(
            request,
            &[
                bash("ctx task done task-0"),
                bash("ctx task done task-1 2>&1 | tail -5"),
                bash("ctx merge --all"),
                bash("ctx cleanup --remote"),
            ],
        )
    });
    let rules = ["Bash(ctx merge:*)", "Bash(ctx cleanup:*)", "Bash(ctx task done:*)", "Bash(tail:*)"];
    let said = client.session(&model, project.path()).allow(&rules).say("Go.");
    assert_eq!(said.denials(), &json!([]));
    let requests = model.requests();
    let calls = requests.last().unwrap().calls();
    assert!(calls.iter().all(|call| !call.failed && !call.result.contains("error:")), "{calls:#?}");
    assert_eq!(status(&client, &project, 1), "completed");
}

fn without_the_hook_nothing_is_asked_for(version: &'static str) {
    let client = Client::bare(version);
    let project = Project::new(&client);
    project.make_plan(&client);
    let model = Model::start(|request| {
        steps(request, &[bash(format!("{} task done task-1", env!("CARGO_BIN_EXE_ctx")))])
    });
    let said = client.session(&model, project.path()).allow(&["Bash"]).say("Go.");
    assert_eq!(said.denials(), &json!([]));
    assert_eq!(status(&client, &project, 1), "completed");
}
