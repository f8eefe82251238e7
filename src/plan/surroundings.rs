//! Compares what tasks declare with the repository they will run in.
//!
//! In: the tasks, the files of the base branch, which programs can be found. Out: warnings for files to change that are
//! not there, files to create that are, programs of `verify` that cannot be found. Reads no file itself. What a task
//! makes counts as there for the tasks that depend on it.

use std::collections::BTreeSet;

use super::details::{Details, plain_path};
use super::diagnostic::Spot;
use super::fields::one_line;
use super::glob::Pattern;
use super::rules::Pair;
use super::{Diagnostic, Status, Task, graph};
use crate::text::did_you_mean;

/// Matching globs with files takes at most about this many steps.
const MAX_STEPS: usize = 1 << 24;

/// For how many absent files a present one is looked for.
const MAX_SUGGESTIONS: usize = 20;

/// The repository as far as a plan can be wrong about it.
pub struct Surroundings<'a> {
    /// Every file of the base branch; empty if there is none yet.
    pub files: &'a BTreeSet<String>,
    /// Can this program be found on `PATH`?
    pub has_program: &'a dyn Fn(&str) -> bool,
}

/// Words at the beginning of a command that are no programs.
const BUILTINS: [&str; 37] = [
    ".", ":", "!", "[", "[[", "(", "{", "cd", "command", "echo", "env", "eval", "exec", "exit", "export",
    "false", "for", "if", "case", "printf", "pwd", "read", "return", "set", "shift", "source", "test",
    "time", "trap", "true", "type", "ulimit", "umask", "unset", "until", "wait", "while",
];

/// Reports what does not fit.
pub(super) fn check(
    pairs: &[Pair<'_>],
    tasks: &[Task],
    around: &Surroundings<'_>,
    found: &mut Vec<Diagnostic>,
) {
    let patterns = |list: fn(&Task) -> &Vec<String>| {
        tasks.iter().map(|task| list(task).iter().map(|path| Pattern::parse(path)).collect()).collect()
    };
    let creates = patterns(|task| &task.files.create);
    let deletes = patterns(|task| &task.files.delete);
    let few = graph::comparisons(tasks) <= MAX_STEPS;
    let mut checker = Checker { tasks, around, creates, deletes, steps: 0, suggestions: 0 };
    for (n, pair) in pairs.iter().enumerate() {
        // What was begun may have made its files already.
        let waiting = matches!(tasks[n].status, Status::Pending | Status::Blocked);
        if let Some(details) = pair.details.as_ref().filter(|_| waiting) {
            if few && !around.files.is_empty() {
                checker.files(n, details, found);
            }
            checker.commands(n, details, found);
        }
    }
}

struct Checker<'a> {
    tasks: &'a [Task],
    around: &'a Surroundings<'a>,
    creates: Vec<Vec<Pattern>>,
    deletes: Vec<Vec<Pattern>>,
    steps: usize,
    suggestions: usize,
}

impl Checker<'_> {
    fn files(&mut self, n: usize, details: &Details<'_>, found: &mut Vec<Diagnostic>) {
        let before = graph::dependencies(self.tasks, n);
        let task = &self.tasks[n];
        let files = &task.files;
        for (kind, verb, path) in files
            .modify
            .iter()
            .map(|path| ("modify", "modifies", path))
            .chain(files.delete.iter().map(|path| ("delete", "deletes", path)))
        {
            let pattern = Pattern::parse(path);
            let makes = |other: &usize| self.creates[*other].iter().any(|made| made.overlaps(&pattern));
            if before.iter().any(makes) || makes(&n) {
                continue;
            }
            let maker = (0..self.tasks.len()).find(makes);
            if self.is_there(path, &pattern) {
                continue;
            }
            let maker = maker.map(|other| &self.tasks[other].id);
            let message = format!("`{}` {verb} `{}`, which is not there", task.id, one_line(path));
            let hint = match maker {
                Some(maker) => format!("`{maker}` creates it: depend on it with `dependencies: [{maker}]`"),
                None => self.nearest(path).unwrap_or_else(|| {
                    "declare it under `create:`, or correct the path from the repository's top level"
                        .to_owned()
                }),
            };
            found.push(Diagnostic::warning("file-absent", &spot(details, kind, path), message, hint));
        }
        for path in &files.create {
            let plain = path.trim_start_matches("./");
            let pattern = Pattern::parse(path);
            let gone = |other: &usize| self.deletes[*other].iter().any(|gone| gone.overlaps(&pattern));
            if self.around.files.contains(plain) && !before.iter().any(gone) && !gone(&n) {
                let message = format!("`{}` creates `{}`, which is there already", task.id, one_line(path));
                let hint = "declare it under `modify:` if it is to be changed".to_owned();
                found.push(Diagnostic::warning("file-exists", &spot(details, "create", path), message, hint));
            }
        }
    }

    fn is_there(&mut self, path: &str, pattern: &Pattern) -> bool {
        if !pattern.is_glob() {
            let plain = path.trim_start_matches("./").trim_end_matches('/');
            let folder = format!("{plain}/");
            let inside = self.around.files.range(folder.clone()..).next();
            return self.around.files.contains(plain) || inside.is_some_and(|file| file.starts_with(&folder));
        }
        self.steps += self.around.files.len() * (1 + path.len() / 8);
        self.steps > MAX_STEPS || self.around.files.iter().any(|file| super::glob_matches(path, file))
    }

    fn nearest(&mut self, path: &str) -> Option<String> {
        self.suggestions += 1;
        let name = path.rsplit('/').next().unwrap_or(path);
        let same = |file: &&String| file.rsplit('/').next() == Some(name);
        let files = self.around.files;
        if self.suggestions > MAX_SUGGESTIONS {
            return None;
        }
        match files.iter().find(same) {
            Some(file) => Some(format!("did you mean `{}`?", one_line(file))),
            None if files.len() < 50_000 => did_you_mean(path, files.iter().map(String::as_str)),
            None => None,
        }
    }

    fn commands(&self, n: usize, details: &Details<'_>, found: &mut Vec<Diagnostic>) {
        let task = &self.tasks[n];
        for (place, command) in task.verify.iter().enumerate() {
            for program in programs(command) {
                if self.can_run(n, program) {
                    continue;
                }
                let at = details.sheet.fields().spot_of(&format!("verify[{place}]"));
                let message =
                    format!("`verify` of `{}` runs `{}`, which cannot be found", task.id, one_line(program));
                let hint = "install it, or correct the command; it runs at the top of the task's worktree";
                found.push(Diagnostic::warning("verify-program", &at, message, hint));
            }
        }
    }

    fn can_run(&self, n: usize, program: &str) -> bool {
        let Some((first, _)) = program.split_once('/') else { return (self.around.has_program)(program) };
        let path = program.strip_prefix("./").unwrap_or(program);
        let pattern = Pattern::parse(path);
        let made = |other: usize| self.creates[other].iter().any(|made| made.overlaps(&pattern));
        let here = path.split('/').next().unwrap_or(path);
        // A folder that git does not have, such as `node_modules`, is made by the set-up.
        let ignored = path.contains('/') && !self.around.files.iter().any(|file| file.starts_with(here));
        first.is_empty() && (self.around.has_program)(program)
            || !first.is_empty()
                && (self.around.files.is_empty()
                    || self.around.files.contains(path)
                    || ignored
                    || first.starts_with(['~', '.']) && first != "."
                    || made(n)
                    || graph::dependencies(self.tasks, n).into_iter().any(made))
    }
}

/// The programs at the beginnings of a command's parts, as far as they stand there in plain words.
fn programs(command: &str) -> Vec<&str> {
    let quoted = command.contains(['"', '\'', '`', '$', '(', '{', '\\', '\n', '#', '<']);
    let parts: Vec<&str> = match quoted {
        true => vec![command],
        false => command.split(['&', '|', ';']).collect(),
    };
    let mut programs = Vec::new();
    for part in parts {
        let mut words = part.split_whitespace().skip_while(|word| is_assignment(word));
        let Some(word) = words.next() else { continue };
        // From here on, paths are relative to another folder.
        if word == "cd" {
            break;
        }
        let plain = |c: char| c.is_ascii_alphanumeric() || "._-+/~".contains(c);
        if !BUILTINS.contains(&word) && word.chars().all(plain) && !programs.contains(&word) {
            programs.push(word);
        }
    }
    programs
}

fn is_assignment(word: &str) -> bool {
    word.split_once('=').is_some_and(|(name, _)| {
        !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
    })
}

/// Where a declared file stands: in the front matter, else the task as a whole.
fn spot(details: &Details<'_>, kind: &str, path: &str) -> Spot {
    let fields = details.sheet.fields();
    let list =
        fields.value("files").and_then(|files| files.get(kind)).and_then(serde_yaml::Value::as_sequence);
    match list
        .and_then(|list| list.iter().position(|item| item.as_str().map(plain_path).as_deref() == Some(path)))
    {
        Some(n) => fields.spot_of(&format!("files.{kind}[{n}]")),
        None => details.at.clone(),
    }
}
