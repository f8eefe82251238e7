//! What the shell does itself: `cd`, `echo`, `test`, and others that change or end it.

use super::argument::Arg;
use super::effect::Effect;
use super::state::{Flow, State, Value};
use super::walk::Walk;
use super::{condition, environment, variables};

/// The flow after a builtin; none if the word is no builtin that is known here.
pub(super) fn run(walk: &mut Walk<'_>, name: &str, args: &[Arg], state: &State) -> Option<Flow> {
    let either = || Flow::either(state.clone());
    Some(match name {
        "cd" => cd(walk, args, state),
        "exit" => exit(walk, args, state),
        "true" | ":" => Flow { ok: Some(state.clone()), failed: None },
        "false" => Flow { ok: None, failed: Some(state.clone()) },
        // An argument that is not known is only printed; `printf -v` evaluates a subscript.
        "echo" => either(),
        "printf" => {
            printf(walk, args);
            either()
        }
        "pwd" => {
            if !args.iter().all(|arg| matches!(arg.text(), Some("-P" | "-L"))) {
                walk.effects.unknown("`pwd`: an argument that is not known");
            }
            either()
        }
        "test" | "[" => {
            condition::test(walk, name, args, state);
            either()
        }
        "read" => read(walk, args, state),
        // Alone it prints the environment, secrets included.
        "export" if args.is_empty() => {
            walk.effects.unknown("`export` alone prints the environment");
            either()
        }
        "export" => export(walk, args, state),
        // An agent's own cure: these are unset in front of every proven command in any case.
        "unset" => {
            let names = args.strip_prefix(&[Arg::Text("-v".to_owned())]).unwrap_or(args);
            let known = |arg: &Arg| arg.text().is_some_and(environment::may_be_unset);
            if names.is_empty() || !names.iter().all(known) {
                walk.effects.unknown("`unset`: a variable that may change what programs do");
            }
            either()
        }
        "set" => {
            let harmless = |text: &str| {
                matches!(
                    text,
                    "-e" | "-u"
                        | "-eu"
                        | "-x"
                        | "+e"
                        | "+x"
                        | "+u"
                        | "-ex"
                        | "-eux"
                        | "-o"
                        | "pipefail"
                        | "-euo"
                        | "-eo"
                        | "-uo"
                        | "-euxo"
                )
            };
            if args.is_empty() || !args.iter().all(|arg| arg.text().is_some_and(harmless)) {
                walk.effects.unknown("`set`: an option that is not known");
            }
            either()
        }
        "type" | "which" => {
            let plain = |arg: &Arg| {
                arg.text()
                    .is_some_and(|text| matches!(text, "-a" | "-t" | "-p" | "-P") || !text.starts_with('-'))
            };
            if !args.iter().all(plain) {
                walk.effects.unknown(format!("`{name}`: an option that is not known"));
            }
            either()
        }
        "command" => match args {
            [Arg::Text(option), Arg::Text(_)] if matches!(option.as_str(), "-v" | "-V") => either(),
            [Arg::Text(program), rest @ ..] if !program.starts_with('-') => {
                return run(walk, program, rest, state).or_else(|| {
                    walk.program(program, rest, state);
                    Some(either())
                });
            }
            _ => {
                walk.effects.unknown("`command`: an option that is not known");
                either()
            }
        },
        _ => return None,
    })
}

/// The shell ends only if it understands the number; zsh calculates any other text.
fn exit(walk: &mut Walk<'_>, args: &[Arg], state: &State) -> Flow {
    let number = |text: &String| text.len() <= 3 && text.bytes().all(|byte| byte.is_ascii_digit());
    let known = match args {
        [] => true,
        [arg @ (Arg::Text(_) | Arg::OneOf(_))] => {
            arg.texts().is_some_and(|texts| texts.iter().all(|text| !text.is_empty() && number(text)))
        }
        _ => false,
    };
    if known {
        return Flow { ok: None, failed: None };
    }
    walk.effects.unknown("`exit`: its status is not known");
    Flow::either(state.clone())
}

/// A format of which every directive only prints: `%n` sets a variable, `-v` too, and zsh calculates what is printed as
/// a number.
fn printf(walk: &mut Walk<'_>, args: &[Arg]) {
    let args = args.strip_prefix(&[Arg::Text("--".to_owned())]).unwrap_or(args);
    let Some((Arg::Text(format), values)) =
        args.split_first().filter(|(format, _)| format.text().is_some_and(|text| !text.starts_with('-')))
    else {
        return walk.effects.unknown("`printf`: its format is not known");
    };
    let (mut known, mut numbers) = (true, false);
    for part in format.replace("%%", "").split('%').skip(1) {
        let rest = part.trim_start_matches(['-', '+', ' ', '#', '0', '\'', '.']);
        let digits = rest.bytes().take_while(|byte| byte.is_ascii_digit() || *byte == b'.').count();
        let directive = rest[digits..].chars().next();
        known &= digits <= 4 && directive.is_some_and(|c| "sbcqdiouxXeEfFgG".contains(c));
        numbers |= directive.is_some_and(|c| "diouxXeEfFgGc".contains(c));
    }
    if !known {
        walk.effects.unknown("`printf`: a directive that may do more than print");
    }
    let number = |text: &String| text.bytes().all(|byte| byte.is_ascii_digit() || b"+-.".contains(&byte));
    if numbers && !values.iter().all(|arg| arg.texts().is_some_and(|texts| texts.iter().all(number))) {
        walk.effects.unknown("`printf`: a number that may be calculated");
    }
}

fn cd(walk: &mut Walk<'_>, args: &[Arg], state: &State) -> Flow {
    let target = match args {
        [Arg::Text(dashes), Arg::Text(target)] if dashes == "--" => target,
        [Arg::Text(target)] => target,
        _ => {
            walk.effects.unknown("`cd`: where it goes is not known");
            return Flow { ok: None, failed: Some(state.clone()) };
        }
    };
    let plain = target.starts_with(['/', '.']);
    if target.is_empty() || target.starts_with(['-', '+']) || !plain && walk.facts.has_variable("CDPATH") {
        walk.effects.unknown("`cd`: where it goes is not known");
    }
    match state.cd(target, walk.facts) {
        Some(next) if walk.effects.stale_from.is_some() => {
            // Judged as what is read, and so no opinion unless it is the worktree itself.
            next.cwds.iter().for_each(|cwd| walk.effects.add(Effect::Read(cwd.real.clone())));
            Flow { ok: Some(next), failed: Some(state.clone()) }
        }
        Some(next) => Flow { ok: Some(next), failed: Some(state.clone()) },
        None => {
            walk.effects.unknown(format!("`cd`: where `{target}` leads is not known"));
            Flow { ok: None, failed: Some(state.clone()) }
        }
    }
}

fn read(walk: &mut Walk<'_>, args: &[Arg], state: &State) -> Flow {
    let mut state = state.clone();
    for arg in args {
        match arg.text() {
            Some("-r") => {}
            // A subscript in the name would be evaluated.
            Some(name)
                if !name.is_empty()
                    && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_') =>
            {
                if let Err(why) = variables::settable(name, walk.facts) {
                    walk.effects.unknown(why);
                }
                if variables::is_harmless(name) {
                    walk.effects.unknown(format!("the value of `{name}` may become part of a command"));
                }
                state.variables.insert(name.to_owned(), Value::Opaque);
            }
            _ => walk.effects.unknown("`read`: an argument that is not known"),
        }
    }
    Flow::either(state)
}

fn export(walk: &mut Walk<'_>, args: &[Arg], state: &State) -> Flow {
    let mut state = state.clone();
    for arg in args {
        match arg.text().and_then(|text| text.split_once('=')) {
            Some((name, value)) if variables::is_harmless(name) && !value.contains('~') => {
                state.variables.insert(name.to_owned(), Value::OneOf(vec![value.to_owned()]));
            }
            _ => walk.effects.unknown("`export`: a variable that may change what programs do"),
        }
    }
    Flow::either(state)
}
