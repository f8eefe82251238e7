//! The only reads of the environment, the clock and the current directory.
#![allow(clippy::disallowed_methods)]

use std::path::PathBuf;
use std::time::Instant;

use jiff::Timestamp;

use crate::error::{Error, Result};

/// An environment variable that is set, not empty, and valid UTF-8.
pub fn env(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// Is there such an environment variable, whatever it holds?
pub fn has_env(name: &str) -> bool {
    std::env::var_os(name).is_some()
}

/// Returns whether a program can be started by this name: one on `PATH`, or an absolute path.
pub fn has_program(name: &str) -> bool {
    use std::os::unix::fs::PermissionsExt;
    let runs = |path: &std::path::Path| {
        std::fs::metadata(path).is_ok_and(|meta| meta.is_file() && meta.permissions().mode() & 0o111 != 0)
    };
    if name.contains('/') {
        return runs(std::path::Path::new(name));
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|folder| runs(&folder.join(name)))
}

/// The arguments of this process, without its own name.
pub fn args() -> Vec<String> {
    std::env::args_os().skip(1).map(|arg| arg.to_string_lossy().into_owned()).collect()
}

/// The directory the command was started in.
pub fn cwd() -> Result<PathBuf> {
    std::env::current_dir().map_err(|error| {
        Error::environment(format!("cannot tell the current directory: {error}"))
            .hint("change to a directory that exists")
    })
}

/// The path of this executable.
pub fn executable() -> Result<PathBuf> {
    std::env::current_exe()
        .map_err(|error| Error::environment(format!("cannot tell where this executable lies: {error}")))
}

/// The folder for temporary files.
pub fn temp_dir() -> PathBuf {
    std::env::temp_dir()
}

/// Returns whether this program can be found: on `PATH`, or where its name leads if that has a slash.
pub fn is_on_path(program: &str) -> bool {
    if program.contains('/') {
        return std::path::Path::new(program).is_file();
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|folder| folder.join(program).is_file())
}

/// The person's home folder.
pub fn home() -> Option<PathBuf> {
    std::env::home_dir().filter(|path| path.is_absolute())
}

/// The columns of the terminal that standard output goes to; `None` if it goes elsewhere. `COLUMNS` counts before what
/// the terminal tells, as it does for git.
pub fn terminal_width() -> Option<usize> {
    width_of(&std::io::stdout())
}

/// The columns of the terminal that standard error goes to; `None` if it goes elsewhere.
pub fn message_width() -> Option<usize> {
    width_of(&std::io::stderr())
}

fn width_of(stream: &(impl std::io::IsTerminal + std::os::fd::AsFd)) -> Option<usize> {
    if !stream.is_terminal() {
        return None;
    }
    let asked = env("COLUMNS").and_then(|columns| columns.parse().ok()).filter(|columns| *columns > 0);
    let told = || Some(usize::from(terminal_size::terminal_size_of(stream)?.0.0));
    asked.or_else(told).filter(|columns| *columns > 0)
}

/// A place just before an effect where the tests kill the process: the one that `CTX_KILL_AT` names.
/// Release builds have none.
pub fn kill_point(name: &str) {
    #[cfg(debug_assertions)]
    if env("CTX_KILL_AT").as_deref() == Some(name) {
        std::process::abort();
    }
    #[cfg(not(debug_assertions))]
    let _ = name;
}

/// A time limit. Debug builds take seconds from `CTX_LIMIT` where that is `<name>=<seconds>`, for the tests.
pub fn limit(name: &str, limit: std::time::Duration) -> std::time::Duration {
    #[cfg(debug_assertions)]
    if let Some(text) = env("CTX_LIMIT")
        && let Some(seconds) = text.strip_prefix(name).and_then(|rest| rest.strip_prefix('=')?.parse().ok())
    {
        return std::time::Duration::from_secs(seconds);
    }
    #[cfg(not(debug_assertions))]
    let _ = name;
    limit
}

/// The wall clock.
pub fn now() -> Timestamp {
    Timestamp::now()
}

/// A clock for measuring how long something takes.
pub fn instant() -> Instant {
    Instant::now()
}

/// Does nobody on this machine listen on this port?
pub fn port_is_free(port: u16) -> bool {
    std::net::TcpListener::bind(("127.0.0.1", port)).is_ok()
}

/// The bytes that are free for this process on the disk that holds a folder.
pub fn free_space(folder: &std::path::Path) -> Option<u64> {
    #[cfg(unix)]
    return rustix::fs::statvfs(folder).ok().map(|disk| disk.f_bavail.saturating_mul(disk.f_frsize));
    #[cfg(not(unix))]
    return None;
}

/// How long ago that was; none if it is still to come.
pub fn age(time: &std::time::SystemTime) -> Option<std::time::Duration> {
    std::time::SystemTime::now().duration_since(*time).ok()
}

/// The current directories of all running gits; none where the system does not tell (no `/proc`).
pub fn git_folders() -> Option<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir("/proc").ok()?.flatten() {
        let Some(pid) = entry.file_name().to_str().and_then(|name| name.parse().ok()) else { continue };
        if stat(pid).is_some_and(|stat| stat.name.starts_with("git") && !stat.dead) {
            found.extend(std::fs::read_link(entry.path().join("cwd")));
        }
    }
    Some(found)
}

/// The `claude` session this process runs in; the client sets it for its Bash tool and its hooks.
pub fn session_id() -> Option<String> {
    env("CLAUDE_CODE_SESSION_ID")
}

/// Returns whether the session runs without a person (`claude -p`); the client says so to its hooks (2.1.197, 2.1.332).
pub fn is_headless() -> bool {
    env("CLAUDE_CODE_ENTRYPOINT").as_deref() == Some("sdk-cli")
}

/// Where the client keeps its files: `$CLAUDE_CONFIG_DIR`, else `~/.claude`.
pub fn client_config_dir() -> Option<PathBuf> {
    env("CLAUDE_CONFIG_DIR").map(PathBuf::from).or_else(|| Some(home()?.join(".claude")))
}

/// A process that can be told apart from a later one with the same number.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Process {
    /// Its number.
    pub pid: u32,
    /// When it started, in the kernel's own unit.
    pub started: u64,
}

/// Is this process still there? None where the system does not tell (no `/proc`).
pub fn is_alive(process: &Process) -> Option<bool> {
    if !std::path::Path::new("/proc/self/stat").exists() {
        return None;
    }
    Some(stat(process.pid).is_some_and(|stat| stat.started == process.started && !stat.dead))
}

/// The client that this process's session runs in; none outside a session or without `/proc`.
pub fn client_process() -> Option<Process> {
    session_id()?;
    clients_above().into_iter().next()
}

/// The processes above this one that are clients, the nearest first, whatever the environment says; empty without
/// `/proc`.
///
/// Client 2.1.197 to 2.1.332: the Bash tool's shell is a child of a process whose name is `claude`.
pub fn clients_above() -> Vec<Process> {
    let mut found = Vec::new();
    let mut above = stat(std::process::id()).map(|stat| stat.parent);
    // No session is nested deeper than this; a loop cannot occur, but costs nothing to exclude.
    for _ in 0..64 {
        let Some((pid, stat)) = above.and_then(|pid| Some((pid, stat(pid)?))) else { break };
        if stat.name == "claude" {
            found.push(Process { pid, started: stat.started });
        }
        above = Some(stat.parent);
    }
    found
}

/// The process that started this one; none without `/proc`.
pub fn parent_process() -> Option<Process> {
    let pid = stat(std::process::id())?.parent;
    Some(Process { pid, started: stat(pid)?.started })
}

struct Stat {
    name: String,
    dead: bool,
    parent: u32,
    started: u64,
}

/// `/proc/PID/stat`, `proc_pid_stat(5)`: `pid (name) state ppid … starttime(22)`; the name may hold anything.
fn stat(pid: u32) -> Option<Stat> {
    let text = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let (head, tail) = text.rsplit_once(')')?;
    let fields: Vec<&str> = tail.split_whitespace().collect();
    Some(Stat {
        name: head.split_once('(')?.1.to_owned(),
        dead: matches!(*fields.first()?, "Z" | "X"),
        parent: fields.get(1)?.parse().ok()?,
        started: fields.get(19)?.parse().ok()?,
    })
}
