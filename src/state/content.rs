//! Files of a worktree as they are brought back or put away: content that git or the trash still holds, so
//! that a kill costs only a repetition.
#![allow(clippy::disallowed_methods)]

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::atomic::create_dir_all;
use crate::error::{Error, Result};
use crate::world::kill_point;

/// Writes a regular file in place of whatever file or link is there; folders above it are made.
pub fn write_content(path: &Path, content: &[u8], executable: bool) -> Result<()> {
    make_room(path)?;
    let write = || -> io::Result<()> {
        let mut options = fs::OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, if executable { 0o777 } else { 0o666 });
        options.open(path)?.write_all(content)
    };
    write().map_err(|error| Error::io("write", path, &error))
}

/// Makes a symbolic link in place of whatever file or link is there.
#[cfg(unix)]
pub fn write_link(path: &Path, target: &[u8]) -> Result<()> {
    use std::os::unix::ffi::OsStrExt;
    make_room(path)?;
    let target = std::ffi::OsStr::from_bytes(target);
    std::os::unix::fs::symlink(target, path).map_err(|error| Error::io("link", path, &error))
}

fn make_room(path: &Path) -> Result<()> {
    if let Some(dir) = path.parent() {
        create_dir_all(dir)?;
    }
    super::remove_file(path)
}

/// Removes a folder if nothing is in it.
pub fn remove_empty_dir(path: &Path) {
    let _ = fs::remove_dir(path);
}

/// Moves what lies in one folder into another, where nothing of that name is; what is in the way stays.
pub fn merge_into(from: &Path, to: &Path) -> Result<()> {
    for (n, entry) in super::list(from)?.into_iter().enumerate() {
        if n == 1 {
            kill_point("undo-ignored-midway");
        }
        let Some(name) = entry.file_name() else { continue };
        let target = to.join(name);
        let is_dir = |path: &Path| fs::symlink_metadata(path).is_ok_and(|meta| meta.is_dir());
        if fs::symlink_metadata(&target).is_err() {
            fs::rename(&entry, &target).map_err(|error| Error::io("move", &entry, &error))?;
        } else if is_dir(&entry) && is_dir(&target) {
            merge_into(&entry, &target)?;
            remove_empty_dir(&entry);
        }
    }
    Ok(())
}

/// What is copied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CopyOf {
    /// A regular file's content and permissions.
    File,
    /// A link with this target.
    Link(PathBuf),
}

/// Copies a file or link to a name that is free, complete or not at all; folders above it are made. File
/// systems that can share the content between both do.
pub fn copy_new(from: &Path, to: &Path, what: &CopyOf) -> Result<()> {
    if let Some(dir) = to.parent() {
        create_dir_all(dir)?;
    }
    // The same name each time: what a kill leaves is replaced by the next run.
    let name = to.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let part = to.with_file_name(format!(".{name}.ctx-part"));
    super::remove_file(&part)?;
    let copy = || -> io::Result<()> {
        match what {
            CopyOf::File => {
                reflink_copy::reflink_or_copy(from, &part)?;
                fs::set_permissions(&part, fs::metadata(from)?.permissions())?;
            }
            #[cfg(unix)]
            CopyOf::Link(target) => std::os::unix::fs::symlink(target, &part)?,
            #[cfg(not(unix))]
            CopyOf::Link(_) => return Err(io::ErrorKind::Unsupported.into()),
        }
        fs::rename(&part, to)
    };
    let copied = copy();
    if copied.is_err() {
        let _ = fs::remove_file(&part);
    }
    copied.map_err(|error| Error::io("copy", from, &error))
}

/// Removes a folder's files that nobody touched since a moment, and the folders that are empty then.
///
/// The kernel's own time of change counts: it cannot be set back. A file with several names is another's,
/// too, and says nothing by that time.
#[cfg(unix)]
pub fn remove_untouched(path: &Path, since: jiff::Timestamp) {
    use std::os::unix::fs::MetadataExt;
    let Ok(meta) = fs::symlink_metadata(path) else { return };
    if meta.is_dir() {
        for entry in super::list(path).unwrap_or_default() {
            remove_untouched(&entry, since);
        }
        remove_empty_dir(path);
        return;
    }
    let (seconds, nanos) =
        if meta.nlink() > 1 { (meta.mtime(), meta.mtime_nsec()) } else { (meta.ctime(), meta.ctime_nsec()) };
    let changed = jiff::Timestamp::new(seconds, i32::try_from(nanos).unwrap_or(0));
    if changed.is_ok_and(|changed| changed <= since) {
        let _ = fs::remove_file(path);
    }
}
