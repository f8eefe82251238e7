//! What runs without a question because the hook approves it, and what does not.

use super::on_every_version;
use super::project::Project;
use crate::support::client::Client;
use crate::support::model::{Model, Request, bash, text};

on_every_version!(the_main_session_runs_exactly_the_tabled_verbs);

/// Commands of a main session, and whether they run there unasked.
const TABLE: [(&str, bool); 13] = [
    ("ctx status", true),
    ("ctx plan list", true),
    ("ctx plan show", true),
    ("ctx task list", true),
    ("ctx worktree list", true),
    ("ctx worktree setup", true),
    ("ctx cleanup", true),
    ("ctx undo", false),
    ("ctx cleanup --remote", false),
    ("ctx task start task-0", false),
    ("ctx run", false),
    ("ctx status && ctx undo", false),
    ("ctx status > README.md", false),
];

fn the_main_session_runs_exactly_the_tabled_verbs(version: &'static str) {
    let client = Client::with_plugin(version);
    let project = Project::new(&client);
    project.make_plan(&client);
    let model = Model::start(|request: &Request| {
        let next = TABLE.get(request.calls().len());
        next.map_or_else(|| vec![text("DONE")], |(command, _)| vec![bash(*command)])
    });
    let said = client.session(&model, project.path()).say("Look after the tasks.");

    assert_eq!(said.result(), "DONE");
    let denials = said.denials().as_array().cloned().unwrap_or_default();
    let refused = |command: &str| denials.iter().any(|denial| denial["tool_input"]["command"] == command);
    let ran: Vec<_> = TABLE.iter().map(|(command, _)| (*command, !refused(command))).collect();
    assert_eq!(ran, TABLE, "{denials:#?}");
}
