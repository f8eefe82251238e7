//! Reads a plan from the texts of its folder and says everything that is wrong with it.
//!
//! In: the index and the task files, as text. Out: the plan if nothing is an error, and all diagnostics.
//! `task_files` says which files to read first. Opens no file itself: what could not be read is handed in as
//! such, so that it is reported with everything else.

use std::collections::BTreeMap;

use super::details::Details;
use super::diagnostic::Spot;
use super::fields::{Part, Sheet, one_line};
use super::index::{self, Entry};
use super::keys::Scope;
use super::rules::{self, Pair, file_of};
use super::surroundings::{self, Surroundings};
use super::{Diagnostic, Diagnostics, Files, Plan, Status, TaskId, task_file, yaml};

/// A plan's files, as the caller read them.
#[derive(Clone, Debug, Default)]
pub struct Source {
    /// How the index is named in diagnostics, such as `plan.yaml`.
    pub index_file: String,
    /// Its text.
    pub index: String,
    /// The task files by their path relative to the plan's folder, such as `tasks/task-0.md`.
    pub tasks: BTreeMap<String, TaskText>,
}

/// A task file, or why there is no text of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TaskText {
    /// What it says.
    Text(String),
    /// There is no such file.
    Missing,
    /// It is a symbolic link, which is not followed.
    Symlink,
    /// Reading failed; the reason.
    Unreadable(String),
}

/// The task files that an index refers to, each once. Always `tasks/<id>.md`, whatever the index says; an index
/// that cannot be read refers to none.
pub fn task_files(index: &str) -> Vec<String> {
    task_ids(index).iter().map(file_of).collect()
}

/// The ids of an index, in its order; none of one that cannot be read.
pub fn task_ids(index: &str) -> Vec<TaskId> {
    let part = Part { file: "", text: index, lines_before: 0 };
    let Some(sheet) = Sheet::read(part, Scope::Index, &mut Vec::new()) else { return Vec::new() };
    index::read(&sheet, None, &mut Vec::new()).entries.into_iter().map(|entry| entry.id).collect()
}

/// One text of an index's `metadata:`; its `name` wherever the index says it.
pub fn metadata(index: &str, key: &str) -> Option<String> {
    let part = Part { file: "", text: index, lines_before: 0 };
    let sheet = Sheet::read(part, Scope::Index, &mut Vec::new())?;
    match key {
        "name" => index::read(&sheet, None, &mut Vec::new()).name,
        _ => sheet.fields().fields("metadata", "", &mut Vec::new()).text(key, &mut Vec::new()),
    }
}

/// The status and the declared files of one task's file; none if its front matter cannot be read.
pub fn status_and_files(text: &str) -> Option<(Status, Files)> {
    let (front, body) = task_file::split(text).filter(|_| text.len() <= yaml::MAX_BYTES)?;
    let part = Part { file: "", text: front, lines_before: 1 };
    let details = Details::read(part, Spot::file(""), body, &mut Vec::new())?;
    Some((details.status.unwrap_or(Status::Pending), details.files))
}

/// Reads a plan. There is one exactly if no diagnostic is an error.
pub fn load(source: &Source) -> (Option<Plan>, Diagnostics) {
    load_in(source, None)
}

/// As `load`; also compares the plan with the repository it is for.
pub fn load_in(source: &Source, around: Option<&Surroundings<'_>>) -> (Option<Plan>, Diagnostics) {
    let mut found = Vec::new();
    let part = Part { file: &source.index_file, text: &source.index, lines_before: 0 };
    let Some(sheet) = Sheet::read(part, Scope::Index, &mut found) else { return (None, Diagnostics(found)) };
    let mut index = index::read(&sheet, None, &mut found);
    let entries = std::mem::take(&mut index.entries);
    let mut files = vec![source.index_file.clone()];
    let mut pairs = Vec::with_capacity(entries.len());
    for entry in entries {
        let file = file_of(&entry.id);
        check_file_field(&entry, &file, &mut found);
        let details = read_task(source, &entry, &file, &mut found);
        if let Some(details) = &details {
            entry.extra.report(&entry.id, details, &mut found);
        }
        pairs.push(Pair { entry, details });
        files.push(file);
    }
    let tasks = rules::judge(&pairs, &index.refused_ids, &index.refused, &mut found);
    if let Some(around) = around {
        surroundings::check(&pairs, &tasks, around, &mut found);
    }
    let order: Vec<&str> = files.iter().map(String::as_str).collect();
    let found = Diagnostics::sorted(found, &order);
    let plan = match index.name {
        Some(name) if !found.stop(false) => {
            Some(Plan { name, created: index.created, base: index.base, document: index.document, tasks })
        }
        _ => None,
    };
    (plan, found)
}

fn check_file_field(entry: &Entry, file: &str, found: &mut Vec<Diagnostic>) {
    if let Some(other) = entry.file.as_deref().filter(|other| *other != file) {
        let message = format!("the file of `{}` is `{file}`, the index says `{}`", entry.id, one_line(other));
        let hint = format!("write `file: {file}`, or remove the key");
        found.push(Diagnostic::error("task-file-path", &entry.file_at, message, hint));
    }
}

fn read_task<'a>(
    source: &'a Source,
    entry: &Entry,
    file: &str,
    found: &mut Vec<Diagnostic>,
) -> Option<Details<'a>> {
    let text = match source.tasks.get(file) {
        Some(TaskText::Text(text)) if text.len() <= yaml::MAX_BYTES => text,
        Some(TaskText::Text(text)) => {
            let message = format!("it has {} bytes, {} are allowed", text.len(), yaml::MAX_BYTES);
            let hint = "move what is not the task's specification into files of the repository";
            found.push(Diagnostic::error("too-large", &Spot::file(file), message, hint));
            return None;
        }
        Some(TaskText::Symlink) => {
            let message = format!("the file `{file}` of `{}` is a symbolic link", entry.id);
            let hint = "put the file itself there; links are not followed";
            found.push(Diagnostic::error("task-file-symlink", &entry.file_at, message, hint));
            return None;
        }
        Some(TaskText::Unreadable(reason)) => {
            let message = format!("the file `{file}` of `{}` cannot be read: {}", entry.id, one_line(reason));
            let hint = "make it a readable UTF-8 text file";
            found.push(Diagnostic::error("task-file-unreadable", &entry.file_at, message, hint));
            return None;
        }
        Some(TaskText::Missing) | None => {
            let message = format!("the file `{file}` of `{}` does not exist", entry.id);
            let hint = "create it, or remove the entry from `tasks`";
            found.push(Diagnostic::error("task-file-missing", &entry.file_at, message, hint));
            return None;
        }
    };
    let Some((front, body)) = task_file::split(text) else {
        let message = "it does not start with front matter between two `---` lines";
        let hint = format!("start it with the lines `---`, `id: {}`, `---`", entry.id);
        found.push(Diagnostic::error("front-matter-missing", &Spot::line(file, 1), message, hint));
        return None;
    };
    Details::read(Part { file, text: front, lines_before: 1 }, Spot::file(file), body, found)
}
