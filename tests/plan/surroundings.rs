//! What a plan says of files and programs, compared with the repository.

use std::collections::BTreeSet;

use ctx::plan::Surroundings;
use ctx::plan::document::parse_in;

/// The warnings of `parse_in` that concern the repository, for two tasks with these front matters.
fn said(first: &str, second: &str) -> Vec<String> {
    let text = format!(
        "# P\n\n**Type:** Plan\n\n## Plan Structure\n\n```yaml\nmetadata: {{ name: P }}\ntasks:\n  - {{ id: a, name: A }}\n  \
         - {{ id: b, name: B }}\n```\n\n### Task 0: A\n\n```yaml\nid: a\n{first}```\n\nx\n\n### Task 1: B\n\n```yaml\nid: \
         b\n{second}```\n\ny\n"
    );
    let files: BTreeSet<String> =
        ["src/lib.rs", "src/auth/login.rs", "README.md", "scripts/test"].map(str::to_owned).into();
    let around = Surroundings { files: &files, has_program: &|name| ["cargo", "npx", "sh"].contains(&name) };
    let (_, found) = parse_in(&text, "plan.md", Some(&around));
    let own = ["file-absent", "file-exists", "verify-program", "unknown-model"];
    let found = found.0.iter().filter(|one| own.contains(&one.code));
    found.map(|one| format!("{} {}: {} ({})", one.code, one.line.unwrap(), one.message, one.hint)).collect()
}

#[track_caller]
fn check(first: &str, second: &str, expected: &[&str]) {
    assert_eq!(said(first, second), expected, "{first}{second}");
}

#[test]
fn files_to_change_must_be_there() {
    check(
        "files: { modify: [src/lib.rs, ./README.md, src/auth, src/auth/, 'src/*.rs', 'src/**'] }\n",
        "",
        &[],
    );
    check(
        "files: { modify: [lib/lib.rs] }\n",
        "",
        &["file-absent 18: `a` modifies `lib/lib.rs`, which is not there (did you mean `src/lib.rs`?)"],
    );
    check(
        "files: { delete: ['docs/*.md'] }\n",
        "",
        &[
            "file-absent 18: `a` deletes `docs/*.md`, which is not there (declare it under `create:`, or correct the path from the \
           repository's top level)",
        ],
    );
    check("files: { create: [new.rs] }\n", "dependencies: [a]\nfiles: { modify: [new.rs] }\n", &[]);
    check(
        "files: { create: [new.rs] }\n",
        "files: { modify: [new.rs] }\n",
        &[
            "file-absent 27: `b` modifies `new.rs`, which is not there (`a` creates it: depend on it with `dependencies: [a]`)",
        ],
    );
    check("status: completed\nfiles: { modify: [nowhere] }\n", "", &[]);
}

#[test]
fn files_to_create_must_not_be_there() {
    check(
        "files: { create: [src/lib.rs, new.rs, 'src/*.rs'] }\n",
        "",
        &[
            "file-exists 18: `a` creates `src/lib.rs`, which is there already (declare it under `modify:` if it is to be changed)",
        ],
    );
    check("files: { delete: [src/lib.rs] }\n", "dependencies: [a]\nfiles: { create: [src/lib.rs] }\n", &[]);
}

#[test]
fn models_and_programs_must_be_known() {
    for model in [
        "opus",
        "Sonnet",
        "haiku",
        "inherit",
        "fable",
        "mythos",
        "opus[1m]",
        "claude-opus-4-5",
        "us.anthropic.claude-x",
    ] {
        check(&format!("model: '{model}'\n"), "", &[]);
    }
    check(
        "model: gpt-5\n",
        "",
        &[
            "unknown-model 18: the model `gpt-5` of `a` is not known (use `opus`, `sonnet`, `haiku`, `inherit`, or a full name `claude-…`)",
        ],
    );
    check(
        "model: sonet\n",
        "",
        &["unknown-model 18: the model `sonet` of `a` is not known (did you mean `sonnet`?)"],
    );
    for command in [
        "cargo test",
        "A=1 cargo test && npx jest",
        "./scripts/test",
        "scripts/test -q",
        "cd x && ./go",
        "test -f x",
        "sh -c 'nope'",
        "node_modules/.bin/jest",
    ] {
        check(&format!("verify: [\"{command}\"]\n"), "", &[]);
    }
    for (command, program) in [
        ("vitest run", "vitest"),
        ("cargo test && nope x", "nope"),
        ("A=1 nope", "nope"),
        ("./run-it", "./run-it"),
        ("scripts/nope", "scripts/nope"),
    ] {
        let all = said(&format!("verify: [\"{command}\"]\n"), "");
        assert_eq!(all.len(), 1, "{command}: {all:?}");
        assert!(
            all[0].starts_with(&format!(
                "verify-program 18: `verify` of `a` runs `{program}`, which cannot be found"
            )),
            "{all:?}"
        );
    }
    check(
        "files: { create: [run-it] }\nverify: [./run-it]\n",
        "dependencies: [a]\nverify: [./run-it]\n",
        &[],
    );
}
