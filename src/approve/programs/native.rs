//! Go, make, just, .NET and other builders: the project's own code by the project's own rules.

use super::project::{contained, is_release};
use crate::approve::argument::Arg;
use crate::approve::call::Call;
use crate::approve::effect::Effect;
use crate::approve::options::Style;

/// Not `-exec`, `-toolexec`, `-ldflags`, `-gcflags`, `-overlay`, `-modfile`, `-C`.
const GO: &str = "v race run= count= short timeout= cover coverprofile=w covermode= coverpkg= bench= benchmem benchtime= json failfast parallel= p= tags= o=w mod= shuffle= cpu= list= skip= x n a trimpath vet= fuzz= fuzztime= m u e f= deps test find export=no compiled diff w=no fullpath";

pub(super) fn run(call: &mut Call<'_>) -> bool {
    match call.program {
        "go" => go(call),
        "gofmt" | "goimports" => {
            if let Some(parsed) = call.parse_as("l d s e w local=", call.args, Style::Words) {
                call.project(&[]);
                call.inside_all(&parsed.operands);
            }
        }
        "golangci-lint" | "staticcheck" => {
            if let Some(parsed) = call.parse("v --fix --timeout= --verbose --enable= --disable= --fast --out-format= --new-from-rev= --build-tags=") {
                call.project(&["go.mod"]);
                let operands = parsed.operands.iter().filter(|arg| arg.text() != Some("run")).cloned().collect::<Vec<_>>();
                call.inside_all(&operands);
            }
        }
        // Not `-f`, `-C` and `--eval` for other rules; no variables, which name programs (`CC=`, `SHELL=`).
        "make" | "gmake" => {
            if let Some(parsed) = call.parse("j? ksnBiqwO? l? --jobs? --keep-going --silent --dry-run --always-make --quiet --question --no-print-directory --output-sync? --just-print --print-directory --version f=i C=i --directory=i --file=i") {
                call.project(&["Makefile", "makefile", "GNUmakefile"]);
                if parsed.has(&["C", "directory", "f", "file"]) {
                    call.unknown("it follows other rules than the folder's own");
                }
                targets(call, &parsed.operands);
            }
        }
        "just" => recipes(call, "l --list --summary --dry-run n q --quiet --show= s= --color= --evaluate", &["justfile", "Justfile", ".justfile"]),
        "task" => recipes(call, "l a s --list --list-all --silent --dry", &["Taskfile.yml", "Taskfile.yaml"]),
        "dotnet" => dotnet(call),
        "ctest" => recipes(call, "j= VR= E= --output-on-failure --test-dir=i --parallel= --verbose", &["CTestTestfile.cmake"]),
        "ninja" => recipes(call, "j= vn", &["build.ninja"]),
        "mvn" => verbs(call, "qBo e P= --quiet --batch-mode --offline -DskipTests pl= am", &["pom.xml"], &["test", "verify", "package", "compile", "test-compile", "validate", "clean"]),
        "gradle" => verbs(call, "q --quiet --offline --no-daemon --info --stacktrace --console= --tests= --continue --parallel", &["build.gradle", "build.gradle.kts"], &["test", "build", "check", "assemble", "classes", "compileJava", "compileKotlin", "clean", "lint"]),
        "swift" => verbs(call, "v c= --filter= --parallel --configuration= --verbose --skip=", &["Package.swift"], &["build", "test"]),
        "mix" => verbs(call, "--warnings-as-errors --check-formatted --trace --only= --exclude= --seed= --max-failures= --cover --stale", &["mix.exs"], &["test", "compile", "format", "credo", "dialyzer", "deps.get"]),
        "zig" => verbs(call, "--release=", &["build.zig"], &["build", "test", "fmt"]),
        "rspec" | "rubocop" => {
            if let Some(parsed) = call.parse("afe= t= aA --format= --fail-fast --only-failures --tag= --autocorrect --example= --color --no-color --parallel") {
                call.project(&["Gemfile"]);
                call.inside_all(&parsed.operands);
            }
        }
        "bundle" => match call.args {
            [Arg::Text(exec), program, rest @ ..] if exec == "exec" && matches!(program.text(), Some("rspec" | "rubocop")) => call.delegate(program, rest),
            [Arg::Text(install)] if install == "install" || install == "check" => {
                call.project(&["Gemfile"]);
                call.effects.add(Effect::Install);
            }
            _ => call.unknown("this is not known"),
        },
        "shellcheck" | "shfmt" | "hadolint" | "yamllint" | "actionlint" | "typos" | "taplo" => {
            if let Some(parsed) = call.parse("x s= e= S= f= d l i= w c --severity= --shell= --exclude= --format= --check --diff --strict") {
                call.project(&[]);
                if call.program == "taplo" && !matches!(parsed.operands.first().and_then(Arg::text), Some("check" | "lint")) {
                    call.unknown("only `check` and `lint`");
                }
                call.inside_all(&parsed.operands);
            }
        }
        _ => return false,
    }
    true
}

fn go(call: &mut Call<'_>) {
    let Some((Arg::Text(verb), rest)) = call.args.split_first() else { return call.unknown("no subcommand") };
    match verb.as_str() {
        "version" if rest.is_empty() => return,
        "env" => {
            let plain =
                |arg: &Arg| arg.text().is_some_and(|text| !text.starts_with('-') && !text.contains('='));
            if rest.is_empty() || !rest.iter().all(plain) {
                call.unknown("only names of variables");
            }
            return;
        }
        "mod" => {
            call.project(&["go.mod"]);
            call.effects.add(Effect::Install);
            let texts: Option<Vec<&str>> = rest.iter().map(Arg::text).collect();
            if !matches!(
                texts.as_deref(),
                Some(["tidy" | "download" | "verify" | "graph"] | ["tidy", "-v" | "-diff"] | ["why", _])
            ) {
                call.unknown("this is not known");
            }
            return;
        }
        "build" | "test" | "vet" | "run" | "fmt" | "list" | "generate" | "doc" => {}
        _ => return call.unknown(format!("`{verb}` is not known")),
    }
    call.project(&["go.mod", "go.work"]);
    let style_first = verb == "run";
    // Behind its package, `go run` gives everything to the program.
    let end = match style_first {
        true => rest
            .iter()
            .position(|arg| arg.text().is_some_and(|text| !text.starts_with('-')))
            .map_or(rest.len(), |at| at + 1),
        false => rest.len(),
    };
    let Some(parsed) = call.parse_as(GO, &rest[..end], Style::Words) else { return };
    for arg in &parsed.operands {
        match arg.texts() {
            Some(texts) => {
                for text in texts {
                    let local = text.starts_with('.') || text.ends_with(".go") || text.starts_with('/');
                    if local {
                        call.inside(&Arg::Text(
                            text.trim_end_matches("/...").trim_end_matches("...").to_owned()
                                + if text.trim_end_matches("...").is_empty() { "." } else { "" },
                        ));
                    } else if style_first
                        || text.contains(['@', ':', '~'])
                        || text.split('/').any(|part| part == "..")
                    {
                        call.unknown(format!("the package `{text}` is not known"));
                    }
                }
            }
            None => call.unknown("an operand that is not known"),
        }
    }
}

fn is_target(text: &str) -> bool {
    let plain = text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-./:+%@".contains(&byte));
    let outside = text.starts_with('/') || text.split('/').any(|part| part == "..");
    let installs = matches!(text.split([':', '-', '_', '.', '/']).next(), Some("install" | "uninstall"));
    plain && !text.is_empty() && !outside && !installs && !is_release(text)
}

fn targets(call: &mut Call<'_>, args: &[Arg]) {
    for arg in args {
        if !arg.texts().is_some_and(|texts| texts.iter().all(|text| is_target(text))) {
            call.unknown(format!("the target `{}` is not followed", arg.show()));
        }
    }
}

fn recipes(call: &mut Call<'_>, table: &str, manifests: &'static [&'static str]) {
    let Some(parsed) = call.parse_as(table, call.args, Style::First) else { return };
    call.project(manifests);
    let Some((recipe, args)) = parsed.operands.split_first() else { return };
    targets(call, std::slice::from_ref(recipe));
    contained(call, args);
    // Variables and further recipes.
    if args.iter().any(|arg| arg.text().is_some_and(is_release_or_install)) {
        call.unknown("a recipe that lets the project out");
    }
}

fn is_release_or_install(text: &str) -> bool {
    is_release(text) || text == "install"
}

fn verbs(call: &mut Call<'_>, table: &str, manifests: &'static [&'static str], known: &[&str]) {
    let Some(parsed) = call.parse(table) else { return };
    call.project(manifests);
    let (verb, rest) = match parsed.operands.split_first() {
        Some((verb, rest)) if verb.text().is_some_and(|verb| known.contains(&verb)) => (verb, rest),
        _ => return call.unknown("this subcommand is not known"),
    };
    let _ = verb;
    for arg in rest {
        match arg.text() {
            Some(text) if known.contains(&text) => {}
            _ => call.inside(arg),
        }
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
    let table = "c= v= f= --no-build --no-restore --configuration= --verbosity= --filter= --nologo --framework= --project=i --no-incremental --verify-no-changes --list-tests --collect=no --blame-hang-timeout=";
    let Some(parsed) = call.parse_as(table, rest, Style::Anywhere) else { return };
    // A project file in an outer folder is not looked for: dotnet takes the current folder's only.
    call.project(&[]);
    let (before, _) = parsed.split();
    call.inside_all(before);
}
