//! All integration tests, as one executable.
#![allow(clippy::disallowed_methods, missing_docs, unreachable_pub)]

mod approve;
mod cli;
mod docs;
mod e2e;
mod loss;
mod plan;
mod support;
mod transcript;
