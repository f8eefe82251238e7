//! Facts of a world in which every path leads where its text says and nothing stands in the way: whatever is
//! refused here is refused for what the command says.

use std::path::{Component, Path, PathBuf};

use ctx::approve::{Decision, Facts, Kind, Own, Rules, Scene, Territory, shell};

pub struct OpenWorld;

impl Facts for OpenWorld {
    fn real(&self, path: &Path) -> Option<PathBuf> {
        let mut out = PathBuf::new();
        for part in path.components() {
            match part {
                Component::ParentDir => drop(out.pop()),
                Component::CurDir => {}
                part => out.push(part),
            }
        }
        Some(out)
    }

    fn kind(&self, path: &Path) -> Kind {
        match path.extension() {
            Some(_) => Kind::File { names: 1 },
            None => Kind::Missing,
        }
    }

    fn names(&self, _: &Path) -> Option<Vec<String>> {
        Some(vec!["a.rs".to_owned(), "b.rs".to_owned()])
    }

    fn ignored(&self, _: &Path) -> bool {
        false
    }

    fn untracked(&self, _: &Path) -> Option<Vec<PathBuf>> {
        Some(Vec::new())
    }

    fn branch(&self, _: &Path) -> Option<String> {
        Some("feature/t".to_owned())
    }

    fn git_unchanged(&self, _: &Path) -> Result<(), String> {
        Ok(())
    }

    fn has_variable(&self, _: &str) -> bool {
        false
    }
}

/// The decision for the agent of a task in progress whose worktree is `/repo/wt`.
pub fn decide(command: &str) -> Decision {
    let own = Own {
        root: "/repo/wt".into(),
        task: "t".to_owned(),
        branch: "feature/t".to_owned(),
        into: "main".to_owned(),
        remote: "origin".to_owned(),
        running: true,
        editing: true,
        ..Own::default()
    };
    let territory = Territory {
        repository: "/repo".into(),
        common_dir: "/repo/.git".into(),
        plugin: None,
        own: Some(own),
    };
    let rules = Rules::default();
    shell(command, Path::new("/repo/wt"), Scene { territory: &territory, rules: &rules, facts: &OpenWorld })
        .decision
}
