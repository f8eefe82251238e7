//! The command line of `ctx`, as types. The doc comments are the help texts.

mod pool;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use clap_complete::Shell;

pub use pool::{Pool, Release};

/// Plan, run and merge the work of parallel agents of Claude Code in git worktrees.
#[derive(Debug, Parser)]
#[command(name = "ctx", version, arg_required_else_help = true, propagate_version = true)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// Whether data is printed for programs.
#[derive(Args, Clone, Copy, Debug)]
pub struct Json {
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// The verbs.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Make, check, show and choose plans
    #[command(subcommand)]
    Plan(Plan),
    /// Set up and list the worktrees of tasks
    #[command(subcommand)]
    Worktree(Worktree),
    /// Keep worktrees ready ahead of the tasks, and give them out
    #[command(subcommand)]
    Pool(Pool),
    /// List tasks and change their status
    #[command(subcommand)]
    Task(Task),
    /// Show every task of the active plan and what comes next
    Status(Json),
    /// Commit everything in this task's worktree, with the trailer `Implements: <task>`
    Commit(Commit),
    /// Merge completed tasks into the base branch, in the order of their dependencies
    Merge(Merge),
    /// Remove the worktrees and branches of tasks that are merged and clean
    Cleanup(Cleanup),
    /// List what was removed, and bring it back
    Undo(Undo),
    /// Show what the hook decides about tool calls of agents, and why
    #[command(subcommand)]
    Approve(Approve),
    /// Check git, the client, the plugin and this project
    Doctor(Doctor),
    /// Accept the commands and the environment that the repository's settings name
    Accept(Accept),
    /// Show a whole run in a temporary repository, without a network and without a model
    Demo(Demo),
    /// Print a shell's completion script
    Completions {
        /// The shell
        shell: Shell,
    },
}

/// `ctx plan`.
#[derive(Debug, Subcommand)]
pub enum Plan {
    /// Write a plan document as files and make the plan active
    Create {
        /// The document; `-` or nothing reads standard input
        file: Option<PathBuf>,
        /// Make another plan of a document that was made into one before
        #[arg(long)]
        new: bool,
        #[command(flatten)]
        #[allow(missing_docs)]
        json: Json,
    },
    /// Extract a plan from a session's transcript
    Extract(Extract),
    /// Report everything that is wrong with a plan
    Validate {
        /// The plan; the active one if not given
        plan: Option<String>,
        /// Treat warnings as errors
        #[arg(long)]
        strict: bool,
        #[command(flatten)]
        #[allow(missing_docs)]
        json: Json,
    },
    /// Show a plan's waves, and whether it runs in parallel or sequentially
    Show {
        /// The plan; the active one if not given
        plan: Option<String>,
        /// Run in parallel whatever the number of tasks
        #[arg(long)]
        parallel: bool,
        #[command(flatten)]
        #[allow(missing_docs)]
        json: Json,
    },
    /// List all plans, archived ones included
    List(Json),
    /// Make a plan the active one; an archived plan comes back
    Use {
        /// Its id or its name, or the beginning of one
        plan: String,
        #[command(flatten)]
        #[allow(missing_docs)]
        json: Json,
    },
    /// Archive a plan; `ctx plan use` brings it back
    Archive {
        /// The plan; the active one if not given
        plan: Option<String>,
        #[command(flatten)]
        #[allow(missing_docs)]
        json: Json,
    },
}

/// `ctx plan extract`.
#[derive(Args, Debug)]
pub struct Extract {
    /// Read this transcript
    #[arg(long, value_name = "FILE", conflicts_with = "session")]
    pub transcript: Option<PathBuf>,
    /// Read this session's transcript
    #[arg(long, value_name = "ID")]
    pub session: Option<String>,
    /// List the plans found, and write nothing
    #[arg(long, conflicts_with_all = ["pick", "dry_run"])]
    pub list: bool,
    /// Take the N-th plan of the list instead of the latest complete one
    #[arg(long, value_name = "N")]
    pub pick: Option<usize>,
    /// Print the document, and write nothing
    #[arg(long)]
    pub dry_run: bool,
    /// Make another plan of a document that was made into one before
    #[arg(long, conflicts_with_all = ["list", "dry_run"])]
    pub new: bool,
    /// For programs.
    #[command(flatten)]
    pub json: Json,
}

/// `ctx worktree`.
#[derive(Debug, Subcommand)]
pub enum Worktree {
    /// Make a worktree and a branch for every task that is ready
    Setup {
        /// Only these tasks
        task: Vec<String>,
        /// Only the tasks of this wave, from 1
        #[arg(long, value_name = "N", conflicts_with = "task")]
        wave: Option<usize>,
        #[command(flatten)]
        #[allow(missing_docs)]
        json: Json,
    },
    /// List the worktrees of tasks
    List(Json),
    /// Bring the base branch into worktrees that are being worked in
    Sync {
        /// Only these tasks
        task: Vec<String>,
        /// Put the task's commits on top of the base branch instead of merging it
        #[arg(long)]
        rebase: bool,
        #[command(flatten)]
        #[allow(missing_docs)]
        json: Json,
    },
    /// Print the path of a task's worktree
    Path {
        /// The task
        task: String,
    },
}

/// What `--json` prints for a change of a task.
/// A reason that says something.
fn said(text: &str) -> Result<String, &'static str> {
    let text = text.trim();
    if text.is_empty() { Err("it is empty") } else { Ok(text.to_owned()) }
}

const TASK_JSON: &str = "JSON: {task, plan, from, to, changed, worktree}";

/// `ctx task`.
#[derive(Debug, Subcommand)]
pub enum Task {
    /// List the active plan's tasks
    List(Json),
    /// Show a task: its text, worktree, files and checks
    Show {
        /// The task; in a task's worktree, that one if not given
        task: Option<String>,
        #[command(flatten)]
        #[allow(missing_docs)]
        json: Json,
    },
    /// Take a task that is ready
    #[command(after_help = TASK_JSON)]
    Start {
        /// The task
        task: String,
        #[command(flatten)]
        #[allow(missing_docs)]
        json: Json,
    },
    /// Hand in a task: everything is committed
    #[command(after_help = TASK_JSON)]
    Submit {
        /// The task
        task: String,
        #[command(flatten)]
        #[allow(missing_docs)]
        json: Json,
    },
    /// Mark a task as completed that nobody handed in
    #[command(after_help = TASK_JSON)]
    Done {
        /// The task
        task: String,
        #[command(flatten)]
        #[allow(missing_docs)]
        json: Json,
    },
    /// Stop a task and say what is missing
    #[command(after_help = TASK_JSON)]
    Block {
        /// The task
        task: String,
        /// The exact error or question
        #[arg(long, value_parser = said)]
        reason: String,
        #[command(flatten)]
        #[allow(missing_docs)]
        json: Json,
    },
    /// Mark a task as failed
    #[command(after_help = TASK_JSON)]
    Fail {
        /// The task
        task: String,
        /// Why
        #[arg(long)]
        reason: Option<String>,
        #[command(flatten)]
        #[allow(missing_docs)]
        json: Json,
    },
    /// Make a failed, blocked or interrupted task startable again
    #[command(after_help = TASK_JSON)]
    Retry {
        /// The task
        task: String,
        #[command(flatten)]
        #[allow(missing_docs)]
        json: Json,
    },
}

/// `ctx commit`.
#[derive(Args, Debug)]
#[command(after_help = "JSON: {commit, branch, task, plan, pushed}")]
pub struct Commit {
    /// `type: description`, such as `feat: add the login form`; a merge under way has one of its own
    #[arg(short, long, value_name = "TEXT")]
    pub message: Option<String>,
    /// Commit only these files
    pub path: Vec<PathBuf>,
    /// Push the task's branch afterwards
    #[arg(long)]
    pub push: bool,
    /// For programs.
    #[command(flatten)]
    pub json: Json,
}

/// `ctx merge`.
#[derive(Args, Debug)]
pub struct Merge {
    /// Only these tasks; all completed ones if none is given
    #[arg(conflicts_with = "all")]
    pub task: Vec<String>,
    /// All completed tasks
    #[arg(long)]
    pub all: bool,
    /// Merge into this branch instead of the plan's base
    #[arg(long, value_name = "BRANCH")]
    pub into: Option<String>,
    /// Say what would be merged, and change nothing
    #[arg(long)]
    pub dry_run: bool,
    /// Push the base branch afterwards
    #[arg(long)]
    pub push: bool,
    /// For programs.
    #[command(flatten)]
    pub json: Json,
}

/// `ctx cleanup`.
#[derive(Args, Debug)]
pub struct Cleanup {
    /// Only these tasks' worktrees
    pub task: Vec<String>,
    /// Remove unmerged branches too, and those of tasks that are not completed; saved for `ctx undo`
    #[arg(long)]
    pub include_unmerged: bool,
    /// Remove worktrees with uncommitted files too; saved for `ctx undo`
    #[arg(long)]
    pub include_dirty: bool,
    /// Delete the branches at the remote, too
    #[arg(long)]
    pub remote: bool,
    /// Say what would be removed, and change nothing
    #[arg(long)]
    pub dry_run: bool,
    /// For programs.
    #[command(flatten)]
    pub json: Json,
}

/// `ctx doctor`.
#[derive(Args, Debug)]
pub struct Doctor {
    /// Repair worktrees that were moved with the repository, are incomplete or have no folder; remove git's stale locks
    #[arg(long)]
    pub fix: bool,
    /// For programs.
    #[command(flatten)]
    pub json: Json,
}

/// `ctx undo`.
#[derive(Args, Debug)]
pub struct Undo {
    /// What to bring back: its id, or its task if only one of that name was removed
    pub id: Option<String>,
    /// For programs.
    #[command(flatten)]
    pub json: Json,
}

/// `ctx approve`.
#[derive(Debug, Subcommand)]
pub enum Approve {
    /// Show what a shell command would do, and what about it is proven or not
    #[command(
        after_help = "JSON: {task, worktree, cwd, decision: allow|deny|none, reason, commands: [{command, effects}]}"
    )]
    Explain {
        /// The command, as one argument
        command: String,
        /// Decide as for this task's agent while it is at work; in a running task's worktree, for that one if not given
        #[arg(long, value_name = "ID")]
        task: Option<String>,
        /// The directory it starts in; this one, or the task's worktree, if not given
        #[arg(long, value_name = "DIR")]
        cwd: Option<PathBuf>,
        #[command(flatten)]
        #[allow(missing_docs)]
        json: Json,
    },
    /// Show what the hook decided, the newest last
    Log {
        /// Only the last N decisions
        #[arg(short, default_value_t = 50, value_name = "N")]
        number: usize,
        #[command(flatten)]
        #[allow(missing_docs)]
        json: Json,
    },
    /// Decide about every tool call in a file; one JSON object a line, in and out
    Check {
        /// Lines `{"command": …, "cwd"?: …}` or `{"tool_name": …, "tool_input": …}`
        file: PathBuf,
    },
}

/// `ctx accept`.
#[derive(Args, Clone, Copy, Debug)]
pub struct Accept {
    /// Show them in full, and accept nothing
    #[arg(long)]
    pub list: bool,
    /// For programs.
    #[command(flatten)]
    pub json: Json,
}

/// `ctx demo`.
#[derive(Args, Debug)]
pub struct Demo {
    /// Keep the temporary repository
    #[arg(long)]
    pub keep: bool,
}
