//! Where the tasks of a document are: headings of other forms, none at all, fences that run on; all faults at once.

use ctx::plan::document::parse;
use insta::assert_snapshot;

use super::{edited, parsed};

#[test]
fn a_task_is_found_by_its_id_whatever_its_heading() {
    for heading in [
        "### Task 1: Login form",
        "### Task 1) Login form",
        "### Task 1：Login form",
        "### Task 1",
        "### Task B: Login form",
        "### Task one",
        "### Login form",
        "#### Login form",
        "## 1. Login form",
        "### task-1: Login form",
        "",
    ] {
        let text = edited(&[("### Task 1: Login form", heading)]);
        let document = parsed(&text);
        let ids: Vec<&str> = document.tasks.iter().map(|task| task.id.as_str()).collect();
        assert_eq!(ids, ["task-0", "task-1"], "{heading}");
        assert!(document.tasks[1].body.contains("A form."), "{heading}");
        assert!(!document.tasks[0].body.contains("A form."), "{heading}");
        let both = edited(&[("### Task 1: Login form", heading), ("### Task 0: Models", "### Models")]);
        assert_eq!(parsed(&both).tasks.len(), 2, "{heading}");
    }
}

#[test]
fn an_example_in_a_body_is_no_task() {
    let example = "- one can log in\n\n### Example\n\n```yaml\nid: task-0\n```\n\n```yaml\nid: other\n```\n";
    let document = parsed(&edited(&[("- one can log in\n", example)]));
    assert!(document.tasks[1].body.contains("id: other"));
}

#[test]
fn a_fence_that_runs_on_is_named() {
    let text = edited(&[("dependencies: []\n```\n\n## 🎯", "dependencies: []\n\n## 🎯")]);
    assert_snapshot!(parse(&text, "plan.md").1.to_string(), @"
    warning[files-missing]: `task-0` has no declared files
      --> plan.md:28
      hint: declare them under `files:` in the front matter, or as `**Create:**` and `**Modify:**` lists in the text

    error[fence-unclosed]: the fence that starts here is not closed before another one, in line 56
      --> plan.md:30
      hint: close it with the same signs on a line of their own
    ");
    let text = edited(&[("    dependencies: [task-0]\n```\n", "    dependencies: [task-0]\n")]);
    assert_snapshot!(parse(&text, "plan.md").1.to_string(), @"
    error[fence-unclosed]: the fence that starts here is not closed before another one, in line 29
      --> plan.md:8
      hint: close it with the same signs on a line of their own
    ");
}

#[test]
fn a_refused_entry_hides_nothing_else() {
    let entries = "  - id: task-0\n    name: Again\n  - name: Nameless\n  - id: task-4\n    name: Lost\n  - id: task-1\n";
    let text = edited(&[
        ("  - id: task-1\n    name: Login form\n", &format!("{entries}    name: Login form\n")),
        ("    dependencies: [task-0]\n```", "    dependencies: [task-0, task-9]\n```"),
        ("priority: high\ndependencies: [task-0]\nfiles", "priority: high\nfiles"),
    ]);
    assert_snapshot!(parse(&text, "plan.md").1.to_string(), @"
    error[id-duplicate]: the id `task-0` is used twice (upper and lower case are the same)
      --> plan.md:19:9
      hint: give each task an id of its own, such as `task-7`

    error[id-missing]: entry 3 of `tasks` has no id
      --> plan.md:21:5
      hint: add an id such as `id: task-2`

    error[details-missing]: `task-4` has no details
      --> plan.md:22:5
      hint: add a heading `### Task N: Name`, a `yaml` fence with its `id:`, and what is to be done

    error[dependency-unknown]: `task-1` depends on `task-9`, which is not in the plan
      --> plan.md:28:28
      hint: name a task such as `task-4`, `task-0`, or add that one to `tasks`
    ");
}
