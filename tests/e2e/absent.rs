//! Sessions in which something is missing: the repository, the plan, the executables.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tempfile::TempDir;

use super::on_every_version;
use super::project::Project;
use crate::support::client::{Client, Said, root, run};
use crate::support::model::{Model, Request, bash, text};

on_every_version!(
    without_a_repository_every_command_says_so,
    without_a_plan_every_command_says_so,
    without_executables_one_line_says_how_to_build_them,
);

const COMMANDS: [&str; 5] =
    ["/ctx:plan add a page", "/ctx:execute", "/ctx:status", "/ctx:merge", "/ctx:cleanup"];

/// A model that runs one harmless command and ends.
fn harmless(request: &Request) -> Vec<crate::support::model::Block> {
    match request.calls().first() {
        None => vec![bash("echo still here")],
        Some(call) => vec![text(format!("SAW {}", call.result))],
    }
}

/// Says `prompt` in `folder`; gives what the model was told at first.
#[track_caller]
fn told(client: &Client, folder: &Path, prompt: &str) -> String {
    let model = Model::start(harmless);
    let said = client.session(&model, folder).allow(&["Bash(echo:*)"]).say(prompt);
    assert_eq!(said.result().trim_end(), "SAW still here", "{prompt}");
    no_hook_failed(&said);
    model.requests()[0].told()
}

#[track_caller]
fn no_hook_failed(said: &Said) {
    let failed: Vec<&str> = said
        .debug
        .lines()
        .filter(|line| line.contains("Hook") && (line.contains("error") || line.contains("failed")))
        .collect();
    assert!(failed.is_empty(), "{failed:#?}");
    // A failure at the session's end is said nowhere else.
    assert!(!said.stderr.contains("hook"), "{}", said.stderr);
}

/// The lines that `ctx` put into the prompt as errors.
fn errors(told: &str) -> Vec<&str> {
    told.lines().filter(|line| line.starts_with("error: ")).collect()
}

fn without_a_repository_every_command_says_so(version: &'static str) {
    let client = Client::with_plugin(version);
    let folder = TempDir::new().expect("a temporary folder");
    for prompt in COMMANDS {
        let told = told(&client, folder.path(), prompt);
        let errors = errors(&told);
        assert!(errors.iter().any(|error| error.contains("repository")), "{prompt}: {told}");
        assert!(told.contains("hint: "), "{prompt}: {told}");
    }
    let left: Vec<_> = fs::read_dir(folder.path()).expect("readable").flatten().collect();
    assert!(left.is_empty(), "nothing is written: {left:?}");
}

fn without_a_plan_every_command_says_so(version: &'static str) {
    let client = Client::with_plugin(version);
    let project = Project::new(&client);
    let sentences = [
        ("/ctx:plan add a page", "no plans yet"),
        ("/ctx:execute", "no plan is active"),
        ("/ctx:status", "no plan is active"),
        ("/ctx:merge", "no plan is active"),
        ("/ctx:cleanup", "no worktrees to clean up"),
    ];
    for (prompt, sentence) in sentences {
        let told = told(&client, project.path(), prompt);
        assert!(told.contains(sentence), "{prompt}: {told}");
    }
    assert!(!project.path().join("worktrees").exists());
    assert_eq!(project.git(&client, &["status", "--porcelain"]), "");
}

/// The plugin as a clone holds it, in a marketplace folder.
fn marketplace_without_executables(client: &Client) -> PathBuf {
    let market = client.home().join("a market");
    let mut list = client.command(Path::new("git"));
    list.current_dir(root()).env("GIT_CONFIG_COUNT", "1").env("GIT_CONFIG_KEY_0", "safe.directory");
    list.env("GIT_CONFIG_VALUE_0", "*").args(["ls-files", "--"]);
    list.args([".claude-plugin", "plugin.json", "commands", "agents", "skills", "hooks", "bin", "scripts"]);
    let listed = run(&mut list, Duration::from_secs(10));
    assert!(listed.stdout.contains("bin/ctx-hook"), "{listed:#?}");
    for file in listed.stdout.lines() {
        let copy = market.join("plugin").join(file);
        fs::create_dir_all(copy.parent().expect("below a folder")).expect("a temporary folder");
        fs::copy(root().join(file), copy).expect("a tracked file");
    }
    fs::create_dir(market.join(".claude-plugin")).expect("a temporary folder");
    let index = r#"{"name":"clone","owner":{"name":"me"},"plugins":[{"name":"ctx","source":"./plugin"}]}"#;
    fs::write(market.join(".claude-plugin/marketplace.json"), index).expect("a temporary file");
    market
}

fn without_executables_one_line_says_how_to_build_them(version: &'static str) {
    let client = Client::bare(version);
    let market = marketplace_without_executables(&client);
    for args in [
        ["plugin", "marketplace", "add", &market.to_string_lossy()].as_slice(),
        &["plugin", "install", "ctx@clone"],
    ] {
        let ended = client.run(args.iter().copied());
        assert_eq!(ended.code, Some(0), "{ended:#?}");
    }
    let project = Project::new(&client);
    let first = told(&client, project.path(), "Hello.");
    assert_eq!(first.matches("is not built yet").count(), 1, "{first}");
    assert!(first.contains("scripts/install"), "{first}");

    for prompt in COMMANDS {
        let told = told(&client, project.path(), prompt);
        assert!(!errors(&told).is_empty(), "{prompt}: {told}");
    }
    assert_eq!(project.git(&client, &["status", "--porcelain"]), "");
}
