//! `git` subcommands that change nothing: a table of options, and what their operands may name.

use super::git_files;
use crate::approve::argument::Arg;
use crate::approve::call::Call;
use crate::approve::effect::{Effect, Names};
use crate::approve::options::{Parsed, Style};
use crate::approve::places;

/// What shows commits and differences. Not `--output` (writes), `--ext-diff` and `--textconv` (run programs),
/// `--no-index` (reads anything), `--show-signature` (runs gpg), `-O` (reads an order file).
const DIFF: &str = "puswbRzaWDct l= S= G= I= U? M? C? B? X? # --patch --no-patch --raw --stat? --numstat --shortstat --dirstat? --summary --patch-with-stat --name-only --name-status --color? --no-color --color-words? --word-diff? --word-diff-regex= --color-moved? --cached --staged --merge-base --minimal --patience --histogram --diff-algorithm= --ignore-all-space --ignore-space-change --ignore-space-at-eol --ignore-blank-lines --ignore-cr-at-eol --ignore-matching-lines= --unified? --inter-hunk-context= --function-context --find-renames? --find-copies? --find-copies-harder --no-renames --diff-filter= --pickaxe-all --pickaxe-regex --relative? --no-relative --exit-code --quiet --check --full-index --binary --abbrev? --no-abbrev --src-prefix= --dst-prefix= --no-prefix --text --no-ext-diff --no-textconv --compact-summary --submodule? --ignore-submodules? --indent-heuristic --stat-width= --stat-name-width= --stat-count= --default-prefix --skip-to= --rotate-to= --base --ours --theirs --combined-all-paths --cc";
const LOG: &str = "imcgFEPqtr n= L= # --oneline --graph --decorate? --no-decorate --all --branches? --tags? --remotes? --format? --pretty? --abbrev-commit --no-abbrev-commit --date= --relative-date --since= --until= --after= --before= --author= --committer= --grep= --all-match --invert-grep --regexp-ignore-case --extended-regexp --fixed-strings --perl-regexp --merges --no-merges --first-parent --reverse --topo-order --date-order --author-date-order --follow --full-diff --max-count= --skip= --left-right --left-only --right-only --cherry --cherry-pick --cherry-mark --boundary --ancestry-path? --simplify-by-decoration --full-history --dense --sparse --walk-reflogs --parents --children --notes? --no-notes --no-mailmap --mailmap --source --clear-decorations --decorate-refs= --decorate-refs-exclude= --exclude= --no-walk? --count --show-pulls --reflog --objects --timestamp --no-commit-header --show-linear-break? --expand-tabs? --no-expand-tabs --diff-merges= --remerge-diff --not";

struct Row {
    verb: &'static str,
    options: &'static [&'static str],
}

const fn row(verb: &'static str, options: &'static [&'static str]) -> Row {
    Row { verb, options }
}

const TABLE: &[Row] = &[
    row(
        "status",
        &[
            "sbvzu? --short --branch --porcelain? --long --verbose --untracked-files? --ignored? --show-stash --ahead-behind --no-ahead-behind --column? --no-column --renames --no-renames --find-renames? --ignore-submodules? --null",
        ],
    ),
    row("log", &[LOG, DIFF]),
    row("show", &[LOG, DIFF]),
    row("whatchanged", &[LOG, DIFF]),
    row("diff", &[DIFF]),
    row("diff-tree", &["rtm --root --stdin --no-commit-id --pretty? --format?", DIFF]),
    row("diff-index", &["m", DIFF]),
    row("diff-files", &["q0123", DIFF]),
    row("range-diff", &["--creation-factor= --no-dual-color --left-only --right-only", DIFF]),
    row("rev-list", &[LOG, DIFF, "--objects-edge --disk-usage? --header --use-bitmap-index"]),
    row("shortlog", &["nsec w? --numbered --summary --email --group= --committer", LOG, DIFF]),
    row(
        "blame",
        &[
            "L= wesftlnpbc M? C? S=r --porcelain --line-porcelain --show-email --show-name --show-number --date= --root --since= --color-lines --color-by-age --first-parent --reverse --incremental --abbrev? --ignore-rev= --score-debug",
        ],
    ),
    row("annotate", &["L= w M? C?"]),
    row(
        "ls-files",
        &[
            "codmiskutvzX=r x= --cached --others --deleted --modified --ignored --stage --exclude-standard --exclude= --full-name --error-unmatch --killed --unmerged --directory --no-empty-directory --eol --deduplicate --abbrev? --recurse-submodules --format= --with-tree=",
        ],
    ),
    row(
        "ls-tree",
        &["drtlz --name-only --name-status --long --full-name --full-tree --abbrev? --format= --object-only"],
    ),
    row(
        "rev-parse",
        &[
            "q --verify --quiet --short? --abbrev-ref? --symbolic-full-name --symbolic --show-toplevel --show-prefix --show-cdup --git-dir --git-common-dir --absolute-git-dir --is-inside-work-tree --is-inside-git-dir --is-bare-repository --show-superproject-working-tree --path-format? --all --branches? --tags? --remotes? --git-path= --show-object-format? --is-shallow-repository --revs-only --no-revs --flags --no-flags --default=",
        ],
    ),
    row("merge-base", &["a --all --octopus --independent --is-ancestor --fork-point"]),
    row(
        "describe",
        &[
            "--tags --all --always --dirty? --broken? --abbrev? --long --match= --exclude= --exact-match --first-parent --contains --candidates=",
        ],
    ),
    // Not `--textconv` and `--filters`.
    row("cat-file", &["tspe"]),
    row(
        "grep",
        &[
            "invwlLcqhHIrEGFPpWzoe! A= B= C= m= # --line-number --ignore-case --word-regexp --invert-match --count --files-with-matches --files-without-match --name-only --fixed-strings --extended-regexp --perl-regexp --basic-regexp --only-matching --heading --break --show-function --function-context --untracked --cached --exclude-standard --all-match --and --or --not --max-depth= --recursive --no-recursive --color? --no-color --column --full-name --text --context= --after-context= --before-context= --quiet --max-count= --no-textconv",
        ],
    ),
    row(
        "for-each-ref",
        &[
            "--format= --sort= --count= --points-at= --contains? --no-contains? --merged? --no-merged? --ignore-case --omit-empty --exclude=",
        ],
    ),
    row(
        "show-ref",
        &["dqs? --head --heads --branches --tags --verify --quiet --hash? --dereference --exists --abbrev?"],
    ),
    row("name-rev", &["--tags --refs= --always --name-only --no-undefined --all"]),
    row("cherry", &["v --verbose --abbrev?"]),
    // Not `-w`, which makes an object.
    row("hash-object", &["t= --no-filters --stdin"]),
    row(
        "format-patch",
        &[
            "kpsN U? M? # --stdout --keep-subject --no-stat --signoff --no-numbered --zero-commit --root --no-signature --subject-prefix= --stat? --binary --full-index --no-renames",
        ],
    ),
    row("clean", &["ndxXq e= --dry-run --quiet --exclude="]),
    row("count-objects", &["vH --verbose --human-readable"]),
    row("check-ignore", &["qvzn --quiet --verbose --non-matching --no-index"]),
    row("check-attr", &["az --all --cached"]),
    row(
        "show-branch",
        &[
            "ar --all --remotes --current --list --topo-order --sha1-name --no-name --more? --merge-base --independent --topics --sparse",
        ],
    ),
    row(
        "merge-tree",
        &["z --write-tree --name-only --messages --no-messages --allow-unrelated-histories --merge-base="],
    ),
];

/// Adds what a reading subcommand does; false if the subcommand with these arguments is none.
pub(super) fn run(call: &mut Call<'_>, verb: &str, args: &[Arg]) -> bool {
    if let Some(row) = TABLE.iter().find(|row| row.verb == verb) {
        let Some(parsed) = call.parse_as(&row.options.join(" "), args, Style::Anywhere) else { return true };
        needs(call, verb, &parsed);
        for (name, _, value) in &parsed.options {
            let Some(value) = value else { continue };
            let Some(text) = value.text() else {
                match name.as_str() {
                    "L" => call.unknown("which lines it shows is not known"),
                    "format" | "pretty" => call.unknown("a format that may check signatures"),
                    _ => {}
                }
                continue;
            };
            if checks_signatures(text) {
                call.unknown("a format that checks signatures");
            }
            // `-L1,9:.env` shows the lines.
            if name == "L" && places::names_secret(text) {
                call.unknown(format!("`{text}` may hold keys or credentials"));
            }
        }
        operands(call, &parsed, verb);
        // Some print names from the top of the worktree, which lie elsewhere from below it.
        let at_top = call
            .territory
            .own
            .as_ref()
            .is_some_and(|own| call.state.cwds.iter().all(|cwd| cwd.real == own.root));
        call.effects.prints = names(verb, &parsed).filter(|_| at_top || verb != "diff");
        return true;
    }
    let listing = match verb {
        "branch" => Some(
            "arvlq i --all --remotes --list --show-current --contains? --no-contains? --merged? --no-merged? --sort= --format= --verbose --no-color --color? --column? --points-at= --ignore-case --abbrev?",
        ),
        "tag" => Some(
            "ln? i --list --contains? --no-contains? --merged? --no-merged? --sort= --format= --points-at= --column? --color? --ignore-case",
        ),
        _ => None,
    };
    if let Some(table) = listing {
        // Without `--list`, a name makes a branch or tag.
        let Ok(parsed) = crate::approve::options::parse(table, args, Style::Anywhere) else { return false };
        let lists = parsed.has(&["list", "l"]) && verb == "tag"
            || parsed.has(&["list"])
            || parsed.operands.is_empty();
        let attached = parsed.options.iter().all(|(.., value)| {
            value.as_ref().is_none_or(|value| value.text().is_some_and(|text| !checks_signatures(text)))
        });
        if lists && attached && parsed.operands.iter().all(|arg| arg.text().is_some()) {
            return true;
        }
        // `git branch --contains REV`: the operand is the option's value.
        let valued = parsed.has(&["contains", "no-contains", "merged", "no-merged"]);
        return valued && parsed.operands.len() == 1 && attached;
    }
    let texts: Option<Vec<&str>> = args.iter().map(Arg::text).collect();
    let Some(texts) = texts else { return false };
    match (verb, &texts[..]) {
        ("stash", ["list", ..]) => texts[1..].iter().all(|text| {
            matches!(*text, "--oneline" | "-p" | "--stat")
                || text.bytes().skip(1).all(|byte| byte.is_ascii_digit()) && text.starts_with('-')
        }),
        ("stash", ["show", rest @ ..]) => rest
            .iter()
            .all(|text| matches!(*text, "-p" | "--stat" | "--name-only") || text.starts_with("stash@{")),
        ("worktree", ["list", rest @ ..]) => {
            rest.iter().all(|text| matches!(*text, "-v" | "--verbose" | "--porcelain" | "-z"))
        }
        ("remote", [] | ["-v" | "--verbose"]) => true,
        ("remote", ["get-url", name]) => !name.starts_with('-'),
        ("reflog", [] | ["show"]) => true,
        ("reflog", ["show", rest @ ..] | rest) => rest.iter().all(|text| {
            matches!(*text, "HEAD" | "--oneline" | "--date=iso" | "--date=relative" | "--no-abbrev")
                || text.starts_with('-') && text[1..].bytes().all(|byte| byte.is_ascii_digit())
                || text
                    .strip_prefix("-n")
                    .is_some_and(|count| count.bytes().all(|byte| byte.is_ascii_digit()))
        }),
        ("submodule", ["status"]) => true,
        ("remote", ["show", name]) if !name.starts_with('-') => {
            call.effects.add(Effect::Remote((*name).to_owned()));
            true
        }
        ("symbolic-ref", ["HEAD"] | ["--short" | "-q", "HEAD"] | ["-q", "--short", "HEAD"]) => true,
        ("config", rest) => config(rest),
        ("ls-remote", rest) => ls_remote(call, rest),
        _ => false,
    }
}

/// These placeholders run gpg.
fn checks_signatures(format: &str) -> bool {
    ["%G", "%+G", "%-G", "% G", "signature"].iter().any(|placeholder| format.contains(placeholder))
}

/// Subcommands that only read with one option, and those that may look at what git does not track.
fn needs(call: &mut Call<'_>, verb: &str, parsed: &Parsed) {
    match verb {
        "format-patch" if !parsed.has(&["stdout"]) => call.unknown("without `--stdout` it writes files"),
        "clean" if !parsed.has(&["n", "dry-run"]) => call.unknown("it removes what git does not track"),
        "grep" if parsed.has(&["untracked"]) => git_files::no_untracked_secret(call, None),
        _ => {}
    }
}

/// The names that it prints, if it prints nothing else. `show` prints what its operand is, too.
fn names(verb: &str, parsed: &Parsed) -> Option<Names> {
    let known: &[&str] = match verb {
        "ls-files" => {
            &["c", "d", "m", "cached", "deleted", "modified", "exclude-standard", "deduplicate", "z"]
        }
        "diff" if parsed.has(&["name-only"]) => {
            &["name-only", "cached", "staged", "diff-filter", "merge-base", "no-renames", "M", "z"]
        }
        "grep" if parsed.has(&["l", "files-with-matches", "name-only"]) => {
            &["l", "files-with-matches", "name-only", "i", "w", "E", "F", "P", "e", "n", "z", "ignore-case"]
        }
        _ => return None,
    };
    let plain = parsed.only(known);
    let below = parsed.operands.iter().all(|arg| {
        arg.text().is_some_and(|text| !text.starts_with('/') && !text.contains("../") && text != "..")
    });
    (plain && below).then(|| Names {
        roots: vec![".".to_owned()],
        nul: parsed.has(&["z"]),
        listed: true,
        gone: true,
        ..Names::default()
    })
}

/// Parts of keys whose values may be passwords.
const SECRET_KEYS: &[&str] =
    &["extraheader", "pass", "token", "secret", "credential", "proxy", "cookie", "insteadof"];

/// Reading the configuration by a plain key; `--get` among writing options is not reading.
fn config(args: &[&str]) -> bool {
    let key = |key: &str| {
        !key.starts_with('-')
            && key.contains('.')
            && !places::names_secret(key)
            && !SECRET_KEYS.iter().any(|part| key.to_lowercase().contains(part))
    };
    match args {
        ["--list" | "-l" | "list"] => false,
        ["--get" | "get" | "--get-all", name] => key(name),
        ["--local" | "--global", "--get" | "get", name] => key(name),
        [name] => key(name) && !matches!(*name, "edit"),
        _ => false,
    }
}

/// Only the plan's remote by its name: a URL may be a program (`ext::`).
fn ls_remote(call: &mut Call<'_>, args: &[&str]) -> bool {
    let options = args.iter().take_while(|arg| arg.starts_with('-')).count();
    let known =
        ["--heads", "-h", "--branches", "--tags", "-t", "--refs", "-q", "--quiet", "--exit-code", "--symref"];
    let (options, operands) = args.split_at(options);
    match operands {
        [remote, patterns @ ..]
            if options.iter().all(|option| known.contains(option))
                && patterns.iter().all(|pattern| !pattern.starts_with('-')) =>
        {
            call.effects.add(Effect::Remote((*remote).to_owned()));
            true
        }
        _ => false,
    }
}

/// Revisions and paths. What looks like a path leads into the repository, or git compares any two files.
fn operands(call: &mut Call<'_>, parsed: &Parsed, verb: &str) {
    // The pattern of `git grep` is no path, unless `-e` gives it.
    let first_is_pattern = verb == "grep" && !parsed.has(&["e"]);
    for arg in parsed.operands.iter().skip(usize::from(first_is_pattern)) {
        let Some(texts) = arg.texts() else {
            call.unknown("an operand that is not known");
            continue;
        };
        for text in texts {
            if places::names_secret(text) || text.split(':').any(places::matches_secret) {
                call.unknown(format!("`{text}` may hold keys or credentials"));
            }
            // The other long forms (`:(glob)`, `:(top,icase)`) match more than their text tells.
            if text.starts_with(":(") && !text.starts_with(":(exclude)") {
                call.unknown(format!("the path `{text}` is not followed"));
            }
            // A file by its number may be any.
            if verb == "cat-file"
                && (parsed.has(&["p"]) || parsed.operands.first().and_then(Arg::text) == Some("blob"))
                && text.len() >= 4
                && text.bytes().all(|byte| byte.is_ascii_hexdigit())
            {
                call.unknown("which file it prints is not known");
            }
            let outside = text.starts_with('/') || text.split(['/', ':']).any(|part| part == "..");
            // With a path outside, it goes through files that git does not know.
            if verb == "diff"
                && (text == ".."
                    || text.starts_with(['/', '~'])
                    || text.starts_with("../")
                    || text.contains("/../"))
            {
                call.unknown(format!("`{text}` may lie outside the worktree"));
            }
            if outside || verb == "hash-object" {
                call.read(&Arg::Text(text.rsplit(':').next().unwrap_or("").to_owned()));
            }
        }
    }
}
