//! The client in a terminal, as a person has it: keys go in, the screen comes out.
//!
//! A `tmux` of its own holds the terminal and ends, with the client, when this is dropped.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::client::{Client, Ended, run};
use super::model::Model;
use super::repo::{CTX, Repo};

const LIMIT: Duration = Duration::from_mins(1);

/// A running session in a terminal.
pub(crate) struct Terminal<'a> {
    client: &'a Client,
    socket: PathBuf,
    pid: String,
}

impl<'a> Terminal<'a> {
    /// Starts the client in `folder` and waits until it can be typed into.
    #[track_caller]
    pub(crate) fn start(client: &'a Client, model: &Model, folder: &Path) -> Self {
        Self::start_sized(client, model, folder, (150, 50))
    }

    /// The same in a terminal of this size: columns, rows.
    #[track_caller]
    pub(crate) fn start_sized(
        client: &'a Client,
        model: &Model,
        folder: &Path,
        (columns, rows): (usize, usize),
    ) -> Self {
        let [columns, rows] = [columns, rows].map(|n| n.to_string());
        let folder = folder.canonicalize().expect("the folder is there");
        answer_first_questions(client, &folder);
        // A socket's path must be short.
        let socket = client.home().join("tmux");
        let mut terminal = Self { client, socket, pid: String::new() };
        let mut tmux = terminal.tmux();
        tmux.env("ANTHROPIC_BASE_URL", model.url()).env("ANTHROPIC_API_KEY", "test");
        tmux.args(["-f", "/dev/null", "new-session", "-d", "-x", &columns, "-y", &rows, "-c"]).arg(&folder);
        // More than one argument: no shell stands between, and the pane's process is the client.
        tmux.args(["-P", "-F", "#{pane_pid}"]).arg(client.executable()).args(["--model", "sonnet"]);
        let started = run(&mut tmux, LIMIT);
        assert_eq!(started.code, Some(0), "{started:#?}");
        started.stdout.trim().clone_into(&mut terminal.pid);
        terminal.wait_for("❯");
        terminal
    }

    fn tmux(&self) -> Command {
        let mut tmux = self.client.command(Path::new("tmux"));
        tmux.arg("-S").arg(&self.socket);
        tmux
    }

    fn ask(&self, args: &[&str]) -> Ended {
        run(self.tmux().args(args), LIMIT)
    }

    /// Types a line and presses Enter.
    pub(crate) fn say(&self, line: &str) {
        self.ask(&["send-keys", "-l", line]);
        // Typed at once, the Enter would be taken for a part of something pasted.
        std::thread::sleep(Duration::from_millis(400));
        self.ask(&["send-keys", "Enter"]);
    }

    /// Types without pressing Enter.
    pub(crate) fn type_in(&self, text: &str) {
        self.ask(&["send-keys", "-l", text]);
    }

    /// Everything on the screen and above it.
    pub(crate) fn screen(&self) -> String {
        self.ask(&["capture-pane", "-p", "-S", "-"]).stdout
    }

    #[track_caller]
    pub(crate) fn wait_for(&self, text: &str) {
        self.wait(text, |screen| screen.contains(text));
    }

    #[track_caller]
    fn wait(&self, what: &str, done: impl Fn(&str) -> bool) {
        let deadline = Instant::now() + LIMIT;
        while !done(&self.screen()) {
            assert!(
                Instant::now() < deadline,
                "client {}: no {what:?} on\n{}",
                self.client.version,
                self.screen()
            );
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// Waits until the client has ended by itself.
    #[track_caller]
    pub(crate) fn wait_for_end(&self) {
        let deadline = Instant::now() + LIMIT;
        while self.ask(&["has-session"]).code == Some(0) {
            assert!(Instant::now() < deadline, "client {} runs on:\n{}", self.client.version, self.screen());
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// Kills the client without any warning.
    #[track_caller]
    pub(crate) fn kill(&self) {
        let killed = run(Command::new("kill").args(["-KILL", &self.pid]), LIMIT);
        assert_eq!(killed.code, Some(0), "{killed:#?}");
        self.wait_for_end();
    }
}

impl Drop for Terminal<'_> {
    fn drop(&mut self) {
        self.ask(&["kill-server"]);
    }
}

/// What the client would ask a person before the first session: the theme, the key, whether the folder is trusted.
fn answer_first_questions(client: &Client, folder: &Path) {
    let file = client.home().join(".claude.json");
    let text = fs::read_to_string(&file).unwrap_or_else(|_| "{}".to_owned());
    let mut settings: Value = serde_json::from_str(&text).expect("the client's settings are JSON");
    settings["hasCompletedOnboarding"] = json!(true);
    settings["theme"] = json!("dark");
    settings["customApiKeyResponses"] = json!({ "approved": ["test"], "rejected": [] });
    settings["projects"][folder.to_string_lossy().as_ref()]["hasTrustDialogAccepted"] = json!(true);
    fs::write(&file, settings.to_string()).expect("the home can be written");
}

/// What a terminal shows of a program that has ended, and what scrolled out of it.
#[derive(Debug)]
pub(crate) struct Screen {
    /// As they stand on the screen.
    pub(crate) rows: Vec<String>,
    /// As the program wrote them: a line that was too long for one row is one line here.
    pub(crate) lines: Vec<String>,
}

/// Runs `ctx` in a terminal of this size: columns, rows.
#[track_caller]
pub(crate) fn screen_of(repo: &Repo, args: &[&str], (columns, rows): (usize, usize)) -> Screen {
    // A server that is still ending would take the next one down with it.
    static SERVERS: AtomicUsize = AtomicUsize::new(0);
    let socket = repo.root().join(format!("tmux-{}", SERVERS.fetch_add(1, Ordering::Relaxed)));
    let settings = repo.root().join("tmux.conf");
    fs::write(&settings, "set -g remain-on-exit on\nset -g history-limit 5000\n").expect("a temporary file");
    let tmux = |args: &[&str]| {
        let mut tmux = repo.command("tmux", &repo.path);
        tmux.args(["-u", "-S"]).arg(&socket).arg("-f").arg(&settings).args(args);
        run(&mut tmux, LIMIT)
    };
    let [columns, rows] = [columns, rows].map(|n| n.to_string());
    let mut start = vec!["new-session", "-d", "-x", &columns, "-y", &rows, CTX];
    start.extend(args);
    let started = tmux(&start);
    assert_eq!(started.code, Some(0), "{started:#?}");
    let deadline = Instant::now() + LIMIT;
    while tmux(&["display", "-p", "#{pane_dead}"]).stdout.trim() != "1" {
        assert!(Instant::now() < deadline, "no end of ctx {args:?}");
        std::thread::sleep(Duration::from_millis(20));
    }
    let shown = |join: &[&str]| {
        let text = tmux(&[&["capture-pane", "-p", "-S", "-"], join].concat()).stdout;
        let lines = text.lines().map(|line| line.trim_end().to_owned());
        // tmux itself says at the end that the program has ended.
        lines.filter(|line| !line.is_empty() && !line.starts_with("Pane is dead")).collect()
    };
    let screen = Screen { rows: shown(&[]), lines: shown(&["-J"]) };
    tmux(&["kill-server"]);
    screen
}
