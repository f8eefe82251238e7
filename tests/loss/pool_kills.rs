//! `ctx pool init`, `acquire` and `release`, killed before each of their effects; then the same command again.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;

use super::kills::result;
use super::prepared;
use super::zero::{blobs, reachable};
use crate::support::repo::{CTX, Repo, write};

/// What is killed: the preparation, the command, and the places in it, each before one effect.
struct Scenario {
    prepare: fn(&Repo),
    command: &'static [&'static str],
    points: &'static [&'static str],
}

const ACQUIRE: &[&str] = &["pool", "acquire", "t"];
const RELEASE: &[&str] = &["pool", "release", "1", "--include-unmerged", "--include-dirty"];

const TABLE: &[Scenario] = &[
    Scenario {
        prepare: |_| (),
        command: &["pool", "init", "2"],
        points: &[
            "pool-plan",
            "pool-registration",
            "pool-mark",
            "pool-check-out",
            "pool-checked-out",
            "pool-unlock",
            "pool-ready",
        ],
    },
    Scenario {
        prepare: with_slots,
        command: ACQUIRE,
        points: &[
            "acquire-lease",
            "acquire-record",
            "acquire-branch",
            "acquire-switch",
            "acquire-checked-out",
            "acquire-journal",
            "acquire-ready",
        ],
    },
    Scenario {
        prepare: worked_in,
        command: RELEASE,
        points: &[
            "release-begin",
            "release-save",
            "release-aside",
            "release-clear",
            "release-switch",
            "release-copies",
            "release-slot",
            "release-record",
        ],
    },
    Scenario { prepare: lost, command: &["pool", "release", "1"], points: &["release-settle"] },
    Scenario { prepare: with_slots, command: &["pool", "reset", "2"], points: &["pool-going", "pool-move"] },
];

#[test]
fn the_table_of_the_pool_names_every_place() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/worktree/pool");
    let mut places = BTreeSet::new();
    for file in ["make.rs", "acquire.rs", "release.rs"] {
        let text = fs::read_to_string(root.join(file)).unwrap();
        let points = text.split("kill_point(\"").skip(1).map(|rest| rest.split('"').next().unwrap());
        places.extend(points.map(str::to_owned));
    }
    let table: Vec<&str> = TABLE.iter().flat_map(|scenario| scenario.points).copied().collect();
    assert_eq!(places, table.iter().map(|name| (*name).to_owned()).collect());
    println!("{} places", table.len());
}

#[test]
fn a_killed_init_is_finished_by_the_next() {
    check(&TABLE[0]);
    check(&TABLE[4]);
}

#[test]
fn a_killed_acquire_is_finished_by_the_next() {
    check(&TABLE[1]);
}

#[test]
fn a_killed_release_is_finished_by_the_next() {
    check(&TABLE[2]);
    check(&TABLE[3]);
}

fn with_slots(repo: &Repo) {
    repo.ctx(&["pool", "init", "2"]).ok();
}

/// Slots whose base has moved on since.
fn worked_in(repo: &Repo) {
    with_slots(repo);
    repo.ctx(ACQUIRE).ok();
    let dir = repo.worktree("slot.1");
    write(&dir.join("t.txt"), "one\n");
    repo.commit_in(&dir, "feat: t");
    write(&dir.join("src/a.txt"), "changed\n");
    write(&dir.join("deep/note.txt"), "untracked\n");
    write(&dir.join("staged.txt"), "staged\n");
    repo.git_in(&dir, &["add", "staged.txt"]);
    write(&dir.join("staged.txt"), "staged and changed\n");
    write(&dir.join(".env"), "KEY=mine\n");
    // Ignored, and in the way of the base.
    let exclude = repo.path.join(".git/info/exclude");
    write(&exclude, &format!("{}\n/aside.txt\n", fs::read_to_string(&exclude).unwrap()));
    write(&dir.join("aside.txt"), "aside\n");
    repo.write("aside.txt", "the base's\n");
    repo.git(&["add", "--force", "aside.txt"]);
    repo.write("later.txt", "later\n");
    repo.write("src/a.txt", "moved on\n");
    repo.commit("later");
}

const WORK: [&str; 6] =
    ["one\n", "changed\n", "untracked\n", "staged and changed\n", "KEY=mine\n", "aside\n"];

fn lost(repo: &Repo) {
    with_slots(repo);
    fs::write(repo.path.join(".git/ctx/pool.json"), "{").unwrap();
}

fn check(scenario: &Scenario) {
    let expected = {
        let repo = prepared("echo 1 >made\n");
        (scenario.prepare)(&repo);
        repo.ctx(scenario.command).ok();
        all(&repo)
    };
    for point in scenario.points {
        let repo = prepared("echo 1 >made\n");
        (scenario.prepare)(&repo);
        let killed =
            repo.command(CTX, &repo.path).args(scenario.command).env("CTX_KILL_AT", point).output().unwrap();
        assert!(killed.status.signal().is_some(), "{point} is not reached: {killed:?}");
        if scenario.command == RELEASE {
            require_work(&repo, point);
        }
        repo.ctx(scenario.command).ok();
        assert_eq!(all(&repo), expected, "after a kill at {point}");
        if point != &"release-settle" {
            repo.ctx(&["pool", "health"]).ok();
        }
    }
}

/// Every file of the task is in the slot, in the trash, or a blob that a ref leads to.
fn require_work(repo: &Repo, point: &str) {
    let texts: Vec<Vec<u8>> = WORK.iter().map(|text| text.as_bytes().to_vec()).collect();
    let reachable = reachable(repo);
    let held = lines(&repo.path.join("worktrees"));
    for (text, blob) in texts.iter().zip(blobs(repo, &texts)) {
        let there = held.iter().any(|content| content == text);
        assert!(there || reachable.contains(&blob), "{} is lost at {point}", text.escape_ascii());
    }
}

fn lines(dir: &Path) -> Vec<Vec<u8>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(dir).unwrap().flatten() {
        if entry.file_type().unwrap().is_dir() {
            found.extend(lines(&entry.path()));
        } else {
            found.extend(fs::read(entry.path()));
        }
    }
    found
}

/// Everything that a run leaves; the pool's file without what differs from run to run.
fn all(repo: &Repo) -> Vec<String> {
    let mut lines = result(repo);
    lines.retain(|line| !line.ends_with(".broken"));
    let text = fs::read_to_string(repo.path.join(".git/ctx/pool.json")).unwrap();
    let mut pool: serde_json::Value = serde_json::from_str(&text).unwrap();
    let main = repo.git(&["rev-parse", "main"]);
    for slot in pool["slots"].as_array_mut().unwrap() {
        slot["path"].take();
        slot["port"].take();
        slot["at_the_base"] = (slot["base"] == main.as_str()).into();
        slot["base"].take();
        slot["leased"] = slot["lease"].is_object().into();
        slot["lease"].take();
        lines.push(slot.to_string());
    }
    for slot in ["slot.1", "slot.2"] {
        let head = repo.git_in(&repo.worktree(slot), &["rev-parse", "--abbrev-ref", "HEAD"]);
        lines.push(format!("{slot} {head}"));
        lines.push(repo.git_in(&repo.worktree(slot), &["status", "--porcelain", "--ignored"]));
    }
    lines
}
