//! `ctx plan`: the same document twice, names, bases, what is left, what does not fit the repository.

use std::fs;

use crate::support::repo::{Repo, document, three_tasks, write};

#[test]
fn the_same_document_again_is_compared_with_the_files() {
    let repo = Repo::new();
    let first = repo.create_plan(&three_tasks());
    let create = |args: &[&str]| repo.ctx_stdin(&[&["plan", "create"], args].concat(), &three_tasks());
    let out = create(&[]).ok();
    assert!(out.contains("already; nothing was written"), "{out}");
    // A status is no difference, nor is the form of the YAML.
    repo.ctx(&["task", "start", "task-0"]).ok();
    let file = repo.path.join(".parallel/plans/active/tasks/task-1.md");
    let text = fs::read_to_string(&file).unwrap();
    write(&file, &text.replace("name: Do task-1", "name: \"Do task-1\""));
    create(&[]).ok();
    write(&file, &text.replace("Write task-1.txt", "Write something else"));
    let out = create(&[]).fails(1);
    assert!(out.contains("whose files differ from it:\n  `tasks/task-1.md`: it was changed"), "{out}");
    assert!(out.contains("`ctx plan create --new FILE`"), "{out}");
    fs::remove_file(&file).unwrap();
    let out = create(&[]).fails(1);
    assert!(out.contains("`tasks/task-1.md`: it is missing"), "{out}");
    let out = create(&["--new"]).ok();
    assert!(out.contains("made and active: 3 tasks"), "{out}");
    assert_ne!(repo.json(&["plan", "show"])["id"], first.as_str());
    // The new one is what the document is now.
    create(&[]).ok();
    for task in ["task-0", "task-1", "task-2"] {
        repo.ctx(&["task", "done", task]).ok();
    }
    let out = create(&[]).fails(1);
    assert!(out.contains("which is completed"), "{out}");
}

#[test]
fn a_plan_is_found_by_the_beginning_of_its_name() {
    let repo = Repo::new();
    let shop = repo.create_plan(&document("Shop for everyone", &[("a", &[])]));
    let other = repo.create_plan(&document("Shipping", &[("a", &[])]));
    for name in ["Shop", "shop", "Shop for everyone", "shop-for", &shop] {
        let answer = repo.json(&["plan", "use", name]);
        assert_eq!(answer["plan"], shop.as_str(), "{name}");
        repo.ctx(&["plan", "use", &other]).ok();
    }
    let out = repo.ctx(&["plan", "use", "sh"]).fails(1);
    assert!(out.contains(&format!("could be `{other}` or `{shop}`")), "{out}");
    let out = repo.ctx(&["plan", "use", "Shiping"]).fails(1);
    assert!(out.contains("hint: did you mean `Shipping`?"), "{out}");
    let out = repo.ctx(&["task", "show", "b"]).fails(1);
    assert!(out.contains("has no task `b`"), "{out}");
    let answer = repo.json(&["plan", "archive", "shipping"]);
    assert_eq!((&answer["plan"], &answer["open"]), (&other.as_str().into(), &1.into()));
}

#[test]
fn a_wrong_task_is_answered_with_the_nearest() {
    let ids: Vec<String> = (0..12).map(|n| format!("part-{n}")).chain(["login-form".to_owned()]).collect();
    let tasks: Vec<(&str, &[&str])> = ids.iter().map(|id| (id.as_str(), &[][..])).collect();
    let repo = Repo::with_plan(&document("Many", &tasks));
    let out = repo.ctx(&["task", "start", "login-from"]).fails(1);
    assert!(out.contains("hint: did you mean `login-form`?"), "{out}");
}

#[test]
fn a_remotes_branch_as_base_means_the_local_one() {
    let repo = Repo::new();
    repo.git(&["update-ref", "refs/remotes/origin/main", "HEAD"]);
    repo.git(&["update-ref", "refs/remotes/origin/next", "HEAD"]);
    let plan = |base: &str| {
        three_tasks().replace("  name: Three\n", &format!("  name: Three {base}\n  base: {base}\n"))
    };
    for base in ["origin/main", "refs/remotes/origin/main", "refs/heads/main", "main"] {
        repo.create_plan(&plan(base));
        assert_eq!(repo.json(&["status"])["plan"]["base"], "main", "{base}");
    }
    repo.ctx(&["worktree", "setup", "task-0"]).ok();
    repo.work("task-0", "a.txt", "a\n");
    repo.ctx(&["merge"]).ok();
    assert_eq!(repo.read("a.txt"), "a\n");
    repo.create_plan(&plan("origin/next"));
    let out = repo.ctx(&["worktree", "setup"]).fails(1);
    assert!(out.contains("there is no local branch `next`"), "{out}");
    assert!(out.contains("`git branch next origin/next`"), "{out}");
    repo.git(&["branch", "next", "origin/next"]);
    assert_eq!(repo.json(&["status"])["plan"]["base"], "next");
}

#[test]
fn the_decision_is_about_what_is_left() {
    let repo = Repo::with_plan(&document("Three", &[("a", &[]), ("b", &[]), ("c", &[])]));
    let reason = || repo.json(&["plan", "show"])["reason"].as_str().unwrap().to_owned();
    assert_eq!(reason(), "3 tasks can run at the same time.");
    for task in ["a", "b"] {
        repo.ctx(&["task", "done", task]).ok();
    }
    assert_eq!(reason(), "One task is left, `c`.");
    repo.ctx(&["worktree", "setup"]).ok();
    repo.work("c", "c.txt", "c\n");
    assert_eq!(reason(), "All 3 tasks are completed; `ctx merge` lands what has not landed: `c`.");
    repo.ctx(&["merge"]).ok();
    assert_eq!(reason(), "All 3 tasks have landed on `main`; nothing is left to run.");
    let shown = repo.json(&["plan", "show", "--parallel"]);
    assert_eq!((&shown["decision"], &shown["groups"]), (&"sequential".into(), &serde_json::json!([])));
    let text = repo.ctx(&["plan", "show"]).ok();
    assert!(text.contains("completed  medium"), "{text}");
}

#[test]
fn a_plan_that_does_not_fit_the_repository_is_warned_of() {
    let repo = Repo::new();
    repo.write("src/lib.rs", "x\n");
    repo.commit("lib");
    let text = three_tasks()
        .replace(
            "files: { create: [task-0.txt] }",
            "files: { create: [src/lib.rs] }\nverify: [no-such-program-here]",
        )
        .replace("files: { create: [task-1.txt] }", "files: { modify: [lib.rs] }\nmodel: gpt-5");
    let ran = repo.ctx_stdin(&["plan", "create"], &text);
    for part in [
        "warning[file-exists]: `task-0` creates `src/lib.rs`",
        "warning[verify-program]: `verify` of `task-0` runs `no-such-program-here`",
        "warning[file-absent]: `task-1` modifies `lib.rs`, which is not there",
        "hint: did you mean `src/lib.rs`?",
        "warning[unknown-model]: the model `gpt-5`",
    ] {
        assert!(ran.stderr.contains(part), "{part}\n{}", ran.stderr);
    }
    ran.ok();
    let out = repo.ctx(&["plan", "validate"]).ok();
    assert!(out.contains("warning[file-absent]"), "{out}");
    repo.ctx(&["plan", "validate", "--strict"]).fails(1);
}

#[test]
fn a_pipe_in_the_place_of_a_file_stops_nothing_for_ever() {
    let repo = Repo::new();
    repo.create_plan(&three_tasks());
    let file = repo.path.join(".parallel/plans/active/tasks/task-1.md");
    fs::remove_file(&file).unwrap();
    let made = std::process::Command::new("mkfifo").arg(&file).status().unwrap();
    assert!(made.success());
    let out = repo.ctx(&["plan", "validate"]).fails(1);
    assert!(
        out.contains("the file `tasks/task-1.md` of `task-1` cannot be read: it is a pipe, not a file"),
        "{out}"
    );
}

#[test]
fn a_block_without_a_reason_is_refused() {
    let repo = Repo::new();
    repo.create_plan(&three_tasks());
    repo.ctx(&["task", "start", "task-0"]).ok();
    for reason in ["", "  "] {
        repo.ctx(&["task", "block", "task-0", "--reason", reason]).fails(2);
    }
}

/// Thirty tasks of which nothing is said but their files: five of them change what is not there.
fn thin() -> String {
    let index: String = (0..30).map(|n| format!("  - {{ id: task-{n}, name: Do {n} }}\n")).collect();
    let files = |n: usize| match n {
        0..5 => format!("modify: [absent-{n}.txt]"),
        _ => format!("create: [new-{n}.txt]"),
    };
    let task = |n: usize| {
        format!(
            "### Task {n}: Do {n}\n\n```yaml\nid: task-{n}\nfiles: {{ {} }}\n```\n\n## Objective\n\nDo it.\n\n",
            files(n)
        )
    };
    let details: String = (0..30).map(task).collect();
    format!(
        "# Plan: Thin\n\n**Type:** Plan\n**Status:** Ready\n\n## Plan Structure\n\n```yaml\nmetadata:\n  name: Thin\ntasks:\n{index}```\n\n## Task Details\n\n{details}"
    )
}

#[test]
fn warnings_of_one_kind_are_folded_and_json_has_them_all() {
    let repo = Repo::new();
    let ran = repo.ctx_stdin(&["plan", "create"], &thin());
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    for text in [ran.stderr, repo.ctx(&["plan", "validate"]).ok()] {
        for line in [
            "warning[tests-missing]: 30 tasks name no tests: `task-0`, `task-1`, `task-2` and 27 more\n  hint: add a section",
            "warning[criteria-missing]: 30 tasks have no acceptance criteria: `task-0`, `task-1`, `task-2` and 27 more\n  hint: add",
            "warning[file-absent]: 2 more of this kind\n  hint: `ctx plan validate --json` lists all",
        ] {
            assert!(text.contains(line), "{line}: {text}");
        }
        let whole = text.matches("warning[file-absent]: `task-").count();
        assert_eq!((whole, text.matches("warning[").count()), (3, 6), "{text}");
    }
    let all = repo.json(&["plan", "validate"])["diagnostics"].as_array().unwrap().len();
    assert_eq!(all, 65);
    let again = repo.ctx_stdin(&["plan", "create", "--new", "--json"], &thin());
    assert_eq!(again.stderr.matches("warning[").count(), 65, "{}", again.stderr);
}

#[test]
fn up_to_three_warnings_of_one_kind_are_shown_with_their_places() {
    let text = thin();
    let (head, tail) = text.split_once("  - { id: task-3,").unwrap();
    let (_, details) = tail.split_once("```").unwrap();
    let three = format!("{head}```{}", details.split_once("### Task 3").unwrap().0);
    let ran = Repo::new().ctx_stdin(&["plan", "create", "-"], &three);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert_eq!(ran.stderr.matches("  --> <stdin>:").count(), 9, "{}", ran.stderr);
}
