//! Where the client has the plugin, by the client's own files: installed, enabled, and the folder it runs it from.
//!
//! Seen with 2.1.197 and 2.1.332. A marketplace that is a local folder is run in place: the copy below `plugins/cache`
//! is not used, and nothing is loaded once that folder is gone. Starts no client.

use std::path::{Path, PathBuf};

use serde_json::Value;

use super::atomic::read_optional;
use crate::error::Result;

/// The plugin's name; its id in the client is `ctx@<marketplace>`.
const NAME: &str = "ctx";

/// The plugin as one marketplace brought it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientPlugin {
    /// `ctx@ctx-plugin`.
    pub id: String,
    /// Whether sessions in this project load it.
    pub enabled: bool,
    /// The folder it is run from; it may be gone.
    pub root: PathBuf,
}

/// What the client's files say about the plugin.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ClientPlugins {
    /// Every installation that counts in this project.
    pub installed: Vec<ClientPlugin>,
    /// The id by which a marketplace the client knows offers it.
    pub offered: Option<String>,
    /// The settings file that switches all hooks off.
    pub hooks_off: Option<PathBuf>,
}

impl ClientPlugins {
    /// Reads the client's folder, and the settings of the project whose main checkout is `home`.
    pub fn read(config: &Path, home: Option<&Path>) -> Result<Self> {
        let plugins = config.join("plugins");
        let mut found = Self::default();
        let markets = json(&plugins.join("known_marketplaces.json"))?;
        for (market, entry) in objects(&markets) {
            if found.offered.is_none() && source(entry)?.is_some() {
                found.offered = Some(format!("{NAME}@{market}"));
            }
        }
        // The more special settings come later.
        let mut settings = vec![config.join("settings.json")];
        if let Some(home) = home {
            settings
                .extend(["settings.json", "settings.local.json"].map(|name| home.join(".claude").join(name)));
        }
        let mut switches: Vec<(String, bool)> = Vec::new();
        for path in settings {
            let settings = json(&path)?;
            for (id, on) in objects(&settings["enabledPlugins"]) {
                switches.retain(|(known, _)| known != id);
                switches.push((id.clone(), on.as_bool() == Some(true)));
            }
            match settings["disableAllHooks"].as_bool() {
                Some(true) => found.hooks_off = Some(path),
                Some(false) => found.hooks_off = None,
                None => {}
            }
        }
        let installed = json(&plugins.join("installed_plugins.json"))?;
        for (id, entries) in objects(&installed["plugins"]) {
            let Some((NAME, market)) = id.split_once('@') else { continue };
            let one = std::slice::from_ref(entries);
            let entries = entries.as_array().map_or(one, Vec::as_slice);
            let Some(entry) = entries.iter().find(|entry| counts_in(entry, home)) else { continue };
            let copy = entry["installPath"].as_str().map(PathBuf::from);
            let Some(root) = offered_folder(&markets[market])?.or(copy) else { continue };
            let enabled = switches.iter().any(|(known, on)| known == id && *on);
            found.installed.push(ClientPlugin { id: id.clone(), enabled, root });
        }
        Ok(found)
    }
}

/// Whether an installation is for every project, or for this one.
fn counts_in(entry: &Value, home: Option<&Path>) -> bool {
    let is_home =
        |path: &Path| home.is_some_and(|home| path == home || path.canonicalize().is_ok_and(|it| it == home));
    entry["projectPath"].as_str().is_none_or(|path| is_home(Path::new(path)))
}

/// The plugin's folder in a marketplace that is a local folder; `None` if it is another kind of marketplace or does not
/// offer the plugin from inside itself.
fn offered_folder(market: &Value) -> Result<Option<PathBuf>> {
    if market["source"]["source"] != "directory" {
        return Ok(None);
    }
    let Some(folder) = market["installLocation"].as_str().map(PathBuf::from) else { return Ok(None) };
    Ok(match source(market)? {
        Some(source) => source.as_str().map(|source| folder.join(source.trim_start_matches("./"))),
        // Without it the client loads nothing.
        None => (!folder.exists()).then_some(folder),
    })
}

/// Where a marketplace says that it has the plugin.
fn source(market: &Value) -> Result<Option<Value>> {
    let Some(folder) = market["installLocation"].as_str() else { return Ok(None) };
    let index = json(&Path::new(folder).join(".claude-plugin/marketplace.json"))?;
    let plugins = index["plugins"].as_array().map_or(&[][..], Vec::as_slice);
    Ok(plugins.iter().find(|plugin| plugin["name"] == NAME).map(|plugin| plugin["source"].clone()))
}

/// The file's content; null if there is none, or it is no JSON: the client complains of that itself.
fn json(path: &Path) -> Result<Value> {
    let text = read_optional(path)?.unwrap_or_default();
    Ok(serde_json::from_str(&text).unwrap_or_default())
}

fn objects(value: &Value) -> impl Iterator<Item = (&String, &Value)> {
    value.as_object().into_iter().flatten()
}

/// A character in the plugin's path for which the client leaves the plugin's `bin/` off `PATH`: with it, the agents do
/// not find `ctx`. Every other printable character is fine.
pub fn breaks_path(root: &Path) -> Option<char> {
    root.to_string_lossy()
        .chars()
        .find(|c| matches!(c, '\'' | '"' | '$' | '`' | '\\' | ':') || c.is_control())
}
