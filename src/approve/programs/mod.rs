//! What programs do with their arguments: one file a family, a table in each. What is not in one is unknown.

mod below;
mod copy;
mod ctx;
mod files;
mod find;
mod git;
mod git_files;
mod git_read;
mod git_remote;
mod go;
mod javascript;
mod javascript_tools;
mod linters;
mod marks;
mod native;
mod node;
mod other;
mod project;
mod python;
mod rust;
mod script;
mod search;
mod text;
mod wrappers;

use super::argument::Arg;
use super::call::{Call, Input};
use super::effect::Effects;

/// Adds what the call does to its effects.
pub(super) fn run(call: &mut Call<'_>) {
    if call.program.contains('/') {
        return other::by_path(call);
    }
    let families = [
        text::run,
        files::run,
        search::run,
        git::run,
        ctx::run,
        rust::run,
        javascript::run,
        python::run,
        native::run,
        go::run,
        linters::run,
        other::run,
        wrappers::run,
    ];
    let before = call.effects.found.len();
    if !families.iter().any(|family| family(call)) {
        call.effects.unknown(format!("the program `{}` is not known", call.program));
    }
    marks::mark(call, before);
    if let Input::Names(names) = &call.input
        && !names.nul
        && passes(call.program, call.args)
    {
        call.effects.prints = Some(names.clone());
    }
}

/// Does it print lines of its input as they are, and nothing else?
fn passes(program: &str, args: &[Arg]) -> bool {
    let Some(texts) = args.iter().map(Arg::text).collect::<Option<Vec<&str>>>() else { return false };
    let flags = |text: &str, known: &[u8]| {
        text.len() > 1 && text.starts_with('-') && text.bytes().skip(1).all(|byte| known.contains(&byte))
    };
    match (program, &texts[..]) {
        ("sort", texts) => texts.iter().all(|text| flags(text, b"urnVfdbi")),
        ("uniq", texts) => texts.is_empty(),
        ("head" | "tail", [] | ["-n", _]) => true,
        ("head" | "tail", [count]) => flags(count, b"n0123456789"),
        ("grep", [options @ .., pattern]) => {
            !pattern.starts_with('-') && options.iter().all(|text| flags(text, b"viEFwxG"))
        }
        _ => false,
    }
}

/// What the part of a pipe gives to the next one. `before` is the number of commands seen before it.
pub(super) fn output(effects: &Effects, before: usize) -> Input {
    match &effects.prints {
        Some(names) if effects.commands.len() == before + 1 => Input::Names(names.clone()),
        _ => Input::Text,
    }
}

/// One row: names of programs, their options, what their operands are.
pub(super) struct Row {
    pub(super) names: &'static [&'static str],
    pub(super) options: &'static str,
    pub(super) operands: Operands,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Operands {
    None,
    /// Any text; it may be unknown, as it is only printed.
    Text,
    Read,
    Write,
    Folders,
}

pub(super) const fn row(names: &'static [&'static str], options: &'static str, operands: Operands) -> Row {
    Row { names, options, operands }
}

/// Handles a program by a table's row; false if it has none.
pub(super) fn by_table(table: &[Row], call: &mut Call<'_>) -> bool {
    let Some(row) = table.iter().find(|row| row.names.contains(&call.program)) else { return false };
    let Some(parsed) = call.parse(row.options) else { return true };
    match row.operands {
        Operands::None if parsed.operands.is_empty() => {}
        Operands::None => call.unknown("takes no operand here"),
        Operands::Text => call.require_text(&parsed.operands),
        // Without an operand these three look at the current directory.
        Operands::Read if parsed.operands.is_empty() && matches!(call.program, "ls" | "tree" | "du") => {
            call.read(&Arg::Text(".".to_owned()));
        }
        Operands::Read => {
            // To the programs of binutils it stands for the arguments in a file.
            let file =
                |arg: &Arg| arg.texts().is_some_and(|texts| texts.iter().any(|text| text.starts_with('@')));
            if call.program == "strings" && parsed.operands.iter().any(file) {
                call.unknown("a file of further arguments");
            }
            call.read_all(&parsed.operands);
        }
        Operands::Write => parsed.operands.iter().for_each(|arg| call.write(arg)),
        Operands::Folders => parsed.operands.iter().for_each(|arg| call.make_folder(arg)),
    }
    true
}
