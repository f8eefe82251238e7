//! Which files are never written, which only if the task says so, and which are never read: by name.
//!
//! Names are compared as file systems do that ignore case and code points without width (`.GIT`, `.git\u{200c}`).

use std::path::{Component, Path};

use super::obeyed::{RUN_BY_TOOLS, RUN_BY_TOOLS_BEGINNINGS, RUN_BY_TOOLS_FOLDERS, RUN_BY_TOOLS_STEMS};
use crate::plan::glob_matches;

/// A part of a path with one of these names is never written.
const NEVER: &[&str] = &[
    // Hooks, configuration, the pointer to the repository.
    ".git",
    ".gitmodules",
    ".gitconfig",
    ".hg",
    ".svn",
    // The client's settings, hooks, commands; the plans; other agents' rules.
    ".claude",
    ".parallel",
    ".mcp.json",
    ".claude-plugin",
    ".cursor",
    ".codex",
    ".gemini",
    // What shells and logins read.
    ".bashrc",
    ".bash_profile",
    ".bash_login",
    ".bash_logout",
    ".bash_aliases",
    ".profile",
    ".zshrc",
    ".zshenv",
    ".zprofile",
    ".zlogin",
    ".zlogout",
    ".inputrc",
    ".envrc",
    ".netrc",
    ".ssh",
    ".gnupg",
    ".aws",
    ".pypirc",
    ".direnv",
];

/// Never read, nor copied into the work.
const SECRET: &[&str] = &[
    ".netrc",
    ".pypirc",
    ".npmrc",
    ".pgpass",
    ".htpasswd",
    ".git-credentials",
    ".dockercfg",
    "credentials",
    "credentials.json",
    "secrets.json",
    "secrets.yml",
    "secrets.yaml",
    "secrets.toml",
    "id_rsa",
    "id_dsa",
    "id_ecdsa",
    "id_ed25519",
    ".ssh",
    ".gnupg",
    ".aws",
    ".kube",
    ".azure",
    "kubeconfig",
    "service-account.json",
    ".vault-token",
    "master.key",
    "token.json",
    ".credentials.json",
    "credentials.toml",
    ".flaskenv",
    ".environment",
    ".envs",
    ".s3cfg",
    ".boto",
    "local.settings.json",
    ".dev.vars",
    ".docker",
    ".my.cnf",
];
const SECRET_ENDS: &[&str] = &[
    ".pem",
    ".key",
    ".p12",
    ".pfx",
    ".keystore",
    ".jks",
    ".kdbx",
    ".ppk",
    ".asc",
    ".gpg",
    ".p8",
    ".der",
    ".tfvars",
];
/// `.env.example` and its kin hold names, not values.
const ENV_EXAMPLES: &[&str] = &[".example", ".sample", ".template", ".dist", ".defaults"];
/// Behind the name of another file, as in `app.env.bak`; `app.env.ts` is code.
const ENV_ENDS: &[&str] =
    &["bak", "old", "orig", "backup", "local", "prod", "production", "dev", "staging", "test"];
/// What editors and people add to a name when they keep a copy.
const COPIES: &[&str] = &["~", ".bak", ".old", ".orig", ".save", ".swp", ".swo", ".tmp", ".copy", ".backup"];

/// A name as such file systems compare it.
fn folded(name: &str) -> String {
    let kept = name.chars().filter(|&c| !super::limits::is_deceptive(c));
    // Windows and macOS also drop dots, spaces and streams at the end.
    let name: String = kept.flat_map(char::to_lowercase).collect();
    name.trim_end_matches(['.', ' ']).to_owned()
}

fn names(path: &Path) -> Vec<String> {
    path.components()
        .filter_map(|part| match part {
            Component::Normal(name) => Some(folded(&name.to_string_lossy())),
            _ => None,
        })
        .collect()
}

/// The part of this path, relative to a worktree, that is never written.
pub(super) fn never_written(relative: &Path) -> Option<String> {
    names(relative)
        .into_iter()
        .find(|name| NEVER.contains(&name.as_str()) || name.starts_with(".git~") || name == "git~1")
}

/// Does a tool run or obey this file without being asked?
pub(super) fn run_by_tools(relative: &Path) -> bool {
    let names = names(relative);
    let Some((file, folders)) = names.split_last() else { return false };
    RUN_BY_TOOLS.contains(&file.as_str())
        || RUN_BY_TOOLS_STEMS.iter().any(|end| file.ends_with(end))
        || RUN_BY_TOOLS_BEGINNINGS.iter().any(|beginning| file.starts_with(beginning))
        || names.iter().any(|name| RUN_BY_TOOLS_FOLDERS.contains(&name.as_str()))
        || folders.iter().any(|name| name == "node_modules" || name == ".venv")
}

/// Does this path hold keys or credentials?
pub(super) fn is_secret(path: &Path) -> bool {
    names(path).iter().any(|name| {
        // An editor's copy holds what the file held.
        let mut name = name.as_str();
        while let Some(rest) =
            COPIES.iter().find_map(|end| name.strip_suffix(end)).filter(|rest| !rest.is_empty())
        {
            name = rest;
        }
        // `.env`, `.env.local`, `.env-prod`, `.env~`, `.envrc`, `app.env`, `app.env.bak`.
        let rest = name.strip_prefix(".env");
        let env = rest
            .is_some_and(|rest| rest == "rc" || !rest.starts_with(|c: char| c.is_ascii_alphanumeric()))
            || name.ends_with(".env")
            || name.rsplit_once(".env.").is_some_and(|(_, end)| ENV_ENDS.contains(&end));
        env && !ENV_EXAMPLES.iter().any(|end| name.ends_with(end))
            || SECRET.contains(&name)
            || ["id_rsa", "id_dsa", "id_ecdsa", "id_ed25519"].iter().any(|key| name.starts_with(key))
                && !name.ends_with(".pub")
            || name.strip_prefix(".env").is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()))
            || name.strip_prefix(".env").is_some_and(|rest| ENV_ENDS.contains(&rest))
            || name.ends_with(".tfstate")
            || SECRET_ENDS.iter().any(|end| name.ends_with(end))
    })
}

/// The same for a text in which a path stands, as in `HEAD:config/.env`.
pub(super) fn names_secret(text: &str) -> bool {
    text.split([':', ' ', '=']).any(|part| is_secret(Path::new(part)))
}

/// Does a pattern that a program matches itself (`'.e*'`, `{.env,x}`) single out such a file? One that takes
/// everything singles out none.
pub(super) fn matches_secret(pattern: &str) -> bool {
    let last = pattern.rsplit('/').next().unwrap_or("");
    if let Some((before, rest)) = last.split_once('{') {
        let (alternatives, after) = rest.split_once('}').unwrap_or((rest, ""));
        let each = |alternative| format!("{before}{alternative}{after}");
        return alternatives.contains('{')
            || alternatives.split(',').map(each).any(|name| names_secret(&name) || matches_secret(&name));
    }
    let everything = last.bytes().all(|byte| byte == b'*');
    let samples = [".env", ".env.local", "id_rsa", "x.pem", ".npmrc"];
    last.contains(['*', '?', '[']) && !everything && samples.iter().any(|name| glob_matches(last, name))
}
