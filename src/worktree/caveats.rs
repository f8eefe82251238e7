//! What a checkout does not bring although the repository speaks of it: a sentence for each, with the way there.

use std::fs;
use std::path::Path;

use crate::error::Result;
use crate::git::Git;

/// What is not done in a worktree whose checkout has finished.
pub(super) fn caveats(worktree: &Path) -> Result<Vec<String>> {
    let mut found = Vec::new();
    let text = |name: &str| fs::read_to_string(worktree.join(name)).unwrap_or_default();
    if text(".gitmodules").contains("[submodule") {
        found.push(
            "submodules are not checked out; `git submodule update --init` in the worktree does, and \
             `ctx cleanup` then keeps it"
                .to_owned(),
        );
    }
    if text(".gitattributes").contains("filter=lfs") {
        let smudge = Git::at(worktree).args(["config", "--get-regexp", r"^filter\.lfs\.(smudge|process)$"]);
        if !smudge.output()?.success() {
            found.push(
                "files kept in Git LFS are pointers here; install git-lfs, then run `git lfs install` and \
                 `git lfs pull`"
                    .to_owned(),
            );
        }
    }
    Ok(found)
}
