//! Finds a plan by what a person calls it, and compares one on disk with the document it was made from.

use serde_yaml::{Mapping, Value};

use super::atomic::read_optional;
use super::plans::{PlanFolder, PlanStore};
use crate::error::{Error, Result};
use crate::plan::render::render;
use crate::plan::{Document, task_file};
use crate::text::{self, did_you_mean};

/// Does this plan, of this name, fit?
type Step<'a> = &'a dyn Fn(&PlanFolder, &str) -> bool;

impl PlanStore {
    /// The one plan with this id or name, or the one whose id or name begins so; upper and lower case are the same in
    /// names.
    pub fn find(&self, wanted: &str) -> Result<PlanFolder> {
        let all: Vec<(PlanFolder, String)> = self
            .list()?
            .into_iter()
            .map(|folder| {
                let name = self.metadata(&folder, "name").unwrap_or_default();
                (folder, name)
            })
            .collect();
        let plain = wanted.trim().to_lowercase();
        // An id is a time and the words of a name.
        let words = |id: &str| id.splitn(3, '-').nth(2).unwrap_or_default().to_owned();
        let steps: [Step<'_>; 4] = [
            &|folder, _| folder.id == wanted,
            &|_, name| name == wanted,
            &|_, name| name.to_lowercase() == plain,
            &|folder, name| {
                !plain.is_empty()
                    && (folder.id.starts_with(wanted)
                        || name.to_lowercase().starts_with(&plain)
                        || words(&folder.id).starts_with(&plain))
            },
        ];
        for fits in steps {
            let matches: Vec<&PlanFolder> =
                all.iter().filter(|(folder, name)| fits(folder, name)).map(|(folder, _)| folder).collect();
            match matches[..] {
                [] => {}
                [one] => return Ok(one.clone()),
                [..] => {
                    let ids: Vec<String> = matches.iter().map(|folder| format!("`{}`", folder.id)).collect();
                    return Err(Error::refused(format!("`{wanted}` could be {}", ids.join(" or ")))
                        .hint("give the whole id"));
                }
            }
        }
        let known = all.iter().flat_map(|(folder, name)| [folder.id.as_str(), name.as_str()]);
        let near = did_you_mean(wanted, known.filter(|name| !name.is_empty()));
        let hint = near
            .map_or_else(|| "see `ctx plan list`".to_owned(), |near| format!("{near} see `ctx plan list`"));
        Err(Error::refused(format!("there is no plan `{}`", text::name(wanted))).hint(hint))
    }

    /// The files in which a plan on disk differs from its document, each with how. The statuses of its tasks, the
    /// form of the YAML and the order of its keys make no difference.
    pub fn differences(&self, folder: &PlanFolder, document: &Document) -> Result<Vec<String>> {
        let created = self.metadata(folder, "created").unwrap_or_default();
        let base = self.metadata(folder, "base");
        let mut differences = Vec::new();
        for (file, expected) in render(document, &created, base.as_deref()) {
            let how = match read_optional(&folder.dir.join(&file)) {
                Err(error) => Some(error.fact),
                Ok(None) => Some("it is missing".to_owned()),
                Ok(Some(text)) if same(&text, &expected, file == "plan.yaml") => None,
                Ok(Some(_)) => Some("it was changed".to_owned()),
            };
            differences.extend(how.map(|how| format!("`{file}`: {how}")));
        }
        Ok(differences)
    }
}

fn same(text: &str, expected: &str, is_index: bool) -> bool {
    if text == expected {
        return true;
    }
    let parts = |text: &str| {
        if is_index {
            return Some((serde_yaml::from_str::<Mapping>(text).ok()?, String::new()));
        }
        let (front, body) = task_file::split(text)?;
        let mut front: Mapping = serde_yaml::from_str(front).ok()?;
        front.remove(Value::from("status"));
        Some((front, body.trim_end().to_owned()))
    };
    parts(text).is_some_and(|parts_of| Some(parts_of) == parts(expected))
}
