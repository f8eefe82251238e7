//! Where the client keeps a project's transcripts: `<config>/projects/<encoded cwd>/<session>.jsonl`.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use serde::Deserialize;

use super::reader::lines_with;
use crate::error::Result;
use crate::state;

/// The longest encoded name; what is longer is cut and gets a hash behind it.
const LONGEST: usize = 200;

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

/// The newest transcript of a main session that worked in this project: in its main checkout or below.
///
/// `config` is the client's folder. Subagents' files are never taken.
pub fn newest(config: &Path, home: &Path) -> Result<Option<PathBuf>> {
    let mut best: Option<(SystemTime, PathBuf)> = None;
    for transcript in transcripts(config, home)? {
        let Ok(modified) = fs::metadata(&transcript).and_then(|meta| meta.modified()) else { continue };
        if best.as_ref().is_none_or(|(time, _)| modified > *time) && works_in(&transcript, home)? {
            best = Some((modified, transcript));
        }
    }
    Ok(best.map(|(_, path)| path))
}

/// The transcript of one session, wherever it worked.
pub fn of_session(config: &Path, session: &str) -> Result<Option<PathBuf>> {
    let name = format!("{session}.jsonl");
    let folders = state::list(&config.join("projects"))?;
    Ok(folders.into_iter().map(|folder| folder.join(&name)).find(|path| path.is_file()))
}

fn transcripts(config: &Path, home: &Path) -> Result<Vec<PathBuf>> {
    let encoded = encode(home);
    let prefix = encoded.get(..LONGEST).unwrap_or(&encoded);
    let mut found = Vec::new();
    for folder in state::list(&config.join("projects"))? {
        let name = folder.file_name().unwrap_or_default().to_string_lossy();
        if name.starts_with(prefix) {
            found.extend(state::list(&folder)?.into_iter().filter(|path| is_main_session(path)));
        }
    }
    Ok(found)
}

fn is_main_session(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    name.ends_with(".jsonl") && !name.starts_with("agent-") && path.is_file()
}

#[derive(Deserialize)]
struct Place {
    cwd: PathBuf,
    #[serde(default, rename = "isSidechain")]
    is_sidechain: bool,
}

/// The encoding is lossy: the `cwd` inside says whether it is this project. The first line that has one
/// counts; a session that began as a subagent's is none.
fn works_in(transcript: &Path, home: &Path) -> Result<bool> {
    let mut answer = None;
    lines_with(transcript, b"\"cwd\"", &mut |_, line| {
        if answer.is_none()
            && let Ok(place) = serde_json::from_slice::<Place>(line)
        {
            answer = Some(place.cwd.starts_with(home) && !place.is_sidechain);
        }
    })?;
    Ok(answer.unwrap_or(false))
}
