//! Tables that fit: what is cut, what is left out, and that nothing is wider than the terminal.

use ctx::commands::paragraphs;
use ctx::commands::table::{Column, render, wrap};
use unicode_width::UnicodeWidthStr as _;

const COLUMNS: [Column; 6] = [
    Column::id("task"),
    Column::word("status"),
    Column::name("name").rank(1),
    Column::word("commits").rank(3),
    Column::word("empty"),
    Column::path("worktree").rank(2),
];

fn rows() -> Vec<Vec<String>> {
    let row = |cells: [&str; 6]| cells.map(str::to_owned).to_vec();
    vec![
        row([
            "task-0",
            "\u{1b}[36min_progress\u{1b}[0m",
            "Add the search page with filters and paging",
            "+1 -0",
            "",
            "/home/ada/shop/worktrees/task-0",
        ]),
        row(["task-1", "pending", "検索ページを追加する：絞り込みと並べ替え", "", "", ""]),
        row([
            "task-2",
            "pending",
            "Cafe\u{301} re\u{301}sume\u{301} nai\u{308}ve: every name in the code base",
            "",
            "",
            "",
        ]),
        row(["task-3", "pending", "👨‍👩‍👧 👍🏽 🇩🇪 faces and flags of many code points", "+12 -3", "", "/t"]),
        row(["rework-the-whole-settings-dialog-12", "\u{1b}[32mcompleted\u{1b}[0m", "Short", "", "", ""]),
    ]
}

fn plain(text: &str) -> String {
    anstream::adapter::strip_str(text).to_string()
}

#[test]
fn a_table_fits_sixty_columns() {
    insta::assert_snapshot!(plain(&render(&COLUMNS, &rows(), Some(60))));
}

#[test]
fn a_table_fits_eighty_columns() {
    insta::assert_snapshot!(plain(&render(&COLUMNS, &rows(), Some(80))));
}

#[test]
fn a_table_fits_a_hundred_and_twenty_columns() {
    insta::assert_snapshot!(plain(&render(&COLUMNS, &rows(), Some(120))));
}

#[test]
fn a_table_is_uncut_where_another_program_reads_it() {
    insta::assert_snapshot!(plain(&render(&COLUMNS, &rows(), None)));
}

#[test]
fn no_line_is_wider_than_the_terminal() {
    let prose = [Column::id("task"), Column::word(""), Column::prose("")];
    let long = "waits for `task-19`, `a-task-with-a-long-name`: not landed yet".to_owned();
    let sentences = vec![
        vec!["task-1".to_owned(), "skipped".to_owned(), long],
        vec!["task-2".to_owned(), "exists".to_owned(), format!("/{}", "deep/".repeat(40))],
        vec!["task-3".to_owned(), "skipped".to_owned(), format!("検索{} b", "a".repeat(150))],
    ];
    for width in 1..200 {
        for table in [render(&COLUMNS, &rows(), Some(width)), render(&prose, &sentences, Some(width))] {
            for line in table.lines() {
                assert!(plain(line).width() <= width, "{width}: {line}");
            }
        }
    }
}

/// Dropping and cutting shows each row once, whatever is in its cells.
#[test]
fn every_row_stays_one_line_unless_it_has_a_sentence() {
    for width in [20, 40, 60, 80, 120] {
        assert_eq!(render(&COLUMNS, &rows(), Some(width)).lines().count(), rows().len() + 1, "{width}");
    }
}

#[test]
fn colours_stay_around_what_is_left_of_a_cell() {
    let columns = [Column::name("status")];
    let rows = vec![vec!["\u{1b}[32mcompleted long ago\u{1b}[0m".to_owned()]];
    let table = render(&columns, &rows, Some(12));
    assert_eq!(table.lines().last(), Some("\u{1b}[32mcompleted l…\u{1b}[0m"));
}

#[track_caller]
fn wrapped(text: &str, width: usize, expected: &[&str]) {
    assert_eq!(wrap(text, width), expected);
}

#[test]
fn sentences_break_at_spaces_and_commands_stay_whole() {
    wrapped("run it again to go on", 10, &["run it", "again to", "go on"]);
    wrapped(
        "free it: `ctx task retry task-1`, then go on",
        24,
        &["free it:", "`ctx task retry task-1`,", "then go on"],
    );
    wrapped("see `ctx task list`", 80, &["see `ctx task list`"]);
    // What does not fit in any line is broken like everything else.
    wrapped("`ctx task retry task-1`", 10, &["`ctx task", "retry", "task-1`"]);
    wrapped("a `b c", 3, &["a", "`b", "c"]);
    wrapped("abcdefgh", 3, &["abc", "def", "gh"]);
    wrapped("検索ページ", 4, &["検索", "ペー", "ジ"]);
    wrapped("検", 1, &["検"]);
    wrapped("", 5, &[""]);
}

#[test]
fn paragraphs_keep_their_lines_and_indent_what_goes_on() {
    let text = "error: the worktree of `task-1` has uncommitted files\nhint: commit them\n  --> plan.md:44 and so on and on";
    let expected = "error: the worktree of\n  `task-1` has uncommitted\n  files\nhint: commit them\n  --> plan.md:44 and so on\n    and on";
    assert_eq!(paragraphs(text, 28), expected);
    assert_eq!(paragraphs(text, 200), text);
}
