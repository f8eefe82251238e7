//! `grep`, `rg`, `fd`, `xargs`: what they search, and what is done with what they find.

use super::below::{self, Way};
use super::find;
use crate::approve::argument::Arg;
use crate::approve::call::{Call, Input};
use crate::approve::effect::Names;
use crate::approve::glob;
use crate::approve::options::{Parsed, Style};

const GREP: &str = "EFGPivwxcnHhlLoqsrRabUzZyTe! f=r A= B= C= m= d= D= # --include= --exclude= --exclude-dir= --color? --colour? --line-number --ignore-case --recursive --files-with-matches --files-without-match --count --only-matching --invert-match --word-regexp --line-regexp --fixed-strings --extended-regexp --perl-regexp --basic-regexp --regexp! --file=r --max-count= --after-context= --before-context= --context= --no-filename --with-filename --quiet --silent --no-messages --text --binary-files= --null --null-data --line-buffered --initial-tab --label= --byte-offset";
// Not `--pre`, `--hostname-bin`, `-z`: they run programs; not `-L`: it leaves the tree by links.
const RG: &str = "isSFvwxclnNopqHhIUu.a0Pbe! f=r g= t= T= A= B= C= m= j= M= r= d= E= --files --hidden --no-ignore --no-ignore-vcs --glob= --iglob= --type= --type-not= --json --stats --multiline --multiline-dotall --pcre2 --sort= --sortr= --max-depth= --max-count= --max-columns= --heading --no-heading --line-number --no-line-number --color= --count --count-matches --files-with-matches --files-without-match --fixed-strings --word-regexp --smart-case --ignore-case --case-sensitive --only-matching --replace= --passthru --null --trim --vimgrep --with-filename --no-filename --type-list --regexp! --file=r --after-context= --before-context= --context= --context-separator= --no-messages --pretty --quiet --unrestricted --text --one-file-system --threads= --version --max-filesize= --crlf --column --byte-offset --invert-match --line-regexp --no-config --include-zero --engine=";
const FD: &str = "HIsigalp0uF1t= e= E= d= c= S= j= --hidden --no-ignore --glob --type= --extension= --exclude= --max-depth= --min-depth= --color= --absolute-path --full-path --fixed-strings --max-results= --size= --changed-within= --changed-before= --print0";

/// Programs that read the files they are given, and do nothing else, whatever further operands they get.
const READERS: &[&str] = &["grep", "egrep", "fgrep", "rg", "cat", "head", "tail"];
/// The same, and print nothing of what is in them.
const COUNTERS: &[&str] = &["wc", "ls", "stat", "file", "basename", "dirname", "sha256sum", "md5sum", "du"];

pub(super) fn run(call: &mut Call<'_>) -> bool {
    match call.program {
        "grep" | "egrep" | "fgrep" => grep(call),
        "rg" => rg(call),
        "fd" | "fdfind" => {
            let Some(parsed) = call.parse(FD) else { return true };
            let roots = search(call, &parsed, &[]);
            if !parsed.has(&["l"]) {
                let nul = parsed.has(&["0", "print0"]);
                call.effects.prints = Some(Names { roots, nul, ..Names::default() });
            }
        }
        "find" => find::find(call),
        "xargs" => xargs(call),
        _ => return false,
    }
    true
}

/// What it searches. The first operand is the pattern unless an option gave one.
fn search(call: &mut Call<'_>, parsed: &Parsed, without: &[&str]) -> Vec<String> {
    let given = parsed.has(&["e", "f", "regexp", "file"]) || parsed.has(without);
    let files = match (given, parsed.operands.split_first()) {
        (true, _) => &parsed.operands[..],
        (false, Some((Arg::Many(_) | Arg::Words, _))) => {
            call.unknown("its pattern is not known");
            &[]
        }
        (false, Some((_, files))) => files,
        (false, None) => &[],
    };
    call.read_all(files);
    if files.is_empty() {
        call.read(&Arg::Text(".".to_owned()));
    }
    below::roots(files)
}

/// The values of options; none if one is no plain pattern of names.
fn patterns(parsed: &Parsed, names: &[&str]) -> Option<Vec<String>> {
    let given = parsed.options.iter().filter(|(name, ..)| names.contains(&name.as_str()));
    let plain = |text: &&str| {
        !text.contains(['/', '{', '!', '\\', '(']) && !glob::has_strange_bracket(text) && text.len() < 100
    };
    let mut found = Vec::new();
    for (.., value) in given {
        for text in in_braces(value.as_ref()?.text()?) {
            found.push(Some(text).filter(|text| plain(&text.as_str()))?);
        }
    }
    (!found.is_empty()).then_some(found)
}

/// `*.{ts,tsx}` as ripgrep takes it; to others it is a text that no file's name has.
fn in_braces(pattern: &str) -> Vec<String> {
    match pattern.strip_suffix('}').and_then(|rest| rest.split_once('{')) {
        Some((before, inner)) => inner.split(',').map(|part| format!("{before}{part}")).collect(),
        None => vec![pattern.to_owned()],
    }
}

fn grep(call: &mut Call<'_>) {
    let Some(parsed) = call.parse(GREP) else { return };
    let roots = search(call, &parsed, &[]);
    let recursive = parsed.has(&["r", "R", "recursive"])
        || parsed.options.iter().any(|(name, ..)| matches!(name.as_str(), "d" | "directories"));
    // Behind an `--exclude`, what matches neither is searched too.
    let included = if parsed.has(&["exclude"]) { None } else { patterns(&parsed, &["include"]) };
    let names = Names { roots, patterns: included, ..Names::default() };
    let plain = &[
        "l",
        "L",
        "files-with-matches",
        "files-without-match",
        "r",
        "recursive",
        "i",
        "ignore-case",
        "w",
        "x",
        "E",
        "F",
        "P",
        "G",
        "e",
        "s",
        "I",
        "include",
        "exclude",
        "exclude-dir",
        "Z",
        "null",
        "n",
    ];
    let lists = parsed.has(&["l", "L", "files-with-matches", "files-without-match"]);
    if lists && (recursive || parsed.operands.len() > 1) && parsed.only(plain) {
        let nul = parsed.has(&["Z", "null"]);
        call.effects.prints = Some(Names { nul, ..names.clone() });
    }
    if recursive {
        // `-R` follows every link it meets.
        let follows = parsed.has(&["R"]);
        let skipped = patterns(&parsed, &["exclude-dir"]).unwrap_or_default();
        let way = Way { names, content: true, links: follows, follows, skipped, ..Way::default() };
        below::look(call, &way);
    }
}

fn rg(call: &mut Call<'_>) {
    let Some(parsed) = call.parse(RG) else { return };
    let roots = search(call, &parsed, &["files", "type-list", "version"]);
    // A pattern brings back what is hidden or ignored.
    let globs = parsed.has(&["g", "glob", "iglob"]);
    let patterns = if parsed.has(&["iglob"]) { None } else { patterns(&parsed, &["g", "glob"]) };
    let unrestricted = globs || parsed.has(&["u", "unrestricted"]);
    let names = Names {
        roots,
        patterns,
        nul: parsed.has(&["0", "null"]),
        files: true,
        listed: !unrestricted && !parsed.has(&["no-ignore", "no-ignore-vcs", "I"]),
        gone: false,
    };
    let plain = &[
        "l",
        "files-with-matches",
        "files",
        "files-without-match",
        "g",
        "glob",
        "i",
        "t",
        "T",
        "e",
        "F",
        "w",
        "S",
        "u",
        ".",
        "hidden",
        "no-ignore",
        "type",
        "type-not",
        "0",
        "null",
        "sort",
        "n",
    ];
    if parsed.has(&["l", "files-with-matches", "files", "files-without-match"]) && parsed.only(plain) {
        call.effects.prints = Some(names.clone());
    }
    if !parsed.has(&["files", "type-list", "version"]) {
        below::look(call, &Way { names, content: true, ..Way::default() });
    }
}

/// A program that is given names of files in the worktree, and only reads. `placed`: `{}` stands for a name.
pub(super) fn reader(call: &mut Call<'_>, command: &[Arg], names: &Names, placed: bool, whole: bool) {
    let Some((program, args)) = command.split_first() else { return call.unknown("no program") };
    let name = program.text().unwrap_or_default();
    let content = READERS.contains(&name);
    if !content && !COUNTERS.contains(&name) {
        return call.unknown("it runs another program for each file");
    }
    // A name that git has may be an option to run programs: `--pre=sh`.
    if names.gone && name == "rg" {
        return call.unknown("names that git has may be options");
    }
    // Inside a larger word a name is the beginning of another path.
    let holds = |arg: &Arg| arg.texts().is_none_or(|texts| texts.iter().any(|text| text.contains("{}")));
    if placed && args.iter().any(|arg| arg.text() != Some("{}") && holds(arg)) {
        return call.unknown("`{}` is a part of a word");
    }
    // What is found may be a folder, and everything below it is read then.
    let recursive = args.iter().filter_map(Arg::text).any(|text| {
        text.starts_with("--recursive")
            || text.starts_with("--directories")
            || text.starts_with('-') && !text.starts_with("--") && text.contains(['r', 'R', 'd'])
    });
    let mut way = Way {
        names: names.clone(),
        content,
        links: true,
        follows: content && recursive,
        whole,
        ..Way::default()
    };
    if content && (recursive || name == "rg") && !names.files {
        (way.names.patterns, way.names.listed) = (None, false);
    }
    below::look(call, &way);
    // A name comes with its folder, so it cannot be an option.
    let found = |arg: &Arg| match arg.text() {
        Some("{}") if placed => Arg::Text("./found".to_owned()),
        _ => arg.clone(),
    };
    let args: Vec<Arg> = args.iter().map(found).collect();
    call.delegate(program, &args);
}

/// `xargs` with names from a program that only prints names of files here.
fn xargs(call: &mut Call<'_>) {
    // The values of these two stand in the same word.
    let table = "0rtn= L= P= I= d= l? --null --no-run-if-empty --max-args= --max-procs= --delimiter= --max-lines? --verbose";
    let Some(parsed) = call.parse_as(table, call.args, Style::First) else { return };
    let Input::Names(names) = call.input.clone() else {
        return call.unknown("what it gives to the program is not known");
    };
    let delimiter = parsed.options.iter().rfind(|(name, ..)| matches!(name.as_str(), "d" | "delimiter"));
    let lines = match delimiter {
        None => true,
        Some((.., value)) => matches!(value.as_ref().and_then(Arg::text), Some("\\n" | "\n")) && !names.nul,
    };
    if parsed.has(&["0", "null"]) != names.nul || !lines {
        return call.unknown("it takes the names apart elsewhere than they end");
    }
    let mut command = parsed.operands.clone();
    let placed = parsed.has(&["I"]);
    if placed {
        let mut given = parsed.options.iter().filter(|(name, ..)| name == "I");
        if !given.all(|(.., value)| value.as_ref().and_then(Arg::text) == Some("{}")) {
            return call.unknown("its placeholder is not `{}`");
        }
    } else {
        command.push(Arg::Text("./found".to_owned()));
    }
    let root = call.territory.own.as_ref().map(|own| own.root.as_path());
    if call.effects.makes_strange_names(root) {
        return call.unknown("a name that is made before may be taken for more than a name");
    }
    // Names at the top level come without a folder, and may begin with a dash.
    let dashes = call.state.cwds.iter().any(|cwd| {
        call.facts.names(&cwd.real).is_none_or(|names| names.iter().any(|name| name.starts_with('-')))
    });
    if dashes {
        return call.unknown("a file's name here may be taken for an option");
    }
    reader(call, &command, &names, placed, !names.nul);
    // What it prints comes from files that only stood for others here.
    call.effects.prints = None;
}
