//! The person's permission rules, as the client keeps them in its settings files.
//!
//! In: settings as JSON, and who wrote them. Out: which rule objects to a command, and whether one allows a
//! simple command. `deny` and `ask` count from every file, and are taken for more than they say rather than
//! for less; `allow` counts from the person's own files only, and exactly.

use std::path::Path;

use serde_json::Value;

use super::effect::{Effect, Effects};
use super::reach::{self, Reach};

/// Who wrote a settings file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// The person: `~/.claude/settings.json`, `.claude/settings.local.json`.
    Person,
    /// The repository or an administrator.
    Other,
}

/// All rules in force.
#[derive(Clone, Debug, Default)]
pub struct Rules {
    object: Vec<Rule>,
    allow: Vec<Rule>,
    /// A settings file that cannot be read: then nothing is allowed.
    broken: Option<String>,
}

#[derive(Clone, Debug)]
struct Rule {
    text: String,
    tool: String,
    pattern: Option<String>,
}

impl Rule {
    fn parse(text: &str) -> Self {
        let text = text.trim();
        match text.split_once('(').and_then(|(tool, rest)| Some((tool, rest.strip_suffix(')')?))) {
            Some((tool, pattern)) => Self {
                text: text.to_owned(),
                tool: tool.trim().to_owned(),
                pattern: Some(pattern.trim().to_owned()),
            },
            None => Self { text: text.to_owned(), tool: text.to_owned(), pattern: None },
        }
    }

    fn everything(&self) -> bool {
        self.pattern.as_deref().is_none_or(|pattern| matches!(pattern, "" | "*" | ":*" | "**"))
    }
}

impl Rules {
    /// Adds the rules of one settings file.
    pub fn add(&mut self, settings: &Value, source: Source) {
        let list = |key: &str| {
            let rules = settings
                .get("permissions")
                .and_then(|permissions| permissions.get(key))
                .and_then(Value::as_array);
            rules.into_iter().flatten().filter_map(Value::as_str).map(Rule::parse).collect::<Vec<_>>()
        };
        self.object.extend(list("deny"));
        self.object.extend(list("ask"));
        if source == Source::Person {
            self.allow.extend(list("allow"));
        }
    }

    /// A settings file could not be read; from now on there are no opinions.
    pub fn set_broken(&mut self, why: String) {
        self.broken.get_or_insert(why);
    }

    /// Why the rules cannot be trusted.
    pub fn broken(&self) -> Option<&str> {
        self.broken.as_deref()
    }

    /// The rule that takes an allowance back.
    pub(super) fn objection(&self, command: &str, effects: &Effects, reach: &Reach<'_>) -> Option<&str> {
        if let Some(why) = &self.broken {
            return Some(why);
        }
        let spelled = |rule: &&Rule| {
            rule.tool == "*"
                || rule.tool == "Bash"
                    && (rule.everything()
                        || matches_loosely(rule, command)
                        || effects.spellings.iter().flatten().any(|text| matches_loosely(rule, text)))
        };
        let touched = |rule: &&Rule| {
            effects.found.iter().any(|(number, effect)| match effect {
                Effect::Read(path) if rule.tool == "Read" => {
                    let lists = || effects.commands.get(*number).is_some_and(|command| only_lists(command));
                    match reach.is_folder(path) && !lists() {
                        true => names_below(rule, path, reach, false),
                        false => names(rule, path),
                    }
                }
                Effect::Shows(path) => rule.tool == "Read" && names_below(rule, path, reach, true),
                Effect::Write(path) | Effect::Remove(path) | Effect::MakeFolder(path) => {
                    edits(rule) && names(rule, path)
                }
                Effect::Rewrite(path) | Effect::RemoveTree(path) => {
                    edits(rule) && names_below(rule, path, reach, false)
                }
                Effect::Project { folder, .. } => {
                    rule.pattern.is_some() && edits(rule) && names(rule, folder)
                }
                // `ctx commit --push` is a push too.
                Effect::Remote(name) => {
                    let own =
                        effects.commands.get(*number).is_some_and(|command| command.starts_with("ctx "));
                    own && rule.tool == "Bash" && matches_loosely(rule, &format!("git push {name}"))
                }
                _ => false,
            })
        };
        self.object.iter().find(|rule| spelled(rule) || touched(rule)).map(|rule| rule.text.as_str())
    }

    /// The rule that takes back an allowance for one of `ctx`'s own verbs.
    pub fn objects_to_text(&self, command: &str) -> Option<&str> {
        if let Some(why) = &self.broken {
            return Some(why);
        }
        let spelled =
            |rule: &&Rule| rule.tool == "*" || rule.tool == "Bash" && matches_loosely(rule, command);
        self.object.iter().find(spelled).map(|rule| rule.text.as_str())
    }

    /// The rule that takes back an allowance for starting an agent of this type: `Agent`, `Task(ctx:*)`.
    pub fn objects_to_agent(&self, kind: &str) -> Option<&str> {
        let short = kind.rsplit(':').next().unwrap_or(kind);
        let named = |pattern: &str| {
            // A rule on another part of the input, `model:opus`, is not looked into.
            let other = pattern.split_once(':').is_some_and(|(key, _)| key != "ctx" && !key.contains('*'));
            other
                || [kind, short]
                    .iter()
                    .any(|name| wildcard(pattern.trim_end_matches(":*"), name) || wildcard(pattern, name))
        };
        self.objects_to_call(&["Agent", "Task"], named)
    }

    /// The rule that takes back an allowance for a tool as a whole, whatever stands in its brackets.
    pub fn objects_to_tool(&self, tool: &str) -> Option<&str> {
        self.objects_to_call(&[tool], |_| true)
    }

    fn objects_to_call(&self, tools: &[&str], named: impl Fn(&str) -> bool) -> Option<&str> {
        if let Some(why) = &self.broken {
            return Some(why);
        }
        let matching = |rule: &&Rule| {
            rule.tool == "*"
                || tools.iter().any(|tool| wildcard(&rule.tool, tool))
                    && (rule.everything() || rule.pattern.as_deref().is_none_or(&named))
        };
        self.object.iter().find(matching).map(|rule| rule.text.as_str())
    }

    /// The rule that takes back an allowance for a file tool.
    pub(super) fn file_objection(&self, tool: &str, path: &Path, reach: &Reach<'_>) -> Option<&str> {
        if let Some(why) = &self.broken {
            return Some(why);
        }
        let same = |rule: &&Rule| match tool {
            "Write" | "Edit" | "MultiEdit" | "NotebookEdit" => rule.tool == "*" || edits(rule),
            // A rule on reading is about everything that reads.
            _ => rule.tool == "*" || rule.tool == "Read" || rule.tool == tool,
        };
        let named = |rule: &&Rule| match tool {
            "Grep" if reach.is_folder(path) => names_below(rule, path, reach, false),
            _ => names(rule, path),
        };
        self.object.iter().filter(same).find(named).map(|rule| rule.text.as_str())
    }

    /// The rule by which the person allows this simple command, whose words are all known.
    pub(super) fn allowance(&self, command: &str) -> Option<&str> {
        let matching = |rule: &&Rule| {
            rule.tool == "Bash"
                && (rule.everything()
                    || rule.pattern.as_deref().is_some_and(|pattern| allows(pattern, command)))
        };
        self.allow.iter().find(matching).map(|rule| rule.text.as_str())
    }
}

fn edits(rule: &Rule) -> bool {
    matches!(rule.tool.as_str(), "Edit" | "Write" | "MultiEdit" | "NotebookEdit")
}

/// `prefix:*`, text with `*`, or the exact text.
fn allows(pattern: &str, command: &str) -> bool {
    if let Some(prefix) = pattern
        .strip_suffix(":*")
        .or_else(|| pattern.strip_suffix(" *"))
        .filter(|prefix| !prefix.contains('*'))
    {
        return command.strip_prefix(prefix).is_some_and(|rest| rest.is_empty() || rest.starts_with(' '));
    }
    if pattern.contains('*') { wildcard(pattern, command) } else { pattern == command }
}

fn matches_loosely(rule: &Rule, command: &str) -> bool {
    let Some(pattern) = &rule.pattern else { return true };
    let command = command.trim();
    let prefix = pattern.strip_suffix(":*").unwrap_or(pattern).trim_end_matches([' ', '*']);
    if !prefix.contains('*') {
        let open = pattern.ends_with('*');
        return command == prefix || open && command.starts_with(prefix);
    }
    wildcard(pattern.strip_suffix(":*").unwrap_or(pattern), command)
        || wildcard(&format!("{prefix}*"), command)
}

/// `*` stands for any text.
fn wildcard(pattern: &str, text: &str) -> bool {
    let mut parts = pattern.split('*');
    let Some(mut rest) = parts.next().and_then(|first| text.strip_prefix(first)) else { return false };
    let mut parts = parts.peekable();
    while let Some(part) = parts.next() {
        if parts.peek().is_none() {
            return rest.ends_with(part);
        }
        match rest.find(part) {
            Some(at) => rest = &rest[at + part.len()..],
            None => return false,
        }
    }
    rest.is_empty()
}

/// Does a rule for paths name this file, or something above it?
fn names(rule: &Rule, path: &Path) -> bool {
    rule.everything() || reach::names(rule.pattern.as_deref().unwrap_or(""), path)
}

/// The same, or something below it?
fn names_below(rule: &Rule, path: &Path, reach: &Reach<'_>, history: bool) -> bool {
    names(rule, path) || reach.below(rule.pattern.as_deref().unwrap_or(""), path, history)
}

/// Does this simple command tell only which files there are?
fn only_lists(command: &str) -> bool {
    let mut words = command.split_whitespace();
    match words.next() {
        Some(
            "ls" | "tree" | "du" | "stat" | "cd" | "test" | "[" | "[[" | "pwd" | "realpath" | "file" | "fd",
        ) => !words.any(|word| matches!(word, "-x" | "-X" | "--exec" | "--exec-batch")),
        Some("find") => !words.any(|word| word.starts_with("-exec") || word.starts_with("-ok")),
        _ => false,
    }
}
