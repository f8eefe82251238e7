//! Finds the names that somebody may have meant who wrote another one.

use strsim::osa_distance;

/// More names than this would not be a hint.
const MAX_NAMES: usize = 3;

/// The names that are nearest to `wanted`, without regard to case; none if nothing is near or too many are equally
/// near. A beginning of a name counts as near, and so does a part of it.
pub fn nearest<'a>(wanted: &str, names: impl IntoIterator<Item = &'a str>) -> Vec<&'a str> {
    let wanted = wanted.trim().to_lowercase();
    // A third of the letters may differ: `tsak-1`, `serch`.
    let limit = (wanted.chars().count() / 3).max(1);
    let mut found: Vec<(usize, &str)> = Vec::new();
    for name in names {
        let lower = name.to_lowercase();
        let distance = osa_distance(&wanted, &lower);
        if key(&wanted) == key(&lower) || number(&wanted).is_some_and(|it| number_at_end(&lower) == it) {
            found.push((0, name));
        } else if distance <= limit {
            found.push((distance, name));
        } else if wanted.len() > 2 && (lower.contains(&wanted) || wanted.contains(&lower)) {
            found.push((limit + 1, name));
        }
    }
    found.sort_unstable();
    let Some((best, _)) = found.first().copied() else { return Vec::new() };
    let near: Vec<&str> =
        found.into_iter().filter(|(distance, _)| *distance == best).map(|(_, name)| name).collect();
    if near.len() > MAX_NAMES { Vec::new() } else { near }
}

/// Letters and numbers alone, without zeros before a number: `task_01` is `task-1`.
fn key(text: &str) -> Vec<&str> {
    let is_digit = |c: char| c.is_ascii_digit();
    let mut parts = Vec::new();
    for word in text.split(|c: char| !c.is_alphanumeric()) {
        let mut rest = word;
        while !rest.is_empty() {
            let in_number = rest.starts_with(is_digit);
            let end = rest.find(|c| is_digit(c) != in_number).unwrap_or(rest.len());
            let (part, after) = rest.split_at(end);
            parts.push(if in_number { without_zeros(part) } else { part });
            rest = after;
        }
    }
    parts
}

fn without_zeros(number: &str) -> &str {
    match number.trim_start_matches('0') {
        "" => "0",
        rest => rest,
    }
}

/// A number that stands alone: `12` for `task-12`.
fn number(text: &str) -> Option<&str> {
    let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| without_zeros(text))
}

fn number_at_end(name: &str) -> &str {
    let start = name.trim_end_matches(|c: char| c.is_ascii_digit()).len();
    if start == name.len() { "" } else { without_zeros(&name[start..]) }
}
