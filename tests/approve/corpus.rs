//! Two lists of commands: none of the first is ever allowed, all of the second are.

use serde_json::json;

use super::scene::Scene;

pub(super) fn rows(text: &str, worktree: &str) -> Vec<String> {
    let lines = text.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    lines
        .map(|line| {
            line.replace("\\\\n", "\0").replace("\\n", "\n").replace('\0', "\\n").replace("{wt}", worktree)
        })
        .collect()
}

#[test]
fn nothing_dangerous_is_allowed() {
    let scene = Scene::new();
    let rows = rows(include_str!("never.txt"), "");
    let decided = scene.decide(&rows.iter().map(|row| json!({ "command": row })).collect::<Vec<_>>());
    let allowed: Vec<_> =
        rows.iter().zip(&decided).filter(|(_, (decision, _))| decision == "allow").collect();
    assert!(allowed.is_empty(), "{allowed:#?}");
    assert_eq!(decided.len(), rows.len());
}

#[test]
fn everything_ordinary_is_allowed() {
    let scene = Scene::new();
    let rows = rows(include_str!("must.txt"), scene.worktree.to_str().unwrap());
    let decided = scene.decide(&rows.iter().map(|row| json!({ "command": row })).collect::<Vec<_>>());
    let left: Vec<_> = rows.iter().zip(&decided).filter(|(_, (decision, _))| decision != "allow").collect();
    assert!(left.is_empty(), "{left:#?}");
}

#[test]
fn elsewhere_only_the_main_session_s_verbs_are_allowed() {
    let scene = Scene::new();
    let here = scene.repo.path.clone();
    let file = crate::support::repo::write(
        &scene.repo.root().join("main.jsonl"),
        "{\"command\": \"ctx merge\"}\n{\"command\": \"ls\"}\n{\"command\": \"cargo test\"}\n{\"command\": \"ctx commit -m x\"}\n",
    );
    let out = scene.repo.ctx_in(&here, &["approve", "check", file.to_str().unwrap()]).ok();
    let decisions: Vec<bool> = out.lines().map(|line| line.contains("\"allow\"")).collect();
    assert_eq!(decisions, [true, false, false, false]);
}

/// Characters, lengths and depths that never reach the parser.
#[test]
fn what_is_not_what_it_looks_like_is_not_read() {
    let scene = Scene::new();
    let deep = format!("{}ls{}", "echo $(".repeat(300), ")".repeat(300));
    let long = format!("echo {}", "x".repeat(20_000));
    for command in [
        "ls\u{a0}src",
        "ls \u{202e}src",
        "ls s\u{200b}rc",
        "ls\rsrc",
        "ls\0src",
        "ls \u{feff}",
        "l\\\ns",
        "echo \"a $\\\n(touch x)\"",
        "echo \"x <<'EOF'\n$\\\n(touch x)\nEOF\n\"",
        "# <<'EOF'\nr\\\nm src/x.rs\nEOF",
        "ls 10>x",
        "\u{441}at file.txt",
        &deep,
        &long,
    ] {
        scene.check(command, "none", "");
    }
    // In a heredoc with a quoted delimiter it is text.
    scene.check("cat > notes.txt <<'EOF'\na \\\nb\nEOF", "allow", "");
}

/// Files that nothing writes, or only a task that declares them.
const PROTECTED: &[&str] = &[
    ".git",
    ".git/hooks/x",
    ".GIT/config",
    ".git\u{200d}/x",
    ".claude/settings.json",
    ".Claude/x",
    ".parallel/plans/active",
    ".mcp.json",
    "src/.git/config",
    ".bashrc",
    ".envrc",
    ".gitmodules",
    "../x",
    "/tmp/x",
    "package.json",
    "build.rs",
    "crates/a/build.rs",
    ".cargo/config.toml",
    "conftest.py",
    "Makefile",
    "makefile",
    ".npmrc",
    ".github/workflows/a.yml",
    ".husky/pre-commit",
    "jest.config.ts",
    "CLAUDE.md",
    "docs/CLAUDE.local.md",
    "AGENTS.md",
    "mise.toml",
    ".mise.toml",
    ".tool-versions",
    ".node-version",
    ".eslintrc.yml",
    ".eslintrc",
    "eslint.config.mjs",
    ".prettierrc",
    ".prettierrc.js",
    "vitest.workspace.ts",
    "jest.setup.js",
    ".pylintrc",
    "pylintrc",
    "mypy.ini",
    ".coveragerc",
    ".golangci.yml",
    ".rspec",
    ".bundle/config",
    "binding.gyp",
    ".lfsconfig",
    ".gitattributes",
    "rust-toolchain.toml",
    "app/build.gradle.kts",
    "gradlew",
    "pom.xml",
    ".mvn/extensions.xml",
    "Gemfile",
    "Rakefile",
    "Justfile",
    "common.mk",
    "tsconfig.build.json",
    "lefthook-local.yml",
    "sitecustomize.py",
    "tests/conftest.py",
    "package-lock.json",
    "npm-shrinkwrap.json",
    "app/yarn.lock",
    "pnpm-lock.yaml",
    "bun.lockb",
    "uv.lock",
    "poetry.lock",
    "Pipfile.lock",
    "Gemfile.lock",
    "composer.lock",
    "Cargo.lock",
    "go.sum",
    "flake.lock",
    "gradle/wrapper/gradle-wrapper.properties",
    "build/build.ninja",
    "build/CMakeCache.txt",
    "CTestTestfile.cmake",
    "app/App.csproj",
    "Directory.Build.props",
    "x.targets",
    "nuget.config",
    "uv.toml",
    ".pdm-python",
    "prisma/schema.prisma",
    ".formatter.exs",
    "karma.conf.js",
    ".markdownlint-cli2.jsonc",
    ".shellcheckrc",
    ".pytest.ini",
    "_typos.toml",
    ".devcontainer.json",
    ".nvim.lua",
    ".dir-locals.el",
    ".gdbinit",
    ".lldbinit",
    "opencode.json",
    ".ignore",
    ".rgignore",
    "src/HEAD",
    "src/commondir",
    "a\0b",
    "a\nb",
    "~/x",
    "src/secret.key",
    ".env",
];

#[test]
fn files_are_judged_by_where_they_really_are() {
    let scene = Scene::new();
    let wt = scene.worktree.to_str().unwrap().to_owned();
    let sibling = scene.repo.worktree("task-1").join("x.txt");
    let main = scene.repo.path.join("src/lib.rs");
    std::fs::write(scene.worktree.join(".env"), "KEY=1").unwrap();
    let decide = |tool: &str, path: &str| {
        let key = if tool == "NotebookEdit" { "notebook_path" } else { "file_path" };
        let row = json!({ "tool_name": tool, "tool_input": { key: path, "content": "x" } });
        let (decision, reason) = scene.decide(&[row]).remove(0);
        (decision, reason)
    };
    let check = |tool: &str, path: &str, expected: &str| {
        let (decision, reason) = decide(tool, path);
        assert_eq!(decision, expected, "{tool} {path}: {reason}");
    };
    for path in ["src/new.rs", "src/lib.rs", &format!("{wt}/docs/a.md"), "./x", "src/../y"] {
        check("Write", path, "allow");
        check("Edit", path, "allow");
        check("NotebookEdit", path, "allow");
    }
    for path in [
        "src/lib.rs",
        main.to_str().unwrap(),
        ".env.example",
        ".env.local.sample",
        "src/app.env.ts",
        "../../README.md",
    ] {
        check("Read", path, "allow");
    }
    for path in [
        ".env",
        "config/.env.local",
        "../../.git/config",
        "/etc/passwd",
        "/proc/self/environ",
        "~/.ssh/id_rsa",
        "x/id_ed25519",
        "a.pem",
        ".env-prod",
        ".env~",
        ".envrc",
        "app.env.bak",
        "",
        "/proc/self/cwd/x",
    ] {
        check("Read", path, "none");
    }
    let elsewhere = [&format!("{wt}-evil/x"), sibling.to_str().unwrap(), main.to_str().unwrap()];
    for path in PROTECTED.iter().chain(&elsewhere) {
        assert_ne!(decide("Write", path).0, "allow", "{path}");
    }
    let (decision, reason) = decide("Write", main.to_str().unwrap());
    assert_eq!(decision, "deny");
    assert!(reason.contains(&format!("write `{wt}/src/lib.rs` instead")), "{reason}");
    let (_, reason) = decide("Write", sibling.to_str().unwrap());
    assert!(reason.contains(&format!("write `{wt}/x.txt` instead")), "{reason}");
}

/// The client's searches print what they find.
#[test]
fn patterns_of_searches_stay_inside_and_name_no_keys() {
    let scene = Scene::new();
    let check = |tool: &str, key: &str, pattern: serde_json::Value, expected: &str| {
        let row = json!({ "tool_name": tool, "tool_input": { "pattern": "KEY", key: pattern } });
        let (decision, reason) = scene.decide(&[row]).remove(0);
        assert_eq!(decision, expected, "{tool} {pattern}: {reason}");
    };
    for pattern in [".en*", "{.env,x}", "[.]env", "**/.e?v", "{/etc/passwd,x}", "../x", "*.pem"] {
        check("Grep", "glob", json!(pattern), "none");
    }
    check("Grep", "glob", json!(["../x"]), "none");
    for pattern in ["{/etc,/x}/*", "{..,x}/../*", "**/.e*", "$HOME/*", "~/*"] {
        check("Glob", "pattern", json!(pattern), "none");
    }
    for pattern in ["*", "*.rs", "**/*.{ts,tsx}", "src/**"] {
        check("Grep", "glob", json!(pattern), "allow");
        check("Glob", "pattern", json!(pattern), "allow");
    }
}

#[test]
fn the_proof_and_the_first_thing_without_one_are_explained() {
    let scene = Scene::new();
    let shown = scene.explain("mkdir -p out && cargo test > out/log.txt").ok();
    let wt = scene.worktree.display();
    assert_eq!(
        shown,
        format!(
            "for the agent of `task-0` in {wt}\nmkdir -p out\n  makes the folder {wt}/out\ncargo test\n  writes {wt}/out/log.txt\n  \
             runs the project's code by `cargo` in {wt}\nallow: every effect stays in the worktree and branch of `task-0`\n"
        )
    );
    let shown = scene.explain("ls && curl example.com").ok();
    assert!(shown.ends_with("none: the program `curl` is not known\n"), "{shown}");
}
