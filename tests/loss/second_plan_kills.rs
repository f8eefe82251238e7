//! Set-up of a second plan, of a command accepted later, and of a repository with a hook, killed before each effect;
//! then the same command again: the result of a run without the kill.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;

use super::kills::result;
use super::prepared;
use crate::support::repo::{CTX, Repo, document, write};

struct Scenario {
    prepare: fn(&Repo),
    command: &'static [&'static str],
    /// Places of its own.
    points: &'static [&'static str],
    /// Places that other tables have, reached on another way here.
    shared: &'static [&'static str],
}

const SETUP: &[&str] = &["worktree", "setup"];

const TABLE: &[Scenario] = &[
    Scenario {
        prepare: |repo| {
            repo.ctx(SETUP).ok();
            work(repo, &repo.worktree("t"));
        },
        command: SETUP,
        points: &["leftover-move"],
        shared: &[
            "remove-begin",
            "remove-save",
            "remove-move",
            "remove-verify",
            "remove-registration",
            "remove-branch",
            "remove-content",
            "remove-journal",
            "remove-record",
            "setup-record",
            "setup-registration",
        ],
    },
    Scenario {
        prepare: |repo| {
            repo.ctx(&["pool", "init", "1"]).ok();
            repo.ctx(&["pool", "acquire", "t"]).ok();
            work(repo, &repo.worktree("slot.1"));
        },
        command: &["pool", "acquire", "t"],
        points: &["leftover-release"],
        shared: &["release-begin", "release-save", "release-switch", "release-record", "acquire-lease"],
    },
    Scenario {
        prepare: |repo| {
            write(&repo.home().join(".claude/ctx.yaml"), "worktrees: { setup: false }\n");
            repo.ctx(SETUP).ok();
            write(&repo.home().join(".claude/ctx.yaml"), "worktrees: { setup: sh set-up.sh }\n");
        },
        command: SETUP,
        points: &["setup-again"],
        shared: &["setup-copy", "setup-run", "setup-note", "setup-ready"],
    },
    Scenario {
        prepare: |repo| {
            let script = "#!/bin/sh\nmkdir -p made; echo hook >made/hook\n";
            let hook = write(&repo.path.join(".git/hooks/post-checkout"), script);
            fs::set_permissions(hook, fs::Permissions::from_mode(0o755)).unwrap();
        },
        command: SETUP,
        points: &["setup-hook"],
        shared: &["setup-run", "setup-note", "setup-journal"],
    },
];

/// A first plan's task that has landed, and an active second plan with a task of the same id.
fn work(repo: &Repo, dir: &Path) {
    repo.ctx_in(dir, &["task", "start", "t"]).ok();
    write(&dir.join("t.txt"), "one\n");
    repo.ctx_in(dir, &["commit", "-m", "feat: t"]).ok();
    repo.ctx_in(dir, &["task", "submit", "t"]).ok();
    repo.ctx(&["merge"]).ok();
    write(&dir.join("made/mine"), "ignored, and nobody else's\n");
    repo.create_plan(&document("Two", &[("t", &[])]));
}

#[test]
fn the_table_of_the_second_plan_names_every_place() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/worktree");
    let mut places = BTreeSet::new();
    for file in ["leftovers.rs", "again.rs", "hook.rs"] {
        let text = fs::read_to_string(root.join(file)).unwrap();
        let points = text.split("kill_point(\"").skip(1).map(|rest| rest.split('"').next().unwrap());
        places.extend(points.map(str::to_owned));
    }
    let table = TABLE.iter().flat_map(|scenario| scenario.points);
    assert_eq!(places, table.map(|name| (*name).to_owned()).collect());
}

#[test]
fn what_is_moved_to_undo_is_moved_whole() {
    check(&TABLE[0]);
}

#[test]
fn a_slot_that_is_taken_over_is_taken_over_whole() {
    check(&TABLE[1]);
}

#[test]
fn a_command_accepted_later_runs_in_the_end() {
    check(&TABLE[2]);
}

#[test]
fn a_hook_runs_in_the_end() {
    check(&TABLE[3]);
}

fn check(scenario: &Scenario) {
    let new = || {
        let repo = prepared("mkdir -p made && echo 1 >made/one\n");
        (scenario.prepare)(&repo);
        repo
    };
    let expected = {
        let repo = new();
        repo.ctx(scenario.command).ok();
        result(&repo)
    };
    for point in scenario.points.iter().chain(scenario.shared) {
        let repo = new();
        let killed =
            repo.command(CTX, &repo.path).args(scenario.command).env("CTX_KILL_AT", point).output().unwrap();
        assert!(killed.status.signal().is_some(), "{point} is not reached: {killed:?}");
        repo.ctx(scenario.command).ok();
        assert_eq!(result(&repo), expected, "after a kill at {point}");
    }
}
