//! Programs that read files or standard input and print, and little ones that only print.

use super::below::{self, Way};
use super::{Operands, Row, by_table, row, script};
use crate::approve::argument::Arg;
use crate::approve::call::Call;
use crate::approve::effect::Names;

const TABLE: &[Row] = &[
    // To BSD's, `-I`, `-w` and `-T` are flags: what stands behind them is looked at as a file.
    row(
        &["ls"],
        "aAbBcCdFgGhiklmnopqQrRsStuUvxX1Z I? w? T? --all --almost-all --color? --human-readable --recursive --reverse --sort= --time= --time-style= --full-time --size --inode --directory --classify? --group-directories-first --ignore= --hide= --format= --si --no-group --numeric-uid-gid --file-type --width= --tabsize=",
        Operands::Read,
    ),
    row(
        &["cat"],
        "AbeEnstTuv --number --show-all --number-nonblank --squeeze-blank --show-ends --show-tabs",
        Operands::Read,
    ),
    row(&["head"], "n= c= qvz # --lines= --bytes= --quiet --silent --verbose", Operands::Read),
    row(&["wc"], "clmwL --lines --words --chars --bytes --max-line-length", Operands::Read),
    row(&["nl"], "b= n= w= s= v= --body-numbering=", Operands::Read),
    row(&["tac", "rev"], "", Operands::Read),
    row(&["fold"], "w= sb --width= --spaces", Operands::Read),
    row(
        &["cut"],
        "d= f= c= b= sz --delimiter= --fields= --characters= --bytes= --output-delimiter= --complement --only-delimited",
        Operands::Read,
    ),
    row(&["paste"], "d= sz --delimiters= --serial", Operands::Read),
    row(&["tr"], "cCdst --delete --squeeze-repeats --complement", Operands::Text),
    row(&["column"], "ts= o= nxc= N= J --table --separator= --output-separator=", Operands::Read),
    row(&["expand", "unexpand"], "t= ia --tabs=", Operands::Read),
    row(&["comm"], "123 --output-delimiter= --total", Operands::Read),
    row(&["join"], "t= 1= 2= a= o= e= iv= j=", Operands::Read),
    // Not `-T`, `--compress-program`, `--files0-from`: other places, other programs, other files.
    row(
        &["sort"],
        "bdfgihMnrRVcCmsuzk= t= o=w --key= --field-separator= --numeric-sort --reverse --unique --stable --human-numeric-sort --version-sort --ignore-case --general-numeric-sort --dictionary-order --month-sort --sort= --zero-terminated --check? --output=w",
        Operands::Read,
    ),
    row(
        &["diff"],
        "abBdeEiNpqrstTuwyZC= U= W= I= x= --brief --recursive --unified? --context? --color? --exclude= --ignore-all-space --ignore-space-change --ignore-blank-lines --ignore-case --side-by-side --label= --new-file --text --minimal --width= --strip-trailing-cr --report-identical-files --suppress-common-lines c",
        Operands::Read,
    ),
    row(&["cmp"], "bls n= i= --silent --quiet --verbose", Operands::Read),
    row(
        &["md5sum", "sha1sum", "sha224sum", "sha256sum", "sha384sum", "sha512sum", "b2sum", "cksum", "sum"],
        "bt --tag",
        Operands::Read,
    ),
    row(&["shasum"], "a= bt", Operands::Read),
    row(&["stat"], "c= ft --format= --printf= --terse --file-system", Operands::Read),
    row(&["file"], "bi --brief --mime --mime-type --mime-encoding", Operands::Read),
    row(
        &["du"],
        "ahsckmbxd= --max-depth= --summarize --human-readable --exclude= --apparent-size --all --total",
        Operands::Read,
    ),
    row(&["df"], "hTik", Operands::Read),
    // Not `-o` and `-R`: they write.
    row(
        &["tree"],
        "adfiL= P= I= shpugDCnJX --dirsfirst --noreport --gitignore --prune --filelimit= --charset= --du",
        Operands::Read,
    ),
    row(&["realpath"], "emszP --relative-to=r --relative-base=r", Operands::Read),
    row(&["readlink"], "femn --canonicalize", Operands::Read),
    row(&["od"], "A= t= cxbdoN= j= v", Operands::Read),
    row(&["hexdump"], "Cbcdox n= s= v", Operands::Read),
    row(&["strings"], "n= at= e= #", Operands::Read),
    row(&["base64", "base32"], "dw= i --decode --wrap= --ignore-garbage", Operands::Read),
    row(&["cloc", "tokei", "scc"], "", Operands::Read),
    row(&["basename"], "as= z --suffix= --multiple --zero", Operands::Text),
    row(&["dirname"], "z --zero", Operands::Text),
    row(&["whoami", "hostname", "tty", "logname", "groups", "uptime", "arch"], "", Operands::None),
    row(&["nproc"], "--all", Operands::None),
    row(&["id"], "ugnGr", Operands::None),
    row(&["uname"], "asrmnpov", Operands::None),
];

pub(super) fn run(call: &mut Call<'_>) -> bool {
    match call.program {
        "diff" => diff(call),
        "seq" => seq(call),
        "tail" => tail(call),
        "sleep" => sleep(call),
        "tar" => tar(call),
        "uniq" => uniq(call),
        "xxd" => xxd(call),
        "date" => date(call),
        "sed" => sed(call),
        "awk" | "gawk" | "mawk" | "nawk" => awk(call),
        "jq" => jq(call),
        _ => return by_table(TABLE, call),
    }
    true
}

/// Not `-f`, nor the older `+1f`: it never ends.
fn tail(call: &mut Call<'_>) {
    let Some(parsed) = call.parse("n= c= qvz # --lines= --bytes= --quiet --silent --verbose") else { return };
    let older = |arg: &Arg| arg.texts().is_none_or(|texts| texts.iter().any(|text| text.starts_with('+')));
    if parsed.operands.iter().any(older) {
        call.unknown("an operand that may be an older form of an option");
    }
    call.read_all(&parsed.operands);
}

/// Some minutes at the most.
fn sleep(call: &mut Call<'_>) {
    let short = |arg: &Arg| {
        arg.text().is_some_and(|text| {
            let number = text.strip_suffix('s').unwrap_or(text);
            (1..=3).contains(&number.len())
                && number.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.')
        })
    };
    if call.args.len() != 1 || !call.args.iter().all(short) {
        call.unknown("how long it sleeps is not known");
    }
}

/// Numbers of a few digits, so that it ends.
fn seq(call: &mut Call<'_>) {
    let number = |text: &str| {
        let digits = text.strip_prefix('-').unwrap_or(text);
        (1..=6).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit())
    };
    let zero = call.args.len() == 3
        && call.args[1].text().is_none_or(|text| text.trim_matches(['-', '0']).is_empty());
    let known = !call.args.is_empty() && call.args.len() <= 3;
    if !known || zero || !call.args.iter().all(|arg| arg.text().is_some_and(number)) {
        call.unknown("where it ends is not known");
    }
}

/// Only the list of an archive. A name with a colon is on another machine.
fn tar(call: &mut Call<'_>) {
    let Some(parsed) = call.parse("tvzjJ f=r --list --verbose --gzip --file=r") else { return };
    let remote = |arg: &Arg| arg.text().is_none_or(|text| text.contains(':') || text == "-");
    let files = parsed.options.iter().filter(|(name, ..)| matches!(name.as_str(), "f" | "file"));
    let files: Vec<&Arg> = files.filter_map(|(.., value)| value.as_ref()).collect();
    if !parsed.has(&["t", "list"]) || files.len() != 1 || files.into_iter().any(remote) {
        call.unknown("only the list of one archive here");
    }
    call.require_text(&parsed.operands);
}

/// With `-r` it goes through folders, and where their links lead.
fn diff(call: &mut Call<'_>) {
    by_table(TABLE, call);
    let plain = |arg: &&Arg| !arg.text().is_some_and(|text| text.starts_with('-'));
    let operands: Vec<Arg> = call.args.iter().filter(plain).cloned().collect();
    let names = Names { roots: below::roots(&operands), ..Names::default() };
    // A file has nothing below it.
    below::look(call, &Way { names, content: true, links: true, follows: true, ..Way::default() });
}

/// The second operand of `uniq` is a file it writes.
fn uniq(call: &mut Call<'_>) {
    let table = "cdDiuzf= s= w= --count --repeated --unique --ignore-case --skip-fields= --skip-chars= --check-chars=";
    let Some(parsed) = call.parse(table) else { return };
    match &parsed.operands[..] {
        [] => {}
        [input @ Arg::Text(_)] => call.read(input),
        [input @ Arg::Text(_), output @ Arg::Text(_)] => {
            call.read(input);
            call.write(output);
        }
        _ => call.unknown("its operands are not known"),
    }
}

/// The second operand of `xxd` is a file it writes; `-r` writes at offsets.
fn xxd(call: &mut Call<'_>) {
    let Some(parsed) = call.parse("l= s= c= g= pubei") else { return };
    match &parsed.operands[..] {
        [] => {}
        [input @ Arg::Text(_)] => call.read(input),
        _ => call.unknown("its operands are not known"),
    }
}

/// An operand that is no format sets the clock.
fn date(call: &mut Call<'_>) {
    let Some(parsed) = call.parse("uRd= I? r=r --date= --utc --iso-8601? --rfc-3339= --rfc-email") else {
        return;
    };
    if !parsed.operands.iter().all(|arg| arg.text().is_some_and(|text| text.starts_with('+'))) {
        call.unknown("an operand that is no format");
    }
}

fn sed(call: &mut Call<'_>) {
    let table = "nEre= i? sz --quiet --silent --regexp-extended --expression= --in-place? --separate --null-data --posix --debug";
    let Some(parsed) = call.parse(table) else { return };
    let given = parsed.options.iter().filter(|(name, ..)| matches!(name.as_str(), "e" | "expression"));
    let mut scripts: Vec<&Arg> = given.filter_map(|(.., value)| value.as_ref()).collect();
    let files = match (scripts.is_empty(), parsed.operands.split_first()) {
        (true, Some((script, files))) => {
            scripts.push(script);
            files
        }
        (true, None) => return call.unknown("no script"),
        (false, _) => &parsed.operands[..],
    };
    for script in scripts {
        let known = script.texts().is_some_and(|texts| texts.iter().all(|text| script::sed_is_pure(text)));
        if !known {
            call.unknown("its script may do more than edit");
        }
    }
    let in_place = parsed.options.iter().find(|(name, ..)| matches!(name.as_str(), "i" | "in-place"));
    let Some((_, _, suffix)) = in_place else { return call.read_all(files) };
    // `-i ''`: to the sed of other systems the empty word is the suffix, and the next one the script.
    let theirs = parsed.operands.get(1).and_then(Arg::text);
    if suffix.is_none()
        && parsed.operands.first().and_then(Arg::text) == Some("")
        && !theirs.is_some_and(script::sed_is_pure)
    {
        call.unknown("which word is its script is not known");
    }
    // The backup's name is the suffix behind the file's, or a pattern with a folder.
    let plain = |text: &str| {
        text.starts_with('.') && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'.')
    };
    if suffix.as_ref().is_some_and(|suffix| !suffix.text().is_some_and(plain)) {
        call.unknown("the name of its backup");
    }
    let suffix = suffix.as_ref().and_then(Arg::text).unwrap_or_default();
    for file in files {
        call.read(file);
        call.write(file);
        for text in file.texts().unwrap_or_default() {
            call.write(&Arg::Text(format!("{text}{suffix}")));
        }
    }
}

fn awk(call: &mut Call<'_>) {
    let Some(parsed) = call.parse("F= v=") else { return };
    match parsed.operands.split_first() {
        Some((Arg::Text(script), files)) if script::awk_is_pure(script) => {
            if files
                .iter()
                .any(|file| file.texts().is_none_or(|texts| texts.iter().any(|text| text.contains('='))))
            {
                call.unknown("an assignment among its files");
            }
            call.read_all(files);
        }
        _ => call.unknown("its script may do more than print"),
    }
}

fn jq(call: &mut Call<'_>) {
    let (mut rest, mut filter) = (call.args.iter(), None);
    let mut files = Vec::new();
    while let Some(arg) = rest.next() {
        let Some(text) = arg.text() else { return call.unknown("an argument that is not known") };
        match text {
            "--arg" | "--argjson" => {
                if rest.next().is_none_or(|name| name.text().is_none()) || rest.next().is_none() {
                    return call.unknown("an argument that is not known");
                }
            }
            "--indent" => drop(rest.next()),
            "--raw-output"
            | "--compact-output"
            | "--null-input"
            | "--slurp"
            | "--sort-keys"
            | "--exit-status"
            | "--tab"
            | "--monochrome-output"
            | "--color-output"
            | "--raw-input"
            | "--join-output" => {}
            _ if text.starts_with("--") => return call.unknown(format!("the option `{text}` is not known")),
            _ if text.len() > 1 && text.starts_with('-') => {
                if !text[1..].bytes().all(|flag| b"rcnsSeMCjRa".contains(&flag)) {
                    return call.unknown(format!("the option `{text}` is not known"));
                }
            }
            _ if filter.is_none() => filter = Some(text),
            _ => files.push(arg.clone()),
        }
    }
    // `env` and `$ENV` print secrets, `import` and `include` read files.
    let words =
        ["env", "ENV", "import", "include", "input_filename", "modulemeta", "get_search_list", "$__prog"];
    // These may go on for ever.
    let endless = ["combinations", "range", "repeat", "while", "until", "recurse", "def "];
    let words = [&words[..], &endless].concat();
    if filter.is_none_or(|filter| words.iter().any(|word| filter.contains(word))) {
        call.unknown("its filter may read more than its input");
    }
    call.read_all(&files);
}
