//! Go: its own builder, formatters and checkers. Options are words behind one dash.

use super::project;
use crate::approve::argument::Arg;
use crate::approve::call::Call;
use crate::approve::effect::Effect;
use crate::approve::options::Style;

/// Not `-exec`, `-toolexec`, `-ldflags`, `-gcflags`, `-overlay`, `-modfile`, `-C`, `-pkgdir`.
const BUILD: &str =
    "v race msan asan cover covermode= coverpkg= p= tags= mod= trimpath a n x work buildvcs? modcacherw";
const VERBS: &[(&str, &str)] = &[
    ("build", "o=w json"),
    (
        "test",
        "run= skip= count= short timeout= coverprofile=w bench= benchmem benchtime= json failfast parallel= o=w c shuffle= cpu= list= vet= fuzz= fuzztime= fullpath cpuprofile=w memprofile=w outputdir=w",
    ),
    ("vet", "json c="),
    ("run", ""),
    ("fmt", ""),
    ("list", "m u e f= deps test find export compiled json? versions"),
    ("generate", "run= skip="),
    ("doc", "all c cmd short src u"),
];
/// Not `-c`, `--path-prefix` and `--out-format` with a place (`json:/tmp/x`).
const GOLANGCI: &str = "vE= D= j= --verbose --fix --timeout= --enable= --disable= --enable-only= --default= --enable-all --disable-all --fast --new --new-from-rev= --out-format= --build-tags= --max-issues-per-linter= --max-same-issues= --tests? --concurrency= --color= --show-stats? --issues-exit-code= --allow-parallel-runners";

pub(super) fn run(call: &mut Call<'_>) -> bool {
    match call.program {
        "go" => go(call),
        "gofmt" => files(call, "l d s e w"),
        "goimports" => files(call, "l d e w v local="),
        "staticcheck" => files(call, "checks= f= fail= go= tags= tests? show-ignored explain= version"),
        "golangci-lint" => {
            let Some(parsed) = call.parse(GOLANGCI) else { return true };
            call.project(&["go.mod"]);
            project::plain_values(call, &parsed, &["out-format"]);
            project::revisions(call, &parsed);
            match parsed.operands.split_first() {
                Some((verb, rest)) if matches!(verb.text(), Some("run" | "fmt" | "linters")) => {
                    project::operands(call, rest);
                }
                _ => call.unknown("this subcommand is not known"),
            }
        }
        _ => return false,
    }
    true
}

fn files(call: &mut Call<'_>, table: &str) {
    let Some(parsed) = call.parse_as(table, call.args, Style::Words) else { return };
    call.project(&[]);
    project::operands(call, &parsed.operands);
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
                Some(["tidy" | "download" | "verify" | "graph"] | ["tidy", "-v" | "-diff"])
            ) && !matches!(texts.as_deref(), Some(["why", package]) if !package.starts_with('-'))
            {
                call.unknown("this is not known");
            }
            return;
        }
        verb if VERBS.iter().any(|(name, _)| *name == verb) => {}
        _ => return call.unknown(format!("`{verb}` is not known")),
    }
    call.project(&["go.mod", "go.work"]);
    let style_first = verb == "run";
    // Behind its package, `go run` gives everything to the program. The first word without a dash may be an
    // option's value instead: then the option is left without one.
    let package = rest.iter().position(|arg| arg.text().is_some_and(|text| !text.starts_with('-')));
    let end = package.filter(|_| style_first).unwrap_or(rest.len());
    let options = VERBS.iter().find(|(name, _)| name == verb).map_or("", |(_, options)| options);
    let Some(parsed) = call.parse_as(&format!("{BUILD} {options}"), &rest[..end], Style::Words) else {
        return;
    };
    if parsed.has(&["fuzz"]) && !parsed.has(&["fuzztime"]) {
        call.unknown("it never ends without `-fuzztime`");
    }
    let (package, args) = rest[end..].split_at(rest.len().min(end + 1) - end);
    project::contained(call, args);
    for arg in parsed.operands.iter().chain(package) {
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
