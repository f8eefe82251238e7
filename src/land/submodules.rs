//! Submodules on their way into the base branch: commits that others cannot get, and what to do after a landing.

use std::path::{Path, PathBuf};

use crate::error::{Result, shell_word};
use crate::git::{self, Branch, Oid};
use crate::state::Project;

/// A submodule that a branch moves to a commit which only the worktree's own copy of it has: its path, and that
/// commit. Who merges the branch could not check it out, and the commit would go with the worktree.
pub fn only_here(
    project: &Project,
    worktree: &Path,
    into: &Oid,
    tip: &Oid,
) -> Result<Option<(PathBuf, Oid)>> {
    let dir = project.git_dir();
    let Some(start) = git::merge_base(dir, into, tip)? else { return Ok(None) };
    for change in git::path_changes(dir, &start, tip)?.iter().filter(|change| change.is_submodule()) {
        let Some((_, commit)) = &change.new else { continue };
        let own = worktree.join(&change.path);
        if !own.join(".git").exists() || !git::has_commit(&own, commit)? || git::is_pushed(&own, commit)? {
            continue;
        }
        let main = git::main_module(&project.home, &project.common_dir, tip, &change.path)?;
        if !main.map(|module| git::has_commit(&module, commit)).transpose()?.unwrap_or(false) {
            return Ok(Some((change.path.clone(), commit.clone())));
        }
    }
    Ok(None)
}

/// What to do in the main checkout about the submodules that moved between two commits of its branch.
pub fn moved_submodules(project: &Project, branch: &Branch, old: &Oid, new: &Oid) -> Result<Vec<String>> {
    if project.head_branch()?.as_ref() != Some(branch) || old == new {
        return Ok(Vec::new());
    }
    let changes = git::path_changes(project.git_dir(), old, new)?;
    let (mut behind, mut others, mut added) = (Vec::new(), Vec::new(), false);
    for change in changes.iter().filter(|change| change.is_submodule()) {
        let head = git::submodule_head(&project.home, &change.path)?;
        match (&head, &change.old) {
            (Some(head), Some((_, old))) if head == old => behind.push(&change.path),
            (Some(head), _) if change.new.as_ref().is_some_and(|(_, new)| new == head) => {}
            (Some(_), _) => others.push(&change.path),
            (None, None) => added = true,
            (None, Some(_)) => {}
        }
    }
    let home = shell_word(&project.home);
    let mut hints = Vec::new();
    if changes.iter().any(|change| change.path == Path::new(".gitmodules")) {
        hints.push(format!("`.gitmodules` changed: `git -C {home} submodule sync --recursive`"));
    }
    if added {
        hints.push(format!("a submodule is new: `git -C {home} submodule update --init`"));
    }
    if !behind.is_empty() {
        let paths: Vec<String> = behind.into_iter().map(|path| shell_word(path)).collect();
        hints.push(format!(
            "the checkout of a submodule is old now: `git -C {home} submodule update -- {}`",
            paths.join(" ")
        ));
    }
    for path in others {
        hints.push(format!(
            "`{}` stands at a commit of its own: keep what you need of it in a branch before you run \
             `git -C {home} submodule update`",
            path.display()
        ));
    }
    Ok(hints)
}
