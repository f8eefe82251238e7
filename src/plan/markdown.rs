//! The outline of a Markdown text: its headings and fences, as `CommonMark` sees them.
//!
//! In: a text. Out: the top-level headings and fenced code blocks with their byte ranges, and the sections
//! between headings. What stands inside a fence, a quote, a list or an HTML block is no heading. Renders
//! nothing and knows no plan.

use std::ops::Range;

use pulldown_cmark::{CodeBlockKind, Event, HeadingLevel, Options, Parser, Tag};

/// A heading, from the start of its line to the start of the line after it.
#[derive(Clone, Debug)]
pub(super) struct Heading {
    /// 1 to 6.
    pub(super) level: usize,
    /// Written with `#`, not underlined.
    pub(super) atx: bool,
    /// As the reader sees it, without markup.
    pub(super) text: String,
    pub(super) range: Range<usize>,
}

/// A fenced code block.
#[derive(Clone, Debug)]
pub(super) struct Fence {
    /// The first word after the opening fence, in lower case.
    pub(super) language: String,
    /// Fences and content, from the start of the first line to the start of the line after it.
    pub(super) range: Range<usize>,
    /// The lines between the two fences.
    pub(super) content: Range<usize>,
    /// Is there a closing fence?
    pub(super) closed: bool,
}

/// Top-level headings and fences, in their order.
#[derive(Debug, Default)]
pub(super) struct Outline {
    pub(super) headings: Vec<Heading>,
    pub(super) fences: Vec<Fence>,
    /// HTML comments that nobody sees.
    comments: Vec<Range<usize>>,
}

impl Outline {
    /// Reads the outline of `text`.
    pub(super) fn of(text: &str) -> Self {
        let mut outline = Self::default();
        let mut depth = 0_usize;
        let mut heading: Option<Heading> = None;
        for (event, range) in Parser::new_ext(text, Options::empty()).into_offset_iter() {
            match event {
                Event::Start(tag) => {
                    match tag {
                        Tag::Heading { level, .. } if depth == 0 => {
                            heading = Some(Heading::at(text, level, &range));
                        }
                        Tag::CodeBlock(CodeBlockKind::Fenced(info)) if depth == 0 => {
                            outline.fences.push(Fence::at(text, &info, &range));
                        }
                        Tag::HtmlBlock if depth == 0 && text[range.clone()].starts_with("<!--") => {
                            outline.comments.push(range);
                        }
                        _ => {}
                    }
                    depth += 1;
                }
                Event::End(_) => {
                    depth -= 1;
                    if depth == 0 {
                        outline.headings.extend(heading.take());
                    }
                }
                Event::Text(words) | Event::Code(words) => {
                    if let Some(heading) = &mut heading {
                        heading.text.push_str(&words);
                    }
                }
                Event::SoftBreak | Event::HardBreak => {
                    if let Some(heading) = &mut heading {
                        heading.text.push(' ');
                    }
                }
                _ => {}
            }
        }
        outline
    }

    /// The text under the first heading with this name, up to the next heading of its level or above.
    pub(super) fn section<'a>(&self, text: &'a str, name: &str) -> Option<&'a str> {
        let name = fold(name);
        let start = self.headings.iter().position(|heading| fold(&heading.text) == name)?;
        let Heading { level, range, .. } = &self.headings[start];
        let next = self.headings[start + 1..].iter().find(|heading| heading.level <= *level);
        Some(&text[range.end..next.map_or(text.len(), |heading| heading.range.start)])
    }

    /// Does this byte lie in a top-level fence, or in a comment?
    pub(super) fn hidden(&self, at: usize) -> bool {
        let next = self.fences.partition_point(|fence| fence.range.end <= at);
        let comment = self.comments.partition_point(|comment| comment.end <= at);
        self.fences.get(next).is_some_and(|fence| fence.range.start <= at)
            || self.comments.get(comment).is_some_and(|comment| comment.start <= at)
    }
}

impl Heading {
    fn at(text: &str, level: HeadingLevel, range: &Range<usize>) -> Self {
        let range = line_start(text, range.start)..next_line(text, range.end);
        let atx = text[range.clone()].trim_start().starts_with('#');
        Self { level: level as usize, atx, text: String::new(), range }
    }
}

impl Fence {
    fn at(text: &str, info: &str, range: &Range<usize>) -> Self {
        let language = info.split_whitespace().next().unwrap_or_default().to_lowercase();
        let range = line_start(text, range.start)..next_line(text, range.end);
        let block = &text[range.clone()];
        let first = next_line(block, 0);
        let last = line_start(block, block.trim_end().len());
        let opening = block.trim_start();
        let sign = opening.chars().next().unwrap_or('`');
        let length = opening.chars().take_while(|&c| c == sign).count();
        let end = block[last..].trim();
        let closed = last >= first && end.len() >= length && end.chars().all(|c| c == sign);
        let content = range.start + first..if closed { range.start + last } else { range.end };
        Self { language, range, content, closed }
    }
}

/// What names are compared by: letters and digits in lower case, one space for everything else between them.
pub(super) fn fold(name: &str) -> String {
    let mut folded = String::new();
    for word in name.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()) {
        if !folded.is_empty() {
            folded.push(' ');
        }
        folded.extend(word.chars().flat_map(char::to_lowercase));
    }
    folded
}

/// The start of the line that `at` is in.
pub(super) fn line_start(text: &str, at: usize) -> usize {
    text[..at].rfind('\n').map_or(0, |newline| newline + 1)
}

/// The start of the line after the one that starts at `start`.
pub(super) fn line_end(text: &str, start: usize) -> usize {
    text[start..].find('\n').map_or(text.len(), |newline| start + newline + 1)
}

/// The start of the line after the one that `at` is in; of the one at `at` if a line has just ended there.
pub(super) fn next_line(text: &str, at: usize) -> usize {
    if at > 0 && text.as_bytes()[at - 1] == b'\n' {
        return at;
    }
    line_end(text, at)
}
