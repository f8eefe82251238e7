//! Finds the parts of a plan document: title, index, and for each task its front matter and body.
//!
//! In: the text that a model wrote. Out: byte ranges, or the diagnostics that say which part is missing. Only
//! top-level headings and fences count. Parses no YAML and compares nothing; `document` does.

use std::collections::HashSet;
use std::ops::Range;

use super::Diagnostic;
use super::diagnostic::Spot;
use super::fields::Part;
use super::front::{Front, before_inner, front, id_line, ids_in, inner_fence, is_yaml, yaml_lines};
use super::index::MAX_TASKS;
use super::markdown::{Fence, Heading, Outline, fold};

/// More than a model prints in one answer; what is read of it takes fifty times as much memory.
pub(super) const MAX_BYTES: usize = 1 << 20;

/// The byte offsets of the lines that say `**Type:** Plan`, in whatever form, outside fences. A transcript finder looks
/// for them.
pub fn markers(text: &str) -> Vec<usize> {
    if !may_have_marker(text) {
        return Vec::new();
    }
    marker_lines(text, &Outline::of(text))
}

/// Is there a heading `## Plan Structure`, as every plan has one?
pub fn has_structure(text: &str) -> bool {
    text.lines().any(|line| fold(line) == "plan structure") && structures(&Outline::of(text)).next().is_some()
}

/// Is there a line that says so, inside fences or not?
fn may_have_marker(text: &str) -> bool {
    text.lines().any(|line| is_marker(line).is_some())
}

/// How sure it is that a plan is meant, and not talked about.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Marker {
    /// `**Type:** Plan`.
    Bold,
    /// `Type: Plan`: only above a `## Plan Structure`.
    Plain,
}

/// `**Type:** Plan`, `**Type**: plan`, `- Type： Plan`, …: nothing but that, and not as code, a quote or a heading.
fn is_marker(line: &str) -> Option<Marker> {
    if line.len() > 120 || !line.contains([':', '：']) || line.starts_with([' ', '\t']) {
        return None;
    }
    if line.contains(['`', '>', '|', '#', '"', '\'', '“', '(', '<']) || fold(line) != "type plan" {
        return None;
    }
    Some(if line.contains("**") || line.contains("__") { Marker::Bold } else { Marker::Plain })
}

/// Where the plans of a text stand, each from its title or marker to the beginning of the next. What comes before the
/// first belongs to it; `parse` passes it over. A marker inside a task's body begins no plan: a title stands directly
/// above one that does, or a `## Plan Structure` follows before the next marker.
pub fn plans(text: &str) -> Vec<Range<usize>> {
    if !may_have_marker(text) {
        return Vec::new();
    }
    // `parse` refuses it for its length.
    if text.len() > MAX_BYTES {
        return std::iter::once(0..text.len()).collect();
    }
    let outline = Outline::of(text);
    let markers = apart(text, marker_lines(text, &outline));
    let structures: Vec<usize> = structures(&outline).map(|heading| heading.range.start).collect();
    let mut starts: Vec<usize> = Vec::new();
    let mut last = 0;
    for (n, &marker) in markers.iter().enumerate() {
        let next = markers.get(n + 1).copied().unwrap_or(text.len());
        let title = title_above(text, &outline, last..marker);
        let structure = structures.get(structures.partition_point(|&structure| structure <= marker));
        let structured = structure.is_some_and(|&structure| structure < next);
        match starts.last() {
            None => starts.push(0),
            Some(_) if title.is_some() || structured => starts.push(title.unwrap_or(marker)),
            Some(_) => {}
        }
        last = marker;
    }
    let ends = starts.iter().copied().skip(1).chain([text.len()]);
    starts.iter().copied().zip(ends).map(|(start, end)| start..end).collect()
}

/// The markers without those that repeat the one before them: nothing but lines of a plan's head stands between.
fn apart(text: &str, markers: Vec<usize>) -> Vec<usize> {
    let mut last = None;
    let begins = |&marker: &usize| {
        let before = last.replace(marker);
        before.is_none_or(|before| !is_head(&text[before..marker]))
    };
    markers.into_iter().filter(begins).collect()
}

/// The title in this range that has only lines of a plan's head between itself and the range's end, a marker.
fn title_above(text: &str, outline: &Outline, range: Range<usize>) -> Option<usize> {
    let marker = range.end;
    let before = outline.headings.partition_point(|heading| heading.range.start < marker);
    let heading = outline.headings[..before].last().filter(|heading| range.contains(&heading.range.start))?;
    let titled = heading.atx && heading.level == 1 && task_number(&heading.text).is_none();
    (titled && is_head(&text[heading.range.end..marker])).then_some(heading.range.start)
}

/// Only blank lines and lines such as `**Status:** Ready`?
fn is_head(text: &str) -> bool {
    text.lines().all(|line| line.trim().is_empty() || line.starts_with("**") || is_marker(line).is_some())
}

fn marker_lines(text: &str, outline: &Outline) -> Vec<usize> {
    let last = structures(outline).last().map(|heading| heading.range.start);
    let mut at = 0;
    let mut markers = Vec::new();
    for line in text.split_inclusive('\n') {
        let counts = is_marker(line).is_some_and(|marker| marker == Marker::Bold || Some(at) < last);
        if counts && !outline.hidden(at) {
            markers.push(at);
        }
        at += line.len();
    }
    markers
}

/// Where the parts of a document stand.
#[derive(Debug)]
pub(super) struct Anatomy {
    pub(super) title: Option<String>,
    /// From the title to the end of the last task's body.
    pub(super) span: Range<usize>,
    /// The YAML of the index.
    pub(super) index: Range<usize>,
    pub(super) sections: Vec<Section>,
    /// Does a fence of YAML run on into what comes behind it? Then tasks may be hidden in it.
    pub(super) broken: bool,
    lines: Lines,
}

/// One task's part of the document.
#[derive(Debug)]
pub(super) struct Section {
    /// As the heading counts; from 0 or from 1.
    pub(super) number: String,
    /// The line of the heading.
    pub(super) line: usize,
    /// The YAML of its front matter; empty where it has none.
    pub(super) front: Range<usize>,
    pub(super) body: Range<usize>,
}

impl Anatomy {
    /// A range of the text as a YAML part of `file`.
    pub(super) fn part<'a>(&self, text: &'a str, file: &'a str, range: &Range<usize>) -> Part<'a> {
        Part { file, text: &text[range.clone()], lines_before: self.lines.of(range.start) - 1 }
    }
}

/// Line numbers by byte offset.
#[derive(Debug)]
struct Lines(Vec<usize>);

impl Lines {
    fn new(text: &str) -> Self {
        Self(std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1)).collect())
    }

    /// From 1.
    fn of(&self, at: usize) -> usize {
        self.0.partition_point(|&start| start <= at)
    }
}

/// Finds the parts.
pub(super) fn dissect(text: &str, file: &str, found: &mut Vec<Diagnostic>) -> Option<Anatomy> {
    let outline = Outline::of(text);
    let lines = Lines::new(text);
    let all_markers = marker_lines(text, &outline);
    let Some(structure) = structure(&outline, all_markers.first().copied()) else {
        let message = "there is no plan: no heading `## Plan Structure` outside fences";
        let hint = "write `# Title`, `**Type:** Plan`, `## Plan Structure` with a `yaml` fence, and \
                    `### Task N: Name` for each task";
        found.extend(unclosed(&outline, &lines, file));
        found.push(Diagnostic::error("plan-structure-missing", &Spot::file(file), message, hint));
        return None;
    };
    let marker = all_markers.into_iter().rfind(|&at| at < structure.range.start);
    let title = title(&outline, marker.unwrap_or(structure.range.start));
    let start = title.map(|title| title.range.start).or(marker).unwrap_or(structure.range.start);
    if marker.is_none() {
        let message = "no line says `**Type:** Plan`";
        let hint =
            "add the line `**Type:** Plan` under the title, or `ctx plan extract` will not find the plan";
        let at = Spot::line(file, lines.of(start));
        found.push(Diagnostic::warning("type-missing", &at, message, hint));
    }
    let Some(fence) = index_fence(&outline, structure) else {
        let message = "no `yaml` fence follows the heading `Plan Structure`";
        let hint = "write the index between ```` ```yaml ```` and ```` ``` ```` under it";
        let at = Spot::line(file, lines.of(structure.range.start));
        found.extend(unclosed(&outline, &lines, file));
        found.push(Diagnostic::error("index-missing", &at, message, hint));
        return None;
    };
    let ids = ids_in(&text[fence.content.clone()]);
    let sections = sections(text, &outline, &lines, fence.range.end, &ids);
    let run_on: Vec<Diagnostic> = run_on(text, &outline, &lines, file, fence.range.start).collect();
    let broken = !run_on.is_empty();
    found.extend(run_on);
    if sections.len() > MAX_TASKS {
        found.extend(unclosed(&outline, &lines, file));
        let message = format!("the document has {} tasks, {MAX_TASKS} are allowed", sections.len());
        found.push(Diagnostic::error(
            "too-many-tasks",
            &Spot::file(file),
            message,
            "split it into several plans",
        ));
        return None;
    }
    let end = sections.last().map_or(fence.range.end, |last| last.body.end);
    // What comes behind the plan may be cut.
    let last = sections.last().map_or(text.len(), |last| last.body.end);
    found.extend(unclosed(&outline, &lines, file).filter(|_| open_fence(&outline) < Some(last)));
    Some(Anatomy {
        title: title.map(|title| title.text.trim().to_owned()).filter(|title| !title.is_empty()),
        span: start..end,
        index: yaml_lines(text, &before_inner(text, fence)),
        sections,
        broken,
        lines,
    })
}

/// Fences of YAML that were never closed, so that they end with the next one: from the index on.
fn run_on(
    text: &str,
    outline: &Outline,
    lines: &Lines,
    file: &str,
    from: usize,
) -> impl Iterator<Item = Diagnostic> {
    let yaml =
        move |fence: &&Fence| fence.range.start >= from && matches!(fence.language.as_str(), "yaml" | "yml");
    outline.fences.iter().filter(yaml).filter_map(move |fence| {
        inner_fence(text, fence).map(|inner| {
            let at = Spot::line(file, lines.of(fence.range.start));
            let message = format!(
                "the fence that starts here is not closed before another one, in line {}",
                lines.of(inner)
            );
            let hint = "close it with the same signs on a line of their own";
            Diagnostic::error("fence-unclosed", &at, message, hint)
        })
    })
}

fn open_fence(outline: &Outline) -> Option<usize> {
    outline.fences.iter().find(|fence| !fence.closed).map(|fence| fence.range.start)
}

fn unclosed(outline: &Outline, lines: &Lines, file: &str) -> Option<Diagnostic> {
    let at = Spot::line(file, lines.of(open_fence(outline)?));
    let message = "the fence that starts here is never closed";
    let hint = "close it with the same signs on a line of their own; perhaps the text was cut off";
    Some(Diagnostic::error("fence-unclosed", &at, message, hint))
}

fn structures(outline: &Outline) -> impl Iterator<Item = &Heading> + Clone {
    outline.headings.iter().filter(|heading| heading.atx && fold(&heading.text) == "plan structure")
}

fn structure(outline: &Outline, marker: Option<usize>) -> Option<&Heading> {
    let mut all = structures(outline);
    let first = all.clone().next();
    all.find(|heading| marker.is_some_and(|marker| heading.range.start > marker)).or(first)
}

/// The last heading of the first level before the plan's own lines: what comes earlier is preamble.
fn title(outline: &Outline, before: usize) -> Option<&Heading> {
    outline.headings.iter().rfind(|heading| heading.atx && heading.level == 1 && heading.range.start < before)
}

fn index_fence<'a>(outline: &'a Outline, structure: &Heading) -> Option<&'a Fence> {
    let after = structure.range.end;
    let next = outline
        .headings
        .iter()
        .find(|heading| heading.range.start >= after && heading.level <= structure.level);
    let end = next.map_or(usize::MAX, |next| next.range.start);
    let inside = |fence: &&Fence| fence.range.start >= after && fence.range.start < end;
    outline.fences.iter().filter(inside).find(|fence| matches!(fence.language.as_str(), "yaml" | "yml" | ""))
}

/// Where a task begins.
struct Start {
    number: String,
    /// Its heading, else its front matter.
    at: usize,
    front: Front,
}

/// The tasks: headings `Task N: Name` of one level, each with all that follows up to the next of them. A heading of
/// another form, or none, counts where the front matter behind it has an `id` of the index that no other task has.
fn sections(text: &str, outline: &Outline, lines: &Lines, after: usize, ids: &HashSet<&str>) -> Vec<Section> {
    let mut headings: Vec<(&Heading, String)> = Vec::new();
    for heading in outline.headings.iter().filter(|heading| heading.atx && heading.range.start >= after) {
        // A body may have headings of this form on other levels.
        let level = headings.first().map_or(heading.level, |(first, _)| first.level);
        if let Some(number) = task_number(&heading.text).filter(|_| heading.level == level) {
            headings.push((heading, number));
        }
    }
    let numbered = headings.into_iter().map(|(heading, number)| {
        let front = front(text, outline, heading, after);
        Start { number, at: heading.range.start, front }
    });
    let mut starts: Vec<Start> = numbered.collect();
    add_by_id(text, outline, after, ids, &mut starts);
    let mut sections = Vec::with_capacity(starts.len());
    for (n, Start { number, at, front }) in starts.iter().enumerate() {
        let end = starts
            .get(n + 1)
            .map_or_else(|| plan_end(text, outline, front.body.max(*at)), |next| next.front.start);
        sections.push(Section {
            number: number.clone(),
            line: lines.of(*at),
            front: front.yaml.clone(),
            body: front.body.min(end)..end,
        });
    }
    sections
}

/// Adds the tasks whose headings have another form, or that have none.
fn add_by_id(text: &str, outline: &Outline, after: usize, ids: &HashSet<&str>, starts: &mut Vec<Start>) {
    let mut known: HashSet<&str> =
        starts.iter().filter_map(|start| id_line(&text[start.front.yaml.clone()])).collect();
    let mut more = Vec::new();
    for fence in outline.fences.iter().filter(|fence| fence.range.start >= after) {
        let yaml = yaml_lines(text, &before_inner(text, fence));
        let Some(id) = id_line(&text[yaml.clone()]).filter(|id| is_yaml(text, fence) && ids.contains(id))
        else {
            continue;
        };
        // In a task without front matter, it may be an example, or its front matter in another place.
        let inside = starts[..starts.partition_point(|start| start.at <= fence.range.start)].last();
        if inside.is_some_and(|start| id_line(&text[start.front.yaml.clone()]).is_none()) || !known.insert(id)
        {
            continue;
        }
        let before = outline.headings.partition_point(|heading| heading.range.end <= fence.range.start);
        let heading = outline.headings[..before].last();
        let heading = heading.filter(|heading| {
            heading.range.start >= after && text[heading.range.end..fence.range.start].trim().is_empty()
        });
        let at = heading.map_or(fence.range.start, |heading| heading.range.start);
        let number = heading.map_or(id, |heading| heading.text.trim()).to_owned();
        more.push(Start { number, at, front: Front { start: at, yaml, body: fence.range.end } });
    }
    starts.extend(more);
    starts.sort_by_key(|start| start.at);
}

/// What follows `## References` is no part of the last task.
fn plan_end(text: &str, outline: &Outline, from: usize) -> usize {
    let ends = |heading: &&Heading| {
        heading.atx
            && heading.level <= 2
            && heading.range.start >= from
            && fold(&heading.text) == "references"
    };
    outline.headings.iter().find(ends).map_or(text.len(), |heading| heading.range.start)
}

/// `Task 7: Name`, `🚀 Task 7 - Name`, `Task 7`: the number.
fn task_number(heading: &str) -> Option<String> {
    let text = heading.trim_start_matches(|c: char| !c.is_alphanumeric());
    let (word, rest) = text.split_at_checked(4)?;
    let rest = word.eq_ignore_ascii_case("task").then(|| rest.trim_start_matches([' ', '\t', '-', '#']))?;
    let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
    let (number, rest) = rest.split_at(digits);
    let ended = rest.trim_start().is_empty()
        || rest.trim_start().starts_with([':', '：', '-', '–', '—', '.', ')', '）', '|', ',']);
    if number.is_empty() || !ended {
        return None;
    }
    let plain = number.trim_start_matches('0');
    Some(if plain.is_empty() { "0" } else { plain }.to_owned())
}
