//! Tables that fit the terminal.
//!
//! In: columns, each with its importance and the way it gives way, and rows of cells. Out: aligned lines, none of them
//! wider than asked. Without a width nothing is cut: another program reads it. Reads no environment.

use unicode_segmentation::UnicodeSegmentation as _;
use unicode_width::UnicodeWidthStr as _;

/// Spaces between two columns.
const GAP: usize = 2;

/// The way a column gives way where the table is wider than the terminal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Shrink {
    /// Is shown whole.
    Never,
    /// `A long na…`
    End,
    /// `very-long…task-12`
    Middle,
    /// `…/worktrees/task-12`
    Start,
    /// Goes on in the next line, at words.
    Wrap,
}

/// A column's heading, its importance, and how it may be shortened.
#[derive(Clone, Copy, Debug)]
pub struct Column {
    title: &'static str,
    /// 0 always stays; of the others the highest is left out first.
    rank: u8,
    shrink: Shrink,
    /// The width below which it is of no use.
    min: usize,
}

impl Column {
    const fn new(title: &'static str, shrink: Shrink, min: usize) -> Self {
        Self { title, rank: 0, shrink, min }
    }

    /// Short words and numbers, never shortened.
    pub const fn word(title: &'static str) -> Self {
        Self::new(title, Shrink::Never, 0)
    }

    /// Ids and branches, shortened in the middle: both ends tell them apart.
    pub const fn id(title: &'static str) -> Self {
        Self::new(title, Shrink::Middle, 20)
    }

    /// Names and remarks, shortened at the end.
    pub const fn name(title: &'static str) -> Self {
        Self::new(title, Shrink::End, 12)
    }

    /// Paths, shortened at the beginning.
    pub const fn path(title: &'static str) -> Self {
        Self::new(title, Shrink::Start, 16)
    }

    /// Sentences, wrapped; a single long word in their place is shortened like a path.
    pub const fn prose(title: &'static str) -> Self {
        Self::new(title, Shrink::Wrap, 24)
    }

    /// The column is not shortened further.
    #[must_use]
    pub const fn at_least(mut self, width: usize) -> Self {
        self.min = width;
        self
    }

    /// The column may be left out; those of the highest rank are first.
    #[must_use]
    pub const fn rank(mut self, rank: u8) -> Self {
        self.rank = rank;
        self
    }
}

impl From<&'static str> for Column {
    fn from(title: &'static str) -> Self {
        Self::name(title)
    }
}

/// The lines of a table, its headings first, at most `width` columns wide.
pub fn render(columns: &[Column], rows: &[Vec<String>], width: Option<usize>) -> String {
    let titles: Vec<String> = columns.iter().map(|column| super::style::heading(column.title)).collect();
    let natural: Vec<usize> = (0..columns.len())
        .map(|at| {
            let cells = rows.iter().filter_map(|row| row.get(at));
            cells.chain([&titles[at]]).map(|cell| display_width(cell)).max().unwrap_or_default()
        })
        .collect();
    let shown = match width {
        None => natural.iter().copied().enumerate().collect(),
        Some(width) => fit(columns, &natural, &empty(columns, rows), width),
    };
    let mut lines = Vec::new();
    for row in std::iter::once(&titles).chain(rows) {
        lines.extend(row_lines(columns, row, &shown, width));
    }
    lines.join("\n")
}

/// The columns without any content below the heading.
fn empty(columns: &[Column], rows: &[Vec<String>]) -> Vec<bool> {
    let is_empty = |at| rows.iter().all(|row| row.get(at).is_none_or(String::is_empty));
    (0..columns.len()).map(is_empty).collect()
}

fn total(widths: impl ExactSizeIterator<Item = usize>) -> usize {
    let gaps = widths.len().saturating_sub(1) * GAP;
    widths.sum::<usize>() + gaps
}

/// The columns to show, each with its width.
fn fit(columns: &[Column], natural: &[usize], empty: &[bool], width: usize) -> Vec<(usize, usize)> {
    let mut shown: Vec<usize> = (0..columns.len()).collect();
    if total(natural.iter().copied()) > width {
        shown.retain(|at| !empty[*at]);
    }
    let least = |at: usize| match columns[at].shrink {
        Shrink::Never => natural[at],
        _ => natural[at].min(columns[at].min),
    };
    while total(shown.iter().map(|at| least(*at))) > width {
        let last =
            shown.iter().copied().filter(|at| columns[*at].rank > 0).max_by_key(|at| columns[*at].rank);
        let Some(last) = last else { break };
        shown.retain(|at| *at != last);
    }
    let mut widths: Vec<(usize, usize)> = shown.iter().map(|at| (*at, natural[*at])).collect();
    // The widest gives way first; below its use only where nothing else is left to give.
    for floor in [&least as &dyn Fn(usize) -> usize, &|_| 1] {
        while total(widths.iter().map(|(_, width)| *width)) > width {
            let soft = widths
                .iter_mut()
                .filter(|(at, width)| columns[*at].shrink != Shrink::Never && *width > floor(*at));
            let Some((_, widest)) = soft.max_by_key(|(_, width)| *width) else { break };
            *widest -= 1;
        }
    }
    widths
}

/// One row; more than one line where a cell is wrapped.
fn row_lines(
    columns: &[Column],
    row: &[String],
    shown: &[(usize, usize)],
    limit: Option<usize>,
) -> Vec<String> {
    let cells: Vec<Vec<String>> = shown
        .iter()
        .map(|(at, width)| {
            let cell = row.get(*at).map(String::as_str).unwrap_or_default();
            shorten(cell, columns[*at].shrink, *width)
        })
        .collect();
    let height = cells.iter().map(Vec::len).max().unwrap_or(1);
    let line = |n: usize| {
        let mut line = String::new();
        for (cell, (_, width)) in cells.iter().zip(shown) {
            let text = cell.get(n).map(String::as_str).unwrap_or_default();
            let padding = width.saturating_sub(display_width(text)) + GAP;
            line += text;
            line.extend(std::iter::repeat_n(' ', padding));
        }
        let line = line.trim_end();
        match limit {
            // Only where even the columns that never give way are too wide.
            Some(limit) if display_width(line) > limit => cut_end(&plain(line), limit),
            _ => line.to_owned(),
        }
    };
    (0..height).map(line).collect()
}

fn shorten(cell: &str, shrink: Shrink, width: usize) -> Vec<String> {
    if display_width(cell) <= width {
        return vec![cell.to_owned()];
    }
    let text = plain(cell);
    let cut = match shrink {
        Shrink::Wrap if text.contains(' ') => return wrap(&text, width),
        Shrink::Never => return vec![cell.to_owned()],
        Shrink::End => cut_end(&text, width),
        Shrink::Middle => cut_middle(&text, width),
        Shrink::Start | Shrink::Wrap => cut_start(&text, width),
    };
    // A cell is painted as a whole or not at all.
    vec![match cell.split_once(&text) {
        Some((before, after)) => format!("{before}{cut}{after}"),
        None => cut,
    }]
}

/// The text without its colours.
fn plain(text: &str) -> String {
    anstream::adapter::strip_str(text).to_string()
}

/// The columns that a text takes in a terminal, its colours apart.
pub(super) fn display_width(text: &str) -> usize {
    plain(text).width()
}

/// As much of the characters as `width` columns hold, in their order.
fn taken<'a>(characters: impl Iterator<Item = &'a str>, width: usize) -> Vec<&'a str> {
    let mut left = width;
    let fits = |character: &&str| match left.checked_sub(character.width()) {
        Some(rest) => {
            left = rest;
            true
        }
        None => false,
    };
    characters.take_while(fits).collect()
}

pub(super) fn cut_end(text: &str, width: usize) -> String {
    let Some(room) = width.checked_sub(1) else { return String::new() };
    format!("{}…", taken(text.graphemes(true), room).concat().trim_end())
}

fn cut_start(text: &str, width: usize) -> String {
    let Some(room) = width.checked_sub(1) else { return String::new() };
    let mut tail = taken(text.graphemes(true).rev(), room);
    tail.reverse();
    format!("…{}", tail.concat())
}

fn cut_middle(text: &str, width: usize) -> String {
    let Some(room) = width.checked_sub(1) else { return String::new() };
    let head = taken(text.graphemes(true), room / 2).concat();
    let mut tail = taken(text.graphemes(true).rev(), room - head.width());
    tail.reverse();
    format!("{head}…{}", tail.concat())
}

/// Lines of at most `width` columns, broken at spaces; what stands between backticks stays together where it fits, so
/// that a command can be copied.
pub fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines = Vec::new();
    let mut line = String::new();
    for word in words(text, width) {
        if !line.is_empty() {
            if line.width() + 1 + word.width() > width {
                lines.push(std::mem::take(&mut line));
            } else {
                line.push(' ');
            }
        }
        line.push_str(&word);
    }
    lines.push(line);
    lines
}

/// What a line is not broken in.
fn words(text: &str, width: usize) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    let mut open = false;
    for word in text.split(' ').filter(|word| !word.is_empty()) {
        let goes_on = open.then(|| found.last_mut()).flatten();
        match goes_on.filter(|last| last.width() + 1 + word.width() <= width) {
            Some(last) => {
                last.push(' ');
                last.push_str(word);
            }
            None => found.extend(pieces(word, width)),
        }
        open ^= word.matches('`').count() % 2 == 1;
    }
    found
}

/// A word that is wider than a line, in as many pieces as it takes.
fn pieces(word: &str, width: usize) -> Vec<String> {
    let mut found = Vec::new();
    let mut rest = word;
    while rest.width() > width {
        let piece = taken(rest.graphemes(true), width).concat();
        let length = piece.len().max(rest.graphemes(true).next().map_or(1, str::len));
        found.push(rest[..length].to_owned());
        rest = &rest[length..];
    }
    if found.is_empty() || !rest.is_empty() {
        found.push(rest.to_owned());
    }
    found
}
