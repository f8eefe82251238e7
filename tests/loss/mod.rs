//! Nothing is lost: random worktrees on every way out, and kills at every step.

mod kills;
mod landing;
mod landing_kills;
mod pool_kills;
mod pool_zero;
mod race;
mod second_plan_kills;
mod setup_kills;
mod state;
mod zero;

use std::sync::atomic::{AtomicUsize, Ordering};

use crate::support::repo::{Repo, document, write};

/// Runs rounds of `together` random states each on two threads: how many states, and the sums of what the rounds
/// counted. `CTX_LOSS_STATES` and `CTX_LOSS_SEED` say how many and from which seed.
fn rounds(states: usize, together: usize, round: fn(usize) -> (usize, usize)) -> (usize, (usize, usize)) {
    let states = std::env::var("CTX_LOSS_STATES").ok().and_then(|n| n.parse().ok()).unwrap_or(states);
    let first = std::env::var("CTX_LOSS_SEED").ok().and_then(|n| n.parse().ok()).unwrap_or(0);
    let next = AtomicUsize::new(first);
    let counts = (AtomicUsize::new(0), AtomicUsize::new(0));
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= first + states / together {
                        break;
                    }
                    let (one, other) = round(seed);
                    counts.0.fetch_add(one, Ordering::Relaxed);
                    counts.1.fetch_add(other, Ordering::Relaxed);
                }
            });
        }
    });
    (states, (counts.0.into_inner(), counts.1.into_inner()))
}

/// With a remote, an ignored `.env` to be copied, this set-up script, which makes `made`, and a plan of one task.
fn prepared(script: &str) -> Repo {
    let repo = Repo::new();
    repo.write(".gitignore", ".env\nmade\n");
    repo.write("set-up.sh", script);
    repo.commit("script");
    repo.git(&["init", "--quiet", "--bare", repo.root().join("remote.git").to_str().unwrap()]);
    repo.git(&["remote", "add", "origin", "../remote.git"]);
    repo.write(".env", "KEY=1\n");
    write(&repo.home().join(".claude/ctx.yaml"), "worktrees: { setup: sh set-up.sh }\n");
    repo.create_plan(&document("One", &[("t", &[])]));
    repo
}
