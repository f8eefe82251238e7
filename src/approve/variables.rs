//! Which variables a command may set: by name.

use super::facts::Facts;
use super::word::{Piece, Word};

/// Before a program: settings that change what it prints or how much, not what it runs or where it writes.
const HARMLESS: &[&str] = &[
    "CARGO_INCREMENTAL",
    "CARGO_TERM_COLOR",
    "CI",
    "CLICOLOR",
    "CLICOLOR_FORCE",
    "COLUMNS",
    "DEBUG",
    "FORCE_COLOR",
    "INSTA_UPDATE",
    "LANG",
    "LC_ALL",
    "LC_COLLATE",
    "LC_CTYPE",
    "LC_MESSAGES",
    "LC_NUMERIC",
    "LC_TIME",
    "LINES",
    "LOG_LEVEL",
    "NEXTEST_RETRIES",
    "NODE_ENV",
    "NO_COLOR",
    "PROPTEST_CASES",
    "PYTHONDONTWRITEBYTECODE",
    "PYTHONUNBUFFERED",
    "QUIET",
    "RUST_BACKTRACE",
    "RUST_LIB_BACKTRACE",
    "RUST_LOG",
    "RUST_MIN_STACK",
    "RUST_TEST_THREADS",
    "TERM",
    "TZ",
    "UPDATE_SNAPSHOTS",
    "VERBOSE",
];

/// Names and beginnings of names that a shell or the programs it starts give a meaning.
const SPECIAL: &[&str] = &[
    "ARGV",
    "BASH",
    "CARGO",
    "CDPATH",
    "COMP",
    "CPATH",
    "CPLUS",
    "CURL",
    "CTX",
    "CLAUDE",
    "DIRSTACK",
    "DOCKER",
    "DYLD",
    "EDITOR",
    "ENV",
    "EPOCH",
    "EUID",
    "EXEC",
    "FCEDIT",
    "FIGNORE",
    "FPATH",
    "FUNC",
    "GCC",
    "GEM",
    "GIT",
    "GLOB",
    "GO",
    "GPG",
    "GREP",
    "GROUPS",
    "GZIP",
    "HIST",
    "HOME",
    "HOST",
    "IFS",
    "IGNORE",
    "INPUTRC",
    "JAVA",
    "JDK",
    "KEYTIMEOUT",
    "LD_",
    "LESS",
    "LIBRARY",
    "LUA",
    "MAIL",
    "MAKE",
    "MAN",
    "MODULE",
    "NODE",
    "NPM",
    "NULLCMD",
    "OLDPWD",
    "OPT",
    "PAGER",
    "PATH",
    "PERL",
    "PIP",
    "PKG_",
    "POSIX",
    "PROMPT",
    "PS0",
    "PS1",
    "PS2",
    "PS3",
    "PS4",
    "PWD",
    "PYTEST",
    "PYTHON",
    "RANDOM",
    "READNULLCMD",
    "REPLY",
    "RIPGREP",
    "RUBY",
    "RUST",
    "SECONDS",
    "SHELL",
    "SHLVL",
    "SRANDOM",
    "SSH",
    "SSL",
    "SUDO",
    "TMOUT",
    "TMP",
    "TEMP",
    "TERMINFO",
    "UID",
    "USER",
    "UV_",
    "VIRTUAL",
    "VISUAL",
    "WATCH",
    "XDG",
    "YARN",
    "ZDOTDIR",
    "ZSH",
    "_",
    "ALIASES",
    "BUILTINS",
    "COMMANDS",
    "FUNCTIONS",
    "JOB",
    "NAMEDDIRS",
    "OPTIONS",
    "PARAMETERS",
    "PIPESTATUS",
    "PSVAR",
    "STATUS",
    "TRAP",
    "SIGNALS",
    "ERRNO",
    "LINENO",
    "PPID",
    "MACHTYPE",
    "OSTYPE",
    "CPUTYPE",
    "VENDOR",
    "TTY",
    // zsh calculates what these are set to.
    "GID",
    "EGID",
    "SAVEHIST",
    "LISTMAX",
    "TRY_BLOCK",
    "ZLE_",
];

/// May it stand before a program?
pub(super) fn is_harmless(name: &str) -> bool {
    HARMLESS.contains(&name)
}

/// A value that stays a value where make or a script puts it into a command as it is.
pub(super) fn is_plain(value: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.,:=/@+".contains(&byte);
    let leads_out = |part: &str| part.starts_with(['/', '-']) || part.split('/').any(|name| name == "..");
    value.bytes().all(plain) && !value.split([':', '=', ',']).any(leads_out)
}

/// May this assignment stand before a program, as far as its value is concerned?
pub(super) fn is_given(name: &str, value: &Word) -> bool {
    let text = |piece: &Piece| match piece {
        Piece::Text { text, .. } => Some(text.clone()),
        _ => None,
    };
    let text: Option<String> = value.pieces.iter().map(text).collect();
    !is_harmless(name) || text.is_some_and(|text| is_plain(&text))
}

/// The first word of an `export` that gives programs a value that is not plain. The words of the simple
/// commands are those that the shell takes.
pub(super) fn exported(commands: &[String]) -> Option<&str> {
    commands.iter().find_map(|command| {
        let mut words = command.split(' ').skip_while(|word| matches!(*word, "command" | "builtin"));
        if words.next() != Some("export") {
            return None;
        }
        let plain = |word: &str| word.split_once('=').is_some_and(|(_, value)| is_plain(value));
        words.find(|word| !plain(word))
    })
}

/// Before a program with exactly this value: nothing starts that waits for a person.
const QUIET: &[(&str, &[&str])] = &[
    ("GIT_EDITOR", &["true", ":"]),
    ("EDITOR", &["true", ":"]),
    ("GIT_PAGER", &["cat", ""]),
    ("PAGER", &["cat"]),
    ("GIT_TERMINAL_PROMPT", &["0"]),
    ("GIT_MERGE_AUTOEDIT", &["no"]),
];

/// May it stand before a program with this value?
pub(super) fn is_quiet(name: &str, value: &str) -> bool {
    QUIET.iter().any(|(known, values)| *known == name && values.contains(&value))
}

/// May a shell variable of this name be set? One that the environment has is changed for every program
/// that follows.
pub(super) fn settable(name: &str, facts: &dyn Facts) -> Result<(), String> {
    if is_harmless(name) && !facts.has_variable(name) {
        return Ok(());
    }
    let upper = name.to_ascii_uppercase();
    let special = SPECIAL.iter().any(|special| upper.starts_with(special))
        || ["_COMMAND", "_PROXY", "PATH", "FLAGS", "_WRAPPER", "_ASKPASS"]
            .iter()
            .any(|end| upper.ends_with(end));
    if special || facts.has_variable(name) {
        return Err(format!("the variable `{name}` may change what a program does"));
    }
    Ok(())
}
