//! What a command really did to files and sockets, seen by `strace -f`.
//!
//! In: a command line for bash and a folder. Out: the absolute path of every file that a successful system call made,
//! changed or removed, in whichever process, and every socket that is not local.

use std::collections::HashMap;
use std::path::{Component, Path, PathBuf};
use std::process::Command;

/// Calls that change what their path arguments name. `open` and `openat` are looked at by their flags.
const CHANGING: &[&str] = &[
    "creat",
    "rename",
    "renameat",
    "renameat2",
    "unlink",
    "unlinkat",
    "rmdir",
    "mkdir",
    "mkdirat",
    "link",
    "linkat",
    "symlink",
    "symlinkat",
    "mknod",
    "mknodat",
    "truncate",
    "chmod",
    "fchmodat",
    "fchmodat2",
    "chown",
    "lchown",
    "fchownat",
    "setxattr",
    "lsetxattr",
    "removexattr",
    "mount",
];
const FOLLOWED: &[&str] =
    &["open", "openat", "chdir", "fchdir", "clone", "clone3", "fork", "vfork", "socket", "connect"];

/// What was seen.
#[derive(Debug, Default)]
pub struct Trace {
    /// Files made, changed or removed.
    pub written: Vec<PathBuf>,
    /// Calls of `connect` to another than a local socket.
    pub connected: Vec<String>,
    /// How the command ended; none when it was killed.
    pub code: Option<i32>,
}

/// Runs `bash -c` in `folder` under strace. `command` is a process prepared with its environment.
pub fn bash(mut command: Command, text: &str, folder: &Path, log: &Path) -> Trace {
    let calls: Vec<&str> = CHANGING.iter().chain(FOLLOWED).copied().collect();
    // `?`: a call that this machine's kernel does not have.
    let calls = calls.iter().map(|call| format!("?{call}")).collect::<Vec<_>>().join(",");
    command.args(["--kill-after=1", "20", "strace", "-f", "-y", "-qq", "-s", "4096", "-o"]).arg(log);
    command.arg("-e").arg(format!("trace={calls}")).args(["-e", "signal=none", "bash", "-c", text]);
    let status = command.current_dir(folder).stdin(std::process::Stdio::null()).output().unwrap().status;
    let lines = std::fs::read(log).unwrap();
    read(&String::from_utf8_lossy(&lines), folder, status.code())
}

/// Lines of `strace -f -o`: the process, the call, its arguments, ` = ` and the result.
fn read(text: &str, folder: &Path, code: Option<i32>) -> Trace {
    let mut trace = Trace { code, ..Trace::default() };
    let calls = whole(text);
    let parents: HashMap<u32, u32> = calls
        .iter()
        .filter(|call| matches!(call.name.as_str(), "clone" | "clone3" | "fork" | "vfork"))
        .filter_map(|call| Some((call.result.split(' ').next()?.parse().ok()?, call.process)))
        .collect();
    let mut folders: HashMap<u32, PathBuf> = HashMap::new();
    for call in &calls {
        let here = folder_of(call.process, &parents, &mut folders, folder);
        if call.result.starts_with(['-', '?']) {
            continue;
        }
        let paths = call.paths(&here);
        match call.name.as_str() {
            "open" | "openat" if call.opens_for_writing() => trace.written.extend(paths),
            "chdir" => drop(folders.insert(call.process, paths[0].clone())),
            "fchdir" => drop(folders.insert(call.process, descriptor(&call.arguments).unwrap())),
            "connect" if !call.arguments.contains("AF_UNIX") => trace.connected.push(call.arguments.clone()),
            name if CHANGING.contains(&name) => trace.written.extend(paths),
            _ => {}
        }
    }
    trace
}

#[derive(Debug)]
struct Call {
    process: u32,
    name: String,
    arguments: String,
    result: String,
}

impl Call {
    fn opens_for_writing(&self) -> bool {
        let flags = ["O_WRONLY", "O_RDWR", "O_CREAT", "O_TRUNC"];
        flags.iter().any(|flag| self.arguments.contains(flag))
    }

    /// The paths among the arguments: each quoted text, below the folder whose descriptor stands before it.
    fn paths(&self, here: &Path) -> Vec<PathBuf> {
        // The text of a link is no path that is touched.
        let skip = usize::from(self.name.starts_with("symlink"));
        let mut found = Vec::new();
        let (mut rest, mut at) = (self.arguments.as_str(), here.to_owned());
        while let Some(quote) = rest.find('"') {
            at = descriptor(&rest[..quote]).unwrap_or(at);
            let (name, after) = quoted(&rest[quote + 1..]);
            found.push(plain(&at.join(name)));
            rest = after;
        }
        found.split_off(skip.min(found.len()))
    }
}

/// The folder of an argument like `4</folder>` or `AT_FDCWD</folder>`.
fn descriptor(argument: &str) -> Option<PathBuf> {
    let (_, path) = argument.trim_end_matches([',', ' ', ')']).strip_suffix('>')?.split_once('<')?;
    Some(PathBuf::from(path))
}

/// A text in strace's quotes, and what follows it.
fn quoted(text: &str) -> (String, &str) {
    let (mut bytes, mut chars) = (Vec::new(), text.char_indices());
    while let Some((index, char)) = chars.next() {
        match char {
            '"' => return (String::from_utf8_lossy(&bytes).into_owned(), &text[index + 1..]),
            '\\' => match chars.next().map(|(_, char)| char) {
                Some('n') => bytes.push(b'\n'),
                Some('t') => bytes.push(b'\t'),
                Some(first @ '0'..='7') => {
                    let mut value = first as u32 - '0' as u32;
                    while let Some(digit) = chars.clone().next().and_then(|(_, char)| char.to_digit(8)) {
                        value = value * 8 + digit;
                        chars.next();
                    }
                    bytes.push(u8::try_from(value).unwrap());
                }
                Some(other) => bytes.extend(other.to_string().bytes()),
                None => break,
            },
            other => bytes.extend(other.to_string().bytes()),
        }
    }
    panic!("a quote without an end: {text}")
}

/// Calls that another process interrupted are put together again, where they began.
fn whole(text: &str) -> Vec<Call> {
    let mut calls: Vec<Call> = Vec::new();
    let mut begun: HashMap<u32, usize> = HashMap::new();
    for line in text.lines() {
        let (process, rest) = line.split_once(' ').unwrap();
        let (process, rest) = (process.parse().unwrap(), rest.trim_start());
        if rest.starts_with("+++") || rest.starts_with("---") {
            continue;
        }
        if let Some(rest) = rest.strip_prefix("<... ") {
            let (_, rest) = rest.split_once(" resumed>").unwrap();
            let call = &mut calls[begun.remove(&process).unwrap()];
            let (arguments, result) = rest.rsplit_once(" = ").unwrap_or((rest, "?"));
            call.arguments.push_str(arguments);
            result.clone_into(&mut call.result);
            continue;
        }
        let (name, rest) = rest.split_once('(').unwrap_or_else(|| panic!("not a call: {line}"));
        let (arguments, result) = match rest.strip_suffix("<unfinished ...>") {
            Some(arguments) => {
                begun.insert(process, calls.len());
                (arguments, "?")
            }
            None => rest.rsplit_once(" = ").unwrap_or((rest, "?")),
        };
        calls.push(Call {
            process,
            name: name.to_owned(),
            arguments: arguments.to_owned(),
            result: result.to_owned(),
        });
    }
    calls
}

/// The current directory of a process: its parent's when it began, until it goes elsewhere.
fn folder_of(
    process: u32,
    parents: &HashMap<u32, u32>,
    folders: &mut HashMap<u32, PathBuf>,
    start: &Path,
) -> PathBuf {
    if let Some(known) = folders.get(&process) {
        return known.clone();
    }
    let found = match parents.get(&process) {
        Some(parent) => folder_of(*parent, parents, folders, start),
        None => start.to_owned(),
    };
    folders.insert(process, found.clone());
    found
}

/// Without `.` and `..`, which the kernel has resolved already.
fn plain(path: &Path) -> PathBuf {
    let mut out = PathBuf::new();
    for part in path.components() {
        match part {
            Component::ParentDir => drop(out.pop()),
            Component::CurDir => {}
            part => out.push(part),
        }
    }
    out
}
