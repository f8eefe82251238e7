//! Programs that run a file of a JavaScript project, and `npx`, which runs an installed one.

use super::javascript_tools;
use super::project::{contained, is_release, may_release};
use super::rust::version_only;
use crate::approve::argument::Arg;
use crate::approve::call::Call;
use crate::approve::facts::Kind;

pub(super) fn run(call: &mut Call<'_>) -> bool {
    match call.program {
        "node" | "nodejs" => node(call),
        "npx" => installed(call, call.args),
        "deno" => deno(call),
        _ => return false,
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
    let path = file.text().unwrap_or("");
    let name = path.rsplit('/').next().unwrap_or("");
    // Not the project's code: it may take code as an argument (`node node_modules/.bin/tsx -e …`).
    if path.split('/').any(|part| matches!(part, "node_modules" | ".venv" | "venv" | "site-packages")) {
        return match path.rsplit_once("node_modules/.bin/") {
            Some((_, name)) if javascript_tools::is_known(name) => {
                call.delegate(&Arg::Text(name.to_owned()), args);
            }
            _ => call.unknown(format!("`{path}` is not the project's own")),
        };
    }
    if is_release(name) || args.first().is_some_and(may_release) {
        call.unknown(format!("`{name}` may let the project out"));
    }
    contained(call, args);
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
