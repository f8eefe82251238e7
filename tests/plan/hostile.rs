//! Input that is meant to hang or crash a reader.

use std::fmt::Write;

use ctx::plan::Status;
use ctx::plan::document::parse;
use ctx::plan::load::{Source, TaskText, load, task_files};
use ctx::plan::task_file::{section, set_status};

/// Every reader must come back from this.
fn survive(yaml: &str) {
    let index = yaml.to_owned();
    task_files(&index);
    assert!(load(&Source { index, ..Source::default() }).0.is_none());
    let document =
        format!("# T\n\n**Type:** Plan\n\n## Plan Structure\n\n```yaml\n{yaml}\n```\n\n### Task 0: A\n");
    assert!(parse(&document, "plan.md").0.is_none());
    assert!(set_status(&format!("---\n{yaml}\n---\n"), Status::Failed).is_err());
}

#[test]
fn nesting_does_not_exhaust_the_stack() {
    survive(&"[".repeat(1 << 20));
    survive(&"{a: ".repeat(1 << 18));
    survive(&"- ".repeat(1 << 20));
    survive(&"? ".repeat(1 << 20));
    survive(&format!("a: {}", "!!x ".repeat(1 << 18)));
    let deep: Vec<String> = (0..1000).map(|n| format!("{}a:\n", " ".repeat(n))).collect();
    survive(&deep.concat());
}

#[test]
fn aliases_do_not_exhaust_memory() {
    let mut bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
    for n in 1..12 {
        let items = vec![format!("*a{}", n - 1); 10].join(", ");
        writeln!(bomb, "a{n}: &a{n} [{items}]").unwrap();
    }
    survive(&bomb);
    // Hidden behind what the first walk gives up on.
    survive(&format!("x:\n  y: 'a\nb'\n{bomb}"));
}

#[test]
fn long_keys_do_not_exhaust_memory() {
    let key = "k".repeat(1 << 16);
    survive(&format!("{key}:\n  {key}:\n    {key}: [{}]", "x, ".repeat(1 << 16)));
}

#[test]
fn long_texts_are_refused() {
    let text = "x".repeat((1 << 20) + 1);
    let (document, found) = parse(&text, "plan.md");
    assert!(document.is_none());
    assert_eq!(
        found.to_string(),
        "error[too-large]: the document has 1048577 bytes, 1048576 are allowed\n  --> plan.md\n  \
         hint: split it into several plans, or pass the plan without the conversation around it"
    );
    survive(&format!("a: {}", "x".repeat(4 << 20)));
}

#[test]
fn many_tasks_are_refused_and_many_sections_read() {
    let entries: Vec<String> = (0..1001).map(|n| format!("- {{id: t{n}, name: x}}\n")).collect();
    let entries = entries.concat();
    let index = format!("metadata: {{name: x}}\ntasks:\n{entries}");
    let (plan, found) = load(&Source { index_file: "plan.yaml".to_owned(), index, ..Source::default() });
    assert!(plan.is_none());
    assert_eq!(
        found.to_string(),
        "error[too-many-tasks]: the plan has 1001 tasks, 1000 are allowed\n  --> plan.yaml:3:3\n  \
         hint: split it into several plans"
    );
    let sections = "## Task 1: x\n".repeat(100_000);
    let text = format!("## Plan Structure\n```yaml\nmetadata: {{name: x}}\n```\n{sections}");
    assert!(parse(&text, "plan.md").0.is_none());
}

#[test]
fn markdown_that_is_all_markup_is_read() {
    for part in ["> ", "- ", "* _", "[", "![", "`", "<", "**Create:** `", "#", "\n# ", "&#", "---\n"] {
        let body = part.repeat(1 << 14);
        section(&body, "Objective");
        let text = format!(
            "## Plan Structure\n```yaml\nmetadata: {{name: x}}\ntasks: [{{id: a, name: A}}]\n```\n### Task 0: A\n## Files to Touch\n{body}"
        );
        parse(&text, "plan.md");
    }
}

#[test]
fn many_files_are_compared_or_refused() {
    let plan = |files: &dyn Fn(usize) -> String| {
        let entries: Vec<String> = (0..300).map(|n| format!("- {{id: t{n}, name: x}}\n")).collect();
        let tasks = (0..300).map(|n| {
            let text = format!("---\nfiles: {{modify: [{}]}}\n---\n", files(n));
            (format!("tasks/t{n}.md"), TaskText::Text(text))
        });
        let index = format!("metadata: {{name: x}}\ntasks:\n{}", entries.concat());
        load(&Source { index_file: "plan.yaml".to_owned(), index, tasks: tasks.collect() }).1
    };
    let count = |files: &dyn Fn(usize) -> String, code: &str| {
        plan(files).0.iter().filter(|found| found.code == code).count()
    };
    // One warning a task, not one a pair.
    assert_eq!(count(&|_| "src/lib.rs".to_owned(), "file-clash"), 299);
    assert_eq!(count(&|n| format!("src/{n}/lib.rs, 'src/{n}/**'"), "file-clash"), 0);
    let globs =
        |n: usize| (0..200).map(|m| format!("'*a*a*a*a*a*a*a*{m}x{n}'")).collect::<Vec<_>>().join(", ");
    assert_eq!(count(&globs, "too-many-files"), 1);
}
