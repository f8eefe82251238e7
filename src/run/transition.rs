//! Which status may become which, by which verb. Pure.

use crate::error::{Error, Result};
use crate::plan::Status;

/// What is asked of a task: the verbs of `ctx task`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verb {
    /// Take it.
    Start,
    /// Hand it in.
    Submit,
    /// Declare it done, without an agent.
    Done,
    /// Stop, and say what is missing.
    Block,
    /// Give it up.
    Fail,
    /// Make it startable again.
    Retry,
}

impl Verb {
    /// As it is typed.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Start => "start",
            Self::Submit => "submit",
            Self::Done => "done",
            Self::Block => "block",
            Self::Fail => "fail",
            Self::Retry => "retry",
        }
    }
}

/// The status after `verb`; the same one means that nothing is to be done.
///
/// Without a review a submitted task is completed at once (`qa: off`).
pub fn next(verb: Verb, task: &str, status: Status) -> Result<Status> {
    use Status::{Blocked, Completed, Failed, InProgress, Pending, Submitted};
    let refuse = |hint: String| {
        Err(Error::refused(format!("cannot {} `{task}`: it is {status}", verb.as_str())).hint(hint))
    };
    match (verb, status) {
        (Verb::Start, Pending | Blocked | InProgress) => Ok(InProgress),
        (Verb::Start, Failed) => refuse(format!("free it with `ctx task retry {task}`")),
        (Verb::Submit, InProgress) => Ok(Completed),
        (Verb::Submit | Verb::Done, Submitted | Completed) => Ok(Completed),
        (Verb::Submit, Pending | Blocked) => refuse(format!("start it with `ctx task start {task}`")),
        (Verb::Submit, Failed) => refuse(format!("free it with `ctx task retry {task}`")),
        (Verb::Done, Pending | InProgress | Blocked | Failed) => Ok(Completed),
        (Verb::Block, Pending | InProgress | Blocked) => Ok(Blocked),
        (Verb::Fail, Pending | InProgress | Blocked | Submitted | Failed) => Ok(Failed),
        (Verb::Retry, Pending | InProgress | Blocked | Failed) => Ok(Pending),
        (Verb::Block, Failed) => refuse(format!("free it with `ctx task retry {task}`")),
        (Verb::Start | Verb::Block | Verb::Fail | Verb::Retry, Submitted | Completed) => {
            refuse("see `ctx task list`".to_owned())
        }
    }
}
