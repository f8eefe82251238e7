//! Environment variables that a proof by a command's text cannot see, and the line that takes them away.
//!
//! A variable comes from the shell that started the client, from its settings, or from a file that only the client's
//! shell reads. So what would make a proven command act elsewhere, or run something else, is unset in the command
//! itself. What acts before any `unset` can (`PATH`, `BASH_ENV`, `LD_PRELOAD`), and what pushes and builds need
//! (`GIT_SSH_COMMAND`, `GIT_ASKPASS`, `NODE_OPTIONS`, `RUSTC_WRAPPER`), stays as it is: it is the person's own.

use super::variables;

/// Git's local variables: where its repository, index and objects are, and the settings of a caller's `-c`.
///
/// What `git rev-parse --local-env-vars` prints, of git 2.38 to 2.47 (`local_repo_env` in git's `environment.c`); the
/// tests compare it with the git that is installed. The last one is not in git 2.40 any more.
const LOCAL: &[&str] = &[
    "GIT_ALTERNATE_OBJECT_DIRECTORIES",
    "GIT_CONFIG",
    "GIT_CONFIG_PARAMETERS",
    "GIT_CONFIG_COUNT",
    "GIT_OBJECT_DIRECTORY",
    "GIT_DIR",
    "GIT_WORK_TREE",
    "GIT_IMPLICIT_WORK_TREE",
    "GIT_GRAFT_FILE",
    "GIT_INDEX_FILE",
    "GIT_NO_REPLACE_OBJECTS",
    "GIT_REPLACE_REF_BASE",
    "GIT_PREFIX",
    "GIT_SHALLOW_FILE",
    "GIT_COMMON_DIR",
    "GIT_INTERNAL_SUPER_PREFIX",
];

/// What the words of a command mean: which refs a push or an amended commit writes, which files a pathspec or a pattern
/// names, which programs a name finds, where `cd` goes, where options end.
const MEANING: &[&str] = &[
    "GIT_NAMESPACE",
    "GIT_NOTES_REF",
    "GIT_NOTES_REWRITE_MODE",
    "GIT_NOTES_REWRITE_REF",
    "GIT_LITERAL_PATHSPECS",
    "GIT_GLOB_PATHSPECS",
    "GIT_NOGLOB_PATHSPECS",
    "GIT_ICASE_PATHSPECS",
    "GIT_ATTR_SOURCE",
    "CDPATH",
    "EXECIGNORE",
    "GLOBIGNORE",
    "POSIXLY_CORRECT",
];

/// What makes git, grep, rg, tar or gawk run a program or write a file although the command names none (git(1), rg(1),
/// the manuals of GNU tar and gawk). `GIT_TRACE…` are those that may hold a file's name.
const PROGRAMS: &[&str] = &[
    "GIT_EXTERNAL_DIFF",
    "GIT_PAGER",
    "PAGER",
    "GIT_EXEC_PATH",
    "GIT_TRACE",
    "GIT_TRACE_CURL",
    "GIT_TRACE_FSMONITOR",
    "GIT_TRACE_PACKET",
    "GIT_TRACE_PACKFILE",
    "GIT_TRACE_PACK_ACCESS",
    "GIT_TRACE_PERFORMANCE",
    "GIT_TRACE_REFS",
    "GIT_TRACE_SETUP",
    "GIT_TRACE_SHALLOW",
    "GIT_TRACE_WORKING_TREE_ENCODING",
    "GIT_TRACE2",
    "GIT_TRACE2_EVENT",
    "GIT_TRACE2_PERF",
    "RIPGREP_CONFIG_PATH",
    "GREP_OPTIONS",
    "TAR_OPTIONS",
    "AWKLIBPATH",
    "AWKPATH",
    "GAWK_PERSIST_FILE",
];

/// Which variables a proof needs to be gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Needs {
    /// Those that change where git works and what the words mean: the project's own code, or a remote, has a use for
    /// the others.
    Meaning,
    /// Those that run programs or write files, too.
    NoPrograms,
}

/// What zsh runs where a redirection stands without a command; unset, that is an error.
const NAMELESS: &str = "NULLCMD=: READNULLCMD=cat || exit 1\n";

/// The lines in front of a proven command; `nameless` if a redirection stands without a command in it. They fail where
/// a variable cannot be unset: nothing runs then.
pub(super) fn prelude(needs: Needs, nameless: bool) -> String {
    let programs = match needs {
        Needs::Meaning => &[],
        Needs::NoPrograms => PROGRAMS,
    };
    let names: Vec<&str> = [LOCAL, MEANING, programs].concat();
    format!("unset {} || exit 1\n{}", names.join(" "), if nameless { NAMELESS } else { "" })
}

/// Returns whether a command may unset this variable: nothing else is told to a program by it.
pub(super) fn may_be_unset(name: &str) -> bool {
    [LOCAL, MEANING, PROGRAMS].iter().any(|list| list.contains(&name))
}

/// Settings of the client that are numbers and change how long or how much, not what runs.
const NUMBERS: &[&str] = &[
    "BASH_DEFAULT_TIMEOUT_MS",
    "BASH_MAX_OUTPUT_LENGTH",
    "BASH_MAX_TIMEOUT_MS",
    "CLAUDE_CODE_MAX_OUTPUT_TOKENS",
    "MAX_MCP_OUTPUT_TOKENS",
    "MAX_THINKING_TOKENS",
    "MCP_TIMEOUT",
    "MCP_TOOL_TIMEOUT",
];

/// Returns whether a repository's settings may give every command this variable without the person's consent.
pub fn is_harmless_setting(name: &str, value: &str) -> bool {
    let number = !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit());
    variables::is_harmless(name) && variables::is_plain(value) || NUMBERS.contains(&name) && number
}
