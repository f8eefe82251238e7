//! Locks between processes: advisory locks on files, which end with the process that holds them.

use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use super::atomic::open_append;
use crate::error::{Error, Result};
use crate::world;

/// A lock that can be taken. The file stays behind, empty; only the kernel knows who holds it.
#[derive(Clone, Debug)]
pub struct LockFile(PathBuf);

/// A lock that is held until this value is dropped or the process ends, however it ends.
#[derive(Clone, Debug)]
pub struct Lock {
    file: Arc<File>,
}

impl Lock {
    /// The locked file, for a child process to hold too (`Exec::holding`).
    pub fn file(&self) -> &Arc<File> {
        &self.file
    }
}

impl LockFile {
    /// How long `acquire` waits. Longer than sixty others need, one after the other, on a slow machine: each takes a
    /// second or two, and whoever asks first is not always served first.
    const PATIENCE: Duration = Duration::from_mins(10);
    const PAUSE: Duration = Duration::from_millis(5);

    /// The lock on this path.
    pub fn new(path: &Path) -> Self {
        Self(path.to_owned())
    }

    /// Takes it, waiting for whoever holds it.
    pub fn acquire(&self) -> Result<Lock> {
        self.acquire_within(Self::PATIENCE)
    }

    /// Takes it, waiting for whoever holds it at most this long.
    pub fn acquire_within(&self, patience: Duration) -> Result<Lock> {
        let start = world::instant();
        loop {
            if let Some(lock) = self.try_acquire()? {
                return Ok(lock);
            }
            if start.elapsed() > patience {
                return Err(Error::environment(format!(
                    "another `ctx` process has held `{}` for {} seconds",
                    self.0.display(),
                    patience.as_secs()
                ))
                .hint(format!(
                    "see which one with `fuser {}`, then run the command again",
                    self.0.display()
                )));
            }
            std::thread::sleep(Self::PAUSE);
        }
    }

    /// Takes it if nobody holds it.
    pub fn try_acquire(&self) -> Result<Option<Lock>> {
        let file = open_append(&self.0)?;
        match file.try_lock() {
            Ok(()) => Ok(Some(Lock { file: Arc::new(file) })),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(Error::io("lock", &self.0, &error)),
        }
    }
}
