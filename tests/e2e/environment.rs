//! What the environment brings into an executor's commands, by each way there is, and what a repository's settings may
//! not bring.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::on_every_version;
use super::project::Project;
use crate::support::client::Client;
use crate::support::model::{Block, Call, Model, Request, agent, bash, text, write};

on_every_version!(
    inherited_variables_change_nothing,
    the_person_s_settings_change_nothing,
    a_file_for_the_client_s_shell_changes_nothing,
    a_repository_s_settings_wait_for_consent,
    the_person_s_rules_hold_behind_what_is_unset,
);

const EXECUTOR: &str = "ctx:parallel-task-executor";
const COMMIT: &str = "git add -A && git commit -q -m 'feat: greet'";
const READ: &str = "git diff HEAD~1\ngit status --short --branch";
const BUILD: &str = "npm run build";
const PUSH: &str = "git push -u origin feature/task-0";
const COMMANDS: [&str; 5] = ["ctx task start task-0", COMMIT, READ, BUILD, PUSH];

fn from_executor(request: &Request) -> bool {
    request.system().contains("You do ONE task")
}

/// Starts one agent; the set-up is done.
fn lead(request: &Request) -> Vec<Block> {
    match request.calls().len() {
        0 => vec![agent(EXECUTOR, "Task: task-0\nDo it.")],
        _ => vec![text("DONE")],
    }
}

/// An executor that runs these commands, one a turn; before the second it writes a file.
fn work(request: &Request, commands: &[&str]) -> Vec<Block> {
    let told = request.told();
    let worktree = told.lines().find_map(|line| line.strip_prefix("Worktree: ")).unwrap_or_default().trim();
    let mut steps: Vec<Block> = commands.iter().map(|command| bash(*command)).collect();
    steps.insert(1, write(&format!("{worktree}/lib/greet.sh"), "greet() { echo Hello; }\n"));
    steps.get(request.calls().len()).map_or_else(|| vec![text("Did it.")], |step| vec![step.clone()])
}

/// A project whose remote is reached through the person's own program, with a foreign one beside it.
struct World {
    client: Client,
    project: Project,
}

impl World {
    fn new(version: &'static str) -> Self {
        let client = Client::with_plugin(version);
        let project = Project::new(&client);
        let world = Self { client, project };
        let (client, project) = (&world.client, &world.project);
        fs::write(project.path().join("package.json"), "{ \"scripts\": { \"build\": \"node build.js\" } }")
            .unwrap();
        fs::write(project.path().join("build.js"), "console.log('built', process.cwd());\n").unwrap();
        project.git(client, &["add", "."]);
        project.git(client, &["commit", "-q", "-m", "Build"]);
        let origin = world.path("origin.git");
        project.git(client, &["init", "-q", "--bare", &origin]);
        project.git(client, &["push", "-q", &origin, "main"]);
        project.git(client, &["remote", "add", "origin", &format!("ssh://host.invalid{origin}")]);
        world.program(
            "ssh",
            "[ \"$1\" = -G ] && exit 1\necho x >> ~/ssh.ran\nfor last; do :; done\nexec sh -c \"$last\"",
        );
        world.program("foreign", "echo x >> ~/foreign.ran");
        world.program("bin/git", "echo \"$*\" >> ~/git.ran\nexec /usr/bin/env -u GIT_DIR PATH=/usr/local/bin:/usr/bin:/bin git \"$@\"");
        fs::write(
            world.path("required.js"),
            "require('fs').appendFileSync(process.env.HOME + '/required.ran', 'x');\n",
        )
        .unwrap();
        project.make_plan(client);
        let made = project.ctx(client, &["worktree", "setup"]);
        assert_eq!(made.code, Some(0), "{made:#?}");
        world
    }

    fn path(&self, name: &str) -> String {
        self.client.home().join(name).to_str().unwrap().to_owned()
    }

    fn program(&self, name: &str, body: &str) {
        let path = PathBuf::from(self.path(name));
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, format!("#!/bin/sh\n{body}\n")).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    }

    fn ran(&self, name: &str) -> String {
        fs::read_to_string(self.path(&format!("{name}.ran"))).unwrap_or_default()
    }

    /// What would lead a commit to the base branch and run a foreign program.
    fn misleading(&self) -> Vec<(&'static str, String)> {
        let git_dir = self.project.path().join(".git").to_str().unwrap().to_owned();
        let index = format!("{git_dir}/index");
        vec![("GIT_DIR", git_dir), ("GIT_INDEX_FILE", index), ("GIT_EXTERNAL_DIFF", self.path("foreign"))]
    }

    /// What the person's pushes and builds need.
    fn needed(&self) -> Vec<(&'static str, String)> {
        let options = format!("--require {}", self.path("required.js"));
        vec![("GIT_SSH_COMMAND", self.path("ssh")), ("NODE_OPTIONS", options)]
    }

    fn settings(path: &Path, change: impl FnOnce(&mut Value)) {
        let read = fs::read(path).ok().and_then(|bytes| serde_json::from_slice(&bytes).ok());
        let mut settings: Value = read.unwrap_or_else(|| json!({}));
        change(&mut settings);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, settings.to_string()).unwrap();
    }

    fn own_settings(&self, change: impl FnOnce(&mut Value)) {
        Self::settings(&self.client.home().join(".claude/settings.json"), change);
    }

    /// Every ref but the task's own branch, in the repository and at the remote.
    fn others(&self) -> String {
        let refs = |args: &[&str]| {
            let all = self
                .project
                .git(&self.client, &[args, &["for-each-ref", "--format=%(refname) %(objectname)"]].concat());
            all.lines().filter(|line| !line.contains("feature/task-0 ")).collect::<Vec<_>>().join("\n")
        };
        format!("{}\n{}", refs(&[]), refs(&["--git-dir", &self.path("origin.git")]))
    }

    /// The calls of the one executor.
    fn session(&self, env: &[(&str, String)], commands: &'static [&'static str]) -> Vec<Call> {
        let model = Model::start(|request| match from_executor(request) {
            true => work(request, commands),
            false => lead(request),
        });
        self.client.session(&model, self.project.path()).env(env).say("Go.");
        let requests = model.requests();
        let last = requests.iter().rfind(|request| from_executor(request));
        last.map(Request::calls).unwrap_or_default()
    }

    /// Everything ran unasked, where it belongs.
    fn check(&self, calls: &[Call], before: &str) {
        assert!(calls.len() == 6 && !calls.iter().any(|call| call.failed), "{calls:#?}");
        assert_eq!(self.others(), before, "{calls:#?}");
        let subjects = self.project.git(&self.client, &["log", "--format=%s", "main..feature/task-0"]);
        assert_eq!(subjects, "feat: greet");
        assert_eq!(self.project.git(&self.client, &["status", "--porcelain"]), "");
        assert!(
            calls[3].result.contains("+greet() {") && calls[3].result.contains("## feature/task-0"),
            "{:?}",
            calls[3]
        );
        assert!(calls[4].result.contains("worktrees/task-0"), "{:?}", calls[4]);
        assert_eq!(self.ran("foreign"), "");
        // The person's own programs did their part.
        assert!(!self.ran("ssh").is_empty() && !self.ran("required").is_empty(), "{calls:#?}");
        let pushed = self
            .project
            .git(&self.client, &["--git-dir", &self.path("origin.git"), "rev-parse", "feature/task-0"]);
        assert_eq!(pushed, self.project.git(&self.client, &["rev-parse", "feature/task-0"]));
    }
}

fn inherited_variables_change_nothing(version: &'static str) {
    let world = World::new(version);
    let before = world.others();
    let calls = world.session(&[world.misleading(), world.needed()].concat(), &COMMANDS);
    world.check(&calls, &before);
}

fn the_person_s_settings_change_nothing(version: &'static str) {
    let world = World::new(version);
    let before = world.others();
    world.own_settings(|settings| {
        for (name, value) in [world.misleading(), world.needed()].concat() {
            settings["env"][name] = json!(value);
        }
    });
    let calls = world.session(&[], &COMMANDS);
    world.check(&calls, &before);
}

fn a_file_for_the_client_s_shell_changes_nothing(version: &'static str) {
    let world = World::new(version);
    let before = world.others();
    let variables = [world.misleading(), world.needed()].concat();
    let lines: String = variables
        .iter()
        .map(|(name, value)| format!("echo \"export {name}='{value}'\" >> \"$CLAUDE_ENV_FILE\"\n"))
        .collect();
    world.program("start", &lines);
    world.own_settings(|settings| {
        settings["hooks"]["SessionStart"] =
            json!([{ "hooks": [{ "type": "command", "command": world.path("start") }] }]);
    });
    let calls = world.session(&[], &COMMANDS);
    world.check(&calls, &before);
}

fn a_repository_s_settings_wait_for_consent(version: &'static str) {
    let world = World::new(version);
    let before = world.others();
    let file = world.project.path().join(".claude/settings.json");
    World::settings(&file, |settings| {
        for (name, value) in world.misleading() {
            settings["env"][name] = json!(value);
        }
        settings["env"]["PATH"] = json!(format!("{}:/usr/local/bin:/usr/bin:/bin", world.path("bin")));
    });
    world.project.git(&world.client, &["add", ".claude"]);
    world.project.git(&world.client, &["commit", "-q", "-m", "Settings"]);
    let unmoved = world.others();
    assert_ne!(unmoved, before);

    let calls = world.session(&world.needed(), &COMMANDS);
    assert!(!calls.is_empty() && calls.iter().all(|call| call.failed), "{calls:#?}");
    assert_eq!(world.others(), unmoved);
    assert_eq!(world.project.git(&world.client, &["rev-list", "--count", "main~1..feature/task-0"]), "0");
    assert_eq!(world.ran("foreign"), "");
    assert!(!world.ran("git").contains("status --short --branch"), "{}", world.ran("git"));
    let listed = world.project.ctx(&world.client, &["accept", "--list"]).stdout;
    assert!(listed.contains("env GIT_EXTERNAL_DIFF: \"") && listed.contains("env PATH: \""), "{listed}");

    assert_eq!(world.project.ctx(&world.client, &["accept"]).code, Some(0));
    let calls = world.session(&world.needed(), &COMMANDS);
    assert!(calls.len() == 6 && !calls.iter().any(|call| call.failed), "{calls:#?}");
    assert_eq!(world.others(), unmoved);
    assert_eq!(
        world.project.git(&world.client, &["log", "--format=%s", "main~1..feature/task-0"]),
        "feat: greet"
    );
    assert_eq!(world.ran("foreign"), "");
    assert!(world.ran("git").contains("status --short --branch"), "that one was accepted");
}

fn the_person_s_rules_hold_behind_what_is_unset(version: &'static str) {
    let world = World::new(version);
    let before = world.others();
    world.client.add_rules("deny", &["Bash(git push:*)", "Bash(cat:*)"]);
    world.client.add_rules("ask", &["Bash(git commit:*)"]);
    let commands = &[
        "ctx task start task-0",
        COMMIT,
        PUSH,
        "ls && (cat README.md)",
        "for f in README.md; do cat \"$f\"; done",
        "unset GIT_DIR; cat README.md",
        "git status --short",
    ];
    let calls = world.session(&world.needed(), commands);
    let failed: Vec<bool> = calls.iter().map(|call| call.failed).collect();
    assert_eq!(failed, [false, false, true, true, true, true, true, false], "{calls:#?}");
    assert_eq!(world.others(), before);
}
