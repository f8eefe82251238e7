//! Parallel or sequential, and why.

use ctx::plan::graph::waves;
use ctx::plan::{Parallelization, Status, decide, decide_left};

use super::{shown, tasks};

#[track_caller]
fn check_with(settings: Parallelization, force: bool, plan: &str, expected: &str) {
    let tasks = tasks(plan);
    let decision = decide(&tasks, &waves(&tasks, settings.max_agents), settings, force);
    let found = format!("{:?}: {} [{}]", decision.mode, decision.reason, shown(&decision.groups));
    assert_eq!(found, expected);
}

#[track_caller]
fn check(plan: &str, expected: &str) {
    check_with(Parallelization::default(), false, plan, expected);
}

#[track_caller]
fn check_forced(plan: &str, expected: &str) {
    check_with(Parallelization::default(), true, plan, expected);
}

#[test]
fn three_independent_tasks_run_in_parallel() {
    check("a b c", "Parallel: 3 tasks can run at the same time. [a b c]");
    check("a b:a c:a d:a e:d", "Parallel: 3 tasks can run at the same time. [a | b c d | e]");
    check("a b c d e f", "Parallel: 6 tasks can run at the same time. [a b c d e | f]");
}

#[test]
fn too_few_independent_tasks_run_one_by_one() {
    check("a b", "Sequential: 2 tasks can run at the same time, and `min_tasks` is 3. [a | b]");
    check(
        "a b:a c!high:a d:b,c",
        "Sequential: 2 tasks can run at the same time, and `min_tasks` is 3. [a | c | b | d]",
    );
    check("a", "Sequential: The plan has one task, `a`. [a]");
    check("", "Sequential: The plan has no task. []");
}

#[test]
fn a_chain_runs_one_by_one() {
    check("a b:a c:b", "Sequential: The 3 tasks are a chain: each waits for the one before it. [a | b | c]");
    check_forced(
        "a b:a c:b",
        "Sequential: The 3 tasks are a chain: each waits for the one before it. [a | b | c]",
    );
}

#[test]
fn tasks_that_all_touch_one_file_run_one_by_one() {
    check("a=x b=y,x c=x", "Sequential: All 3 tasks change `x`. [a | b | c]");
    check_forced("a=x b=x c=x d=x", "Sequential: All 4 tasks change `x`. [a | b | c | d]");
    check("a=x b=x c:a", "Sequential: 2 tasks can run at the same time, and `min_tasks` is 3. [a | b | c]");
    check(
        "a=x b=x,y c=y,x/../z,* d:c",
        "Sequential: No two tasks can run at the same time: each waits for another or changes a file that \
         another changes. [a | b | c | d]",
    );
}

#[test]
fn the_option_overrides_the_count_only() {
    check_forced("a b", "Parallel: 2 tasks can run at the same time. [a b]");
    check_forced("a", "Sequential: The plan has one task, `a`. [a]");
    let disabled = Parallelization { enabled: false, ..Parallelization::default() };
    check_with(
        disabled,
        true,
        "a b c",
        "Sequential: The setting `parallelization.enabled` is `false`. [a | b | c]",
    );
}

#[test]
fn settings_change_the_decision() {
    let settings = |min_tasks, max_agents| Parallelization { enabled: true, min_tasks, max_agents };
    check_with(settings(2, 5), false, "a b", "Parallel: 2 tasks can run at the same time. [a b]");
    check_with(settings(2, 2), false, "a b c", "Parallel: 3 tasks can run at the same time. [a b | c]");
    check_with(
        settings(3, 1),
        false,
        "a b c",
        "Sequential: The setting `parallelization.max_agents` is 1. [a | b | c]",
    );
}

#[test]
fn only_what_is_left_counts() {
    for (plan, done, expected) in [
        ("a b c", 0, "Parallel: 3 tasks can run at the same time. [a b c]"),
        ("a b c", 3, "Sequential: All tasks are completed; nothing is left to run. []"),
        ("a b c", 2, "Sequential: One task is left, `c`. [c]"),
        ("a b:a c:a d:a", 1, "Parallel: 3 of 4 tasks are left. 3 tasks can run at the same time. [b c d]"),
        (
            "a b c d",
            2,
            "Sequential: 2 of 4 tasks are left. 2 tasks can run at the same time, and `min_tasks` is 3. [c | d]",
        ),
        ("", 0, "Sequential: The plan has no task. []"),
    ] {
        let mut tasks = tasks(plan);
        for task in &mut tasks[..done] {
            task.status = Status::Completed;
        }
        let decision = decide_left(&tasks, Parallelization::default(), false);
        let found = format!("{:?}: {} [{}]", decision.mode, decision.reason, shown(&decision.groups));
        assert_eq!(found, expected);
    }
}
