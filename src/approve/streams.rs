//! What a command reads and writes by its redirections, and what is known of a word before they are.

use std::path::Path;

use super::argument::Arg;
use super::effect::Effect;
use super::state::State;
use super::syntax::Redirect;
use super::walk::Walk;
use super::word::{Piece, Word};

impl Walk<'_> {
    /// The word with what is known of the commands and folders in it.
    pub(super) fn tell(&self, word: &Word, state: &State) -> Word {
        let root = self.territory.own.as_ref().map(|own| own.root.as_path());
        let inside = |root: &Path| state.cwds.iter().all(|cwd| cwd.real.starts_with(root));
        let moved = ["GIT_DIR", "GIT_WORK_TREE"].iter().any(|name| self.facts.has_variable(name));
        let cwd = match &state.cwds[..] {
            [cwd] => Some(cwd.logical.as_path()),
            _ => None,
        };
        let mut out = word.clone();
        for piece in &mut out.pieces {
            let path = match piece {
                Piece::Variable { name, quoted: true } if name == "PWD" => cwd,
                Piece::Command { node, quoted: true } => match node.plain().as_deref() {
                    Some(["pwd"]) => cwd,
                    Some(["git", "rev-parse", "--show-toplevel"]) => {
                        root.filter(|root| inside(root) && !moved)
                    }
                    _ => None,
                },
                _ => None,
            };
            if let Some(text) = path.and_then(Path::to_str) {
                *piece = Piece::Text { text: text.to_owned(), quoted: true };
            }
        }
        out
    }

    pub(super) fn redirects(&mut self, redirects: &[Redirect], state: &State) {
        for redirect in redirects {
            match redirect {
                Redirect::Inert | Redirect::Heredoc(_) => {}
                Redirect::Text(word) => drop(self.argument(word, state)),
                Redirect::Read(word) => self.redirect(word, state, Effect::Read),
                Redirect::Write(word) => self.redirect(word, state, Effect::Write),
            }
        }
    }

    fn redirect(&mut self, word: &Word, state: &State, effect: fn(std::path::PathBuf) -> Effect) {
        let texts = match self.argument(word, state) {
            Some(Arg::Text(text)) => vec![text],
            Some(Arg::OneOf(texts)) => texts,
            _ => return self.effects.unknown("the file of a redirection is not known"),
        };
        for text in texts {
            if matches!(text.as_str(), "/dev/null" | "/dev/stdout" | "/dev/stderr" | "/dev/stdin") {
                continue;
            }
            if text.is_empty() {
                self.effects.unknown("an empty path");
            }
            for cwd in &state.cwds {
                let effect = effect(cwd.real.join(&text));
                if matches!(effect, Effect::Write(_)) {
                    self.outputs.push(self.effects.found.len());
                }
                self.effects.add(effect);
            }
        }
    }

    /// A file that is written while it is read grows without end. `own`: where the redirections of the construct
    /// end; one side must be among them, as its parts run one after the other.
    pub(super) fn fed_back(&mut self, before: usize, own: Option<usize>) {
        let real = |index: usize| match &self.effects.found[index].1 {
            Effect::Write(path) | Effect::Read(path) => self.facts.real(path),
            _ => None,
        };
        let outputs: Vec<_> = self
            .outputs
            .iter()
            .filter(|index| **index >= before)
            .map(|&index| (index, real(index)))
            .collect();
        if outputs.is_empty() {
            return;
        }
        let grows = (before..self.effects.found.len()).any(|read| {
            let of_own = |index: usize| own.is_none_or(|own| index < own);
            matches!(self.effects.found[read].1, Effect::Read(_)) && {
                let path = real(read);
                path.is_some()
                    && outputs.iter().any(|(write, to)| (of_own(read) || of_own(*write)) && *to == path)
            }
        });
        if grows {
            self.effects.unknown("it writes the file that it reads");
        }
    }
}
