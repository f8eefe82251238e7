//! Bounds how much one decision asks of the world, however its command is written.
//!
//! In: facts. Out: the same facts, until too much was asked; from then on there is no answer, and no proof.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

use super::facts::{Facts, Kind};

/// One is about a microsecond on a warm disk.
const MOST: usize = 24_000;
/// Following a path looks at each of its parts.
const REAL: usize = 8;
/// Git is started, twice.
const IGNORED: usize = 2_000;

/// Facts that are asked for a limited number of times.
pub(super) struct Budget<'a> {
    inner: &'a dyn Facts,
    left: AtomicUsize,
}

impl<'a> Budget<'a> {
    pub(super) fn new(inner: &'a dyn Facts) -> Self {
        Self { inner, left: AtomicUsize::new(MOST) }
    }

    /// Takes from what is left; false if that is not enough, and nothing is left then.
    fn spend(&self, cost: usize) -> bool {
        let left = self.left.load(Ordering::Relaxed).saturating_sub(cost);
        self.left.store(left, Ordering::Relaxed);
        left > 0
    }

    /// Was more asked than is answered? What was answered meanwhile proves nothing.
    pub(super) fn is_spent(&self) -> bool {
        self.left.load(Ordering::Relaxed) == 0
    }
}

impl Facts for Budget<'_> {
    fn real(&self, path: &Path) -> Option<PathBuf> {
        self.spend(REAL).then(|| self.inner.real(path))?
    }

    fn kind(&self, path: &Path) -> Kind {
        if self.spend(1) { self.inner.kind(path) } else { Kind::Other }
    }

    fn names(&self, folder: &Path) -> Option<Vec<String>> {
        let names = self.spend(4).then(|| self.inner.names(folder))??;
        self.spend(names.len() / 8).then_some(names)
    }

    fn entries(&self, folder: &Path) -> Option<Vec<(String, bool)>> {
        let entries = self.spend(4).then(|| self.inner.entries(folder))??;
        self.spend(entries.len() / 4).then_some(entries)
    }

    fn ignored(&self, path: &Path) -> bool {
        self.spend(IGNORED) && self.inner.ignored(path)
    }

    fn untracked(&self, folder: &Path) -> Option<Vec<PathBuf>> {
        self.spend(IGNORED).then(|| self.inner.untracked(folder))?
    }

    fn branch(&self, worktree: &Path) -> Option<String> {
        self.spend(REAL).then(|| self.inner.branch(worktree))?
    }

    fn git_unchanged(&self, worktree: &Path) -> Result<(), String> {
        match self.spend(REAL) {
            true => self.inner.git_unchanged(worktree),
            false => Err("too much to look at".to_owned()),
        }
    }

    fn home(&self) -> Option<PathBuf> {
        self.inner.home()
    }

    fn has_variable(&self, name: &str) -> bool {
        self.inner.has_variable(name)
    }
}
