//! Every form that real plans took, printed by the model, is found with its tasks.

use ctx::plan::Document;
use ctx::transcript::latest_in;
use serde_json::json;

use super::check;
use super::generator::{BODIES, assistant, filler, forms, lines, plan, said};

#[track_caller]
fn found(text: &str) -> Document {
    let bytes = lines(&[filler(0), said(text), filler(5)]);
    latest_in(&bytes).complete.and_then(|found| found.document).unwrap_or_else(|| panic!("{text}"))
}

#[test]
fn every_form_has_its_tasks_byte_for_byte() {
    for (form, text) in forms("Plan") {
        let document = found(&text);
        assert_eq!(document.title, "Plan", "{form}");
        let tasks: Vec<(&str, &str, usize)> = document
            .tasks
            .iter()
            .map(|task| (task.id.as_str(), task.name.as_str(), task.dependencies.len()))
            .collect();
        assert_eq!(tasks, [("task-0", "Models", 0), ("task-1", "Form", 1)], "{form}");
        let bodies: Vec<String> = document.tasks.iter().map(|task| task.body.replace("\r\n", "\n")).collect();
        // A blank line belongs to whichever side the form puts it on.
        for (body, expected) in bodies.iter().zip(BODIES) {
            assert_eq!(body.trim(), expected.trim(), "{form}");
        }
    }
    let document = found(&plan("Plan"));
    let bodies: Vec<&str> = document.tasks.iter().map(|task| task.body.as_str()).collect();
    assert_eq!(bodies, BODIES);
}

#[test]
fn a_text_may_hold_several_plans() {
    let text = format!("First:\n\n{}\n\n## References\n\nOr:\n\n{}", plan("One"), plan("Two"));
    check("two plans", &lines(&[said(&text)]), "One! Two!");
    check("two plans without anything between", &lines(&[said(&(plan("One") + &plan("Two")))]), "One! Two!");
    let cut = plan("Two").split("## Task Details").next().unwrap().to_owned();
    check("a plan and half of one", &lines(&[said(&(plan("One") + &cut))]), "One! Two?");
    let mention = plan("One").replace("Store  users.", "Print this line:\n\n**Type:** Plan\n\nand go on.");
    let document = found(&mention);
    assert!(document.tasks[0].body.contains("**Type:** Plan\n\nand go on."), "{}", document.tasks[0].body);
    check("a marker in a body", &lines(&[said(&mention)]), "One!");
    let twice = plan("One").replace("**Type:** Plan\n**Status", "**Type:** Plan\n\n**Type:** Plan\n**Status");
    assert_ne!(twice, plan("One"));
    check("a marker said twice", &lines(&[said(&twice)]), "One!");
}

#[test]
fn texts_are_never_joined() {
    let text = plan("Plan");
    let (head, tail) = text.split_at(text.find("### Task 1").unwrap());
    // Two blocks of one message, as two lines with one id, and as two blocks of one line.
    check("two lines", &lines(&[said(head), said(tail)]), "Plan?");
    let both = assistant(&json!([{ "type": "text", "text": head }, { "type": "text", "text": tail }]));
    check("two blocks", &lines(&[both]), "Plan?");
    check("a text as it is", &lines(&[assistant(&json!(text))]), "Plan!");
}

#[test]
fn what_is_missing_is_said() {
    let missing = |text: &str| {
        let latest = latest_in(&lines(&[said(text)]));
        assert!(latest.complete.is_none(), "{text}");
        latest.incomplete.map(|found| found.missing()).unwrap_or_default()
    };
    let text = plan("Plan");
    assert_eq!(
        missing("# T\n\n**Type:** Plan\n"),
        ["there is no plan: no heading `## Plan Structure` outside fences"]
    );
    assert_eq!(missing(&text.replace("  name: Plan\n", "  x: y\n")), ["the plan has no name"]);
    let cut = text.split("### Task 1").next().unwrap();
    assert_eq!(missing(cut), ["`task-1` has no details"]);
    let huge = text.clone() + &"x".repeat(5 << 20);
    assert!(missing(&huge)[0].contains("1048576 are allowed"));
    assert!(missing("**Type:** Plan")[0].contains("Plan Structure"));
}
