//! Where the client keeps a project's transcripts: `<config>/projects/<encoded cwd>/<session>.jsonl`.
//!
//! In: the client's folder and the project's folders. Out: the main sessions that worked there, the newest first. Reads
//! the beginning of each transcript only, for its `cwd`: the encoding is lossy. Subagents' files are never taken.

use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use serde::Deserialize;

use crate::error::Result;
use crate::state;

/// The longest encoded name; what is longer is cut and gets a hash behind it.
const LONGEST: usize = 200;

/// How far into a transcript its `cwd` may stand: a pasted image may come before it.
const HEAD: u64 = 8 << 20;

/// A main session's transcript.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// The session's id.
    pub id: String,
    /// Its transcript.
    pub transcript: PathBuf,
    /// When something was last written to it.
    pub modified: SystemTime,
}

/// A directory as the client encodes it: every character outside `[A-Za-z0-9]` becomes `-`. Lossy.
pub fn encode(dir: &Path) -> String {
    // The client counts UTF-16 units (it is JavaScript): one outside the basic plane becomes two dashes.
    dir.to_string_lossy()
        .encode_utf16()
        .map(|unit| match u8::try_from(unit) {
            Ok(byte) if byte.is_ascii_alphanumeric() => char::from(byte),
            _ => '-',
        })
        .collect()
}

/// The session a transcript belongs to: its file's name.
pub fn session_of(transcript: &Path) -> Option<String> {
    Some(transcript.file_stem()?.to_string_lossy().into_owned())
}

/// The main sessions that worked in one of these folders or below, the newest first.
///
/// Lazy: a transcript is opened when its session is asked for. What lies below a folder of `except` is left out.
pub fn sessions<'a>(
    config: &Path,
    homes: &'a [&Path],
    except: &'a [PathBuf],
) -> Result<impl Iterator<Item = Session> + use<'a>> {
    let mut found = transcripts(config, homes)?;
    found.sort_by(|a, b| (b.modified, &b.id).cmp(&(a.modified, &a.id)));
    let inside = move |place: &Place| {
        !place.is_sidechain
            && homes.iter().any(|home| place.cwd.starts_with(home))
            && !except.iter().any(|folder| place.cwd.starts_with(folder))
    };
    Ok(found
        .into_iter()
        .filter(move |session| place(&session.transcript).is_some_and(|place| inside(&place))))
}

/// The transcript of one session, wherever it worked; the newest if it worked in several places.
pub fn of_session(config: &Path, session: &str) -> Result<Option<PathBuf>> {
    if session.is_empty() || session.contains(['/', '\\', '\0']) {
        return Ok(None);
    }
    let name = format!("{session}.jsonl");
    let folders = state::list(&config.join("projects"))?;
    let found = folders.into_iter().filter_map(|folder| read_session(folder.join(&name)));
    Ok(found.max_by_key(|found| found.modified).map(|found| found.transcript))
}

fn transcripts(config: &Path, homes: &[&Path]) -> Result<Vec<Session>> {
    let prefixes: Vec<String> = homes
        .iter()
        .map(|home| {
            let mut encoded = encode(home);
            encoded.truncate(LONGEST);
            encoded
        })
        .collect();
    let mut found = Vec::new();
    for folder in state::list(&config.join("projects"))? {
        let name = folder.file_name().unwrap_or_default().to_string_lossy();
        if prefixes.iter().any(|prefix| name.starts_with(prefix.as_str())) {
            found.extend(state::list(&folder)?.into_iter().filter_map(read_session));
        }
    }
    Ok(found)
}

fn read_session(transcript: PathBuf) -> Option<Session> {
    let name = transcript.file_name()?.to_string_lossy();
    let id = name.strip_suffix(".jsonl").filter(|id| !id.starts_with("agent-"))?.to_owned();
    let meta = fs::metadata(&transcript).ok().filter(fs::Metadata::is_file)?;
    Some(Session { id, modified: meta.modified().ok()?, transcript })
}

#[derive(Deserialize)]
struct Place {
    cwd: PathBuf,
    #[serde(default, rename = "isSidechain")]
    is_sidechain: bool,
}

/// Where a session began: the first line that says so counts, later ones follow its `cd`. One that began as a
/// subagent's is no main session.
fn place(transcript: &Path) -> Option<Place> {
    let mut file = File::open(transcript).ok()?.take(HEAD);
    let mut head = Vec::new();
    let mut start = 0;
    // Most often the first few lines are enough; each further step reads as much again as there is.
    for step in [16 << 10, 256 << 10, HEAD] {
        let more = file.by_ref().take(step).read_to_end(&mut head).ok()?;
        while let Some(length) = memchr::memchr(b'\n', &head[start..]) {
            if let Ok(place) = serde_json::from_slice(&head[start..start + length]) {
                return Some(place);
            }
            start += length + 1;
        }
        if (more as u64) < step {
            break;
        }
    }
    serde_json::from_slice(&head[start..]).ok()
}
