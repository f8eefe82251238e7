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
use crate::approve::{self, Decision, Scene, redact};
use crate::run::{Binding, Bindings, Role};
use crate::state::{Approval, Approvals};
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
struct Answer {
    decision: Decision,
    input: Option<Value>,
    task: Option<String>,
}

impl Answer {
    fn new(decision: Decision) -> Self {
        Self { decision, input: None, task: None }
    }

    fn nothing(why: &str) -> Self {
        Self::new(Decision::Nothing(why.to_owned()))
    }

    fn deny(why: impl Into<String>) -> Self {
        Self::new(Decision::Deny(why.into()))
    }
}

/// `allow`, `deny`, another input, or silence.
pub(super) fn answer(input: &Input) -> Option<Value> {
    let tool = input.tool_name.as_deref()?;
    let site = input.cwd.as_deref().and_then(Site::of);
    let Some(site) = site else { return outside(input, tool) };
    let looked_at = catch_unwind(AssertUnwindSafe(|| {
        if matches!(tool, "Agent" | "Task") && input.agent_id.is_none() {
            return agent_call(input, &site);
        }
        decision(input, tool, &site)
    }));
    looked_at.unwrap_or_else(|_| {
        log(input, tool, &site, None, "error", "the decision failed: no opinion");
        None
    })
}

/// What is decided about a call, as the client wants to have it.
fn decision(input: &Input, tool: &str, site: &Site) -> Option<Value> {
    let answer = decide(input, tool, site)?;
    let (decision, reason) = (answer.decision.as_str(), answer.decision.reason());
    log(input, tool, site, answer.task.as_deref(), decision, reason);
    match answer.decision {
        Decision::Nothing(_) => None,
        Decision::Allow(_) | Decision::Deny(_) => {
            let mut output = json!({
                "hookEventName": "PreToolUse",
                "permissionDecision": decision,
                "permissionDecisionReason": reason,
            });
            if let Some(input) = answer.input {
                output["updatedInput"] = input;
            }
            Some(json!({ "hookSpecificOutput": output }))
        }
    }
}

/// Where `ctx` was never used, only its own verbs are known.
fn outside(input: &Input, tool: &str) -> Option<Value> {
    let command = shell_command(input, tool)?;
    let proof = approve::verb(command, verb_caller(input))?;
    let site = input.cwd.as_deref().and_then(Site::around);
    if site.is_some_and(|site| site.rules(None).objects_to_text(command).is_some()) {
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
    // A subagent without a type is still a subagent.
    let agent_type = input.agent_type.as_deref().or(input.agent_id.as_ref().map(|_| ""));
    approve::Caller::from_agent_type(agent_type)
}

/// None is silence that needs no line in the log.
fn decide(input: &Input, tool: &str, site: &Site) -> Option<Answer> {
    match caller::identify(input, site) {
        Who::Main => Some(Answer::new(own_verb(input, tool, site)?)),
        Who::Other => Some(Answer::new(other_agent(input, tool, site)?)),
        Who::Unbound(role) => Some(unbound(input, tool, site, role)),
        Who::Lost(task) => Some(Answer::nothing(&format!("the worktree of `{task}` is gone"))),
        Who::Bound { record, role } => {
            let mut answer = bound(input, tool, site, &record, role);
            answer.task = Some(record.task.to_string());
            Some(answer)
        }
    }
}

/// One of `ctx`'s own verbs, if the person's rules do not object.
fn own_verb(input: &Input, tool: &str, site: &Site) -> Option<Decision> {
    let proof = approve::verb(shell_command(input, tool)?, verb_caller(input))?;
    let rules = site.rules(None);
    Some(match (rules.broken(), rules.objects_to_text(shell_command(input, tool)?)) {
        (Some(why), _) => Decision::Nothing(why.to_owned()),
        (None, Some(rule)) => Decision::Nothing(format!("the rule `{rule}` leaves it to the person")),
        (None, None) => Decision::Allow(proof),
    })
}

/// An agent of another kind: `ctx`'s reading verbs, and no other verb of it.
fn other_agent(input: &Input, tool: &str, site: &Site) -> Option<Decision> {
    own_verb(input, tool, site).or_else(|| {
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
            Ok(()) => own_verb(input, tool, site)
                .map_or_else(|| Answer::nothing("not one of the verbs"), Answer::new),
            Err(why) => Answer::deny(why),
        };
    }
    // Committing and handing in are for who has the task.
    let reading = |command| approve::allows(command, approve::Caller::OtherAgent);
    if (!caller::had_task(input, site) || shell_command(input, tool).is_some_and(reading))
        && let Some(allowed) = own_verb(input, tool, site)
    {
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

/// One word to a shell.
fn quoted(path: &Path) -> String {
    format!("'{}'", path.display().to_string().replace('\'', "'\\''"))
}

/// `Agent`: notes which task the call is about, and adds the worktree to the prompt. No decision.
fn agent_call(input: &Input, site: &Site) -> Option<Value> {
    let role = Role::of(input.tool_input.get("subagent_type")?.as_str()?)?;
    let prompt = input.tool_input.get("prompt")?.as_str()?;
    let task = caller::task_of_prompt(prompt)?;
    let plan = caller::active_plan(site)?;
    let record = site.record(&plan, task)?;
    let binding = Binding { plan, task: record.task.to_string(), role, stops: 0 };
    // Without the note the agent binds itself by `ctx task start`.
    let _ = Bindings::of(&site.ctx_dir()).announce(input.tool_use_id.as_deref()?, &binding);
    if prompt.lines().any(|line| line.trim_start().starts_with("Worktree:")) {
        return None;
    }
    let (first, rest) = prompt.split_once('\n').unwrap_or((prompt, ""));
    let mut changed = input.tool_input.clone();
    changed["prompt"] = json!(format!("{first}\nWorktree: {}\n{rest}", record.path.display()));
    Some(json!({ "hookSpecificOutput": { "hookEventName": "PreToolUse", "updatedInput": changed } }))
}

fn log(input: &Input, tool: &str, site: &Site, task: Option<&str>, decision: &str, reason: &str) {
    let of = |key: &str| input.tool_input.get(key).and_then(Value::as_str);
    let call = of("command").or(of("file_path")).or(of("notebook_path")).or(of("path")).unwrap_or("");
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
