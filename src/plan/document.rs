//! Reads a plan document: what a model prints in a conversation to say what it means to do.
//!
//! In: the text, and how diagnostics name it. Out: the document with every task's front matter and its body
//! byte for byte, if nothing is wrong; all diagnostics in any case. Writes no file; `render` makes their texts.

use std::collections::{HashMap, HashSet};

use serde_yaml::Mapping;
use sha2::{Digest, Sha256};

use super::anatomy::{Anatomy, MAX_BYTES, Section, dissect};
pub use super::anatomy::{has_structure, markers, plans};
use super::details::Details;
use super::diagnostic::Spot;
use super::fields::{Sheet, one_line};
use super::front::id_line;
use super::index::{self, Entry, Index};
use super::keys::Scope;
use super::rules::{self, Pair, file_of};
use super::surroundings::{self, Surroundings};
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
    parse_in(text, file, None)
}

/// As `parse`; also compares the document with the repository it is for.
pub fn parse_in(
    text: &str,
    file: &str,
    around: Option<&Surroundings<'_>>,
) -> (Option<Document>, Diagnostics) {
    let mut found = Vec::new();
    let document = read(text, file, around, &mut found);
    let found = Diagnostics::sorted(found, &[file]);
    (document.filter(|_| !found.stop(false)), found)
}

fn read(
    text: &str,
    file: &str,
    around: Option<&Surroundings<'_>>,
    found: &mut Vec<Diagnostic>,
) -> Option<Document> {
    if text.len() > MAX_BYTES {
        let message = format!("the document has {} bytes, {MAX_BYTES} are allowed", text.len());
        let hint = "split it into several plans, or pass the plan without the conversation around it";
        found.push(Diagnostic::error("too-large", &Spot::file(file), message, hint));
        return None;
    }
    let anatomy = dissect(text, file, found)?;
    let sheet = Sheet::read(anatomy.part(text, file, &anatomy.index), Scope::Index, found);
    // Read even without an index, for what is wrong inside the tasks.
    let sections: Vec<_> =
        anatomy.sections.iter().map(|section| read_section(text, file, &anatomy, section, found)).collect();
    let sheet = sheet?;
    let mut index = index::read(&sheet, anatomy.title.as_deref(), found);
    let entries = std::mem::take(&mut index.entries);
    for entry in &entries {
        check_file_field(entry, found);
    }
    let (pairs, strays) = pair(entries, sections, &index, anatomy.broken, file, found);
    // A task whose entry was refused may be one that others wait for.
    let mut others = std::mem::take(&mut index.refused_ids);
    others.extend(strays);
    let tasks = rules::judge(&pairs, &others, &index.refused, found);
    if let Some(around) = around {
        surroundings::check(&pairs, &tasks, around, found);
    }
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
    id: Option<TaskId>,
    details: Option<Details<'a>>,
}

impl Found<'_> {
    /// May it be that of any entry? Its front matter cannot be read, or its id cannot.
    fn is_unclear(&self) -> bool {
        let says_id = |details: &Details<'_>| details.sheet.fields().value("id").is_some();
        self.id.is_none() && self.details.as_ref().is_none_or(says_id)
    }
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
    let id = match &details {
        Some(details) => details.id.clone(),
        None => id_line(part.text).and_then(|id| TaskId::parse(id).ok()),
    };
    Found { number: section.number.clone(), line: section.line, id, details }
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

/// Gives each entry of the index the section that belongs to it. Also returns the ids of sections without an entry.
fn pair<'a>(
    mut entries: Vec<Entry>,
    sections: Vec<Found<'a>>,
    index: &Index,
    broken: bool,
    file: &str,
    found: &mut Vec<Diagnostic>,
) -> (Vec<Pair<'a>>, Vec<String>) {
    let places = places(&entries, &sections);
    let mut unclear = broken || sections.iter().any(Found::is_unclear);
    // Without an id it may be that of an entry that was refused.
    unclear |=
        index.lost > 0 && sections.iter().zip(&places).any(|(s, place)| s.id.is_none() && place.is_none());
    let mut taken: Vec<Option<Details<'a>>> = entries.iter().map(|_| None).collect();
    let mut unreadable: HashSet<usize> = HashSet::new();
    let mut strays = Vec::new();
    let mut stray_ids = Vec::new();
    for (section, place) in sections.into_iter().zip(places) {
        let at = Spot::line(file, section.line);
        let Some(details) = section.details else {
            unreadable.extend(place);
            continue;
        };
        match place {
            Some(place) if taken[place].is_none() => taken[place] = Some(details),
            Some(place) => found.push(twice(&entries[place].id, &at)),
            None => {
                stray_ids.extend(details.id.as_ref().map(ToString::to_string));
                strays.push(stray(&section.number, &details, &at));
            }
        }
    }
    // As many as entries were refused may belong to those.
    if !unclear && strays.len() > index.lost {
        found.extend(strays);
    }
    let none_at_all = unreadable.is_empty() && taken.iter().all(Option::is_none);
    for (n, (entry, details)) in entries.iter().zip(&taken).enumerate() {
        let is_said = unclear || unreadable.contains(&n) || none_at_all && n > 0;
        if details.is_none() && !is_said {
            found.push(missing(entry, none_at_all));
        }
    }
    for (entry, details) in entries.iter_mut().zip(&mut taken) {
        if let Some(details) = details {
            details.adopt(&entry.id, std::mem::take(&mut entry.extra), found);
        }
    }
    (entries.into_iter().zip(taken).map(|(entry, details)| Pair { entry, details }).collect(), stray_ids)
}

/// The entry that each section is about: by its id, without regard to case (`rules` compares exactly). Without one, by the number in the heading where all those
/// numbers lead to entries of their own; else by place, where both lists are of one length.
fn places(entries: &[Entry], sections: &[Found<'_>]) -> Vec<Option<usize>> {
    let by_id: HashMap<String, usize> = entries.iter().enumerate().map(|(n, e)| (e.id.folded(), n)).collect();
    let id = |section: &Found<'_>| section.id.clone();
    let mut places: Vec<Option<usize>> =
        sections.iter().map(|section| id(section).and_then(|id| by_id.get(&id.folded()).copied())).collect();
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
