//! Tasks that change the same file: the later one starts from what the earlier one landed.

use std::fs;

use crate::support::repo::{Repo, write};

/// A plan of tasks `task-0`… with these front matters, in a repository with `shared.txt` and `src/a.rs`.
fn plan(fronts: &[&str]) -> Repo {
    let repo = Repo::new();
    repo.write("shared.txt", "base\n");
    repo.write("src/a.rs", "base\n");
    repo.commit("files");
    let index: String =
        (0..fronts.len()).map(|n| format!("  - {{ id: task-{n}, name: Task {n} }}\n")).collect();
    let details: String = fronts
        .iter()
        .enumerate()
        .map(|(n, front)| {
            format!("### Task {n}: Task {n}\n\n```yaml\nid: task-{n}\n{front}\n```\n\nText.\n\n")
        })
        .collect();
    repo.create_plan(&format!(
        "# P\n\n**Type:** Plan\n\n## Plan Structure\n\n```yaml\nmetadata: {{ name: P }}\ntasks:\n{index}```\n\n## Task Details\n\n{details}"
    ));
    repo
}

/// Appends a line to the file in the task's worktree, and hands in.
#[track_caller]
fn append(repo: &Repo, task: &str, file: &str) {
    let path = repo.worktree(task).join(file);
    let text = fs::read_to_string(&path).unwrap();
    repo.work(task, file, &format!("{text}{task}\n"));
}

fn results(repo: &Repo) -> Vec<String> {
    let rows: serde_json::Value =
        serde_json::from_str(&repo.ctx(&["worktree", "setup", "--json"]).stdout).unwrap();
    rows.as_array().unwrap().iter().map(|row| row["result"].as_str().unwrap().to_owned()).collect()
}

const SHARED: &str = "files: { modify: [shared.txt] }";

#[test]
fn three_in_a_row_land_without_a_conflict() {
    let repo = plan(&[SHARED, SHARED, SHARED]);
    for n in 0..3 {
        let expected: Vec<&str> = (0..3).map(|task| if task == n { "created" } else { "skipped" }).collect();
        assert_eq!(results(&repo), expected, "{n}");
        assert_eq!(results(&repo)[n], "exists");
        append(&repo, &format!("task-{n}"), "shared.txt");
        if n < 2 {
            // Handed in is not landed.
            let out = repo.ctx(&["worktree", "setup", &format!("task-{}", n + 1)]).fails(1);
            assert!(
                out.contains(&format!(
                    "`task-{}` waits for its wave: `task-{n}` uses `shared.txt` too",
                    n + 1
                )),
                "{out}"
            );
        }
        repo.ctx(&["merge"]).ok();
    }
    assert_eq!(repo.read("shared.txt"), "base\ntask-0\ntask-1\ntask-2\n");
}

#[test]
fn nothing_lets_the_later_one_begin() {
    let repo = plan(&["files: { modify: ['src/*.rs'] }", "files: { modify: [src/a.rs] }"]);
    repo.ctx(&["worktree", "setup"]).ok();
    repo.ctx(&["pool", "init", "1"]).ok();
    let refused = "`task-1` waits for its wave: `task-0` uses `src/a.rs` too, comes first and has not landed";
    for command in
        [&["task", "start", "task-1"][..], &["pool", "acquire", "task-1"], &["worktree", "setup", "task-1"]]
    {
        let out = repo.ctx(command).fails(1);
        assert!(out.contains(refused), "{out}");
    }
    let row = repo.json(&["task", "list"])[1].clone();
    assert_eq!((&row["ready"], &row["waits_for"][0]), (&false.into(), &"task-0".into()));
    let row = repo.json(&["status"])["tasks"][1].clone();
    assert_eq!((&row["ready"], &row["waits_for"][0]), (&false.into(), &"task-0".into()));
    append(&repo, "task-0", "src/a.rs");
    repo.ctx(&["pool", "acquire", "task-1"]).fails(1);
    repo.ctx(&["merge"]).ok();
    let out = repo.ctx(&["pool", "acquire", "task-1"]).ok();
    let path = out.split('|').nth(1).unwrap();
    assert_eq!(fs::read_to_string(format!("{path}/src/a.rs")).unwrap(), "base\ntask-0\n");
}

#[test]
fn a_failed_one_frees_the_other_and_a_resource_is_shared_one_by_one() {
    let resource = "shared_resources: [db]";
    let repo = plan(&[resource, resource]);
    assert_eq!(results(&repo), ["created", "skipped"]);
    repo.ctx(&["task", "fail", "task-0"]).ok();
    assert_eq!(results(&repo), ["skipped", "created"]);
    // It comes back behind the one that was begun meanwhile.
    repo.ctx(&["task", "start", "task-1"]).ok();
    repo.ctx(&["task", "retry", "task-0"]).ok();
    let out = repo.ctx(&["task", "start", "task-0"]).fails(1);
    assert!(out.contains("`task-0` waits for its wave: `task-1` uses `db` too"), "{out}");
}

#[test]
fn one_of_two_that_start_at_once_waits() {
    let repo = plan(&[SHARED, "files: { modify: [src/a.rs] }", SHARED, "files: { modify: [src/a.rs] }"]);
    let mut children: Vec<_> = (0..4)
        .map(|n| {
            let id = format!("task-{n}");
            repo.command(crate::support::repo::CTX, &repo.path).args(["task", "start", &id]).spawn().unwrap()
        })
        .collect();
    let ok: Vec<bool> = children.iter_mut().map(|child| child.wait().unwrap().success()).collect();
    assert_eq!(ok, [true, true, false, false]);
}

#[test]
fn an_unstarted_tree_is_brought_to_the_base_when_its_turn_comes() {
    // Both were set up before the plan said that they share a file.
    let repo = plan(&[SHARED, "files: { modify: [src/a.rs] }"]);
    repo.ctx(&["worktree", "setup"]).ok();
    let file = repo.path.join(".parallel/plans/active/tasks/task-1.md");
    let text = fs::read_to_string(&file).unwrap();
    write(&file, &text.replace("- src/a.rs", "- shared.txt"));
    append(&repo, "task-0", "shared.txt");
    repo.ctx(&["merge"]).ok();
    // Somebody's file lies there: it stays, and the tree as it is.
    let note = write(&repo.worktree("task-1").join("note.txt"), "mine\n");
    repo.ctx(&["worktree", "setup"]).ok();
    assert_eq!(fs::read_to_string(repo.worktree("task-1").join("shared.txt")).unwrap(), "base\n");
    fs::remove_file(note).unwrap();
    let ran = repo.ctx(&["worktree", "setup"]);
    assert!(
        ran.stderr.contains("note: `task-1`: nothing was done here yet; brought to `main`"),
        "{}",
        ran.stderr
    );
    assert_eq!(fs::read_to_string(repo.worktree("task-1").join("shared.txt")).unwrap(), "base\ntask-0\n");
    append(&repo, "task-1", "shared.txt");
    repo.ctx(&["merge"]).ok();
    assert_eq!(repo.read("shared.txt"), "base\ntask-0\ntask-1\n");
}
