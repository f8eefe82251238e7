//! What a person or a careless model gets wrong: a clear error with a way out, and nothing written.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;

use crate::support::repo::{CTX, Ran, Repo, document, run, run_with, three_tasks, write};

/// Every path below a folder with its size, git's own objects and logs apart.
fn listing(dir: &Path) -> Vec<String> {
    let mut found = Vec::new();
    let mut open = vec![dir.to_owned()];
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            let path = entry.path();
            let meta = path.symlink_metadata().unwrap();
            // A lock file of `ctx` is empty and says nothing.
            if path.extension().is_some_and(|extension| extension == "lock") && meta.len() == 0 {
                continue;
            }
            if meta.is_dir() && !path.ends_with(".git/ctx") {
                open.push(path.clone());
            } else if meta.is_file() {
                found.push(format!("{} {}", path.display(), meta.len()));
            }
        }
    }
    found.sort();
    found
}

/// Runs it in `dir`: the code, and the whole message with the temporary folder as `ROOT`. Nothing is written.
#[track_caller]
fn check_in(repo: &Repo, dir: &Path, args: &[&str], input: &str, code: i32, message: &str) {
    let before = listing(&repo.root());
    let ran = run_with(repo.command(CTX, dir).args(args), input);
    let said = ran.stderr.replace(repo.root().to_str().unwrap(), "ROOT");
    assert_eq!((ran.code, said.trim_end()), (code, message), "{args:?}");
    assert_eq!(listing(&repo.root()), before, "{args:?}");
}

#[track_caller]
fn check(repo: &Repo, args: &[&str], code: i32, message: &str) {
    check_in(repo, &repo.path, args, "", code, message);
}

/// Every verb that reads or writes a project.
const VERBS: &[&[&str]] = &[
    &["plan", "create", "-"],
    &["plan", "show"],
    &["plan", "list"],
    &["plan", "validate"],
    &["plan", "extract"],
    &["plan", "use", "x"],
    &["plan", "archive"],
    &["worktree", "setup"],
    &["worktree", "list"],
    &["worktree", "path", "task-0"],
    &["task", "list"],
    &["task", "show", "task-0"],
    &["task", "start", "task-0"],
    &["status"],
    &["commit", "-m", "feat: x"],
    &["merge"],
    &["cleanup"],
];

#[test]
fn outside_a_repository_every_verb_says_so() {
    let repo = Repo::new();
    let outside = repo.root().join("elsewhere");
    fs::create_dir(&outside).unwrap();
    for verb in VERBS {
        check_in(
            &repo,
            &outside,
            verb,
            &three_tasks(),
            2,
            "error: `ROOT/elsewhere` is not in a git repository\n\
             hint: change to your project, or make it a repository with `git init`",
        );
    }
}

#[test]
fn inside_a_bare_repository_every_verb_says_so() {
    let repo = Repo::new();
    let bare = repo.root().join("bare.git");
    repo.git(&["init", "--quiet", "--bare", bare.to_str().unwrap()]);
    for verb in VERBS {
        check_in(
            &repo,
            &bare,
            verb,
            &three_tasks(),
            2,
            "error: `ROOT/bare.git` is inside a git directory\n\
             hint: run the command in a worktree; a bare repository gets one with `git worktree add PATH BRANCH`",
        );
    }
}

#[test]
fn without_a_plan_every_verb_that_needs_one_says_so() {
    let repo = Repo::new();
    for verb in
        [&["plan", "show"][..], &["plan", "validate"], &["worktree", "setup"], &["task", "list"], &["merge"]]
    {
        check(
            &repo,
            verb,
            1,
            "error: no plan is active\n\
             hint: make one with `/ctx:plan` in Claude Code or `ctx plan create FILE`, or choose one with `ctx plan use ID`",
        );
    }
    assert!(repo.ctx(&["status"]).ok().starts_with("no plan is active\n"));
    assert_eq!(repo.ctx(&["cleanup"]).ok(), "no worktrees to clean up\n");
}

#[test]
fn a_detached_head_is_no_base() {
    let repo = Repo::new();
    repo.git(&["switch", "--quiet", "--detach"]);
    check_in(
        &repo,
        &repo.path,
        &["plan", "create"],
        &three_tasks(),
        1,
        "error: HEAD is detached and the document names no base branch\n\
         hint: run `git switch BRANCH`, or add `base: BRANCH` to the document's `metadata`",
    );
    let named = three_tasks().replace("  name: Three\n", "  name: Three\n  base: main\n");
    repo.create_plan(&named);
    repo.ctx(&["worktree", "setup"]).ok();
}

#[test]
fn a_repository_without_commits_has_nothing_to_start_from() {
    let repo = Repo::empty();
    repo.create_plan(&three_tasks());
    check(
        &repo,
        &["worktree", "setup"],
        1,
        "error: there is no branch `main` with a commit\n\
         hint: make a first commit, or name another `base:` in the plan's `plan.yaml`",
    );
}

#[test]
fn a_base_that_is_an_option_is_refused() {
    let repo = Repo::new();
    let plan = repo.create_plan(&three_tasks());
    let index = format!(".parallel/plans/{plan}/plan.yaml");
    repo.write(&index, &repo.read(&index).replace("base: main", "base: --force"));
    let out = repo.ctx(&["worktree", "setup"]).fails(1);
    assert!(out.contains("error[base-invalid]") && out.contains("--force"), "{out}");
    let out = repo.ctx(&["merge", "--into=--force"]).fails(1);
    assert!(out.contains("is invalid"), "{out}");
    assert_eq!(repo.git(&["branch", "--format=%(refname:short)"]), "main");
}

#[test]
fn a_plan_s_files_that_are_missing_or_broken_are_named() {
    let repo = Repo::new();
    let plan = repo.create_plan(&three_tasks());
    let folder = repo.path.join(".parallel/plans").join(&plan);
    fs::write(folder.join("plan.yaml"), "metadata: [\n").unwrap();
    let out = repo.ctx(&["plan", "show"]).fails(1);
    assert!(out.contains("error[yaml-syntax]") && out.contains("--> plan.yaml:"), "{out}");
    fs::remove_file(folder.join("plan.yaml")).unwrap();
    check(
        &repo,
        &["plan", "show"],
        1,
        &format!(
            "error: the active plan `{plan}` is not there\n\
             hint: choose one with `ctx plan use ID`; `ctx plan list` shows them"
        ),
    );
}

#[test]
fn a_linked_task_file_is_not_followed() {
    let repo = Repo::new();
    let plan = repo.create_plan(&three_tasks());
    let tasks = repo.path.join(".parallel/plans").join(&plan).join("tasks");
    let secret = write(&repo.root().join("secret.md"), "---\nid: task-0\nstatus: pending\n---\n");
    fs::remove_file(tasks.join("task-0.md")).unwrap();
    symlink(&secret, tasks.join("task-0.md")).unwrap();
    for verb in [&["task", "start", "task-0"][..], &["task", "list"], &["worktree", "setup"]] {
        let out = repo.ctx(verb).fails(1);
        assert!(out.contains("error[task-file-symlink]"), "{out}");
    }
    // Nor a linked folder of task files.
    let elsewhere = repo.root().join("tasks");
    fs::rename(&tasks, &elsewhere).unwrap();
    symlink(&elsewhere, &tasks).unwrap();
    let out = repo.ctx(&["task", "list"]).fails(1);
    assert!(out.contains("error[task-file-symlink]"), "{out}");
    assert_eq!(fs::read_to_string(secret).unwrap(), "---\nid: task-0\nstatus: pending\n---\n");
}

#[test]
fn two_plans_of_one_name_are_told_apart_by_id() {
    let repo = Repo::new();
    let first = repo.create_plan(&document("Same", &[("one", &[])]));
    let second = repo.create_plan(&document("Same", &[("two", &[])]));
    check(
        &repo,
        &["plan", "use", "Same"],
        1,
        &format!("error: `Same` could be `{first}` or `{second}`\nhint: give the whole id"),
    );
    repo.ctx(&["plan", "use", &first]).ok();
    check(&repo, &["plan", "use", "Other"], 1, "error: there is no plan `Other`\nhint: see `ctx plan list`");
}

#[test]
fn ids_that_could_be_more_than_a_name_are_refused() {
    let long = "x".repeat(300);
    for id in [
        "a b", "a/b", "..", "../x", "-x", "--force", "é", "日本", ".", "a\u{0}b", "a'b", "$(x)", "a;b", &long,
    ] {
        let repo = Repo::new();
        let quoted = serde_json::to_string(id).unwrap();
        let doc = document("Bad", &[("one", &[])]).replace("id: one", &format!("id: {quoted}"));
        let before = listing(&repo.root());
        let out = repo.ctx_stdin(&["plan", "create"], &doc).fails(1);
        assert!(out.contains("error["), "{id}: {out}");
        assert!(out.contains("nothing was written"), "{id}: {out}");
        assert_eq!(listing(&repo.root()), before, "{id}");
    }
}

#[test]
fn a_task_nobody_knows_is_no_task() {
    let repo = Repo::new();
    let plan = repo.create_plan(&three_tasks());
    let all = "see `ctx task list`";
    for (id, hint) in [
        ("task-9", "the nearest is `task-2`; `ctx task list` shows all"),
        ("Task-01", "did you mean `task-1`? `ctx task list` shows all"),
        ("tsak-2", "did you mean `task-2`? `ctx task list` shows all"),
        ("a b", all),
        ("../../etc", all),
        ("é", all),
        ("", all),
    ] {
        for verb in [
            &["task", "start"][..],
            &["task", "show"],
            &["worktree", "path"],
            &["worktree", "setup"],
            &["merge"],
        ] {
            let message = format!("error: plan `{plan}` has no task `{id}`\nhint: {hint}");
            check(&repo, &[verb, &[id]].concat(), 1, &message);
        }
    }
}

#[test]
fn an_active_folder_is_an_older_layout_and_is_read_in_place() {
    let repo = Repo::new();
    let plan = repo.create_plan(&three_tasks());
    let plans = repo.path.join(".parallel/plans");
    fs::remove_file(plans.join("active")).unwrap();
    fs::rename(plans.join(&plan), plans.join("active")).unwrap();
    repo.ctx(&["task", "start", "task-0"]).ok();
    assert!(repo.read(".parallel/plans/active/tasks/task-0.md").contains("status: in_progress\n"));
    check_in(
        &repo,
        &repo.path,
        &["plan", "create"],
        &document("Next", &[("one", &[])]),
        1,
        "error: `ROOT/repo/.parallel/plans/active` is a folder, an older layout\n\
         hint: put that plan away with `ctx plan archive active`, then run this again",
    );
    repo.ctx(&["task", "retry", "task-0"]).ok();
    repo.ctx(&["plan", "archive", "active"]).ok();
    repo.create_plan(&document("Next", &[("one", &[])]));
}

#[test]
fn the_flat_layout_is_read_and_used_in_place() {
    let repo = Repo::new();
    let plan = repo.create_plan(&three_tasks());
    let plans = repo.path.join(".parallel/plans");
    fs::remove_file(plans.join("active")).unwrap();
    fs::rename(plans.join(&plan).join("plan.yaml"), plans.join("plan.yaml")).unwrap();
    fs::rename(plans.join(&plan).join("tasks"), plans.join("tasks")).unwrap();
    fs::remove_dir(plans.join(&plan)).unwrap();
    repo.ctx(&["worktree", "setup"]).ok();
    repo.work("task-0", "task-0.txt", "zero\n");
    repo.ctx(&["merge"]).ok();
    assert!(repo.read(".parallel/plans/tasks/task-0.md").contains("status: completed\n"));
    assert_eq!(repo.json(&["plan", "show"])["tasks"][0]["status"], "completed");
    repo.ctx(&["cleanup"]).ok();
}

#[test]
fn folders_with_awkward_names_are_folders() {
    for name in ["a b", "it's", "say \"hi\"", "new\nline", "ünï", "$HOME", "-dash", "semi;colon"] {
        let repo = Repo::named(name);
        repo.write("README.md", "# x\n");
        repo.commit("start");
        repo.create_plan(&three_tasks());
        repo.ctx(&["worktree", "setup"]).ok();
        repo.work("task-0", "a file's \"name\".txt", "zero\n");
        repo.ctx(&["merge"]).ok();
        repo.ctx(&["cleanup"]).ok();
        assert!(repo.path.join("a file's \"name\".txt").exists(), "{name}");
        assert_eq!(repo.git(&["status", "--porcelain"]), "", "{name}");
        assert!(!repo.worktree("task-0").exists(), "{name}");
    }
}

/// A folder with a `git` that says it is of this version, and is the real one in everything else.
fn other_git(repo: &Repo, version: &str) -> String {
    let real = run(repo.command("sh", &repo.path).args(["-c", "command -v git"])).ok();
    let script = format!(
        "#!/bin/sh\ncase \"$*\" in *--version) echo 'git version {version}' ;; *--path-format*) exit 129 ;; *) exec {} \"$@\" ;; esac\n",
        real.trim()
    );
    let git = write(&repo.root().join("bin/git"), &script);
    fs::set_permissions(&git, fs::Permissions::from_mode(0o755)).unwrap();
    format!("{}:{}", repo.root().join("bin").display(), std::env::var("PATH").unwrap())
}

fn with_path(repo: &Repo, path: &str, args: &[&str]) -> Ran {
    run(repo.command(CTX, &repo.path).args(args).env("PATH", path))
}

#[test]
fn a_git_that_is_too_old_is_named() {
    let repo = Repo::with_plan(&three_tasks());
    let path = other_git(&repo, "2.30.2");
    let out = with_path(&repo, &path, &["worktree", "setup"]).fails(2);
    assert_eq!(
        out,
        "error: git 2.30 is too old; 2.38 or later is needed\n\
         hint: install a newer git and make it the first on `PATH`\n"
    );
    let out = with_path(&repo, &path, &["doctor"]).fails(1);
    assert!(out.contains("version 2.30 is too old"), "{out}");
    let out = with_path(&repo, "/nonexistent", &["status"]).fails(2);
    assert!(out.contains("cannot start `git`") && out.contains("hint: install git 2.38"), "{out}");
}

/// A file system of one megabyte, mounted for as long as the value lives.
struct Tiny<'a>(&'a Path);

impl<'a> Tiny<'a> {
    fn mount(at: &'a Path) -> Self {
        let mount = std::process::Command::new("mount")
            .args(["-t", "tmpfs", "-o", "size=1m", "tmpfs"])
            .arg(at)
            .status();
        assert!(mount.unwrap().success(), "this test mounts a small file system and has to be root");
        Self(at)
    }

    /// Leaves no room at all.
    fn fill(&self) {
        let mut size = 1 << 20;
        let mut n = 0;
        while size > 0 {
            n += 1;
            if fs::write(self.0.join(format!("fill{n}")), vec![0; size]).is_err() {
                size /= 2;
            }
        }
    }

    fn free(&self) {
        for entry in fs::read_dir(self.0).unwrap().flatten() {
            if entry.file_name().to_string_lossy().starts_with("fill") {
                fs::remove_file(entry.path()).unwrap();
            }
        }
    }
}

impl Drop for Tiny<'_> {
    fn drop(&mut self) {
        let _ = std::process::Command::new("umount").arg(self.0).status();
    }
}

#[test]
fn a_full_disk_leaves_what_was_there() {
    let repo = Repo::new();
    let parallel = repo.path.join(".parallel");
    fs::create_dir(&parallel).unwrap();
    let tiny = Tiny::mount(&parallel);
    let plan = repo.create_plan(&document("First", &[("one", &[])]));
    let task = format!(".parallel/plans/{plan}/tasks/one.md");
    tiny.fill();
    let before = repo.read(&task);
    let names = || {
        let mut names: Vec<_> =
            fs::read_dir(parallel.join("plans")).unwrap().flatten().map(|e| e.file_name()).collect();
        names.sort();
        names
    };
    let folders = names();
    for args in [&["plan", "create"][..], &["task", "start", "one"]] {
        let ran = repo.ctx_stdin(args, &three_tasks());
        assert_eq!(ran.code, 2, "{ran:?}");
        assert!(
            ran.stderr.contains("No space left on device") && ran.stderr.contains("hint: free some space"),
            "{ran:?}"
        );
    }
    assert_eq!((repo.read(&task), names()), (before, folders));
    tiny.free();
    repo.ctx(&["task", "start", "one"]).ok();
    repo.create_plan(&three_tasks());
}

#[test]
fn settings_that_cannot_be_read_are_named() {
    let repo = Repo::with_plan(&three_tasks());
    for (text, fact) in [
        ("worktrees: [", "cannot read the settings in"),
        ("worktrees: { root: 7 }", "cannot read the settings in"),
        ("worktrees: { branch: feature }", "without `{task}`"),
        ("parallelization: { max_agents: 0 }", "`max_agents` is 0"),
        ("worktrees: { root: /tmp }", "lies outside the repository"),
    ] {
        repo.write(".claude/auto-context.yaml", text);
        let out = repo.ctx(&["worktree", "setup"]).fails(2);
        assert!(out.contains(fact) && out.contains("hint: "), "{text}: {out}");
    }
    repo.write(".claude/auto-context.yaml", "worktrees: { setup: rm -rf / }\nfuture: 1\n");
    let ran = repo.ctx(&["status"]);
    assert_eq!(ran.code, 0);
    assert!(ran.stderr.contains("does not use: `future`\n"), "{}", ran.stderr);
    assert!(ran.stderr.contains("until you accept them: `worktrees.setup`"), "{}", ran.stderr);
}

#[test]
fn a_wrong_setting_is_said_in_the_persons_words() {
    let repo = Repo::new();
    for (text, said) in [
        (
            "parallelization: { min_tasks: three }",
            "line 1: `parallelization.min_tasks` is the text `three`, not a whole number from 0",
        ),
        (
            "# mine\nworktrees:\n  pool: -1",
            "line 3: `worktrees.pool` is the number -1, not a whole number from 0",
        ),
        ("worktrees: { copy: .env }", "line 1: `worktrees.copy` is the text `.env`, not a list of texts"),
        ("merge: [x]", "line 1: `merge` is a list, not a mapping of keys to values"),
        ("merge:\n  push: \"yes\"", "line 2: `merge.push` is the text `yes`, not `true` or `false`"),
        ("- x", "it is a list, not a mapping of keys to values"),
        ("merge: { into: a, into: b }", "the same key stands there twice: `into`"),
    ] {
        repo.write(".claude/auto-context.yaml", &format!("{text}\n"));
        let out = repo.ctx(&["status"]).fails(2);
        assert!(out.contains(said), "{out}");
        for word in ["usize", "struct", "invalid type", "expected a"] {
            assert!(!out.contains(word), "{out}");
        }
    }
    repo.write(".claude/auto-context.yaml", "parallelization: { min_taks: 3 }\n");
    let ran = repo.ctx(&["status"]);
    assert!(
        ran.stderr.contains("`parallelization.min_taks`; did you mean `parallelization.min_tasks`?"),
        "{}",
        ran.stderr
    );
    repo.write(".claude/auto-context.yaml", "");
    repo.write("calls.jsonl", "{\"command\": 3}\n");
    let out = repo.ctx(&["approve", "check", "calls.jsonl"]).fails(1);
    assert!(out.contains("it is the number `3`, not text"), "{out}");
}
