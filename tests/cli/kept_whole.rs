//! What a landing, a sync or a release could take with it in places that git itself does not look at: it is named and
//! stays, or goes where `ctx undo` finds it.

use std::fs;
use std::os::unix::fs::symlink;
use std::os::unix::net::UnixListener;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};

use crate::support::repo::{CTX, Repo, document, write};

/// A task `t` that is under way, and a base with these files.
fn one(files: &[(&str, &str)]) -> (Repo, PathBuf) {
    let repo = Repo::new();
    for (file, content) in files {
        repo.write(file, content);
    }
    repo.commit("files");
    repo.create_plan(&document("One", &[("t", &[])]));
    repo.ctx(&["worktree", "setup"]).ok();
    repo.ctx(&["task", "start", "t"]).ok();
    let dir = repo.worktree("t");
    (repo, dir)
}

fn tips(repo: &Repo) -> String {
    repo.git(&["for-each-ref", "--format=%(refname) %(objectname)", "refs/heads"])
}

/// A landing on `into` is refused because of what was done to the worktree beside the main checkout; no ref moves.
#[track_caller]
fn check_beside(into: &str, prepare: fn(&Repo, &Path), said: &str, cure: fn(&Repo, &Path)) {
    let (repo, _) = one(&[]);
    repo.git(&["branch", "dev"]);
    repo.work("t", "n.txt", "new\n");
    let beside = repo.root().join("beside");
    prepare(&repo, &beside);
    let before = tips(&repo);
    let out = repo.ctx(&["merge", "--into", into]).fails(1);
    assert!(out.contains(said) && out.contains("nothing was changed"), "{out}");
    assert_eq!(tips(&repo), before);
    assert_eq!(repo.git(&["status", "--porcelain"]), "");
    cure(&repo, &beside);
    repo.ctx(&["merge", "--into", into]).ok();
    assert_eq!(repo.git(&["show", &format!("{into}:n.txt")]), "new");
    let other = if into == "dev" { "main" } else { "dev" };
    assert!(before.contains(&format!("refs/heads/{other} {}", repo.git(&["rev-parse", other]))));
    assert_eq!(repo.git(&["status", "--porcelain"]), "");
}

#[test]
fn a_branch_does_not_move_where_a_checkout_of_it_stays_behind() {
    let add = |repo: &Repo, beside: &Path, branch: &str| {
        repo.git(&["worktree", "add", "--quiet", "--force", beside.to_str().unwrap(), branch]);
    };
    let remove = |repo: &Repo, beside: &Path| {
        repo.git(&["worktree", "remove", beside.to_str().unwrap()]);
    };
    check_beside(
        "dev",
        |repo, beside| {
            repo.git(&["worktree", "add", "--quiet", beside.to_str().unwrap(), "dev"]);
            fs::remove_dir_all(beside).unwrap();
        },
        "whose folder is gone",
        remove,
    );
    check_beside(
        "dev",
        |repo, beside| {
            repo.git(&["worktree", "add", "--quiet", "--lock", beside.to_str().unwrap(), "dev"]);
            fs::rename(beside, beside.with_extension("away")).unwrap();
        },
        "git worktree unlock",
        |_, beside| fs::rename(beside.with_extension("away"), beside).unwrap(),
    );
    check_beside(
        "main",
        |repo, beside| {
            repo.git(&["worktree", "add", "--quiet", "--force", beside.to_str().unwrap(), "main"]);
        },
        "only one of them could go along",
        |repo, beside| drop(repo.git_in(beside, &["switch", "--quiet", "--detach"])),
    );
    // A task's branch, too.
    let (repo, dir) = one(&[]);
    let beside = repo.root().join("beside");
    add(&repo, &beside, "feature/t");
    repo.write("z", "z\n");
    repo.commit("base moves on");
    for options in [&[][..], &["--rebase"]] {
        let out = repo.ctx(&[&["worktree", "sync", "t"], options].concat()).fails(1);
        assert!(out.contains("is checked out in") && out.contains("beside"), "{out}");
    }
    remove(&repo, &beside);
    repo.ctx(&["worktree", "sync", "t"]).ok();
    assert!(dir.join("z").exists());
}

#[test]
fn a_branch_s_own_options_for_merges_change_no_landing() {
    for options in ["--squash", "--no-ff --no-commit -s ours", "--no-ff", "--autostash --edit"] {
        let (repo, _) = one(&[]);
        repo.work("t", "n.txt", "new\n");
        repo.git(&["config", "branch.main.mergeOptions", options]);
        repo.ctx(&["merge"]).ok();
        assert_eq!(repo.git(&["show", "HEAD:n.txt"]), "new", "{options}");
        assert_eq!(repo.git(&["status", "--porcelain"]), "", "{options}");
    }
    // Where they cannot be set aside, a merge that moves nothing is no landing.
    let (repo, _) = one(&[]);
    repo.git(&["switch", "--quiet", "-c", "a=b"]);
    repo.work("t", "n.txt", "new\n");
    repo.git(&["config", "branch.a=b.mergeOptions", "-s ours --no-ff"]);
    let before = repo.git(&["rev-parse", "a=b"]);
    let ran = repo.ctx(&["merge", "--into", "a=b"]);
    let moved = repo.git(&["rev-parse", "a=b"]) != before;
    assert_eq!((ran.code == 0, repo.git(&["status", "--porcelain"]).as_str()), (moved, ""), "{}", ran.stderr);
}

/// Both sides change what is no text; nobody looked at it until it is added.
#[test]
fn a_conflict_in_what_is_no_text_is_resolved_by_adding_it() {
    let (repo, dir) = one(&[("marks.txt", "a\n"), (".gitattributes", "marks.txt conflict-marker-size=12\n")]);
    let module = repo.root().join("sub");
    repo.git(&["init", "--quiet", module.to_str().unwrap()]);
    let [mine, theirs] = ["mine", "theirs"].map(|name| {
        write(&module.join(name), "x\n");
        repo.commit_in(&module, name)
    });
    let gitlink = |dir: &Path, commit: &str| {
        let entry = format!("160000,{commit},sub");
        repo.git_in(dir, &["update-index", "--add", "--cacheinfo", &entry]);
        fs::create_dir_all(dir.join("sub")).unwrap();
    };
    let change = |dir: &Path, name: &str, commit: &str| {
        symlink(name, dir.join("link")).unwrap();
        write(&dir.join("marks.txt"), &format!("{name}\n"));
        repo.git_in(dir, &["add", "link", "marks.txt"]);
        gitlink(dir, commit);
        repo.git_in(dir, &["commit", "--quiet", "-m", &format!("feat: {name}")]);
    };
    change(&dir, "mine", &mine);
    change(&repo.path, "theirs", &theirs);
    repo.ctx(&["task", "submit", "t"]).ok();
    repo.ctx(&["merge"]).fails(3);
    repo.ctx(&["worktree", "sync", "t"]);
    // One mark is gone, the others are still there.
    let text = fs::read_to_string(dir.join("marks.txt")).unwrap();
    assert!(text.contains("<<<<<<<<<<<< "), "{text}");
    write(&dir.join("marks.txt"), &text.replace("============\n", ""));
    for (named, cure) in [
        (["`link`", "`marks.txt`", "`sub`"].as_slice(), &["add", "link"][..]),
        (&["`marks.txt`", "`sub`"], &["update-index", "--cacheinfo", &format!("160000,{theirs},sub")]),
        (&["`marks.txt`"], &["checkout", "--quiet", "--theirs", "marks.txt"]),
    ] {
        let out = repo.ctx_in(&dir, &["commit"]).fails(3);
        let files = out.lines().next().unwrap().rsplit_once(": ").unwrap().1.to_owned();
        assert_eq!(files, named.join(", "), "{out}");
        repo.git_in(&dir, cure);
    }
    repo.git_in(&dir, &["add", "marks.txt"]);
    let merged = repo.git(&["rev-parse", "main"]);
    repo.ctx_in(&dir, &["commit"]).ok();
    assert!(repo.git(&["ls-tree", "feature/t", "sub"]).contains(&theirs));
    // What came in is not the task's own any more.
    assert_eq!(repo.json(&["worktree", "list"])[0]["base"], merged);
}

#[test]
fn a_rebase_looks_at_every_file_that_it_writes_on_its_way() {
    let prepared = || {
        let (repo, dir) = one(&[("f", "one\n")]);
        write(&dir.join("f"), "two\n");
        repo.commit_in(&dir, "feat: there");
        write(&dir.join("f"), "one\n");
        repo.commit_in(&dir, "fix: and back");
        repo.write("z", "z\n");
        repo.commit("base moves on");
        (repo, dir)
    };
    let (repo, dir) = prepared();
    repo.ctx(&["worktree", "sync", "t", "--rebase"]).ok();
    assert!(dir.join("z").exists());
    for hide in ["--assume-unchanged", "--skip-worktree"] {
        let (repo, dir) = prepared();
        repo.git_in(&dir, &["update-index", hide, "f"]);
        write(&dir.join("f"), "mine\n");
        let out = repo.ctx(&["worktree", "sync", "t", "--rebase"]).fails(1);
        assert!(out.contains("uncommitted changes are in the way: `f`"), "{hide}: {out}");
        assert_eq!(fs::read_to_string(dir.join("f")).unwrap(), "mine\n", "{hide}");
    }
}

#[test]
fn a_rebase_drops_nothing_that_only_a_merge_holds() {
    for is_evil in [false, true] {
        let (repo, dir) = one(&[]);
        write(&dir.join("own"), "own\n");
        repo.commit_in(&dir, "feat: own");
        repo.write("z", "z\n");
        repo.commit("base moves on");
        repo.git_in(&dir, &["merge", "--quiet", "--no-commit", "main"]);
        if is_evil {
            write(&dir.join("evil"), "in the merge alone\n");
            repo.git_in(&dir, &["add", "evil"]);
        }
        repo.git_in(&dir, &["commit", "--quiet", "--no-edit"]);
        repo.write("z2", "z\n");
        repo.commit("base moves on again");
        let ran = repo.ctx(&["worktree", "sync", "t", "--rebase"]);
        assert_eq!(ran.code, i32::from(is_evil), "{}", ran.stderr);
        assert_eq!((dir.join("evil").exists(), dir.join("z2").exists()), (is_evil, !is_evil));
        repo.ctx(&["worktree", "sync", "t"]).ok();
        assert_eq!((dir.join("evil").exists(), dir.join("z2").exists()), (is_evil, true));
    }
}

#[test]
fn a_rebase_that_was_interrupted_and_is_being_resolved_is_left_to_who_does() {
    let (repo, dir) = one(&[("f", "one\n")]);
    write(&dir.join("f"), "mine\n");
    repo.commit_in(&dir, "feat: mine");
    repo.write("f", "theirs\n");
    repo.commit("base moves on");
    let command = ["worktree", "sync", "t", "--rebase"];
    let mut ctx = repo.command(CTX, &repo.path);
    assert!(ctx.args(command).env("CTX_KILL_AT", "sync-abort").output().unwrap().status.signal().is_some());
    write(&dir.join("f"), "both\n");
    for _ in 0..2 {
        let out = repo.ctx(&command).fails(1);
        assert!(out.contains("a rebase"), "{out}");
        assert_eq!(fs::read_to_string(dir.join("f")).unwrap(), "both\n");
    }
    repo.git_in(&dir, &["add", "f"]);
    repo.git_in(&dir, &["-c", "core.editor=true", "rebase", "--continue"]);
    assert!(repo.ctx(&command).ok().contains("up to date"));
    assert_eq!(repo.git(&["show", "feature/t:f"]), "both");
}

/// A slot is released while git ignores `file` in it, which is in the way of the base or of what was taken out of the
/// index; `undo` has everything.
#[track_caller]
fn check_release(file: &str, agent: fn(&Repo, &Path), base: fn(&Repo)) {
    let repo = Repo::new();
    repo.write("tracked", "tracked\n");
    repo.write("d/tracked", "tracked\n");
    repo.commit("files");
    repo.create_plan(&document("One", &[("t", &[])]));
    repo.ctx(&["pool", "init", "1"]).ok();
    repo.ctx(&["pool", "acquire", "t"]).ok();
    let slot = repo.worktree("slot.1");
    write(&slot.join("README.md"), "edited\n");
    write(&slot.join("untracked"), "new\n");
    write(&repo.path.join(".git/info/exclude"), ".parallel\nworktrees\n/tracked\n/d\n/local.db\n");
    agent(&repo, &slot);
    base(&repo);
    // A lock of git stops it before anything is touched.
    let lock = PathBuf::from(repo.git_in(&slot, &["rev-parse", "--git-path", "index.lock"]));
    fs::write(&lock, "").unwrap();
    let release = ["pool", "release", "1", "--include-unmerged", "--include-dirty"];
    let out = repo.ctx(&release).fails(1);
    assert!(out.contains("a git command is under way") && !out.contains("git -c"), "{out}");
    fs::remove_file(&lock).unwrap();
    assert_eq!(fs::read_to_string(slot.join("README.md")).unwrap(), "edited\n");
    let out = repo.ctx(&release).ok();
    assert!(out.contains("is free"), "{out}");
    assert_eq!(repo.git_in(&slot, &["rev-parse", "HEAD"]), repo.git(&["rev-parse", "main"]));
    assert_eq!(repo.git_in(&slot, &["status", "--porcelain"]), "");
    let id = out.split("`ctx undo ").nth(1).unwrap().split('`').next().unwrap().to_owned();
    repo.ctx(&["undo", &id]).ok();
    let dir = repo.worktree("t");
    for (file, content) in [("README.md", "edited\n"), ("untracked", "new\n"), (file, "precious\n")] {
        assert_eq!(fs::read_to_string(dir.join(file)).unwrap(), content, "{file}");
    }
}

#[test]
fn what_git_ignores_in_a_slot_is_kept_where_it_is_in_the_way() {
    let data = |_: &Repo, slot: &Path| drop(write(&slot.join("local.db"), "precious\n"));
    let seed = |repo: &Repo| {
        repo.write("local.db", "seed\n");
        repo.git(&["add", "--force", "local.db"]);
        repo.git(&["commit", "--quiet", "-m", "tracked now"]);
    };
    check_release("local.db", data, seed);
    let taken_out = |repo: &Repo, slot: &Path| {
        repo.git_in(slot, &["rm", "--quiet", "tracked"]);
        write(&slot.join("tracked"), "precious\n");
    };
    check_release("tracked", taken_out, |_| ());
    let file_for_folder = |repo: &Repo, slot: &Path| {
        repo.git_in(slot, &["rm", "--quiet", "-r", "d"]);
        write(&slot.join("d"), "precious\n");
    };
    check_release("d", file_for_folder, |_| ());
    let folder_for_file = |repo: &Repo, slot: &Path| {
        repo.git_in(slot, &["rm", "--quiet", "tracked"]);
        write(&slot.join("tracked/deep/x"), "precious\n");
    };
    check_release("tracked/deep/x", folder_for_file, |_| ());
}

/// In a folder that becomes a file lies something that git does not list.
#[track_caller]
fn check_folder(put: fn(&Repo, &Path), named: &str) {
    let (repo, dir) = one(&[("d/tracked", "x\n"), (".gitmodules", "")]);
    fs::remove_dir_all(dir.join("d")).unwrap();
    repo.work("t", "d", "a file now\n");
    put(&repo, &repo.path.join("d"));
    let before = tips(&repo);
    let out = repo.ctx(&["merge"]).fails(1);
    assert!(out.contains(&format!("\n  `{named}`: not tracked")), "{out}");
    assert_eq!(tips(&repo), before);
    // The hint can be pasted, and is enough.
    let command = out.split("(`").nth(1).unwrap().split("`)").next().unwrap().to_owned();
    assert!(repo.command("sh", &repo.path).args(["-c", &command]).status().unwrap().success());
    repo.ctx(&["merge"]).ok();
    assert_eq!(repo.read("d"), "a file now\n");
}

#[test]
fn a_folder_is_not_empty_because_git_lists_nothing_in_it() {
    check_folder(|_, d| drop(UnixListener::bind(d.join("socket")).unwrap()), "d/socket");
    check_folder(
        |repo, d| {
            repo.git(&["init", "--quiet", d.join("own").to_str().unwrap()]);
        },
        "d/own",
    );
    // A submodule that the landing takes out, with work in it.
    let (repo, dir) = one(&[("d/tracked", "x\n")]);
    let module = repo.root().join("module");
    repo.git(&["init", "--quiet", module.to_str().unwrap()]);
    write(&module.join("a"), "a\n");
    repo.commit_in(&module, "a");
    let add = ["-c", "protocol.file.allow=always", "submodule", "--quiet", "add"];
    repo.git(&[&add[..], &[module.to_str().unwrap(), "d/sub"]].concat());
    repo.commit("with a submodule");
    repo.ctx(&["worktree", "sync", "t"]).ok();
    repo.git_in(&dir, &["rm", "--quiet", "-r", "d"]);
    let _ = fs::remove_dir_all(dir.join("d"));
    repo.work("t", "d", "a file now\n");
    let wip = repo.write("d/sub/wip", "mine\n");
    let out = repo.ctx(&["merge"]).fails(1);
    assert!(out.contains("`d/sub`") && out.contains("nothing was changed"), "{out}");
    assert_eq!(fs::read_to_string(wip).unwrap(), "mine\n");
}

#[test]
fn a_worktree_that_lost_its_link_is_named_and_linked_again() {
    let (repo, dir) = one(&[]);
    write(&dir.join("wip"), "mine\n");
    fs::remove_file(dir.join(".git")).unwrap();
    let main = tips(&repo);
    for command in [&["worktree", "sync", "t"][..], &["worktree", "setup", "t"], &["cleanup", "t"]] {
        repo.ctx(command);
        assert_eq!((tips(&repo), repo.git(&["status", "--porcelain"])), (main.clone(), String::new()));
    }
    let out = repo.ctx(&["doctor"]).fails(1);
    assert!(out.contains("`.git` is gone from"), "{out}");
    let fixed = repo.ctx(&["doctor", "--fix"]);
    assert!(fixed.stderr.contains("fixed: `.git` is back in"), "{fixed:?}");
    assert_eq!(repo.git_in(&dir, &["branch", "--show-current"]), "feature/t");
    assert_eq!(repo.git_in(&dir, &["status", "--porcelain"]), "?? wip");
}

#[test]
fn a_landing_that_was_cut_short_is_taken_back_in_a_repository_that_was_moved() {
    let (mut repo, _) = one(&[("gone", "gone\n")]);
    repo.work("t", "n.txt", "new\n");
    let seen = repo.home().join("seen");
    // Asked the second time, files are written already.
    let hook = repo.write(
        ".git/hooks/reference-transaction",
        &format!(
            "#!/bin/sh\ntest \"$1\" = prepared && grep -q refs/heads/main || exit 0\ntest -e '{0}' && exit 1\n: > '{0}'\n",
            seen.display()
        ),
    );
    fs::set_permissions(&hook, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let mut ctx = repo.command(CTX, &repo.path);
    let killed = ctx.arg("merge").env("CTX_KILL_AT", "forward-back-remove").output().unwrap();
    assert!(killed.status.signal().is_some(), "{killed:?}");
    assert_eq!(repo.read("n.txt"), "new\n");
    fs::remove_file(&hook).unwrap();
    let moved = repo.root().join("moved");
    fs::rename(&repo.path, &moved).unwrap();
    repo.path = moved;
    repo.ctx(&["doctor", "--fix"]);
    repo.ctx(&["merge"]).ok();
    assert_eq!(repo.git(&["status", "--porcelain"]), "");
    assert_eq!(repo.git(&["show", "HEAD:n.txt"]), "new");
}
