//! `node` and package managers: scripts of the project, what its manifest names, installed programs.

use super::{javascript_tools, rust::version_only};
use crate::approve::argument::Arg;
use crate::approve::call::Call;
use crate::approve::effect::Effect;
use crate::approve::facts::Kind;

const MANIFESTS: &[&str] = &["package.json", "node_modules"];

/// Options of package managers before a script's name. Not `--script-shell`, `--registry`, `--prefix`, `-g`.
const COMMON: &[&str] = &[
    "-s",
    "--silent",
    "--if-present",
    "-r",
    "--recursive",
    "--workspaces",
    "-ws",
    "--ws",
    "--include-workspace-root",
    "--no-color",
    "--color",
    "--loglevel=error",
    "--loglevel=warn",
    "--loglevel=silent",
    "--parallel",
    "--stream",
    "-q",
    "--quiet",
    "--no-bail",
    "--bail",
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
/// Options with a value, in the next argument or behind `=`.
const VALUED: &[&str] = &["-w", "--workspace", "-F", "--filter"];
/// Scripts by which a project is let out of the house.
const RELEASES: &[&str] = &[
    "publish",
    "release",
    "deploy",
    "push",
    "prepublish",
    "postpublish",
    "upload",
    "install-global",
    "provision",
    "login",
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

pub(super) fn is_release(name: &str) -> bool {
    name.split([':', '-', '_', '/', '.']).any(|part| RELEASES.contains(&part))
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
        Some((file @ Arg::Text(text), rest)) if !text.starts_with('-') => {
            call.inside(file);
            if testing {
                call.inside_all(rest);
            }
        }
        // Without a file it runs what stands on its standard input.
        _ => call.unknown("which file it runs is not known"),
    }
}

/// Takes options that are known; the rest, or none if one is not.
fn options<'a>(call: &mut Call<'_>, mut args: &'a [Arg], known: &[&[&str]]) -> Option<&'a [Arg]> {
    while let [Arg::Text(flag), rest @ ..] = args {
        let valued = VALUED.iter().any(|name| flag == name);
        let attached =
            VALUED.iter().any(|name| flag.strip_prefix(name).is_some_and(|value| value.starts_with('=')));
        args = match rest {
            [Arg::Text(value), rest @ ..] if valued && !value.starts_with(['-', '/', '.']) => rest,
            _ if attached && !flag.contains("..") && !flag.contains("=/") => rest,
            _ if known.iter().any(|list| list.contains(&flag.as_str())) => rest,
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
fn script(call: &mut Call<'_>, args: &[Arg], strict: bool) {
    call.project(MANIFESTS);
    let Some(args) = options(call, args, &[COMMON]) else { return };
    let Some((name, rest)) = args.split_first() else { return };
    if name.texts().is_none_or(|names| names.iter().any(|name| is_release(name))) {
        call.unknown("this script lets the project out");
    }
    let before = rest.iter().position(|arg| arg.text() == Some("--")).unwrap_or(rest.len());
    if strict {
        let (mine, _) = rest.split_at(before);
        for arg in mine {
            let known = arg.texts().is_some_and(|texts| {
                texts.iter().all(|text| !text.starts_with('-') || COMMON.contains(&text.as_str()))
            });
            if !known {
                call.unknown(format!("the option `{}` is not known", arg.show()));
            }
        }
    }
}

fn install(call: &mut Call<'_>, args: &[Arg]) {
    call.project(MANIFESTS);
    call.effects.add(Effect::Install);
    // A package that is named is not in the manifest.
    if let Some([_, ..]) = options(call, args, &[COMMON, INSTALL]) {
        call.unknown("a package that the manifest does not name");
    }
}

fn npm(call: &mut Call<'_>) {
    let Some(args) = options(call, call.args, &[COMMON, &["--version", "-v"]]) else { return };
    let Some((Arg::Text(verb), rest)) = args.split_first() else { return };
    match verb.as_str() {
        "test" | "t" | "tst" | "start" => {
            let mut all = vec![Arg::Text("test".to_owned())];
            all.extend_from_slice(rest);
            script(call, &all, true);
        }
        "run" | "run-script" => script(call, rest, true),
        "ci" | "clean-install" | "install" | "i" => install(call, rest),
        "ls" | "list" | "ll" | "why" | "explain" => {
            call.project(MANIFESTS);
            let plain = |arg: &Arg| {
                arg.text().is_some_and(|text| {
                    !text.starts_with('-')
                        || matches!(text, "--depth=0" | "--all" | "--json" | "-a")
                        || text.starts_with("--depth=")
                })
            };
            if !rest.iter().all(plain) {
                call.unknown("an option that is not known");
            }
        }
        "exec" | "x" => {
            let rest = rest.strip_prefix(&[Arg::Text("--".to_owned())]).unwrap_or(rest);
            installed(call, rest);
        }
        "prefix" | "root" | "bin" if rest.is_empty() => {}
        _ => call.unknown(format!("`{verb}` is not known")),
    }
}

fn manager(call: &mut Call<'_>) {
    let Some(args) = options(call, call.args, &[COMMON, INSTALL, &["--version", "-v"]]) else { return };
    let version = call.args.iter().any(|arg| matches!(arg.text(), Some("--version" | "-v")));
    let Some((Arg::Text(verb), rest)) = args.split_first() else {
        // `yarn` alone installs; the others print their help.
        return if version { version_only(call) } else { install(call, call.args) };
    };
    match (call.program, verb.as_str()) {
        (_, "run" | "run-script") => script(call, rest, false),
        (_, "install" | "i" | "ci") => install(call, rest),
        ("bun", "test") | (_, "test" | "t") => {
            script(call, args, false);
            contained(call, rest);
        }
        ("pnpm" | "yarn", "exec") => installed(call, rest),
        ("pnpm" | "yarn" | "bun", "list" | "ls" | "why") => {
            call.project(MANIFESTS);
            if !rest.iter().all(|arg| {
                arg.text().is_some_and(|text| !text.starts_with('-') || text.starts_with("--depth"))
            }) {
                call.unknown("an option that is not known");
            }
        }
        ("yarn" | "pnpm", name)
            if SCRIPTS.contains(&name.split(':').next().unwrap_or("")) && !is_release(name) =>
        {
            call.project(MANIFESTS);
            contained(call, rest);
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
                    Some(text) if !text.starts_with('-') => call.inside(arg),
                    _ => call.unknown("an option that is not known"),
                }
            }
        }
        _ => call.unknown(format!("`{verb}` is not known")),
    }
}

/// Arguments that the project's own program gets: no path or URL in them leads outside.
pub(super) fn contained(call: &mut Call<'_>, args: &[Arg]) {
    for arg in args {
        let Some(texts) = arg.texts() else {
            call.unknown("an argument that is not known");
            continue;
        };
        for text in texts {
            let value = match text.strip_prefix('-') {
                Some(_) => text.split_once('=').map_or("", |(_, value)| value),
                None => text,
            };
            if value.contains("://") || value.starts_with('~') {
                call.unknown(format!("`{text}` leads outside"));
            } else if value.starts_with('/') || value.split('/').any(|part| part == "..") {
                call.inside(&Arg::Text(value.to_owned()));
            }
        }
    }
}
