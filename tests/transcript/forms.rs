//! Every form that real plans took, printed by the model, is found with its tasks.

use ctx::plan::Document;
use ctx::transcript::latest_in;
use serde_json::{Value, json};

use super::check;
use super::generator::{BODIES, assistant, filler, forms, lines, plan, said, user, with};

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
fn a_plan_that_was_cut_off_is_joined_with_what_follows() {
    let text = plan("Plan");
    let joined = |name: &str, records: &[Value], expected: &str| check(name, &lines(records), expected);
    let prompt = |text: &str| user(&json!(text));
    let result = user(&json!([{ "type": "tool_result", "tool_use_id": "t", "content": "done" }]));
    // Cut between lines, in a line, in a word, in the index, and in three.
    for at in ["### Task 1", "Form\ndependencies", "tore  users", "sks:"] {
        let (head, tail) = text.split_at(text.find(at).unwrap_or_else(|| panic!("{at}")));
        let (middle, end) = tail.split_at(tail.len() / 2);
        joined(at, &[said(head), said(tail)], "Plan!");
        joined(at, &[said(head), said(middle), said(end)], "Plan!");
        joined(at, &[said(head), result.clone(), filler(2), said(tail)], "Plan!");
        for go_on in ["continue", "Continue.", "please continue", "go on", "weiter"] {
            joined(at, &[said(head), prompt(go_on), said(tail)], "Plan!");
        }
        // The line in which it was cut off, once more.
        let line = head.rfind('\n').map_or(0, |at| at + 1);
        if head.len() - line > 4 {
            joined(at, &[said(head), said(&text[line..])], "Plan!");
        }
        // Somebody asked for something else, or another session speaks.
        joined(at, &[said(head), prompt("Make it shorter"), said(tail)], "Plan?");
        let other = with(said(tail), &json!({ "sessionId": "other" }));
        joined(at, &[said(head), other], "Plan?");
        joined(at, &[said(head), said("That is all."), prompt("no"), said(tail)], "Plan?");
    }
    // Cut above its own index.
    let (head, tail) = text.split_at(text.find("## Plan Structure").unwrap());
    joined("above the index", &[said(head), said(tail)], "Plan!");
    joined("above the index", &[said(head), prompt("continue"), said(tail)], "Plan!");
    // What stays incomplete is listed as it was printed.
    let head = &text[..text.find("### Task 1").unwrap()];
    joined("prose", &[said(head), said("I stopped there.")], "Plan?");
    joined("a new plan", &[said(head), said(&plan("Other"))], "Plan? Other!");
    let both = assistant(
        &json!([{ "type": "text", "text": head }, { "type": "text", "text": &text[head.len()..] }]),
    );
    joined("two blocks of one record", &[both], "Plan?");
    check("a text as it is", &lines(&[assistant(&json!(text))]), "Plan!");
}

#[test]
fn every_form_of_the_marker_is_found() {
    for marker in [
        "**Type:** Plan",
        "**Type**: Plan",
        "**Type:** plan",
        "**type:** Plan",
        "**TYPE:** PLAN",
        "**Type:**\u{a0}Plan",
        "**Type:**  Plan  ",
        "**Type :** Plan",
        "__Type:__ Plan",
        "*Type:* Plan",
        "Type: Plan",
        "type: plan",
        "- **Type:** Plan",
        "**Type：** Plan",
        "**Type:** 📋 Plan",
        "**Type:** **Plan**",
        "**Type:** Plan.",
    ] {
        let text = plan("Plan").replace("**Type:** Plan", marker);
        check(marker, &lines(&[filler(0), said(&text), filler(3)]), "Plan!");
        let escaped = String::from_utf8(lines(&[said(&text)])).unwrap().replace('\u{a0}', "\\u00a0");
        check(marker, escaped.as_bytes(), "Plan!");
        let mut inside = false;
        let tilde = |line: &str| {
            inside = line == "```yaml" || inside && line != "```";
            let end = line == "```" && !inside;
            if line == "```yaml" || end { line.replace("```", "~~~") } else { line.to_owned() }
        };
        let yaml_only = text.split("```md").next().unwrap().len();
        let tildes: Vec<String> = text[..yaml_only].lines().map(tilde).collect();
        let tildes = tildes.join("\n") + "\n" + &text[yaml_only..];
        check(marker, &lines(&[said(&tildes)]), "Plan!");
    }
    for words in [
        "Here `**Type:** Plan` is the line.",
        "The Type: Plan line.",
        "Type: Plan",
        "**Type:** Plan mode",
        "**Type:** Planned",
    ] {
        check(words, &lines(&[said(words)]), "");
    }
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
