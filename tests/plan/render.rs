//! From a document to files and back.

use ctx::plan::render::render;
use insta::assert_snapshot;

use super::{GOOD, edited, loaded, parsed};

#[track_caller]
fn rendered(text: &str, base: Option<&str>) -> Vec<(String, String)> {
    render(&parsed(text), "20261121-101500", base)
}

#[track_caller]
fn file(files: &[(String, String)], path: &str) -> String {
    files.iter().find(|(file, _)| file == path).map(|(_, text)| text.clone()).unwrap()
}

#[test]
fn a_document_becomes_an_index_and_a_file_for_each_task() {
    let files = rendered(GOOD, Some("develop"));
    let names: Vec<_> = files.iter().map(|(path, _)| path.as_str()).collect();
    assert_eq!(names, ["plan.yaml", "tasks/task-0.md", "tasks/task-1.md"]);
    assert_snapshot!(file(&files, "plan.yaml"), @"
    metadata:
      name: Auth system
      created: 20261121-101500
      status: ready
      base: main
      document: a15fb8ee5681364d2d26df3467e8afa89d3171f31c3aa7f97dd4c7fd188ff600
    overview: Log in and out.
    tasks:
    - id: task-0
      name: Models
      file: tasks/task-0.md
      priority: blocker
      dependencies: []
    - id: task-1
      name: Login form
      file: tasks/task-1.md
      priority: high
      dependencies:
      - task-0
    ");
    assert_snapshot!(file(&files, "tasks/task-1.md"), @"
    ---
    id: task-1
    name: Login form
    priority: high
    status: pending
    dependencies:
    - task-0
    files:
      modify:
      - src/login.rs
    ---

    # Login form

    ## Objective

    A form.

    ## Tests

    - `the_form_posts`

    ## Acceptance criteria

    - one can log in
    ");
}

#[test]
fn the_base_is_what_the_document_says_else_what_is_given() {
    assert!(file(&rendered(GOOD, Some("develop")), "plan.yaml").contains("\n  base: main\n"));
    let silent = edited(&[("  base: main\n", "")]);
    assert!(file(&rendered(&silent, Some("develop")), "plan.yaml").contains("\n  base: develop\n"));
    assert!(!file(&rendered(&silent, None), "plan.yaml").contains("base"));
}

#[test]
fn known_keys_come_in_order_and_unknown_ones_are_kept() {
    let text = edited(&[
        ("  base: main\n", "  base: main\n  author: me\n  status: draft\n"),
        ("overview: Log in and out.\n", "research: {found: [a]}\noverview: x\nextra: 1\n"),
        ("    priority: high\n", "    priority: high\n    estimated_tokens: 9\n"),
        (
            "id: task-1\nname: Login form\npriority: high\ndependencies: [task-0]\n",
            "zebra: 1\nverify: [cargo test]\nstatus: blocked\nfile: x\nmodel: haiku\nid: task-1\nlabels: [api]\n",
        ),
    ]);
    let files = rendered(&text, None);
    assert_snapshot!(file(&files, "plan.yaml"), @"
    metadata:
      name: Auth system
      created: 20261121-101500
      status: draft
      base: main
      document: 78089671bbe9efc18d659280adee4ed5314c79169e2b499265e4bec6f0b98016
      author: me
    research:
      found:
      - a
    overview: x
    extra: 1
    tasks:
    - id: task-0
      name: Models
      file: tasks/task-0.md
      priority: blocker
      dependencies: []
    - id: task-1
      name: Login form
      file: tasks/task-1.md
      priority: high
      dependencies:
      - task-0
      estimated_tokens: 9
    ");
    assert_snapshot!(file(&files, "tasks/task-1.md").split("\n## ").next().unwrap(), @"
    ---
    id: task-1
    name: Login form
    priority: high
    status: blocked
    dependencies:
    - task-0
    labels:
    - api
    model: haiku
    files:
      modify:
      - src/login.rs
    verify:
    - cargo test
    zebra: 1
    ---

    # Login form
    ");
}

#[test]
fn a_heading_is_added_unless_there_is_one() {
    let body = |edit: (&str, &str)| {
        let text = file(&rendered(&edited(&[edit]), None), "tasks/task-1.md");
        text.split_once("\n---\n").unwrap().1[..20].to_owned()
    };
    assert_eq!(body(("A form.", "A form!")), "\n# Login form\n\n## Ob");
    assert_eq!(
        body(("## Objective\n\nA form.", "# A form!\n\n## Objective\n\nA.")),
        "\n# A form!\n\n## Objec"
    );
    assert_eq!(
        body(("## Objective\n\nA form.", "```\n# x\n```\n## Objective\n\nA.")),
        "\n# Login form\n\n```\n#"
    );
}

#[test]
fn names_break_nothing() {
    for name in [
        "a: b # c",
        "- x",
        "---",
        "'",
        "\"",
        "#",
        "`x` **y**",
        "été ✨",
        "null",
        "1.0",
        "{a",
        "status: failed",
        "a\\nb",
    ] {
        let quoted = format!("\"{}\"", name.replace('"', "\\\""));
        let text = edited(&[("name: Login form", &format!("name: {quoted}")), ("name: Login form\n", "")]);
        let plan = loaded(&rendered(&text, None));
        let name = name.replace("\\n", "\n");
        assert_eq!(plan.tasks[1].name, name);
        let heading = format!("\n# {}\n", name.replace('\n', " "));
        assert!(plan.tasks[1].body.starts_with(&heading), "{}", plan.tasks[1].body);
    }
}

/// The body must come back byte for byte, as the last task's and as another's.
#[track_caller]
fn check_body(body: &str) {
    let text = format!(
        "# T\n\n**Type:** Plan\n\n## Plan Structure\n\n```yaml\nmetadata: {{name: T}}\ntasks:\n- {{id: a, name: A}}\n\
         - {{id: b, name: B}}\n```\n\n### Task 0: A\n\n```yaml\nid: a\n```\n{body}\n### Task 1: B\n```yaml\nid: b\n```\n{body}"
    );
    let document = parsed(&text);
    assert_eq!(document.tasks[0].body, format!("{body}\n"));
    assert_eq!(document.tasks[1].body, body);
    let plan = loaded(&render(&document, "20261121-101500", None));
    for (task, document) in plan.tasks.iter().zip(&document.tasks) {
        let heading = format!("\n# {}\n", task.name);
        assert_eq!(task.body.strip_prefix(&heading).unwrap_or(&task.body), document.body);
    }
}

#[test]
fn bodies_come_back_byte_for_byte() {
    check_body("");
    check_body("text without a final newline");
    check_body("\n\n  indented  \n\ttabs\t\n   \n");
    check_body("# Own title\n\n## Two\n\n### Three\n\n#### Task 4: deeper\n");
    check_body("\r\n## Objective\r\n\r\nCRLF\r\n");
    check_body("```\n### Task 9: decoy\n```\n\n~~~md\n## References\n~~~\n");
    check_body("````md\n```yaml\nid: task-9\n```\n````\n");
    check_body("> ### Task 9: quoted\n\n- ### Task 9: listed\n");
    check_body("---\n\nbetween rules\n\n---\n");
    check_body("## Task 9: on another level\n# Task 9: and another\n");
    check_body("### Tasks 9: plural\n### Task nine: in words\n### Task 9 in prose\n");
    check_body("<!--\n### Task 9: hidden\n-->\n");
    check_body("\u{0}\u{feff}\u{2028}é😀\n");
}

#[test]
fn a_status_has_a_line_of_its_own() {
    for front in [
        "{id: task-1, status: pending}",
        "\"status\": pending\nid: task-1",
        "status: |-\n  pending\nid: task-1",
    ] {
        let text = edited(&[(
            "id: task-1\nname: Login form\npriority: high\ndependencies: [task-0]\nfiles:\n  modify: [src/login.rs]\n",
            &format!("{front}\n"),
        )]);
        let text = file(&rendered(&text, None), "tasks/task-1.md");
        assert!(text.contains("\nstatus: pending\n"), "{text}");
    }
}
