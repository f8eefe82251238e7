//! `find`: where it looks, which names it prints, and what it does with what it finds.

use super::below;
use super::search::reader;
use crate::approve::argument::Arg;
use crate::approve::call::Call;
use crate::approve::effect::Names;
use crate::approve::glob;

const FIND_FLAGS: &[&str] = &[
    "-o",
    "-or",
    "-a",
    "-and",
    "-not",
    "!",
    "(",
    ")",
    ",",
    "-empty",
    "-print",
    "-print0",
    "-prune",
    "-ls",
    "-quit",
    "-true",
    "-false",
    "-readable",
    "-writable",
    "-executable",
    "-depth",
    "-mount",
    "-xdev",
    "-nouser",
    "-nogroup",
    "-daystart",
];
const FIND_VALUES: &[&str] = &[
    "-name",
    "-iname",
    "-path",
    "-ipath",
    "-wholename",
    "-iwholename",
    "-regex",
    "-iregex",
    "-regextype",
    "-type",
    "-xtype",
    "-size",
    "-mtime",
    "-mmin",
    "-ctime",
    "-cmin",
    "-atime",
    "-amin",
    "-maxdepth",
    "-mindepth",
    "-perm",
    "-printf",
    "-links",
    "-inum",
    "-user",
    "-group",
];

pub(super) fn find(call: &mut Call<'_>) {
    let args = call.args;
    let first = args
        .iter()
        .position(|arg| {
            matches!(arg, Arg::Text(text) | Arg::Unmatched(text) if text.starts_with('-') || matches!(text.as_str(), "!" | "("))
        })
        .unwrap_or(args.len());
    let (roots, tests) = args.split_at(first);
    if roots.iter().any(Arg::may_be_option) || roots.iter().any(|root| matches!(root.text(), Some(")" | ",")))
    {
        return call.unknown("a starting point that may be an option");
    }
    call.read_all(roots);
    if roots.is_empty() {
        call.read(&Arg::Text(".".to_owned()));
    }
    let mut names = Names { roots: below::roots(roots), ..Names::default() };
    let mut prints = true;
    narrow(tests, &mut names);
    let mut rest = tests;
    while let Some((arg, behind)) = rest.split_first() {
        let Some(text) = arg.text() else { return call.unknown("an argument that is not known") };
        rest = behind;
        match text {
            "-ls" => prints = false,
            "-print0" => names.nul = true,
            _ if FIND_FLAGS.contains(&text) => {}
            "-newer" | "-anewer" | "-cnewer" | "-samefile" => match rest.split_first() {
                Some((file, behind)) => {
                    call.read(file);
                    rest = behind;
                }
                None => return call.unknown("a missing value"),
            },
            _ if FIND_VALUES.contains(&text) => {
                prints &= text != "-printf";
                let Some((Arg::Text(_) | Arg::OneOf(_) | Arg::Unmatched(_), behind)) = rest.split_first()
                else {
                    return call.unknown(format!("the value of `{text}` is not known"));
                };
                rest = behind;
            }
            "-exec" => {
                prints = false;
                let Some((command, behind)) = command(rest) else {
                    return call.unknown("the end of its command is not known");
                };
                rest = behind;
                reader(call, command, &names, true, false);
            }
            _ => return call.unknown(format!("`{text}` is not known")),
        }
    }
    // What ends with a newline and what ends with NUL cannot be told apart.
    let both = names.nul && tests.iter().any(|arg| arg.text() == Some("-print"));
    call.effects.prints = (prints && !both).then_some(names);
}

/// Narrows what is found by tests that hold for all of it: joined by "and", not negated, before any action.
fn narrow(tests: &[Arg], names: &mut Names) {
    let joins = |arg: &Arg| arg.text().is_none_or(|text| matches!(text, "-o" | "-or" | "," | "(" | ")"));
    if tests.iter().any(joins) {
        return;
    }
    let action =
        |arg: &Arg| arg.text().is_some_and(|text| text.starts_with("-exec") || text.starts_with("-print"));
    let end = tests.iter().position(action).unwrap_or(tests.len());
    for (index, pair) in tests[..end].windows(2).enumerate() {
        let negated = index > 0 && matches!(tests[index - 1].text(), Some("!" | "-not"));
        match (pair[0].text(), pair[1].text()) {
            // A value that looks like a test: nothing is sure.
            (Some(test), _) if index > 0 && FIND_VALUES.contains(&test) && is_value(tests, index) => {}
            (Some("-type"), Some("f")) if !negated => names.files = true,
            (Some("-name"), Some(pattern))
                if !negated && !glob::has_strange_bracket(pattern) && pattern.len() < 100 =>
            {
                names.patterns = Some(vec![pattern.to_owned()]);
            }
            _ => {}
        }
    }
}

/// Is the argument here the value of the one before?
fn is_value(tests: &[Arg], index: usize) -> bool {
    tests[index - 1].text().is_some_and(|text| FIND_VALUES.contains(&text) || text.starts_with("-newer"))
}

/// The command of `-exec`: up to `;`, or up to a `+` that stands directly behind `{}`.
fn command(args: &[Arg]) -> Option<(&[Arg], &[Arg])> {
    for (index, arg) in args.iter().enumerate() {
        let behind_name = index > 0 && args[index - 1].text() == Some("{}");
        match arg.text() {
            Some(";") => return Some((&args[..index], &args[index + 1..])),
            Some("+") if behind_name => return Some((&args[..index], &args[index + 1..])),
            None => return None,
            _ => {}
        }
    }
    None
}
