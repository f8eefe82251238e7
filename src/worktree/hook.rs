//! Runs the repository's `post-checkout` in a new worktree, as `git worktree add` does. That it fails keeps nobody from
//! working there: it is said, with what it printed.

use std::fs;
use std::path::Path;
use std::time::Duration;

use super::furnish::Place;
use crate::error::{Result, printable};
use crate::exec::Ended;
use crate::git;
use crate::state::{self, Lock, Project};
use crate::world::{self, kill_point};

/// Such hooks may install packages; what takes longer waits for something that does not come.
const TIMEOUT: Duration = Duration::from_mins(5);

/// How many lines of its output are shown.
const MAX_LINES: usize = 3;

/// Runs it to its end. What a person should know; `None` if it succeeded.
pub(super) fn run(project: &Project, place: &Place<'_>, lock: &Lock) -> Result<Option<String>> {
    let Some(tip) = git::resolve(place.git_dir, "HEAD")? else { return Ok(None) };
    let log = place.log(project).with_extension("post-checkout.log");
    state::create_dir_all(log.parent().unwrap_or(&log))?;
    let out = state::create_file(&log)?;
    kill_point("setup-hook");
    let limit = world::limit("post-checkout", TIMEOUT);
    let ended = git::post_checkout(place.path, place.from, &tip, lock.file()).logged_within(&out, limit);
    let how = match ended {
        Ok(Ended::Code(Some(0))) => return Ok(None),
        Ok(Ended::Code(Some(code))) => format!("failed with exit code {code}"),
        Ok(Ended::Code(None)) => "was ended by a signal".to_owned(),
        Ok(Ended::TimedOut) => format!("ran longer than {} and was ended", seconds(limit)),
        Err(error) => format!("cannot be started: {error}"),
    };
    Ok(Some(format!("the repository's `post-checkout` hook {how}{}", said(&log))))
}

fn seconds(limit: Duration) -> String {
    match limit.as_secs() {
        secs if secs >= 60 && secs % 60 == 0 => format!("{} min", secs / 60),
        secs => format!("{secs} s"),
    }
}

fn said(log: &Path) -> String {
    let text = fs::read(log).map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default();
    let lines = text.lines().filter(|line| !line.trim().is_empty()).take(MAX_LINES);
    lines.map(|line| format!("\n  {}", printable(line))).collect()
}
