//! The state of a plan, derived each time from its files, from git and from the journal; never stored.

use std::collections::{BTreeSet, HashMap, HashSet};

use crate::error::{Error, Result};
use crate::git::{self, Branch, Git, Integrated, Oid};
use crate::plan::graph::{self, Turn};
use crate::plan::{Plan, Status, Task, TaskId};
use crate::state::{Claim, Claims, Kind, PlanFolder, Project, Settings};
use crate::text;
use crate::worktree::{Record, Records};

/// Can a task be started?
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Readiness {
    /// Yes.
    Ready,
    /// Its dependencies are not all completed and landed; these are missing.
    Waits(Vec<TaskId>),
    /// It waits for its wave: another task that has not landed, and comes first, changes the same file.
    WaitsForFiles {
        /// The task that comes first.
        task: TaskId,
        /// The file, as the waiting task declares it, or a shared resource.
        file: String,
    },
    /// Its status says no: under way, done, or failed.
    No,
}

impl Readiness {
    /// The tasks that must land before this one can be started.
    pub fn waits_for(&self) -> &[TaskId] {
        match self {
            Self::Waits(missing) => missing,
            Self::WaitsForFiles { task, .. } => std::slice::from_ref(task),
            Self::Ready | Self::No => &[],
        }
    }

    /// What the task waits for, as the end of a sentence about it; `None` if it does not wait.
    pub fn reason(&self) -> Option<String> {
        match self {
            Self::Waits(missing) => {
                let missing: Vec<String> = missing.iter().map(|id| format!("`{id}`")).collect();
                Some(format!("waits for {}: not landed yet", missing.join(", ")))
            }
            Self::WaitsForFiles { task, file } => {
                let file = text::name(file);
                Some(format!(
                    "waits for its wave: `{task}` uses `{file}` too, comes first and has not landed"
                ))
            }
            Self::Ready | Self::No => None,
        }
    }
}

/// One task with everything that is known about it.
#[derive(Clone, Debug)]
pub struct TaskState {
    /// From the plan.
    pub task: Task,
    /// Can it be started?
    pub readiness: Readiness,
    /// Completed, and its commits are in the branch it lands on.
    pub landed: bool,
    /// Its branch, with or without a worktree.
    pub branch: Branch,
    /// The branch's commit; none if there is no such branch.
    pub tip: Option<Oid>,
    /// Its worktree.
    pub worktree: Option<Record>,
    /// Who works on it.
    pub claim: Option<Claim>,
    /// The reason given with the latest change of status.
    pub reason: Option<String>,
}

/// One plan with all its tasks.
#[derive(Clone, Debug)]
pub struct Board {
    /// Where it lies.
    pub folder: PlanFolder,
    /// As read.
    pub plan: Plan,
    /// The branch that its tasks start from and land on.
    pub into: Branch,
    /// That branch's commit; none while it has none.
    pub base: Option<Oid>,
    /// In the order of the index.
    pub tasks: Vec<TaskState>,
}

impl Board {
    /// Reads the active plan.
    pub fn active(project: &Project, settings: &Settings) -> Result<Self> {
        Self::read(project, settings, &project.plans().require_active()?)
    }

    /// Reads one plan, which must be valid.
    pub fn read(project: &Project, settings: &Settings, folder: &PlanFolder) -> Result<Self> {
        let mut plan = project.plans().require_valid(folder)?;
        let claims = claims(project, &plan, folder)?;
        if claims.values().any(Claim::interrupted) {
            // An owner that ended may have handed in since the statuses were read.
            plan = project.plans().require_valid(folder)?;
        }
        let into = into_branch(project, settings, &plan)?;
        let completed = plan.tasks.iter().any(|task| task.status == Status::Completed);
        let mut facts = Facts::read(project, settings, folder, &into, completed)?;
        facts.claims = claims;
        let base = facts.base.clone();
        let mut tasks = Vec::new();
        for task in &plan.tasks {
            tasks.push(facts.state(project, task)?);
        }
        let landed: BTreeSet<TaskId> =
            tasks.iter().filter(|state| state.landed).map(|state| state.task.id.clone()).collect();
        let mut turns = graph::turns(&plan.tasks, &landed);
        for state in &mut tasks {
            state.readiness = readiness(&state.task, &landed, turns.remove(&state.task.id));
        }
        Ok(Self { folder: folder.clone(), plan, into, base, tasks })
    }

    /// The task with this id.
    pub fn task(&self, id: &str) -> Option<&TaskState> {
        self.tasks.iter().find(|state| state.task.id.as_str() == id)
    }

    /// Is this task in the branch it lands on?
    pub fn landed(&self, id: &TaskId) -> bool {
        self.tasks.iter().any(|state| state.task.id == *id && state.landed)
    }

    /// The commit that new worktrees start at.
    pub fn require_base(&self) -> Result<&Oid> {
        self.base.as_ref().ok_or_else(|| {
            Error::refused(format!("there is no branch `{}` with a commit", self.into))
                .hint("make a first commit, or name another `base:` in the plan's `plan.yaml`")
        })
    }
}

/// The branch that a plan's tasks start from and land on: the setting `merge.into`, else the plan's
/// `base`, else what is checked out in the main checkout.
fn into_branch(project: &Project, settings: &Settings, plan: &Plan) -> Result<Branch> {
    if let Some(name) = settings.merge_into.as_ref().or(plan.base.as_ref()) {
        return local_branch(project, name);
    }
    project.head_branch()?.ok_or_else(|| {
        Error::refused("HEAD is detached and the plan names no base branch")
            .hint("run `git switch BRANCH`, or add `base: BRANCH` to `metadata` in the plan's `plan.yaml`")
    })
}

/// The branch that a name means: its own, else for a remote's branch (`origin/main`) the local one of that name, since
/// only that can be moved here.
pub fn local_branch(project: &Project, name: &str) -> Result<Branch> {
    if let Some(branch) = Branch::from_ref(name) {
        return Ok(branch);
    }
    let remote = name.strip_prefix("refs/").unwrap_or(name);
    let remote = remote.strip_prefix("remotes/").unwrap_or(remote);
    let there = |full: &str| git::resolve(project.git_dir(), full).map(|commit| commit.is_some());
    let Some((_, local)) = remote.split_once('/').filter(|_| name.contains('/')) else {
        return Ok(Branch::new(name));
    };
    if there(&Branch::new(name).full())? || !there(&format!("refs/remotes/{remote}"))? {
        return Ok(Branch::new(name));
    }
    let local = Branch::new(local);
    if there(&local.full())? {
        return Ok(local);
    }
    Err(Error::refused(format!(
        "the base `{name}` is a remote's branch, and there is no local branch `{local}`"
    ))
    .hint(format!("make it with `git branch {local} {remote}`; the work lands there")))
}

fn readiness(task: &Task, landed: &BTreeSet<TaskId>, turn: Option<Turn>) -> Readiness {
    if !matches!(task.status, Status::Pending | Status::Blocked) {
        return Readiness::No;
    }
    let missing: Vec<TaskId> = task.dependencies.iter().filter(|id| !landed.contains(id)).cloned().collect();
    match turn {
        _ if !missing.is_empty() => Readiness::Waits(missing),
        Some(Turn { before, over }) => Readiness::WaitsForFiles { task: before, file: over },
        None => Readiness::Ready,
    }
}

/// Who works on the tasks that are in progress.
fn claims(project: &Project, plan: &Plan, folder: &PlanFolder) -> Result<HashMap<TaskId, Claim>> {
    let claims = Claims::of(project, &folder.id);
    let mut found = HashMap::new();
    for task in plan.tasks.iter().filter(|task| task.status == Status::InProgress) {
        found.extend(claims.read(&task.id)?.map(|claim| (task.id.clone(), claim)));
    }
    Ok(found)
}

/// What is asked of git and of the journal once for all tasks.
struct Facts<'a> {
    settings: &'a Settings,
    plan: String,
    base: Option<Oid>,
    tips: HashMap<Branch, Oid>,
    merged: HashSet<Branch>,
    worktrees: HashMap<TaskId, Record>,
    claims: HashMap<TaskId, Claim>,
    commits: HashMap<String, Oid>,
    reasons: HashMap<String, Option<String>>,
    /// The branches that tasks had last.
    branches: HashMap<String, Branch>,
}

impl<'a> Facts<'a> {
    fn read(
        project: &Project,
        settings: &'a Settings,
        folder: &PlanFolder,
        into: &Branch,
        completed: bool,
    ) -> Result<Self> {
        let tips: HashMap<Branch, Oid> = git::branches(project.git_dir())?.into_iter().collect();
        let records = Records::of(project).list()?.into_iter().filter(|record| record.plan == folder.id);
        let mut facts = Self {
            settings,
            plan: folder.id.clone(),
            base: tips.get(into).cloned(),
            tips,
            merged: HashSet::new(),
            worktrees: records.map(|record| (record.task.clone(), record)).collect(),
            claims: HashMap::new(),
            commits: HashMap::new(),
            reasons: HashMap::new(),
            branches: HashMap::new(),
        };
        // Only a completed task can have landed.
        if let (true, Some(base)) = (completed, &facts.base) {
            facts.merged = merged_branches(project, base)?;
        }
        for event in project.journal().read()? {
            let (Some(plan), Some(task)) = (event.plan, event.task) else { continue };
            if plan == folder.id {
                facts.remember(task, event.kind);
            }
        }
        Ok(facts)
    }

    fn remember(&mut self, task: String, kind: Kind) {
        if let Kind::WorktreeReady { branch: Some(branch), .. }
        | Kind::WorktreeRemoved { branch: Some(branch), .. }
        | Kind::WorktreeRestored { branch: Some(branch), .. } = &kind
        {
            self.branches.insert(task.clone(), branch.clone());
        }
        let commit = match kind {
            Kind::Status { reason, commit, .. } => {
                self.reasons.insert(task.clone(), reason);
                commit
            }
            Kind::Landed { commit, .. } => Some(commit),
            // A squashed branch's own tip is never in the base.
            Kind::WorktreeRemoved { tip, integrated, .. } => Some(integrated.unwrap_or(tip)),
            _ => None,
        };
        if let Some(commit) = commit {
            self.commits.insert(task, commit);
        }
    }

    fn state(&mut self, project: &Project, task: &Task) -> Result<TaskState> {
        let worktree = self.worktrees.remove(&task.id);
        let branch = match &worktree {
            Some(record) => record.branch.clone(),
            // Removed, or not made yet: the name it had, or that it gets where nothing living has it.
            None => match self.branches.remove(task.id.as_str()) {
                Some(branch) => branch,
                None => Branch::new(self.settings.branch(&self.plan, task.id.as_str())),
            },
        };
        // Without a record a branch of that name is another plan's, or a person's.
        let tip = worktree.as_ref().and_then(|_| self.tips.get(&branch).cloned());
        let landed = task.status == Status::Completed && self.is_in(project, task, &branch, tip.as_ref())?;
        Ok(TaskState {
            task: task.clone(),
            readiness: Readiness::No,
            landed,
            tip,
            branch,
            worktree,
            claim: self.claims.remove(&task.id).filter(|_| task.status == Status::InProgress),
            reason: self.reasons.remove(task.id.as_str()).flatten(),
        })
    }

    /// Is a completed task's work in the base? Its branch is asked; after clean-up, the last commit that
    /// the journal has of it. A task that never had a commit has nothing that could be missing.
    fn is_in(&self, project: &Project, task: &Task, branch: &Branch, tip: Option<&Oid>) -> Result<bool> {
        let Some(base) = &self.base else { return Ok(false) };
        if let Some(tip) = tip {
            if self.merged.contains(branch) {
                return Ok(true);
            }
            // Squashed, rebased or picked by somebody. A branch that changes nothing may still land.
            let how = git::integrated(project.git_dir(), base, tip)?;
            return Ok(how.is_some_and(|how| how != Integrated::NoChange));
        }
        match self.commits.get(task.id.as_str()) {
            Some(commit) if git::resolve(project.git_dir(), commit.as_str())?.is_none() => Ok(false),
            Some(commit) => Ok(git::is_ancestor(project.git_dir(), commit, base)?),
            None => Ok(true),
        }
    }
}

fn merged_branches(project: &Project, base: &Oid) -> Result<HashSet<Branch>> {
    let bytes = Git::at(project.git_dir())
        .args(["for-each-ref", "--format=%(refname)"])
        .arg(format!("--merged={base}"))
        .arg("refs/heads/")
        .run()?;
    Ok(String::from_utf8_lossy(&bytes).lines().filter_map(Branch::from_ref).collect())
}
