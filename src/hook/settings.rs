//! The client's settings files that are in force for a call: permission rules, environments that a repository brings, and
//! agents that it puts in the place of the plugin's.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::approve::{Rules, Source};
use crate::git::Place;
use crate::state::{BroughtEnv, LOCAL_SETTINGS, SHARED_SETTINGS, is_brought, read_settings};
use crate::world;

/// Where an administrator's settings lie; beside them a folder of further ones.
const MANAGED: &[&str] = &["/etc/claude-code", "/Library/Application Support/ClaudeCode"];
/// Folders of agents are not looked at further down, nor beyond this many files.
const DEEPEST: usize = 8;
const MOST_AGENTS: usize = 1000;

/// The rules in force for a call in these folders. Without a `home`, outside every repository, nothing there is known to
/// be the person's own.
pub(super) fn rules(home: Option<&Path>, folders: &[&Path]) -> Rules {
    let mut rules = Rules::default();
    let config = world::client_config_dir();
    if let Some(config) = &config {
        add_rules(&mut rules, &config.join("settings.json"), Source::Person);
    }
    for folder in with_start(folders) {
        for file in [SHARED_SETTINGS, LOCAL_SETTINGS] {
            // Whoever wrote it in another folder than home, it may object; so may what the repository brings.
            let source = match home == Some(&folder) && file == LOCAL_SETTINGS {
                true => local_source(&folder),
                false => Source::Other,
            };
            let Some(settings) = add_rules(&mut rules, &folder.join(file), source) else { continue };
            let brought = match home {
                Some(_) => BroughtEnv::of(&folder, file, &settings),
                None => BroughtEnv::whoever_wrote(&folder, file, &settings),
            };
            if let Some(brought) = brought.filter(|brought| !brought.counts(config.as_deref())) {
                rules.set_broken(format!("{}; {}", brought.fact(), brought.remedy()));
            }
        }
    }
    for managed in MANAGED.iter().map(Path::new) {
        add_rules(&mut rules, &managed.join("managed-settings.json"), Source::Other);
        let further = fs::read_dir(managed.join("managed-settings.d"));
        for path in further.into_iter().flatten().flatten().map(|entry| entry.path()) {
            if path.extension().is_some_and(|extension| extension == "json") {
                add_rules(&mut rules, &path, Source::Other);
            }
        }
    }
    rules
}

/// These folders and the one that the session was started in, which may lie below the top level; each once.
fn with_start(folders: &[&Path]) -> Vec<PathBuf> {
    let started = world::env("CLAUDE_PROJECT_DIR").map(PathBuf::from);
    let mut all: Vec<PathBuf> = Vec::new();
    for folder in folders.iter().map(|folder| folder.to_path_buf()).chain(started) {
        if !all.contains(&folder) {
            all.push(folder);
        }
    }
    all
}

/// The main checkout's local settings are the person's, unless the repository brings them.
fn local_source(folder: &Path) -> Source {
    let brought = folder.join(LOCAL_SETTINGS).exists() && is_brought(folder, LOCAL_SETTINGS);
    if brought { Source::Other } else { Source::Person }
}

/// Adds the rules of a settings file, if it is there; what stands in it.
fn add_rules(rules: &mut Rules, path: &Path, source: Source) -> Option<Value> {
    let broken = match read_settings(path) {
        Ok(None) => return None,
        Ok(Some(bytes)) => match serde_json::from_slice::<Value>(&bytes) {
            Ok(settings) => {
                rules.add(&settings, source);
                return Some(settings);
            }
            Err(error) => error.to_string(),
        },
        Err(error) => error.to_string(),
    };
    rules.set_broken(format!("`{}` cannot be read: {broken}", path.display()));
    None
}

/// The file of the repository that defines an agent of this type, and so takes the place of the plugin's: the client
/// prefers a project's agents to a plugin's (2.1.197; 2.1.332 refuses such a name).
pub(super) fn redefined(folders: &[&Path], kind: &str) -> Option<PathBuf> {
    let mut left = MOST_AGENTS;
    with_start(folders).iter().find_map(|folder| {
        let top = Place::of(folder).map(|place| place.top);
        let upwards =
            folder.ancestors().take_while(|above| top.as_ref().is_none_or(|top| above.starts_with(top)));
        upwards
            .map(|above| above.join(".claude/agents"))
            .find_map(|agents| defining(&agents, kind, 0, &mut left))
    })
}

fn defining(folder: &Path, kind: &str, depth: usize, left: &mut usize) -> Option<PathBuf> {
    for path in fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path()) {
        // What is not looked at may define it.
        if *left == 0 || depth == DEEPEST {
            return Some(path);
        }
        *left -= 1;
        let found = match path.is_dir() {
            true => defining(&path, kind, depth + 1, left),
            false => {
                path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("md")).then(|| {
                    let bytes = read_settings(&path).ok()??;
                    defines(&String::from_utf8_lossy(&bytes), kind).then_some(path)
                })?
            }
        };
        if found.is_some() {
            return found;
        }
    }
    None
}

/// Returns whether a file's front matter names this agent, in whatever way it is written.
fn defines(text: &str, kind: &str) -> bool {
    let text = text.trim_start_matches('\u{feff}').trim_start();
    let Some(head) =
        text.strip_prefix("---").map(|rest| rest.split_once("\n---").map_or(rest, |(head, _)| head))
    else {
        return false;
    };
    head.contains(kind)
        || match serde_yaml::from_str::<Value>(head) {
            Ok(head) => head["name"].as_str().is_some_and(|name| name.trim() == kind),
            Err(_) => head.contains('\\'),
        }
}
