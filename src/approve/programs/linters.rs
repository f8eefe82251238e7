//! Checkers and formatters of single files: a table, one row a program, as what is a flag to one takes a value
//! in another (`-s` of shfmt and of shellcheck).

use super::project;
use crate::approve::argument::Arg;
use crate::approve::call::Call;
use crate::approve::options::Style;

struct Row {
    name: &'static str,
    options: &'static str,
    style: Style,
    /// The first operand is one of these, if there are any.
    verbs: &'static [&'static str],
    manifests: &'static [&'static str],
}

const fn row(name: &'static str, options: &'static str) -> Row {
    Row { name, options, style: Style::Anywhere, verbs: &[], manifests: &[] }
}

const TABLE: &[Row] = &[
    // Not `-x` and `-a`: they print lines of the files that a script sources.
    row(
        "shellcheck",
        "s= e= S= f= i= --severity= --shell= --exclude= --include= --format= --color? --norc --version",
    ),
    Row {
        style: Style::Words,
        ..row("shfmt", "d diff l list w write s simplify i= indent= ci bn sr kp ln= mn fn f find version")
    },
    row(
        "hadolint",
        "f= t= c=i V --format= --ignore= --failure-threshold= --config=i --no-color --no-fail --verbose --strict-labels --version",
    ),
    row("yamllint", "sf= c=i --strict --format= --config-file=i --no-warnings --version"),
    Row { style: Style::Words, ..row("actionlint", "color no-color oneline verbose ignore= version") },
    row(
        "typos",
        "wqv c=i --write-changes --diff --format= --exclude= --hidden --config=i --color= --files --quiet --verbose --version",
    ),
    Row { verbs: &["check", "lint"], ..row("taplo", "c=i --check --diff --config=i --colors=") },
    Row {
        manifests: &[".rubocop.yml", "Gemfile"],
        ..row(
            "rubocop",
            "aAlxDf= c=i --autocorrect --autocorrect-all --lint --fix-layout --format= --parallel --only= --except= --fail-level= --force-exclusion --config=i --color --no-color --cache= --display-cop-names --version",
        )
    },
    Row {
        manifests: &["Gemfile"],
        ..row(
            "rspec",
            "nbe= t= f= --example= --tag= --format= --fail-fast? --only-failures --next-failure --color --no-color --force-color --backtrace --order= --seed= --profile? --dry-run --version",
        )
    },
];

pub(super) fn run(call: &mut Call<'_>) -> bool {
    let Some(row) = TABLE.iter().find(|row| row.name == call.program) else { return false };
    let Some(parsed) = call.parse_as(row.options, call.args, row.style) else { return true };
    call.project(row.manifests);
    project::plain_values(call, &parsed, &["f", "format"]);
    let operands = match parsed.operands.split_first() {
        _ if row.verbs.is_empty() => &parsed.operands[..],
        Some((Arg::Text(verb), rest)) if row.verbs.contains(&verb.as_str()) => rest,
        _ => {
            call.unknown("this subcommand is not known");
            return true;
        }
    };
    project::operands(call, operands);
    true
}
