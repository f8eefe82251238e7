//! Decides what a tool call may do. Pure: text and facts in, a decision out.
//!
//! This first form knows one program, `ctx` itself; about everything else it has no opinion.

mod verbs;
mod words;

pub use verbs::{Caller, allows};
