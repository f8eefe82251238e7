//! `ctx commit`: what a message is, who may refuse it, and where it is pushed.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use crate::support::repo::{Repo, three_tasks, write};

/// A worktree with a change that is not committed.
fn changed() -> (Repo, PathBuf) {
    let repo = Repo::with_plan(&three_tasks());
    repo.ctx(&["worktree", "setup", "task-0"]).ok();
    let dir = repo.worktree("task-0");
    write(&dir.join("b.txt"), "b\n");
    (repo, dir)
}

#[test]
fn a_message_says_its_type() {
    #[track_caller]
    fn check(message: &str, expected: bool) {
        assert_eq!(ctx::run::is_conventional(message), expected, "{message:?}");
    }
    for message in [
        "feat: add b",
        "fix(parser)!: close it",
        "chore!: drop it",
        "build-deps: x",
        "i18n: x",
        "feat(a b): x",
        "feat: `x` $(y) 'z' \"w\"",
        "feat: add b\n\nBody without a type.",
        "[JIRA-12] feat: x",
        "[JIRA-12]: feat: x",
        "JIRA-12 feat: x",
        "JIRA-12: feat(ui): x",
        "#12 fix: x",
        "✨ feat: x",
        ":sparkles: feat: x",
        "[A_B-1] ✨ feat: x",
        "✨ [A-1] feat: x",
        "fixup! feat: x",
        "squash! [JIRA-12] feat: x",
        "amend! feat: x",
        "fixup! fixup! feat: x",
        "Revert \"feat: x\"",
        "Reapply \"feat: x\"",
        "Merge branch 'main' into feature/task-0",
        "Merge remote-tracking branch 'origin/main'",
    ] {
        check(message, true);
    }
    for message in [
        "",
        " ",
        "\n\nfeat: x",
        "add b",
        "Add: b",
        "feat:b",
        "feat: ",
        "feat(): x",
        "feat(: x",
        ": x",
        "fixup! ",
        "fixup!",
        "[JIRA-12] ",
        "[JIRA-12] add b",
        "[] feat: x",
        "JIRA-x feat: x",
        "Revert \"\"",
        "Revert it",
        "Merge",
        "Merge branch ",
        "✨",
        "-: x",
        "1: x",
    ] {
        check(message, false);
    }
}

#[test]
fn a_hook_that_refuses_is_named_with_what_it_said() {
    for hook in ["pre-commit", "commit-msg", "prepare-commit-msg"] {
        let (repo, dir) = changed();
        // A git that the hook itself starts and that fails is not the hook.
        let script = "#!/bin/sh\ngit rev-parse --verify --quiet nothing\necho 'lint: b.txt is bad'\nexit 3\n";
        let path = repo.write(&format!("hooks/{hook}"), script);
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        repo.git(&["config", "core.hooksPath", repo.path.join("hooks").to_str().unwrap()]);
        let head = repo.git_in(&dir, &["rev-parse", "HEAD"]);
        let ran = repo.ctx_in(&dir, &["commit", "-m", "feat: b"]);
        assert_eq!(ran.code, 1);
        assert_eq!(
            ran.stderr,
            format!(
                "error: {hook} refused the commit:\nlint: b.txt is bad\n\
                 hint: do what the hook asks for, then run the same command again; everything is staged\n"
            )
        );
        assert_eq!(repo.git_in(&dir, &["rev-parse", "HEAD"]), head);
        fs::remove_file(path).unwrap();
        repo.ctx_in(&dir, &["commit", "-m", "feat: b"]).ok();
    }
}

#[test]
fn a_commit_that_cannot_be_signed_says_what_to_do() {
    for (format, key, program) in
        [("ssh", "/nonexistent/key", "gpg.ssh.program"), ("openpgp", "nobody", "gpg.program")]
    {
        for missing in [false, true] {
            let (repo, dir) = changed();
            let fails = repo.root().join("fails");
            write(&fails, "#!/bin/sh\necho 'no key here' >&2\nexit 2\n");
            fs::set_permissions(&fails, fs::Permissions::from_mode(0o755)).unwrap();
            let program_path = if missing { "/nonexistent/gpg" } else { fails.to_str().unwrap() };
            for (name, value) in [
                ("commit.gpgSign", "true"),
                ("gpg.format", format),
                ("user.signingKey", key),
                (program, program_path),
            ] {
                repo.git(&["config", name, value]);
            }
            let ran = repo.ctx_in(&dir, &["commit", "-m", "feat: b"]);
            assert_eq!(ran.code, 1, "{}", ran.stderr);
            assert!(ran.stderr.starts_with("error: the commit cannot be signed:\n"), "{}", ran.stderr);
            assert!(ran.stderr.contains("hint: unlock the key"), "{}", ran.stderr);
            assert!(!ran.stderr.contains("git -c"), "{}", ran.stderr);
            // A merge is signed in the same way.
            repo.git(&["config", "commit.gpgSign", "false"]);
            repo.ctx(&["task", "start", "task-0"]).ok();
            repo.ctx_in(&dir, &["commit", "-m", "feat: b"]).ok();
            repo.ctx(&["task", "submit", "task-0"]).ok();
            repo.git(&["config", "commit.gpgSign", "true"]);
            let ran = repo.ctx(&["merge"]);
            assert_eq!(ran.code, 1, "{}", ran.stderr);
            assert!(ran.stderr.starts_with("error: the commit cannot be signed"), "{}", ran.stderr);
            repo.git(&["config", "commit.gpgSign", "false"]);
            repo.ctx(&["merge"]).ok();
        }
    }
}

#[test]
fn a_relative_remote_is_that_of_the_main_checkout() {
    for url in ["../remote.git", "./../remote.git"] {
        let (repo, dir) = changed();
        repo.git(&["init", "--quiet", "--bare", repo.root().join("remote.git").to_str().unwrap()]);
        repo.git(&["remote", "add", "origin", url]);
        repo.ctx(&["task", "start", "task-0"]).ok();
        let out = repo.ctx_in(&dir.join("src"), &["commit", "-m", "feat: b", "--push"]);
        assert_eq!(out.code, 0, "{}", out.stderr);
        assert_eq!(
            repo.git(&["ls-remote", "origin", "refs/heads/feature/task-0"]).split('\t').next().unwrap(),
            repo.git(&["rev-parse", "feature/task-0"])
        );
        assert_eq!(
            repo.git(&["rev-parse", "refs/remotes/origin/feature/task-0"]),
            repo.git(&["rev-parse", "feature/task-0"])
        );
        repo.ctx(&["task", "submit", "task-0"]).ok();
        repo.ctx_in(&dir, &["merge", "--push"]).ok();
        assert!(repo.git(&["ls-remote", "origin"]).contains("refs/heads/main"));
        // A hook that refuses the push is named, and the commit stays.
        let hook = repo.write(".git/hooks/pre-push", "#!/bin/sh\necho not on Fridays\nexit 1\n");
        fs::set_permissions(hook, fs::Permissions::from_mode(0o755)).unwrap();
        write(&dir.join("c.txt"), "c\n");
        let out = repo.ctx_in(&dir, &["commit", "-m", "feat: c", "--push"]).fails(1);
        assert!(out.contains("not pushed; pre-push refused it:\nnot on Fridays"), "{out}");
        assert_eq!(repo.git_in(&dir, &["log", "-1", "--format=%s"]), "feat: c");
    }
}

#[test]
fn a_lock_in_the_worktree_is_named() {
    let (repo, dir) = changed();
    let lock = repo.write(".git/worktrees/task-0/index.lock", "");
    let out = repo.ctx_in(&dir, &["commit", "-m", "feat: b"]).fails(1);
    assert!(out.contains("index.lock` is there; nothing was changed"), "{out}");
    fs::remove_file(lock).unwrap();
    repo.ctx_in(&dir, &["commit", "-m", "feat: b"]).ok();
    let out = repo.ctx_in(&dir, &["commit"]).fails(2);
    assert!(out.contains("no message given"), "{out}");
}
