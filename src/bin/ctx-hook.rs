//! `ctx-hook`, for the client's hooks: read, call, print.

fn main() {}
