//! One argument of a program: what is known of its text.

use std::borrow::Cow;

use super::glob;
use super::state::{State, Value};
use super::word::{Piece, Word};

/// What a word becomes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Arg {
    /// Exactly this.
    Text(String),
    /// One word, one of these.
    OneOf(Vec<String>),
    /// Any number of words, each one of these: what a pattern matches.
    Many(Vec<String>),
    /// A pattern that matches nothing now: this text, unless something comes to match it.
    Unmatched(String),
    /// One word that begins with this; the rest is not known.
    Opaque(String),
    /// Any number of words that are not known.
    Words,
}

/// More alternatives than these are not followed.
const MOST: usize = 512;
/// Longer words that variables make are not followed.
const LONGEST: usize = 4096;

impl Arg {
    /// The only text it can be.
    pub(super) fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    /// Everything it can be; none if that is not known.
    pub(super) fn texts(&self) -> Option<&[String]> {
        match self {
            Self::Text(text) => Some(std::slice::from_ref(text)),
            Self::OneOf(texts) | Self::Many(texts) => Some(texts),
            Self::Unmatched(_) | Self::Opaque(_) | Self::Words => None,
        }
    }

    /// Can a program take it for an option, without its text being known?
    pub(super) fn may_be_option(&self) -> bool {
        match self {
            Self::Text(_) => false,
            Self::OneOf(texts) | Self::Many(texts) => texts.iter().any(|text| text.starts_with(['-', '+'])),
            Self::Unmatched(text) => text.starts_with(['-', '+', '*', '?', '[']),
            Self::Opaque(prefix) => prefix.is_empty() || prefix.starts_with(['-', '+']),
            Self::Words => true,
        }
    }

    /// For a person.
    pub(super) fn show(&self) -> String {
        match self {
            Self::Text(text) | Self::Unmatched(text) => text.clone(),
            Self::OneOf(texts) | Self::Many(texts) => {
                format!("{}…", texts.first().map_or("", String::as_str))
            }
            Self::Opaque(prefix) => format!("{prefix}…"),
            Self::Words => "…".to_owned(),
        }
    }
}

/// Looks up what a pattern matches in the first of the shell's possible directories, and in all others.
pub(super) type Expand<'a> = &'a dyn Fn(&str) -> Option<Vec<String>>;

/// Variables of the environment that hold no secret.
const PRINTED: &[&str] = &["HOME", "LANG", "PWD", "SHELL", "TERM", "USER"];

/// `$?` is one of few numbers.
fn variable<'a>(state: &'a State, name: &str) -> Option<Cow<'a, Value>> {
    match name {
        "?" => Some(Cow::Owned(Value::OneOf((0..256).map(|status| status.to_string()).collect()))),
        _ => state.variables.get(name).map(Cow::Borrowed),
    }
}

/// What the word becomes. Commands in it were looked at before; they are opaque text here.
pub(super) fn evaluate(word: &Word, state: &State, expand: Expand<'_>) -> Result<Arg, String> {
    let mut texts = vec![String::new()];
    let (mut pattern, mut is_pattern, mut opaque, mut words) = (String::new(), false, false, false);
    for piece in &word.pieces {
        match piece {
            Piece::Text { text, quoted } => {
                is_pattern |= !quoted && glob::is_pattern(text);
                pattern += &if *quoted { glob::escape(text) } else { text.clone() };
                if !opaque {
                    for each in &mut texts {
                        each.push_str(text);
                    }
                }
            }
            // A number, or nothing in some shells.
            Piece::Number { quoted } => {
                opaque = true;
                words |= !quoted;
            }
            Piece::Variable { name, quoted } => match variable(state, name).as_deref() {
                // What the environment holds is only printed.
                None if *quoted && PRINTED.contains(&name.as_str()) => opaque = true,
                None => return Err(format!("`${name}` is not known")),
                Some(Value::Opaque) => {
                    opaque = true;
                    words |= !quoted;
                }
                Some(Value::OneOf(values)) => {
                    // Without quotes the shell splits the value and expands patterns in it.
                    let split = |value: &String| {
                        value.is_empty() || value.contains([' ', '\t', '\n', '*', '?', '[', '~', '\\'])
                    };
                    if !quoted && values.iter().any(split) {
                        return Err(format!("`${name}` is split into words: write it in double quotes"));
                    }
                    if values.len() > 1 || is_pattern {
                        pattern.push('\0');
                    }
                    pattern += &glob::escape(values.first().map_or("", String::as_str));
                    if !opaque {
                        let longest =
                            |texts: &[String]| texts.iter().map(String::len).max().unwrap_or_default();
                        if texts.len() * values.len() > MOST || longest(&texts) + longest(values) > LONGEST {
                            return Err("a word can be too many things".to_owned());
                        }
                        texts = texts
                            .iter()
                            .flat_map(|text| values.iter().map(move |value| format!("{text}{value}")))
                            .collect();
                    }
                }
            },
            Piece::Command { quoted, .. } => {
                opaque = true;
                words |= !quoted;
            }
        }
    }
    if words {
        return Ok(Arg::Words);
    }
    // `[` is a program.
    if is_pattern && pattern != "[" {
        if opaque || texts.len() != 1 || pattern.contains('\0') {
            return Err("a pattern with a value in it is not followed".to_owned());
        }
        let mut found =
            expand(&pattern).ok_or_else(|| format!("the pattern `{}` is not followed", texts[0]))?;
        if found.is_empty() {
            return Ok(Arg::Unmatched(texts.remove(0)));
        }
        // Brackets match less to the shell than here, perhaps nothing.
        if pattern.contains('[') {
            found.push(texts.remove(0));
        }
        return Ok(Arg::Many(found));
    }
    if opaque {
        let prefix = if texts.len() == 1 { texts.remove(0) } else { String::new() };
        return Ok(Arg::Opaque(prefix));
    }
    Ok(if texts.len() == 1 { Arg::Text(texts.remove(0)) } else { Arg::OneOf(texts) })
}
