//! `ctx plan`.

mod create;
mod extract;
mod show;
mod sources;

use std::collections::BTreeSet;
use std::path::Path;

use serde::Serialize;

use super::{Column, Context, Report, style};
use crate::cli::Plan;
use crate::error::{Exit, Result};
use crate::git;
use crate::plan::{Diagnostics, Status, Surroundings};
use crate::run;
use crate::state::{Active, Location, PlanFolder, PlanStore, Shelf};
use crate::world;

pub(super) fn run(verb: Plan) -> Result<Report> {
    match verb {
        Plan::Create { file, new, json } => create::run(file.as_deref(), new, json.json),
        Plan::Extract(args) => extract::run(&args),
        Plan::Validate { plan, strict, json } => validate(plan.as_deref(), strict, json.json),
        Plan::Show { plan, parallel, json } => show::run(plan.as_deref(), parallel, json.json),
        Plan::List(json) => list(json.json),
        Plan::Use { plan, json } => activate(&plan, json.json),
        Plan::Archive { plan, json } => archive(plan.as_deref(), json.json),
    }
}

/// The plan that was named, else the active one.
fn chosen(plans: &PlanStore, wanted: Option<&str>) -> Result<PlanFolder> {
    wanted.map_or_else(|| plans.require_active(), |wanted| plans.find(wanted))
}

/// The files that tasks start from; none where that branch cannot be told or has no commit.
fn files_of_base(context: &Context, base: Option<&str>) -> Result<BTreeSet<String>> {
    let project = &context.project;
    let branch = match context.settings.merge_into.as_deref().or(base) {
        Some(name) => run::local_branch(project, name).ok(),
        None => project.head_branch()?,
    };
    let tip = branch.and_then(|branch| project.branch_tip(&branch).ok());
    match tip {
        Some(tip) => Ok(git::file_names(project.git_dir(), &tip)?),
        None => Ok(BTreeSet::new()),
    }
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
    let base = plans.metadata(&folder, "base");
    let files = files_of_base(&context, base.as_deref())?;
    let around = Surroundings { files: &files, has_program: &world::has_program };
    let (_, diagnostics) = plans.load_in(&folder, Some(&around))?;
    let valid = !diagnostics.stop(strict);
    let answer = Validation { plan: &folder.id, valid, diagnostics: &diagnostics };
    let report = Report::data(json, &answer, || {
        let verdict = if valid { "valid" } else { "invalid" };
        let gap = if diagnostics.0.is_empty() { "" } else { "\n\n" };
        format!("{}{gap}plan `{}` is {verdict}", diagnostics.folded(), folder.id)
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
            Column::name("plan").at_least(24),
            Column::word(""),
            Column::word("progress"),
            Column::name("name").rank(1),
        ];
        style::table(&columns, rows)
    })
}

/// `ctx plan use --json`.
#[derive(Serialize)]
struct Used<'a> {
    plan: &'a str,
    directory: &'a Path,
}

fn activate(wanted: &str, json: bool) -> Result<Report> {
    let context = Context::here()?;
    let plans = context.project.plans();
    let folder = plans.find(wanted)?;
    plans.require_valid(&folder)?;
    let folder = plans.activate(&folder)?;
    let answer = Used { plan: &folder.id, directory: &folder.dir };
    Report::data(json, &answer, || format!("plan `{}` is active", folder.id))
}

/// `ctx plan archive --json`.
#[derive(Serialize)]
struct Archived<'a> {
    plan: &'a str,
    directory: &'a Path,
    /// How many of its tasks are not completed.
    open: usize,
}

fn archive(wanted: Option<&str>, json: bool) -> Result<Report> {
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
    let answer = Archived { plan: &folder.id, directory: &to, open };
    let report =
        Report::data(json, &answer, || format!("plan `{}` is archived in `{}`", folder.id, to.display()))?;
    Ok(match open {
        0 => report,
        n => report.message(format!("note: {} of it not completed", style::count(n, "task"))),
    })
}
