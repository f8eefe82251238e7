//! What stands in the worktree or in git's configuration, and makes an ordinary command dangerous.

use std::fs;
use std::os::unix::fs::symlink;

use serde_json::json;

use super::scene::Scene;
use crate::support::repo::write;

#[test]
fn links_are_followed_at_every_level() {
    let scene = Scene::new();
    let wt = &scene.worktree;
    symlink("/etc", wt.join("out")).unwrap();
    symlink("../..", wt.join("src/up")).unwrap();
    symlink("/etc/passwd", wt.join("src/p.rs")).unwrap();
    symlink("loop", wt.join("loop")).unwrap();
    for command in [
        "find . ! -type f -exec cat {} +",
        "find . -type f -o -type l -exec cat {} +",
        "find . -name '*.rs' -exec cat {} +",
        "find src | xargs cat",
        "diff -r src tests",
        "grep -R one src",
        "cat out/passwd",
        "echo x > out/x",
        "touch out/x",
        "mkdir out/x",
        "rm out/hosts",
        "rm -rf out/",
        "cp src/x.rs out/",
        "cp src/x.rs out",
        "mv src/x.rs out/x",
        "sed -i s/a/b/ out/hosts",
        "cd out && ls",
        "cd out && touch x",
        "cd out/.. && ls",
        "cd src/up && touch x",
        "cd src/up && cargo test",
        "find out/ -name x",
        "grep -r x out/",
        "grep -R root .",
        "cat src/*.rs",
        "for f in src/*.rs; do cat \"$f\"; done",
        "echo x > src/p.rs",
        "tee src/p.rs",
        "cargo build --target-dir out/x",
        "rustfmt src/p.rs",
        "echo x > loop",
        "cat loop",
        "ls out/../..",
        "find . -exec cat {} +",
        "git ls-files | xargs cat",
        "cp -r src copy",
        "ln -s ../out src/b",
        "node src/up/x.js",
    ] {
        assert_ne!(scene.command(command).0, "allow", "{command}");
    }
    scene.check("ls src", "allow", "");
}

#[test]
fn a_link_that_is_made_or_moved_on_the_way_is_no_way() {
    let scene = Scene::new();
    let wt = &scene.worktree;
    fs::create_dir_all(wt.join("a/b")).unwrap();
    symlink("../../src", wt.join("a/b/l")).unwrap();
    for command in [
        "ln -s src l && echo x > l/y",
        "mv a/b/l l && echo x > l/x",
        "cp -a a/b/l l && echo x > l/x",
        "mv a z && echo x > z/b/l/x",
        "git merge main && echo x > src/x.rs",
        "git cherry-pick main && touch src/x.rs",
        "git rebase main; tee src/x.rs",
        "mv src target/src && rm -rf target",
        "mv src gone && rm -rf gone",
    ] {
        assert_ne!(scene.command(command).0, "allow", "{command}");
    }
    scene.check("git rebase main && cargo test", "allow", "");
}

#[test]
fn a_file_with_another_name_elsewhere_is_not_written() {
    let scene = Scene::new();
    fs::hard_link(scene.repo.path.join("file.txt"), scene.worktree.join("hard.txt")).unwrap();
    scene.check("echo x > hard.txt", "none", "another name");
    scene.check("rm hard.txt", "allow", "");
}

#[test]
fn names_of_files_are_no_options() {
    let scene = Scene::new();
    write(&scene.worktree.join("--pre=sh"), "");
    for command in [
        "rg x *",
        "cat *",
        "for f in *; do cat $f; done",
        "ls | xargs cat",
        "git ls-files | xargs wc -l",
        "wc -l *",
    ] {
        assert_ne!(scene.command(command).0, "allow", "{command}");
    }
    scene.check("cat ./*.txt", "allow", "");
}

/// Each is done in a scene of its own, then `git status` is no longer allowed.
#[test]
fn git_runs_only_what_it_was_configured_to_run_at_the_set_up() {
    type Change = fn(&Scene);
    let changes: &[(&str, Change)] = &[
        ("fsmonitor", |s| drop(s.repo.git(&["config", "core.fsmonitor", "./x"]))),
        ("pager", |s| drop(s.repo.git(&["config", "core.pager", "sh"]))),
        ("filter", |s| drop(s.repo.git(&["config", "filter.x.clean", "sh"]))),
        ("url", |s| drop(s.repo.git(&["remote", "set-url", "origin", "ext::sh"]))),
        ("insteadOf", |s| drop(s.repo.git(&["config", "url.ext::sh.insteadOf", "x"]))),
        ("hooksPath", |s| drop(s.repo.git(&["config", "core.hooksPath", "hooks"]))),
        ("include", |s| drop(s.repo.git(&["config", "include.path", "../x"]))),
        ("alias", |s| drop(s.repo.git(&["config", "alias.x", "!sh"]))),
        ("editor", |s| drop(s.repo.git(&["config", "sequence.editor", "sh"]))),
        ("strategy", |s| drop(s.repo.git(&["config", "branch.feature/task-0.mergeOptions", "-s x"]))),
        ("one line", |s| {
            let file = s.repo.path.join(".git/config");
            let text = fs::read_to_string(&file).unwrap();
            fs::write(&file, format!("{text}[branch \"x\"] [core] fsmonitor = sh\n")).unwrap();
        }),
        ("hook", |s| drop(s.repo.write(".git/hooks/pre-commit", "#!/bin/sh\n"))),
        ("nested", |s| {
            s.repo.git_in(&s.worktree, &["init", "--quiet", "src"]);
        }),
        ("bare", |s| {
            s.repo.git_in(&s.worktree, &["init", "--quiet", "--bare", "src"]);
        }),
    ];
    for (name, change) in changes {
        let scene = Scene::new();
        change(&scene);
        let command = if matches!(*name, "nested" | "bare") { "cd src && git status" } else { "git status" };
        assert_ne!(scene.command(command).0, "allow", "{name}");
    }
    let scene = Scene::new();
    scene.repo.git_in(&scene.worktree, &["push", "--quiet", "--set-upstream", "origin", "feature/task-0"]);
    scene.repo.git(&["config", "user.name", "Bea"]);
    scene.check("git status", "allow", "");
}

#[test]
fn commits_go_to_the_own_branch_only() {
    let scene = Scene::new();
    scene.check("git commit -m x", "allow", "");
    scene.repo.git_in(&scene.worktree, &["checkout", "--quiet", "-b", "other"]);
    scene.check("git commit -m x", "deny", "`other`");
    scene.check("ctx commit -m x", "deny", "`other`");
    scene.check("git log", "allow", "");
}

/// While a rebase stops, no branch is checked out.
#[test]
fn a_rebase_of_the_own_branch_goes_on() {
    let scene = Scene::new();
    let git = |args: &[&str]| scene.repo.git_in(&scene.worktree, args);
    write(&scene.worktree.join("src/x.rs"), "mine\n");
    git(&["commit", "--quiet", "-am", "mine"]);
    scene.repo.write("src/x.rs", "theirs\n");
    scene.repo.commit("theirs");
    git(&["-c", "alias.stops=!git rebase --quiet main || true", "stops"]);
    assert_eq!(git(&["branch", "--show-current"]).trim(), "");
    for command in ["git add src/x.rs", "git rebase --continue", "git rebase --abort"] {
        scene.check(command, "allow", "");
    }
}

#[test]
fn keys_that_git_does_not_ignore_are_not_taken_in() {
    let scene = Scene::new();
    write(&scene.worktree.join("config/.env"), "KEY=1\n");
    for command in ["git add .", "git add -A", "git add config", "git add '*'", "git grep --untracked KEY"] {
        scene.check(command, "none", ".env");
    }
    scene.check("git add src file.txt", "allow", "");
    scene.check("git add -u", "allow", "");
    write(&scene.worktree.join("config/.gitignore"), ".env\n");
    scene.check("git add .", "allow", "");
}

#[test]
fn what_the_main_checkout_has_and_the_worktree_has_not_is_not_run() {
    let scene = Scene::new();
    scene.repo.write("go.mod", "module x\n");
    scene.repo.write("Makefile", "x:\n");
    scene.check("go test ./...", "none", "outside the worktree");
    fs::remove_file(scene.worktree.join("package.json")).unwrap();
    fs::remove_dir_all(scene.worktree.join("node_modules")).unwrap();
    scene.check("npm ci", "none", "outside the worktree");
}

#[test]
fn the_task_s_own_words_count() {
    let scene = Scene::new();
    let plans = fs::read_link(scene.repo.path.join(".parallel/plans/active")).unwrap();
    let task = scene.repo.path.join(".parallel/plans").join(plans).join("tasks/task-0.md");
    let text = fs::read_to_string(&task).unwrap();
    let declare = |files: &str| {
        let mut out = String::new();
        for line in text.lines().filter(|line| !line.starts_with("  ")) {
            out += if line.starts_with("files:") { files } else { line };
            out.push('\n');
        }
        fs::write(&task, out).unwrap();
    };
    declare("files: { create: [build.rs, 'src/**'], forbidden: [src/lib.rs, 'docs/**'] }");
    scene.check("echo x > build.rs", "allow", "");
    scene.check("echo x > package.json", "none", "does not declare");
    scene.check("echo x > src/lib.rs", "deny", "forbidden");
    scene.check("sed -i s/a/b/ src/lib.rs", "deny", "forbidden");
    scene.check("mkdir -p docs/a", "deny", "forbidden");
    scene.check("rustfmt src/lib.rs", "deny", "forbidden");
    // A folder forbids what is in it, with or without a sign that says so.
    declare("files: { create: ['src/**'], forbidden: [src/gen, 'doc*'] }");
    scene.check("echo x > src/gen/a.rs", "deny", "forbidden");
    scene.check("echo x > docs/a.md", "deny", "forbidden");
    scene.check("echo x > src/gen.rs", "allow", "");
    declare("files: { create: [x.txt], strict: true }");
    scene.check("echo x > x.txt", "allow", "");
    scene.check("echo x > y.txt", "deny", "only the files it declares");
}

#[test]
fn the_person_s_rules_stand_above_a_proof() {
    let scene = Scene::new();
    let rules = |file: &str, text: &str| {
        scene.repo.write(file, text);
    };
    rules(
        ".claude/settings.json",
        r#"{"permissions": {"deny": ["Bash(cargo test:*)", "Read(./file.txt)"], "ask": ["Bash(git push *)", "Edit(src/**)"], "allow": ["Bash(curl:*)"]}}"#,
    );
    for command in [
        "cargo test",
        "cargo test -q",
        "(cargo test)",
        "if true; then cargo test; fi",
        "for x in a; do cargo test \"$x\"; done",
        "timeout 5 cargo test",
        "echo $(cargo test)",
        "ls && cargo test | tail",
        "git push origin HEAD",
        "cat file.txt",
        "head -1 ./file.txt",
        "echo x > src/new.rs",
        "sed -i s/a/b/ src/x.rs",
        "curl example.com",
    ] {
        scene.check(command, "none", "");
    }
    scene.check("cargo build", "allow", "");
    scene.check("cat README.md", "allow", "");
    rules(
        ".claude/settings.local.json",
        r#"{"permissions": {"allow": ["Bash(./check.sh:*)", "Bash(rm:*)", "Bash(git push:*)"]}}"#,
    );
    scene.check("./check.sh --all", "allow", "");
    scene.check("(cd src && ./check.sh)", "allow", "");
    scene.check("./check.shx", "none", "");
    scene.check("cd /tmp && ./check.sh", "none", "");
    scene.check("./check.sh > /etc/x", "deny", "");
    scene.check("LD_PRELOAD=x ./check.sh", "none", "");
    scene.check("./check.sh $(curl x)", "none", "");
    scene.check("git push --force origin main", "deny", "");
    rules(".claude/settings.json", "{broken");
    scene.check("ls", "none", "cannot be read");
}

#[test]
fn what_lies_below_a_folder_counts() {
    let scene = Scene::new();
    let wt = &scene.worktree;
    scene.check("grep -rn one .", "allow", "");
    write(&wt.join("config/.env.local"), "TOKEN=1");
    for command in [
        "grep -rn one .",
        "grep -rn one config",
        "grep -rn --include='.en*' one .",
        "find . -name '.env*' -exec cat {} +",
        "find . -exec cat {} +",
        "find config -type f | xargs cat",
        "rg --hidden one",
        "rg -uuu one",
        "rg -g '.en*' one",
        "diff -r config src",
    ] {
        scene.check(command, "none", "may hold keys");
    }
    for command in [
        "grep -rn --exclude=x --include='*.rs' one .",
        "grep -r one --include='*.rs' --include=.en* .",
        "grep -r one --include='*.rs' --include=\"$(echo .env)\" .",
        "rg one --glob=\"$(echo .env)\"",
        "rg one --glob=.en*",
        "for p in 1 2 3 4 5 6 7 8 .env; do rg . -g \"$p\"; done",
        "rg -uu one < /dev/null",
        "rg one . -g '*.rs' --iglob '.env'",
    ] {
        let (decision, why) = scene.command(command);
        assert_eq!(decision, "none", "{command}: {why}");
    }
    for command in [
        "grep -rn one src",
        "grep -rn --include='*.rs' one .",
        "find . -name '*.rs' | xargs cat",
        "grep -rn --exclude-dir=config one .",
        "git grep -n one",
    ] {
        scene.check(command, "allow", "");
    }
    let grep = |glob: serde_json::Value| {
        let call = json!({ "tool_name": "Grep", "tool_input": { "pattern": "one", "glob": glob } });
        scene.decide(&[call]).remove(0).0
    };
    for glob in [
        json!(null),
        json!(".en*"),
        json!("{.env.local,x}"),
        json!("[.]env*"),
        json!("*"),
        json!(["*.rs"]),
        json!("*.rs .env*"),
    ] {
        assert_eq!(grep(glob.clone()), "none", "{glob}");
    }
    assert_eq!(grep(json!("*.rs")), "allow");
    assert_eq!(grep(json!("*.{rs,toml}")), "allow");
    // Tracked or not, git names no file that it ignores.
    write(&wt.join("config/.gitignore"), ".env.local\n");
    scene.check("git ls-files | xargs wc -l", "allow", "");
    assert_eq!(grep(json!(null)), "allow");
    scene.check("rg one", "allow", "");
    write(&wt.join(".ignore"), "!.env.local\n");
    scene.check("rg one", "none", ".ignore");
    fs::remove_file(wt.join(".ignore")).unwrap();

    write(&wt.join("src/a file.rs"), "");
    scene.check("find src -name '*.rs' | xargs cat", "none", "is taken apart by `xargs`");
    scene.check("find src -name '*.rs' -print0 | xargs -0 cat", "allow", "");
}

/// A pattern that is taken for more, or for less, than the shell takes it for.
#[test]
fn a_pattern_leads_nowhere_else_than_its_matches() {
    let scene = Scene::new();
    let wt = &scene.worktree;
    symlink("/etc", wt.join("link")).unwrap();
    symlink("/etc/passwd", wt.join("lnk2")).unwrap();
    for command in [
        "cat l[[:alpha:]]nk/passwd",
        "cat l[i]nk/passwd",
        "cat l[[:alpha:]]k2",
        "cat [\\l]nk2",
        "cat [\"l\"]nk2",
        "cat [k-m]nk2",
        "rm l[[:alpha:]]nk/x",
        "rm l[[:alpha:]]nk/*",
        "tee l[[:alpha:]]nk/x < file.txt",
        "echo x > l[[:alpha:]]nk/x",
        "cp file.txt l[[:alpha:]]nk/x",
        "cd l[[:alpha:]]nk && touch x",
        "sort -o l[[:alpha:]]nk/x file.txt",
        "sed -i s/a/b/ l[[:alpha:]]nk/x",
        "f=file.txt; for f in src/* /etc/passwd; do :; done; cat \"$f\"",
    ] {
        assert_ne!(scene.command(command).0, "allow", "{command}");
    }
}

/// Searches go by themselves where a command does not say that they go.
#[test]
fn what_lies_below_a_search_counts() {
    let scene = Scene::new();
    let wt = &scene.worktree;
    let searches = [
        "grep -rn KEY .",
        "grep -r KEY",
        "grep -rl KEY src",
        "grep -r --include='.en*' KEY .",
        "grep -r --include='.[e]nv' KEY .",
        "rg --hidden KEY",
        "rg -uuu KEY",
        "rg -g '.en*' KEY",
        "rg -. KEY src",
        "find . -name .env -exec cat {} +",
        "find . -type f -exec cat {} +",
        "find . -name '.e*' | xargs cat",
        "find . -name '.e*' -print0 | xargs -0 head",
        "find . -type d | xargs grep -r KEY",
        "find . -name src -exec grep -r KEY {} +",
        "diff -r src tests",
    ];
    for name in [".env", ".env~", ".env-prod", ".env.bak", "x.env.bak"] {
        write(&wt.join("src").join(name), "KEY=1");
        // Those with a pattern are about the first name.
        for command in searches.iter().filter(|command| name == ".env" || !command.contains("'.")) {
            if name == ".env" || !command.contains(".env") {
                assert_ne!(scene.command(command).0, "allow", "{command}: {name}");
            }
        }
        for command in
            ["rg -g '*.rs' KEY", "grep -rn KEY tests", "find . -name '*.rs' -exec cat {} +", "ls -R"]
        {
            scene.check(command, "allow", "");
        }
        fs::remove_file(wt.join("src").join(name)).unwrap();
    }
    scene.check("grep -rn KEY .", "allow", "");
    scene.check("diff -r src tests", "allow", "");
    symlink("/etc", wt.join("src/out")).unwrap();
    for command in [
        "diff -r src tests",
        "diff -rN src tests",
        "find . ! -type f -exec cat {} +",
        "find . -type f -o -type l -exec cat {} +",
        "find . \\( ! -type f \\) -exec cat {} +",
        "find . -exec cat {} + -type f",
        "find . -name -type -exec cat {} + -o -name f",
        "find src -name out | xargs ls",
        "git ls-files -z | xargs -0 cat",
        "grep -R x src",
        "grep -r x ../..",
        "find ../.. -name config -exec cat {} +",
        "find ../.. -name config | xargs cat",
        "rg -uuu url ../..",
    ] {
        assert_ne!(scene.command(command).0, "allow", "{command}");
    }
    scene.check("find . -type f -exec cat {} +", "allow", "");
    write(&wt.join("a b.rs"), "");
    write(&wt.join("c'd.txt"), "");
    scene.check("find . -name '*.rs' | xargs cat", "none", "taken apart");
    scene.check("find . -name '*.txt' | xargs cat", "none", "taken apart");
    scene.check("find . -name '*.rs' -print0 | xargs -0 wc -l", "allow", "");
}

/// What a merge brings, and what is made on the way, is not what is there now.
#[test]
fn what_is_made_on_the_way_is_not_looked_through() {
    let scene = Scene::new();
    fs::create_dir(scene.worktree.join("q")).unwrap();
    for command in [
        "rmdir q && ln -s ../task-1 q && cd q && git commit -am x",
        "git merge main --no-edit && cd up && git add . && git commit -m x",
        "git merge main --no-edit && cd up && cargo test",
        "git merge main --no-edit && cat l",
        "mkdir -p 'x /etc' && touch 'x /etc/passwd' && find . -name passwd | xargs cat",
        "rm file.txt && mkdir file.txt && cp package.json file.txt",
    ] {
        let (decision, why) = scene.command(command);
        assert_ne!(decision, "allow", "{command}: {why}");
    }
}

/// Parts of a repository that git puts together, and asks for a configuration.
#[test]
fn a_part_of_a_repository_is_one() {
    let scene = Scene::new();
    let wt = &scene.worktree;
    write(&wt.join("src/inner/x.rs"), "one");
    scene.repo.git_in(wt, &["add", "src"]);
    scene.repo.git_in(wt, &["commit", "--quiet", "-m", "inner"]);
    scene.check("git -C src status", "allow", "");
    let head = write(&wt.join("src/HEAD"), "ref: refs/heads/main\n");
    write(&wt.join("src/commondir"), "../fake\n");
    for folder in ["objects", "refs"] {
        fs::create_dir_all(wt.join("fake").join(folder)).unwrap();
    }
    write(&wt.join("fake/info/exclude"), "*\n");
    write(&wt.join("fake/config"), "[core]\nfsmonitor = ./x\n[remote \"origin\"]\nurl = ext::sh\n");
    let commands = ["git -C src fetch origin", "cd src && git status", "cd src/inner && git add x.rs"];
    for command in commands.iter().chain(&["rm -rf src/inner", "rm -rf src/inner/new"]) {
        assert_ne!(scene.command(command).0, "allow", "{command}");
    }
    fs::remove_file(head).unwrap();
    for command in commands {
        assert_ne!(scene.command(command).0, "allow", "{command}");
    }
    scene.check("git status", "allow", "");
    scene.check("rm -rf target", "allow", "");
}

#[test]
fn a_file_of_a_branch_s_name_hides_no_reset() {
    let scene = Scene::new();
    write(&scene.worktree.join("main"), "");
    for command in ["git reset main --", "git reset -q main --", "git reset main -- file.txt"] {
        assert_ne!(scene.command(command).0, "allow", "{command}");
    }
    scene.check("git reset -- main", "allow", "");
    scene.check("git reset HEAD -- main", "allow", "");
}

#[test]
fn a_rule_knows_a_command_by_its_other_spellings() {
    let scene = Scene::new();
    let rules = r#"{"permissions": {"deny": ["Bash(git push:*)", "Bash(rm:*)", "Bash(npm test:*)", "Bash(git commit -m wip)"]}}"#;
    scene.repo.write(".claude/settings.json", rules);
    let branch = "-u origin feature/task-0";
    for command in [
        &format!("git push {branch}"),
        &format!("command git push {branch}"),
        &format!("git -C . push {branch}"),
        &format!("git --no-pager push {branch}"),
        &format!("git -c core.pager=cat push {branch}"),
        &format!("command git -P push {branch}"),
        &format!("timeout 5 git -P push {branch}"),
        "git -P commit -m wip",
        "ctx commit -m 'fix: x' --push",
        "command rm file.txt",
        "npm t",
        "npm -s test",
        "npm run test",
        "npm run -s test",
        "npm --silent t -- --bail",
    ] {
        scene.check(command, "none", "leaves it to the person");
    }
    for command in ["ctx commit -m 'fix: x'", "git -P fetch origin", "npm run build", "git -P commit -m fix"]
    {
        scene.check(command, "allow", "");
    }
}

#[test]
fn a_rule_on_what_lies_below_a_folder_objects_to_going_through_it() {
    let scene = Scene::new();
    let wt = &scene.worktree;
    write(&wt.join("docs/private/a.txt"), "x");
    write(&wt.join("node_modules/.bin/eslint"), "");
    write(&wt.join("docs/open.md"), "x");
    let rules = |text: &str| drop(scene.repo.write(".claude/settings.json", text));
    rules(
        r#"{"permissions": {"deny": ["Read(docs/private/**)", "Read(./secrets/**)", "Read(**/hidden.txt)"], "ask": ["Edit(src/**)"]}}"#,
    );
    for command in [
        "grep -r x docs",
        "grep -r x .",
        "rg x",
        "rg x docs",
        "git grep x",
        "git grep -e x -- docs",
        "git show HEAD:docs/private/a.txt",
        "git show HEAD",
        "git log -p",
        "git -C docs diff",
        "git diff main -- docs",
        "git blame docs/private/a.txt",
        "find docs -type f -exec cat {} +",
        "find docs -type f | xargs cat",
        "diff -r docs src",
        "prettier --write .",
        "prettier --write src/lib.rs",
        "cargo fmt",
        "ruff check --fix .",
        "ruff format",
        "npx eslint --fix .",
    ] {
        scene.check(command, "none", "leaves it to the person");
    }
    for command in [
        "grep -r x src",
        "grep -rn x tests src",
        "rg x src",
        "ls",
        "ls docs",
        "find . -name '*.txt'",
        "find docs -type f | xargs wc -l",
        "git status",
        "git log --oneline -5",
        "git log -n 3 --stat",
        "git diff --stat",
        "git diff -- src",
        "git diff src/lib.rs",
        "git show HEAD:src/lib.rs",
        "git grep -e x -- src",
        "git add tests",
        "git commit -m x",
        "prettier --write tests",
        "prettier --check .",
        "cargo test",
        "cargo fmt --check",
        "ruff check .",
        "npm test",
    ] {
        scene.check(command, "allow", "");
    }
    let grep = |path: &str| {
        scene
            .decide(&[json!({ "tool_name": "Grep", "tool_input": { "pattern": "x", "path": path } })])
            .remove(0)
            .0
    };
    assert_eq!(grep("docs"), "none");
    assert_eq!(grep("."), "none");
    assert_eq!(grep("src"), "allow");
    // A name without a folder may be anywhere: where there is such a file, it is.
    write(&wt.join("tests/deep/hidden.txt"), "x");
    scene.check("grep -rn x tests", "none", "hidden.txt");
    scene.check("grep -rn x src", "allow", "");
}

#[test]
fn an_allowance_is_for_words_and_not_for_their_text() {
    let scene = Scene::new();
    let rules = r#"{"permissions": {"allow": ["Bash(safe --x *)", "Bash(docker ps)", "Bash(docker ps:*)"]}}"#;
    scene.repo.write(".claude/settings.local.json", rules);
    scene.check("safe --x y", "allow", "");
    scene.check("docker ps -a", "allow", "");
    for command in ["safe \"--x rm\" y", "\"docker ps\"", "docker 'ps -a'", "safe --x 'y; rm'", "safe --x ''"]
    {
        scene.check(command, "none", "");
    }
}

#[test]
fn a_formatter_changes_a_file_as_everything_else_does() {
    let scene = Scene::new();
    write(&scene.worktree.join("node_modules/.bin/prettier"), "");
    for command in [
        "typos -w package.json",
        "prettier --write package.json",
        "npx prettier --write Makefile",
        "eslint --fix eslint.config.mjs",
    ] {
        scene.check(command, "none", "tools run");
    }
    scene.check("typos -w src/lib.rs", "allow", "");
    scene.check("prettier --check package.json", "allow", "");
    let plan = scene.repo.path.join(".parallel/plans/active").canonicalize().unwrap();
    let task = plan.join("tasks/task-0.md");
    let text = fs::read_to_string(&task).unwrap();
    let kept: Vec<&str> =
        text.lines().filter(|line| !line.starts_with("  ") && !line.starts_with("files:")).collect();
    let strict = kept.join("\n").replacen(
        "status:",
        "files: { create: [src/new.rs, package.json], strict: true }\nstatus:",
        1,
    );
    fs::write(&task, strict).unwrap();
    scene.check("prettier --write src/new.rs package.json", "allow", "");
    scene.check("prettier --write src/lib.rs", "deny", "only the files it declares");
    scene.check("prettier --write src", "none", "more than the files");
    scene.check("cargo fmt", "none", "more than the files");
    scene.check("cargo test", "allow", "");
}

/// What git ignores now is not what it ignores once a command has changed that.
#[test]
fn what_git_ignores_may_change_before() {
    let scene = Scene::new();
    let wt = &scene.worktree;
    write(&wt.join(".gitignore"), "target/\nnode_modules/\nbuild-output/\n.env\n");
    write(&wt.join(".env"), "TOKEN=1");
    write(&wt.join("build-output/.env"), "TOKEN=1");
    for command in [
        "rm .gitignore && rg --hidden TOKEN",
        "sed -i /env/d .gitignore; rg --hidden TOKEN",
        "rm .gitignore && git add -A && git commit -m x && git push origin HEAD",
        "echo > .gitignore; git add .",
        "echo '/src' >> .gitignore && rm -rf target",
        "rg TOKEN build-output",
    ] {
        let (decision, why) = scene.command(command);
        assert_eq!(decision, "none", "{command}: {why}");
    }
    scene.check("rg --hidden TOKEN", "allow", "");
    scene.check("echo build/ >> .gitignore && git add .gitignore && git commit -m x", "allow", "");
}

/// A loop over a pattern that matches nothing has one turn with the pattern's text, or none.
#[test]
fn a_loop_over_nothing_does_nothing_else() {
    let scene = Scene::new();
    for command in [
        "for f in *.rs; do wc -l \"$f\"; done | sort -n",
        "ls; for f in docs/*.md src/*.rs; do echo \"$f\"; head -n 1 \"$f\"; done",
        "for f in *.rs; do test -f \"$f\" && cat \"$f\"; done",
    ] {
        scene.check(command, "allow", "");
    }
    for command in [
        "touch a.rs; for f in *.rs; do wc -l \"$f\"; done",
        "mv src/x.rs a.rs; for f in *.rs; do rm \"$f\"; done",
        "git rebase main; for f in *.rs; do wc -l \"$f\"; done",
        "for f in *.rs; do wc -l $f; done",
        "for f in *.none; do sh \"$f\"; done",
        "for f in /etc/*.none; do cat \"$f\"; done",
        "for f in ../*.none; do rm \"$f\"; done",
    ] {
        assert_ne!(scene.command(command).0, "allow", "{command}");
    }
}
