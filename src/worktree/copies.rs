//! Which ignored files of the main checkout a new worktree gets copies of.
//!
//! In: the patterns of `worktrees.copy` and the file `.worktreeinclude`. Out: paths. Folders that are ignored as a
//! whole (`node_modules`, `target`, `.venv`) are not looked into unless a pattern names them.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use crate::error::Result;
use crate::git;
use crate::plan::glob_matches;

/// The file in the main checkout that names more files to copy.
const INCLUDE: &str = ".worktreeinclude";

/// The files of the main checkout that git does not track and that match `patterns` or stand in
/// `.worktreeinclude`, relative to its top level. Nothing below `root`, where the worktrees are.
///
/// As in `.gitignore`, a pattern without a slash matches at any depth: a file by its name, a folder only if the
/// pattern is the folder's whole name. One with a slash is a glob from the top.
pub(super) fn candidates(main: &Path, patterns: &[String], root: &Path) -> Result<Vec<PathBuf>> {
    let (anchored, named): (Vec<_>, Vec<_>) =
        patterns.iter().partition(|pattern| pattern.trim_end_matches('/').contains('/'));
    let mut found: BTreeSet<PathBuf> = BTreeSet::new();
    if !named.is_empty() {
        found.extend(by_name(main, &named)?);
    }
    if !anchored.is_empty() {
        let pathspecs: Vec<String> = anchored
            .iter()
            .map(|pattern| format!(":(top,glob){}", pattern.trim_start_matches('/')))
            .collect();
        found.extend(git::untracked_matching(main, &pathspecs)?);
    }
    // A link could lead anywhere.
    if fs::symlink_metadata(main.join(INCLUDE)).is_ok_and(|meta| meta.is_file()) {
        found.extend(git::untracked_listed_in(main, INCLUDE)?);
    }
    let outside = |path: &PathBuf| {
        let full = main.join(path);
        // Another repository is listed with a slash at its end.
        full.starts_with(root)
            || path.starts_with(".parallel")
            || path.as_os_str().as_encoded_bytes().ends_with(b"/")
    };
    Ok(found.into_iter().filter(|path| !outside(path)).collect())
}

fn by_name(main: &Path, patterns: &[&String]) -> Result<Vec<PathBuf>> {
    let (files, folders) = git::untracked(main)?;
    let wild = |pattern: &str| pattern.contains(['*', '?', '[', '\\']);
    let name = |path: &Path| path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let mut found = Vec::new();
    let mut pathspecs: Vec<String> = Vec::new();
    for pattern in patterns {
        let only_folders = pattern.ends_with('/');
        let text = pattern.trim_end_matches('/');
        if wild(text) {
            if only_folders {
                pathspecs.push(format!(":(top,glob)**/{text}/**"));
            } else if text.contains(['[', '\\']) {
                // Only git reads these exactly.
                let all = git::untracked_matching(main, &[format!(":(top,glob)**/{text}")])?;
                let all: BTreeSet<PathBuf> = all.into_iter().collect();
                found.extend(files.iter().filter(|path| all.contains(*path)).cloned());
            } else {
                found.extend(files.iter().filter(|path| glob_matches(text, &name(path))).cloned());
            }
            continue;
        }
        let below = |path: &Path| path.ancestors().skip(1).any(|folder| name(folder) == text);
        let named = |path: &&PathBuf| below(path) || !only_folders && name(path) == text;
        found.extend(files.iter().filter(named).cloned());
        let whole = folders.iter().filter(|folder| name(folder) == text || below(folder));
        pathspecs.extend(whole.map(|folder| format!(":(top,literal){}", folder.display())));
    }
    if !pathspecs.is_empty() {
        found.extend(git::untracked_matching(main, &pathspecs)?);
    }
    Ok(found)
}
