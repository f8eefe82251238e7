//! `ctx plan extract`: takes a plan out of a session's transcript.

use std::path::Path;

use serde::Serialize;

use super::create::{Origin, TRANSCRIPT, invalid, make};
use super::sources::{Sources, Taken};
use crate::cli::Extract;
use crate::commands::{Column, Context, Report, style};
use crate::error::{Error, Exit, Result};
use crate::plan::Document;
use crate::transcript::{self, Found, Kind};

/// One row of `--list --json`.
#[derive(Serialize)]
struct Row {
    line: usize,
    timestamp: Option<String>,
    kind: &'static str,
    title: String,
    tasks: Vec<String>,
    complete: bool,
    missing: Vec<String>,
}

pub(super) fn run(args: &Extract) -> Result<Report> {
    let context = Context::here()?;
    let sources = Sources::of(args, &context)?;
    // A list is of the newest session that has anything to list; a plan comes from the newest that has a complete one.
    let any = args.list || args.pick.is_some();
    let plans = context.project.plans();
    let is_new = |found: &Found| match &found.document {
        Some(document) => plans.by_document(&document.hash()).is_ok_and(|same| same.is_none()),
        None => false,
    };
    let taken = sources.first_with(|place, found| match (any, place) {
        (true, _) => !found.is_empty(),
        (false, 0) => found.iter().any(is_complete),
        // What an older session printed and somebody made into files, and perhaps put away, is done with.
        (false, _) => found.iter().rfind(|found| is_complete(found)).is_some_and(is_new),
    })?;
    let report = if args.list { list(&taken, args.json.json) } else { take(args, &context, &taken) }?;
    Ok(sources.notes(&taken).into_iter().fold(report, Report::message))
}

fn is_complete(found: &Found) -> bool {
    found.document.is_some()
}

fn take(args: &Extract, context: &Context, taken: &Taken) -> Result<Report> {
    let chosen = choose(taken, args.pick)?;
    if args.dry_run && (args.pick.is_some() || is_complete(chosen)) {
        return Ok(print(chosen));
    }
    let document = match (&chosen.document, chosen.kind) {
        (Some(document), _) => document,
        (None, Kind::Document) => return Err(invalid(&chosen.diagnostics)),
        (None, Kind::PlanMode) => return Err(plan_mode(taken, chosen)),
    };
    context.project.plans().require_link()?;
    let report = make(context, document, Origin { from: TRANSCRIPT, again: args.new }, args.json.json)?;
    Ok(report.message(note(&taken.transcript, chosen, &taken.found)?))
}

/// The plan as it was printed; what is wrong with it beside it.
fn print(chosen: &Found) -> Report {
    match (&chosen.document, chosen.kind) {
        (Some(document), _) => Report::text(document.text.clone()),
        (None, Kind::PlanMode) => Report::text(chosen.text.clone()),
        (None, Kind::Document) => {
            Report::text(chosen.text.clone()).message(chosen.diagnostics.to_string()).exit(Exit::Refused)
        }
    }
}

fn choose(taken: &Taken, pick: Option<usize>) -> Result<&Found> {
    let found = &taken.found;
    if let Some(n) = pick {
        return n.checked_sub(1).and_then(|at| found.get(at)).ok_or_else(|| {
            Error::refused(format!("there is no plan {n}; {} found", style::count(found.len(), "plan")))
                .hint("see `ctx plan extract --list`")
        });
    }
    // The latest complete one; without any, the latest says what is missing.
    let latest = |wanted: &dyn Fn(&Found) -> bool| found.iter().rfind(|found| wanted(found));
    latest(&is_complete)
        .or_else(|| latest(&|found| found.kind == Kind::Document))
        .or(found.last())
        .ok_or_else(|| {
            Error::refused(format!("no plan was printed in `{}`", taken.transcript.display()))
                .hint("have one made with `/ctx:plan`, or read another session with `--session ID`")
        })
}

fn plan_mode(taken: &Taken, chosen: &Found) -> Error {
    let title = style::clean(&chosen.title());
    let number = taken.found.iter().position(|found| std::ptr::eq(found, chosen)).map_or(1, |at| at + 1);
    Error::refused(format!("`{title}` is a plan of plan mode: it has no tasks that could become files")).hint(
        format!(
            "say `/ctx:plan` to have tasks made of it; `ctx plan extract --pick {number} --dry-run` prints it"
        ),
    )
}

/// Which line of which transcript it was, and an incomplete plan that was printed later.
fn note(transcript: &Path, chosen: &Found, found: &[Found]) -> Result<String> {
    let later = found.iter().rfind(|found| found.kind == Kind::Document && !is_complete(found));
    let later = later.filter(|later| later.at > chosen.at);
    let places: Vec<Found> = std::iter::once(chosen).chain(later).cloned().collect();
    let lines = transcript::line_numbers(transcript, &places)?;
    let note = format!("note: taken from line {} of `{}`", lines[0], transcript.display());
    Ok(match (later, lines.get(1)) {
        (Some(later), Some(line)) => {
            let missing = later.missing().first().map(|missing| format!(": {missing}")).unwrap_or_default();
            format!("{note}; a later one, at line {line}, is incomplete{missing}")
        }
        _ => note,
    })
}

fn list(taken: &Taken, json: bool) -> Result<Report> {
    let lines = transcript::line_numbers(&taken.transcript, &taken.found)?;
    let row = |(found, line): (&Found, usize)| Row {
        line,
        timestamp: found.timestamp.clone(),
        kind: found.kind.as_str(),
        title: found.title(),
        tasks: found.document.as_ref().map(task_ids).unwrap_or_default(),
        complete: is_complete(found),
        missing: found.missing(),
    };
    let rows: Vec<Row> = taken.found.iter().zip(lines).map(row).collect();
    Report::data(json, &rows, || {
        if rows.is_empty() {
            return "no plan was printed".to_owned();
        }
        let cells = rows.iter().enumerate().map(|(n, row)| {
            let state = match row.complete {
                true => style::count(row.tasks.len(), "task"),
                false => row.missing.join("; "),
            };
            vec![
                (n + 1).to_string(),
                row.line.to_string(),
                style::clean(&time(row.timestamp.as_deref().unwrap_or_default())),
                row.kind.to_owned(),
                style::clean(&state),
                style::clean(&row.title),
            ]
        });
        let columns = [
            Column::word(""),
            Column::word("line").rank(3),
            Column::word(style::TIME).rank(2),
            Column::word("kind"),
            Column::name("state"),
            Column::name("title").rank(1),
        ];
        style::table(&columns, cells)
    })
}

/// A transcript's own time in the form of all others, or as it stands there.
fn time(text: &str) -> String {
    text.parse().map_or_else(|_| text.to_owned(), style::time)
}

fn task_ids(document: &Document) -> Vec<String> {
    document.tasks.iter().map(|task| task.id.to_string()).collect()
}
