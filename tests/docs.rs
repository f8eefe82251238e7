//! What the documents say is true: the map names every module, its arrows hold, the README's commands exist.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn read(file: &str) -> String {
    fs::read_to_string(root().join(file)).unwrap()
}

/// The modules of the library, from `src/lib.rs`.
fn modules() -> BTreeSet<String> {
    let lib = read("src/lib.rs");
    lib.lines()
        .filter_map(|line| line.strip_prefix("pub mod ")?.strip_suffix(';'))
        .map(str::to_owned)
        .collect()
}

/// The map's rows: layer, module.
fn map() -> Vec<(usize, String)> {
    let mut layer = 0;
    let mut rows = Vec::new();
    for line in read("ARCHITECTURE.md").lines() {
        let cells: Vec<&str> = line.split('|').map(str::trim).collect();
        let [_, name, place, _, _] = cells[..] else { continue };
        let Some(module) = place.strip_prefix("`src/").and_then(|place| place.strip_suffix('`')) else {
            continue;
        };
        layer += usize::from(!name.is_empty());
        rows.push((layer, module.trim_end_matches(['/']).trim_end_matches(".rs").to_owned()));
    }
    rows
}

fn sources(dir: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(dir).unwrap().flatten() {
        let path = entry.path();
        if path.is_dir() {
            found.extend(sources(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
    found
}

/// The library's modules that a file names.
fn uses(file: &Path) -> BTreeSet<String> {
    let text = fs::read_to_string(file).unwrap();
    let code: String =
        text.lines().filter(|line| !line.trim_start().starts_with("//")).map(|l| format!("{l}\n")).collect();
    let mut found = BTreeSet::new();
    // The executables see the library from outside, as `ctx`.
    let prefix = if file.starts_with(root().join("src/bin")) { "ctx::" } else { "crate::" };
    for (at, _) in code.match_indices(prefix) {
        let rest = &code[at + prefix.len()..];
        let list = rest.strip_prefix('{').and_then(|rest| rest.split_once('}')).map(|(list, _)| list);
        let names = list.map_or_else(|| vec![rest], |list| list.split(',').collect());
        found.extend(names.into_iter().map(|name| {
            name.trim().chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect::<String>()
        }));
    }
    let modules = modules();
    found.into_iter().filter(|name| modules.contains(name)).collect()
}

#[test]
fn the_map_names_every_module_once() {
    let mut named: Vec<String> =
        map().into_iter().map(|(_, module)| module).filter(|module| module != "bin").collect();
    named.sort();
    assert_eq!(named, modules().into_iter().collect::<Vec<_>>());
    for folder in ["commands", "agents", "skills", "hooks", "bin", "scripts", "tests/e2e", "benches"] {
        assert!(root().join(folder).is_dir(), "{folder}");
        assert!(read("ARCHITECTURE.md").contains(&format!("`{folder}/`")), "{folder}");
    }
}

#[test]
fn arrows_go_down_only() {
    let map = map();
    let layer = |module: &str| map.iter().find(|(_, name)| name == module).map(|(layer, _)| *layer).unwrap();
    let mut upward = Vec::new();
    for file in sources(&root().join("src")) {
        let inside = file.strip_prefix(root().join("src")).unwrap();
        let module =
            inside.components().next().unwrap().as_os_str().to_str().unwrap().trim_end_matches(".rs");
        if module == "lib" {
            continue;
        }
        for used in uses(&file) {
            if layer(&used) < layer(module) {
                upward.push(format!("{} uses {used}", inside.display()));
            }
        }
    }
    assert_eq!(upward, Vec::<String>::new());
}

#[test]
fn plan_and_approve_do_no_io() {
    for module in ["plan", "approve"] {
        for file in sources(&root().join("src").join(module)) {
            let text = fs::read_to_string(&file).unwrap();
            for outside in [
                "std::fs",
                "std::env",
                "std::process",
                "std::io",
                "crate::exec",
                "crate::world",
                "crate::state",
                "crate::git",
            ] {
                assert!(!text.contains(outside), "{} uses {outside}", file.display());
            }
        }
    }
}

#[test]
fn the_hook_needs_no_parser_of_command_lines() {
    for file in sources(&root().join("src/hook")) {
        assert!(!uses(&file).contains("cli") && !uses(&file).contains("commands"), "{}", file.display());
    }
}

#[test]
fn the_readme_gives_two_commands_first_and_both_exist() {
    let readme = read("README.md");
    let first = readme.split("```sh\n").nth(1).unwrap().split("```").next().unwrap();
    assert_eq!(first, "cargo run --quiet --bin ctx -- demo\nscripts/test\n");
    assert!(root().join("scripts/test").is_file());
    assert!(read(".ci/run").contains("scripts/test"));
}

#[test]
fn every_setting_of_the_readme_is_known() {
    let readme = read("README.md");
    let settings = readme.split("```yaml\n").nth(1).unwrap().split("```").next().unwrap();
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join(".claude")).unwrap();
    fs::write(folder.path().join(".claude/auto-context.yaml"), settings).unwrap();
    let read = ctx::state::Settings::load(folder.path(), None).unwrap();
    assert_eq!(read, ctx::state::Settings::default());
}

#[test]
fn no_file_of_the_library_is_without_a_header() {
    for file in sources(&root().join("src")) {
        let text = fs::read_to_string(&file).unwrap();
        assert!(text.starts_with("//! "), "{}", file.display());
    }
}
