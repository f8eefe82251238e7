//! What a program meets that goes through folders, or is given names of files by another program.
//!
//! In: folders, and which names count. Out: links, files with keys, and names that are not plain, as doubts.

use std::path::{Path, PathBuf};

use super::argument::Arg;
use super::call::Call;
use super::effect::{Effect, Effects};
use super::facts::{Facts, Kind};
use super::glob;
use super::places;

/// Names that a program takes out of all that lie below some folders.
#[derive(Clone, Debug, Default)]
pub(super) struct Names {
    /// Where it starts.
    pub(super) roots: Vec<PathBuf>,
    /// A name has to match one of these patterns; any name if there is none.
    pub(super) patterns: Vec<String>,
    /// Folders with one of these names are passed over.
    pub(super) passed_over: Vec<String>,
    /// Only regular files, so that a link is never among them.
    pub(super) files_only: bool,
    /// Only what git tracks, or does not ignore.
    pub(super) by_git: bool,
    /// Names that begin with a dot are passed over.
    pub(super) visible_only: bool,
    /// Each name ends with NUL, not with a newline.
    pub(super) nul: bool,
}

/// Ends of names of source code and text. No file with keys has one.
const SOURCES: &[&str] = &[
    "rs", "ts", "tsx", "mts", "cts", "js", "jsx", "mjs", "cjs", "py", "pyi", "go", "java", "kt", "kts", "c",
    "h", "cc", "cpp", "hpp", "cs", "fs", "rb", "php", "swift", "scala", "clj", "ex", "exs", "erl", "hs",
    "ml", "zig", "nim", "lua", "pl", "sh", "bash", "fish", "ps1", "sql", "graphql", "proto", "html", "css",
    "scss", "less", "vue", "svelte", "astro", "md", "mdx", "rst", "txt", "adoc", "dart", "r", "jl", "m",
    "mm", "gradle", "cmake",
];

/// More entries than these are not looked at.
const MOST: usize = 6000;

impl Names {
    /// Those below these operands.
    pub(super) fn below(call: &Call<'_>, roots: &[Arg]) -> Self {
        let texts = roots.iter().filter_map(Arg::texts).flatten();
        Self { roots: texts.flat_map(|text| call.paths(text)).collect(), ..Self::default() }
    }

    /// Those below the current directory.
    pub(super) fn here(call: &Call<'_>) -> Self {
        Self { roots: call.paths(""), ..Self::default() }
    }

    /// Only names that match one of these; patterns that are not understood leave all names in.
    pub(super) fn only<'a>(mut self, patterns: impl IntoIterator<Item = &'a str>) -> Self {
        let mut plain = Vec::new();
        for pattern in patterns {
            match in_braces(pattern) {
                Some(more) => plain.extend(more),
                None => return self,
            }
        }
        self.patterns = plain;
        self
    }

    fn takes(&self, name: &str) -> bool {
        // Unlike the shell's, these patterns match a dot at the beginning.
        let matches = |pattern: &String| glob::matches(&format!("x{pattern}"), &format!("x{name}"));
        self.patterns.is_empty() || self.patterns.iter().any(matches)
    }

    /// Can none of them hold keys, whatever there is?
    fn are_sources(&self) -> bool {
        let source = |pattern: &String| pattern.strip_prefix("*.").is_some_and(|end| SOURCES.contains(&end));
        !self.patterns.is_empty() && self.patterns.iter().all(source)
    }

    /// Every file that has one of these names is read; what is not to be read is the error. `links`: what a link leads
    /// to is read too. `splits`: whoever gets the names splits them at blanks and quotes.
    pub(super) fn read(
        &self,
        facts: &dyn Facts,
        effects: &mut Effects,
        links: bool,
        splits: bool,
    ) -> Result<(), String> {
        let links = links && !self.files_only;
        if !links && !splits && self.are_sources() {
            return Ok(());
        }
        let real = |root: &PathBuf| facts.real(root).unwrap_or_else(|| root.clone());
        let roots: Vec<PathBuf> = self.roots.iter().map(real).collect();
        let mut left: Vec<(PathBuf, bool)> = roots.into_iter().map(|root| (root, true)).collect();
        let mut seen = 0;
        while let Some((path, is_root)) = left.pop() {
            seen += 1;
            if seen > MOST {
                return Err(
                    "there are too many files to look at: name the folders, or use `git grep`".to_owned()
                );
            }
            let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
            if !is_root && self.visible_only && name.starts_with('.') {
                continue;
            }
            match facts.kind(&path) {
                Kind::Folder => {
                    // Packages are public, but what they link to may not be.
                    let packages = name == "node_modules" && !links && !splits;
                    if !is_root && (packages || self.passed_over.contains(&name)) {
                        continue;
                    }
                    if name == ".git" {
                        return Err(format!("`{}` belongs to git", path.display()));
                    }
                    let inner = facts.names(&path);
                    let inner = inner.ok_or_else(|| format!("`{}` cannot be read", path.display()))?;
                    left.extend(inner.iter().map(|name| (path.join(name), false)));
                }
                Kind::Link if links && self.takes(&name) => effects.add(Effect::Read(path.clone())),
                // The file that says where a worktree's repository is.
                Kind::File { .. } if name == ".git" => {}
                Kind::File { .. } if self.takes(&name) => self.read_one(facts, &path, is_root)?,
                _ => {}
            }
            if splits && !is_root && is_split(&name) {
                return Err(format!("`{}` is split into words: use `-0`", path.display()));
            }
        }
        Ok(())
    }

    fn read_one(&self, facts: &dyn Facts, path: &Path, is_root: bool) -> Result<(), String> {
        // What is named outright is looked at as what is read.
        if is_root || !places::is_secret(path) || self.by_git && facts.ignored(path) {
            return Ok(());
        }
        Err(format!(
            "it would read `{}`, which may hold keys or credentials: name the folders, or use `git grep`",
            path.display()
        ))
    }
}

/// `*.{ts,tsx}` as its alternatives; none if the pattern is more than a name with `*` and `?`.
fn in_braces(pattern: &str) -> Option<Vec<String>> {
    let plain = |text: &str| {
        !text.contains(['/', '{', '}', '[', ']', '!', '^', '\\', ',', ' ']) && !text.contains("**")
    };
    let Some((before, rest)) = pattern.split_once('{') else {
        return plain(pattern).then(|| vec![pattern.to_owned()]);
    };
    let inner = rest.strip_suffix('}')?;
    let parts: Vec<&str> = inner.split(',').collect();
    let all_plain = plain(before) && parts.iter().all(|part| plain(part));
    all_plain.then(|| parts.iter().map(|part| format!("{before}{part}")).collect())
}

impl Call<'_> {
    /// Prints these names and nothing else.
    pub(super) fn prints(&mut self, names: Names) {
        self.effects.prints_names = Some(self.effects.lists.len());
        self.effects.lists.push(names);
    }

    /// Reads every file that has one of these names: see `Names::read`.
    pub(super) fn reads_below(&mut self, names: &Names, links: bool, splits: bool) {
        if let Err(why) = names.read(self.facts, self.effects, links, splits) {
            self.unknown(why);
        }
    }

    /// Does any file with keys lie below this folder, by its name?
    pub(super) fn has_secret_below(&self, root: &Path) -> bool {
        let (mut left, mut seen) = (vec![root.to_owned()], 0);
        while let Some(path) = left.pop() {
            seen += 1;
            let secret = path.strip_prefix(root).is_ok_and(places::is_secret);
            if secret || seen > MOST {
                return true;
            }
            if self.facts.kind(&path) == Kind::Folder {
                let Some(names) = self.facts.names(&path) else { return true };
                left.extend(names.iter().map(|name| path.join(name)));
            }
        }
        false
    }
}

/// `xargs` takes blanks for ends, and quotes and backslashes away.
fn is_split(name: &str) -> bool {
    name.contains(|c: char| c.is_whitespace() || matches!(c, '\'' | '"' | '\\'))
}
