//! Times whole processes in one run on one machine: `ctx` beside plain git, the hook beside `/bin/true`.
//!
//! `scripts/bench` runs it. Prints medians and their ratio; absolute times say little on a shared machine. Works on a
//! memory file system where there is one, so that the disk's write-back does not blur the result.
#![allow(clippy::disallowed_methods, clippy::cast_precision_loss, missing_docs)]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::json;

const CTX: &str = env!("CARGO_BIN_EXE_ctx");
const CTX_HOOK: &str = env!("CARGO_BIN_EXE_ctx-hook");

/// Files of the repository.
const FILES: usize = 2300;
/// Repetitions of each set-up; the contestants take turns.
const ROUNDS: usize = 5;

fn main() {
    let root = memory_folder();
    let bench = Bench { home: root.join("home"), repo: root.join("repo") };
    bench.make_repository(FILES);
    println!("repository of {FILES} files in {}, {} cores\n", root.display(), cores());
    println!("| what | ctx | beside | ratio |\n|---|---|---|---|");
    for count in [1, 5, 20] {
        bench.set_up(count);
    }
    bench.pool();
    bench.race();
    bench.status(20);
    bench.hooks();
    bench.growth();
    fs::remove_dir_all(&root).unwrap();
}

fn memory_folder() -> PathBuf {
    let memory = Path::new("/dev/shm");
    let parent = if memory.is_dir() { memory.to_owned() } else { std::env::temp_dir() };
    let root = parent.join(format!("ctx-bench-{}", std::process::id()));
    fs::create_dir_all(root.join("home")).unwrap();
    fs::canonicalize(root).unwrap()
}

fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, std::num::NonZero::get)
}

struct Bench {
    home: PathBuf,
    repo: PathBuf,
}

impl Bench {
    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command
            .current_dir(&self.repo)
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap())
            .env("HOME", &self.home)
            .envs([("GIT_CONFIG_GLOBAL", "/dev/null"), ("GIT_CONFIG_NOSYSTEM", "1")])
            .envs([("GIT_AUTHOR_NAME", "a"), ("GIT_AUTHOR_EMAIL", "a@b")])
            .envs([("GIT_COMMITTER_NAME", "a"), ("GIT_COMMITTER_EMAIL", "a@b")])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        command
    }

    fn git(&self, args: &[&str]) {
        assert!(self.command("git").args(args).status().unwrap().success(), "git {args:?}");
    }

    fn ctx(&self, args: &[&str]) {
        let output = self.command(CTX).args(args).stderr(Stdio::piped()).output().unwrap();
        assert!(output.status.success(), "ctx {args:?}: {}", String::from_utf8_lossy(&output.stderr));
    }

    fn make_repository(&self, files: usize) {
        let _ = fs::remove_dir_all(&self.repo);
        fs::create_dir_all(&self.repo).unwrap();
        self.git(&["init", "--quiet", "--initial-branch=main"]);
        // None in the background: it would meet the one below.
        self.git(&["config", "gc.auto", "0"]);
        for n in 0..files {
            let dir = self.repo.join(format!("src/part{:02}", n % 40));
            fs::create_dir_all(&dir).unwrap();
            let line = format!("line of file {n}, which is about as long as a line of code\n");
            fs::write(dir.join(format!("file{n}.txt")), line.repeat(20 + n % 120)).unwrap();
        }
        self.git(&["add", "--all"]);
        self.git(&["commit", "--quiet", "-m", "start"]);
        self.git(&["gc", "--quiet"]);
    }

    /// Makes a plan of `count` independent tasks the active one.
    fn plan(&self, count: usize) {
        let index: String = (0..count).map(|n| format!("  - {{ id: t{n}, name: T{n} }}\n")).collect();
        let details: String = (0..count)
            .map(|n| format!("### Task {n}: T{n}\n\n```yaml\nid: t{n}\n```\n\nDo it.\n\n"))
            .collect();
        let document = format!(
            "# Bench\n\n**Type:** Plan\n\n## Plan Structure\n\n```yaml\nmetadata: {{ name: Bench {count} }}\ntasks:\n{index}```\n\n{details}"
        );
        let file = self.home.join("plan.md");
        fs::write(&file, document).unwrap();
        self.ctx(&["plan", "create", file.to_str().unwrap()]);
        // The same document again is the same plan, and not by itself the active one again.
        self.ctx(&["plan", "use", &format!("Bench {count}")]);
    }

    /// Back to a repository without worktrees.
    fn forget_worktrees(&self, count: usize) {
        let _ = fs::remove_dir_all(self.repo.join("worktrees"));
        let _ = fs::remove_dir_all(self.repo.join(".git/worktrees"));
        let _ = fs::remove_dir_all(self.repo.join(".git/ctx/worktrees"));
        for n in 0..count {
            let _ =
                self.command("git").args(["update-ref", "-d", &format!("refs/heads/feature/t{n}")]).status();
        }
    }

    fn add(&self, n: usize) -> Command {
        let mut git = self.command("git");
        git.args([
            "worktree",
            "add",
            "--quiet",
            "-b",
            &format!("feature/t{n}"),
            &format!("worktrees/t{n}"),
            "main",
        ]);
        git
    }

    fn set_up(&self, count: usize) {
        self.plan(count);
        let (mut ours, mut sequential, mut concurrent) = (Vec::new(), Vec::new(), Vec::new());
        let mut lost = 0;
        for _ in 0..ROUNDS {
            self.forget_worktrees(count);
            ours.push(timed(|| {
                assert!(self.command(CTX).args(["worktree", "setup"]).status().unwrap().success());
            }));
            self.forget_worktrees(count);
            sequential.push(timed(|| {
                for n in 0..count {
                    assert!(self.add(n).status().unwrap().success());
                }
            }));
            self.forget_worktrees(count);
            let mut failures = 0;
            let time = timed(|| {
                let children: Vec<Child> = (0..count).map(|n| self.add(n).spawn().unwrap()).collect();
                failures = children
                    .into_iter()
                    .filter_map(|mut child| child.wait().ok())
                    .filter(|s| !s.success())
                    .count();
            });
            lost += failures;
            if failures == 0 {
                concurrent.push(time);
            }
        }
        self.forget_worktrees(count);
        row(
            &format!("set-up of {count}"),
            median(&ours),
            "`git worktree add`, one after the other",
            median(&sequential),
        );
        // The fastest, not the median: it is what could be had.
        match concurrent.iter().min() {
            Some(fastest) => {
                let what =
                    format!("fastest of {} at once without a loss ({lost} lost in all)", concurrent.len());
                row("", median(&ours), &what, *fastest);
            }
            None => {
                println!("| | | `git worktree add`, all at once: no run without a loss ({lost} lost) | |");
            }
        }
    }

    /// A slot that was made ahead beside a fresh worktree.
    fn pool(&self) {
        self.plan(1);
        let (mut ours, mut fresh) = (Vec::new(), Vec::new());
        let ctx =
            |args: &[&str]| assert!(self.command(CTX).args(args).status().unwrap().success(), "{args:?}");
        ctx(&["pool", "init", "1"]);
        for _ in 0..ROUNDS * 3 {
            ours.push(timed(|| ctx(&["pool", "acquire", "t0"])));
            ctx(&["pool", "release", "1", "--include-unmerged"]);
            fresh.push(timed(|| ctx(&["worktree", "setup", "t0"])));
            self.forget_one();
        }
        row("`ctx pool acquire`", median(&ours), "`ctx worktree setup` of one", median(&fresh));
        ctx(&["pool", "reset", "0"]);
        self.forget_worktrees(1);
    }

    /// The worktree of `t0` goes, the slots stay.
    fn forget_one(&self) {
        fs::remove_dir_all(self.repo.join("worktrees/t0")).unwrap();
        let _ = fs::remove_dir_all(self.repo.join(".git/ctx/worktrees"));
        self.git(&["worktree", "prune"]);
        self.git(&["update-ref", "-d", "refs/heads/feature/t0"]);
    }

    /// How a set-up's cost grows with the number of worktrees, and with the number of files.
    fn growth(&self) {
        let set_up = |count: usize| {
            self.plan(count);
            let times: Vec<Duration> = (0..ROUNDS)
                .map(|_| {
                    self.forget_worktrees(count);
                    timed(|| self.ctx(&["worktree", "setup"]))
                })
                .collect();
            self.forget_worktrees(count);
            median(&times)
        };
        let (ten, forty) = (set_up(10), set_up(40));
        row("set-up of 40", forty, "set-up of 10", ten);
        let few = set_up(5);
        self.make_repository(FILES * 4);
        let many = set_up(5);
        self.make_repository(FILES);
        row(&format!("set-up of 5, {} files", FILES * 4), many, &format!("{FILES} files"), few);
    }

    /// Eight at once, fifty times, from a remote-tracking branch: how many adds git loses, and how many `ctx`.
    fn race(&self) {
        const AT_ONCE: usize = 8;
        const TIMES: usize = 50;
        let remote = self.home.join("remote.git");
        self.git(&["clone", "--quiet", "--bare", ".", remote.to_str().unwrap()]);
        self.git(&["remote", "add", "origin", remote.to_str().unwrap()]);
        self.git(&["fetch", "--quiet", "origin"]);
        self.plan(AT_ONCE);
        let (mut git, mut ours) = (0, 0);
        let failures = |children: Vec<Child>| {
            children.into_iter().filter_map(|mut child| child.wait().ok()).filter(|s| !s.success()).count()
        };
        for _ in 0..TIMES {
            self.forget_worktrees(AT_ONCE);
            let add = |n: usize| {
                let (branch, path) = (format!("feature/t{n}"), format!("worktrees/t{n}"));
                self.command("git")
                    .args(["worktree", "add", "--quiet", "-b", &branch, &path, "origin/main"])
                    .spawn()
                    .unwrap()
            };
            git += failures((0..AT_ONCE).map(add).collect());
            self.forget_worktrees(AT_ONCE);
            let set_up =
                |n: usize| self.command(CTX).args(["worktree", "setup", &format!("t{n}")]).spawn().unwrap();
            ours += failures((0..AT_ONCE).map(set_up).collect());
        }
        self.forget_worktrees(AT_ONCE);
        let all = AT_ONCE * TIMES;
        println!(
            "| {AT_ONCE} at once, {TIMES} times, lost | {ours} of {all} | `git worktree add` from `origin/main`: {git} of {all} | |"
        );
    }

    fn status(&self, count: usize) {
        self.plan(count);
        assert!(self.command(CTX).args(["worktree", "setup"]).status().unwrap().success());
        let (mut ours, mut theirs) = (Vec::new(), Vec::new());
        for _ in 0..ROUNDS * 3 {
            ours.push(timed(|| assert!(self.command(CTX).arg("status").status().unwrap().success())));
            theirs.push(timed(|| {
                let spawn = |n: usize| {
                    let mut git = self.command("git");
                    git.current_dir(self.repo.join(format!("worktrees/t{n}")));
                    git.args(["status", "--porcelain=v2", "-z"]).spawn().unwrap()
                };
                let children: Vec<Child> = (0..count).map(spawn).collect();
                for mut child in children {
                    assert!(child.wait().unwrap().success());
                }
            }));
        }
        row(
            &format!("status of {count}"),
            median(&ours),
            "`git status` in each, all at once",
            median(&theirs),
        );
        self.forget_worktrees(count);
    }

    /// Before a tool call where `ctx` was never used, and of an agent with a task beside nineteen others.
    fn hooks(&self) {
        let event = |input: serde_json::Value| {
            let mut event = json!({
                "hook_event_name": "PreToolUse", "session_id": "s", "transcript_path": self.home.join("s.jsonl"), "cwd": self.repo,
            });
            event.as_object_mut().unwrap().extend(input.as_object().unwrap().clone());
            event
        };
        self.hook(
            "hook, not in a project",
            &event(json!({ "cwd": "/", "tool_name": "Bash", "tool_input": { "command": "ls" } })),
            false,
        );
        self.plan(20);
        self.ctx(&["worktree", "setup"]);
        let kind = "ctx:parallel-task-executor";
        let prompt = json!({ "subagent_type": kind, "prompt": "Task: t0" });
        let start = event(json!({ "tool_name": "Agent", "tool_use_id": "toolu_1", "tool_input": prompt }));
        self.hook("hook, an agent is started", &start, true);
        let meta = self.home.join("s/subagents/agent-a.meta.json");
        fs::create_dir_all(meta.parent().unwrap()).unwrap();
        fs::write(meta, json!({ "toolUseId": "toolu_1" }).to_string()).unwrap();
        // Of the same session as the calls: a task that a terminal claimed is no agent's.
        let mut start = self.command(CTX);
        start.args(["task", "start", "t0"]).env("CLAUDE_CODE_SESSION_ID", "s").stdout(Stdio::null());
        assert!(start.status().unwrap().success());
        for command in ["cargo test 2>&1 | tail -n 20", "git add -A && git commit -m 'feat: x'"] {
            let call = json!({ "tool_name": "Bash", "tool_input": { "command": command }, "agent_id": "a", "agent_type": kind });
            self.hook(&format!("hook, `{command}`"), &event(call), true);
        }
        self.forget_worktrees(20);
        let size = fs::metadata(CTX_HOOK).unwrap().len();
        println!("\n`ctx-hook` is {:.1} MB", size as f64 / 1e6);
    }

    fn hook(&self, what: &str, event: &serde_json::Value, allows: bool) {
        let input = self.home.join("input.json");
        fs::write(&input, event.to_string()).unwrap();
        let stdin = || Stdio::from(fs::File::open(&input).unwrap());
        let said = self.command(CTX_HOOK).stdin(stdin()).stdout(Stdio::piped()).output().unwrap().stdout;
        let said = String::from_utf8_lossy(&said);
        assert_eq!(said.contains(r#""permissionDecision":"allow""#), allows, "{what}: {said}");
        let (mut ours, mut theirs) = (Vec::new(), Vec::new());
        for _ in 0..300 {
            ours.push(timed(|| assert!(self.command(CTX_HOOK).stdin(stdin()).status().unwrap().success())));
            theirs.push(timed(|| {
                assert!(self.command("/bin/true").stdin(stdin()).status().unwrap().success());
            }));
        }
        row(what, median(&ours), "`/bin/true`", median(&theirs));
    }
}

fn timed(work: impl FnOnce()) -> Duration {
    let start = Instant::now();
    work();
    start.elapsed()
}

fn median(times: &[Duration]) -> Duration {
    let mut times = times.to_vec();
    times.sort();
    times[times.len() / 2]
}

fn row(what: &str, ours: Duration, beside: &str, theirs: Duration) {
    let ms = |time: Duration| format!("{:.1} ms", time.as_secs_f64() * 1000.0);
    let ratio = ours.as_secs_f64() / theirs.as_secs_f64();
    println!("| {what} | {} | {beside}: {} | {ratio:.2} |", ms(ours), ms(theirs));
}
