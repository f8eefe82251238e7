//! What the hooks know of plans that sessions printed: which are done with, which were saved, which were lost.

use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use jiff::Timestamp;

use crate::error::Result;
use crate::plan::Document;
use crate::state::{self, Event, Kind, PlanFolder, Project};
use crate::transcript::{self, Found, Session};
use crate::worktree::Records;
use crate::world;

/// How the journal tells the plans that `SessionEnd` saved from others.
pub(super) const FROM: &str = "session_end";

/// The search for what a dead session left: how far back, how many sessions, how long.
const RECENT: Duration = Duration::from_hours(7 * 24);
const MOST: usize = 8;
const SEARCH: Duration = Duration::from_millis(500);

/// When a plan was printed, if its record says so.
pub(super) fn printed_at(found: &Found) -> Option<Timestamp> {
    found.timestamp.as_deref()?.parse().ok()
}

/// Is this plan there already, or did its session make one after it was printed? What was made and removed since
/// does not come back either.
pub(super) fn is_done_with(project: &Project, session: Option<&str>, found: &Found) -> Result<bool> {
    if let Some(hash) = found.document.as_ref().map(Document::hash)
        && project.plans().by_document(&hash)?.is_some()
    {
        return Ok(true);
    }
    let printed = printed_at(found);
    let made = |event: &Event| {
        event.session.as_deref() == session
            && matches!(event.kind, Kind::PlanCreated { .. })
            && printed.is_none_or(|printed| printed <= event.time)
    };
    Ok(session.is_some() && project.journal().read()?.iter().any(made))
}

/// Does the session do one task of a plan? Nobody plans there.
pub(super) fn in_task_worktree(project: &Project) -> Result<bool> {
    match &project.here {
        Some(here) => Ok(Records::of(project).at(here)?.is_some()),
        None => Ok(false),
    }
}

/// The plan that was saved when a session ended and that nobody was told of, if it is still there; from now on, the
/// person was told.
pub(super) fn newly_saved(project: &Project) -> Result<Option<PlanFolder>> {
    let events = project.journal().read()?;
    let saved = |event: &&Event| matches!(&event.kind, Kind::PlanCreated { from } if from == FROM);
    let Some(id) = events.iter().rfind(saved).and_then(|event| event.plan.clone()) else { return Ok(None) };
    let told = |event: &Event| event.kind == Kind::PlanAnnounced && event.plan.as_deref() == Some(&id);
    if events.iter().any(told) {
        return Ok(None);
    }
    project.journal().record(Some(&id), None, Kind::PlanAnnounced)?;
    Ok(project.plans().list()?.into_iter().find(|folder| folder.id == id))
}

/// A session that printed a plan and ended without saving it: killed, or its machine was, or the plan cannot be saved
/// as it is. Looks at no session twice unless it was written to since.
///
/// Whether another session is dead or only quiet cannot be told, so its plan is named and not taken.
pub(super) fn left_behind(project: &Project, running: Option<&str>) -> Result<Option<(Session, Found)>> {
    let Some(config) = world::client_config_dir() else { return Ok(None) };
    let deadline = world::instant() + SEARCH;
    let note = project.ctx_dir().join("sessions-seen");
    let seen = seen(&note)?;
    let worktrees: Vec<PathBuf> =
        Records::of(project).list()?.into_iter().map(|record| record.path).collect();
    let homes: [&Path; 1] = [&project.home];
    let sessions: Vec<Session> = transcript::sessions(&config, &homes, &worktrees)?
        .take_while(|session| session.modified > seen)
        .filter(|session| Some(session.id.as_str()) != running)
        .take(MOST)
        .collect();
    let mut left = None;
    let mut cut_short = false;
    for session in &sessions {
        // One that cannot be read is nobody's plan.
        let Ok(latest) = transcript::latest(&session.transcript, Some(deadline)) else { continue };
        cut_short |= latest.cut_short;
        // The incomplete one was printed later, or there is no complete one.
        let open = latest.complete.into_iter().chain(latest.incomplete.filter(is_meant));
        for found in open {
            if left.is_none() && !is_done_with(project, Some(&session.id), &found)? {
                left = Some((session.clone(), found));
            }
        }
        if left.is_some() {
            break;
        }
    }
    // A project that never had a plan gets no file; there, the search is repeated, as it is where time was up.
    if let Some(newest) = sessions.first()
        && !cut_short
        && (left.is_some() || project.ctx_dir().is_dir())
    {
        state::create_dir_all(&project.ctx_dir())?;
        state::replace(
            &note,
            Timestamp::try_from(newest.modified).unwrap_or_default().to_string().as_bytes(),
        )?;
    }
    Ok(left)
}

/// Does an incomplete document look like a plan, and not like words about one? It has a heading.
fn is_meant(found: &Found) -> bool {
    found.text.lines().any(|line| line.starts_with("# ") || line.starts_with("## "))
}

/// Up to when sessions were looked at.
fn seen(note: &Path) -> Result<SystemTime> {
    let oldest = SystemTime::from(world::now()).checked_sub(RECENT).unwrap_or(SystemTime::UNIX_EPOCH);
    let text = state::read_optional(note)?.unwrap_or_default();
    let seen = text.trim().parse::<Timestamp>().ok().map(SystemTime::from);
    Ok(seen.map_or(oldest, |seen| seen.max(oldest)))
}
