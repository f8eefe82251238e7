//! A landing with a person's edits beside it, and a sync, killed before each of their effects; then the same command
//! again: the result is that of a run without the kill, and nothing of the person is lost.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};

use super::state::see;
use crate::support::repo::{CTX, Repo, document, write};

/// Places that every move passes, and those of one that is taken back.
const FORWARD: [&str; 4] = ["forward-rehearse", "forward-begin", "forward-move", "forward-end"];
const BACK: [&str; 3] = ["forward-back-remove", "forward-back-index", "forward-back-files"];

#[test]
fn the_lists_name_every_place() {
    let text =
        fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("src/worktree/forward.rs")).unwrap();
    let places: BTreeSet<&str> =
        text.split("kill_point(\"").skip(1).map(|rest| rest.split('"').next().unwrap()).collect();
    assert_eq!(places, FORWARD.iter().chain(&BACK).copied().collect());
}

/// A finished task and edits of the person that it does not touch, staged, changed, untracked and ignored.
fn finished() -> Repo {
    let repo = Repo::new();
    repo.write(".gitignore", "*.log\n");
    repo.write("gone.txt", "gone\n");
    repo.write("becomes", "a file\n");
    repo.write("mine.txt", "one\n");
    repo.commit("files");
    repo.finish_task_of_every_change();
    repo
}

fn edit(repo: &Repo, dir: &Path) {
    write(&dir.join("mine.txt"), "staged\n");
    repo.git_in(dir, &["add", "mine.txt"]);
    write(&dir.join("mine.txt"), "and changed\n");
    write(&dir.join("README.md"), "changed\n");
    write(&dir.join("note.txt"), "untracked\n");
    write(&dir.join("run.log"), "ignored\n");
}

/// A hook that lets the branch move once, when it is asked for, and not a second time, when files are written.
fn refuse_late(repo: &Repo, branch: &str) -> PathBuf {
    let script = format!(
        "#!/bin/sh\ntest \"$1\" = prepared && grep -q refs/heads/{branch} || exit 0\n\
         test -e \"$HOME/seen\" && exit 1\n: > \"$HOME/seen\"\nexit 0\n"
    );
    let hook = repo.write(".git/hooks/reference-transaction", &script);
    fs::set_permissions(&hook, fs::Permissions::from_mode(0o755)).unwrap();
    hook
}

fn kill(repo: &Repo, command: &[&str], point: &str) {
    let output = repo.command(CTX, &repo.path).args(command).env("CTX_KILL_AT", point).output().unwrap();
    assert!(output.status.signal().is_some(), "{point} is not reached: {output:?}");
}

#[test]
fn a_killed_landing_beside_edits_is_finished_by_the_next() {
    for point in FORWARD.iter().chain(&BACK) {
        let repo = finished();
        edit(&repo, &repo.path);
        let before = see(&repo, &repo.path);
        let hook = BACK.contains(point).then(|| refuse_late(&repo, "main"));
        kill(&repo, &["merge"], point);
        let own = ["mine.txt", "README.md", "note.txt", "run.log"];
        let now = see(&repo, &repo.path);
        for name in own {
            assert_eq!(now.nodes.get(Path::new(name)), before.nodes.get(Path::new(name)), "{point}");
        }
        if let Some(hook) = hook {
            // The next run takes it back first; the hook refuses again.
            fs::remove_file(repo.home().join("seen")).unwrap();
            repo.ctx(&["merge"]).fails(1);
            assert_eq!(see(&repo, &repo.path), before, "{point}");
            fs::remove_file(hook).unwrap();
        }
        repo.ctx(&["merge"]).ok();
        assert_eq!(
            repo.git(&["status", "--porcelain"]),
            " M README.md\nMM mine.txt\n?? note.txt",
            "after a kill at {point}"
        );
        assert_eq!(repo.git(&["show", ":mine.txt"]), "staged", "{point}");
        for (file, text) in
            [("mine.txt", "and changed\n"), ("run.log", "ignored\n"), ("becomes/a/folder", "x\n")]
        {
            assert_eq!(repo.read(file), text, "{point}");
        }
        assert!(
            !repo.path.join("gone.txt").exists() && !repo.path.join(".git/ctx/landing.json").exists(),
            "{point}"
        );
    }
}

#[test]
fn an_edit_made_after_the_kill_is_named_and_kept() {
    let repo = finished();
    kill(&repo, &["merge"], "forward-move");
    // As a git would leave it that was killed in the middle: some files new, and one edited since.
    write(&repo.path.join("new/deep/n.txt"), "new\n");
    write(&repo.path.join("src/a.txt"), "mine, since\n");
    let out = repo.ctx(&["merge"]).fails(1);
    assert!(
        out.contains("was interrupted, and files that it changes were edited since: `src/a.txt`"),
        "{out}"
    );
    assert!(!out.contains("stash"), "{out}");
    assert_eq!(
        (repo.read("src/a.txt"), repo.read("new/deep/n.txt")),
        ("mine, since\n".to_owned(), "new\n".to_owned())
    );
    repo.git(&["restore", "src/a.txt"]);
    repo.ctx(&["merge"]).ok();
    assert_eq!(repo.git(&["status", "--porcelain"]), "");
}

#[test]
fn a_killed_sync_is_finished_by_the_next() {
    for point in FORWARD.iter().chain(&BACK) {
        let repo = finished();
        repo.ctx(&["merge"]).ok();
        repo.create_plan(&document("Next", &[("u", &[])]));
        repo.git(&["switch", "--quiet", "--detach"]);
        repo.git(&["switch", "--quiet", "main"]);
        repo.ctx(&["worktree", "setup"]).ok();
        let dir = repo.worktree("u");
        repo.ctx(&["task", "start", "u"]).ok();
        write(&dir.join("own.txt"), "own\n");
        repo.commit_in(&dir, "feat: u");
        write(&dir.join("run.log"), "ignored\n");
        repo.write("src/a.txt", "base\n");
        repo.write("other/b.txt", "base\n");
        repo.commit("base moves on");
        let before = see(&repo, &dir);
        let hook = BACK.contains(point).then(|| refuse_late(&repo, "feature/u"));
        kill(&repo, &["worktree", "sync", "u"], point);
        if let Some(hook) = hook {
            fs::remove_file(repo.home().join("seen")).unwrap();
            repo.ctx(&["worktree", "sync", "u"]).fails(1);
            assert_eq!(see(&repo, &dir), before, "{point}");
            fs::remove_file(hook).unwrap();
        }
        repo.ctx(&["worktree", "sync", "u"]).ok();
        assert_eq!(repo.git_in(&dir, &["status", "--porcelain"]), "", "{point}");
        assert_eq!(repo.git(&["rev-list", "--count", "feature/u..main"]), "0", "{point}");
        assert_eq!(fs::read_to_string(dir.join("run.log")).unwrap(), "ignored\n", "{point}");
        assert_eq!(fs::read_to_string(dir.join("other/b.txt")).unwrap(), "base\n", "{point}");
    }
}
