//! How long a decision takes over both corpora of the tests, in a world that answers at once.
//!
//! `cargo bench --bench approve` prints the median and the 99th percentile.
#![allow(missing_docs, unreachable_pub, clippy::disallowed_methods)]

use std::time::Instant;

#[path = "../tests/approve/open_world.rs"]
mod open_world;

fn main() {
    let texts = [include_str!("../tests/approve/never.txt"), include_str!("../tests/approve/must.txt")];
    let rows: Vec<String> = texts
        .iter()
        .flat_map(|text| text.lines())
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .map(|line| line.replace("\\n", "\n").replace("{wt}", "/repo/wt"))
        .collect();
    let mut times = Vec::new();
    for _ in 0..50 {
        for row in &rows {
            let start = Instant::now();
            std::hint::black_box(open_world::decide(row));
            times.push(start.elapsed());
        }
    }
    times.sort();
    let at = |part: usize| times[(times.len() - 1) * part / 1000];
    println!("{} commands: p50 {:?}, p99 {:?}, max {:?}", rows.len(), at(500), at(990), at(1000));
}
