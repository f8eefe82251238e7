//! Whether an index has an entry of a name, read from the file itself, without git (gitformat-index(5)).

use std::fs;
use std::path::Path;

/// Returns whether git tracks this path, as far as the index files of a git directory tell. A folder that a sparse index
/// holds as one entry counts for what is below it, and so does an index that cannot be read as one.
pub(super) fn tracks(git_dir: &Path, path: &str) -> bool {
    // The entries of a split index stand in two files; one that was removed since counts all the same.
    let shared = fs::read_dir(git_dir).into_iter().flatten().flatten().map(|entry| entry.file_name());
    let shared = shared.filter(|name| name.to_string_lossy().starts_with("sharedindex."));
    let files = shared.map(|name| git_dir.join(name)).chain([git_dir.join("index")]);
    let indexes = files.filter_map(|file| fs::read(file).ok());
    indexes.into_iter().any(|index| holds(&index, path.as_bytes()))
}

fn holds(index: &[u8], path: &[u8]) -> bool {
    // An object id has 20 bytes, or 32; the lengths in the entries tell which.
    [20, 32].iter().find_map(|id| search(index, path, *id)).unwrap_or(true)
}

/// `None` if this is no index with ids of this length.
fn search(index: &[u8], path: &[u8], id: usize) -> Option<bool> {
    let number = |at: usize| Some(u32::from_be_bytes(index.get(at..at + 4)?.try_into().ok()?));
    let version = number(4).filter(|version| index.starts_with(b"DIRC") && (2..=4).contains(version))?;
    let (mut at, mut name, mut found) = (12, Vec::new(), false);
    for _ in 0..number(8)? {
        let start = at;
        at += 40 + id;
        let flags = u16::from_be_bytes(index.get(at..at + 2)?.try_into().ok()?);
        at += if flags & 0x4000 == 0 { 2 } else { 4 };
        if version == 4 {
            let (cut, length) = varint(index.get(at..)?)?;
            name.truncate(name.len().checked_sub(cut)?);
            at += length;
        } else {
            name.clear();
        }
        let end = at + memchr::memchr(0, index.get(at..)?)?;
        name.extend_from_slice(&index[at..end]);
        let length = usize::from(flags & 0xfff);
        if length != name.len().min(0xfff) {
            return None;
        }
        found |= name == path || name.ends_with(b"/") && path.starts_with(&name);
        // Padded with one to eight NULs.
        at = if version == 4 { end + 1 } else { start + (end - start + 8) / 8 * 8 };
    }
    Some(found)
}

/// The number that a pack would write so (gitformat-pack(5), offset encoding), and how many bytes it takes.
fn varint(bytes: &[u8]) -> Option<(usize, usize)> {
    let mut value = 0_usize;
    for (at, byte) in bytes.iter().enumerate().take(5) {
        value = (value << 7) + usize::from(byte & 0x7f);
        if byte & 0x80 == 0 {
            return Some((value, at + 1));
        }
        value += 1;
    }
    None
}
