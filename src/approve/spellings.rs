//! Other spellings of a command, by which the person's rules know it.
//!
//! In: words. Out: the same call without what stands before its verb: `git -C x push` is `git push`.

/// Options of git that take the next word.
const GIT_VALUES: &[&str] = &["-C", "-c", "--git-dir", "--work-tree", "--namespace", "--exec-path"];
/// Options of package managers that take the next word.
const MANAGER_VALUES: &[&str] =
    &["--prefix", "--cwd", "--dir", "-C", "--filter", "-F", "--workspace", "-w", "--loglevel"];

/// What stands behind the options in front of a verb.
pub(super) fn behind_options<'a, T: AsRef<str>>(words: &'a [T], values: &[&str]) -> &'a [T] {
    let mut rest = words;
    while let Some((word, behind)) = rest.split_first() {
        let word = word.as_ref();
        rest = match word {
            _ if !word.starts_with('-') => break,
            _ if values.contains(&word) => behind.get(1..).unwrap_or_default(),
            _ => behind,
        };
    }
    rest
}

/// Git's subcommand and what belongs to it.
pub(super) fn git_verb<T: AsRef<str>>(words: &[T]) -> &[T] {
    behind_options(words, GIT_VALUES)
}

/// Everything else that the words may be called.
pub(super) fn others(words: &[String]) -> Vec<String> {
    let Some((program, rest)) = words.split_first() else { return Vec::new() };
    let said =
        |program: &str, words: &[String]| format!("{program} {}", words.join(" ")).trim_end().to_owned();
    match program.as_str() {
        "command" | "builtin" => {
            let inner = behind_options(rest, &[]);
            let mut found = others(inner);
            found.push(inner.join(" "));
            found
        }
        "git" => vec![said(program, git_verb(rest))],
        "npm" | "pnpm" | "yarn" | "bun" => {
            let rest = behind_options(rest, MANAGER_VALUES);
            let Some((verb, behind)) = rest.split_first() else { return Vec::new() };
            let long = match verb.as_str() {
                "t" | "tst" => "test",
                "i" | "add" => "install",
                "run-script" => "run",
                "x" => "exec",
                verb => verb,
            };
            let mut found = vec![said(&format!("{program} {long}"), behind)];
            // `npm run test` is `npm test`, and the other way round; options may stand between.
            let behind = behind_options(behind, MANAGER_VALUES);
            found.push(said(&format!("{program} {long}"), behind));
            match long {
                "run" => found.push(said(program, behind)),
                _ => found.push(said(&format!("{program} run {long}"), behind)),
            }
            found
        }
        _ => Vec::new(),
    }
}
