//! What git cannot check out, and folders that are not where they were: said with the cure, by set-up and doctor alike.

use std::fs;

use crate::support::repo::{Repo, document, three_tasks, write};

const SETUP: &[&str] = &["worktree", "setup"];

fn one() -> Repo {
    Repo::with_plan(&document("One", &[("t", &[])]))
}

/// Set-up refuses with this, doctor says the same, and once it is cured both are content.
#[track_caller]
fn check(repo: &Repo, fact: &str, hint: &str, cure: impl FnOnce()) {
    let ran = repo.ctx(SETUP);
    assert_eq!(ran.code, 1, "{}", ran.stdout);
    assert!(ran.stderr.contains(fact) && ran.stderr.contains(hint), "{}", ran.stderr);
    assert!(!ran.stderr.contains("git reset"), "{}", ran.stderr);
    // Said once.
    assert_eq!(format!("{}{}", ran.stdout, ran.stderr).matches(fact).count(), 1, "{ran:?}");
    let doctor = repo.ctx(&["doctor"]).fails(1);
    let hint = hint.trim_start_matches("hint: ");
    assert!(doctor.contains(fact) && doctor.contains(hint), "{doctor}");
    cure();
    repo.ctx(SETUP).ok();
    repo.ctx(&["doctor"]).ok();
}

#[test]
fn a_required_filter_whose_program_is_missing() {
    for key in ["smudge", "process"] {
        let repo = one();
        repo.write(".gitattributes", "*.bin filter=vault\n");
        repo.write("a.bin", "x\n");
        repo.commit("a filter");
        repo.git(&["config", &format!("filter.vault.{key}"), "vault-tool smudge %f"]);
        repo.git(&["config", "filter.vault.required", "true"]);
        let fact = "go through the filter `vault`, and there is no `vault-tool` on `PATH`";
        check(&repo, fact, "hint: install `vault-tool`", || {
            repo.git(&["config", "--unset", &format!("filter.vault.{key}")]);
            repo.git(&["config", "filter.vault.required", "false"]);
        });
    }
}

#[test]
fn a_required_filter_that_fails_is_shown_with_what_it_said() {
    let repo = one();
    repo.write(".gitattributes", "*.bin filter=vault\n");
    repo.write("a.bin", "x\n");
    repo.commit("a filter");
    repo.git(&["config", "filter.vault.smudge", "false"]);
    repo.git(&["config", "filter.vault.required", "true"]);
    check(&repo, "git cannot check out the files", "hint: ", || {
        repo.git(&["config", "filter.vault.smudge", "cat"]);
    });
}

#[test]
fn objects_that_are_missing() {
    let repo = one();
    let oid = repo.git(&["rev-parse", "main:src/a.txt"]);
    let object = repo.path.join(".git/objects").join(&oid[..2]).join(&oid[2..]);
    let aside = repo.root().join("object");
    fs::rename(&object, &aside).unwrap();
    check(&repo, "1 object of ", "hint: see what is broken with `git fsck`", || {
        fs::rename(&aside, &object).unwrap();
    });
}

#[test]
fn a_partial_clone_without_its_remote() {
    let origin = Repo::new();
    origin.git(&["config", "uploadpack.allowFilter", "true"]);
    let repo = Repo::empty();
    let clone = repo.root().join("clone");
    let url = format!("file://{}", origin.path.display());
    let filter = ["clone", "--quiet", "--no-checkout", "--filter=blob:none", &url, clone.to_str().unwrap()];
    repo.git(&filter);
    let mut repo = repo;
    repo.path = clone;
    let away = origin.root().join("away");
    fs::rename(&origin.path, &away).unwrap();
    repo.create_plan(&document("One", &[("t", &[])]));
    let fact = "it is a partial clone, and `origin` did not give them";
    check(&repo, fact, "hint: see that `git fetch origin` works", || {
        fs::rename(&away, &origin.path).unwrap();
    });
}

#[test]
fn a_checkout_that_is_said_to_be_bare() {
    let repo = one();
    repo.ctx(SETUP).ok();
    repo.git(&["config", "core.bare", "true"]);
    for dir in [repo.path.clone(), repo.worktree("t")] {
        for args in [&["worktree", "setup"][..], &["status"], &["cleanup"]] {
            let out = repo.ctx_in(&dir, args).fails(2);
            assert!(out.contains("is a checkout, but `core.bare` is true there"), "{out}");
            assert!(out.contains("config core.bare false`"), "{out}");
        }
        let doctor = repo.ctx_in(&dir, &["doctor"]).fails(1);
        assert!(
            doctor.contains("`core.bare` is true there") && !doctor.contains("none is active"),
            "{doctor}"
        );
    }
    repo.git(&["config", "core.bare", "false"]);
    repo.ctx(&["status"]).ok();
}

#[test]
fn a_folder_that_was_moved_by_hand_is_found_and_gets_no_second_one() {
    for place in ["repo/worktrees/other", "repo/t", "away", "deep/er"] {
        let repo = one();
        repo.ctx(SETUP).ok();
        let to = repo.root().join(place);
        fs::create_dir_all(to.parent().unwrap()).unwrap();
        fs::rename(repo.worktree("t"), &to).unwrap();
        write(&to.join("note.txt"), "mine\n");
        let out = repo.ctx(SETUP).fails(1);
        let fact = format!("the worktree of `t` was moved to `{}`", to.display());
        assert!(out.contains(&fact) && out.contains("ctx doctor --fix"), "{out}");
        assert!(!repo.worktree("t").exists());
        let doctor = repo.ctx(&["doctor"]).fails(1);
        assert!(doctor.contains(&format!("it is at `{}`", to.display())), "{doctor}");
        repo.ctx(&["doctor", "--fix"]);
        let row = repo.json(SETUP)[0].clone();
        assert_eq!((&row["result"], row["path"].as_str()), (&"exists".into(), to.to_str()));
        assert_eq!(repo.git_in(&to, &["status", "--porcelain"]), "?? note.txt");
    }
}

#[test]
fn a_folder_that_git_noticed_to_be_moved_is_taken_over_too() {
    let repo = one();
    repo.ctx(SETUP).ok();
    let to = repo.root().join("away");
    fs::rename(repo.worktree("t"), &to).unwrap();
    repo.git(&["worktree", "repair", to.to_str().unwrap()]);
    assert!(repo.ctx(SETUP).fails(1).contains("was moved to"));
    repo.ctx(&["doctor", "--fix"]);
    assert_eq!(repo.json(SETUP)[0]["path"], to.to_str().unwrap());
}

#[test]
fn locked_worktrees_and_branches_without_a_record_are_named() {
    let repo = Repo::with_plan(&three_tasks());
    repo.git(&["branch", "feature/task-1"]);
    repo.ctx(&["worktree", "setup", "task-0"]).ok();
    repo.git(&["worktree", "lock", "--reason", "mine", repo.worktree("task-0").to_str().unwrap()]);
    let doctor = repo.ctx(&["doctor"]).ok();
    assert!(doctor.contains("the worktree of `task-0` is locked by `git worktree lock`"), "{doctor}");
    assert!(doctor.contains("branch `feature/task-1` is called like `task-1` of plan"), "{doctor}");
    assert!(repo.ctx(SETUP).stderr.contains("note: `task-0`: it is locked (mine); `git worktree unlock "));
    assert!(repo.ctx(&["cleanup", "--include-unmerged"]).ok().contains("kept `task-0`: it is locked (mine)"));
}

#[test]
fn doctor_says_the_same_of_slots() {
    let repo = one();
    repo.write(".gitattributes", "*.bin filter=vault\n");
    repo.write("a.bin", "x\n");
    repo.commit("a filter");
    repo.git(&["config", "filter.vault.smudge", "vault-tool"]);
    repo.git(&["config", "filter.vault.required", "true"]);
    let fact = "go through the filter `vault`, and there is no `vault-tool` on `PATH`";
    let out = repo.ctx(&["pool", "init", "1"]).fails(1);
    assert!(out.contains(fact) && out.contains("hint: install `vault-tool`"), "{out}");
    let doctor = repo.ctx(&["doctor"]).fails(1);
    assert!(
        doctor.contains(fact) && doctor.contains("install `vault-tool`, then run `ctx pool init`"),
        "{doctor}"
    );
    repo.git(&["config", "filter.vault.required", "false"]);
    repo.ctx(&["pool", "init", "1"]).ok();
    repo.ctx(&["doctor"]).ok();
}
