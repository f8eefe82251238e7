//! `git`: what a subcommand with its options does to the worktree, its branch, the remote, and what all
//! worktrees share.
//!
//! Subcommands that only read are in `git_read`, those that touch files and the index in `git_files`, those that
//! talk to a remote in `git_remote`. An abbreviated option is not in a table, so unknown.

use super::{git_files, git_read, git_remote};
use crate::approve::argument::Arg;
use crate::approve::call::Call;
use crate::approve::effect::Effect;
use crate::approve::options::Style;

const COMMIT: &str = "m! aqsvF=r --message! --all --quiet --signoff --no-signoff --verbose --amend --no-edit --allow-empty --allow-empty-message --trailer= --author= --date= --fixup= --reuse-message= --no-gpg-sign --file=r --dry-run --short --porcelain --cleanup= --only --include --no-status --status --no-post-rewrite --reset-author i o C=";
/// Not `--onto` and `--fork-point`, which take commits off the branch.
const REBASE: &str = "q --quiet --abort --continue --skip --quit --no-autostash --autosquash --no-autosquash --keep-empty --empty= --no-stat --stat --no-update-refs --reapply-cherry-picks --no-fork-point --force-rebase --no-ff --signoff X= --strategy-option=";
const CHERRY_PICK: &str = "xnsm= X= --no-commit --abort --continue --skip --quit --signoff --mainline= --strategy-option= --allow-empty --keep-redundant-commits --ff --no-edit --no-gpg-sign";
const REVERT: &str =
    "nsm= --no-commit --no-edit --abort --continue --skip --quit --signoff --mainline= --no-gpg-sign";
const MERGE: &str = "qm! X= --quiet --message! --continue --no-edit --no-ff --ff-only --ff --squash --no-squash --abort --quit --no-commit --commit --stat --no-stat --strategy-option= --log? --signoff --no-gpg-sign --no-autostash --allow-unrelated-histories";

const OBJECTS: &str = "the object store is shared by all worktrees; leave it alone";

/// What changes things that all worktrees share, and what an agent does instead.
const SHARED: &[(&str, &str)] = &[
    ("stash", "stashes are shared by all worktrees; commit the work in progress on your own branch"),
    ("gc", OBJECTS),
    ("prune", OBJECTS),
    ("repack", OBJECTS),
    ("maintenance", OBJECTS),
    ("update-ref", "refs are shared by all worktrees; commit on your own branch"),
    ("symbolic-ref", "refs are shared by all worktrees; stay on your own branch"),
    ("replace", "refs are shared by all worktrees; commit on your own branch"),
    ("notes", "notes are shared by all worktrees; write it in the commit's message"),
    ("filter-branch", "history is shared by all worktrees; add a commit on your own branch"),
    ("filter-repo", "history is shared by all worktrees; add a commit on your own branch"),
    ("worktree", "worktrees belong to `ctx`; work in your own"),
    ("remote", "remotes are shared by all worktrees; push with `git push -u REMOTE BRANCH` as they are"),
    ("config", "the configuration is shared by all worktrees; leave it as it is"),
    ("reflog", "reflogs are how work is recovered; leave them alone"),
    ("submodule", "submodules are shared by all worktrees; block the task if one has to change"),
    ("tag", "tags are shared by all worktrees; leave releasing to the person"),
    ("branch", "branches are shared by all worktrees; work on your own branch"),
    ("switch", "stay on your own branch"),
    ("sparse-checkout", "leave the checkout as it is"),
    ("bisect", "stay on your own branch"),
];

pub(super) fn run(call: &mut Call<'_>) -> bool {
    if call.program != "git" {
        return false;
    }
    let mut args = call.args;
    let mut folders: Option<Vec<std::path::PathBuf>> = None;
    loop {
        match args {
            [Arg::Text(option), rest @ ..]
                if matches!(
                    option.as_str(),
                    "--no-pager" | "-P" | "--no-optional-locks" | "--literal-pathspecs"
                ) =>
            {
                args = rest;
            }
            // So that `rebase --continue` waits for nobody.
            [Arg::Text(option), Arg::Text(setting), rest @ ..]
                if option == "-c" && matches!(setting.as_str(), "core.editor=true" | "core.pager=cat") =>
            {
                args = rest;
            }
            [Arg::Text(option), Arg::Text(folder), rest @ ..] if option == "-C" && folders.is_none() => {
                folders = Some(call.paths(folder));
                args = rest;
            }
            _ => break,
        }
    }
    let Some((Arg::Text(verb), args)) = args.split_first() else {
        call.unknown("no subcommand");
        return true;
    };
    if matches!(verb.as_str(), "--version" | "version") && args.is_empty() {
        return true;
    }
    match folders {
        Some(folders) => in_folder(call, &folders, verb, args),
        None => subcommand(call, verb, args),
    }
    true
}

/// `git -C FOLDER …`: as if started there.
fn in_folder(call: &mut Call<'_>, folders: &[std::path::PathBuf], verb: &str, args: &[Arg]) {
    let mut state = call.state.clone();
    state.cwds.clear();
    for folder in folders {
        match call.facts.real(folder) {
            Some(real) => state.cwds.push(crate::approve::state::Cwd { logical: folder.clone(), real }),
            None => return call.unknown("where `-C` leads is not known"),
        }
    }
    let mut inner = Call {
        program: call.program,
        args,
        state: &state,
        facts: call.facts,
        territory: call.territory,
        effects: call.effects,
        input: call.input.clone(),
        fed: call.fed,
    };
    subcommand(&mut inner, verb, args);
}

fn subcommand(call: &mut Call<'_>, verb: &str, args: &[Arg]) {
    for cwd in &call.state.cwds {
        let folder = cwd.real.clone();
        call.effects.add(Effect::Git(folder));
    }
    if git_read::run(call, verb, args) {
        return;
    }
    match verb {
        "add" => git_files::add(call, args),
        "commit" => commit(call, args),
        "push" => git_remote::push(call, args),
        "fetch" => git_remote::fetch(call, args),
        "pull" => git_remote::pull(call, args),
        "mv" => git_files::mv(call, args),
        "rm" => git_files::rm(call, args),
        "restore" => git_files::restore(call, args),
        "reset" => git_files::reset(call, args),
        "rebase" => onto_own(call, args, REBASE, 1),
        "cherry-pick" => onto_own(call, args, CHERRY_PICK, 16),
        "revert" => onto_own(call, args, REVERT, 16),
        "merge" => onto_own(call, args, MERGE, 1),
        "checkout" if args.iter().any(|arg| arg.text() == Some("--")) => git_files::checkout(call, args),
        "checkout" if args.iter().any(|arg| matches!(arg.text(), Some("-b" | "-B" | "--orphan"))) => {
            forbid(call, "switch", "it leaves the agent's own branch");
        }
        verb => match SHARED.iter().any(|(name, _)| *name == verb) {
            true => forbid(call, verb, &format!("`git {verb}` changes more than your own branch")),
            false => call.unknown(format!("`{verb}` with these arguments is not known")),
        },
    }
}

fn forbid(call: &mut Call<'_>, verb: &str, what: &str) {
    let instead = SHARED.iter().find(|(name, _)| *name == verb).map_or("", |(_, instead)| instead);
    call.effects.add(Effect::Forbidden { what: what.to_owned(), instead: instead.to_owned() });
}

fn commit(call: &mut Call<'_>, args: &[Arg]) {
    let Some(parsed) = call.parse_as(COMMIT, args, Style::Anywhere) else { return };
    // Without a message git starts an editor.
    let message = ["m", "message", "F", "file", "no-edit", "C", "reuse-message", "fixup", "dry-run"];
    if !parsed.has(&message) || parsed.has(&["no-edit"]) && !parsed.has(&["amend", "m", "message"]) {
        call.unknown("without a message it starts an editor");
    }
    let amend = parsed.options.iter().any(|(name, _, value)| {
        name == "fixup" && value.as_ref().and_then(Arg::text).is_none_or(|text| text.contains(':'))
    });
    if amend {
        call.unknown("this fixup starts an editor");
    }
    git_files::pathspecs(call, &parsed.operands);
    call.effects.add(Effect::OwnBranch);
}

/// Brings commits onto the own branch. With two operands, `rebase` would switch to the second first.
fn onto_own(call: &mut Call<'_>, args: &[Arg], table: &str, most: usize) {
    let Some(parsed) = call.parse_as(table, args, Style::Anywhere) else { return };
    if parsed.operands.len() > most || parsed.operands.iter().any(|arg| arg.text().is_none_or(str::is_empty))
    {
        call.unknown("an operand that is not known");
    }
    if parsed.operands.is_empty() && !parsed.has(&["abort", "continue", "skip", "quit"]) {
        call.unknown("name what it takes");
    }
    call.effects.add(Effect::OwnBranch);
    // What comes with the commits may be links.
    call.effects.set_stale();
}
