//! What a person sees in a real terminal: nothing that `ctx` prints is broken by the terminal itself.

use crate::support::repo::{Repo, document, run};
use crate::support::terminal::screen_of;

/// A plan of thirty tasks with long ids, wide and combining characters, some of them at work.
fn thirty_tasks() -> Repo {
    let id = |n: usize| match n % 5 {
        0 => format!("rework-the-whole-settings-dialog-{n}"),
        _ => format!("task-{n}"),
    };
    let ids: Vec<String> = (0..30).map(id).collect();
    let after = |n: usize| match n {
        0..8 => Vec::new(),
        _ => vec![ids[n - 8].as_str(), ids[n - 7].as_str()],
    };
    let after: Vec<Vec<&str>> = (0..30).map(after).collect();
    let tasks: Vec<(&str, &[&str])> =
        ids.iter().zip(&after).map(|(id, after)| (id.as_str(), after.as_slice())).collect();
    let text = document("A shop with a name that fills more than half of a line", &tasks);
    let text = text.replace("name: Do task-3,", "name: 検索ページを追加する：絞り込みと並べ替えと一覧,");
    let text =
        text.replace("name: Do task-4,", "name: Cafe\u{301} re\u{301}sume\u{301} nai\u{308}ve everywhere,");
    let repo = Repo::with_plan(&text);
    repo.ctx(&["worktree", "setup"]);
    repo.work("task-1", "a.txt", "x\n");
    repo.work("task-2", "b.txt", "x\n");
    repo.ctx(&["task", "start", "task-3"]).ok();
    let reason = "the specification says that the list is sorted, and that it keeps its order; which is it?";
    repo.ctx(&["task", "block", "task-3", "--reason", reason]).ok();
    repo.ctx(&["merge", "task-1"]).ok();
    repo.ctx(&["cleanup"]).ok();
    repo
}

#[test]
fn no_table_is_broken_by_the_terminal() {
    let repo = thirty_tasks();
    for size in [(60, 24), (80, 24), (120, 40)] {
        for args in [
            &["status"][..],
            &["task", "list"],
            &["plan", "list"],
            &["plan", "show"],
            &["worktree", "list"],
            &["worktree", "setup"],
            &["cleanup", "--dry-run"],
            &["task", "show", "task-3"],
            &["plan", "validate"],
            &["undo"],
            &["doctor"],
            &["approve", "log"],
            &["accept", "--list"],
            &["task", "start", "task-99"],
        ] {
            let screen = screen_of(&repo, args, size);
            assert_eq!(screen.rows, screen.lines, "ctx {args:?} in {size:?}");
            assert!(!screen.rows.is_empty(), "ctx {args:?}");
        }
    }
    // Piped, everything is there.
    let piped = repo.ctx(&["status"]).ok();
    for whole in [
        "rework-the-whole-settings-dialog-15",
        "検索ページを追加する：絞り込みと並べ替えと一覧",
        "which is it?",
    ] {
        assert!(piped.contains(whole), "{whole}: {piped}");
    }
    assert!(!piped.contains('…'), "{piped}");
}

/// `COLUMNS` is exported by some shells; another program that reads the output gets all of it.
#[test]
fn a_width_in_the_environment_cuts_nothing_that_is_piped() {
    let repo = Repo::with_plan(&document("One", &[("a-task-with-a-long-name", &[])]));
    let mut list = repo.command(crate::support::repo::CTX, &repo.path);
    let out = run(list.args(["task", "list"]).env("COLUMNS", "20")).ok();
    assert!(out.contains("a-task-with-a-long-name  pending  ready  Do a-task-with-a-long-name"), "{out}");
}
