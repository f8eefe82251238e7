//! Writing so that a reader sees the old or the new, never a part: temporary file, fsync, rename.
//!
//! What wraps `std::fs`'s writing functions is here and nowhere else.
#![allow(clippy::disallowed_methods)]

use std::fs;
use std::io::{self, Write};
use std::os::unix::fs::FileTypeExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tempfile::NamedTempFile;

use crate::error::{Error, Result};
use crate::world;

/// Replaces a file's whole content, keeping its permissions. Makes it if it is not there.
pub fn replace(path: &Path, content: &[u8]) -> Result<()> {
    let write = || -> io::Result<()> {
        let dir = path.parent().unwrap_or(Path::new("."));
        let mut file = NamedTempFile::with_prefix_in(prefix(path), dir)?;
        file.write_all(content)?;
        let mode = match fs::metadata(path) {
            Ok(before) => before.permissions(),
            Err(_) => readable_by_all(),
        };
        file.as_file().set_permissions(mode)?;
        file.as_file().sync_all()?;
        file.persist(path)?;
        sync_dir(dir)
    };
    write().map_err(|error| Error::io("write", path, &error))
}

/// How the name of a temporary file for `path` begins.
fn prefix(path: &Path) -> String {
    match path.file_name().and_then(|name| name.to_str()) {
        // A longer name has no room for more.
        Some(name) if name.len() <= 128 => format!(".ctx-{name}-"),
        _ => ".ctx-".to_owned(),
    }
}

/// Removes the temporary files of writers of this file that were killed. The caller keeps other writers out.
pub fn remove_leftovers(path: &Path) -> Result<()> {
    let Some(dir) = path.parent() else { return Ok(()) };
    let prefix = prefix(path);
    let is_leftover = |file: &PathBuf| {
        file.file_name().is_some_and(|name| name.to_string_lossy().starts_with(&prefix)) && prefix != ".ctx-"
    };
    list(dir)?.iter().filter(|file| is_leftover(file)).try_for_each(|file| remove_file(file))
}

#[cfg(unix)]
fn readable_by_all() -> fs::Permissions {
    std::os::unix::fs::PermissionsExt::from_mode(0o644)
}

/// Makes a file with this content, complete or not at all; false if something is there already.
pub fn write_new(path: &Path, content: &[u8]) -> Result<bool> {
    let write = || -> io::Result<bool> {
        let dir = path.parent().unwrap_or(Path::new("."));
        fs::create_dir_all(dir)?;
        let mut file = NamedTempFile::with_prefix_in(".ctx-", dir)?;
        file.write_all(content)?;
        match file.persist_noclobber(path) {
            Ok(_) => Ok(true),
            Err(error) if error.error.kind() == io::ErrorKind::AlreadyExists => Ok(false),
            Err(error) => Err(error.error),
        }
    };
    write().map_err(|error| Error::io("write", path, &error))
}

/// Adds a line to a log that keeps one older file: behind `most` bytes the log becomes `<path>.old`.
pub fn append_bounded(path: &Path, line: &str, most: u64) -> Result<()> {
    let write = || -> io::Result<()> {
        if fs::metadata(path).is_ok_and(|meta| meta.len() > most) {
            fs::rename(path, path.with_added_extension("old"))?;
        }
        let mut file = fs::OpenOptions::new().create(true).append(true).open(path)?;
        // One write, so that lines of two processes do not mix.
        file.write_all(format!("{line}\n").as_bytes())
    };
    write().map_err(|error| Error::io("write", path, &error))
}

/// Makes a folder with files in it, complete or not at all; false if `path` exists already.
///
/// `files` are paths relative to the folder, with their content.
pub fn write_new_dir(path: &Path, files: &[(String, String)]) -> Result<bool> {
    let write = || -> io::Result<bool> {
        let parent = path.parent().unwrap_or(Path::new("."));
        let folder = tempfile::Builder::new().prefix(".ctx-new-").tempdir_in(parent)?;
        for (name, content) in files {
            let file = folder.path().join(name);
            let dir = file.parent().unwrap_or(parent);
            fs::create_dir_all(dir)?;
            let mut file = fs::File::create_new(&file)?;
            file.write_all(content.as_bytes())?;
            file.sync_all()?;
            sync_dir(dir)?;
        }
        sync_dir(folder.path())?;
        set_folder_mode(folder.path())?;
        // Renaming a folder onto an empty one succeeds on Unix; onto anything else it fails.
        if fs::symlink_metadata(path).is_ok() {
            return Ok(false);
        }
        match fs::rename(folder.path(), path) {
            Ok(()) => {
                // It has another name now; nothing is left to clean up.
                let _ = folder.keep();
                sync_dir(parent).map(|()| true)
            }
            Err(_) if fs::symlink_metadata(path).is_ok() => Ok(false),
            Err(error) => Err(error),
        }
    };
    write().map_err(|error| Error::io("write", path, &error))
}

#[cfg(unix)]
fn set_folder_mode(dir: &Path) -> io::Result<()> {
    fs::set_permissions(dir, std::os::unix::fs::PermissionsExt::from_mode(0o755))
}

fn sync_dir(dir: &Path) -> io::Result<()> {
    fs::File::open(dir)?.sync_all()
}

/// Makes a folder and those above it.
pub fn create_dir_all(path: &Path) -> Result<()> {
    fs::create_dir_all(path).map_err(|error| Error::io("make the folder", path, &error))
}

/// Makes `path` a symbolic link to `target`, in place of a link or file that is there.
pub fn symlink(target: &Path, path: &Path) -> Result<()> {
    let write = || -> io::Result<()> {
        let dir = path.parent().unwrap_or(Path::new("."));
        let link = tempfile::Builder::new().prefix(".ctx-").make_in(dir, |link| {
            #[cfg(unix)]
            return std::os::unix::fs::symlink(target, link);
            // Where links do not exist, a file with the name stands for one (DESIGN: `active`).
            #[cfg(not(unix))]
            return fs::write(link, target.to_string_lossy().as_bytes());
        })?;
        fs::rename(link.path(), path)?;
        // The link is at its place; its temporary name is gone.
        let _ = link.into_temp_path().keep();
        sync_dir(dir)
    };
    write().map_err(|error| Error::io("link", path, &error))
}

/// Moves a file or folder to a name that is free; refuses when it is taken.
pub fn move_to(from: &Path, to: &Path) -> Result<()> {
    if fs::symlink_metadata(to).is_ok() {
        return Err(Error::refused(format!("`{}` exists already", to.display())));
    }
    fs::rename(from, to).map_err(|error| Error::io("move", from, &error))
}

/// Removes a file; one that is not there is removed already.
pub fn remove_file(path: &Path) -> Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(Error::io("remove", path, &error)),
        _ => Ok(()),
    }
}

/// Removes a file; false if it is not there any more: of several that remove one, exactly one did.
pub(super) fn take_file(path: &Path) -> Result<bool> {
    match fs::remove_file(path) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(Error::io("remove", path, &error)),
    }
}

/// Removes a lock file whose owner is gone: one that is still there after `patience`.
pub fn remove_stale(path: &Path, patience: Duration) -> Result<()> {
    // A lock that many share is always there when they are many: it is abandoned only if it stays the same one.
    let same = || fs::symlink_metadata(path).ok().map(|meta| meta.modified().ok());
    let (mut start, mut seen) = (world::instant(), same());
    while seen.is_some() {
        if start.elapsed() >= patience {
            return remove_file(path);
        }
        std::thread::sleep(Duration::from_millis(10));
        let now = same();
        if now != seen {
            (start, seen) = (world::instant(), now);
        }
    }
    Ok(())
}

/// Removes a folder that this program made and whose content nobody can miss.
pub fn remove_tree(path: &Path) -> Result<()> {
    match fs::remove_dir_all(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(Error::io("remove", path, &error)),
        _ => Ok(()),
    }
}

/// Copies a regular file with its permissions; folders above it are made.
pub fn copy_file(from: &Path, to: &Path) -> Result<()> {
    if let Some(dir) = to.parent() {
        create_dir_all(dir)?;
    }
    fs::copy(from, to).map(drop).map_err(|error| Error::io("copy", from, &error))
}

/// A file's content; none if there is no such file. A named pipe is refused: reading it would wait for ever.
pub fn read_optional(path: &Path) -> Result<Option<String>> {
    if is_pipe(path) {
        return Err(Error::refused(format!("`{}` is a pipe, not a file", path.display())));
    }
    match fs::read(path) {
        Ok(bytes) => String::from_utf8(bytes)
            .map(Some)
            .map_err(|_| Error::refused(format!("`{}` is not UTF-8", path.display()))),
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
            Ok(None)
        }
        Err(error) => Err(Error::io("read", path, &error)),
    }
}

/// Returns whether a named pipe stands at this path.
fn is_pipe(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|meta| meta.file_type().is_fifo())
}

/// Opens a file to append to, or to lock; makes it and its folder.
pub(super) fn open_append(path: &Path) -> Result<fs::File> {
    if let Some(dir) = path.parent() {
        create_dir_all(dir)?;
    }
    fs::OpenOptions::new()
        .create(true)
        .read(true)
        .append(true)
        .open(path)
        .map_err(|error| Error::io("open", path, &error))
}

/// Makes a file for output that comes piece by piece, empty if it was there.
pub fn create_file(path: &Path) -> Result<fs::File> {
    fs::File::create(path).map_err(|error| Error::io("write", path, &error))
}

/// Adds a line to such a file.
pub fn write_line(mut file: &fs::File, path: &Path, line: &str) -> Result<()> {
    writeln!(file, "{line}").map_err(|error| Error::io("write", path, &error))
}

/// The names in a folder, sorted; none if there is no such folder.
pub fn list(dir: &Path) -> Result<Vec<PathBuf>> {
    match fs::read_dir(dir) {
        Ok(entries) => {
            let mut paths: Vec<PathBuf> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
            paths.sort();
            Ok(paths)
        }
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
            Ok(Vec::new())
        }
        Err(error) => Err(Error::io("read", dir, &error)),
    }
}
