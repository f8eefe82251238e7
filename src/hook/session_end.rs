//! `SessionEnd`: saves a plan that the session printed and nobody made into files.
//!
//! The client kills this after 1.5 s, whatever it does (2.1.197, 2.1.329); `PlanStore::create` writes a
//! plan completely or not at all. Its output is discarded.

use super::Input;
use crate::error::Result;
use crate::state::{Active, Created, Kind, NewPlan, Project};
use crate::transcript;
use crate::worktree::Records;
use crate::world;

/// How the journal tells this hook's plans from those that a session made itself.
const FROM: &str = "session_end";

/// Saves the latest complete plan of the session, if that is for this hook to do.
pub(super) fn save(input: &Input) {
    // Nobody is listening any more; what could not be saved is found by `ctx plan extract`.
    let _ = try_save(input);
}

fn try_save(input: &Input) -> Result<()> {
    let (Some(cwd), Some(transcript)) = (&input.cwd, &input.transcript_path) else { return Ok(()) };
    let Some(project) = Project::discover_optional(cwd)? else { return Ok(()) };
    if made_a_plan(&project, input.session_id.as_deref())? || in_task_worktree(&project)? {
        return Ok(());
    }
    let found = transcript::find(transcript)?;
    let Some(document) = found.into_iter().rev().find_map(|found| found.document) else { return Ok(()) };
    let base = project.head_branch()?;
    let created = project.plans().create(&NewPlan {
        document: &document,
        base: base.as_ref().map(crate::git::Branch::as_str),
        time: world::now(),
        from: FROM,
    })?;
    let Created::New(folder) = created else { return Ok(()) };
    project.remember_home()?;
    project.exclude_plans()?;
    if project.plans().active()? == Active::None {
        project.plans().activate(&folder)?;
    }
    Ok(())
}

fn made_a_plan(project: &Project, session: Option<&str>) -> Result<bool> {
    let made = |event: &crate::state::Event| {
        event.session.as_deref() == session
            && matches!(&event.kind, Kind::PlanCreated { from } if from != FROM)
    };
    Ok(session.is_some() && project.journal().read()?.iter().any(made))
}

fn in_task_worktree(project: &Project) -> Result<bool> {
    match &project.here {
        Some(here) => Ok(Records::of(project).at(here)?.is_some()),
        None => Ok(false),
    }
}
