//! Whether the plugin is installed and enabled, as `ctx doctor` reads it from the real client's files.

use std::fs;
use std::time::Duration;

use serde_json::Value;

use super::on_every_version;
use super::project::Project;
use crate::support::client::{Client, root, run};
use crate::support::model::{Model, text};

on_every_version!(doctor_says_whether_sessions_load_the_plugin, the_next_session_has_what_was_just_assembled,);

/// The finding on the plugin: its level, and what it says with the way out.
fn finding(client: &Client, project: &Project) -> (String, String) {
    let ended = project.ctx(client, &["doctor", "--json"]);
    let findings: Value = serde_json::from_str(&ended.stdout).expect("JSON");
    let mut of_plugin = findings.as_array().expect("a list").iter().filter(|row| row["check"] == "plugin");
    let only = of_plugin.next().unwrap_or_else(|| panic!("{ended:#?}"));
    assert!(of_plugin.next().is_none(), "{ended:#?}");
    let [level, fact, hint] = ["level", "fact", "hint"].map(|key| only[key].as_str().unwrap_or_default());
    (level.to_owned(), format!("{fact}; {hint}"))
}

#[track_caller]
fn client_does(client: &Client, args: &[&str]) {
    let ended = client.run(args.iter().copied());
    assert_eq!(ended.code, Some(0), "{args:?}: {ended:#?}");
}

fn doctor_says_whether_sessions_load_the_plugin(version: &'static str) {
    let client = Client::with_plugin(version);
    let project = Project::new(&client);
    let check = |level: &str, part: &str| {
        let (found, said) = finding(&client, &project);
        assert!(found == level && said.contains(part), "{version}: {found}: {said}");
    };
    check("ok", "`ctx@ctx-plugin` is enabled");
    client_does(&client, &["plugin", "disable", "ctx@ctx-plugin"]);
    check("note", "run `claude plugin enable ctx@ctx-plugin`");
    client_does(&client, &["plugin", "enable", "ctx@ctx-plugin"]);
    check("ok", "`ctx@ctx-plugin` is enabled");

    // Both versions run it where it lies; the copy they keep is no replacement.
    let market = client.home().join(".local/share/ctx-plugin");
    fs::rename(&market, client.home().join("away")).expect("a folder of ours");
    check("error", "is gone");
    let listed = client.run(["plugin", "list"]);
    assert!(listed.stdout.contains("failed to load"), "{listed:#?}");
    fs::rename(client.home().join("away"), &market).expect("a folder of ours");

    client_does(&client, &["plugin", "uninstall", "ctx@ctx-plugin"]);
    check("note", "run `claude plugin install ctx@ctx-plugin`");
}

/// The client runs the plugin in the marketplace folder; `scripts/install` relies on that.
fn the_next_session_has_what_was_just_assembled(version: &'static str) {
    let client = Client::with_plugin(version);
    let project = Project::new(&client);
    let assembled = client.home().join(".local/share/ctx-plugin/plugin/commands/status.md");
    fs::write(&assembled, "---\ndescription: Changed\n---\n\nSay what was changed.\n")
        .expect("a folder of ours");
    let model = Model::start(|_| vec![text("Hello.")]);
    client.session(&model, project.path()).say("/ctx:status");
    let told = model.requests()[0].told();
    assert!(told.contains("Say what was changed."), "{version}: {told}");
}

#[test]
fn a_folder_that_the_client_cannot_use_is_refused_before_anything_is_built() {
    let client = Client::bare(crate::support::client::VERSIONS[1]);
    for name in ["it's", "a$b", "a`b", "a\"b", "a\\b", "a:b"] {
        let data = client.home().join(name);
        let mut install = client.command(&root().join("scripts/install"));
        install.env("XDG_DATA_HOME", &data).env("CTX_BIN_DIR", "/nowhere");
        let ended = run(&mut install, Duration::from_secs(10));
        assert_eq!(ended.code, Some(2), "{ended:#?}");
        assert!(ended.stderr.contains("hint: set XDG_DATA_HOME"), "{ended:#?}");
        assert!(!data.exists(), "{name}");
    }
}
