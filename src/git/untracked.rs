//! Files that git does not track. Beside a bare repository there is no checkout, and nothing is found.

use std::path::{Path, PathBuf};

use super::{Git, Result, path_from, records};

/// The files that are not tracked, ignored ones too, one by one; and the folders that are ignored as a whole, which
/// are not looked into.
pub fn untracked(dir: &Path) -> Result<(Vec<PathBuf>, Vec<PathBuf>)> {
    let call =
        Git::at(dir).env("GIT_OPTIONAL_LOCKS", "0").args(["status", "--porcelain=v1", "-z", "--no-renames"]);
    let call = call.args(["--ignored=matching", "--untracked-files=all", "--ignore-submodules=all"]);
    let output = call.output()?;
    let (mut files, mut folders) = (Vec::new(), Vec::new());
    for record in records(&output.stdout).filter(|_| output.success()) {
        let Some((state, path)) = record.split_at_checked(3) else { continue };
        match (state, path.strip_suffix(b"/")) {
            (b"!! ", Some(folder)) => folders.push(path_from(folder)),
            (b"!! " | b"?? ", None) => files.push(path_from(path)),
            // Another repository, or something that is tracked.
            _ => {}
        }
    }
    Ok((files, folders))
}

/// Those that match one of these pathspecs, in ignored folders too.
pub fn untracked_matching(dir: &Path, pathspecs: &[String]) -> Result<Vec<PathBuf>> {
    list(&Git::at(dir).args(["ls-files", "--others", "-z", "--"]).args(pathspecs))
}

/// Those that a file written like `.gitignore` names.
pub fn untracked_listed_in(dir: &Path, file: &str) -> Result<Vec<PathBuf>> {
    let call = Git::at(dir).args(["ls-files", "--others", "--ignored", "-z"]);
    list(&call.arg(format!("--exclude-from={file}")))
}

fn list(call: &Git) -> Result<Vec<PathBuf>> {
    let output = call.output()?;
    Ok(if output.success() { records(&output.stdout).map(path_from).collect() } else { Vec::new() })
}
