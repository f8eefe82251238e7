//! Takes down what lies in a worktree, without changing anything there.
//!
//! In: its files and its git directory. Out: trees in the object database. Ignored files are not in them.

use std::collections::{BTreeMap, HashSet};
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};

use crate::error::{Error, Result};
use crate::git::{self, Entry, Files, Mode, Oid};
use crate::state;

/// The content of a worktree at one moment. Two are equal if nothing that git would see has changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Snapshot {
    /// The commit that was checked out.
    pub(super) head: Oid,
    /// Every file that is not ignored, byte for byte.
    pub(super) work: Oid,
    /// What was staged.
    pub(super) index: Oid,
}

/// Git's own files of one worktree that a copy of its index does not do without.
const OWN_FILES: [(&str, &str); 2] = [("config.worktree", "config"), ("info/sparse-checkout", "sparse")];

/// The names in the commit that holds them; `index` is the index file.
pub(super) fn own_files() -> impl Iterator<Item = (&'static str, &'static str)> {
    std::iter::once(("index", "index")).chain(OWN_FILES)
}

impl Snapshot {
    /// Stores the content. `scratch` is a folder for index files, emptied before and after.
    pub(super) fn take(files: Files<'_>, scratch: &Path) -> Result<Self> {
        let head = git::resolve(files.git_dir, "HEAD")?
            .ok_or_else(|| Error::refused("no commit is checked out in it"))?;
        state::remove_tree(scratch)?;
        state::create_dir_all(scratch)?;
        let entries = content(files)?;
        let work = files.tree_of(&entries, &scratch.join("work"))?;
        let index = scratch.join("index");
        state::copy_file(&files.git_dir.join("index"), &index)?;
        let index = files.tree_of_index(&index)?;
        Ok(Self { head, work, index })
    }

    /// Stores the index as a commit; beside its tree the file itself, which also knows what a tree does
    /// not: paths that are only intended to be added, and which ones a sparse checkout leaves out.
    pub(super) fn store_index(&self, files: Files<'_>, scratch: &Path) -> Result<Oid> {
        let dir = files.git_dir;
        let mut blobs = Vec::new();
        for (path, name) in own_files() {
            let path = if name == "index" { scratch.join(name) } else { dir.join(path) };
            if let Ok(bytes) = fs::read(&path) {
                blobs.push((name, git::store_bytes(dir, bytes)?));
            }
        }
        let own = git::store_tree(dir, &blobs)?;
        let own = git::store_commit(dir, &own, &[], "the worktree's own files of git\n")?;
        Ok(git::store_commit(dir, &self.index, &[self.head.clone(), own], "the index\n")?)
    }

    /// What only a reflog or a ref of this worktree still names.
    pub(super) fn unnamed_commits(&self, files: Files<'_>, branch: &str, known: &[&Oid]) -> Result<Vec<Oid>> {
        let mut commits = files.reflog("HEAD")?;
        commits.extend(files.reflog(branch)?);
        commits.extend(files.own_refs()?);
        for name in ["ORIG_HEAD", "FETCH_HEAD", "AUTO_MERGE"] {
            commits.extend(git::resolve(files.git_dir, name)?);
        }
        let known: Vec<&Oid> = known.iter().copied().chain([&self.head]).collect();
        Ok(git::unheld(files.git_dir, &commits, &known)?)
    }
}

/// Everything that lies there and is not ignored.
fn content(files: Files<'_>) -> Result<Vec<Entry>> {
    let mut links = Links { dir: files.dir, below: HashSet::new(), not_below: HashSet::new() };
    let mut entries = Vec::new();
    let mut regular = Vec::new();
    let mut executable = Vec::new();
    let mut targets: BTreeMap<Vec<u8>, Oid> = BTreeMap::new();
    let large: HashSet<PathBuf> = files.large_unchanged()?.into_iter().collect();
    let tracked: Vec<Entry> = files.staged()?.into_iter().map(|(entry, _)| entry).collect();
    let untracked = files.untracked()?.into_iter().map(|path| (path, None));
    for (path, entry) in tracked.into_iter().map(|entry| (entry.path.clone(), Some(entry))).chain(untracked) {
        let Ok(meta) = fs::symlink_metadata(files.dir.join(&path)) else { continue };
        if links.above(&path) {
            continue;
        }
        if meta.is_symlink() {
            let target = fs::read_link(files.dir.join(&path))
                .map_err(|error| Error::io("read", &files.dir.join(&path), &error))?;
            let target = target.into_os_string().into_encoded_bytes();
            let oid = match targets.get(&target) {
                Some(oid) => oid.clone(),
                None => git::store_bytes(files.git_dir, target.clone())?,
            };
            targets.insert(target, oid.clone());
            entries.push(Entry { mode: Mode::Link, oid, path });
        } else if meta.is_dir() {
            // A submodule that is not checked out, or a folder where git tracks a file: its files are untracked.
            match entry.filter(|entry| entry.mode == Mode::Gitlink) {
                Some(entry) => entries.push(entry),
                None if path.as_os_str().as_encoded_bytes().ends_with(b"/") => {
                    return Err(Error::refused(format!("`{}` is a repository of its own", path.display())));
                }
                None => {}
            }
        } else if meta.is_file() {
            match entry.filter(|entry| large.contains(&entry.path)) {
                Some(entry) => entries.push(entry),
                None => {
                    executable.push(is_executable(&meta));
                    regular.push(path);
                }
            }
        }
    }
    let oids = files.store(&regular)?;
    for ((path, oid), executable) in regular.into_iter().zip(oids).zip(executable) {
        entries.push(Entry { mode: if executable { Mode::Executable } else { Mode::File }, oid, path });
    }
    Ok(entries)
}

#[cfg(unix)]
fn is_executable(meta: &fs::Metadata) -> bool {
    std::os::unix::fs::PermissionsExt::mode(&meta.permissions()) & 0o100 != 0
}

/// Which folders are reached through a symbolic link: what lies there is not in the worktree.
struct Links<'a> {
    dir: &'a Path,
    below: HashSet<PathBuf>,
    not_below: HashSet<PathBuf>,
}

impl Links<'_> {
    fn above(&mut self, path: &Path) -> bool {
        let Some(parent) = path.parent().filter(|parent| !parent.as_os_str().is_empty()) else {
            return false;
        };
        if self.not_below.contains(parent) {
            return false;
        }
        if self.below.contains(parent) {
            return true;
        }
        let link = fs::symlink_metadata(self.dir.join(parent)).is_ok_and(|meta| meta.is_symlink());
        let found = link || self.above(parent);
        if found { &mut self.below } else { &mut self.not_below }.insert(parent.to_owned());
        found
    }
}

/// The first thing in a folder that is a repository of its own, if there is one: a `.git` below the top.
pub(super) fn embedded_repository(dir: &Path) -> Result<Option<PathBuf>> {
    let mut folders = vec![dir.to_owned()];
    while let Some(folder) = folders.pop() {
        let io = |error: std::io::Error| Error::io("read", &folder, &error);
        for entry in fs::read_dir(&folder).map_err(io)? {
            let entry = entry.map_err(io)?;
            if folder != dir && entry.file_name() == OsStr::new(".git") {
                return Ok(Some(folder));
            }
            if entry.file_type().map_err(io)?.is_dir() {
                folders.push(entry.path());
            }
        }
    }
    Ok(None)
}
