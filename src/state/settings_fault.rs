//! Says which setting cannot be read, in the words of the person who wrote it.
//!
//! In: the text of a settings file that was refused, and the reader's message. Out: one fact with the key and its line.

use serde_yaml::Value;

use crate::text;

/// What a setting must be.
#[derive(Clone, Copy)]
enum Kind {
    Flag,
    Count,
    Text,
    List,
    Any,
}

/// The settings of this version, by section.
const KNOWN: [(&str, &[(&str, Kind)]); 3] = [
    (
        "parallelization",
        &[
            ("enabled", Kind::Flag),
            ("min_tasks", Kind::Count),
            ("max_agents", Kind::Count),
            ("auto_cleanup", Kind::Flag),
        ],
    ),
    (
        "worktrees",
        &[
            ("root", Kind::Text),
            ("branch", Kind::Text),
            ("copy", Kind::List),
            ("setup", Kind::Any),
            ("check", Kind::Text),
            ("pool", Kind::Count),
        ],
    ),
    ("merge", &[("into", Kind::Text), ("push", Kind::Flag)]),
];

/// The known settings that are nearest to one that is not known, as a question; `None` if none is near.
pub fn setting_meant(key: &str) -> Option<String> {
    let known: Vec<String> = KNOWN
        .iter()
        .flat_map(|(section, keys)| {
            let inside = keys.iter().map(move |(key, _)| format!("{section}.{key}"));
            std::iter::once((*section).to_owned()).chain(inside)
        })
        .collect();
    // A key in the wrong section, or in none, is found by its own name.
    let own = key.rsplit('.').next().unwrap_or(key);
    let same = known.iter().find(|known| known.rsplit('.').next() == Some(own));
    match same {
        Some(known) => Some(format!("did you mean `{known}`?")),
        None => {
            // Of two keys in one section, only their own names are compared.
            let section = key.rsplit_once('.').map(|(section, _)| format!("{section}."));
            let known = known.iter().filter(|known| {
                section.as_ref().is_none_or(|section| {
                    let own_known = known.strip_prefix(section.as_str());
                    own_known.is_some_and(|known| !text::nearest(own, [known]).is_empty())
                })
            });
            text::did_you_mean(key, known.map(String::as_str))
        }
    }
}

/// What is wrong with the text. `message` is the reader's.
pub(super) fn fault(text: &str, message: &str) -> String {
    let value = serde_yaml::from_str::<Value>(text).ok();
    value.as_ref().and_then(|value| culprit(text, value)).unwrap_or_else(|| text::plain_fault(message))
}

fn culprit(text: &str, value: &Value) -> Option<String> {
    let Value::Mapping(top) = value else {
        return Some(format!("it is {}, not a mapping of keys to values", kind(value)));
    };
    for (section, keys) in KNOWN {
        let line = line_of(text, 0, section);
        match top.get(section) {
            None | Some(Value::Null) => {}
            Some(Value::Mapping(inside)) => {
                for (key, expected) in keys {
                    let value = inside.get(*key).filter(|value| !value.is_null());
                    if let Some(reason) = value.and_then(|value| expected.refuses(value)) {
                        let line = line_of(text, line.unwrap_or(1) - 1, key).or(line).unwrap_or(1);
                        return Some(format!("line {line}: `{section}.{key}` is {reason}"));
                    }
                }
            }
            Some(other) => {
                let line = line.unwrap_or(1);
                return Some(format!(
                    "line {line}: `{section}` is {}, not a mapping of keys to values",
                    kind(other)
                ));
            }
        }
    }
    None
}

impl Kind {
    /// What the value is and what it should be; `None` if it is right.
    fn refuses(self, value: &Value) -> Option<String> {
        let (right, expected) = match self {
            Self::Any => return None,
            Self::Flag => (value.is_bool(), "`true` or `false`"),
            // Any more is too many for every count here.
            Self::Count => {
                (value.as_u64().is_some_and(|count| usize::try_from(count).is_ok()), "a whole number from 0")
            }
            Self::Text => (value.is_string(), "text"),
            Self::List => (
                value.as_sequence().is_some_and(|items| items.iter().all(Value::is_string)),
                "a list of texts such as `[\".env\"]`",
            ),
        };
        (!right).then(|| format!("{}, not {expected}", kind(value)))
    }
}

fn kind(value: &Value) -> String {
    match value {
        Value::Null => "nothing".to_owned(),
        Value::Bool(flag) => format!("`{flag}`"),
        Value::Number(number) => format!("the number {number}"),
        Value::String(text) => format!("the text `{}`", text::name(text)),
        Value::Sequence(_) => "a list".to_owned(),
        Value::Mapping(_) => "a mapping".to_owned(),
        Value::Tagged(_) => "a tagged value".to_owned(),
    }
}

/// The number of the first line behind so many that has this key.
fn line_of(text: &str, behind: usize, key: &str) -> Option<usize> {
    let has = |line: &str| {
        let before = line.find(&format!("{key}:")).map(|at| &line[..at]);
        before.is_some_and(|before| before.is_empty() || before.ends_with([' ', '{', ',', '\t']))
    };
    text.lines().enumerate().skip(behind).find(|(_, line)| has(line)).map(|(n, _)| n + 1)
}
