//! Decides what a tool call may do. Pure: text and facts in, a decision out.
//!
//! Text, limits, syntax, walk, effects, proof, decision: the files in the order in which they are used.
//!
//! Closed world: a construct, program or option that is not listed makes an effect unknown, and unknown is
//! never allowed. `Effects` are collected, a `Proof` is made from them, and only a `Proof` allows.

// What a tool takes for a name's ending is compared as the tool does it, by case.
#![allow(clippy::case_sensitive_file_extension_comparisons)]

mod agents;
mod argument;
mod budget;
mod builtins;
mod call;
mod condition;
mod declared;
mod effect;
mod environment;
mod facts;
mod fields;
mod files;
mod glob;
mod limits;
mod loops;
mod obeyed;
mod options;
mod own_calls;
mod places;
mod programs;
mod proof;
mod reach;
mod redact;
mod rules;
mod spellings;
mod state;
mod streams;
mod syntax;
mod territory;
mod variables;
mod verbs;
mod walk;
mod word;
mod words;

use std::path::{Path, PathBuf};

pub use agents::{launch, message};
pub use effect::{Effect, Effects};
pub use environment::is_harmless_setting;
pub use facts::{Facts, Kind};
pub use fields::unknown_field;
pub use files::file_tool;
pub use options::table_fault;
pub use proof::{Proof, Refusal};
pub use redact::redact;
pub use rules::{Rules, Source};
pub use territory::{Own, Territory};
pub use verbs::{Caller, Tabled, allows, needs_grant, started_task, table, verb};
pub use words::argument_lists;

/// The answer to one tool call.
#[derive(Clone, Debug)]
pub enum Decision {
    /// Every effect is proven.
    Allow(Proof),
    /// An agent must not do this; the reason says what to do instead.
    Deny(String),
    /// The normal permission flow decides; why nothing is said.
    Nothing(String),
}

impl Decision {
    /// `allow`, `deny`, `none`.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Allow(_) => "allow",
            Self::Deny(_) => "deny",
            Self::Nothing(_) => "none",
        }
    }

    /// Why, in one line.
    pub fn reason(&self) -> &str {
        match self {
            Self::Allow(proof) => proof.reason(),
            Self::Deny(reason) | Self::Nothing(reason) => reason,
        }
    }
}

impl From<Result<Proof, Refusal>> for Decision {
    fn from(result: Result<Proof, Refusal>) -> Self {
        match result {
            Ok(proof) => Self::Allow(proof),
            Err(Refusal::Deny(reason)) => Self::Deny(reason),
            Err(Refusal::Nothing(reason)) => Self::Nothing(reason),
        }
    }
}

/// Everything a decision is made in.
#[derive(Clone, Copy)]
pub struct Scene<'a> {
    /// What the caller owns.
    pub territory: &'a Territory,
    /// The person's own rules.
    pub rules: &'a Rules,
    /// The world.
    pub facts: &'a dyn Facts,
}

/// A decision with what it was made from.
#[derive(Clone, Debug)]
pub struct Judged {
    /// What the command can do; none if it could not be read.
    pub effects: Option<Effects>,
    /// The answer.
    pub decision: Decision,
}

/// Of a thread that reads a command: the parser calls itself for what is nested, up to a depth of its own.
const STACK: usize = 64 << 20;

/// Judges a shell command that is started in `cwd`.
pub fn shell(command: &str, cwd: &Path, scene: Scene<'_>) -> Judged {
    if let Err(why) = limits::check(command) {
        return Judged { effects: None, decision: Decision::Nothing(why) };
    }
    on_large_stack(|| read(command, cwd, scene)).unwrap_or_else(|| Judged {
        effects: None,
        decision: Decision::Nothing("no thread can be started".to_owned()),
    })
}

/// Runs what reads a command; `None` if no thread can be started.
fn on_large_stack<T: Send>(work: impl FnOnce() -> T + Send) -> Option<T> {
    // Running out of stack would end the whole process; this much is only reserved.
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().stack_size(STACK).spawn_scoped(scope, work).ok()?;
        Some(thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
    })
}

/// Every file or folder that a command is known to make, change or remove.
pub fn changed_paths(command: &str, cwd: &Path, scene: Scene<'_>) -> Vec<PathBuf> {
    let read = || {
        let node = limits::check(command).and_then(|()| syntax::parse(command)).ok()?;
        let facts = budget::Budget::new(scene.facts);
        let effects = walk::Walk::effects(&node, cwd, Scene { facts: &facts, ..scene });
        let paths = effects.found.into_iter().filter_map(|(_, effect)| match effect {
            Effect::Write(path)
            | Effect::MakeFolder(path)
            | Effect::Remove(path)
            | Effect::RemoveTree(path)
            | Effect::Rewrite(path) => facts.real(&path).or(Some(path)),
            _ => None,
        });
        Some(paths.collect())
    };
    on_large_stack(read).flatten().unwrap_or_default()
}

/// The calls of `ctx` that a command spells out and that need a grant, each as its arguments.
pub fn calls_to_grant(command: &str) -> Vec<Vec<String>> {
    if !command.contains("ctx") {
        return Vec::new();
    }
    let mut calls = on_large_stack(|| own_calls::read(command)).unwrap_or_default();
    calls.retain(|call| needs_grant(&call.iter().map(String::as_str).collect::<Vec<_>>()));
    calls
}

fn read(command: &str, cwd: &Path, scene: Scene<'_>) -> Judged {
    let node = match syntax::parse(command) {
        Ok(node) => node,
        Err(why) => return Judged { effects: None, decision: Decision::Nothing(why) },
    };
    // It bounds itself.
    let reach = reach::Reach::new(scene.territory, scene.facts);
    let facts = budget::Budget::new(scene.facts);
    let scene = Scene { facts: &facts, ..scene };
    let mut effects = walk::Walk::effects(&node, cwd, scene);
    if let Some(word) = variables::exported(&effects.commands) {
        let why = format!("`export {word}`: the value may become part of a command");
        effects.unknown(why);
    }
    let judge = proof::Judge { territory: scene.territory, facts: &facts };
    let proven = judge.prove(&effects).and_then(|proof| {
        if facts.is_spent() {
            return Err(Refusal::Nothing("it concerns too many files to look at".to_owned()));
        }
        if let Some(why) = scene.rules.broken() {
            return Err(Refusal::Nothing(why.to_owned()));
        }
        // A match of the person's rules takes the answer back, inside groups and loops too: client 2.1.197
        // forgets them there once a hook has allowed.
        match scene.rules.objection(command, &effects, &reach) {
            Some(rule) => Err(Refusal::Nothing(format!("the rule `{rule}` leaves it to the person"))),
            None => Ok(proof),
        }
    });
    Judged { effects: Some(effects), decision: proven.into() }
}

/// What is taken for the list of simple commands, for comparison with another parser: of each the words as they
/// are written, and the numbers of its assignments and redirections.
pub fn simple_commands(command: &str) -> Result<Vec<(String, usize, usize)>, String> {
    limits::check(command)?;
    let node = syntax::parse(command)?;
    let mut found = Vec::new();
    node.simples(&mut found);
    let shown =
        |simple: &&syntax::Simple| (simple.source.clone(), simple.assignments.len(), simple.redirects.len());
    Ok(found.iter().map(shown).collect())
}

/// Does the command begin with going to a folder?
pub fn begins_with_cd(command: &str) -> bool {
    let trimmed = command.trim_start_matches([' ', '\t', '\n', '(', '{']);
    trimmed.strip_prefix("cd").is_some_and(|rest| rest.starts_with([' ', '\t']))
}

/// Where the command's leading `cd` goes, if that is told by its text.
pub fn first_cd(command: &str) -> Option<String> {
    let rest = command.trim_start().strip_prefix("cd ")?.trim_start();
    let mut chars = rest.chars();
    match chars.next()? {
        quote @ ('\'' | '"') => chars.as_str().split(quote).next().map(str::to_owned),
        _ => rest.split([' ', ';', '&', '|', '\n']).next().map(str::to_owned),
    }
}
