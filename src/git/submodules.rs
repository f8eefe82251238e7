//! Submodules: where one stands, and which repository has a commit of it.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use super::{Git, Oid, Result};

/// The commit that a submodule's checkout stands at; `None` if it is not checked out.
pub fn submodule_head(worktree: &Path, path: &Path) -> Result<Option<Oid>> {
    let dir = worktree.join(path);
    // Without a `.git` of its own git would answer for the repository around it.
    if !dir.join(".git").exists() {
        return Ok(None);
    }
    let output = Git::at(&dir).args(["rev-parse", "--verify", "--quiet", "HEAD"]).output()?;
    Ok(Oid::parse(String::from_utf8_lossy(&output.stdout).trim()))
}

/// Returns whether a submodule's checkout merely stands at a commit that was recorded for it earlier, before the
/// one that is recorded now came in.
pub(super) fn stands_at_earlier(worktree: &Path, path: &Path) -> Result<bool> {
    let Some(head) = submodule_head(worktree, path)? else { return Ok(false) };
    let call = Git::at(worktree).env("GIT_LITERAL_PATHSPECS", "1").env("GIT_OPTIONAL_LOCKS", "0");
    let call = call.args(["log", "--format=", "--raw", "--no-abbrev", "--no-renames", "-m", "-n", "200"]);
    let bytes = call.args(["HEAD", "--"]).arg(path).run()?;
    let text = String::from_utf8_lossy(&bytes);
    // `:160000 160000 <old> <new> M` TAB `path`
    let recorded: HashSet<&str> =
        text.lines().filter_map(|line| line.split(' ').nth(2).filter(|_| line.starts_with(':'))).collect();
    Ok(recorded.contains(head.as_str()))
}

/// The names under `<git common dir>/modules/` of the submodules at these paths, as a commit's `.gitmodules` has them.
fn module_name(dir: &Path, commit: &Oid, path: &Path) -> Result<String> {
    let blob = format!("{commit}:.gitmodules");
    let call = Git::at(dir).args(["config", "--blob", &blob, "-z", "--get-regexp", r"^submodule\..*\.path$"]);
    let output = call.output()?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let path = path.to_string_lossy().into_owned();
    let name = text.split('\0').find_map(|entry| {
        let (key, value) = entry.split_once('\n')?;
        (value == path).then(|| key.strip_prefix("submodule.")?.strip_suffix(".path").map(str::to_owned))?
    });
    Ok(name.unwrap_or(path))
}

/// Where the repository of a submodule lies that belongs to the main checkout; `None` if it has none.
pub fn main_module(home: &Path, common_dir: &Path, commit: &Oid, path: &Path) -> Result<Option<PathBuf>> {
    let checkout = home.join(path);
    if checkout.join(".git").exists() {
        return Ok(Some(checkout));
    }
    let module = common_dir.join("modules").join(module_name(common_dir, commit, path)?);
    Ok(module.join("HEAD").exists().then_some(module))
}

/// Returns whether the repository of a submodule has this commit.
pub fn has_commit(module: &Path, commit: &Oid) -> Result<bool> {
    Ok(Git::at(module).args(["cat-file", "-e", &format!("{commit}^{{commit}}")]).output()?.success())
}

/// Returns whether a branch of a remote is known to hold this commit.
pub fn is_pushed(module: &Path, commit: &Oid) -> Result<bool> {
    let call = Git::at(module).args(["for-each-ref", "--count=1", "--format=%(refname)"]);
    let output = call.args(["--contains", commit.as_str(), "refs/remotes/"]).output()?;
    Ok(output.success() && !output.stdout.is_empty())
}
