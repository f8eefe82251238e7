//! Which of `ctx`'s own verbs who may run without being asked: a table.

use super::words;
use crate::plan::TaskId;

/// Who makes the call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Caller {
    /// The session the person talks to.
    Main,
    /// A `parallel-task-executor`.
    Executor,
    /// Any other subagent.
    OtherAgent,
}

impl Caller {
    /// From a hook's `agent_type`; the main session's calls have none.
    pub fn from_agent_type(agent_type: Option<&str>) -> Self {
        match agent_type {
            None => Self::Main,
            Some("ctx:parallel-task-executor") => Self::Executor,
            Some(_) => Self::OtherAgent,
        }
    }
}

/// What may stand behind a verb.
#[derive(Clone, Copy)]
enum Arguments {
    /// Nothing.
    None,
    /// These flags and nothing else.
    Flags(&'static [&'static str]),
    /// Task ids and these flags, in any order.
    Tasks(&'static [&'static str]),
    /// One task id.
    Task,
    /// One task id and `--reason TEXT`.
    TaskReason,
    /// `-m TEXT`.
    Message,
    /// `-` or nothing, with the plan in a heredoc.
    Stdin,
}

struct Row {
    verb: &'static [&'static str],
    arguments: Arguments,
    callers: &'static [Caller],
}

const EVERYBODY: &[Caller] = &[Caller::Main, Caller::Executor, Caller::OtherAgent];
const MAIN: &[Caller] = &[Caller::Main];
const EXECUTOR: &[Caller] = &[Caller::Executor];
const JSON: &[&str] = &["--json"];

const fn row(verb: &'static [&'static str], arguments: Arguments, callers: &'static [Caller]) -> Row {
    Row { verb, arguments, callers }
}

/// No option that names a command, a path or a risk is in here.
const TABLE: &[Row] = &[
    row(&["status"], Arguments::Flags(JSON), EVERYBODY),
    row(&["conflicts"], Arguments::Flags(JSON), EVERYBODY),
    row(&["plan", "show"], Arguments::Flags(&["--json", "--parallel"]), EVERYBODY),
    row(&["plan", "list"], Arguments::Flags(JSON), EVERYBODY),
    row(&["plan", "validate"], Arguments::Flags(&["--json", "--strict"]), EVERYBODY),
    row(&["task", "list"], Arguments::Flags(JSON), EVERYBODY),
    row(&["task", "show"], Arguments::Tasks(JSON), EVERYBODY),
    row(&["worktree", "list"], Arguments::Flags(JSON), EVERYBODY),
    row(&["worktree", "path"], Arguments::Task, EVERYBODY),
    row(&["plan", "create"], Arguments::Stdin, MAIN),
    row(&["worktree", "setup"], Arguments::Tasks(JSON), MAIN),
    row(&["task", "done"], Arguments::Task, MAIN),
    row(&["task", "retry"], Arguments::Task, MAIN),
    row(&["task", "fail"], Arguments::Task, MAIN),
    row(&["merge"], Arguments::None, MAIN),
    row(&["cleanup"], Arguments::None, MAIN),
    row(&["task", "start"], Arguments::Task, EXECUTOR),
    row(&["task", "submit"], Arguments::Task, EXECUTOR),
    row(&["task", "block"], Arguments::TaskReason, EXECUTOR),
    row(&["commit"], Arguments::Message, EXECUTOR),
];

/// Is this command exactly one of `ctx`'s verbs that the caller may run? False is no opinion.
pub fn allows(command: &str, caller: Caller) -> bool {
    let Some(simple) = words::read(command) else { return false };
    let Some((program, rest)) = simple.words.split_first() else { return false };
    let rest: Vec<&str> = rest.iter().map(String::as_str).collect();
    program == "ctx"
        && TABLE.iter().any(|row| {
            let arguments = rest.strip_prefix(row.verb);
            row.callers.contains(&caller)
                && arguments.is_some_and(|arguments| fits(row.arguments, arguments, simple.heredoc))
        })
}

fn fits(allowed: Arguments, given: &[&str], heredoc: bool) -> bool {
    let task = |word: &str| TaskId::parse(word).is_ok();
    if heredoc != matches!(allowed, Arguments::Stdin) {
        return false;
    }
    match (allowed, given) {
        (Arguments::None, given) => given.is_empty(),
        (Arguments::Flags(flags), given) => given.iter().all(|word| flags.contains(word)),
        (Arguments::Tasks(flags), given) => given.iter().all(|word| task(word) || flags.contains(word)),
        (Arguments::Task, [id]) => task(id),
        (Arguments::TaskReason, [id, "--reason", _] | ["--reason", _, id]) => task(id),
        (Arguments::Message, ["-m", _]) => true,
        (Arguments::Stdin, [] | ["-"]) => true,
        _ => false,
    }
}
