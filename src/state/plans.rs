//! The plans of a project on disk: which there are, which is active, how one is made and put away.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::atomic::{create_dir_all, list, move_to, read_optional, remove_file, symlink, write_new_dir};
use super::journal::{Journal, Kind};
use super::lock::LockFile;
use crate::error::{Error, Result};
use crate::plan::load::{Source, TaskText, load_in, task_files};
use crate::plan::render::render;
use crate::plan::{self, Diagnostics, Document, Plan, Status, Surroundings};

/// Where a plan's folder stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Shelf {
    /// `.parallel/plans/`.
    Plans,
    /// `.parallel/archive/`.
    Archive,
}

/// How a plan lies on disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Location {
    /// A folder named after its id.
    Folder(Shelf),
    /// `.parallel/plans/plan.yaml`, the older flat layout.
    Flat,
    /// `.parallel/plans/active/` as a folder, an older layout too.
    ActiveFolder,
}

/// One plan on disk, not read yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlanFolder {
    /// `YYYYMMDD-HHMMSS-<slug>`; `flat` and `active` in the older layouts.
    pub id: String,
    /// The folder with `plan.yaml` in it.
    pub dir: PathBuf,
    /// Where and how.
    pub location: Location,
}

/// Which plan is active.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Active {
    /// None.
    None,
    /// This one.
    Plan(PlanFolder),
    /// `active` names something that is not there, or not a plan's name.
    Broken(String),
}

/// A plan to be written.
pub struct NewPlan<'a> {
    /// What it is made from.
    pub document: &'a Document,
    /// The branch it starts from, unless the document names one.
    pub base: Option<&'a str>,
    /// When, in UTC.
    pub time: jiff::Timestamp,
    /// For the journal: `document`, `transcript` or `session_end`.
    pub from: &'a str,
    /// Also if this document was made into a plan before.
    pub again: bool,
}

/// What `create` did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Created {
    /// A new folder.
    New(PlanFolder),
    /// The same document was made into this plan before; nothing was written.
    Same(PlanFolder),
}

/// The folder `.parallel`.
#[derive(Clone, Debug)]
pub struct PlanStore {
    root: PathBuf,
    ctx_dir: PathBuf,
}

impl PlanStore {
    /// The store of the project whose main checkout lies at `home`; starts no git process.
    pub fn at(home: &Path, ctx_dir: PathBuf) -> Self {
        Self { root: home.join(".parallel"), ctx_dir }
    }

    fn plans(&self) -> PathBuf {
        self.root.join("plans")
    }

    fn archived(&self) -> PathBuf {
        self.root.join("archive")
    }

    fn link(&self) -> PathBuf {
        self.plans().join("active")
    }

    fn lock(&self) -> Result<super::Lock> {
        LockFile::new(&self.ctx_dir.join("plans.lock")).acquire()
    }

    fn folder(&self, shelf: Shelf, id: &str) -> Option<PlanFolder> {
        let parent = match shelf {
            Shelf::Plans => self.plans(),
            Shelf::Archive => self.archived(),
        };
        let dir = parent.join(id);
        let named = id != "active" && !id.starts_with('.') && !id.contains(['/', '\\', '\0']);
        (named && dir.join("plan.yaml").is_file()).then(|| PlanFolder {
            id: id.to_owned(),
            dir,
            location: Location::Folder(shelf),
        })
    }

    /// Every plan, archived ones last, each shelf in the order of ids.
    pub fn list(&self) -> Result<Vec<PlanFolder>> {
        let mut found = Vec::new();
        for (shelf, parent) in [(Shelf::Plans, self.plans()), (Shelf::Archive, self.archived())] {
            for path in list(&parent)? {
                let name = path.file_name().map(|name| name.to_string_lossy().into_owned());
                found.extend(name.and_then(|name| self.folder(shelf, &name)));
            }
            if shelf == Shelf::Plans {
                found.extend(self.older());
            }
        }
        Ok(found)
    }

    /// The plan in one of the older layouts.
    fn older(&self) -> Option<PlanFolder> {
        let layouts = [
            (
                "active",
                self.link(),
                Location::ActiveFolder,
                self.link().is_dir() && !self.link().is_symlink(),
            ),
            ("flat", self.plans(), Location::Flat, true),
        ];
        layouts
            .into_iter()
            .find(|(_, dir, _, there)| *there && dir.join("plan.yaml").is_file())
            .map(|(id, dir, location, _)| PlanFolder { id: id.to_owned(), dir, location })
    }

    /// The active plan.
    pub fn active(&self) -> Result<Active> {
        let link = self.link();
        let name = match fs::symlink_metadata(&link) {
            Ok(meta) if meta.is_symlink() => fs::read_link(&link)
                .map_err(|error| Error::io("read", &link, &error))?
                .to_string_lossy()
                .into_owned(),
            Ok(meta) if meta.is_file() => read_optional(&link)?.unwrap_or_default().trim().to_owned(),
            _ => return Ok(self.older().map_or(Active::None, Active::Plan)),
        };
        // Absolute targets and `plans/<id>` were written by other tools; the last part is the id.
        let id = name.trim_end_matches('/').rsplit('/').next().unwrap_or_default();
        Ok(match self.folder(Shelf::Plans, id) {
            Some(folder) => Active::Plan(folder),
            // `archive` moves the folder before it takes the link away.
            None if self.folder(Shelf::Archive, id).is_some() => Active::None,
            None => Active::Broken(name),
        })
    }

    /// The active plan, or what to do without one.
    pub fn require_active(&self) -> Result<PlanFolder> {
        match self.active()? {
            Active::Plan(folder) => Ok(folder),
            Active::None => Err(Error::refused("no plan is active")
                .hint("make one with `/ctx:plan` in Claude Code or `ctx plan create FILE`, or choose one with `ctx plan use ID`")),
            Active::Broken(name) => Err(Error::refused(format!("the active plan `{name}` is not there"))
                .hint("choose one with `ctx plan use ID`; `ctx plan list` shows them")),
        }
    }

    /// Reads a plan with everything that is wrong with it.
    pub fn load(&self, folder: &PlanFolder) -> Result<(Option<Plan>, Diagnostics)> {
        self.load_in(folder, None)
    }

    /// As `load`; also compares the plan with the repository.
    pub fn load_in(
        &self,
        folder: &PlanFolder,
        around: Option<&Surroundings<'_>>,
    ) -> Result<(Option<Plan>, Diagnostics)> {
        let index_file = folder.dir.join("plan.yaml");
        let index = read_optional(&index_file)?.ok_or_else(|| {
            Error::refused(format!("`{}` is not there", index_file.display())).hint("see `ctx plan list`")
        })?;
        let tasks: BTreeMap<String, TaskText> = task_files(&index)
            .into_iter()
            .map(|file| {
                let text = task_text(&folder.dir, &file);
                (file, text)
            })
            .collect();
        Ok(load_in(&Source { index_file: "plan.yaml".to_owned(), index, tasks }, around))
    }

    /// Has anything of the active plan been started, and is anything left to do? Taking a plan out of a
    /// conversation does not switch away from it.
    pub fn is_under_way(&self, active: &Active) -> Result<bool> {
        let Active::Plan(folder) = active else { return Ok(false) };
        let tasks = self.load(folder)?.0.map(|plan| plan.tasks).unwrap_or_default();
        let all = |status: Status| tasks.iter().all(|task| task.status == status);
        Ok(!all(Status::Pending) && !all(Status::Completed))
    }

    /// Reads a plan that must be valid.
    pub fn require_valid(&self, folder: &PlanFolder) -> Result<Plan> {
        match self.load(folder)? {
            (Some(plan), _) => Ok(plan),
            (None, found) => {
                let errors = found.0.into_iter().filter(|one| one.severity == plan::Severity::Error);
                let errors = Diagnostics(errors.collect());
                Err(Error::refused(format!("plan `{}` is invalid\n\n{errors}\n", folder.id)).hint(format!(
                    "fix the files in `{}`, then run `ctx plan validate`",
                    folder.dir.display()
                )))
            }
        }
    }

    /// One text of a plan's `metadata:`, if the file can be read that far.
    pub fn metadata(&self, folder: &PlanFolder, key: &str) -> Option<String> {
        let text = read_optional(&folder.dir.join("plan.yaml")).ok()??;
        plan::load::metadata(&text, key)
    }

    /// The plan that was made from the document with this hash, archived ones included.
    pub fn by_document(&self, hash: &str) -> Result<Option<PlanFolder>> {
        let mut made: Vec<PlanFolder> = self
            .list()?
            .into_iter()
            .filter(|folder| self.metadata(folder, "document").as_deref() == Some(hash))
            .collect();
        // Of several, one that is not archived counts, and the latest of those.
        made.sort_by_key(|folder| {
            (folder.location == Location::Folder(Shelf::Archive), Reverse(folder.id.clone()))
        });
        Ok(made.into_iter().next())
    }

    /// Writes a plan's folder, complete or not at all; never over an existing one.
    pub fn create(&self, new: &NewPlan<'_>) -> Result<Created> {
        let _lock = self.lock()?;
        if !new.again
            && let Some(same) = self.by_document(&new.document.hash())?
        {
            return Ok(Created::Same(same));
        }
        create_dir_all(&self.plans())?;
        let created = new.time.strftime("%Y%m%d-%H%M%S").to_string();
        let files = render(new.document, &created, new.base);
        let stem = format!("{created}-{}", slug(&new.document.name));
        // Two plans of one name in one second, or one that is archived already.
        let names = std::iter::once(stem.clone()).chain((2..).map(|n| format!("{stem}-{n}")));
        for id in names {
            if fs::symlink_metadata(self.archived().join(&id)).is_ok() {
                continue;
            }
            let dir = self.plans().join(&id);
            if write_new_dir(&dir, &files)? {
                self.journal().record(Some(&id), None, Kind::PlanCreated { from: new.from.to_owned() })?;
                return Ok(Created::New(PlanFolder { id, dir, location: Location::Folder(Shelf::Plans) }));
            }
        }
        unreachable!("an endless iterator has a free name")
    }

    /// Makes a plan the active one; an archived one comes back.
    pub fn activate(&self, folder: &PlanFolder) -> Result<PlanFolder> {
        let _lock = self.lock()?;
        self.require_link()?;
        let folder = match folder.location {
            Location::Folder(Shelf::Plans) => folder.clone(),
            Location::Folder(Shelf::Archive) => {
                let dir = self.plans().join(&folder.id);
                create_dir_all(&self.plans())?;
                move_to(&folder.dir, &dir)?;
                PlanFolder { dir, location: Location::Folder(Shelf::Plans), ..folder.clone() }
            }
            // The flat plan is the active one when nothing else is.
            Location::Flat => {
                remove_file(&self.link())?;
                return Ok(folder.clone());
            }
            Location::ActiveFolder => return Ok(folder.clone()),
        };
        symlink(Path::new(&folder.id), &self.link())?;
        self.journal().record(Some(&folder.id), None, Kind::PlanActivated)?;
        Ok(folder)
    }

    /// Is `active` something that can be replaced? A folder of that name is somebody's plan.
    pub fn require_link(&self) -> Result<()> {
        let link = self.link();
        if link.is_dir() && !link.is_symlink() {
            return Err(Error::refused(format!("`{}` is a folder, an older layout", link.display()))
                .hint("put that plan away with `ctx plan archive active`, then run this again"));
        }
        Ok(())
    }

    /// Moves a plan to the archive; if it was active, none is afterwards.
    pub fn archive(&self, folder: &PlanFolder) -> Result<PathBuf> {
        let _lock = self.lock()?;
        let name = match folder.location {
            Location::Folder(Shelf::Archive) => {
                return Err(Error::refused(format!("plan `{}` is archived already", folder.id)));
            }
            Location::Folder(Shelf::Plans) => folder.id.clone(),
            Location::ActiveFolder => {
                let name = self.metadata(folder, "name").unwrap_or_default();
                let created = self.metadata(folder, "created").unwrap_or_else(|| "older".to_owned());
                format!("{}-{}", slug(&created), slug(&name))
            }
            Location::Flat => {
                return Err(Error::refused("the flat layout is used in place; `ctx` does not move it").hint(
                    "make another plan the active one with `ctx plan use ID`, or move `plan.yaml` and `tasks` yourself",
                ));
            }
        };
        let was_active = self.active()? == Active::Plan(folder.clone());
        create_dir_all(&self.archived())?;
        let to = self.archived().join(&name);
        move_to(&folder.dir, &to)?;
        if was_active && folder.location != Location::ActiveFolder {
            remove_file(&self.link())?;
        }
        self.journal().record(Some(&name), None, Kind::PlanArchived)?;
        Ok(to)
    }

    fn journal(&self) -> Journal {
        Journal::at(&self.ctx_dir)
    }
}

/// A task's file as it is: links are not followed, nor is a `tasks` folder that is one.
fn task_text(dir: &Path, file: &str) -> TaskText {
    let path = dir.join(file);
    let linked = |path: &Path| fs::symlink_metadata(path).is_ok_and(|meta| meta.is_symlink());
    if linked(&path) || path.parent().is_some_and(|parent| parent != dir && linked(parent)) {
        return TaskText::Symlink;
    }
    match read_optional(&path) {
        Ok(Some(text)) => TaskText::Text(text),
        Ok(None) => TaskText::Missing,
        // The message names the file already.
        Err(error) => TaskText::Unreadable(error.fact.replace(&format!("`{}`", path.display()), "it")),
    }
}

/// A name as part of a folder's name: lower case, words joined by `-`, at most 40 characters.
fn slug(name: &str) -> String {
    let words = name.to_lowercase();
    let words = words.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    let slug = words.collect::<Vec<_>>().join("-");
    let cut = slug.char_indices().nth(40).map_or(slug.len(), |(at, _)| at);
    match slug[..cut].trim_end_matches('-') {
        "" => "plan".to_owned(),
        slug => slug.to_owned(),
    }
}
