//! What several tests share: repositories to work on, the real client, and a model that follows a script.

pub(crate) mod client;
pub(crate) mod model;
pub(crate) mod repo;
pub(crate) mod session;
pub(crate) mod terminal;
pub(crate) mod trace;
