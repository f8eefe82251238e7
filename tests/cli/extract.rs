//! `ctx plan extract`: a plan that was printed in a conversation becomes files.

use std::fs;

use serde_json::{Value, json};

use crate::support::repo::{CTX, Repo, document, run, three_tasks};

/// Writes a transcript of this project with one assistant text a line, as session `name`.
fn session(repo: &Repo, name: &str, texts: &[&str]) {
    let folder = repo.home().join(".claude/projects").join(ctx::transcript::encode(&repo.path));
    fs::create_dir_all(&folder).unwrap();
    let line = |text: &&str| {
        let record = json!({
            "type": "assistant", "cwd": repo.path, "sessionId": name, "timestamp": "2026-11-21T10:00:00Z",
            "message": { "role": "assistant", "content": [{ "type": "text", "text": text }] },
        });
        format!("{record}\n")
    };
    fs::write(folder.join(format!("{name}.jsonl")), texts.iter().map(line).collect::<String>()).unwrap();
}

fn plans(repo: &Repo) -> Vec<(String, bool)> {
    let list = repo.json(&["plan", "list"]);
    let row = |row: &Value| (row["name"].as_str().unwrap().to_owned(), row["active"] == true);
    list.as_array().unwrap().iter().map(row).collect()
}

#[test]
fn the_latest_plan_of_the_newest_session_is_taken_once() {
    let repo = Repo::new();
    session(&repo, "s1", &[&document("Old", &[("one", &[])]), &three_tasks()]);
    let out = repo.ctx(&["plan", "extract"]).ok();
    assert!(out.contains("made and active: 3 tasks"), "{out}");
    let out = repo.ctx(&["plan", "extract"]).ok();
    assert!(out.contains("already; nothing was written"), "{out}");
    assert_eq!(plans(&repo), [("Three".to_owned(), true)]);
    repo.ctx(&["plan", "extract", "--pick", "1"]).ok();
    assert_eq!(plans(&repo).len(), 2);
}

#[test]
fn a_plan_that_is_under_way_stays_active() {
    let repo = Repo::with_plan(&document("First", &[("one", &[]), ("two", &[])]));
    repo.ctx(&["task", "start", "one"]).ok();
    session(&repo, "s1", &[&three_tasks()]);
    let ran = repo.ctx(&["plan", "extract"]);
    assert!(ran.stderr.contains("is under way and stays active"), "{}", ran.stderr);
    assert!(plans(&repo).contains(&("First".to_owned(), true)));
    assert!(plans(&repo).contains(&("Three".to_owned(), false)));
}

#[test]
fn nothing_is_written_for_a_dry_run_or_without_a_plan() {
    let repo = Repo::new();
    let out = repo.ctx(&["plan", "extract"]).fails(1);
    assert!(out.contains("has left a transcript"), "{out}");
    session(&repo, "s1", &["Shall I plan it?"]);
    let out = repo.ctx(&["plan", "extract"]).fails(1);
    assert!(out.contains("no plan was printed in"), "{out}");
    session(&repo, "s1", &[&format!("Here:\n\n{}\n## References\n\nBye.", three_tasks())]);
    let out = repo.ctx(&["plan", "extract", "--dry-run"]).ok();
    assert_eq!(out.trim_end(), three_tasks().trim_end());
    assert!(!repo.path.join(".parallel").exists());
}

#[test]
fn a_subagent_s_transcript_is_never_taken() {
    let repo = Repo::new();
    session(&repo, "s1", &[&three_tasks()]);
    session(&repo, "agent-a1", &[&document("Theirs", &[("one", &[])])]);
    repo.ctx(&["plan", "extract"]).ok();
    assert_eq!(plans(&repo), [("Three".to_owned(), true)]);
}

#[test]
fn the_running_session_goes_before_a_newer_one() {
    let repo = Repo::new();
    session(&repo, "mine", &[&three_tasks()]);
    session(&repo, "other", &[&document("Theirs", &[("one", &[])])]);
    let mut command = repo.command(CTX, &repo.path);
    run(command.args(["plan", "extract"]).env("CLAUDE_CODE_SESSION_ID", "mine")).ok();
    assert_eq!(plans(&repo), [("Three".to_owned(), true)]);
}
