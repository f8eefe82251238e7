//! One program with its arguments, and what the tables of programs need to say what it does.

use std::path::PathBuf;

use super::argument::Arg;
use super::effect::{Effect, Effects, Names};
use super::facts::{Facts, Kind};
use super::options::{self, Parsed, Role, Style};
use super::state::State;
use super::territory::Territory;

/// What a program finds on its standard input.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Input {
    /// What the client gives, or a file or heredoc: text.
    Text,
    /// Names of files, and nothing else.
    Names(Names),
}

pub(super) struct Call<'a> {
    pub(super) program: &'a str,
    pub(super) args: &'a [Arg],
    pub(super) state: &'a State,
    pub(super) facts: &'a dyn Facts,
    pub(super) territory: &'a Territory,
    pub(super) effects: &'a mut Effects,
    pub(super) input: Input,
    /// Does anything stand on standard input (pipe, file, heredoc)?
    pub(super) fed: bool,
}

/// Programs that take `@FILE` for the arguments in a file, wherever it stands.
const RESPONSE_FILES: &[&str] = &[
    "ruff", "mypy", "ty", "dotnet", "pytest", "tsc", "pylint", "flake8", "coverage", "swift", "javac",
    "kotlinc", "strings",
];

impl Call<'_> {
    pub(super) fn unknown(&mut self, why: impl Into<String>) {
        let why = why.into();
        self.effects.unknown(format!("`{}`: {why}", self.program));
    }

    /// Reads the arguments by a table and adds what options say; none if one is not known.
    pub(super) fn parse(&mut self, table: &str) -> Option<Parsed> {
        self.parse_as(table, self.args, Style::Anywhere)
    }

    pub(super) fn parse_as(&mut self, table: &str, args: &[Arg], style: Style) -> Option<Parsed> {
        let parsed = match options::parse(table, args, style) {
            Ok(parsed) => parsed,
            Err(why) => {
                self.unknown(why);
                return None;
            }
        };
        for (_, role, value) in &parsed.options {
            let Some(value) = value else { continue };
            let file = |text: &String| text.starts_with('@');
            if RESPONSE_FILES.contains(&self.program)
                && value.texts().is_some_and(|texts| texts.iter().any(file))
            {
                self.unknown("a value that stands for other arguments");
            }
            match role {
                Role::Read => self.read(value),
                Role::Write => self.write(value),
                Role::Inside => self.inside(value),
                Role::Flag | Role::Text => {}
            }
        }
        Some(parsed)
    }

    /// Every path that a text can be, from every possible current directory.
    pub(super) fn paths(&self, text: &str) -> Vec<PathBuf> {
        self.state.cwds.iter().map(|cwd| cwd.real.join(text)).collect()
    }

    /// Adds an effect for every path the argument can be.
    fn each(&mut self, arg: &Arg, effect: impl Fn(PathBuf) -> Effect) {
        let Some(texts) = arg.texts() else {
            return self.unknown(format!("the path `{}` is not known", arg.show()));
        };
        for text in texts {
            if text.is_empty() {
                self.unknown("an empty path");
            }
            for path in self.paths(text) {
                self.effects.add(effect(path));
            }
        }
    }

    /// Reads a file; `-` is standard input.
    pub(super) fn read(&mut self, arg: &Arg) {
        if arg.text() != Some("-") {
            self.each(arg, Effect::Read);
        }
    }

    pub(super) fn read_all(&mut self, args: &[Arg]) {
        for arg in args {
            self.read(arg);
        }
    }

    pub(super) fn write(&mut self, arg: &Arg) {
        self.each(arg, Effect::Write);
    }

    pub(super) fn remove(&mut self, arg: &Arg) {
        self.each(arg, Effect::Remove);
    }

    pub(super) fn remove_tree(&mut self, arg: &Arg) {
        self.each(arg, Effect::RemoveTree);
    }

    pub(super) fn make_folder(&mut self, arg: &Arg) {
        self.each(arg, Effect::MakeFolder);
    }

    /// Works on a file or folder of the worktree, which may run its code.
    pub(super) fn inside(&mut self, arg: &Arg) {
        let program = self.program.to_owned();
        self.each(arg, |folder| Effect::Project { program: program.clone(), folder, manifests: &[] });
    }

    pub(super) fn inside_all(&mut self, args: &[Arg]) {
        for arg in args {
            self.inside(arg);
        }
    }

    /// Runs the project's code, as the current directory's manifests say.
    pub(super) fn project(&mut self, manifests: &'static [&'static str]) {
        for cwd in &self.state.cwds {
            let effect =
                Effect::Project { program: self.program.to_owned(), folder: cwd.real.clone(), manifests };
            self.effects.add(effect);
        }
    }

    /// What stands at the path that an argument is; of several, the first that is not missing.
    pub(super) fn kind(&self, text: &str) -> Kind {
        let mut kinds = self.paths(text).into_iter().map(|path| {
            let real = self.facts.real(&path).unwrap_or(path);
            self.facts.kind(&real)
        });
        kinds.find(|kind| *kind != Kind::Missing).unwrap_or(Kind::Missing)
    }

    /// Are all of these texts that cannot do harm where they land? `what` names them.
    pub(super) fn require_text(&mut self, args: &[Arg]) {
        if args.iter().any(|arg| arg.texts().is_none()) {
            self.unknown("an argument that is not known");
        }
    }

    /// Runs another program with these arguments.
    pub(super) fn delegate(&mut self, program: &Arg, args: &[Arg]) {
        let Some(program) = program.text() else {
            return self.unknown("which program it runs is not known");
        };
        // The person's rules are about this one too: `timeout 5 curl …`.
        let words = args.iter().map(Arg::show).collect::<Vec<_>>().join(" ");
        let spelling = format!("{program} {words}").trim_end().to_owned();
        let whole: Vec<String> =
            std::iter::once(program.to_owned()).chain(args.iter().map(Arg::show)).collect();
        if let Some(spellings) = self.effects.spellings.last_mut() {
            spellings.extend(super::spellings::others(&whole));
            spellings.push(spelling);
        }
        let mut call = Call {
            program,
            args,
            state: self.state,
            facts: self.facts,
            territory: self.territory,
            effects: self.effects,
            input: self.input.clone(),
            fed: self.fed,
        };
        super::programs::run(&mut call);
    }
}
