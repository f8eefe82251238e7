//! `ctx plan extract`: takes a plan out of a session's transcript.

use std::path::PathBuf;

use serde::Serialize;

use super::create::{TRANSCRIPT, invalid, make};
use crate::cli::Extract;
use crate::commands::{Context, Report, style};
use crate::error::{Error, Result};
use crate::plan::Document;
use crate::transcript::{self, Found};
use crate::world;

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
    let transcript = locate(args, &context)?;
    let found = transcript::find(&transcript)?;
    if args.list {
        return list(&found, args.json.json);
    }
    if found.is_empty() {
        return Err(Error::refused(format!("no plan was printed in `{}`", transcript.display()))
            .hint("have one made with `/ctx:plan`, or read another session with `--session ID`"));
    }
    let chosen = choose(&found, args.pick)?;
    let document = chosen.document.as_ref().ok_or_else(|| invalid(&chosen.diagnostics))?;
    if args.dry_run {
        return Ok(Report::text(document.text.clone()));
    }
    context.project.plans().require_link()?;
    let report = make(&context, document, TRANSCRIPT, args.json.json)?;
    Ok(report.message(note(&transcript, chosen, &found)))
}

fn locate(args: &Extract, context: &Context) -> Result<PathBuf> {
    if let Some(file) = &args.transcript {
        return match file.is_file() {
            true => Ok(file.clone()),
            false => Err(Error::refused(format!("there is no transcript `{}`", file.display()))),
        };
    }
    let config = world::client_config_dir().ok_or_else(|| {
        Error::environment("there is no home folder").hint("set `HOME` or `CLAUDE_CONFIG_DIR`")
    })?;
    let running = world::session_id();
    if let Some(session) = args.session.as_ref().or(running.as_ref())
        && let Some(transcript) = transcript::of_session(&config, session)?
    {
        return Ok(transcript);
    }
    if let Some(session) = &args.session {
        return Err(Error::refused(format!("there is no session `{session}` under `{}`", config.display())));
    }
    transcript::newest(&config, &context.project.home)?.ok_or_else(|| {
        Error::refused(format!(
            "no session of Claude Code in `{}` has left a transcript under `{}`",
            context.project.home.display(),
            config.display()
        ))
        .hint("name one with `--transcript FILE`")
    })
}

fn choose(found: &[Found], pick: Option<usize>) -> Result<&Found> {
    match pick {
        Some(n) => n.checked_sub(1).and_then(|at| found.get(at)).ok_or_else(|| {
            Error::refused(format!("there is no plan {n}; {} found", style::count(found.len(), "plan")))
                .hint("see `ctx plan extract --list`")
        }),
        // The latest complete one; without any, the latest says what is missing.
        None => {
            Ok(found.iter().rev().find(|found| found.document.is_some()).unwrap_or(&found[found.len() - 1]))
        }
    }
}

/// Which transcript it was, and an incomplete plan that was printed later.
fn note(transcript: &std::path::Path, chosen: &Found, found: &[Found]) -> String {
    let note = format!("note: taken from line {} of `{}`", chosen.line, transcript.display());
    match found.last() {
        Some(last) if last.line > chosen.line && last.document.is_none() => {
            format!("{note}; a later one, at line {}, is incomplete", last.line)
        }
        _ => note,
    }
}

fn list(found: &[Found], json: bool) -> Result<Report> {
    let rows: Vec<Row> = found
        .iter()
        .map(|found| Row {
            line: found.line,
            timestamp: found.timestamp.clone(),
            kind: "document",
            title: found.document.as_ref().map(|document| document.title.clone()).unwrap_or_default(),
            tasks: found.document.as_ref().map(task_ids).unwrap_or_default(),
            complete: found.document.is_some(),
            missing: found
                .diagnostics
                .0
                .iter()
                .filter(|one| one.severity == crate::plan::Severity::Error)
                .map(|one| one.message.clone())
                .collect(),
        })
        .collect();
    Report::data(json, &rows, || {
        if rows.is_empty() {
            return "no plan was printed".to_owned();
        }
        let cells = rows.iter().enumerate().map(|(n, row)| {
            let state =
                if row.complete { style::count(row.tasks.len(), "task") } else { row.missing.join("; ") };
            vec![
                (n + 1).to_string(),
                row.line.to_string(),
                row.timestamp.clone().unwrap_or_default(),
                style::clean(&state),
                style::clean(&row.title),
            ]
        });
        style::table(&["", "line", "time", "state", "title"], cells)
    })
}

fn task_ids(document: &Document) -> Vec<String> {
    document.tasks.iter().map(|task| task.id.to_string()).collect()
}
