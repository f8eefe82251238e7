//! Which project a directory belongs to, and where its files lie.
//!
//! Every command finds the one set of plans through the git common directory, from the main checkout,
//! from any worktree and from any folder in them.

use std::fs;
use std::path::{Path, PathBuf};

use super::atomic::{read_optional, replace};
use super::{Journal, LockFile, PlanStore};
use crate::error::{Error, Result};
use crate::git::{self, Branch, Oid, Repository};

/// A repository with the places that `ctx` uses in it.
#[derive(Clone, Debug)]
pub struct Project {
    /// Where `.parallel/` lies: the top level of the first non-bare worktree, or the folder beside the
    /// git directory when there is only a bare one.
    pub home: PathBuf,
    /// The git directory that all worktrees share.
    pub common_dir: PathBuf,
    /// The worktree the command was started in, if it was in one.
    pub here: Option<PathBuf>,
}

impl Project {
    /// Finds the project of a directory. Writes nothing.
    pub fn discover(dir: &Path) -> Result<Self> {
        match Self::discover_optional(dir)? {
            Some(project) => Ok(project),
            None => Err(Error::environment(format!("`{}` is not in a git repository", dir.display()))
                .hint("change to your project, or make it a repository with `git init`")),
        }
    }

    /// As `discover`, but none where there is no repository.
    pub fn discover_optional(dir: &Path) -> Result<Option<Self>> {
        let Some(repository) = Repository::discover(dir).map_err(|error| too_old(error.into()))? else {
            return Ok(None);
        };
        if repository.toplevel.is_none() && repository.inside_git_dir {
            return Err(Error::environment(format!("`{}` is inside a git directory", dir.display()))
                .hint("run the command in a worktree; a bare repository gets one with `git worktree add PATH BRANCH`"));
        }
        let home = home(&repository)?;
        Ok(Some(Self { home, common_dir: repository.common_dir, here: repository.toplevel }))
    }

    /// `<git common dir>/ctx`: journal, locks, records.
    pub fn ctx_dir(&self) -> PathBuf {
        self.common_dir.join("ctx")
    }

    /// A lock shared by every process that works on this repository.
    pub fn lock(&self, name: &str) -> LockFile {
        LockFile::new(&self.ctx_dir().join(format!("{name}.lock")))
    }

    /// What happened.
    pub fn journal(&self) -> Journal {
        Journal::at(&self.ctx_dir())
    }

    /// The plans.
    pub fn plans(&self) -> PlanStore {
        PlanStore::at(&self.home, self.ctx_dir())
    }

    /// A directory that git commands about the repository as a whole can run in.
    pub fn git_dir(&self) -> &Path {
        &self.common_dir
    }

    /// The branch that is checked out in the main checkout; none if HEAD is detached.
    pub fn head_branch(&self) -> Result<Option<Branch>> {
        let output = git::Git::at(&self.home).args(["symbolic-ref", "--quiet", "HEAD"]).output();
        let output = output.map_err(Error::from)?;
        Ok(Branch::from_ref(String::from_utf8_lossy(&output.stdout).trim()))
    }

    /// The commit of a branch, which must be there.
    pub fn branch_tip(&self, branch: &Branch) -> Result<Oid> {
        git::resolve(self.git_dir(), &branch.full())?.ok_or_else(|| {
            let error = Error::refused(format!("there is no branch `{branch}` with a commit"));
            error.hint("make a first commit, or name another `base:` in the plan's `plan.yaml`")
        })
    }

    /// Remembers where home is: from a linked worktree git cannot tell it when the git directory lies
    /// elsewhere (`--separate-git-dir`), and among several worktrees of a bare repository the first
    /// would change with every new one.
    pub fn remember_home(&self) -> Result<()> {
        let path = self.ctx_dir().join("home");
        let home = self.home.to_string_lossy();
        if read_optional(&path)?.as_deref() == Some(&*home) {
            return Ok(());
        }
        super::create_dir_all(&self.ctx_dir())?;
        replace(&path, home.as_bytes())
    }

    /// Keeps a folder of the main checkout out of everybody's `git status`, unless git tracks files in
    /// it: a line in `<git common dir>/info/exclude`.
    pub fn exclude(&self, folder: &str) -> Result<()> {
        let path = self.common_dir.join("info/exclude");
        let text = read_optional(&path)?.unwrap_or_default();
        let pattern = format!("/{folder}/");
        let listed = |text: &str| text.lines().any(|line| line == pattern);
        if listed(&text) || self.tracks(folder)? {
            return Ok(());
        }
        let _lock = self.lock("exclude").acquire()?;
        let text = read_optional(&path)?.unwrap_or_default();
        if listed(&text) {
            return Ok(());
        }
        let gap = if text.is_empty() || text.ends_with('\n') { "" } else { "\n" };
        super::create_dir_all(&self.common_dir.join("info"))?;
        replace(&path, format!("{text}{gap}{pattern}\n").as_bytes())
    }

    /// Does git track anything under this path of the main checkout? Beside a bare repository nothing is.
    fn tracks(&self, path: &str) -> Result<bool> {
        let call = git::Git::at(&self.home).args(["ls-files", "-z", "--", &format!(":(top,literal){path}")]);
        let output = call.output().map_err(Error::from)?;
        Ok(output.success() && !output.stdout.is_empty())
    }

    /// Keeps `.parallel/` out of `git status`, unless the project's people commit it.
    pub fn exclude_plans(&self) -> Result<()> {
        self.exclude(".parallel")
    }
}

/// A git from before 2.31 does not know `--path-format`; say what is needed instead of what it printed.
fn too_old(error: Error) -> Error {
    match git::version() {
        Ok(version) if version < git::MINIMUM => {
            Error::environment(format!("git {version} is too old; {} or later is needed", git::MINIMUM))
                .hint("install a newer git and make it the first on `PATH`")
        }
        _ => error,
    }
}

fn home(repository: &Repository) -> Result<PathBuf> {
    // In the main worktree itself, which is also the case for a submodule's.
    if let Some(toplevel) = &repository.toplevel
        && repository.git_dir == repository.common_dir
    {
        return Ok(toplevel.clone());
    }
    if let Some(home) = remembered(&repository.common_dir)? {
        return Ok(home);
    }
    // A submodule's main worktree is named by its configuration, relative to the git directory.
    let worktree = git::Git::at(&repository.common_dir).args(["config", "--get", "core.worktree"]).output();
    let worktree = worktree.map_err(Error::from)?;
    if worktree.success() {
        let path =
            repository.common_dir.join(String::from_utf8_lossy(&worktree.stdout).trim_end_matches('\n'));
        if let Ok(path) = fs::canonicalize(path)
            && belongs(&path, &repository.common_dir)
        {
            return Ok(path);
        }
    }
    let list = git::list_worktrees(&repository.common_dir)?;
    let bare = list.iter().any(|entry| entry.bare);
    if bare {
        require_bare_layout(&repository.common_dir)?;
    }
    let candidate = list
        .iter()
        .filter(|entry| !entry.bare)
        .find(|entry| belongs(&entry.path, &repository.common_dir))
        .map(|entry| entry.path.clone());
    match (candidate, bare) {
        // Git lists the main worktree first; if that one did not belong, the git directory lies elsewhere.
        (Some(path), true) => Ok(path),
        (Some(path), false) if list.first().is_some_and(|first| first.path == path) => Ok(path),
        (None, true) => Ok(repository.common_dir.parent().unwrap_or(&repository.common_dir).to_owned()),
        _ => Err(Error::environment(format!(
            "cannot tell where the main checkout of `{}` is",
            repository.common_dir.display()
        ))
        .hint("run `ctx status` once in the main checkout; it is remembered from then on")),
    }
}

/// Refuses where `core.bare` says that there is no main checkout, and there is one: git works in none of its files
/// then, and another worktree would be taken for it.
fn require_bare_layout(common_dir: &Path) -> Result<()> {
    let Some(folder) = common_dir.parent().filter(|_| common_dir.ends_with(".git")) else { return Ok(()) };
    // A clone made bare never had an index.
    if !common_dir.join("index").is_file() || !git::has_checkout(folder, common_dir)? {
        return Ok(());
    }
    let path = folder.display();
    Err(Error::environment(format!(
        "`{path}` is a checkout, but `core.bare` is true there: git takes the repository for one without files"
    ))
    .hint(format!("run `git -C {path} config core.bare false`")))
}

/// The folder noted by `remember_home`, if it still is this repository's (a copied repository carries
/// the note of the original).
fn remembered(common_dir: &Path) -> Result<Option<PathBuf>> {
    let Some(home) = read_optional(&common_dir.join("ctx/home"))?.map(PathBuf::from) else {
        return Ok(None);
    };
    let beside = common_dir.parent() == Some(&home) && !home.join(".git").is_dir();
    Ok((beside || belongs(&home, common_dir)).then_some(home))
}

/// Does the `.git` of this folder lead to that git directory?
fn belongs(folder: &Path, common_dir: &Path) -> bool {
    if !folder.join(".git").exists() {
        return false;
    }
    let found = Repository::discover(folder).ok().flatten();
    found.is_some_and(|found| found.common_dir == common_dir && found.toplevel.as_deref() == Some(folder))
}
