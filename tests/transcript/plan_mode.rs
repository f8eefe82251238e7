//! The plans of the client's plan mode are listed and never taken for documents.

use ctx::transcript::{Kind, find_in, latest_in};
use serde_json::{Value, json};

use super::check;
use super::generator::{assistant, lines, plan, said, user, with};

fn exit(tool: &str, input: &Value) -> Value {
    assistant(&json!([{ "type": "tool_use", "id": "t", "name": tool, "input": input }]))
}

#[test]
fn both_names_of_the_tool_and_the_user_s_answer_count() {
    let [a, b, c] = ["# A\n\n1. do it", "# B\n\n1. do it", "# C\n\n1. do it"];
    let rows = [
        exit("exit_plan_mode", &json!({ "plan": a })),
        exit("ExitPlanMode", &json!({ "plan": b, "planFilePath": "/plans/b.md" })),
        with(user(&json!("Implement the following plan:")), &json!({ "planContent": c })),
    ];
    check("three plans", &lines(&rows), "A~ B~ C~");
    // Accepted in a new session, it stands there twice.
    let twice = [rows[1].clone(), with(user(&json!("go")), &json!({ "planContent": b }))];
    check("twice", &lines(&twice), "B~");
    check(
        "a plan without a heading",
        &lines(&[exit("ExitPlanMode", &json!({ "plan": "\nDo it\nnow" }))]),
        "Do it~",
    );
}

#[test]
fn what_only_looks_like_one_does_not_count() {
    let input = json!({ "plan": "# A" });
    let quoted = exit("ExitPlanMode", &input).to_string();
    let rows = [
        with(exit("ExitPlanMode", &input), &json!({ "isSidechain": true })),
        exit("Write", &json!({ "content": "\"ExitPlanMode\"", "plan": "# A" })),
        exit("ExitPlanMode", &json!({})),
        exit("ExitPlanMode", &json!({ "plan": "  " })),
        exit("ExitPlanMode", &json!({ "plan": ["# A"] })),
        exit("ExitPlanMode", &json!("# A")),
        user(&json!([{ "type": "tool_result", "tool_use_id": "t", "content": quoted }])),
        said(&quoted),
        with(user(&json!("go")), &json!({ "isMeta": true, "planContent": "# A" })),
    ];
    check("decoys", &lines(&rows), "");
}

#[test]
fn they_are_never_documents() {
    let rows = [said(&plan("One")), exit("ExitPlanMode", &json!({ "plan": plan("Two") }))];
    check("a document in plan mode", &lines(&rows), "One! Two~");
    let found = find_in(&lines(&rows)).pop().unwrap();
    assert_eq!(
        (found.kind, found.kind.as_str(), found.text.as_str()),
        (Kind::PlanMode, "plan mode", plan("Two").as_str())
    );
    assert_eq!(found.missing(), ["a plan of plan mode has no tasks; `/ctx:plan` makes them of it"]);
    assert_eq!(latest_in(&lines(&rows)).complete.unwrap().title(), "One");
}
