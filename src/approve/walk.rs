//! Goes through a command as a shell would and collects what it can do.
//!
//! In: a syntax tree, a current directory, facts. Out: effects. A command that can be reached in several
//! directories (`cd a; b`) is looked at in all of them.

use std::path::Path;

use super::argument::{Arg, evaluate};
use super::call::{Call, Input};
use super::effect::{Effect, Effects};
use super::facts::Facts;
use super::rules::Rules;
use super::state::{Flow, State, Value, join};
use super::syntax::{Node, Redirect, Simple};
use super::territory::Territory;
use super::word::{Piece, Word};
use super::{Scene, builtins, glob, programs, variables};

/// More simple commands than these are not followed; loops count each turn.
const MOST_COMMANDS: usize = 128;
/// More parts, words and values than these, together, are not followed.
const MOST_STEPS: usize = 6000;

pub(super) struct Walk<'a> {
    pub(super) facts: &'a dyn Facts,
    pub(super) territory: &'a Territory,
    rules: &'a Rules,
    pub(super) effects: Effects,
    steps: usize,
    /// Which effects are what a redirection or `tee` writes while the command goes on reading.
    pub(super) outputs: Vec<usize>,
}

/// What stands on a command's standard input.
#[derive(Clone)]
pub(super) struct Feed {
    input: Input,
    pub(super) fed: bool,
}

const NOTHING: Feed = Feed { input: Input::Text, fed: false };

impl<'a> Walk<'a> {
    /// The effects of a whole command, started in `cwd`.
    pub(super) fn effects(node: &Node, cwd: &Path, scene: Scene<'a>) -> Effects {
        let Scene { facts, territory, rules } = scene;
        let mut walk =
            Self { facts, territory, rules, effects: Effects::default(), steps: 0, outputs: Vec::new() };
        match State::at(cwd, facts) {
            Some(state) => drop(walk.node(node, state, &NOTHING)),
            None => walk.effects.unknown("the current directory cannot be told"),
        }
        walk.effects
    }

    pub(super) fn node(&mut self, node: &Node, state: State, feed: &Feed) -> Flow {
        self.steps += 1;
        if state.too_many() || self.effects.commands.len() > MOST_COMMANDS || self.steps > MOST_STEPS {
            self.effects.unknown("the command has too many parts");
            return Flow { ok: None, failed: None };
        }
        match node {
            Node::Empty => Flow { ok: Some(state), failed: None },
            Node::Simple(simple) => {
                let before = self.effects.found.len();
                let flow = self.simple(simple, state, feed);
                self.fed_back(before, None);
                flow
            }
            Node::Test(files) => {
                for file in files {
                    for cwd in &state.cwds {
                        self.effects.add(Effect::Read(cwd.real.join(file)));
                    }
                }
                Flow::either(state)
            }
            Node::Not(inner) => {
                let flow = self.node(inner, state, feed);
                Flow { ok: flow.failed, failed: flow.ok }
            }
            Node::And(left, right) => {
                let left = self.node(left, state, feed);
                let right = self.optional(right, left.ok, feed);
                Flow { ok: right.ok, failed: join(left.failed, right.failed) }
            }
            Node::Or(left, right) => {
                let left = self.node(left, state, feed);
                let right = self.optional(right, left.failed, feed);
                Flow { ok: join(left.ok, right.ok), failed: right.failed }
            }
            Node::Sequence(nodes) => {
                let mut flow = Flow { ok: Some(state), failed: None };
                for node in nodes {
                    let next = flow.after();
                    flow = self.optional(node, next, feed);
                }
                flow
            }
            Node::Group { .. } | Node::If { .. } | Node::For { .. } | Node::While { .. } => {
                self.compound(node, state, feed)
            }
            Node::Pipe(nodes) => {
                let before = self.effects.found.len();
                let flow = self.pipe(nodes, state, feed);
                self.fed_back(before, None);
                flow
            }
        }
    }

    /// A construct with redirections of its own, which hold for everything in it.
    fn compound(&mut self, node: &Node, state: State, feed: &Feed) -> Flow {
        let before = self.effects.found.len();
        self.redirects(redirects_of(node), &state);
        let own = self.effects.found.len();
        let before_it = state.clone();
        let opens = redirects_of(node).iter().any(opens);
        let flow = match node {
            Node::Group { body, redirects, subshell } => {
                let flow = self.node(body, state.clone(), &fed(feed, redirects));
                match subshell {
                    true => Flow::either(state),
                    false => flow,
                }
            }
            Node::If { condition, then, otherwise, redirects } => {
                let feed = &fed(feed, redirects);
                let flow = self.node(condition, state, feed);
                let then = self.optional(then, flow.ok, feed);
                let otherwise = match otherwise {
                    Some(node) => self.optional(node, flow.failed, feed),
                    None => Flow { ok: flow.failed, failed: None },
                };
                Flow { ok: join(then.ok, otherwise.ok), failed: join(then.failed, otherwise.failed) }
            }
            Node::For { name, words, body, redirects } => {
                self.for_loop(name, words, body, state, &fed(feed, redirects))
            }
            Node::While { condition, body, redirects } => {
                self.while_loop(condition, body, state, &fed(feed, redirects))
            }
            _ => Flow::either(state),
        };
        self.fed_back(before, Some(own));
        if opens { may_not_run(flow, before_it) } else { flow }
    }

    fn optional(&mut self, node: &Node, state: Option<State>, feed: &Feed) -> Flow {
        match state {
            Some(state) => self.node(node, state, feed),
            // A part that is never reached is looked at all the same, in no directory it could harm: what
            // looks unreachable here may not be (`exit` in a subshell of a shell that is not modelled).
            None => {
                self.effects.unknown("a part of the command behind `exit` is not followed");
                Flow { ok: None, failed: None }
            }
        }
    }

    fn pipe(&mut self, nodes: &[Node], state: State, feed: &Feed) -> Flow {
        let mut feed = feed.clone();
        let mut last = None;
        for node in nodes {
            let before = self.effects.commands.len();
            let flow = self.node(node, state.clone(), &feed);
            // The last part of a pipe changes the shell itself in zsh, and no part does in bash.
            last = flow.after();
            if last.as_ref().is_some_and(|after| after.cwds != state.cwds) {
                self.effects.unknown("`cd` in a pipe is not followed");
            }
            let input = match node {
                // Messages would stand among the names.
                Node::Simple(simple) if quiet(&simple.redirects) => programs::output(&self.effects, before),
                _ => Input::Text,
            };
            feed = Feed { input, fed: true };
        }
        Flow::either(match last {
            Some(last) => state.merge(last),
            None => state,
        })
    }

    pub(super) fn argument(&mut self, word: &Word, state: &State) -> Option<Arg> {
        self.substitutions(word, state);
        let word = &self.tell(word, state);
        let facts = self.facts;
        let root = self.territory.own.as_ref().map(|own| own.root.as_path());
        let effects = &self.effects;
        let expand = |pattern: &str| {
            if effects.makes_strange_names(root) {
                return None;
            }
            let mut all = Vec::new();
            for cwd in &state.cwds {
                all.extend(glob::expand(pattern, &cwd.real, facts)?);
            }
            all.dedup();
            Some(all)
        };
        if self.steps > MOST_STEPS {
            self.effects.unknown("the command has too many parts");
            return None;
        }
        match evaluate(word, state, &expand) {
            Ok(arg) => {
                self.steps += 1 + arg.texts().map_or(0, <[String]>::len);
                Some(arg)
            }
            Err(why) => {
                self.effects.unknown(why);
                None
            }
        }
    }

    /// Commands in a word run before the command the word belongs to, in a shell of their own.
    fn substitutions(&mut self, word: &Word, state: &State) {
        for piece in &word.pieces {
            if let Piece::Command { node, .. } = piece {
                self.node(node, state.clone(), &NOTHING);
            }
        }
    }

    fn simple(&mut self, simple: &Simple, mut state: State, feed: &Feed) -> Flow {
        if simple.words.is_empty() {
            for (name, word) in &simple.assignments {
                if let Err(why) = variables::settable(name, self.facts) {
                    self.effects.unknown(why);
                }
                // zsh calculates the value of `COLUMNS` and its kin.
                if !variables::is_given(name, word) {
                    self.effects.unknown(format!("the value of `{name}` may be calculated"));
                }
                let value = match self.argument(word, &state) {
                    Some(Arg::Text(text)) => Value::OneOf(vec![text]),
                    Some(Arg::OneOf(texts)) => Value::OneOf(texts),
                    // No pattern is expanded in an assignment, but where the value is used it may be.
                    Some(Arg::Opaque(_) | Arg::Words) => Value::Opaque,
                    Some(Arg::Many(_) | Arg::Unmatched(_)) => {
                        self.effects.unknown("a pattern in an assignment is not followed");
                        Value::Opaque
                    }
                    None => Value::Opaque,
                };
                state.variables.insert(name.clone(), value);
            }
            // Shells do not agree which of the two comes first.
            if !simple.assignments.is_empty() && simple.redirects.iter().any(opens) {
                self.effects.unknown("an assignment with a redirection is not followed");
            }
            self.effects.nameless |= !simple.redirects.is_empty();
            self.redirects(&simple.redirects, &state);
            return Flow::either(state);
        }
        let mut args = Vec::new();
        for word in &simple.words {
            match self.argument(word, &state) {
                Some(arg) => args.push(arg),
                None => return Flow::either(state),
            }
        }
        self.announce(simple, &args);
        for (name, word) in &simple.assignments {
            let value = self.argument(word, &state);
            let known = matches!(value, Some(Arg::Text(_) | Arg::OneOf(_)));
            let quiet =
                value.as_ref().and_then(Arg::text).is_some_and(|text| variables::is_quiet(name, text));
            // `IFS= read -r line`: whole lines, for this one command.
            let lines = name == "IFS"
                && value.as_ref().and_then(Arg::text) == Some("")
                && args.first().and_then(Arg::text) == Some("read");
            if !(quiet || lines || known && variables::is_harmless(name)) {
                self.effects.unknown(format!("the variable `{name}` may change what the program does"));
            }
        }
        self.redirects(&simple.redirects, &state);
        let feed = &fed(feed, &simple.redirects);
        let Some((Arg::Text(program), args)) = args.split_first() else {
            self.effects.unknown("which program runs is not known");
            return Flow::either(state);
        };
        // `command ls` and `builtin cd` are what they name.
        if let Some(flow) = builtins::run(self, program, args, &state) {
            return if simple.redirects.iter().any(opens) { may_not_run(flow, state) } else { flow };
        }
        self.run(program, args, &state, feed);
        Flow::either(state)
    }

    /// A program behind `command`.
    pub(super) fn program(&mut self, program: &str, args: &[Arg], state: &State) {
        self.run(program, args, state, &NOTHING);
    }

    fn run(&mut self, program: &str, args: &[Arg], state: &State, feed: &Feed) {
        let before = self.effects.found.len();
        let mut call = Call {
            program,
            args,
            state,
            facts: self.facts,
            territory: self.territory,
            effects: &mut self.effects,
            input: feed.input.clone(),
            fed: feed.fed,
        };
        programs::run(&mut call);
        self.allow_by_rule(program, args, state, before);
        if program == "tee" {
            self.outputs.extend(before..self.effects.found.len());
        }
    }

    /// A rule of the person's own files counts as the proof of a simple command in the worktree, its
    /// redirections and variables apart. What an agent must never do stays forbidden.
    fn allow_by_rule(&mut self, program: &str, args: &[Arg], state: &State, before: usize) {
        let Some(own) = &self.territory.own else { return };
        let known: Option<Vec<&str>> = args.iter().map(Arg::text).collect();
        let inside = own.running && state.cwds.iter().all(|cwd| cwd.real.starts_with(&own.root));
        let added = &self.effects.found[before..];
        let unknown = added.iter().any(|(_, effect)| matches!(effect, Effect::Unknown(_)));
        let forbidden = added.iter().any(|(_, effect)| matches!(effect, Effect::Forbidden { .. }));
        let (Some(known), true, true, false) = (known, inside, unknown, forbidden) else { return };
        // A rule is compared with text, in which a word with a blank or a sign would be more than one word.
        let sign = |c: char| c.is_whitespace() || "'\"\\$`;&|<>()".contains(c);
        if known.iter().chain([&program]).any(|word| word.is_empty() || word.contains(sign)) {
            return;
        }
        let command = [&[program], &known[..]].concat().join(" ");
        if let Some(rule) = self.rules.allowance(&command) {
            let rule = rule.to_owned();
            self.effects.found.truncate(before);
            self.effects.add(Effect::AllowedByUser(rule));
        }
    }

    fn announce(&mut self, simple: &Simple, args: &[Arg]) {
        let taken = args.iter().map(Arg::show).collect::<Vec<_>>().join(" ");
        let mut spellings = vec![taken.clone()];
        if simple.source != taken {
            spellings.push(simple.source.clone());
        }
        spellings.extend(super::spellings::others(&args.iter().map(Arg::show).collect::<Vec<_>>()));
        self.effects.prints = None;
        self.effects.commands.push(taken);
        self.effects.spellings.push(spellings);
    }
}

fn redirects_of(node: &Node) -> &[Redirect] {
    match node {
        Node::Group { redirects, .. }
        | Node::If { redirects, .. }
        | Node::For { redirects, .. }
        | Node::While { redirects, .. } => redirects,
        _ => &[],
    }
}

/// Can it fail, as a file does that cannot be opened, and `>&9`? Then what it belongs to does not run.
fn opens(redirect: &Redirect) -> bool {
    !matches!(redirect, Redirect::Heredoc(_) | Redirect::Text(_))
}

fn may_not_run(flow: Flow, before: State) -> Flow {
    Flow { ok: flow.ok, failed: join(flow.failed, Some(before)) }
}

/// Is nothing redirected, but messages to nowhere?
fn quiet(redirects: &[Redirect]) -> bool {
    redirects
        .iter()
        .all(|redirect| matches!(redirect, Redirect::Write(word) if word.plain() == Some("/dev/null")))
}

fn fed(feed: &Feed, redirects: &[Redirect]) -> Feed {
    let input = |redirect: &Redirect| {
        matches!(redirect, Redirect::Read(_) | Redirect::Text(_) | Redirect::Heredoc(_))
    };
    match redirects.iter().any(input) {
        true => Feed { input: Input::Text, fed: true },
        false => feed.clone(),
    }
}
