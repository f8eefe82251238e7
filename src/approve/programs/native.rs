//! make, just, Maven, Gradle, .NET and other builders: the project's own code by the project's own rules. Go is
//! in `go`, checkers of single files are in `linters`.

use super::project::{self, contained, is_release};
use super::rust::version_only;
use crate::approve::argument::Arg;
use crate::approve::call::Call;
use crate::approve::effect::Effect;
use crate::approve::options::Style;

/// A builder that takes its own words: its options, what it looks for, and those words.
struct Row {
    name: &'static str,
    options: &'static str,
    style: Style,
    manifests: &'static [&'static str],
    verbs: &'static [&'static str],
    rest: Rest,
}

/// What stands behind the first word.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Rest {
    /// Nothing.
    None,
    /// More of the words: each is something to do.
    Verbs,
    /// Files and folders.
    Files,
}

const TABLE: &[Row] = &[
    // Not `-D` but for tests, `-f`, `-s`, `-l`; not `install`, which writes outside.
    Row {
        name: "mvn",
        options: "q quiet B batch-mode o offline e errors ntp no-transfer-progress fae fail-at-end ff fail-fast am also-make P= activate-profiles= pl= projects= T= DskipTests? Dmaven.test.skip? Dtest? DfailIfNoTests? Dsurefire.failIfNoSpecifiedTests? Dstyle.color?",
        style: Style::Words,
        manifests: &["pom.xml"],
        verbs: &["test", "verify", "package", "compile", "test-compile", "validate", "clean"],
        rest: Rest::Verbs,
    },
    // Not `-P`, `-D`, `-I`, `-b`, `-p`, `-g`.
    Row {
        name: "gradle",
        options: "qisx= --quiet --offline --no-daemon --info --stacktrace --console= --tests= --continue --parallel --rerun-tasks --build-cache --no-build-cache --warning-mode= --exclude-task=",
        style: Style::Anywhere,
        manifests: &["build.gradle", "build.gradle.kts"],
        verbs: &[
            "test",
            "build",
            "check",
            "assemble",
            "classes",
            "testClasses",
            "compileJava",
            "compileKotlin",
            "compileTestJava",
            "compileTestKotlin",
            "clean",
            "lint",
            "ktlintCheck",
            "detekt",
            "spotlessCheck",
            "spotlessApply",
            "tasks",
            "dependencies",
        ],
        rest: Rest::Verbs,
    },
    Row {
        name: "swift",
        options: "v c= --filter= --parallel --configuration= --verbose --skip=",
        style: Style::Anywhere,
        manifests: &["Package.swift"],
        verbs: &["build", "test"],
        rest: Rest::None,
    },
    Row {
        name: "mix",
        options: "--warnings-as-errors --check-formatted --trace --only= --exclude= --seed= --max-failures= --cover --stale",
        style: Style::Anywhere,
        manifests: &["mix.exs"],
        verbs: &["test", "compile", "format", "credo", "dialyzer", "deps.get"],
        rest: Rest::Files,
    },
    Row {
        name: "zig",
        options: "--release? --summary=",
        style: Style::Anywhere,
        manifests: &["build.zig"],
        verbs: &["build", "test", "fmt"],
        rest: Rest::Files,
    },
];

pub(super) fn run(call: &mut Call<'_>) -> bool {
    if let Some(row) = TABLE.iter().find(|row| row.name == call.program) {
        verbs(call, row);
        return true;
    }
    match call.program {
        // Not `-f` and `--eval` for other rules; no variables, which name programs (`CC=`, `SHELL=`).
        "make" | "gmake" => {
            targets(
                call,
                "j? C=i --directory=i ksnBiqwO? l? --jobs? --keep-going --silent --dry-run --always-make --quiet --question --no-print-directory --output-sync? --just-print --print-directory --version",
                &["Makefile", "makefile", "GNUmakefile"],
            );
        }
        "just" => recipes(
            call,
            "l --version --list --summary --dry-run n q --quiet --show= s= --color= --evaluate",
            &["justfile", "Justfile", ".justfile"],
        ),
        "task" => targets(
            call,
            "las --version --list --list-all --silent --dry",
            &["Taskfile.yml", "Taskfile.yaml"],
        ),
        "cmake" => cmake(call),
        "dotnet" => dotnet(call),
        "ctest" => {
            let Some(parsed) = call.parse("j= VNR= E= L= --output-on-failure --test-dir=i --parallel= --verbose --rerun-failed --timeout=") else { return true };
            call.project(&["CTestTestfile.cmake"]);
            if !parsed.operands.is_empty() {
                call.unknown("takes no operand here");
            }
        }
        "ninja" => targets(call, "j= C=i vn", &["build.ninja"]),
        "bundle" => match call.args {
            [Arg::Text(exec), program, rest @ ..]
                if exec == "exec" && matches!(program.text(), Some("rspec" | "rubocop")) =>
            {
                call.delegate(program, rest);
            }
            [Arg::Text(install)] if install == "install" || install == "check" => {
                call.project(&["Gemfile"]);
                call.effects.add(Effect::Install);
            }
            _ => call.unknown("this is not known"),
        },
        _ => return false,
    }
    true
}

/// Targets by their names. What stands behind `--` of `task` is for its tasks.
fn targets(call: &mut Call<'_>, table: &str, manifests: &'static [&'static str]) {
    let Some(parsed) = call.parse(table) else { return };
    call.project(manifests);
    let (before, behind) = parsed.split();
    let loud = |arg: &&Arg| !matches!(arg.text(), Some("V=1" | "V=0" | "VERBOSE=1"));
    project::require_names(call, &before.iter().filter(loud).cloned().collect::<Vec<_>>());
    match call.program {
        "task" => {
            contained(call, behind);
            if behind.iter().any(project::may_be_shell) {
                call.unknown("an argument that the task may run");
            }
        }
        _ => project::require_names(call, behind),
    }
}

/// A recipe, and behind it what it gets; it may also be more recipes.
fn recipes(call: &mut Call<'_>, table: &str, manifests: &'static [&'static str]) {
    let Some(parsed) = call.parse_as(table, call.args, Style::First) else { return };
    call.project(manifests);
    let Some((recipe, args)) = parsed.operands.split_first() else { return };
    project::require_names(call, std::slice::from_ref(recipe));
    contained(call, args);
    // Variables and further recipes.
    let sets = |text: &String| text.contains('=') && !text.starts_with('-');
    let more =
        |arg: &Arg| project::may_release(arg) || arg.texts().is_some_and(|texts| texts.iter().any(sets));
    // just puts them into shell text as they are.
    if args.iter().any(project::may_be_shell) || args.iter().any(more) {
        call.unknown("an argument that the recipe may run, or that lets the project out");
    }
}

fn verbs(call: &mut Call<'_>, row: &Row) {
    if matches!(call.args, [Arg::Text(flag)] if matches!(flag.as_str(), "--version" | "-v")) {
        return call.project(row.manifests);
    }
    let Some(parsed) = call.parse_as(row.options, call.args, row.style) else { return };
    call.project(row.manifests);
    for (name, _, value) in &parsed.options {
        if let Some(value) = value.as_ref().filter(|_| matches!(name.as_str(), "P" | "activate-profiles")) {
            project::require_names(call, std::slice::from_ref(value));
        }
    }
    // `:module:test` of Gradle.
    let known = |arg: &Arg| {
        let verb = arg
            .text()
            .map(|text| if row.name == "gradle" { text.rsplit(':').next().unwrap_or("") } else { text });
        // Gradle's plugins make tasks like `testDebugUnitTest`.
        let made = |verb: &str| {
            row.name == "gradle" && !is_release(verb) && {
                ["test", "lint", "compile", "assemble"].iter().any(|family| verb.starts_with(family))
            }
        };
        verb.is_some_and(|verb| row.verbs.contains(&verb) || made(verb))
    };
    let Some((verb, rest)) = parsed.operands.split_first() else { return call.unknown("no subcommand") };
    if !known(verb)
        || row.rest == Rest::Verbs && !rest.iter().all(known)
        || row.rest == Rest::None && !rest.is_empty()
    {
        return call.unknown("this subcommand is not known");
    }
    match (row.rest, verb.text()) {
        // Steps of `build.zig` by their names.
        (Rest::Files, Some("build")) => project::require_names(call, rest),
        (Rest::Files, _) => project::operands(call, rest),
        _ => {}
    }
    if verb.text() == Some("deps.get") {
        call.effects.add(Effect::Install);
    }
}

/// `cmake --build FOLDER`, and making that folder; not `-D` but for the kind of build: variables name programs.
fn cmake(call: &mut Call<'_>) {
    if call.args.len() == 1 {
        return version_only(call);
    }
    let (table, style) = match call.args.first().and_then(Arg::text) {
        Some("--build") => ("j? t= v --build=i --target= --config= --parallel? --verbose", Style::Anywhere),
        _ => ("S=i B=i G= DCMAKE_BUILD_TYPE? DCMAKE_EXPORT_COMPILE_COMMANDS?", Style::Words),
    };
    let Some(parsed) = call.parse_as(table, call.args, style) else { return };
    call.project(&["CMakeLists.txt"]);
    for (name, _, value) in &parsed.options {
        if let Some(value) = value.as_ref().filter(|_| matches!(name.as_str(), "t" | "target")) {
            project::require_names(call, std::slice::from_ref(value));
        }
    }
    // `-j 4` may stand apart.
    let count = |arg: &Arg| arg.text().is_some_and(|text| text.parse::<u16>().is_ok());
    if style == Style::Words && !parsed.has(&["B"]) || !parsed.operands.iter().all(count) {
        call.unknown("where it builds is not known");
    }
}

fn dotnet(call: &mut Call<'_>) {
    let Some((Arg::Text(verb), rest)) = call.args.split_first() else { return call.unknown("no subcommand") };
    if matches!(verb.as_str(), "--version" | "--info") && rest.is_empty() {
        return;
    }
    if !matches!(verb.as_str(), "build" | "test" | "run" | "restore" | "format" | "clean") {
        return call.unknown(format!("`{verb}` is not known"));
    }
    let table = "c= v= f= --no-build --no-restore --configuration= --verbosity= --filter= --nologo --framework= --project=i --no-incremental --verify-no-changes --list-tests --blame-hang-timeout= --logger=";
    let Some(parsed) = call.parse_as(table, rest, Style::Anywhere) else { return };
    // A project file in an outer folder is not looked for: dotnet takes the current folder's only.
    call.project(&[]);
    project::plain_values(call, &parsed, &["logger"]);
    let (before, behind) = parsed.split();
    project::operands(call, before);
    // To `test` these are settings; `/p:X=y` is an option that MSBuild takes everywhere.
    let option = |arg: &Arg| arg.text().is_none_or(|text| text.starts_with('/') || text.contains([':', '=']));
    if before.iter().any(option) || verb != "run" && !behind.is_empty() {
        call.unknown("settings among its arguments");
    }
    contained(call, behind);
}
