//! What `ctx` keeps beside the repository, its grants and claims among it, is written by `ctx` alone: a call of a tool
//! that would change it is denied, whoever makes it. An agent with a task writes nowhere outside its worktree anyway.

use std::path::Path;

use serde_json::Value;

use super::Input;
use super::facts::Disk;
use super::place::{Site, disk};
use crate::approve::{self, Facts, Rules, Scene};

/// What the caller is told.
pub(super) const WHY: &str = "what `ctx` keeps in the git directory is changed by `ctx` alone; `ctx doctor` says what is \
                              wrong there, and `ctx doctor --fix` puts it right";

/// Returns whether a call is known to change something there: of the file tools, and of an agent's shell. What the
/// session itself runs in a shell, its person is asked about.
pub(super) fn is_changed(input: &Input, tool: &str, site: &Site) -> bool {
    let of = |key: &str| input.tool_input.get(key).and_then(Value::as_str);
    let cwd = input.cwd.as_deref().unwrap_or(Path::new("/"));
    let facts = disk(None).with_git(false);
    let is_there = |path: &Path| real(&facts, path).starts_with(site.ctx_dir());
    match tool {
        "Write" | "Edit" | "MultiEdit" | "NotebookEdit" => {
            let path = of("file_path").or_else(|| of("notebook_path"));
            path.is_some_and(|path| is_there(&cwd.join(path)))
        }
        "Bash" if input.agent_id.is_some() => {
            let Some(command) = of("command") else { return false };
            let (territory, rules) = (site.unbound(), Rules::default());
            let scene = Scene { territory: &territory, rules: &rules, facts: &facts };
            approve::changed_paths(command, cwd, scene).iter().any(|path| is_there(path))
        }
        _ => false,
    }
}

/// With every link followed, as far as that is known.
fn real(facts: &Disk, path: &Path) -> std::path::PathBuf {
    facts.real(path).unwrap_or_else(|| path.to_owned())
}
