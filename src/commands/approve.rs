//! `ctx approve`.

use std::fs;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Column, Context, Report, style};
use crate::approve::{Decision, Judged, Own, Rules, Scene, Territory, file_tool, shell, verb};
use crate::cli::Approve;
use crate::error::{Error, Result};
use crate::hook::{Disk, Site, disk};
use crate::plan::Status;
use crate::run::Board;
use crate::state::{self, Approvals, Project};
use crate::text::plain_fault;
use crate::worktree::Progress;
use crate::world;

pub(super) fn run(asked: Approve) -> Result<Report> {
    match asked {
        Approve::Explain { command, task, cwd, json } => explain(&command, task.as_deref(), cwd, json.json),
        Approve::Check { file } => check(&file),
        Approve::Log { number, json } => log(number, json.json),
    }
}

/// Who the decisions are made for, by the directory.
struct Caller {
    territory: Option<Territory>,
    rules: Rules,
    facts: Disk,
}

impl Caller {
    /// The agent of the task whose worktree this is, if the task is in progress; else the main session.
    fn at(cwd: &Path) -> Self {
        let site = Site::of(cwd);
        let record = site.as_ref().and_then(|site| site.record_at(&site.top));
        let running = |record: &crate::worktree::Record| {
            let status = site.as_ref().and_then(|site| site.task(&record.plan, record.task.as_str()));
            status.is_some_and(|(status, _)| status == Status::InProgress)
        };
        let record = record.filter(running);
        let territory = site.as_ref().and_then(|site| site.territory(record.as_ref()?, true));
        let rules = site.as_ref().map(|site| site.rules(None)).unwrap_or_default();
        Self { territory, rules, facts: disk(record.as_ref()) }
    }

    fn own(&self) -> Option<&Own> {
        self.territory.as_ref().and_then(|territory| territory.own.as_ref())
    }

    /// The agent of this task, as it may act while the task is in progress.
    fn of_task(id: &str) -> Result<Self> {
        let context = Context::here()?;
        let board = Board::active(&context.project, &context.settings)?;
        let state = board.task(id).ok_or_else(|| state::unknown_task(&board.folder, id))?;
        let ready = state.worktree.as_ref().filter(|record| record.progress == Progress::Ready);
        // Its session stands in the main checkout.
        let site = Site::of(&context.project.home);
        let territory = site.as_ref().and_then(|site| site.territory(ready?, true));
        let (Some(record), Some(site), Some(mut territory)) = (ready, site, territory) else {
            return Err(Error::refused(format!("`{id}` has no worktree"))
                .hint(format!("make it with `ctx worktree setup {id}`")));
        };
        if let Some(own) = &mut territory.own {
            (own.status, own.running) = (Status::InProgress, true);
        }
        let rules = site.rules(Some(&record.path));
        Ok(Self { territory: Some(territory), rules, facts: disk(Some(record)) })
    }

    fn shell(&self, command: &str, cwd: &Path) -> Judged {
        match &self.territory {
            Some(territory) => {
                shell(command, cwd, Scene { territory, rules: &self.rules, facts: &self.facts })
            }
            None => main_session(command, &self.rules),
        }
    }

    fn file_tool(&self, tool: &str, input: &Value, cwd: &Path) -> Decision {
        let nothing = || Decision::Nothing("the caller has no worktree".to_owned());
        let Some(territory) = &self.territory else { return nothing() };
        let scene = Scene { territory, rules: &self.rules, facts: &self.facts };
        file_tool(tool, input, cwd, scene)
            .unwrap_or_else(|| Decision::Nothing(format!("`{tool}` is no file tool")))
    }
}

/// The main session's own verbs, and nothing else.
fn main_session(command: &str, rules: &Rules) -> Judged {
    let decision = match (verb(command, crate::approve::Caller::Main), rules.broken()) {
        (_, Some(why)) => Decision::Nothing(why.to_owned()),
        (Some(proof), None) => Decision::Allow(proof),
        (None, None) => {
            Decision::Nothing("Claude Code decides about the main session's calls as usual".to_owned())
        }
    };
    Judged { effects: None, decision }
}

/// One line of a corpus.
#[derive(Deserialize)]
struct Line {
    command: Option<String>,
    tool_name: Option<String>,
    #[serde(default)]
    tool_input: Value,
    cwd: Option<PathBuf>,
}

/// One line of the answer.
#[derive(Serialize)]
struct Answer<'a> {
    decision: &'a str,
    reason: &'a str,
}

fn check(file: &Path) -> Result<Report> {
    let text = fs::read_to_string(file).map_err(|error| Error::io("read", file, &error))?;
    let here = world::cwd()?;
    let caller = Caller::at(&here);
    let mut out = String::new();
    for (number, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        let line: Line = serde_json::from_str(line).map_err(|error| {
            Error::refused(format!(
                "line {} of `{}` cannot be read: {}",
                number + 1,
                file.display(),
                plain_fault(&error.to_string())
            ))
            .hint("a line is `{\"command\": \"…\"}` or `{\"tool_name\": \"…\", \"tool_input\": {…}}`")
        })?;
        let cwd = line.cwd.map_or_else(|| here.clone(), |cwd| here.join(cwd));
        let command = line.command.or_else(|| {
            let bash = line.tool_name.as_deref() == Some("Bash");
            bash.then(|| line.tool_input.get("command").and_then(Value::as_str).map(str::to_owned)).flatten()
        });
        let decision = match (command, line.tool_name) {
            (Some(command), _) => caller.shell(&command, &cwd).decision,
            (None, Some(tool)) => caller.file_tool(&tool, &line.tool_input, &cwd),
            (None, None) => Decision::Nothing("the line names no tool".to_owned()),
        };
        let answer = Answer { decision: decision.as_str(), reason: decision.reason() };
        let json = serde_json::to_string(&answer)
            .map_err(|error| Error::environment(format!("cannot write JSON: {error}")))?;
        out += &json;
        out.push('\n');
    }
    Ok(Report::text(out))
}

fn log(number: usize, json: bool) -> Result<Report> {
    let project = Project::discover(&world::cwd()?)?;
    let all = Approvals::of(&project.ctx_dir()).read();
    let last = &all[all.len().saturating_sub(number)..];
    Report::data(json, &last, || {
        if last.is_empty() {
            return "nothing was decided yet: no agent of a task has called a tool".to_owned();
        }
        let cells = last.iter().map(|one| {
            let who = one.task.as_deref().or(one.agent.as_deref()).unwrap_or("session");
            let time = style::time(one.time);
            let [call, reason] = [&one.call, &one.reason].map(|text| style::clean(text));
            vec![time, style::clean(who), style::clean(&one.tool), one.decision.clone(), call, reason]
        });
        let columns = [
            Column::word(style::TIME).rank(3),
            Column::id("who").rank(1),
            Column::word("tool").rank(4),
            Column::word("decision"),
            Column::name("call"),
            Column::name("reason").rank(2),
        ];
        style::table(&columns, cells)
    })
}

/// `ctx approve explain --json`.
#[derive(Serialize)]
struct Explained<'a> {
    /// The task whose agent it is decided for; null for the main session.
    task: Option<&'a str>,
    worktree: Option<&'a Path>,
    /// Where the command starts.
    cwd: &'a Path,
    decision: &'static str,
    reason: &'a str,
    /// The simple commands in order, each with what it does.
    commands: Vec<ExplainedCommand>,
}

#[derive(Serialize)]
struct ExplainedCommand {
    command: String,
    effects: Vec<String>,
}

fn explain(command: &str, task: Option<&str>, cwd: Option<PathBuf>, json: bool) -> Result<Report> {
    let here = world::cwd()?;
    let (caller, start) = match task {
        Some(id) => {
            let caller = Caller::of_task(id)?;
            let root = caller.own().map_or_else(|| here.clone(), |own| own.root.clone());
            (caller, root)
        }
        None => (Caller::at(&cwd.as_ref().map_or_else(|| here.clone(), |cwd| here.join(cwd))), here.clone()),
    };
    let cwd = cwd.map_or(start, |cwd| here.join(cwd));
    let judged = caller.shell(command, &cwd);
    let own = caller.own();
    let commands = judged.effects.iter().flat_map(|effects| {
        effects.by_command().map(|(command, effects)| ExplainedCommand {
            command: style::clean(command),
            effects: effects.map(|effect| style::clean(&effect.to_string())).collect(),
        })
    });
    let explained = Explained {
        task: own.map(|own| own.task.as_str()),
        worktree: own.map(|own| own.root.as_path()),
        cwd: &cwd,
        decision: judged.decision.as_str(),
        reason: judged.decision.reason(),
        commands: commands.collect(),
    };
    let report = Report::data(json, &explained, || explained.text())?;
    Ok(match own {
        None => report.message("hint: what an agent may do: `ctx approve explain --task ID 'COMMAND'`"),
        Some(_) => report,
    })
}

impl Explained<'_> {
    fn text(&self) -> String {
        let mut lines = vec![match (self.task, self.worktree) {
            (Some(task), Some(root)) => format!("for the agent of `{task}` in {}", root.display()),
            _ => "for the main session".to_owned(),
        }];
        for one in &self.commands {
            lines.push(one.command.clone());
            lines.extend(one.effects.iter().map(|effect| format!("  {effect}")));
        }
        lines.push(format!("{}: {}", self.decision, style::clean(self.reason)));
        lines.join("\n")
    }
}
