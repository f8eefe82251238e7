//! What Claude reads: small enough, and no command that ends before the model sees it.

use std::fs;
use std::path::PathBuf;

use super::on_every_version;
use super::project::Project;
use crate::support::client::{Client, root};
use crate::support::model::{Model, text};
use crate::support::terminal::Terminal;

on_every_version!(
    the_client_finds_nothing_wrong_with_the_plugin,
    the_client_finds_nothing_wrong_with_what_is_installed,
    the_menu_shows_every_command,
    the_model_is_told_what_a_command_does_and_when,
);

/// Everything below a folder of the plugin that ends in `.md`.
fn prompts(folder: &str) -> Vec<(PathBuf, String)> {
    let mut found = Vec::new();
    let mut open = vec![root().join(folder)];
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(&folder).expect("a folder of the plugin").flatten() {
            let path = entry.path();
            if path.is_dir() {
                open.push(path);
            } else if path.extension().is_some_and(|extension| extension == "md") {
                let text = fs::read_to_string(&path).expect("a readable prompt");
                found.push((path, text));
            }
        }
    }
    assert!(!found.is_empty(), "no prompt in {folder}");
    found
}

#[test]
fn prompts_are_small() {
    let size = |folder: &str| prompts(folder).iter().map(|(_, text)| text.len()).sum::<usize>();
    for (path, text) in prompts("commands") {
        assert!(text.len() <= 4096, "{} has {} bytes", path.display(), text.len());
    }
    for (path, text) in prompts("agents") {
        assert!(text.len() <= 2560, "{} has {} bytes", path.display(), text.len());
    }
    let all = size("commands") + size("agents") + size("skills");
    assert!(all <= 24 * 1024, "all prompts have {all} bytes");
}

/// The value of a line in a prompt's front matter.
fn field<'a>(prompt: &'a str, name: &str) -> &'a str {
    let header = prompt.split("---\n").nth(1).expect("front matter");
    let line = header.lines().find_map(|line| line.strip_prefix(name));
    line.and_then(|line| line.strip_prefix(':')).unwrap_or_default().trim()
}

/// Every !`…` line names one `ctx` command that `allowed-tools` lists word for word, and cannot end in failure: the
/// client ends the whole command otherwise.
#[test]
fn lines_that_run_are_covered_and_succeed() {
    let mut seen = 0;
    for (path, text) in prompts("commands") {
        let allowed = field(&text, "allowed-tools");
        for run in text.split("!`").skip(1) {
            let command = run.split('`').next().unwrap_or_default();
            let at = format!("{}: {command}", path.display());
            assert!(!command.contains('$'), "text of the user in a shell line: {at}");
            let verb = command.strip_suffix(" || true").unwrap_or_else(|| panic!("it can fail: {at}"));
            assert!(verb.starts_with("ctx ") && !verb.contains(['|', '&', ';', '>']), "{at}");
            assert!(allowed.split(", ").any(|tool| tool == format!("Bash({verb})")), "not covered: {at}");
            seen += 1;
        }
    }
    assert!(seen >= 5, "only {seen} lines found");
}

/// `Bash(ctx:*)` would approve what only a person may run.
#[test]
fn commands_allow_verbs_and_no_program() {
    for (path, text) in prompts("commands") {
        for tool in field(&text, "allowed-tools").split(", ") {
            let verb = tool.strip_prefix("Bash(ctx ").and_then(|rest| rest.strip_suffix(')'));
            let verb = verb.unwrap_or_else(|| panic!("{}: {tool}", path.display()));
            assert!(verb.starts_with(|c: char| c.is_ascii_lowercase()), "{}: {tool}", path.display());
        }
    }
}

#[test]
fn a_skill_says_when_to_use_it() {
    for (path, text) in prompts("skills") {
        assert!(field(&text, "description").starts_with("Use when"), "{}", path.display());
    }
    let skill = &prompts("skills/parallel-orchestrator")[0].1;
    for phrase in [
        "work on X, Y and Z in parallel",
        "parallelize these tasks",
        "execute the plan",
        "run the tasks",
        "create worktrees",
        "dispatch parallel agents",
        "how are the tasks doing",
        "clean up the worktrees",
    ] {
        assert!(field(skill, "description").contains(phrase), "{phrase}");
    }
}

fn the_client_finds_nothing_wrong_with_the_plugin(version: &'static str) {
    let client = Client::bare(version);
    let ended = client.run(["plugin", "validate", "--strict", &root().to_string_lossy()]);
    assert_eq!(ended.code, Some(0), "{ended:#?}");
}

/// The marketplace and the plugin in it, as `scripts/install` leaves them.
fn the_client_finds_nothing_wrong_with_what_is_installed(version: &'static str) {
    let client = Client::with_plugin(version);
    let market = client.home().join(".local/share/ctx-plugin");
    let plugin = market.join("plugin");
    let [market, plugin] = [market, plugin].map(|path| path.to_string_lossy().into_owned());
    let check = |args: &[&str]| {
        let ended = client.run([&["plugin", "validate", "--strict"], args].concat());
        assert_eq!(ended.code, Some(0), "{args:?}: {ended:#?}");
    };
    check(&[&market]);
    check(&[&plugin]);
    // The older client does not know what the plugin directory asks for.
    if client.run(["plugin", "validate", "--help"]).stdout.contains("--profile") {
        check(&["--profile", "directory", &plugin]);
    } else {
        assert_eq!(version, crate::support::client::VERSIONS[0]);
    }
}

/// A description that takes two lines leaves room for half as many commands: the menu of 2.1.332 has five lines in a
/// terminal of 24, and 42 columns for these in one of 80.
#[test]
fn descriptions_of_commands_are_short_and_the_rest_says_when() {
    for (path, text) in prompts("commands") {
        let (description, when) = (field(&text, "description"), field(&text, "when_to_use"));
        assert!((10..=36).contains(&description.len()), "{}: {description}", path.display());
        assert!(when.starts_with("Use for \""), "{}: {when}", path.display());
    }
}

fn the_menu_shows_every_command(version: &'static str) {
    let client = Client::with_plugin(version);
    let project = Project::new(&client);
    let model = Model::start(|_| vec![text("Hello.")]);
    let terminal = Terminal::start_sized(&client, &model, project.path(), (80, 24));
    terminal.type_in("/ctx:");
    for (path, text) in prompts("commands") {
        let name = path.file_stem().expect("a file").to_string_lossy().into_owned();
        terminal.wait_for(&format!("/ctx:{name} "));
        terminal.wait_for(field(&text, "description"));
    }
}

fn the_model_is_told_what_a_command_does_and_when(version: &'static str) {
    let client = Client::with_plugin(version);
    let project = Project::new(&client);
    let model = Model::start(|_| vec![text("Hello.")]);
    client.session(&model, project.path()).say("Hello.");
    let sent = model.requests().iter().map(crate::support::model::Request::all).collect::<String>();
    for (path, text) in prompts("commands") {
        for part in ["description", "when_to_use"] {
            let told = serde_json::to_string(field(&text, part)).expect("text");
            assert!(
                sent.contains(told.trim_matches('"')),
                "{}: the model was not told {told}",
                path.display()
            );
        }
    }
}
