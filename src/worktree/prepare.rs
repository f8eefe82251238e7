//! Copies into a new worktree the ignored files that the project needs and git does not bring: `.env`.

use std::fs;
use std::path::{Path, PathBuf};

use crate::error::{Error, Result};
use crate::git::{Git, path_from, records};
use crate::state;

/// What was copied and what was not, relative to the top level.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Prepared {
    /// Copied.
    pub copied: Vec<PathBuf>,
    /// Not copied, and why.
    pub skipped: Vec<(PathBuf, &'static str)>,
}

/// The files of the main checkout that git does not track and that match `patterns` (git's `glob`
/// pathspecs), relative to its top level.
pub(super) fn candidates(main: &Path, patterns: &[String]) -> Result<Vec<PathBuf>> {
    if patterns.is_empty() {
        return Ok(Vec::new());
    }
    let pathspecs = patterns.iter().map(|pattern| format!(":(top,glob){pattern}"));
    let output = Git::at(main).args(["ls-files", "--others", "-z", "--"]).args(pathspecs).output()?;
    // Beside a bare repository there is no checkout, and git refuses.
    Ok(if output.success() { records(&output.stdout).map(path_from).collect() } else { Vec::new() })
}

/// Copies those of `candidates` that git ignores in the worktree, too.
///
/// Only into a worktree that nobody works in yet: an interrupted copy is overwritten.
pub(super) fn copy_ignored(main: &Path, worktree: &Path, candidates: &[PathBuf]) -> Result<Prepared> {
    let mut prepared = Prepared::default();
    let ignored = ignored_in(worktree, candidates)?;
    for path in candidates.iter().cloned() {
        let from = main.join(&path);
        if !ignored.contains(&path) {
            prepared.skipped.push((path, "git does not ignore it there"));
        } else if !fs::symlink_metadata(&from).is_ok_and(|meta| meta.is_file()) {
            prepared.skipped.push((path, "it is not a regular file"));
        } else {
            state::copy_file(&from, &worktree.join(&path))?;
            prepared.copied.push(path);
        }
    }
    Ok(prepared)
}

/// Which of these paths git ignores in that worktree: a copy of the others would end up in a commit.
fn ignored_in(worktree: &Path, paths: &[PathBuf]) -> Result<Vec<PathBuf>> {
    if paths.is_empty() {
        return Ok(Vec::new());
    }
    let input: Vec<u8> = paths
        .iter()
        .flat_map(|path| path.as_os_str().as_encoded_bytes().iter().chain(&[0]))
        .copied()
        .collect();
    let output = Git::at(worktree).args(["check-ignore", "-z", "--stdin"]).stdin(input).output()?;
    match output.code {
        Some(0 | 1) => Ok(records(&output.stdout).map(path_from).collect()),
        _ => Err(Error::environment(format!(
            "`git check-ignore` failed: {}",
            String::from_utf8_lossy(&output.stderr).trim()
        ))),
    }
}
