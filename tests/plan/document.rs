//! The forms that documents take, and what a document is known by.

use ctx::plan::document::markers;
use ctx::plan::{Priority, Status};

use super::{GOOD, edited, loaded, parsed};

/// The document must mean what the good one does.
#[track_caller]
fn check_same(text: &str) {
    let files = ctx::plan::render::render(&parsed(text), "20261121-101500", None);
    let plan = loaded(&files);
    let tasks: Vec<_> =
        plan.tasks.iter().map(|task| (task.id.as_str(), task.name.as_str(), task.priority)).collect();
    assert_eq!(tasks, [("task-0", "Models", Priority::Blocker), ("task-1", "Login form", Priority::High)]);
    assert_eq!(plan.name, "Auth system");
    assert_eq!(plan.tasks[1].dependencies, [plan.tasks[0].id.clone()]);
    assert!(plan.tasks.iter().all(|task| task.status == Status::Pending));
    assert_eq!(plan.tasks[0].files.create, ["src/models.rs"]);
    assert_eq!(plan.tasks[1].files.modify, ["src/login.rs"]);
    for (task, text) in plan.tasks.iter().zip(["Users and sessions.", "A form."]) {
        assert!(task.body.contains(text), "{}", task.body);
        assert!(!task.body.contains("Task 1:"), "{}", task.body);
    }
}

const FRONT_0: &str =
    "```yaml\nid: task-0\nname: Models\npriority: blocker\nstatus: pending\ndependencies: []\n```\n";
const FRONT_1: &str = "```yaml\nid: task-1\nname: Login form\npriority: high\ndependencies: [task-0]\nfiles:\n  modify: [src/login.rs]\n```\n";

fn unfenced(front: &str) -> String {
    front.replace("```yaml", "---").replace("```", "---")
}

#[test]
fn the_forms_of_real_plans_are_read() {
    check_same(GOOD);
    check_same(&GOOD.replace('\n', "\r\n"));
    check_same(&format!("Here is the plan.\n\n# Preamble\n\nI looked around.\n\n{GOOD}"));
    check_same(&format!("{GOOD}\n## References\n\n- a page\n\nShall I start?\n"));
    // `---` inside the fences.
    check_same(
        &GOOD.replace("```yaml\nid", "```yaml\n---\nid").replace("]\n```\n\n## ", "]\n---\n```\n\n## "),
    );
    check_same(&edited(&[("```yaml\nmetadata", "```yaml\n---\nmetadata")]));
    // Bare front matter after the heading.
    check_same(&edited(&[(FRONT_0, &unfenced(FRONT_0)), (FRONT_1, &unfenced(FRONT_1))]));
    // Before it.
    check_same(&edited(&[
        (&format!("### Task 0: Models\n\n{FRONT_0}"), &format!("{}\n# Task 0: Models\n", unfenced(FRONT_0))),
        (
            &format!("### Task 1: Login form\n\n{FRONT_1}"),
            &format!("{}# Task 1: Login form\n", unfenced(FRONT_1)),
        ),
    ]));
    // Without `## Task Details`, on another level, with emoji, with rules in between.
    check_same(&edited(&[
        ("## Task Details\n\n", ""),
        ("### Task 0", "## Task 0"),
        ("### Task 1", "## Task 1"),
    ]));
    check_same(&edited(&[("### Task 0:", "### 🚀 Task 0 —"), ("### Task 1:", "---\n\n### 🚀 **Task 1**:")]));
    check_same(&edited(&[("## Plan Structure", "## 🏗️ Plan structure:")]));
    // Numbers from 1.
    check_same(&edited(&[("### Task 1", "### Task 2"), ("### Task 0", "### Task 1")]));
    // `title`, extra keys, nothing that the index says already.
    check_same(&edited(&[
        ("    name: Models", "    title: Models"),
        ("name: Models\n", "title: Models\nestimated_tokens: 7\n"),
    ]));
    check_same(&edited(&[("name: Models\npriority: blocker\nstatus: pending\ndependencies: []\n", "")]));
    check_same(&edited(&[("    file: tasks/task-0.md\n", "")]));
    // By number, by order.
    check_same(&edited(&[("id: task-0\nname: M", "name: M")]));
    check_same(&edited(&[
        ("id: task-0\nname: M", "name: M"),
        ("id: task-1\nname: L", "name: L"),
        ("Task 1:", "Task 2:"),
        ("Task 0:", "Task 1:"),
    ]));
    check_same(&edited(&[(FRONT_0, "")]));
    // Other fences.
    check_same(&GOOD.replace("```", "~~~~"));
    check_same(&GOOD.replace("```yaml", "```YML title=\"x\""));
    check_same(&GOOD.replace("```yaml\nid", "```\nid"));
    // Absent: no dependency, in the index or the task.
    check_same(&edited(&[
        ("    dependencies: []\n", "    dependencies:\n"),
        ("dependencies: []\n```\n\n## 🎯", "```\n\n## 🎯"),
    ]));
    check_same(&edited(&[("    dependencies: [task-0]\n", ""), ("    priority: high\n", "")]));
}

#[test]
fn the_identity_is_that_of_the_plan_alone() {
    let hash = |text: &str| parsed(text).hash();
    let good = hash(GOOD);
    assert_eq!(good.len(), 64);
    assert_eq!(hash(&format!("Some words first.\n\n# Notes\n\n{GOOD}")), good);
    assert_eq!(hash(&format!("{GOOD}\n\n## References\n\nSome words after.\n")), good);
    assert_eq!(hash(&format!("{GOOD}  \n\n")), good);
    assert_eq!(hash(GOOD.trim_end()), good);
    assert_eq!(hash(&GOOD.replace('\n', "\r\n")), good);
    assert_ne!(hash(&edited(&[("A form.", "A page.")])), good);
    assert_ne!(hash(&edited(&[("# Auth system", "# Auth")])), good);
}

#[test]
fn the_marker_counts_at_the_start_of_a_line_outside_fences() {
    assert_eq!(markers("**Type:** Plan"), [0]);
    assert_eq!(markers("# T\r\n**Type:** Plan  \r\n"), [5]);
    assert_eq!(markers("# T\n\n**Type:** Plan\n\n```\n**Type:** Plan\n```\n\n**Type:** Plan\n"), [5, 45]);
    for none in [
        "a **Type:** Plan",
        "**Type:** Plan mode",
        " **Type:** Plan",
        "> **Type:** Plan",
        "~~~\n**Type:** Plan",
        "**Type:** Design",
    ] {
        assert!(markers(none).is_empty(), "{none}");
    }
}

#[test]
fn a_base_and_other_metadata_are_kept() {
    let document = parsed(GOOD);
    assert_eq!(document.title, "Auth system");
    assert_eq!(document.name, "Auth system");
    assert_eq!(
        document.tasks[0].front_matter.get("status").and_then(|status| status.as_str()),
        Some("pending")
    );
    assert_eq!(document.index.get("overview").and_then(|text| text.as_str()), Some("Log in and out."));
}
