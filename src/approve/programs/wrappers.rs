//! Programs that run another one, which is judged as if it stood alone.

use crate::approve::argument::Arg;
use crate::approve::call::Call;
use crate::approve::options::{Parsed, Style};
use crate::approve::{environment, variables};

pub(super) fn run(call: &mut Call<'_>) -> bool {
    let first = |call: &mut Call<'_>, table: &str| call.parse_as(table, call.args, Style::First);
    match call.program {
        "timeout" | "gtimeout" => {
            if let Some(parsed) =
                first(call, "s= k= v --signal= --kill-after= --preserve-status --foreground --verbose")
            {
                let duration = parsed.operands.first().and_then(Arg::text).is_some_and(is_duration);
                match duration {
                    true => then(call, &parsed.operands[1..]),
                    false => call.unknown("its duration is not known"),
                }
            }
        }
        "nice" => {
            if let Some(parsed) = first(call, "n= # --adjustment=") {
                then(call, &parsed.operands);
            }
        }
        "stdbuf" => {
            if let Some(parsed) = first(call, "o= e= i= --output= --error= --input=") {
                then(call, &parsed.operands);
            }
        }
        "env" => env(call),
        _ => return false,
    }
    true
}

fn is_duration(text: &str) -> bool {
    let digits = text.trim_end_matches(['s', 'm', 'h', 'd']);
    text.len() - digits.len() <= 1
        && !digits.is_empty()
        && digits.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.')
}

fn then(call: &mut Call<'_>, command: &[Arg]) {
    match command.split_first() {
        // The shell's own words are other programs here: `env cd x`, `timeout 5 exit`.
        Some((program, args)) => match program.text() {
            Some("echo" | "true" | "false" | "pwd" | "printf") => {}
            Some("test" | "[" | "cd" | "read") | None => call.unknown("what it runs is not known"),
            Some(_) => call.delegate(program, args),
        },
        None => call.unknown("it runs nothing"),
    }
}

/// Without a program it prints the environment, secrets included.
fn env(call: &mut Call<'_>) {
    let parsed: Option<Parsed> = call.parse_as("u= --unset=", call.args, Style::First);
    let Some(parsed) = parsed else { return };
    for (name, _, value) in &parsed.options {
        let variable = value.as_ref().and_then(Arg::text);
        if !variable.is_some_and(environment::may_be_unset) {
            call.unknown(format!("`{name}`: without a variable that may change what the program does"));
        }
    }
    let assignments =
        parsed.operands.iter().take_while(|arg| arg.text().is_none_or(|text| text.contains('='))).count();
    let (assignments, command) = parsed.operands.split_at(assignments);
    for arg in assignments {
        let harmless = arg.text().and_then(|text| text.split_once('=')).is_some_and(|(name, value)| {
            variables::is_harmless(name) && variables::is_plain(value) || variables::is_quiet(name, value)
        });
        if !harmless {
            call.unknown(format!("`{}` may change what the program does", arg.show()));
        }
    }
    then(call, command);
}
