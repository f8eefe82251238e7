//! Random states of a slot that is given back: it is as new, what was in it comes back elsewhere, or nothing
//! was changed.
//!
//! `CTX_LOSS_STATES=1000` runs that many states instead of 24.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use super::state::{Dice, Node, Seen, forget_times, scramble, see};
use super::zero::{complete, names, plan};

const STATES: usize = 24;
/// Slots of one repository.
const TOGETHER: usize = 6;

#[test]
fn a_slot_is_as_new_and_nothing_is_lost() {
    let states = std::env::var("CTX_LOSS_STATES").ok().and_then(|n| n.parse().ok()).unwrap_or(STATES);
    let first = std::env::var("CTX_LOSS_SEED").ok().and_then(|n| n.parse().ok()).unwrap_or(0);
    let mut counts = (0, 0);
    for seed in first..first + states / TOGETHER {
        let (released, kept) = round(seed);
        counts = (counts.0 + released, counts.1 + kept);
    }
    println!("{states} states: {} given back and brought back, {} kept", counts.0, counts.1);
    assert!(counts.0 > states / 3, "most slots must be given back: {counts:?}");
}

fn is_ignored(path: &Path) -> bool {
    path.starts_with("ignored") || path.extension().is_some_and(|extension| extension == "log")
}

/// What git would see of it.
fn visible(seen: &Seen) -> BTreeMap<PathBuf, Node> {
    let nodes = seen.nodes.iter().filter(|(path, node)| !is_ignored(path) && **node != Node::Folder);
    nodes.map(|(path, node)| (path.clone(), node.clone())).collect()
}

/// The same without what attributes leave to the moment of the checkout: ends of lines, here also capitals.
fn as_git_sees(seen: &Seen) -> BTreeMap<PathBuf, Node> {
    let mut nodes = visible(seen);
    for node in nodes.values_mut() {
        if let Node::File(bytes, _) = node {
            bytes.retain(|byte| *byte != b'\r');
            bytes.make_ascii_uppercase();
        }
    }
    nodes
}

/// One repository; how many slots were given back, how many kept.
fn round(seed: usize) -> (usize, usize) {
    let repo = names(seed);
    let mut dice = Dice::new(seed as u64 + 77);
    let ids: Vec<String> = (0..TOGETHER).map(|n| format!("t{n}")).collect();
    let plan = plan(&repo, &ids);
    repo.ctx(&["pool", "init", &TOGETHER.to_string()]).ok();
    let fresh = as_git_sees(&see(&repo, &repo.worktree("slot.1")));
    for id in &ids {
        repo.ctx(&["pool", "acquire", id]).ok();
    }
    complete(&repo, &plan, &ids);
    let mut counts = (0, 0);
    for (n, id) in ids.iter().enumerate() {
        let dir = repo.worktree(&format!("slot.{}", n + 1));
        scramble(&repo, &dir, &mut dice);
        forget_times(&dir);
        let before = see(&repo, &dir);
        let place = format!("seed {seed}, {id}");
        let ran = repo.ctx(&["pool", "release", id, "--include-unmerged", "--include-dirty"]);
        if ran.code != 0 {
            assert_eq!(ran.code, 1, "{place}: {}", ran.stderr);
            assert_eq!(see(&repo, &dir), before, "{place}: {}", ran.stderr);
            counts.1 += 1;
            continue;
        }
        forget_times(&dir);
        let after = see(&repo, &dir);
        assert_eq!(as_git_sees(&after), fresh, "{place}: the slot is not as new");
        assert_eq!(repo.git_in(&dir, &["status", "--porcelain"]), "", "{place}");
        assert!(
            after.flags.split("\\x00").all(|line| line.is_empty() || line.starts_with('H')),
            "{place}: {}",
            after.flags
        );
        assert_eq!(after.head, repo.git(&["rev-parse", "main"]) + "\\n", "{place}");
        repo.ctx(&["undo", id]).ok();
        let back = repo.worktree(id);
        forget_times(&back);
        let restored = see(&repo, &back);
        assert_eq!(visible(&restored), visible(&before), "{place}");
        assert_eq!((&restored.flags, &restored.head), (&before.flags, &before.head), "{place}");
        // What git ignores is still in the slot; folders that are empty by now are not kept.
        let ignored = |(path, node): &(&PathBuf, &Node)| is_ignored(path) && **node != Node::Folder;
        for (path, node) in before.nodes.iter().filter(ignored) {
            // Where the branch does not ignore it, it is saved like any other.
            let held = [&after, &restored].iter().any(|seen| seen.nodes.get(path) == Some(node));
            assert!(held, "{place}: {} is lost", path.display());
        }
        fs::remove_dir_all(&back).unwrap();
        counts.0 += 1;
    }
    counts
}
