//! `ctx-hook`, for the client's hooks: reads one event, prints one answer or nothing, exits with 0.

use std::io::{self, Read, Write};
use std::panic;

fn main() {
    // A panic prints nothing and approves nothing: the normal permission flow decides.
    panic::set_hook(Box::new(|_| {}));
    let answer = panic::catch_unwind(|| {
        let mut input = Vec::new();
        io::stdin().lock().read_to_end(&mut input).ok()?;
        ctx::hook::answer(&input)
    });
    if let Ok(Some(answer)) = answer {
        let _ = io::stdout().lock().write_all(answer.as_bytes());
    }
}
