//! Which sessions are this project's, and which one is taken.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use ctx::transcript::{encode, of_session, sessions};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::generator::{bookkeeping, filler, lines, plan, said, with};
use crate::support::repo::{CTX, Repo, run};

struct Config(TempDir);

impl Config {
    fn new() -> Self {
        Self(TempDir::new().unwrap())
    }

    /// A session that began in `cwd`, last written to so many minutes ago.
    fn session(&self, folder: &str, id: &str, minutes: u64, records: &[Value]) -> PathBuf {
        let path = self.0.path().join("projects").join(folder).join(format!("{id}.jsonl"));
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, lines(records)).unwrap();
        age(&path, minutes);
        path
    }

    fn ids(&self, homes: &[&Path], except: &[PathBuf]) -> Vec<String> {
        sessions(self.0.path(), homes, except).unwrap().map(|session| session.id).collect()
    }
}

fn age(path: &Path, minutes: u64) {
    let time = SystemTime::now() - Duration::from_mins(minutes);
    File::options().append(true).open(path).unwrap().set_modified(time).unwrap();
}

fn at(cwd: &str) -> Value {
    with(filler(0), &json!({ "cwd": cwd }))
}

#[test]
fn a_project_s_sessions_come_newest_first() {
    let config = Config::new();
    config.session("-home-ada-p", "old", 9, &[at("/home/ada/p")]);
    config.session(
        "-home-ada-p",
        "new",
        1,
        &[bookkeeping(0), bookkeeping(1), at("/home/ada/p"), at("/elsewhere")],
    );
    config.session("-home-ada-p-sub", "below", 5, &[at("/home/ada/p/sub")]);
    config.session("-home-ada-p-2", "neighbour", 0, &[at("/home/ada/p-2")]);
    config.session("-home-ada-p-sub", "neighbour-2", 0, &[at("/home/ada/p-sub")]);
    config.session("-home-ada-p", "agent-1", 0, &[at("/home/ada/p")]);
    config.session(
        "-home-ada-p",
        "sidechain",
        0,
        &[with(at("/home/ada/p"), &json!({ "isSidechain": true }))],
    );
    config.session("-home-ada-p", "nothing", 0, &[]);
    config.session("-home-ada-p/new/subagents", "agent-2", 0, &[at("/home/ada/p")]);
    config.session("-home-ada-p-worktrees-a", "task", 0, &[at("/home/ada/p/worktrees/a/src")]);
    let home = Path::new("/home/ada/p");
    assert_eq!(config.ids(&[home], &[]), ["task", "new", "below", "old"]);
    assert_eq!(config.ids(&[home], &["/home/ada/p/worktrees/a".into()]), ["new", "below", "old"]);
    assert_eq!(config.ids(&[home, Path::new("/home/ada/p-2")], &[])[..2], ["task", "neighbour"]);
    assert_eq!(config.ids(&[Path::new("/nowhere")], &[]), Vec::<String>::new());
}

#[test]
fn long_folders_are_cut_and_confirmed_inside() {
    let config = Config::new();
    let home = format!("/{}", "long_folder/".repeat(18)).trim_end_matches('/').to_owned();
    let encoded = encode(Path::new(&home));
    assert!(encoded.len() > 200);
    config.session(&format!("{}-1wa6ds", &encoded[..200]), "mine", 2, &[at(&home)]);
    config.session(&format!("{}-7q2z", &encoded[..200]), "theirs", 1, &[at(&format!("{home}-2"))]);
    config.session(&format!("{}-8x", &encoded[..200]), "below", 3, &[at(&format!("{home}/src"))]);
    assert_eq!(config.ids(&[Path::new(&home)], &[]), ["mine", "below"]);
    assert_eq!(encode(Path::new("/tmp/my_proj.v2é😀")), "-tmp-my-proj-v2---");
}

#[test]
fn the_folder_may_stand_behind_long_lines() {
    let config = Config::new();
    let image = with(said(&"A".repeat(700_000)), &json!({ "cwd": null }));
    config.session("-p", "far", 1, &[image.clone(), image, at("/p")]);
    let path = config.session("-p", "late", 2, &[]);
    // `cwd` behind the message, on a line without an end.
    let line = format!(r#"{{"type":"user","message":{{"content":"{}"}},"cwd":"/p"}}"#, "A".repeat(300_000));
    fs::write(&path, line).unwrap();
    age(&path, 2);
    assert_eq!(config.ids(&[Path::new("/p")], &[]), ["far", "late"]);
}

#[test]
fn a_session_is_found_by_its_id_alone() {
    let config = Config::new();
    config.session("-a", "one", 5, &[at("/a")]);
    let newer = config.session("-b", "one", 1, &[at("/b")]);
    assert_eq!(of_session(config.0.path(), "one").unwrap(), Some(newer));
    for none in ["two", "", "..", "../-a/one", "/etc/passwd"] {
        assert_eq!(of_session(config.0.path(), none).unwrap(), None, "{none}");
    }
}

/// A repository with sessions of its own, in the client's folder of its home.
fn session(repo: &Repo, id: &str, minutes: u64, texts: &[&str]) {
    let config = repo.home().join(".claude/projects").join(encode(&repo.path));
    fs::create_dir_all(&config).unwrap();
    let records: Vec<Value> =
        texts.iter().map(|text| with(said(text), &json!({ "cwd": repo.path, "sessionId": id }))).collect();
    let path = config.join(format!("{id}.jsonl"));
    fs::write(&path, lines(&records)).unwrap();
    age(&path, minutes);
}

#[test]
fn a_plan_of_a_session_that_died_is_taken_in_the_next_one() {
    let repo = Repo::new();
    session(&repo, "dead", 30, &[&plan("Lost")]);
    session(&repo, "half", 20, &["# T\n\n**Type:** Plan\n"]);
    session(&repo, "mine", 0, &["Hello."]);
    let mut command = repo.command(CTX, &repo.path);
    let ran = run(command.args(["plan", "extract"]).env("CLAUDE_CODE_SESSION_ID", "mine"));
    assert!(
        ran.stderr.contains(
            "the plan is session `dead`'s; 2 newer sessions printed no complete one, `half` an incomplete one"
        ),
        "{}",
        ran.stderr
    );
    assert!(ran.ok().contains("made and active: 2 tasks"));
    // It was made; nothing older is dug out again once it is archived.
    repo.ctx(&["plan", "archive"]).ok();
    repo.ctx(&["plan", "extract"]).fails(1);
}

#[test]
fn other_sessions_that_may_run_are_named() {
    let repo = Repo::new();
    session(&repo, "one", 1, &[&plan("One")]);
    session(&repo, "two", 3, &[&plan("Two")]);
    session(&repo, "three", 60, &[&plan("Three")]);
    let ran = repo.ctx(&["plan", "extract", "--dry-run"]);
    assert!(ran.stdout.starts_with("# One"), "{}", ran.stdout);
    assert!(
        ran.stderr.contains(
            "session `one` was taken; others of this project may be running: `two`; `--session ID`"
        ),
        "{}",
        ran.stderr
    );
    let ran = repo.ctx(&["plan", "extract", "--dry-run", "--session", "three"]);
    assert_eq!((ran.stderr.as_str(), &ran.stdout[..7]), ("", "# Three"));
    let out = repo.ctx(&["plan", "extract", "--session", "../x"]).fails(1);
    assert!(out.contains("there is no session"), "{out}");
}

#[test]
fn the_list_says_what_each_plan_lacks() {
    let repo = Repo::new();
    session(&repo, "s", 0, &["Hello.", &plan("One"), plan("Two").split("### Task 1").next().unwrap()]);
    let path = repo.home().join(".claude/projects").join(encode(&repo.path)).join("s.jsonl");
    let mode = super::generator::assistant(
        &json!([{ "type": "tool_use", "name": "ExitPlanMode", "input": { "plan": "# Mine\n\n1. do it\n" } }]),
    );
    let text = fs::read_to_string(&path).unwrap();
    fs::write(&path, format!("{text}{mode}\n")).unwrap();
    let time = "2026-11-20T10:00:00.000Z";
    assert_eq!(
        repo.json(&["plan", "extract", "--list"]),
        json!([
            { "line": 2, "timestamp": time, "kind": "document", "title": "One", "tasks": ["task-0", "task-1"],
              "complete": true, "missing": [] },
            { "line": 3, "timestamp": time, "kind": "document", "title": "Two", "tasks": [],
              "complete": false, "missing": ["`task-1` has no details"] },
            { "line": 4, "timestamp": time, "kind": "plan mode", "title": "Mine", "tasks": [],
              "complete": false, "missing": ["a plan of plan mode has no tasks; `/ctx:plan` makes them of it"] },
        ])
    );
    let listed = repo.ctx(&["plan", "extract", "--list"]).ok();
    let first: Vec<Vec<&str>> = listed
        .lines()
        .take(2)
        .map(|line| line.split("  ").filter(|cell| !cell.is_empty()).map(str::trim).collect())
        .collect();
    assert_eq!(first[0], ["line", "time (UTC)", "kind", "state", "title"]);
    assert_eq!(first[1], ["1", "2", "2026-11-20 10:00:00", "document", "2 tasks", "One"]);
    assert_eq!(repo.ctx(&["plan", "extract", "--pick", "3", "--dry-run"]).ok(), "# Mine\n\n1. do it\n");
    let out = repo.ctx(&["plan", "extract", "--pick", "3"]).fails(1);
    assert!(out.contains("hint: say `/ctx:plan`") && out.contains("--pick 3 --dry-run"), "{out}");
    let ran = repo.ctx(&["plan", "extract", "--pick", "2", "--dry-run"]);
    assert!(
        ran.stdout.starts_with("# Two") && ran.stderr.contains("`task-1` has no details") && ran.code == 1
    );
    assert!(!repo.path.join(".parallel").exists());
    let ran = repo.ctx(&["plan", "extract"]);
    assert!(
        ran.stderr.contains("taken from line 2")
            && ran.stderr.contains("a later one, at line 3, is incomplete: `task-1`"),
        "{}",
        ran.stderr
    );
}

#[test]
fn only_the_beginnings_of_hundreds_of_transcripts_are_read() {
    let config = Config::new();
    for n in 0..300 {
        let path = config.session("-p", &format!("s{n}"), n, &[at("/p")]);
        // Sparse: reading them whole would take minutes.
        File::options().append(true).open(&path).unwrap().set_len(1 << 30).unwrap();
        age(&path, n);
    }
    let start = std::time::Instant::now();
    assert_eq!(config.ids(&[Path::new("/p")], &[]).len(), 300);
    assert!(start.elapsed() < Duration::from_secs(20));
}
