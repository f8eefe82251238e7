//! `cargo` and its kin.

use super::project;
use crate::approve::argument::Arg;
use crate::approve::call::Call;
use crate::approve::effect::Effect;
use crate::approve::facts::Kind;
use crate::approve::options::{Parsed, Style};

const MANIFESTS: &[&str] = &["Cargo.toml"];

/// Not `--config` and `-Z`: they name programs; not `-C`: another folder.
const BUILD: &str = "qvrVj= p= F= --quiet --verbose --release --all-features --no-default-features --features= --workspace --all --package= --exclude= --lib --bins --bin= --examples --example= --tests --test= --benches --bench= --all-targets --profile= --target= --message-format= --locked --offline --frozen --keep-going --no-run --no-fail-fast --doc --jobs= --color= --timings --future-incompat-report --ignore-rust-version --target-dir=w --manifest-path=i --version";
const FIX: &str =
    "--fix --allow-dirty --allow-staged --allow-no-vcs --no-deps --broken-code --edition --edition-idioms";
const DOC: &str = "--no-deps --document-private-items";
const NEXTEST: &str = "E= P= --run-ignored= --test-threads= --retries= --no-capture --nocapture --fail-fast --no-tests= --status-level= --final-status-level= --failure-output= --success-output= --cargo-profile= --cargo-quiet --hide-progress-bar --partition= --max-fail= --filter-expr= --list-type= --show-progress= --no-output-indent";
const TREE: &str = "e= i? d --edges= --invert? --depth= --prefix= --no-dedupe --duplicates --charset= --format= --prune= f= --no-indent";
const METADATA: &str = "--format-version= --no-deps --filter-platform=";
const LLVM_COV: &str = "--html --text --json --lcov --summary-only --output-path=w --output-dir=w --ignore-filename-regex= --fail-under-lines= --no-report --branch";
const TARPAULIN: &str =
    "t= --out= --output-dir=w --exclude-files= --ignore-tests --line --skip-clean --timeout=";
const INSTA: &str = "--accept --check --unreferenced= --test-runner= --accept-unseen --force-update-snapshots --snapshot= --all";

pub(super) fn run(call: &mut Call<'_>) -> bool {
    match call.program {
        "cargo" => cargo(call),
        "rustc" | "rustdoc" | "clippy-driver" => version_only(call),
        "rustup" => {
            let plain = matches!(
                call.args.iter().map(Arg::text).collect::<Option<Vec<_>>>().as_deref(),
                Some(
                    ["show" | "--version" | "-V"]
                        | ["toolchain" | "target" | "component", "list"]
                        | ["show", "active-toolchain"]
                )
            );
            if !plain {
                call.unknown("only `show` and lists");
            }
        }
        "rustfmt" => {
            if let Some(parsed) = call.parse(
                "lqvV --check --edition= --color= --quiet --verbose --version --emit= --style-edition=",
            ) {
                // It writes the modules of a file too, wherever `#[path]` says that they lie.
                call.project(MANIFESTS);
                call.inside_all(&parsed.operands);
                parsed.operands.iter().filter(|_| !parsed.has(&["check"])).for_each(|arg| call.write(arg));
            }
        }
        _ => return false,
    }
    true
}

/// Other spellings of `--version`. `-v` makes a shell talkative, and `version` is a file to an interpreter.
const VERSION: &[(&str, &[&str])] = &[
    ("-v", &["node", "nodejs", "npm", "pnpm", "yarn", "bun", "ruby", "php", "elixir", "perl"]),
    ("-V", &["rustc", "rustdoc", "python", "python3", "tmux"]),
    ("-vV", &["rustc"]),
    ("-version", &["java"]),
];

pub(super) fn version_only(call: &mut Call<'_>) {
    let known = |flag: &str| {
        let spelled =
            |(spelling, programs): &(&str, &[&str])| *spelling == flag && programs.contains(&call.program);
        flag == "--version" || VERSION.iter().any(spelled)
    };
    if !matches!(call.args, [Arg::Text(flag)] if known(flag)) {
        call.unknown("only its version is asked for here");
    }
}

fn cargo(call: &mut Call<'_>) {
    // `cargo +toolchain` may name a path.
    let mut args = call.args;
    while let [Arg::Text(flag), rest @ ..] = args {
        match flag.as_str() {
            "-q" | "-v" | "-vv" | "--quiet" | "--verbose" | "--offline" | "--locked" | "--frozen" => {
                args = rest;
            }
            _ => break,
        }
    }
    let Some((Arg::Text(verb), rest)) = args.split_first() else { return call.unknown("no subcommand") };
    let more = match verb.as_str() {
        "--version" | "-V" | "version" | "--list" if rest.is_empty() => return,
        "help" if rest.is_empty() => return,
        "check" | "c" | "build" | "b" | "test" | "t" | "run" | "r" | "bench" | "fetch" => "",
        "clippy" | "fix" => FIX,
        "doc" | "d" | "rustdoc" => DOC,
        "fmt" => "--check",
        "tree" => TREE,
        "metadata" | "pkgid" | "locate-project" | "read-manifest" | "verify-project" => METADATA,
        "nextest" => NEXTEST,
        "llvm-cov" => LLVM_COV,
        "tarpaulin" => TARPAULIN,
        "clean" => "--doc",
        "insta" => INSTA,
        _ => return call.unknown(format!("`{verb}` is not known")),
    };
    // `run` hands everything behind its first operand to the project's program.
    let style = if matches!(verb.as_str(), "run" | "r") { Style::First } else { Style::Anywhere };
    let Some(parsed) = call.parse_as(&format!("{BUILD} {more}"), rest, style) else { return };
    call.project(MANIFESTS);
    // A path to a target's description names a linker.
    let described = parsed.options.iter().any(|(name, _, value)| {
        matches!(name.as_str(), "target" | "message-format" | "profile")
            && value.as_ref().is_none_or(|value| {
                value.text().is_none_or(|text| text.contains(['/', '\\']) || text.ends_with(".json"))
            })
    });
    if described {
        call.unknown("a value that is not known");
    }
    behind_dashes(call, verb, &parsed);
}

fn behind_dashes(call: &mut Call<'_>, verb: &str, parsed: &Parsed) {
    let (before, behind) = parsed.split();
    let first = before.first().and_then(Arg::text);
    let known = match verb {
        // Arguments of rustfmt: a path among them is written wherever it lies.
        "fmt" => before.is_empty() && behind.iter().all(is_plain_rustfmt),
        // Arguments of the compiler: only lints.
        "clippy" | "fix" | "check" | "c" | "build" | "b" | "doc" | "d" | "rustdoc" => {
            before.is_empty() && lints(behind)
        }
        "nextest" => matches!(first, Some("run" | "r" | "list")),
        "insta" => matches!(first, Some("test" | "accept" | "reject" | "pending-snapshots")),
        "llvm-cov" => matches!(first, None | Some("test" | "nextest" | "report")),
        "test" | "t" | "bench" | "run" | "r" => true,
        // `cargo tree -i` takes the next word, which the table leaves among the operands.
        "tree" => behind.is_empty(),
        _ => before.is_empty() && behind.is_empty(),
    };
    if !known {
        call.unknown("an argument that is not known");
    }
    // Filters of tests, and what the project's program or the test harness gets: `--logfile /tmp/x`.
    project::contained(call, &parsed.operands);
    let logs =
        |arg: &Arg| arg.texts().is_some_and(|texts| texts.iter().any(|text| text.starts_with("--logfile")));
    if !matches!(verb, "run" | "r") && behind.iter().any(logs) {
        call.unknown("the test harness writes a file");
    }
    if verb == "clean" {
        clean(call, parsed);
    }
    if verb == "fetch" {
        call.effects.add(Effect::Install);
    }
}

/// Removes `target`, unless a variable or a configuration may name a place that all worktrees share.
fn clean(call: &mut Call<'_>, parsed: &Parsed) {
    let home = call.facts.home().and_then(|home| call.facts.real(&home));
    let outer = call.state.cwds.iter().flat_map(|cwd| cwd.real.ancestors());
    let configured = home.is_none()
        || outer.chain(home.as_deref()).any(|folder| {
            let there = |file: &str| call.facts.kind(&folder.join(file)) != Kind::Missing;
            there(".cargo/config.toml") || there(".cargo/config")
        });
    let set = ["CARGO_TARGET_DIR", "CARGO_BUILD_TARGET_DIR", "CARGO_HOME"];
    if configured || set.iter().any(|name| call.facts.has_variable(name)) || parsed.has(&["target-dir"]) {
        call.unknown("which folder it empties is not known");
    }
    call.remove_tree(&Arg::Text("target".to_owned()));
}

fn is_plain_rustfmt(arg: &Arg) -> bool {
    let known = ["--check", "-l", "-v", "-q", "--color=never", "--color=always", "--verbose", "--quiet"];
    arg.text().is_some_and(|text| known.contains(&text) || text.starts_with("--edition="))
}

fn lints(args: &[Arg]) -> bool {
    let mut args = args.iter();
    while let Some(arg) = args.next() {
        let name = |text: &str| {
            !text.is_empty()
                && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_:-".contains(&byte))
                && !text.starts_with('-')
        };
        match arg.text() {
            Some(
                "-D" | "-W" | "-A" | "-F" | "--deny" | "--warn" | "--allow" | "--forbid" | "--cap-lints",
            ) => {
                if !args.next().is_some_and(|value| value.text().is_some_and(name)) {
                    return false;
                }
            }
            Some("--no-deps") => {}
            Some(text)
                if ["-D", "-W", "-A", "-F"].iter().any(|lint| text.strip_prefix(lint).is_some_and(name)) => {}
            _ => return false,
        }
    }
    true
}
