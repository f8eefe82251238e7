//! What holds wherever a plan stands, and for any bytes.

use ctx::transcript::{find_in, latest_in};
use proptest::prelude::*;
use serde_json::Value;

use super::generator::{bad_lines, decoys, filler, forms, lines, plan, said};

/// A record that prints no plan.
fn other() -> impl Strategy<Value = Vec<u8>> {
    let decoys: Vec<Vec<u8>> =
        decoys(&plan("Decoy")).into_iter().map(|(_, record)| lines(&[record])).collect();
    let bad: Vec<Vec<u8>> =
        bad_lines(&plan("Bad")).into_iter().map(|(_, line)| [line, b"\n".to_vec()].concat()).collect();
    prop_oneof![
        (0..500_usize).prop_map(|n| lines(&[filler(n)])),
        proptest::sample::select(decoys),
        proptest::sample::select(bad),
        "\\PC{0,300}".prop_map(|text| lines(&[said(&text)])),
        "\\PC{0,300}".prop_map(|text| format!("{}\n", text.replace(['\n', '\r'], "")).into_bytes()),
    ]
}

fn others() -> impl Strategy<Value = Vec<u8>> {
    proptest::collection::vec(other(), 0..25).prop_map(|records| records.concat())
}

/// The title that was taken.
fn taken(bytes: &[u8]) -> Option<String> {
    latest_in(bytes).complete.map(|found| found.title())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_plan_is_found_exactly_wherever_it_stands(before in others(), form in 0..17_usize, after in others()) {
        let (_, text) = forms("Plan").swap_remove(form);
        let expected = ctx::plan::document::parse(&text, "plan").0.unwrap();
        let bytes = [before, lines(&[said(&text)]), after].concat();
        let found = latest_in(&bytes).complete.unwrap();
        prop_assert_eq!(found.document.unwrap(), expected);
        prop_assert_eq!(find_in(&bytes).iter().filter(|found| found.document.is_some()).count(), 1);
    }

    #[test]
    fn no_plan_is_found_where_none_is(bytes in others()) {
        prop_assert_eq!(taken(&bytes), None);
    }

    #[test]
    fn any_bytes_are_read_without_a_panic(bytes in proptest::collection::vec(any::<u8>(), 0..3000), at in any::<usize>()) {
        find_in(&bytes);
        let mut record = lines(&[said(&plan("Plan"))]);
        let at = at % record.len();
        let end = (at + bytes.len() % 50).min(record.len());
        record.splice(at..end, bytes.iter().copied().take(50));
        find_in(&record);
    }
}

/// A short transcript: an old plan, a new one, and something behind each.
fn two_plans() -> (Vec<u8>, [usize; 2]) {
    let record = |record: Value| lines(&[record]);
    let first = [record(filler(0)), record(said(&plan("Old")))].concat();
    let second = [first.clone(), record(filler(1)), record(said(&plan("New")))].concat();
    // Without their newlines the records are whole.
    let ends = [first.len() - 1, second.len() - 1];
    ([second, record(filler(2))].concat(), ends)
}

#[test]
fn a_transcript_cut_at_any_byte_gives_a_whole_plan_or_none() {
    let (bytes, [old, new]) = two_plans();
    for cut in 0..=bytes.len() {
        let expected = match cut {
            cut if cut >= new => Some("New"),
            cut if cut >= old => Some("Old"),
            _ => None,
        };
        let found = latest_in(&bytes[..cut]);
        let document = found.complete.and_then(|found| found.document);
        assert_eq!(document.as_ref().map(|document| document.title.as_str()), expected, "cut at {cut}");
        if let Some(document) = document {
            assert_eq!(document.text, plan(expected.unwrap()), "cut at {cut}");
        }
        assert!(found.incomplete.is_none(), "cut at {cut}");
    }
}

#[test]
fn a_text_cut_at_any_byte_is_no_other_plan() {
    // The model itself stopped in the middle: what is found has every task, the last one's words apart.
    let text = plan("New");
    let last = text.find("### Task 1").unwrap();
    for cut in (0..text.len()).filter(|&cut| text.is_char_boundary(cut)) {
        let bytes = lines(&[said(&plan("Old")), said(&text[..cut])]);
        let document = latest_in(&bytes).complete.unwrap().document.unwrap();
        let whole = document.title == "Old" && document.text == plan("Old");
        let ids: Vec<&str> = document.tasks.iter().map(|task| task.id.as_str()).collect();
        assert!(
            whole || document.title == "New" && cut > last && ids == ["task-0", "task-1"],
            "cut at {cut}"
        );
    }
}

#[test]
fn a_byte_changed_anywhere_never_mixes_two_plans() {
    let (bytes, _) = two_plans();
    for at in 0..bytes.len() {
        // Each byte of the file is tried with two of them.
        let signs = [0, b'\n', b'"', b'\\', b'{', b'}', 0xff];
        for byte in [signs[at % 7], signs[(at + 1) % 7]] {
            let mut bytes = bytes.clone();
            bytes[at] = byte;
            if let Some(document) = latest_in(&bytes).complete.and_then(|found| found.document) {
                let own = |title: &str| {
                    document.tasks.len() == 2 && document.text.len().abs_diff(plan(title).len()) < 9
                };
                assert!(own("Old") || own("New"), "byte {at} as {byte}: {}", document.text);
            }
        }
    }
}
