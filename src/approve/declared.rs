//! What a task says about a file, and whether its agent may change anything at this point.

use std::path::Path;

use super::places;
use super::proof::{Refusal, deny, nothing};
use super::territory::Own;
use crate::plan::{Status, glob_covers, glob_matches};

impl Own {
    /// An executor changes things from its task's start until it is handed in or blocked.
    pub(super) fn may_change(&self) -> Result<(), Refusal> {
        if !self.editing {
            return deny("a QA agent changes nothing; say in the reason what has to change");
        }
        let task = &self.task;
        match self.status {
            Status::InProgress => Ok(()),
            Status::Submitted | Status::Completed => {
                deny(format!("`{task}` is handed in; nothing changes any more"))
            }
            Status::Failed => deny(format!("`{task}` is given up; nothing changes any more")),
            Status::Pending | Status::Blocked => {
                deny(format!("run `ctx task start {task}` first, as a command of its own"))
            }
        }
    }
}

/// Forbidden files, files outside the declared ones, files that tools run, secrets.
pub(super) fn change(own: &Own, relative: &Path) -> Result<(), Refusal> {
    let text = relative.to_string_lossy();
    let any = |patterns: &[String]| patterns.iter().any(|pattern| glob_matches(pattern, &text));
    let files = &own.files;
    // A forbidden folder forbids what is in it.
    if files.forbidden.iter().any(|pattern| glob_covers(pattern, &text)) {
        return deny(format!("`{text}` is forbidden to `{}`; block the task if it is needed", own.task));
    }
    let declared = any(&files.create) || any(&files.modify) || any(&files.delete);
    if !declared && files.strict {
        return deny(format!("`{}` may change only the files it declares, not `{text}`", own.task));
    }
    if !declared && places::run_by_tools(relative) {
        return nothing(format!("tools run `{text}` unasked, and `{}` does not declare it", own.task));
    }
    if places::is_secret(relative) {
        return nothing(format!("`{text}` may hold keys or credentials"));
    }
    Ok(())
}

/// What a program of the project is given; `Effect::Rewrite` says whether it is changed.
pub(super) fn tool_target(own: &Own, relative: &Path) -> Result<(), Refusal> {
    let text = relative.to_string_lossy();
    if own.files.forbidden.iter().any(|pattern| glob_covers(pattern, &text)) {
        return deny(format!("`{text}` is forbidden to `{}`", own.task));
    }
    match places::is_secret(relative) {
        true => nothing(format!("`{text}` may hold keys or credentials")),
        false => Ok(()),
    }
}
