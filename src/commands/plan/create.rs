//! `ctx plan create`: writes a plan document as files and makes the plan active.

use std::io::{IsTerminal, Read};
use std::path::Path;

use serde::Serialize;

use crate::commands::{Context, Report, style};
use crate::error::{Error, Result};
use crate::plan::{self, Diagnostics, Document, Status, Surroundings};
use crate::state::{Active, Created, Kind, NewPlan, PlanFolder, PlanStore};
use crate::world;

pub(super) fn run(file: Option<&Path>, again: bool, json: bool) -> Result<Report> {
    let context = Context::here()?;
    let (name, text) = read(file)?;
    let (document, diagnostics) = plan::document::parse(&text, &name);
    let document = document.ok_or_else(|| invalid(&diagnostics))?;
    let files = super::files_of_base(&context, base_of(&document))?;
    let around = Surroundings { files: &files, has_program: &world::has_program };
    let (_, diagnostics) = plan::document::parse_in(&text, &name, Some(&around));
    context.project.plans().require_link()?;
    make(&context, &document, Origin { from: "document", again }, json)
        .map(|report| with_warnings(report, &diagnostics, json))
}

fn read(file: Option<&Path>) -> Result<(String, String)> {
    let (name, bytes) = match file.filter(|file| *file != Path::new("-")) {
        Some(file) => {
            let bytes = std::fs::read(file).map_err(|error| Error::io("read", file, &error))?;
            (file.display().to_string(), bytes)
        }
        None => {
            let mut bytes = Vec::new();
            let mut stdin = std::io::stdin().lock();
            if stdin.is_terminal() {
                return Err(Error::environment("no plan document on standard input")
                    .hint("name a file: `ctx plan create FILE`, or pipe one in"));
            }
            stdin.read_to_end(&mut bytes).map_err(|error| Error::io("read", Path::new("-"), &error))?;
            ("<stdin>".to_owned(), bytes)
        }
    };
    let text = String::from_utf8(bytes).map_err(|_| Error::refused(format!("`{name}` is not UTF-8")))?;
    Ok((name, text))
}

/// Everything that is wrong with a document, as one error.
pub(super) fn invalid(diagnostics: &Diagnostics) -> Error {
    let n = diagnostics.0.iter().filter(|found| found.severity == plan::Severity::Error).count();
    Error::refused(format!("the plan is invalid, nothing was written\n\n{diagnostics}\n"))
        .hint(format!("fix {} and run the command again", style::count(n, "error")))
}

/// A program is given every warning.
fn with_warnings(report: Report, diagnostics: &Diagnostics, json: bool) -> Report {
    match (diagnostics.0.is_empty(), json) {
        (true, _) => report,
        (false, true) => report.message(diagnostics.to_string()),
        (false, false) => report.message(diagnostics.folded()),
    }
}

/// How the journal calls a plan that was taken out of a conversation.
pub(super) const TRANSCRIPT: &str = "transcript";

#[derive(Serialize)]
struct Answer<'a> {
    plan: &'a str,
    /// False: this document was made into that plan before.
    created: bool,
    active: bool,
    directory: &'a Path,
    tasks: usize,
}

/// Where a document comes from, and whether it is to become a plan once more.
#[derive(Clone, Copy)]
pub(super) struct Origin<'a> {
    pub(super) from: &'a str,
    pub(super) again: bool,
}

/// Makes a document into a plan and activates it.
pub(super) fn make(context: &Context, document: &Document, origin: Origin<'_>, json: bool) -> Result<Report> {
    let Origin { from, again } = origin;
    let plans = context.project.plans();
    let head = context.project.head_branch()?;
    if head.is_none() && base_of(document).is_none() {
        return Err(Error::refused("HEAD is detached and the document names no base branch")
            .hint("run `git switch BRANCH`, or add `base: BRANCH` to the document's `metadata`"));
    }
    let base = head.as_ref().map(crate::git::Branch::as_str);
    context.project.remember_home()?;
    let before = plans.active()?;
    let created = plans.create(&NewPlan { document, base, time: world::now(), from, again })?;
    let (folder, new) = match created {
        Created::New(folder) => (folder, true),
        Created::Same(folder) => (folder, false),
    };
    if new {
        context.project.exclude_plans()?;
    } else {
        require_same(&plans, &folder, document, from)?;
    }
    // A run that was killed after writing had not activated it.
    let fresh = new || !activated_before(context, &folder)? && !is_archived(&folder);
    let busy = from == TRANSCRIPT && plans.is_under_way(&before)?;
    if fresh && !busy || before == Active::None && !is_archived(&folder) {
        plans.activate(&folder)?;
    }
    let active = plans.active()? == Active::Plan(folder.clone());
    let tasks = document.tasks.len();
    let answer = Answer { plan: &folder.id, created: new, active, directory: &folder.dir, tasks };
    let report = Report::data(json, &answer, || {
        let tasks = style::count(tasks, "task");
        match (new, active) {
            (true, true) => format!("plan `{}` made and active: {tasks}\nnext: `ctx plan show`", folder.id),
            (true, false) => format!("plan `{}` made: {tasks}", folder.id),
            (false, _) => format!("this document is plan `{}` already; nothing was written", folder.id),
        }
    })?;
    Ok(notes(report, &folder, &before, new, active))
}

/// This document was made into a plan before: is that plan what the document says, and is anything left of it to do?
fn require_same(plans: &PlanStore, folder: &PlanFolder, document: &Document, from: &str) -> Result<()> {
    let again = match from == TRANSCRIPT {
        true => "`ctx plan extract --new`",
        false => "`ctx plan create --new FILE`",
    };
    let differences = plans.differences(folder, document)?;
    if !differences.is_empty() {
        return Err(Error::refused(format!(
            "this document is plan `{}` already, whose files differ from it:\n  {}",
            folder.id,
            differences.join("\n  ")
        ))
        .hint(format!("keep that plan as it is, or make another one of the document with {again}")));
    }
    let tasks = plans.load(folder)?.0.map(|plan| plan.tasks).unwrap_or_default();
    let completed = !tasks.is_empty() && tasks.iter().all(|task| task.status == Status::Completed);
    if completed {
        return Err(Error::refused(format!("this document is plan `{}`, which is completed", folder.id))
            .hint(format!("make another one of the document with {again}")));
    }
    Ok(())
}

fn base_of(document: &Document) -> Option<&str> {
    document.index.get("metadata")?.get("base")?.as_str()
}

fn is_archived(folder: &PlanFolder) -> bool {
    folder.location == crate::state::Location::Folder(crate::state::Shelf::Archive)
}

fn activated_before(context: &Context, folder: &PlanFolder) -> Result<bool> {
    let events = context.project.journal().read()?;
    Ok(events
        .iter()
        .any(|event| event.plan.as_ref() == Some(&folder.id) && event.kind == Kind::PlanActivated))
}

fn notes(report: Report, folder: &PlanFolder, before: &Active, new: bool, active: bool) -> Report {
    match before {
        Active::Plan(other) if new && !active => report.message(format!(
            "note: plan `{}` is under way and stays active; `ctx plan use {}` switches",
            other.id, folder.id
        )),
        Active::Plan(other) if new && other.id != folder.id => {
            report.message(format!("note: plan `{}` was active; `ctx plan use` goes back to it", other.id))
        }
        _ if !new && is_archived(folder) => {
            report.message(format!("hint: it is archived; bring it back with `ctx plan use {}`", folder.id))
        }
        _ if !new && !active => {
            report.message(format!("hint: it is not the active plan; run `ctx plan use {}`", folder.id))
        }
        _ => report,
    }
}
