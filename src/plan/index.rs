//! Reads the index of a plan: what it is called, where it starts from, which tasks it has.
//!
//! In: the YAML of `plan.yaml` or of a document's `## Plan Structure`. Out: its typed fields, and diagnostics
//! for those that are missing or wrong. Looks at one entry at a time; what entries mean to each other is
//! decided by `rules`.

use std::collections::HashSet;

use super::details::Extra;
use super::diagnostic::Spot;
use super::fields::{Fields, Sheet, one_line};
use super::strangers::{Stranger, strangers};
use super::{Diagnostic, Priority, TaskId};
use crate::text::folded;

/// More tasks than any plan has; comparing each with each other stays quick up to here.
pub(super) const MAX_TASKS: usize = 1000;

const EXAMPLE: &str = "{ id: task-0, name: What it is about }";

/// An index, as far as it could be read.
#[derive(Debug, Default)]
pub(super) struct Index {
    pub(super) name: Option<String>,
    pub(super) created: Option<String>,
    pub(super) base: Option<String>,
    pub(super) document: Option<String>,
    /// With ids that are unique without regard to case.
    pub(super) entries: Vec<Entry>,
    /// How many entries were left out because of errors.
    pub(super) lost: usize,
    /// What those among them have for an id that is none.
    pub(super) refused_ids: Vec<String>,
    /// Those among them that can be read that far.
    pub(super) refused: Vec<Refused>,
}

/// An entry that was left out.
#[derive(Debug)]
pub(super) struct Refused {
    /// As a message names it.
    pub(super) what: String,
    /// What it depends on, and where that stands.
    pub(super) dependencies: Vec<(String, Spot)>,
}

impl Refused {
    fn of(n: usize, fields: &Fields<'_>) -> Self {
        let names = fields.texts("dependencies", &mut Vec::new()).unwrap_or_default();
        let at = |n: usize| fields.spot_of(&format!("dependencies[{n}]"));
        let dependencies = names.into_iter().enumerate().map(|(n, name)| (name, at(n))).collect();
        Self { what: format!("entry {} of `tasks`", n + 1), dependencies }
    }
}

/// One task of the index.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) id: TaskId,
    /// None only beside an error.
    pub(super) name: Option<String>,
    pub(super) file: Option<String>,
    pub(super) priority: Option<Priority>,
    pub(super) dependencies: Option<Vec<String>>,
    pub(super) extra: Extra,
    pub(super) strangers: Vec<Stranger>,
    pub(super) at: Spot,
    pub(super) file_at: Spot,
    /// One for each dependency; the entry's own place where there is none.
    pub(super) dependencies_at: Vec<Spot>,
}

impl Entry {
    /// Returns whether this text is its name, however it is spelled.
    pub(super) fn is_called(&self, text: &str) -> bool {
        let plain = folded(text);
        !plain.is_empty() && self.name.as_deref().is_some_and(|name| folded(name) == plain)
    }
}

/// Reads the index. `title` is offered as a name where there is none.
pub(super) fn read(sheet: &Sheet, title: Option<&str>, found: &mut Vec<Diagnostic>) -> Index {
    let top = sheet.fields();
    let metadata = top.fields("metadata", "{ name: What the plan is about }", found);
    let name = read_name(&top, &metadata, title, found);
    let base = metadata.text("base", found);
    if let Some(reason) = base.as_deref().and_then(refused_branch) {
        let message =
            format!("the base `{}` cannot be a branch: {reason}", one_line(base.as_deref().unwrap_or("")));
        let hint = "name the branch that the work starts from and lands on, such as `main`";
        found.push(Diagnostic::error("base-invalid", &metadata.spot_of("base"), message, hint));
    }
    let mut index = Index {
        name,
        created: metadata.text("created", found),
        base,
        document: metadata.text("document", found),
        ..Index::default()
    };
    read_entries(&mut index, &top, found);
    index
}

/// The plan's name: `metadata.name`, or what other tools write for it.
fn read_name(
    top: &Fields<'_>,
    metadata: &Fields<'_>,
    title: Option<&str>,
    found: &mut Vec<Diagnostic>,
) -> Option<String> {
    let is_text = |fields: &Fields<'_>, key: &&str| {
        fields.value(key).and_then(serde_yaml::Value::as_str).is_some_and(|text| !text.trim().is_empty())
    };
    let key = ["name", "title", "plan"].into_iter().find(|key| metadata.value(key).is_some());
    if let Some(key) = key.filter(|key| *key == "name" || is_text(metadata, key)) {
        let name = metadata.text(key, found);
        if name.is_some() || !metadata.value(key).is_some_and(serde_yaml::Value::is_string) {
            return name;
        }
    }
    if let Some(key) = ["name", "title", "plan"].into_iter().find(|key| is_text(top, key)) {
        return top.text(key, found);
    }
    if metadata.is_mapping() || top.value("metadata").is_none() {
        let example = title.map_or_else(|| "What the plan is about".to_owned(), one_line);
        let hint = format!("add `name: {example}` under `metadata:`");
        found.push(Diagnostic::error("plan-name-missing", &metadata.spot(), "the plan has no name", hint));
    }
    None
}

fn read_entries(index: &mut Index, top: &Fields<'_>, found: &mut Vec<Diagnostic>) {
    let records = top.records("tasks", EXAMPLE, found);
    if records.is_empty() && top.value("tasks").is_none_or(serde_yaml::Value::is_sequence) {
        let hint = format!("add `tasks:` with an entry such as `- {EXAMPLE}` for each task");
        found.push(Diagnostic::error("no-task", &top.spot_of("tasks"), "the plan has no task", hint));
    }
    if records.len() > MAX_TASKS {
        let message = format!("the plan has {} tasks, {MAX_TASKS} are allowed", records.len());
        let at = top.spot_of("tasks");
        found.push(Diagnostic::error("too-many-tasks", &at, message, "split it into several plans"));
        index.lost = records.len();
        return;
    }
    let mut seen = HashSet::new();
    for (n, fields) in records.iter().enumerate() {
        match read_entry(n, fields, found) {
            Some(entry) if seen.insert(entry.id.folded()) => index.entries.push(entry),
            Some(entry) => {
                let message =
                    format!("the id `{}` is used twice (upper and lower case are the same)", entry.id);
                let hint = "give each task an id of its own, such as `task-7`";
                found.push(Diagnostic::error("id-duplicate", &fields.spot_of("id"), message, hint));
                index.lost += 1;
                index.refused.push(Refused::of(n, fields));
            }
            None => {
                index.lost += 1;
                index.refused.push(Refused::of(n, fields));
                let written = fields.value("id").map(|id| id.as_str().map(str::to_owned));
                index.refused_ids.extend(written.and_then(|id| id.or(fields.plain("id").map(str::to_owned))));
            }
        }
    }
}

fn read_entry(n: usize, fields: &Fields<'_>, found: &mut Vec<Diagnostic>) -> Option<Entry> {
    if !fields.is_mapping() {
        return None;
    }
    let id = read_id(fields, found);
    if id.is_none()
        && fields.value("id").is_none_or(|value| value.as_str().is_some_and(|id| id.trim().is_empty()))
    {
        let message = format!("entry {} of `tasks` has no id", n + 1);
        let hint = format!("add an id such as `id: task-{n}`");
        found.push(Diagnostic::error("id-missing", &fields.spot(), message, hint));
    }
    let key =
        if fields.value("name").is_none() && fields.value("title").is_some() { "title" } else { "name" };
    let name = fields.text(key, found);
    if name.is_none() && fields.value(key).is_none_or(serde_yaml::Value::is_string) {
        let message = match &id {
            Some(id) => format!("the index entry of `{id}` has no name"),
            None => format!("entry {} of `tasks` has no name", n + 1),
        };
        let hint = "add `name:` with one line that says what the task is about";
        found.push(Diagnostic::error("name-missing", &fields.spot(), message, hint));
    }
    let dependencies = fields.texts("dependencies", found);
    let count = dependencies.as_ref().map_or(0, Vec::len);
    let file = fields.text("file", found);
    let priority = fields.word("priority", found);
    let extra = Extra::read(fields, found);
    let id = id?;
    Some(Entry {
        id,
        name,
        file,
        priority,
        dependencies,
        extra,
        strangers: strangers(fields),
        at: fields.spot(),
        file_at: fields.spot_of("file"),
        dependencies_at: (0..count).map(|n| fields.spot_of(&format!("dependencies[{n}]"))).collect(),
    })
}

/// The id of an entry or a front matter.
pub(super) fn read_id(fields: &Fields<'_>, found: &mut Vec<Diagnostic>) -> Option<TaskId> {
    // YAML reads `1` as a number and `01` as text; neither keeps its form everywhere.
    if let Some(plain) = fields.plain("id").filter(|plain| is_number(plain)) {
        let message = "`id` is a number, not text".to_owned();
        let plain = one_line(plain);
        let hint = match TaskId::parse(&plain) {
            Ok(_) => format!("put it in quotes, `id: \"{plain}\"`, or use one such as `task-{plain}`"),
            // In quotes it would be text, but no id.
            Err(_) => {
                let part = plain.replace(|c: char| !c.is_ascii_alphanumeric(), "-");
                format!(
                    "use one such as `task-{}`; in quotes, as `id: \"{plain}\"`, it would be text, but no id",
                    part.trim_matches('-')
                )
            }
        };
        found.push(Diagnostic::error("wrong-type", &fields.spot_of("id"), message, hint));
        return None;
    }
    let text = fields.text("id", found)?;
    match TaskId::parse(&text) {
        Ok(id) => Some(id),
        Err(reason) => {
            let message = format!("`{}` cannot be a task's id: {reason}", one_line(&text));
            let hint = "use an id such as `task-1`: it names a file, a folder and a branch";
            found.push(Diagnostic::error("id-invalid", &fields.spot_of("id"), message, hint));
            None
        }
    }
}

/// Returns whether some reader of YAML takes this for a number.
fn is_number(plain: &str) -> bool {
    let body = plain.trim_start_matches(['-', '+']);
    let digits =
        |text: &str, radix: u32| !text.is_empty() && text.chars().all(|c| c.is_digit(radix) || c == '_');
    match body.get(..2) {
        Some("0x") => digits(&body[2..], 16),
        Some("0o") => digits(&body[2..], 8),
        Some("0b") => digits(&body[2..], 2),
        _ => {
            body.starts_with(|c: char| c.is_ascii_digit() || c == '.')
                && (digits(body, 10) || body.replace('_', "").parse::<f64>().is_ok())
        }
    }
}

/// Why git would not take this as a branch name (`git check-ref-format --branch`).
fn refused_branch(name: &str) -> Option<&'static str> {
    let bad_sign = |c: char| c.is_control() || " ~^:?*[\\".contains(c);
    let rules: [(bool, &'static str); 9] = [
        (name.starts_with('-'), "it starts with `-`"),
        (name == "HEAD" || name == "@", "it is a name that git keeps for itself"),
        (name.contains(".."), "it contains `..`"),
        (name.contains("@{"), "it contains `@{`"),
        (name.chars().any(bad_sign), "it contains a space, a control character or one of `~^:?*[\\`"),
        (name.ends_with('.'), "it ends with `.`"),
        (name.split('/').any(str::is_empty), "it starts or ends with `/`, or contains `//`"),
        (name.split('/').any(|part| part.starts_with('.')), "a part of it starts with `.`"),
        (name.split('/').any(|part| part.strip_suffix(".lock").is_some()), "a part of it ends with `.lock`"),
    ];
    rules.iter().find(|(broken, _)| *broken).map(|(_, reason)| *reason)
}
