//! `git push`, `fetch`, `pull`: the plan's remote by its name, the agent's own branch by its name.
//!
//! What is left to the configuration (`git push`) is not known here.

use crate::approve::argument::Arg;
use crate::approve::call::Call;
use crate::approve::effect::Effect;
use crate::approve::options::{Parsed, Style};

const PUSH: &str = "uqvn --set-upstream --quiet --verbose --progress --porcelain --dry-run --no-progress --atomic --no-follow-tags --thin";
const FETCH: &str =
    "qvn --quiet --verbose --progress --no-tags --dry-run --no-progress --no-recurse-submodules";
const PULL: &str =
    "qvr? --quiet --verbose --rebase? --no-rebase --ff-only --no-edit --no-tags --no-ff --ff --no-autostash";

pub(super) fn push(call: &mut Call<'_>, args: &[Arg]) {
    let own = call.territory.own.clone().unwrap_or_default();
    let instead = format!("push your own branch: `git push -u {} {}`", own.remote, own.branch);
    let mut refuse = |what: &str| {
        call.effects.add(Effect::Forbidden { what: what.to_owned(), instead: instead.clone() });
    };
    let danger = [
        "--force",
        "--force-with-lease",
        "--force-if-includes",
        "--delete",
        "--mirror",
        "--all",
        "--branches",
        "--prune",
        "--tags",
    ];
    for arg in args {
        let text = arg.text().unwrap_or("");
        let name = text.split('=').next().unwrap_or("");
        let short = text.starts_with('-') && !text.starts_with("--") && text.contains(['f', 'd']);
        if danger.contains(&name) || short {
            return refuse("it forces, deletes, or pushes more than one branch");
        }
    }
    let Some(parsed) = call.parse_as(PUSH, args, Style::Anywhere) else { return };
    let [Arg::Text(remote), Arg::Text(refspec)] = &parsed.operands[..] else {
        return call.effects.add(Effect::Forbidden {
            what: "which branch it pushes is left to the configuration".to_owned(),
            instead,
        });
    };
    let (from, to) = refspec.split_once(':').unwrap_or((refspec, refspec));
    let full = format!("refs/heads/{}", own.branch);
    let is_own = |name: &str| name == own.branch || name == full;
    let whole = from == "HEAD" && (to == "HEAD" && !refspec.contains(':') || is_own(to))
        || is_own(from) && is_own(to);
    if !whole || own.branch.is_empty() {
        return call
            .effects
            .add(Effect::Forbidden { what: format!("`{refspec}` is not your own branch"), instead });
    }
    call.effects.add(Effect::Remote(remote.clone()));
    call.effects.add(Effect::PushOwn);
}

/// A name of a branch, without a place to store it.
fn is_branch_name(text: &str) -> bool {
    !text.is_empty()
        && !text.starts_with(['-', '+', '/', '.'])
        && !text.contains("..")
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"/_-.".contains(&byte))
}

pub(super) fn fetch(call: &mut Call<'_>, args: &[Arg]) {
    let Some(parsed) = call.parse_as(FETCH, args, Style::Anywhere) else { return };
    let Some((remote, branches)) = remote_and_branches(call, &parsed) else { return };
    // `tag v1` is `refs/tags/v1:refs/tags/v1`.
    if !branches
        .iter()
        .all(|branch| is_branch_name(branch) && branch != "tag" && !branch.starts_with("refs/"))
    {
        call.unknown("what it fetches is stored under another name");
    }
    call.effects.add(Effect::Remote(remote));
}

fn remote_and_branches(call: &mut Call<'_>, parsed: &Parsed) -> Option<(String, Vec<String>)> {
    let mut texts = Vec::new();
    for arg in &parsed.operands {
        match arg.text() {
            Some(text) => texts.push(text.to_owned()),
            None => {
                call.unknown("an operand that is not known");
                return None;
            }
        }
    }
    // Without one, git takes the branch's own, which no agent can write, or `origin`.
    let remote = match texts.is_empty() {
        true => "origin".to_owned(),
        false => texts.remove(0),
    };
    Some((remote, texts))
}

pub(super) fn pull(call: &mut Call<'_>, args: &[Arg]) {
    let Some(parsed) = call.parse_as(PULL, args, Style::Anywhere) else { return };
    let interactive = parsed.options.iter().any(|(name, _, value)| {
        matches!(name.as_str(), "rebase" | "r")
            && value.as_ref().is_some_and(|value| !matches!(value.text(), Some("true" | "false" | "merges")))
    });
    if interactive {
        call.unknown("this rebase starts an editor");
    }
    let Some((remote, branches)) = remote_and_branches(call, &parsed) else { return };
    if branches.len() != 1 || !is_branch_name(&branches[0]) {
        return call.unknown("name one branch");
    }
    call.effects.add(Effect::Remote(remote));
    call.effects.add(Effect::OwnBranch);
    call.effects.set_stale();
}
