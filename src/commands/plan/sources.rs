//! Which transcript `ctx plan extract` reads: the one that was named, else those of this project's sessions, the
//! running one first, then the newest.

use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use crate::cli::Extract;
use crate::commands::{Context, style};
use crate::error::{Error, Result};
use crate::transcript::{self, Found, Kind, Session};
use crate::worktree::Records;
use crate::world;

/// How many sessions are searched when none is named, and how old they may be; the newest may have any age.
const MOST: usize = 50;
const RECENT: Duration = Duration::from_hours(7 * 24);

/// A session that was written to since then may still be running.
const LIVE: Duration = Duration::from_mins(10);

/// The transcripts to look into, in this order.
pub(super) struct Sources {
    candidates: Vec<Candidate>,
    /// Was one named? Then nothing needs to be said about others.
    named: bool,
}

struct Candidate {
    transcript: PathBuf,
    modified: Option<SystemTime>,
}

/// The transcript that was taken.
pub(super) struct Taken {
    pub(super) transcript: PathBuf,
    pub(super) found: Vec<Found>,
    /// Its place among the candidates.
    place: usize,
    /// Newer ones that were passed over, with a document that is incomplete.
    incomplete: Vec<PathBuf>,
}

impl Sources {
    pub(super) fn of(args: &Extract, context: &Context) -> Result<Self> {
        if let Some(file) = &args.transcript {
            return match file.is_file() {
                true => Ok(Self::named(file.clone())),
                false => Err(Error::refused(format!("there is no transcript `{}`", file.display()))),
            };
        }
        let config = world::client_config_dir().ok_or_else(|| {
            Error::environment("there is no home folder").hint("set `HOME` or `CLAUDE_CONFIG_DIR`")
        })?;
        if let Some(session) = &args.session {
            let missing =
                || Error::refused(format!("there is no session `{session}` under `{}`", config.display()));
            return Ok(Self::named(transcript::of_session(&config, session)?.ok_or_else(missing)?));
        }
        let running = match world::session_id() {
            Some(session) => transcript::of_session(&config, &session)?,
            None => None,
        };
        let project = &context.project;
        // What runs in a task's worktree does a task; nobody plans there.
        let worktrees: Vec<PathBuf> =
            Records::of(project).list()?.into_iter().map(|record| record.path).collect();
        let homes: Vec<&std::path::Path> =
            [Some(project.home.as_path()), project.here.as_deref()].into_iter().flatten().collect();
        let others = transcript::sessions(&config, &homes, &worktrees)?
            .filter(|session| running.as_ref() != Some(&session.transcript))
            .map(|Session { transcript, modified, .. }| Candidate { transcript, modified: Some(modified) });
        let first = running.clone().map(|transcript| Candidate { transcript, modified: None });
        let mut candidates: Vec<Candidate> = first.into_iter().chain(others.take(MOST)).collect();
        let newest = usize::from(running.is_some());
        let old = candidates.iter().skip(newest + 1).position(|candidate| age(candidate) > RECENT);
        candidates.truncate(old.map_or(MOST, |old| newest + 1 + old));
        if candidates.is_empty() {
            return Err(Error::refused(format!(
                "no session of Claude Code in `{}` has left a transcript under `{}`",
                project.home.display(),
                config.display()
            ))
            .hint("name one with `--transcript FILE`"));
        }
        Ok(Self { candidates, named: false })
    }

    fn named(transcript: PathBuf) -> Self {
        Self { candidates: vec![Candidate { transcript, modified: None }], named: true }
    }

    /// The first transcript whose plans are wanted; else the first with any plan, else the first.
    pub(super) fn first_with(&self, wanted: impl Fn(usize, &[Found]) -> bool) -> Result<Taken> {
        let mut instead: Option<Taken> = None;
        let mut incomplete = Vec::new();
        for (place, candidate) in self.candidates.iter().enumerate() {
            let transcript = candidate.transcript.clone();
            let found = match transcript::find(&transcript) {
                // The client removes old transcripts; one that nobody named is not missed.
                Err(_) if !self.named => Vec::new(),
                found => found?,
            };
            let is_wanted = wanted(place, &found);
            let has_document = found.iter().any(|found| found.kind == Kind::Document);
            if is_wanted
                || instead.as_ref().is_none_or(|instead| instead.found.is_empty() && !found.is_empty())
            {
                let taken =
                    Taken { transcript: transcript.clone(), found, place, incomplete: incomplete.clone() };
                if is_wanted {
                    return Ok(taken);
                }
                instead = Some(taken);
            }
            if has_document {
                incomplete.push(transcript);
            }
        }
        instead.ok_or_else(|| Error::refused("there is no transcript"))
    }

    /// What a person could wonder about: why not the newest session, and which others may be running.
    pub(super) fn notes(&self, taken: &Taken) -> Vec<String> {
        if self.named {
            return Vec::new();
        }
        let mut notes = Vec::new();
        let id = |transcript: &PathBuf| {
            format!("`{}`", style::clean(&transcript::session_of(transcript).unwrap_or_default()))
        };
        let own = id(&taken.transcript);
        if taken.place > 0 {
            let newer = style::count(taken.place, "newer session");
            let mut note = format!("note: the plan is session {own}'s; {newer} printed no complete one");
            if !taken.incomplete.is_empty() {
                let ids: Vec<String> = taken.incomplete.iter().map(id).collect();
                note += &format!(", {} an incomplete one", ids.join(", "));
            }
            notes.push(note);
        }
        let live = |candidate: &&Candidate| candidate.transcript != taken.transcript && age(candidate) < LIVE;
        let live: Vec<String> =
            self.candidates.iter().filter(live).map(|candidate| id(&candidate.transcript)).collect();
        if !live.is_empty() {
            notes.push(format!(
                "note: session {own} was taken; others of this project may be running: {}; `--session ID` reads one of them",
                live.join(", ")
            ));
        }
        notes
    }
}

/// How long ago it was written to; the running session's is now.
fn age(candidate: &Candidate) -> Duration {
    let now = SystemTime::from(world::now());
    candidate.modified.and_then(|modified| now.duration_since(modified).ok()).unwrap_or_default()
}
