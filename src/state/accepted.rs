//! Which commands and variables of a repository's settings the person accepted: hashes in a file of the person's own, so that
//! no repository can bring its own consent along.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::atomic::{create_dir_all, read_optional, replace};
use crate::error::{Error, Result};

/// A command or an environment that a repository's settings name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Wish {
    /// The setting.
    pub key: String,
    /// Its exact text.
    pub text: String,
    /// Over the main checkout's place, the setting and the text.
    #[serde(skip)]
    hash: String,
}

impl Wish {
    /// Of the repository whose main checkout, or git directory, lies there.
    pub fn new(home: &Path, key: &str, text: &str) -> Self {
        let mut hash = Sha256::new();
        for part in [home.as_os_str().as_encoded_bytes(), key.as_bytes(), text.as_bytes()] {
            // Each with its length: no two triples are the same bytes.
            hash.update((part.len() as u64).to_le_bytes());
            hash.update(part);
        }
        let hash = hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
        Self { key: key.to_owned(), text: text.to_owned(), hash }
    }
}

/// A line of the file.
#[derive(Serialize, Deserialize)]
struct Line {
    hash: String,
    /// For a person who reads the file.
    key: String,
    repository: PathBuf,
}

/// What the person accepted, in `ctx-accepted.jsonl` of the client's folder.
#[derive(Clone, Debug, Default)]
pub struct Accepted {
    path: Option<PathBuf>,
    text: String,
}

impl Accepted {
    /// Reads it; nothing is accepted where there is no such folder.
    pub fn read(config: Option<&Path>) -> Result<Self> {
        let path = config.map(|config| config.join("ctx-accepted.jsonl"));
        let text = match &path {
            Some(path) => read_optional(path)?.unwrap_or_default(),
            None => String::new(),
        };
        Ok(Self { path, text })
    }

    /// Was exactly this accepted?
    pub fn holds(&self, wish: &Wish) -> bool {
        let parse = |line: &str| serde_json::from_str::<Line>(line).ok();
        self.text.lines().filter_map(parse).any(|line| line.hash == wish.hash)
    }

    /// Accepts these.
    pub fn add(&mut self, home: &Path, wishes: &[Wish]) -> Result<()> {
        let Some(path) = &self.path else {
            return Err(Error::environment("there is no home folder to remember what you accept")
                .hint("set `HOME`, then run `ctx accept` again"));
        };
        for Wish { key, hash, .. } in wishes {
            let line = Line { hash: hash.clone(), key: key.clone(), repository: home.to_owned() };
            let json =
                serde_json::to_string(&line).map_err(|error| Error::io("write", path, &error.into()))?;
            self.text += &format!("{json}\n");
        }
        create_dir_all(path.parent().unwrap_or(path))?;
        replace(path, self.text.as_bytes())
    }
}
