//! `node` and package managers: scripts of the project, what its manifest names, installed programs.

use super::project::{contained, is_release};
use super::{javascript_tools, rust::version_only};
use crate::approve::argument::Arg;
use crate::approve::call::Call;
use crate::approve::effect::Effect;
use crate::approve::facts::Kind;

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
        "node" | "nodejs" => node(call),
        "npm" => npm(call),
        "pnpm" | "yarn" | "bun" => manager(call),
        "npx" => installed(call, call.args),
        "deno" => deno(call),
        _ => return javascript_tools::run(call),
    }
    true
}

fn node(call: &mut Call<'_>) {
    if matches!(call.args, [Arg::Text(flag)] if flag.starts_with("--version") || flag == "-v") {
        return version_only(call);
    }
    let mut args = call.args;
    let mut testing = false;
    while let [Arg::Text(flag), rest @ ..] = args {
        match flag.as_str() {
            "--test" => testing = true,
            "--check"
            | "-c"
            | "--test-only"
            | "--enable-source-maps"
            | "--no-warnings"
            | "--trace-warnings"
            | "--experimental-strip-types"
            | "--experimental-vm-modules"
            | "--test-reporter=spec"
            | "--test-reporter=tap"
            | "--test-reporter=dot"
            | "--experimental-test-coverage" => {}
            _ => break,
        }
        args = rest;
    }
    call.project(&[]);
    match args.split_first() {
        None if testing => {}
        // `inspect` is the debugger, which reads what to run.
        Some((file @ Arg::Text(text), rest))
            if !text.starts_with('-') && !matches!(text.as_str(), "inspect" | "debug") =>
        {
            call.inside(file);
            match testing {
                true => call.inside_all(rest),
                false => program_arguments(call, file, rest),
            }
        }
        // Without a file it runs what stands on its standard input.
        _ => call.unknown("which file it runs is not known"),
    }
}

/// What a file of the project gets; its name and the first word tell what it is for.
pub(super) fn program_arguments(call: &mut Call<'_>, file: &Arg, args: &[Arg]) {
    let name = file.text().and_then(|text| text.rsplit('/').next()).unwrap_or("");
    let first = args.first().and_then(Arg::text).unwrap_or("");
    if is_release(name) || is_release(first) {
        call.unknown(format!("`{name} {first}` may let the project out"));
    }
    contained(call, args);
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
            [Arg::Text(value), rest @ ..] if valued && !value.starts_with(['-', '/', '.']) => rest,
            _ if valued => {
                call.unknown(format!("the value of `{flag}` is not known"));
                return None;
            }
            _ if attached && !flag.contains("..") && !flag.contains("=/") => rest,
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

/// A script and its arguments. `npm` itself takes options up to `--`.
fn script(call: &mut Call<'_>, args: &[Arg]) {
    call.project(MANIFESTS);
    let Some(args) = options(call, args, &[]) else { return };
    let Some((name, rest)) = args.split_first() else { return };
    if name.texts().is_none_or(|names| names.iter().any(|name| is_release(name))) {
        call.unknown("this script lets the project out");
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
            let rest = rest.strip_prefix(&[Arg::Text("--".to_owned())]).unwrap_or(rest);
            installed(call, rest);
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
        ("bun", "test") | (_, "test" | "t") => script(call, args),
        ("pnpm" | "yarn", "exec") => installed(call, rest),
        ("pnpm" | "yarn" | "bun", "list" | "ls" | "why" | "outdated") => list(call, rest),
        ("yarn" | "pnpm", name)
            if SCRIPTS.contains(&name.split(':').next().unwrap_or("")) && !is_release(name) =>
        {
            script(call, args);
        }
        _ => call.unknown(format!("`{verb}` is not known")),
    }
}

/// `npx PROGRAM`: one that is installed in the worktree and known here; others are downloaded.
pub(super) fn installed(call: &mut Call<'_>, args: &[Arg]) {
    let args = match args {
        [Arg::Text(flag), rest @ ..] if flag == "--no-install" || flag == "--no" => rest,
        args => args,
    };
    let Some((program @ Arg::Text(name), args)) = args.split_first() else {
        return call.unknown("which program runs is not known");
    };
    if name.starts_with('-') || name.contains(['@', '/']) {
        return call.unknown(format!("`{name}` may be downloaded"));
    }
    let Some(root) = call.territory.own.as_ref().map(|own| own.root.clone()) else {
        return call.unknown("the caller has no worktree");
    };
    let there = call.state.cwds.iter().all(|cwd| {
        let up = cwd.real.ancestors().take_while(|folder| folder.starts_with(&root));
        up.into_iter()
            .any(|folder| call.facts.kind(&folder.join("node_modules/.bin").join(name)) != Kind::Missing)
    });
    if !there {
        return call.unknown(format!("`{name}` is not installed in the worktree"));
    }
    if !javascript_tools::is_known(name) {
        return call.unknown(format!("the program `{name}` is not known"));
    }
    call.delegate(program, args);
}

fn deno(call: &mut Call<'_>) {
    let Some((Arg::Text(verb), rest)) = call.args.split_first() else { return call.unknown("no subcommand") };
    match verb.as_str() {
        "--version" if rest.is_empty() => {}
        "check" | "lint" | "fmt" | "test" => {
            call.project(&["deno.json", "deno.jsonc"]);
            let known = [
                "--check",
                "--quiet",
                "-q",
                "--fix",
                "--no-check",
                "--allow-read",
                "--allow-env",
                "--parallel",
            ];
            for arg in rest {
                match arg.text() {
                    Some(text) if known.contains(&text) => {}
                    // `npm:x`, `https://…`, `jsr:x` are downloaded.
                    Some(text) if !text.starts_with('-') && !text.contains(':') => call.inside(arg),
                    _ => call.unknown("an option that is not known"),
                }
            }
        }
        _ => call.unknown(format!("`{verb}` is not known")),
    }
}
