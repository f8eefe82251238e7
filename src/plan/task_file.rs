//! The two parts of a task's file, and the one change that `ctx` makes to it: its status.
//!
//! In: a file's text. Out: its front matter and body, or the same text with another status and no other byte
//! changed. Judges nothing; `load` does. A front matter whose status cannot be changed safely is refused.

use serde_yaml::{Mapping, Value};

use super::keys::{self, Scope};
use super::markdown::{Outline, line_end};
use super::{Status, yaml};

/// Why the status was not changed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StatusLineError {
    /// The text does not start with `---`, or no second `---` follows.
    #[error("it has no front matter between two `---` lines")]
    NoFrontMatter,
    /// The front matter is not a YAML mapping.
    #[error("its front matter cannot be read: {0}")]
    Invalid(String),
    /// Several `status:` lines.
    #[error("its front matter has {0} `status:` lines")]
    Duplicate(usize),
    /// A form of YAML in which the status has no line of its own.
    #[error("its front matter does not have the status on a line of its own")]
    Unusual,
}

/// Front matter (the lines between the two `---` lines) and body (everything after the second).
pub fn split(text: &str) -> Option<(&str, &str)> {
    let start = first_line(text)?;
    let mut line = start;
    while line < text.len() {
        let next = line_end(text, line);
        if text[line..next].trim_end() == "---" {
            return Some((&text[start..line], &text[next..]));
        }
        line = next;
    }
    None
}

/// Where the line after the opening `---` starts. A byte order mark before it is passed over.
fn first_line(text: &str) -> Option<usize> {
    let end = line_end(text, 0);
    let opening = text[..end].strip_prefix('\u{feff}').unwrap_or(&text[..end]);
    (opening.trim_end() == "---").then_some(end)
}

/// The text of the section with this heading, matched without emoji and case, up to the next heading of its
/// level or above. Headings inside fences, quotes and lists do not count.
pub fn section<'a>(body: &'a str, name: &str) -> Option<&'a str> {
    Outline::of(body).section(body, name)
}

/// Rewrites the `status:` line and no other byte; a missing one is added after `id:`.
pub fn set_status(text: &str, status: Status) -> Result<String, StatusLineError> {
    let (front, _) = split(text).ok_or(StatusLineError::NoFrontMatter)?;
    let start = first_line(text).ok_or(StatusLineError::NoFrontMatter)?;
    let before = match mapping(front) {
        Ok(before) => before,
        Err(message) => {
            return Err(match top_level_lines(front, "status").len() {
                0 | 1 => StatusLineError::Invalid(message),
                lines => StatusLineError::Duplicate(lines),
            });
        }
    };
    // `Status:` is read as `status:`; beside a second one, it would contradict that.
    let key = keys::written(Scope::Task, &before, "status").unwrap_or("status");
    let lines = top_level_lines(front, key);
    let mut wanted = before.clone();
    wanted.insert(key.into(), status.as_str().into());
    // Whatever the lines look like, only a rewrite that provably changes this one value is taken.
    candidates(text, start, front, key, &lines, status)
        .into_iter()
        .find(|changed| split(changed).and_then(|(front, _)| mapping(front).ok()).as_ref() == Some(&wanted))
        .ok_or(StatusLineError::Unusual)
}

fn mapping(front: &str) -> Result<Mapping, String> {
    match yaml::read(front).map_err(|fault| fault.message)?.value {
        Value::Mapping(mapping) => Ok(mapping),
        Value::Null => Ok(Mapping::new()),
        _ => Err("it is not a mapping".to_owned()),
    }
}

/// Byte ranges, in `front`, of the lines that start with `key:`, without their line ends.
fn top_level_lines(front: &str, key: &str) -> Vec<(usize, usize)> {
    let mut lines = Vec::new();
    let mut start = 0;
    for line in front.split_inclusive('\n') {
        let rest = line.strip_prefix(key).and_then(|rest| rest.strip_prefix(':'));
        if rest.is_some_and(|rest| rest.is_empty() || rest.starts_with([' ', '\t', '\r', '\n'])) {
            lines.push((start, start + line.trim_end_matches(['\r', '\n']).len()));
        }
        start += line.len();
    }
    lines
}

/// The rewrites to try, the natural one first.
fn candidates(
    text: &str,
    start: usize,
    front: &str,
    key: &str,
    lines: &[(usize, usize)],
    status: Status,
) -> Vec<String> {
    if let &[(from, to)] = lines {
        let line = with_value(&front[from..to], key, status.as_str());
        return vec![format!("{}{line}{}", &text[..start + from], &text[start + to..])];
    }
    let end = if text[..start].ends_with("\r\n") { "\r\n" } else { "\n" };
    let insert = |at: usize| format!("{}status: {status}{end}{}", &text[..at], &text[at..]);
    let after_id = top_level_lines(front, "id").first().map(|&(_, to)| line_end(text, start + to));
    after_id.into_iter().chain([start]).map(insert).collect()
}

/// The line with another value; spaces and a comment stay.
fn with_value(line: &str, key: &str, value: &str) -> String {
    let rest = &line[key.len() + 1..];
    let gap = rest.len() - rest.trim_start().len();
    let (gap, old) = rest.split_at(gap);
    if old.is_empty() || old.starts_with('#') {
        let tail = if old.is_empty() { String::new() } else { format!("{gap}{old}") };
        return format!("{key}: {value}{tail}");
    }
    let comment = old.find(" #").or_else(|| old.find("\t#")).unwrap_or(old.len());
    let tail = &old[old[..comment].trim_end().len()..];
    format!("{key}:{gap}{value}{tail}")
}
