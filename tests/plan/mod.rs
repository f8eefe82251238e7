//! What `ctx::plan` decides.

mod bad_documents;
mod bad_plans;
mod decide;
mod declared;
mod document;
mod graph;
mod headings;
mod hostile;
mod keys;
mod properties;
mod render;
mod surroundings;
mod task_file;
mod text;

use ctx::plan::document::parse;
use ctx::plan::load::{Source, TaskText, load, task_files};
use ctx::plan::{Document, Files, Plan, Priority, Status, Task, TaskId};

/// A document without errors and warnings, for rows that change one thing in it.
const GOOD: &str = "\
# Auth system

**Type:** Plan
**Status:** Ready

## Plan Structure

```yaml
metadata:
  name: Auth system
  base: main
overview: Log in and out.
tasks:
  - id: task-0
    name: Models
    file: tasks/task-0.md
    priority: blocker
    dependencies: []
  - id: task-1
    name: Login form
    file: tasks/task-1.md
    priority: high
    dependencies: [task-0]
```

## Task Details

### Task 0: Models

```yaml
id: task-0
name: Models
priority: blocker
status: pending
dependencies: []
```

## 🎯 Objective

Users and sessions.

## 📁 Files to Touch

**Create:**
- `src/models.rs`

## 🧪 Tests Required

- `a_session_ends`

## ✅ Acceptance Criteria

- sessions are stored

### Task 1: Login form

```yaml
id: task-1
name: Login form
priority: high
dependencies: [task-0]
files:
  modify: [src/login.rs]
```

## Objective

A form.

## Tests

- `the_form_posts`

## Acceptance criteria

- one can log in
";

/// The document with some of its text replaced. Each text to replace must be there.
#[track_caller]
fn edited(edits: &[(&str, &str)]) -> String {
    edits.iter().fold(GOOD.to_owned(), |text, (from, to)| {
        assert!(text.contains(from), "{from:?} is not in the document");
        text.replacen(from, to, 1)
    })
}

/// A document that must have no errors.
#[track_caller]
fn parsed(text: &str) -> Document {
    let (document, found) = parse(text, "plan.md");
    document.unwrap_or_else(|| panic!("{found}"))
}

/// A folder with these files, as a caller reads it.
fn source(files: &[(String, String)]) -> Source {
    let text = |path: &str| files.iter().find(|(file, _)| file == path).map(|(_, text)| text.clone());
    let index = text("plan.yaml").unwrap_or_default();
    let tasks = task_files(&index).into_iter().map(|path| {
        let text = text(&path).map_or(TaskText::Missing, TaskText::Text);
        (path, text)
    });
    Source { index_file: "plan.yaml".to_owned(), tasks: tasks.collect(), index }
}

/// A folder that must have no errors.
#[track_caller]
fn loaded(files: &[(String, String)]) -> Plan {
    let (plan, found) = load(&source(files));
    plan.unwrap_or_else(|| panic!("{found}\n{files:#?}"))
}

fn id(text: &str) -> TaskId {
    text.parse().unwrap()
}

/// `name!priority:dependency,dependency=file,file`, everything but the name optional.
fn task(text: &str) -> Task {
    let (text, files) = text.split_once('=').unwrap_or((text, ""));
    let (text, needs) = text.split_once(':').unwrap_or((text, ""));
    let (name, priority) = text.split_once('!').unwrap_or((text, "medium"));
    let list =
        |text: &str| text.split(',').filter(|part| !part.is_empty()).map(str::to_owned).collect::<Vec<_>>();
    Task {
        id: id(name),
        name: name.to_owned(),
        file: format!("tasks/{name}.md"),
        priority: Priority::parse(priority).unwrap(),
        status: Status::Pending,
        dependencies: list(needs).iter().map(|need| id(need)).collect(),
        labels: Vec::new(),
        model: None,
        work_type: None,
        context: Vec::new(),
        files: Files { modify: list(files), ..Files::default() },
        verify: Vec::new(),
        shared_resources: Vec::new(),
        body: String::new(),
    }
}

/// Tasks by white space; see `task`.
fn tasks(text: &str) -> Vec<Task> {
    text.split_whitespace().map(task).collect()
}

/// `a b | c`: groups of ids.
fn shown(groups: &[Vec<TaskId>]) -> String {
    let group = |ids: &Vec<TaskId>| ids.iter().map(TaskId::as_str).collect::<Vec<_>>().join(" ");
    groups.iter().map(group).collect::<Vec<_>>().join(" | ")
}
