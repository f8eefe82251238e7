//! What a shell knows at one point of a command: where it is, and what its variables hold.

use std::collections::BTreeMap;
use std::path::{Component, Path, PathBuf};

use super::facts::Facts;

/// A current directory: what the shell believes, and where it really is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Cwd {
    pub(super) logical: PathBuf,
    pub(super) real: PathBuf,
}

/// What a variable holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Value {
    /// One of these texts.
    OneOf(Vec<String>),
    /// Text that is not known.
    Opaque,
}

/// At one point; where several ways lead there, all of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct State {
    pub(super) cwds: Vec<Cwd>,
    pub(super) variables: BTreeMap<String, Value>,
}

/// After a command: as it is if the command succeeded, and if it failed; none where that cannot be.
#[derive(Clone, Debug)]
pub(super) struct Flow {
    pub(super) ok: Option<State>,
    pub(super) failed: Option<State>,
}

/// More possible directories than these are not followed.
const MOST_CWDS: usize = 4;
/// A variable that two ways give more values than these is not known.
const MOST_VALUES: usize = 128;

impl State {
    pub(super) fn at(cwd: &Path, facts: &dyn Facts) -> Option<Self> {
        let real = facts.real(cwd)?;
        let cwd = Cwd { logical: lexical(cwd)?, real };
        Some(Self { cwds: vec![cwd], variables: BTreeMap::new() })
    }

    /// Both may be the case; none if that is too much to follow.
    pub(super) fn merge(mut self, other: Self) -> Self {
        for cwd in other.cwds {
            if !self.cwds.contains(&cwd) {
                self.cwds.push(cwd);
            }
        }
        // A variable that is set on one way only may hold anything the environment gave it.
        self.variables.retain(|name, _| other.variables.contains_key(name));
        for (name, value) in other.variables {
            let Some(mine) = self.variables.get_mut(&name) else { continue };
            match (mine, value) {
                (Value::OneOf(mine), Value::OneOf(more)) if *mine == more => {}
                (Value::OneOf(mine), Value::OneOf(more)) if mine.len() + more.len() <= MOST_VALUES => {
                    for text in more {
                        if !mine.contains(&text) {
                            mine.push(text);
                        }
                    }
                }
                (mine, _) => *mine = Value::Opaque,
            }
        }
        self
    }

    /// Are there so many ways that they are not followed?
    pub(super) fn too_many(&self) -> bool {
        self.cwds.len() > MOST_CWDS
    }

    /// `cd TARGET`, as a shell does it: by the text of its own path. None where that is not the folder
    /// that the system would go to, or where it cannot be told.
    pub(super) fn cd(&self, target: &str, facts: &dyn Facts) -> Option<Self> {
        let mut cwds = Vec::new();
        for cwd in &self.cwds {
            let logical = lexical(&cwd.logical.join(target))?;
            let real = facts.real(&logical)?;
            // `cd link/..`: the shell goes back by its text, a program by the file system.
            if facts.real(&cwd.real.join(target))? != real {
                return None;
            }
            let next = Cwd { logical, real };
            if !cwds.contains(&next) {
                cwds.push(next);
            }
        }
        Some(Self { cwds, variables: self.variables.clone() })
    }
}

impl Flow {
    /// It may succeed and it may fail, and changes nothing.
    pub(super) fn either(state: State) -> Self {
        Self { ok: Some(state.clone()), failed: Some(state) }
    }

    /// What is the case after it, however it ended.
    pub(super) fn after(self) -> Option<State> {
        join(self.ok, self.failed)
    }
}

/// One of the two is the case.
pub(super) fn join(a: Option<State>, b: Option<State>) -> Option<State> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a.merge(b)),
        (a, b) => a.or(b),
    }
}

/// Takes `.` and `..` out of an absolute path by its text.
pub(super) fn lexical(path: &Path) -> Option<PathBuf> {
    let mut out = PathBuf::new();
    for part in path.components() {
        match part {
            Component::ParentDir => drop(out.pop()),
            Component::CurDir => {}
            part => out.push(part),
        }
    }
    out.is_absolute().then_some(out)
}
