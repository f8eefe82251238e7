//! One-time grants for verbs of `ctx` that approve, complete, land or remove: `<git common dir>/ctx/grants/<session>/`.
//!
//! The hook sees what a session's Bash calls say and writes a grant for exactly such a verb; `ctx` takes it. What a
//! script starts by itself has none. A session's folder says that the hook watches that session: without a folder no
//! grant is asked for. `client.json` in it is the client's process, by which a script is known for the client's child
//! whatever it does to its environment.
//!
//! This is a fence for code that runs unasked, not a wall: whoever writes files beside the repository, or both leaves the
//! client's process tree and clears its environment, gets past it.

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::atomic::{create_dir_all, list, remove_tree, replace, take_file};
use super::client_file::{is_file_name, read_json, to_json};
use crate::error::Result;
use crate::world::{self, Process};

/// A session's folder that nothing was written to for this long is removed.
const OLD: Duration = Duration::from_hours(7 * 24);

/// All grants of a repository.
#[derive(Clone, Debug)]
pub struct Grants {
    dir: PathBuf,
}

/// One call that may be made.
#[derive(Debug, Serialize, Deserialize)]
struct Grant {
    /// The arguments behind `ctx`.
    args: Vec<String>,
    /// The subagent it was written for; `None` for the session itself.
    agent: Option<String>,
}

impl Grants {
    /// Those below `<git common dir>/ctx`.
    pub fn of(ctx_dir: &Path) -> Self {
        Self { dir: ctx_dir.join("grants") }
    }

    fn session(&self, session: &str) -> Option<PathBuf> {
        is_file_name(session).then(|| self.dir.join(session))
    }

    fn sessions(&self) -> Vec<PathBuf> {
        list(&self.dir).unwrap_or_default().into_iter().filter(|path| path.is_dir()).collect()
    }

    /// Notes that the hook watches this session, unless that is noted for a client that is not gone.
    pub fn watch(&self, session: &str) -> Result<()> {
        let Some(folder) = self.session(session) else { return Ok(()) };
        let client = || read_json::<Process>(&folder.join("client.json"));
        match folder.is_dir() && client().as_ref().and_then(world::is_alive) != Some(false) {
            true => Ok(()),
            false => self.watch_anew(session),
        }
    }

    /// Notes that the hook watches this session, in the process that the session runs in now.
    pub fn watch_anew(&self, session: &str) -> Result<()> {
        let Some(folder) = self.session(session) else { return Ok(()) };
        create_dir_all(&folder)?;
        match world::client_process() {
            Some(process) => replace(&folder.join("client.json"), &to_json(&process)),
            None => Ok(()),
        }
    }

    /// Grants one call to whoever runs exactly these arguments. `call` is the client's id of the tool call, `number`
    /// tells the commands of one call apart.
    pub fn add(
        &self,
        session: &str,
        agent: Option<&str>,
        call: &str,
        number: usize,
        args: &[String],
    ) -> Result<()> {
        let Some(folder) = self.session(session) else { return Ok(()) };
        // A gateway's ids may hold anything.
        let call: String =
            call.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).take(100).collect();
        create_dir_all(&folder)?;
        let grant = Grant { args: args.to_vec(), agent: agent.map(str::to_owned) };
        replace(&folder.join(format!("{call}.{number}.json")), &to_json(&grant))
    }

    /// Takes back what the session itself was granted and did not use: no call of it is waiting any more.
    pub fn drop_unused(&self, session: &str) -> Result<()> {
        let Some(folder) = self.session(session).filter(|folder| folder.is_dir()) else { return Ok(()) };
        for path in list(&folder)? {
            if read_json::<Grant>(&path).is_some_and(|grant| grant.agent.is_none()) {
                take_file(&path)?;
            }
        }
        Ok(())
    }

    /// Removes the folders of sessions that are over.
    pub fn prune(&self, running: &str) -> Result<()> {
        for folder in self.sessions() {
            if folder.file_name().is_some_and(|name| name == running) {
                continue;
            }
            let client = read_json::<Process>(&folder.join("client.json"));
            let over = match client.as_ref().and_then(world::is_alive) {
                Some(alive) => !alive,
                None => std::fs::metadata(&folder)
                    .and_then(|meta| meta.modified())
                    .is_ok_and(|time| world::age(&time).is_some_and(|age| age > OLD)),
            };
            if over {
                remove_tree(&folder)?;
            }
        }
        Ok(())
    }

    /// Returns whether a process may run these arguments: nobody watches it, or it was granted this and did not use
    /// it yet. `clients` are the clients above the process, `session` is what its environment says.
    pub fn take(&self, clients: &[Process], session: Option<&str>, args: &[String]) -> Result<bool> {
        // All of them: a script can start something that is named like the client.
        let of_client = |folder: &PathBuf| {
            let client = read_json::<Process>(&folder.join("client.json"));
            client.is_some_and(|client| clients.contains(&client))
        };
        let mut watched: Vec<PathBuf> = self.sessions().into_iter().filter(of_client).collect();
        if watched.is_empty() {
            watched.extend(session.and_then(|session| self.session(session)).filter(|path| path.is_dir()));
        }
        if watched.is_empty() {
            return Ok(true);
        }
        for folder in watched {
            for path in list(&folder)? {
                // Of two processes that read the same grant, one removes it.
                if read_json::<Grant>(&path).is_some_and(|grant| grant.args == args) && take_file(&path)? {
                    return Ok(true);
                }
            }
        }
        Ok(false)
    }
}
