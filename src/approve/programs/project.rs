//! What programs that run the project's own code have in common: which names let it out of the house, and
//! which arguments lead outside.

use crate::approve::argument::Arg;
use crate::approve::call::Call;
use crate::approve::options::Parsed;

/// Parts of names of scripts, targets and tasks that let a project out, or in where others find it.
const RELEASES: &[&str] = &[
    "publish",
    "release",
    "deploy",
    "push",
    "upload",
    "install",
    "provision",
    "login",
    "destroy",
    "rollback",
    "promote",
];

/// Does a script, target or task of this name let the project out? `dist-install`, `autopublish`.
pub(super) fn is_release(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    RELEASES.iter().any(|word| name.contains(word))
}

/// Is one of the texts that an argument can be such a name, or is it not known?
pub(super) fn may_release(arg: &Arg) -> bool {
    arg.texts().is_none_or(|texts| texts.iter().any(|text| is_release(text)))
}

/// Has an argument signs that a shell takes for more than text?
pub(super) fn may_be_shell(arg: &Arg) -> bool {
    let sign = |c: char| !(c.is_alphanumeric() || "_-./:+%@=,^~*?[] ".contains(c));
    arg.texts().is_none_or(|texts| texts.iter().any(|text| text.contains(sign)))
}

/// Names of scripts, targets or tasks: plain words, none of which lets the project out.
pub(super) fn require_names(call: &mut Call<'_>, args: &[Arg]) {
    for arg in args {
        let plain = |text: &String| {
            !text.is_empty()
                && !is_release(text)
                && !text.starts_with(['/', '-', '+', '.'])
                && !text.split('/').any(|part| part == "..")
                && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-./:+%@#,".contains(&byte))
        };
        if !arg.texts().is_some_and(|texts| texts.iter().all(plain)) {
            call.unknown(format!("`{}` may let the project out", arg.show()));
        }
    }
}

/// Options whose value git gets as a revision: it is none of git's options. The two filters have one in brackets.
pub(super) fn revisions(call: &mut Call<'_>, parsed: &Parsed) {
    for (name, _, value) in &parsed.options {
        let Some(value) = value else { continue };
        let begins = match name.as_str() {
            "changed" | "changedSince" | "since" | "new-from-rev" => "-",
            "F" | "filter" => "[-",
            _ => continue,
        };
        let option = |text: &String| match begins {
            "-" => text.starts_with('-'),
            begins => text.contains(begins),
        };
        if value.texts().is_none_or(|texts| texts.iter().any(option)) {
            call.unknown(format!("`{}` may be an option of git", value.show()));
        }
    }
}

/// What may stand around a path inside an argument: `--config={"root":"/tmp"}`, `--flags '-o /tmp/x'`.
const SEPARATORS: &[char] =
    &['=', ':', ',', ';', ' ', '\n', '\t', '"', '\'', '`', '(', ')', '[', ']', '{', '}', '<', '>', '|', '&'];

/// Arguments that the project's own program gets: no path or URL in them leads outside.
pub(super) fn contained(call: &mut Call<'_>, args: &[Arg]) {
    for arg in args {
        let Some(texts) = arg.texts() else {
            call.unknown("an argument that is not known");
            continue;
        };
        for text in texts {
            if text.contains("://") {
                call.unknown(format!("`{text}` leads outside"));
            }
            if text.starts_with('@') {
                call.unknown(format!("`{text}` may stand for other arguments"));
            }
            if matches!(text.as_str(), "--watch" | "--watchAll" | "--watch=true") {
                call.unknown("it never ends");
            }
            // `-o/tmp/x`, `--out=/tmp/x`, `--reporter=json:/tmp/x`, `.git/x`.
            let attached = text.get(2..).filter(|_| text.starts_with('-') && !text.starts_with("--"));
            for part in text.split(SEPARATORS).chain(attached) {
                if part.starts_with('~') {
                    call.unknown(format!("`{text}` leads outside"));
                } else if !part.starts_with('-') && (part.starts_with('.') || part.contains('/')) {
                    call.inside(&Arg::Text(part.to_owned()));
                }
            }
        }
    }
}

/// Operands that a checker or test runner works on: inside, and no file of further arguments (`@args`).
pub(super) fn operands(call: &mut Call<'_>, args: &[Arg]) {
    for arg in args {
        let texts = arg.texts().unwrap_or_default();
        if texts.iter().any(|text| text.starts_with('@') || text.contains("://")) {
            call.unknown(format!("`{}` stands for other arguments", arg.show()));
        }
        // Some tools expand braces themselves: `{../..,src}/*.js`.
        let parts = |text: &String| {
            text.contains('{')
                && text.split(['{', ',', '}']).any(|part| part.starts_with(['/', '~']) || part.contains(".."))
        };
        if texts.iter().any(parts) {
            call.unknown(format!("`{}` may lead outside", arg.show()));
        }
    }
    call.inside_all(args);
}

/// Values of these options are plain words: names of formats, not modules, classes or files.
pub(super) fn plain_values(call: &mut Call<'_>, parsed: &Parsed, names: &[&str]) {
    for (name, _, value) in &parsed.options {
        let Some(value) = value.as_ref().filter(|_| names.contains(&name.as_str())) else { continue };
        let plain =
            |text: &str| text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_,".contains(&byte));
        if !value.text().is_some_and(plain) {
            call.unknown(format!("`{}` is more than a word", value.show()));
        }
    }
}
