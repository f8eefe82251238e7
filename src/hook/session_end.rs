//! `SessionEnd`: saves a plan that the session printed and nobody made into files.
//!
//! In: the session, whatever ended it (`/exit`, `/clear`, `/resume`, the end of `-p`). The client kills this after 1.5 s,
//! whatever it does (2.1.197, 2.1.329), and discards its output. `PlanStore::create` writes a plan completely or not at
//! all. A session without a plan costs a search of its transcript: no git process is started, no file is touched.

use std::path::PathBuf;
use std::time::Duration;

use super::Input;
use super::session_plan::{FROM, in_task_worktree, is_done_with, printed_at};
use crate::error::Result;
use crate::git::Branch;
use crate::plan::Document;
use crate::state::{Active, Created, NewPlan, PlanFolder, Project};
use crate::transcript;
use crate::world;

/// When to give up the search: what is left of the client's patience is needed for writing.
const SEARCH: Duration = Duration::from_millis(1100);

/// Saves the latest complete plan of the session, if that is for this hook to do.
pub(super) fn save(input: &Input) {
    // Nobody is listening any more; what could not be saved is found by `ctx plan extract`.
    let _ = try_save(input);
}

fn try_save(input: &Input) -> Result<()> {
    let deadline = world::instant() + SEARCH;
    let (Some(cwd), Some(transcript)) = (&input.cwd, transcript(input)?) else { return Ok(()) };
    let Some(found) = transcript::latest(&transcript, Some(deadline))?.complete else { return Ok(()) };
    let Some(document) = &found.document else { return Ok(()) };
    let Some(project) = Project::discover_optional(cwd)? else { return Ok(()) };
    if in_task_worktree(&project)? || is_done_with(&project, input.session_id.as_deref(), &found)? {
        return Ok(());
    }
    write(&project, document, printed_at(&found))
}

/// The session's transcript: as the client says, else where it would be.
fn transcript(input: &Input) -> Result<Option<PathBuf>> {
    if let Some(path) = input.transcript_path.as_ref().filter(|path| path.is_file()) {
        return Ok(Some(path.clone()));
    }
    match (&input.session_id, world::client_config_dir()) {
        (Some(session), Some(config)) => transcript::of_session(&config, session),
        _ => Ok(None),
    }
}

fn write(project: &Project, document: &Document, printed: Option<jiff::Timestamp>) -> Result<()> {
    let plans = project.plans();
    let before = plans.active()?;
    let base = project.head_branch()?;
    let base = base.as_ref().map(Branch::as_str);
    let created = plans.create(&NewPlan { document, base, time: world::now(), from: FROM, again: false })?;
    let Created::New(folder) = created else { return Ok(()) };
    project.remember_home()?;
    project.exclude_plans()?;
    let wins = match &before {
        Active::None => true,
        Active::Broken(_) => false,
        Active::Plan(active) => is_after(printed, active, project) && !plans.is_under_way(&before)?,
    };
    if wins { plans.activate(&folder).map(drop) } else { Ok(()) }
}

/// Was it printed after the active plan was made? Then it is what the person means now.
fn is_after(printed: Option<jiff::Timestamp>, active: &PlanFolder, project: &Project) -> bool {
    let created = project.plans().metadata(active, "created");
    let created = created.and_then(|time| jiff::civil::DateTime::strptime("%Y%m%d-%H%M%S", time).ok());
    let created = created.and_then(|time| jiff::tz::Offset::UTC.to_timestamp(time).ok());
    matches!((printed, created), (Some(printed), Some(created)) if printed > created)
}
