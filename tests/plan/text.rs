//! Names of others in messages, and the names that were meant.

use ctx::text::{clean, nearest, neighbours, plain_fault};

#[test]
fn what_is_not_seen_is_not_printed() {
    for (text, expected) in [
        ("a\tb\n c ", "a b c"),
        ("a\u{1b}[31mb", "a [31mb"),
        ("user\u{202e}txt.exe", "usertxt.exe"),
        ("\u{2066}a\u{2069}\u{200b}b\u{feff}\u{61c}", "ab"),
        ("a\u{ad}b\u{200d}c", "abc"),
        ("Grüße, 世界 👩\u{200d}💻 done", "Grüße, 世界 👩\u{200d}💻 done"),
        ("tag\u{e0041}s", "tags"),
    ] {
        assert_eq!(clean(text), expected, "{text:?}");
    }
}

#[test]
fn the_nearest_names_are_offered() {
    let ids = ["task-0", "task-1", "auth-models", "auth-form", "docs"];
    for (word, expected) in [
        ("auth-model", &["auth-models"][..]),
        ("auth_form", &["auth-form"]),
        ("auth", &["auth-models", "auth-form"]),
        ("tsak-1", &["task-1"]),
        ("task1", &["task-1"]),
        ("task_01", &["task-1"]),
        ("task-9", &[]),
        ("dosc", &["docs"]),
        ("something-else-entirely", &[]),
    ] {
        assert_eq!(nearest(word, ids), expected, "{word}");
    }
}

#[test]
fn of_numbered_names_the_nearest_numbers_are_offered() {
    let ids: Vec<String> = (0..30).map(|n| format!("task-{n}")).collect();
    let near = |word| neighbours(word, ids.iter().map(String::as_str));
    assert_eq!(near("task-31"), ["task-29", "task-28", "task-27"]);
    assert_eq!(near("Task_40"), ["task-29", "task-28", "task-27"]);
    assert_eq!(near("step-1"), [""; 0]);
}

#[test]
fn a_readers_types_are_not_named() {
    assert_eq!(
        plain_fault("invalid type: string \"three\", expected usize at line 1 column 12"),
        "it is the text \"three\", not a whole number from 0 at line 1 column 12"
    );
    assert_eq!(
        plain_fault(
            "invalid type: integer `99999999999999999999` as u128, expected any value at line 1 column 31"
        ),
        "it is the number `99999999999999999999`, which is too large at line 1 column 31"
    );
    assert_eq!(
        plain_fault("invalid type: sequence, expected a boolean"),
        "it is a list, not `true` or `false`"
    );
    for fault in ["expected usize", "expected u16", "expected a map", "expected struct X"] {
        let plain = plain_fault(&format!("invalid type: unit value, {fault}"));
        assert!(!["usize", "u16", "struct", "unit value"].iter().any(|word| plain.contains(word)), "{plain}");
    }
}
