//! A small project to work on: a git repository, a plan for it, and what its agents write.

use std::path::{Path, PathBuf};
use std::time::Duration;

use tempfile::TempDir;

use crate::support::client::{Client, Ended, run};

/// A git repository with one commit on `main`, in a folder whose name has a space.
pub(crate) struct Project {
    folder: TempDir,
}

impl Project {
    pub(crate) fn new(client: &Client) -> Self {
        let project = Self { folder: TempDir::with_prefix("my project ").expect("a temporary folder") };
        std::fs::write(project.path().join("README.md"), "# Greetings\n").expect("a temporary file");
        project.git(client, &["init", "-q", "-b", "main"]);
        project.git(client, &["add", "."]);
        project.git(client, &["commit", "-q", "-m", "Start"]);
        project
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Git's answer, without the last line's end; panics when git refuses.
    #[track_caller]
    pub(crate) fn git(&self, client: &Client, args: &[&str]) -> String {
        let ended = self.program(client, Path::new("git"), args);
        assert_eq!(ended.code, Some(0), "git {args:?}: {ended:#?}");
        ended.stdout.trim_end().to_owned()
    }

    /// `ctx` as the person runs it in the project.
    pub(crate) fn ctx(&self, client: &Client, args: &[&str]) -> Ended {
        self.program(client, Path::new(env!("CARGO_BIN_EXE_ctx")), args)
    }

    fn program(&self, client: &Client, program: &Path, args: &[&str]) -> Ended {
        run(client.command(program).args(args).current_dir(self.path()), Duration::from_mins(1))
    }

    /// The folder of the active plan, if there is one.
    pub(crate) fn active_plan(&self) -> Option<PathBuf> {
        self.path().join(".parallel/plans/active").canonicalize().ok()
    }

    /// Writes the plan's files as `/ctx:plan` would.
    #[track_caller]
    pub(crate) fn make_plan(&self, client: &Client) {
        let document = client.home().join("document.md");
        std::fs::write(&document, DOCUMENT).expect("a temporary file");
        let ended = self.ctx(client, &["plan", "create", &document.to_string_lossy()]);
        assert_eq!(ended.code, Some(0), "ctx plan create: {ended:#?}");
    }
}

/// What one task's agent writes, and the test it runs.
pub(crate) struct Work {
    pub(crate) id: &'static str,
    pub(crate) files: [(&'static str, &'static str); 2],
    pub(crate) test: &'static str,
}

/// The work of the plan's three tasks. The third one's test needs what the first one made.
pub(crate) const WORK: [Work; 3] = [
    Work {
        id: "task-0",
        files: [
            ("lib/greet.sh", "greet() { echo \"Hello, $1\"; }\n"),
            ("tests/greet.sh", ". lib/greet.sh\ntest \"$(greet Ada)\" = 'Hello, Ada'\n"),
        ],
        test: "sh tests/greet.sh",
    },
    Work {
        id: "task-1",
        files: [
            ("lib/count.sh", "count() { echo $#; }\n"),
            ("tests/count.sh", ". lib/count.sh\ntest \"$(count a b)\" = 2\n"),
        ],
        test: "sh tests/count.sh",
    },
    Work {
        id: "task-2",
        files: [
            ("lib/all.sh", ". lib/greet.sh\nall() { for name; do greet \"$name\"; done; }\n"),
            ("tests/all.sh", ". lib/all.sh\ntest \"$(all Ada | tail -n 1)\" = 'Hello, Ada'\n"),
        ],
        test: "sh tests/all.sh",
    },
];

/// The plan, in the form that `/ctx:plan` asks for.
pub(crate) const DOCUMENT: &str = r"# Greetings

**Type:** Plan
**Status:** Ready

## Plan Structure

```yaml
metadata:
  name: Greetings
overview: Greets people, and counts them.
tasks:
  - { id: task-0, name: Greet one, priority: high, dependencies: [] }
  - { id: task-1, name: Count, priority: medium, dependencies: [] }
  - { id: task-2, name: Greet all, priority: medium, dependencies: [task-0] }
```

## Task Details

### Task 0: Greet one

```yaml
id: task-0
name: Greet one
priority: high
dependencies: []
model: haiku
files:
  create: [lib/greet.sh, tests/greet.sh]
  modify: []
  delete: []
```

#### Objective
A shell function that greets one person.
#### Implementation Approach
1. `greet NAME` in `lib/greet.sh` prints `Hello, NAME`.
#### Files to Touch
`lib/greet.sh`, `tests/greet.sh`: new.
#### Tests Required
`tests/greet.sh`: Ada is greeted.
#### Acceptance Criteria
- [ ] `sh tests/greet.sh` ends with 0.
#### Potential Conflicts
None.
#### Notes
It's plain `sh`; $1 is the name.

### Task 1: Count

```yaml
id: task-1
name: Count
priority: medium
dependencies: []
model: haiku
files:
  create: [lib/count.sh, tests/count.sh]
  modify: []
  delete: []
```

#### Objective
A shell function that counts its arguments.
#### Implementation Approach
1. `count` in `lib/count.sh` prints `$#`.
#### Files to Touch
`lib/count.sh`, `tests/count.sh`: new.
#### Tests Required
`tests/count.sh`: two are counted.
#### Acceptance Criteria
- [ ] `sh tests/count.sh` ends with 0.
#### Potential Conflicts
None.
#### Notes
None.

### Task 2: Greet all

```yaml
id: task-2
name: Greet all
priority: medium
dependencies: [task-0]
model: haiku
files:
  create: [lib/all.sh, tests/all.sh]
  modify: []
  delete: []
```

#### Objective
A shell function that greets everybody.
#### Implementation Approach
1. `all` in `lib/all.sh` calls `greet` of `lib/greet.sh` for each argument.
#### Files to Touch
`lib/all.sh`, `tests/all.sh`: new.
#### Tests Required
`tests/all.sh`: Ada is greeted.
#### Acceptance Criteria
- [ ] `sh tests/all.sh` ends with 0.
#### Potential Conflicts
None.
#### Notes
None.
";
