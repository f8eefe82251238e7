//! What stands below folders that a program goes through by itself, and what of it no agent may see.
//!
//! Nothing here is a proof that files stay what they are: it keeps an ordinary search from printing a key, or from
//! following a link out of the worktree.

use std::path::{Path, PathBuf};

use crate::approve::argument::Arg;
use crate::approve::call::Call;
use crate::approve::effect::{Effect, Names};
use crate::approve::facts::Kind;
use crate::approve::{glob, places};

/// More files than these are not looked at.
const MOST_FILES: usize = 8000;
/// Folders of build output, which are large; git is asked whether it ignores them.
const OUTPUT: &[&str] =
    &["target", "node_modules", "dist", "build", "out", ".venv", "venv", ".next", "vendor"];

/// How a program goes through folders.
#[derive(Clone, Debug, Default)]
pub(super) struct Way {
    pub(super) names: Names,
    /// It prints what is in the files.
    pub(super) content: bool,
    /// It opens links that it finds.
    pub(super) links: bool,
    /// It goes on below folders that links lead to.
    pub(super) follows: bool,
    /// It leaves out folders of these names.
    pub(super) skipped: Vec<String>,
    /// The names must be free of what `xargs` splits at.
    pub(super) whole: bool,
}

/// Goes the same way, and adds what is unknown or read by it.
pub(super) fn look(call: &mut Call<'_>, way: &Way) {
    let mut left: Vec<PathBuf> = way.names.roots.iter().flat_map(|root| call.paths(root)).collect();
    let roots: Vec<Option<PathBuf>> = left.iter().map(|root| call.facts.real(root)).collect();
    if way.whole && (way.content && way.names.gone || way.names.roots.iter().any(|root| is_split(root))) {
        return call.unknown("a name may be taken apart by `xargs`: end names with NUL (`-z`, `-0`)");
    }
    if way.names.listed && call.effects.changes_ignores() {
        return call.unknown("what git ignores changes before");
    }
    let mut count = 0;
    while let Some(folder) = left.pop() {
        let Some(names) = call.facts.names(&folder) else {
            // A file, or nothing; the program's own effect says what reading it is.
            match call.facts.real(&folder).map(|real| call.facts.kind(&real)) {
                Some(Kind::File { .. } | Kind::Missing) => continue,
                _ => return call.unknown("a folder that cannot be read"),
            }
        };
        for name in names {
            count += 1;
            if count > MOST_FILES {
                return call.unknown("there are too many files below to look at");
            }
            // What it holds may bring back what git ignores; and so may a pattern in `.gitignore` what is hidden.
            if way.names.listed && matches!(name.as_str(), ".ignore" | ".rgignore") {
                return call.unknown(format!("`{}` decides what is searched", folder.join(name).display()));
            }
            let path = folder.join(&name);
            let kind = call.facts.kind(&path);
            let wanted = way
                .names
                .patterns
                .as_ref()
                .is_none_or(|patterns| patterns.iter().any(|pattern| glob::matches_all(pattern, &name)));
            if way.whole && (wanted || kind == Kind::Folder) && is_split(&name) {
                return call.unknown(format!("the name `{name}` is taken apart by `xargs`"));
            }
            match kind {
                Kind::Folder if way.skipped.contains(&name) => {}
                Kind::Folder
                    if way.names.listed && OUTPUT.contains(&name.as_str()) && call.facts.ignored(&path) => {}
                Kind::Folder if way.content && name.eq_ignore_ascii_case(".git") => {
                    return call.unknown(format!("`{}` belongs to git", path.display()));
                }
                Kind::Folder => left.push(path),
                Kind::Link if wanted && way.links && !way.names.files => link(call, path, way, &roots),
                Kind::File { .. } if wanted && way.content && secret(call, &path, way) => {
                    return call.unknown(format!("`{}` may hold keys or credentials", path.display()));
                }
                _ => {}
            }
        }
    }
}

fn secret(call: &Call<'_>, path: &Path, way: &Way) -> bool {
    // A folder that is named is searched although git ignores it.
    let named = || {
        let roots = way.names.roots.iter().flat_map(|root| call.paths(root));
        roots
            .filter_map(|root| call.facts.real(&root))
            .filter(|root| call.territory.own.as_ref().is_none_or(|own| *root != own.root))
            .any(|root| path.starts_with(&root) && call.facts.ignored(&root))
    };
    places::is_secret(path) && !(way.names.listed && call.facts.ignored(path) && !named())
}

fn link(call: &mut Call<'_>, path: PathBuf, way: &Way, roots: &[Option<PathBuf>]) {
    let real = call.facts.real(&path);
    let folder = real.as_ref().is_some_and(|real| call.facts.kind(real) == Kind::Folder);
    let seen = roots.iter().flatten().any(|root| real.as_ref().is_some_and(|real| real.starts_with(root)));
    if folder && (way.follows || !seen) {
        call.unknown(format!("`{}` is a link to a folder", path.display()));
    }
    call.effects.add(Effect::Read(path));
}

/// Does `xargs` split this name, or take a quote out of it?
fn is_split(name: &str) -> bool {
    name.chars().any(|c| c.is_whitespace() || matches!(c, '\'' | '"' | '\\'))
}

/// The texts of roots; the current directory if there are none.
pub(super) fn roots(args: &[Arg]) -> Vec<String> {
    match args {
        [] => vec![".".to_owned()],
        _ => args.iter().flat_map(|root| root.texts().unwrap_or_default().to_vec()).collect(),
    }
}
