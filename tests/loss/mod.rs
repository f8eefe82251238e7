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

use crate::support::repo::{Repo, document, write};

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
