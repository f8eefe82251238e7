//! Files and objects: what lies in a worktree, its bytes as blobs and trees, and back again.
//!
//! Bytes go in and out as they are: no filter, no end-of-line conversion, no git hook. Paths may be any bytes.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::{Git, GitError, Oid, Result, path_from, records};

/// What a path is in a tree or an index.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// A regular file.
    File,
    /// A regular file that can be executed.
    Executable,
    /// A symbolic link; its blob is the target.
    Link,
    /// A submodule's commit.
    Gitlink,
}

impl Mode {
    fn parse(text: &str) -> Option<Self> {
        match text {
            "100644" | "100664" => Some(Self::File),
            "100755" => Some(Self::Executable),
            "120000" => Some(Self::Link),
            "160000" => Some(Self::Gitlink),
            _ => None,
        }
    }

    fn as_str(self) -> &'static str {
        match self {
            Self::File => "100644",
            Self::Executable => "100755",
            Self::Link => "120000",
            Self::Gitlink => "160000",
        }
    }
}

/// One path of a tree or an index.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// What it is.
    pub mode: Mode,
    /// Its blob, or a submodule's commit.
    pub oid: Oid,
    /// Relative to the top level.
    pub path: PathBuf,
}

/// A worktree's files and its git directory, given apart: the files may have been moved.
#[derive(Clone, Copy, Debug)]
pub struct Files<'a> {
    /// Its own git directory, below the common one.
    pub git_dir: &'a Path,
    /// Where the files lie.
    pub dir: &'a Path,
}

impl Files<'_> {
    /// A call of git about these files. Lists every path, whatever other systems could not store.
    fn git(&self) -> Git {
        Git::at(self.dir)
            .env("GIT_DIR", self.git_dir)
            .env("GIT_WORK_TREE", self.dir)
            .env("GIT_OPTIONAL_LOCKS", "0")
            .args(["-c", "core.fsmonitor=false", "-c", "core.untrackedCache=false"])
            .args(["-c", "core.protectNTFS=false", "-c", "core.protectHFS=false"])
    }

    fn list(&self, args: &[&str]) -> Result<Vec<PathBuf>> {
        let bytes = self.git().args(["ls-files", "-z"]).args(args).run()?;
        Ok(records(&bytes).map(path_from).collect())
    }

    /// Everything in the index, with its stage: 0 unless it is in conflict.
    pub fn staged(&self) -> Result<Vec<(Entry, u8)>> {
        let bytes = self.git().args(["ls-files", "--stage", "-z"]).run()?;
        let parse = |record: &[u8]| {
            let (head, path) = split_once(record, b'\t')?;
            let head = String::from_utf8_lossy(head);
            let mut words = head.split(' ');
            let (mode, oid, stage) = (words.next()?, words.next()?, words.next()?);
            let entry = Entry { mode: Mode::parse(mode)?, oid: Oid::parse(oid)?, path: path_from(path) };
            Some((entry, stage.parse().ok()?))
        };
        records(&bytes).map(|record| parse(record).ok_or(GitError::Unreadable("ls-files --stage"))).collect()
    }

    /// The files that git neither tracks nor ignores.
    pub fn untracked(&self) -> Result<Vec<PathBuf>> {
        self.list(&["--others", "--exclude-standard"])
    }

    /// The files that git ignores.
    pub fn ignored(&self) -> Result<Vec<PathBuf>> {
        self.list(&["--others", "--ignored", "--exclude-standard"])
    }

    /// Takes back what `git update-index` was told not to look at: `assume-unchanged`, and `skip-worktree`
    /// except for what a sparse checkout leaves out.
    pub fn look_at_everything(&self) -> Result<()> {
        let bytes = self.git().args(["ls-files", "-v", "-z"]).run()?;
        let sparse = self.git().args(["config", "--type=bool", "--get", "core.sparseCheckout"]).output()?;
        let sparse = sparse.stdout.starts_with(b"true");
        let (mut assumed, mut skipped) = (Vec::new(), Vec::new());
        for record in records(&bytes) {
            let (Some(tag), Some(path)) = (record.first(), record.get(2..)) else { continue };
            let path = path_from(path);
            if tag.is_ascii_lowercase() {
                assumed.push(path.clone());
            }
            let there = || self.dir.join(&path).symlink_metadata().is_ok();
            if tag.eq_ignore_ascii_case(&b'S') && (!sparse || there()) {
                skipped.push(path);
            }
        }
        for (flag, paths) in [("--no-assume-unchanged", assumed), ("--no-skip-worktree", skipped)] {
            if !paths.is_empty() {
                let call = self.git().args(["update-index", flag, "-z", "--stdin"]);
                call.stdin(terminated(&paths)).run()?;
            }
        }
        Ok(())
    }

    /// The tracked files whose content lies elsewhere (Git LFS) and that do not differ from it.
    pub fn large_unchanged(&self) -> Result<Vec<PathBuf>> {
        let large = self.list(&["--", ":(top,attr:filter=lfs)"])?;
        if large.is_empty() {
            return Ok(large);
        }
        let bytes = self.git().args(["diff-files", "--name-only", "-z"]).run()?;
        let changed: Vec<PathBuf> = records(&bytes).map(path_from).collect();
        Ok(large.into_iter().filter(|path| !changed.contains(path)).collect())
    }

    /// Writes these files by what git's filters make of the index.
    pub fn check_out(&self, paths: &[PathBuf]) -> Result<()> {
        if paths.is_empty() {
            return Ok(());
        }
        let call = self.git().args(["checkout-index", "--force", "-z", "--stdin"]);
        call.stdin(terminated(paths)).run().map(drop)
    }

    /// Stores the bytes of these regular files; their blobs, in the same order.
    pub fn store(&self, paths: &[PathBuf]) -> Result<Vec<Oid>> {
        if paths.is_empty() {
            return Ok(Vec::new());
        }
        let input: Vec<u8> = paths.iter().flat_map(|path| quoted(path)).collect();
        let call = self.git().args(["hash-object", "-w", "--no-filters", "--stdin-paths"]).stdin(input);
        let text = String::from_utf8_lossy(&call.run()?).into_owned();
        let oids: Vec<Oid> = text.lines().filter_map(Oid::parse).collect();
        if oids.len() == paths.len() { Ok(oids) } else { Err(GitError::Unreadable("hash-object")) }
    }

    /// The tree of an index file that is a copy of this worktree's. The copy is made complete first: one
    /// that git keeps in two parts (`core.splitIndex`) would need the other part.
    pub fn tree_of_index(&self, copy: &Path) -> Result<Oid> {
        let call = || self.git().env("GIT_INDEX_FILE", copy);
        call().args(["update-index", "--no-split-index"]).run()?;
        oid(&call().args(["write-tree", "--missing-ok"]), "write-tree")
    }

    /// Makes a tree of these entries through an index file that is not there yet.
    pub fn tree_of(&self, entries: &[Entry], index: &Path) -> Result<Oid> {
        let mut input = Vec::new();
        for entry in entries {
            input.extend(format!("{} {}\t", entry.mode.as_str(), entry.oid).into_bytes());
            input.extend(entry.path.as_os_str().as_encoded_bytes());
            input.push(0);
        }
        let call = || self.git().env("GIT_INDEX_FILE", index);
        call().args(["update-index", "-z", "--index-info"]).stdin(input).run()?;
        oid(&call().args(["write-tree", "--missing-ok"]), "write-tree")
    }

    /// The commits that a ref of this worktree stood at, latest first; none without a reflog.
    pub fn reflog(&self, name: &str) -> Result<Vec<Oid>> {
        let call = self.git().args(["log", "--walk-reflogs", "--no-show-signature", "--format=%H"]);
        let output = call.args(["--end-of-options", name, "--"]).output()?;
        let text = String::from_utf8_lossy(&output.stdout);
        Ok(if output.success() { text.lines().filter_map(Oid::parse).collect() } else { Vec::new() })
    }

    /// The commits of the refs that only this worktree has.
    pub fn own_refs(&self) -> Result<Vec<Oid>> {
        let call = self.git().args(["for-each-ref", "--format=%(objectname) %(objecttype)"]);
        let text = call.args(["refs/worktree/", "refs/bisect/", "refs/rewritten/"]).line()?;
        let commit = |line: &str| Oid::parse(line.strip_suffix(" commit")?);
        Ok(text.lines().filter_map(commit).collect())
    }
}

fn split_once(bytes: &[u8], at: u8) -> Option<(&[u8], &[u8])> {
    let position = bytes.iter().position(|&byte| byte == at)?;
    Some((&bytes[..position], &bytes[position + 1..]))
}

fn oid(call: &Git, what: &'static str) -> Result<Oid> {
    Oid::parse(&call.line()?).ok_or(GitError::Unreadable(what))
}

fn terminated(paths: &[PathBuf]) -> Vec<u8> {
    paths.iter().flat_map(|path| path.as_os_str().as_encoded_bytes().iter().chain(&[0])).copied().collect()
}

/// A line that git reads as this path, whatever is in it: `--stdin-paths` has no `-z`.
fn quoted(path: &Path) -> Vec<u8> {
    let mut line = vec![b'"'];
    for &byte in path.as_os_str().as_encoded_bytes() {
        match byte {
            b'"' | b'\\' => line.extend([b'\\', byte]),
            0x20..=0x7e => line.push(byte),
            _ => line.extend(format!("\\{byte:03o}").into_bytes()),
        }
    }
    line.extend(b"\"\n");
    line
}

/// Stores bytes as a blob.
pub fn store_bytes(dir: &Path, bytes: impl Into<Vec<u8>>) -> Result<Oid> {
    oid(&Git::at(dir).args(["hash-object", "-w", "--no-filters", "--stdin"]).stdin(bytes), "hash-object")
}

/// Makes a tree of blobs with plain names.
pub fn store_tree(dir: &Path, blobs: &[(&str, Oid)]) -> Result<Oid> {
    let lines = blobs.iter().map(|(name, oid)| format!("100644 blob {oid}\t{name}\0"));
    oid(&Git::at(dir).args(["mktree", "-z"]).stdin(lines.collect::<String>()), "mktree")
}

/// The tree of a commit.
pub fn tree_id(dir: &Path, commit: &Oid) -> Result<Oid> {
    oid(&Git::at(dir).args(["rev-parse", "--verify", &format!("{commit}^{{tree}}")]), "rev-parse")
}

/// The paths of all files of a commit, as text.
pub fn file_names(dir: &Path, commit: &Oid) -> Result<BTreeSet<String>> {
    let bytes =
        Git::at(dir).args(["ls-tree", "-r", "-z", "--name-only", "--full-tree", commit.as_str()]).run()?;
    Ok(records(&bytes).map(|path| String::from_utf8_lossy(path).into_owned()).collect())
}

/// Every path of a tree with its size in bytes.
pub fn list_tree(dir: &Path, tree: &Oid) -> Result<Vec<(Entry, u64)>> {
    let bytes = Git::at(dir).args(["ls-tree", "-r", "-z", "--long", "--full-tree", tree.as_str()]).run()?;
    let parse = |record: &[u8]| {
        let (head, path) = split_once(record, b'\t')?;
        let head = String::from_utf8_lossy(head);
        let mut words = head.split_whitespace();
        let (mode, _, oid, size) = (words.next()?, words.next()?, words.next()?, words.next()?);
        let entry = Entry { mode: Mode::parse(mode)?, oid: Oid::parse(oid)?, path: path_from(path) };
        // A submodule has `-`.
        Some((entry, size.parse().unwrap_or(0)))
    };
    records(&bytes).map(|record| parse(record).ok_or(GitError::Unreadable("ls-tree"))).collect()
}

/// The content of blobs, in the order asked for. All of it is in memory.
pub fn read_blobs(dir: &Path, blobs: &[&Oid]) -> Result<Vec<Vec<u8>>> {
    let input: String = blobs.iter().map(|oid| format!("{oid}\n")).collect();
    let bytes = Git::at(dir).args(["cat-file", "--batch"]).stdin(input).run()?;
    let mut rest = &bytes[..];
    let mut found = Vec::new();
    for _ in blobs {
        let unreadable = || GitError::Unreadable("cat-file --batch");
        let (head, tail) = split_once(rest, b'\n').ok_or_else(unreadable)?;
        let size = String::from_utf8_lossy(head).split(' ').nth(2).and_then(|size| size.parse().ok());
        let size: usize = size.ok_or_else(unreadable)?;
        found.push(tail.get(..size).ok_or_else(unreadable)?.to_vec());
        rest = tail.get(size + 1..).ok_or_else(unreadable)?;
    }
    Ok(found)
}

/// A file at the top of a commit's tree; none if there is no such file.
pub fn read_file(dir: &Path, commit: &str, name: &str) -> Result<Option<Vec<u8>>> {
    let output = Git::at(dir).args(["cat-file", "blob", &format!("{commit}:{name}")]).output()?;
    Ok(output.success().then_some(output.stdout))
}

/// Makes a commit of `ctx`'s own: never signed, whoever the user is.
pub fn store_commit(dir: &Path, tree: &Oid, parents: &[Oid], message: &str) -> Result<Oid> {
    let mut call = Git::at(dir).args(["-c", "i18n.commitEncoding=utf-8", "commit-tree", tree.as_str()]);
    for role in ["AUTHOR", "COMMITTER"] {
        call =
            call.env(&format!("GIT_{role}_NAME"), "ctx").env(&format!("GIT_{role}_EMAIL"), "ctx@localhost");
    }
    for parent in parents {
        call = call.args(["-p", parent.as_str()]);
    }
    oid(&call.args(["-F", "-"]).stdin(message), "commit-tree")
}

/// Of these commits, those that the others and `known` do not hold: enough to keep all of them.
pub fn unheld(dir: &Path, commits: &[Oid], known: &[&Oid]) -> Result<Vec<Oid>> {
    if commits.is_empty() {
        return Ok(Vec::new());
    }
    let mut input: String = commits.iter().map(|oid| format!("{oid}\n")).collect();
    input.extend(known.iter().map(|oid| format!("^{oid}\n")));
    // A reflog may name commits that were pruned.
    let call = Git::at(dir).args(["rev-list", "--ignore-missing", "--stdin"]).stdin(input);
    let text = call.line()?;
    let new: std::collections::HashSet<&str> = text.lines().collect();
    let mut left: Vec<&str> = commits.iter().map(Oid::as_str).filter(|oid| new.contains(oid)).collect();
    left.sort_unstable();
    left.dedup();
    if left.len() > 1 {
        let text = Git::at(dir).args(["merge-base", "--independent"]).args(left).line()?;
        return Ok(text.lines().filter_map(Oid::parse).collect());
    }
    Ok(left.into_iter().filter_map(Oid::parse).collect())
}

/// Every ref below a prefix: its name, its commit, and the body of that commit's message.
pub fn refs_under(dir: &Path, prefix: &str) -> Result<Vec<(String, Oid, String)>> {
    let format = "--format=%(refname)%00%(objectname)%00%(contents:body)%00";
    let bytes = Git::at(dir).args(["for-each-ref", format, prefix]).run()?;
    let fields: Vec<String> =
        records(&bytes).map(|field| String::from_utf8_lossy(field).trim().to_owned()).collect();
    let parse = |fields: &[String]| Some((fields[0].clone(), Oid::parse(&fields[1])?, fields[2].clone()));
    Ok(fields.chunks_exact(3).filter_map(parse).collect())
}

/// Gives a ref another name in one step, if it still is what the caller saw.
pub fn rename_ref(dir: &Path, from: &str, to: &str, commit: &Oid) -> Result<()> {
    let input = format!("start\ncreate {to} {commit}\ndelete {from} {commit}\ncommit\n");
    Git::at(dir).args(["update-ref", "--stdin"]).stdin(input).run().map(drop)
}
