//! `ctx plan`.

mod create;
mod extract;
mod show;
mod sources;

use serde::Serialize;

use super::{Column, Context, Report, style};
use crate::cli::Plan;
use crate::error::{Exit, Result};
use crate::plan::{Diagnostics, Status};
use crate::state::{Active, Location, PlanFolder, PlanStore, Shelf};

pub(super) fn run(verb: Plan) -> Result<Report> {
    match verb {
        Plan::Create { file, json } => create::run(file.as_deref(), json.json),
        Plan::Extract(args) => extract::run(&args),
        Plan::Validate { plan, strict, json } => validate(plan.as_deref(), strict, json.json),
        Plan::Show { plan, parallel, json } => show::run(plan.as_deref(), parallel, json.json),
        Plan::List(json) => list(json.json),
        Plan::Use { plan } => activate(&plan),
        Plan::Archive { plan } => archive(plan.as_deref()),
    }
}

/// The plan that was named, else the active one.
fn chosen(plans: &PlanStore, wanted: Option<&str>) -> Result<PlanFolder> {
    wanted.map_or_else(|| plans.require_active(), |wanted| plans.find(wanted))
}

#[derive(Serialize)]
struct Validation<'a> {
    plan: &'a str,
    valid: bool,
    diagnostics: &'a Diagnostics,
}

fn validate(wanted: Option<&str>, strict: bool, json: bool) -> Result<Report> {
    let context = Context::here()?;
    let plans = context.project.plans();
    let folder = chosen(&plans, wanted)?;
    let (_, diagnostics) = plans.load(&folder)?;
    let valid = !diagnostics.stop(strict);
    let answer = Validation { plan: &folder.id, valid, diagnostics: &diagnostics };
    let report = Report::data(json, &answer, || {
        let verdict = if valid { "valid" } else { "invalid" };
        let gap = if diagnostics.0.is_empty() { "" } else { "\n\n" };
        format!("{diagnostics}{gap}plan `{}` is {verdict}", folder.id)
    })?;
    Ok(if valid { report } else { report.exit(Exit::Refused) })
}

#[derive(Serialize)]
struct Entry {
    id: String,
    name: Option<String>,
    active: bool,
    archived: bool,
    /// None where the plan cannot be read.
    tasks: Option<usize>,
    completed: Option<usize>,
}

fn list(json: bool) -> Result<Report> {
    let context = Context::here()?;
    let plans = context.project.plans();
    let active = plans.active()?;
    let mut entries = Vec::new();
    for folder in plans.list()? {
        let (plan, _) = plans.load(&folder)?;
        let completed = |plan: &crate::plan::Plan| {
            plan.tasks.iter().filter(|task| task.status == Status::Completed).count()
        };
        entries.push(Entry {
            name: plans.metadata(&folder, "name"),
            active: active == Active::Plan(folder.clone()),
            archived: folder.location == Location::Folder(Shelf::Archive),
            tasks: plan.as_ref().map(|plan| plan.tasks.len()),
            completed: plan.as_ref().map(completed),
            id: folder.id,
        });
    }
    Report::data(json, &entries, || {
        if entries.is_empty() {
            return "no plans yet; `ctx plan create FILE` makes one".to_owned();
        }
        let rows = entries.iter().map(|entry| {
            let state = match (entry.active, entry.archived) {
                (true, _) => style::bold("active"),
                (_, true) => style::dim("archived"),
                _ => String::new(),
            };
            let done = match (entry.completed, entry.tasks) {
                (Some(completed), Some(tasks)) => format!("{completed} of {tasks} tasks completed"),
                _ => "has errors".to_owned(),
            };
            vec![entry.id.clone(), state, done, style::clean(entry.name.as_deref().unwrap_or_default())]
        });
        let columns = [
            Column::name("plan").at_least(17),
            Column::word(""),
            Column::name("progress").at_least(8),
            Column::name("name").rank(1),
        ];
        style::table(&columns, rows)
    })
}

fn activate(wanted: &str) -> Result<Report> {
    let context = Context::here()?;
    let plans = context.project.plans();
    let folder = plans.find(wanted)?;
    plans.require_valid(&folder)?;
    let folder = plans.activate(&folder)?;
    Ok(Report::text(format!("plan `{}` is active", folder.id)))
}

fn archive(wanted: Option<&str>) -> Result<Report> {
    let context = Context::here()?;
    let plans = context.project.plans();
    let folder = chosen(&plans, wanted)?;
    let (plan, _) = plans.load(&folder)?;
    let tasks = plan.map(|plan| plan.tasks).unwrap_or_default();
    let running: Vec<String> = tasks
        .iter()
        .filter(|task| matches!(task.status, Status::InProgress | Status::Submitted))
        .map(|task| format!("`{}` is {}", task.id, task.status))
        .collect();
    if !running.is_empty() {
        return Err(crate::error::Error::refused(format!(
            "plan `{}` is under way: {}",
            folder.id,
            running.join(", ")
        ))
        .hint("finish these tasks, or give them up with `ctx task fail ID`"));
    }
    let to = plans.archive(&folder)?;
    let open = tasks.iter().filter(|task| task.status != Status::Completed).count();
    let report = Report::text(format!("plan `{}` is archived in `{}`", folder.id, to.display()));
    Ok(match open {
        0 => report,
        n => report.message(format!("note: {} of it not completed", style::count(n, "task"))),
    })
}
