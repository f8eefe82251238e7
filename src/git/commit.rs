//! `git commit` and `git push` as a task's worktree needs them.

use std::ffi::OsString;
use std::path::{Component, Path, PathBuf};

use super::refusal::{Refusal, run_watched};
use super::{Git, Result};

/// What a commit is made of.
pub struct NewCommit<'a> {
    /// The message; `None` takes the one that a merge under way has.
    pub message: Option<&'a str>,
    /// A trailer, `Key: value`. A message that carries the same one already does not get another.
    pub trailer: &'a str,
    /// Only these paths, relative to the folder the call runs in; everything that is staged if there are none.
    pub paths: &'a [PathBuf],
}

/// Stages everything below `.parallel` and these paths excepted; `paths` instead if there are any.
pub fn add_all(dir: &Path, paths: &[PathBuf], except: &[PathBuf]) -> Result<()> {
    let add = Git::at(dir).args(["add", "--all", "--"]);
    if !paths.is_empty() {
        return add.args(paths).run().map(drop);
    }
    let excluded = except.iter().map(|path| {
        let mut pattern = OsString::from(":(top,exclude,literal)");
        pattern.push(path);
        pattern
    });
    // A pathspec with an exclusion only would be relative to the folder.
    add.args([":(top)", ":(top,exclude).parallel"]).args(excluded).run().map(drop)
}

/// Returns whether something is staged; of these paths, if there are any.
pub fn has_staged(dir: &Path, paths: &[PathBuf]) -> Result<bool> {
    Ok(!Git::at(dir).args(["diff", "--cached", "--quiet", "--no-ext-diff", "--"]).args(paths).ask()?)
}

/// Makes a commit, with the repository's hooks, signed where the configuration asks for it.
pub fn commit(dir: &Path, new: &NewCommit<'_>) -> Result<std::result::Result<(), Refusal>> {
    let call = Git::at(dir).args(["-c", "trailer.implements.ifexists=addIfDifferent", "commit", "--quiet"]);
    let call = match new.message {
        Some(message) => call.arg("--file=-").stdin(message),
        None => call.arg("--no-edit"),
    };
    Ok(run_watched(call.args(["--trailer", new.trailer, "--"]).args(new.paths))?.map(drop))
}

/// Pushes from a worktree, never forced. `home` is the main checkout: git reads a remote's relative path from where
/// it runs, and it means the main checkout.
pub fn push(
    dir: &Path,
    home: &Path,
    remote: &str,
    refspec: &str,
) -> Result<std::result::Result<(), Refusal>> {
    let url = Git::at(dir).args(["remote", "get-url", "--push", "--end-of-options", remote]).output()?;
    let url = String::from_utf8_lossy(&url.stdout).trim_end_matches('\n').to_owned();
    let mut call = Git::at(dir);
    // `-c` ends a key at the first `=`.
    if let Some(path) = relative(&url, home).filter(|path| !path.contains('=')) {
        call = call.arg("-c").arg(format!("url.{path}.insteadOf={url}"));
    }
    Ok(run_watched(call.args(["push", "--quiet", "--end-of-options", remote, refspec]))?.map(drop))
}

/// The absolute path that a remote's relative one means; `None` if it is a URL, a host's, or absolute.
fn relative(url: &str, home: &Path) -> Option<String> {
    let before_colon = url.split_once(':').map(|(head, _)| head);
    // `host:path`, `scheme://…`: a colon before any slash (git-push(1), "GIT URLS").
    if url.is_empty() || url.starts_with('/') || before_colon.is_some_and(|head| !head.contains('/')) {
        return None;
    }
    let mut path = home.to_owned();
    for part in Path::new(url).components() {
        match part {
            Component::ParentDir => drop(path.pop()),
            Component::CurDir => {}
            part => path.push(part),
        }
    }
    Some(path.to_string_lossy().into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(url: &str, expected: Option<&str>) {
        assert_eq!(relative(url, Path::new("/a/b")).as_deref(), expected, "{url}");
    }

    #[test]
    fn only_a_relative_path_is_resolved() {
        check("../G.git", Some("/a/G.git"));
        check("./../x/G.git", Some("/a/x/G.git"));
        check("G.git", Some("/a/b/G.git"));
        check("./host:G.git", Some("/a/b/host:G.git"));
        check("/srv/G.git", None);
        check("host:G.git", None);
        check("ada@host:a/G.git", None);
        check("https://host/G.git", None);
        check("file:///srv/G.git", None);
        check("", None);
    }
}
