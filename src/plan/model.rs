//! A plan and its tasks, as read from their files.

use serde::{Deserialize, Serialize};

use super::TaskId;

/// What comes first among tasks that could start at the same time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Priority {
    /// Others wait for it.
    Blocker,
    /// Before the ordinary ones.
    High,
    /// Where nothing is said.
    #[default]
    Medium,
    /// When nothing else is left.
    Low,
}

/// Where a task stands. Stored in its file's front matter and nowhere else.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Not started; where nothing is said.
    #[default]
    Pending,
    /// Claimed by an agent or a person.
    InProgress,
    /// Handed in, waiting for review.
    Submitted,
    /// Done; its branch may land.
    Completed,
    /// Waiting for an answer or a dependency.
    Blocked,
    /// Given up until `ctx task retry`.
    Failed,
}

/// The files a task declares: paths or globs relative to the repository's top level.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Files {
    /// Made by the task.
    pub create: Vec<String>,
    /// Changed by the task.
    pub modify: Vec<String>,
    /// Removed by the task.
    pub delete: Vec<String>,
    /// Not to be touched by it.
    pub forbidden: Vec<String>,
    /// Refuse writes outside the declared ones.
    pub strict: bool,
}

impl Files {
    /// Every path or glob that the task means to change, in the order of declaration.
    pub fn changed(&self) -> impl Iterator<Item = &str> {
        self.create.iter().chain(&self.modify).chain(&self.delete).map(String::as_str)
    }
}

/// One task of a plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Task {
    /// Unique in its plan.
    pub id: TaskId,
    /// One line for people.
    pub name: String,
    /// Relative to the plan's folder: `tasks/<id>.md`.
    pub file: String,
    /// Order among tasks of one wave.
    pub priority: Priority,
    /// As the task's file says.
    pub status: Status,
    /// Tasks that must be completed and landed first.
    pub dependencies: Vec<TaskId>,
    /// For pull requests and issues.
    pub labels: Vec<String>,
    /// The model proposed for its agent (an alias or a full name).
    pub model: Option<String>,
    /// `frontend`, …
    pub work_type: Option<String>,
    /// Files to read first.
    pub context: Vec<String>,
    /// Declared in the front matter and in the body together.
    pub files: Files,
    /// Commands that verify it.
    pub verify: Vec<String>,
    /// What only one task at a time may use, such as a database or a port.
    pub shared_resources: Vec<String>,
    /// The Markdown after the front matter, byte for byte.
    pub body: String,
}

/// A plan that was read and has no errors.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// Its name for people.
    pub name: String,
    /// When it was made, `YYYYMMDD-HHMMSS` in UTC.
    pub created: Option<String>,
    /// The branch that its tasks start from and land on.
    pub base: Option<String>,
    /// SHA-256 (hex) of the document it was made from.
    pub document: Option<String>,
    /// In the order of the index.
    pub tasks: Vec<Task>,
}

impl Plan {
    /// The task with this id.
    pub fn task(&self, id: &str) -> Option<&Task> {
        self.tasks.iter().find(|task| task.id.as_str() == id)
    }
}

macro_rules! words {
    ($type:ident { $($variant:ident = $word:literal),* $(,)? }) => {
        impl $type {
            /// Every value, in order.
            pub const ALL: &[Self] = &[$(Self::$variant),*];

            /// The word that stands in files.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word),* }
            }

            /// The value a word stands for.
            pub fn parse(word: &str) -> Option<Self> {
                match word { $($word => Some(Self::$variant),)* _ => None }
            }
        }

        impl std::fmt::Display for $type {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.pad(self.as_str())
            }
        }
    };
}

words!(Priority { Blocker = "blocker", High = "high", Medium = "medium", Low = "low" });
words!(Status {
    Pending = "pending",
    InProgress = "in_progress",
    Submitted = "submitted",
    Completed = "completed",
    Blocked = "blocked",
    Failed = "failed",
});
