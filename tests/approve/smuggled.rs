//! What a repository or an environment tries to slip past the hook: settings by other ways, variables of other programs.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;
use std::time::Instant;

use serde_json::{Value, json};

use super::scene::Scene;
use crate::support::repo::{CTX_HOOK, Repo, run, run_with, write};

const SHARED: &str = ".claude/settings.json";
const LOCAL: &str = ".claude/settings.local.json";

/// The hook's answer to a session's command.
fn bash(repo: &Repo, cwd: &Path, env: &[(&str, &Path)], command: &str) -> Value {
    let event = json!({
        "hook_event_name": "PreToolUse", "tool_name": "Bash", "tool_input": { "command": command }, "cwd": cwd, "session_id": "s1"
    });
    let ran = run_with(repo.command(CTX_HOOK, &repo.path).envs(env.iter().copied()), &event.to_string());
    assert_eq!((ran.code, ran.stderr.as_str()), (0, ""), "{command}");
    serde_json::from_str::<Value>(&ran.stdout)
        .map_or(Value::Null, |answer| answer["hookSpecificOutput"].clone())
}

fn allows(repo: &Repo, cwd: &Path, command: &str) -> bool {
    bash(repo, cwd, &[], command)["permissionDecision"] == "allow"
}

/// Brings local settings into a repository.
type Bring<'a> = &'a dyn Fn(&Repo);

/// Local settings that git has under another name than the one by which the client finds them.
#[test]
fn local_settings_that_a_link_or_a_submodule_brings_are_the_repository_s() {
    let local =
        json!({ "env": { "PATH": "/evil" }, "permissions": { "allow": ["Bash(sh check.sh)"] } }).to_string();
    let own = |repo: &Repo| drop(repo.write(LOCAL, &local));
    let link = |repo: &Repo, target: &str, name: &str| {
        let path = repo.path.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::os::unix::fs::symlink(target, path).unwrap();
    };
    let tracked = |repo: &Repo, names: &[&str]| drop(repo.git(&[&["add", "--force"], names].concat()));
    let rows: [(&str, Bring<'_>, bool); 8] = [
        ("the person's file", &own, false),
        (
            "a folder that is a link",
            &|repo| {
                repo.write("cfg/settings.local.json", &local);
                link(repo, "cfg", ".claude");
                tracked(repo, &["cfg", ".claude"]);
            },
            true,
        ),
        (
            "a tracked link to what git does not track",
            &|repo| {
                repo.write("target/cfg/settings.local.json", &local);
                link(repo, "target/cfg", ".claude");
                tracked(repo, &[".claude"]);
            },
            true,
        ),
        (
            "a file that is a link",
            &|repo| {
                repo.write("x.json", &local);
                link(repo, "../x.json", LOCAL);
                tracked(repo, &["x.json", LOCAL]);
            },
            true,
        ),
        (
            "the person's link to a file that git tracks",
            &|repo| {
                repo.write("x.json", &local);
                link(repo, "../x.json", LOCAL);
                tracked(repo, &["x.json"]);
            },
            true,
        ),
        (
            "links behind links",
            &|repo| {
                repo.write("a/b/settings.local.json", &local);
                link(repo, "../a/./b", "c/d");
                link(repo, "c/d", ".claude");
                tracked(repo, &["c"]);
            },
            true,
        ),
        (
            "a repository of its own",
            &|repo| {
                own(repo);
                let inner = repo.path.join(".claude");
                repo.git_in(&inner, &["init", "--quiet"]);
                repo.git_in(&inner, &["add", "--force", "settings.local.json"]);
            },
            true,
        ),
        (
            "the person's link to a file outside",
            &|repo| {
                write(&repo.root().join("mine.json"), &local);
                link(repo, repo.root().join("mine.json").to_str().unwrap(), LOCAL);
            },
            false,
        ),
    ];
    for (name, bring, brought) in rows {
        let scene = Scene::new();
        write(&scene.worktree.join("check.sh"), "true\n");
        assert!(allows(&scene.repo, &scene.repo.path, "ctx status"), "{name}");
        bring(&scene.repo);
        for (cwd, command) in [
            (&scene.repo.path, "ctx status"),
            (&scene.worktree, "git status"),
            (&scene.worktree, "sh check.sh"),
        ] {
            assert_eq!(allows(&scene.repo, cwd, command), !brought, "{name}: {command}");
        }
        // Once the environment is accepted, its rules still allow nothing.
        if brought {
            scene.repo.ctx(&["accept"]).ok();
            assert!(allows(&scene.repo, &scene.worktree, "git status"), "{name}");
            assert!(!allows(&scene.repo, &scene.worktree, "sh check.sh"), "{name}");
        }
    }
}

/// An archive that was unpacked has settings as a repository has; outside git nobody can say whose they are.
#[test]
fn outside_every_repository_rules_and_environments_count_too() {
    let repo = Repo::new();
    let plain = repo.root().join("plain");
    fs::create_dir(&plain).unwrap();
    let env = json!({ "env": { "PATH": "./bin" } });
    let rules = |list: &str| json!({ "permissions": { list: ["Bash(ctx status)"] } });
    let rows = [
        (SHARED, json!({}), true),
        (SHARED, json!({ "env": { "CI": "1" } }), true),
        (SHARED, env.clone(), false),
        (LOCAL, env.clone(), false),
        (SHARED, rules("deny"), false),
        (LOCAL, rules("ask"), false),
        (LOCAL, rules("allow"), true),
        (SHARED, json!("["), false),
    ];
    for (file, settings, allowed) in rows {
        let text = settings.as_str().map_or_else(|| settings.to_string(), str::to_owned);
        for folder in [&plain, &plain.join("below")] {
            write(&folder.join(file), &text);
            assert_eq!(allows(&repo, folder, "ctx status"), allowed, "{file} {settings}");
            // Or where the session was started.
            let started = bash(&repo, repo.root().as_path(), &[("CLAUDE_PROJECT_DIR", folder)], "ctx status");
            assert_eq!(started["permissionDecision"] == "allow", allowed, "{file} {settings}");
            fs::remove_file(folder.join(file)).unwrap();
        }
        if file == SHARED {
            write(&repo.home().join(SHARED), &rules("deny").to_string());
            assert!(!allows(&repo, &plain, "ctx status"), "the person's own rule");
            fs::remove_file(repo.home().join(SHARED)).unwrap();
        }
    }
}

/// A file that never ends, or that nobody writes to, does not keep the hook from what it knows.
#[test]
fn settings_that_cannot_be_read_keep_nobody_waiting() {
    let scene = Scene::new();
    let pipe = |path: &Path| assert!(Command::new("mkfifo").arg(path).status().unwrap().success());
    let check = |name: &str| {
        let begun = Instant::now();
        assert_eq!(bash(&scene.repo, &scene.worktree, &[], "git status"), Value::Null, "{name}");
        let denied = bash(&scene.repo, &scene.worktree, &[], "git push --force origin HEAD");
        assert_eq!(denied["permissionDecision"], "deny", "{name}");
        assert!(begun.elapsed().as_secs() < 4, "{name}");
    };
    for folder in [&scene.repo.path, &scene.worktree] {
        for file in [SHARED, LOCAL] {
            let path = folder.join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            pipe(&path);
            check("a pipe");
            fs::remove_file(&path).unwrap();
            std::os::unix::fs::symlink("/dev/zero", &path).unwrap();
            check("a device");
            fs::remove_file(&path).unwrap();
            fs::File::create(&path).unwrap().set_len(1 << 40).unwrap();
            check("a file with a hole");
            fs::remove_file(&path).unwrap();
        }
    }
    // The worktree's own pointer to its repository.
    let pointer = scene.worktree.join(".git");
    fs::remove_file(&pointer).unwrap();
    pipe(&pointer);
    let begun = Instant::now();
    assert_eq!(bash(&scene.repo, &scene.worktree, &[], "git status"), Value::Null);
    assert!(begun.elapsed().as_secs() < 4);
}

/// Variables by which an allowed command would write other refs, or run what the command does not name.
#[test]
fn no_inherited_variable_adds_to_what_a_command_does() {
    let scene = Scene::new();
    let (repo, wt) = (&scene.repo, &scene.worktree);
    let ran = repo.root().join("ran");
    let program = write(&repo.root().join("program"), &format!("#!/bin/sh\necho x >> '{}'\n", ran.display()));
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
    repo.git_in(wt, &["commit", "--quiet", "--allow-empty", "-m", "x"]);
    repo.git_in(wt, &["notes", "--ref=mine", "add", "-m", "x"]);
    let notes = || repo.git(&["for-each-ref", "refs/notes"]);
    let before = notes();
    let shells: Vec<_> = ["bash", "dash", "zsh"]
        .into_iter()
        .filter(|shell| Command::new(shell).args(["-c", ":"]).status().is_ok_and(|it| it.success()))
        .collect();
    let program = program.to_str().unwrap();
    let env = [
        ("GIT_NOTES_REWRITE_REF", "refs/notes/mine"),
        ("GIT_NOTES_REWRITE_MODE", "concatenate"),
        ("GIT_NOTES_REF", "refs/notes/mine"),
        ("NULLCMD", program),
        ("READNULLCMD", program),
    ];
    for command in [
        "git commit --quiet --amend --allow-empty -m y",
        "git commit --quiet --amend --allow-empty -m z && git fetch --quiet origin",
        "> src/new.rs",
        "(> src/new.rs) && cat src/new.rs",
        "if true; then >> src/new.rs; fi",
        "< file.txt",
        "2> src/new.rs; ls",
    ] {
        let answer = bash(repo, wt, &[], command);
        assert_eq!(answer["permissionDecision"], "allow", "{command}: {answer}");
        let text = answer["updatedInput"]["command"].as_str().unwrap();
        assert!(text.ends_with(command), "{text}");
        for shell in &shells {
            let ended = run(repo.command(shell, wt).envs(env).args(["-c", text]));
            assert_eq!((ended.code, ended.stderr.as_str()), (0, ""), "{shell} {command}");
            assert_eq!(notes(), before, "{shell} {command}");
            assert!(!ran.exists(), "{shell} {command}");
        }
    }
    for name in ["GAWK_PERSIST_FILE", "AWKPATH", "AWKLIBPATH", "EXECIGNORE"] {
        let answer = bash(repo, wt, &[], "awk 1 file.txt");
        let text = answer["updatedInput"]["command"].as_str().unwrap().lines().next().unwrap();
        assert!(text.split(' ').any(|word| word == name), "{name}: {text}");
    }
}

/// A field that is not looked at may say where, or what else.
#[test]
fn a_call_with_a_field_that_is_not_known_is_not_allowed() {
    let scene = Scene::new();
    let path = |name: &str| scene.worktree.join(name);
    let rows = [
        ("Bash", json!({ "command": "git status" })),
        (
            "Bash",
            json!({ "command": "ctx status", "timeout": 5000, "description": "x", "run_in_background": false }),
        ),
        ("Read", json!({ "file_path": path("file.txt"), "offset": 1, "limit": 5 })),
        ("Write", json!({ "file_path": path("src/new.rs"), "content": "" })),
        (
            "Edit",
            json!({ "file_path": path("src/x.rs"), "old_string": "one", "new_string": "two", "replace_all": true }),
        ),
        (
            "Grep",
            json!({ "path": path("src"), "pattern": "one", "-n": true, "output_mode": "content", "head_limit": 5 }),
        ),
        ("Glob", json!({ "path": path("src"), "pattern": "*.rs" })),
    ];
    let decide = |tool: &str, input: &Value, cwd: &Path| {
        let event = json!({ "hook_event_name": "PreToolUse", "tool_name": tool, "tool_input": input, "cwd": cwd, "session_id": "s1" });
        let answer = scene.repo.hook(&event);
        if answer.contains("\"allow\"") { "allow" } else { "none" }
    };
    for (tool, input) in rows {
        assert_eq!(decide(tool, &input, &scene.worktree), "allow", "{tool} {input}");
        for (field, value) in [
            ("machine", json!("other")),
            ("cwd", json!("/")),
            ("env", json!({ "PATH": "/evil" })),
            ("allowed_domains", json!(["*"])),
            ("_simulatedSedEdit", json!({ "filePath": "/x", "newContent": "" })),
        ] {
            let mut changed = input.clone();
            changed[field] = value;
            assert_eq!(decide(tool, &changed, &scene.worktree), "none", "{tool} {changed}");
            // Where `ctx` was never used, too.
            if input["command"] == "ctx status" {
                let elsewhere = scene.repo.root();
                assert_eq!(decide(tool, &input, &elsewhere), "allow");
                assert_eq!(decide(tool, &changed, &elsewhere), "none", "{changed}");
            }
        }
    }
}
