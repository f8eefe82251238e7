//! Finds the keys that nobody knows and that seem to order or to bound a task: their values name tasks or files.
//!
//! In: the fields of one task. Out: such keys, and a warning for each. This finds the words of other languages and tools,
//! whatever they are. Takes nothing of them into the plan.

use std::collections::HashSet;

use serde_yaml::Value;

use super::diagnostic::Spot;
use super::fields::{Fields, one_line};
use super::keys::is_stranger;
use super::spellings::{FILES, NEUTRAL};
use super::{Diagnostic, TaskId};
use crate::text::folded;

/// How many items of a list are looked at.
const MAX_ITEMS: usize = 100;

/// A key that is not known, and what it says.
#[derive(Debug)]
pub(super) struct Stranger {
    key: String,
    names: Vec<String>,
    is_list: bool,
    /// Does it hold lists as `files:` does?
    has_files: bool,
    at: Spot,
}

/// Those of a task.
pub(super) fn strangers(fields: &Fields<'_>) -> Vec<Stranger> {
    let unknown = fields.entries().filter(|(key, value)| is_stranger(key, value));
    let unknown = unknown.filter(|(key, _)| !NEUTRAL.contains(&folded(key).as_str()));
    let read = unknown.filter_map(|(key, value)| {
        let (names, is_list) = match value {
            Value::String(text) => (text.split(',').map(|name| name.trim().to_owned()).collect(), false),
            Value::Sequence(items) if items.len() <= MAX_ITEMS => {
                let names: Option<Vec<_>> =
                    items.iter().map(|item| item.as_str().map(str::to_owned)).collect();
                (names?, true)
            }
            Value::Mapping(_) => (Vec::new(), false),
            _ => return None,
        };
        let is_files = |key: &Value| key.as_str().is_some_and(|key| FILES.iter().any(|known| known.0 == key));
        let has_files = value.as_mapping().is_some_and(|mapping| mapping.keys().any(is_files));
        Some(Stranger { key: key.to_owned(), names, is_list, has_files, at: fields.spot_of(key) })
    });
    read.collect()
}

impl Stranger {
    /// Says of a key that orders or bounds, in its writer's mind, that it does not. `known` are the ids of the plan.
    pub(super) fn report(&self, id: &TaskId, known: &HashSet<&str>, found: &mut Vec<Diagnostic>) {
        let key = one_line(&self.key);
        let (what, hint) = if self.names_tasks(id, known) {
            let list = self.names.join(", ");
            ("tasks", format!("if `{id}` is to wait for them, write `dependencies: [{}]`", one_line(&list)))
        } else if self.has_files
            || self.is_list && !self.names.is_empty() && self.names.iter().all(|name| is_path(name))
        {
            let hint = "what the task changes goes into `files:`, what its agent reads first into `context:`";
            ("files", hint.to_owned())
        } else {
            return;
        };
        let message = format!("`{key}` of `{id}` names {what}, but is not a known key and is not read");
        found.push(Diagnostic::warning("key-unread", &self.at, message, hint));
    }

    /// Are they all other tasks? A single word may be one by chance, one with a number is not.
    fn names_tasks(&self, id: &TaskId, known: &HashSet<&str>) -> bool {
        let is_meant = |name: &String| self.is_list || name.contains(|c: char| c.is_ascii_digit());
        !self.names.is_empty()
            && self
                .names
                .iter()
                .all(|name| name != id.as_str() && known.contains(name.as_str()) && is_meant(name))
    }
}

/// `src/a`, `lib.rs`, `*.rs`; no address, and nothing with spaces.
fn is_path(text: &str) -> bool {
    let extension = text.rsplit_once('.').map_or("", |(_, extension)| extension);
    let is_file = (1..=5).contains(&extension.len())
        && extension.starts_with(|c: char| c.is_ascii_alphabetic())
        && extension.chars().all(|c| c.is_ascii_alphanumeric());
    !text.contains("://") && !text.contains(char::is_whitespace) && (is_file || text.contains('/'))
}
