//! `cp`, `mv`, `ln`: every file that comes to be, by its own path.

use std::path::{Path, PathBuf};

use crate::approve::argument::Arg;
use crate::approve::call::Call;
use crate::approve::effect::Effect;
use crate::approve::facts::Kind;

/// Larger trees are not gone through.
const MOST_FILES: usize = 2000;

pub(super) fn cp(call: &mut Call<'_>) {
    let table = "rRapfvnuiTd --recursive --archive --force --verbose --no-clobber --update? --preserve? --no-target-directory";
    let Some(parsed) = call.parse(table) else { return };
    let recursive = parsed.has(&["r", "R", "a", "recursive", "archive"]);
    let plain = parsed.has(&["T", "no-target-directory"]);
    for (source, target) in pairs(call, &parsed.operands, plain) {
        call.effects.add(Effect::Read(source.clone()));
        call.effects.add(Effect::Write(target.clone()));
        // A copied link may lead elsewhere than the original.
        if call.facts.kind(&source) == Kind::Link {
            call.unknown("it copies a link");
        }
        let real = call.facts.real(&source).unwrap_or_else(|| source.clone());
        if recursive && call.facts.kind(&real) == Kind::Folder {
            tree(call, &real, &target, &mut 0);
        }
    }
}

pub(super) fn mv(call: &mut Call<'_>) {
    let Some(parsed) = call.parse("fnviuT --force --no-clobber --verbose --no-target-directory") else {
        return;
    };
    let plain = parsed.has(&["T", "no-target-directory"]);
    let mut moved_more_than_files = false;
    for (source, target) in pairs(call, &parsed.operands, plain) {
        call.effects.add(Effect::Remove(source.clone()));
        call.effects.add(Effect::Write(target.clone()));
        match call.facts.kind(&source) {
            Kind::File { .. } => {}
            Kind::Folder => {
                moved_more_than_files = true;
                if call.facts.ignored(&target) {
                    call.unknown("it moves a folder to where git ignores it");
                }
                tree(call, &source, &target, &mut 0);
            }
            _ => moved_more_than_files = true,
        }
    }
    // A relative link that is moved leads elsewhere; and what is at the new place is only known now.
    if moved_more_than_files {
        call.effects.set_stale();
    }
}

/// `ln -s TARGET LINK`: whatever is later written through the link is written to the target.
pub(super) fn ln(call: &mut Call<'_>) {
    let Some(parsed) =
        call.parse("sfnvrT --symbolic --force --no-dereference --verbose --no-target-directory --relative")
    else {
        return;
    };
    let [Arg::Text(target), Arg::Text(link)] = &parsed.operands[..] else {
        return call.unknown("its operands are not known");
    };
    let symbolic = parsed.has(&["s", "symbolic"]) && !parsed.has(&["r", "relative"]);
    // Whether a link to a folder counts as that folder depends on options: both, where it matters.
    let plain = parsed.has(&["n", "no-dereference", "T", "no-target-directory"]);
    for cwd in call.paths("") {
        let link = cwd.join(link);
        let inner = link.join(Path::new(target).file_name().unwrap_or_default());
        let folder = call.facts.real(&link).is_some_and(|real| call.facts.kind(&real) == Kind::Folder);
        let links = match folder {
            true if plain => vec![inner, link],
            true => vec![inner],
            false if call.effects.changes() => vec![inner, link],
            false => vec![link],
        };
        for link in links {
            let from = if symbolic { link.parent().unwrap_or(&cwd).to_owned() } else { cwd.clone() };
            call.effects.add(Effect::Read(from.join(target)));
            call.effects.add(Effect::Write(from.join(target)));
            if call.facts.kind(&link) == Kind::Link {
                call.unknown("it replaces a link");
            }
            call.effects.add(Effect::Write(link));
        }
    }
    call.effects.set_stale();
}

/// What is copied where: the last operand is a folder that is there, or the new name of the only source.
fn pairs(call: &mut Call<'_>, operands: &[Arg], plain: bool) -> Vec<(PathBuf, PathBuf)> {
    let Some((Arg::Text(last), sources)) = operands.split_last() else {
        call.unknown("where it goes is not known");
        return Vec::new();
    };
    let mut found = Vec::new();
    let single = matches!(sources, [Arg::Text(_)]);
    for source in sources {
        let Some(texts) = source.texts() else {
            call.unknown("an operand that is not known");
            continue;
        };
        for text in texts {
            for cwd in call.paths("") {
                let (source, target) = (cwd.join(text), cwd.join(last));
                let folder = !plain
                    && call.facts.real(&target).is_some_and(|real| call.facts.kind(&real) == Kind::Folder);
                match (folder, source.file_name()) {
                    // `cp -r a/. b`: what is in `a` comes into `b` itself.
                    (true, Some(name)) if !text.ends_with("/.") && !text.ends_with("/..") => {
                        found.push((source.clone(), target.join(name)));
                    }
                    (true, _) => call.unknown("it takes the content of a folder"),
                    // What an earlier command may have made a folder takes the file under its own name.
                    (false, name) if single => {
                        if let (Some(name), true) = (name, call.effects.changes()) {
                            found.push((source.clone(), target.join(name)));
                        }
                        found.push((source, target));
                    }
                    // Several sources need a folder; one that is made before in the same command.
                    (false, Some(name)) => found.push((source.clone(), target.join(name))),
                    (false, None) => call.unknown("an operand that is not known"),
                }
            }
        }
    }
    if found.is_empty() {
        call.unknown("its operands are not known");
    }
    found
}

/// Everything below a folder comes to be below another one, under names that may be protected.
fn tree(call: &mut Call<'_>, source: &Path, target: &Path, count: &mut usize) {
    let Some(names) = call.facts.names(source) else {
        return call.unknown("a folder that cannot be read");
    };
    for name in names {
        *count += 1;
        if *count > MOST_FILES {
            return call.unknown("it copies too many files to look at");
        }
        let (source, target) = (source.join(&name), target.join(&name));
        match call.facts.kind(&source) {
            Kind::File { .. } => {
                call.effects.add(Effect::Read(source));
                call.effects.add(Effect::Write(target));
            }
            Kind::Folder => tree(call, &source, &target, count),
            // A copied link leads elsewhere than the original.
            _ => return call.unknown("it copies a link"),
        }
    }
}
