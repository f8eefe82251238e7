//! Programs that make, change, copy and remove files.

use super::{Operands, Row, by_table, copy, row};
use crate::approve::argument::Arg;
use crate::approve::call::Call;
use crate::approve::facts::Kind;

const TABLE: &[Row] = &[
    row(&["touch"], "acmd= t= r=r --no-create --date= --reference=r", Operands::Write),
    row(&["mkdir"], "pvm= --parents --verbose --mode=", Operands::Folders),
    row(&["tee"], "aip --append --ignore-interrupts", Operands::Write),
];

pub(super) fn run(call: &mut Call<'_>) -> bool {
    match call.program {
        "rm" => rm(call),
        "rmdir" => {
            // Not `-p`: it goes on upwards.
            let Some(parsed) = call.parse("v --verbose --ignore-fail-on-non-empty") else { return true };
            parsed.operands.iter().for_each(|arg| call.remove(arg));
        }
        "unlink" => {
            let Some(parsed) = call.parse("") else { return true };
            parsed.operands.iter().for_each(|arg| call.remove(arg));
        }
        "chmod" => chmod(call),
        "truncate" => truncate(call),
        "cp" => copy::cp(call),
        "mv" => copy::mv(call),
        "ln" => copy::ln(call),
        _ => return by_table(TABLE, call),
    }
    true
}

fn rm(call: &mut Call<'_>) {
    let table = "frRvdiI --force --recursive --verbose --dir --one-file-system";
    let Some(parsed) = call.parse(table) else { return };
    let recursive = parsed.has(&["r", "R", "recursive"]);
    for arg in &parsed.operands {
        // What a pattern or a loop over one gives was not named: only what git ignores.
        let named = matches!(arg, Arg::Text(_));
        match named && !recursive {
            true => call.remove(arg),
            false => call.remove_tree(arg),
        }
        if !named {
            call.require_ignored(arg);
        }
    }
}

/// To a size of a few megabytes at most.
fn truncate(call: &mut Call<'_>) {
    let Some(parsed) = call.parse("s= c --size= --no-create") else { return };
    let small = |value: &Option<Arg>| {
        value.as_ref().and_then(Arg::text).is_some_and(|text| {
            text.len() <= 7 && text.trim_end_matches('K').bytes().all(|byte| byte.is_ascii_digit())
        })
    };
    if parsed.options.iter().any(|(name, _, value)| name.starts_with('s') && !small(value)) {
        call.unknown("its size");
    }
    parsed.operands.iter().for_each(|arg| call.write(arg));
}

fn chmod(call: &mut Call<'_>) {
    // A mode that begins with a dash (`-x`) is no option.
    let (mode, files) = match call.args {
        [Arg::Text(mode), files @ ..] => (mode.as_str(), files),
        _ => return call.unknown("its mode is not known"),
    };
    // Not the bits that give a program its owner's rights.
    let octal = mode.len() == 3 && mode.bytes().all(|byte| (b'0'..=b'7').contains(&byte));
    let symbolic = mode.contains(['+', '-', '=']) && mode.bytes().all(|byte| b"ugoa+-=rwxX,".contains(&byte));
    if !octal && !symbolic || files.is_empty() {
        return call.unknown("its mode is not known");
    }
    for file in files {
        if file.may_be_option() || file.text().is_some_and(|text| text.starts_with('-')) {
            call.unknown("an option that is not known");
        }
        call.write(file);
    }
}

impl Call<'_> {
    /// Every one of these must be something that git ignores, single files too.
    fn require_ignored(&mut self, arg: &Arg) {
        for text in arg.texts().unwrap_or_default() {
            for path in self.paths(text) {
                let real = self.facts.real(&path);
                let known = real
                    .is_some_and(|real| self.facts.kind(&real) == Kind::Missing || self.facts.ignored(&real));
                if !known {
                    self.unknown(format!("a pattern matches `{text}`, which git does not ignore"));
                }
            }
        }
    }
}
