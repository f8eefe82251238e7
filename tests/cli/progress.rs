//! The progress of long commands, as a person sees it in a terminal; and an interrupt.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};

use crate::support::repo::{CTX, Repo, document, run, write};

const LIMIT: Duration = Duration::from_mins(1);

/// A shell in a terminal of its own, gone when this is dropped.
struct Screen<'a> {
    repo: &'a Repo,
    socket: PathBuf,
}

impl<'a> Screen<'a> {
    fn new(repo: &'a Repo, columns: usize, rows: usize) -> Self {
        let screen = Self { repo, socket: repo.root().join("tmux") };
        let (columns, rows) = (columns.to_string(), rows.to_string());
        let mut tmux = screen.tmux();
        tmux.env("PS1", "$ ").env("SHELL", "/bin/sh");
        tmux.args(["-f", "/dev/null", "new-session", "-d", "-x", &columns, "-y", &rows, "-c"])
            .arg(&repo.path);
        run(tmux.args(["-e", &format!("CTX={CTX}"), "sh"])).ok();
        screen
    }

    fn tmux(&self) -> Command {
        let mut tmux = self.repo.command("tmux", &self.repo.path);
        tmux.arg("-S").arg(&self.socket);
        tmux
    }

    fn press(&self, keys: &[&str]) {
        run(self.tmux().arg("send-keys").args(keys)).ok();
    }

    fn text(&self) -> String {
        run(self.tmux().args(["capture-pane", "-p"])).ok()
    }

    #[track_caller]
    fn wait(&self, what: &str, done: impl Fn(&str) -> bool) -> String {
        let start = Instant::now();
        loop {
            let text = self.text();
            if done(&text) {
                return text;
            }
            assert!(start.elapsed() < LIMIT, "no {what}:\n{text}");
            std::thread::sleep(Duration::from_millis(50));
        }
    }
}

impl Drop for Screen<'_> {
    fn drop(&mut self) {
        let _ = self.tmux().arg("kill-server").output();
    }
}

/// Tasks whose set-up takes this long.
fn slow(tasks: usize, seconds: usize) -> Repo {
    let ids: Vec<String> = (0..tasks).map(|n| format!("task-{n}")).collect();
    let tasks: Vec<(&str, &[&str])> = ids.iter().map(|id| (id.as_str(), &[][..])).collect();
    let repo = Repo::new();
    write(&repo.home().join(".claude/ctx.yaml"), &format!("worktrees: {{ setup: sleep {seconds} }}\n"));
    repo.create_plan(&document("Slow", &tasks));
    repo
}

#[test]
fn each_worktree_has_a_line_with_its_step_and_seconds_as_far_as_the_terminal_goes() {
    for (columns, rows) in [(60, 12), (80, 12), (120, 40)] {
        let repo = slow(20, 3);
        let screen = Screen::new(&repo, columns, rows);
        screen.press(&["clear; RAYON_NUM_THREADS=20 $CTX worktree setup; echo rc $?", "Enter"]);
        let step =
            |line: &str| line.starts_with("  task-") && line.ends_with(" s") && line.contains("  sleep 3  ");
        let lines = (rows - 2).min(20);
        let text = screen.wait("a line for each", |text| {
            text.lines().filter(|line| step(line)).count() == lines && text.contains("  sleep 3  2 s")
        });
        let head = text.lines().find(|line| line.contains("worktrees")).unwrap();
        assert!(head.contains(" 0/20  "), "{text}");
        assert!(text.lines().all(|line| line.chars().count() <= columns), "{text}");
        // Gone when it is done.
        let text = screen.wait("end", |text| text.contains("rc 0"));
        assert!(
            !text.contains("  sleep 3  ") && text.contains("set-up: `sleep 3` in 20 worktrees"),
            "{text}"
        );
    }
}

#[test]
fn an_interrupt_ends_it_with_a_line_and_the_next_run_goes_on() {
    let repo = slow(4, 2);
    let screen = Screen::new(&repo, 80, 24);
    for command in ["worktree setup", "pool init 9"] {
        screen.press(&[&format!("clear; $CTX {command}; echo rc $?"), "Enter"]);
        screen.wait("step", |text| text.contains("  sleep 2  1 s"));
        screen.press(&["C-c"]);
        let text = screen.wait("end", |text| text.contains("rc "));
        // Nothing of the view stays, nor the terminal's own `^C`.
        let (above, below) = text.split_once("interrupted; run it again to go on\nrc 130").expect(&text);
        assert!(above.lines().all(|line| line.starts_with('$')), "{text}");
        assert_eq!(below.trim(), "$", "{text}");
    }
    screen.press(&["clear; $CTX pool init 9; echo rc $?", "Enter"]);
    let text = screen.wait("step", |text| text.contains("  sleep 2  1 s"));
    assert!(text.contains("slots ") && text.contains(" 0/9  "), "those that were begun count: {text}");
    screen.press(&["C-c"]);
    screen.wait("end", |text| text.contains("rc "));
    // Only what was begun is half made.
    let slots = repo.json(&["pool", "status"]);
    assert!(slots.as_array().unwrap().len() < 9, "{slots}");
    repo.ctx(&["worktree", "setup"]).ok();
    repo.ctx(&["pool", "init", "2"]).ok();
    repo.ctx(&["doctor"]).ok();
    repo.ctx(&["task", "start", "task-3"]).ok();
}

#[test]
fn nothing_of_it_is_printed_where_nobody_looks() {
    let repo = slow(1, 1);
    let ran = repo.ctx(&["worktree", "setup"]);
    assert_eq!((ran.code, ran.stderr.as_str()), (0, "set-up: `sleep 1` in 1 worktree\n"));
}

#[test]
fn a_merge_shows_each_step_and_makes_room_for_the_clean_up() {
    let repo = Repo::with_plan(&document("Slow", &[("task-0", &[]), ("task-1", &[])]));
    write(&repo.home().join(".claude/ctx.yaml"), "parallelization: { auto_cleanup: true }\n");
    repo.ctx(&["worktree", "setup"]).ok();
    // Both sides change the file: git asks the slow driver.
    repo.work("task-0", "src/a.txt", "one\ntwo\ntheirs\n");
    repo.work("task-1", "b.txt", "b\n");
    repo.write("src/a.txt", "ours\ntwo\nthree\n");
    repo.commit("ours");
    repo.write(".git/info/attributes", "src/a.txt merge=slow\n");
    repo.git(&["config", "merge.slow.driver", "sleep 2; cp %B %A"]);
    let hook = repo.write(".git/hooks/pre-push", "#!/bin/sh\nsleep 2\n");
    fs::set_permissions(hook, fs::Permissions::from_mode(0o755)).unwrap();
    let remote = repo.root().join("remote.git");
    repo.git(&["init", "--quiet", "--bare", remote.to_str().unwrap()]);
    repo.git(&["remote", "add", "origin", remote.to_str().unwrap()]);
    let screen = Screen::new(&repo, 80, 24);
    screen.press(&["clear; $CTX merge --push; echo rc $?", "Enter"]);
    let text = screen.wait("merging", |text| text.contains("  task-0  merging  1 s"));
    assert!(text.contains("tasks merged") && text.contains(" 0/2  "), "{text}");
    let text = screen.wait("pushing", |text| text.contains("  main  pushing to origin  1 s"));
    assert!(text.contains(" 2/2  ") && !text.contains("task-1"), "{text}");
    let text = screen.wait("end", |text| text.contains("rc 0"));
    assert!(text.contains("2 tasks landed on `main`") && text.contains("2 removed, 0 kept"), "{text}");
    assert!(!text.contains("tasks merged") && !text.contains("  pushing"), "{text}");
}

#[test]
fn an_interrupted_merge_is_finished_by_the_next_one() {
    let repo = Repo::with_plan(&document("Slow", &[("task-0", &[])]));
    repo.ctx(&["worktree", "setup"]).ok();
    repo.work("task-0", "src/a.txt", "one\ntwo\ntheirs\n");
    repo.write("src/a.txt", "ours\ntwo\nthree\n");
    let before = repo.commit("ours");
    repo.write(".git/info/attributes", "src/a.txt merge=slow\n");
    repo.git(&["config", "merge.slow.driver", "sleep 2; cp %B %A"]);
    let screen = Screen::new(&repo, 80, 24);
    screen.press(&["clear; $CTX merge; echo rc $?", "Enter"]);
    screen.wait("merging", |text| text.contains("  task-0  merging  1 s"));
    screen.press(&["C-c"]);
    let text = screen.wait("end", |text| text.contains("rc "));
    assert!(text.contains("interrupted; run it again to go on\nrc 130"), "{text}");
    assert_eq!(repo.git(&["rev-parse", "main"]), before);
    repo.ctx(&["merge"]).ok();
    assert_eq!(repo.read("src/a.txt"), "one\ntwo\ntheirs\n");
    repo.ctx(&["doctor"]).ok();
}
