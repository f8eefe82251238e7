//! Reads typed fields out of one YAML text and says what is wrong with those it cannot read.
//!
//! In: a part of a plan (the index, or a task's front matter). Out: texts, lists, words, flags; a diagnostic
//! with its place for each field of another type. An absent field and `null` are the same; what an absent
//! field means is decided by the caller.

use std::collections::HashMap;

use serde_yaml::{Mapping, Value};

use super::Diagnostic;
use super::diagnostic::Spot;
use super::keys::{self, Scope};
use super::words::{Word, nearest};
use super::yaml::{self, Yaml, join};

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
    /// Paths by known keys, and what is written in their place.
    renamed: HashMap<String, String>,
}

impl Sheet {
    /// Reads a part whose top level is a mapping. An empty part is an empty mapping. Keys are those of `scope`, however
    /// they are spelled.
    pub(super) fn read(part: Part<'_>, scope: Scope, found: &mut Vec<Diagnostic>) -> Option<Self> {
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
        let mut sheet = Self { file: file.to_owned(), lines_before, yaml, renamed: HashMap::new() };
        if !sheet.yaml.value.is_mapping() {
            let message = format!("this is {}, not a mapping of keys to values", kind(&sheet.yaml.value));
            let hint = "write `key: value` lines, each key at the start of its line";
            found.push(Diagnostic::error("wrong-type", &sheet.spot(""), message, hint));
            return None;
        }
        sheet.report_cut(found);
        sheet.read_keys(scope, found);
        Some(sheet)
    }

    /// A comment in the middle of what was meant as one text.
    fn report_cut(&self, found: &mut Vec<Diagnostic>) {
        for (place, rest) in self.yaml.cut() {
            let at = spot(&self.file, self.lines_before, Some(*place));
            let message =
                format!("the text ends before ` {}`, which YAML takes as a comment", one_line(rest));
            let hint = "put the whole text in quotes, as in `name: \"Fix #12\"`";
            found.push(Diagnostic::warning("yaml-comment", &at, message, hint));
        }
    }

    fn read_keys(&mut self, scope: Scope, found: &mut Vec<Diagnostic>) {
        let Value::Mapping(mut top) = std::mem::take(&mut self.yaml.value) else { return };
        top = self.keys_of(scope, "", &top, found);
        if scope == Scope::Index {
            if let Some(Value::Mapping(metadata)) = top.get_mut("metadata") {
                *metadata = self.keys_of(Scope::Metadata, "metadata", metadata, found);
            }
            if let Some(Value::Sequence(tasks)) = top.get_mut("tasks") {
                for (n, task) in tasks.iter_mut().enumerate() {
                    let Value::Mapping(task) = task else { continue };
                    *task = self.task_keys(&format!("tasks[{n}]"), task, found);
                }
            }
        } else {
            top = self.files_keys("", top, found);
        }
        self.yaml.value = Value::Mapping(top);
    }

    fn task_keys(&mut self, path: &str, task: &Mapping, found: &mut Vec<Diagnostic>) -> Mapping {
        let task = self.keys_of(Scope::Task, path, task, found);
        self.files_keys(path, task, found)
    }

    fn files_keys(&mut self, path: &str, mut task: Mapping, found: &mut Vec<Diagnostic>) -> Mapping {
        if let Some(Value::Mapping(files)) = task.get_mut("files") {
            *files = self.keys_of(Scope::Files, &join(path, "files"), files, found);
        }
        task
    }

    /// One mapping with the keys that are known here, and what is said about the others.
    fn keys_of(
        &mut self,
        scope: Scope,
        path: &str,
        written: &Mapping,
        found: &mut Vec<Diagnostic>,
    ) -> Mapping {
        let read = keys::read(scope, written);
        let there = self.written(path);
        for remark in read.remarks {
            let place = self.yaml.key_place(&join(&there, &remark.key));
            let at = spot(&self.file, self.lines_before, place);
            let make = if remark.is_error { Diagnostic::error } else { Diagnostic::warning };
            found.push(make(remark.code, &at, remark.message, remark.hint));
        }
        let renamed = read.renamed.into_iter();
        self.renamed.extend(renamed.map(|(known, written)| (join(path, &known), join(&there, &written))));
        read.mapping
    }

    /// A path by known keys as it is written.
    fn written(&self, path: &str) -> String {
        let mut end = path.len();
        while end > 0 && !self.renamed.is_empty() {
            if let Some(written) = self.renamed.get(&path[..end]) {
                return format!("{written}{}", &path[end..]);
            }
            end = path[..end].rfind(['.', '[']).unwrap_or(0);
        }
        path.to_owned()
    }

    /// Where the node at `path` stands, else what is around it.
    pub(super) fn spot(&self, path: &str) -> Spot {
        spot(&self.file, self.lines_before, self.yaml.place(&self.written(path)))
    }

    /// A short value as it is written, if it has no quotes.
    fn plain(&self, path: &str) -> Option<&str> {
        self.yaml.plain(&self.written(path))
    }

    /// The fields of the top level.
    pub(super) fn fields(&self) -> Fields<'_> {
        Fields { sheet: self, path: String::new(), mapping: self.yaml.value.as_mapping() }
    }

    /// Adds a field.
    pub(super) fn insert(&mut self, key: &str, value: Value) {
        if let Value::Mapping(mapping) = &mut self.yaml.value {
            mapping.insert(key.into(), value);
        }
    }

    /// Everything, by known keys.
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
                        format!("put it in quotes: `{key}: \"{}\"`", self.source(key, value))
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
                Value::String(text) => match &keys::items(text)[..] {
                    [] => format!("write `{key}: []`, or leave it out"),
                    items => {
                        format!("write `{key}: [{}]`, or `{key}: []` for none", one_line(&items.join(", ")))
                    }
                },
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
                let hint = match item {
                    Value::Number(_) | Value::Bool(_) => {
                        format!("put it in quotes: `\"{}\"`", self.source(&key, item))
                    }
                    _ => "write each item as text, in quotes if it contains `: ` or is a number".to_owned(),
                };
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

    /// A number or a flag as it is written: `1.10` is read as 1.1.
    fn source(&self, key: &str, value: &Value) -> String {
        match self.plain(key) {
            Some(text) => one_line(text),
            None => one_line(serde_yaml::to_string(value).unwrap_or_default().trim_end()),
        }
    }

    /// A short value as it is written, if it has no quotes.
    pub(super) fn plain(&self, key: &str) -> Option<&'a str> {
        self.sheet.plain(&join(&self.path, key))
    }

    /// Every key that is a text, with its value.
    pub(super) fn entries(&self) -> impl Iterator<Item = (&'a str, &'a Value)> {
        let entries = self.mapping.into_iter().flatten();
        entries.filter_map(|(key, value)| Some((key.as_str()?, value)))
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

/// A text from a file as it may stand in a message: one line, not too long, nothing that moves a cursor.
pub(super) fn one_line(text: &str) -> String {
    crate::text::name(text)
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
