//! The launchers of a clone: they run what was built, or say how to build it; wherever they lie, however called.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use serde_json::Value;
use tempfile::TempDir;

use crate::support::client::{Ended, root, run};

/// A clone's `bin` in a folder with every kind of awkward character, and two links to each launcher.
struct Clone {
    folder: TempDir,
}

impl Clone {
    fn new() -> Self {
        let clone = Self { folder: TempDir::with_prefix("a \"b\" \\c $d ").expect("a temporary folder") };
        fs::create_dir(clone.folder.path().join("bin")).expect("a temporary folder");
        for name in ["ctx", "ctx-hook"] {
            fs::copy(root().join("bin").join(name), clone.path("bin", name)).expect("a launcher");
            symlink(Path::new("bin").join(name), clone.path("", &format!("relative-{name}")))
                .expect("a link");
            let link = clone.path("", &format!("relative-{name}"));
            symlink(link, clone.path("", &format!("absolute-{name}"))).expect("a link");
        }
        clone
    }

    fn path(&self, folder: &str, name: &str) -> PathBuf {
        self.folder.path().join(folder).join(name)
    }

    /// Puts a program where a build would, which prints its name and arguments.
    fn build(&self) {
        let built = self.path("target/release", "");
        fs::create_dir_all(&built).expect("a temporary folder");
        for name in ["ctx", "ctx-hook"] {
            let program = built.join(name);
            fs::write(&program, format!("#!/bin/sh\nprintf '%s|' {name} \"$@\"\nexit 7\n")).expect("a file");
            fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).expect("a file of ours");
        }
    }

    /// Every way to call a launcher.
    fn calls(&self, name: &str, args: &[&str]) -> Vec<Ended> {
        let direct = [
            self.path("bin", name),
            self.path("", &format!("relative-{name}")),
            self.path("", &format!("absolute-{name}")),
        ];
        let mut commands: Vec<Command> = direct.iter().map(Command::new).collect();
        let mut inside = Command::new("sh");
        inside.arg(name).current_dir(self.path("bin", ""));
        commands.push(inside);
        let mut on_path = Command::new("env");
        on_path.arg(format!("PATH={}:/usr/bin:/bin", self.path("bin", "").display())).arg(name);
        commands.push(on_path);
        commands.iter_mut().map(|command| run(command.args(args), Duration::from_secs(10))).collect()
    }
}

#[test]
fn a_build_is_run_with_its_arguments() {
    let clone = Clone::new();
    clone.build();
    for name in ["ctx", "ctx-hook"] {
        for ended in clone.calls(name, &["session-start", "a b", ""]) {
            assert_eq!(ended.stdout, format!("{name}|session-start|a b||"), "{ended:?}");
            assert_eq!((ended.code, ended.stderr.as_str()), (Some(7), ""));
        }
    }
}

#[test]
fn without_a_build_ctx_names_the_script_that_builds() {
    let clone = Clone::new();
    let folder = clone.folder.path().canonicalize().expect("it is there");
    let wanted = format!(
        "error: the ctx executable is not built yet\nhint: run \"{}/scripts/install\"\n",
        folder.display()
    );
    for ended in clone.calls("ctx", &["status"]) {
        assert_eq!(
            (ended.code, ended.stdout.as_str(), ended.stderr.as_str()),
            (Some(2), "", wanted.as_str())
        );
    }
}

#[test]
fn without_a_build_hooks_are_silent_but_for_the_start() {
    let clone = Clone::new();
    for args in [&["pre-tool-use"][..], &["session-end"], &[]] {
        for ended in clone.calls("ctx-hook", args) {
            assert_eq!((ended.code, ended.stdout.as_str(), ended.stderr.as_str()), (Some(0), "", ""));
        }
    }
    let folder = clone.folder.path().canonicalize().expect("it is there");
    for ended in clone.calls("ctx-hook", &["session-start"]) {
        assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), ""));
        let answer: Value = serde_json::from_str(&ended.stdout).expect("one JSON answer");
        let line = answer["systemMessage"].as_str().expect("a line for the person");
        assert!(line.contains(&format!("\"{}/scripts/install\"", folder.display())), "{line}");
        assert_eq!(answer["hookSpecificOutput"]["additionalContext"], line);
        assert_eq!(answer["hookSpecificOutput"]["hookEventName"], "SessionStart");
    }
}
