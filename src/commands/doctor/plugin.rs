//! What `ctx doctor` says about the plugin in the client: installed, enabled, complete, of the same version as this
//! `ctx`, and with its `bin/` on the agents' `PATH`.

use std::fs;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use super::{Finding, Level, failed, gap, ok};
use crate::state::{ClientPlugin, ClientPlugins, breaks_path};
use crate::world;

const CHECK: &str = "plugin";
const VERSION: &str = env!("CARGO_PKG_VERSION");

/// The findings for sessions in the project whose main checkout is `home`.
pub(super) fn findings(home: Option<&Path>) -> Vec<Finding> {
    let Some(config) = world::client_config_dir() else { return Vec::new() };
    let plugins = match ClientPlugins::read(&config, home) {
        Ok(plugins) => plugins,
        Err(error) => return vec![failed(CHECK, error)],
    };
    let enabled: Vec<&ClientPlugin> = plugins.installed.iter().filter(|plugin| plugin.enabled).collect();
    let mut found = match (&enabled[..], plugins.installed.first()) {
        ([], _) if own_root().is_some_and(|_| world::session_id().is_some()) => {
            vec![ok(CHECK, format!("this session loads it, version {VERSION}"))]
        }
        ([], Some(off)) => vec![gap(
            CHECK,
            Level::Note,
            format!("`{}` is installed in Claude Code, but not enabled", off.id),
            format!("run `claude plugin enable {}`", off.id),
        )],
        ([], None) => vec![gap(
            CHECK,
            Level::Note,
            "it is not installed in Claude Code; there is no `/ctx:plan`",
            match &plugins.offered {
                Some(id) => format!("run `claude plugin install {id}`"),
                None => format!("run {}", installer()),
            },
        )],
        ([only], _) => of_one(only),
        ([first, .., last], _) => vec![gap(
            CHECK,
            Level::Note,
            format!(
                "it is enabled more than once (`{}`, `{}`), and every hook runs as often",
                first.id, last.id
            ),
            format!("run `claude plugin disable {}`", last.id),
        )],
    };
    if let Some(file) = plugins.hooks_off {
        found.push(gap(
            CHECK,
            Level::Note,
            format!("`{}` switches all hooks off: no agent is bound to its task", file.display()),
            "remove `disableAllHooks` from it",
        ));
    }
    found
}

/// An installation that sessions load.
fn of_one(plugin: &ClientPlugin) -> Vec<Finding> {
    let root = &plugin.root;
    let error = |fact: String| vec![gap(CHECK, Level::Error, fact, format!("run {}", installer()))];
    if !root.exists() {
        return error(format!("Claude Code cannot load `{}`: `{}` is gone", plugin.id, root.display()));
    }
    for file in ["hooks/hooks.json", "bin/ctx-hook", "bin/ctx"] {
        if !root.join(file).is_file() {
            return error(format!("the plugin in `{}` has no `{file}`", root.display()));
        }
    }
    let Some(theirs) = executable(&root.join("bin/ctx")) else {
        return error(format!("the plugin in `{}` is not built", root.display()));
    };
    let mut found = Vec::new();
    let version = version(root);
    if version.as_deref() != Some(VERSION) {
        let version = version
            .map_or_else(|| "of an unknown version".to_owned(), |version| format!("version {version}"));
        found.push(skew(root, format!("the plugin is {version}, this `ctx` is version {VERSION}")));
    } else if world::executable().is_ok_and(|ours| !same_content(&ours, &theirs)) {
        found.push(skew(
            root,
            format!("this `ctx` and the plugin's are different builds of version {VERSION}"),
        ));
    }
    if let Some(c) = breaks_path(root) {
        found.push(gap(
            CHECK,
            Level::Error,
            format!(
                "its path `{}` has `{}` in it: Claude Code leaves its `bin/` off `PATH`, and agents do not find `ctx`",
                root.display(),
                c.escape_default()
            ),
            "install it elsewhere: set `XDG_DATA_HOME` to a plain path and run `scripts/install`",
        ));
    }
    if found.is_empty() {
        found.push(ok(
            CHECK,
            format!("`{}` is enabled, version {VERSION}, in `{}`", plugin.id, root.display()),
        ));
    }
    found
}

fn skew(root: &Path, fact: String) -> Finding {
    let bin = root.join("bin");
    let hint = format!("run {}, or put `{}` first on `PATH`", installer(), bin.display());
    gap(CHECK, Level::Note, fact, hint)
}

/// The version in the plugin's manifest.
fn version(root: &Path) -> Option<String> {
    let text = fs::read_to_string(root.join(".claude-plugin/plugin.json")).ok()?;
    let manifest: serde_json::Value = serde_json::from_str(&text).ok()?;
    manifest["version"].as_str().map(str::to_owned)
}

/// The executable behind a plugin's `bin/ctx`: itself, or what a clone's launcher runs; `None` if that is not built.
fn executable(program: &Path) -> Option<PathBuf> {
    let mut head = [0; 2];
    fs::File::open(program).ok()?.read_exact(&mut head).ok()?;
    if head != *b"#!" {
        return Some(program.to_owned());
    }
    let clone = program.canonicalize().ok()?.parent()?.parent()?.to_owned();
    Some(clone.join("target/release/ctx")).filter(|path| path.is_file())
}

fn same_content(a: &Path, b: &Path) -> bool {
    let size = |path: &Path| fs::metadata(path).map(|meta| meta.len()).ok();
    if a.canonicalize().ok() == b.canonicalize().ok() {
        return true;
    }
    size(a) == size(b) && fs::read(a).ok() == fs::read(b).ok()
}

/// The plugin's folder that this executable lies in: assembled, or a clone.
fn own_root() -> Option<PathBuf> {
    let executable = world::executable().ok()?;
    let above = executable.ancestors().skip(2).take(2);
    above.map(Path::to_owned).find(|root| root.join(".claude-plugin/plugin.json").is_file())
}

/// The script that installs, by its full path where this `ctx` was built in a clone.
pub(super) fn installer() -> String {
    let script = world::executable().ok().and_then(|path| {
        // target/<profile>/ctx
        let clone = path.parent()?.parent()?.parent()?;
        Some(clone.join("scripts/install")).filter(|script| script.is_file())
    });
    match script {
        Some(script) => format!("`{}`", script.display()),
        None => "`scripts/install` in a clone of this plugin".to_owned(),
    }
}
