//! Patterns of file names as a shell without options matches them.
//!
//! `\` before a character takes its meaning away. `**` is `*`. A name that starts with a dot is matched only
//! by a pattern that does. Brackets match any one character: more than the shell would, never less. What a
//! bracket may hold beside plain characters and ranges is not followed, nor what may match `.` and `..`.

use std::path::Path;

use super::facts::{Facts, Kind};

/// More matches than these are not followed.
const MOST: usize = 512;
/// Longer patterns are not followed.
const LONGEST: usize = 256;
/// A pattern with wildcards in more folders than these is not followed: each multiplies the work.
const MOST_WILD: usize = 3;

pub(super) fn is_pattern(text: &str) -> bool {
    text.contains(['*', '?', '['])
}

pub(super) fn escape(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars() {
        if matches!(c, '*' | '?' | '[' | ']' | '\\') {
            out.push('\\');
        }
        out.push(c);
    }
    out
}

fn unescape(text: &str) -> String {
    let mut out = String::new();
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        out.push(if c == '\\' { chars.next().unwrap_or('\\') } else { c });
    }
    out
}

fn has_wildcard(part: &str) -> bool {
    let mut chars = part.chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' => drop(chars.next()),
            '*' | '?' | '[' => return true,
            _ => {}
        }
    }
    false
}

/// Brackets with classes, escapes, quotes, or no end: shells differ, and so would a mistake here.
pub(super) fn has_strange_bracket(part: &str) -> bool {
    let mut rest = part;
    while let Some(at) = rest.find(['[', '\\']) {
        let behind = &rest[at + 1..];
        if rest.as_bytes()[at] == b'\\' {
            rest = behind.get(behind.chars().next().map_or(0, char::len_utf8)..).unwrap_or("");
            continue;
        }
        let members = behind.trim_start_matches(['!', '^']);
        let Some(end) = members.find(']') else { return true };
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | ',' | '+' | '@');
        if end == 0 || !members[..end].chars().all(plain) {
            return true;
        }
        rest = &members[end + 1..];
    }
    false
}

/// The paths that the pattern matches from `cwd`, as the shell writes them; none if it cannot be told.
pub(super) fn expand(pattern: &str, cwd: &Path, facts: &dyn Facts) -> Option<Vec<String>> {
    // In zsh `**/` goes through all folders; what it finds is not looked up here.
    if pattern.contains("**") || pattern.contains("//") || pattern.len() > LONGEST {
        return None;
    }
    let (mut found, parts) = match pattern.strip_prefix('/') {
        Some(rest) => (vec!["/".to_owned()], rest),
        None => (vec![String::new()], pattern),
    };
    let parts: Vec<&str> = parts.split('/').collect();
    if parts.iter().filter(|part| has_wildcard(part)).count() > MOST_WILD {
        return None;
    }
    // Shells before bash 5.2 take `.*` for the folder above too.
    let dots = |part: &&str| has_wildcard(part) && (matches(part, ".") || matches(part, ".."));
    if parts.iter().any(dots) || parts.iter().any(|part| has_strange_bracket(part)) {
        return None;
    }
    for (index, part) in parts.iter().enumerate() {
        let last = index + 1 == parts.len();
        let mut next = Vec::new();
        for prefix in &found {
            let mut names = Vec::new();
            if has_wildcard(part) {
                let folder = cwd.join(prefix);
                let all = facts.names(&folder);
                if all.is_none()
                    && facts.kind(&folder) != Kind::Missing
                    && !matches!(facts.kind(&folder), Kind::File { .. })
                {
                    return None;
                }
                names.extend(all.unwrap_or_default().into_iter().filter(|name| matches(part, name)));
            } else {
                names.push(unescape(part));
            }
            for name in names {
                next.push(format!("{prefix}{name}{}", if last { "" } else { "/" }));
            }
            if next.len() > MOST {
                return None;
            }
        }
        found = next;
    }
    let exists = |path: &String| facts.kind(&cwd.join(path)) != Kind::Missing;
    found.retain(|path| has_wildcard(parts.last().copied().unwrap_or("")) || exists(path));
    found.sort();
    Some(found)
}

/// Does one name match?
pub(super) fn matches(pattern: &str, name: &str) -> bool {
    (!name.starts_with('.') || pattern.starts_with('.')) && matches_all(pattern, name)
}

/// The same where a leading dot is a character like others, as for `find` and `grep --include`.
pub(super) fn matches_all(pattern: &str, name: &str) -> bool {
    let signs = signs(pattern);
    let name: Vec<char> = name.chars().collect();
    // `reached[j]`: the signs so far match the first `j` characters.
    let mut reached = vec![false; name.len() + 1];
    reached[0] = true;
    for sign in signs {
        let mut next = vec![false; name.len() + 1];
        for j in 0..=name.len() {
            next[j] = match sign {
                Sign::Star => reached[j] || j > 0 && next[j - 1],
                Sign::One => j > 0 && reached[j - 1],
                Sign::Char(c) => j > 0 && reached[j - 1] && name[j - 1] == c,
            };
        }
        reached = next;
    }
    reached[name.len()]
}

#[derive(Clone, Copy)]
enum Sign {
    Star,
    One,
    Char(char),
}

fn signs(pattern: &str) -> Vec<Sign> {
    let mut out = Vec::new();
    let mut chars = pattern.chars();
    while let Some(c) = chars.next() {
        out.push(match c {
            '*' => Sign::Star,
            '?' => Sign::One,
            '[' if chars.as_str().contains(']') => {
                // `[]x]` and `[!]x]`: the first bracket is a member.
                let mut first = true;
                for c in chars.by_ref() {
                    if c == ']' && !first {
                        break;
                    }
                    first = first && matches!(c, '!' | '^');
                }
                Sign::One
            }
            '\\' => Sign::Char(chars.next().unwrap_or('\\')),
            c => Sign::Char(c),
        });
    }
    out
}
