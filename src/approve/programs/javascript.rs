//! Package managers of JavaScript: scripts of the project, and what its manifest names. What runs a file or an
//! installed program is in `node`.

use super::project::{contained, is_release};
use super::{javascript_tools, node, rust::version_only};
use crate::approve::argument::Arg;
use crate::approve::call::Call;
use crate::approve::effect::Effect;

const MANIFESTS: &[&str] = &["package.json", "node_modules"];

/// What a manager takes before its verb and before a script's name. None knows another one's options: what is a
/// value to one is the verb to the next (`npm --filter exec test`).
struct Manager {
    name: &'static str,
    flags: &'static [&'static str],
    /// With a value, in the next argument or behind `=`.
    valued: &'static [&'static str],
}

/// Not `--script-shell`, `--registry`, `--prefix`, `-C`, `-g`.
const MANAGERS: &[Manager] = &[
    Manager {
        name: "npm",
        flags: &[
            "-s",
            "--silent",
            "--if-present",
            "--workspaces",
            "-ws",
            "--include-workspace-root",
            "--no-color",
            "--loglevel=error",
            "--loglevel=warn",
            "--loglevel=silent",
            "-q",
            "--quiet",
        ],
        valued: &["-w", "--workspace"],
    },
    Manager {
        name: "pnpm",
        flags: &[
            "-s",
            "--silent",
            "-r",
            "--recursive",
            "-w",
            "--workspace-root",
            "--parallel",
            "--stream",
            "--if-present",
            "--no-bail",
        ],
        valued: &["-F", "--filter"],
    },
    Manager { name: "yarn", flags: &["-s", "--silent"], valued: &[] },
    Manager { name: "bun", flags: &["--silent"], valued: &[] },
];

/// Options of an installation.
const INSTALL: &[&str] = &[
    "--frozen-lockfile",
    "--no-frozen-lockfile",
    "--immutable",
    "--prefer-offline",
    "--offline",
    "--no-audit",
    "--no-fund",
    "--ignore-scripts",
    "--legacy-peer-deps",
    "--production",
    "--omit=dev",
    "--include=dev",
    "--no-progress",
    "--audit=false",
    "--fund=false",
    "--no-optional",
    "--non-interactive",
    "--check-cache",
    "--no-save",
    "--no-package-lock",
    "--package-lock-only",
    "--strict-peer-dependencies=false",
];
/// First words of scripts that `yarn NAME`, `pnpm NAME` run, as they are called everywhere.
const SCRIPTS: &[&str] = &[
    "test",
    "tests",
    "build",
    "lint",
    "typecheck",
    "type-check",
    "types",
    "tsc",
    "format",
    "fmt",
    "check",
    "start",
    "dev",
    "e2e",
    "unit",
    "coverage",
    "compile",
    "generate",
    "codegen",
    "verify",
    "validate",
    "prettier",
    "eslint",
    "jest",
    "vitest",
    "ci",
    "storybook",
    "bench",
];

pub(super) fn run(call: &mut Call<'_>) -> bool {
    match call.program {
        "npm" => npm(call),
        "pnpm" | "yarn" | "bun" => manager(call),
        _ => return node::run(call) || javascript_tools::run(call),
    }
    true
}

fn this(call: &Call<'_>) -> &'static Manager {
    MANAGERS.iter().find(|manager| manager.name == call.program).unwrap_or(&MANAGERS[0])
}

/// Takes options that are known; the rest, or none if one is not.
fn options<'a>(call: &mut Call<'_>, mut args: &'a [Arg], more: &[&str]) -> Option<&'a [Arg]> {
    let manager = this(call);
    while let [Arg::Text(flag), rest @ ..] = args {
        let valued = manager.valued.contains(&flag.as_str());
        let attached = manager.valued.iter().chain(&["--filter"]).any(|name| {
            // `-F=x` is no form of a short option.
            name.starts_with("--") && flag.strip_prefix(name).is_some_and(|value| value.starts_with('='))
        });
        args = match rest {
            // `[-x]`: pnpm gives git what stands in brackets.
            [Arg::Text(value), rest @ ..]
                if valued
                    && !value.starts_with(['-', '/', '.'])
                    && !value.contains("..")
                    && !value.contains("[-") =>
            {
                rest
            }
            _ if valued => {
                call.unknown(format!("the value of `{flag}` is not known"));
                return None;
            }
            _ if attached && !["..", "=/", "[-"].iter().any(|part| flag.contains(part)) => rest,
            _ if manager.flags.contains(&flag.as_str()) || more.contains(&flag.as_str()) => rest,
            _ if flag.starts_with('-') => {
                call.unknown(format!("the option `{flag}` is not known"));
                return None;
            }
            _ => return Some(args),
        };
    }
    match args.first() {
        None => Some(args),
        Some(_) => {
            call.unknown("an argument that is not known");
            None
        }
    }
}

/// Is it the name of a script, as they are called everywhere?
fn is_script(name: &str) -> bool {
    SCRIPTS.contains(&name.split(':').next().unwrap_or("")) && !is_release(name)
}

/// A script and its arguments. `npm` itself takes options up to `--`.
fn script(call: &mut Call<'_>, args: &[Arg]) {
    call.project(MANIFESTS);
    let Some(args) = options(call, args, &[]) else { return };
    let Some((name, rest)) = args.split_first() else { return };
    if name.texts().is_none_or(|names| names.iter().any(|name| is_release(name))) {
        call.unknown("this script lets the project out");
    }
    match call.program {
        // Without such a script npm prints the environment.
        "npm" if name.texts().is_some_and(|names| names.iter().any(|name| name == "env")) => {
            call.unknown("it prints the environment");
        }
        "npm" => {}
        // Without such a script the others run an installed program, or any program.
        _ if !name.texts().is_some_and(|names| names.iter().all(|name| is_script(name))) => {
            call.unknown("it may be no script but another program");
        }
        // What `delegate` cannot tell, it refuses.
        _ if name.texts().is_some_and(|names| names.iter().any(|name| javascript_tools::is_known(name))) => {
            call.delegate(name, rest);
        }
        _ => {}
    }
    // To some managers it may be a file.
    contained(call, std::slice::from_ref(name));
    let mut rest = rest;
    if call.program == "npm" {
        let end = rest.iter().position(|arg| arg.text() == Some("--")).unwrap_or(rest.len());
        let (mut mine, theirs) = rest.split_at(end);
        while let Some(arg) = mine.first() {
            let option = arg.texts().is_none_or(|texts| texts.iter().any(|text| text.starts_with('-')));
            mine = match option {
                true => match options(call, mine, &[]) {
                    Some(left) => left,
                    None => return,
                },
                false => {
                    contained(call, std::slice::from_ref(arg));
                    &mine[1..]
                }
            };
        }
        rest = theirs;
    }
    contained(call, rest);
}

fn install(call: &mut Call<'_>, args: &[Arg]) {
    call.project(MANIFESTS);
    call.effects.add(Effect::Install);
    // A package that is named is not in the manifest.
    if let Some([_, ..]) = options(call, args, INSTALL) {
        call.unknown("a package that the manifest does not name");
    }
}

/// Lists what is installed, or what there is newer.
fn list(call: &mut Call<'_>, args: &[Arg]) {
    call.project(MANIFESTS);
    let plain = |arg: &Arg| {
        arg.text().is_some_and(|text| {
            !text.starts_with('-')
                || matches!(
                    text,
                    "--all" | "--json" | "-a" | "--long" | "--parseable" | "-r" | "--prod" | "--dev"
                )
                || text.starts_with("--depth=")
        })
    };
    if !args.iter().all(plain) {
        call.unknown("an option that is not known");
    }
}

fn npm(call: &mut Call<'_>) {
    let Some(args) = options(call, call.args, &["--version", "-v"]) else { return };
    let Some((Arg::Text(verb), rest)) = args.split_first() else { return };
    match verb.as_str() {
        "test" | "t" | "tst" | "start" => {
            let mut all = vec![Arg::Text("test".to_owned())];
            all.extend_from_slice(rest);
            script(call, &all);
        }
        "run" | "run-script" => script(call, rest),
        "ci" | "clean-install" | "install" | "i" => install(call, rest),
        "ls" | "list" | "ll" | "why" | "explain" | "outdated" => list(call, rest),
        "exec" | "x" => {
            // Before `--` npm takes options for its own, also behind the program.
            let end = rest.iter().position(|arg| arg.text() == Some("--")).unwrap_or(rest.len());
            let (mine, theirs) = rest.split_at(end);
            if mine.iter().any(|arg| arg.text().is_none_or(|text| text.starts_with('-'))) {
                return call.unknown("an option that npm takes: put `--` before the program");
            }
            node::installed(call, &[mine, theirs.get(1..).unwrap_or_default()].concat());
        }
        "prefix" | "root" | "bin" if rest.is_empty() => {}
        _ => call.unknown(format!("`{verb}` is not known")),
    }
}

fn manager(call: &mut Call<'_>) {
    // `yarn` alone installs; the others print their help.
    let installs = |arg: &Arg| arg.text().is_some_and(|text| INSTALL.contains(&text));
    if call.args.iter().all(installs) {
        return install(call, call.args);
    }
    if let [Arg::Text(flag)] = call.args
        && matches!(flag.as_str(), "--version" | "-v")
    {
        return version_only(call);
    }
    let Some(args) = options(call, call.args, &[]) else { return };
    let Some((Arg::Text(verb), rest)) = args.split_first() else { return };
    match (call.program, verb.as_str()) {
        (_, "run" | "run-script") => script(call, rest),
        (_, "install" | "i" | "ci") => install(call, rest),
        ("pnpm", "t") => script(call, &[&[Arg::Text("test".to_owned())], rest].concat()),
        (_, "test") => script(call, args),
        ("pnpm" | "yarn", "exec") => node::installed(call, rest),
        ("pnpm" | "yarn" | "bun", "list" | "ls" | "why" | "outdated") => list(call, rest),
        ("yarn" | "pnpm", name) if is_script(name) => script(call, args),
        _ => call.unknown(format!("`{verb}` is not known")),
    }
}
