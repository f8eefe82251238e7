//! Keys as other tools and people write them: what orders or bounds a task is never dropped without a word.

use ctx::plan::document::parse;
use ctx::plan::load::load;
use ctx::plan::render::render;
use ctx::plan::{Files, Plan, Status};
use insta::assert_snapshot;

use super::{edited, loaded, parsed, source};

/// The plan that a document becomes, and everything that was said about the document.
#[track_caller]
fn made(text: &str) -> (Plan, String) {
    let (_, said) = parse(text, "plan.md");
    (loaded(&render(&parsed(text), "20261121-101500", Some("main"))), said.to_string())
}

/// A document of two tasks; `index` and `front` are further lines of the second one.
fn two(index: &str, front: &str) -> String {
    format!(
        "# P\n\n**Type:** Plan\n\n## Plan Structure\n\n```yaml\nmetadata: {{ name: P }}\ntasks:\n  - id: task-0\n    name: A\n  \
         - id: task-1\n    name: B\n{index}```\n\n## Task Details\n\n### Task 0: A\n\n```yaml\nid: task-0\n```\n\nx\n\n### Task 1: \
         B\n\n```yaml\nid: task-1\n{front}```\n\ny\n"
    )
}

#[test]
fn every_spelling_of_a_dependency_orders() {
    for key in [
        "depends_on",
        "dependsOn",
        "depends-on",
        "DependsOn",
        "Depends on",
        "deps",
        "dep",
        "depends",
        "requires",
        "after",
        "needs",
        "blocked_by",
        "blockedBy",
        "blocked-by",
        "prerequisites",
        "prereqs",
        "predecessors",
        "waits_for",
        "wait_for",
        "dependency",
        "Dependencies",
        "DEPENDENCIES",
        "dependancies",
        "dependecies",
        "run_after",
        "upstream",
    ] {
        for value in ["[task-0]", "task-0", "\n      - task-0"] {
            for text in [
                two(&format!("    {key}: {value}\n"), ""),
                two("", &format!("{key}: {}\n", value.replace("      ", "  "))),
            ] {
                let (plan, said) = made(&text);
                let needs: Vec<&str> =
                    plan.tasks[1].dependencies.iter().map(ctx::plan::TaskId::as_str).collect();
                assert_eq!(needs, ["task-0"], "{key}: {value}\n{said}");
                let line =
                    text.lines().position(|line| line.trim_start().starts_with(&format!("{key}:"))).unwrap()
                        + 1;
                assert!(
                    said.contains(&format!("`{key}` is read as `dependencies`\n  --> plan.md:{line}")),
                    "{said}"
                );
            }
        }
    }
    // What is made of them says it once, in the word of this tool.
    let (plan, _) = made(&two("    depends_on: none\n", ""));
    assert_eq!(plan.tasks[1].dependencies, []);
}

#[test]
fn two_words_for_one_thing_must_agree() {
    let text = two("    dependencies: []\n    depends_on: [task-0]\n", "");
    assert_snapshot!(errors(&text), @"
    error[key-twice]: `depends_on` and `dependencies` say different things
      --> plan.md:15:5
      hint: say it once, as `dependencies`
    ");
    let text = two("    needs: [task-0]\n    depends_on: [task-0]\n", "");
    assert_eq!(errors(&text), "");
    let text = two("    depends_on: [task-9]\n", "");
    assert_snapshot!(errors(&text), @"
    error[dependency-unknown]: `task-1` depends on `task-9`, which is not in the plan
      --> plan.md:14:18
      hint: name a task such as `task-0`, or add that one to `tasks`
    ");
}

/// The errors alone.
#[track_caller]
fn errors(text: &str) -> String {
    let (_, said) = parse(text, "plan.md");
    let said = said.0.iter().filter(|one| one.severity == ctx::plan::Severity::Error);
    said.map(ToString::to_string).collect::<Vec<_>>().join("\n\n")
}

#[test]
fn a_bound_beside_files_is_taken() {
    let files = |lists: [&[&str]; 4], strict| {
        let [create, modify, delete, forbidden] =
            lists.map(|list| list.iter().map(|path| (*path).to_owned()).collect());
        Files { create, modify, delete, forbidden, strict }
    };
    for (front, expected) in [
        ("forbidden: [src/b.rs]\n", files([&[], &[], &[], &["src/b.rs"]], false)),
        ("Forbidden: src/b.rs\n", files([&[], &[], &[], &["src/b.rs"]], false)),
        ("do_not_touch: [src/b.rs]\n", files([&[], &[], &[], &["src/b.rs"]], false)),
        ("off-limits: [src/b.rs]\n", files([&[], &[], &[], &["src/b.rs"]], false)),
        ("strict: true\ncreate: [a]\n", files([&["a"], &[], &[], &[]], true)),
        ("modify: [a]\ndelete: [b]\n", files([&[], &["a"], &["b"], &[]], false)),
        ("files:\n  modify: [a]\nstrict: true\n", files([&[], &["a"], &[], &[]], true)),
        ("files: { Modify: [a], forbiden: [b], strct: true }\n", files([&[], &["a"], &[], &["b"]], true)),
        ("Files: { add: [a], edit: [b], remove: [c] }\n", files([&["a"], &["b"], &["c"], &[]], false)),
        ("files_to_create: [a]\nfilesToModify: [b]\n", files([&["a"], &["b"], &[], &[]], false)),
    ] {
        let (plan, said) = made(&two("", front));
        assert_eq!(plan.tasks[1].files, expected, "{front}\n{said}");
        assert!(
            said.contains("[key-misplaced]")
                || said.contains("[key-synonym]")
                || front.starts_with("files:\n"),
            "{said}"
        );
        // The same in the index: it is moved into the task.
        let index: String = front.lines().map(|line| format!("    {line}\n")).collect();
        let (plan, _) = made(&two(&index, ""));
        assert_eq!(plan.tasks[1].files, expected, "{index}");
    }
}

#[test]
fn a_bound_that_cannot_be_taken_is_an_error() {
    for key in ["allowed", "allow", "allowed_files", "only", "allowedPaths"] {
        for text in [two("", &format!("{key}: [src/a.rs]\n")), two(&format!("    {key}: [src/a.rs]\n"), "")] {
            let said = errors(&text);
            assert!(said.contains(&format!("error[key-bound]: `{key}` bounds nothing here")), "{said}");
            assert!(said.contains("strict: true"), "{said}");
        }
    }
    assert_eq!(errors(&two("", "allowed: []\n")), "");
}

#[test]
fn other_words_are_taken_or_named() {
    for (front, key) in [
        ("verification: [cargo test]\n", "verification"),
        ("verify_commands: [cargo test]\n", "verify_commands"),
        ("Verify: [cargo test]\n", "Verify"),
        ("verification: cargo test\n", "verification"),
        ("check: cargo test\n", "check"),
    ] {
        let (plan, said) = made(&two("", front));
        assert_eq!(plan.tasks[1].verify, ["cargo test"], "{front}");
        assert!(said.contains(&format!("`{key}` is read as `verify`")), "{said}");
    }
    let (plan, said) = made(&two("", "Priority: high\nshared-resources: [db]\n"));
    assert_eq!(
        (plan.tasks[1].priority.as_str(), &plan.tasks[1].shared_resources[..]),
        ("high", &["db".to_owned()][..])
    );
    assert!(said.contains("`Priority` is read as `priority`"), "{said}");
    for (front, said) in [
        ("verification: { by: hand }\n", "`verification` is not read"),
        ("blocks: [task-0]\n", "`blocks` is not read"),
        ("tests: [a_test]\n", "`tests` is not read"),
        ("lables: [x]\n", "`lables` is not a known key and is not read"),
    ] {
        let (_, all) = made(&two("", front));
        assert!(all.contains(said), "{all}");
    }
    // Nobody knows these; they are kept.
    let (_, said) =
        made(&two("", "estimated_tokens: 9\nowner: me\ntype: feature\nnotes: [x]\nmodule: auth\n"));
    assert!(!said.contains("[key-"), "{said}");
}

#[test]
fn a_status_is_never_silently_pending() {
    for word in ["todo", "done", "wip", "in progress", "doing"] {
        for text in [two("", &format!("status: {word}\n")), two(&format!("    status: {word}\n"), "")] {
            let said = errors(&text);
            assert!(
                said.contains(&format!("error[unknown-status]: the status `{word}` is not known")),
                "{said}"
            );
            assert!(said.contains("did you mean"), "{said}");
        }
    }
    let (plan, _) = made(&two("    status: completed\n", ""));
    assert_eq!(plan.tasks[1].status, Status::Completed);
    let (plan, _) = made(&two("    state: blocked\n", ""));
    assert_eq!(plan.tasks[1].status, Status::Blocked);
}

#[test]
fn what_the_index_of_a_folder_says_of_a_task_counts_only_in_its_file() {
    let mut files = render(&parsed(&two("", "")), "20261121-101500", Some("main"));
    for (line, said) in [
        ("  files: { forbidden: [src] }\n", "error[task-key-in-index]: the index says `files` of `task-1`"),
        ("  status: completed\n", "error[task-key-in-index]: the index says `status` of `task-1`"),
        ("  labels: [x]\n", "warning[task-key-in-index]: the index says `labels` of `task-1`"),
    ] {
        let mut changed = files.clone();
        changed[0].1 += line;
        if line.contains("status") {
            changed[2].1 = changed[2].1.replace("status: pending\n", "");
        }
        let found = load(&source(&changed)).1.to_string();
        assert!(found.contains(said), "{found}");
        assert!(found.contains("--> plan.yaml:"), "{found}");
    }
    // Two statuses that differ are named; the task's own counts.
    let mut changed = files.clone();
    changed[0].1 += "  status: completed\n";
    let (plan, found) = load(&source(&changed));
    assert_eq!(plan.unwrap().tasks[1].status, Status::Pending);
    assert!(found.to_string().contains("warning[task-key-in-index]: the index says `status`"), "{found}");
    // A first status that was left there says nothing about now.
    files[0].1 += "  status: pending\n";
    files[2].1 = files[2].1.replace("status: pending", "status: completed");
    assert_eq!(loaded(&files).tasks[1].status, Status::Completed);
}

#[test]
fn a_number_sign_that_begins_a_comment_is_named() {
    let text = two("", "").replacen("name: B", "name: Fix #12 login", 1);
    let (plan, said) = made(&text);
    assert_eq!(plan.tasks[1].name, "Fix");
    assert!(
        said.contains(
            "warning[yaml-comment]: the text ends before ` #12 login`, which YAML takes as a comment"
        ),
        "{said}"
    );
    assert!(said.contains("--> plan.md:13:11"), "{said}");
    for harmless in ["name: \"Fix #12\"", "name: B # a comment", "name: Fix#12", "name: 'a #1'"] {
        let (_, said) = made(&two("", "").replacen("name: B", harmless, 1));
        assert!(!said.contains("yaml-comment"), "{harmless}: {said}");
    }
}

#[test]
fn a_plan_may_have_its_name_elsewhere() {
    for (from, to) in [
        ("  name: Auth system\n", "  title: Auth system\n"),
        ("  name: Auth system\n", "  Name: Auth system\n"),
        ("  name: Auth system\n", "  plan: Auth system\n"),
        ("metadata:\n  name: Auth system\n", "name: Auth system\nmetadata:\n"),
        ("metadata:\n  name: Auth system\n", "title: Auth system\nmetadata:\n"),
        ("metadata:\n  name: Auth system\n  base: main\n", "plan: Auth system\n"),
        ("metadata:\n  name: Auth system\n", "plan:\n  name: Auth system\n"),
    ] {
        let (plan, _) = made(&edited(&[(from, to)]));
        assert_eq!((plan.name.as_str(), plan.tasks.len()), ("Auth system", 2), "{to}");
    }
}

#[test]
fn number_ids_are_quoted_as_they_are_written() {
    for (id, form) in [
        ("1.10", "1.10"),
        ("1e3", "1e3"),
        ("0x10", "0x10"),
        ("01", "01"),
        ("1", "1"),
        ("1_0", "1_0"),
        ("0o7", "0o7"),
    ] {
        let said = errors(&two("", "").replace("id: task-1", &format!("id: {id}")));
        assert_eq!(said.matches("`id` is a number, not text").count(), 2, "{said}");
        assert!(said.contains(&format!("id: \"{form}\"")), "{said}");
    }
    // What would be no id in quotes, either, is not offered as one.
    for (id, offered) in [("1.10", "task-1-10"), ("-1", "task-1"), ("+3", "task-3"), (".5", "task-5")] {
        let said = errors(&two("", "").replace("id: task-1", &format!("id: {id}")));
        assert!(said.contains(&format!("hint: use one such as `{offered}`; in quotes")), "{said}");
    }
    for id in ["\"01\"", "1a", "v1", "1-2"] {
        assert_eq!(errors(&two("", "").replace("id: task-1", &format!("id: {id}"))), "", "{id}");
    }
}

#[test]
fn an_unknown_key_that_names_tasks_or_files_is_named_in_any_language() {
    for (line, said) in [
        ("abhängigkeiten: [task-0]", "`abhängigkeiten` of `task-1` names tasks"),
        ("依赖: [task-0]", "`依赖` of `task-1` names tasks"),
        ("parent: task-0", "`parent` of `task-1` names tasks"),
        ("dateien: [src/a.rs, lib.rs]", "`dateien` of `task-1` names files"),
        ("exclude: [src/x]", "`exclude` of `task-1` names files"),
        ("fichiers: { modify: [a] }", "`fichiers` of `task-1` names files"),
        ("wave: 2", "`wave` is not read"),
        ("order: 1", "`order` is not read"),
        ("phase: \"phase 2\"", "`phase` is not read"),
        // Neither orders nor bounds.
        ("related: [task-0]", ""),
        ("references: [docs/a.md]", ""),
        ("branch: task-1", ""),
        ("phase: design", ""),
        ("estimated_tokens: 5000", ""),
        ("notes: see src/a.rs", ""),
        ("urls: [\"https://a.example/b\"]", ""),
        ("owner: A", ""),
    ] {
        for text in [two(&format!("    {line}\n"), ""), two("", &format!("{line}\n"))] {
            let (_, found) = made(&text);
            let unread = found.lines().filter(|line| line.contains("key-unread")).collect::<String>();
            assert_eq!(unread.is_empty(), said.is_empty(), "{line}: {found}");
            assert!(unread.contains(said), "{line}: {found}");
        }
    }
}

#[test]
fn a_merge_key_brings_nothing_in_unseen() {
    for text in [
        two("    <<: { dependencies: [task-0] }\n", ""),
        two("", "<<: { files: { forbidden: [src/a.rs] } }\n"),
    ] {
        assert!(errors(&text).contains("error[yaml-merge]"), "{}", errors(&text));
    }
}

#[test]
fn the_hint_for_a_text_is_the_list_that_it_means() {
    for (value, hint) in [
        ("none", "`dependencies: []`, or leave it out"),
        ("task-0, task-9", "`dependencies: [task-0, task-9]`"),
        ("task-0; task-9", "`dependencies: [task-0, task-9]`"),
        ("task-0 and task-9", "`dependencies: [task-0, task-9]`"),
    ] {
        let said = errors(&two(&format!("    dependencies: {value}\n"), ""));
        assert!(said.contains(&format!("hint: write {hint}")), "{said}");
    }
    let (plan, _) = made(&two("    locks: db\n", ""));
    assert_eq!(plan.tasks[1].shared_resources, ["db"]);
}

#[test]
fn a_dependency_on_a_name_says_whose_name_that_is() {
    let said = errors(&two("    dependencies: [A]\n", ""));
    assert!(said.contains("hint: `task-0` has that name: write its id"), "{said}");
}

#[test]
fn an_id_that_differs_in_case_is_one_error() {
    let said = errors(&two("", "").replacen("id: task-1", "id: Task-1", 1));
    assert_eq!(said.matches("error[").count(), 1, "{said}");
    assert!(said.contains("error[id-mismatch]: the index says `Task-1`, the task says `task-1`"), "{said}");
}

#[test]
fn refused_entries_say_what_they_depend_on_wrongly_at_once() {
    let index =
        "  - id: task-1\n    name: C\n    dependencies: [zz]\n  - name: D\n    dependencies: [yy, task-0]\n";
    let said = errors(&two(index, ""));
    for part in [
        "error[id-duplicate]",
        "error[id-missing]",
        "entry 3 of `tasks` depends on `zz`",
        "entry 4 of `tasks` depends on `yy`",
    ] {
        assert!(said.contains(part), "{part}: {said}");
    }
    assert!(!said.contains("depends on `task-0`"), "{said}");
}

#[test]
fn declared_paths_are_read_without_what_is_written_around_them() {
    for written in [
        "src/lib.rs:12",
        "'`src/lib.rs`'",
        "src/lib.rs (new)",
        "'src/lib.rs#L3'",
        "'src\\lib.rs'",
        "src/lib.rs",
    ] {
        let (plan, _) = made(&two("", &format!("files: {{ modify: [{written}] }}\n")));
        assert_eq!(plan.tasks[1].files.modify, ["src/lib.rs"], "{written}");
    }
    for kept in ["app/(group)/page.tsx", "'app/\\[id\\].tsx'", "a b.txt"] {
        let (plan, _) = made(&two("", &format!("files: {{ modify: [{kept}] }}\n")));
        assert_eq!(plan.tasks[1].files.modify, [kept.trim_matches('\'')], "{kept}");
    }
}

#[test]
fn a_fence_in_a_text_of_the_front_matter_is_named() {
    let inner = "notes: |\n  ```rust\n  x\n  ```\n";
    let text = two("", "").replacen("id: task-0\n```", &format!("id: task-0\n{inner}```"), 1);
    let said = errors(&text);
    assert!(
        said.contains("error[fence-unclosed]: the fence that starts here is not closed before"),
        "{said}"
    );
    assert!(!said.contains("has no details"), "{said}");
    let longer = text.replacen("```yaml\nid: task-0", "````yaml\nid: task-0", 1).replacen(
        "  ```\n```",
        "  ```\n````",
        1,
    );
    assert_eq!(errors(&longer), "");
}
