//! How things look in a terminal. The executable takes the colours out where they do not belong.

use anstyle::{AnsiColor, Style};
use comfy_table::presets::NOTHING;
use comfy_table::{Cell, ContentArrangement, Table};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::plan::Status;

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

/// Columns, aligned; the first row is the heading.
pub(super) fn table(heading: &[&str], rows: impl IntoIterator<Item = Vec<String>>) -> String {
    let mut table = Table::new();
    table.load_style(NOTHING).set_content_arrangement(ContentArrangement::Disabled);
    table.set_header(heading.iter().map(|title| Cell::new(dim(title))));
    for row in rows {
        table.add_row(row);
    }
    for column in table.column_iter_mut() {
        column.set_padding((0, 2));
    }
    let lines: Vec<String> = table.lines().map(|line| line.trim_end().to_owned()).collect();
    lines.join("\n")
}

/// A bar on standard error, if that is a terminal and the work takes longer than half a second.
pub(super) fn bar(length: usize, what: &str) -> ProgressBar {
    let bar = ProgressBar::with_draw_target(Some(length as u64), ProgressDrawTarget::stderr());
    let style = ProgressStyle::with_template("{prefix} {bar:30} {pos}/{len} {msg}");
    bar.with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar())).with_prefix(what.to_owned())
}

/// `1 task`, `2 tasks`.
pub(super) fn count(n: usize, one: &str) -> String {
    format!("{n} {one}{}", if n == 1 { "" } else { "s" })
}

/// Text from a file on one line, without what is not seen: a name must not drive a terminal.
pub(super) fn clean(text: &str) -> String {
    crate::text::clean(text)
}
