//! Which variables a command may set: by name.

use super::facts::Facts;

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
];

/// May it stand before a program?
pub(super) fn is_harmless(name: &str) -> bool {
    HARMLESS.contains(&name)
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
    if is_harmless(name) {
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
