//! `git` subcommands that touch files of the worktree and the index: by their names.

use std::path::Path;

use crate::approve::argument::Arg;
use crate::approve::call::Call;
use crate::approve::effect::Effect;
use crate::approve::facts::Kind;
use crate::approve::options::Style;
use crate::approve::places;

const ADD: &str = "AuNnv --all --update --intent-to-add --dry-run --verbose --no-all --ignore-errors --renormalize --chmod=";

/// Paths that git takes: inside the worktree, by whatever folder git stands in.
pub(super) fn pathspecs(call: &mut Call<'_>, args: &[Arg]) {
    for arg in args {
        let Some(texts) = arg.texts() else {
            call.unknown("a path that is not known");
            continue;
        };
        for text in texts {
            if text.starts_with(':')
                && !text.starts_with(":/")
                && !text.starts_with(":!")
                && !text.starts_with(":(exclude)")
            {
                call.unknown(format!("the path `{text}` is not followed"));
            }
            if places::matches_secret(text) {
                call.unknown(format!("`{text}` may match keys or credentials"));
            }
            let text = text.trim_start_matches([':', '!', '/', '^']);
            let text = if arg.text().is_some_and(|text| text.starts_with('/')) {
                arg.text().unwrap_or("")
            } else {
                text
            };
            let fixed = text.split(['*', '?', '[']).next().unwrap_or("");
            if !fixed.is_empty() {
                call.inside(&Arg::Text(fixed.to_owned()));
            }
        }
    }
}

pub(super) fn add(call: &mut Call<'_>, args: &[Arg]) {
    let Some(parsed) = call.parse_as(ADD, args, Style::Anywhere) else { return };
    call.effects.add(Effect::Index);
    pathspecs(call, &parsed.operands);
    // Files that are named were looked at; everything else takes in what git does not know yet.
    let named = |arg: &Arg| {
        arg.texts().is_some_and(|texts| {
            texts.iter().all(|text| matches!(call.kind(text), Kind::File { .. } | Kind::Link))
        })
    };
    let everywhere = parsed.operands.is_empty() || parsed.operands.iter().any(|arg| !named(arg));
    if everywhere && !parsed.has(&["u", "update", "n", "dry-run"]) {
        no_untracked_secret(call, Some(&parsed.operands));
    }
}

/// Below what these operands name, everywhere without operands, git takes in no file with keys.
pub(super) fn no_untracked_secret(call: &mut Call<'_>, operands: Option<&[Arg]>) {
    let root = call.territory.own.as_ref().map(|own| own.root.clone()).unwrap_or_default();
    if call.effects.changes_ignores() {
        return call.unknown("what git ignores changes before");
    }
    // The common case, without a process of git.
    if !has_secret(call, &root) {
        return;
    }
    let texts: Vec<&String> = operands.unwrap_or_default().iter().filter_map(Arg::texts).flatten().collect();
    // A pattern may match anywhere.
    let plain = !texts.is_empty() && !texts.iter().any(|text| text.contains(['*', '?', '[', ':']));
    let below: Vec<_> =
        texts.iter().flat_map(|text| call.paths(text)).filter_map(|path| call.facts.real(&path)).collect();
    let Some(found) = call.facts.untracked(&root) else {
        return call.unknown("what git does not track is not known");
    };
    let secret = found.iter().find(|path| {
        places::is_secret(path.strip_prefix(&root).unwrap_or(path))
            && (!plain || below.iter().any(|folder| path.starts_with(folder)))
    });
    if let Some(path) = secret {
        call.unknown(format!(
            "`{}` may hold keys or credentials, and git does not ignore it",
            path.display()
        ));
    }
}

/// More entries than these are git's to look at.
const MOST: usize = 5000;

/// Does any file with keys lie below this folder, by its name? Where it cannot be told, it may.
fn has_secret(call: &Call<'_>, root: &Path) -> bool {
    let (mut left, mut seen) = (vec![root.to_owned()], 0);
    while let Some(folder) = left.pop() {
        let Some(entries) = call.facts.entries(&folder) else { return true };
        for (name, is_folder) in entries {
            let path = folder.join(name);
            seen += 1;
            if seen > MOST || path.strip_prefix(root).is_ok_and(places::is_secret) {
                return true;
            }
            if is_folder {
                left.push(path);
            }
        }
    }
    false
}

pub(super) fn mv(call: &mut Call<'_>, args: &[Arg]) {
    let Some(parsed) = call.parse_as("kvn --verbose --dry-run", args, Style::Anywhere) else { return };
    let Some((target, sources)) = parsed.operands.split_last() else { return call.unknown("no operand") };
    let mut more_than_files = false;
    for source in sources {
        more_than_files |=
            source.text().is_none_or(|text| !matches!(call.kind(text), Kind::File { .. } | Kind::Missing));
        call.remove(source);
    }
    let (Some(text), folder) = (target.text(), target.text().map(|text| call.kind(text))) else {
        return call.unknown("where it goes is not known");
    };
    match (folder, sources) {
        (Some(Kind::Folder), _) => {
            for name in sources.iter().filter_map(|source| {
                Some(source.text()?.trim_end_matches('/').rsplit('/').next()?.to_owned())
            }) {
                call.write(&Arg::Text(format!("{}/{name}", text.trim_end_matches('/'))));
            }
        }
        (_, [_]) => call.write(target),
        _ => call.unknown("where it goes is not known"),
    }
    if more_than_files {
        call.unknown("it moves more than files");
    }
}

pub(super) fn rm(call: &mut Call<'_>, args: &[Arg]) {
    let Some(parsed) =
        call.parse_as("qrn --quiet --cached --dry-run --ignore-unmatch", args, Style::Anywhere)
    else {
        return;
    };
    if parsed.operands.is_empty() {
        return call.unknown("no operand");
    }
    if parsed.has(&["cached", "n", "dry-run"]) {
        // Only the index: any path of the worktree, secrets too (`git rm --cached .env` mends a mistake).
        for text in parsed.operands.iter().map(|arg| arg.text().map(str::to_owned)).collect::<Vec<_>>() {
            let paths =
                text.as_deref().map(|text| call.paths(text.split(['*', '?', '[']).next().unwrap_or("")));
            let root = call.territory.own.as_ref().map(|own| own.root.clone()).unwrap_or_default();
            let inside = paths.is_some_and(|paths| {
                paths.iter().all(|path| call.facts.real(path).is_some_and(|real| real.starts_with(&root)))
            });
            let special = text.as_deref().is_none_or(|text| text.starts_with(':'));
            if !inside || special || root.as_os_str().is_empty() {
                call.unknown("a path outside the worktree");
            }
        }
        call.effects.add(Effect::OwnBranch);
        return;
    }
    if parsed.has(&["r"]) {
        call.unknown("it removes a folder that git tracks");
    }
    for arg in &parsed.operands {
        match arg.text() {
            Some(text) if !text.contains(['*', '?', '[', ':']) => call.remove(arg),
            _ => call.unknown("what it removes is not named"),
        }
    }
}

pub(super) fn restore(call: &mut Call<'_>, args: &[Arg]) {
    let table = "SqWs= --staged --quiet --worktree --source= --ours --theirs";
    let Some(parsed) = call.parse_as(table, args, Style::Anywhere) else { return };
    if parsed.has(&["S", "staged"]) && !parsed.has(&["W", "worktree"]) {
        call.effects.add(Effect::Index);
        return pathspecs(call, &parsed.operands);
    }
    overwrite(call, &parsed.operands);
}

/// `git checkout -- FILE`; with a commit in front it could be a branch, which is switched to.
pub(super) fn checkout(call: &mut Call<'_>, args: &[Arg]) {
    let Some(parsed) = call.parse_as("q --quiet --ours --theirs", args, Style::Anywhere) else { return };
    let (before, files) = parsed.split();
    if !matches!(before, [] | [Arg::Text(_)]) || before.iter().any(|arg| arg.text() != Some("HEAD")) {
        return call.unknown("only `git checkout -- FILE`");
    }
    overwrite(call, files);
}

/// Files by their names get the content that git has. A folder or pattern would take more than was meant.
fn overwrite(call: &mut Call<'_>, files: &[Arg]) {
    if files.is_empty() {
        return call.unknown("no file");
    }
    for arg in files {
        let named = arg.texts().is_some_and(|texts| {
            texts.iter().all(|text| {
                !text.contains(['*', '?', '[', ':'])
                    && matches!(call.kind(text), Kind::File { .. } | Kind::Missing)
            })
        });
        match named {
            true => call.write(arg),
            false => call.unknown("it throws away work that is not committed"),
        }
    }
    // What git has may be a link.
    call.effects.set_stale();
}

pub(super) fn reset(call: &mut Call<'_>, args: &[Arg]) {
    let Some(parsed) = call.parse_as("q --quiet", args, Style::Anywhere) else { return };
    call.effects.add(Effect::Index);
    let (before, behind) = parsed.split();
    let paths = match before {
        [Arg::Text(head), rest @ ..] if head == "HEAD" => rest,
        rest => rest,
    };
    for arg in paths {
        // Another commit would take commits off the branch. What stands before `--` is one, file or not.
        if parsed.ended.is_some()
            || call.state.cwds.len() > 1
            || arg.text().is_none_or(|text| call.kind(text) == Kind::Missing)
        {
            call.unknown("it may take commits off the branch");
        }
    }
    pathspecs(call, paths);
    pathspecs(call, behind);
}
