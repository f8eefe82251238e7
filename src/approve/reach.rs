//! What a rule for paths may name: a file, and what lies below a folder that is gone through.
//!
//! In: a rule's pattern, a path, facts. A pattern without a folder in front of it may stand for any file, so the
//! files that are there are looked at; one with a folder counts where that folder is.

use std::cell::RefCell;
use std::collections::HashMap;
use std::path::{Path, PathBuf};

use super::facts::{Facts, Kind};
use super::territory::Territory;
use crate::plan::glob_matches;

/// Below a folder with more files than these, anything may be.
const MOST: usize = 20_000;
/// What tools make and others install is nobody's secret.
const MADE: &[&str] = &[".git", "target", "node_modules", ".venv", "venv"];
const SIGNS: &[char] = &['*', '?', '[', '{'];

/// The places in which patterns are looked up.
pub(super) struct Reach<'a> {
    facts: &'a dyn Facts,
    roots: Vec<PathBuf>,
    listed: RefCell<HashMap<PathBuf, Option<Vec<PathBuf>>>>,
}

impl<'a> Reach<'a> {
    pub(super) fn new(territory: &Territory, facts: &'a dyn Facts) -> Self {
        let own = territory.own.as_ref().map(|own| own.root.clone());
        let repository = Some(territory.repository.clone()).filter(|path| !path.as_os_str().is_empty());
        Self { facts, roots: own.into_iter().chain(repository).collect(), listed: RefCell::default() }
    }

    pub(super) fn is_folder(&self, path: &Path) -> bool {
        self.facts.real(path).is_some_and(|real| self.facts.kind(&real) == Kind::Folder)
    }

    /// May the pattern name something below this folder? With `history`, what was there counts too.
    pub(super) fn below(&self, pattern: &str, folder: &Path, history: bool) -> bool {
        let Some(folder) = self.facts.real(folder) else { return true };
        let bare = pattern.trim_start_matches(['/', '~']).trim_start_matches("./");
        let fixed: PathBuf = bare.split('/').take_while(|part| !part.contains(SIGNS)).collect();
        let anchored =
            bare.trim_end_matches('/').contains('/') || pattern.starts_with(['/', '.']) && bare != pattern;
        // `//x` is a path of this machine; of `~/x` only the end is known.
        let places: Vec<PathBuf> = match pattern {
            _ if pattern.starts_with("//") => vec![Path::new("/").join(&fixed)],
            _ if pattern.starts_with('~') || !anchored || fixed.as_os_str().is_empty() => Vec::new(),
            _ => self.roots.iter().map(|root| root.join(&fixed)).collect(),
        };
        if places.is_empty() {
            return self.any(pattern, &folder, history);
        }
        places.iter().any(|place| {
            let inner = if place.starts_with(&folder) { place } else { &folder };
            if !inner.starts_with(place) {
                return false;
            }
            if history {
                return true;
            }
            match self.facts.kind(place) {
                Kind::Missing => false,
                Kind::Folder => self.any(pattern, inner, false),
                _ => names(pattern, place),
            }
        })
    }

    /// Does the pattern name a file that is below this folder now?
    fn any(&self, pattern: &str, folder: &Path, history: bool) -> bool {
        if self.facts.kind(folder) != Kind::Folder {
            return false;
        }
        let part = literal(pattern);
        let mut listed = self.listed.borrow_mut();
        let Some(files) = listed.entry(folder.to_owned()).or_insert_with(|| self.list(folder)) else {
            return true;
        };
        files.iter().any(|file| {
            part.is_none_or(|part| file.to_string_lossy().contains(part))
                && names(pattern, file)
                // Git prints nothing of what it never had.
                && !(history && self.facts.ignored(file))
        })
    }

    fn list(&self, folder: &Path) -> Option<Vec<PathBuf>> {
        let (mut left, mut found) = (vec![folder.to_owned()], Vec::new());
        while let Some(folder) = left.pop() {
            for name in self.facts.names(&folder)? {
                if MADE.contains(&name.as_str()) {
                    continue;
                }
                let path = folder.join(name);
                if self.facts.kind(&path) == Kind::Folder {
                    left.push(path.clone());
                }
                found.push(path);
                if found.len() > MOST {
                    return None;
                }
            }
        }
        Some(found)
    }
}

/// A text that every path has which the pattern names, if that can be told.
fn literal(pattern: &str) -> Option<&str> {
    let plain = !pattern.contains(['[', '{', '\\', '~']);
    plain
        .then(|| pattern.split(['*', '?', '/']).max_by_key(|part| part.len()))
        .flatten()
        .filter(|part| *part != ".")
}

/// Does a pattern name this file, or something above it? The folder of the rule itself is not looked at: any
/// place where its text fits counts.
pub(super) fn names(pattern: &str, path: &Path) -> bool {
    let pattern = pattern.trim_start_matches(['/', '~']).trim_start_matches("./");
    let text = path.to_string_lossy();
    let text = text.trim_start_matches('/').trim_end_matches(['.', '/']);
    let text = text.replace("/./", "/");
    glob_matches(&format!("**/{pattern}"), &text)
        || glob_matches(&format!("**/{}/**", pattern.trim_end_matches('/')), &text)
}
