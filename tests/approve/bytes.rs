//! From any text to a decision: no panic and no hang; the short form of `fuzz/fuzz_targets/approve.rs`.

use std::time::{Duration, Instant};

use super::open_world::decide;

/// Pieces of shell text, put together without sense.
const PIECES: &[&str] = &[
    "ls",
    "git",
    " ",
    "$(",
    ")",
    "${",
    "}",
    "`",
    "\"",
    "'",
    "\\",
    "\n",
    ";",
    "&&",
    "||",
    "|",
    "&",
    "<<EOF",
    "EOF",
    "<<<",
    ">",
    "<(",
    "((",
    "))",
    "[[",
    "]]",
    "if",
    "then",
    "fi",
    "for x in",
    "do",
    "done",
    "while",
    "case",
    "esac",
    "{",
    "(",
    "!",
    "=",
    "*",
    "~",
    "#",
    "a=1",
    "$x",
    "2>&1",
    "cd ..",
    "é",
    "\u{202e}",
    "\0",
    "rm -rf",
    "echo",
    "sed s/a/b/",
    "xargs",
    "find . -exec",
    "function f",
    "coproc",
    "time",
    "$'",
    "$\"",
    "-",
    "--",
    "\t",
    "{a,b}",
    "[",
];

#[test]
fn no_text_makes_a_decision_panic_or_hang() {
    let mut state = 7_u64;
    let mut below = |end: usize| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(state >> 33).unwrap() % end
    };
    let mut slowest = (Duration::ZERO, String::new());
    for _ in 0..30_000 {
        let text: String = (0..below(40)).map(|_| PIECES[below(PIECES.len())]).collect();
        let start = Instant::now();
        drop(decide(&text));
        slowest = slowest.max((start.elapsed(), text));
    }
    // Unoptimised and beside other tests; the fuzz target holds the release build to 5 ms.
    assert!(slowest.0 < Duration::from_secs(10), "{slowest:?}");
}

/// Found by the fuzz target: a third of a second before the limits knew of it.
#[test]
fn brackets_and_backticks_that_are_never_closed_take_no_time() {
    let start = Instant::now();
    drop(decide(&"`$(`\"$(`e, ".repeat(8)));
    drop(decide(&"$(\"".repeat(60)));
    drop(decide(&"${`".repeat(60)));
    assert!(start.elapsed() < Duration::from_millis(200));
}

/// Each ended the process by its stack, or took seconds, before the limits knew of it.
#[test]
fn no_repetition_makes_a_decision_long() {
    let repeated = |before: &str, text: &str, count: usize, after: &str, ends: &str| {
        format!("{before}{}{after}{}", text.repeat(count), ends.repeat(count))
    };
    let eight: String = (0..9).map(|i| format!("for v{i} in 1 2 3 4 5 6 7 8; do ")).collect();
    for command in [
        repeated("", "if a; then ", 300, "a", "; fi"),
        repeated("", "if a; then ", 240, "a", "; fi"),
        repeated("", "if ", 5000, "a", ""),
        repeated("", "while a; do ", 240, "a", "; done"),
        repeated("", "! ", 240, "a", ""),
        repeated("", "a && ", 2000, "a", ""),
        repeated("", "a && ", 490, "a", ""),
        repeated("", "a || ", 490, "a", ""),
        repeated("", "a;", 10_000, "a", ""),
        repeated("", "a;", 990, "a", ""),
        repeated("", "a|", 990, "a", ""),
        repeated("[[ ", "-f a && ", 490, "-f a ]]", ""),
        repeated("[[ ", "! ", 240, "-f a ]]", ""),
        repeated("a=aaaaaaaaaa; ", "a=$a$a; ", 400, "true", ""),
        repeated(&eight, "y=1", 1, "", &"; done".repeat(9)),
        repeated("echo ", "* ", 3000, "", ""),
        repeated("echo ", "a*", 8000, "", ""),
        repeated("cat ", "src/* ", 2000, "", ""),
        repeated("", "find . -exec cat {} + ; ", 100, "true", ""),
        repeated("echo '`' ", "<<'a'\n", 2000, "", ""),
        repeated("a ", ">b ", 5000, "", ""),
        repeated("", "a=1; ", 900, "true", ""),
    ] {
        let start = Instant::now();
        drop(decide(&command));
        // Unoptimised; the release build needs less than a tenth of a second for each.
        assert!(start.elapsed() < Duration::from_secs(10), "{}", &command[..40.min(command.len())]);
    }
}
