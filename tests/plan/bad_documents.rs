//! What `ctx plan create` says about documents that are not right, whole.

use ctx::plan::document::parse;
use insta::assert_snapshot;

use super::edited;

/// Everything that is said of the good document with these edits.
#[track_caller]
fn said(edits: &[(&str, &str)]) -> String {
    said_of(&edited(edits))
}

/// Everything that is said of this document. There is a plan exactly if nothing is an error.
#[track_caller]
fn said_of(text: &str) -> String {
    let (document, found) = parse(text, "plan.md");
    assert_eq!(document.is_none(), found.stop(false), "{found}");
    found.to_string()
}

#[test]
fn the_good_document_is_good() {
    assert_snapshot!(said(&[]), @"");
}

#[test]
fn there_must_be_a_plan() {
    assert_snapshot!(said_of(""), @"
    error[plan-structure-missing]: there is no plan: no heading `## Plan Structure` outside fences
      --> plan.md
      hint: write `# Title`, `**Type:** Plan`, `## Plan Structure` with a `yaml` fence, and `### Task N: Name` for each task
    ");
    assert_snapshot!(said_of("# Title\n\n**Type:** Plan\n\nSome prose.\n"), @"
    error[plan-structure-missing]: there is no plan: no heading `## Plan Structure` outside fences
      --> plan.md
      hint: write `# Title`, `**Type:** Plan`, `## Plan Structure` with a `yaml` fence, and `### Task N: Name` for each task
    ");
    assert_snapshot!(said_of("```\n# T\n\n**Type:** Plan\n\n## Plan Structure\n```\n"), @"
    error[plan-structure-missing]: there is no plan: no heading `## Plan Structure` outside fences
      --> plan.md
      hint: write `# Title`, `**Type:** Plan`, `## Plan Structure` with a `yaml` fence, and `### Task N: Name` for each task
    ");
    assert_snapshot!(said_of("> ## Plan Structure\n"), @"
    error[plan-structure-missing]: there is no plan: no heading `## Plan Structure` outside fences
      --> plan.md
      hint: write `# Title`, `**Type:** Plan`, `## Plan Structure` with a `yaml` fence, and `### Task N: Name` for each task
    ");
    assert_snapshot!(said(&[("**Type:** Plan\n", "")]), @"
    warning[type-missing]: no line says `**Type:** Plan`
      --> plan.md:1
      hint: add the line `**Type:** Plan` under the title, or `ctx plan extract` will not find the plan
    ");
    assert_snapshot!(said(&[("**Type:** Plan", "As **Type:** Plan")]), @"
    warning[type-missing]: no line says `**Type:** Plan`
      --> plan.md:1
      hint: add the line `**Type:** Plan` under the title, or `ctx plan extract` will not find the plan
    ");
    assert_snapshot!(said(&[("```yaml\nmetadata", "```json\nmetadata")]), @"
    error[index-missing]: no `yaml` fence follows the heading `Plan Structure`
      --> plan.md:6
      hint: write the index between ```` ```yaml ```` and ```` ``` ```` under it
    ");
    assert_snapshot!(said_of("# T\n\n**Type:** Plan\n\n## Plan Structure\n\n## Task Details\n\n```yaml\nid: a\n```\n"), @"
    error[index-missing]: no `yaml` fence follows the heading `Plan Structure`
      --> plan.md:5
      hint: write the index between ```` ```yaml ```` and ```` ``` ```` under it
    ");
    assert_snapshot!(said(&[("- one can log in\n", "- one can log in\n\n```rust\nfn cut_off")]), @"
    error[fence-unclosed]: the fence that starts here is never closed
      --> plan.md:78
      hint: close it with the same signs on a line of their own; perhaps the text was cut off
    ");
}

#[test]
fn the_index_must_be_yaml() {
    assert_snapshot!(said(&[("name: Auth system", "name: Auth: the system")]), @"
    error[yaml-syntax]: this is not valid YAML: mapping values are not allowed in this context
      --> plan.md:10:13
      hint: correct the YAML; text that contains `: ` or ` #`, or starts with a sign such as `*`, `&`, `@`, `[` or `{`, needs quotes
    ");
    assert_snapshot!(said(&[("overview: Log in and out.", "overview: *bold* words")]), @"
    error[yaml-syntax]: this is not valid YAML: did not find expected alphabetic or numeric character
      --> plan.md:12:16
      hint: correct the YAML; text that contains `: ` or ` #`, or starts with a sign such as `*`, `&`, `@`, `[` or `{`, needs quotes
    ");
    assert_snapshot!(said(&[("dependencies: [task-0]\n```", "dependencies: [task-0\n```")]), @"
    error[yaml-syntax]: this is not valid YAML: did not find expected ',' or ']'
      --> plan.md:24:1
      hint: correct the YAML; text that contains `: ` or ` #`, or starts with a sign such as `*`, `&`, `@`, `[` or `{`, needs quotes
    ");
    assert_snapshot!(said(&[("    priority: high\n    dep", "    priority: high\n    priority: low\n    dep")]), @r#"
    error[yaml-syntax]: this is not valid YAML: tasks[1]: duplicate entry with key "priority"
      --> plan.md:19:5
      hint: say it once
    "#);
    assert_snapshot!(said(&[("overview: Log", "\toverview: Log")]), @"
    error[yaml-syntax]: this is not valid YAML: found a tab character that violates indentation
      --> plan.md:12:1
      hint: indent with spaces: YAML takes no tabs at the beginning of a line
    ");
    assert_snapshot!(said(&[("overview: Log in and out.\n", "overview: Log\n---\nmore: x\n")]), @"
    error[yaml-documents]: a second YAML document starts here
      --> plan.md:13:1
      hint: keep one YAML document and remove the `---` between the two
    ");
    assert_snapshot!(said(&[("overview: Log in and out.", "overview: !secret x")]), @"
    error[yaml-tag]: a YAML tag (`!name`) stands here, and plans have none
      --> plan.md:12:11
      hint: remove the tag, or put the text in quotes if the `!` is part of it
    ");
    assert_snapshot!(said(&[("overview: Log in and out.", "overview: &a [x]\nmore: [*a, *a]")]), @"
    error[yaml-alias]: a YAML alias stands here, and plans have none
      --> plan.md:13:8
      hint: write the value out, or put it in quotes if a `*` is part of it
    ");
}

#[test]
fn required_fields_must_be_there() {
    assert_snapshot!(said(&[("  name: Auth system\n", "")]), @"
    error[plan-name-missing]: the plan has no name
      --> plan.md:10:3
      hint: add `name: Auth system` under `metadata:`
    ");
    assert_snapshot!(said(&[("  name: Auth system\n", "  name: ' '\n")]), @"
    error[plan-name-missing]: the plan has no name
      --> plan.md:10:3
      hint: add `name: Auth system` under `metadata:`
    ");
    assert_snapshot!(said(&[("metadata:\n  name: Auth system\n  base: main\n", "")]), @"
    error[plan-name-missing]: the plan has no name
      --> plan.md:9:1
      hint: add `name: Auth system` under `metadata:`
    ");
    assert_snapshot!(said(&[("  - id: task-1\n    name: Login form\n    file", "  - name: Login form\n    file")]), @"
    error[id-missing]: entry 2 of `tasks` has no id
      --> plan.md:19:5
      hint: add an id such as `id: task-1`
    ");
    assert_snapshot!(said(&[("    name: Login form\n    file", "    file")]), @"
    error[name-missing]: the index entry of `task-1` has no name
      --> plan.md:19:5
      hint: add `name:` with one line that says what the task is about
    ");
    assert_snapshot!(said(&[("  - id: task-1\n    name: Login form\n    file", "  - file")]), @"
    error[id-missing]: entry 2 of `tasks` has no id
      --> plan.md:19:5
      hint: add an id such as `id: task-1`

    error[name-missing]: entry 2 of `tasks` has no name
      --> plan.md:19:5
      hint: add `name:` with one line that says what the task is about
    ");
    assert_snapshot!(said_of("# T\n\n**Type:** Plan\n\n## Plan Structure\n\n```yaml\nmetadata: {name: T}\ntasks: []\n```\n"), @"
    error[no-task]: the plan has no task
      --> plan.md:9:8
      hint: add `tasks:` with an entry such as `- { id: task-0, name: What it is about }` for each task
    ");
    assert_snapshot!(said_of("# T\n\n**Type:** Plan\n\n## Plan Structure\n\n```yaml\nmetadata: {name: T}\n```\n"), @"
    error[no-task]: the plan has no task
      --> plan.md:8:1
      hint: add `tasks:` with an entry such as `- { id: task-0, name: What it is about }` for each task
    ");
    assert_snapshot!(said_of("# T\n\n**Type:** Plan\n\n## Plan Structure\n\n```yaml\n```\n"), @"
    error[plan-name-missing]: the plan has no name
      --> plan.md:8
      hint: add `name: T` under `metadata:`

    error[no-task]: the plan has no task
      --> plan.md:8
      hint: add `tasks:` with an entry such as `- { id: task-0, name: What it is about }` for each task
    ");
}

#[test]
fn types_must_be_right() {
    assert_snapshot!(said_of("# T\n\n**Type:** Plan\n\n## Plan Structure\n\n```yaml\n- a\n- b\n```\n"), @"
    error[wrong-type]: this is a list, not a mapping of keys to values
      --> plan.md:8:1
      hint: write `key: value` lines, each key at the start of its line
    ");
    assert_snapshot!(said(&[("metadata:\n  name: Auth system\n  base: main\n", "metadata: Auth\n")]), @"
    error[wrong-type]: `metadata` is text, not a mapping
      --> plan.md:9:11
      hint: write `metadata: { name: What the plan is about }`
    ");
    assert_snapshot!(said(&[("name: Auth system", "name: 2026")]), @r#"
    error[wrong-type]: `name` is a number, not text
      --> plan.md:10:9
      hint: put it in quotes: `name: "2026"`
    "#);
    assert_snapshot!(said(&[("name: Auth system", "name: [Auth]")]), @"
    error[wrong-type]: `name` is a list, not text
      --> plan.md:10:9
      hint: write `name: TEXT`, in quotes if the text contains `: `
    ");
    assert_snapshot!(said(&[("- id: task-0\n", "- id: 0\n")]), @r#"
    error[wrong-type]: `id` is a number, not text
      --> plan.md:14:9
      hint: put it in quotes, `id: "0"`, or use one such as `task-0`
    "#);
    assert_snapshot!(said(&[("    dependencies: [task-0]\n```", "    dependencies: task-0\n```")]), @"
    error[wrong-type]: `dependencies` is text, not a list
      --> plan.md:23:19
      hint: write `dependencies: [task-0]`, or `dependencies: []` for none
    ");
    assert_snapshot!(said(&[("    dependencies: [task-0]\n```", "    dependencies: [task-0, 1, [x]]\n```")]), @r#"
    error[wrong-type]: `dependencies[1]` is a number, not text
      --> plan.md:23:28
      hint: put it in quotes: `"1"`

    error[wrong-type]: `dependencies[2]` is a list, not text
      --> plan.md:23:31
      hint: write each item as text, in quotes if it contains `: ` or is a number
    "#);
    assert_snapshot!(said(&[("  - id: task-0\n", "  - just text\n  - id: task-0\n")]), @"
    error[wrong-type]: `tasks[0]` is text, not a mapping
      --> plan.md:14:5
      hint: write it as `- { id: task-0, name: What it is about }`
    ");
    assert_snapshot!(said(&[("  modify: [src/login.rs]", "  modify: src/login.rs")]), @"
    warning[files-missing]: `task-1` has no declared files
      --> plan.md:55
      hint: declare them under `files:` in the front matter, or as `**Create:**` and `**Modify:**` lists in the text

    error[wrong-type]: `modify` is text, not a list
      --> plan.md:63:11
      hint: write `modify: [src/login.rs]`, or `modify: []` for none
    ");
    assert_snapshot!(said(&[("files:\n  modify: [src/login.rs]", "files: [src/login.rs]")]), @"
    warning[files-missing]: `task-1` has no declared files
      --> plan.md:55
      hint: declare them under `files:` in the front matter, or as `**Create:**` and `**Modify:**` lists in the text

    error[wrong-type]: `files` is a list, not a mapping
      --> plan.md:62:8
      hint: write `files: { create: [], modify: [src/lib.rs], delete: [] }`
    ");
    assert_snapshot!(said(&[("files:\n", "files:\n  strict: yes please\n")]), @"
    error[wrong-type]: `strict` is text, not true or false
      --> plan.md:63:11
      hint: write `strict: true` or `strict: false`
    ");
    assert_snapshot!(said(&[("files:\n", "verify:\n  - cargo test -- only: this\nfiles:\n")]), @"
    error[wrong-type]: `verify[0]` is a mapping, not text
      --> plan.md:63:5
      hint: write each item as text, in quotes if it contains `: ` or is a number
    ");
    assert_snapshot!(said(&[("files:\n", "labels: api\nmodel: 3\nfiles:\n")]), @r#"
    error[wrong-type]: `labels` is text, not a list
      --> plan.md:62:9
      hint: write `labels: [api]`, or `labels: []` for none

    error[wrong-type]: `model` is a number, not text
      --> plan.md:63:8
      hint: put it in quotes: `model: "3"`
    "#);
}

#[test]
fn words_must_be_known() {
    assert_snapshot!(said(&[("priority: blocker", "priority: critical"), ("priority: blocker", "priority: Blocker")]), @"
    error[unknown-priority]: the priority `critical` is not known
      --> plan.md:17:15
      hint: did you mean `blocker`? known are `blocker`, `high`, `medium`, `low`

    error[unknown-priority]: the priority `Blocker` is not known
      --> plan.md:33:11
      hint: did you mean `blocker`? known are `blocker`, `high`, `medium`, `low`
    ");
    assert_snapshot!(said(&[("    priority: high", "    priority: hgih")]), @"
    error[unknown-priority]: the priority `hgih` is not known
      --> plan.md:22:15
      hint: did you mean `high`? known are `blocker`, `high`, `medium`, `low`
    ");
    assert_snapshot!(said(&[("    priority: high", "    priority: P1")]), @"
    error[unknown-priority]: the priority `P1` is not known
      --> plan.md:22:15
      hint: did you mean `high`? known are `blocker`, `high`, `medium`, `low`
    ");
    assert_snapshot!(said(&[("status: pending", "status: done")]), @"
    error[unknown-status]: the status `done` is not known
      --> plan.md:34:9
      hint: did you mean `completed`? known are `pending`, `in_progress`, `submitted`, `completed`, `blocked`, `failed`
    ");
    assert_snapshot!(said(&[("status: pending", "status: in-progress")]), @"
    error[unknown-status]: the status `in-progress` is not known
      --> plan.md:34:9
      hint: did you mean `in_progress`? known are `pending`, `in_progress`, `submitted`, `completed`, `blocked`, `failed`
    ");
    assert_snapshot!(said(&[("status: pending", "status: whatever it takes")]), @"
    error[unknown-status]: the status `whatever it takes` is not known
      --> plan.md:34:9
      hint: use one of `pending`, `in_progress`, `submitted`, `completed`, `blocked`, `failed`
    ");
}

#[test]
fn ids_must_be_ids_and_unique() {
    assert_snapshot!(said(&[("- id: task-1", "- id: task 1")]), @"
    error[id-invalid]: `task 1` cannot be a task's id: it contains ' '; letters, digits, `_` and `-` are allowed
      --> plan.md:19:9
      hint: use an id such as `task-1`: it names a file, a folder and a branch
    ");
    assert_snapshot!(said(&[("- id: task-1", "- id: ../task-1")]), @"
    error[id-invalid]: `../task-1` cannot be a task's id: it starts with '.', not with a letter or digit
      --> plan.md:19:9
      hint: use an id such as `task-1`: it names a file, a folder and a branch
    ");
    assert_snapshot!(said(&[("- id: task-1", "- id: --force")]), @"
    error[id-invalid]: `--force` cannot be a task's id: it starts with '-', not with a letter or digit
      --> plan.md:19:9
      hint: use an id such as `task-1`: it names a file, a folder and a branch
    ");
    assert_snapshot!(said(&[("- id: task-1", "- id: Task-0")]), @"
    error[id-duplicate]: the id `Task-0` is used twice (upper and lower case are the same)
      --> plan.md:19:9
      hint: give each task an id of its own, such as `task-7`
    ");
    assert_snapshot!(said(&[("id: task-1\nname", "id: task/1\nname")]), @"
    error[id-invalid]: `task/1` cannot be a task's id: it contains '/'; letters, digits, `_` and `-` are allowed
      --> plan.md:58:5
      hint: use an id such as `task-1`: it names a file, a folder and a branch
    ");
}

#[test]
fn index_and_details_must_agree() {
    assert_snapshot!(said(&[("id: task-1\nname", "id: task-2\nname")]), @"
    error[details-missing]: `task-1` has no details
      --> plan.md:19:5
      hint: add a heading `### Task N: Name`, a `yaml` fence with its `id:`, and what is to be done

    error[task-not-in-index]: `task-2` has details, but no entry in the index
      --> plan.md:58:5
      hint: add it to `tasks` under `## Plan Structure`: `- { id: task-2, name: … }`
    ");
    assert_snapshot!(said(&[("id: task-1\nname", "id: task-0\nname")]), @"
    error[details-missing]: `task-1` has no details
      --> plan.md:19:5
      hint: add a heading `### Task N: Name`, a `yaml` fence with its `id:`, and what is to be done

    error[details-duplicate]: a second task says that it is `task-0`
      --> plan.md:55
      hint: give it an id of its own and an entry in the index, or remove it
    ");
    assert_snapshot!(said(&[("name: Login form\npriority", "name: Form\npriority")]), @"
    warning[name-mismatch]: `task-1` is `Login form` in the index and `Form` here
      --> plan.md:59:7
      hint: the index counts; make the two names the same
    ");
    assert_snapshot!(said(&[("name: Login form\npriority: high", "name: Login form\npriority: low")]), @"
    warning[priority-mismatch]: `task-1` has priority `high` in the index and `low` here
      --> plan.md:60:11
      hint: the index counts; make the two the same
    ");
    assert_snapshot!(said(&[("priority: high\ndependencies: [task-0]", "priority: high\ndependencies: []")]), @"
    error[dependencies-mismatch]: `task-1` depends on `task-0` in the index and on nothing here
      --> plan.md:61:15
      hint: make the two lists the same
    ");
    assert_snapshot!(said(&[("  - id: task-1\n    name: Login form\n    file: tasks/task-1.md\n    priority: high\n    dependencies: [task-0]\n", "")]), @"
    error[task-not-in-index]: `task-1` has details, but no entry in the index
      --> plan.md:53:5
      hint: add it to `tasks` under `## Plan Structure`: `- { id: task-1, name: … }`
    ");
    assert_snapshot!(said(&[("- one can log in\n", "- one can log in\n\n### Task 9: decoy\n\nText.\n")]), @"
    error[task-id-missing]: it is not clear which task of the index `Task 9` is
      --> plan.md:78
      hint: add a `yaml` fence with its `id:` under this heading; if it is a heading inside a task, word it otherwise
    ");
    assert_snapshot!(said(&[("### Task 0: Models", "### Models"), ("### Task 1: Login form", "### Login form")]), @"");
    assert_snapshot!(said(&[("### Task 0: Models", "### Models")]), @"");
    assert_snapshot!(said(&[("file: tasks/task-0.md", "file: ../../etc/passwd")]), @"
    warning[task-file-path]: the file of `task-0` will be `tasks/task-0.md`, not `../../etc/passwd`
      --> plan.md:16:11
      hint: write `file: tasks/task-0.md`, or leave the key out
    ");
}

#[test]
fn dependencies_must_exist_and_not_go_in_circles() {
    assert_snapshot!(said(&[("dependencies: [task-0]\n```", "dependencies: [task-7]\n```"), ("dependencies: [task-0]\nfiles", "files")]), @"
    error[dependency-unknown]: `task-1` depends on `task-7`, which is not in the plan
      --> plan.md:23:20
      hint: name a task such as `task-0`, or add that one to `tasks`
    ");
    assert_snapshot!(said(&[("dependencies: [task-0]\n```", "dependencies: [tsak-0, tsak-0]\n```"), ("dependencies: [task-0]\nfiles", "files")]), @"
    error[dependency-unknown]: `task-1` depends on `tsak-0`, which is not in the plan
      --> plan.md:23:20
      hint: did you mean `task-0`?
    ");
    assert_snapshot!(said(&[("dependencies: [task-0]\n```", "dependencies: [setup-the-world]\n```"), ("dependencies: [task-0]\nfiles", "files")]), @"
    error[dependency-unknown]: `task-1` depends on `setup-the-world`, which is not in the plan
      --> plan.md:23:20
      hint: remove it here, or add that task to `tasks`
    ");
    assert_snapshot!(said(&[("dependencies: [task-0]\n```", "dependencies: [TASK-0]\n```"), ("dependencies: [task-0]\nfiles", "files")]), @"
    error[dependency-unknown]: `task-1` depends on `TASK-0`, which is not in the plan
      --> plan.md:23:20
      hint: did you mean `task-0`?
    ");
    assert_snapshot!(said(&[("dependencies: [task-0]\n```", "dependencies: [task-1]\n```"), ("dependencies: [task-0]\nfiles", "files")]), @"
    error[dependency-self]: `task-1` depends on itself
      --> plan.md:23:20
      hint: remove it from its own `dependencies`
    ");
    assert_snapshot!(said(&[("dependencies: []\n  - id", "dependencies: [task-1]\n  - id"), ("dependencies: []\n```\n\n## 🎯", "```\n\n## 🎯")]), @"
    error[dependency-cycle]: tasks wait for each other: `task-0 -> task-1 -> task-0`
      --> plan.md:18:20
      hint: remove one of these dependencies
    ");
    // Named by the task alone.
    assert_snapshot!(said(&[("    dependencies: []\n", ""), ("dependencies: []\n```\n\n## 🎯", "dependencies: [task-1]\n```\n\n## 🎯")]), @"
    error[dependency-cycle]: tasks wait for each other: `task-0 -> task-1 -> task-0`
      --> plan.md:34:16
      hint: remove one of these dependencies
    ");
}

#[test]
fn the_base_must_be_a_branch() {
    for base in [
        "--force",
        "a..b",
        "main.lock",
        "x.lock/y",
        "a b",
        "a~1",
        "'@'",
        "HEAD",
        "'a@{1}'",
        "/a",
        "a//b",
        "a/",
        ".a",
        "a.",
        "\"a\\x07b\"",
    ] {
        let found = said(&[("base: main", &format!("base: {base}"))]);
        assert!(found.starts_with("error[base-invalid]: the base `"), "{base}: {found}");
    }
    for base in ["main", "feature/x", "release-1.0", "v1.2", "användare/ü"] {
        assert_eq!(said(&[("base: main", &format!("base: {base}"))]), "");
    }
    assert_snapshot!(said(&[("base: main", "base: --force")]), @"
    error[base-invalid]: the base `--force` cannot be a branch: it starts with `-`
      --> plan.md:11:9
      hint: name the branch that the work starts from and lands on, such as `main`
    ");
    assert_snapshot!(said(&[("base: main", "base: a..b")]), @"
    error[base-invalid]: the base `a..b` cannot be a branch: it contains `..`
      --> plan.md:11:9
      hint: name the branch that the work starts from and lands on, such as `main`
    ");
    assert_snapshot!(said(&[("base: main", "base: \"ma\\nin\"")]), @r"
    error[base-invalid]: the base `ma in` cannot be a branch: it contains a space, a control character or one of `~^:?*[\`
      --> plan.md:11:9
      hint: name the branch that the work starts from and lands on, such as `main`
    ");
    assert_snapshot!(said(&[("base: main", "base: 7")]), @r#"
    error[wrong-type]: `base` is a number, not text
      --> plan.md:11:9
      hint: put it in quotes: `base: "7"`
    "#);
}

#[test]
fn a_task_should_say_what_it_wants() {
    assert_snapshot!(said(&[("## 🎯 Objective\n\nUsers and sessions.\n", "")]), @"
    warning[objective-missing]: `task-0` has no objective
      --> plan.md:28
      hint: add a section `## Objective` that says what is wanted
    ");
    assert_snapshot!(said(&[("Users and sessions.\n", "")]), @"
    warning[objective-missing]: `task-0` has no objective
      --> plan.md:28
      hint: add a section `## Objective` that says what is wanted
    ");
    assert_snapshot!(said(&[("## Acceptance criteria", "## Done when")]), @"
    warning[criteria-missing]: `task-1` has no acceptance criteria
      --> plan.md:55
      hint: add a section `## Acceptance Criteria` with what must be true at the end
    ");
    assert_snapshot!(said(&[("- `src/models.rs`", "- the models")]), @"
    warning[files-missing]: `task-0` has no declared files
      --> plan.md:28
      hint: declare them under `files:` in the front matter, or as `**Create:**` and `**Modify:**` lists in the text
    ");
    assert_snapshot!(said(&[("## 🧪 Tests Required", "## Checks")]), @"
    warning[tests-missing]: `task-0` has no named tests
      --> plan.md:28
      hint: add a section `## Tests Required` that names the tests to write
    ");
    assert_snapshot!(said(&[("## Objective\n\nA form.\n\n## Tests\n\n- `the_form_posts`\n\n## Acceptance criteria\n\n- one can log in\n", "Just do it.\n")]), @"
    warning[objective-missing]: `task-1` has no objective
      --> plan.md:55
      hint: add a section `## Objective` that says what is wanted

    warning[criteria-missing]: `task-1` has no acceptance criteria
      --> plan.md:55
      hint: add a section `## Acceptance Criteria` with what must be true at the end

    warning[tests-missing]: `task-1` has no named tests
      --> plan.md:55
      hint: add a section `## Tests Required` that names the tests to write
    ");
}

#[test]
fn files_must_lie_in_the_repository_and_belong_to_one_task_at_a_time() {
    assert_snapshot!(said(&[("[src/login.rs]", "[../other/x.rs, /etc/hosts, ~/x, src/login.rs]")]), @"
    warning[declared-file]: the declared file `../other/x.rs` is not counted: it leads out of the repository with `..`
      --> plan.md:63:12
      hint: declare files by their path from the repository's top level, such as `src/lib.rs`

    warning[declared-file]: the declared file `/etc/hosts` is not counted: it is not relative to the repository
      --> plan.md:63:27
      hint: declare files by their path from the repository's top level, such as `src/lib.rs`

    warning[declared-file]: the declared file `~/x` is not counted: it is not relative to the repository
      --> plan.md:63:39
      hint: declare files by their path from the repository's top level, such as `src/lib.rs`
    ");
    assert_snapshot!(said(&[("[src/login.rs]", "[src/models.rs]")]), @"");
    assert_snapshot!(said(&[("[src/login.rs]", "['src/*.rs']"), ("    dependencies: [task-0]\n", ""), ("dependencies: [task-0]\n", "")]), @"
    warning[file-clash]: `task-1` could run at the same time as `task-0`, but changes the same files: `src/*.rs`; they are put into different waves
      --> plan.md:19:5
      hint: make one depend on the other (`dependencies: [task-0]`), or give each its own files
    ");
}

#[test]
fn everything_is_said_at_once_and_in_order() {
    assert_snapshot!(said(&[
        ("  name: Auth system\n  base: main", "  base: -x"),
        ("priority: blocker", "priority: urgent"),
        ("dependencies: [task-0]\n```", "dependencies: [task-9]\n```"),
        ("status: pending", "status: finished"),
        ("Users and sessions.\n", ""),
    ]), @"
    error[plan-name-missing]: the plan has no name
      --> plan.md:10:3
      hint: add `name: Auth system` under `metadata:`

    error[base-invalid]: the base `-x` cannot be a branch: it starts with `-`
      --> plan.md:10:9
      hint: name the branch that the work starts from and lands on, such as `main`

    error[unknown-priority]: the priority `urgent` is not known
      --> plan.md:16:15
      hint: did you mean `blocker`? known are `blocker`, `high`, `medium`, `low`

    error[dependency-unknown]: `task-1` depends on `task-9`, which is not in the plan
      --> plan.md:22:20
      hint: name a task such as `task-0`, or add that one to `tasks`

    warning[objective-missing]: `task-0` has no objective
      --> plan.md:27
      hint: add a section `## Objective` that says what is wanted

    error[unknown-status]: the status `finished` is not known
      --> plan.md:33:9
      hint: did you mean `completed`? known are `pending`, `in_progress`, `submitted`, `completed`, `blocked`, `failed`

    error[dependencies-mismatch]: `task-1` depends on `task-9` in the index and on `task-0` here
      --> plan.md:59:15
      hint: make the two lists the same
    ");
}

#[test]
fn line_ends_do_not_move_places() {
    let text = edited(&[("    priority: high", "    priority: hgih")]).replace('\n', "\r\n");
    assert_snapshot!(said_of(&text), @"
    error[unknown-priority]: the priority `hgih` is not known
      --> plan.md:22:15
      hint: did you mean `high`? known are `blocker`, `high`, `medium`, `low`
    ");
}
