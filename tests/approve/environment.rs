//! A proof holds whatever the environment brings: by inheritance, by settings of the person, by those of a repository.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};

use super::hook::cleared;
use super::scene::Scene;
use crate::support::repo::{CTX, CTX_HOOK, run, run_with, write};

type Env<'a> = &'a [(&'a str, String)];

/// The shells that are there; the client takes the person's own.
fn shells() -> Vec<&'static str> {
    let there = |shell: &&str| Command::new(shell).args(["-c", ":"]).status().is_ok_and(|it| it.success());
    let found: Vec<_> = ["bash", "dash", "zsh"].into_iter().filter(there).collect();
    assert!(found.contains(&"bash"));
    found
}

/// The hook's answer to a session in the worktree; the hook itself has this environment too.
fn answer(scene: &Scene, env: Env<'_>, tool: &str, input: &Value) -> Value {
    let event = json!({ "hook_event_name": "PreToolUse", "tool_name": tool, "tool_input": input, "cwd": scene.worktree, "session_id": "s1" });
    let mut hook = scene.repo.command(CTX_HOOK, &scene.repo.path);
    let ran = run_with(hook.envs(env.iter().cloned()), &event.to_string());
    assert_eq!((ran.code, ran.stderr.as_str()), (0, ""));
    serde_json::from_str::<Value>(&ran.stdout)
        .map_or(Value::Null, |answer| answer["hookSpecificOutput"].clone())
}

fn bash(scene: &Scene, env: Env<'_>, command: &str) -> Value {
    answer(scene, env, "Bash", &json!({ "command": command }))
}

/// What the client would run.
#[track_caller]
fn rewritten(scene: &Scene, env: Env<'_>, command: &str) -> String {
    let answer = bash(scene, env, command);
    assert_eq!(answer["permissionDecision"], "allow", "{env:?} {command}: {answer}");
    assert_eq!(cleared(&answer), command);
    answer["updatedInput"]["command"].as_str().unwrap().to_owned()
}

fn program(path: &Path, text: &str) -> String {
    write(path, &format!("#!/bin/sh\n{text}\n"));
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
    path.to_str().unwrap().to_owned()
}

/// A scene with a foreign program and a foreign repository beside it, and what must stay as it is.
struct World {
    scene: Scene,
    ran: PathBuf,
    foreign: PathBuf,
    program: String,
}

impl World {
    fn new() -> Self {
        let scene = Scene::new();
        let root = scene.repo.root();
        let (ran, foreign) = (root.join("ran"), root.join("foreign"));
        fs::create_dir(&ran).unwrap();
        let program =
            program(&root.join("hooks/post-commit"), &format!("echo x >> '{}/program'", ran.display()));
        for hook in ["pre-commit", "post-index-change", "reference-transaction"] {
            fs::copy(&program, root.join("hooks").join(hook)).unwrap();
        }
        scene.repo.git(&["clone", "--quiet", "--bare", ".", foreign.to_str().unwrap()]);
        Self { scene, ran, foreign, program }
    }

    fn path(&self, name: &str) -> String {
        self.scene.repo.root().join(name).to_str().unwrap().to_owned()
    }

    /// Every ref but the task's own branch, in all repositories, the main checkout's state, and what ran or was made.
    fn others(&self) -> String {
        let refs = |git_dir: &Path| {
            let all = self.scene.repo.git_in(git_dir, &["for-each-ref", "--format=%(refname) %(objectname)"]);
            all.lines().filter(|line| !line.contains("heads/feature/task-0 ")).collect::<Vec<_>>().join("\n")
        };
        let repo = &self.scene.repo;
        let places = [&repo.path, &repo.root().join("origin.git"), &self.foreign].map(|place| refs(place));
        let status = repo.git(&["status", "--porcelain"]);
        let made: Vec<_> = fs::read_dir(&self.ran).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        let objects = self.foreign.join("objects");
        let objects: Vec<_> =
            fs::read_dir(objects).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        format!("{places:?}\n{status}\n{made:?}\n{}", objects.len())
    }

    fn shell(&self, shell: &str, env: Env<'_>, text: &str) -> crate::support::repo::Ran {
        let mut command = self.scene.repo.command(shell, &self.scene.worktree);
        let bin = Path::new(CTX).parent().unwrap().display();
        command.env("PATH", format!("{bin}:{}", std::env::var("PATH").unwrap()));
        run(command.envs(env.iter().cloned()).args(["-c", text]))
    }
}

/// Every name that begins so in git's own executables.
fn names_in_git(scene: &Scene, prefix: &str) -> Vec<String> {
    let folder = PathBuf::from(scene.repo.git(&["--exec-path"]));
    let bytes = fs::read(folder.join("git")).unwrap();
    let remote = fs::read(folder.join("git-remote-http")).unwrap_or_default();
    let mut names = Vec::new();
    for bytes in [bytes, remote] {
        let text = String::from_utf8_lossy(&bytes);
        names.extend(text.match_indices(prefix).map(|(at, _)| {
            text[at..]
                .chars()
                .take_while(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || *c == '_')
                .collect()
        }));
    }
    names.sort();
    names.dedup();
    names
}

#[test]
fn every_local_variable_of_this_git_is_taken_away() {
    let scene = Scene::new();
    let printed = scene.repo.git(&["rev-parse", "--local-env-vars"]);
    assert!(printed.lines().count() >= 15, "{printed}");
    for command in ["git status", "cargo test", "git push -u origin feature/task-0"] {
        let text = rewritten(&scene, &[], command);
        let names: Vec<&str> = text.lines().next().unwrap().split(' ').collect();
        for name in printed.lines() {
            assert!(names.contains(&name), "{command}: {name}");
        }
    }
}

/// What pushes and builds need stays; what runs programs goes where nothing but reading and committing is done.
#[test]
fn only_what_a_proof_needs_to_be_gone_is_taken_away() {
    let world = World::new();
    let kept = [
        "GIT_SSH_COMMAND",
        "GIT_SSH",
        "GIT_ASKPASS",
        "SSH_ASKPASS",
        "SSH_AUTH_SOCK",
        "NODE_OPTIONS",
        "RUSTC_WRAPPER",
        "GIT_EDITOR",
        "GIT_CONFIG_GLOBAL",
        "GIT_AUTHOR_NAME",
        "GIT_COMMITTER_EMAIL",
        "CARGO_HOME",
        "VIRTUAL_ENV",
        "PATH",
        "HOME",
        "LC_ALL",
    ];
    let gone =
        ["GIT_DIR", "GIT_INDEX_FILE", "GIT_NAMESPACE", "GIT_CONFIG_COUNT", "CDPATH", "GIT_ICASE_PATHSPECS"];
    let programs = [
        "GIT_EXTERNAL_DIFF",
        "GIT_PAGER",
        "GIT_TRACE",
        "GIT_TRACE2_EVENT",
        "GIT_TRACE_PACKET",
        "RIPGREP_CONFIG_PATH",
        "GREP_OPTIONS",
        "TAR_OPTIONS",
        "GIT_EXEC_PATH",
    ];
    let mut env: Vec<(&str, String)> = Vec::new();
    for name in kept.iter().chain(&gone).chain(&programs).filter(|name| **name != "PATH") {
        env.push((name, "set".to_owned()));
    }
    for (command, reads) in
        [("git diff", true), ("cat file.txt", true), ("cargo test", false), ("git fetch origin", false)]
    {
        let text = rewritten(&world.scene, &[], command);
        let text = text.replace(command, "env");
        for shell in shells() {
            let printed = world.shell(shell, &env, &text).ok();
            let has = |name: &str| printed.lines().any(|line| line.starts_with(&format!("{name}=")));
            for name in kept {
                assert!(has(name), "{shell} {command}: {name}");
            }
            for name in gone {
                assert!(!has(name), "{shell} {command}: {name}");
            }
            for name in programs {
                assert_eq!(has(name), !reads, "{shell} {command}: {name}");
            }
        }
    }
}

#[test]
fn what_is_allowed_does_what_was_proven_whatever_is_inherited() {
    let world = World::new();
    let main = world.scene.repo.path.to_str().unwrap().to_owned();
    let git_dir = format!("{main}/.git");
    let hooks = world.path("hooks");
    let trace = format!("{}/trace", world.ran.display());
    let foreign = world.foreign.to_str().unwrap().to_owned();
    let parameters = format!("'core.hooksPath'='{hooks}'");
    let mut rows: Vec<Vec<(&str, String)>> = vec![
        vec![],
        vec![("GIT_DIR", git_dir.clone())],
        vec![
            ("GIT_DIR", git_dir.clone()),
            ("GIT_WORK_TREE", world.scene.worktree.to_str().unwrap().to_owned()),
        ],
        vec![("GIT_DIR", foreign.clone()), ("GIT_WORK_TREE", ".".to_owned())],
        vec![("GIT_WORK_TREE", main.clone())],
        vec![("GIT_INDEX_FILE", format!("{git_dir}/index"))],
        vec![("GIT_COMMON_DIR", foreign.clone())],
        vec![("GIT_OBJECT_DIRECTORY", format!("{foreign}/objects"))],
        vec![("GIT_ALTERNATE_OBJECT_DIRECTORIES", format!("{foreign}/objects"))],
        vec![("GIT_NAMESPACE", "elsewhere".to_owned())],
        vec![("GIT_PREFIX", "src/".to_owned())],
        vec![("GIT_GRAFT_FILE", format!("{main}/README.md"))],
        vec![("GIT_SHALLOW_FILE", format!("{main}/README.md"))],
        vec![
            ("GIT_CONFIG_COUNT", "1".to_owned()),
            ("GIT_CONFIG_KEY_0", "core.hooksPath".to_owned()),
            ("GIT_CONFIG_VALUE_0", hooks.clone()),
        ],
        vec![
            ("GIT_CONFIG_COUNT", "1".to_owned()),
            ("GIT_CONFIG_KEY_0", "diff.external".to_owned()),
            ("GIT_CONFIG_VALUE_0", world.program.clone()),
        ],
        vec![
            ("GIT_CONFIG_COUNT", "1".to_owned()),
            ("GIT_CONFIG_KEY_0", "core.fsmonitor".to_owned()),
            ("GIT_CONFIG_VALUE_0", world.program.clone()),
        ],
        vec![("GIT_CONFIG_PARAMETERS", parameters)],
        vec![("GIT_EXTERNAL_DIFF", world.program.clone())],
        vec![("GIT_PAGER", world.program.clone()), ("PAGER", world.program.clone())],
        vec![("GIT_LITERAL_PATHSPECS", "1".to_owned()), ("GIT_ATTR_SOURCE", "none".to_owned())],
        vec![
            ("CDPATH", main.clone()),
            ("GLOBIGNORE", "file.txt".to_owned()),
            ("POSIXLY_CORRECT", "1".to_owned()),
        ],
        vec![
            ("GREP_OPTIONS", "--include=none".to_owned()),
            ("RIPGREP_CONFIG_PATH", format!("{main}/README.md")),
        ],
        vec![("GIT_EDITOR", "true".to_owned())],
    ];
    let traces = names_in_git(&world.scene, "GIT_TRACE");
    assert!(traces.len() >= 15, "{traces:?}");
    rows.push(traces.iter().map(|name| (name.as_str(), trace.clone())).collect());

    let before = world.others();
    let tip = || world.scene.repo.git(&["rev-parse", "feature/task-0"]);
    for (number, row) in rows.iter().enumerate() {
        // The shells differ in `unset`, not in git.
        for shell in shells().into_iter().filter(|shell| *shell == "bash" || number < 4) {
            let run = |command: &str| {
                let ran = world.shell(shell, row, &rewritten(&world.scene, row, command));
                assert_eq!(ran.code, 0, "{row:?} {shell} {command}: {ran:?}");
                assert_eq!(world.others(), before, "{row:?} {shell} {command}");
                ran.stdout
            };
            let old = tip();
            run("cd ./src && echo more >> x.rs && git add -A && git commit -q -m 'feat: x'");
            assert_eq!(world.scene.repo.git(&["rev-parse", "feature/task-0^"]), old, "{row:?} {shell}");
            run(
                "echo more >> file.txt\ngit diff --stat HEAD~1\ngit diff HEAD~1 | head -n 30\ngit log -p -1 | cat",
            );
            assert_eq!(
                run("git status --short && ls file.*").trim(),
                "M file.txt\nfile.txt",
                "{row:?} {shell}"
            );
            assert_eq!(run("grep -c zero file.txt || true").trim(), "0");
            run("ctx commit -m 'feat: y'");
            assert_eq!(world.scene.repo.git(&["rev-parse", "feature/task-0~2"]), old, "{row:?} {shell}");
            assert_eq!(run("cat <<'EOF'\n$x\nEOF"), "$x\n");
            assert_eq!(world.shell(shell, row, &rewritten(&world.scene, row, "ls && exit 7")).code, 7);
        }
    }
    let text = rewritten(&world.scene, &[], "git push -q -u origin feature/task-0");
    world
        .shell("bash", &[("GIT_NAMESPACE", "elsewhere".to_owned()), ("GIT_DIR", git_dir.clone())], &text)
        .ok();
    let sent = world
        .scene
        .repo
        .git_in(&world.scene.repo.root().join("origin.git"), &["rev-parse", "refs/heads/feature/task-0"]);
    assert_eq!(sent, tip());

    // As it stands, the same text does harm.
    world.shell("bash", &[("GIT_EXTERNAL_DIFF", world.program.clone())], "git diff HEAD~1").ok();
    world.shell("bash", &[("GIT_TRACE", trace)], "git status").ok();
    assert!(world.ran.join("program").exists() && world.ran.join("trace").exists());
    world.shell("bash", &[("GIT_DIR", git_dir)], "git commit -q --allow-empty -m x").ok();
    assert_ne!(world.others(), before);
}

/// An agent's own cure, by names that are taken away in any case.
#[test]
fn an_agent_may_take_away_what_the_hook_takes_away() {
    let scene = Scene::new();
    for command in [
        "unset GIT_DIR; git status",
        "unset GIT_DIR GIT_WORK_TREE && git add -A && git commit -m x",
        "unset -v GIT_INDEX_FILE\ngit status",
        "env -u GIT_DIR git status",
        "env -u GIT_DIR -u GIT_WORK_TREE git commit -am x",
        "env -uGIT_DIR CI=1 git status",
        "env --unset=GIT_EXTERNAL_DIFF git diff",
        "env --unset=GIT_DIR -- cargo test",
        "(unset GIT_TRACE; git log)",
    ] {
        scene.check(command, "allow", "");
    }
    for command in [
        "unset PATH; git status",
        "unset GIT_SSH_COMMAND",
        "unset HOME GIT_DIR",
        "unset",
        "unset -f GIT_DIR",
        "unset \"$x\"",
        "unset GIT_*",
        "env -u PATH git status",
        "env -u HOME git commit -am x",
        "env -u \"$x\" git status",
        "env -i git status",
        "env -u GIT_DIR",
        "env -u GIT_DIR GIT_DIR=/x git status",
        "env -S 'git status'",
        "GIT_DIR=../../.git git status",
        "export GIT_DIR=../../.git; git status",
        "GIT_DIR=../../.git; git status",
    ] {
        scene.check(command, "none", "");
    }
    scene.check("unset GIT_DIR; git push --force origin main", "deny", "");
    scene.check("env -u GIT_DIR git stash", "deny", "");
}

#[test]
fn an_unbound_agent_reads_behind_the_same_line() {
    let scene = Scene::new();
    let event = json!({ "hook_event_name": "PreToolUse", "tool_name": "Bash", "tool_input": { "command": "cat README.md" }, "agent_id": "a",
        "agent_type": "ctx:parallel-task-executor", "session_id": "s", "cwd": scene.repo.path });
    let answer: Value = serde_json::from_str(&scene.repo.hook(&event)).unwrap();
    assert_eq!(cleared(&answer["hookSpecificOutput"]), "cat README.md");
}

/// Writes a settings file with this `env`.
fn set_env(folder: &Path, file: &str, env: &Value) {
    write(&folder.join(file), &json!({ "env": env }).to_string());
}

const SHARED: &str = ".claude/settings.json";
const LOCAL: &str = ".claude/settings.local.json";

#[test]
fn a_repository_s_environment_counts_once_its_text_was_accepted() {
    let scene = Scene::new();
    let main = scene.repo.path.clone();
    let decides = |command: &str| {
        bash(&scene, &[], command)["permissionDecision"].as_str().unwrap_or("none").to_owned()
    };
    let file = |path: &Path| {
        let answer = answer(&scene, &[], "Write", &json!({ "file_path": path, "content": "" }));
        answer["permissionDecision"].as_str().unwrap_or("none").to_owned()
    };
    let verb = |cwd: &Path| {
        let event = json!({ "hook_event_name": "PreToolUse", "tool_name": "Bash", "tool_input": { "command": "ctx status" }, "cwd": cwd });
        scene.repo.hook(&event).contains("\"allow\"")
    };
    let inside = scene.worktree.join("src/new.rs");
    let nothing_is_allowed = |session: &Path| {
        for command in [
            "git status",
            "ls",
            "git add -A && git commit -m x",
            "cargo test",
            "ctx commit -m 'feat: x'",
            "ctx status",
        ] {
            assert_eq!(decides(command), "none", "{command}");
        }
        assert_eq!((file(&inside).as_str(), verb(session)), ("none", false));
        // What is denied stays so.
        assert_eq!(decides("git push --force origin HEAD"), "deny");
        assert_eq!(file(&main.join("src/new.rs")), "deny");
    };
    let all_is_allowed = || {
        for command in ["git status", "git add -A && git commit -m x", "ctx status"] {
            assert_eq!(decides(command), "allow", "{command}");
        }
        assert_eq!((file(&inside).as_str(), verb(&main)), ("allow", true));
    };
    all_is_allowed();

    let path = json!({ "PATH": "/evil:/usr/bin", "GIT_EXTERNAL_DIFF": "/evil/x", "CI": "1" });
    set_env(&main, SHARED, &path);
    nothing_is_allowed(&main);
    let started =
        scene.repo.hook(&json!({ "hook_event_name": "SessionStart", "source": "startup", "cwd": main }));
    let started: Value = serde_json::from_str(&started).unwrap();
    let told = started["systemMessage"].as_str().unwrap();
    assert_eq!(told.lines().count(), 1);
    for part in [SHARED, "`GIT_EXTERNAL_DIFF`, `PATH`", "`ctx accept`", "no tool call is approved"] {
        assert!(told.contains(part), "{told}");
    }
    assert!(!told.contains("`CI`"), "{told}");
    let doctor = scene.repo.ctx(&["doctor"]).fails(1);
    let lines: Vec<&str> = doctor.lines().filter(|line| line.contains("environment")).collect();
    assert!(lines.len() == 1 && lines[0].contains("`PATH`") && lines[0].contains("`ctx accept`"), "{doctor}");
    let shown = "env GIT_EXTERNAL_DIFF: \"/evil/x\"\nenv PATH: \"/evil:/usr/bin\"\n";
    assert_eq!(scene.repo.ctx(&["accept", "--list"]).ok(), shown);
    nothing_is_allowed(&main);

    let accepted = scene.repo.ctx_in(&scene.worktree, &["accept"]).ok();
    assert_eq!(accepted, shown.replace("env ", "accepted env "));
    all_is_allowed();
    assert!(scene.repo.ctx(&["accept", "--list"]).ok().starts_with("nothing to accept"));
    assert!(!scene.repo.ctx(&["doctor"]).stdout.contains("environment"));
    // The same text in a worktree is the same environment; its order and what is harmless do not count.
    write(
        &scene.worktree.join(SHARED),
        "{\"env\": {\"GIT_EXTERNAL_DIFF\": \"/evil/x\",\n \"PATH\": \"/evil:/usr/bin\"}}",
    );
    all_is_allowed();

    for other in [
        json!({ "PATH": "/evil:/usr/bin:/more", "GIT_EXTERNAL_DIFF": "/evil/x" }),
        json!({ "PATH": "/evil:/usr/bin", "GIT_EXTERNAL_DIFF": "/evil/x", "FOO": "bar" }),
        json!({ "PATH": "/evil:/usr/bin" }),
        json!({ "CI": "$(x)" }),
        json!({ "DEBUG": 1 }),
        json!({ "GIT_DIR": "" }),
        json!({ "BASH_ENV": "x" }),
        json!({ "MAX_THINKING_TOKENS": "1;x" }),
    ] {
        set_env(&main, SHARED, &other);
        nothing_is_allowed(&main);
        set_env(&main, SHARED, &path);
        set_env(&scene.worktree, SHARED, &other);
        nothing_is_allowed(&scene.worktree);
        fs::remove_file(scene.worktree.join(SHARED)).unwrap();
        all_is_allowed();
    }
    for harmless in [
        json!({}),
        json!({ "CI": "1", "RUST_LOG": "debug", "BASH_DEFAULT_TIMEOUT_MS": "600000" }),
        json!(null),
    ] {
        set_env(&main, SHARED, &harmless);
        all_is_allowed();
    }
    // Another repository brings the same text: that was not accepted.
    let other = Scene::new();
    set_env(&other.repo.path, SHARED, &path);
    fs::create_dir_all(other.repo.home().join(".claude")).unwrap();
    fs::copy(
        scene.repo.home().join(".claude/ctx-accepted.jsonl"),
        other.repo.home().join(".claude/ctx-accepted.jsonl"),
    )
    .unwrap();
    assert_eq!(bash(&other, &[], "git status"), Value::Null);
}

/// The local settings are the person's, unless the repository brings them.
#[test]
fn local_settings_that_git_tracks_are_the_repository_s() {
    let scene = Scene::new();
    let main = scene.repo.path.clone();
    let allowed = || bash(&scene, &[], "git status")["permissionDecision"] == "allow";
    for folder in [&main, &scene.worktree] {
        for version in ["2", "4"] {
            set_env(folder, LOCAL, &json!({ "FOO": "bar" }));
            assert!(allowed());
            scene.repo.git_in(folder, &["update-index", "--force-write-index", "--index-version", version]);
            assert!(allowed());
            scene.repo.git_in(folder, &["add", "--force", LOCAL]);
            assert!(!allowed(), "{}", folder.display());
            scene.repo.git_in(folder, &["rm", "--quiet", "--force", LOCAL]);
            assert!(allowed());
        }
    }
    set_env(&main, LOCAL, &json!({ "FOO": "bar" }));
    scene.repo.git(&["update-index", "--split-index"]);
    assert!(allowed());
    scene.repo.git(&["add", "--force", LOCAL]);
    assert!(!allowed());
    scene.repo.git(&["update-index", "--split-index"]);
    assert!(!allowed());
    assert_eq!(scene.repo.ctx(&["accept"]).ok(), "accepted env FOO: \"bar\"\n");
    assert!(allowed());
}

/// Rules that allow are the person's only.
#[test]
fn local_settings_that_git_tracks_allow_nothing() {
    let scene = Scene::new();
    scene.repo.write("check.sh", "true\n");
    let rule =
        json!({ "permissions": { "allow": ["Bash(sh check.sh)"], "deny": ["Bash(cat:*)"] } }).to_string();
    scene.repo.write(LOCAL, &rule);
    write(&scene.worktree.join("check.sh"), "true\n");
    scene.check("sh check.sh", "allow", "");
    for version in ["2", "4"] {
        scene.repo.git(&["add", "--force", LOCAL]);
        scene.repo.git(&["update-index", "--force-write-index", "--index-version", version]);
        assert_ne!(scene.command("sh check.sh").0, "allow");
        scene.check("cat README.md", "none", "the rule");
        scene.repo.git(&["rm", "--quiet", "--cached", LOCAL]);
        scene.check("sh check.sh", "allow", "");
    }
}

/// No repository brings its own consent along, and none hides its settings in the folder that a session starts in.
#[test]
fn consent_is_found_where_the_repository_cannot_put_it() {
    let scene = Scene::new();
    let main = scene.repo.path.clone();
    for (name, value) in [
        ("CLAUDE_CONFIG_DIR", main.join("own")),
        ("CLAUDE_CONFIG_DIR", main.join(".claude")),
        ("HOME", main.join("own")),
        ("HOME", main.clone()),
    ] {
        set_env(&main, SHARED, &json!({ name: value, "PATH": "/evil" }));
        assert!(scene.repo.ctx(&["accept"]).fails(1).contains(&format!("take `{name}` out")));
        let inherited = [(name, value.to_str().unwrap().to_owned())];
        assert_eq!(bash(&scene, &inherited, "ls"), Value::Null);
        assert_eq!(bash(&scene, &[], "ls"), Value::Null);
    }
    fs::remove_file(main.join(SHARED)).unwrap();
    // A home that is a repository: its settings are the person's.
    set_env(&main, SHARED, &json!({ "PATH": "/mine" }));
    assert_eq!(bash(&scene, &[], "ls"), Value::Null);
    let home = [("HOME", main.to_str().unwrap().to_owned())];
    assert_eq!(bash(&scene, &home, "ls")["permissionDecision"], "allow");
    fs::remove_file(main.join(SHARED)).unwrap();
    // Below the top level, where the session was started.
    let below = main.join("src");
    set_env(&below, SHARED, &json!({ "PATH": "/evil" }));
    let started = [("CLAUDE_PROJECT_DIR", below.to_str().unwrap().to_owned())];
    assert_eq!(bash(&scene, &started, "ls"), Value::Null);
    assert_eq!(scene.repo.ctx_in(&below, &["accept"]).ok(), "accepted env PATH: \"/evil\"\n");
    assert_eq!(bash(&scene, &started, "ls")["permissionDecision"], "allow");
}

/// Where `ctx` was never used, its verbs are not allowed either while a repository says which `ctx` that is.
#[test]
fn a_verb_in_a_new_repository_waits_for_the_consent_too() {
    let repo = crate::support::repo::Repo::new();
    let call = || {
        let event = json!({ "hook_event_name": "PreToolUse", "tool_name": "Bash", "tool_input": { "command": "ctx status" }, "cwd": repo.path });
        repo.hook(&event)
    };
    assert!(call().contains("allow"));
    repo.write(SHARED, &json!({ "env": { "PATH": "./bin" } }).to_string());
    assert_eq!(call(), "");
    repo.ctx(&["accept"]).ok();
    assert!(call().contains("allow"));
}
