//! `grep`, `rg`, `fd`, `find`: what they search, and what `find` does with what it finds.

use crate::approve::argument::Arg;
use crate::approve::call::Call;
use crate::approve::effect::Effect;
use crate::approve::facts::Kind;
use crate::approve::options::Parsed;

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

pub(super) fn run(call: &mut Call<'_>) -> bool {
    let here = [Arg::Text(".".to_owned())];
    match call.program {
        "grep" | "egrep" | "fgrep" => {
            let Some(parsed) = call.parse(GREP) else { return true };
            call.effects.prints_names = parsed.has(&["l", "L", "files-with-matches", "files-without-match"]);
            search(call, &parsed, &[]);
            // `-R` follows every link it meets.
            if parsed.has(&["R"]) {
                let roots = parsed.operands.get(1..).unwrap_or_default().to_vec();
                links(call, if roots.is_empty() { &here } else { &roots });
            }
        }
        "rg" => {
            let Some(parsed) = call.parse(RG) else { return true };
            call.effects.prints_names =
                parsed.has(&["l", "files-with-matches", "files", "files-without-match"]);
            search(call, &parsed, &["files", "type-list", "version"]);
        }
        "fd" | "fdfind" => {
            let Some(parsed) = call.parse(FD) else { return true };
            call.effects.prints_names = true;
            search(call, &parsed, &[]);
        }
        "find" => find(call),
        "xargs" => xargs(call),
        _ => return false,
    }
    true
}

/// The first operand is the pattern unless an option gave one.
fn search(call: &mut Call<'_>, parsed: &Parsed, without: &[&str]) {
    let given = parsed.has(&["e", "f", "regexp", "file"]) || parsed.has(without);
    let files = match (given, parsed.operands.split_first()) {
        (true, _) => &parsed.operands[..],
        (false, Some((Arg::Many(_) | Arg::Words, _))) => return call.unknown("its pattern is not known"),
        (false, Some((_, files))) => files,
        (false, None) => &[],
    };
    call.read_all(files);
    if files.is_empty() {
        call.read(&Arg::Text(".".to_owned()));
    }
}

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

fn find(call: &mut Call<'_>) {
    let args = call.args;
    let first = args
        .iter()
        .position(|arg| {
            arg.text().is_none_or(|text| text.starts_with('-') || matches!(text, "!" | "(" | ")"))
        })
        .unwrap_or(args.len());
    let (mut roots, mut rest) = args.split_at(first);
    // `find src/*/ -name x`: what a pattern matched.
    while let [arg @ (Arg::Many(_) | Arg::OneOf(_)), more @ ..] = rest {
        if arg.may_be_option() {
            return call.unknown("a starting point that may be an option");
        }
        call.read(arg);
        rest = more;
        roots = &args[..0];
    }
    call.read_all(roots);
    if first == 0 && roots.is_empty() {
        call.read(&Arg::Text(".".to_owned()));
    }
    call.effects.prints_names = true;
    let here = [Arg::Text(".".to_owned())];
    let files_only =
        rest.windows(2).any(|pair| pair[0].text() == Some("-type") && pair[1].text() == Some("f"));
    let mut rest = rest.iter();
    while let Some(arg) = rest.next() {
        let Some(text) = arg.text() else { return call.unknown("an argument that is not known") };
        match text {
            _ if FIND_FLAGS.contains(&text) => {}
            "-newer" | "-anewer" | "-cnewer" | "-samefile" => match rest.next() {
                Some(file) => call.read(file),
                None => return call.unknown("a missing value"),
            },
            _ if FIND_VALUES.contains(&text) => {
                call.effects.prints_names &= text != "-printf";
                if !matches!(rest.next(), Some(Arg::Text(_) | Arg::OneOf(_))) {
                    return call.unknown(format!("the value of `{text}` is not known"));
                }
            }
            "-exec" => {
                if !files_only {
                    links(call, if roots.is_empty() { &here } else { roots });
                }
                call.effects.prints_names = false;
                let command: Vec<Arg> =
                    rest.by_ref().take_while(|arg| !matches!(arg.text(), Some(";" | "+"))).cloned().collect();
                reader(call, &command);
            }
            _ => return call.unknown(format!("`{text}` is not known")),
        }
    }
}

/// More files than these are not looked at for links.
const MOST_FILES: usize = 3000;

/// No link below these leads out of the repository: a program that follows links would read there.
fn links(call: &mut Call<'_>, roots: &[Arg]) {
    let texts: Vec<String> =
        roots.iter().flat_map(|root| root.texts().unwrap_or_default().to_vec()).collect();
    let mut left: Vec<_> = texts.iter().flat_map(|text| call.paths(text)).collect();
    let mut count = 0;
    while let Some(path) = left.pop() {
        count += 1;
        if count > MOST_FILES {
            return call.unknown("there are too many files to look for links");
        }
        match call.facts.kind(&path) {
            Kind::Link => call.effects.add(Effect::Read(path)),
            Kind::Folder => {
                left.extend(call.facts.names(&path).unwrap_or_default().iter().map(|name| path.join(name)));
            }
            _ => {}
        }
    }
}

/// A program that is given names of files in the worktree, and only reads.
fn reader(call: &mut Call<'_>, command: &[Arg]) {
    let Some((program, args)) = command.split_first() else { return call.unknown("no program") };
    if !program.text().is_some_and(|program| READERS.contains(&program)) {
        return call.unknown("it runs another program for each file");
    }
    // A name comes with its folder, so it cannot be an option.
    let args: Vec<Arg> = args
        .iter()
        .map(|arg| match arg.text() {
            Some("{}") => Arg::Text("./found".to_owned()),
            _ => arg.clone(),
        })
        .collect();
    call.delegate(program, &args);
}

/// `xargs` with names from a program that only prints names of files here.
fn xargs(call: &mut Call<'_>) {
    let table = "0rtn= L= P= I= d= --null --no-run-if-empty --max-args= --max-procs= --delimiter= --max-lines= --verbose";
    let Some(parsed) = call.parse_as(table, call.args, crate::approve::options::Style::First) else { return };
    if call.input != crate::approve::call::Input::Names {
        return call.unknown("what it gives to the program is not known");
    }
    let mut command = parsed.operands.clone();
    if parsed.has(&["I"]) {
        let name = parsed.options.iter().find(|(name, ..)| name == "I").and_then(|(.., value)| value.clone());
        if name.as_ref().and_then(Arg::text) != Some("{}") {
            return call.unknown("its placeholder is not `{}`");
        }
    } else {
        command.push(Arg::Text("./found".to_owned()));
    }
    // Names at the top level come without a folder, and may begin with a dash.
    let dashes = call.state.cwds.iter().any(|cwd| {
        call.facts.names(&cwd.real).is_none_or(|names| names.iter().any(|name| name.starts_with('-')))
    });
    if dashes {
        return call.unknown("a file's name here may be taken for an option");
    }
    links(call, &[Arg::Text(".".to_owned())]);
    reader(call, &command);
}
