//! `ctx demo`: the whole job in a temporary repository, without a network and without a model.
//!
//! Every step runs this executable or git, as a session would; only the agents are scripted. They really
//! edit, test and commit, side by side, each in its worktree.

mod agents;

use std::path::{Path, PathBuf};

use serde_json::json;

use super::{Report, style};
use crate::cli::Demo;
use crate::error::{Error, Result};
use crate::exec::Exec;
use crate::plan::TaskId;
use crate::state;
use crate::transcript;
use crate::world;

/// What the session in the transcript printed.
const PLAN: &str = include_str!("plan.md");

/// Prints a line as it happens; called from several threads.
pub(super) type Say<'a> = &'a (dyn Fn(&str) + Sync);

pub(super) fn run(args: &Demo, say: Say<'_>) -> Result<Report> {
    let start = world::instant();
    let folder = tempfile::Builder::new()
        .prefix("ctx-demo-")
        .tempdir()
        .map_err(|error| Error::io("make a folder in", &world::temp_dir(), &error))?;
    // Git gives real paths; so does this.
    let root =
        std::fs::canonicalize(folder.path()).map_err(|error| Error::io("find", folder.path(), &error))?;
    let stage = Stage {
        ctx: world::executable()?,
        repository: root.join("text-tools"),
        config: root.join("client"),
        say,
    };
    stage.play()?;
    let seconds = start.elapsed().as_secs_f32();
    let mut report = Report::text(format!(
        "\ndone in {seconds:.1} s: planned, worked on side by side, merged, cleaned up"
    ));
    if args.keep {
        let kept = folder.keep();
        report.data += &format!("the repository is in `{}`\n", kept.join("text-tools").display());
    }
    Ok(report)
}

/// Where the demo takes place.
struct Stage<'a> {
    ctx: PathBuf,
    repository: PathBuf,
    config: PathBuf,
    say: Say<'a>,
}

impl Stage<'_> {
    fn play(&self) -> Result<()> {
        self.title("a small project in git, and a session that printed a plan");
        self.make_repository()?;
        self.write_transcript()?;
        self.title("the plan, taken out of the transcript");
        self.show(&["plan", "extract"])?;
        self.show(&["plan", "show"])?;
        self.group(&["task-0", "task-1", "task-2"])?;
        self.group(&["task-3"])?;
        self.title("the result");
        self.step(&self.repository, "sh", &["tests/all.sh"])?;
        self.show(&["status"])?;
        self.show(&["cleanup"])?;
        self.show(&["plan", "archive"])?;
        self.step(&self.repository, "git", &["log", "--graph", "--oneline"])
    }

    fn make_repository(&self) -> Result<()> {
        let dir = &self.repository;
        state::create_dir_all(&dir.join("tests"))?;
        state::replace(&dir.join("README.md"), b"# Text tools\n")?;
        state::replace(
            &dir.join("tests/all.sh"),
            b"set -e\nfor t in tests/[!a]*.sh; do sh \"$t\"; done\necho all tests passed\n",
        )?;
        self.step(dir, "git", &["init", "--quiet", "--initial-branch=main"])?;
        self.step(dir, "git", &["add", "--all"])?;
        self.step(dir, "git", &["commit", "--quiet", "--message=Start"])
    }

    fn write_transcript(&self) -> Result<()> {
        let folder = self.config.join("projects").join(transcript::encode(&self.repository));
        state::create_dir_all(&folder)?;
        let record = |kind: &str, content: serde_json::Value| {
            json!({
                "type": kind, "sessionId": "demo", "cwd": self.repository, "isSidechain": false,
                "timestamp": world::now().to_string(), "message": { "role": kind, "content": content },
            })
        };
        let lines = [
            record("user", json!("Plan four small text tools.")),
            record("assistant", json!([{ "type": "text", "text": PLAN }])),
        ];
        let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
        state::replace(&folder.join("demo.jsonl"), text.as_bytes())
    }

    /// Sets up the worktrees of tasks that are ready, lets their agents work, lands what they made.
    fn group(&self, tasks: &[&str]) -> Result<()> {
        self.title(&format!("{} at once", style::count(tasks.len(), "agent")));
        self.show(&["worktree", "setup"])?;
        std::thread::scope(|scope| {
            let agents: Vec<_> = tasks.iter().map(|task| scope.spawn(|| self.agent(task))).collect();
            agents.into_iter().try_for_each(|agent| {
                agent.join().unwrap_or_else(|_| Err(Error::environment("a scripted agent panicked")))
            })
        })?;
        self.show(&["merge"])
    }

    /// What an executor does: start, edit, test, commit, submit.
    fn agent(&self, task: &str) -> Result<()> {
        let id = TaskId::parse(task).map_err(|error| Error::environment(format!("`{task}`: {error}")))?;
        let worktree = self.ctx(&self.repository, &["worktree", "path", task])?;
        let worktree = Path::new(worktree.trim_end());
        let say = |text: &str| (self.say)(&format!("{} {}", style::dim(&format!("[{id}]")), text.trim_end()));
        say(self.ctx(worktree, &["task", "start", task])?.lines().next().unwrap_or_default());
        let work = agents::work(task);
        for (file, content) in work.files {
            if let Some(dir) = Path::new(file).parent() {
                state::create_dir_all(&worktree.join(dir))?;
            }
            state::replace(&worktree.join(file), content.as_bytes())?;
            say(&format!("wrote {file}"));
        }
        let (program, args) = work.test;
        self.output(worktree, program, args)?;
        say(&format!("passed: {program} {}", args.join(" ")));
        say(&self.ctx(worktree, &["commit", "-m", work.message])?);
        say(&self.ctx(worktree, &["task", "submit", task])?);
        Ok(())
    }

    fn title(&self, text: &str) {
        (self.say)(&format!("\n{}", style::bold(&format!("# {text}"))));
    }

    /// A command of `ctx` with its output.
    fn show(&self, args: &[&str]) -> Result<()> {
        (self.say)(&style::bold(&format!("$ ctx {}", args.join(" "))));
        (self.say)(self.ctx(&self.repository, args)?.trim_end());
        Ok(())
    }

    /// A command of the project with its output.
    fn step(&self, dir: &Path, program: &str, args: &[&str]) -> Result<()> {
        (self.say)(&style::bold(&format!("$ {program} {}", args.join(" "))));
        let output = self.output(dir, program, args)?;
        if !output.is_empty() {
            (self.say)(output.trim_end());
        }
        Ok(())
    }

    fn ctx(&self, dir: &Path, args: &[&str]) -> Result<String> {
        self.output(dir, &self.ctx.to_string_lossy(), args)
    }

    /// Runs a process in surroundings of its own: nobody's git configuration, no running session.
    fn output(&self, dir: &Path, program: &str, args: &[&str]) -> Result<String> {
        let exec = Exec::new(program)
            .args(args)
            .cwd(dir)
            .env("CLAUDE_CONFIG_DIR", &self.config)
            .env_remove("CLAUDE_CODE_SESSION_ID")
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .env("GIT_AUTHOR_NAME", "ctx demo")
            .env("GIT_AUTHOR_EMAIL", "demo@localhost")
            .env("GIT_COMMITTER_NAME", "ctx demo")
            .env("GIT_COMMITTER_EMAIL", "demo@localhost");
        let exec = ["GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE"]
            .iter()
            .fold(exec, |exec, name| exec.env_remove(name));
        let output = exec
            .output()
            .map_err(|error| Error::environment(format!("cannot start `{program}`: {error}")))?;
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        if output.success() {
            return Ok(text(&output.stdout));
        }
        let said = format!("{}{}", text(&output.stdout), text(&output.stderr));
        Err(Error::environment(format!("`{program} {}` failed:\n{}", args.join(" "), said.trim_end())))
    }
}
