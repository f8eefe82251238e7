//! Reads the keys of a plan by what they mean: one table of the known ones and of other tools' words for them.
//!
//! In: a mapping that was read from YAML. Out: the same with its known keys as they are written here, what was renamed
//! or moved, and a warning for each that names the key. A key that orders or bounds a task is never passed over without
//! a word; a key that nobody knows is kept as it is.

use serde_yaml::{Mapping, Value};

pub(super) use super::spellings::Scope;
use super::spellings::{
    ALLOWED, FILES, INSIDE_FILES, Known, ORDER, OTHERS, REVERSED, Rank, Shape, shape_of, table,
};
use crate::text::{folded, name};

/// What a key says.
enum Meaning {
    /// It is written as it should be, or nobody knows it.
    Itself,
    /// Another word, or another spelling, for this key.
    For(&'static str),
    /// As `For`, of a key that belongs into `files:`.
    Misplaced(&'static str),
    /// Perhaps a misspelling of this key; not read.
    Perhaps(&'static str),
    /// Not read, with what to write instead.
    Unread(String),
    /// A bound that is not read: an error, with what to write instead.
    Bound(String),
}

/// Something that was read otherwise than it is written.
#[derive(Debug)]
pub(super) struct Remark {
    /// The key as it is written.
    pub(super) key: String,
    pub(super) code: &'static str,
    pub(super) message: String,
    pub(super) hint: String,
    /// Does it stop the plan?
    pub(super) is_error: bool,
}

/// A mapping with the keys as they are written here.
#[derive(Debug, Default)]
pub(super) struct Read {
    pub(super) mapping: Mapping,
    /// Paths inside the mapping, and what is written in their place.
    pub(super) renamed: Vec<(String, String)>,
    pub(super) remarks: Vec<Remark>,
}

/// Reads the keys of one mapping.
pub(super) fn read(scope: Scope, written: &Mapping) -> Read {
    let mut out = Read::default();
    let mut moved: Vec<(String, &'static str, Value)> = Vec::new();
    let has = |key: &str| written.get(key).is_some_and(|value| !value.is_null());
    let mut others = Vec::new();
    for (key, value) in written {
        let Some(text) = key.as_str().filter(|_| !value.is_null()) else {
            out.mapping.insert(key.clone(), value.clone());
            continue;
        };
        if text == "<<" {
            out.remarks.push(Remark {
                is_error: true,
                ..Remark::warning(
                    "yaml-merge",
                    text,
                    "a YAML merge key (`<<`) stands here, and plans have none".to_owned(),
                    "write its keys out".to_owned(),
                )
            });
            continue;
        }
        match meaning(scope, text, value) {
            Meaning::Itself => drop(out.mapping.insert(key.clone(), value.clone())),
            Meaning::For(known) if has(known) => {
                others.push((text.to_owned(), known, value.clone()));
            }
            Meaning::For(known) => {
                let value = shaped(known, value);
                if out.mapping.get(known).is_some_and(|there| *there != value && !there.is_null()) {
                    out.remarks.push(two(text, known));
                    continue;
                }
                out.mapping.insert(known.into(), value);
                out.renamed.push((known.to_owned(), text.to_owned()));
                out.remarks.push(Remark::warning(
                    "key-synonym",
                    text,
                    format!("`{}` is read as `{known}`", name(text)),
                    format!("write `{known}:`"),
                ));
            }
            Meaning::Misplaced(known) => moved.push((text.to_owned(), known, shaped(known, value))),
            Meaning::Perhaps(known) => {
                out.mapping.insert(key.clone(), value.clone());
                out.remarks.push(Remark::warning(
                    "key-unknown",
                    text,
                    format!("`{}` is not a known key and is not read", name(text)),
                    format!("did you mean `{known}`?"),
                ));
            }
            Meaning::Unread(hint) => {
                out.mapping.insert(key.clone(), value.clone());
                out.remarks.push(Remark::warning(
                    "key-unread",
                    text,
                    format!("`{}` is not read", name(text)),
                    hint,
                ));
            }
            Meaning::Bound(hint) => out.remarks.push(Remark {
                is_error: true,
                ..Remark::warning("key-bound", text, format!("`{}` bounds nothing here", name(text)), hint)
            }),
        }
    }
    for (text, known, value) in others {
        match out.mapping.get(known) == Some(&shaped(known, &value)) {
            true => out.remarks.push(Remark::warning(
                "key-synonym",
                &text,
                format!("`{}` repeats `{known}`", name(&text)),
                "remove one of the two".to_owned(),
            )),
            false => out.remarks.push(two(&text, known)),
        }
    }
    into_files(&mut out, moved);
    out
}

/// How a mapping writes a known key: itself if it has it, else the first other word for it.
pub(super) fn written<'a>(scope: Scope, mapping: &'a Mapping, known: &'static str) -> Option<&'a str> {
    if mapping.contains_key(known) {
        return Some(known);
    }
    let says = |(key, value): (&'a Value, &Value)| {
        let key = key.as_str().filter(|_| !value.is_null())?;
        matches!(meaning(scope, key, value), Meaning::For(other) if other == known).then_some(key)
    };
    mapping.iter().find_map(says)
}

/// Moves what stands beside `files:` into it.
fn into_files(out: &mut Read, moved: Vec<(String, &'static str, Value)>) {
    for (text, known, value) in moved {
        let mut files = match out.mapping.get("files") {
            None | Some(Value::Null) => Mapping::new(),
            Some(Value::Mapping(files)) => files.clone(),
            // That it is no mapping is said elsewhere.
            Some(_) => return,
        };
        if files.get(known).is_some_and(|there| *there != value && !there.is_null()) {
            out.remarks.push(two(&text, &format!("files.{known}")));
            continue;
        }
        files.insert(known.into(), value);
        out.mapping.insert("files".into(), Value::Mapping(files));
        out.renamed.push((format!("files.{known}"), text.clone()));
        out.remarks.push(Remark::warning(
            "key-misplaced",
            &text,
            format!("`{}` stands outside `files:`; it is read as `files.{known}`", name(&text)),
            format!("write it inside: `files: {{ {known}: … }}`"),
        ));
    }
}

fn two(text: &str, known: &str) -> Remark {
    let message = format!("`{}` and `{known}` say different things", name(text));
    let hint = format!("say it once, as `{known}`");
    Remark { is_error: true, ..Remark::warning("key-twice", text, message, hint) }
}

impl Remark {
    fn warning(code: &'static str, key: &str, message: String, hint: String) -> Self {
        Self { key: key.to_owned(), code, message, hint, is_error: false }
    }
}

fn meaning(scope: Scope, key: &str, value: &Value) -> Meaning {
    let table = table(scope);
    if table.iter().any(|Known(known, ..)| *known == key) {
        return Meaning::Itself;
    }
    let plain = folded(key);
    let same = |known: &&Known| folded(known.0) == plain || known.3.contains(&plain.as_str());
    if let Some(Known(known, shape, rank, _)) = table.iter().find(same) {
        return match shape.fits(value) {
            true => Meaning::For(known),
            false if *rank == Rank::Binding => {
                Meaning::Unread(format!("write `{known}:`, as {}", shape.words()))
            }
            false => Meaning::Itself,
        };
    }
    let in_tasks = matches!(scope, Scope::Task | Scope::Files);
    if in_tasks && ALLOWED.contains(&plain.as_str()) && is_list(value) {
        return Meaning::Bound(
            "declare what may be changed, and that it is all: `files: { modify: [src/lib.rs], strict: true }`".to_owned(),
        );
    }
    match scope {
        Scope::Files => {
            if let Some((_, known)) = INSIDE_FILES.iter().find(|(other, _)| *other == plain) {
                return Meaning::For(known);
            }
        }
        Scope::Task => {
            if let Some(Known(known, shape, ..)) = FILES.iter().find(same) {
                return match shape.fits(value) {
                    true => Meaning::Misplaced(known),
                    false => Meaning::Unread(format!("write it inside `files:`: `files: {{ {known}: … }}`")),
                };
            }
            if REVERSED.contains(&plain.as_str()) && is_list(value) {
                return Meaning::Unread(
                    "say it the other way round, as `dependencies:` of the later task".to_owned(),
                );
            }
            if ORDER.contains(&plain.as_str()) && is_count(value) {
                return Meaning::Unread(
                    "say which tasks come first, as `dependencies: [ID]`; the waves follow from them"
                        .to_owned(),
                );
            }
            if plain == "tests" && is_list(value) {
                return Meaning::Unread(
                    "name tests in a section `## Tests Required`; commands go into `verify: [COMMAND]`"
                        .to_owned(),
                );
            }
        }
        Scope::Index | Scope::Metadata => {}
    }
    misspelt(table, &plain, value)
}

fn misspelt(table: &'static [Known], plain: &str, value: &Value) -> Meaning {
    if OTHERS.contains(&plain) || plain.len() > 40 {
        return Meaning::Itself;
    }
    let near = table.iter().find(|Known(known, ..)| {
        let known = folded(known);
        let most = match known.len() {
            0..=3 => 0,
            4..=7 => 1,
            _ => 2,
        };
        strsim::osa_distance(&known, plain) <= most
    });
    match near {
        Some(Known(known, shape, Rank::Binding, _)) if shape.fits(value) => Meaning::For(known),
        Some(Known(known, ..)) => Meaning::Perhaps(known),
        None => Meaning::Itself,
    }
}

/// A number, or a text that ends with one, as `wave 2`.
fn is_count(value: &Value) -> bool {
    value.is_number()
        || value.as_str().is_some_and(|text| text.trim_end().ends_with(|c: char| c.is_ascii_digit()))
}

fn is_list(value: &Value) -> bool {
    match value {
        Value::Sequence(items) => !items.is_empty(),
        Value::String(text) => !text.trim().is_empty(),
        _ => false,
    }
}

/// Returns whether a key of a task is unknown and nothing is said about it.
pub(super) fn is_stranger(key: &str, value: &Value) -> bool {
    let known = table(Scope::Task).iter().any(|known| known.0 == key);
    !known && !value.is_null() && matches!(meaning(Scope::Task, key, value), Meaning::Itself)
}

/// The items of a text that should be a list.
pub(super) fn items(text: &str) -> Vec<&str> {
    if says_none(text) {
        return Vec::new();
    }
    let items = text.split([',', ';', '\n']).flat_map(|part| part.split(" and "));
    items.map(str::trim).filter(|item| !item.is_empty()).collect()
}

fn says_none(text: &str) -> bool {
    matches!(text.trim().to_lowercase().as_str(), "" | "none" | "nothing" | "-" | "n/a")
}

/// The value as the known key has it: a text is a list of one; one with commas between ids, a list of those.
fn shaped(known: &str, value: &Value) -> Value {
    let Value::String(text) = value else { return value.clone() };
    let list = |items: Vec<&str>| items.into_iter().map(Value::from).collect();
    match shape_of(known) {
        Shape::Ids => list(items(text)),
        Shape::List => list(vec![text]),
        _ => value.clone(),
    }
}
