//! `ctx doctor`: what is wrong with worktrees, with the evidence; `--fix` mends it.

use std::fs;

use crate::support::repo::{Ran, Repo, run, three_tasks, write};

/// The findings on worktrees that are errors.
fn errors(ran: &Ran) -> Vec<String> {
    let findings: serde_json::Value = serde_json::from_str(&ran.stdout).unwrap();
    let on_worktrees = |row: &&serde_json::Value| row["check"] == "worktrees" && row["level"] == "error";
    let fact = |row: &serde_json::Value| row["fact"].as_str().unwrap().split(':').next().unwrap().to_owned();
    findings.as_array().unwrap().iter().filter(on_worktrees).map(fact).collect()
}

#[test]
fn a_folder_that_is_gone_is_made_again_only_when_asked() {
    let repo = Repo::with_plan(&three_tasks());
    repo.ctx(&["worktree", "setup"]).ok();
    let tip = repo.commit_in(&repo.worktree("task-0"), "feat: work");
    fs::remove_dir_all(repo.worktree("task-0")).unwrap();
    let doctor = repo.ctx(&["doctor", "--json"]);
    assert_eq!((doctor.code, errors(&doctor)), (1, vec!["the folder of `task-0` is gone".to_owned()]));
    assert!(!repo.worktree("task-0").exists());
    let fixed = repo.ctx(&["doctor", "--json", "--fix"]);
    assert_eq!((fixed.code, errors(&fixed)), (0, vec![]), "{}", fixed.stderr);
    assert!(
        fixed.stderr.contains("fixed: the folder of `task-0` was gone; made again from `feature/task-0`"),
        "{}",
        fixed.stderr
    );
    assert_eq!(repo.git_in(&repo.worktree("task-0"), &["rev-parse", "HEAD"]), tip);
}

#[test]
fn worktrees_of_a_moved_repository_are_found_again() {
    let repo = Repo::with_plan(&three_tasks());
    repo.ctx(&["worktree", "setup"]).ok();
    write(&repo.worktree("task-0").join("note.txt"), "mine\n");
    let moved = repo.root().join("elsewhere");
    fs::rename(&repo.path, &moved).unwrap();
    let doctor = repo.ctx_in(&moved, &["doctor", "--json"]);
    assert_eq!(
        errors(&doctor),
        ["the worktree of `task-0` was moved", "the worktree of `task-1` was moved"],
        "{}",
        doctor.stdout
    );
    let fixed = repo.ctx_in(&moved, &["doctor", "--json", "--fix"]);
    assert_eq!((fixed.code, errors(&fixed)), (0, vec![]), "{}", fixed.stdout);
    assert!(
        fixed.stderr.contains("fixed: the worktree of `task-0` was moved; git has it at `"),
        "{}",
        fixed.stderr
    );
    let dir = moved.join("worktrees/task-0");
    let path = repo.ctx_in(&moved, &["worktree", "path", "task-0"]).ok();
    assert_eq!(path.trim_end(), dir.to_str().unwrap());
    let status = run(repo.command("git", &dir).args(["status", "--porcelain"])).ok();
    assert_eq!(status, "?? note.txt\n");
}

#[test]
fn what_was_cut_short_is_named_with_the_command_that_finishes_it() {
    let repo = Repo::with_plan(&three_tasks());
    repo.ctx(&["worktree", "setup"]).ok();
    repo.work("task-0", "task-0.txt", "x\n");
    let cleanup = ["cleanup", "--include-unmerged"];
    run(repo
        .command(crate::support::repo::CTX, &repo.path)
        .args(cleanup)
        .env("CTX_KILL_AT", "remove-branch"));
    let doctor = repo.ctx(&["doctor"]).fails(1);
    assert!(doctor.contains("a command was cut short; run `ctx cleanup`"), "{doctor}");
    repo.ctx(&cleanup).ok();
    repo.ctx(&["doctor"]).ok();
}

#[test]
fn git_locks_that_nobody_holds_are_found_and_removed_when_asked() {
    let repo = Repo::with_plan(&three_tasks());
    repo.ctx(&["worktree", "setup"]).ok();
    let old = std::time::SystemTime::now() - std::time::Duration::from_mins(1);
    let locks =
        [".git/worktrees/task-0/index.lock", ".git/refs/heads/feature/task-1.lock", ".git/packed-refs.lock"];
    for lock in locks {
        let file = fs::File::create(repo.path.join(lock)).unwrap();
        file.set_modified(old).unwrap();
    }
    // A git at work in this repository may hold them.
    let mut git = repo.command("git", &repo.worktree("task-1"));
    let mut git = git.args(["cat-file", "--batch"]).stdin(std::process::Stdio::piped()).spawn().unwrap();
    assert!(!repo.ctx(&["doctor"]).stdout.contains("git's lock"));
    git.kill().unwrap();
    git.wait().unwrap();
    let doctor = repo.ctx(&["doctor"]).fails(1);
    for lock in locks {
        assert!(doctor.contains(&format!("{lock}` has been there for 6")), "{lock}: {doctor}");
    }
    assert!(repo.path.join(locks[0]).exists());
    let fixed = repo.ctx(&["doctor", "--fix"]);
    assert_eq!(fixed.code, 0, "{}", fixed.stdout);
    assert_eq!(fixed.stderr.matches("fixed: removed git's lock `").count(), 3, "{}", fixed.stderr);
    assert!(locks.iter().all(|lock| !repo.path.join(lock).exists()));
}

#[test]
fn a_lease_and_a_task_whose_process_is_gone_are_named() {
    let repo = Repo::with_plan(&three_tasks());
    repo.ctx(&["pool", "init", "1"]).ok();
    // The shell that leases is gone when its command has ended.
    let ctx = crate::support::repo::CTX;
    run(repo.command("sh", &repo.path).args(["-c", &format!("{ctx} pool acquire task-0; true")])).ok();
    let health = repo.ctx(&["pool", "health"]);
    assert_eq!(health.code, 0, "it may still be in use: {}", health.stdout);
    assert!(health.stdout.contains("that leased `slot.1` for `task-0` is gone"), "{}", health.stdout);
    assert!(health.stdout.contains("run `ctx pool release slot.1`"), "{}", health.stdout);
    assert_eq!(repo.json(&["pool", "status"])[0]["dead"], true);
}

/// A plugin of a marketplace folder, in the client's files as 2.1.332 leaves them.
struct InClient {
    repo: Repo,
    root: std::path::PathBuf,
}

impl InClient {
    /// With this `ctx` in a folder of this name.
    fn new(folder: &str) -> Self {
        let repo = Repo::new();
        let market = repo.root().join(folder);
        let root = market.join("plugin");
        let plugin = r#"{"name": "ctx", "version": "VERSION"}"#.replace("VERSION", env!("CARGO_PKG_VERSION"));
        write(&root.join(".claude-plugin/plugin.json"), &plugin);
        write(&root.join("hooks/hooks.json"), "{}");
        write(&root.join("bin/ctx-hook"), "");
        fs::copy(crate::support::repo::CTX, root.join("bin/ctx")).unwrap();
        let index = r#"{"name": "m", "plugins": [{"name": "ctx", "source": "./plugin"}]}"#;
        write(&market.join(".claude-plugin/marketplace.json"), index);
        let place = serde_json::to_string(market.to_str().unwrap()).unwrap();
        let markets = format!(
            r#"{{"m": {{"source": {{"source": "directory", "path": {place}}}, "installLocation": {place}}}}}"#
        );
        write(&repo.home().join(".claude/plugins/known_marketplaces.json"), &markets);
        let client = Self { repo, root };
        client.installed(r#""scope": "user""#);
        client.settings(".claude/settings.json", r#"{"enabledPlugins": {"ctx@m": true}}"#);
        client
    }

    fn installed(&self, scope: &str) {
        let text = format!(
            r#"{{"version": 2, "plugins": {{"ctx@m": [{{{scope}, "installPath": "/nowhere", "version": "0.0.1"}}]}}}}"#
        );
        write(&self.repo.home().join(".claude/plugins/installed_plugins.json"), &text);
    }

    fn settings(&self, file: &str, text: &str) {
        write(&self.repo.home().join(file), text);
    }

    /// The findings on the plugin.
    fn findings(&self) -> Vec<String> {
        let ran = self.repo.ctx(&["doctor", "--json"]);
        let findings: serde_json::Value = serde_json::from_str(&ran.stdout).unwrap();
        let of_plugin = findings.as_array().unwrap().iter().filter(|row| row["check"] == "plugin");
        let root = self.root.to_str().unwrap();
        of_plugin
            .map(|row| {
                let [level, fact, hint] =
                    ["level", "fact", "hint"].map(|key| row[key].as_str().unwrap_or_default());
                format!("{level}: {fact}; {hint}")
                    .replace(root, "ROOT")
                    .replace(env!("CARGO_PKG_VERSION"), "VERSION")
            })
            .collect()
    }

    #[track_caller]
    fn check(&self, expected: &str) {
        let scripts = format!("`{}/scripts/install`", env!("CARGO_MANIFEST_DIR"));
        assert_eq!(self.findings(), [expected.replace("INSTALL", &scripts)]);
    }
}

#[test]
fn the_plugin_in_the_client_is_looked_at() {
    let client = InClient::new("m");
    client.check("ok: `ctx@m` is enabled, version VERSION, in `ROOT`; ");

    let manifest = client.root.join(".claude-plugin/plugin.json");
    let text = fs::read_to_string(&manifest).unwrap();
    fs::write(&manifest, text.replace(env!("CARGO_PKG_VERSION"), "9.9.9")).unwrap();
    client.check(
        "note: the plugin is version 9.9.9, this `ctx` is version VERSION; run INSTALL, or put `ROOT/bin` first on `PATH`",
    );
    fs::write(&manifest, text).unwrap();

    write(&client.root.join("bin/ctx"), "another build");
    client.check(
        "note: this `ctx` and the plugin's are different builds of version VERSION; run INSTALL, or put `ROOT/bin` first on `PATH`",
    );
    write(&client.root.join("bin/ctx"), "#!/bin/sh\nexec ../target/release/ctx\n");
    client.check("error: the plugin in `ROOT` is not built; run INSTALL");
    fs::remove_file(client.root.join("hooks/hooks.json")).unwrap();
    client.check("error: the plugin in `ROOT` has no `hooks/hooks.json`; run INSTALL");
    fs::remove_dir_all(client.root.parent().unwrap()).unwrap();
    let findings = client.findings();
    assert!(findings[0].contains("error: Claude Code cannot load `ctx@m`"), "{findings:?}");
    assert!(findings[0].contains("is gone; run `"), "{findings:?}");
}

#[test]
fn a_plugin_that_sessions_do_not_load_is_a_note_with_the_command_that_loads_it() {
    let client = InClient::new("m");
    let off = "note: `ctx@m` is installed in Claude Code, but not enabled; run `claude plugin enable ctx@m`";
    client.settings(".claude/settings.json", r#"{"enabledPlugins": {"ctx@m": false}}"#);
    client.check(off);
    client.settings(".claude/settings.json", r#"{"enabledPlugins": {}}"#);
    client.check(off);
    // The project's settings count before the person's.
    client.repo.write(".claude/settings.json", r#"{"enabledPlugins": {"ctx@m": true}}"#);
    client.check("ok: `ctx@m` is enabled, version VERSION, in `ROOT`; ");
    client.repo.write(".claude/settings.local.json", r#"{"enabledPlugins": {"ctx@m": false}}"#);
    client.check(off);
    client.repo.write(".claude/settings.local.json", "{ no JSON");
    client.check("ok: `ctx@m` is enabled, version VERSION, in `ROOT`; ");

    client.installed(r#""scope": "local", "projectPath": "/somewhere/else""#);
    let absent = "note: it is not installed in Claude Code; there is no `/ctx:plan`; run ";
    client.check(&format!("{absent}`claude plugin install ctx@m`"));
    fs::remove_dir_all(client.repo.home().join(".claude/plugins")).unwrap();
    client.check(&format!("{absent}INSTALL"));
}

#[test]
fn hooks_that_are_switched_off_are_named() {
    let client = InClient::new("m");
    client.repo.write(".claude/settings.local.json", r#"{"disableAllHooks": true}"#);
    let findings = client.findings();
    assert_eq!(findings.len(), 2, "{findings:?}");
    assert!(findings[1].contains("settings.local.json` switches all hooks off"), "{findings:?}");
}

/// Tried with the client: with each of these its `bin/` is not on `PATH`, with other characters it is.
#[test]
fn a_path_for_which_the_client_leaves_bin_off_is_named() {
    for name in ["it's", "a$b", "a`b", "a\"b", "a\\b", "a:b"] {
        let findings = InClient::new(name).findings();
        assert!(findings[0].starts_with("error: its path `ROOT` has `"), "{name}: {findings:?}");
        assert!(findings[0].contains("set `XDG_DATA_HOME` to a plain path"), "{findings:?}");
    }
    for name in ["a b", "a!b", "a*b", "a;b", "a&b", "a|b", "a(b", "aéb"] {
        let findings = InClient::new(name).findings();
        assert!(findings[0].starts_with("ok: "), "{name}: {findings:?}");
    }
}
