//! One file a verb: reads the world, calls the library, gives back what to print.

mod accept;
mod approve;
mod cleanup;
mod commit;
mod demo;
mod doctor;
mod grant;
mod merge;
mod plan;
mod pool;
mod status;
mod style;
pub mod table;
mod task;
mod undo;
mod worktree;

pub use grant::needs_grant;

use clap::CommandFactory;

pub use style::paragraphs;
use table::Column;

use crate::cli::{Cli, Command};
use crate::error::{Error, Result};
use crate::state::{Project, Settings, setting_meant};
use crate::world;

/// What a command prints, and the code it ends with.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// Data, for standard output; with a newline at its end unless it is empty.
    pub data: String,
    /// Messages, for standard error, one paragraph each.
    pub messages: Vec<String>,
    /// The exit code: 0, or one of `error::Exit`.
    pub exit: u8,
}

impl Report {
    fn text(data: impl Into<String>) -> Self {
        let mut data = data.into();
        if !data.is_empty() && !data.ends_with('\n') {
            data.push('\n');
        }
        Self { data, ..Self::default() }
    }

    /// JSON if it was asked for, else text, its sentences broken to fit the terminal.
    fn data(json: bool, value: &impl serde::Serialize, text: impl FnOnce() -> String) -> Result<Self> {
        if !json {
            return Ok(Self::text(style::prose(&text())));
        }
        let json = serde_json::to_string_pretty(value)
            .map_err(|error| Error::environment(format!("cannot write JSON: {error}")))?;
        Ok(Self::text(json))
    }

    fn message(mut self, message: impl Into<String>) -> Self {
        self.messages.push(message.into());
        self
    }

    fn exit(mut self, code: crate::error::Exit) -> Self {
        self.exit = code as u8;
        self
    }
}

/// The project a command works on.
struct Context {
    project: Project,
    settings: Settings,
}

impl Context {
    /// Of the current directory.
    fn here() -> Result<Self> {
        let project = Project::discover(&world::cwd()?)?;
        let settings = Settings::load(&project.home, world::client_config_dir().as_deref())?;
        Ok(Self { project, settings })
    }

    /// The settings' one warning.
    fn warnings(&self) -> Vec<String> {
        let list = |keys: &mut dyn Iterator<Item = &String>| {
            keys.map(|key| format!("`{key}`")).collect::<Vec<_>>().join(", ")
        };
        let mut warnings = Vec::new();
        if !self.settings.ignored.is_empty() {
            let keys = list(&mut self.settings.ignored.iter());
            let meant = match &self.settings.ignored[..] {
                [one] => setting_meant(one).map(|meant| format!("; {meant}")),
                _ => None,
            };
            warnings.push(format!(
                "warning: settings that this version does not use: {keys}{}",
                meant.unwrap_or_default()
            ));
        }
        if !self.settings.wishes.is_empty() {
            let keys = list(&mut self.settings.wishes.iter().map(|wish| &wish.key));
            warnings.push(format!(
                "warning: commands of the repository that do not count until you accept them: {keys}; see `ctx accept --list`"
            ));
        }
        warnings
    }
}

/// Runs what was asked for. `say` prints a line at once, for commands that show their steps.
pub fn run(command: Command, say: &(dyn Fn(&str) + Sync)) -> Result<Report> {
    grant::require(&command)?;
    match command {
        Command::Plan(verb) => plan::run(verb),
        Command::Worktree(verb) => worktree::run(verb),
        Command::Pool(verb) => pool::run(verb),
        Command::Task(verb) => task::run(verb),
        Command::Status(json) => status::run(json),
        Command::Commit(args) => commit::run(&args),
        Command::Merge(args) => merge::run(&args),
        Command::Cleanup(args) => cleanup::run(&args),
        Command::Undo(args) => undo::run(&args),
        Command::Doctor(args) => doctor::run(&args),
        Command::Approve(verb) => approve::run(verb),
        Command::Accept(args) => accept::run(args),
        Command::Demo(args) => demo::run(&args, say),
        Command::Completions { shell } => {
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut Cli::command(), "ctx", &mut script);
            Ok(Report::text(String::from_utf8_lossy(&script)))
        }
    }
}
