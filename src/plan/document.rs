//! Reads a plan document: what a model prints in a conversation to say what it means to do.
//!
//! In: the text, and how diagnostics name it. Out: the document with every task's front matter and its body
//! byte for byte, if nothing is wrong; all diagnostics in any case. Writes no file; `render` makes their texts.

use std::collections::{HashMap, HashSet};

use serde_yaml::Mapping;
use sha2::{Digest, Sha256};

use super::anatomy::{Anatomy, MAX_BYTES, Section, dissect};
pub use super::anatomy::{markers, plans};
use super::details::Details;
use super::diagnostic::Spot;
use super::fields::{Sheet, one_line};
use super::index::{self, Entry};
use super::rules::{self, Pair, file_of};
use super::{Diagnostic, Diagnostics, Priority, Task, TaskId};

/// A plan document without errors.
#[derive(Clone, Debug, PartialEq)]
pub struct Document {
    /// Its first heading; the plan's name where it has none.
    pub title: String,
    /// The plan's name, from the metadata.
    pub name: String,
    /// The index as it was written.
    pub index: Mapping,
    /// In the order of the index.
    pub tasks: Vec<DocumentTask>,
    /// From its title to the end of its last task, as it was written.
    pub text: String,
}

/// One task of a document.
#[derive(Clone, Debug, PartialEq)]
pub struct DocumentTask {
    /// Unique in the plan.
    pub id: TaskId,
    /// As the index says.
    pub name: String,
    /// From the index, else from the front matter.
    pub priority: Priority,
    /// From the index, else from the front matter.
    pub dependencies: Vec<TaskId>,
    /// As it was written.
    pub front_matter: Mapping,
    /// Everything between the front matter and the next task, byte for byte.
    pub body: String,
}

impl Document {
    /// SHA-256 (hex) of the plan's text from its title to the end of its last task, with LF line ends and
    /// without white space at the end. Text before and after the plan does not change it.
    pub fn hash(&self) -> String {
        digest(&self.text)
    }
}

/// Reads a document. There is one exactly if no diagnostic is an error.
pub fn parse(text: &str, file: &str) -> (Option<Document>, Diagnostics) {
    let mut found = Vec::new();
    let document = read(text, file, &mut found);
    let found = Diagnostics::sorted(found, &[file]);
    (document.filter(|_| !found.stop(false)), found)
}

fn read(text: &str, file: &str, found: &mut Vec<Diagnostic>) -> Option<Document> {
    if text.len() > MAX_BYTES {
        let message = format!("the document has {} bytes, {MAX_BYTES} are allowed", text.len());
        let hint = "split it into several plans, or pass the plan without the conversation around it";
        found.push(Diagnostic::error("too-large", &Spot::file(file), message, hint));
        return None;
    }
    let anatomy = dissect(text, file, found)?;
    let sheet = Sheet::read(anatomy.part(text, file, &anatomy.index), found);
    // Read even without an index, for what is wrong inside the tasks.
    let sections: Vec<_> =
        anatomy.sections.iter().map(|section| read_section(text, file, &anatomy, section, found)).collect();
    let sheet = sheet?;
    let mut index = index::read(&sheet, anatomy.title.as_deref(), found);
    let entries = std::mem::take(&mut index.entries);
    for entry in &entries {
        check_file_field(entry, found);
    }
    let pairs = pair(entries, sections, index.partial, file, found);
    let tasks = rules::judge(&pairs, index.partial, found);
    let name = index.name?;
    Some(Document {
        title: anatomy.title.unwrap_or_else(|| name.clone()),
        name,
        tasks: pairs.into_iter().zip(tasks).filter_map(|(pair, task)| document_task(pair, task)).collect(),
        index: sheet.into_mapping(),
        text: text[anatomy.span].to_owned(),
    })
}

/// A task's section, and its details if they could be read.
struct Found<'a> {
    number: String,
    line: usize,
    details: Option<Details<'a>>,
}

fn read_section<'a>(
    text: &'a str,
    file: &'a str,
    anatomy: &Anatomy,
    section: &Section,
    found: &mut Vec<Diagnostic>,
) -> Found<'a> {
    let part = anatomy.part(text, file, &section.front);
    let at = Spot::line(file, section.line);
    let details = Details::read(part, at, &text[section.body.clone()], found);
    Found { number: section.number.clone(), line: section.line, details }
}

/// The files of a document are written where they belong, whatever it says.
fn check_file_field(entry: &Entry, found: &mut Vec<Diagnostic>) {
    let file = file_of(&entry.id);
    if let Some(other) = entry.file.as_deref().filter(|other| *other != file) {
        let message = format!("the file of `{}` will be `{file}`, not `{}`", entry.id, one_line(other));
        let hint = format!("write `file: {file}`, or leave the key out");
        found.push(Diagnostic::warning("task-file-path", &entry.file_at, message, hint));
    }
}

/// Gives each entry of the index the section that belongs to it.
fn pair<'a>(
    entries: Vec<Entry>,
    sections: Vec<Found<'a>>,
    partial: bool,
    file: &str,
    found: &mut Vec<Diagnostic>,
) -> Vec<Pair<'a>> {
    // A section that cannot be read, or whose id cannot, may be that of any entry.
    let readable = |section: &Found<'_>| {
        section
            .details
            .as_ref()
            .is_some_and(|details| details.id.is_some() || details.sheet.fields().value("id").is_none())
    };
    let unclear = partial || !sections.iter().all(readable);
    let places = places(&entries, &sections);
    let mut taken: Vec<Option<Details<'a>>> = entries.iter().map(|_| None).collect();
    for (section, place) in sections.into_iter().zip(places) {
        let Some(details) = section.details else { continue };
        let at = Spot::line(file, section.line);
        match place {
            Some(place) if taken[place].is_none() => taken[place] = Some(details),
            Some(place) => found.push(twice(&entries[place].id, &at)),
            None if unclear => {}
            None => found.push(stray(&section.number, &details, &at)),
        }
    }
    let none_at_all = taken.iter().all(Option::is_none);
    for (n, (entry, details)) in entries.iter().zip(&taken).enumerate() {
        if details.is_none() && !unclear && !(none_at_all && n > 0) {
            found.push(missing(entry, none_at_all));
        }
    }
    entries.into_iter().zip(taken).map(|(entry, details)| Pair { entry, details }).collect()
}

/// The entry that each section is about: by its id. Without one, by the number in the heading where all those
/// numbers lead to entries of their own; else by place, where both lists are of one length.
fn places(entries: &[Entry], sections: &[Found<'_>]) -> Vec<Option<usize>> {
    let by_id: HashMap<&str, usize> = entries.iter().enumerate().map(|(n, e)| (e.id.as_str(), n)).collect();
    let id = |section: &Found<'_>| section.details.as_ref().and_then(|details| details.id.clone());
    let mut places: Vec<Option<usize>> =
        sections.iter().map(|section| id(section).and_then(|id| by_id.get(id.as_str()).copied())).collect();
    let nameless: Vec<usize> = (0..sections.len()).filter(|&n| id(&sections[n]).is_none()).collect();
    let mut free: HashSet<usize> = (0..entries.len()).filter(|n| !places.contains(&Some(*n))).collect();
    let numbered =
        nameless.iter().map(|&n| by_id.get(format!("task-{}", sections[n].number).as_str()).copied());
    let numbered: Option<Vec<usize>> =
        numbered.map(|place| place.filter(|place| free.remove(place))).collect();
    for (nth, &n) in nameless.iter().enumerate() {
        places[n] = match &numbered {
            Some(numbered) => Some(numbered[nth]),
            None => (sections.len() == entries.len() && !places.contains(&Some(n))).then_some(n),
        };
    }
    places
}

fn twice(id: &TaskId, at: &Spot) -> Diagnostic {
    let message = format!("a second task says that it is `{id}`");
    let hint = "give it an id of its own and an entry in the index, or remove it";
    Diagnostic::error("details-duplicate", at, message, hint)
}

fn stray(number: &str, details: &Details<'_>, at: &Spot) -> Diagnostic {
    if let Some(id) = &details.id {
        let message = format!("`{id}` has details, but no entry in the index");
        let hint = format!("add it to `tasks` under `## Plan Structure`: `- {{ id: {id}, name: … }}`");
        return Diagnostic::error("task-not-in-index", &details.sheet.fields().spot_of("id"), message, hint);
    }
    let message = format!("it is not clear which task of the index `Task {number}` is");
    let hint = "add a `yaml` fence with its `id:` under this heading; if it is a heading inside a task, \
                word it otherwise";
    Diagnostic::error("task-id-missing", at, message, hint)
}

fn missing(entry: &Entry, none_at_all: bool) -> Diagnostic {
    let hint = "add a heading `### Task N: Name`, a `yaml` fence with its `id:`, and what is to be done";
    let message = if none_at_all {
        "no task of the index has details".to_owned()
    } else {
        format!("`{}` has no details", entry.id)
    };
    Diagnostic::error("details-missing", &entry.at, message, hint)
}

fn document_task(pair: Pair<'_>, task: Task) -> Option<DocumentTask> {
    let Task { id, name, priority, dependencies, body, .. } = task;
    let front_matter = pair.details?.sheet.into_mapping();
    Some(DocumentTask { id, name, priority, dependencies, front_matter, body })
}

fn digest(span: &str) -> String {
    let normalized = span.replace("\r\n", "\n");
    let digest = Sha256::digest(normalized.trim_end().as_bytes());
    digest.iter().fold(String::new(), |hex, byte| hex + &format!("{byte:02x}"))
}
