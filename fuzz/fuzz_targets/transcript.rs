//! Any bytes as a transcript: no panic, and what is taken is what is listed.
//!
//! `cargo +nightly fuzz run transcript corpus/transcript seeds/transcript -- -dict=transcript.dict -max_total_time=600`
#![no_main]

use ctx::transcript::{find_in, latest_in};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let listed = find_in(bytes);
    let taken = latest_in(bytes).complete;
    let last = listed.iter().rfind(|found| found.document.is_some());
    assert_eq!(
        taken.as_ref().and_then(|found| found.document.as_ref()),
        last.and_then(|found| found.document.as_ref())
    );
    for document in listed.iter().filter_map(|found| found.document.as_ref()) {
        assert!(!document.tasks.is_empty() && document.text.contains("Plan"));
    }
});
