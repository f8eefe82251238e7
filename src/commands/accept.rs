//! `ctx accept`: the person takes over the commands and the environment that a repository's settings name.

use std::path::PathBuf;

use serde_json::{Map, Value};

use super::{Context, Report};
use crate::cli::Accept;
use crate::error::{Error, Result};
use crate::state::{Accepted, BroughtEnv, Project, Wish, unaccepted_env};
use crate::worktree::Records;
use crate::world;

pub(super) fn run(args: Accept) -> Result<Report> {
    let context = Context::here()?;
    let brought = brought_env(&context.project)?;
    let (never, brought): (Vec<_>, Vec<_>) =
        brought.into_iter().partition(|one| one.beyond_consent().is_some());
    let wishes: Vec<Wish> =
        context.settings.wishes.iter().cloned().chain(brought.into_iter().map(|one| one.wish)).collect();
    if !args.list {
        if let Some(one) = never.first() {
            return Err(Error::refused(one.fact()).hint(one.remedy()));
        }
        if !wishes.is_empty() {
            let home = &context.project.home;
            Accepted::read(world::client_config_dir().as_deref())?.add(home, &wishes)?;
            return Report::data(args.json.json, &wishes, || shown("accepted ", &wishes));
        }
    }
    let all: Vec<Wish> = wishes.into_iter().chain(never.into_iter().map(|one| one.wish)).collect();
    Report::data(args.json.json, &all, || {
        match all.is_empty() {
        true => "nothing to accept: the repository's settings name no command and no variable that is not accepted"
            .to_owned(),
        false => shown("", &all),
    }
    })
}

/// What the settings of this repository bring and the person has not accepted: of the main checkout, of the folders
/// from here upwards, and of every task's worktree.
pub(super) fn brought_env(project: &Project) -> Result<Vec<BroughtEnv>> {
    let mut folders = vec![project.home.clone()];
    if let (Some(here), cwd) = (&project.here, world::cwd()?) {
        folders.extend(cwd.ancestors().take_while(|folder| folder.starts_with(here)).map(PathBuf::from));
        folders.push(here.clone());
    }
    folders.extend(Records::of(project).list()?.into_iter().map(|record| record.path));
    Ok(unaccepted_env(&folders, world::client_config_dir().as_deref()))
}

/// One line a command or variable, in full, with what a terminal would act on written out.
fn shown(before: &str, wishes: &[Wish]) -> String {
    let mut lines = String::new();
    for Wish { key, text, .. } in wishes {
        match serde_json::from_str::<Map<String, Value>>(text) {
            Ok(variables) if key == "env" => {
                for (name, value) in variables {
                    let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
                    lines += &format!("{before}env {}: {value:?}\n", name.escape_debug());
                }
            }
            _ => lines += &format!("{before}{key}: {text:?}\n"),
        }
    }
    lines
}
