//! Which verbs need, inside a client's session, a grant of the hook: those that approve, complete, land or remove.
//!
//! What a session's Bash call spells out, the hook has seen and granted; what a script starts by itself, it has not.

use crate::cli::{Accept, Cleanup, Command, Merge, Plan, Pool, Task, Undo};
use crate::error::{Error, Result};
use crate::state::{Grants, Project};
use crate::world;

/// Returns whether a command approves, completes, lands or removes something. `approve::needs_grant` says the same of
/// its text.
pub fn needs_grant(command: &Command) -> bool {
    match command {
        Command::Task(verb) => {
            matches!(verb, Task::Done { .. } | Task::Submit { .. } | Task::Fail { .. } | Task::Retry { .. })
        }
        Command::Plan(verb) => matches!(verb, Plan::Archive { .. }),
        Command::Pool(verb) => match verb {
            Pool::Release(_) | Pool::Reset { .. } | Pool::Merge { .. } => true,
            Pool::Cleanup { dry_run, .. } => !dry_run,
            _ => false,
        },
        Command::Merge(Merge { dry_run, .. }) | Command::Cleanup(Cleanup { dry_run, .. }) => !dry_run,
        Command::Undo(Undo { id, .. }) => id.is_some(),
        Command::Accept(Accept { list, .. }) => !list,
        _ => false,
    }
}

/// Takes the grant of such a command. Outside a client, and where the hook does not watch the session, none is needed.
pub(super) fn require(command: &Command) -> Result<()> {
    if !needs_grant(command) {
        return Ok(());
    }
    let (clients, session) = (world::clients_above(), world::session_id());
    if clients.is_empty() && session.is_none() {
        return Ok(());
    }
    // Where there is no project, the command itself says so.
    let Some(project) = Project::discover_optional(&world::cwd()?).ok().flatten() else { return Ok(()) };
    let args = world::args();
    match Grants::of(&project.ctx_dir()).take(&clients, session.as_deref(), &args)? {
        true => Ok(()),
        false => Err(Error::refused(format!(
            "`ctx {}` was not called by a Bash call that names it: in a session of Claude Code a script cannot run it",
            args.join(" ")
        ))
        .hint("let Claude run it as a Bash call of its own, every word written out, or type it in a terminal outside the client (what is typed behind `!` cannot be told from a script)")),
    }
}
