//! Whether the plugin is installed and enabled, as `ctx doctor` reads it from the real client's files.

use std::fs;

use serde_json::Value;

use super::on_every_version;
use super::project::Project;
use crate::support::client::Client;

on_every_version!(doctor_says_whether_sessions_load_the_plugin);

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
