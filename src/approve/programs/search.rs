//! `grep`, `rg`, `fd`: what they search; `xargs`: what it does with the names it is given.

use super::{find, passes_names_on};
use crate::approve::argument::Arg;
use crate::approve::below::Names;
use crate::approve::call::{Call, Input};
use crate::approve::options::{Parsed, Style};

const GREP: &str = "EFGPivwxcnHhlLoqsrRabUzZyTe! f=r A= B= C= m= d= D= # --include= --exclude= --exclude-dir= --color? --colour? --line-number --ignore-case --recursive --files-with-matches --files-without-match --count --only-matching --invert-match --word-regexp --line-regexp --fixed-strings --extended-regexp --perl-regexp --basic-regexp --regexp! --file=r --max-count= --after-context= --before-context= --context= --no-filename --with-filename --quiet --silent --no-messages --text --binary-files= --null --null-data --line-buffered --initial-tab --label= --byte-offset";
// Not `--pre`, `--hostname-bin`, `-z`: they run programs; not `-L`: it leaves the tree by links.
const RG: &str = "isSFvwxclnNopqHhIUu.a0Pbe! f=r g= t= T= A= B= C= m= j= M= r= d= E= --files --hidden --no-ignore --no-ignore-vcs --glob= --iglob= --type= --type-not= --json --stats --multiline --multiline-dotall --pcre2 --sort= --sortr= --max-depth= --max-count= --max-columns= --heading --no-heading --line-number --no-line-number --color= --count --count-matches --files-with-matches --files-without-match --fixed-strings --word-regexp --smart-case --ignore-case --case-sensitive --only-matching --replace= --passthru --null --trim --vimgrep --with-filename --no-filename --type-list --regexp! --file=r --after-context= --before-context= --context= --context-separator= --no-messages --pretty --quiet --unrestricted --text --one-file-system --threads= --version --max-filesize= --crlf --column --byte-offset --invert-match --line-regexp --no-config --include-zero --engine=";
const FD: &str = "HIsigalp0uF1t= e= E= d= c= S= j= --hidden --no-ignore --glob --type= --extension= --exclude= --max-depth= --min-depth= --color= --absolute-path --full-path --fixed-strings --max-results= --size= --changed-within= --changed-before= --print0";

/// Programs that read the files they are given, and do nothing else, whatever further operands they get.
const READERS: &[&str] = &[
    "grep",
    "egrep",
    "fgrep",
    "rg",
    "wc",
    "cat",
    "head",
    "tail",
    "ls",
    "stat",
    "file",
    "basename",
    "dirname",
    "sha256sum",
    "md5sum",
    "du",
];

/// With one of these, `-l` still prints names and nothing else.
const GREP_NAMES: &[&str] = &[
    "l",
    "L",
    "files-with-matches",
    "files-without-match",
    "r",
    "R",
    "recursive",
    "i",
    "ignore-case",
    "w",
    "word-regexp",
    "x",
    "line-regexp",
    "v",
    "invert-match",
    "E",
    "F",
    "G",
    "P",
    "extended-regexp",
    "fixed-strings",
    "basic-regexp",
    "perl-regexp",
    "e",
    "regexp",
    "f",
    "file",
    "s",
    "no-messages",
    "I",
    "include",
    "exclude",
    "exclude-dir",
    "Z",
    "null",
];
const RG_NAMES: &[&str] = &[
    "l",
    "files-with-matches",
    "files-without-match",
    "files",
    "i",
    "ignore-case",
    "s",
    "S",
    "smart-case",
    "F",
    "fixed-strings",
    "w",
    "word-regexp",
    "v",
    "x",
    "e",
    "regexp",
    "g",
    "glob",
    "t",
    "T",
    "type",
    "type-not",
    "hidden",
    "u",
    ".",
    "no-ignore",
    "0",
    "null",
    "U",
    "multiline",
    "P",
    "pcre2",
    "max-depth",
    "d",
];
const FD_NAMES: &[&str] = &[
    "H",
    "I",
    "hidden",
    "no-ignore",
    "s",
    "i",
    "g",
    "glob",
    "F",
    "fixed-strings",
    "p",
    "full-path",
    "t",
    "type",
    "e",
    "extension",
    "E",
    "exclude",
    "d",
    "max-depth",
    "min-depth",
    "0",
    "print0",
    "1",
    "max-results",
    "S",
    "size",
    "changed-within",
    "changed-before",
];

pub(super) fn run(call: &mut Call<'_>) -> bool {
    match call.program {
        "grep" | "egrep" | "fgrep" => grep(call),
        "rg" => rg(call),
        "fd" | "fdfind" => {
            let Some(parsed) = call.parse(FD) else { return true };
            let roots = search(call, &parsed, &[]);
            if parsed.only(FD_NAMES) {
                let nul = parsed.has(&["0", "print0"]);
                call.prints(Names { nul, ..roots });
            }
        }
        "find" => find::run(call),
        "xargs" => xargs(call),
        _ => return false,
    }
    true
}

fn values<'a>(parsed: &'a Parsed, names: &'a [&str]) -> impl Iterator<Item = &'a str> {
    let given = parsed.options.iter().filter(|(name, ..)| names.contains(&name.as_str()));
    given.filter_map(|(.., value)| value.as_ref().and_then(Arg::text))
}

fn grep(call: &mut Call<'_>) {
    let Some(parsed) = call.parse(GREP) else { return };
    // `-d recurse` and `-D` are other ways to go on below.
    if parsed.has(&["d", "D"]) {
        return call.unknown("what it does with folders is not known");
    }
    let recursive = parsed.has(&["r", "R", "recursive"]);
    let bare = operands(&parsed, &[]).is_some_and(<[Arg]>::is_empty);
    let names = match bare && !recursive {
        // Lines of its input.
        true => {
            passes_names_on(
                call,
                &parsed,
                &["e", "v", "E", "F", "G", "P", "i", "w", "x", "regexp", "invert-match"],
            );
            return search_text(call, &parsed);
        }
        false => search(call, &parsed, &[]).only(values(&parsed, &["include"])),
    };
    let passed_over = values(&parsed, &["exclude-dir"]).map(str::to_owned).collect();
    let names = Names { passed_over, nul: parsed.has(&["Z", "null"]), ..names };
    if recursive {
        // `-R` follows every link it meets.
        call.reads_below(&names, parsed.has(&["R"]), false);
    }
    if parsed.has(&["l", "L", "files-with-matches", "files-without-match"]) && parsed.only(GREP_NAMES) {
        call.prints(names);
    }
}

/// A pattern, and nothing else to read.
fn search_text(call: &mut Call<'_>, parsed: &Parsed) {
    if operands(parsed, &[]).is_none() {
        call.unknown("its pattern is not known");
    }
}

fn rg(call: &mut Call<'_>) {
    let Some(parsed) = call.parse(RG) else { return };
    let without = ["files", "type-list", "version"];
    // It searches what it is fed.
    if call.fed && !parsed.has(&without) && operands(&parsed, &[]).is_some_and(<[Arg]>::is_empty) {
        return;
    }
    let names = search(call, &parsed, &without);
    let globs: Vec<&str> = values(&parsed, &["g", "glob"]).filter(|glob| !glob.starts_with('!')).collect();
    // A pattern that is given takes in what is hidden or ignored.
    let everything = parsed.has(&["hidden", "no-ignore", "no-ignore-vcs", "u", ".", "unrestricted", "iglob"])
        || !globs.is_empty();
    let nul = parsed.has(&["0", "null"]);
    let names = Names { visible_only: !everything, by_git: !everything, nul, ..names }.only(globs);
    if !parsed.has(&without) {
        call.reads_below(&names, false, false);
    }
    if parsed.has(&["l", "files-with-matches", "files", "files-without-match"]) && parsed.only(RG_NAMES) {
        call.prints(names);
    }
}

/// The files among the operands: the first one is the pattern unless an option gave one. None if that is not known.
fn operands<'a>(parsed: &'a Parsed, without: &[&str]) -> Option<&'a [Arg]> {
    let given = parsed.has(&["e", "f", "regexp", "file"]) || parsed.has(without);
    match (given, parsed.operands.split_first()) {
        (true, _) => Some(&parsed.operands),
        (false, Some((Arg::Many(_) | Arg::Words, _))) => None,
        (false, Some((_, files))) => Some(files),
        (false, None) => Some(&[]),
    }
}

/// Reads the files among the operands, or the current directory; all names below them.
fn search(call: &mut Call<'_>, parsed: &Parsed, without: &[&str]) -> Names {
    let Some(files) = operands(parsed, without) else {
        call.unknown("its pattern is not known");
        return Names::here(call);
    };
    call.read_all(files);
    if !files.is_empty() {
        return Names::below(call, files);
    }
    call.read(&Arg::Text(".".to_owned()));
    Names::here(call)
}

/// A program that is given names of files, and only reads.
pub(super) fn reader(call: &mut Call<'_>, command: &[Arg], mut names: Names, splits: bool) {
    let Some((program, args)) = command.split_first() else { return call.unknown("no program") };
    let Some(name) = program.text().filter(|name| READERS.contains(name)) else {
        return call.unknown("it runs another program for each file");
    };
    // Folders that it is given are read whole.
    let recursive = |arg: &Arg| {
        arg.text().is_none_or(|text| {
            text == "--recursive"
                || !text.starts_with("--") && text.starts_with('-') && text.contains(['r', 'R'])
        })
    };
    let whole = name == "rg" || name.ends_with("grep") && args.iter().any(recursive);
    if whole && !names.files_only {
        names.patterns.clear();
        names.passed_over.clear();
    }
    call.reads_below(&names, true, splits);
    // A name comes with its folder, so it cannot be an option.
    let mut given = Vec::new();
    for arg in args {
        given.push(match arg.texts() {
            Some([text]) if text == "{}" => Arg::Text("./found".to_owned()),
            Some(texts) if texts.iter().any(|text| text.contains("{}")) => {
                return call.unknown("a path that is made of the found one");
            }
            _ => arg.clone(),
        });
    }
    call.delegate(program, &given);
}

/// `xargs` with names from a program that only prints names of files.
fn xargs(call: &mut Call<'_>) {
    let table = "0rtn= L= P= I= d= --null --no-run-if-empty --max-args= --max-procs= --delimiter= --verbose";
    let Some(parsed) = call.parse_as(table, call.args, Style::First) else { return };
    let Input::Names(list) = call.input else {
        return call.unknown("what it gives to the program is not known");
    };
    let names = call.effects.lists[list].clone();
    let nul = parsed.has(&["0", "null"]);
    if nul != names.nul || parsed.has(&["d", "delimiter"]) {
        return call.unknown("it does not end names where they end");
    }
    let mut command = parsed.operands.clone();
    if parsed.has(&["I"]) {
        let name = parsed.options.iter().find(|(name, ..)| name == "I").and_then(|(.., value)| value.clone());
        if name.as_ref().and_then(Arg::text) != Some("{}") {
            return call.unknown("its placeholder is not `{}`");
        }
    } else {
        command.push(Arg::Text("{}".to_owned()));
    }
    // Names at the top level come without a folder, and may begin with a dash.
    let dashes = call.state.cwds.iter().any(|cwd| {
        call.facts.names(&cwd.real).is_none_or(|names| names.iter().any(|name| name.starts_with('-')))
    });
    if dashes {
        return call.unknown("a file's name here may be taken for an option");
    }
    reader(call, &command, names, !nul);
}
