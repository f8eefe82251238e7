//! From bytes to a decision: no panic, and no decision that takes longer than 5 ms.
#![no_main]

use std::path::{Component, Path, PathBuf};
use std::time::{Duration, Instant};

use ctx::approve::{Facts, Kind, Own, Rules, Scene, Territory, shell};
use libfuzzer_sys::fuzz_target;

/// A world in which every path leads where its text says.
struct OpenWorld;

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
    fn kind(&self, _: &Path) -> Kind {
        Kind::File { names: 1 }
    }
    fn names(&self, _: &Path) -> Option<Vec<String>> {
        Some(vec!["a".to_owned(), "b.rs".to_owned()])
    }
    fn ignored(&self, _: &Path) -> bool {
        true
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

fuzz_target!(|bytes: &[u8]| {
    let Ok(command) = std::str::from_utf8(bytes) else { return };
    let own = Own { root: "/r/w".into(), branch: "feature/t".into(), into: "main".into(), running: true, editing: true, ..Own::default() };
    let territory = Territory { repository: "/r".into(), common_dir: "/r/.git".into(), plugin: None, own: Some(own) };
    let start = Instant::now();
    let judged = shell(command, Path::new("/r/w"), Scene { territory: &territory, rules: &Rules::default(), facts: &OpenWorld });
    std::hint::black_box(judged);
    assert!(start.elapsed() < Duration::from_millis(if cfg!(debug_assertions) { 100 } else { 5 }), "{command:?}");
});
