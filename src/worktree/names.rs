//! What a task's worktree and branch are called: plainly, or with the plan's name in theirs where something
//! living has the plain name.
//!
//! In: what git and the records say under the lock. Out: the first name that is free. Changes nothing.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use super::around::Around;
use super::setup::Setup;
use super::{Progress, Record};
use crate::error::{Error, Result};
use crate::git::Branch;
use crate::plan::TaskId;
use crate::state::{Kind, Project, Settings};

/// The longest short form of a plan's name.
const MAX_STEM: usize = 24;

/// How many names are tried where two plans have the same one.
const MAX_TRIES: usize = 9;

/// Names for one task of one plan.
pub(super) struct Names<'a> {
    pub(super) plan: &'a str,
    pub(super) task: &'a TaskId,
    /// The folder of the plan's worktrees; `None` if the place is given, as that of a slot is.
    pub(super) root: Option<&'a Path>,
    /// The branch for a name that stands for the task.
    pub(super) branch: &'a dyn Fn(&str) -> String,
}

/// A name that is free, or the plain one if none is.
pub(super) struct Named {
    pub(super) path: Option<PathBuf>,
    pub(super) branch: Branch,
    /// What has the plain name; `None` if that one is free.
    pub(super) instead: Option<String>,
}

impl Names<'_> {
    fn of(&self, name: &str) -> (Option<PathBuf>, Branch) {
        (self.root.map(|root| root.join(name)), Branch::new((self.branch)(name)))
    }

    /// The plain name first.
    fn all(&self) -> impl Iterator<Item = String> {
        let task = self.task.as_str();
        let with_plan = stems(self.plan).map(move |stem| format!("{stem}-{task}"));
        std::iter::once(task.to_owned()).chain(with_plan)
    }

    /// The first of them that is free.
    pub(super) fn choose(&self, around: &Around) -> Named {
        let mut instead = None;
        for name in self.all() {
            let (path, branch) = self.of(&name);
            match self.taken(path.as_deref(), &branch, around) {
                None => return Named { path, branch, instead },
                Some(who) => instead = instead.or(Some(who)),
            }
        }
        // Nothing helps, a branch `feature` for example: what is in the way is named with the plain name.
        let (path, branch) = self.of(self.task.as_str());
        Named { path, branch, instead: None }
    }

    /// What has this place or this branch.
    fn taken(&self, path: Option<&Path>, branch: &Branch, around: &Around) -> Option<String> {
        let same = |other: &Path| path.is_some_and(|path| around.same_path(other, path));
        let foreign = |record: &&Record| record.plan != self.plan || record.task != *self.task;
        let mut records = around.records.iter().filter(foreign);
        if let Some(other) = records.find(|other| same(&other.path) || around.clash(&other.branch, branch)) {
            return Some(format!("plan `{}`", other.plan));
        }
        if around.made.borrow().iter().any(|(place, other)| same(place) || around.clash(other, branch)) {
            return Some("another task".to_owned());
        }
        if let Some(entry) = around.registrations.iter().find(|entry| same(&entry.path)) {
            return Some(format!("worktree `{}`, which `ctx` did not make,", entry.path.display()));
        }
        let other = around.tips.keys().find(|other| around.clash(other, branch))?;
        Some(format!("branch `{other}`, which is not this plan's,"))
    }
}

/// Short forms of a plan's id, each valid in a branch's name: its slug, then the whole id, then with numbers.
fn stems(plan: &str) -> impl Iterator<Item = String> {
    let time = |text: &str| {
        let (date, time) = (text.get(..8)?, text.get(9..15)?);
        let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
        (digits(date) && digits(time) && text.get(8..9) == Some("-")).then_some(())
    };
    let slug = match time(plan) {
        Some(()) => plan.get(16..).unwrap_or_default(),
        None => plan,
    };
    let (short, whole) = (valid(slug), valid(plan));
    let short = short.get(..MAX_STEM).unwrap_or(&short).trim_matches('-').to_owned();
    let whole = if whole.is_empty() { "plan".to_owned() } else { whole };
    let numbered = (2..MAX_TRIES).map({
        let whole = whole.clone();
        move |n| format!("{whole}-{n}")
    });
    [short, whole].into_iter().filter(|stem| !stem.is_empty()).chain(numbered)
}

/// Letters, digits, `_` and `-` alone.
fn valid(text: &str) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() || c == '_' { c } else { '-' };
    let mut out = String::new();
    for c in text.chars().map(plain) {
        if c != '-' || !out.ends_with('-') {
            out.push(c);
        }
    }
    out.trim_matches('-').to_owned()
}

impl Setup<'_> {
    /// The record of a task that has none, and what has its plain name if that is not free. `slot`: it gets a
    /// slot's place.
    pub(super) fn new_record(
        &self,
        task: &TaskId,
        around: &Around,
        slot: bool,
    ) -> Result<(Record, Option<String>)> {
        let root = self.settings.worktree_root(&self.project.home, self.plan);
        let branch_of = |name: &str| self.settings.branch(self.plan, name);
        let names =
            Names { plan: self.plan, task, root: if slot { None } else { Some(&root) }, branch: &branch_of };
        let own = self.left_branch(task, around)?;
        if let Some(branch) = own.as_ref().filter(|_| slot) {
            return Err(Error::refused(format!("branch `{branch}` of `{task}` is there already"))
                .hint(format!("`ctx worktree setup {task}` makes its worktree again with its commits")));
        }
        let named = match &own {
            // Its work is there: it goes on under the name it has.
            Some(branch) => Named { path: None, branch: branch.clone(), instead: None },
            None => names.choose(around),
        };
        let mut record = Record {
            plan: self.plan.to_owned(),
            task: task.clone(),
            path: PathBuf::new(),
            branch: named.branch,
            into: self.into.clone(),
            base: self.base.clone(),
            progress: Progress::Creating,
            under_way: None,
            port: None,
            git: None,
            failure: None,
        };
        record.path = named.path.unwrap_or_else(|| place(self.project, self.settings, &record));
        around.made.borrow_mut().push((record.path.clone(), record.branch.clone()));
        Ok((record, named.instead))
    }

    /// The branch of a task whose record is lost, by the journal, if it is there. One that somebody has checked
    /// out is left to them.
    fn left_branch(&self, task: &TaskId, around: &Around) -> Result<Option<Branch>> {
        if around.tips.len() <= 1 {
            return Ok(None);
        }
        let Some(branch) = around.last_branch(self.project, self.plan, task)? else { return Ok(None) };
        let known = around.records.iter().any(|record| record.branch == branch);
        if known || !around.tips.contains_key(&branch) {
            return Ok(None);
        }
        match around.registrations.iter().find(|entry| entry.branch.as_ref() == Some(&branch)) {
            None => Ok(Some(branch)),
            Some(entry) => Err(Error::refused(format!(
                "branch `{branch}` of `{task}` is checked out in `{}`, and the record of that worktree is lost",
                entry.path.display()
            ))
            .hint(format!(
                "remove that worktree with `git worktree remove {}`; `ctx worktree setup {task}` then makes it \
                 again with its commits",
                entry.path.display()
            ))),
        }
    }
}

/// The branches of tasks, by plan and id, that the journal has as set up and not removed since.
pub(super) type LastBranches = HashMap<(String, String), Branch>;

/// Reads them.
pub(super) fn last_branches(project: &Project) -> Result<LastBranches> {
    let mut found = LastBranches::new();
    for event in project.journal().read()? {
        let (Some(plan), Some(task)) = (event.plan, event.task) else { continue };
        match event.kind {
            Kind::WorktreeReady { branch: Some(branch), .. }
            | Kind::WorktreeRestored { branch: Some(branch), .. } => {
                found.insert((plan, task), branch);
            }
            Kind::WorktreeRemoved { .. } => {
                found.remove(&(plan, task));
            }
            _ => {}
        }
    }
    Ok(found)
}

/// Where the worktree of a task lies that has this branch, outside the pool.
pub(super) fn place(project: &Project, settings: &Settings, record: &Record) -> PathBuf {
    let Record { plan, task, branch, .. } = record;
    let branch_of = |name: &str| settings.branch(plan, name);
    let names = Names { plan, task, root: None, branch: &branch_of };
    let name = names.all().find(|name| Branch::new(branch_of(name)) == *branch);
    settings.worktree_root(&project.home, plan).join(name.as_deref().unwrap_or(task.as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plan_s_short_name_is_valid_in_a_branch() {
        let first = |plan: &str| stems(plan).next().unwrap();
        for (plan, expected) in [
            ("20261121-101500-auth-system", "auth-system"),
            ("20261121-101500-a-very-long-name-of-a-plan-indeed", "a-very-long-name-of-a-pl"),
            ("flat", "flat"),
            ("20261121-101500", "20261121-101500"),
            ("20261121-101500-", "20261121-101500"),
            ("my plan..lock", "my-plan-lock"),
            ("~^:?*[\\@{", "plan"),
            ("plän", "pl-n"),
            ("-x", "x"),
        ] {
            assert_eq!(first(plan), expected, "{plan}");
        }
        let all: Vec<String> = stems("20261121-101500-p").take(3).collect();
        assert_eq!(all, ["p", "20261121-101500-p", "20261121-101500-p-2"]);
    }
}
