//! What is approved: corpora, traps in the file system and in git's configuration.

mod bytes;
mod corpus;
mod differential;
mod environment;
mod executed;
mod hook;
mod open_world;
mod options;
mod scene;
mod smuggled;
mod traps;
