//! Programs by a path, and a few that only tell their version.

use super::rust::version_only;
use crate::approve::argument::Arg;
use crate::approve::call::Call;

pub(super) fn run(call: &mut Call<'_>) -> bool {
    match call.program {
        "java" | "javac" | "ruby" | "php" | "perl" | "gcc" | "g++" | "clang" | "docker" | "gh"
        | "kubectl" | "terraform" | "helm" | "elixir" | "ghc" | "bash" | "zsh" | "tmux" | "brew" => {
            version_only(call);
            true
        }
        _ => false,
    }
}

/// `node_modules/.bin/tsc`, `.venv/bin/pytest`, `./gradlew`: installed in the worktree, and known by name.
pub(super) fn by_path(call: &mut Call<'_>) {
    let path = call.program.trim_start_matches("./").to_owned();
    let known =
        ["node_modules/.bin/", ".venv/bin/", "venv/bin/"].iter().find_map(|folder| path.strip_prefix(folder));
    let name = match (known, path.as_str()) {
        (Some(name), _) if !name.contains('/') => name.to_owned(),
        (None, "gradlew") if call.program == "./gradlew" => "gradle".to_owned(),
        (None, "mvnw") if call.program == "./mvnw" => "mvn".to_owned(),
        _ => return call.effects.unknown(format!("the program `{}` is not known", call.program)),
    };
    let project = super::javascript_tools::is_known(&name)
        || matches!(
            name.as_str(),
            "python"
                | "python3"
                | "pytest"
                | "ruff"
                | "black"
                | "isort"
                | "mypy"
                | "flake8"
                | "pylint"
                | "gradle"
                | "mvn"
                | "coverage"
        );
    if !project {
        return call.effects.unknown(format!("the program `{}` is not known", call.program));
    }
    call.inside(&Arg::Text(call.program.to_owned()));
    let args = call.args;
    call.delegate(&Arg::Text(name), args);
}
