//! Checkers, test runners and bundlers of JavaScript projects: a table of options; operands lie inside.

use crate::approve::call::Call;

struct Row {
    names: &'static [&'static str],
    options: &'static str,
    operands: Operands,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Operands {
    Inside,
    /// The first is one of these words; the others lie inside.
    Verb(&'static [&'static str]),
}

const fn row(names: &'static [&'static str], options: &'static str, operands: Operands) -> Row {
    Row { names, options, operands }
}

const MANIFESTS: &[&str] = &["package.json", "node_modules"];

const TABLE: &[Row] = &[
    row(
        &["tsc", "vue-tsc", "tsgo"],
        "p=i b vh --project=i --build --noEmit --noEmit? --pretty? --strict? --skipLibCheck? --incremental? --version --listFiles --emitDeclarationOnly? --declaration? --target= --module= --moduleResolution= --lib= --jsx= --esModuleInterop? --allowJs? --checkJs? --traceResolution --showConfig --diagnostics --extendedDiagnostics --outDir=w --sourceMap? --force --noErrorTruncation --resolveJsonModule? --isolatedModules? --composite? --tsBuildInfoFile=w --downlevelIteration",
        Operands::Inside,
    ),
    row(
        &["vitest"],
        "rt= uc=i --run --coverage? --reporter= --testNamePattern= --bail= --changed? --config=i --environment= --globals --passWithNoTests --silent --update --no-coverage --pool= --project= --retry= --testTimeout= --typecheck --version --maxWorkers= --allowOnly --dir=i --root=i --exclude= --coverage.reporter= --coverage.enabled? --no-color --no-watch --watch=",
        Operands::Inside,
    ),
    row(
        &["jest"],
        "t= uibwc=i --runInBand --testNamePattern= --testPathPattern= --testPathPatterns= --coverage? --verbose --silent --ci --bail? --watchAll=  --config=i --updateSnapshot --passWithNoTests --onlyChanged --changedSince= --findRelatedTests --maxWorkers= --no-cache --detectOpenHandles --forceExit --listTests --json --colors --selectProjects= --testTimeout= --env= --rootDir=i --showConfig --version --clearCache --logHeapUsage --no-coverage --shard= --watch=",
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
        "bg= t= R= --bail --grep= --timeout= --reporter= --recursive --exit --spec= --config=i --parallel --forbid-only --color --no-color --version --check-leaks --ui= --extension=",
        Operands::Inside,
    ),
    row(
        &["ava", "tap", "tape"],
        "vt= --verbose --match= --serial --timeout= --fail-fast --tap",
        Operands::Inside,
    ),
    row(
        &["playwright"],
        "g= cx --project= --reporter= --workers= --grep= --headed --retries= --timeout= --list --config=i --last-failed --update-snapshots --max-failures= --repeat-each= --trace= --forbid-only",
        Operands::Verb(&["test"]),
    ),
    row(
        &["vite"],
        "c=i --mode= --config=i --base= --outDir=w --sourcemap? --minify? --logLevel=",
        Operands::Verb(&["build"]),
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
        "--filter= --force --no-cache --output-logs= --concurrency= --continue --dry? --no-daemon --summarize --env-mode=",
        Operands::Verb(&["run", "test", "build", "lint", "typecheck", "check-types", "check"]),
    ),
    row(&["svelte-check"], "--tsconfig=i --fail-on-warnings --threshold= --output=", Operands::Inside),
    row(
        &["stylelint", "oxlint", "knip", "depcheck", "markdownlint", "markdownlint-cli2"],
        "qc=i --fix --quiet --config=i --max-warnings= --formatter= --cache --deny-warnings --format= --allow-empty-input --production --strict",
        Operands::Inside,
    ),
    row(
        &["tsup", "rollup", "webpack", "esbuild"],
        "c? --config? --mode= --minify --sourcemap? --bundle --format= --platform= --target= --outfile=w --outdir=w --dts --clean --external= --silent",
        Operands::Inside,
    ),
    row(&["tsx", "ts-node"], "--version --no-cache --tsconfig=i --project=i", Operands::Inside),
    row(&["prisma"], "--schema=i", Operands::Verb(&["generate", "validate", "format"])),
    row(
        &["astro", "nuxi", "nuxt"],
        "--silent",
        Operands::Verb(&["check", "build", "typecheck", "sync", "prepare"]),
    ),
    row(
        &["ng"],
        "--configuration= --watch= --browsers= --code-coverage --prod --no-progress --project=",
        Operands::Verb(&["build", "test", "lint"]),
    ),
];

pub(super) fn is_known(name: &str) -> bool {
    TABLE.iter().any(|row| row.names.contains(&name))
}

pub(super) fn run(call: &mut Call<'_>) -> bool {
    let Some(row) = TABLE.iter().find(|row| row.names.contains(&call.program)) else { return false };
    let Some(parsed) = call.parse(row.options) else { return true };
    call.project(MANIFESTS);
    // A configuration in the argument itself is code.
    let inline = parsed.options.iter().any(|(_, _, value)| {
        value
            .as_ref()
            .and_then(|value| value.text())
            .is_some_and(|text| text.contains(['{', '`']) || text.contains("://"))
    });
    if inline {
        call.unknown("a configuration among its arguments");
    }
    for (name, _, value) in &parsed.options {
        // Reporters, formats, environments and parsers are modules by name: one of the project's, by a name.
        if matches!(
            name.as_str(),
            "reporter"
                | "R"
                | "format"
                | "f"
                | "environment"
                | "env"
                | "pool"
                | "formatter"
                | "ui"
                | "parser"
        ) && value.as_ref().is_some_and(|value| {
            value.text().is_none_or(|text| text.contains("..") || text.starts_with(['/', '~']))
        }) {
            call.unknown("a module outside the project");
        }
    }
    let operands = match row.operands {
        Operands::Inside => &parsed.operands[..],
        Operands::Verb(verbs) => match parsed.operands.split_first() {
            Some((verb, rest)) if verb.text().is_some_and(|verb| verbs.contains(&verb)) => rest,
            _ => {
                return {
                    call.unknown("this subcommand is not known");
                    true
                };
            }
        },
    };
    let file = operands.first().is_some_and(|arg| arg.text().is_some_and(|text| text != "-"));
    if matches!(call.program, "tsx" | "ts-node") && !file {
        call.unknown("which file it runs is not known");
    }
    for arg in operands {
        if arg.texts().is_some_and(|texts| texts.iter().any(|text| text.contains("://"))) {
            call.unknown("a URL among its arguments");
        }
        call.inside(arg);
    }
    true
}
