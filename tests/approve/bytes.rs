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
