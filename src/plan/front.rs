//! Finds front matter in a plan document: in a fence, between `---` lines, before or after its heading.
//!
//! In: the text and its outline. Out: byte ranges. Parses no YAML; an `id:` is read from its line alone.

use std::collections::HashSet;
use std::ops::Range;

use super::markdown::{Fence, Heading, Outline, line_end, line_start};

/// A task's front matter, and where the task starts and its body does.
pub(super) struct Front {
    pub(super) start: usize,
    pub(super) yaml: Range<usize>,
    pub(super) body: usize,
}

pub(super) fn front(text: &str, outline: &Outline, heading: &Heading, after: usize) -> Front {
    let Range { start, end } = heading.range;
    let content = end + (text[end..].len() - text[end..].trim_start().len());
    let first = line_start(text, content).max(end);
    let fence = outline.fences.partition_point(|fence| fence.range.start < first);
    if let Some(fence) =
        outline.fences.get(fence).filter(|fence| fence.range.start == first && is_yaml(text, fence))
    {
        return Front { start, yaml: yaml_lines(text, &before_inner(text, fence)), body: fence.range.end };
    }
    if let Some((yaml, body)) = bare_front(text, first) {
        return Front { start, yaml, body };
    }
    match front_before(text, start, after) {
        Some((start, yaml)) => Front { start, yaml, body: end },
        None => Front { start, yaml: end..end, body: end },
    }
}

pub(super) fn is_yaml(text: &str, fence: &Fence) -> bool {
    match fence.language.as_str() {
        "yaml" | "yml" => true,
        "" => text[fence.content.clone()].lines().any(|line| line.starts_with("id:")),
        _ => false,
    }
}

/// Front matter between two `---` lines, the first of them at `start`: its YAML, and where the body starts.
fn bare_front(text: &str, start: usize) -> Option<(Range<usize>, usize)> {
    let opened = line_end(text, start);
    if !is_rule(&text[start..opened]) || !starts_with_key(&text[opened..]) {
        return None;
    }
    let mut at = opened;
    for line in text[opened..].split_inclusive('\n') {
        if is_rule(line) {
            return Some((opened..at, at + line.len()));
        }
        at += line.len();
    }
    None
}

/// Front matter whose closing `---` is the last line before the heading at `heading`: where it starts, its YAML.
fn front_before(text: &str, heading: usize, after: usize) -> Option<(usize, Range<usize>)> {
    let before = text[after..heading].trim_end();
    let closing = after + line_start(before, before.len());
    if !is_rule(&text[closing..after + before.len()]) {
        return None;
    }
    let mut at = closing;
    for line in text[after..closing].split_inclusive('\n').rev() {
        let opened = at;
        at -= line.len();
        if is_rule(line) {
            return starts_with_key(&text[opened..closing]).then_some((at, opened..closing));
        }
    }
    None
}

fn is_rule(line: &str) -> bool {
    line.trim_end() == "---"
}

/// Is the first line `key: …`? Two thematic breaks with prose between them are no front matter.
fn starts_with_key(text: &str) -> bool {
    let line = text.trim_start().lines().next().unwrap_or_default();
    let key = line.split(':').next().unwrap_or_default();
    key.len() < line.len() && !key.is_empty() && key.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

/// The YAML of a fence without the `---` lines that some write around it.
pub(super) fn yaml_lines(text: &str, content: &Range<usize>) -> Range<usize> {
    let mut range = content.clone();
    let inside = &text[range.clone()];
    let first = line_start(inside, inside.len() - inside.trim_start().len());
    let after = line_end(inside, first);
    if is_rule(&inside[first..after]) {
        range.start += after;
    }
    let inside = &text[range.clone()];
    let last = line_start(inside, inside.trim_end().len());
    if matches!(inside[last..].trim_end(), "---" | "...") {
        range.end = range.start + last;
    }
    range
}

/// The content of a fence; of one that runs on into another, up to the first heading in it.
pub(super) fn before_inner(text: &str, fence: &Fence) -> Range<usize> {
    let Range { start, end } = fence.content;
    let Some(inner) = inner_fence(text, fence) else { return start..end };
    let heading = text[start..inner].find("\n#").map(|at| start + at + 1);
    start..heading.unwrap_or(inner)
}

/// A line in a fence that begins another one.
pub(super) fn inner_fence(text: &str, fence: &Fence) -> Option<usize> {
    let opening = text[fence.range.start..fence.content.start].trim_start();
    let sign = opening.chars().next().unwrap_or('`');
    let length = |line: &str| line.chars().take_while(|&c| c == sign).count();
    // One in a text of the YAML, which ends the fence where it was meant to end itself.
    let ends_it = |line: &str| {
        let inner = line.trim_start();
        let (own, info) = (length(inner), inner.trim_start_matches(sign).trim());
        own >= length(opening) && !info.is_empty() && info.chars().all(char::is_alphanumeric)
    };
    let mut at = fence.content.start;
    for line in text[fence.content.clone()].split_inclusive('\n') {
        if line.starts_with("```") || line.starts_with("~~~") || ends_it(line) {
            return Some(at);
        }
        at += line.len();
    }
    None
}

/// What stands behind each `id:` of a YAML text, without quotes.
pub(super) fn ids_in(text: &str) -> HashSet<&str> {
    let value = |(at, _): (usize, &str)| {
        let starts = text[..at].ends_with([' ', '{', ',', '\n', '\t']) || at == 0;
        let value = text[at + 3..].split([',', '}', '\n', '#']).next().unwrap_or_default();
        starts.then(|| value.trim().trim_matches(['"', '\'']))
    };
    text.match_indices("id:").filter_map(value).filter(|id| !id.is_empty()).collect()
}

/// The id in a front matter, found by its line alone.
pub(super) fn id_line(yaml: &str) -> Option<&str> {
    let value = yaml.lines().find_map(|line| line.strip_prefix("id:"))?;
    let value = value.split(" #").next().unwrap_or_default();
    Some(value.trim().trim_matches(['"', '\''])).filter(|id| !id.is_empty())
}
