//! What a new worktree gets beside its checkout: ignored files, installed packages, ports of its own.

use std::collections::BTreeSet;
use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::symlink;

use crate::support::repo::{CTX, Repo, document, three_tasks, write};

/// With a command for set-up in the person's own settings.
fn with_setup(command: &str) -> Repo {
    let repo = Repo::new();
    write(&repo.home().join(".claude/ctx.yaml"), &format!("worktrees: {{ setup: {command:?} }}\n"));
    repo
}

/// `sh set-up.sh` in every worktree.
fn with_script(script: &str) -> Repo {
    let repo = with_setup("sh set-up.sh");
    repo.write("set-up.sh", script);
    repo.write(".gitignore", "made/\n.env\n*.log\n");
    repo.commit("script");
    repo.create_plan(&three_tasks());
    repo
}

fn log(repo: &Repo, task: &str) -> String {
    let plan = fs::read_dir(repo.path.join(".git/ctx/logs")).unwrap().next().unwrap().unwrap().path();
    fs::read_to_string(plan.join(format!("{task}.log"))).unwrap()
}

#[test]
fn worktreeinclude_is_read_as_git_reads_its_own() {
    let repo = Repo::new();
    repo.write(".gitignore", "*.key\nlocal/\nlink*\n");
    repo.write(".worktreeinclude", "# keys\n*.key\n!public.key\nlocal/**/keep.*\nlink*\nshown.txt\n");
    repo.commit("ignore");
    for file in
        ["a.key", "deep/er/b.key", "deep/public.key", "local/x/keep.txt", "local/x/drop.txt", "shown.txt"]
    {
        repo.write(file, file);
    }
    repo.write("new\nline.key", "odd\n");
    symlink("/etc/hostname", repo.path.join("link-out")).unwrap();
    symlink("../../etc/hostname", repo.path.join("link-up")).unwrap();
    symlink("src/a.txt", repo.path.join("link-in")).unwrap();
    symlink("/etc", repo.path.join("link-folder")).unwrap();
    repo.create_plan(&three_tasks());
    let row = repo.json(&["worktree", "setup", "task-0"])[0].clone();
    let copied: BTreeSet<&str> =
        row["copied"].as_array().unwrap().iter().map(|path| path.as_str().unwrap()).collect();
    let expected = ["a.key", "deep/er/b.key", "link-in", "local/x/keep.txt", "new\nline.key"];
    assert_eq!(copied, BTreeSet::from(expected));
    let dir = repo.worktree("task-0");
    assert_eq!(fs::read_to_string(dir.join("deep/er/b.key")).unwrap(), "deep/er/b.key");
    assert_eq!(fs::read_link(dir.join("link-in")).unwrap().to_str(), Some("src/a.txt"));
    assert!(!dir.join("local/x/drop.txt").exists() && !dir.join("shown.txt").exists());
    assert_eq!(repo.git_in(&dir, &["status", "--porcelain"]), "");
    // Another worktree's files are not among those of the main checkout.
    let rows = repo.json(&["worktree", "setup", "task-1"]);
    assert_eq!(rows[0]["copied"].as_array().unwrap().len(), expected.len());
    // Nobody changed them: nothing of it is kept when the worktree goes.
    let out = repo.ctx(&["cleanup", "--include-unmerged"]).ok();
    assert!(!out.contains("copied in and changed") && !out.contains("ignored files"), "{out}");
}

#[test]
fn nothing_is_copied_over_something_or_through_a_link() {
    let repo = Repo::new();
    let outside = repo.root().join("outside");
    fs::create_dir(&outside).unwrap();
    repo.write(".gitignore", ".env\nlinked/.env\n");
    symlink(&outside, repo.path.join("linked")).unwrap();
    repo.write(".worktreeinclude", ".env\n");
    repo.commit("a link");
    // The main checkout has a folder where the branch has a link.
    repo.git(&["switch", "--quiet", "-c", "other"]);
    fs::remove_file(repo.path.join("linked")).unwrap();
    repo.commit("no link");
    repo.write("linked/.env", "SECRET=1\n");
    repo.write(".env", "KEY=1\n");
    repo.create_plan(&three_tasks().replace("  name: Three\n", "  name: Three\n  base: main\n"));
    // Killed before it copies; somebody puts a file of that name there.
    repo.command(CTX, &repo.path)
        .args(["worktree", "setup", "task-0"])
        .env("CTX_KILL_AT", "setup-copy")
        .output()
        .unwrap();
    write(&repo.worktree("task-0").join(".env"), "MINE\n");
    let ran = repo.ctx(&["worktree", "setup", "task-0"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert_eq!(fs::read_to_string(repo.worktree("task-0").join(".env")).unwrap(), "MINE\n");
    assert!(
        ran.stderr.contains("`.env` is not copied for `task-0`: something else is there"),
        "{}",
        ran.stderr
    );
    assert_eq!(fs::read_dir(&outside).unwrap().count(), 0);
}

#[test]
fn a_lock_file_calls_for_its_tool() {
    let repo = Repo::new();
    repo.write("package.json", r#"{"name":"p","version":"1.0.0","scripts":{"postinstall":"node -e \"console.log('port', process.env.CTX_PORT)\""}}"#);
    repo.write(
        "package-lock.json",
        r#"{"name":"p","version":"1.0.0","lockfileVersion":3,"packages":{"":{"name":"p","version":"1.0.0"}}}"#,
    );
    repo.commit("package");
    repo.create_plan(&document("One", &[("t", &[])]));
    let ran = repo.ctx(&["worktree", "setup", "--json"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert!(ran.stderr.contains("set-up: `npm ci --prefer-offline --no-audit --no-fund` in 1 worktree"));
    let rows: serde_json::Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(rows[0]["commands"].as_array().unwrap().len(), 1);
    assert!(log(&repo, "t").starts_with("$ npm ci "), "{}", log(&repo, "t"));
}

#[test]
fn a_tool_that_is_not_installed_is_named() {
    let repo = Repo::new();
    repo.write("mix.lock", "%{}\n");
    repo.commit("lock");
    repo.create_plan(&document("One", &[("t", &[])]));
    let ran = repo.ctx(&["worktree", "setup"]);
    assert_eq!(ran.code, 0);
    assert!(ran.stderr.contains("but there is no `mix` on `PATH`"), "{}", ran.stderr);
}

#[test]
fn a_set_up_that_fails_stops_its_task_alone() {
    let repo = with_script(
        "echo \"$PWD\" on \"$CTX_PORT\"\ncase $PWD in *task-0) test -e mended || { echo broken >&2; exit 7; };; esac\n",
    );
    let ran = repo.ctx(&["worktree", "setup", "--json"]);
    let rows: serde_json::Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!((ran.code, &rows[0]["result"], &rows[1]["result"]), (1, &"refused".into(), &"created".into()));
    for part in
        ["set-up failed: `sh set-up.sh` ended with exit code 7", "\n  broken", "task-0.log`", "hint: "]
    {
        assert!(ran.stderr.contains(part), "{part}: {}", ran.stderr);
    }
    assert!(log(&repo, "task-0").contains("broken"));
    assert!(repo.ctx(&["task", "start", "task-0"]).fails(1).contains("is not ready"));
    assert!(repo.ctx(&["doctor"]).fails(1).contains("is not prepared"));
    repo.ctx(&["task", "start", "task-1"]).ok();
    // What somebody does about it in there is not undone by the next run.
    let dir = repo.worktree("task-0");
    write(&dir.join("mended"), "yes\n");
    write(&dir.join("src/a.txt"), "edited\n");
    repo.ctx(&["worktree", "setup", "task-0"]).ok();
    assert_eq!(fs::read_to_string(dir.join("src/a.txt")).unwrap(), "edited\n");
    repo.ctx(&["task", "start", "task-0"]).ok();
}

#[test]
fn a_worktree_whose_set_up_failed_can_go() {
    let repo = with_script("mkdir made; echo half >made/half; exit 1\n");
    repo.ctx(&["worktree", "setup", "task-0"]).fails(1);
    let out = repo.ctx(&["cleanup", "--include-unmerged"]).ok();
    assert!(out.contains("removed `"), "{out}");
    assert!(!repo.worktree("task-0").exists());
}

#[test]
fn what_set_up_made_is_not_kept_and_what_was_touched_since_is() {
    let repo = with_script("mkdir made; echo 1 >made/one; echo 2 >made/two\n");
    repo.ctx(&["worktree", "setup", "task-0"]).ok();
    let dir = repo.worktree("task-0");
    write(&dir.join("made/two"), "patched\n");
    write(&dir.join("run.log"), "mine\n");
    repo.ctx(&["cleanup", "--include-unmerged"]).ok();
    let trash = fs::read_dir(repo.worktree(".trash")).unwrap().next().unwrap().unwrap().path();
    assert_eq!(fs::read_to_string(trash.join("made/two")).unwrap(), "patched\n");
    assert_eq!(fs::read_to_string(trash.join("run.log")).unwrap(), "mine\n");
    assert!(!trash.join("made/one").exists());
    repo.ctx(&["undo", "task-0"]).ok();
    assert_eq!(fs::read_to_string(dir.join("made/two")).unwrap(), "patched\n");
}

#[test]
fn a_copy_that_was_changed_is_named_and_kept() {
    let repo = Repo::new();
    repo.write(".gitignore", ".env*\n");
    repo.commit("ignore");
    repo.write(".env", "KEY=1\n");
    repo.write(".env.local", "KEY=2\n");
    repo.create_plan(&three_tasks());
    repo.ctx(&["worktree", "setup", "task-0"]).ok();
    write(&repo.worktree("task-0").join(".env"), "KEY=mine\n");
    // The main checkout's changed, the copy did not: kept, since nothing else has it, but nobody's change.
    repo.write(".env.local", "KEY=new\n");
    let row = repo.json(&["cleanup", "--include-unmerged"])[0].clone();
    assert_eq!(row["changed_copies"], serde_json::json!([".env"]));
    let trash = std::path::Path::new(row["trash"].as_str().unwrap());
    assert_eq!(fs::read_to_string(trash.join(".env")).unwrap(), "KEY=mine\n");
    assert_eq!(fs::read_to_string(trash.join(".env.local")).unwrap(), "KEY=2\n");
}

#[test]
fn a_command_of_the_repository_counts_once_it_was_accepted() {
    let repo = Repo::new();
    repo.write(".gitignore", "ran\n");
    repo.commit("ignore");
    let settings = |command: &str| {
        repo.write(".claude/auto-context.yaml", &format!("worktrees: {{ setup: {command:?} }}\n"))
    };
    settings("touch ran");
    repo.create_plan(&three_tasks());
    let ran = repo.ctx(&["worktree", "setup", "task-0"]);
    assert!(ran.stderr.contains("do not count until you accept them: `worktrees.setup`"), "{}", ran.stderr);
    assert!(!repo.worktree("task-0").join("ran").exists());
    assert!(repo.ctx(&["accept", "--list"]).ok().contains("worktrees.setup: \"touch ran\""));
    assert!(repo.ctx(&["accept", "--list"]).ok().contains("touch ran"), "a list accepts nothing");
    assert!(repo.ctx(&["accept"]).ok().contains("accepted worktrees.setup: \"touch ran\""));
    repo.ctx(&["worktree", "setup", "task-1"]).ok();
    assert!(repo.worktree("task-1").join("ran").exists());
    // Another text is another command.
    settings("touch ran x");
    assert!(repo.ctx(&["accept", "--list"]).ok().contains("touch ran x"));
}

#[test]
fn a_command_that_needs_a_shell_is_refused() {
    let repo = with_setup("echo hi > out");
    repo.create_plan(&three_tasks());
    let out = repo.ctx(&["worktree", "setup", "task-0"]).fails(1);
    assert!(out.contains("`worktrees.setup` is `echo hi > out`, which would need a shell"), "{out}");
}

#[test]
fn every_worktree_has_ports_of_its_own() {
    let repo = with_script("echo \"port $CTX_PORT\"\n");
    // Somebody listens within the first range.
    let _listener = TcpListener::bind(("127.0.0.1", 20_003));
    repo.ctx(&["worktree", "setup"]).ok();
    repo.create_plan(&document("Next", &[("other", &[])]));
    repo.ctx(&["worktree", "setup"]).ok();
    let rows = repo.json(&["worktree", "list"]);
    let ports: BTreeSet<u64> =
        rows.as_array().unwrap().iter().map(|row| row["port"].as_u64().unwrap()).collect();
    assert_eq!(ports.len(), 3);
    assert!(ports.iter().all(|port| *port > 20_000 && port % 10 == 0), "{ports:?}");
    let shown = repo.json(&["task", "show", "other"]);
    let text = repo.ctx(&["task", "show", "other"]).ok();
    assert!(text.contains(&format!("ports: {0} to {1}", shown["port"], shown["port"].as_u64().unwrap() + 9)));
}

/// Patterns of `worktrees.copy`, and what of a repository with all kinds of env files is copied.
#[test]
fn env_files_are_copied_from_any_depth_but_not_from_folders_that_are_ignored_as_a_whole() {
    let files = [
        ".env",
        ".env.local",
        ".envrc",
        ".dev.vars",
        "packages/api/.env",
        "apps/web/.env.local",
        "only/ignored/.env",
        "node_modules/x/.env",
        "target/.env",
        ".venv/.env",
        ".envs/secret",
        "cache/deep/a",
        "packages/api/cache/b",
    ];
    let default = [
        ".dev.vars",
        ".env",
        ".env.local",
        ".envrc",
        "apps/web/.env.local",
        "only/ignored/.env",
        "packages/api/.env",
    ];
    let table: &[(&str, &[&str])] = &[
        ("", &default),
        ("[]", &[]),
        ("['.env']", &[".env", "only/ignored/.env", "packages/api/.env"]),
        ("['.env.[kl]ocal']", &[".env.local", "apps/web/.env.local"]),
        ("['/.env']", &[".env"]),
        ("['packages/*/.env']", &["packages/api/.env"]),
        ("['cache']", &["cache/deep/a", "packages/api/cache/b"]),
        ("['cache/']", &["cache/deep/a", "packages/api/cache/b"]),
        ("['node_modules/x/.env']", &["node_modules/x/.env"]),
        ("['**/.envrc', '.venv']", &[".envrc", ".venv/.env"]),
    ];
    let repo = Repo::new();
    let ignored = ".env\n.env.*\n.envrc\n.envs/\n.dev.vars\nnode_modules/\ntarget/\n.venv\ncache/\n";
    repo.write(".gitignore", ignored);
    repo.write("packages/api/code", "x\n");
    repo.commit("code");
    for file in files {
        repo.write(file, file);
    }
    repo.create_plan(&document("One", &[("t", &[])]));
    for (patterns, expected) in table {
        let text = match *patterns {
            "" => String::new(),
            patterns => format!("worktrees: {{ copy: {patterns} }}\n"),
        };
        write(&repo.home().join(".claude/ctx.yaml"), &text);
        let row = repo.json(&["worktree", "setup"])[0].clone();
        assert_eq!(row["copied"], serde_json::json!(expected), "{patterns}");
        let status = repo.git_in(&repo.worktree("t"), &["status", "--porcelain"]);
        assert_eq!(status, "", "{patterns}");
        repo.ctx(&["cleanup", "--include-unmerged"]).ok();
    }
}
