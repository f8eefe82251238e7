//! Checkers, test runners and bundlers of JavaScript projects: a table of options, one a program; operands lie
//! inside. What never ends (`--watch`) is in no table.

use super::project::{self, contained};
use crate::approve::argument::Arg;
use crate::approve::call::Call;
use crate::approve::options::{Parsed, Style};

struct Row {
    names: &'static [&'static str],
    options: &'static str,
    operands: Operands,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Operands {
    Inside,
    /// Inside, but the first is none of these words: they are commands.
    But(&'static [&'static str]),
    /// The first is one of these words; the others lie inside.
    Verb(&'static [&'static str]),
    /// Only one of these words.
    Only(&'static [&'static str]),
    /// Tasks by their names; behind `--` is what they get.
    Tasks,
    /// A file, and behind it what the file gets.
    File,
    None,
}

const fn row(names: &'static [&'static str], options: &'static str, operands: Operands) -> Row {
    Row { names, options, operands }
}

const MANIFESTS: &[&str] = &["package.json", "node_modules"];

const TABLE: &[Row] = &[
    row(
        &["tsc", "vue-tsc", "tsgo"],
        "p=i b v --project=i --build --noEmit? --pretty? --strict? --skipLibCheck? --incremental? --version --listFiles --emitDeclarationOnly? --declaration? --target= --module= --moduleResolution= --lib= --jsx= --esModuleInterop? --allowJs? --checkJs? --traceResolution --showConfig --diagnostics --extendedDiagnostics --outDir=w --sourceMap? --force --noErrorTruncation --resolveJsonModule? --isolatedModules? --composite? --tsBuildInfoFile=w --downlevelIteration",
        Operands::Inside,
    ),
    row(
        &["vitest"],
        "uc=i r=i t= --run --coverage? --reporter= --testNamePattern= --bail= --changed? --config=i --environment= --globals --passWithNoTests --silent? --update --no-coverage --pool= --project= --retry= --testTimeout= --typecheck --version --maxWorkers= --allowOnly --dir=i --root=i --exclude= --coverage.reporter= --coverage.enabled? --no-color --no-watch --watch?",
        Operands::But(&["watch", "dev", "init"]),
    ),
    row(
        &["jest"],
        "t= w= uibc=i --runInBand --testNamePattern= --testPathPattern= --testPathPatterns= --coverage? --verbose --silent --ci --bail? --config=i --updateSnapshot --passWithNoTests --onlyChanged --changedSince= --findRelatedTests --maxWorkers= --no-cache --detectOpenHandles --forceExit --listTests --json --colors --selectProjects= --testTimeout= --env= --rootDir=i --showConfig --version --clearCache --logHeapUsage --no-coverage --shard= --watch? --watchAll?",
        Operands::Inside,
    ),
    row(
        &["eslint"],
        "c=i f= --fix --ext= --quiet --max-warnings= --cache --format= --config=i --no-eslintrc --report-unused-disable-directives --ignore-pattern= --no-error-on-unmatched-pattern --color --no-color --fix-dry-run --rule= --env= --global= --version --no-warn-ignored --debug --print-config=i --ignore-path=i",
        Operands::Inside,
    ),
    row(
        &["prettier"],
        "cwlu --check --write --list-different --ignore-unknown --config=i --no-config --log-level= --loglevel= --single-quote --print-width= --tab-width= --trailing-comma= --semi --no-semi --parser= --ignore-path=i --cache --version --no-error-on-unmatched-pattern",
        Operands::Inside,
    ),
    row(
        &["mocha"],
        "bg= t= R= --bail --grep= --timeout= --reporter= --recursive --exit --spec=i --config=i --parallel --forbid-only --color --no-color --version --check-leaks --ui= --extension=",
        Operands::But(&["init", "inspect", "debug"]),
    ),
    row(
        &["ava"],
        "vstm= T= c= u --verbose --match= --serial --timeout= --fail-fast --tap --concurrency= --update-snapshots",
        Operands::But(&["debug", "reset-cache"]),
    ),
    row(&["tape"], "", Operands::Inside),
    row(
        &["playwright"],
        "g= c=i j= x --project= --reporter= --workers= --grep= --headed --retries= --timeout= --list --config=i --last-failed --update-snapshots? --max-failures= --repeat-each= --trace= --forbid-only",
        Operands::Verb(&["test"]),
    ),
    // Not `--outDir`, which is emptied first.
    row(
        &["vite"],
        "c=i m= l= --mode= --config=i --base? --sourcemap? --minify? --logLevel=",
        Operands::Only(&["build"]),
    ),
    row(
        &["next"],
        "--no-lint --debug --turbo --turbopack --dir=i --fix --quiet --max-warnings=",
        Operands::Verb(&["build", "lint", "typegen"]),
    ),
    row(
        &["biome"],
        "--write --fix --unsafe --diagnostic-level= --max-diagnostics= --no-errors-on-unmatched --changed --since= --staged --reporter= --colors= --config-path=i --error-on-warnings --apply",
        Operands::Verb(&["check", "lint", "format", "ci"]),
    ),
    row(
        &["turbo"],
        "F= --filter= --force --no-cache --output-logs= --concurrency= --continue? --dry? --dry-run? --no-daemon --summarize --env-mode?",
        Operands::Tasks,
    ),
    row(&["svelte-check"], "--tsconfig=i --fail-on-warnings --threshold= --output=", Operands::None),
    row(
        &["stylelint"],
        "qf= c=i --fix --quiet --config=i --max-warnings= --formatter= --cache --allow-empty-input",
        Operands::Inside,
    ),
    row(
        &["oxlint"],
        "A= W= D= f= c=i --fix --quiet --config=i --max-warnings= --deny-warnings --format=",
        Operands::Inside,
    ),
    // Not `--fix`, which edits the manifest.
    row(
        &["knip"],
        "c=i --config=i --production --strict --cache --no-progress --include= --exclude=",
        Operands::None,
    ),
    row(&["depcheck"], "--json --quiet --oneline --skip-missing --ignores=", Operands::Inside),
    row(
        &["markdownlint"],
        "fqc=i i= --fix --quiet --config=i --ignore= --json --disable= --enable=",
        Operands::Inside,
    ),
    row(&["markdownlint-cli2"], "--fix --no-globs --config=i", Operands::Inside),
    row(
        &["tsup"],
        "--minify --sourcemap? --format= --target= --external= --silent --dts --clean --config=i",
        Operands::Inside,
    ),
    row(
        &["rollup"],
        "c f= --config? --format= --sourcemap? --external= --silent --bundleConfigAsCjs",
        Operands::Inside,
    ),
    row(&["webpack"], "c=i --config=i --mode= --progress --no-color", Operands::Only(&["build", "b"])),
    // Its options take only what is attached.
    row(
        &["esbuild"],
        "--bundle --minify --sourcemap? --format? --platform? --target? --outfile?w --outdir?w",
        Operands::Inside,
    ),
    row(&["tsx", "ts-node"], "--version --no-cache --tsconfig=i --project=i", Operands::File),
    row(&["prisma"], "--schema=i", Operands::Only(&["generate", "validate", "format"])),
    row(
        &["astro", "nuxi", "nuxt"],
        "--silent",
        Operands::Only(&["check", "build", "typecheck", "sync", "prepare"]),
    ),
    row(
        &["ng"],
        "c= --configuration= --watch? --no-watch --browsers= --code-coverage --prod --no-progress --project=",
        Operands::Verb(&["build", "test", "lint"]),
    ),
];

/// Values that are names of modules or paths to them.
const MODULES: &[&str] = &[
    "reporter",
    "R",
    "format",
    "f",
    "environment",
    "env",
    "pool",
    "formatter",
    "ui",
    "parser",
    "external",
    "coverage.reporter",
];

pub(super) fn is_known(name: &str) -> bool {
    TABLE.iter().any(|row| row.names.contains(&name))
}

pub(super) fn run(call: &mut Call<'_>) -> bool {
    let Some(row) = TABLE.iter().find(|row| row.names.contains(&call.program)) else { return false };
    let style = if row.operands == Operands::File { Style::First } else { Style::Anywhere };
    let Some(parsed) = call.parse_as(row.options, call.args, style) else { return true };
    call.project(MANIFESTS);
    values(call, &parsed);
    let first = parsed.operands.first().and_then(Arg::text);
    match row.operands {
        Operands::Inside => project::operands(call, &parsed.operands),
        Operands::But(commands) if parsed.operands.first().is_some_and(|arg| may_be(arg, commands)) => {
            call.unknown("this subcommand is not known");
        }
        Operands::But(_) => project::operands(call, &parsed.operands),
        Operands::Verb(verbs) if first.is_some_and(|first| verbs.contains(&first)) => {
            project::operands(call, &parsed.operands[1..]);
        }
        Operands::Only(verbs)
            if first.is_some_and(|first| verbs.contains(&first)) && parsed.operands.len() == 1 => {}
        // These build without being told to.
        Operands::Only(_) if first.is_none() && matches!(call.program, "webpack") => {}
        Operands::Verb(_) | Operands::Only(_) => call.unknown("this subcommand is not known"),
        Operands::Tasks => tasks(call, &parsed),
        Operands::File => match parsed.operands.split_first() {
            Some((file @ Arg::Text(text), rest)) if !matches!(text.as_str(), "-" | "watch" | "repl") => {
                call.inside(file);
                super::node::program_arguments(call, file, rest);
            }
            _ if parsed.has(&["version"]) => {}
            _ => call.unknown("which file it runs is not known"),
        },
        Operands::None if parsed.operands.is_empty() => {}
        Operands::None => call.unknown("takes no operand here"),
    }
    // Without an end to it, `ng test` waits for changes.
    if call.program == "ng" && first == Some("test") && !parsed.has(&["watch", "no-watch"]) {
        call.unknown("it never ends");
    }
    true
}

fn may_be(arg: &Arg, words: &[&str]) -> bool {
    arg.texts().is_none_or(|texts| texts.iter().any(|text| words.contains(&text.as_str())))
}

/// What options say: no code, no module from elsewhere, nothing that never ends.
fn values(call: &mut Call<'_>, parsed: &Parsed) {
    project::revisions(call, parsed);
    for (name, _, value) in &parsed.options {
        let text = value.as_ref().and_then(Arg::text);
        let pattern = matches!(name.as_str(), "t" | "testNamePattern" | "g" | "grep");
        if value.is_some() && text.is_none() && !pattern {
            call.unknown("a value that is not known");
        }
        // A configuration in the argument itself is code.
        if text.is_some_and(|text| text.contains(['{', '`']) || text.contains("://")) {
            call.unknown("a configuration among its arguments");
        }
        // One of the project's, by a name or a path in it.
        let outside = |text: &str| text.contains([':', '~']) || text.contains("..") || text.starts_with('/');
        if MODULES.contains(&name.as_str()) && value.is_some() && text.is_none_or(outside) {
            call.unknown("a module outside the project");
        }
        if matches!(name.as_str(), "watch" | "watchAll") && text != Some("false") {
            call.unknown("it never ends");
        }
    }
}

/// `turbo run a b -- arguments`, `turbo a`.
fn tasks(call: &mut Call<'_>, parsed: &Parsed) {
    let (before, behind) = parsed.split();
    let tasks = before.strip_prefix(&[Arg::Text("run".to_owned())]).unwrap_or(before);
    let known = ["build", "test", "lint", "typecheck", "check-types", "check"];
    // Without `run` a word may be one of its own commands.
    if tasks.is_empty()
        || tasks.len() == before.len()
            && tasks.iter().any(|task| task.text().is_none_or(|text| !known.contains(&text)))
    {
        call.unknown("this subcommand is not known");
    }
    project::require_names(call, tasks);
    contained(call, behind);
    if behind.iter().any(project::may_release) {
        call.unknown("it may let the project out");
    }
}
