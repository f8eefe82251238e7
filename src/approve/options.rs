//! The options of one program, as a table in text, and a reading of arguments by it.
//!
//! A table is words: `alh` are short flags, `n=` a short option with a value, `alhn=` both at once, `--all` a
//! long flag, `--sort=` one with a value, `#` allows `-20`. What a program takes as the value decides which of
//! the next words are options, so there are three signs:
//! `?` only what is attached (`--color=never`, `-U3`); the next word is never the value.
//! `=` what is attached, or the next word, which must not look like an option: a table that is wrong here lets
//! nothing through (`--unified --output=x`).
//! `!` what is attached, or the next word, whatever it looks like: the program does so for certain.
//! Behind the sign stands what the value is: nothing for text, `r` a path that is read, `w` a path that is
//! written, `i` a path inside the worktree.
//! An option that is not in the table is an error, abbreviations of long options too: an abbreviation is
//! resolved against all options of the real program (`--compress-prog=sh`), and the table has only some.

use super::argument::Arg;

/// What an option's value is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    Flag,
    Text,
    Read,
    Write,
    Inside,
}

/// Arguments as the program takes them.
#[derive(Debug, Default)]
pub(super) struct Parsed {
    /// Name without dashes, role and value.
    pub(super) options: Vec<(String, Role, Option<Arg>)>,
    pub(super) operands: Vec<Arg>,
    /// Operands from this one on stand behind `--`.
    pub(super) ended: Option<usize>,
}

impl Parsed {
    /// Is one of these options given?
    pub(super) fn has(&self, names: &[&str]) -> bool {
        self.options.iter().any(|(name, ..)| names.contains(&name.as_str()))
    }

    /// Are no other options given than these?
    pub(super) fn only(&self, names: &[&str]) -> bool {
        self.options.iter().all(|(name, ..)| names.contains(&name.as_str()))
    }

    /// The operands before and behind `--`.
    pub(super) fn split(&self) -> (&[Arg], &[Arg]) {
        self.operands.split_at(self.ended.unwrap_or(self.operands.len()))
    }
}

/// How far options are looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Style {
    /// Everywhere before `--`, as GNU programs do.
    Anywhere,
    /// Up to the first operand, as programs do that run another one.
    First,
    /// Options begin with one dash and are words, as Go's.
    Words,
}

/// Reads arguments by a table.
pub(super) fn parse(table: &str, args: &[Arg], style: Style) -> Result<Parsed, String> {
    let mut parsed = Parsed::default();
    let mut args = args.iter();
    while let Some(arg) = args.next() {
        if parsed.ended.is_some() || style == Style::First && !parsed.operands.is_empty() {
            parsed.operands.push(arg.clone());
            continue;
        }
        match arg {
            Arg::Text(text) if text == "--" => parsed.ended = Some(parsed.operands.len()),
            Arg::Text(text) if text.len() > 1 && text.starts_with('-') => {
                option(table, text, None, &mut args, style, &mut parsed)?;
            }
            // `--format="$(…)"`, `--include=*.rs`: what is unknown is the value.
            Arg::Opaque(prefix) | Arg::Unmatched(prefix)
                if prefix.starts_with('-') && prefix.contains('=') =>
            {
                option(table, prefix, Some(()), &mut args, style, &mut parsed)?;
            }
            arg if arg.may_be_option() => {
                return Err(format!("`{}` is not known, and may be an option", arg.show()));
            }
            arg => parsed.operands.push(arg.clone()),
        }
    }
    Ok(parsed)
}

fn option<'a>(
    table: &str,
    text: &str,
    opaque: Option<()>,
    rest: &mut impl Iterator<Item = &'a Arg>,
    style: Style,
    parsed: &mut Parsed,
) -> Result<(), String> {
    let unlisted = || format!("the option `{}` is not known", text.split('=').next().unwrap_or(text));
    let value_of = |value: &str| match opaque {
        Some(()) => Arg::Opaque(value.to_owned()),
        None => Arg::Text(value.to_owned()),
    };
    let next = |rest: &mut dyn Iterator<Item = &'a Arg>, takes: Takes| match rest.next() {
        None | Some(Arg::Words | Arg::Many(_)) => Err(format!("the value of `{text}` is not known")),
        Some(value) if takes == Takes::Plain && looks_like_option(value) => {
            Err(format!("`{}` behind `{text}` may be an option: attach the value", value.show()))
        }
        Some(value) => Ok(value.clone()),
    };
    let long = match style {
        Style::Words => Some(text.trim_start_matches('-')),
        _ => text.strip_prefix("--"),
    };
    if let Some(long) = long {
        let (name, value) = match long.split_once('=') {
            Some((name, value)) => (name, Some(value_of(value))),
            None => (long, None),
        };
        let (role, takes) = find(table, name, if style == Style::Words { Name::Word } else { Name::Long })
            .ok_or_else(unlisted)?;
        let value = match (role, value) {
            (Role::Flag, None) => None,
            (Role::Flag, Some(_)) => return Err(unlisted()),
            (_, Some(value)) => Some(value),
            (_, None) if takes == Takes::Attached => None,
            (_, None) => Some(next(rest, takes)?),
        };
        parsed.options.push((name.to_owned(), role, value));
        return Ok(());
    }
    if opaque.is_some() {
        return Err(unlisted());
    }
    let cluster = &text[1..];
    if table.split(' ').any(|word| word == "#") && cluster.bytes().all(|byte| byte.is_ascii_digit()) {
        parsed.options.push(("#".to_owned(), Role::Flag, None));
        return Ok(());
    }
    for (index, c) in cluster.char_indices() {
        let name = c.to_string();
        let (role, takes) = find(table, &name, Name::Short).ok_or_else(unlisted)?;
        let attached = &cluster[index + c.len_utf8()..];
        if role == Role::Flag {
            parsed.options.push((name, role, None));
            continue;
        }
        let value = match (attached.is_empty(), takes) {
            (false, _) => Some(Arg::Text(attached.to_owned())),
            (true, Takes::Attached) => None,
            (true, takes) => Some(next(rest, takes)?),
        };
        parsed.options.push((name, role, value));
        break;
    }
    Ok(())
}

/// Can a program that takes no value here take this for an option? Numbers, and texts that begin with a dash
/// and a space, are options of none.
fn looks_like_option(arg: &Arg) -> bool {
    match arg {
        Arg::Text(text) => text
            .strip_prefix('-')
            .is_some_and(|rest| !rest.starts_with(' ') && !rest.bytes().all(|byte| byte.is_ascii_digit())),
        arg => arg.may_be_option(),
    }
}

/// What is wrong with a table; `None` if it says what it looks like. A sign that is not known would silently make an
/// option another one, or none.
pub fn table_fault(table: &str) -> Option<String> {
    let mut shorts = Vec::new();
    let mut longs = Vec::new();
    let only_words = !table.contains("--");
    for word in table.split(' ').filter(|word| !table.is_empty() && *word != "#") {
        let (long, key) = word.strip_prefix("--").map_or((false, word), |word| (true, word));
        let (key, role) = key.find(['=', '?', '!']).map_or((key, ""), |at| (&key[..at], &key[at + 1..]));
        let known =
            |c: char| c.is_ascii_alphanumeric() || c == '.' || (long || only_words) && "-_".contains(c);
        if key.is_empty() || key.starts_with('-') || !key.chars().all(known) {
            return Some(format!("`{word}` names no option"));
        }
        if !matches!(role, "" | "r" | "w" | "i") {
            return Some(format!("`{word}`: nothing is known about a value of the kind `{role}`"));
        }
        let names = if long { vec![key.to_owned()] } else { key.chars().map(String::from).collect() };
        let seen = if long { &mut longs } else { &mut shorts };
        for name in names {
            if seen.contains(&name) && !only_words {
                return Some(format!("`{name}` stands in it twice"));
            }
            seen.push(name);
        }
    }
    None
}

/// Where an option's value stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Takes {
    /// `?`
    Attached,
    /// `=`
    Plain,
    /// `!`
    Anything,
}

/// The role of an option, and where its value stands.
fn find(table: &str, name: &str, style: Name) -> Option<(Role, Takes)> {
    table.split_ascii_whitespace().find_map(|word| {
        let word = match (style, word.strip_prefix("--")) {
            (Name::Long, Some(word)) => word,
            (Name::Short, None) | (Name::Word, _) => word,
            _ => return None,
        };
        let sign = word.find(['=', '?', '!']);
        let (key, role) = sign.map_or((word, None), |at| (&word[..at], Some(&word[at + 1..])));
        // `alhn=`: of short options in one word, the value belongs to the last.
        if style == Name::Short
            && key.len() > name.len()
            && key.contains(name)
            && !(role.is_some() && key.ends_with(name))
        {
            return Some((Role::Flag, Takes::Plain));
        }
        let named = if style == Name::Short { key.ends_with(name) } else { key == name };
        let role = match role {
            None => Role::Flag,
            Some("r") => Role::Read,
            Some("w") => Role::Write,
            Some("i") => Role::Inside,
            Some(_) => Role::Text,
        };
        let takes = match sign.map(|at| word.as_bytes()[at]) {
            Some(b'?') => Takes::Attached,
            Some(b'!') => Takes::Anything,
            _ => Takes::Plain,
        };
        named.then_some((role, takes))
    })
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Name {
    Long,
    Short,
    Word,
}
