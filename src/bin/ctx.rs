//! `ctx`, for people and agents: parse, call, print, exit code.

fn main() {}
