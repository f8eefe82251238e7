//! `find`: where it looks, which names it takes, and what it does with them.

use super::search::reader;
use crate::approve::argument::Arg;
use crate::approve::below::Names;
use crate::approve::call::Call;

const FIND_FLAGS: &[&str] = &[
    "-a",
    "-and",
    "-empty",
    "-prune",
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
    "-links",
    "-inum",
    "-user",
    "-group",
];

/// What is known of every file that comes as far as the next action: the tests since the last `-o` that are not
/// inside parentheses or behind a `!`.
#[derive(Default)]
struct Tests {
    /// Patterns of `-name`, one of which matches.
    names: Option<Vec<String>>,
    files_only: bool,
}

pub(super) fn run(call: &mut Call<'_>) {
    let args = call.args;
    let is_root = |arg: &Arg| match arg {
        Arg::Text(text) => !text.starts_with('-') && !matches!(text.as_str(), "!" | "(" | ")" | ","),
        // `find src/*/ -name x`: what a pattern matched.
        Arg::Many(_) | Arg::OneOf(_) => true,
        Arg::Unmatched(_) | Arg::Opaque(_) | Arg::Words => false,
    };
    let (roots, rest) = args.split_at(args.iter().position(|arg| !is_root(arg)).unwrap_or(args.len()));
    if roots.iter().any(Arg::may_be_option) {
        return call.unknown("a starting point that may be an option");
    }
    let here = [Arg::Text(".".to_owned())];
    let roots = if roots.is_empty() { &here[..] } else { roots };
    call.read_all(roots);
    let (mut tests, mut depth, mut negated, mut alternatives) = (Tests::default(), 0, false, false);
    // How its names end; none once it prints something else.
    let mut prints: Option<Option<Names>> = None;
    let mut rest = rest.iter();
    while let Some(arg) = rest.next() {
        let Some(text) = arg.text() else { return call.unknown("an argument that is not known") };
        let counts = depth == 0 && !negated;
        let was_negated = std::mem::take(&mut negated);
        match text {
            "!" | "-not" => negated = !was_negated,
            "(" => {
                if counts && tests.names.is_none() {
                    tests.names = group_of_names(rest.as_slice());
                }
                depth += 1;
            }
            ")" if depth > 0 => depth -= 1,
            "-o" | "-or" | "," if depth == 0 => (tests, alternatives) = (Tests::default(), true),
            "-o" | "-or" | "," => {}
            _ if FIND_FLAGS.contains(&text) => {}
            "-newer" | "-anewer" | "-cnewer" | "-samefile" => match rest.next() {
                Some(file) => call.read(file),
                None => return call.unknown("a missing value"),
            },
            "-name" => match rest.next().map(Arg::texts) {
                Some(Some(patterns)) if counts => tests.names = Some(patterns.to_vec()),
                Some(Some(_)) => {}
                _ => return call.unknown("the value of `-name` is not known"),
            },
            _ if FIND_VALUES.contains(&text) => match rest.next() {
                Some(Arg::Text(value)) => tests.files_only |= counts && text == "-type" && value == "f",
                Some(Arg::OneOf(_)) => {}
                _ => return call.unknown(format!("the value of `{text}` is not known")),
            },
            "-print" | "-print0" => {
                let names = Names { nul: text == "-print0", ..found(call, roots, &tests) };
                // Two kinds of names, or the same with two ends.
                prints = Some(prints.is_none().then_some(names));
            }
            "-ls" => prints = Some(None),
            "-exec" => {
                prints = Some(None);
                let Some(end) = end_of(rest.as_slice()) else {
                    return call.unknown("where its command ends is not known");
                };
                let names = found(call, roots, &tests);
                let command: Vec<Arg> = rest.by_ref().take(end).cloned().collect();
                // The `;` or `+`.
                rest.next();
                reader(call, &command, names, false);
            }
            _ => return call.unknown(format!("`{text}` is not known")),
        }
    }
    let all = if alternatives { Tests::default() } else { tests };
    match prints {
        None => {
            let names = found(call, roots, &all);
            call.prints(names);
        }
        Some(Some(names)) => call.prints(names),
        Some(None) => {}
    }
}

fn found(call: &Call<'_>, roots: &[Arg], tests: &Tests) -> Names {
    let names = Names { files_only: tests.files_only, ..Names::below(call, roots) };
    match &tests.names {
        Some(patterns) => names.only(patterns.iter().map(String::as_str)),
        None => names,
    }
}

/// How many words the command of an `-exec` has: up to `;`, or to a `+` directly behind `{}`.
fn end_of(rest: &[Arg]) -> Option<usize> {
    rest.iter().enumerate().position(|(at, arg)| match arg.text() {
        Some(";") => true,
        Some("+") => at > 0 && rest[at - 1].text() == Some("{}"),
        _ => false,
    })
}

/// The patterns of a group that is nothing but `-name A -o -name B …`, from behind its parenthesis on.
fn group_of_names(rest: &[Arg]) -> Option<Vec<String>> {
    let mut patterns = Vec::new();
    let mut rest = rest.iter();
    loop {
        match (rest.next()?.text()?, rest.next()?) {
            ("-name", pattern) => patterns.extend_from_slice(pattern.texts()?),
            _ => return None,
        }
        match rest.next()?.text()? {
            ")" => return Some(patterns),
            "-o" | "-or" => {}
            _ => return None,
        }
    }
}
