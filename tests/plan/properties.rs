//! What holds for any text.

use std::fmt::Write;

use ctx::plan::document::{markers, parse};
use ctx::plan::load::{Source, TaskText, load};
use ctx::plan::render::render;
use ctx::plan::task_file::{section, set_status, split};
use ctx::plan::{Document, Status};
use proptest::prelude::*;

use super::{GOOD, loaded};

/// A document made of these tasks, by name and body.
fn document(tasks: &[(String, String)]) -> Document {
    let quoted = |name: &str| serde_json::to_string(name).unwrap();
    let mut text =
        "# T\n\n**Type:** Plan\n\n## Plan Structure\n\n```yaml\nmetadata:\n  name: T\ntasks:\n".to_owned();
    for (n, (name, _)) in tasks.iter().enumerate() {
        writeln!(text, "- id: task-{n}\n  name: {}", quoted(name)).unwrap();
    }
    text.push_str("```\n\n## Task Details\n\n");
    for (n, (_, body)) in tasks.iter().enumerate() {
        writeln!(text, "### Task {n}: x\n\n```yaml\nid: task-{n}\n```\n{body}").unwrap();
    }
    let (document, found) = parse(&text, "plan.md");
    document.unwrap_or_else(|| panic!("{found}\n{text}"))
}

/// Pieces that structure is made of, and that no body may be changed by. None leaves a fence open.
fn body() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        Just("\n## Objective\n".to_owned()),
        Just("\n# Title\n".to_owned()),
        Just("\n#### Task 7: decoy\n".to_owned()),
        Just("\n```yaml\n### Task 9: decoy\nid: task-9\n```\n".to_owned()),
        Just("\r\n".to_owned()),
        Just("\n---\n".to_owned()),
        Just("  \n".to_owned()),
        "[a-z é😀:*_>|-]{0,20}",
    ];
    proptest::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat())
}

/// The pieces of the good document, in any order.
fn scrambled() -> impl Strategy<Value = String> {
    let lines: Vec<String> =
        GOOD.lines().map(str::to_owned).chain(["---", "```", "\t", "é"].map(str::to_owned)).collect();
    proptest::collection::vec(proptest::sample::select(lines), 0..40).prop_map(|lines| lines.join("\n"))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_plan_comes_back_as_it_was(tasks in proptest::collection::vec(("\\PC{1,20}|[ -~\n\t]{1,30}", body()), 1..4)) {
        let tasks: Vec<_> =
            tasks.into_iter().map(|(name, body)| (if name.trim().is_empty() { "x".to_owned() } else { name }, body)).collect();
        let document = document(&tasks);
        let plan = loaded(&render(&document, "20261121-101500", None));
        for ((task, (name, body)), written) in plan.tasks.iter().zip(&tasks).zip(&document.tasks) {
            prop_assert_eq!(&task.name, name);
            prop_assert_eq!(&written.body, &format!("{body}\n"));
            prop_assert!(task.body.ends_with(&written.body));
            let heading = &task.body[..task.body.len() - written.body.len()];
            prop_assert!(heading.is_empty() || heading.starts_with("\n# ") && heading.lines().count() == 2);
        }
    }

    #[test]
    fn any_text_is_read_without_a_panic(text in "\\PC*|(?s).{0,200}") {
        parse(&text, "plan.md");
        markers(&text);
        section(&text, "Objective");
        let _ = set_status(&text, Status::Completed);
    }

    #[test]
    fn any_order_of_lines_is_read_without_a_panic(text in scrambled()) {
        let (document, found) = parse(&text, "plan.md");
        prop_assert_eq!(document.is_none(), found.stop(false));
        markers(&text);
    }

    #[test]
    fn any_yaml_is_loaded_without_a_panic(text in "([a-z]{1,3}|[-:,\\[\\]{}#&*!|>'\"%@`?~é]|\n|\n  |\n- | ){0,60}") {
        for index in [text.clone(), format!("metadata: {text}"), format!("metadata: {{name: x}}\ntasks:\n- {text}")] {
            let (plan, found) = load(&Source { index_file: "plan.yaml".to_owned(), index, ..Source::default() });
            prop_assert_eq!(plan.is_none(), found.stop(false));
        }
        let tasks = [("tasks/a.md".to_owned(), TaskText::Text(format!("---\n{text}\n---\n{text}")))].into();
        let index = "metadata: {name: x}\ntasks: [{id: a, name: A}]\n".to_owned();
        let (plan, found) = load(&Source { index_file: "plan.yaml".to_owned(), index, tasks });
        prop_assert_eq!(plan.is_none(), found.stop(false));
    }

    #[test]
    fn a_status_changes_nothing_else(front in "(id: [a-z]{1,5}\n)?(name: [ -~]{0,10}\n)?(status: [a-z_]{0,9} ?(#[a-z ]*)?\r?\n)?(x: \\|\n  status: y\n)?", body in "(?s).{0,50}") {
        let text = format!("---\n{front}---\n{body}");
        if let Ok(changed) = set_status(&text, Status::Submitted) {
            let (front, same) = split(&changed).unwrap();
            prop_assert_eq!(same, &body);
            prop_assert!(front.lines().any(|line| line.starts_with("status: submitted")));
        }
    }
}
