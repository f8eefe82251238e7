//! Finds the files that a task's Markdown declares.
//!
//! In: a task's body. Out: the code spans after `**Create:**`, `**Modify:**` and `**Delete:**`, in whatever section
//! they stand. A code span inside the explanation of a file is no file. Checks no path.

use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};

use super::Files;
use super::markdown::fold;

/// What the body declares; `forbidden` and `strict` are only in front matter.
pub(super) fn declared(body: &str) -> Files {
    let mut reader = Reader::default();
    for event in Parser::new_ext(body, Options::empty()) {
        reader.take(&event);
    }
    reader.files
}

#[derive(Clone, Copy)]
enum Label {
    Create,
    Modify,
    Delete,
}

#[derive(Default)]
struct Reader {
    files: Files,
    label: Option<Label>,
    /// The text of the strong emphasis that is being read.
    strong: Option<String>,
    /// A strong emphasis that is a label if a colon follows.
    pending: Option<String>,
    /// Text since the last file of this item.
    between: String,
    /// Has this item named a file?
    named: bool,
    /// Has an explanation begun in this item?
    explained: bool,
}

impl Reader {
    fn take(&mut self, event: &Event<'_>) {
        match event {
            Event::Start(Tag::Strong) => self.strong = Some(String::new()),
            Event::End(TagEnd::Strong) => self.end_strong(),
            Event::Start(Tag::Item | Tag::Paragraph) | Event::SoftBreak | Event::HardBreak => {
                self.next_item();
            }
            Event::Start(Tag::Heading { .. }) => {
                self.label = None;
                self.next_item();
            }
            Event::Text(text) => self.text(text),
            Event::Code(path) => self.code(path),
            _ => {}
        }
    }

    fn next_item(&mut self) {
        self.between.clear();
        self.pending = None;
        (self.named, self.explained) = (false, false);
    }

    fn text(&mut self, text: &str) {
        if let Some(strong) = &mut self.strong {
            strong.push_str(text);
            return;
        }
        match (self.pending.take(), text.strip_prefix(':')) {
            (Some(label), Some(_)) => self.label(&label),
            _ => self.between.push_str(text),
        }
    }

    fn end_strong(&mut self) {
        let text = self.strong.take().unwrap_or_default();
        match text.trim_end().strip_suffix(':') {
            Some(label) => self.label(label),
            None => self.pending = Some(text),
        }
    }

    /// A label counts for everything up to the next one, whatever that is.
    fn label(&mut self, text: &str) {
        self.label = match fold(text).as_str() {
            "create" => Some(Label::Create),
            "modify" => Some(Label::Modify),
            "delete" => Some(Label::Delete),
            _ => None,
        };
        self.next_item();
    }

    fn code(&mut self, path: &str) {
        if self.strong.is_some() {
            return;
        }
        self.explained |= self.named && !separates(&self.between);
        self.between.clear();
        let Some(label) = self.label.filter(|_| !self.explained) else { return };
        self.named = true;
        let list = match label {
            Label::Create => &mut self.files.create,
            Label::Modify => &mut self.files.modify,
            Label::Delete => &mut self.files.delete,
        };
        list.push(without_lines(path.trim()).to_owned());
    }
}

/// `src/a.rs:10-20` and `src/a.rs#L10` are the file `src/a.rs`.
pub(super) fn without_lines(path: &str) -> &str {
    match path.rsplit_once(':') {
        Some((file, lines)) if !file.is_empty() && lines.starts_with(|c: char| c.is_ascii_digit()) => file,
        _ => match path.rsplit_once("#L") {
            Some((file, lines)) if !file.is_empty() && lines.starts_with(|c: char| c.is_ascii_digit()) => {
                file
            }
            _ => path,
        },
    }
}

/// Is this only what stands between two items of an enumeration, notes in parentheses apart?
fn separates(text: &str) -> bool {
    let mut depth = 0_usize;
    let mut plain = String::new();
    for c in text.chars() {
        match c {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            _ if depth > 0 => {}
            c if c.is_whitespace() || ",;&+".contains(c) => plain.push(' '),
            c => plain.push(c),
        }
    }
    plain.split_whitespace().all(|word| matches!(word, "and" | "or"))
}
