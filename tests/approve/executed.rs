//! What is allowed is run: no file is written, renamed or removed, and no branch moved, outside what was proven.

use std::fs;
use std::path::{Path, PathBuf};

use ctx::approve::{self, Decision, Effect, Effects, Rules};
use ctx::hook::{Site, disk};

use super::corpus::rows;
use super::scene::Scene;
use crate::support::repo::run;
use crate::support::trace::{self, Trace};

const FILES: [&str; 6] = ["src/lib.rs", "src/x.rs", "tests/x.rs", "file.txt", "README.md", "src/a.txt"];

/// Each with each of the files.
const TEMPLATES: [&str; 56] = [
    "cat {f}",
    "head -n 2 {f}",
    "tail -n +2 {f}",
    "wc -l {f}",
    "sort -u {f}",
    "cut -c1-3 {f}",
    "tr a b < {f}",
    "grep -n one {f}",
    "grep -c zzz {f} || true",
    "sed -n '1,2p' {f}",
    "awk '{print $1}' {f}",
    "nl {f}",
    "stat {f}",
    "md5sum {f}",
    "diff {f} README.md",
    "uniq {f}",
    "tac {f}",
    "od -c {f}",
    "du -h {f}",
    "ls -l {f}",
    "realpath {f}",
    "test -f {f} && echo yes",
    "if [ -s {f} ]; then cat {f}; fi",
    "find src -newer {f} -type f",
    "git log --oneline -- {f}",
    "git diff -- {f}",
    "git blame {f}",
    "git show HEAD:{f}",
    "git status --short {f}",
    "git ls-files {f}",
    "echo more >> {f}",
    "printf x > {f}",
    "echo x > {f} 2>&1",
    "sed -i 's/one/two/' {f}",
    "cp {f} copy.txt",
    "cp {f} src/copy.rs && mv src/copy.rs src/moved.rs && rm src/moved.rs",
    "mv {f} moved.txt",
    "rm {f}",
    "rm -f {f} src/nothing.rs",
    "touch {f}",
    "chmod +x {f}",
    "cat README.md | tee {f}",
    "cat > {f} <<'EOF'\\nx $y\\nEOF",
    "mkdir -p new/dir && cp {f} new/dir/",
    "sort -o {f} {f}",
    "for f in {f} file.txt; do echo x >> \"$f\"; done",
    "cd src && echo x > new.txt; cat ../{f}",
    "(cd src && pwd) && wc -c {f} > count.txt",
    "rm -rf build-output && mkdir build-output && cp {f} build-output/y",
    "git add {f}",
    "git rm -q {f}",
    "git mv {f} moved.txt",
    "echo x >> {f} && git add -A && git commit -q -m 'feat: x'",
    "echo x >> {f}; git commit -q -am 'feat: x' && git log --oneline -1",
    "echo x >> {f} && git commit -q -m \"$(cat <<'EOF'\\nfeat: x\\n\\nBy `id`.\\nEOF\\n)\" -- {f}",
    "git commit -q --allow-empty -m 'feat: x' && git push -q -u origin feature/task-0",
];

/// What runs the project's own code has effects that are the project's; the rest is known file by file.
fn is_known(effects: &Effects) -> bool {
    effects.by_command().flat_map(|(_, effects)| effects).all(|effect| {
        !matches!(
            effect,
            Effect::Project { .. } | Effect::Install | Effect::AllowedByUser(_) | Effect::Verb(_)
        )
    })
}

/// The allowed ones among the commands, with their effects.
fn allowed(scene: &Scene, commands: &[String]) -> Vec<(String, Effects)> {
    let site = Site::of(&scene.worktree).unwrap();
    let record = site.record_at(&scene.worktree).unwrap();
    let territory = site.territory(&record, true).unwrap();
    let (rules, facts) = (Rules::default(), disk(Some(&record)));
    let judged = commands.iter().filter_map(|command| {
        let world = approve::Scene { territory: &territory, rules: &rules, facts: &facts };
        let judged = approve::shell(command, &scene.worktree, world);
        let effects = judged.effects.filter(is_known)?;
        matches!(judged.decision, Decision::Allow(_)).then(|| (command.clone(), effects))
    });
    judged.collect()
}

/// May this file be written by a command with these effects?
fn is_proven(path: &Path, effects: &Effects, scene: &Scene, scratch: &Path) -> bool {
    // What the Java machine writes down about itself, wherever it runs.
    let of_java = path.starts_with("/proc/self")
        || path.components().any(|part| part.as_os_str().to_string_lossy().starts_with("hsperfdata_"));
    if path.starts_with("/dev") || path.starts_with(scratch) || of_java {
        return true;
    }
    if let Ok(inside) = path.strip_prefix(&scene.worktree) {
        let protected = [".git", ".claude", ".parallel"];
        return !inside.components().any(|part| protected.iter().any(|name| part.as_os_str() == *name));
    }
    let has = |wanted: fn(&Effect) -> bool| effects.by_command().any(|(_, mut own)| own.any(wanted));
    let git = has(|effect| matches!(effect, Effect::Git(_)));
    let pushes = has(|effect| matches!(effect, Effect::PushOwn));
    let shared = scene.repo.path.join(".git");
    // Git locks the packed references to see that a name is not among them.
    let own = [
        "worktrees/task-0",
        "objects",
        "refs/heads/feature/task-0",
        "logs/refs/heads/feature/task-0",
        "packed-refs.lock",
    ];
    let sent = ["refs/remotes/origin", "logs/refs/remotes/origin", "config"];
    let named = |names: &[&str]| {
        names.iter().any(|name| {
            let place = shared.join(name);
            // Git writes a file beside it and renames that.
            let lock = place.with_added_extension("lock");
            // The folders of a name that is new: `refs/remotes/origin`.
            path.starts_with(&place) || path == lock || place.starts_with(path) && path.is_dir()
        })
    };
    let remote = scene.repo.root().join("origin.git");
    git && named(&own) || pushes && (named(&sent) || path.starts_with(remote))
}

/// Every branch and tag but the task's own, and the other worktrees' files.
fn others(scene: &Scene) -> String {
    let refs = |git_dir: &Path| {
        let all = scene.repo.git_in(git_dir, &["for-each-ref", "--format=%(refname) %(objectname)"]);
        all.lines().filter(|line| !line.contains("feature/task-0 ")).collect::<Vec<_>>().join("\n")
    };
    let status = scene.repo.git(&["status", "--porcelain"]);
    format!("{}\n{}\n{status}", refs(&scene.repo.path), refs(&scene.repo.root().join("origin.git")))
}

#[test]
fn nothing_allowed_writes_where_nothing_was_proven() {
    let scene = Scene::new();
    let worktree = scene.worktree.to_str().unwrap().to_owned();
    let made = TEMPLATES.iter().flat_map(|template| FILES.map(|file| template.replace("{f}", file)));
    let made: String = made.map(|command| command + "\n").collect();
    let mut commands = rows(include_str!("must.txt"), &worktree);
    commands.extend(rows(&made, &worktree));
    let allowed = allowed(&scene, &commands);
    assert!(allowed.len() >= 300, "{} of {} commands", allowed.len(), commands.len());

    let outside = tempfile::tempdir().unwrap();
    let scratch = fs::canonicalize(outside.path()).unwrap();
    let (kept, log) = (scratch.join("kept"), scratch.join("trace"));
    let copy = |from: &Path, to: &Path| {
        let _ = fs::remove_dir_all(to);
        run(scene.repo.command("cp", Path::new("/")).arg("-a").args([from, to])).ok();
    };
    let root = scene.repo.root();
    copy(&root, &kept);
    let before = others(&scene);
    let mut wrote = 0;
    for (command, effects) in &allowed {
        let mut process = scene.repo.command("timeout", &scene.worktree);
        process.env("TMPDIR", &scratch);
        let text = format!("cd '{worktree}' || exit 1\n{command}");
        let Trace { written, connected, code } = trace::bash(process, &text, &root, &log);
        let stray: Vec<&PathBuf> =
            written.iter().filter(|path| !is_proven(path, effects, &scene, &scratch)).collect();
        assert!(stray.is_empty(), "{command}: {stray:#?}\n{effects:#?}");
        assert!(connected.is_empty(), "{command}: {connected:?}");
        assert!(!matches!(code, None | Some(124 | 137)), "{command}: has no end");
        if written.iter().any(|path| path.starts_with(&root)) {
            wrote += 1;
            assert_eq!(others(&scene), before, "{command}");
            for name in ["repo", "origin.git", "home"] {
                copy(&kept.join(name), &root.join(name));
            }
        }
    }
    assert!(wrote >= 100, "only {wrote} commands wrote anything");
}
