//! What the approval hook decided: `<git common dir>/ctx/approvals.jsonl`, the newest last, of bounded size.

use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::atomic::append_bounded;
use crate::error::Result;

/// One decision. Texts in it were redacted by whoever made it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Approval {
    /// When.
    pub time: Timestamp,
    /// The client's session.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session: Option<String>,
    /// The subagent; none for the session itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agent: Option<String>,
    /// The task it is bound to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub task: Option<String>,
    /// `Bash`, `Write`, …
    pub tool: String,
    /// The command or the file, shortened.
    pub call: String,
    /// `allow`, `deny`, `none`, or `error`.
    pub decision: String,
    /// Why.
    pub reason: String,
}

/// The log of one repository.
#[derive(Clone, Debug)]
pub struct Approvals {
    path: PathBuf,
}

/// The log and its older part each stay near this size.
const MOST: u64 = 1 << 20;

impl Approvals {
    /// The log below `<git common dir>/ctx`.
    pub fn of(ctx_dir: &Path) -> Self {
        Self { path: ctx_dir.join("approvals.jsonl") }
    }

    /// Adds one decision.
    pub fn add(&self, approval: &Approval) -> Result<()> {
        // A struct of texts always becomes JSON.
        let line = serde_json::to_string(approval).unwrap_or_default();
        append_bounded(&self.path, &line, MOST)
    }

    /// Every decision that is still there, the oldest first.
    pub fn read(&self) -> Vec<Approval> {
        let old = self.path.with_added_extension("old");
        let texts = [&old, &self.path].map(|path| std::fs::read_to_string(path).unwrap_or_default());
        texts
            .iter()
            .flat_map(|text| text.lines())
            .filter_map(|line| serde_json::from_str(line).ok())
            .collect()
    }
}
