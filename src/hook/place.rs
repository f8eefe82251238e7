//! Where a call stands: which repository, which worktree, whose task. Found by reading files, without git.

use std::fs;
use std::path::{Path, PathBuf};

use super::facts::Disk;
use super::settings;
use crate::approve::{Own, Rules, Territory};
use crate::git::Place;
use crate::plan::{self, Files, Status};
use crate::worktree::{Progress, Record};
use crate::world;

/// A repository that `ctx` was used in.
#[derive(Clone, Debug)]
pub struct Site {
    /// The main checkout.
    pub home: PathBuf,
    /// The git directory that all worktrees share.
    pub common_dir: PathBuf,
    /// The top level of the worktree that the call stands in.
    pub top: PathBuf,
}

impl Site {
    /// The site of a directory; none outside a repository, or where `ctx` was never used.
    pub fn of(cwd: &Path) -> Option<Self> {
        Self::around(cwd).filter(|site| site.ctx_dir().is_dir())
    }

    /// The site of a directory, whether `ctx` was used there or not; `None` outside a repository.
    pub(super) fn around(cwd: &Path) -> Option<Self> {
        let real = fs::canonicalize(cwd).ok()?;
        let place = Place::of(&real)?;
        let ctx = place.common_dir.join("ctx");
        let noted = fs::read_to_string(ctx.join("home")).ok().map(PathBuf::from).filter(|home| home.is_dir());
        let beside = || place.common_dir.parent().map(Path::to_owned);
        let home =
            if place.git_dir == place.common_dir { Some(place.top.clone()) } else { noted.or_else(beside) };
        Some(Self { home: fs::canonicalize(home?).ok()?, common_dir: place.common_dir, top: place.top })
    }

    /// `<git common dir>/ctx`.
    pub fn ctx_dir(&self) -> PathBuf {
        self.common_dir.join("ctx")
    }

    /// Every record of a worktree that is ready and still there.
    pub fn records(&self) -> Vec<Record> {
        let folder = |path: &Path| {
            fs::read_dir(path).into_iter().flatten().flatten().map(|entry| entry.path()).collect::<Vec<_>>()
        };
        let files = folder(&self.ctx_dir().join("worktrees")).into_iter().flat_map(|plan| folder(&plan));
        let json = files.filter(|path| path.extension().is_some_and(|extension| extension == "json"));
        json.filter_map(|path| serde_json::from_slice::<Record>(&fs::read(path).ok()?).ok())
            .filter(|record| record.progress == Progress::Ready)
            .collect()
    }

    /// The record of the worktree at this real path.
    pub fn record_at(&self, top: &Path) -> Option<Record> {
        self.records().into_iter().find(|record| fs::canonicalize(&record.path).is_ok_and(|path| path == top))
    }

    /// The record of a task, by plan and id.
    pub fn record(&self, plan: &str, task: &str) -> Option<Record> {
        let path = self.ctx_dir().join("worktrees").join(plan).join(format!("{task}.json"));
        let record: Record = serde_json::from_slice(&fs::read(path).ok()?).ok()?;
        (record.progress == Progress::Ready && record.plan == plan && record.task.as_str() == task)
            .then_some(record)
    }

    /// The status and the declared files of a task, from its file.
    pub fn task(&self, plan: &str, task: &str) -> Option<(Status, Files)> {
        let plans = self.home.join(".parallel/plans");
        let folder = match plan {
            "flat" => plans,
            plan => plans.join(plan),
        };
        let file = folder.join("tasks").join(format!("{task}.md"));
        // Not through a link; a named pipe would block for ever.
        fs::symlink_metadata(&file).ok().filter(fs::Metadata::is_file)?;
        let text = fs::read_to_string(&file).ok()?;
        plan::load::status_and_files(&text)
    }

    /// The territory of a caller without a task.
    pub fn unbound(&self) -> Territory {
        Territory {
            repository: self.home.clone(),
            common_dir: self.common_dir.clone(),
            plugin: world::env("CLAUDE_PLUGIN_ROOT").and_then(|path| fs::canonicalize(path).ok()),
            own: None,
        }
    }

    /// The territory of the agent of a task; none if its worktree or file is gone.
    pub fn territory(&self, record: &Record, editing: bool) -> Option<Territory> {
        let root = fs::canonicalize(&record.path).ok()?;
        // A worktree whose pointer leads to another repository is nobody's; the main checkout is no task's.
        let place =
            Place::of(&root).filter(|place| place.top == root && place.common_dir == self.common_dir)?;
        if place.git_dir == place.common_dir || record.path.is_symlink() && self.is_another_s(record, &root) {
            return None;
        }
        let (status, files) = self.task(&record.plan, record.task.as_str())?;
        let own = Own {
            root,
            task: record.task.to_string(),
            branch: record.branch.as_str().to_owned(),
            into: record.into.as_str().to_owned(),
            remote: remote(&self.common_dir, record.into.as_str()),
            status,
            running: status == Status::InProgress || !editing && status == Status::Submitted,
            editing,
            files,
        };
        Some(Territory { own: Some(own), ..self.unbound() })
    }

    /// Returns whether another task has the worktree at this real path.
    fn is_another_s(&self, record: &Record, root: &Path) -> bool {
        let other = |one: &Record| (&one.plan, &one.task) != (&record.plan, &record.task);
        let there = |one: &Record| fs::canonicalize(&one.path).is_ok_and(|path| path == root);
        self.records().iter().any(|one| other(one) && there(one))
    }

    /// The person's and the repository's permission rules, with those that stand in a worktree. They are broken, and
    /// allow nothing, while the repository brings an environment that the person has not accepted.
    pub fn rules(&self, worktree: Option<&Path>) -> Rules {
        let mut folders: Vec<&Path> = vec![&self.home, &self.top];
        folders.extend(worktree);
        settings::rules(Some(&self.home), &folders)
    }
}

/// The remote that the plan's branches go to: the base branch's, else `origin`, else the only one.
fn remote(common_dir: &Path, into: &str) -> String {
    let text = fs::read_to_string(common_dir.join("config")).unwrap_or_default();
    let (mut section, mut remotes, mut of_base) = ("", Vec::new(), None);
    for line in text.lines().map(str::trim) {
        if line.starts_with('[') {
            section = line;
            let name = line.strip_prefix("[remote \"").and_then(|rest| rest.strip_suffix("\"]"));
            remotes.extend(name.map(str::to_owned));
        } else if section == format!("[branch \"{into}\"]")
            && let Some(name) =
                line.strip_prefix("remote").and_then(|rest| rest.trim_start().strip_prefix('='))
        {
            of_base = Some(name.trim().to_owned());
        }
    }
    let known = |name: &String| remotes.contains(name);
    match of_base.filter(known) {
        Some(name) => name,
        None if remotes.iter().any(|name| name == "origin") => "origin".to_owned(),
        None if remotes.len() == 1 => remotes.remove(0),
        None => "origin".to_owned(),
    }
}

/// What this machine says about a worktree.
pub fn disk(record: Option<&Record>) -> Disk {
    Disk::new(record.and_then(|record| record.git.clone()))
}
