//! A second plan with the same task ids: it starts at once, whatever the first one left.

use std::fs;

use crate::support::repo::{Repo, document, three_tasks, write};

const SETUP: &[&str] = &["worktree", "setup"];

/// A first plan `One` whose `task-0` has landed, and the active second one of this name.
fn second(name: &str) -> Repo {
    let repo = Repo::with_plan(&document("One", &[("task-0", &[])]));
    repo.ctx(SETUP).ok();
    repo.work("task-0", "one.txt", "one\n");
    repo.ctx(&["merge"]).ok();
    repo.create_plan(&document(name, &[("task-0", &[])]));
    repo
}

/// The place below `worktrees/` and the branch of the active plan's task.
fn names(repo: &Repo, task: &str) -> (String, String) {
    let row = repo.json(&["worktree", "setup", task])[0].clone();
    let path = row["path"].as_str().unwrap().rsplit('/').next().unwrap().to_owned();
    (path, row["branch"].as_str().unwrap().to_owned())
}

#[track_caller]
fn check_names(repo: &Repo, name: &str) {
    assert_eq!(names(repo, "task-0"), (name.to_owned(), format!("feature/{name}")));
    // Again, the same.
    assert_eq!(names(repo, "task-0"), (name.to_owned(), format!("feature/{name}")));
}

#[test]
fn what_is_landed_and_clean_goes_to_undo_by_itself() {
    let repo = second("Two");
    let ran = repo.ctx(SETUP);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert!(ran.stderr.contains("moved `task-0` of plan `") && ran.stderr.contains("-one` to undo"));
    check_names(&repo, "task-0");
    // It starts with what the first one landed, and is its own task.
    assert!(repo.worktree("task-0").join("one.txt").exists());
    repo.work("task-0", "two.txt", "two\n");
    assert!(repo.ctx(&["merge"]).ok().contains("merged `feature/task-0`"));
    // The first one is still known to have landed.
    let plans = repo.json(&["plan", "list"]);
    let one = plans.as_array().unwrap().iter().find(|plan| plan["name"] == "One").unwrap();
    repo.ctx(&["plan", "use", one["id"].as_str().unwrap()]).ok();
    assert_eq!(repo.json(&["task", "list"])[0]["landed"], true);
    assert_eq!(repo.json(&["undo"])[0]["merged"], true);
}

#[test]
fn nothing_goes_that_nobody_needs() {
    let repo = Repo::with_plan(&three_tasks());
    repo.ctx(SETUP).ok();
    for task in ["task-0", "task-1"] {
        repo.work(task, &format!("{task}.txt"), "x\n");
    }
    repo.ctx(&["merge"]).ok();
    repo.create_plan(&document("Two", &[("task-1", &[]), ("other", &[])]));
    repo.ctx(SETUP).ok();
    let rows = repo.json(&["undo"]);
    assert_eq!((rows.as_array().unwrap().len(), &rows[0]["task"]), (1, &"task-1".into()));
    assert!(repo.worktree("task-0").exists());
}

/// What is there, and how it comes about.
type Case = (&'static str, fn(&Repo));

/// Living work of the first plan, and somebody's own: each keeps its place, and nothing in it changes.
#[test]
fn a_name_that_is_taken_gets_the_plan_s_name() {
    let living: [Case; 9] = [
        ("in progress", |repo| drop(repo.ctx(&["task", "start", "task-0"]).ok())),
        ("not started", |_| ()),
        ("not landed", |repo| repo.work("task-0", "one.txt", "one\n")),
        ("landed, then edited", |repo| {
            repo.work("task-0", "one.txt", "one\n");
            repo.ctx(&["merge"]).ok();
            write(&repo.worktree("task-0").join("note.txt"), "mine\n");
        }),
        ("landed, then locked", |repo| {
            repo.work("task-0", "one.txt", "one\n");
            repo.ctx(&["merge"]).ok();
            repo.git(&["worktree", "lock", repo.worktree("task-0").to_str().unwrap()]);
        }),
        ("its folder is gone", |repo| {
            repo.work("task-0", "one.txt", "one\n");
            fs::remove_dir_all(repo.worktree("task-0")).unwrap();
        }),
        ("somebody's worktree", |repo| {
            repo.ctx(&["cleanup", "--include-unmerged"]).ok();
            let dir = repo.worktree("task-0");
            repo.git(&["worktree", "add", "--quiet", "-b", "mine", dir.to_str().unwrap()]);
        }),
        ("somebody's branch", |repo| {
            repo.ctx(&["cleanup", "--include-unmerged"]).ok();
            repo.git(&["branch", "feature/task-0"]);
        }),
        ("a branch below", |repo| {
            repo.ctx(&["cleanup", "--include-unmerged"]).ok();
            repo.git(&["branch", "feature/task-0/x"]);
        }),
    ];
    for (what, prepare) in living {
        let repo = Repo::with_plan(&document("One", &[("task-0", &[])]));
        repo.ctx(SETUP).ok();
        prepare(&repo);
        let before = (repo.git(&["for-each-ref"]), repo.git(&["worktree", "list", "--porcelain"]));
        repo.create_plan(&document("Two words", &[("task-0", &[])]));
        let ran = repo.ctx(SETUP);
        assert_eq!(ran.code, 0, "{what}: {}", ran.stderr);
        assert!(ran.stderr.contains("have `two-words-` before their names"), "{what}: {}", ran.stderr);
        check_names(&repo, "two-words-task-0");
        let after = (repo.git(&["for-each-ref"]), repo.git(&["worktree", "list", "--porcelain"]));
        for (before, after) in [(before.0, after.0), (before.1, after.1)] {
            assert!(before.lines().all(|line| after.contains(line)), "{what}: {before}\n\n{after}");
        }
    }
}

#[test]
fn the_name_in_the_record_is_used_to_the_end() {
    let repo = Repo::with_plan(&document("One", &[("task-0", &[])]));
    repo.ctx(SETUP).ok();
    repo.ctx(&["task", "start", "task-0"]).ok();
    let one = repo.json(&["plan", "list"])[0]["id"].as_str().unwrap().to_owned();
    repo.create_plan(&document("Two", &[("task-0", &[])]));
    repo.ctx(SETUP).ok();
    let dir = repo.worktree("two-task-0");
    assert_eq!(repo.ctx(&["worktree", "path", "task-0"]).ok().trim_end(), dir.to_str().unwrap());
    assert!(
        repo.ctx(&["task", "show", "task-0"]).ok().contains("branch: feature/two-task-0 (lands on main)")
    );
    repo.ctx_in(&dir, &["task", "start", "task-0"]).ok();
    write(&dir.join("two.txt"), "two\n");
    assert!(repo.ctx_in(&dir, &["commit", "-m", "feat: two"]).ok().contains("on `feature/two-task-0`"));
    repo.ctx_in(&dir, &["task", "submit", "task-0"]).ok();
    assert_eq!(repo.json(&["status"])["tasks"][0]["branch"], "feature/two-task-0");
    // The other plan in between, with its own.
    repo.ctx(&["plan", "use", &one]).ok();
    let rows = repo.json(SETUP);
    assert_eq!((&rows[0]["result"], &rows[0]["state"]), (&"running".into(), &"running".into()));
    assert_eq!(repo.json(&["status"])["tasks"][0]["branch"], "feature/task-0");
    write(&repo.worktree("task-0").join("one.txt"), "one\n");
    repo.ctx_in(&repo.worktree("task-0"), &["commit", "-m", "feat: one"]).ok();
    repo.ctx(&["task", "submit", "task-0"]).ok();
    assert!(repo.ctx(&["merge"]).ok().contains("merged `feature/task-0`"));
    repo.ctx(&["plan", "use", "Two"]).ok();
    assert!(repo.ctx(&["merge"]).ok().contains("merged `feature/two-task-0`"));
    let subjects = repo.git(&["log", "--merges", "--format=%s", "main"]);
    assert_eq!(subjects, "Merge branch 'feature/two-task-0'\nMerge branch 'feature/task-0'");
    repo.ctx(&["cleanup"]).ok();
    assert_eq!(repo.git(&["branch", "--format=%(refname:short)"]), "main");
    // The name is known when record and branch are gone, and it landed.
    assert!(repo.ctx(&["task", "show", "task-0"]).ok().contains("branch: feature/two-task-0 "));
    assert_eq!(repo.json(&["task", "list"])[0]["landed"], true);
}

#[test]
fn plans_of_one_name_and_long_ones_and_names_inside_names_stay_apart() {
    let repo = Repo::with_plan(&document("Auth", &[("task-0", &[])]));
    let setup = |expected: &str| {
        let (path, branch) = names(&repo, "task-0");
        assert_eq!(branch, format!("feature/{path}"));
        assert!(path.starts_with(expected) && path.ends_with("-task-0"), "{path}");
        path
    };
    repo.ctx(SETUP).ok();
    // Two plans of one second have different names.
    let a_second = || std::thread::sleep(std::time::Duration::from_millis(1100));
    a_second();
    repo.create_plan(&document("Auth", &[("task-0", &[]), ("x", &[])]));
    assert_eq!(setup("auth"), "auth-task-0");
    a_second();
    // The same name once more: the whole id.
    let id = repo.create_plan(&document("Auth", &[("task-0", &[]), ("y", &[])]));
    assert_eq!(setup(&id), format!("{id}-task-0"));
    let long = "A plan with a name that is much longer than anybody needs it to be";
    repo.create_plan(&document(long, &[("task-0", &[])]));
    assert!(setup("a-plan-with-a-name-that").len() < 40);
    // A task that is called like another plan's worktree.
    repo.create_plan(&document("Last", &[("auth-task-0", &[])]));
    assert_eq!(names(&repo, "auth-task-0").0, "last-auth-task-0");
}

#[test]
fn a_plan_in_root_and_branch_keeps_its_places() {
    let repo = Repo::new();
    let settings = "worktrees: { root: 'trees/{plan}', branch: '{plan}/{task}' }\n";
    write(&repo.home().join(".claude/ctx.yaml"), settings);
    for name in ["One", "Two"] {
        let id = repo.create_plan(&document(name, &[("task-0", &[])]));
        assert_eq!(names(&repo, "task-0"), ("task-0".to_owned(), format!("{id}/task-0")));
    }
}

#[test]
fn names_that_differ_in_case_alone_are_one_where_git_says_so() {
    let repo = Repo::with_plan(&document("One", &[("Task-0", &[])]));
    repo.ctx(SETUP).ok();
    repo.git(&["config", "core.ignoreCase", "true"]);
    repo.create_plan(&document("Two", &[("task-0", &[])]));
    check_names(&repo, "two-task-0");
}

#[test]
fn a_slot_of_the_pool_is_given_back_or_gets_another_branch() {
    let repo = Repo::with_plan(&document("One", &[("task-0", &[])]));
    repo.ctx(&["pool", "init", "2"]).ok();
    repo.ctx(&["pool", "acquire", "task-0"]).ok();
    repo.create_plan(&document("Two", &[("task-0", &[])]));
    assert!(repo.ctx(&["pool", "acquire", "task-0"]).ok().ends_with("slot.2|feature/two-task-0\n"));
    let slot = repo.worktree("slot.2");
    repo.ctx_in(&slot, &["task", "start", "task-0"]).ok();
    write(&slot.join("two.txt"), "two\n");
    repo.ctx_in(&slot, &["commit", "-m", "feat: two"]).ok();
    repo.ctx_in(&slot, &["task", "submit", "task-0"]).ok();
    repo.ctx(&["merge"]).ok();
    repo.create_plan(&document("Three", &[("task-0", &[])]));
    // `One` still has the plain name.
    assert!(repo.ctx(&["pool", "acquire", "task-0"]).fails(1).contains("none of the 2 slots is free"));
    repo.ctx(&["plan", "use", "Two"]).ok();
    repo.ctx(&["cleanup"]).ok();
    // Brought back outside the pool, under the name it had.
    let out = repo.ctx(&["undo", "task-0"]).ok();
    assert!(out.contains("worktrees/two-task-0` and branch `feature/two-task-0`"), "{out}");
}

#[test]
fn what_is_landed_in_a_slot_makes_room_too() {
    let repo = Repo::with_plan(&document("One", &[("task-0", &[])]));
    repo.ctx(&["pool", "init", "1"]).ok();
    repo.ctx(&["pool", "acquire", "task-0"]).ok();
    let slot = repo.worktree("slot.1");
    repo.ctx_in(&slot, &["task", "start", "task-0"]).ok();
    write(&slot.join("one.txt"), "one\n");
    repo.ctx_in(&slot, &["commit", "-m", "feat: one"]).ok();
    repo.ctx_in(&slot, &["task", "submit", "task-0"]).ok();
    repo.ctx(&["merge"]).ok();
    repo.create_plan(&document("Two", &[("task-0", &[])]));
    let ran = repo.ctx(&["pool", "acquire", "task-0"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert!(ran.stdout.ends_with("slot.1|feature/task-0\n"), "{}", ran.stdout);
    assert!(ran.stderr.contains("moved `task-0` of plan `"), "{}", ran.stderr);
}

#[test]
fn undo_brings_back_under_another_name_where_a_plan_has_the_plain_one() {
    let repo = second("Two");
    repo.ctx(SETUP).ok();
    let id = repo.json(&["undo"])[0]["id"].as_str().unwrap().to_owned();
    let ran = repo.ctx(&["undo", &id]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert!(ran.stdout.contains("worktrees/one-task-0` and branch `feature/one-task-0`"), "{}", ran.stdout);
    assert!(ran.stderr.contains("another plan has `feature/task-0` by now"), "{}", ran.stderr);
    assert!(repo.worktree("one-task-0").join("one.txt").exists());
    let branch = repo.git_in(&repo.worktree("task-0"), &["branch", "--show-current"]);
    assert_eq!(branch, "feature/task-0");
    repo.ctx(&["plan", "use", "One"]).ok();
    let path = repo.ctx(&["worktree", "path", "task-0"]).ok();
    assert_eq!(path.trim_end(), repo.worktree("one-task-0").to_str().unwrap());
    assert_eq!(repo.json(&["task", "list"])[0]["landed"], true);
    // And it can go again.
    repo.ctx(&["cleanup", "task-0"]).ok();
    assert!(!repo.worktree("one-task-0").exists() && repo.worktree("task-0").exists());
}

#[test]
fn a_branch_whose_record_is_lost_is_still_the_task_s() {
    let repo = Repo::with_plan(&document("One", &[("task-0", &[])]));
    repo.ctx(SETUP).ok();
    let tip = repo.commit_in(&repo.worktree("task-0"), "feat: work");
    fs::remove_dir_all(repo.path.join(".git/ctx/worktrees")).unwrap();
    let doctor = repo.ctx(&["doctor"]).stdout;
    assert!(doctor.contains("branch `feature/task-0` of `task-0` is there, and the record"), "{doctor}");
    let out = repo.ctx(SETUP).fails(1);
    assert!(out.contains("is checked out in") && out.contains("hint: remove that worktree"), "{out}");
    repo.git(&["worktree", "remove", repo.worktree("task-0").to_str().unwrap()]);
    repo.ctx(SETUP).ok();
    check_names(&repo, "task-0");
    assert_eq!(repo.git_in(&repo.worktree("task-0"), &["rev-parse", "HEAD"]), tip);
}

#[test]
fn several_processes_move_and_make_each_once() {
    let repo = second("Two");
    std::thread::scope(|scope| {
        for _ in 0..6 {
            scope.spawn(|| repo.ctx(SETUP).ok());
        }
    });
    check_names(&repo, "task-0");
    assert_eq!(repo.json(&["undo"]).as_array().unwrap().len(), 1);
}

/// A living task of each plan has the name: the active plan's is meant, and both are told apart.
#[test]
fn a_name_that_two_plans_have_means_the_active_plan_s() {
    let repo = Repo::with_plan(&document("One", &[("task-0", &[])]));
    repo.ctx(SETUP).ok();
    write(&repo.worktree("task-0").join("wip.txt"), "wip\n");
    repo.create_plan(&document("Two", &[("task-0", &[]), ("task-1", &[])]));
    repo.ctx(SETUP).ok();
    let status = repo.ctx(&["status"]).ok();
    assert!(status.contains("\nbranches with the plan's name: task-0 on `feature/two-task-0`\n"), "{status}");
    let out = repo.ctx(&["cleanup", "--dry-run"]).ok();
    assert!(out.contains("kept `task-0` of plan `") && out.contains("-one`: "), "{out}");
    let hint = repo.ctx(&["pool", "init", "1"]);
    assert_eq!(hint.code, 0, "{}", hint.stderr);
    let out = repo.ctx(&["pool", "acquire", "task-0"]).fails(1);
    let command = "cleanup task-0 --include-unmerged";
    assert!(out.contains(&format!("remove it with `ctx {command}` first")), "{out}");
    // The hint does what it says, and nothing else.
    repo.ctx(&command.split(' ').collect::<Vec<_>>()).ok();
    assert!(!repo.worktree("two-task-0").exists() && repo.worktree("task-0").join("wip.txt").exists());
    assert!(repo.ctx(&["pool", "acquire", "task-0"]).ok().starts_with("slot.1|"));
}
