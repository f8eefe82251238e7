//! Settings: the project's `.claude/auto-context.yaml`, then the person's own `~/.claude/ctx.yaml`.
//!
//! A repository's file is not the person's word: what names a command or a path outside the repository
//! is read from the person's file. From a repository, a command counts once the person accepted its exact text.

use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde_yaml::{Mapping, Value};

use super::accepted::{Accepted, Wish};
use super::atomic::read_optional;
use super::settings_fault;
use crate::error::{Error, Result};
use crate::plan::Parallelization;

/// The settings in force.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// When tasks run side by side, and how many.
    pub parallelization: Parallelization,
    /// Where worktrees lie, how branches are called, what is copied.
    pub worktrees: Worktrees,
    /// The branch that tasks land on; none: the plan's base.
    pub merge_into: Option<String>,
    /// Push after a merge.
    pub merge_push: bool,
    /// Remove the worktrees and branches of tasks as soon as they have landed.
    pub auto_cleanup: bool,
    /// Keys that stand in a file and are not known or not used, for one warning.
    pub ignored: Vec<String>,
    /// Commands that the repository names and the person has not accepted: they do not count.
    pub wishes: Vec<Wish>,
}

/// `worktrees:`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Worktrees {
    /// Folder of the worktrees: relative to the main checkout, `{plan}` and `{repo}` replaced.
    pub root: String,
    /// Branch of a task, `{task}` and `{plan}` replaced.
    pub branch: String,
    /// Ignored files that a new worktree gets a copy of: by name at any depth, or by a glob with a slash from the top.
    pub copy: Vec<String>,
    /// What runs in a new worktree before an agent does.
    pub setup: SetUp,
    /// A command after it; if it fails, the worktree is not ready.
    pub check: Option<String>,
    /// How many slots `ctx pool init` makes.
    pub pool: usize,
}

/// `worktrees.setup`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum SetUp {
    /// What the lock files call for.
    #[default]
    Auto,
    /// Nothing.
    Off,
    /// This.
    Command(String),
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            parallelization: Parallelization::default(),
            worktrees: Worktrees {
                root: "worktrees".to_owned(),
                branch: "feature/{task}".to_owned(),
                copy: vec![".env*".to_owned(), ".dev.vars*".to_owned()],
                setup: SetUp::Auto,
                check: None,
                pool: 8,
            },
            merge_into: None,
            merge_push: false,
            auto_cleanup: false,
            ignored: Vec::new(),
            wishes: Vec::new(),
        }
    }
}

/// Who wrote a settings file.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Author {
    Repository,
    Person,
}

#[derive(Default, Deserialize)]
struct File {
    parallelization: Option<Section<ParallelizationFile>>,
    worktrees: Option<Section<WorktreesFile>>,
    merge: Option<Section<MergeFile>>,
    #[serde(flatten)]
    rest: Mapping,
}

/// A section's known keys, and the others.
#[derive(Default, Deserialize)]
struct Section<T> {
    #[serde(flatten)]
    known: T,
    #[serde(flatten)]
    rest: Mapping,
}

#[derive(Default, Deserialize)]
struct ParallelizationFile {
    enabled: Option<bool>,
    min_tasks: Option<usize>,
    max_agents: Option<usize>,
    auto_cleanup: Option<bool>,
}

#[derive(Default, Deserialize)]
struct WorktreesFile {
    root: Option<String>,
    branch: Option<String>,
    copy: Option<Vec<String>>,
    setup: Option<Value>,
    check: Option<String>,
    pool: Option<usize>,
}

#[derive(Default, Deserialize)]
struct MergeFile {
    into: Option<String>,
    push: Option<bool>,
}

impl Settings {
    /// Reads both files. `home` is the main checkout, `config` the client's folder (`~/.claude`).
    pub fn load(home: &Path, config: Option<&Path>) -> Result<Self> {
        let mut settings = Self::default();
        settings.read(&home.join(".claude/auto-context.yaml"), Author::Repository)?;
        settings.hold_back(home, config)?;
        if let Some(config) = config {
            settings.read(&config.join("ctx.yaml"), Author::Person)?;
        }
        Ok(settings)
    }

    fn read(&mut self, path: &Path, author: Author) -> Result<()> {
        let Some(text) = read_optional(path)? else { return Ok(()) };
        if text.lines().all(|line| line.trim().is_empty() || line.trim_start().starts_with('#')) {
            return Ok(());
        }
        let file: File = serde_yaml::from_str(&text).map_err(|error| {
            let fault = settings_fault::fault(&text, &error.to_string());
            Error::environment(format!("cannot read the settings in `{}`: {fault}", path.display()))
                .hint("fix the file, or move it away to use the defaults")
        })?;
        self.take(file, path, author)
    }

    fn take(&mut self, file: File, path: &Path, author: Author) -> Result<()> {
        let refuse = |what: String| {
            Err(Error::environment(format!("{what} in `{}`", path.display()))
                .hint("fix the file, or move it away to use the defaults"))
        };
        let parallelization = file.parallelization.unwrap_or_default();
        let worktrees = file.worktrees.unwrap_or_default();
        let merge = file.merge.unwrap_or_default();
        set(&mut self.auto_cleanup, parallelization.known.auto_cleanup);
        let Parallelization { enabled, min_tasks, max_agents } = &mut self.parallelization;
        set(enabled, parallelization.known.enabled);
        set(min_tasks, parallelization.known.min_tasks);
        match parallelization.known.max_agents {
            Some(0) => return refuse("`max_agents` is 0".to_owned()),
            given => set(max_agents, given),
        }
        if let Some(root) = worktrees.known.root {
            if root.is_empty() {
                return refuse("`worktrees.root` is empty".to_owned());
            }
            if author == Author::Repository && leaves(&root) {
                return Err(Error::environment(format!(
                    "`worktrees.root` in `{}` lies outside the repository",
                    path.display()
                ))
                .hint("if you want that, say it in your own `~/.claude/ctx.yaml`"));
            }
            self.worktrees.root = root;
        }
        if let Some(branch) = worktrees.known.branch {
            if !branch.contains("{task}") {
                return refuse(format!("`worktrees.branch` is `{branch}`, without `{{task}}`,"));
            }
            self.worktrees.branch = branch;
        }
        set(&mut self.worktrees.copy, worktrees.known.copy);
        match worktrees.known.setup {
            None => {}
            Some(Value::Bool(false)) => self.worktrees.setup = SetUp::Off,
            Some(Value::String(text)) if text == "auto" => self.worktrees.setup = SetUp::Auto,
            Some(Value::String(text)) => self.worktrees.setup = SetUp::Command(text),
            Some(_) => {
                return refuse("`worktrees.setup` is neither `auto`, `false` nor a command".to_owned());
            }
        }
        if worktrees.known.check.is_some() {
            self.worktrees.check = worktrees.known.check;
        }
        set(&mut self.worktrees.pool, worktrees.known.pool);
        if merge.known.into.is_some() {
            self.merge_into = merge.known.into;
        }
        set(&mut self.merge_push, merge.known.push);
        let sections = [
            ("", &file.rest),
            ("parallelization.", &parallelization.rest),
            ("worktrees.", &worktrees.rest),
            ("merge.", &merge.rest),
        ];
        for (prefix, rest) in sections {
            self.ignored.extend(rest.keys().filter_map(Value::as_str).map(|key| format!("{prefix}{key}")));
        }
        Ok(())
    }

    /// Takes back the commands of the repository's file that the person has not accepted.
    fn hold_back(&mut self, home: &Path, config: Option<&Path>) -> Result<()> {
        let accepted = Accepted::read(config)?;
        let mut wish = |key: &str, text: &str| {
            let wish = Wish::new(home, key, text);
            let held = !accepted.holds(&wish);
            self.wishes.extend(held.then_some(wish));
            held
        };
        if let SetUp::Command(text) = &self.worktrees.setup
            && wish("worktrees.setup", text)
        {
            self.worktrees.setup = SetUp::Auto;
        }
        if let Some(text) = &self.worktrees.check
            && wish("worktrees.check", text)
        {
            self.worktrees.check = None;
        }
        Ok(())
    }

    /// The folder of a plan's worktrees. `home` is the main checkout.
    pub fn worktree_root(&self, home: &Path, plan: &str) -> PathBuf {
        let repo = home.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let root = self.worktrees.root.replace("{plan}", plan).replace("{repo}", &repo);
        normalized(&home.join(root))
    }

    /// The branch of a task.
    pub fn branch(&self, plan: &str, task: &str) -> String {
        self.worktrees.branch.replace("{plan}", plan).replace("{task}", task)
    }
}

fn set<T>(slot: &mut T, value: Option<T>) {
    if let Some(value) = value {
        *slot = value;
    }
}

fn leaves(root: &str) -> bool {
    let path = Path::new(root);
    path.is_absolute() || path.components().any(|part| part == std::path::Component::ParentDir)
}

/// Takes `.` and `..` out of an absolute path by its text; what is named need not exist.
fn normalized(path: &Path) -> PathBuf {
    use std::path::Component;
    path.components().fold(PathBuf::new(), |mut out, part| {
        match part {
            Component::ParentDir => drop(out.pop()),
            Component::CurDir => {}
            part => out.push(part),
        }
        out
    })
}
