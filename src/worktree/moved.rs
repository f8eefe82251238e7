//! Where a worktree lies whose folder was moved by hand, or along with its repository.

use std::fs;
use std::path::{Path, PathBuf};

use super::{Record, half_made};
use crate::error::{Error, Result};
use crate::git::Registration;
use crate::state::{self, Project, Settings};

/// How many folders are looked at for one that was moved.
const MAX_FOLDERS: usize = 5000;

/// The place of a worktree that is not where it was made: one whose `.git` names the registration made for the
/// recorded path, or one that git has noticed by itself. `None` if it is not found.
pub(super) fn moved_to(
    project: &Project,
    settings: &Settings,
    record: &Record,
    registrations: &[Registration],
) -> Option<PathBuf> {
    if record.path.exists() {
        return None;
    }
    // Git corrects a registration that is in use after a day.
    let noticed = registrations.iter().find(|entry| {
        entry.branch.as_ref() == Some(&record.branch) && entry.path != record.path && is_ours(&entry.path)
    });
    if let Some(entry) = noticed {
        return Some(entry.path.clone());
    }
    let root = settings.worktree_root(&project.home, &record.plan);
    let slots = settings.worktree_root(&project.home, "pool");
    let name = record.path.file_name()?;
    let at_home = [root.join(name), slots.join(name)];
    if let Some(place) = at_home.iter().find(|place| was_at(project, place, &record.path)) {
        return Some(place.clone());
    }
    let near = [record.path.parent(), Some(&*root), Some(&*project.home), project.home.parent()];
    let mut folders: Vec<PathBuf> = Vec::new();
    for folder in near.into_iter().flatten() {
        folders.extend(below(folder));
    }
    let deeper: Vec<PathBuf> = folders.iter().flat_map(|folder| below(folder)).take(MAX_FOLDERS).collect();
    folders.into_iter().chain(deeper).take(MAX_FOLDERS).find(|place| was_at(project, place, &record.path))
}

fn below(folder: &Path) -> Vec<PathBuf> {
    let real = |path: &PathBuf| fs::symlink_metadata(path).is_ok_and(|meta| meta.is_dir());
    state::list(folder).unwrap_or_default().into_iter().filter(real).take(MAX_FOLDERS).collect()
}

/// Returns whether `ctx` made this worktree: it left a note in the worktree's own git directory.
fn is_ours(worktree: &Path) -> bool {
    half_made::git_dir(worktree, "").is_ok_and(|dir| dir.join("ctx.json").exists())
}

/// Returns whether that is the worktree which lay here, as it names its registration and the registration this
/// place.
pub(super) fn was_at(project: &Project, place: &Path, before: &Path) -> bool {
    let from = || {
        let text = fs::read_to_string(place.join(".git")).ok()?;
        let entry = Path::new(text.strip_prefix("gitdir: ")?.trim_end_matches('\n')).file_name()?.to_owned();
        let back =
            fs::read_to_string(project.common_dir.join("worktrees").join(entry).join("gitdir")).ok()?;
        Path::new(back.trim_end_matches('\n')).parent().map(Path::to_owned)
    };
    from().is_some_and(|from| from == before && !from.exists())
}

/// Refuses where the folder is elsewhere: a second one beside it would take its registration.
pub(super) fn require_not_moved(
    project: &Project,
    settings: &Settings,
    record: &Record,
    registrations: &[Registration],
) -> Result<()> {
    let Some(place) = moved_to(project, settings, record, registrations) else { return Ok(()) };
    let (place, path) = (place.display(), record.path.display());
    Err(Error::refused(format!("the worktree of `{}` was moved to `{place}`", record.task))
        .hint("take that place over with `ctx doctor --fix`")
        .hint(format!("or move it back: `mv {place} {path}`")))
}
