//! Everything a command can do, collected while it is read. Only a `Proof` made of it allows anything.

use std::path::{Path, PathBuf};

use super::environment::Needs;

/// One thing that a command can do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Reads this file, or below this folder.
    Read(PathBuf),
    /// Makes or overwrites this file.
    Write(PathBuf),
    /// Makes this folder.
    MakeFolder(PathBuf),
    /// Removes this file or empty folder.
    Remove(PathBuf),
    /// Removes this folder with everything in it.
    RemoveTree(PathBuf),
    /// Runs the project's own code, as found from this folder upwards by one of these files.
    Project {
        /// The program that runs it.
        program: String,
        /// Where it starts to look.
        folder: PathBuf,
        /// What it looks for.
        manifests: &'static [&'static str],
    },
    /// Git in this folder: it may run what its configuration names.
    Git(PathBuf),
    /// Changes this file of the worktree, or files below this folder, by a program of the project.
    Rewrite(PathBuf),
    /// Prints what is below this path, now or in git's history. Another effect says whether it may.
    Shows(PathBuf),
    /// Changes what the next commit takes in.
    Index,
    /// Moves the branch of the agent's own worktree.
    OwnBranch,
    /// Talks to this remote.
    Remote(String),
    /// Sends the agent's own branch to the plan's remote.
    PushOwn,
    /// Installs what the project's manifests name.
    Install,
    /// A verb of `ctx` for this caller.
    Verb(String),
    /// A simple command that the person's own settings allow.
    AllowedByUser(String),
    /// Harms what all worktrees share, or leaves the agent's own branch: what it is, and what to do instead.
    Forbidden {
        /// What it does.
        what: String,
        /// What to do.
        instead: String,
    },
    /// Not known.
    Unknown(String),
}

/// The effects of one command, with the simple commands they come from.
#[derive(Clone, Debug, Default)]
pub struct Effects {
    /// In the order in which they were found; the number is that of the simple command.
    pub(super) found: Vec<(usize, Effect)>,
    /// The simple commands: what the shell would run, as far as it is known.
    pub(super) commands: Vec<String>,
    /// What each simple command is for the person's rules: its words as written, and as taken.
    pub(super) spellings: Vec<Vec<String>>,
    /// Effects behind this one are judged by a file system that an earlier command may have changed.
    pub(super) stale_from: Option<usize>,
    /// The latest simple command prints names of files, and nothing else.
    pub(super) prints: Option<Names>,
    /// A redirection stands without a command: zsh runs one that a variable names.
    pub(super) nameless: bool,
}

/// Names of files that a command prints, one a line.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Names {
    /// They lie below these, as far as links are not followed.
    pub(super) roots: Vec<String>,
    /// Only those whose last part one of these patterns matches; none for all.
    pub(super) patterns: Option<Vec<String>>,
    /// NUL ends each, not a newline.
    pub(super) nul: bool,
    /// Only regular files.
    pub(super) files: bool,
    /// Not what git ignores.
    pub(super) listed: bool,
    /// Git's index or history names them: they may not be there, and be called anything.
    pub(super) gone: bool,
}

impl Effect {
    /// Does it change which files git ignores?
    pub(super) fn changes_ignores(&self) -> bool {
        match self {
            Self::Write(path) | Self::Remove(path) | Self::RemoveTree(path) => {
                path.file_name().is_some_and(|name| {
                    [".gitignore", ".ignore", ".rgignore"].iter().any(|known| name == *known)
                })
            }
            _ => false,
        }
    }

    /// Is something else afterwards, or may it be?
    pub(super) fn changes(&self) -> bool {
        matches!(
            self,
            Self::Write(_)
                | Self::MakeFolder(_)
                | Self::Remove(_)
                | Self::RemoveTree(_)
                | Self::Project { .. }
                | Self::Rewrite(_)
                | Self::Index
                | Self::OwnBranch
                | Self::PushOwn
                | Self::Install
                | Self::AllowedByUser(_)
        )
    }

    /// The task is handed in or blocked behind it.
    pub(super) fn ends_task(&self) -> bool {
        matches!(self, Self::Verb(verb) if verb.starts_with("ctx task submit ") || verb.starts_with("ctx task block "))
    }
}

impl Effects {
    pub(super) fn add(&mut self, effect: Effect) {
        let command = self.commands.len().saturating_sub(1);
        self.found.push((command, effect));
    }

    pub(super) fn unknown(&mut self, why: impl Into<String>) {
        self.add(Effect::Unknown(why.into()));
    }

    /// Which variables of the environment must not reach the command.
    pub(super) fn needs(&self) -> Needs {
        let others = |effect: &Effect| {
            matches!(
                effect,
                Effect::Project { .. }
                    | Effect::Install
                    | Effect::AllowedByUser(_)
                    | Effect::Remote(_)
                    | Effect::PushOwn
            )
        };
        match self.found.iter().any(|(_, effect)| others(effect)) {
            true => Needs::Meaning,
            false => Needs::NoPrograms,
        }
    }

    /// From here on links may lead elsewhere than they do now.
    pub(super) fn set_stale(&mut self) {
        self.stale_from.get_or_insert(self.found.len());
    }

    /// Can what was found so far have made a folder?
    pub(super) fn changes(&self) -> bool {
        let keeps = |effect: &Effect| {
            matches!(
                effect,
                Effect::Read(_) | Effect::Git(_) | Effect::Verb(_) | Effect::Shows(_) | Effect::Index
            )
        };
        !self.found.iter().all(|(_, effect)| keeps(effect))
    }

    /// Does what was found so far make a file whose name is an option, or several words, to who finds it later?
    pub(super) fn makes_strange_names(&self, root: Option<&Path>) -> bool {
        let strange = |name: &str| {
            name.starts_with(['-', '+'])
                || name.contains(|c: char| c.is_whitespace() || "'\"\\=:{}".contains(c))
        };
        self.found.iter().any(|(_, effect)| match effect {
            Effect::Write(path) | Effect::MakeFolder(path) => {
                let inner = root.and_then(|root| path.strip_prefix(root).ok()).unwrap_or(path);
                inner.iter().any(|part| part.to_str().is_none_or(strange))
            }
            _ => false,
        })
    }

    /// Does what was found so far change what git ignores?
    pub(super) fn changes_ignores(&self) -> bool {
        self.found.iter().any(|(_, effect)| effect.changes_ignores())
    }

    /// The simple commands in order, each with what it does.
    pub fn by_command(&self) -> impl Iterator<Item = (&str, impl Iterator<Item = &Effect>)> {
        self.commands.iter().enumerate().map(|(number, command)| {
            let own = self.found.iter().filter(move |(of, _)| *of == number);
            (command.as_str(), own.map(|(_, effect)| effect))
        })
    }
}

impl std::fmt::Display for Effect {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Read(path) => write!(f, "reads {}", path.display()),
            Self::Write(path) => write!(f, "writes {}", path.display()),
            Self::MakeFolder(path) => write!(f, "makes the folder {}", path.display()),
            Self::Remove(path) => write!(f, "removes {}", path.display()),
            Self::RemoveTree(path) => write!(f, "removes {} with everything in it", path.display()),
            Self::Project { program, folder, .. } => {
                write!(f, "runs the project's code by `{program}` in {}", folder.display())
            }
            Self::Git(folder) => write!(f, "runs git in {}", folder.display()),
            Self::Rewrite(path) => write!(f, "changes files at {}", path.display()),
            Self::Shows(path) => write!(f, "prints what git has of {}", path.display()),
            Self::Index => write!(f, "changes what the next commit takes in"),
            Self::OwnBranch => write!(f, "moves the worktree's own branch"),
            Self::Remote(name) => write!(f, "talks to the remote `{name}`"),
            Self::PushOwn => write!(f, "pushes the worktree's own branch"),
            Self::Install => write!(f, "installs what the project names"),
            Self::Verb(verb) => write!(f, "runs `{verb}`"),
            Self::AllowedByUser(rule) => write!(f, "is allowed by the user's rule `{rule}`"),
            Self::Forbidden { what, .. } => write!(f, "{what}"),
            Self::Unknown(why) => write!(f, "unknown: {why}"),
        }
    }
}
