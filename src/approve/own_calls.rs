//! The calls of `ctx` that a shell command spells out: their arguments, as `ctx` will be given them.
//!
//! In: a command's text. Out: one list of words for each call whose words are all literal, wherever it stands: in a
//! list, a pipe, a group, a substitution, behind a wrapper (`timeout 60 ctx merge`), in `sh -c '…'`. It decides
//! nothing; a call that is not found here is one that nobody read.

use super::limits;
use super::syntax::{self, Node, Simple};
use super::word::{Piece, Word};

/// How deep `sh -c` is followed.
const MAX_DEPTH: usize = 3;

/// Reads a command.
pub(super) fn read(command: &str) -> Vec<Vec<String>> {
    let mut found = Vec::new();
    text(command, 0, &mut found);
    found
}

fn text(command: &str, depth: usize, found: &mut Vec<Vec<String>>) {
    if depth > MAX_DEPTH || !command.contains("ctx") || limits::check(command).is_err() {
        return;
    }
    if let Ok(parsed) = syntax::parse(command) {
        node(&parsed, depth, found);
    }
}

fn node(parsed: &Node, depth: usize, found: &mut Vec<Vec<String>>) {
    let mut simples = Vec::new();
    parsed.simples(&mut simples);
    for one in simples {
        simple(one, depth, found);
        let assigned = one.assignments.iter().map(|(_, word)| word);
        for word in one.words.iter().chain(assigned) {
            word.commands().for_each(|inner| node(inner, depth, found));
        }
    }
}

fn simple(simple: &Simple, depth: usize, found: &mut Vec<Vec<String>>) {
    let words: Vec<Option<String>> = simple.words.iter().map(literal).collect();
    let is = |word: &Option<String>, names: &[&str]| {
        word.as_deref().is_some_and(|word| names.contains(&word.rsplit('/').next().unwrap_or(word)))
    };
    if let Some(at) = words.iter().position(|word| is(word, &["ctx"])) {
        found.extend(words[at + 1..].iter().cloned().collect::<Option<Vec<String>>>());
    } else if let Some(at) = words.iter().position(|word| is(word, &["sh", "bash", "dash", "zsh"])) {
        let script = words[at + 1..].windows(2).find_map(|pair| match pair {
            [Some(option), Some(script)] if option.starts_with('-') && option.ends_with('c') => Some(script),
            _ => None,
        });
        if let Some(script) = script {
            text(script, depth + 1, found);
        }
    }
}

fn literal(word: &Word) -> Option<String> {
    let text = |piece: &Piece| match piece {
        Piece::Text { text, .. } => Some(text.clone()),
        _ => None,
    };
    word.pieces.iter().map(text).collect()
}
