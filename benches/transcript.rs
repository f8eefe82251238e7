//! Times `ctx-hook` at the end of a session with a transcript of 1 GB in the page cache, beside `grep -c` of the marker
//! over the same file as the floor, and a line-by-line JSON reader as the usual way.
//!
//! `scripts/bench --bench transcript` runs it. Prints medians and ratios. The hook runs with 64 MB of address space: it
//! could not take more.
#![allow(clippy::disallowed_methods, missing_docs)]

use std::fs::{self, File};
use std::io::{BufRead, BufReader, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

const CTX_HOOK: &str = env!("CARGO_BIN_EXE_ctx-hook");
const SIZE: usize = 1 << 30;
const ROUNDS: usize = 5;
/// In kilobytes.
const ADDRESS_SPACE: usize = 64 << 10;

const PLAN: &str = "# Plan\n\n**Type:** Plan\n\n## Plan Structure\n\n```yaml\nmetadata: { name: Plan }\ntasks:\n  \
    - { id: task-0, name: One }\n  - { id: task-1, name: Two }\n```\n\n## Task Details\n\n### Task 0: One\n\n\
    ```yaml\nid: task-0\n```\n\nDo it.\n\n### Task 1: Two\n\n```yaml\nid: task-1\n```\n\nDo it, too.\n";

fn main() {
    let root = memory_folder();
    let repo = root.join("repo");
    fs::create_dir_all(&repo).unwrap();
    git(&repo, &["init", "--quiet"]);
    git(
        &repo,
        &["-c", "user.name=a", "-c", "user.email=a@b", "commit", "--quiet", "--allow-empty", "-m", "start"],
    );
    let transcript = root.join("session.jsonl");
    let filler = filler();
    let count = SIZE / filler.len();
    println!("transcript of {} MB in {}\n", (count * filler.len()) >> 20, root.display());
    println!(
        "| plan | ctx-hook | its memory | `grep -c` | ratio | JSON, line by line | ratio |\n|---|---|---|---|---|---|---|"
    );
    for (name, place) in [
        ("at the end", Some(count)),
        ("in the middle", Some(count / 2)),
        ("at the beginning", Some(0)),
        ("none", None),
    ] {
        write_transcript(&transcript, &filler, count, place);
        let mut times = [const { Vec::new() }; 3];
        for _ in 0..ROUNDS {
            forget_plans(&repo);
            times[0].push(timed(|| wait(hook(&repo, &transcript))));
            assert_eq!(repo.join(".parallel/plans/active").exists(), place.is_some(), "the plan {name}");
            times[1].push(timed(|| grep(&transcript)));
        }
        times[2].push(timed(|| assert_eq!(line_by_line(&transcript), place.is_some())));
        forget_plans(&repo);
        row(name, &times, peak(hook(&repo, &transcript)));
    }
    fs::remove_dir_all(&root).unwrap();
}

fn memory_folder() -> PathBuf {
    let memory = Path::new("/dev/shm");
    let parent = if memory.is_dir() { memory.to_owned() } else { std::env::temp_dir() };
    let root = parent.join(format!("ctx-bench-transcript-{}", std::process::id()));
    fs::create_dir_all(&root).unwrap();
    fs::canonicalize(root).unwrap()
}

fn git(repo: &Path, args: &[&str]) {
    assert!(Command::new("git").current_dir(repo).args(args).status().unwrap().success());
}

fn record(kind: &str, content: &Value) -> String {
    let record = json!({
        "parentUuid": "0b9c", "isSidechain": false, "cwd": "/home/ada/project", "sessionId": "5e55",
        "version": "2.1.329", "type": kind, "message": { "role": kind, "content": content },
        "uuid": "77aa", "timestamp": "2026-11-20T10:00:00.000Z",
    });
    format!("{record}\n")
}

fn said(text: &str) -> String {
    record("assistant", &json!([{ "type": "text", "text": text }]))
}

/// A piece of a working session: files read, things said, and the marker in passing in every third line.
fn filler() -> String {
    let source = include_str!("../src/plan/document.rs");
    [
        record("user", &json!([{ "type": "tool_result", "tool_use_id": "t", "content": source }])),
        said(&format!("I looked at it.\n\n**Type:** Plans are **there**.\n\n{}", &source[..900])),
        record(
            "assistant",
            &json!([{ "type": "tool_use", "id": "t", "name": "Bash", "input": { "command": "ls" } }]),
        ),
        record("user", &json!([{ "type": "tool_result", "tool_use_id": "t", "content": PLAN }])),
        record(
            "assistant",
            &json!([{ "type": "thinking", "thinking": &source[..3000], "signature": "A".repeat(700) }]),
        ),
    ]
    .concat()
}

fn write_transcript(path: &Path, filler: &str, count: usize, place: Option<usize>) {
    let mut file = BufWriter::new(File::create(path).unwrap());
    for n in 0..=count {
        if place == Some(n) {
            file.write_all(said(PLAN).as_bytes()).unwrap();
        }
        if n < count {
            file.write_all(filler.as_bytes()).unwrap();
        }
    }
    file.flush().unwrap();
}

fn forget_plans(repo: &Path) {
    for folder in [".parallel", ".git/ctx"] {
        let _ = fs::remove_dir_all(repo.join(folder));
    }
}

fn hook(repo: &Path, transcript: &Path) -> Child {
    let input = json!({
        "hook_event_name": "SessionEnd", "session_id": "5e55", "cwd": repo, "transcript_path": transcript, "reason": "other",
    });
    let limited = format!("ulimit -v {ADDRESS_SPACE}; exec \"$0\"");
    let mut child =
        Command::new("sh").args(["-c", &limited, CTX_HOOK]).stdin(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(input.to_string().as_bytes()).unwrap();
    child
}

fn wait(mut child: Child) {
    assert!(child.wait().unwrap().success());
}

/// The most memory that a process had, in kilobytes; asked while it runs, so not in a run that is timed.
fn peak(mut child: Child) -> usize {
    let status = format!("/proc/{}/status", child.id());
    let mut peak = 0;
    while child.try_wait().unwrap().is_none() {
        let text = fs::read_to_string(&status).unwrap_or_default();
        let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let now = line.and_then(|line| line.trim().strip_suffix(" kB")).and_then(|size| size.parse().ok());
        peak = peak.max(now.unwrap_or_default());
    }
    peak
}

fn grep(transcript: &Path) {
    // With another output than a pipe, it might stop at the first line.
    let output = Command::new("grep")
        .env("LC_ALL", "C")
        .args(["-cF", "**Type:** Plan"])
        .arg(transcript)
        .output()
        .unwrap();
    assert!(output.status.success());
}

fn line_by_line(transcript: &Path) -> bool {
    let mut found = false;
    for line in BufReader::new(File::open(transcript).unwrap()).lines() {
        let Ok(record) = serde_json::from_str::<Value>(&line.unwrap()) else { continue };
        let blocks = record["message"]["content"].as_array().into_iter().flatten();
        let mut texts = blocks.filter_map(|block| block["text"].as_str());
        found |= record["type"] == "assistant" && texts.any(|text| text.contains("\n**Type:** Plan\n"));
    }
    found
}

fn timed(work: impl FnOnce()) -> Duration {
    let start = Instant::now();
    work();
    start.elapsed()
}

fn row(name: &str, times: &[Vec<Duration>; 3], memory: usize) {
    let [ours, floor, usual] = times.each_ref().map(|times| {
        let mut times = times.clone();
        times.sort();
        times[times.len() / 2].as_secs_f64()
    });
    println!(
        "| {name} | {:.0} ms | {memory} kB | {:.0} ms | {:.2} | {:.0} ms | {:.3} |",
        ours * 1e3,
        floor * 1e3,
        ours / floor,
        usual * 1e3,
        ours / usual
    );
}
