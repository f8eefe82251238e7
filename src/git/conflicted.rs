//! A merge whose conflicts are left in a worktree for somebody to resolve, as `git merge` leaves them.
//!
//! The merge itself is made in the object database: which files it writes is known before one is written, so that a
//! start that was killed can be taken back.

use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::index::{GITLINK, Stage, set_stages};
use super::refusal::{Refusal, run_watched};
use super::{Branch, Git, GitError, Oid, Repository, Result, path_from, records};

/// A merge with conflicts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Conflicted {
    /// The files with their conflict marks.
    pub tree: Oid,
    /// What the index holds of the paths in conflict.
    pub stages: Vec<Stage>,
}

impl Conflicted {
    /// The paths in conflict.
    pub fn paths(&self) -> Vec<PathBuf> {
        let mut paths: Vec<PathBuf> = self.stages.iter().map(|stage| stage.path.clone()).collect();
        paths.dedup();
        paths
    }
}

/// Merges a branch into the one that is checked out in `worktree`, in the object database, by that worktree's
/// attributes. A tree where nothing conflicts, the rest where something does.
pub fn merge_in(
    worktree: &Path,
    ours: &Branch,
    theirs: &Branch,
) -> Result<std::result::Result<Oid, Conflicted>> {
    // These names stand in the conflict marks.
    let sides = [ours, theirs].map(|branch| format!("heads/{branch}"));
    let call = Git::at(worktree).args(["merge-tree", "--write-tree", "-z", "--no-messages"]).args(sides);
    let output = call.output()?;
    let mut parts = records(&output.stdout);
    let tree = parts.next().and_then(|part| Oid::parse(&String::from_utf8_lossy(part)));
    let tree = || tree.clone().ok_or(GitError::Unreadable("merge-tree"));
    match output.code {
        Some(0) => Ok(Ok(tree()?)),
        Some(1) => {
            let stages: Option<Vec<Stage>> = parts.map(stage).collect();
            let stages = stages.ok_or(GitError::Unreadable("merge-tree"))?;
            Ok(Err(Conflicted { tree: tree()?, stages }))
        }
        _ => Err(call.failed(&output)),
    }
}

/// `<mode> <object> <stage>` TAB `<path>` (git-merge-tree(1)).
fn stage(record: &[u8]) -> Option<Stage> {
    let at = record.iter().position(|&byte| byte == b'\t')?;
    let head = String::from_utf8_lossy(&record[..at]);
    let mut words = head.split(' ');
    let (mode, oid, stage) = (words.next()?, words.next()?, words.next()?);
    Some(Stage {
        mode: mode.to_owned(),
        oid: Oid::parse(oid)?,
        number: stage.parse().ok()?,
        path: path_from(&record[at + 1..]),
    })
}

/// Makes files and index of a clean worktree those of the merge, conflicts included. HEAD stays where it is. Files
/// may have been written all the same if it is refused.
pub fn check_out_conflicts(
    worktree: &Path,
    head: &Oid,
    merge: &Conflicted,
    lock: &Arc<fs::File>,
) -> Result<std::result::Result<(), Refusal>> {
    let call = Git::at(worktree).holding(lock).args(["read-tree", "-m", "-u", "--no-recurse-submodules"]);
    if let Err(refusal) = run_watched(call.args([head.as_str(), merge.tree.as_str()]))? {
        return Ok(Err(refusal));
    }
    set_stages(worktree, &merge.stages)?;
    // For `git diff AUTO_MERGE`, which shows what has been resolved; a hook may refuse it.
    let call = Git::at(worktree).args(["update-ref", "--no-deref", "AUTO_MERGE", merge.tree.as_str()]);
    call.output()?;
    Ok(Ok(()))
}

/// The commit whose merge into this worktree is not concluded; `None` if none is under way. Starts no process.
pub fn merge_head(worktree: &Path) -> Result<Option<Oid>> {
    let dot_git = worktree.join(".git");
    let git_dir = match fs::read_to_string(&dot_git) {
        Ok(text) => worktree.join(text.trim_start_matches("gitdir: ").trim_end_matches('\n')),
        Err(_) => dot_git,
    };
    let text = fs::read_to_string(git_dir.join("MERGE_HEAD")).unwrap_or_default();
    Ok(text.lines().next().and_then(Oid::parse))
}

/// The files that say a merge is under way, with their content; `MERGE_HEAD`, which decides, is the last.
pub fn merge_state(worktree: &Path, theirs: &Oid, message: &str) -> Result<Vec<(PathBuf, String)>> {
    let Some(Repository { git_dir, .. }) = Repository::discover(worktree)? else {
        return Err(GitError::Unreadable("rev-parse"));
    };
    let files = [
        ("MERGE_MSG", message.to_owned()),
        ("MERGE_MODE", String::new()),
        ("MERGE_HEAD", format!("{theirs}\n")),
    ];
    Ok(files.into_iter().map(|(name, content)| (git_dir.join(name), content)).collect())
}

/// Of the paths in conflict, those that nobody has resolved: with conflict marks, or as the merge left them. One that
/// is gone is resolved. Where a submodule stands says nothing: it counts once it is added.
pub fn unresolved(worktree: &Path) -> Result<Vec<PathBuf>> {
    let call = Git::at(worktree).args(["ls-files", "--unmerged", "--full-name", "-z", "--", ":(top)"]);
    let bytes = call.run()?;
    let submodules: HashSet<PathBuf> = records(&bytes)
        .filter(|record| record.starts_with(GITLINK.as_bytes()))
        .filter_map(|record| Some(path_from(record.splitn(2, |&byte| byte == b'\t').nth(1)?)))
        .collect();
    let mut found = Vec::new();
    for path in super::conflicts(worktree)? {
        let file = worktree.join(&path);
        let Ok(meta) = fs::symlink_metadata(&file) else { continue };
        let open = submodules.contains(&path)
            || (meta.is_file() && fs::read(&file).is_ok_and(|bytes| is_marked(&bytes)))
            || (!meta.is_dir() && is_untouched(worktree, &path)?);
        if open {
            found.push(path);
        }
    }
    Ok(found)
}

/// Returns whether a line begins as git's conflict marks do, of seven characters or as many as the attribute
/// `conflict-marker-size` asks for.
fn is_marked(bytes: &[u8]) -> bool {
    let is_mark = |line: &[u8], mark: u8| {
        let length = line.iter().take_while(|&&byte| byte == mark).count();
        length >= 7 && line.get(length) == Some(&b' ')
    };
    bytes.split(|&byte| byte == b'\n').any(|line| is_mark(line, b'<') || is_mark(line, b'>'))
}

fn is_untouched(worktree: &Path, path: &Path) -> Result<bool> {
    let call = Git::at(worktree).env("GIT_LITERAL_PATHSPECS", "1");
    let call = call.args(["diff", "--no-ext-diff", "--quiet", "AUTO_MERGE", "--"]).arg(path);
    // Without `AUTO_MERGE` (a merge that somebody started with another strategy) only the marks tell.
    Ok(call.output()?.success())
}
