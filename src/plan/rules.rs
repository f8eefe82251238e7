//! Decides whether the parts of a plan fit together.
//!
//! In: the index, and each of its tasks' details where there are any. Out: the tasks with what both say of
//! them, and a diagnostic for every rule that is broken. The same rules hold for a plan's folder and for a plan
//! document; `load` and `document` only find the parts.

use std::collections::{BTreeSet, HashSet};

use super::details::Details;
use super::diagnostic::Spot;
use super::fields::one_line;
use super::graph;
use super::index::{Entry, Refused};
use super::strangers::strangers;
use super::{Diagnostic, Task, TaskId};
use crate::text::{did_you_mean, neighbours};

/// Comparing the declared files of all tasks takes at most about this many steps: seconds, at the worst.
const MAX_COMPARISONS: usize = 1 << 30;

/// For how many unknown names a known one is looked for.
const MAX_SUGGESTIONS: usize = 20;

/// An entry of the index with the details that belong to it.
#[derive(Debug)]
pub(super) struct Pair<'a> {
    pub(super) entry: Entry,
    /// None where they are missing or unreadable; that has been reported.
    pub(super) details: Option<Details<'a>>,
}

/// How many names a message lists.
const LISTED: usize = 8;

/// A task and where to point when something is wrong with it.
struct Placed {
    at: Spot,
    dependencies_at: Vec<Spot>,
}

/// Checks everything and returns the tasks, in the order of the index. `others` are names of tasks that the index
/// means to have and that were refused: to depend on one is no error of its own. What the `refused` entries themselves
/// depend on is checked, too.
pub(super) fn judge(
    pairs: &[Pair<'_>],
    others: &[String],
    refused: &[Refused],
    found: &mut Vec<Diagnostic>,
) -> Vec<Task> {
    let mut names = Names::of(pairs, others);
    let mut tasks = Vec::with_capacity(pairs.len());
    let mut placed = Vec::with_capacity(pairs.len());
    for pair in pairs {
        if let Some(details) = &pair.details {
            compare(&pair.entry, details, found);
            report_gaps(&pair.entry.id, details, found);
            check_model(&pair.entry.id, details, found);
        }
        let more = pair.details.as_ref().map(|details| strangers(&details.sheet.fields()));
        for stranger in pair.entry.strangers.iter().chain(more.iter().flatten()) {
            stranger.report(&pair.entry.id, &names.known, found);
        }
        let (needs, dependencies_at) = names.resolve(pair, found);
        tasks.push(task(pair, needs));
        placed.push(Placed { at: pair.entry.at.clone(), dependencies_at });
    }
    for Refused { what, dependencies } in refused {
        for (name, at) in dependencies {
            if !names.known.contains(name.as_str()) && !others.contains(name) {
                found.push(names.unknown(what, None, name, at));
            }
        }
    }
    check_cycles(&tasks, &placed, found);
    check_clashes(&tasks, &placed, found);
    tasks
}

/// The ids that dependencies may name.
struct Names<'a> {
    pairs: &'a [Pair<'a>],
    known: HashSet<&'a str>,
    others: &'a [String],
    suggestions: usize,
}

impl<'a> Names<'a> {
    fn of(pairs: &'a [Pair<'a>], others: &'a [String]) -> Self {
        let known = pairs.iter().map(|pair| pair.entry.id.as_str()).collect();
        Self { pairs, known, others, suggestions: MAX_SUGGESTIONS }
    }

    /// The tasks that a task waits for, each once, and where each is named.
    fn resolve(&mut self, pair: &Pair<'_>, found: &mut Vec<Diagnostic>) -> (Vec<TaskId>, Vec<Spot>) {
        let (names, spots) = dependencies(pair);
        let mut needs: Vec<TaskId> = Vec::new();
        let mut needs_at = Vec::new();
        let mut seen = HashSet::new();
        for (name, at) in names.iter().zip(spots).filter(|(name, _)| seen.insert(*name)) {
            match TaskId::parse(name) {
                Ok(id) if self.known.contains(name.as_str()) => {
                    needs.push(id);
                    needs_at.push(at);
                }
                _ if self.others.contains(name) => {}
                _ => {
                    let id = &pair.entry.id;
                    found.push(self.unknown(&format!("`{id}`"), Some(id), name, &at));
                }
            }
        }
        (needs, needs_at)
    }

    fn unknown(&mut self, what: &str, own: Option<&TaskId>, name: &str, at: &Spot) -> Diagnostic {
        let looked_at = if self.suggestions > 0 { self.pairs } else { &[] };
        self.suggestions = self.suggestions.saturating_sub(1);
        let known = looked_at.iter().map(|pair| pair.entry.id.as_str());
        let known: Vec<&str> = known.filter(|known| own.is_none_or(|own| *known != own.as_str())).collect();
        let called = looked_at.iter().map(|pair| &pair.entry).find(|entry| entry.is_called(name));
        let called = called.filter(|entry| Some(&entry.id) != own);
        let called = called.map(|entry| format!("`{}` has that name: write its id", entry.id));
        let hint =
            called.or_else(|| did_you_mean(name, known.iter().copied())).unwrap_or_else(|| match neighbours(
                name,
                known.iter().copied(),
            ) {
                near if near.is_empty() => "remove it here, or add that task to `tasks`".to_owned(),
                near => {
                    format!("name a task such as {}, or add that one to `tasks`", listed(near.into_iter()))
                }
            });
        let message = format!("{what} depends on `{}`, which is not in the plan", one_line(name));
        Diagnostic::error("dependency-unknown", at, message, hint)
    }
}

/// What the task waits for: what the index says, else what the task says.
fn dependencies(pair: &Pair<'_>) -> (Vec<String>, Vec<Spot>) {
    if let Some(names) = &pair.entry.dependencies {
        return (names.clone(), pair.entry.dependencies_at.clone());
    }
    let Some(details) = &pair.details else { return (Vec::new(), Vec::new()) };
    let names = details.dependencies.clone().unwrap_or_default();
    let fields = details.sheet.fields();
    let spots = (0..names.len()).map(|n| fields.spot_of(&format!("dependencies[{n}]"))).collect();
    (names, spots)
}

/// What both say must be the same where it decides what runs after what; elsewhere the index counts.
fn compare(entry: &Entry, details: &Details<'_>, found: &mut Vec<Diagnostic>) {
    let id = &entry.id;
    let fields = details.sheet.fields();
    if let Some(other) = details.id.as_ref().filter(|other| *other != id) {
        let message = format!("the index says `{id}`, the task says `{other}`");
        let hint = format!("write `id: {id}` here, or change the index");
        found.push(Diagnostic::error("id-mismatch", &fields.spot_of("id"), message, hint));
    }
    if let (Some(index), Some(own)) = (&entry.name, &details.name)
        && index.trim() != own.trim()
    {
        let message = format!("`{id}` is `{}` in the index and `{}` here", one_line(index), one_line(own));
        let hint = "the index counts; make the two names the same";
        let key = if fields.value("name").is_some() { "name" } else { "title" };
        found.push(Diagnostic::warning("name-mismatch", &fields.spot_of(key), message, hint));
    }
    if let (Some(index), Some(own)) = (entry.priority, details.priority)
        && index != own
    {
        let message = format!("`{id}` has priority `{index}` in the index and `{own}` here");
        let hint = "the index counts; make the two the same";
        found.push(Diagnostic::warning("priority-mismatch", &fields.spot_of("priority"), message, hint));
    }
    if let (Some(index), Some(own)) = (&entry.dependencies, &details.dependencies) {
        let (index, own): (BTreeSet<_>, BTreeSet<_>) = (index.iter().collect(), own.iter().collect());
        if index != own {
            let message =
                format!("`{id}` depends on {} in the index and on {} here", names(&index), names(&own));
            let hint = "make the two lists the same";
            found.push(Diagnostic::error(
                "dependencies-mismatch",
                &fields.spot_of("dependencies"),
                message,
                hint,
            ));
        }
    }
}

fn report_gaps(id: &TaskId, details: &Details<'_>, found: &mut Vec<Diagnostic>) {
    for gap in &details.gaps {
        let (code, fact, many, hint) = gap.describe();
        let one = Diagnostic::warning(code, &details.at, format!("`{id}` has {fact}"), hint);
        found.push(one.of_task(id.as_str(), many));
    }
}

/// What the client takes as a model beside full names.
const MODELS: [&str; 7] = ["opus", "sonnet", "haiku", "inherit", "opusplan", "fable", "mythos"];

fn check_model(id: &TaskId, details: &Details<'_>, found: &mut Vec<Diagnostic>) {
    let Some(model) = details.model.as_deref() else { return };
    let plain = model.trim().to_lowercase();
    let alias = plain.strip_suffix("[1m]").unwrap_or(&plain);
    // Full names are `claude-…`, on other platforms with a prefix.
    if MODELS.contains(&alias) || plain.contains("claude") {
        return;
    }
    let message = format!("the model `{}` of `{id}` is not known", one_line(model));
    let hint = did_you_mean(model, MODELS)
        .unwrap_or_else(|| "use `opus`, `sonnet`, `haiku`, `inherit`, or a full name `claude-…`".to_owned());
    let at = details.sheet.fields().spot_of("model");
    found.push(Diagnostic::warning("unknown-model", &at, message, hint));
}

fn task(pair: &Pair<'_>, dependencies: Vec<TaskId>) -> Task {
    let Entry { id, name, priority, .. } = &pair.entry;
    let own = pair.details.as_ref();
    Task {
        id: id.clone(),
        name: name.clone().unwrap_or_default(),
        file: file_of(id),
        priority: priority.or_else(|| own?.priority).unwrap_or_default(),
        status: own.and_then(|own| own.status).unwrap_or_default(),
        dependencies,
        labels: own.map(|own| own.labels.clone()).unwrap_or_default(),
        model: own.and_then(|own| own.model.clone()),
        work_type: own.and_then(|own| own.work_type.clone()),
        context: own.map(|own| own.context.clone()).unwrap_or_default(),
        files: own.map(|own| own.files.clone()).unwrap_or_default(),
        verify: own.map(|own| own.verify.clone()).unwrap_or_default(),
        shared_resources: own.map(|own| own.shared_resources.clone()).unwrap_or_default(),
        body: own.map(|own| own.body.to_owned()).unwrap_or_default(),
    }
}

/// The only place where a task's file may be.
pub(super) fn file_of(id: &TaskId) -> String {
    format!("tasks/{id}.md")
}

fn check_cycles(tasks: &[Task], placed: &[Placed], found: &mut Vec<Diagnostic>) {
    for cycle in graph::cycles(tasks) {
        let Some(place) = tasks.iter().position(|task| task.id == cycle[0]) else { continue };
        let Placed { at, dependencies_at } = &placed[place];
        let next = cycle.get(1).unwrap_or(&cycle[0]);
        let which = tasks[place].dependencies.iter().position(|need| need == next);
        let at = which.and_then(|n| dependencies_at.get(n)).unwrap_or(at);
        if cycle.len() == 1 {
            let message = format!("`{}` depends on itself", cycle[0]);
            let hint = "remove it from its own `dependencies`";
            found.push(Diagnostic::error("dependency-self", at, message, hint));
            continue;
        }
        let path: Vec<&str> = cycle.iter().chain([&cycle[0]]).map(TaskId::as_str).collect();
        let message = format!("tasks wait for each other: `{}`", path.join(" -> "));
        let hint = "remove one of these dependencies";
        found.push(Diagnostic::error("dependency-cycle", at, message, hint));
    }
}

fn check_clashes(tasks: &[Task], placed: &[Placed], found: &mut Vec<Diagnostic>) {
    if graph::comparisons(tasks) > MAX_COMPARISONS {
        let at = placed.first().map_or_else(|| Spot::file(""), |first| Spot::file(&first.at.file));
        let message = "the tasks declare too many files to compare them all";
        found.push(Diagnostic::error("too-many-files", &at, message, "declare folders such as `src/auth/`"));
        return;
    }
    for graph::Clash { task, others, files } in graph::clashes(tasks) {
        let first = &tasks[others[0]].id;
        let message = format!(
            "`{}` could run at the same time as {}, but changes the same files: {}; they are put into different waves",
            tasks[task].id,
            listed(others.iter().map(|&other| tasks[other].id.as_str())),
            listed(files.iter().map(String::as_str)),
        );
        let hint =
            format!("make one depend on the other (`dependencies: [{first}]`), or give each its own files");
        found.push(Diagnostic::warning("file-clash", &placed[task].at, message, hint));
    }
}

/// Names in backticks; the first few where there are many.
fn listed<'a>(names: impl ExactSizeIterator<Item = &'a str>) -> String {
    let more = names.len().saturating_sub(LISTED);
    let mut list: Vec<String> = names.take(LISTED).map(|name| format!("`{}`", one_line(name))).collect();
    if more > 0 {
        list.push(format!("and {more} more"));
    }
    list.join(", ")
}

fn names(ids: &BTreeSet<&String>) -> String {
    if ids.is_empty() {
        return "nothing".to_owned();
    }
    listed(ids.iter().map(|id| id.as_str()))
}
