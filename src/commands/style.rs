//! How things look in a terminal. The executable takes the colours out where they do not belong.

use anstyle::{AnsiColor, Style};
use jiff::{SpanRound, Timestamp, Unit};

use super::table::{self, Column};
pub(super) use crate::error::count;
use crate::plan::Status;
use crate::world;

/// Marks text that a person should see first.
pub(super) fn bold(text: &str) -> String {
    paint(Style::new().bold(), text)
}

/// Marks text that can be passed over.
pub(super) fn dim(text: &str) -> String {
    paint(Style::new().dimmed(), text)
}

/// A status word in its colour.
pub(super) fn status(status: Status) -> String {
    let color = match status {
        Status::Pending => return status.to_string(),
        Status::InProgress => AnsiColor::Cyan,
        Status::Submitted => AnsiColor::Blue,
        Status::Completed => AnsiColor::Green,
        Status::Blocked => AnsiColor::Yellow,
        Status::Failed => AnsiColor::Red,
    };
    paint(color.on_default(), status.as_str())
}

/// Good, bad, or worth a look.
pub(super) fn mark(good: Option<bool>) -> String {
    match good {
        Some(true) => paint(AnsiColor::Green.on_default(), "ok"),
        Some(false) => paint(AnsiColor::Red.on_default(), "error"),
        None => paint(AnsiColor::Yellow.on_default(), "note"),
    }
}

fn paint(style: Style, text: &str) -> String {
    format!("{style}{text}{style:#}")
}

/// A plan's name and id; on two lines where the terminal is too narrow for one. The beginning of an id is enough to
/// name it.
pub(super) fn title(name: &str, id: &str) -> String {
    let name = clean(name);
    let cut = |text: &str, width| match table::display_width(text) <= width {
        true => text.to_owned(),
        false => table::cut_end(text, width),
    };
    match world::terminal_width() {
        Some(width) if table::display_width(&name) + 1 + id.len() > width => {
            format!("{}\n{}", bold(&cut(&name, width)), dim(&cut(id, width)))
        }
        _ => format!("{} {}", bold(&name), dim(id)),
    }
}

/// The heading of a column.
pub(super) fn heading(title: &str) -> String {
    if title.is_empty() { String::new() } else { dim(title) }
}

/// Columns, aligned, that fit the terminal; the first row is the heading.
pub(super) fn table<C: Copy + Into<Column>>(
    columns: &[C],
    rows: impl IntoIterator<Item = Vec<String>>,
) -> String {
    let columns: Vec<Column> = columns.iter().map(|column| (*column).into()).collect();
    let rows: Vec<Vec<String>> = rows.into_iter().collect();
    table::render(&columns, &rows, world::terminal_width())
}

/// Sentences, a paragraph a line, broken at words where standard output is a terminal. Lines that go on are indented.
pub(super) fn prose(text: &str) -> String {
    world::terminal_width().map_or_else(|| text.to_owned(), |width| paragraphs(text, width))
}

/// Every line of a text, broken at words, in `width` columns; lines that go on are indented by two.
pub fn paragraphs(text: &str, width: usize) -> String {
    let indent = "  ";
    let paragraph = |line: &str| {
        let room = width.saturating_sub(indent.len()).max(1);
        let start = line.len() - line.trim_start().len();
        // Painted lines are short ones; one that is not is left to the terminal.
        if table::display_width(line) <= width || line.contains('\x1b') {
            return line.to_owned();
        }
        let (before, text) = line.split_at(start);
        let lines = table::wrap(text, room.saturating_sub(start).max(1));
        format!("{before}{}", lines.join(&format!("\n{before}{indent}")))
    };
    text.split('\n').map(paragraph).collect::<Vec<_>>().join("\n")
}

/// `99,995`.
pub(super) fn thousands(n: usize) -> String {
    let digits = n.to_string();
    let parts: Vec<&str> = (0..digits.len().div_ceil(3))
        .rev()
        .map(|group| {
            let end = digits.len() - group * 3;
            &digits[end.saturating_sub(3)..end]
        })
        .collect();
    parts.join(",")
}

/// `3h 12m`: how long ago that was, in whole minutes; from two days on `2d 3h`.
pub(super) fn age(since: Timestamp) -> String {
    let round = SpanRound::new().smallest(Unit::Minute).largest(Unit::Hour);
    let span = world::now().since(since).and_then(|span| span.round(round));
    match span.map(|span| (span.get_hours(), span.get_minutes())) {
        Ok((0, minutes)) => format!("{minutes}m"),
        Ok((hours, minutes)) if hours < 48 => format!("{hours}h {minutes}m"),
        Ok((hours, _)) => format!("{}d {}h", hours / 24, hours % 24),
        Err(_) => String::new(),
    }
}

/// The heading of a column of times.
pub(super) const TIME: &str = "time (UTC)";

/// `2026-11-21 10:15:00`, in UTC as in the ids of plans.
pub(super) fn time(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M:%S").to_string()
}

/// Text from a file on one line, without what is not seen: a name must not drive a terminal.
pub(super) fn clean(text: &str) -> String {
    crate::text::clean(text)
}
