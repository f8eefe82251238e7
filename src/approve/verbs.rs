//! Which of `ctx`'s own verbs who may run without being asked: a table.

use super::proof::Proof;
use super::territory::Own;
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
    /// `--list`, or `--dry-run` and perhaps `--pick N`: what reads and writes nothing.
    Reading,
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
    row(&["plan", "show"], Arguments::Flags(&["--json", "--parallel"]), EVERYBODY),
    row(&["plan", "list"], Arguments::Flags(JSON), EVERYBODY),
    row(&["plan", "validate"], Arguments::Flags(&["--json", "--strict"]), EVERYBODY),
    row(&["task", "list"], Arguments::Flags(JSON), EVERYBODY),
    row(&["task", "show"], Arguments::Tasks(JSON), EVERYBODY),
    row(&["worktree", "list"], Arguments::Flags(JSON), EVERYBODY),
    row(&["worktree", "path"], Arguments::Task, EVERYBODY),
    row(&["pool", "status"], Arguments::Flags(JSON), EVERYBODY),
    row(&["pool", "health"], Arguments::Flags(JSON), EVERYBODY),
    row(&["plan", "create"], Arguments::Stdin, MAIN),
    row(&["plan", "extract"], Arguments::Reading, MAIN),
    row(&["worktree", "setup"], Arguments::Tasks(JSON), MAIN),
    row(&["worktree", "sync"], Arguments::Task, MAIN),
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

/// One row of the table, for comparison with the command line.
#[derive(Clone, Copy, Debug)]
pub struct Tabled {
    /// `["task", "show"]`.
    pub verb: &'static [&'static str],
    /// Every option that may stand behind it.
    pub options: &'static [&'static str],
    /// Whether anything else may stand behind it: a task, a file.
    pub operands: bool,
}

/// What the table names.
pub fn table() -> impl Iterator<Item = Tabled> {
    TABLE.iter().map(|row| {
        let (options, operands): (&'static [&'static str], bool) = match row.arguments {
            Arguments::None => (&[], false),
            Arguments::Flags(flags) => (flags, false),
            Arguments::Tasks(flags) => (flags, true),
            Arguments::Task | Arguments::Stdin => (&[], true),
            Arguments::TaskReason => (&["--reason"], true),
            Arguments::Message => (&["-m"], false),
            Arguments::Reading => (&["--list", "--dry-run", "--json", "--pick"], false),
        };
        Tabled { verb: row.verb, options, operands }
    })
}

/// Returns whether these arguments of `ctx` approve, complete, land or remove something, so that a call inside a
/// client's session needs a grant of the hook. `submit` is one of them: without a review it completes the task.
pub fn needs_grant(words: &[&str]) -> bool {
    let has = |option: &str| words.contains(&option);
    match words {
        // An option before the verb, with or without a value.
        [option, rest @ ..] if option.starts_with('-') => {
            needs_grant(rest) || rest.split_first().is_some_and(|(_, rest)| needs_grant(rest))
        }
        ["task", "done" | "submit" | "approve" | "reject" | "qa-blocked" | "fail" | "retry", ..]
        | ["plan", "archive", ..]
        | ["pool", "release" | "reset" | "merge", ..] => true,
        ["merge" | "cleanup", ..] | ["pool", "cleanup", ..] => !has("--dry-run"),
        ["accept", ..] => !has("--list"),
        ["undo", rest @ ..] => rest.iter().any(|word| !word.starts_with('-')),
        _ => false,
    }
}

/// What a bound agent may do with a verb.
pub(super) enum Verdict {
    /// It may.
    Allowed {
        /// It makes a commit.
        commits: bool,
        /// It pushes the branch.
        pushes: bool,
    },
    /// It may not; what to do instead.
    Denied(String),
}

/// The verbs of an agent that is bound to a task: everybody's, and its own task's.
pub(super) fn for_bound(words: &[&str], own: &Own) -> Verdict {
    let plain = Verdict::Allowed { commits: false, pushes: false };
    let is_own = |task: &str| task == own.task;
    let everybody = TABLE.iter().any(|row| {
        row.callers == EVERYBODY
            && words.strip_prefix(row.verb).is_some_and(|rest| fits(row.arguments, rest, false))
    });
    match words {
        _ if everybody => plain,
        ["task", "start" | "submit", task] if own.editing && is_own(task) => plain,
        ["task", "block", task, "--reason", _] | ["task", "block", "--reason", _, task]
            if own.editing && is_own(task) =>
        {
            plain
        }
        ["task", "start", _] => {
            Verdict::Denied(format!("you are bound to `{}`; one agent does one task", own.task))
        }
        ["task", "approve", task] if !own.editing && is_own(task) => plain,
        ["task", "reject" | "qa-blocked", task, "--reason", _] if !own.editing && is_own(task) => plain,
        ["commit", rest @ ..] if own.editing => commit(rest),
        _ => Verdict::Denied(format!(
            "your verbs are `ctx commit -m MESSAGE`, `ctx task submit {0}` and `ctx task block {0} --reason TEXT`",
            own.task
        )),
    }
}

/// `-m TEXT`, `--push`, and files by plain relative paths.
fn commit(words: &[&str]) -> Verdict {
    let (mut message, mut pushes) = (false, false);
    let mut words = words.iter();
    while let Some(word) = words.next() {
        match *word {
            "-m" | "--message" => message = words.next().is_some(),
            "--push" => pushes = true,
            word if word.starts_with("--message=") => message = true,
            word if word.starts_with(['-', '/', '~', ':']) || word.split('/').any(|part| part == "..") => {
                return Verdict::Denied("name files of your worktree by relative paths".to_owned());
            }
            _ => {}
        }
    }
    match message {
        true => Verdict::Allowed { commits: true, pushes },
        false => Verdict::Denied("give a message: `ctx commit -m 'type: description'`".to_owned()),
    }
}

/// The proof for a command that is exactly one of `ctx`'s verbs that the caller may run.
pub fn verb(command: &str, caller: Caller) -> Option<Proof> {
    allows(command, caller).then(|| Proof::known("one of ctx's own verbs"))
}

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

/// The task of a command that is exactly `ctx task start ID`.
pub fn started_task(command: &str) -> Option<String> {
    let simple = words::read(command).filter(|simple| !simple.heredoc)?;
    match &simple.words[..] {
        [ctx, task, start, id]
            if ctx == "ctx" && task == "task" && start == "start" && TaskId::parse(id).is_ok() =>
        {
            Some(id.clone())
        }
        _ => None,
    }
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
        (Arguments::Reading, ["--list" | "--dry-run"] | ["--list", "--json"]) => true,
        (Arguments::Reading, ["--pick", n, "--dry-run"]) => n.bytes().all(|byte| byte.is_ascii_digit()),
        _ => false,
    }
}
