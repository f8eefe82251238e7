//! Makes the files of a plan's folder from a plan document.
//!
//! In: the document, when the plan is made, the branch it starts from. Out: relative paths and contents:
//! `plan.yaml` and one file a task. Nothing that the document says is lost: unknown keys follow the known ones,
//! bodies are kept byte for byte. Writes nothing and checks nothing; a `Document` has no errors.

use serde_yaml::{Mapping, Value};

use super::document::{Document, DocumentTask};
use super::markdown::Outline;
use super::rules::file_of;
use super::{Status, TaskId};
use crate::text::clean;

/// The keys of a front matter, in the order in which they are written.
const FRONT_KEYS: [&str; 12] = [
    "id",
    "name",
    "priority",
    "status",
    "dependencies",
    "labels",
    "model",
    "work_type",
    "context",
    "files",
    "verify",
    "shared_resources",
];

/// Keys of a document that the folder says in another place.
const REPLACED_KEYS: [&str; 2] = ["title", "file"];

/// The files. `created` is the time of making as `YYYYMMDD-HHMMSS`; a `base` in the document's metadata wins
/// over the one given here.
pub fn render(document: &Document, created: &str, base: Option<&str>) -> Vec<(String, String)> {
    let index = ("plan.yaml".to_owned(), yaml(&index(document, created, base)));
    let tasks = document.tasks.iter().map(|task| (file_of(&task.id), task_file(task)));
    std::iter::once(index).chain(tasks).collect()
}

fn index(document: &Document, created: &str, base: Option<&str>) -> Mapping {
    let mut index = Mapping::new();
    index.insert("metadata".into(), metadata(document, created, base).into());
    keep_others(&mut index, &document.index, &["tasks"]);
    let written = document.index.get("tasks").and_then(Value::as_sequence).map_or(&[][..], Vec::as_slice);
    let entries = document.tasks.iter().map(|task| Value::from(entry(task, written)));
    index.insert("tasks".into(), entries.collect());
    index
}

fn metadata(document: &Document, created: &str, base: Option<&str>) -> Mapping {
    let none = Mapping::new();
    let written = document.index.get("metadata").and_then(Value::as_mapping).unwrap_or(&none);
    let text = |key: &str| written.get(key).and_then(Value::as_str);
    let mut metadata = Mapping::new();
    metadata.insert("name".into(), document.name.as_str().into());
    metadata.insert("created".into(), created.into());
    metadata.insert("status".into(), text("status").unwrap_or("ready").into());
    if let Some(base) = text("base").or(base) {
        metadata.insert("base".into(), base.into());
    }
    metadata.insert("document".into(), document.hash().into());
    let same = ["title", "plan"].into_iter().filter(|key| text(key) == Some(document.name.as_str()));
    let replaced: Vec<&str> = same.chain(["base"]).collect();
    keep_others(&mut metadata, written, &replaced);
    metadata
}

fn entry(task: &DocumentTask, written: &[Value]) -> Mapping {
    let mut entry = Mapping::new();
    entry.insert("id".into(), task.id.as_str().into());
    entry.insert("name".into(), task.name.as_str().into());
    entry.insert("file".into(), file_of(&task.id).into());
    entry.insert("priority".into(), task.priority.as_str().into());
    entry.insert("dependencies".into(), ids(&task.dependencies));
    let own = |entry: &&Value| entry.get("id").and_then(Value::as_str) == Some(task.id.as_str());
    if let Some(written) = written.iter().find(own).and_then(Value::as_mapping) {
        // What belongs into the task stands in its front matter.
        keep_others(&mut entry, written, &[&FRONT_KEYS[..], &REPLACED_KEYS].concat());
    }
    entry
}

fn task_file(task: &DocumentTask) -> String {
    let front = yaml(&front_matter(task));
    let titled = Outline::of(&task.body).headings.first().is_some_and(|heading| heading.level == 1);
    let heading = if titled { String::new() } else { format!("\n# {}\n", heading(&task.name)) };
    format!("---\n{front}---\n{heading}{}", task.body)
}

fn front_matter(task: &DocumentTask) -> Mapping {
    let written = &task.front_matter;
    let mut front = Mapping::new();
    for key in FRONT_KEYS {
        let value = match key {
            "id" => task.id.as_str().into(),
            "name" => task.name.as_str().into(),
            "priority" => task.priority.as_str().into(),
            "dependencies" => ids(&task.dependencies),
            "status" => written.get(key).and_then(Value::as_str).unwrap_or(Status::default().as_str()).into(),
            _ => match written.get(key) {
                Some(value) if !value.is_null() => value.clone(),
                _ => continue,
            },
        };
        front.insert(key.into(), value);
    }
    keep_others(&mut front, written, &[&FRONT_KEYS[..], &REPLACED_KEYS].concat());
    front
}

/// Adds the keys that are not there yet and not `known`, in their order.
fn keep_others(to: &mut Mapping, from: &Mapping, known: &[&str]) {
    for (key, value) in from {
        if !to.contains_key(key) && !key.as_str().is_some_and(|key| known.contains(&key)) {
            to.insert(key.clone(), value.clone());
        }
    }
}

fn ids(ids: &[TaskId]) -> Value {
    ids.iter().map(TaskId::as_str).collect()
}

/// A name as the text of a heading: one line, and nothing that is not seen.
fn heading(name: &str) -> String {
    clean(name).trim().to_owned()
}

/// Block style, one key a line. A value that was read from YAML can be written as YAML.
fn yaml(mapping: &Mapping) -> String {
    serde_yaml::to_string(mapping).unwrap_or_default()
}
