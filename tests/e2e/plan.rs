//! How a plan comes into the project's files: by the command, and out of the conversation.

use std::time::{Duration, Instant};

use serde_json::json;

use super::on_every_version;
use super::project::{DOCUMENT, Project, WORK};
use crate::support::client::Client;
use crate::support::model::{Block, Model, Request, bash, text};

on_every_version!(the_command_ends_in_valid_files, a_printed_plan_is_there_after_the_session);

fn create(document: &str) -> Block {
    bash(format!("ctx plan create - <<'CTX_PLAN'\n{document}CTX_PLAN"))
}

/// First a plan with a mistake, then the mended one, as a model would.
fn planner(request: &Request) -> Vec<Block> {
    let calls = request.calls();
    match calls.len() {
        0 => vec![create(&DOCUMENT.replace("[task-0] }", "[task-7] }"))],
        1 => vec![create(DOCUMENT)],
        2 => vec![bash("ctx plan show")],
        _ => vec![text(format!("PLANNED\n{}", calls[2].result))],
    }
}

fn the_command_ends_in_valid_files(version: &'static str) {
    let client = Client::with_plugin(version);
    let project = Project::new(&client);
    let model = Model::start(planner);
    let said =
        client.session(&model, project.path()).say("/ctx:plan greet people & count 'them' $(touch hit)");

    let requests = model.requests();
    let told = requests[0].told();
    assert!(told.contains("The request: greet people & count 'them' $(touch hit)"), "{told}");
    assert!(!project.path().join("hit").exists(), "the request's text was run by a shell");
    let calls = requests.last().expect("the model was asked").calls();
    assert!(calls[0].failed && calls[0].result.contains("task-7"), "{calls:#?}");
    assert!(!calls[1].failed && !calls[2].failed, "{calls:#?}");
    assert_eq!(said.denials(), &json!([]), "the plan's commands need no permission");
    assert!(said.result().starts_with("PLANNED"), "{}", said.result());
    is_there(&client, &project);
}

fn a_printed_plan_is_there_after_the_session(version: &'static str) {
    let client = Client::with_plugin(version);
    let project = Project::new(&client);
    let model = Model::start(|_| vec![text(format!("Here is the plan.\n\n{DOCUMENT}"))]);
    let said = client.session(&model, project.path()).say("Make a plan for greetings.");

    assert!(is_saved(&project), "no plan; transcript {}", said.transcript(&client).display());
    is_there(&client, &project);
}

/// Is there an active plan? The client waits for its hooks, or kills them after 1.5 s.
pub(super) fn is_saved(project: &Project) -> bool {
    let deadline = Instant::now() + Duration::from_secs(3);
    while project.active_plan().is_none() && Instant::now() < deadline {
        std::thread::sleep(Duration::from_millis(20));
    }
    project.active_plan().is_some()
}

/// The active plan is the document's, whole and valid.
#[track_caller]
pub(super) fn is_there(client: &Client, project: &Project) {
    let plan = project.active_plan().expect("a plan is active");
    let plans = plan.parent().expect("it lies in a folder");
    let folders = std::fs::read_dir(plans).expect("readable").flatten();
    let folders = folders.filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir())).count();
    assert_eq!(folders, 1, "one plan in {}", plans.display());
    let index = std::fs::read_to_string(plan.join("plan.yaml")).expect("the index");
    for work in &WORK {
        assert!(index.contains(work.id), "{index}");
        let task =
            std::fs::read_to_string(plan.join(format!("tasks/{}.md", work.id))).expect("a task's file");
        assert!(task.starts_with("---\n") && task.contains(work.files[0].0), "{task}");
    }
    let validated = project.ctx(client, &["plan", "validate"]);
    assert_eq!(validated.code, Some(0), "{validated:#?}");
    assert_eq!(project.git(client, &["status", "--porcelain"]), "", "the plan is no dirt");
}
