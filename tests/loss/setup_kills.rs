//! Set-up, killed before each of its effects; then the same command again: the result of a run without the kill.

use std::collections::BTreeSet;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;

use super::kills::result;
use super::prepared;
use crate::support::repo::CTX;

const POINTS: &[&str] = &[
    "setup-record",
    "setup-registration",
    "setup-check-out",
    "setup-checked-out",
    "setup-unlock",
    "setup-copy",
    "setup-run",
    "setup-note",
    "setup-journal",
    "setup-ready",
];

const SETUP: &[&str] = &["worktree", "setup"];

#[test]
fn the_table_of_set_up_names_every_place() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/worktree");
    let mut places = BTreeSet::new();
    for file in ["setup.rs", "furnish.rs"] {
        let text = std::fs::read_to_string(root.join(file)).unwrap();
        let points = text.split("kill_point(\"").skip(1).map(|rest| rest.split('"').next().unwrap());
        places.extend(points.map(str::to_owned));
    }
    assert_eq!(places, POINTS.iter().map(|name| (*name).to_owned()).collect());
}

#[test]
fn a_set_up_killed_anywhere_is_finished_by_the_next() {
    let expected = {
        let repo = prepared("mkdir -p made && echo 1 >made/one\n");
        repo.ctx(SETUP).ok();
        result(&repo)
    };
    for point in POINTS {
        let repo = prepared("mkdir -p made && echo 1 >made/one\n");
        let killed = repo.command(CTX, &repo.path).args(SETUP).env("CTX_KILL_AT", point).output().unwrap();
        assert!(killed.status.signal().is_some(), "{point} is not reached: {killed:?}");
        repo.ctx(SETUP).ok();
        assert_eq!(result(&repo), expected, "after a kill at {point}");
        // What its set-up made is known to be that, and goes with it.
        let out = repo.ctx(&["cleanup", "--include-unmerged"]).ok();
        assert!(out.contains("removed `") && !out.contains("ignored files"), "after {point}: {out}");
    }
}
