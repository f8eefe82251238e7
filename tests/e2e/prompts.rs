//! What Claude reads: small enough, and no command that ends before the model sees it.

use std::fs;
use std::path::PathBuf;

use super::on_every_version;
use crate::support::client::{Client, root};

on_every_version!(the_client_finds_nothing_wrong_with_the_plugin);

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
