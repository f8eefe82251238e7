//! Processes in a group of their own, which ends as a whole: at its time limit, or with this process.

use std::fs::File;
use std::io;
use std::process::{Child, Stdio};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use super::{Exec, Input};

/// How a process with a time limit ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// With this exit code; `None` if a signal ended it.
    Code(Option<i32>),
    /// It ran longer than its limit, and was ended with everything it had started.
    TimedOut,
}

/// The groups that run at this moment, by their leaders.
static RUNNING: Mutex<Vec<u32>> = Mutex::new(Vec::new());

/// How long a group has to end by itself once it was asked to.
const GRACE: Duration = Duration::from_secs(1);

/// The longest pause between two looks at a child.
const MAX_PAUSE: Duration = Duration::from_millis(50);

impl Exec {
    /// As `logged`, in a process group of its own, which is ended after `limit`.
    pub fn logged_within(&self, to: &File, limit: Duration) -> io::Result<Ended> {
        let stdin = match &self.stdin {
            Input::Lock(file) => Stdio::from(file.try_clone()?),
            _ => Stdio::null(),
        };
        let mut command = self.command();
        #[cfg(unix)]
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
        let mut child = command.stdin(stdin).stdout(to.try_clone()?).stderr(to.try_clone()?).spawn()?;
        let leader = child.id();
        running().push(leader);
        let ended = wait(&mut child, limit);
        running().retain(|other| *other != leader);
        let ended = ended?;
        if ended == Ended::TimedOut {
            signal(leader, false);
            wait(&mut child, GRACE)?;
            // Whoever of the group is left, the leader or not.
            signal(leader, true);
            child.wait()?;
        }
        Ok(ended)
    }
}

/// Ends every group that still runs: the terminal sends its interrupt only to the group in its foreground.
pub fn end_groups() {
    for leader in running().drain(..) {
        signal(leader, true);
    }
}

fn running() -> std::sync::MutexGuard<'static, Vec<u32>> {
    RUNNING.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

/// Waits this long at most.
fn wait(child: &mut Child, limit: Duration) -> io::Result<Ended> {
    #[allow(clippy::disallowed_methods)]
    let start = Instant::now();
    let mut pause = Duration::from_millis(1);
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(Ended::Code(status.code()));
        }
        if start.elapsed() >= limit {
            return Ok(Ended::TimedOut);
        }
        std::thread::sleep(pause);
        pause = (pause * 2).min(MAX_PAUSE);
    }
}

#[cfg(unix)]
fn signal(leader: u32, kill: bool) {
    use rustix::process::{Pid, Signal, kill_process_group};
    let signal = if kill { Signal::KILL } else { Signal::TERM };
    if let Some(pid) = i32::try_from(leader).ok().and_then(Pid::from_raw) {
        // It may have ended meanwhile.
        let _ = kill_process_group(pid, signal);
    }
}

#[cfg(not(unix))]
fn signal(_leader: u32, _kill: bool) {}
