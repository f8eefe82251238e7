//! Files declared in a task's Markdown.

use insta::assert_snapshot;

use super::{edited, loaded, parsed};

/// The files of a task whose section says this.
#[track_caller]
fn declared(section: &str) -> String {
    let text = edited(&[("**Create:**\n- `src/models.rs`\n", section)]);
    let plan = loaded(&ctx::plan::render::render(&parsed(&text), "20261121-101500", None));
    let files = &plan.tasks[0].files;
    format!("create {:?} modify {:?} delete {:?}", files.create, files.modify, files.delete)
}

#[test]
fn labels_collect_the_code_spans_after_them() {
    assert_snapshot!(declared("**Create:**\n- `a.rs`\n- `b.rs`\n\n**Modify:**\n- `c.rs`\n\n**Delete:**\n- `d.rs`\n"), @r#"create ["a.rs", "b.rs"] modify ["c.rs"] delete ["d.rs"]"#);
    assert_snapshot!(declared("**Create:** `a.rs`, `b.rs` (new) and `c.rs`\n"), @r#"create ["a.rs", "b.rs", "c.rs"] modify [] delete []"#);
    assert_snapshot!(declared("- **Create**: `a.rs`\n- **MODIFY:** `b.rs`\n"), @r#"create ["a.rs"] modify ["b.rs"] delete []"#);
    assert_snapshot!(declared("### Where\n\n**Modify:**\n\n1. new file `a/**`\n   - `b.rs`\n"), @r#"create [] modify ["a/**", "b.rs"] delete []"#);
    assert_snapshot!(declared("**Modify:**\n`a.rs`\n`b.rs`\n"), @r#"create [] modify ["a.rs", "b.rs"] delete []"#);
    assert_snapshot!(declared("**Modify:**\n- `a.rs:10-20`\n- `b.rs:7` (the loop)\n"), @r#"create [] modify ["a.rs", "b.rs"] delete []"#);
    assert_snapshot!(declared("**Create:**\n- `a.rs`\n- `a.rs`\n"), @r#"create ["a.rs"] modify [] delete []"#);
}

#[test]
fn what_explains_a_file_is_no_file() {
    assert_snapshot!(declared("**Create:**\n- `a.rs` — holds `Foo` and `Bar`\n- `b.rs`: the `main` function\n"), @r#"create ["a.rs", "b.rs"] modify [] delete []"#);
    assert_snapshot!(declared("**Create:**\n- `a.rs` with **strong words** and `x`\n- `b.rs`\n"), @r#"create ["a.rs", "b.rs"] modify [] delete []"#);
    assert_snapshot!(declared("**Read:** `x.rs`\n\n**Modify:** `a.rs`\n\n**Do not touch:**\n- `y.rs`\n"), @r#"create [] modify ["a.rs"] delete []"#);
    assert_snapshot!(declared("`x.rs`\n\n**Modify:** `a.rs`\n\n### Notes\n\n`y.rs`\n"), @r#"create [] modify ["a.rs"] delete []"#);
    assert_snapshot!(declared("```\n**Create:** `x.rs`\n```\n"), @"create [] modify [] delete []");
}
