//! Temporary repositories with a hermetic git, and `ctx` run in them as a person would.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use tempfile::TempDir;

/// The executable under test.
pub const CTX: &str = env!("CARGO_BIN_EXE_ctx");
/// The hook's executable.
pub const CTX_HOOK: &str = env!("CARGO_BIN_EXE_ctx-hook");

/// A temporary folder with one repository in `repo/` and an empty home in `home/`.
pub struct Repo {
    folder: TempDir,
    /// The main checkout.
    pub path: PathBuf,
}

/// What a finished process left, as text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ran {
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
}

impl Ran {
    #[track_caller]
    pub fn ok(self) -> String {
        assert_eq!(self.code, 0, "{}\n{}", self.stdout, self.stderr);
        self.stdout
    }

    /// It ended with this code; both outputs.
    #[track_caller]
    pub fn fails(self, code: i32) -> String {
        assert_eq!(self.code, code, "{}\n{}", self.stdout, self.stderr);
        self.stdout + &self.stderr
    }
}

impl Repo {
    /// A repository without a commit, on `main`.
    pub fn empty() -> Self {
        Self::named("repo")
    }

    /// The same, with this folder's name.
    pub fn named(name: &str) -> Self {
        let folder = tempfile::Builder::new().prefix("ctx-test-").tempdir().unwrap();
        let root = fs::canonicalize(folder.path()).unwrap();
        let path = root.join(name);
        fs::create_dir_all(&path).unwrap();
        fs::create_dir_all(root.join("home")).unwrap();
        let repo = Self { folder, path };
        repo.git(&["init", "--quiet", "--initial-branch=main"]);
        repo
    }

    /// A repository without a commit, made with these options of `git init`.
    pub fn formatted(options: &[&str]) -> Self {
        let repo = Self::empty();
        fs::remove_dir_all(repo.path.join(".git")).unwrap();
        repo.git(&[&["init", "--quiet", "--initial-branch=main"], options].concat());
        repo
    }

    /// A repository with one commit.
    pub fn new() -> Self {
        let repo = Self::empty();
        repo.write("README.md", "# A project\n");
        repo.write("src/a.txt", "one\ntwo\nthree\n");
        repo.commit("start");
        repo
    }

    /// A repository with one commit and an active plan.
    pub fn with_plan(document: &str) -> Self {
        let repo = Self::new();
        repo.create_plan(document);
        repo
    }

    /// The temporary folder that holds everything.
    pub fn root(&self) -> PathBuf {
        fs::canonicalize(self.folder.path()).unwrap()
    }

    /// The home of whoever runs the commands.
    pub fn home(&self) -> PathBuf {
        self.root().join("home")
    }

    pub fn write(&self, file: &str, content: &str) -> PathBuf {
        write(&self.path.join(file), content)
    }

    pub fn read(&self, file: &str) -> String {
        fs::read_to_string(self.path.join(file)).unwrap()
    }

    /// Commits everything in the main checkout.
    pub fn commit(&self, message: &str) -> String {
        self.commit_in(&self.path, message)
    }

    /// Commits everything in a worktree; its object id.
    pub fn commit_in(&self, dir: &Path, message: &str) -> String {
        self.git_in(dir, &["add", "--all"]);
        self.git_in(dir, &["commit", "--quiet", "--allow-empty", "-m", message]);
        self.git_in(dir, &["rev-parse", "HEAD"])
    }

    /// Git in the main checkout; its trimmed output.
    #[track_caller]
    pub fn git(&self, args: &[&str]) -> String {
        self.git_in(&self.path, args)
    }

    #[track_caller]
    pub fn git_in(&self, dir: &Path, args: &[&str]) -> String {
        run(self.command("git", dir).args(args)).ok().trim_end().to_owned()
    }

    /// `ctx` in the main checkout.
    pub fn ctx(&self, args: &[&str]) -> Ran {
        self.ctx_in(&self.path, args)
    }

    pub fn ctx_in(&self, dir: &Path, args: &[&str]) -> Ran {
        run(self.command(CTX, dir).args(args))
    }

    /// `ctx … --json`, parsed.
    #[track_caller]
    pub fn json(&self, args: &[&str]) -> serde_json::Value {
        let out = self.ctx(&[args, &["--json"]].concat()).ok();
        serde_json::from_str(&out).unwrap()
    }

    /// `ctx` with text on standard input.
    pub fn ctx_stdin(&self, args: &[&str], input: &str) -> Ran {
        run_with(self.command(CTX, &self.path).args(args), input)
    }

    /// Answers one hook event; its standard output.
    #[track_caller]
    pub fn hook(&self, input: &serde_json::Value) -> String {
        let ran = run_with(&mut self.command(CTX_HOOK, &self.path), &input.to_string());
        assert_eq!((ran.code, ran.stderr.as_str()), (0, ""));
        ran.stdout
    }

    /// Makes a plan and activates it; its id.
    #[track_caller]
    pub fn create_plan(&self, document: &str) -> String {
        let out = self.ctx_stdin(&["plan", "create", "--json"], document).ok();
        let answer: serde_json::Value = serde_json::from_str(&out).unwrap();
        answer["plan"].as_str().unwrap().to_owned()
    }

    pub fn worktree(&self, task: &str) -> PathBuf {
        self.path.join("worktrees").join(task)
    }

    /// Does what an executor does: starts, writes one file, commits, submits.
    #[track_caller]
    pub fn work(&self, task: &str, file: &str, content: &str) {
        let dir = self.worktree(task);
        self.ctx_in(&dir, &["task", "start", task]).ok();
        write(&dir.join(file), content);
        self.ctx_in(&dir, &["commit", "-m", &format!("feat: {task}")]).ok();
        self.ctx_in(&dir, &["task", "submit", task]).ok();
    }

    /// Makes a plan of one task `t`, finished: it adds, changes and removes files, `gone.txt` and `becomes` among them,
    /// and has a folder where a file was.
    #[track_caller]
    pub fn finish_task_of_every_change(&self) {
        self.create_plan(&document("One", &[("t", &[])]));
        self.ctx(&["worktree", "setup"]).ok();
        let dir = self.worktree("t");
        self.ctx(&["task", "start", "t"]).ok();
        write(&dir.join("src/a.txt"), "changed\n");
        write(&dir.join("new/deep/n.txt"), "new\n");
        fs::remove_file(dir.join("gone.txt")).unwrap();
        fs::remove_file(dir.join("becomes")).unwrap();
        write(&dir.join("becomes/a/folder"), "x\n");
        self.commit_in(&dir, "feat: t");
        self.ctx(&["task", "submit", "t"]).ok();
    }

    /// A process with nothing of this machine's configuration and fixed names.
    pub fn command(&self, program: &str, dir: &Path) -> Command {
        let mut command = Command::new(program);
        command
            .current_dir(dir)
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap())
            .env("HOME", self.home())
            .env("LC_ALL", "C")
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .env("GIT_AUTHOR_NAME", "Ada")
            .env("GIT_AUTHOR_EMAIL", "ada@example.com")
            .env("GIT_COMMITTER_NAME", "Ada")
            .env("GIT_COMMITTER_EMAIL", "ada@example.com");
        command
    }
}

pub fn write(path: &Path, content: &str) -> PathBuf {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, content).unwrap();
    path.to_owned()
}

pub fn run(command: &mut Command) -> Ran {
    ran(&command.stdin(Stdio::null()).output().unwrap())
}

pub fn run_with(command: &mut Command, input: &str) -> Ran {
    use std::io::Write;
    let mut child =
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    // A process may end without reading its input.
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    ran(&child.wait_with_output().unwrap())
}

fn ran(output: &Output) -> Ran {
    Ran {
        code: output.status.code().unwrap_or(-1),
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

/// A plan document: id, dependencies, files to create.
pub fn document(name: &str, tasks: &[(&str, &[&str])]) -> String {
    let index: String = tasks
        .iter()
        .map(|(id, after)| {
            format!("  - {{ id: {id}, name: Do {id}, dependencies: [{}] }}\n", after.join(", "))
        })
        .collect();
    let details: String = tasks
        .iter()
        .enumerate()
        .map(|(n, (id, _))| {
            format!(
                "### Task {n}: Do {id}\n\n```yaml\nid: {id}\nfiles: {{ create: [{id}.txt] }}\n```\n\n## Objective\n\nWrite {id}.txt.\n\n\
                 ## Tests Required\n\nNone.\n\n## Acceptance Criteria\n\n- {id}.txt is there.\n\n"
            )
        })
        .collect();
    format!(
        "# Plan: {name}\n\n**Type:** Plan\n**Status:** Ready\n\n## Plan Structure\n\n```yaml\nmetadata:\n  name: {name}\ntasks:\n{index}```\n\n## Task Details\n\n{details}"
    )
}

/// Three tasks: two independent ones, and `task-2` after `task-0`.
pub fn three_tasks() -> String {
    document("Three", &[("task-0", &[]), ("task-1", &[]), ("task-2", &["task-0"])])
}
