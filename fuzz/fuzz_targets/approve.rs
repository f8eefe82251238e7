//! From bytes to a decision: no panic, and no decision that takes longer than 5 ms.
//!
//! `cargo +nightly fuzz run approve -- -max_total_time=600`
#![no_main]
#![allow(unreachable_pub)]

use std::time::{Duration, Instant};

use libfuzzer_sys::fuzz_target;

#[path = "../../tests/approve/open_world.rs"]
mod open_world;

/// Without optimisation and with the sanitizer everything takes longer.
const MOST: Duration = Duration::from_millis(if cfg!(debug_assertions) { 100 } else { 5 });

fuzz_target!(|bytes: &[u8]| {
    let Ok(command) = std::str::from_utf8(bytes) else { return };
    let start = Instant::now();
    std::hint::black_box(open_world::decide(command));
    assert!(start.elapsed() < MOST, "{command:?}");
});
