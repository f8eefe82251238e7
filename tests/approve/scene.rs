//! A worktree of a task in progress, and the decisions for its agent.

use std::path::PathBuf;

use serde_json::{Value, json};

use crate::support::repo::{CTX, Ran, Repo, document, run, write};

/// A project with ignored build output, a local `origin`, and `task-0` in progress.
pub struct Scene {
    pub repo: Repo,
    pub worktree: PathBuf,
}

impl Scene {
    pub fn new() -> Self {
        let repo = Repo::new();
        for file in ["src/lib.rs", "src/x.rs", "tests/x.rs", "file.txt"] {
            repo.write(file, "one\n");
        }
        repo.write("Cargo.toml", "[package]\nname = \"x\"\n");
        repo.write("package.json", "{}");
        repo.write(".gitignore", "target/\nnode_modules/\nbuild-output/\n");
        repo.commit("a project");
        repo.git(&["init", "--quiet", "--bare", "../origin.git"]);
        repo.git(&["remote", "add", "origin", repo.root().join("origin.git").to_str().unwrap()]);
        repo.git(&["push", "--quiet", "--set-upstream", "origin", "main"]);
        repo.create_plan(&document("One", &[("task-0", &[]), ("task-1", &[])]));
        repo.ctx(&["worktree", "setup"]).ok();
        let worktree = repo.worktree("task-0");
        for file in [
            "target/debug/x",
            "target/x.log",
            "node_modules/.bin/tsc",
            "node_modules/.bin/vitest",
            "build-output/x",
        ] {
            write(&worktree.join(file), "");
        }
        let scene = Self { repo, worktree };
        scene.ctx(&["task", "start", "task-0"]).ok();
        scene
    }

    /// `ctx` in the main checkout, as session `s1` runs it.
    pub fn ctx(&self, args: &[&str]) -> Ran {
        let mut command = self.repo.command(CTX, &self.repo.path);
        run(command.args(args).env("CLAUDE_CODE_SESSION_ID", "s1"))
    }

    /// The decisions of `ctx approve check` in the worktree.
    #[track_caller]
    pub fn decide(&self, rows: &[Value]) -> Vec<(String, String)> {
        let lines: String = rows.iter().map(|row| format!("{row}\n")).collect();
        let file = write(&self.repo.root().join("rows.jsonl"), &lines);
        let out = self.repo.ctx_in(&self.worktree, &["approve", "check", file.to_str().unwrap()]).ok();
        let answers = out.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        answers.map(|answer| (text(&answer["decision"]), text(&answer["reason"]))).collect()
    }

    #[track_caller]
    pub fn command(&self, command: &str) -> (String, String) {
        self.decide(&[json!({ "command": command })]).remove(0)
    }

    /// One decision and what its reason contains.
    #[track_caller]
    pub fn check(&self, command: &str, decision: &str, reason: &str) {
        let (decided, why) = self.command(command);
        assert_eq!(decided, decision, "{command}: {why}");
        assert!(why.contains(reason), "{command}: {why}");
    }

    pub fn explain(&self, command: &str) -> Ran {
        self.repo.ctx_in(&self.worktree, &["approve", "explain", command])
    }
}
