//! `ctx accept`: the person takes over the commands that a repository's settings name.

use super::{Context, Report};
use crate::cli::Accept;
use crate::error::Result;
use crate::state::Accepted;
use crate::world;

pub(super) fn run(args: Accept) -> Result<Report> {
    let context = Context::here()?;
    let wishes = &context.settings.wishes;
    if args.list || wishes.is_empty() {
        return Report::data(args.json.json, wishes, || match wishes.is_empty() {
            true => "nothing to accept: the repository names no command that does not count yet".to_owned(),
            false => wishes.iter().map(|wish| format!("{}: {:?}\n", wish.key, wish.text)).collect(),
        });
    }
    let home = &context.project.home;
    Accepted::read(world::client_config_dir().as_deref())?.add(home, wishes)?;
    Report::data(args.json.json, wishes, || {
        wishes.iter().map(|wish| format!("accepted {}: {:?}\n", wish.key, wish.text)).collect()
    })
}
