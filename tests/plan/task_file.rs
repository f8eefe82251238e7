//! Front matter, sections, and the one line that changes.

use ctx::plan::Status;
use ctx::plan::task_file::{section, set_status, split};

#[track_caller]
fn check(text: &str, expected: &str) {
    assert_eq!(set_status(text, Status::InProgress).as_deref(), Ok(expected));
    // The same status again changes nothing.
    assert_eq!(set_status(expected, Status::InProgress).as_deref(), Ok(expected));
}

#[track_caller]
fn check_refused(text: &str, expected: &str) {
    assert_eq!(
        set_status(text, Status::InProgress).map_err(|error| error.to_string()),
        Err(expected.to_owned())
    );
}

#[test]
fn only_the_status_line_changes() {
    check("---\nid: a\nstatus: pending\n---\nbody", "---\nid: a\nstatus: in_progress\n---\nbody");
    check(
        "---\r\nid: a\r\nstatus: pending\r\n---\r\nbody\r\n",
        "---\r\nid: a\r\nstatus: in_progress\r\n---\r\nbody\r\n",
    );
    check("---\nstatus:   pending  \n---\n", "---\nstatus:   in_progress  \n---\n");
    check("---\nstatus:\tpending\n---\n", "---\nstatus:\tin_progress\n---\n");
    check("---\nstatus: 'pending'\n---\n", "---\nstatus: in_progress\n---\n");
    check("---\nstatus: pending # by hand\n---\n", "---\nstatus: in_progress # by hand\n---\n");
    check("---\nstatus: # by hand\n---\n", "---\nstatus: in_progress # by hand\n---\n");
    check("---\nstatus:\nid: a\n---\n", "---\nstatus: in_progress\nid: a\n---\n");
    check("---\nstatus: nonsense\n---\n", "---\nstatus: in_progress\n---\n");
    check("---\nid: a\nstatus: pending\n---", "---\nid: a\nstatus: in_progress\n---");
    check("\u{feff}---\nstatus: pending\n---\n", "\u{feff}---\nstatus: in_progress\n---\n");
    check("---\nid: a\nStatus: pending\n---\n", "---\nid: a\nStatus: in_progress\n---\n");
    check("---\nid: a\nstate: pending # x\n---\n", "---\nid: a\nstate: in_progress # x\n---\n");
    check("---\r\nid: é\nstatus: pending\r\n---\n", "---\r\nid: é\nstatus: in_progress\r\n---\n");
}

#[test]
fn what_only_looks_like_the_status_line_stays() {
    check(
        "---\nnotes: |\n  status: pending\nstatus: pending\n---\nstatus: pending\n",
        "---\nnotes: |\n  status: pending\nstatus: in_progress\n---\nstatus: pending\n",
    );
    check(
        "---\nfiles:\n  status: pending\nstatus: pending\n---\n",
        "---\nfiles:\n  status: pending\nstatus: in_progress\n---\n",
    );
    check("---\nstatuses: x\nstatus: pending\n---\n", "---\nstatuses: x\nstatus: in_progress\n---\n");
}

#[test]
fn a_missing_status_line_is_added() {
    check("---\nid: a\nname: x\n---\n", "---\nid: a\nstatus: in_progress\nname: x\n---\n");
    check("---\r\nid: a\r\n---\r\n", "---\r\nid: a\r\nstatus: in_progress\r\n---\r\n");
    check("---\nname: x\n---\n", "---\nstatus: in_progress\nname: x\n---\n");
    check("---\n---\n", "---\nstatus: in_progress\n---\n");
    check("---\nid:\n  a\nname: x\n---\n", "---\nstatus: in_progress\nid:\n  a\nname: x\n---\n");
    check(
        "---\nid: a\nnotes: |\n  status: pending\n---\n",
        "---\nid: a\nstatus: in_progress\nnotes: |\n  status: pending\n---\n",
    );
}

#[test]
fn what_cannot_be_changed_safely_is_refused() {
    check_refused("", "it has no front matter between two `---` lines");
    check_refused("status: pending\n", "it has no front matter between two `---` lines");
    check_refused("---\nstatus: pending\n", "it has no front matter between two `---` lines");
    check_refused("---\nstatus: pending\nstatus: failed\n---\n", "its front matter has 2 `status:` lines");
    check_refused(
        "---\n{id: a, status: pending}\n---\n",
        "its front matter does not have the status on a line of its own",
    );
    check_refused("---\n{id: a}\n---\n", "its front matter does not have the status on a line of its own");
    check_refused(
        "---\n\"status\": pending\n---\n",
        "its front matter does not have the status on a line of its own",
    );
    check_refused(
        "---\nstatus:\n  pending\n---\n",
        "its front matter does not have the status on a line of its own",
    );
    check_refused(
        "---\nstatus: |\n  pending\n---\n",
        "its front matter does not have the status on a line of its own",
    );
    check_refused(
        "---\nid: [a\n---\n",
        "its front matter cannot be read: this is not valid YAML: did not find expected ',' or ']'",
    );
    check_refused("---\n- a\n---\n", "its front matter cannot be read: it is not a mapping");
}

#[test]
fn a_file_is_split_at_the_second_rule() {
    assert_eq!(split("---\na: b\n---\nbody\n---\n"), Some(("a: b\n", "body\n---\n")));
    assert_eq!(split("---\r\na: b\r\n---\r\n\r\nbody"), Some(("a: b\r\n", "\r\nbody")));
    assert_eq!(split("---\n---"), Some(("", "")));
    assert_eq!(split("---\na: |\n  ---\n---\nx"), Some(("a: |\n  ---\n", "x")));
    assert_eq!(split(" ---\n---\n"), None);
    assert_eq!(split("---\nmore ---\n"), None);
}

#[test]
fn sections_are_found_by_name_without_emoji_and_case() {
    let body =
        "# T\n\n## 🎯 Objective\n\nDo it.\n\n### Detail\n\nMore.\n\n## ✅ acceptance CRITERIA:\n- done\n";
    assert_eq!(section(body, "Objective"), Some("\nDo it.\n\n### Detail\n\nMore.\n\n"));
    assert_eq!(section(body, "Acceptance Criteria"), Some("- done\n"));
    assert_eq!(section(body, "Notes"), None);
    assert_eq!(section("Objective\n---\n\ntext\n", "objective"), Some("\ntext\n"));
    assert_eq!(section("```\n## Objective\n```\n", "Objective"), None);
    assert_eq!(section("> ## Objective\n", "Objective"), None);
    assert_eq!(section("- ## Objective\n", "Objective"), None);
    assert_eq!(section("## **Objective**\nx", "Objective"), Some("x"));
}
