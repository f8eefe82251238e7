//! Is there room on the disk for what is asked?

use std::path::Path;

use crate::error::{Error, Result};
use crate::git::{self, Oid};
use crate::state::Project;
use crate::world;

/// With this much for each there is no need to count: it takes a moment in a large repository.
const PLENTY: u64 = 1 << 28;

/// A checkout takes more than the bytes of its files: blocks, folders, the index.
const OVERHEAD: u64 = 4096;

/// What a number of checkouts needs and what there is, where that is less.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shortage {
    /// How many checkouts.
    pub count: usize,
    /// Bytes for all of them, about.
    pub needed: u64,
    /// Bytes that are free.
    pub free: u64,
}

impl Shortage {
    /// What is the case.
    pub fn fact(&self, root: &Path) -> String {
        let Self { count, needed, free } = self;
        format!(
            "{} need about {}, and {} are free at `{}`",
            crate::error::count(*count, "new worktree"),
            megabytes(*needed),
            megabytes(*free),
            root.display()
        )
    }
}

fn megabytes(bytes: u64) -> String {
    format!("{}.{} MB", bytes / 1_000_000, bytes % 1_000_000 / 100_000)
}

/// Does the disk below `root` lack room for this many checkouts of a commit?
pub fn shortage(project: &Project, root: &Path, commit: &Oid, count: usize) -> Result<Option<Shortage>> {
    let there = root.ancestors().find(|folder| folder.exists()).unwrap_or(root);
    let Some(free) = world::free_space(there) else { return Ok(None) };
    if count == 0 || free / (count as u64) > PLENTY {
        return Ok(None);
    }
    let files = git::list_tree(project.git_dir(), commit)?;
    let one: u64 = files.iter().map(|(_, bytes)| bytes + OVERHEAD).sum();
    let needed = one.saturating_mul(count as u64);
    Ok((needed > free).then_some(Shortage { count, needed, free }))
}

/// Refuses where there is no room.
pub(super) fn require(project: &Project, root: &Path, commit: &Oid, count: usize) -> Result<()> {
    match shortage(project, root, commit, count)? {
        None => Ok(()),
        Some(shortage) => Err(Error::refused(shortage.fact(root))
            .hint("free some space: `ctx cleanup` removes what is merged; or ask for fewer")),
    }
}
