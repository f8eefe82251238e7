//! `ctx doctor`: is everything in place, and what to do about each gap.

mod plugin;
use std::collections::{BTreeMap, HashSet};

use serde::Serialize;

use super::{Column, Context, Report, style};
use crate::cli::Doctor;
use crate::error::{Error, Exit, Result};
use crate::exec::Exec;
use crate::git::{self, Git};
use crate::plan::Status;
use crate::run::Board;
use crate::state::{Active, BroughtEnv, Project, Settings};
use crate::worktree::pool::Pool;
use crate::worktree::{self, Ailment, Complaint, Records, Setup};
use crate::world;

/// How much a finding matters.
#[derive(Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum Level {
    /// In place.
    Ok,
    /// Worth knowing; everything works.
    Note,
    /// Something will not work.
    Error,
}

/// `ctx doctor --json`, one a check.
#[derive(Serialize)]
struct Finding {
    check: &'static str,
    level: Level,
    fact: String,
    hint: Option<String>,
}

fn ok(check: &'static str, fact: impl Into<String>) -> Finding {
    Finding { check, level: Level::Ok, fact: fact.into(), hint: None }
}

fn gap(check: &'static str, level: Level, fact: impl Into<String>, hint: impl Into<String>) -> Finding {
    Finding { check, level, fact: fact.into(), hint: Some(hint.into()) }
}

pub(super) fn run(args: &Doctor) -> Result<Report> {
    let project = Project::discover(&world::cwd()?);
    let mut findings = vec![git_version(), client()];
    findings.extend(plugin::findings(project.as_ref().ok().map(|project| project.home.as_path())));
    findings.extend([hook(), gh()]);
    let mut mended = Vec::new();
    match project {
        Ok(project) => {
            if args.fix {
                mended = mend(&project)?;
            }
            findings.extend(in_project(&project));
        }
        Err(error) => findings.push(failed("repository", error)),
    }
    let mut report = Report::data(args.json.json, &findings, || text(&findings))?;
    report.messages = mended;
    let broken = findings.iter().any(|finding| finding.level == Level::Error);
    Ok(if broken { report.exit(Exit::Refused) } else { report })
}

/// Fixes what can be fixed without losing anything; says what was done.
fn mend(project: &Project) -> Result<Vec<String>> {
    let settings = Settings::load(&project.home, world::client_config_dir().as_deref())?;
    let mut said = Vec::new();
    for lock in worktree::stale_locks(project)? {
        lock.remove()?;
        said.push(format!("fixed: removed git's lock `{}`, which nobody held", lock.path.display()));
    }
    let mut again = Vec::new();
    {
        let _lock = project.lock("worktrees").acquire()?;
        // Before the worktrees in them: those are told where they lie by the same registrations.
        let slots = worktree::pool::moved_slots(project, &settings)?;
        let complaints = worktree::complaints(project, &settings)?;
        for (slot, to) in &slots {
            worktree::pool::mend_slot(project, slot, to)?;
            said.push(format!(
                "fixed: `{}` is known at `{}`, where it was moved to",
                slot.name,
                to.display()
            ));
        }
        for complaint in complaints {
            match &complaint.ailment {
                Ailment::Moved(to) => {
                    worktree::mend_moved(project, &complaint.record, to)?;
                    said.push(format!("fixed: {}", complaint.fixed()));
                }
                Ailment::HalfMade | Ailment::Unprepared | Ailment::Gone => again.push(complaint),
                Ailment::Unlinked => {
                    worktree::mend_unlinked(project, &complaint.record)?;
                    said.push(format!("fixed: {}", complaint.fixed()));
                }
                Ailment::CutShort(_) | Ailment::Unregistered => {}
            }
        }
    }
    if !again.is_empty() {
        project.remember_home()?;
        said.extend(set_up_again(&Context { project: project.clone(), settings }, &again)?);
    }
    Ok(said)
}

/// Set-up finishes what it began, and makes folders again from their branches.
fn set_up_again(context: &Context, complaints: &[Complaint]) -> Result<Vec<String>> {
    let Active::Plan(folder) = context.project.plans().active()? else { return Ok(Vec::new()) };
    let board = Board::read(&context.project, &context.settings, &folder)?;
    let of_plan: Vec<&Complaint> = complaints.iter().filter(|one| one.record.plan == folder.id).collect();
    let tasks: Vec<_> = of_plan.iter().map(|one| one.record.task.clone()).collect();
    let setup = Setup {
        project: &context.project,
        settings: &context.settings,
        plan: &folder.id,
        into: &board.into,
        base: board.require_base()?,
    };
    let outcomes = setup.run(&tasks, &HashSet::new(), &())?.outcomes;
    let say = |(one, (_, outcome)): (&&Complaint, (_, Result<_>))| match outcome {
        Ok(_) => format!("fixed: {}", one.fixed()),
        Err(error) => format!("error: {error}"),
    };
    Ok(of_plan.iter().zip(outcomes).map(say).collect())
}

fn failed(check: &'static str, error: Error) -> Finding {
    Finding { check, level: Level::Error, fact: error.fact, hint: error.hints.into_iter().next() }
}

fn git_version() -> Finding {
    match git::version() {
        Ok(version) if version < git::MINIMUM => gap(
            "git",
            Level::Error,
            format!("version {version} is too old"),
            format!("install git {} or later", git::MINIMUM),
        ),
        Ok(version) => ok("git", format!("version {version}")),
        Err(error) => failed("git", error.into()),
    }
}

fn client() -> Finding {
    match Exec::new("claude").arg("--version").output() {
        Ok(output) if output.success() => {
            ok("client", String::from_utf8_lossy(&output.stdout).trim().to_owned())
        }
        _ => gap(
            "client",
            Level::Note,
            "`claude` is not on `PATH`",
            format!(
                "install Claude Code (`npm install -g @anthropic-ai/claude-code`), then run {}",
                plugin::installer()
            ),
        ),
    }
}

fn hook() -> Finding {
    let hook = world::executable().ok().and_then(|path| Some(path.parent()?.join("ctx-hook")));
    match hook {
        Some(path) if path.is_file() => ok("hooks", format!("`{}`", path.display())),
        _ => gap(
            "hooks",
            Level::Error,
            "`ctx-hook` is not beside `ctx`",
            format!("build and install both with {}", plugin::installer()),
        ),
    }
}

fn gh() -> Finding {
    match Exec::new("gh").arg("--version").output() {
        Ok(output) if output.success() => ok("gh", "installed"),
        _ => gap("gh", Level::Note, "`gh` is not on `PATH`", "only pull requests and issues need it"),
    }
}

fn settings_findings(warnings: &[String]) -> Vec<Finding> {
    if warnings.is_empty() {
        return vec![ok("settings", "in order")];
    }
    let finding = |warning: &String| {
        let fact = warning.strip_prefix("warning: ").unwrap_or(warning).to_owned();
        let hint = match fact.contains("`ctx accept") {
            true => "then run `ctx accept`",
            false => "remove them, or use a later version",
        };
        gap("settings", Level::Note, fact, hint)
    };
    warnings.iter().map(finding).collect()
}

fn in_project(project: &Project) -> Vec<Finding> {
    let mut findings = vec![ok("repository", format!("`{}`", project.home.display())), identity(project)];
    let settings = Settings::load(&project.home, world::client_config_dir().as_deref());
    match settings {
        Ok(settings) => {
            let found = worktrees(project, &settings);
            let context = Context { project: project.clone(), settings };
            findings.extend(settings_findings(&context.warnings()));
            findings.extend(environment(project).unwrap_or_else(|error| vec![failed("environment", error)]));
            findings.push(plan(project));
            findings.extend(found.unwrap_or_else(|error| vec![failed("worktrees", error)]));
            findings.extend(strays(&context).unwrap_or_default());
            findings.extend(pool(project).unwrap_or_else(|error| vec![failed("pool", error)]));
            findings.extend(locks(project).unwrap_or_else(|error| vec![failed("locks", error)]));
            findings.extend(of_active_plan(&context).unwrap_or_default());
        }
        Err(error) => {
            findings.push(failed("settings", error));
            findings.push(plan(project));
        }
    }
    findings
}

/// Variables that the repository's settings give to every command: nothing is approved until they are accepted.
fn environment(project: &Project) -> Result<Vec<Finding>> {
    let found = super::accept::brought_env(project)?;
    let of = |one: &BroughtEnv| {
        let fact = format!("{}; no tool call is approved", one.fact());
        gap("environment", Level::Error, fact, one.remedy())
    };
    Ok(found.iter().map(of).collect())
}

fn identity(project: &Project) -> Finding {
    match Git::at(project.git_dir()).args(["var", "GIT_COMMITTER_IDENT"]).run() {
        Ok(_) => ok("identity", "git knows who commits"),
        Err(_) => gap(
            "identity",
            Level::Error,
            "git does not know who commits",
            "run `git config user.name NAME` and `git config user.email ADDRESS`",
        ),
    }
}

fn plan(project: &Project) -> Finding {
    let plans = project.plans();
    match plans.active() {
        Ok(Active::None) => ok("plan", "none is active"),
        Ok(Active::Broken(_)) | Err(_) => match plans.require_active() {
            Err(error) => failed("plan", error),
            Ok(folder) => ok("plan", folder.id),
        },
        Ok(Active::Plan(folder)) => match plans.require_valid(&folder) {
            Ok(_) => ok("plan", format!("`{}` is valid", folder.id)),
            Err(_) => {
                gap("plan", Level::Error, format!("`{}` has errors", folder.id), "run `ctx plan validate`")
            }
        },
    }
}

fn worktrees(project: &Project, settings: &Settings) -> Result<Vec<Finding>> {
    let complaints = worktree::complaints(project, settings)?;
    let of = |one: &Complaint| gap("worktrees", Level::Error, one.evidence(), one.remedy());
    Ok(if complaints.is_empty() {
        vec![ok("worktrees", style::count(Records::of(project).list()?.len(), "worktree"))]
    } else {
        complaints.iter().map(of).collect()
    })
}

/// What somebody locked, and branches that no record knows.
fn strays(context: &Context) -> Result<Vec<Finding>> {
    let found = worktree::strays(&context.project, &context.settings)?;
    Ok(found.into_iter().map(|one| gap("worktrees", Level::Note, one.fact, one.remedy)).collect())
}

fn locks(project: &Project) -> Result<Vec<Finding>> {
    let of = |lock: worktree::StaleLock| {
        let remedy = format!("run `ctx doctor --fix`, or `rm {}`", lock.path.display());
        gap("locks", Level::Error, lock.evidence(), remedy)
    };
    Ok(worktree::stale_locks(project)?.into_iter().map(of).collect())
}

/// Tasks whose agent is gone, and whether there is room for what is still to be set up. A plan that cannot be
/// read is named elsewhere.
fn of_active_plan(context: &Context) -> Result<Vec<Finding>> {
    let Context { project, settings } = context;
    let Active::Plan(folder) = project.plans().active()? else { return Ok(Vec::new()) };
    let board = Board::read(project, settings, &folder)?;
    let mut findings = Vec::new();
    for state in &board.tasks {
        let id = &state.task.id;
        if let Some(claim) = state.claim.as_ref().filter(|claim| claim.interrupted()) {
            let pid = claim.owner.process.as_ref().map_or(0, |process| process.pid);
            findings.push(gap(
                "tasks",
                Level::Note,
                format!("`{id}` is in progress, and process {pid} that worked on it is gone"),
                format!("run `ctx task retry {id}`"),
            ));
        }
    }
    let left = board.tasks.iter().filter(|it| it.worktree.is_none() && it.task.status != Status::Completed);
    let (root, count) = (settings.worktree_root(&project.home, &folder.id), left.count());
    if let Some(base) = &board.base
        && let Some(shortage) = worktree::shortage(project, &root, base, count)?
    {
        let remedy = "free some space, or set up fewer tasks at a time";
        findings.push(gap("disk", Level::Note, shortage.fact(&root), remedy));
    }
    Ok(findings)
}

/// What is wrong with the slots; nothing where there is no pool.
fn pool(project: &Project) -> Result<Vec<Finding>> {
    let found = worktree::pool::pool_findings(project)?;
    let level = |broken| if broken { Level::Error } else { Level::Note };
    let mut findings: Vec<Finding> =
        found.into_iter().map(|one| gap("pool", level(one.broken), one.fact, one.remedy)).collect();
    if findings.is_empty() {
        match Pool::read(project)?.slots.len() {
            0 => {}
            n => findings.push(ok("pool", style::count(n, "slot"))),
        }
    }
    Ok(findings)
}

/// `ctx pool health`: the findings on the slots and on the worktrees in them.
pub(super) fn pool_health(context: &Context, json: bool) -> Result<Report> {
    let project = &context.project;
    let slots = Pool::read(project)?;
    let mut findings = pool(project)?;
    for one in worktree::complaints(project, &context.settings)? {
        if slots.at(&one.record.path).is_some() {
            findings.push(gap("worktrees", Level::Error, one.evidence(), one.remedy()));
        }
    }
    let broken = findings.iter().any(|finding| finding.level == Level::Error);
    let report = Report::data(json, &findings, || match findings.is_empty() {
        true => "no pool; `ctx pool init` makes one".to_owned(),
        false => text(&findings),
    })?;
    Ok(if broken { report.exit(Exit::Refused) } else { report })
}

/// How many findings of one kind are shown.
const MAX_SHOWN: usize = 5;

/// Long lists of one kind end after a few, with a row that says how many there are. Of one kind are those that differ
/// only in names and numbers.
fn folded(findings: &[Finding]) -> Vec<(&Finding, Option<usize>)> {
    let kind = |finding: &Finding| {
        let outside = finding.fact.split('`').step_by(2).collect::<String>();
        (finding.check, outside.replace(|c: char| c.is_ascii_digit(), ""))
    };
    let mut sizes: BTreeMap<_, usize> = BTreeMap::new();
    for finding in findings {
        *sizes.entry(kind(finding)).or_default() += 1;
    }
    let mut seen: BTreeMap<_, usize> = BTreeMap::new();
    let mut rows = Vec::new();
    for finding in findings {
        let size = sizes[&kind(finding)];
        let nth = seen.entry(kind(finding)).or_default();
        *nth += 1;
        match *nth {
            // One row more is no longer than saying so.
            n if n <= MAX_SHOWN || size == MAX_SHOWN + 1 => rows.push((finding, None)),
            n if n == MAX_SHOWN + 1 => rows.push((finding, Some(size - MAX_SHOWN))),
            _ => {}
        }
    }
    rows
}

fn text(findings: &[Finding]) -> String {
    let rows = folded(findings).into_iter().map(|(finding, more)| {
        let mark = match finding.level {
            Level::Ok => style::mark(Some(true)),
            Level::Error => style::mark(Some(false)),
            Level::Note => style::mark(None),
        };
        if let Some(more) = more {
            let more = style::thousands(more);
            return vec![mark, finding.check.to_owned(), format!("and {more} more; `--json` has them all")];
        }
        let hint = finding.hint.as_deref().map(|hint| format!("; {hint}")).unwrap_or_default();
        vec![mark, finding.check.to_owned(), format!("{}{hint}", style::clean(&finding.fact))]
    });
    style::table(&[Column::word(""), Column::word("check"), Column::prose("")], rows)
}
