//! What git and the records say under the lock `worktrees`, asked once for all tasks of a run.

use std::cell::{OnceCell, RefCell};
use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};

use super::names::{LastBranches, last_branches};
use super::pool::Pool;
use super::{Record, Records, ports};
use crate::error::Result;
use crate::git::{self, Branch, Oid, Registration};
use crate::plan::TaskId;
use crate::state::Project;

pub(super) struct Around {
    pub(super) registrations: Vec<Registration>,
    pub(super) tips: HashMap<Branch, Oid>,
    pub(super) records: Vec<Record>,
    /// Places and branches given out in this run.
    pub(super) made: RefCell<Vec<(PathBuf, Branch)>>,
    /// First ports that are taken; those given out in this run among them.
    ports: RefCell<HashSet<u16>>,
    git_dir: PathBuf,
    ignores_case: OnceCell<bool>,
    last_branches: OnceCell<LastBranches>,
}

impl Around {
    pub(super) fn read(project: &Project) -> Result<Self> {
        let dir = project.git_dir();
        let records = Records::of(project).list()?;
        let mut ports: HashSet<u16> = records.iter().filter_map(|record| record.port).collect();
        ports.extend(Pool::ports_of(project)?);
        Ok(Self {
            registrations: git::list_worktrees(dir)?,
            tips: git::branches(dir)?.into_iter().collect(),
            records,
            made: RefCell::default(),
            ports: RefCell::new(ports),
            git_dir: dir.to_owned(),
            ignores_case: OnceCell::new(),
            last_branches: OnceCell::new(),
        })
    }

    pub(super) fn free_port(&self) -> Option<u16> {
        let port = ports::free(&self.ports.borrow())?;
        self.ports.borrow_mut().insert(port);
        Some(port)
    }

    pub(super) fn at(&self, path: &Path) -> Option<&Registration> {
        self.registrations.iter().find(|entry| entry.path == path)
    }

    /// The branch that the journal has for a task that was set up and not removed since.
    pub(super) fn last_branch(&self, project: &Project, plan: &str, task: &TaskId) -> Result<Option<Branch>> {
        let all = match self.last_branches.get() {
            Some(all) => all,
            None => {
                let all = last_branches(project)?;
                self.last_branches.get_or_init(|| all)
            }
        };
        Ok(all.get(&(plan.to_owned(), task.to_string())).cloned())
    }

    /// Returns whether this file system holds names that differ only in case to be one, as git found out.
    pub(super) fn ignores_case(&self) -> bool {
        *self.ignores_case.get_or_init(|| git::ignores_case(&self.git_dir))
    }

    /// Returns whether git cannot have both branches: they are one, or one is the other's folder.
    pub(super) fn clash(&self, a: &Branch, b: &Branch) -> bool {
        let below = |a: &str, b: &str| a.strip_prefix(b).is_some_and(|rest| rest.starts_with('/'));
        let clash = |a: &str, b: &str| a == b || below(a, b) || below(b, a);
        let (a, b) = (a.as_str(), b.as_str());
        clash(a, b) || clash(&a.to_lowercase(), &b.to_lowercase()) && self.ignores_case()
    }

    /// Returns whether both are the same place.
    pub(super) fn same_path(&self, a: &Path, b: &Path) -> bool {
        let folded = |path: &Path| path.to_string_lossy().to_lowercase();
        a == b || folded(a) == folded(b) && self.ignores_case()
    }
}
