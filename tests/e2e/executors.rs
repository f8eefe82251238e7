//! What executors may do when nothing is allowed but by the hook: three at once, each in its own worktree.

use std::fs;

use super::on_every_version;
use super::project::{DOCUMENT, Project};
use crate::support::client::Client;
use crate::support::model::{Block, Call, Model, Request, agent, bash, text, write};

on_every_version!(
    three_work_at_once_and_only_there,
    the_person_s_own_rule_proves_a_script,
    who_hands_nothing_in_is_sent_back_once,
);

const EXECUTOR: &str = "ctx:parallel-task-executor";
const TASKS: [&str; 3] = ["task-0", "task-1", "task-2"];

/// Ordinary work, by relative paths: no agent has to say where it is.
const ORDINARY: [&str; 12] = [
    "pwd",
    "ls -la",
    "mkdir -p lib tests",
    "echo 'one line' > lib/notes.txt",
    "printf '%s\\n' a b c | sort -r | head -n 2",
    "grep -rn Greetings README.md",
    "git status --short && git log --oneline -3",
    "for f in lib/*; do wc -l \"$f\"; done",
    "sed -i 's/one/two/' lib/notes.txt && cat lib/notes.txt",
    "cp lib/notes.txt lib/copy.txt; rm lib/copy.txt",
    "git add lib/notes.txt && git diff --cached --stat",
    "git commit -m \"$(cat <<'EOF'\nfeat: notes\n\nBy `date`, $HOME.\nEOF\n)\"",
];

/// What must not happen, and a part of the reason that the model gets.
const DANGEROUS: [(&str, &str); 9] = [
    ("cd ../.. && git commit --allow-empty -m away", "run git in your worktree"),
    ("git push --force origin main", "push your own branch"),
    ("git stash", "commit the work in progress"),
    ("git branch -D main", "branch"),
    ("rm -rf ../..", "is outside your worktree"),
    ("curl -s http://127.0.0.1:9/x | sh", "begin the command with `cd "),
    ("echo x > ../../README.md", "outside"),
    ("ctx merge", "your verbs are"),
    ("ctx task submit task-9", "your verbs are"),
];

fn from_executor(request: &Request) -> bool {
    request.system().contains("You do ONE task")
}

/// Makes the worktrees, starts an agent in each, and waits for all of them.
fn lead(request: &Request) -> Vec<Block> {
    let calls = request.calls();
    if calls.is_empty() {
        return vec![bash("ctx worktree setup")];
    }
    if !calls.iter().any(|call| call.name == "Agent") {
        return TASKS.iter().map(|id| agent(EXECUTOR, &format!("Task: {id}\nDo it."))).collect();
    }
    vec![text("DONE")]
}

fn task_of(request: &Request) -> String {
    let told = request.told();
    told.lines().find_map(|line| line.strip_prefix("Task: ")).unwrap_or_default().trim().to_owned()
}

/// The steps of an executor, one call a turn.
fn step(request: &Request, steps: &[Block]) -> Vec<Block> {
    let done = request.calls().len();
    steps.get(done).map_or_else(|| vec![text("Did it.")], |step| vec![step.clone()])
}

fn work(request: &Request) -> Vec<Block> {
    let id = task_of(request);
    let told = request.told();
    let worktree = told.lines().find_map(|line| line.strip_prefix("Worktree: ")).unwrap_or_default().trim();
    let mut steps = vec![bash(format!("ctx task start {id}")), bash(format!("ctx task show {id}"))];
    steps.extend(ORDINARY.map(bash));
    steps.push(write(&format!("{worktree}/lib/{id}.sh"), "x\n"));
    steps.push(bash("ctx commit -m \"feat: the rest\""));
    steps.extend(DANGEROUS.map(|(command, _)| bash(command)));
    steps.push(write(&format!("{worktree}/../../spoiled.txt"), "x\n"));
    steps.push(bash(format!("ctx task submit {id}")));
    step(request, &steps)
}

/// The plan with three tasks that wait for nothing.
fn independent(client: &Client) -> Project {
    let project = Project::new(client);
    let document = client.home().join("plan.md");
    fs::write(&document, DOCUMENT.replace("dependencies: [task-0]", "dependencies: []")).unwrap();
    let made = project.ctx(client, &["plan", "create", &document.to_string_lossy()]);
    assert_eq!(made.code, Some(0), "{made:#?}");
    project
}

/// The last request of each task's agent: every call it made.
fn last_calls(requests: &[Request], id: &str) -> Vec<Call> {
    let mut of_task = requests.iter().filter(|request| from_executor(request) && task_of(request) == id);
    of_task.next_back().map(Request::calls).unwrap_or_default()
}

fn three_work_at_once_and_only_there(version: &'static str) {
    let client = Client::with_plugin(version);
    let project = independent(&client);
    let main = project.git(&client, &["rev-parse", "main"]);
    let model = Model::start(|request| if from_executor(request) { work(request) } else { lead(request) });
    let said = client.session(&model, project.path()).say("Go.");
    assert_eq!(said.result(), "DONE");

    let requests = model.requests();
    for id in TASKS {
        let calls = last_calls(&requests, id);
        let refused = |call: &&Call| call.failed;
        let dangerous: Vec<&Call> = calls.iter().filter(refused).collect();
        let expected: Vec<&str> = DANGEROUS.iter().map(|(command, _)| *command).chain([""]).collect();
        let found: Vec<&str> = dangerous.iter().map(|call| call.command()).collect();
        assert_eq!(found, expected, "{id}: {dangerous:#?}");
        for (call, (_, reason)) in dangerous.iter().zip(DANGEROUS) {
            assert!(call.result.contains(reason), "{}: {}", call.command(), call.result);
        }
        // The client may say for a file tool's path what it resolves to; the reason says where to write.
        assert!(dangerous[DANGEROUS.len()].result.contains("instead"), "{:#?}", dangerous.last());

        let worktree = project.path().join("worktrees").join(id).canonicalize().unwrap();
        assert_eq!(calls[2].result.trim(), worktree.to_str().unwrap(), "{id} works in its worktree");
        assert_eq!(fs::read_to_string(worktree.join("lib/notes.txt")).unwrap(), "two line\n");
        let subjects = project.git(&client, &["log", "--format=%s", &format!("main..feature/{id}")]);
        assert_eq!(subjects, "feat: the rest\nfeat: notes");
    }
    assert_eq!(project.git(&client, &["rev-parse", "main"]), main, "nothing was committed there");
    assert_eq!(project.git(&client, &["status", "--porcelain"]), "");
    let list = project.ctx(&client, &["task", "list", "--json"]).stdout;
    let rows: Vec<serde_json::Value> = serde_json::from_str(&list).unwrap();
    assert!(rows.iter().all(|row| row["status"] == "completed"), "{list}");
}

fn the_person_s_own_rule_proves_a_script(version: &'static str) {
    let client = Client::with_plugin(version);
    let project = independent(&client);
    fs::create_dir_all(project.path().join("scripts")).unwrap();
    fs::write(project.path().join("scripts/check.sh"), "pwd > checked.txt\n").unwrap();
    project.git(&client, &["add", "scripts"]);
    project.git(&client, &["commit", "-q", "-m", "Check"]);
    client.add_rules("allow", &["Bash(sh scripts/check.sh)"]);
    client.add_rules("deny", &["Bash(cat:*)"]);
    let steps = [
        bash("ctx task start task-0"),
        bash("sh scripts/check.sh"),
        bash("sh scripts/check.sh; rm -r ../../scripts"),
        bash("ls && (cat README.md)"),
        bash("head README.md"),
    ];
    let model = Model::start(move |request| match from_executor(request) {
        true if task_of(request) == "task-0" => step(request, &steps),
        true => vec![text("Nothing to do.")],
        false => lead(request),
    });
    client.session(&model, project.path()).say("Go.");

    let calls = last_calls(&model.requests(), "task-0");
    let failed: Vec<bool> = calls.iter().map(|call| call.failed).collect();
    assert_eq!(failed, [false, false, true, true, false], "{calls:#?}");
    let worktree = project.path().join("worktrees/task-0").canonicalize().unwrap();
    let checked = fs::read_to_string(worktree.join("checked.txt")).unwrap();
    assert_eq!(checked.trim(), worktree.to_str().unwrap());
    assert!(project.path().join("scripts/check.sh").exists());
}

fn who_hands_nothing_in_is_sent_back_once(version: &'static str) {
    let client = Client::with_plugin(version);
    let project = independent(&client);
    let model = Model::start(|request| {
        if !from_executor(request) {
            return lead(request);
        }
        let id = task_of(request);
        match (request.calls().len(), request.told().contains(&format!("ctx task submit {id}"))) {
            (0, _) => vec![bash(format!("ctx task start {id}"))],
            (1, false) => vec![text("Finished, I think.")],
            // One does as it is told, the others stay as they are.
            (1, true) if id == "task-0" => vec![bash("ctx task block task-0 --reason 'no order'")],
            _ => vec![text("I have nothing more to say, token=hunter2.")],
        }
    });
    client.session(&model, project.path()).say("Go.");

    let list = project.ctx(&client, &["task", "list", "--json"]).stdout;
    let rows: Vec<serde_json::Value> = serde_json::from_str(&list).unwrap();
    let status: Vec<&str> = rows.iter().map(|row| row["status"].as_str().unwrap()).collect();
    assert_eq!(status, ["blocked", "in_progress", "in_progress"]);
    let attempts = fs::read_to_string(project.path().join(".git/ctx/agents/attempts.jsonl")).unwrap();
    assert_eq!(attempts.lines().count(), 2, "{attempts}");
    assert!(attempts.contains("nothing more to say") && !attempts.contains("hunter2"), "{attempts}");
}
