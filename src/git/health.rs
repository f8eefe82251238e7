//! What a checkout needs and a repository may lack: filters, objects, a configuration that fits its layout.

use std::collections::BTreeMap;
use std::path::Path;

use super::{Git, Oid, Result, records};

/// A filter without which git does not check out: a required one, or one that runs as a process beside git, whose end
/// is git's own.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// Its name.
    pub name: String,
    command: String,
    /// As its `required` says.
    required: bool,
    process: bool,
}

impl Filter {
    /// Returns whether git does without it where `filter.<name>.required` is false.
    pub fn can_be_optional(&self) -> bool {
        !self.process
    }

    /// The program that it runs; `None` if that is not a plain word (git gives the command to a shell).
    pub fn program(&self) -> Option<&str> {
        let first = self.command.split_whitespace().next()?;
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '/' | '+');
        first.chars().all(plain).then_some(first)
    }
}

/// The filters that git does not check out without.
pub fn needed_filters(dir: &Path) -> Result<Vec<Filter>> {
    let call =
        Git::at(dir).args(["config", "--null", "--get-regexp", r"^filter\..*\.(smudge|process|required)$"]);
    let output = call.output()?;
    let mut found: BTreeMap<String, Filter> = BTreeMap::new();
    for record in records(&output.stdout) {
        let text = String::from_utf8_lossy(record);
        let (key, value) = text.split_once('\n').unwrap_or((&text, "true"));
        let Some((name, key)) = key.strip_prefix("filter.").and_then(|key| key.rsplit_once('.')) else {
            continue;
        };
        let filter = found.entry(name.to_owned()).or_default();
        name.clone_into(&mut filter.name);
        match key {
            "required" => filter.required = matches!(value, "true" | "yes" | "on" | "1" | ""),
            // Git prefers a process.
            "process" => {
                value.clone_into(&mut filter.command);
                filter.process = true;
            }
            _ if filter.command.is_empty() => value.clone_into(&mut filter.command),
            _ => {}
        }
    }
    let needed = |filter: &Filter| (filter.required || filter.process) && !filter.command.is_empty();
    Ok(found.into_values().filter(needed).collect())
}

/// How many objects of a commit's tree are not there. Fetches nothing.
pub fn missing_objects(dir: &Path, commit: &Oid) -> Result<usize> {
    let call = Git::at(dir).args(["rev-list", "--objects", "--missing=print", "--no-walk"]);
    let quiet = call.env("GIT_NO_LAZY_FETCH", "1").arg(commit.as_str()).output()?;
    let listed = String::from_utf8_lossy(&quiet.stdout).lines().filter(|line| line.starts_with('?')).count();
    // Not even the commit or its tree can be read.
    Ok(if listed == 0 && !quiet.success() { 1 } else { listed })
}

/// The remote that a partial clone gets missing objects from; `None` if it is a whole one.
pub fn promisor(dir: &Path) -> Result<Option<String>> {
    let call =
        Git::at(dir).args(["config", "--null", "--name-only", "--get-regexp", r"^remote\..*\.promisor$"]);
    let output = call.output()?;
    let first = records(&output.stdout).next().map(|key| String::from_utf8_lossy(key).into_owned());
    Ok(first.and_then(|key| Some(key.strip_prefix("remote.")?.strip_suffix(".promisor")?.to_owned())))
}

/// Returns whether git holds file names that differ only in case to be one in this repository.
pub fn ignores_case(dir: &Path) -> bool {
    Git::at(dir)
        .args(["config", "--type=bool", "--get", "core.ignoreCase"])
        .line()
        .is_ok_and(|it| it == "true")
}

/// Returns whether a folder holds the checkout of the repository's own `HEAD`, as far as its top level tells.
pub fn has_checkout(folder: &Path, common_dir: &Path) -> Result<bool> {
    let output = Git::at(common_dir).args(["ls-tree", "-z", "--name-only", "HEAD"]).output()?;
    let names: Vec<_> = records(&output.stdout).map(super::path_from).collect();
    let there = names.iter().filter(|name| folder.join(name).symlink_metadata().is_ok()).count();
    Ok(there > 0 && there * 2 >= names.len())
}
