//! Which commands make a fresh checkout usable: those of the settings, else those that its lock files call for.
//!
//! Each installs exactly what a lock file names and changes no tracked file.

use std::fs;
use std::path::Path;

use sha2::{Digest, Sha256};

use crate::approve::argument_lists;
use crate::error::{Error, Result};
use crate::state::{SetUp, Settings};

/// One command of a set-up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Command {
    /// Program and arguments.
    pub(super) words: Vec<String>,
    /// Variables for it.
    pub(super) env: Vec<(&'static str, &'static str)>,
    /// The lock file that calls for it, or the setting.
    pub(super) from: &'static str,
}

impl Command {
    /// As a person would type it.
    pub(super) fn text(&self) -> String {
        let env = self.env.iter().map(|(name, value)| format!("{name}={value} "));
        env.collect::<String>() + &self.words.join(" ")
    }

    /// Was it found, not named? A program that is not installed is no failure then.
    pub(super) fn detected(&self) -> bool {
        !self.from.starts_with("worktrees.")
    }
}

/// A lock file and what it calls for. Of the rows of one family, the first that fits counts.
struct Row {
    family: &'static str,
    lock: &'static str,
    /// Another file that has to be there.
    beside: Option<&'static str>,
    commands: &'static [&'static str],
    env: &'static [(&'static str, &'static str)],
}

const fn row(family: &'static str, lock: &'static str, commands: &'static [&'static str]) -> Row {
    Row { family, lock, beside: None, commands, env: &[] }
}

const TABLE: &[Row] = &[
    row("js", "pnpm-lock.yaml", &["pnpm install --frozen-lockfile --prefer-offline"]),
    Row { beside: Some(".yarnrc.yml"), ..row("js", "yarn.lock", &["yarn install --immutable"]) },
    row("js", "yarn.lock", &["yarn install --frozen-lockfile --prefer-offline"]),
    row("js", "bun.lock", &["bun install --frozen-lockfile"]),
    row("js", "bun.lockb", &["bun install --frozen-lockfile"]),
    row("js", "package-lock.json", &["npm ci --prefer-offline --no-audit --no-fund"]),
    row("js", "npm-shrinkwrap.json", &["npm ci --prefer-offline --no-audit --no-fund"]),
    row("js", "deno.lock", &["deno install --frozen"]),
    row("python", "uv.lock", &["uv sync --frozen"]),
    row("python", "poetry.lock", &["poetry install --no-interaction"]),
    row("python", "pdm.lock", &["pdm sync"]),
    row("python", "Pipfile.lock", &["pipenv sync --dev"]),
    row(
        "python",
        "requirements.txt",
        &["python3 -m venv .venv", ".venv/bin/python -m pip install --quiet -r requirements.txt"],
    ),
    row("rust", "Cargo.lock", &["cargo fetch --locked"]),
    row("go", "go.sum", &["go mod download"]),
    Row { env: &[("BUNDLE_FROZEN", "true")], ..row("ruby", "Gemfile.lock", &["bundle install --quiet"]) },
    row("php", "composer.lock", &["composer install --no-interaction --no-progress"]),
    row("elixir", "mix.lock", &["mix deps.get --check-locked"]),
    row("dart", "pubspec.lock", &["dart pub get --enforce-lockfile"]),
    row("dotnet", "packages.lock.json", &["dotnet restore --locked-mode"]),
];

/// The commands for a checkout, in order.
pub(super) fn commands(settings: &Settings, checkout: &Path) -> Result<Vec<Command>> {
    let mut found = match &settings.worktrees.setup {
        SetUp::Off => Vec::new(),
        SetUp::Auto => detect(checkout),
        SetUp::Command(text) => parse(text, "worktrees.setup")?,
    };
    if let Some(text) = &settings.worktrees.check {
        found.extend(parse(text, "worktrees.check")?);
    }
    Ok(found)
}

fn detect(checkout: &Path) -> Vec<Command> {
    let there = |name: &str| fs::symlink_metadata(checkout.join(name)).is_ok_and(|meta| meta.is_file());
    let mut found: Vec<Command> = Vec::new();
    let mut families: Vec<&str> = Vec::new();
    for row in TABLE {
        if families.contains(&row.family) || !there(row.lock) || !row.beside.is_none_or(there) {
            continue;
        }
        families.push(row.family);
        found.extend(row.commands.iter().map(|text| Command {
            words: text.split(' ').map(str::to_owned).collect(),
            env: row.env.to_vec(),
            from: row.lock,
        }));
    }
    found
}

fn parse(text: &str, from: &'static str) -> Result<Vec<Command>> {
    let lists = argument_lists(text).ok_or_else(|| {
        Error::environment(format!("`{from}` is `{text}`, which would need a shell")).hint(
            "give programs with plain or quoted arguments, joined by `&&`; put anything else into a script",
        )
    })?;
    Ok(lists.into_iter().map(|words| Command { words, env: Vec::new(), from }).collect())
}

/// Differs as soon as the commands do, or the lock files they read.
pub(super) fn stamp(commands: &[Command], checkout: &Path) -> String {
    let mut hash = Sha256::new();
    for command in commands {
        hash.update(command.text());
        hash.update([0]);
        if command.detected() {
            hash.update(fs::read(checkout.join(command.from)).unwrap_or_default());
        }
    }
    // A command of the settings may read any of them.
    for row in TABLE {
        hash.update(fs::read(checkout.join(row.lock)).unwrap_or_default());
        hash.update([0]);
    }
    hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_lock_file_calls_for_its_own_tool() {
        let expected = [
            ("pnpm-lock.yaml", "pnpm"),
            ("yarn.lock", "yarn"),
            ("bun.lock", "bun"),
            ("bun.lockb", "bun"),
            ("package-lock.json", "npm"),
            ("npm-shrinkwrap.json", "npm"),
            ("deno.lock", "deno"),
            ("uv.lock", "uv"),
            ("poetry.lock", "poetry"),
            ("pdm.lock", "pdm"),
            ("Pipfile.lock", "pipenv"),
            ("requirements.txt", "python3"),
            ("Cargo.lock", "cargo"),
            ("go.sum", "go"),
            ("Gemfile.lock", "bundle"),
            ("composer.lock", "composer"),
            ("mix.lock", "mix"),
            ("pubspec.lock", "dart"),
            ("packages.lock.json", "dotnet"),
        ];
        for row in TABLE {
            let program = expected.iter().find(|(lock, _)| *lock == row.lock).unwrap().1;
            assert!(row.commands[0].starts_with(program), "{}", row.lock);
        }
    }

    #[test]
    fn one_tool_a_family_and_the_one_that_is_locked_strictest_first() {
        let folder = tempfile::tempdir().unwrap();
        let touch = |name: &str| crate::state::replace(&folder.path().join(name), b"").unwrap();
        for name in ["package-lock.json", "yarn.lock", "Cargo.lock", "requirements.txt", "uv.lock"] {
            touch(name);
        }
        let texts = |commands: Vec<Command>| commands.iter().map(Command::text).collect::<Vec<_>>();
        let found = texts(detect(folder.path()));
        assert_eq!(
            found,
            ["yarn install --frozen-lockfile --prefer-offline", "uv sync --frozen", "cargo fetch --locked"]
        );
        touch(".yarnrc.yml");
        assert_eq!(detect(folder.path())[0].text(), "yarn install --immutable");
    }
}
