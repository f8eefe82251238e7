//! `ctx doctor`: is everything in place, and what to do about each gap.

use serde::Serialize;

use super::{Context, Report, style};
use crate::cli::Json;
use crate::error::{Error, Exit, Result};
use crate::exec::Exec;
use crate::git::{self, Git};
use crate::state::{Active, Project, Settings};
use crate::worktree::{Progress, Records};
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

pub(super) fn run(json: Json) -> Result<Report> {
    let mut findings = vec![git_version(), client(), hook(), gh()];
    match Project::discover(&world::cwd()?) {
        Ok(project) => findings.extend(in_project(&project)),
        Err(error) => findings.push(failed("repository", error)),
    }
    let report = Report::data(json.json, &findings, || text(&findings))?;
    let broken = findings.iter().any(|finding| finding.level == Level::Error);
    Ok(if broken { report.exit(Exit::Refused) } else { report })
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
            "install Claude Code (`npm install -g @anthropic-ai/claude-code`), then run `scripts/install`",
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
            "build and install both with `scripts/install`",
        ),
    }
}

fn gh() -> Finding {
    match Exec::new("gh").arg("--version").output() {
        Ok(output) if output.success() => ok("gh", "installed"),
        _ => gap("gh", Level::Note, "`gh` is not on `PATH`", "only pull requests and issues need it"),
    }
}

fn in_project(project: &Project) -> Vec<Finding> {
    let mut findings = vec![ok("repository", format!("`{}`", project.home.display())), identity(project)];
    let settings = Settings::load(&project.home, world::client_config_dir().as_deref());
    match settings {
        Ok(settings) => {
            let context = Context { project: project.clone(), settings };
            findings.push(match context.warnings().pop() {
                None => ok("settings", "in order"),
                Some(warning) => gap("settings", Level::Note, warning, "remove them, or use a later version"),
            });
        }
        Err(error) => findings.push(failed("settings", error)),
    }
    findings.push(plan(project));
    findings.push(worktrees(project).unwrap_or_else(|error| failed("worktrees", error)));
    findings
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

fn worktrees(project: &Project) -> Result<Finding> {
    let registered = git::list_worktrees(project.git_dir())?;
    let mut problems = Vec::new();
    let records = Records::of(project).list()?;
    for record in &records {
        let entry = registered.iter().find(|entry| entry.path == record.path);
        let task = &record.task;
        if record.progress == Progress::Creating {
            problems.push(format!("the worktree of `{task}` is half made"));
        } else if !record.path.exists() {
            problems.push(format!("the folder of `{task}` is gone"));
        } else if entry.is_none() {
            problems.push(format!("git does not know the worktree of `{task}`"));
        }
    }
    Ok(if problems.is_empty() {
        ok("worktrees", style::count(records.len(), "worktree"))
    } else {
        gap("worktrees", Level::Error, problems.join("; "), "run `ctx worktree setup`")
    })
}

fn text(findings: &[Finding]) -> String {
    let rows = findings.iter().map(|finding| {
        let mark = match finding.level {
            Level::Ok => style::mark(Some(true)),
            Level::Error => style::mark(Some(false)),
            Level::Note => style::mark(None),
        };
        let hint = finding.hint.as_deref().map(|hint| format!("; {hint}")).unwrap_or_default();
        vec![mark, finding.check.to_owned(), format!("{}{hint}", style::clean(&finding.fact))]
    });
    style::table(&["", "check", ""], rows)
}
