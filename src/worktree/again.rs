//! Set-up commands that were accepted or named after a worktree was made: they run in it with the next set-up, unless
//! somebody works there.

use super::furnish::Furnisher;
use super::half_made;
use super::setup::{Outcome, Setup};
use super::{Progress, Record, Steps};
use crate::error::Result;
use crate::state::Lock;
use crate::world::kill_point;

impl Setup<'_> {
    /// A set-up command that was accepted or named after the worktree was made runs now, unless somebody works
    /// there.
    pub(super) fn run_what_never_ran(
        &self,
        mut record: Record,
        mut notes: Vec<String>,
        lock: &Lock,
        furnisher: &Furnisher<'_>,
        busy: bool,
        steps: &dyn Steps,
    ) -> Result<Outcome> {
        let git_dir = half_made::git_dir(&record.path, record.task.as_str())?;
        let missing = match furnisher.never_ran(&record.path, &git_dir) {
            Ok(missing) => missing,
            // Settings that cannot be used stop no worktree that is ready.
            Err(error) => {
                notes.push(error.fact);
                return Ok(Outcome::Exists(record, notes));
            }
        };
        let Some(first) = missing.first() else { return Ok(Outcome::Exists(record, notes)) };
        if busy {
            let task = &record.task;
            notes.push(format!(
                "`{first}` has not run in it, since the task is in progress; `ctx worktree setup {task}` runs it \
                 once nobody works there"
            ));
            return Ok(Outcome::Exists(record, notes));
        }
        record.progress = Progress::CheckedOut;
        kill_point("setup-again");
        self.records().write(&record)?;
        let task = record.task.clone();
        let told = self.told(&task)?;
        let made = self.furnish(record, lock, furnisher, told, steps);
        let (record, mut prepared) = self.keep_failure(&task, made)?;
        prepared.notes.extend(notes);
        Ok(Outcome::Prepared(record, prepared))
    }
}
