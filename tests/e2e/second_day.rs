//! A person who comes back: a session that was killed with work in every state, a second plan, a third beside it.

use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use serde_json::Value;

use super::on_every_version;
use super::project::Project;
use crate::support::client::Client;
use crate::support::model::{Block, Call, Model, Request, agent, bash, text};
use crate::support::terminal::Terminal;

on_every_version!(a_killed_session_is_picked_up_and_three_plans_land);

const EXECUTOR: &str = "ctx:parallel-task-executor";
const TASKS: [&str; 3] = ["task-0", "task-1", "task-2"];
const LIMIT: Duration = Duration::from_mins(1);

/// A plan with three tasks that wait for nothing; the second one changes the README.
fn document(name: &str) -> String {
    let tasks = |one: &dyn Fn(usize) -> String| (0..3).map(one).collect::<String>();
    let index = tasks(&|n| format!("  - {{ id: task-{n}, name: {name} {n} }}\n"));
    let details = tasks(&|n| {
        let files =
            if n == 1 { "modify: [README.md]".to_owned() } else { format!("create: [{name}-{n}.txt]") };
        format!(
            "### Task {n}: {name} {n}\n\n```yaml\nid: task-{n}\nfiles: {{ {files} }}\n```\n\n#### Objective\nOne line.\n\
             #### Tests Required\nNone.\n#### Acceptance Criteria\n- [ ] It is there.\n\n"
        )
    });
    format!(
        "# {name}\n\n**Type:** Plan\n\n## Plan Structure\n\n```yaml\nmetadata:\n  name: {name}\ntasks:\n{index}```\n\n\
         ## Task Details\n\n{details}"
    )
}

fn from_executor(request: &Request) -> bool {
    request.system().contains("You do ONE task")
}

/// The tasks in backticks on the `next:` lines that begin so.
fn named(said: &str, beginning: &str) -> Vec<String> {
    let lines = said.lines().filter_map(|line| line.strip_prefix("next: ")?.strip_prefix(beginning));
    let ids = lines.flat_map(|rest| {
        rest.split(|c: char| !c.is_ascii_alphanumeric() && c != '-').filter(|word| TASKS.contains(word))
    });
    let mut found: Vec<String> = ids.map(str::to_owned).collect();
    found.dedup();
    found
}

/// The main session's turn: what `/ctx:execute` says. Only tasks in `only` are started.
fn lead(request: &Request, only: &[&str]) -> Vec<Block> {
    let calls = request.calls();
    if calls.is_empty() {
        return vec![bash("ctx merge")];
    }
    if request.news().contains("<task-notification>") {
        return vec![bash("ctx task list")];
    }
    let last = request.last_calls();
    let Some(done) = last.last() else { return vec![text("LOST")] };
    let started = calls.iter().filter(|call| call.name == "Agent").count();
    match done.command() {
        // A conflict ends with 3, which is no fault of the call.
        "ctx merge" => vec![bash("ctx worktree setup")],
        "ctx status" => vec![text(format!("REPORT\n{}", done.result))],
        "ctx task list" => {
            let told = request.told();
            let background = told.contains("<task-notification>");
            match background && told.matches("<status>completed</status>").count() < started {
                true => vec![text("WAITING")],
                false => vec![bash("ctx merge")],
            }
        }
        "" if done.failed => vec![text(format!("FAILED {}: {}", done.input, done.result))],
        "" if done.result.contains("Async agent launched") => vec![text("WAITING")],
        "" => vec![bash("ctx task list")],
        _ => follow(&calls, only),
    }
}

/// What the last set-up said comes next: a command, or the agents.
fn follow(calls: &[Call], only: &[&str]) -> Vec<Block> {
    let at = calls.iter().rposition(|call| call.command() == "ctx worktree setup").expect("it was run");
    let said = &calls[at].result;
    let (retried, synced) = (named(said, "`ctx task retry "), named(said, "`ctx worktree sync "));
    let commands = retried.iter().map(|id| format!("ctx task retry {id}"));
    let commands = commands.chain(synced.iter().map(|id| format!("ctx worktree sync {id}")));
    if let Some(command) = commands.into_iter().find(|one| !calls[at..].iter().any(|c| c.command() == one)) {
        return vec![bash(command)];
    }
    let mut starts = named(said, "start ");
    starts.extend(retried);
    starts.retain(|id| only.contains(&id.as_str()));
    let row = |id: &str| said.lines().find(|line| line.starts_with(&format!("{id} ")));
    let path = |id: &str| row(id).and_then(|row| Some(&row[row.find('/')?..])).unwrap_or_default().to_owned();
    let prompt = |id: &str, path: &str| format!("Task: {id}\nWorktree: {path}");
    let mut agents: Vec<Block> = starts.iter().map(|id| agent(EXECUTOR, &prompt(id, &path(id)))).collect();
    // A person who starts one task alone has no answer yet.
    for id in named(said, "answer ") {
        if only == TASKS {
            agents.push(agent(EXECUTOR, &format!("{}\nAnswer: go on", prompt(&id, &path(&id)))));
        }
    }
    for id in synced {
        let call = calls.iter().rfind(|call| call.command() == format!("ctx worktree sync {id}"));
        let path = call.and_then(|call| call.result.split("resolve in `").nth(1)?.split('`').next());
        let path = path.unwrap_or_else(|| panic!("it says where: {call:?}"));
        agents.push(agent(EXECUTOR, &format!("{}\nAnswer: resolve README.md", prompt(&id, path))));
    }
    if agents.is_empty() { vec![bash("ctx status")] } else { agents }
}

/// An executor's turn. `asks` says which task of which plan blocks, `stuck` which never ends.
fn execute(request: &Request, asks: &str, stuck: (&str, &AtomicBool)) -> Vec<Block> {
    let told = request.told();
    let line = |name: &str| told.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default().trim();
    let (id, worktree, answer) = (line("Task: "), line("Worktree: "), line("Answer: "));
    let calls = request.calls();
    if let Some(failed) = request.last_calls().into_iter().find(|call| call.failed) {
        return vec![text(format!("FAILED {}: {}", failed.input, failed.result))];
    }
    let begin = [format!("ctx task start {id}"), format!("ctx task show {id}")];
    if let Some(command) = begin.get(calls.len()) {
        return vec![bash(command)];
    }
    let name = calls[1].result.split(['(', ')']).nth(1).unwrap_or_default().to_owned();
    let file = format!("{}.txt", name.replace(' ', "-"));
    let mut steps = match (answer, id) {
        ("resolve README.md", _) => {
            vec![format!("printf '%s\\n' '# Greetings' 'By a person.' '{name}' > README.md")]
        }
        ("go on", _) => vec![],
        (_, "task-1") => vec![format!("echo '{name}' >> README.md")],
        _ => vec![format!("echo '{name}' >> {file}")],
    };
    if answer != "go on" {
        steps.push(format!("ctx commit -m 'feat: {name}'"));
    }
    if name == stuck.0 && calls.len() == 3 {
        while !stuck.1.load(Ordering::Relaxed) {
            std::thread::sleep(Duration::from_millis(20));
        }
    }
    let end = match name == asks && answer.is_empty() {
        true => format!("ctx task block {id} --reason 'shall it go on?'"),
        false => format!("ctx task submit {id}"),
    };
    let steps = steps.into_iter().map(|step| format!("cd '{worktree}' && {step}")).chain([end]);
    steps.into_iter().nth(calls.len() - 2).map_or_else(|| vec![text("Done.")], |step| vec![bash(step)])
}

fn model(asks: &'static str, only: &'static [&'static str]) -> Model {
    Model::start(move |request| match from_executor(request) {
        true => execute(request, asks, ("", &AtomicBool::new(true))),
        false => lead(request, only),
    })
}

#[track_caller]
fn rows(project: &Project, client: &Client, args: &[&str]) -> Vec<Value> {
    let ended = project.ctx(client, &[args, &["--json"]].concat());
    assert_eq!(ended.code, Some(0), "{ended:#?}");
    serde_json::from_str(&ended.stdout).expect("a list")
}

fn statuses(project: &Project, client: &Client) -> Vec<String> {
    let rows = rows(project, client, &["task", "list"]);
    let word = |row: &Value| match (row["landed"] == true, row["interrupted"] == true) {
        (true, _) => "landed".to_owned(),
        (_, true) => "interrupted".to_owned(),
        _ => row["status"].as_str().unwrap_or_default().to_owned(),
    };
    rows.iter().map(word).collect()
}

#[track_caller]
fn create(project: &Project, client: &Client, name: &str) {
    let file = client.home().join("document.md");
    fs::write(&file, document(name)).expect("a temporary file");
    let ended = project.ctx(client, &["plan", "create", &file.to_string_lossy()]);
    assert_eq!(ended.code, Some(0), "{ended:#?}");
}

#[track_caller]
fn run(client: &Client, project: &Project, model: &Model) {
    let said = client.session(model, project.path()).say("/ctx:execute");
    let calls =
        || model.requests().iter().map(|r| format!("{:?}", r.last_calls())).collect::<Vec<_>>().join("\n");
    assert!(said.result().starts_with("REPORT"), "{}: {}\n{}", client.version, said.result(), calls());
    assert_eq!(said.denials(), &serde_json::json!([]));
    let lists = model.requests().into_iter().flat_map(|request| request.last_calls());
    let lists = lists.filter(|call| call.command() == "ctx task list" && call.result.contains("interrupted"));
    assert_eq!(lists.map(|call| call.result).collect::<Vec<_>>(), Vec::<String>::new(), "{}", client.version);
}

#[track_caller]
fn wait_until(what: &str, client: &Client, terminal: &Terminal<'_>, done: impl Fn() -> bool) {
    let deadline = Instant::now() + LIMIT;
    while !done() {
        assert!(Instant::now() < deadline, "{}: not {what}:\n{}", client.version, terminal.screen());
        std::thread::sleep(Duration::from_millis(100));
    }
}

/// One session that is killed when one task is completed, one in conflict, and one in the middle of its work.
fn first_day(client: &Client, project: &Project) {
    let released = Arc::new(AtomicBool::new(false));
    let flag = Arc::clone(&released);
    let model = Model::start(move |request| match from_executor(request) {
        true => execute(request, "", ("Alpha 2", &flag)),
        false => lead(request, &TASKS),
    });
    create(project, client, "Alpha");
    let terminal = Terminal::start(client, &model, project.path());
    terminal.say("/ctx:execute");
    let half = project.path().join("worktrees/task-2/Alpha-2.txt");
    wait_until("in every state", client, &terminal, || {
        half.exists() && statuses(project, client) == ["completed", "completed", "in_progress"]
    });
    let readme = project.path().join("README.md");
    fs::write(&readme, "# Greetings\nBy a person.\n").expect("the project can be written");
    project.git(client, &["commit", "-q", "-a", "-m", "By a person"]);
    terminal.kill();
    released.store(true, Ordering::Relaxed);
    assert_eq!(statuses(project, client), ["completed", "completed", "interrupted"]);
}

fn is_there(project: &Project, file: &str) -> bool {
    project.path().join(file).is_file()
}

fn a_killed_session_is_picked_up_and_three_plans_land(version: &'static str) {
    let client = Client::with_plugin(version);
    let project = Project::new(&client);
    first_day(&client, &project);

    // A new session lands all three.
    run(&client, &project, &model("", &TASKS));
    assert_eq!(statuses(&project, &client), ["landed"; 3]);
    let readme = fs::read_to_string(project.path().join("README.md")).unwrap();
    assert_eq!(readme, "# Greetings\nBy a person.\nAlpha 1\n");
    // The interrupted agent's line was kept, and its successor's came to it.
    let file = fs::read_to_string(project.path().join("Alpha-2.txt")).unwrap();
    assert_eq!(file, "Alpha 2\nAlpha 2\n");

    // The next plan starts at once; what is left of the first one can be brought back.
    create(&project, &client, "Beta");
    run(&client, &project, &model("Beta 0", &["task-0"]));
    assert_eq!(statuses(&project, &client), ["blocked", "pending", "pending"]);
    assert_eq!(rows(&project, &client, &["undo"]).len(), 3);
    let branch = |folder: &str| {
        let folder = project.path().join("worktrees").join(folder);
        project.git(&client, &["-C", &folder.to_string_lossy(), "symbolic-ref", "--short", "HEAD"])
    };
    assert_eq!(branch("task-0"), "feature/task-0");

    // A third one lives beside it and lands.
    create(&project, &client, "Gamma");
    run(&client, &project, &model("", &TASKS));
    assert_eq!(statuses(&project, &client), ["landed"; 3]);
    assert_eq!(branch("gamma-task-0"), "feature/gamma-task-0");
    assert!(is_there(&project, "Gamma-0.txt") && !is_there(&project, "Beta-0.txt"));

    // And the second one goes on where it stopped.
    let used = project.ctx(&client, &["plan", "use", "Beta"]);
    assert_eq!(used.code, Some(0), "{used:#?}");
    assert_eq!(statuses(&project, &client), ["blocked", "pending", "pending"]);
    run(&client, &project, &model("", &TASKS));
    assert_eq!(statuses(&project, &client), ["landed"; 3]);
    for name in ["Alpha", "Beta", "Gamma"] {
        let readme = fs::read_to_string(project.path().join("README.md")).unwrap();
        assert!(readme.contains(&format!("{name} 1\n")), "{readme}");
        assert!(["0", "2"].iter().all(|n| is_there(&project, &format!("{name}-{n}.txt"))), "{name}");
    }
    assert_eq!(project.git(&client, &["status", "--porcelain"]), "");
    assert!(project.path().join("worktrees/gamma-task-0").exists());
}
