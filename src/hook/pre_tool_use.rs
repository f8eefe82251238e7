//! `PreToolUse`: allows what is proven, denies what an agent must never do, and is silent about the rest.
//!
//! A proven command is run behind `unset …`, which takes away what the environment would change about it, and a bound
//! agent's in its worktree, as `cd 'WT' || exit 1` and the command on the next line: with `cd WT && a; b` on one line,
//! `b` would run elsewhere once the worktree is gone. Exactly one verb of `ctx` stays as it is: `ctx` clears its own
//! environment. What is not proven is never rewritten: without `allow`, rewriting defeats the person's own rules
//! (clients 2.1.197, 2.1.329).

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use serde_json::{Value, json};

use super::Input;
use super::caller::{self, Who};
use super::place::{Site, disk};
use super::{grant, launch, settings, state};
use crate::approve::{self, Decision, Scene, redact};
use crate::run::Role;
use crate::state::{Approval, Approvals};
use crate::text::shell_quoted;
use crate::worktree::Record;
use crate::world;

/// The tools of an agent that has a task; everything else would act beyond what is looked at here.
const CLOSED_TOOLS: &[&str] = &[
    "Bash",
    "Read",
    "Write",
    "Edit",
    "MultiEdit",
    "NotebookEdit",
    "NotebookRead",
    "Glob",
    "Grep",
    "LS",
    "TodoWrite",
    "TodoRead",
    "BashOutput",
    "KillShell",
    "TaskOutput",
    "TaskStop",
    "StructuredOutput",
];

/// A decision, and the input that the tool gets instead.
pub(super) struct Answer {
    pub(super) decision: Decision,
    pub(super) input: Option<Value>,
    pub(super) task: Option<String>,
}

impl Answer {
    pub(super) fn new(decision: Decision) -> Self {
        Self { decision, input: None, task: None }
    }

    pub(super) fn nothing(why: &str) -> Self {
        Self::new(Decision::Nothing(why.to_owned()))
    }

    pub(super) fn deny(why: impl Into<String>) -> Self {
        Self::new(Decision::Deny(why.into()))
    }
}

/// `allow`, `deny`, another input, or silence.
pub(super) fn answer(input: &Input) -> Option<Value> {
    let tool = input.tool_name.as_deref()?;
    let site = input.cwd.as_deref().and_then(Site::of);
    let Some(site) = site else { return outside(input, tool) };
    let looked_at = catch_unwind(AssertUnwindSafe(|| match tool {
        "Agent" | "Task" if caller::leads(input, &site) => decision(input, tool, &site, launch::agent),
        "SendMessage" if caller::leads(input, &site) => decision(input, tool, &site, launch::message),
        _ => decision(input, tool, &site, decide),
    }));
    looked_at.unwrap_or_else(|_| {
        log(input, tool, &site, None, "error", "the decision failed: no opinion");
        None
    })
}

/// What is decided about a call, as the client wants to have it.
fn decision(
    input: &Input,
    tool: &str,
    site: &Site,
    decide: impl FnOnce(&Input, &str, &Site) -> Option<Answer>,
) -> Option<Value> {
    let answer = decide(input, tool, site)?;
    let (decision, reason) = (answer.decision.as_str(), answer.decision.reason());
    log(input, tool, site, answer.task.as_deref(), decision, reason);
    let mut output = json!({ "hookEventName": "PreToolUse" });
    match (&answer.decision, answer.input) {
        (Decision::Nothing(_), None) => return None,
        (Decision::Nothing(_), Some(changed)) => output["updatedInput"] = changed,
        (Decision::Allow(_) | Decision::Deny(_), changed) => {
            output["permissionDecision"] = json!(decision);
            output["permissionDecisionReason"] = json!(reason);
            if let Some(changed) = changed {
                output["updatedInput"] = changed;
            }
        }
    }
    Some(json!({ "hookSpecificOutput": output }))
}

/// Where `ctx` was never used, only its own verbs are known.
fn outside(input: &Input, tool: &str) -> Option<Value> {
    let command = shell_command(input, tool)?;
    let proof = approve::verb(command, verb_caller(input))?;
    if approve::unknown_field(tool, &input.tool_input).is_some() {
        return None;
    }
    let cwd = input.cwd.as_deref()?;
    let rules = Site::around(cwd).map_or_else(|| settings::rules(None, &[cwd]), |site| site.rules(None));
    if rules.objects_to_text(command).is_some() {
        return None;
    }
    Some(json!({
        "hookSpecificOutput": {
            "hookEventName": "PreToolUse",
            "permissionDecision": "allow",
            "permissionDecisionReason": proof.reason(),
        }
    }))
}

/// The command of a call whose end the agent waits for, in the sandbox that the person chose. What goes on in the
/// background outlives the question that was answered.
fn shell_command<'a>(input: &'a Input, tool: &str) -> Option<&'a str> {
    let flag = |name: &str| {
        input.tool_input.get(name).is_some_and(|value| *value != Value::Bool(false) && !value.is_null())
    };
    let plain = tool == "Bash" && !flag("run_in_background") && !flag("dangerouslyDisableSandbox");
    plain.then(|| input.tool_input.get("command")?.as_str()).flatten()
}

fn verb_caller(input: &Input) -> approve::Caller {
    match (&input.agent_id, caller::own_role(input)) {
        // A subagent without a type is still a subagent.
        (Some(_), _) => approve::Caller::from_agent_type(Some(input.agent_type.as_deref().unwrap_or(""))),
        // A session that runs as an executor or a QA agent leads no others.
        (None, Some(_)) => approve::Caller::OtherAgent,
        (None, None) => approve::Caller::Main,
    }
}

/// None is silence that needs no line in the log.
fn decide(input: &Input, tool: &str, site: &Site) -> Option<Answer> {
    let who = caller::identify(input, site);
    let answer = match &who {
        Who::Main | Who::Other if state::is_changed(input, tool, site) => Some(Answer::deny(state::WHY)),
        Who::Main => main_session(input, tool, site).map(Answer::new),
        Who::Other => other_agent(input, tool, site).map(Answer::new),
        Who::Unbound(role) => Some(unbound(input, tool, site, *role)),
        Who::Lost(task) => Some(Answer::nothing(&format!("the worktree of `{task}` is gone"))),
        Who::Bound { record, role } => {
            let mut answer = bound(input, tool, site, record, *role);
            answer.task = Some(record.task.to_string());
            Some(answer)
        }
    };
    let answer = answer.map(|answer| known_as_a_whole(input, tool, answer));
    if tool == "Bash" {
        grant::write(input, site, &who, answer.as_ref().map(|answer| &answer.decision));
    }
    answer
}

/// Nothing is allowed by fields that are not looked at.
fn known_as_a_whole(input: &Input, tool: &str, answer: Answer) -> Answer {
    match (&answer.decision, approve::unknown_field(tool, &input.tool_input)) {
        (Decision::Allow(_), Some(field)) => {
            Answer { task: answer.task, ..Answer::nothing(&format!("the call has a field `{field}`")) }
        }
        _ => answer,
    }
}

/// One of `ctx`'s own verbs, if the person's rules do not object.
fn own_verb(input: &Input, tool: &str, site: &Site, caller: approve::Caller) -> Option<Decision> {
    let proof = approve::verb(shell_command(input, tool)?, caller)?;
    let rules = site.rules(None);
    Some(match (rules.broken(), rules.objects_to_text(shell_command(input, tool)?)) {
        (Some(why), _) => Decision::Nothing(why.to_owned()),
        (None, Some(rule)) => Decision::Nothing(format!("the rule `{rule}` leaves it to the person")),
        (None, None) => Decision::Allow(proof),
    })
}

/// The session's own verbs; in a task's worktree also the start of that task, by which it is bound.
fn main_session(input: &Input, tool: &str, site: &Site) -> Option<Decision> {
    let started = shell_command(input, tool).and_then(approve::started_task);
    let starts_own =
        || caller::record_here(site).is_some_and(|record| started.as_deref() == Some(record.task.as_str()));
    let caller =
        if started.is_some() && starts_own() { approve::Caller::Executor } else { verb_caller(input) };
    own_verb(input, tool, site, caller)
}

/// An agent of another kind: `ctx`'s reading verbs, and no other verb of it.
fn other_agent(input: &Input, tool: &str, site: &Site) -> Option<Decision> {
    own_verb(input, tool, site, verb_caller(input)).or_else(|| {
        let command = shell_command(input, tool)?.trim_start();
        command.starts_with("ctx ").then(|| {
            Decision::Deny(
                "this verb of `ctx` belongs to the main session; `ctx status` shows where things stand"
                    .to_owned(),
            )
        })
    })
}

/// An executor without a task reads, and starts one.
fn unbound(input: &Input, tool: &str, site: &Site, role: Role) -> Answer {
    let start = "start your task first: `ctx task start ID`, with the id on the line `Task:` of your prompt";
    let start = if role == Role::Qa {
        "your prompt names no task of the active plan; end with that answer"
    } else {
        start
    };
    if let Some(command) = shell_command(input, tool)
        && role == Role::Executor
        && let Some(task) = approve::started_task(command)
    {
        return match caller::start(input, site, &task) {
            // In its worktree the command finds its plan, whichever is active.
            Ok(plan) if caller::active_plan(site).as_ref() != Some(&plan) => {
                match site.record(&plan, &task) {
                    Some(record) => bound(input, tool, site, &record, role),
                    None => Answer::nothing("the worktree is gone"),
                }
            }
            Ok(_) => own_verb(input, tool, site, verb_caller(input))
                .map_or_else(|| Answer::nothing("not one of the verbs"), Answer::new),
            Err(why) => Answer::deny(why),
        };
    }
    // Committing, handing in and blocking are for who has the task.
    if let Some(allowed) = own_verb(input, tool, site, approve::Caller::OtherAgent) {
        return Answer::new(allowed);
    }
    let (territory, rules) = (site.unbound(), site.rules(None));
    let facts = disk(None).with_git(rules.broken().is_none());
    let scene = Scene { territory: &territory, rules: &rules, facts: &facts };
    let cwd = input.cwd.as_deref().unwrap_or(Path::new("/"));
    let decision = match shell_command(input, tool) {
        Some(command) => approve::shell(command, cwd, scene).decision,
        None => match approve::file_tool(tool, &input.tool_input, cwd, scene) {
            Some(decision) => decision,
            None if CLOSED_TOOLS.contains(&tool) => return Answer::nothing("this tool is not looked at"),
            None => return Answer::deny(start),
        },
    };
    match (decision, shell_command(input, tool), rules.broken()) {
        (allowed @ Decision::Allow(_), Some(command), _) => cleared(input, command, None, allowed),
        (allowed @ Decision::Allow(_), None, _) => Answer::new(allowed),
        // It is not for want of a task that nothing is allowed.
        (_, _, Some(why)) => Answer::nothing(why),
        (_, _, None) => Answer::deny(start),
    }
}

fn bound(input: &Input, tool: &str, site: &Site, record: &Record, role: Role) -> Answer {
    let Some(territory) = site.territory(record, role == Role::Executor) else {
        return Answer::nothing("the worktree or the file of the task is gone");
    };
    let Some(own) = &territory.own else { return Answer::nothing("the caller has no worktree") };
    let rules = site.rules(Some(&own.root));
    let facts = disk(Some(record)).with_git(rules.broken().is_none());
    let scene = Scene { territory: &territory, rules: &rules, facts: &facts };
    let cwd = input.cwd.as_deref().unwrap_or(Path::new("/"));
    if let Some(command) = shell_command(input, tool) {
        return shell(input, command, cwd, &own.root, scene);
    }
    if tool == "Bash" {
        return match input.agent_id {
            Some(_) => Answer::deny("run it in the foreground, as a plain command"),
            None => Answer::nothing("a command in the background"),
        };
    }
    match approve::file_tool(tool, &input.tool_input, cwd, scene) {
        Some(decision) => Answer::new(decision),
        // The session's own tools are its person's matter.
        None if input.agent_id.is_none() || CLOSED_TOOLS.contains(&tool) => {
            Answer::nothing("this tool is not looked at")
        }
        None => Answer::deny(format!(
            "`{tool}` is not among the tools of `{}`; block the task if it is needed",
            record.task
        )),
    }
}

fn shell(input: &Input, command: &str, cwd: &Path, root: &Path, scene: Scene<'_>) -> Answer {
    let there = caller::is_in(cwd, root);
    // A command that goes to a folder first means it from where the session stands.
    if there || approve::begins_with_cd(command) {
        let decision = approve::shell(command, cwd, scene).decision;
        if there || !matches!(decision, Decision::Nothing(_)) {
            return cleared(input, command, None, decision);
        }
        let target = approve::first_cd(command).map(|target| cwd.join(target));
        let goes = target.as_ref().is_some_and(|target| caller::is_in(target, root));
        // By a path that means the same from everywhere: `cd WT && a; b`, where `b` is safe once it cannot
        // run elsewhere.
        let anywhere = goes && approve::first_cd(command).is_some_and(|target| target.starts_with('/'));
        let from_there = anywhere.then(|| approve::shell(command, root, scene).decision);
        return match from_there {
            Some(allowed @ Decision::Allow(_)) => cleared(input, command, Some(root), allowed),
            _ if goes || input.agent_id.is_none() => Answer::new(decision),
            _ => Answer::deny(away(root, &decision)),
        };
    }
    let decision = approve::shell(command, root, scene).decision;
    match decision {
        Decision::Allow(_) => cleared(input, command, Some(root), decision),
        Decision::Nothing(_) if input.agent_id.is_some() => Answer::deny(away(root, &decision)),
        decision => Answer::new(decision),
    }
}

/// The same command without what the environment would change about it, and in the worktree if that is given; what is
/// not allowed stays as it is.
fn cleared(input: &Input, command: &str, root: Option<&Path>, decision: Decision) -> Answer {
    let Decision::Allow(proof) = &decision else { return Answer::new(decision) };
    let there = root.map(|root| format!("cd {} || exit 1\n", quoted(root))).unwrap_or_default();
    let mut changed = input.tool_input.clone();
    changed["command"] = json!(format!("{}{there}{command}", proof.prelude()));
    Answer { decision, input: Some(changed), task: None }
}

/// Not proven and not in the worktree: what to write, so that the person's rules see the command as it is.
fn away(root: &Path, decision: &Decision) -> String {
    format!(
        "begin the command with `cd {} && `: it is not run elsewhere ({})",
        quoted(root),
        decision.reason()
    )
}

/// One word to a shell, exactly: this one is run, not shown.
fn quoted(path: &Path) -> String {
    shell_quoted(&path.to_string_lossy())
}

fn log(input: &Input, tool: &str, site: &Site, task: Option<&str>, decision: &str, reason: &str) {
    let of = |key: &str| input.tool_input.get(key).and_then(Value::as_str);
    let keys = ["command", "file_path", "notebook_path", "path", "description", "to"];
    let call = keys.into_iter().find_map(of).unwrap_or("");
    let approval = Approval {
        time: world::now(),
        session: input.session_id.clone(),
        agent: input.agent_id.clone(),
        task: task.map(str::to_owned),
        tool: redact(tool),
        call: redact(call),
        decision: decision.to_owned(),
        reason: redact(reason),
    };
    // A log that cannot be written stops nothing.
    let _ = Approvals::of(&site.ctx_dir()).add(&approval);
}
