//! Reads typed fields out of one YAML text and says what is wrong with those it cannot read.
//!
//! In: a part of a plan (the index, or a task's front matter). Out: texts, lists, words, flags; a diagnostic
//! with its place for each field of another type. An absent field and `null` are the same; what an absent
//! field means is decided by the caller.

use serde_yaml::{Mapping, Value};

use super::diagnostic::Spot;
use super::yaml::{self, Yaml, join};
use super::{Diagnostic, Priority, Status};

/// A YAML text inside a file.
#[derive(Clone, Copy, Debug)]
pub(super) struct Part<'a> {
    pub(super) file: &'a str,
    pub(super) text: &'a str,
    /// How many lines of the file come before the text.
    pub(super) lines_before: usize,
}

/// A part that was read.
#[derive(Debug)]
pub(super) struct Sheet {
    file: String,
    lines_before: usize,
    yaml: Yaml,
}

impl Sheet {
    /// Reads a part whose top level is a mapping. An empty part is an empty mapping.
    pub(super) fn read(part: Part<'_>, found: &mut Vec<Diagnostic>) -> Option<Self> {
        let Part { file, text, lines_before } = part;
        let mut yaml = match yaml::read(text) {
            Ok(yaml) => yaml,
            Err(fault) => {
                let at = spot(file, lines_before, fault.place);
                found.push(Diagnostic::error(fault.code, &at, fault.message, fault.hint));
                return None;
            }
        };
        if yaml.value.is_null() {
            yaml.value = Value::Mapping(Mapping::new());
        }
        let sheet = Self { file: file.to_owned(), lines_before, yaml };
        if !sheet.yaml.value.is_mapping() {
            let message = format!("this is {}, not a mapping of keys to values", kind(&sheet.yaml.value));
            let hint = "write `key: value` lines, each key at the start of its line";
            found.push(Diagnostic::error("wrong-type", &sheet.spot(""), message, hint));
            return None;
        }
        Some(sheet)
    }

    /// Where the node at `path` stands, else what is around it.
    pub(super) fn spot(&self, path: &str) -> Spot {
        spot(&self.file, self.lines_before, self.yaml.place(path))
    }

    /// The fields of the top level.
    pub(super) fn fields(&self) -> Fields<'_> {
        Fields { sheet: self, path: String::new(), mapping: self.yaml.value.as_mapping() }
    }

    /// Everything, as it was written.
    pub(super) fn into_mapping(self) -> Mapping {
        match self.yaml.value {
            Value::Mapping(mapping) => mapping,
            _ => Mapping::new(),
        }
    }
}

fn spot(file: &str, lines_before: usize, place: Option<yaml::Place>) -> Spot {
    Spot {
        file: file.to_owned(),
        line: Some(lines_before + place.map_or(1, |place| place.line)),
        column: place.map(|place| place.column),
    }
}

/// The fields of one mapping.
pub(super) struct Fields<'a> {
    sheet: &'a Sheet,
    path: String,
    /// None where something else stands in its place.
    mapping: Option<&'a Mapping>,
}

impl<'a> Fields<'a> {
    /// Where the mapping stands.
    pub(super) fn spot(&self) -> Spot {
        self.sheet.spot(&self.path)
    }

    /// Where the value of `key` stands, else where the mapping does.
    pub(super) fn spot_of(&self, key: &str) -> Spot {
        self.sheet.spot(&join(&self.path, key))
    }

    /// The value of `key`.
    pub(super) fn value(&self, key: &str) -> Option<&'a Value> {
        self.mapping?.get(key).filter(|value| !value.is_null())
    }

    /// A text that is not blank.
    pub(super) fn text(&self, key: &str, found: &mut Vec<Diagnostic>) -> Option<String> {
        match self.value(key)? {
            Value::String(text) if text.trim().is_empty() => None,
            Value::String(text) => Some(text.clone()),
            value => {
                let hint = match value {
                    Value::Number(_) | Value::Bool(_) => {
                        format!("put it in quotes: `{key}: {}`", quoted(value))
                    }
                    _ => format!("write `{key}: TEXT`, in quotes if the text contains `: `"),
                };
                found.push(self.wrong(key, value, "text", hint));
                None
            }
        }
    }

    /// A list of texts.
    pub(super) fn texts(&self, key: &str, found: &mut Vec<Diagnostic>) -> Option<Vec<String>> {
        let value = self.value(key)?;
        let Value::Sequence(items) = value else {
            let hint = match value {
                Value::String(text) => format!("write `{key}: [{text}]`, or `{key}: []` for none"),
                _ => format!("write `{key}: [A, B]`, or `{key}: []` for none"),
            };
            found.push(self.wrong(key, value, "a list", hint));
            return None;
        };
        let mut texts = Vec::with_capacity(items.len());
        for (n, item) in items.iter().enumerate() {
            if let Value::String(text) = item {
                texts.push(text.clone());
            } else {
                let key = format!("{key}[{n}]");
                let hint = "write each item as text, in quotes if it contains `: ` or is a number".to_owned();
                found.push(self.wrong(&key, item, "text", hint));
            }
        }
        Some(texts)
    }

    /// `true` or `false`.
    pub(super) fn flag(&self, key: &str, found: &mut Vec<Diagnostic>) -> Option<bool> {
        let value = self.value(key)?;
        if !value.is_bool() {
            let hint = format!("write `{key}: true` or `{key}: false`");
            found.push(self.wrong(key, value, "true or false", hint));
        }
        value.as_bool()
    }

    /// One of the known words.
    pub(super) fn word<T: Word>(&self, key: &str, found: &mut Vec<Diagnostic>) -> Option<T> {
        let text = self.text(key, found)?;
        let word = T::all().iter().find(|known| known.word() == text);
        if word.is_none() {
            let known: Vec<&str> = T::all().iter().map(|known| known.word()).collect();
            let list = known.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ");
            let hint = match nearest(&text, known) {
                Some(word) => format!("did you mean `{word}`? known are {list}"),
                None => format!("use one of {list}"),
            };
            let message = format!("the {key} `{}` is not known", one_line(&text));
            found.push(Diagnostic::error(T::UNKNOWN, &self.spot_of(key), message, hint));
        }
        word.copied()
    }

    /// The fields of a mapping inside this one; without fields where it is absent or something else.
    pub(super) fn fields(&self, key: &str, example: &str, found: &mut Vec<Diagnostic>) -> Fields<'a> {
        let value = self.value(key);
        let mapping = value.and_then(Value::as_mapping);
        if let (Some(value), None) = (value, mapping) {
            found.push(self.wrong(key, value, "a mapping", format!("write `{key}: {example}`")));
        }
        Fields { sheet: self.sheet, path: join(&self.path, key), mapping }
    }

    /// The mappings of a list inside this one. Items that are no mappings are reported and have no fields.
    pub(super) fn records(&self, key: &str, example: &str, found: &mut Vec<Diagnostic>) -> Vec<Fields<'a>> {
        let Some(value) = self.value(key) else { return Vec::new() };
        let Value::Sequence(items) = value else {
            let hint = format!("write each item under `{key}:` as `- {example}`");
            found.push(self.wrong(key, value, "a list", hint));
            return Vec::new();
        };
        let mut records = Vec::with_capacity(items.len());
        for (n, item) in items.iter().enumerate() {
            let step = format!("{key}[{n}]");
            if !item.is_mapping() {
                found.push(self.wrong(&step, item, "a mapping", format!("write it as `- {example}`")));
            }
            let path = join(&self.path, &step);
            records.push(Fields { sheet: self.sheet, path, mapping: item.as_mapping() });
        }
        records
    }

    /// Is it a mapping at all?
    pub(super) fn is_mapping(&self) -> bool {
        self.mapping.is_some()
    }

    fn wrong(&self, key: &str, value: &Value, expected: &str, hint: String) -> Diagnostic {
        let message = format!("`{key}` is {}, not {expected}", kind(value));
        Diagnostic::error("wrong-type", &self.spot_of(key), message, hint)
    }
}

/// A closed set of words that stands in files.
pub(super) trait Word: Copy + 'static {
    const UNKNOWN: &'static str;
    fn all() -> &'static [Self];
    fn word(self) -> &'static str;
}

impl Word for Priority {
    const UNKNOWN: &'static str = "unknown-priority";

    fn all() -> &'static [Self] {
        Self::ALL
    }

    fn word(self) -> &'static str {
        self.as_str()
    }
}

impl Word for Status {
    const UNKNOWN: &'static str = "unknown-status";

    fn all() -> &'static [Self] {
        Self::ALL
    }

    fn word(self) -> &'static str {
        self.as_str()
    }
}

/// Words of other tools for what has another name here.
const SYNONYMS: [(&str, &str); 10] = [
    ("critical", "blocker"),
    ("urgent", "blocker"),
    ("normal", "medium"),
    ("todo", "pending"),
    ("open", "pending"),
    ("ready", "pending"),
    ("active", "in_progress"),
    ("running", "in_progress"),
    ("done", "completed"),
    ("finished", "completed"),
];

/// The known word that was probably meant.
pub(super) fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let plain = |text: &str| text.trim().to_lowercase().replace([' ', '-'], "_");
    let word = plain(word);
    // Far longer than anything known; the distance would cost time and say nothing.
    if word.len() > 100 {
        return None;
    }
    let meant = SYNONYMS.iter().find(|(other, _)| *other == word).map_or(word.as_str(), |(_, own)| own);
    let distances = known.into_iter().map(|known| (distance(meant, &plain(known)), known));
    let (distance, known) = distances.min_by_key(|(distance, _)| *distance)?;
    (distance * 2 <= known.chars().count()).then_some(known)
}

/// How many characters must be added, removed or replaced to get from one word to the other.
fn distance(left: &str, right: &str) -> usize {
    let right: Vec<char> = right.chars().collect();
    let mut row: Vec<usize> = (0..=right.len()).collect();
    for (i, a) in left.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, &b) in right.iter().enumerate() {
            let replaced = diagonal + usize::from(a != b);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[right.len()]
}

/// A text from a file as it may stand in a message: one line, not too long, nothing that moves a cursor.
pub(super) fn one_line(text: &str) -> String {
    let clean: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    let words: Vec<&str> = clean.split_whitespace().collect();
    let line = words.join(" ");
    match line.char_indices().nth(80) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line,
    }
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "nothing",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number",
        Value::String(_) => "text",
        Value::Sequence(_) => "a list",
        Value::Mapping(_) => "a mapping",
        Value::Tagged(_) => "a tagged value",
    }
}

fn quoted(value: &Value) -> String {
    let plain = serde_yaml::to_string(value).unwrap_or_default();
    format!("\"{}\"", plain.trim_end())
}
