//! Whether every effect of a command lies inside what the caller owns.
//!
//! In: effects, a territory, facts. Out: a `Proof`, which is all that can allow, or the first effect that has
//! none. Only this file makes a `Proof`.

use std::path::{Path, PathBuf};

use super::effect::{Effect, Effects};
use super::environment::{self, Needs};
use super::facts::{Facts, Kind};
use super::territory::{Own, Territory};
use super::{declared, places};

/// Every effect is known and inside. Cannot be made elsewhere.
#[derive(Clone, Debug)]
pub struct Proof {
    reason: String,
    needs: Needs,
    nameless: bool,
    /// One line an effect, for `ctx approve explain`.
    pub lines: Vec<String>,
}

impl Proof {
    /// For a call that is known as a whole: one of `ctx`'s verbs, the start of an agent.
    pub(super) fn known(reason: &str) -> Self {
        Self { reason: reason.to_owned(), needs: Needs::Meaning, nameless: false, lines: Vec::new() }
    }

    /// Why it is allowed, in one line.
    pub fn reason(&self) -> &str {
        &self.reason
    }

    /// What a shell command needs in front of it, so that it holds whatever the environment brings.
    pub fn prelude(&self) -> String {
        environment::prelude(self.needs, self.nameless)
    }
}

/// Why there is no proof.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// An agent must never do this; the reason says what to do instead.
    Deny(String),
    /// Not proven; the normal flow decides.
    Nothing(String),
}

impl Refusal {
    /// In one line.
    pub fn reason(&self) -> &str {
        match self {
            Self::Deny(reason) | Self::Nothing(reason) => reason,
        }
    }
}

pub(super) fn deny<T>(reason: impl Into<String>) -> Result<T, Refusal> {
    Err(Refusal::Deny(reason.into()))
}

pub(super) fn nothing<T>(reason: impl Into<String>) -> Result<T, Refusal> {
    Err(Refusal::Nothing(reason.into()))
}

/// Judges one effect after the other.
pub(super) struct Judge<'a> {
    pub(super) territory: &'a Territory,
    pub(super) facts: &'a dyn Facts,
}

impl Judge<'_> {
    /// The proof for all effects; a denial counts before a doubt, so that the agent learns what to do.
    pub(super) fn prove(&self, effects: &Effects) -> Result<Proof, Refusal> {
        let mut lines = Vec::new();
        let mut doubt = None;
        let (mut over, mut ignores_change) = (false, false);
        for (index, (_, effect)) in effects.found.iter().enumerate() {
            let stale = effects.stale_from.is_some_and(|from| index >= from);
            if over && effect.changes() {
                return deny("nothing changes behind `ctx task submit` or `ctx task block`; do it before");
            }
            over |= effect.ends_task();
            let ignores = matches!(effect, Effect::RemoveTree(_)) && ignores_change;
            ignores_change |= effect.changes_ignores();
            if ignores {
                doubt.get_or_insert("what git ignores changes before".to_owned());
            }
            match self.judge(effect, stale) {
                Ok(()) => lines.push(effect.to_string()),
                Err(Refusal::Deny(reason)) => return deny(reason),
                Err(Refusal::Nothing(reason)) => drop(doubt.get_or_insert(reason)),
            }
        }
        match doubt {
            Some(reason) => nothing(reason),
            None => Ok(Proof {
                reason: self.reason(effects),
                needs: effects.needs(),
                nameless: effects.nameless,
                lines,
            }),
        }
    }

    fn reason(&self, effects: &Effects) -> String {
        let only_reads = effects
            .found
            .iter()
            .all(|(_, effect)| matches!(effect, Effect::Read(_) | Effect::Git(_) | Effect::Shows(_)));
        match (
            &self.territory.own,
            effects.found.iter().find(|(_, effect)| matches!(effect, Effect::Verb(_))),
        ) {
            (None, Some(_)) => "one of ctx's own verbs".to_owned(),
            (Some(own), _) if only_reads => format!("only reads, for `{}`", own.task),
            (Some(own), _) => format!("every effect stays in the worktree and branch of `{}`", own.task),
            (None, None) => "only reads".to_owned(),
        }
    }

    fn own(&self) -> Result<&Own, Refusal> {
        match &self.territory.own {
            Some(own) => Ok(own),
            None => nothing("the caller has no worktree"),
        }
    }

    fn judge(&self, effect: &Effect, stale: bool) -> Result<(), Refusal> {
        match effect {
            Effect::Unknown(why) => nothing(why),
            Effect::Forbidden { what, instead } => deny(format!("{what}; {instead}")),
            Effect::Verb(_) | Effect::AllowedByUser(_) => Ok(()),
            Effect::Read(path) if stale => self.read_later(path),
            Effect::Read(path) => self.read(path),
            Effect::Write(path) => self.write(path, stale),
            Effect::MakeFolder(path) => self.make_folder(path, stale),
            Effect::Remove(path) => self.remove(path, stale),
            Effect::RemoveTree(path) => self.remove_tree(path, stale),
            Effect::Project { program, folder, manifests } => self.project(program, folder, manifests),
            Effect::Git(folder) => self.git(folder, stale),
            Effect::Install => self.running("installing"),
            Effect::OwnBranch | Effect::PushOwn => self.own_branch(),
            Effect::Index => self.own()?.may_change(),
            Effect::Rewrite(path) => self.rewrite(path),
            // Said beside an effect that is judged.
            Effect::Shows(_) => Ok(()),
            Effect::Remote(name) => {
                let own = self.own()?;
                match *name == own.remote {
                    true => Ok(()),
                    false => nothing(format!("`{name}` is not the plan's remote")),
                }
            }
        }
    }

    /// Reading is free in the repository, keys and credentials excepted.
    pub(super) fn read(&self, path: &Path) -> Result<(), Refusal> {
        if path == Path::new("/dev/null") {
            return Ok(());
        }
        let Some(real) = self.facts.real(path) else {
            return nothing(format!("where `{}` leads is not known", path.display()));
        };
        if places::is_secret(path) || places::is_secret(&real) {
            return nothing(format!("`{}` may hold keys or credentials", path.display()));
        }
        let own = self.territory.own.as_ref().is_some_and(|own| real.starts_with(&own.root));
        let repository = &self.territory.repository;
        let inside = own || !repository.as_os_str().is_empty() && real.starts_with(repository);
        let git = real.starts_with(&self.territory.common_dir)
            || real.components().any(|part| part.as_os_str().eq_ignore_ascii_case(".git"));
        match (inside, git) {
            (false, _) => nothing(format!("`{}` lies outside the repository", path.display())),
            // The configuration may hold passwords; git itself tells what an agent may know.
            (true, true) => nothing(format!("`{}` belongs to git", path.display())),
            (true, false) => Ok(()),
        }
    }

    /// What an earlier command may have replaced by a link is not known, except the worktree itself.
    fn read_later(&self, path: &Path) -> Result<(), Refusal> {
        let root = self.territory.own.as_ref().map(|own| &own.root);
        match root.is_some() && self.facts.real(path).as_ref() == root || path == Path::new("/dev/null") {
            true => Ok(()),
            false => nothing(format!("where `{}` leads may change before it is read", path.display())),
        }
    }

    /// The path relative to the worktree, which may be changed there. The last link is followed.
    fn writable(&self, path: &Path, stale: bool) -> Result<(PathBuf, PathBuf), Refusal> {
        let own = self.own()?;
        own.may_change()?;
        if stale {
            return nothing(format!("where `{}` leads may change before it is written", path.display()));
        }
        let Some(real) = self.facts.real(path) else {
            return nothing(format!("where `{}` leads is not known", path.display()));
        };
        if let Some(name) = places::never_written(&real).filter(|_| !real.starts_with(&own.root)) {
            return deny(format!("`{name}` is never written by an agent"));
        }
        let Ok(relative) = real.strip_prefix(&own.root) else { return self.outside(own, path, &real) };
        let relative = relative.to_owned();
        let by_text = path.strip_prefix(&own.root).unwrap_or(&relative);
        if let Some(name) = places::never_written(&relative).or_else(|| places::never_written(by_text)) {
            return deny(format!("`{name}` is never written by an agent"));
        }
        if self.territory.plugin.as_ref().is_some_and(|plugin| real.starts_with(plugin)) {
            return deny("the plugin itself is never written by an agent");
        }
        if relative.as_os_str().is_empty() {
            return nothing("it concerns the whole worktree");
        }
        declared::change(own, &relative)?;
        Ok((real, relative))
    }

    /// Writing elsewhere: in the repository it is denied with the path to write instead.
    fn outside<T>(&self, own: &Own, path: &Path, real: &Path) -> Result<T, Refusal> {
        let inner = real.strip_prefix(&self.territory.repository).ok();
        match inner {
            Some(inner) => {
                // Another task's worktree lies in the repository too; what is meant there is the same file here.
                let inner = inner
                    .strip_prefix(
                        own.root
                            .parent()
                            .and_then(|root| root.strip_prefix(&self.territory.repository).ok())
                            .unwrap_or(Path::new("\0")),
                    )
                    .ok()
                    .map_or(inner.to_owned(), |rest| rest.components().skip(1).collect());
                deny(format!(
                    "`{}` is outside your worktree; write `{}` instead",
                    path.display(),
                    own.root.join(inner).display()
                ))
            }
            None => deny(format!("`{}` is outside your worktree `{}`", path.display(), own.root.display())),
        }
    }

    pub(super) fn write(&self, path: &Path, stale: bool) -> Result<(), Refusal> {
        let (real, relative) = self.writable(path, stale)?;
        match self.facts.kind(&real) {
            // Another name of the same file may stand outside.
            Kind::File { names } if names > 1 => {
                nothing(format!("`{}` has another name elsewhere", relative.display()))
            }
            Kind::Missing | Kind::File { .. } | Kind::Folder => Ok(()),
            Kind::Link | Kind::Other => nothing(format!("`{}` is no regular file", relative.display())),
        }
    }

    fn make_folder(&self, path: &Path, stale: bool) -> Result<(), Refusal> {
        let own = self.own()?;
        // `mkdir -p .` and folders that are there already.
        own.may_change()?;
        if !stale && self.facts.real(path).is_some_and(|real| real == own.root) {
            return Ok(());
        }
        self.writable(path, stale).map(drop)
    }

    /// Removes the entry itself: the folder that holds it counts, and a last link is not followed.
    fn remove(&self, path: &Path, stale: bool) -> Result<(), Refusal> {
        let entry = self.entry(path)?;
        self.writable(&entry, stale).map(drop)
    }

    fn entry(&self, path: &Path) -> Result<PathBuf, Refusal> {
        let followed = path.as_os_str().to_string_lossy().ends_with('/');
        let found = match (path.parent(), path.file_name()) {
            (Some(parent), Some(name)) if !followed => {
                self.facts.real(parent).map(|parent| parent.join(name))
            }
            _ => self.facts.real(path),
        };
        let Some(entry) = found else {
            return nothing(format!("where `{}` leads is not known", path.display()));
        };
        // A link is judged by where it stands.
        if self.facts.kind(&entry) == Kind::Link {
            let own = self.own()?;
            return match entry.strip_prefix(&own.root) {
                Ok(_) => nothing(format!("`{}` is a link", entry.display())),
                Err(_) => self.outside(own, path, &entry),
            };
        }
        Ok(entry)
    }

    fn remove_tree(&self, path: &Path, stale: bool) -> Result<(), Refusal> {
        let entry = self.entry(path)?;
        let ((real, relative), own) = (self.writable(&entry, stale)?, self.own()?);
        match self.facts.kind(&real) {
            Kind::File { .. } => Ok(()),
            Kind::Folder | Kind::Missing if self.inner_repository(&real, own).is_some() => {
                nothing(format!("`{}` is or lies in a repository of its own", relative.display()))
            }
            // What is not there yet may be there, and be a link, when it is removed.
            Kind::Folder | Kind::Missing if self.facts.ignored(&real) => Ok(()),
            _ => nothing(format!("`{}` is not something that git ignores", relative.display())),
        }
    }

    fn running(&self, what: &str) -> Result<(), Refusal> {
        let own = self.own()?;
        match own.running {
            true => Ok(()),
            false => nothing(format!("{what} belongs to a task in progress, and `{}` is not", own.task)),
        }
    }

    /// The project's own code runs in the worktree of a task in progress, and only there.
    fn project(&self, program: &str, folder: &Path, manifests: &[&str]) -> Result<(), Refusal> {
        self.running(&format!("`{program}`"))?;
        let own = self.own()?;
        let Some(real) = self.facts.real(folder) else {
            return nothing(format!("where `{}` leads is not known", folder.display()));
        };
        let Ok(relative) = real.strip_prefix(&own.root) else {
            return nothing(format!(
                "`{program}` would work in `{}`, outside the worktree",
                folder.display()
            ));
        };
        if let Some(name) = places::never_written(relative) {
            return deny(format!("`{name}` is never written by an agent"));
        }
        if manifests.is_empty() {
            return declared::tool_target(own, relative);
        }
        // A worktree inside the main checkout without a manifest of its own: the program finds the outer one,
        // and works there.
        let found = real.ancestors().find(|folder| {
            manifests.iter().any(|manifest| self.facts.kind(&folder.join(manifest)) != Kind::Missing)
        });
        match found {
            Some(found) if !found.starts_with(&own.root) => {
                nothing(format!("`{program}` would work in `{}`, outside the worktree", found.display()))
            }
            _ => Ok(()),
        }
    }

    /// What a formatter gets is changed like any other file; what lies below a folder is not named.
    fn rewrite(&self, path: &Path) -> Result<(), Refusal> {
        let own = self.own()?;
        own.may_change()?;
        let Some(real) = self.facts.real(path) else {
            return nothing(format!("where `{}` leads is not known", path.display()));
        };
        let Ok(relative) = real.strip_prefix(&own.root) else { return self.outside(own, path, &real) };
        let several =
            self.facts.kind(&real) == Kind::Folder || relative.to_string_lossy().contains(['*', '?']);
        match several {
            false => declared::change(own, relative),
            true if own.files.strict => {
                nothing(format!("it may change more than the files that `{}` declares", own.task))
            }
            true => Ok(()),
        }
    }

    /// Git may run what its configuration names: nothing else than when the worktree was set up.
    fn git(&self, folder: &Path, stale: bool) -> Result<(), Refusal> {
        let own = self.own()?;
        let Some(real) = self.facts.real(folder) else {
            return nothing(format!("where `{}` leads is not known", folder.display()));
        };
        if !real.starts_with(&own.root) {
            return deny(format!("run git in your worktree: `cd '{}' && git …`", own.root.display()));
        }
        // An earlier command may put one there.
        let later = real != own.root && (stale || self.facts.kind(&real) == Kind::Missing);
        if let Some(inner) = self.inner_repository(&real, own).or(later.then_some(&*real)) {
            return nothing(format!("`{}` may be a repository of its own", inner.display()));
        }
        let there = |name: &str| self.facts.kind(&own.root.join(name)) != Kind::Missing;
        if there("HEAD") && !there(".git") {
            return nothing("the worktree has lost its `.git`");
        }
        self.facts.git_unchanged(&own.root).or_else(nothing)
    }

    /// What looks like a bare repository is one to git; `commondir` says where its other parts lie.
    fn inner_repository<'a>(&self, real: &'a Path, own: &Own) -> Option<&'a Path> {
        let has = |folder: &Path, name: &str| self.facts.kind(&folder.join(name)) != Kind::Missing;
        let mut below = real.ancestors().take_while(|folder| **folder != own.root);
        below.find(|folder| [".git", "HEAD", "commondir"].iter().any(|name| has(folder, name)))
    }

    fn own_branch(&self) -> Result<(), Refusal> {
        let own = self.own()?;
        own.may_change()?;
        match self.facts.branch(&own.root) {
            Some(branch) if branch == own.branch && branch != own.into => Ok(()),
            Some(branch) => deny(format!(
                "the worktree has `{branch}` checked out, not its own `{}`; block the task and say so",
                own.branch
            )),
            None => nothing("which branch is checked out is not known"),
        }
    }
}
