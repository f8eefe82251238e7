//! One thing that is wrong with a plan: where, which rule, what to do.

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

/// Everything that one run found, in the order of files and lines.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize)]
#[serde(transparent)]
pub struct Diagnostics(pub Vec<Diagnostic>);

impl Diagnostics {
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
