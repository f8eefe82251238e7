//! Finds the plans that a session printed.
//!
//! In: a transcript. Out: its plans, each once, where it was printed last. Only what the model said counts: the same
//! markers stand in tool results, tool inputs, thinking, expanded commands, and in prose that speaks of plans. The
//! plans of the client's plan mode are found beside them and never turned into tasks.

use std::collections::HashSet;
use std::fs::File;
use std::ops::ControlFlow;
use std::path::Path;
use std::time::Instant;

use memchr::memmem;

use super::reader::{self, End, Source, Words, lines_from_end};
use super::record::{Offer, records};
use crate::error::{Error, Result};
use crate::plan::document::{self, Document};
use crate::plan::{Diagnostics, Severity};

/// What every plan document contains. JSON writes it as it stands.
const MARKER: &[u8] = b"**Type:** Plan";

/// What a plan of plan mode stands beside. Inside a string, the quotation marks have backslashes.
const PLAN_MODE: [&[u8]; 3] = [b"\"ExitPlanMode\"", b"\"exit_plan_mode\"", b"\"planContent\""];

/// Where a plan comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// A plan document that the model printed.
    Document,
    /// A plan of the client's plan mode.
    PlanMode,
}

impl Kind {
    /// As `--list` says it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Document => "document",
            Self::PlanMode => "plan mode",
        }
    }
}

/// A plan in a transcript.
#[derive(Clone, Debug)]
pub struct Found {
    /// The byte of the file at which its line begins.
    pub at: u64,
    /// When it was printed, as the client wrote it.
    pub timestamp: Option<String>,
    /// Where it comes from.
    pub kind: Kind,
    /// The document, if it is a complete one.
    pub document: Option<Document>,
    /// What is wrong with it; nothing for a plan of plan mode.
    pub diagnostics: Diagnostics,
    /// As it was printed.
    pub text: String,
}

impl Found {
    /// The document's title, else the first line that says something.
    pub fn title(&self) -> String {
        let title = self.document.as_ref().map(|document| document.title.clone());
        let heading = || self.text.lines().find_map(|line| line.strip_prefix("# "));
        let first = || self.text.lines().find(|line| !line.trim().is_empty());
        let plain = || heading().or_else(first).unwrap_or_default().trim_start_matches('#').trim().to_owned();
        title.unwrap_or_else(plain)
    }

    /// Why it cannot be taken as it is; nothing if it can.
    pub fn missing(&self) -> Vec<String> {
        if self.kind == Kind::PlanMode {
            return vec!["a plan of plan mode has no tasks; `/ctx:plan` makes them of it".to_owned()];
        }
        let errors = self.diagnostics.0.iter().filter(|one| one.severity == Severity::Error);
        errors.map(|one| one.message.clone()).collect()
    }
}

/// The latest plans of a transcript.
#[derive(Clone, Debug, Default)]
pub struct Latest {
    /// The latest complete document.
    pub complete: Option<Found>,
    /// The latest document, if it is incomplete: printed after the complete one.
    pub incomplete: Option<Found>,
    /// Was the time up before the beginning of the file was reached?
    pub cut_short: bool,
}

/// Every plan of a transcript, in the order in which they were printed; a repeated one at its last place.
pub fn find(path: &Path) -> Result<Vec<Found>> {
    let found = open(path).and_then(|file| all_of(&file));
    found.map_err(|error| Error::io("read", path, &error))
}

/// As `find`, in bytes.
pub fn find_in(bytes: &[u8]) -> Vec<Found> {
    all_of(bytes).unwrap_or_default()
}

/// The latest complete document of a transcript, and an incomplete one behind it. Reads no further back than that,
/// and not on after `deadline`.
pub fn latest(path: &Path, deadline: Option<Instant>) -> Result<Latest> {
    let found = open(path).and_then(|file| latest_of(&file, deadline));
    found.map_err(|error| Error::io("read", path, &error))
}

/// As `latest`, in bytes.
pub fn latest_in(bytes: &[u8]) -> Latest {
    latest_of(bytes, None).unwrap_or_default()
}

/// The numbers, from 1, of the lines that these plans stand in.
pub fn line_numbers(path: &Path, found: &[Found]) -> Result<Vec<usize>> {
    let offsets: Vec<u64> = found.iter().map(|found| found.at).collect();
    let numbers = open(path).and_then(|file| reader::line_numbers(&file, &offsets));
    numbers.map_err(|error| Error::io("read", path, &error))
}

/// Only a regular file: a named pipe would block for ever.
fn open(path: &Path) -> std::io::Result<File> {
    match std::fs::metadata(path)?.is_file() {
        true => File::open(path),
        false => Err(std::io::Error::new(std::io::ErrorKind::InvalidInput, "it is no regular file")),
    }
}

fn all_of<S: Source + ?Sized>(source: &S) -> std::io::Result<Vec<Found>> {
    let words = Words::new(&[&[MARKER], &PLAN_MODE[..]].concat(), plausible);
    let mut seen = HashSet::new();
    let mut all = Vec::new();
    lines_from_end(source, &words, None, &mut |at, line| {
        let found = plans_of(at, line, true);
        all.extend(found.into_iter().rev().filter(|found| seen.insert((found.kind, identity(found)))));
        ControlFlow::Continue(())
    })?;
    all.reverse();
    Ok(all)
}

fn latest_of<S: Source + ?Sized>(source: &S, deadline: Option<Instant>) -> std::io::Result<Latest> {
    let mut latest = Latest::default();
    let end = lines_from_end(source, &Words::new(&[MARKER], plausible), deadline, &mut |at, line| {
        for found in plans_of(at, line, false).into_iter().rev() {
            if found.document.is_some() {
                latest.complete = Some(found);
                return ControlFlow::Break(());
            }
            latest.incomplete.get_or_insert(found);
        }
        ControlFlow::Continue(())
    })?;
    latest.cut_short = end == End::TimeIsUp;
    Ok(latest)
}

/// What two prints of one plan have in common.
fn identity(found: &Found) -> String {
    found.document.as_ref().map_or_else(|| found.text.trim().to_owned(), Document::hash)
}

/// The plans of one line, in their order.
fn plans_of(at: u64, line: &mut [u8], plan_mode: bool) -> Vec<Found> {
    if !may_matter(line, plan_mode) {
        return Vec::new();
    }
    let mut plans = Vec::new();
    for record in records(line) {
        let timestamp = &record.timestamp;
        let found = |kind, document, diagnostics, text: &str| Found {
            at,
            timestamp: timestamp.clone(),
            kind,
            document,
            diagnostics,
            text: text.to_owned(),
        };
        for offer in record.offers {
            match offer {
                Offer::Said(text) => plans.extend(document::plans(&text).into_iter().map(|range| {
                    let text = &text[range];
                    let (document, diagnostics) = document::parse(text, "plan");
                    found(Kind::Document, document, diagnostics, text)
                })),
                Offer::PlanMode(text) if plan_mode && !text.trim().is_empty() => {
                    plans.push(found(Kind::PlanMode, None, Diagnostics::default(), &text));
                }
                Offer::PlanMode(_) => {}
            }
        }
    }
    plans
}

/// May this occurrence of a word be one that counts? JSON has a marker on a line of its own only between `\n` or the
/// quotation marks of the string, spaces aside. Most lines that quote a plan are told apart by this alone.
fn plausible(before: &[u8], from: &[u8]) -> bool {
    let Some(after) = from.strip_prefix(MARKER) else { return true };
    let begins = [&b"\""[..], b"\\n", b"\\u000a", b"\\u000A"].iter().any(|end| before.ends_with(end));
    let next = after.iter().find(|&&byte| byte != b' ');
    begins && next.is_none_or(|&next| matches!(next, b'"' | b'\\' | 0x80..))
}

/// Is a line with a word in it worth being decoded?
fn may_matter(line: &[u8], plan_mode: bool) -> bool {
    let has = |word: &[u8]| memmem::find(line, word).is_some();
    let counts = |at: usize| plausible(&line[..at], &line[at..]);
    has(b"\"assistant\"") && (memmem::find_iter(line, MARKER).any(counts) || plan_mode)
        || plan_mode && PLAN_MODE.iter().any(|word| has(word))
}
