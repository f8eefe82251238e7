//! Random states of a worktree, and everything there is to know of one.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::Stdio;

use crate::support::repo::Repo;

/// A small generator of random numbers (xorshift64*): the same seed, the same states.
pub struct Dice(u64);

impl Dice {
    pub fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    pub fn below(&mut self, n: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        usize::try_from(self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33).unwrap() % n
    }

    fn pick(&mut self, all: &[&'static [u8]]) -> &'static [u8] {
        all[self.below(all.len())]
    }
}

/// Names that are hard to carry: newlines, quotes, bytes that are no UTF-8, leading dashes, backslashes.
pub const NAMES: [&[u8]; 14] = [
    b"plain.txt",
    b"two words",
    b"new\nline",
    b"quo\"te'",
    b"\xff\xfe raw",
    b"-dash",
    b"back\\slash",
    b"tab\tbed",
    "\u{fc}mlaut".as_bytes(),
    b"dir/inner.txt",
    b"dir/deep/er.txt",
    b"a:b*?",
    b"\r",
    b"UPPER.TXT",
];

const CONTENTS: [&[u8]; 6] =
    [b"", b"text\n", b"crlf\r\nlines\r\n", b"no end", b"\0\x01\xffbinary\0", b"$Id$\n"];

fn path(bytes: &[u8]) -> &Path {
    Path::new(OsStr::from_bytes(bytes))
}

/// Git in a worktree, whatever it says of the random thing it is asked to do.
fn git(repo: &Repo, dir: &Path, args: &[&OsStr]) {
    let mut command = repo.command("git", dir);
    command.args(args).stdin(Stdio::null()).output().unwrap();
}

fn words<'a>(words: &'a [&'a str]) -> Vec<&'a OsStr> {
    words.iter().map(OsStr::new).collect()
}

/// Puts a file, a link, a folder or nothing at a random place.
pub fn touch(dir: &Path, dice: &mut Dice) {
    let file = dir.join(path(dice.pick(&NAMES)));
    if file.parent().is_none_or(|parent| fs::create_dir_all(parent).is_err()) {
        return;
    }
    match dice.below(7) {
        0 => drop(fs::remove_file(&file)),
        1 => {
            let _ = fs::remove_file(&file);
            let _ = symlink(path(dice.pick(&[&b"plain.txt"[..], b"nowhere", b"\xff", b"/etc"])), &file);
        }
        2 => {
            // A folder where a file was.
            let _ = fs::remove_file(&file);
            let _ = fs::create_dir_all(&file);
            let _ = fs::write(file.join("inside"), dice.pick(&CONTENTS));
        }
        3 => {
            if let Ok(meta) = fs::metadata(&file)
                && meta.is_file()
                && file.starts_with(dir)
                && !file.is_symlink()
            {
                let mode = meta.permissions().mode() ^ 0o111;
                fs::set_permissions(&file, fs::Permissions::from_mode(mode)).unwrap();
            }
        }
        4 => drop(fs::create_dir_all(dir.join(format!("empty-{}", dice.below(3))))),
        _ if file.is_symlink() => {}
        _ => drop(fs::write(&file, [dice.pick(&CONTENTS), dice.below(1000).to_string().as_bytes()].concat())),
    }
}

/// Works in a worktree at random. Commits on its branch, and everything that is not committed.
pub fn scramble(repo: &Repo, dir: &Path, dice: &mut Dice) {
    for _ in 0..dice.below(7) {
        for _ in 0..dice.below(4) {
            touch(dir, dice);
        }
        let name = dice.pick(&NAMES);
        let file = path(name).as_os_str();
        match dice.below(16) {
            0..4 => {
                git(repo, dir, &words(&["add", "--all"]));
                git(repo, dir, &words(&["commit", "--quiet", "--allow-empty", "-m", "work"]));
            }
            4 => git(repo, dir, &words(&["commit", "--quiet", "--amend", "--allow-empty", "-m", "amended"])),
            5 => git(repo, dir, &words(&["reset", "--quiet", "--hard", "HEAD~1"])),
            6..8 => git(repo, dir, &words(&["add", "--all"])),
            8 => git(repo, dir, &[OsStr::new("add"), OsStr::new("--intent-to-add"), OsStr::new("--"), file]),
            9 => git(repo, dir, &[OsStr::new("mv"), OsStr::new("--"), file, OsStr::new("renamed")]),
            10 => git(
                repo,
                dir,
                &[OsStr::new("rm"), OsStr::new("--cached"), OsStr::new("-qrf"), OsStr::new("--"), file],
            ),
            11 => git(
                repo,
                dir,
                &[OsStr::new("update-index"), OsStr::new("--assume-unchanged"), OsStr::new("--"), file],
            ),
            12 => git(
                repo,
                dir,
                &[OsStr::new("update-index"), OsStr::new("--skip-worktree"), OsStr::new("--"), file],
            ),
            13 => {
                let _ = fs::create_dir_all(dir.join("ignored/deep"));
                let _ = fs::write(dir.join("ignored/deep").join(path(name).file_name().unwrap()), "ignored");
                let _ = fs::write(dir.join("run.log"), dice.pick(&CONTENTS));
            }
            14 => {
                let id = "1234567890123456789012345678901234567890";
                let _ = fs::create_dir(dir.join("module"));
                git(
                    repo,
                    dir,
                    &words(&["update-index", "--add", "--cacheinfo", &format!("160000,{id},module")]),
                );
            }
            _ => {}
        }
    }
    // Rarely, what a snapshot cannot hold.
    match dice.below(40) {
        0 => git(repo, dir, &words(&["init", "--quiet", "embedded"])),
        1 => git(repo, dir, &words(&["init", "--quiet", "ignored/embedded"])),
        2 => git(repo, dir, &words(&["switch", "--quiet", "--detach"])),
        3 => git(repo, dir, &words(&["cherry-pick", "--no-commit", "main"])),
        _ => {}
    }
}

/// What lies at a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Node {
    File(Vec<u8>, bool),
    Link(PathBuf),
    Folder,
}

/// Everything in a worktree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    pub status: String,
    pub flags: String,
    pub head: String,
    pub nodes: BTreeMap<PathBuf, Node>,
}

pub fn see(repo: &Repo, dir: &Path) -> Seen {
    let ask = |args: &[&str]| {
        let output = repo.command("git", dir).args(args).output().unwrap();
        assert!(output.status.success(), "{args:?} {}", String::from_utf8_lossy(&output.stderr));
        output.stdout.escape_ascii().to_string()
    };
    let mut nodes = BTreeMap::new();
    walk(dir, dir, &mut nodes);
    Seen {
        status: ask(&["status", "--porcelain=v2", "-z", "--untracked-files=all", "--ignored"]),
        flags: ask(&["ls-files", "-z", "--stage", "-v"]),
        head: ask(&["rev-parse", "HEAD"]),
        nodes,
    }
}

fn walk(top: &Path, dir: &Path, nodes: &mut BTreeMap<PathBuf, Node>) {
    for entry in fs::read_dir(dir).unwrap().flatten() {
        let path = entry.path();
        if path == top.join(".git") {
            continue;
        }
        let meta = fs::symlink_metadata(&path).unwrap();
        let node = if meta.is_symlink() {
            Node::Link(fs::read_link(&path).unwrap())
        } else if meta.is_dir() {
            walk(top, &path, nodes);
            Node::Folder
        } else {
            Node::File(fs::read(&path).unwrap(), meta.permissions().mode() & 0o100 != 0)
        };
        nodes.insert(path.strip_prefix(top).unwrap().to_owned(), node);
    }
}

/// Makes git look at every file's content: what its index remembers of the files' times is of this folder
/// and says of some files that they are unchanged although they differ (attributes that changed meanwhile).
pub fn forget_times(dir: &Path) {
    for entry in fs::read_dir(dir).unwrap().flatten() {
        let meta = fs::symlink_metadata(entry.path()).unwrap();
        if meta.is_dir() {
            forget_times(&entry.path());
        } else if meta.is_file() && entry.file_name() != ".git" {
            let time = std::time::SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(1_000_000_000);
            fs::File::open(entry.path()).unwrap().set_modified(time).unwrap();
        }
    }
}
