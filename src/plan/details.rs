//! Reads what one task says of itself: its front matter and its Markdown.
//!
//! In: the two texts and where they stand. Out: typed fields, the declared files of both together, and
//! diagnostics for what is wrong in them. Does not compare with the index; `rules` does.

use std::collections::HashSet;

use serde_yaml::Mapping;

use super::declared::{declared, without_lines};
use super::diagnostic::Spot;
use super::fields::{Fields, Part, Sheet, one_line};
use super::index::read_id;
use super::keys::Scope;
use super::markdown::Outline;
use super::{Diagnostic, Files, Priority, Status, TaskId};

/// Longer than any path in a repository; comparing two globs takes the product of their lengths.
const MAX_PATH: usize = 512;

/// A task's own part of a plan.
#[derive(Debug)]
pub(super) struct Details<'a> {
    pub(super) sheet: Sheet,
    /// Where the task as a whole is.
    pub(super) at: Spot,
    pub(super) id: Option<TaskId>,
    pub(super) name: Option<String>,
    pub(super) priority: Option<Priority>,
    pub(super) status: Option<Status>,
    pub(super) dependencies: Option<Vec<String>>,
    pub(super) labels: Vec<String>,
    pub(super) model: Option<String>,
    pub(super) work_type: Option<String>,
    pub(super) context: Vec<String>,
    pub(super) files: Files,
    pub(super) verify: Vec<String>,
    pub(super) shared_resources: Vec<String>,
    pub(super) body: &'a str,
    pub(super) gaps: Vec<Gap>,
}

/// Something that a task should say and does not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Gap {
    Objective,
    Criteria,
    Files,
    Tests,
}

/// What an entry of the index says that belongs into its task.
#[derive(Debug, Default)]
pub(super) struct Extra {
    /// As it was read, by known keys.
    values: Mapping,
    /// Where each key stands.
    at: Vec<(&'static str, Spot)>,
    status: Option<Status>,
    labels: Option<Vec<String>>,
    model: Option<String>,
    work_type: Option<String>,
    context: Option<Vec<String>>,
    files: Option<Files>,
    verify: Option<Vec<String>>,
    shared_resources: Option<Vec<String>>,
}

/// The keys that belong into a task's front matter and not into the index.
const OWN_KEYS: [&str; 8] =
    ["status", "labels", "model", "work_type", "context", "files", "verify", "shared_resources"];

impl Extra {
    /// Reads them from an entry of the index.
    pub(super) fn read(fields: &Fields<'_>, found: &mut Vec<Diagnostic>) -> Self {
        let mut extra = Self::default();
        for key in OWN_KEYS {
            if let Some(value) = fields.value(key) {
                extra.values.insert(key.into(), value.clone());
                extra.at.push((key, fields.spot_of(key)));
            }
        }
        if extra.at.is_empty() {
            return extra;
        }
        Self {
            status: fields.word("status", found),
            labels: fields.texts("labels", found),
            model: fields.text("model", found),
            work_type: fields.text("work_type", found),
            context: fields.texts("context", found),
            files: fields
                .value("files")
                .map(|_| read_files(fields, &fields.spot_of("files"), Files::default(), found)),
            verify: fields.texts("verify", found),
            shared_resources: fields.texts("shared_resources", found),
            ..extra
        }
    }

    /// Reports what stands in the index of a folder: only a task's own file is read when it runs.
    pub(super) fn report(&self, id: &TaskId, details: &Details<'_>, found: &mut Vec<Diagnostic>) {
        for (key, at) in &self.at {
            let own = details.sheet.fields().value(key);
            let same = own == self.values.get(key);
            // A status is written in the task's file alone; the first one may be left in the index.
            if same || *key == "status" && self.status == Some(Status::Pending) {
                continue;
            }
            let message = format!("the index says `{key}` of `{id}`, and only the task's own file counts");
            let hint = format!("move it into the front matter of `tasks/{id}.md`");
            let binding = own.is_none() && matches!(*key, "files" | "verify" | "status" | "shared_resources");
            let make = if binding { Diagnostic::error } else { Diagnostic::warning };
            found.push(make("task-key-in-index", at, message, hint));
        }
    }
}

impl<'a> Details<'a> {
    /// Takes what the index of a document says of the task and the task itself does not.
    pub(super) fn adopt(&mut self, id: &TaskId, extra: Extra, found: &mut Vec<Diagnostic>) {
        let Extra { values, at, .. } = extra;
        for (key, at) in at {
            let Some(value) = values.get(key) else { continue };
            let own = self.sheet.fields().value(key);
            if own.is_some_and(|own| own != value) {
                let message = format!("the index says another `{key}` of `{id}` than the task itself");
                let hint = format!("the task's own counts; remove `{key}` from the index");
                found.push(Diagnostic::warning("task-key-in-index", &at, message, hint));
            } else if own.is_none() {
                self.sheet.insert(key, value.clone());
                match key {
                    "status" => self.status = extra.status,
                    "labels" => self.labels = extra.labels.clone().unwrap_or_default(),
                    "model" => self.model.clone_from(&extra.model),
                    "work_type" => self.work_type.clone_from(&extra.work_type),
                    "context" => self.context = extra.context.clone().unwrap_or_default(),
                    "verify" => self.verify = extra.verify.clone().unwrap_or_default(),
                    "files" => self.add_files(extra.files.clone().unwrap_or_default()),
                    _ => self.shared_resources = extra.shared_resources.clone().unwrap_or_default(),
                }
            }
        }
    }

    fn add_files(&mut self, more: Files) {
        let own = &mut self.files;
        let lists = [
            (&mut own.create, more.create),
            (&mut own.modify, more.modify),
            (&mut own.delete, more.delete),
            (&mut own.forbidden, more.forbidden),
        ];
        for (own, more) in lists {
            let new: Vec<String> = more.into_iter().filter(|path| !own.contains(path)).collect();
            own.extend(new);
        }
        own.strict |= more.strict;
        if own.changed().next().is_some() {
            self.gaps.retain(|gap| *gap != Gap::Files);
        }
    }

    /// Reads a task; none if its front matter is no YAML mapping.
    pub(super) fn read(
        front: Part<'_>,
        at: Spot,
        body: &'a str,
        found: &mut Vec<Diagnostic>,
    ) -> Option<Self> {
        let sheet = Sheet::read(front, Scope::Task, found)?;
        let fields = sheet.fields();
        let outline = Outline::of(body);
        let files = read_files(&fields, &at, declared(body), found);
        let name = if fields.value("name").is_some() { "name" } else { "title" };
        Some(Self {
            id: read_id(&fields, found),
            name: fields.text(name, found),
            priority: fields.word("priority", found),
            status: fields.word("status", found),
            dependencies: fields.texts("dependencies", found),
            labels: fields.texts("labels", found).unwrap_or_default(),
            model: fields.text("model", found),
            work_type: fields.text("work_type", found),
            context: fields.texts("context", found).unwrap_or_default(),
            verify: fields.texts("verify", found).unwrap_or_default(),
            shared_resources: fields.texts("shared_resources", found).unwrap_or_default(),
            gaps: gaps(&outline, body, &files),
            files,
            body,
            at,
            sheet,
        })
    }
}

fn read_files(top: &Fields<'_>, at: &Spot, in_body: Files, found: &mut Vec<Diagnostic>) -> Files {
    let fields = top.fields("files", "{ create: [], modify: [src/lib.rs], delete: [] }", found);
    let mut list = |key: &str, in_body: Vec<String>| {
        let declared = fields.texts(key, found).unwrap_or_default();
        let own =
            declared.into_iter().enumerate().map(|(n, path)| (fields.spot_of(&format!("{key}[{n}]")), path));
        let own: Vec<_> = own.chain(in_body.into_iter().map(|path| (at.clone(), path))).collect();
        checked_paths(own, found)
    };
    Files {
        create: list("create", in_body.create),
        modify: list("modify", in_body.modify),
        delete: list("delete", in_body.delete),
        forbidden: list("forbidden", Vec::new()),
        strict: fields.flag("strict", found).unwrap_or_default(),
    }
}

/// Each path once, without those that can be no file of the repository.
fn checked_paths(declared: Vec<(Spot, String)>, found: &mut Vec<Diagnostic>) -> Vec<String> {
    let mut seen = HashSet::new();
    let mut paths = Vec::new();
    for (at, path) in declared {
        let path = plain_path(&path);
        match refused_path(&path) {
            Some(reason) => {
                let message = format!("the declared file `{}` is not counted: {reason}", one_line(&path));
                let hint =
                    "declare files by their path from the repository's top level, such as `src/lib.rs`";
                found.push(Diagnostic::warning("declared-file", &at, message, hint));
            }
            None if seen.insert(path.clone()) => paths.push(path),
            None => {}
        }
    }
    paths
}

/// A declared path without what people write around it: `` `src\a.rs:12` (new) `` is `src/a.rs`.
pub(super) fn plain_path(path: &str) -> String {
    let mut path = path.trim();
    if let Some((file, _)) = path.split_once(" (").filter(|(file, _)| path.ends_with(')') && !file.is_empty())
    {
        path = file.trim_end();
    }
    let quoted = path.strip_prefix('`').and_then(|path| path.strip_suffix('`'));
    let path = without_lines(quoted.unwrap_or(path));
    if path == "." || path == "./" {
        return "**".to_owned();
    }
    // Before anything but a letter, `\` takes its meaning from a sign.
    let mut plain = String::with_capacity(path.len());
    let mut rest = path.chars().peekable();
    while let Some(c) = rest.next() {
        let separates =
            c == '\\' && rest.peek().is_some_and(|next| next.is_alphanumeric() || "._-".contains(*next));
        plain.push(if separates { '/' } else { c });
    }
    plain
}

fn refused_path(path: &str) -> Option<&'static str> {
    let drive = path.as_bytes().get(1) == Some(&b':');
    let rules = [
        (path.trim().is_empty(), "it is empty"),
        (path.len() > MAX_PATH, "it is longer than any path"),
        (path.chars().any(char::is_control), "it contains a control character"),
        (path.starts_with('/') || path.starts_with('~') || drive, "it is not relative to the repository"),
        (path.split('/').any(|part| part == ".."), "it leads out of the repository with `..`"),
    ];
    rules.iter().find(|(broken, _)| *broken).map(|(_, reason)| *reason)
}

fn gaps(outline: &Outline, body: &str, files: &Files) -> Vec<Gap> {
    let has = |name: &str| outline.section(body, name).is_some_and(|text| !text.trim().is_empty());
    let mut gaps = Vec::new();
    if !has("Objective") {
        gaps.push(Gap::Objective);
    }
    if !has("Acceptance Criteria") {
        gaps.push(Gap::Criteria);
    }
    if files.changed().next().is_none() {
        gaps.push(Gap::Files);
    }
    if !has("Tests Required") && !has("Tests") {
        gaps.push(Gap::Tests);
    }
    gaps
}

impl Gap {
    /// Its rule, what one task has, what several do, and the way out.
    pub(super) fn describe(self) -> (&'static str, &'static str, &'static str, &'static str) {
        match self {
            Self::Objective => (
                "objective-missing",
                "no objective",
                "have no objective",
                "add a section `## Objective` that says what is wanted",
            ),
            Self::Criteria => (
                "criteria-missing",
                "no acceptance criteria",
                "have no acceptance criteria",
                "add a section `## Acceptance Criteria` with what must be true at the end",
            ),
            Self::Files => (
                "files-missing",
                "no declared files",
                "declare no files",
                "declare them under `files:` in the front matter, or as `**Create:**` and `**Modify:**` lists in the text",
            ),
            Self::Tests => (
                "tests-missing",
                "no named tests",
                "name no tests",
                "add a section `## Tests Required` that names the tests to write",
            ),
        }
    }
}
