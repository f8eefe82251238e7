//! What is found in transcripts. All of them are made here, by `generator`, in the shapes of 48 client versions.

mod corpus;
mod forms;
mod generator;
mod locator;
mod plan_mode;
mod properties;
mod reader;

use ctx::transcript::{Found, Kind, find_in, latest_in};

/// `Title!` a complete document, `Title?` an incomplete one, `Title~` a plan of plan mode.
fn shown(found: &Found) -> String {
    let sign = match (&found.document, found.kind) {
        (Some(_), Kind::Document) => '!',
        (None, Kind::Document) => '?',
        (_, Kind::PlanMode) => '~',
    };
    format!("{}{sign}", found.title())
}

/// What is listed, and the title of the one that is taken.
fn summary(bytes: &[u8]) -> (String, Option<String>) {
    let listed: Vec<String> = find_in(bytes).iter().map(shown).collect();
    let complete = latest_in(bytes).complete.map(|found| found.title());
    (listed.join(" "), complete)
}

/// The transcript must hold exactly these plans, in this order, and the last complete one must be taken.
#[track_caller]
fn check(name: &str, bytes: &[u8], listed: &str) {
    let taken = listed.split(' ').rev().find_map(|title| title.strip_suffix('!')).map(str::to_owned);
    assert_eq!(summary(bytes), (listed.to_owned(), taken), "{name}:\n{}", String::from_utf8_lossy(bytes));
}
