//! Files that a person has where a landing or a sync writes: edits it does not touch stay, and what it would
//! overwrite is named and nothing moves, ignored or not.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use crate::support::repo::{Repo, document, write};

/// A base with these files, and a task `t` whose worktree gets what `work` does.
fn with_task(work: fn(&Path)) -> Repo {
    let repo = Repo::new();
    repo.write(".gitignore", "/local.db\n/cache/\n*.log\nd/local\n");
    repo.write("d/tracked.txt", "tracked\n");
    repo.write("f", "a file\n");
    repo.write("other.txt", "other\n");
    repo.commit("files");
    repo.write(".git/info/exclude", "/mine/\n");
    repo.write("../home/ignore", "*.personal\n");
    repo.git(&["config", "core.excludesFile", repo.home().join("ignore").to_str().unwrap()]);
    repo.create_plan(&document("One", &[("t", &[])]));
    repo.ctx(&["worktree", "setup"]).ok();
    let dir = repo.worktree("t");
    repo.ctx(&["task", "start", "t"]).ok();
    work(&dir);
    repo.git_in(&dir, &["add", "--all", "--force", "--", "."]);
    repo.git_in(&dir, &["commit", "--quiet", "-m", "feat: t"]);
    repo.ctx(&["task", "submit", "t"]).ok();
    repo
}

/// Everything in the main checkout but git's and our own, and what git says of it.
fn everything(repo: &Repo, dir: &Path) -> (Vec<String>, String, String, String) {
    fn walk(top: &Path, dir: &Path, found: &mut Vec<String>) {
        for entry in fs::read_dir(dir).unwrap().flatten() {
            let path = entry.path();
            let name = path.strip_prefix(top).unwrap().display().to_string();
            if [".git", ".parallel", "worktrees"].contains(&name.as_str()) {
                continue;
            }
            if path.is_symlink() {
                found.push(format!("{name} -> {}", fs::read_link(&path).unwrap().display()));
            } else if path.is_dir() {
                found.push(format!("{name}/"));
                walk(top, &path, found);
            } else {
                found.push(format!("{name} {:?}", fs::read(&path).unwrap()));
            }
        }
    }
    let mut files = Vec::new();
    walk(dir, dir, &mut files);
    files.sort();
    let git = |args: &[&str]| repo.git_in(dir, args);
    (
        files,
        git(&["ls-files", "--stage", "-v"]),
        git(&["status", "--porcelain", "--ignored"]),
        git(&["rev-parse", "HEAD"]),
    )
}

/// A landing of `work` is refused because of what `person` has there, which names `named`; once `cure` is done, it lands.
#[track_caller]
fn check_refused(work: fn(&Path), person: fn(&Repo), named: &[&str], cure: fn(&Repo)) {
    let repo = with_task(work);
    person(&repo);
    let before = everything(&repo, &repo.path);
    let out = repo.ctx(&["merge"]).fails(1);
    assert!(out.contains("would overwrite these files there; nothing was changed"), "{out}");
    for name in named {
        assert!(out.contains(&format!("\n  `{name}`: ")), "{name} is not named: {out}");
    }
    assert!(!out.contains("stash"), "{out}");
    assert_eq!(everything(&repo, &repo.path), before);
    // Twice gives the same.
    assert_eq!(repo.ctx(&["merge"]).fails(1), out);
    cure(&repo);
    let out = repo.ctx(&["merge"]).ok();
    assert!(out.contains("1 task landed on `main`"), "{out}");
}

fn aside(repo: &Repo, name: &str) {
    fs::rename(repo.path.join(name), repo.root().join("aside")).unwrap();
}

#[test]
fn what_git_does_not_track_is_never_overwritten() {
    let data = |dir: &Path| drop(write(&dir.join("local.db"), "seed\n"));
    check_refused(
        data,
        |repo| drop(repo.write("local.db", "months\n")),
        &["local.db"],
        |repo| aside(repo, "local.db"),
    );
    // An untracked file, and a link in its place.
    let new = |dir: &Path| drop(write(&dir.join("new.txt"), "seed\n"));
    check_refused(
        new,
        |repo| drop(repo.write("new.txt", "mine\n")),
        &["new.txt"],
        |repo| aside(repo, "new.txt"),
    );
    check_refused(
        data,
        |repo| symlink("/nowhere", repo.path.join("local.db")).unwrap(),
        &["local.db"],
        |repo| aside(repo, "local.db"),
    );
    // The same bytes: whose file it is decides.
    check_refused(
        data,
        |repo| drop(repo.write("local.db", "seed\n")),
        &["local.db"],
        |repo| aside(repo, "local.db"),
    );
    // An ignored folder where a file is to be, with its content; by three kinds of ignore file.
    let cache = |dir: &Path| drop(write(&dir.join("cache"), "a file\n"));
    check_refused(
        cache,
        |repo| {
            repo.write("cache/a/1", "1");
            repo.write("cache/2", "2");
        },
        &["cache/2", "cache/a/1"],
        |repo| aside(repo, "cache"),
    );
    let mine = |dir: &Path| drop(write(&dir.join("mine"), "a file\n"));
    check_refused(
        mine,
        |repo| drop(repo.write("mine/notes", "n")),
        &["mine/notes"],
        |repo| aside(repo, "mine"),
    );
    let personal = |dir: &Path| drop(write(&dir.join("a/b.personal"), "x\n"));
    check_refused(
        personal,
        |repo| drop(repo.write("a/b.personal", "n")),
        &["a/b.personal"],
        |repo| aside(repo, "a/b.personal"),
    );
    // An ignored file where a folder is to be, at the top and below.
    let folder = |dir: &Path| drop(write(&dir.join("run.log/deep/x"), "x\n"));
    check_refused(
        folder,
        |repo| drop(repo.write("run.log", "log\n")),
        &["run.log"],
        |repo| aside(repo, "run.log"),
    );
    let nested = |dir: &Path| drop(write(&dir.join("n/run.log/x"), "x\n"));
    check_refused(
        nested,
        |repo| drop(repo.write("n/run.log", "log\n")),
        &["n/run.log"],
        |repo| aside(repo, "n"),
    );
    // A tracked folder becomes a file, and something ignored lies in the folder.
    let replaced = |dir: &Path| {
        fs::remove_dir_all(dir.join("d")).unwrap();
        write(&dir.join("d"), "a file now\n");
    };
    check_refused(
        replaced,
        |repo| drop(repo.write("d/local", "mine\n")),
        &["d/local"],
        |repo| aside(repo, "d/local"),
    );
    // A tracked file becomes a folder, and the person made a link of it.
    let opened = |dir: &Path| {
        fs::remove_file(dir.join("f")).unwrap();
        write(&dir.join("f/inside"), "x\n");
    };
    check_refused(
        opened,
        |repo| {
            fs::remove_file(repo.path.join("f")).unwrap();
            symlink("other.txt", repo.path.join("f")).unwrap();
        },
        &["f"],
        |repo| drop(repo.git(&["restore", "f"])),
    );
    // A repository of its own in the way.
    check_refused(
        cache,
        |repo| drop(repo.git(&["init", "--quiet", "cache"])),
        &["cache"],
        |repo| aside(repo, "cache"),
    );
    // A name that differs by case only is another file.
    let repo = with_task(|dir| drop(write(&dir.join("Local.db"), "seed\n")));
    repo.write("local.db", "months\n");
    repo.ctx(&["merge"]).ok();
    assert_eq!((repo.read("local.db"), repo.read("Local.db")), ("months\n".to_owned(), "seed\n".to_owned()));
}

#[test]
fn an_edit_that_the_landing_touches_stops_it_by_name() {
    let edit = |dir: &Path| {
        write(&dir.join("README.md"), "theirs\n");
        write(&dir.join("other.txt"), "theirs\n");
    };
    let restore = |repo: &Repo| drop(repo.git(&["restore", "--staged", "--worktree", "."]));
    check_refused(
        edit,
        |repo| {
            repo.write("README.md", "mine\n");
            repo.write("other.txt", "mine\n");
            repo.git(&["add", "other.txt"]);
        },
        &["README.md", "other.txt"],
        restore,
    );
    // Staged and taken back in the file; gone; staged as gone.
    check_refused(
        edit,
        |repo| {
            let before = repo.read("README.md");
            repo.write("README.md", "staged\n");
            repo.git(&["add", "README.md"]);
            repo.write("README.md", &before);
        },
        &["README.md"],
        restore,
    );
    check_refused(
        edit,
        |repo| fs::remove_file(repo.path.join("README.md")).unwrap(),
        &["README.md"],
        restore,
    );
    check_refused(edit, |repo| drop(repo.git(&["rm", "--quiet", "README.md"])), &["README.md"], restore);
    // Git was told not to look.
    for flag in ["assume-unchanged", "skip-worktree"] {
        let repo = with_task(edit);
        repo.git(&["update-index", &format!("--{flag}"), "README.md"]);
        repo.write("README.md", "mine\n");
        let before = everything(&repo, &repo.path);
        let out = repo.ctx(&["merge"]).fails(1);
        assert!(out.contains("`README.md`: uncommitted changes"), "{out}");
        assert_eq!(everything(&repo, &repo.path), before);
    }
    // A file that is staged where the landing makes a folder.
    check_refused(
        |dir| drop(write(&dir.join("made/x"), "x\n")),
        |repo| {
            repo.write("made", "mine\n");
            repo.git(&["add", "made"]);
        },
        &["made"],
        |repo| {
            repo.git(&["rm", "--quiet", "--cached", "made"]);
            aside(repo, "made");
        },
    );
}

#[test]
fn an_edit_that_it_does_not_touch_stays_as_it_is() {
    let repo = with_task(|dir| {
        write(&dir.join("README.md"), "theirs\n");
        write(&dir.join("new/n.txt"), "new\n");
    });
    repo.write("other.txt", "changed\n");
    repo.write("src/a.txt", "staged\n");
    repo.git(&["add", "src/a.txt"]);
    repo.write("src/a.txt", "and changed\n");
    repo.write("staged.txt", "staged\n");
    repo.git(&["add", "staged.txt"]);
    repo.write("intended.txt", "intended\n");
    repo.git(&["add", "--intent-to-add", "intended.txt"]);
    repo.git(&["rm", "--quiet", "f"]);
    repo.write("untracked.txt", "mine\n");
    repo.write("new/mine.txt", "mine\n");
    repo.write("local.db", "mine\n");
    repo.git(&["config", "merge.autoStash", "true"]);
    let status = repo.git(&["status", "--porcelain", "-uall"]);
    let diffs = (repo.git(&["diff"]), repo.git(&["diff", "--cached"]));
    repo.ctx(&["merge"]).ok();
    assert_eq!(repo.git(&["status", "--porcelain", "-uall"]), status);
    assert_eq!(repo.read("local.db"), "mine\n");
    assert_eq!((repo.git(&["diff"]), repo.git(&["diff", "--cached"])), diffs);
    assert_eq!(
        (repo.read("README.md"), repo.read("new/mine.txt")),
        ("theirs\n".to_owned(), "mine\n".to_owned())
    );
    assert_eq!(repo.git(&["stash", "list"]), "");
}

#[test]
fn a_merge_or_rebase_of_the_person_is_not_cut_into() {
    let repo = with_task(|dir| drop(write(&dir.join("new.txt"), "new\n")));
    repo.git(&["switch", "--quiet", "-c", "side"]);
    repo.write("src/a.txt", "side\n");
    repo.commit("side");
    repo.git(&["switch", "--quiet", "main"]);
    repo.write("src/a.txt", "main\n");
    repo.commit("main");
    repo.command("git", &repo.path).args(["merge", "side"]).output().unwrap();
    let before = everything(&repo, &repo.path);
    let out = repo.ctx(&["merge"]).fails(1);
    assert!(out.contains("a merge is under way in"), "{out}");
    assert_eq!(everything(&repo, &repo.path), before);
    repo.git(&["merge", "--abort"]);
    repo.command("git", &repo.path).args(["rebase", "side"]).output().unwrap();
    let main = repo.git(&["rev-parse", "main"]);
    let out = repo.ctx(&["merge"]).fails(1);
    assert!(out.contains("a rebase of `main` is under way in"), "{out}");
    assert_eq!(repo.git(&["rev-parse", "main"]), main);
    repo.git(&["rebase", "--abort"]);
    repo.ctx(&["merge"]).ok();
}

/// The base gets these files while an agent has ignored ones of its own in the worktree.
#[track_caller]
fn check_sync(base: fn(&Path), agent: fn(&Path), named: &str) {
    for options in [&[][..], &["--rebase"]] {
        let repo = Repo::new();
        repo.write(".gitignore", "/local.db\n/cache/\n*.log\n");
        repo.commit("ignore");
        repo.create_plan(&document("One", &[("t", &[])]));
        repo.ctx(&["worktree", "setup"]).ok();
        let dir = repo.worktree("t");
        repo.ctx(&["task", "start", "t"]).ok();
        write(&dir.join("own.txt"), "own\n");
        repo.commit_in(&dir, "feat: own");
        base(&repo.path);
        repo.git(&["add", "--all", "--force", "--", "."]);
        repo.git(&["rm", "-rq", "--cached", "--ignore-unmatch", ".parallel", "worktrees"]);
        repo.git(&["commit", "--quiet", "-m", "files that were ignored"]);
        agent(&dir);
        let before = everything(&repo, &dir);
        let out = repo.ctx(&[&["worktree", "sync", "t"], options].concat()).fails(1);
        assert!(out.contains("files that git does not track are in the way") && out.contains(named), "{out}");
        assert_eq!(everything(&repo, &dir), before, "{options:?}");
        fs::rename(dir.join(named.trim_matches('`').split('/').next().unwrap()), repo.root().join("aside"))
            .unwrap();
        repo.ctx(&[&["worktree", "sync", "t"], options].concat()).ok();
        assert_eq!(repo.git_in(&dir, &["status", "--porcelain"]), "");
    }
}

#[test]
fn a_sync_overwrites_nothing_that_git_does_not_track() {
    check_sync(
        |base| drop(write(&base.join("local.db"), "seed\n")),
        |dir| drop(write(&dir.join("local.db"), "mine\n")),
        "`local.db`",
    );
    check_sync(
        |base| drop(write(&base.join("cache"), "a file\n")),
        |dir| drop(write(&dir.join("cache/deep/x"), "mine\n")),
        "`cache/deep/x`",
    );
    check_sync(
        |base| drop(write(&base.join("run.log/x"), "x\n")),
        |dir| drop(write(&dir.join("run.log"), "mine\n")),
        "`run.log`",
    );
}

#[test]
fn a_rebase_overwrites_nothing_on_its_way() {
    let repo = Repo::new();
    repo.create_plan(&document("One", &[("t", &[])]));
    repo.ctx(&["worktree", "setup"]).ok();
    let dir = repo.worktree("t");
    repo.ctx(&["task", "start", "t"]).ok();
    // A commit has the file, the next one takes it out and ignores it.
    write(&dir.join("local.db"), "seed\n");
    repo.commit_in(&dir, "feat: by mistake");
    repo.git_in(&dir, &["rm", "--quiet", "local.db"]);
    write(&dir.join(".gitignore"), "local.db\n");
    repo.commit_in(&dir, "feat: ignored");
    write(&dir.join("local.db"), "mine\n");
    repo.write("other.txt", "base\n");
    repo.commit("base moves on");
    let out = repo.ctx(&["worktree", "sync", "t", "--rebase"]).fails(1);
    assert!(out.contains("`local.db`"), "{out}");
    assert_eq!(fs::read_to_string(dir.join("local.db")).unwrap(), "mine\n");
    repo.ctx(&["worktree", "sync", "t"]).ok();
    assert_eq!(fs::read_to_string(dir.join("local.db")).unwrap(), "mine\n");
}

#[test]
fn a_slot_that_is_given_out_keeps_what_git_does_not_track() {
    let repo = Repo::new();
    repo.write(".gitignore", "/local.db\n");
    repo.commit("ignore");
    repo.create_plan(&document("One", &[("t", &[])]));
    repo.ctx(&["pool", "init", "1"]).ok();
    let file = write(&repo.worktree("slot.1").join("local.db"), "mine\n");
    repo.write("local.db", "seed\n");
    repo.git(&["add", "--force", "local.db"]);
    repo.git(&["commit", "--quiet", "-m", "tracked now"]);
    let out = repo.ctx(&["pool", "acquire", "t"]).fails(1);
    assert!(out.contains("local.db"), "{out}");
    assert_eq!(fs::read_to_string(&file).unwrap(), "mine\n");
    fs::rename(&file, repo.root().join("aside")).unwrap();
    repo.ctx(&["pool", "acquire", "t"]).ok();
}
