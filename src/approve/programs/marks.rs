//! What calls do beside what their families say: which files a formatter changes, and what git prints.
//!
//! One table for all families, as a formatter may be started by any of them.

use std::path::{Path, PathBuf};

use crate::approve::argument::Arg;
use crate::approve::call::{Call, Input};
use crate::approve::effect::Effect;
use crate::approve::facts::Kind;
use crate::approve::spellings::git_verb;

/// Which files a program changes.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Target {
    /// None.
    Nothing,
    /// Those it is given, or those below the current directory.
    Operands,
    /// Any of the project.
    Everything,
}

/// Adds to what was found from `before` on.
pub(super) fn mark(call: &mut Call<'_>, before: usize) {
    // What is not known may be anything, and is not allowed anyway.
    let words: Vec<String> =
        call.args.iter().flat_map(|arg| arg.texts().unwrap_or_default().to_vec()).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    if call.program == "git" {
        return shows(call, &words, before);
    }
    if call.program == "xargs" {
        return given(call, &words);
    }
    let root = call.territory.own.as_ref().map(|own| own.root.clone());
    let folders = call.effects.found[before..].iter().filter_map(|(_, effect)| match effect {
        Effect::Project { folder, .. } => Some(folder.clone()),
        _ => None,
    });
    let mut found: Vec<PathBuf> = folders.collect();
    match rewrites(call.program, &words) {
        Target::Nothing => return,
        Target::Everything => found = root.into_iter().collect(),
        Target::Operands => {
            // The first is where the program stands, unless it is given nothing else.
            let given = |word: &&str| matches!(*word, "-c" | "--config" | "--config-path" | "--ignore-path");
            if found.len() > 1 && !words.iter().any(given) {
                found.remove(0);
            }
        }
    }
    for path in found {
        call.effects.add(Effect::Rewrite(path));
    }
}

/// What `xargs` reads lies where the names come from.
fn given(call: &mut Call<'_>, words: &[&str]) {
    let Input::Names(names) = &call.input else { return };
    if words.iter().any(|word| matches!(*word, "wc" | "ls" | "stat" | "basename" | "dirname" | "du")) {
        return;
    }
    let roots: Vec<PathBuf> = names.roots.iter().flat_map(|root| call.paths(root)).collect();
    for root in roots {
        call.effects.add(Effect::Read(root));
    }
}

fn rewrites(program: &str, words: &[&str]) -> Target {
    let has =
        |names: &[&str]| words.iter().any(|word| names.contains(&word.split('=').next().unwrap_or(word)));
    let short = |c: char| {
        words
            .iter()
            .any(|word| word.strip_prefix('-').is_some_and(|rest| !rest.starts_with('-') && rest.contains(c)))
    };
    let verb = words.iter().find(|word| !word.starts_with(['-', '+'])).copied().unwrap_or("");
    let fixes = has(&["--fix"]);
    let operands = match program {
        "prettier" => has(&["--write"]) || short('w'),
        "eslint" | "stylelint" | "oxlint" | "next" | "markdownlint-cli2" => fixes,
        "markdownlint" => fixes || short('f'),
        "biome" => has(&["--fix", "--write", "--apply"]),
        "gofmt" | "goimports" => has(&["-w"]),
        "golangci-lint" => fixes || verb == "fmt",
        "black" => !has(&["--check", "--diff", "--version"]),
        "isort" => !has(&["-c", "--check", "--check-only", "--diff", "--version"]),
        "ruff" => match verb {
            "format" => !has(&["--check", "--diff"]),
            _ => has(&["--fix", "--fix-only"]) && !has(&["--diff"]),
        },
        "shfmt" => has(&["-w", "--write", "-write"]),
        "typos" => has(&["--write-changes"]) || short('w'),
        "rubocop" => {
            has(&["--autocorrect", "--autocorrect-all", "--fix-layout"])
                || ["a", "A", "x"].iter().any(|c| has(&[&format!("-{c}")]))
        }
        "mix" => verb == "format" && !has(&["--check-formatted"]),
        "zig" => verb == "fmt" && !has(&["--check"]),
        _ => false,
    };
    let everything = match program {
        "cargo" => match verb {
            "fmt" => !has(&["--check"]),
            "fix" => true,
            "clippy" => fixes,
            "insta" => {
                verb_behind(words, "insta") == "accept"
                    || has(&["--accept", "--accept-unseen", "--force-update-snapshots"])
            }
            _ => false,
        },
        "go" => verb == "fmt" || verb == "mod" && verb_behind(words, "mod") == "tidy" && !has(&["-diff"]),
        "jest" => has(&["--updateSnapshot"]) || short('u'),
        "vitest" => has(&["--update"]) || short('u'),
        "ava" => has(&["--update-snapshots"]) || short('u'),
        "playwright" => has(&["--update-snapshots"]),
        "pytest" | "py.test" => has(&["--snapshot-update", "--update-snapshots"]),
        "prisma" => verb == "format",
        "gradle" | "gradlew" => has(&["spotlessApply"]),
        // What a script does is told by its name only.
        "npm" | "pnpm" | "yarn" | "bun" | "make" | "gmake" | "just" | "task" => {
            fixes || has(&["--write"]) || words.iter().any(|word| is_formatting(word))
        }
        _ => false,
    };
    match (everything, operands) {
        (true, _) => Target::Everything,
        (false, true) => Target::Operands,
        (false, false) => Target::Nothing,
    }
}

fn verb_behind<'a>(words: &[&'a str], first: &str) -> &'a str {
    words.iter().skip_while(|word| **word != first).nth(1).copied().unwrap_or("")
}

/// `format`, `fmt`, `lint:fix`; not `format:check`.
fn is_formatting(name: &str) -> bool {
    let parts: Vec<&str> = name.split([':', '-', '_', '.']).collect();
    !name.starts_with('-')
        && parts.iter().any(|part| matches!(*part, "format" | "fmt" | "fix"))
        && !parts.iter().any(|part| matches!(*part, "check" | "test" | "ci" | "diff" | "verify"))
}

/// Subcommands that print what is in files, or was.
const PRINTING: &[&str] = &[
    "show",
    "diff",
    "grep",
    "blame",
    "annotate",
    "cat-file",
    "whatchanged",
    "diff-tree",
    "diff-index",
    "diff-files",
    "format-patch",
    "range-diff",
];
/// Options by which only names and numbers are printed.
const SUMMARIES: &[&str] = &[
    "--stat",
    "--name-only",
    "--name-status",
    "--numstat",
    "--shortstat",
    "--dirstat",
    "--summary",
    "--quiet",
    "--no-patch",
    "-s",
    "--raw",
    "--files-with-matches",
    "-l",
    "--count",
];
/// Options by which differences are printed all the same.
const PATCHES: &[&str] = &[
    "--patch",
    "--patch-with-stat",
    "--unified",
    "--cc",
    "--function-context",
    "--word-diff",
    "--color-words",
    "--remerge-diff",
    "--binary",
];

fn shows(call: &mut Call<'_>, words: &[&str], before: usize) {
    let Some((verb, args)) = git_verb(words).split_first() else { return };
    let ahead: Vec<&str> = args.iter().take_while(|word| **word != "--").copied().collect();
    let has =
        |names: &[&str]| ahead.iter().any(|word| names.contains(&word.split('=').next().unwrap_or(word)));
    let clusters = |letters: &[char]| {
        ahead.iter().any(|word| !word.starts_with("--") && word.starts_with('-') && word.contains(letters))
    };
    let patch = has(PATCHES) || clusters(&['p', 'u', 'U', 'L', 'W', 'c', 't']);
    let prints = match *verb {
        "log" | "rev-list" => patch,
        "status" => has(&["--verbose"]) || clusters(&['v']),
        "grep" | "blame" | "annotate" | "cat-file" => !has(SUMMARIES) || *verb != "grep",
        verb => PRINTING.contains(&verb) && (patch || !has(SUMMARIES)),
    };
    if !prints {
        return;
    }
    let folders: Vec<PathBuf> = call.effects.found[before..]
        .iter()
        .filter_map(|(_, effect)| match effect {
            Effect::Git(folder) => Some(folder.clone()),
            _ => None,
        })
        .collect();
    let whole = call.args.iter().any(|arg: &Arg| arg.texts().is_none());
    for folder in folders {
        let root = call.territory.own.as_ref().map_or(folder.clone(), |own| own.root.clone());
        let mut paths = if whole { Vec::new() } else { named(call, verb, args, &folder, &root) };
        if paths.is_empty() {
            // `git grep` stays below the current directory.
            paths.push(if *verb == "grep" { folder } else { root });
        }
        for path in paths {
            call.effects.add(Effect::Shows(path));
        }
    }
}

/// The paths among git's operands; none for everything.
fn named(call: &Call<'_>, verb: &str, args: &[&str], folder: &Path, root: &Path) -> Vec<PathBuf> {
    let fixed = |text: &str| folder.join(text.split(['*', '?', '[']).next().unwrap_or(""));
    if let Some(at) = args.iter().position(|word| *word == "--") {
        let special = args[at + 1..].iter().any(|word| word.starts_with(':'));
        return if special { Vec::new() } else { args[at + 1..].iter().map(|word| fixed(word)).collect() };
    }
    // A word of `git grep` may be its pattern.
    if verb == "grep" {
        return Vec::new();
    }
    let (mut paths, mut objects, mut commits) = (Vec::new(), Vec::new(), false);
    for word in args {
        let object = word.split_once(':').filter(|_| !word.starts_with('-') || word.starts_with("-L"));
        match object {
            Some((_, path)) if path.starts_with("./") => objects.push(folder.join(path)),
            Some((_, path)) => objects.push(root.join(path)),
            None if word.starts_with('-') => {}
            // What is a file and a commit too, git refuses.
            None if call.facts.kind(&folder.join(word)) != Kind::Missing => paths.push(folder.join(word)),
            None => commits = true,
        }
    }
    match paths.is_empty() && commits {
        true => Vec::new(),
        false => [paths, objects].concat(),
    }
}
