//! The reader sees every line once, wherever the borders of its blocks fall, and files that change under it.

use std::fs::{self, OpenOptions};
use std::io::Write;

use ctx::transcript::{find, latest, line_numbers};

use super::generator::{filler, lines, plan, said};
use super::{check, shown};

/// The reader's block, in bytes.
const BLOCK: usize = 256 << 10;

#[test]
fn a_plan_is_found_across_the_border_of_two_blocks() {
    let record = said(&plan("One")).to_string();
    let marker = record.find("**Type:** Plan").unwrap();
    // From the end, so that the border falls into, right before and right behind the marker and the line's ends.
    let places = [
        0,
        1,
        marker - 70,
        marker - 6,
        marker,
        marker + 1,
        marker + 7,
        marker + 14,
        marker + 15,
        record.len(),
    ];
    for place in places {
        for edge in [0, 1, 2] {
            let behind = BLOCK - (record.len() - place) + edge;
            let bytes = format!("{}\n{record}\n{}", "x".repeat(BLOCK), "y".repeat(behind - 1));
            check("at a border", bytes.as_bytes(), "One!");
        }
    }
}

#[test]
fn a_line_of_any_length_is_read_or_passed_over() {
    let one = said(&plan("One"));
    for length in [BLOCK - 1, BLOCK * 3, 5 << 20] {
        let long = said(&format!("{}\n\n## References\n\n{}", plan("Two"), "z".repeat(length)));
        let listed = if length < 1 << 20 { "One! Two!" } else { "One! Two?" };
        check("a long line", &lines(&[one.clone(), long, filler(0)]), listed);
    }
    // Longer than what is kept in memory: passed over, with all its markers.
    let longest = said(&format!("{}{}", plan("Two").repeat(20), "z".repeat(17 << 20)));
    check("the longest line", &lines(&[one.clone(), longest.clone()]), "One!");
    check("the longest line first", &lines(&[longest, one]), "One!");
}

#[test]
fn lines_have_their_numbers() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("s.jsonl");
    let mut records: Vec<_> = (0..3000).map(filler).collect();
    records[7] = said(&plan("One"));
    records[2999] = said(&plan("Two"));
    let joined = format!("{}{}\n", said(&plan("Three")), said(&plan("Four")));
    fs::write(&path, [lines(&records), joined.into_bytes()].concat()).unwrap();
    let found = find(&path).unwrap();
    assert_eq!(found.iter().map(shown).collect::<Vec<_>>(), ["One!", "Two!", "Three!", "Four!"]);
    assert_eq!(line_numbers(&path, &found).unwrap(), [8, 3000, 3001, 3001]);
}

#[test]
fn a_file_is_read_while_it_grows() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("s.jsonl");
    fs::write(&path, lines(&[said(&plan("Plan 0"))])).unwrap();
    let stop = std::sync::atomic::AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let mut file = OpenOptions::new().append(true).open(&path).unwrap();
            for n in 1..200 {
                let record = lines(&[said(&plan(&format!("Plan {n}"))), filler(n)]);
                for part in record.chunks(700) {
                    file.write_all(part).unwrap();
                }
            }
            stop.store(true, std::sync::atomic::Ordering::Relaxed);
        });
        let mut last = 0;
        loop {
            let stopped = stop.load(std::sync::atomic::Ordering::Relaxed);
            let document = latest(&path, None).unwrap().complete.unwrap().document.unwrap();
            let n: usize = document.title.strip_prefix("Plan ").unwrap().parse().unwrap();
            assert!(n >= last && document.tasks.len() == 2);
            last = n;
            if stopped {
                break;
            }
        }
        assert_eq!(last, 199);
    });
}

#[test]
fn only_regular_files_are_read() {
    let folder = tempfile::tempdir().unwrap();
    assert!(find(folder.path()).is_err());
    assert!(find(&folder.path().join("none")).is_err());
    assert!(latest(std::path::Path::new("/dev/zero"), None).is_err());
}

#[test]
fn the_search_ends_when_its_time_is_up() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("s.jsonl");
    fs::write(&path, lines(&[said(&plan("One"))])).unwrap();
    let past = std::time::Instant::now().checked_sub(std::time::Duration::from_secs(1)).unwrap();
    let latest = latest(&path, Some(past)).unwrap();
    assert!(latest.cut_short && latest.complete.is_none());
}
