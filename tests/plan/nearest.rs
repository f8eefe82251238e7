//! What somebody may have meant.

use ctx::plan::nearest;

#[track_caller]
fn check(wanted: &str, names: &[&str], expected: &[&str]) {
    assert_eq!(nearest(wanted, names.iter().copied()), expected, "{wanted} of {names:?}");
}

#[test]
fn the_nearest_names_are_few_or_none() {
    let tasks: Vec<String> = (0..30).map(|n| format!("task-{n}")).collect();
    let tasks: Vec<&str> = tasks.iter().map(String::as_str).collect();
    let words = ["search-page", "export", "dark-theme", "search-index"];
    check("Task-12", &tasks, &["task-12"]);
    check("task12", &tasks, &["task-12"]);
    check("task_07", &tasks, &["task-7"]);
    check("12", &tasks, &["task-12"]);
    check("0", &tasks, &["task-0"]);
    check("tsak-12", &tasks, &["task-12"]);
    check("task-99", &tasks, &["task-19", "task-29", "task-9"]);
    // Ten are equally near.
    check("task-30", &tasks, &[]);
    check("99", &tasks, &[]);
    check("task", &tasks, &[]);
    check("", &tasks, &[]);
    check("exprot", &words, &["export"]);
    check("theme", &words, &["dark-theme"]);
    check("search", &words, &["search-index", "search-page"]);
    check("dark-theme-2", &words, &["dark-theme"]);
    check("qqqq", &words, &[]);
    check("検索", &["検索ページ", "一覧"], &["検索ページ"]);
    check("task-1", &[], &[]);
}
