//! Reads what one task says of itself: its front matter and its Markdown.
//!
//! In: the two texts and where they stand. Out: typed fields, the declared files of both together, and
//! diagnostics for what is wrong in them. Does not compare with the index; `rules` does.

use std::collections::HashSet;

use super::declared::declared;
use super::diagnostic::Spot;
use super::fields::{Fields, Part, Sheet, one_line};
use super::index::read_id;
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

impl<'a> Details<'a> {
    /// Reads a task; none if its front matter is no YAML mapping.
    pub(super) fn read(
        front: Part<'_>,
        at: Spot,
        body: &'a str,
        found: &mut Vec<Diagnostic>,
    ) -> Option<Self> {
        let sheet = Sheet::read(front, found)?;
        let fields = sheet.fields();
        let outline = Outline::of(body);
        let files = read_files(&fields, &at, declared(&outline, body), found);
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
    /// Its rule, what is the case, and the way out.
    pub(super) fn describe(self) -> (&'static str, &'static str, &'static str) {
        match self {
            Self::Objective => {
                ("objective-missing", "no objective", "add a section `## Objective` that says what is wanted")
            }
            Self::Criteria => (
                "criteria-missing",
                "no acceptance criteria",
                "add a section `## Acceptance Criteria` with what must be true at the end",
            ),
            Self::Files => (
                "files-missing",
                "no declared files",
                "declare them under `files:` in the front matter, or as `**Create:**` and `**Modify:**` lists in a \
                 section `## Files to Touch`",
            ),
            Self::Tests => (
                "tests-missing",
                "no named tests",
                "add a section `## Tests Required` that names the tests to write",
            ),
        }
    }
}
