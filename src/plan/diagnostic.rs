//! One thing that is wrong with a plan: where, which rule, what to do.

use std::collections::HashMap;
use std::fmt;

/// Does it stop the plan?
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// The plan cannot be used.
    Error,
    /// The plan can be used; `--strict` makes it an error.
    Warning,
}

/// Where a problem is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Spot {
    pub(super) file: String,
    pub(super) line: Option<usize>,
    pub(super) column: Option<usize>,
}

impl Spot {
    /// A file as a whole.
    pub(super) fn file(file: &str) -> Self {
        Self { file: file.to_owned(), line: None, column: None }
    }

    /// A line as a whole.
    pub(super) fn line(file: &str, line: usize) -> Self {
        Self { line: Some(line), ..Self::file(file) }
    }
}

/// A problem that many tasks may have in the same way.
#[derive(Clone, Debug, PartialEq, Eq)]
struct OfTask {
    task: String,
    /// What several tasks do, such as `name no tests`.
    many: &'static str,
}

/// A problem, as `ctx plan validate` prints it and as `--json` gives it.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Diagnostic {
    /// Error or warning.
    pub severity: Severity,
    /// Stable name of the rule, such as `task-cycle`.
    pub code: &'static str,
    /// The file as the user named it or, in a plan's folder, relative to that folder.
    pub file: String,
    /// From 1; none where the file as a whole is meant.
    pub line: Option<usize>,
    /// In characters, from 1; only beside a line.
    pub column: Option<usize>,
    /// What is the case.
    pub message: String,
    /// What to do about it.
    pub hint: String,
    #[serde(skip)]
    of_task: Option<OfTask>,
}

impl Diagnostic {
    /// Something that stops the plan.
    pub(super) fn error(
        code: &'static str,
        at: &Spot,
        message: impl Into<String>,
        hint: impl Into<String>,
    ) -> Self {
        let Spot { file, line, column } = at.clone();
        let (message, hint) = (message.into(), hint.into());
        Self { severity: Severity::Error, code, file, line, column, message, hint, of_task: None }
    }

    /// Something that does not.
    pub(super) fn warning(
        code: &'static str,
        at: &Spot,
        message: impl Into<String>,
        hint: impl Into<String>,
    ) -> Self {
        Self { severity: Severity::Warning, ..Self::error(code, at, message, hint) }
    }

    /// Returns whether both are of one kind.
    fn is_like(&self, other: &Self) -> bool {
        (self.severity, self.code) == (other.severity, other.code)
    }

    /// Names the task that it is about, and says what several such tasks do.
    pub(super) fn of_task(self, task: &str, many: &'static str) -> Self {
        Self { of_task: Some(OfTask { task: task.to_owned(), many }), ..self }
    }
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let severity = match self.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
        };
        write!(f, "{severity}[{}]: {}\n  --> {}", self.code, self.message, self.file)?;
        if let Some(line) = self.line {
            write!(f, ":{line}")?;
            if let Some(column) = self.column {
                write!(f, ":{column}")?;
            }
        }
        write!(f, "\n  hint: {}", self.hint)
    }
}

/// How many warnings of one kind are shown in full.
const MAX_ALIKE: usize = 3;

/// Everything that one run found, in the order of files and lines.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize)]
#[serde(transparent)]
pub struct Diagnostics(pub Vec<Diagnostic>);

impl Diagnostics {
    /// Orders what was found by file (in the order of `files`), line and column.
    pub(super) fn sorted(mut found: Vec<Diagnostic>, files: &[&str]) -> Self {
        let ranks: HashMap<&str, usize> =
            files.iter().rev().enumerate().map(|(n, file)| (*file, n)).collect();
        found.sort_by_cached_key(|one| {
            let rank = ranks.get(one.file.as_str()).map_or(0, |from_end| files.len() - from_end);
            (rank, one.line, one.column)
        });
        Self(found)
    }

    /// The text for a person: of a kind of warning that is there more than three times the first are shown, or, where
    /// only the task differs, one line with the first tasks.
    pub fn folded(&self) -> String {
        let mut counts: HashMap<&str, usize> = HashMap::new();
        for found in self.0.iter().filter(|found| found.severity == Severity::Warning) {
            *counts.entry(found.code).or_default() += 1;
        }
        let mut seen: HashMap<&str, usize> = HashMap::new();
        let mut texts = Vec::new();
        for found in &self.0 {
            let count = counts.get(found.code).copied().unwrap_or_default();
            if found.severity == Severity::Error || count <= MAX_ALIKE {
                texts.push(found.to_string());
                continue;
            }
            let nth = seen.entry(found.code).or_default();
            *nth += 1;
            let more = count - MAX_ALIKE;
            match (&found.of_task, *nth) {
                (Some(of_task), 1) => {
                    let alike = self.0.iter().filter(|other| found.is_like(other));
                    let tasks = alike.filter_map(|one| one.of_task.as_ref()).take(MAX_ALIKE);
                    let tasks: Vec<String> = tasks.map(|of_task| format!("`{}`", of_task.task)).collect();
                    texts.push(format!(
                        "warning[{}]: {count} tasks {}: {} and {more} more\n  hint: {}",
                        found.code,
                        of_task.many,
                        tasks.join(", "),
                        found.hint
                    ));
                }
                (None, ..=MAX_ALIKE) => texts.push(found.to_string()),
                (None, nth) if nth == count => texts.push(format!(
                    "warning[{}]: {more} more of this kind\n  hint: `ctx plan validate --json` lists all",
                    found.code
                )),
                _ => {}
            }
        }
        texts.join("\n\n")
    }

    /// Is there anything that stops the plan? With `strict`, warnings do too.
    pub fn stop(&self, strict: bool) -> bool {
        self.0.iter().any(|found| strict || found.severity == Severity::Error)
    }
}

impl fmt::Display for Diagnostics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (n, found) in self.0.iter().enumerate() {
            let gap = if n == 0 { "" } else { "\n\n" };
            write!(f, "{gap}{found}")?;
        }
        Ok(())
    }
}
