//! Files of a worktree as they are brought back or put away: content that git or the trash still holds, so
//! that a kill costs only a repetition.
#![allow(clippy::disallowed_methods)]

use std::fs;
use std::io::{self, Write};
use std::path::Path;

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
