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

use super::continuation::{self, Whole};
use super::reader::{self, End, Source, Words, lines_from_end};
use super::record::{Offer, records};
use crate::error::{Error, Result};
use crate::plan::document::{self, Document};
use crate::plan::{Diagnostics, Severity};
use crate::world;

/// What a line in a plan document begins with, or its heading `## Plan Structure` ends with. JSON writes both as they
/// stand.
const TYPE: &[u8] = b"**Type";
const STRUCTURE: &[u8] = b"lan Structure";
const MARKERS: [&[u8]; 2] = [TYPE, STRUCTURE];

/// What a plan of plan mode stands beside. Inside a string, the quotation marks have backslashes.
const PLAN_MODE: [&[u8]; 3] = [b"\"ExitPlanMode\"", b"\"exit_plan_mode\"", b"\"planContent\""];

/// How many texts are tried as the rest of plans that were cut off, in one search.
const MAX_JOINS: usize = 32;

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
    let words = Words::new(&[&MARKERS[..], &PLAN_MODE[..]].concat(), plausible);
    let mut joins = MAX_JOINS;
    let mut seen = HashSet::new();
    let mut all = Vec::new();
    lines_from_end(source, &words, None, &mut |at, line| {
        let (found, end) = joined(source, plans_of(at, line, true), &mut joins);
        all.retain(|part: &Found| part.at > end || part.document.is_some() || part.kind == Kind::PlanMode);
        all.extend(found.into_iter().rev().filter(|found| seen.insert((found.kind, identity(found)))));
        ControlFlow::Continue(())
    })?;
    all.reverse();
    Ok(all)
}

fn latest_of<S: Source + ?Sized>(source: &S, deadline: Option<Instant>) -> std::io::Result<Latest> {
    let mut latest = Latest::default();
    let mut joins = MAX_JOINS;
    let end = lines_from_end(source, &Words::new(&MARKERS, plausible), deadline, &mut |at, line| {
        // An answer that was cut off is long; with little time left, it is listed as it is.
        if deadline.is_some_and(|deadline| world::instant() > deadline) {
            joins = 0;
        }
        let (plans, end) = joined(source, plans_of(at, line, false), &mut joins);
        latest.incomplete = latest.incomplete.take().filter(|part| part.at > end);
        for found in plans.into_iter().rev() {
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

/// The plans of one line, in their order, and the session of the last one if that stands at the end of what was said.
fn plans_of(at: u64, line: &mut [u8], plan_mode: bool) -> Plans {
    let mut plans = Plans::default();
    if !may_matter(line, plan_mode) {
        return plans;
    }
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
                Offer::Said(text) => {
                    plans.open = false;
                    for range in document::plans(&text) {
                        let text = &text[range];
                        let (document, diagnostics) = document::parse(text, "plan");
                        plans.open = document.is_none();
                        plans.session.clone_from(&record.session);
                        plans.found.push(found(Kind::Document, document, diagnostics, text));
                    }
                }
                Offer::PlanMode(text) if plan_mode && !text.trim().is_empty() => {
                    plans.open = false;
                    plans.found.push(found(Kind::PlanMode, None, Diagnostics::default(), &text));
                }
                Offer::PlanMode(_) => {}
            }
        }
    }
    plans
}

/// The plans of one line.
#[derive(Default)]
struct Plans {
    found: Vec<Found>,
    /// Is the last one incomplete, and does nothing follow it in its line?
    open: bool,
    /// The session that printed it, as its record says.
    session: Option<String>,
}

/// The plans of a line; where the last one was cut off and what follows completes it, both in one. Also where the last
/// part of that one is: what was found up to there is a part of it.
fn joined<S: Source + ?Sized>(source: &S, plans: Plans, joins: &mut usize) -> (Vec<Found>, u64) {
    let Plans { mut found, open, session } = plans;
    let Some(last) = found.last_mut().filter(|_| open && *joins > 0) else { return (found, 0) };
    match continuation::of(source, last.at, &last.text, session.as_deref(), joins) {
        Some(Whole { text, document, diagnostics, last: end }) => {
            *last = Found { document: Some(document), diagnostics, text, ..last.clone() };
            (found, end)
        }
        None => (found, 0),
    }
}

/// May this occurrence of a word be one that counts? JSON has a marker on a line of its own only between `\n` or the
/// quotation marks of the string. Most lines that quote a plan are told apart by this alone.
fn plausible(before: &[u8], from: &[u8]) -> bool {
    if from.starts_with(STRUCTURE) {
        return begins_heading(before);
    }
    let Some(after) = from.strip_prefix(TYPE) else { return true };
    begins_line(trimmed(before, b" -*+")) && says_plan(after)
}

fn trimmed<'a>(before: &'a [u8], signs: &[u8]) -> &'a [u8] {
    let end = before.iter().rposition(|byte| !signs.contains(byte)).map_or(0, |at| at + 1);
    &before[..end]
}

fn begins_line(before: &[u8]) -> bool {
    [&b"\""[..], b"\\n", b"\\r", b"\\u000a", b"\\u000A"].iter().any(|end| before.ends_with(end))
}

/// Does only the beginning of a heading stand before `lan Structure`, with an emoji perhaps?
fn begins_heading(before: &[u8]) -> bool {
    let Some((b'p' | b'P', before)) = before.split_last() else { return false };
    let near = &before[before.len().saturating_sub(48)..];
    near.iter().rposition(|&byte| byte == b'#').is_some_and(|at| begins_line(trimmed(&near[..at], b"# ")))
}

/// Behind `**Type`: a colon, and `Plan`, with signs that make it bold or separate them between, and nothing after.
fn says_plan(after: &[u8]) -> bool {
    let near = &after[..after.len().min(40)];
    let plan = near.windows(4).position(|word| word.eq_ignore_ascii_case(b"plan"));
    // Where the text ends, nobody can tell.
    let Some(plan) = plan else { return near.len() < 4 };
    // Escapes such as `\u00a0` have letters of their own.
    let between = &near[..plan];
    if !between.contains(&b'\\') && between.iter().any(u8::is_ascii_alphanumeric) {
        return false;
    }
    let next = near[plan + 4..].iter().find(|byte| !b" *_.".contains(byte));
    next.is_none_or(|&next| matches!(next, b'"' | b'\\' | 0x80..))
}

/// Is a line with a word in it worth being decoded?
fn may_matter(line: &[u8], plan_mode: bool) -> bool {
    let has = |word: &[u8]| memmem::find(line, word).is_some();
    let counts = |at: usize| plausible(&line[..at], &line[at..]);
    has(b"\"assistant\"")
        && (MARKERS.iter().any(|word| memmem::find_iter(line, word).any(counts)) || plan_mode)
        || plan_mode && PLAN_MODE.iter().any(|word| has(word))
}
