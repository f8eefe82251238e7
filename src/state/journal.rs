//! What happened, append-only: `<git common dir>/ctx/journal.jsonl`, one JSON object a line.
//!
//! The journal is history, not state: statuses live in task files, commits in git. A line that cannot
//! be read (a torn write, a later version's event) costs that line only.

use std::io::Write;
use std::path::PathBuf;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::atomic::open_append;
use super::lock::LockFile;
use crate::error::{Error, Result};
use crate::git::{Branch, Oid};
use crate::plan::Status;
use crate::world;

/// One line of the journal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    /// When.
    pub time: Timestamp,
    /// The client's session that caused it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session: Option<String>,
    /// The plan's id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plan: Option<String>,
    /// The task's id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub task: Option<String>,
    /// What.
    #[serde(flatten)]
    pub kind: Kind,
}

/// What happened, by the field `event`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Kind {
    /// A plan's folder was made from the document with this SHA-256.
    PlanCreated {
        /// `document`, `transcript` or `session_end`.
        from: String,
    },
    /// The person was told of a plan that was saved when a session ended.
    PlanAnnounced,
    /// A plan became the active one.
    PlanActivated,
    /// A plan was moved to the archive.
    PlanArchived,
    /// A task's worktree is ready.
    WorktreeReady {
        /// The commit it started at.
        base: Oid,
        /// Its branch; `None` in lines of older versions.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        branch: Option<Branch>,
    },
    /// A task's worktree and branch are gone.
    WorktreeRemoved {
        /// The branch's last commit.
        tip: Oid,
        /// What brings it back: the id of `ctx undo`.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        saved: Option<String>,
        /// The commit of the base branch that held its work; none if it was not merged.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        integrated: Option<Oid>,
        /// Its branch; `None` in lines of older versions.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        branch: Option<Branch>,
    },
    /// A task's worktree and branch are back.
    WorktreeRestored {
        /// From what.
        saved: String,
        /// Its branch; `None` in lines of older versions.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        branch: Option<Branch>,
    },
    /// A task's status changed.
    Status {
        /// From.
        from: Status,
        /// To.
        to: Status,
        /// Why, in the words of who changed it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<String>,
        /// The branch's commit at that moment.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        commit: Option<Oid>,
    },
    /// A commit was made by `ctx commit`.
    Committed {
        /// It.
        commit: Oid,
    },
    /// A task's branch is in the base branch.
    Landed {
        /// The branch's tip.
        tip: Oid,
        /// The merge commit.
        commit: Oid,
        /// The branch it landed on.
        into: String,
    },
}

/// The journal of one repository.
#[derive(Clone, Debug)]
pub struct Journal {
    path: PathBuf,
    lock: LockFile,
}

impl Journal {
    pub(super) fn at(ctx_dir: &std::path::Path) -> Self {
        Self { path: ctx_dir.join("journal.jsonl"), lock: LockFile::new(&ctx_dir.join("journal.lock")) }
    }

    /// Adds what happened now, in this session.
    pub fn record(&self, plan: Option<&str>, task: Option<&str>, kind: Kind) -> Result<()> {
        self.append(&Event {
            time: world::now(),
            session: world::session_id(),
            plan: plan.map(str::to_owned),
            task: task.map(str::to_owned),
            kind,
        })
    }

    /// Adds one event.
    pub fn append(&self, event: &Event) -> Result<()> {
        let io = |error: std::io::Error| Error::io("write", &self.path, &error);
        let _lock = self.lock.acquire()?;
        let mut file = open_append(&self.path)?;
        let mut line = serde_json::to_vec(event).map_err(|error| io(error.into()))?;
        line.push(b'\n');
        // A writer that was killed, or a full disk, may have left half a line: close it first.
        if !ends_with_newline(&mut file).map_err(io)? {
            line.insert(0, b'\n');
        }
        file.write_all(&line).map_err(io)
    }

    /// Every event that can be read, oldest first.
    pub fn read(&self) -> Result<Vec<Event>> {
        let bytes = match std::fs::read(&self.path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Vec::new(),
            Err(error) => return Err(Error::io("read", &self.path, &error)),
        };
        let text = String::from_utf8_lossy(&bytes);
        Ok(text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect())
    }
}

fn ends_with_newline(file: &mut std::fs::File) -> std::io::Result<bool> {
    use std::io::{Read, Seek, SeekFrom};
    if file.metadata()?.len() == 0 {
        return Ok(true);
    }
    file.seek(SeekFrom::End(-1))?;
    let mut last = [0];
    file.read_exact(&mut last)?;
    Ok(last[0] == b'\n')
}
