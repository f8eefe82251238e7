//! What `ctx plan validate` says about folders that are not right, whole.

use ctx::plan::load::{Source, TaskText, load};
use insta::assert_snapshot;

const INDEX: &str = "\
metadata: { name: Auth system, created: 20261121-101500, status: ready, base: main }
tasks:
  - { id: task-0, name: Models, file: tasks/task-0.md, priority: blocker, dependencies: [] }
  - { id: task-1, name: Form, file: tasks/task-1.md, dependencies: [task-0] }
";

fn file(front: &str) -> TaskText {
    TaskText::Text(format!(
        "---\n{front}---\n\n# T\n\n## Objective\nx\n## Files to Touch\n**Create:** `{}.rs`\n## Tests\nx\n\
         ## Acceptance Criteria\nx\n",
        front.len()
    ))
}

/// Everything that is said of a folder. There is a plan exactly if nothing is an error.
#[track_caller]
fn said(index: &str, tasks: Vec<(&str, TaskText)>) -> String {
    let tasks = tasks.into_iter().map(|(id, text)| (format!("tasks/{id}.md"), text)).collect();
    let (plan, found) = load(&Source { index_file: "plan.yaml".to_owned(), index: index.to_owned(), tasks });
    assert_eq!(plan.is_none(), found.stop(false), "{found}");
    found.to_string()
}

/// With a good second task.
#[track_caller]
fn first(text: TaskText) -> String {
    said(INDEX, vec![("task-0", text), ("task-1", file("id: task-1\n"))])
}

#[test]
fn a_good_folder_is_good() {
    assert_snapshot!(first(file("id: task-0\nname: Models\nstatus: completed\n")), @"");
    assert_snapshot!(first(file("")), @"");
}

#[test]
fn task_files_must_be_there_and_be_files() {
    assert_snapshot!(first(TaskText::Missing), @"
    error[task-file-missing]: the file `tasks/task-0.md` of `task-0` does not exist
      --> plan.yaml:3:39
      hint: create it, or remove the entry from `tasks`
    ");
    assert_snapshot!(first(TaskText::Symlink), @"
    error[task-file-symlink]: the file `tasks/task-0.md` of `task-0` is a symbolic link
      --> plan.yaml:3:39
      hint: put the file itself there; links are not followed
    ");
    assert_snapshot!(first(TaskText::Unreadable("permission denied".to_owned())), @"
    error[task-file-unreadable]: the file `tasks/task-0.md` of `task-0` cannot be read: permission denied
      --> plan.yaml:3:39
      hint: make it a readable UTF-8 text file
    ");
    assert_snapshot!(said(INDEX, vec![]), @"
    error[task-file-missing]: the file `tasks/task-0.md` of `task-0` does not exist
      --> plan.yaml:3:39
      hint: create it, or remove the entry from `tasks`

    error[task-file-missing]: the file `tasks/task-1.md` of `task-1` does not exist
      --> plan.yaml:4:37
      hint: create it, or remove the entry from `tasks`
    ");
    assert_snapshot!(first(TaskText::Text(String::new())), @"
    error[front-matter-missing]: it does not start with front matter between two `---` lines
      --> tasks/task-0.md:1
      hint: start it with the lines `---`, `id: task-0`, `---`
    ");
    assert_snapshot!(first(TaskText::Text("# Models\n".to_owned())), @"
    error[front-matter-missing]: it does not start with front matter between two `---` lines
      --> tasks/task-0.md:1
      hint: start it with the lines `---`, `id: task-0`, `---`
    ");
    assert_snapshot!(first(TaskText::Text("---\nid: task-0\n".to_owned())), @"
    error[front-matter-missing]: it does not start with front matter between two `---` lines
      --> tasks/task-0.md:1
      hint: start it with the lines `---`, `id: task-0`, `---`
    ");
    assert_snapshot!(first(TaskText::Text("x".repeat((4 << 20) + 1))), @"
    error[too-large]: it has 4194305 bytes, 4194304 are allowed
      --> tasks/task-0.md
      hint: move what is not the task's specification into files of the repository
    ");
}

#[test]
fn a_task_s_file_has_one_place() {
    for other in ["tasks/other.md", "../x.md", "/etc/passwd", "tasks/../tasks/task-0.md", "Tasks/task-0.md"] {
        let index = INDEX.replace("tasks/task-0.md", other);
        let found = said(&index, vec![("task-0", file("id: task-0\n")), ("task-1", file("id: task-1\n"))]);
        assert!(
            found.starts_with("error[task-file-path]: the file of `task-0` is `tasks/task-0.md`"),
            "{found}"
        );
    }
    let index = INDEX.replace("tasks/task-0.md", "../x.md");
    assert_snapshot!(said(&index, vec![("task-0", file("id: task-0\n")), ("task-1", file("id: task-1\n"))]), @"
    error[task-file-path]: the file of `task-0` is `tasks/task-0.md`, the index says `../x.md`
      --> plan.yaml:3:39
      hint: write `file: tasks/task-0.md`, or remove the key
    ");
}

#[test]
fn a_task_s_file_agrees_with_the_index() {
    assert_snapshot!(first(file("id: task-1\n")), @"
    error[id-mismatch]: the index says `task-0`, the task says `task-1`
      --> tasks/task-0.md:2:5
      hint: write `id: task-0` here, or change the index
    ");
    assert_snapshot!(first(file("id: TASK-0\n")), @"
    error[id-mismatch]: the index says `task-0`, the task says `TASK-0`
      --> tasks/task-0.md:2:5
      hint: write `id: task-0` here, or change the index
    ");
    assert_snapshot!(first(file("id: task-0\nname: Tables\n")), @"
    warning[name-mismatch]: `task-0` is `Models` in the index and `Tables` here
      --> tasks/task-0.md:3:7
      hint: the index counts; make the two names the same
    ");
    assert_snapshot!(first(file("id: task-0\npriority: low\n")), @"
    warning[priority-mismatch]: `task-0` has priority `blocker` in the index and `low` here
      --> tasks/task-0.md:3:11
      hint: the index counts; make the two the same
    ");
    assert_snapshot!(first(file("id: task-0\ndependencies: [task-1]\n")), @"
    error[dependencies-mismatch]: `task-0` depends on nothing in the index and on `task-1` here
      --> tasks/task-0.md:3:15
      hint: make the two lists the same
    ");
}

#[test]
fn front_matter_must_be_right() {
    assert_snapshot!(first(file("id: task-0\nstatus: complete\n")), @"
    error[unknown-status]: the status `complete` is not known
      --> tasks/task-0.md:3:9
      hint: did you mean `completed`? known are `pending`, `in_progress`, `submitted`, `completed`, `blocked`, `failed`
    ");
    assert_snapshot!(first(file("id: task-0\nstatus: Pending\n")), @"
    error[unknown-status]: the status `Pending` is not known
      --> tasks/task-0.md:3:9
      hint: did you mean `pending`? known are `pending`, `in_progress`, `submitted`, `completed`, `blocked`, `failed`
    ");
    assert_snapshot!(first(file("id: [task-0\n")), @"
    error[yaml-syntax]: this is not valid YAML: did not find expected ',' or ']'
      --> tasks/task-0.md:3:1
      hint: correct the YAML; text that contains `: ` or ` #`, or starts with a sign such as `*`, `&`, `@`, `[` or `{`, needs quotes
    ");
    assert_snapshot!(first(file("- id\n")), @"
    error[wrong-type]: this is a list, not a mapping of keys to values
      --> tasks/task-0.md:2:1
      hint: write `key: value` lines, each key at the start of its line
    ");
    assert_snapshot!(first(file("id: task-0\nverify: cargo test\n")), @"
    error[wrong-type]: `verify` is text, not a list
      --> tasks/task-0.md:3:9
      hint: write `verify: [cargo test]`, or `verify: []` for none
    ");
    assert_snapshot!(first(file("id: task-0\nid: task-0\n")), @r#"
    error[yaml-syntax]: this is not valid YAML: duplicate entry with key "id"
      --> tasks/task-0.md:2:1
      hint: say it once
    "#);
}

#[test]
fn the_index_must_be_right() {
    assert_snapshot!(said("", vec![]), @"
    error[plan-name-missing]: the plan has no name
      --> plan.yaml:1
      hint: add `name: What the plan is about` under `metadata:`

    error[no-task]: the plan has no task
      --> plan.yaml:1
      hint: add `tasks:` with an entry such as `- { id: task-0, name: What it is about }` for each task
    ");
    assert_snapshot!(said("text", vec![]), @"
    error[wrong-type]: this is text, not a mapping of keys to values
      --> plan.yaml:1:1
      hint: write `key: value` lines, each key at the start of its line
    ");
    assert_snapshot!(said("metadata: { name: x }\ntasks: { a: b }\n", vec![]), @"
    error[wrong-type]: `tasks` is a mapping, not a list
      --> plan.yaml:2:8
      hint: write each item under `tasks:` as `- { id: task-0, name: What it is about }`
    ");
    assert_snapshot!(said("metadata: { name: x }\ntasks:\n  - { id: a, name: A }\n  - { id: A, name: B }\n  - { id: '-', name: C }\n", vec![("a", file("id: a\n"))]), @"
    error[id-duplicate]: the id `A` is used twice (upper and lower case are the same)
      --> plan.yaml:4:11
      hint: give each task an id of its own, such as `task-7`

    error[id-invalid]: `-` cannot be a task's id: it starts with '-', not with a letter or digit
      --> plan.yaml:5:11
      hint: use an id such as `task-1`: it names a file, a folder and a branch
    ");
    let cycle = "metadata: { name: x }\ntasks:\n  - { id: task-0, name: A, dependencies: [task-2] }\n  - { id: task-1, name: B, dependencies: [task-0] }\n  - { id: task-2, name: C, dependencies: [task-1] }\n";
    assert_snapshot!(said(cycle, vec![("task-0", file("id: task-0\n")), ("task-1", file("id: task-1\n")), ("task-2", file("id: task-2\n"))]), @"
    error[dependency-cycle]: tasks wait for each other: `task-0 -> task-2 -> task-1 -> task-0`
      --> plan.yaml:3:43
      hint: remove one of these dependencies
    ");
}

#[test]
fn brackets_that_close_at_the_margin_are_accepted() {
    let index = "metadata:\n  name: x\ntasks:\n- id: a\n  name: A\n  dependencies: [\n  ]\n";
    assert_snapshot!(said(index, vec![("a", file("id: a\n"))]), @"");
}
