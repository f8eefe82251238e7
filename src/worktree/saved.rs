//! What was saved before a worktree went: `refs/ctx/saved/<time>-<task>`.
//!
//! The ref's commit holds the files as they lay there, tracked and untracked, byte for byte. Its parents
//! are the branch's last commit, a commit of the index, one with the index file itself, and what only
//! reflogs still named. The message's body says what it was. After an undo it is kept as
//! `refs/ctx/restored/…`; both go after 30 days.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::{Record, UnderWay};
use crate::error::{Error, Result};
use crate::git::{self, Oid, RefUpdate};
use crate::state::{self, Project};
use crate::world;

/// The folder beside the worktrees that removed ones are moved to.
pub(super) const TRASH: &str = ".trash";

/// How long ignored files of removed worktrees are kept, and what was saved of the rest.
const DAYS: i64 = 30;

const SAVED: &str = "refs/ctx/saved/";
const RESTORED: &str = "refs/ctx/restored/";

/// What is known of a saved worktree, beside its content.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Holds {
    /// The worktree, as it was recorded.
    pub record: Record,
    /// Its branch's last commit.
    pub tip: Oid,
    /// The commit of the base branch that held its work; none if it was not merged.
    pub integrated: Option<Oid>,
    /// Commits that are not in the base branch.
    pub commits: usize,
    /// Tracked files that were not committed.
    pub changed: usize,
    /// Files that git did not track.
    pub untracked: usize,
    /// Set-up's copies that were as in the main checkout; they are copied again.
    pub copies: Vec<PathBuf>,
    /// What set-up's commands made; it is not kept.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub made: Vec<PathBuf>,
    /// When they had ended: what was touched later is kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<jiff::Timestamp>,
    /// Set-up's copies that somebody changed, of a slot that was given back.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub changed_copies: Vec<PathBuf>,
    /// Its files; none if the folder had been removed by hand.
    pub content: Option<Content>,
}

/// The content of a saved worktree.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Content {
    /// Its own git directory, while it was registered.
    pub git_dir: PathBuf,
    /// The tree of its files.
    pub work: Oid,
    /// The tree of its index.
    pub index: Oid,
}

/// One saved worktree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Saved {
    /// `<time>-<task>`.
    pub id: String,
    /// The commit.
    pub commit: Oid,
    /// What it holds.
    pub holds: Holds,
}

impl Saved {
    /// Where its ignored files are, if it has any and they are still kept.
    pub fn trash(&self) -> PathBuf {
        trash(&self.holds.record, &self.id)
    }
}

pub(super) fn trash(record: &Record, id: &str) -> PathBuf {
    record.path.with_file_name(TRASH).join(id)
}

/// What is saved in one repository.
#[derive(Clone, Copy, Debug)]
pub struct Store<'a> {
    project: &'a Project,
}

impl<'a> Store<'a> {
    /// Of this project.
    pub fn of(project: &'a Project) -> Self {
        Self { project }
    }

    /// An id that is free.
    pub(super) fn free_id(self, record: &Record) -> Result<String> {
        let stem = format!("{}-{}", world::now().strftime("%Y%m%d-%H%M%S"), record.task);
        for n in 1.. {
            let id = if n == 1 { stem.clone() } else { format!("{stem}-{n}") };
            let taken = |prefix: &str| git::resolve(self.project.git_dir(), &format!("{prefix}{id}"));
            if taken(SAVED)?.is_none() && taken(RESTORED)?.is_none() && !trash(record, &id).exists() {
                return Ok(id);
            }
        }
        unreachable!("an endless iterator has a free name")
    }

    /// Everything that can be brought back, oldest first. What an unfinished removal saved is no removal.
    pub fn list(self, records: &[Record]) -> Result<Vec<Saved>> {
        let mut found = self.under(SAVED)?;
        found.retain(|saved| {
            let taken = [UnderWay::Removing(saved.id.clone()), UnderWay::Releasing(saved.id.clone())];
            records.iter().all(|record| record.under_way.as_ref().is_none_or(|what| !taken.contains(what)))
        });
        Ok(found)
    }

    /// The one with this id, finished or not.
    pub(super) fn read(self, id: &str) -> Result<Option<Saved>> {
        Ok(self.under(SAVED)?.into_iter().find(|saved| saved.id == id))
    }

    /// Was it brought back?
    pub(super) fn restored(self, id: &str) -> Result<bool> {
        Ok(self.under(RESTORED)?.iter().any(|saved| saved.id == id))
    }

    /// Keeps it as brought back.
    pub(super) fn mark_restored(self, saved: &Saved) -> Result<()> {
        let (from, to) = (format!("{SAVED}{}", saved.id), format!("{RESTORED}{}", saved.id));
        Ok(git::rename_ref(self.project.git_dir(), &from, &to, &saved.commit)?)
    }

    fn under(self, prefix: &str) -> Result<Vec<Saved>> {
        let refs = git::refs_under(self.project.git_dir(), prefix)?;
        let parse = |(name, commit, body): (String, Oid, String)| {
            let holds = serde_json::from_str(&body).ok()?;
            Some(Saved { id: name.strip_prefix(prefix)?.to_owned(), commit, holds })
        };
        Ok(refs.into_iter().filter_map(parse).collect())
    }

    /// Makes the ref, or moves one that an unfinished removal left.
    pub(super) fn write(self, id: &str, commit: &Oid) -> Result<()> {
        let name = format!("{SAVED}{id}");
        let dir = self.project.git_dir();
        let old = git::resolve(dir, &name)?.unwrap_or_else(|| commit.zero());
        let update = RefUpdate { name: &name, new: Some(commit), old: &old, reason: "ctx cleanup" };
        if git::update_ref(dir, &update)? {
            return Ok(());
        }
        Err(Error::refused(format!("another process saved `{id}` meanwhile")).hint("run the command again"))
    }

    /// Drops what was saved for a removal that did not take place.
    pub(super) fn abandon(self, id: &str) -> Result<()> {
        self.delete(&format!("{SAVED}{id}"))
    }

    fn delete(self, name: &str) -> Result<()> {
        let dir = self.project.git_dir();
        if let Some(old) = git::resolve(dir, name)? {
            git::update_ref(dir, &RefUpdate { name, new: None, old: &old, reason: "ctx cleanup" })?;
        }
        Ok(())
    }

    /// Gives up what was saved 30 days ago, with its ignored files; `dry_run` only names it. Nothing that a
    /// removal or an undo is still at.
    pub fn expire(self, records: &[Record], dry_run: bool) -> Result<Vec<String>> {
        let mut gone = Vec::new();
        for prefix in [SAVED, RESTORED] {
            for saved in self.under(prefix)? {
                let under_way = records.iter().any(|record| match &record.under_way {
                    Some(UnderWay::Removing(id) | UnderWay::Restoring(id) | UnderWay::Releasing(id)) => {
                        *id == saved.id
                    }
                    _ => false,
                });
                if under_way || !expired(&saved.id) {
                    continue;
                }
                if !dry_run {
                    world::kill_point("expire-trash");
                    state::remove_tree(&saved.trash())?;
                    world::kill_point("expire-ref");
                    self.delete(&format!("{prefix}{}", saved.id))?;
                }
                gone.push(saved.id);
            }
        }
        Ok(gone)
    }
}

/// Is the time at the beginning of this name more than 30 days ago?
fn expired(name: &str) -> bool {
    let time = name.get(..15).and_then(|time| jiff::civil::DateTime::strptime("%Y%m%d-%H%M%S", time).ok());
    let time = time.and_then(|time| time.to_zoned(jiff::tz::TimeZone::UTC).ok());
    time.is_some_and(|time| world::now().duration_since(time.timestamp()).as_hours() > DAYS * 24)
}

/// Empties what has been in the trash of these worktree folders for 30 days; gives what was removed.
pub fn empty_trash(root: &Path) -> Result<Vec<PathBuf>> {
    let mut gone = Vec::new();
    for folder in state::list(&root.join(TRASH))? {
        if folder.file_name().and_then(|name| name.to_str()).is_some_and(expired) {
            state::remove_tree(&folder)?;
            gone.push(folder);
        }
    }
    Ok(gone)
}
