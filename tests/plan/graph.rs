//! Waves, orders, cycles.

use std::collections::BTreeSet;

use ctx::plan::Status;
use ctx::plan::graph::{dependents, find_cycle, order, turns, waves};

use super::{id, shown, tasks};

#[track_caller]
fn check_waves(plan: &str, expected: &str) {
    assert_eq!(shown(&waves(&tasks(plan), 5).waves), expected);
}

#[test]
fn a_wave_holds_what_waits_for_earlier_waves_only() {
    check_waves("", "");
    check_waves("a", "a");
    check_waves("a b c", "a b c");
    check_waves("a b:a c:b", "a | b | c");
    check_waves("a b:a c:a d:b,c", "a | b c | d");
    check_waves("c:b b:a a", "a | b | c");
    check_waves("a b:a c d:c,b", "a c | b | d");
    check_waves("a:nowhere b", "a b");
}

#[test]
fn priority_orders_a_wave_and_the_index_orders_equals() {
    check_waves("a!low b c!high d!blocker e", "d c b e a");
    check_waves("a!low b!blocker:a c", "c a | b");
}

#[test]
fn tasks_that_change_the_same_file_are_in_different_waves() {
    check_waves("a=x b=x c=x", "a | b | c");
    check_waves("a!low=x b!high=x c", "b c | a");
    check_waves("a=x,y b=y,z c=z", "a c | b");
    check_waves("a=x b=x c:b=x", "a | b | c");
    check_waves("a=x b:a=x", "a | b");
    check_waves("a=./x b=x", "a | b");
}

#[test]
fn globs_meet_what_they_may_name() {
    for (left, right, meet) in [
        ("src/a.rs", "src/b.rs", false),
        ("src/*.rs", "src/a.rs", true),
        ("src/*.rs", "src/deep/a.rs", false),
        ("src/**", "src/deep/a.rs", true),
        ("src/**/a.rs", "src/a.rs", true),
        ("**/*.md", "docs/x/readme.md", true),
        ("src/", "src/a.rs", true),
        ("src", "src/a.rs", true),
        ("src", "src/*/a.rs", true),
        ("src", "srcs/a.rs", false),
        ("src/*", "src/a/b.rs", false),
        ("src/", "srcs/a.rs", false),
        ("src/*.rs", "src/*.ts", false),
        ("src/a*", "src/*b", true),
        ("src/a*", "src/b*", false),
        ("src/**/x/*.rs", "src/a/**", true),
        ("src/?.rs", "src/a.rs", true),
        ("src/?.rs", "src/ab.rs", false),
        ("src/[ab].rs", "src/c.rs", true),
        ("src/[ab].rs", "src/cd.rs", false),
        ("src/{a/b,c}.rs", "src/anything/else", true),
        ("src/{a/b,c}.rs", "lib/c.rs", false),
        ("*", "a/b", false),
        ("**", "a/b", true),
        ("app/[id]/page.tsx", "app/[id]/page.tsx", true),
    ] {
        // Braces with commas would end a list in the notation of `tasks`.
        let mut pair = tasks("a b");
        pair[0].files.modify = vec![left.to_owned()];
        pair[1].files.create = vec![right.to_owned()];
        for _ in 0..2 {
            assert_eq!(waves(&pair, 5).waves.len() == 2, meet, "{left} and {right}");
            pair.reverse();
        }
    }
}

#[test]
fn groups_are_waves_cut_to_the_number_of_agents() {
    let groups = |plan: &str, agents| shown(&waves(&tasks(plan), agents).groups);
    assert_eq!(groups("a b c d e f:a", 2), "a b | c d | e | f");
    assert_eq!(groups("a b", 5), "a b");
    assert_eq!(groups("a b", 0), "a | b");
}

#[test]
fn no_task_is_lost_in_a_cycle() {
    check_waves("a b:c c:b d:c", "a | b | c | d");
}

#[track_caller]
fn check_order(plan: &str, expected: &str) {
    assert_eq!(shown(&[order(&tasks(plan))]), expected);
}

#[test]
fn work_lands_after_what_it_depends_on_then_by_priority() {
    check_order("", "");
    check_order("a!low b!high c", "b c a");
    check_order("a!low b!blocker:a c", "c a b");
    check_order("c:b b:a a", "a b c");
    check_order("d:b,c c!high:a b:a a", "a c b d");
    check_order("a b:c c:b", "a b c");
}

#[track_caller]
fn check_cycle(plan: &str, expected: Option<&str>) {
    let cycle = find_cycle(&tasks(plan)).map(|cycle| shown(&[cycle]));
    assert_eq!(cycle.as_deref(), expected);
}

#[test]
fn a_cycle_is_found_and_starts_with_its_first_task() {
    check_cycle("a b:a c:a,b", None);
    check_cycle("a:a", Some("a"));
    check_cycle("a:b b:a", Some("a b"));
    check_cycle("x:b a:c b:a c:b", Some("a c b"));
    check_cycle("a b:a,d c:b d:c", Some("b d c"));
}

#[test]
fn dependents_are_direct_and_indirect() {
    let plan = tasks("a b:a c:b d e:c,d");
    let names = |of: &str| shown(&[dependents(&plan, &id(of)).into_iter().collect()]);
    assert_eq!(names("a"), "b c e");
    assert_eq!(names("d"), "e");
    assert_eq!(names("e"), "");
    assert_eq!(names("unknown"), "");
}

/// Tasks as in `task`, some of them with a status behind an `@`; `landed` are completed. Who waits for whom, over what.
#[track_caller]
fn check_turns(plan: &str, landed: &str, expected: &str) {
    let parts = plan.split_whitespace().map(|part| part.split_once('@').unwrap_or((part, "pending")));
    let mut all = Vec::new();
    for (text, status) in parts {
        let mut task = super::task(text);
        task.status = Status::parse(status).unwrap();
        all.push(task);
    }
    let landed: BTreeSet<_> = landed.split_whitespace().map(id).collect();
    let waiting = turns(&all, &landed);
    let mut said: Vec<String> = waiting
        .iter()
        .map(|(task, turn)| format!("{task} after {} over {}", turn.before, turn.over))
        .collect();
    said.sort();
    assert_eq!(said.join(", "), expected, "{plan}");
}

#[test]
fn a_task_waits_for_the_earlier_one_with_its_files() {
    check_turns("a=x b=x", "", "b after a over x");
    check_turns("a=x b=x c=x", "", "b after a over x, c after a over x");
    check_turns("a=x@completed b=x c=x", "a", "c after b over x");
    check_turns("a=src/*.rs b=src/b.rs", "", "b after a over src/b.rs");
    check_turns("a=x b=y", "", "");
    // Rank decides among those that could start.
    check_turns("a!low=x b!high=x", "", "a after b over x");
    // What was begun comes first, and until it has landed.
    for status in ["in_progress", "submitted", "completed"] {
        check_turns(&format!("a!blocker=x b=x@{status}"), "", "a after b over x");
    }
    check_turns("a!blocker=x b=x@blocked", "", "a after b over x");
    check_turns("a=x@blocked b=x@blocked", "", "b after a over x");
    // What failed, or waits for what failed, holds up nobody.
    check_turns("a=x@failed b=x", "", "");
    check_turns("z@failed a:z=x b=x", "", "");
    // What cannot start yet does not come first.
    check_turns("a b!blocker:a=x c=x", "", "");
    check_turns("a@completed b!blocker:a=x c=x", "a", "c after b over x");
    // What stands behind a waiting task does not wait for it.
    check_turns("a=x b=x,y c=y", "", "b after a over x");
}

#[test]
fn tasks_that_name_one_resource_are_in_different_waves() {
    let mut all = tasks("a b c");
    for task in &mut all[..2] {
        task.shared_resources = vec!["db".to_owned()];
    }
    assert_eq!(shown(&waves(&all, 5).waves), "a c | b");
    let waiting = turns(&all, &BTreeSet::new());
    assert_eq!((waiting.len(), waiting[&id("b")].over.as_str()), (1, "db"));
}
