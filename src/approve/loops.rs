//! Loops: a few turns one after the other, any number of turns by what they all leave.

use super::argument::Arg;
use super::state::{Flow, State, Value, join};
use super::syntax::Node;
use super::variables;
use super::walk::{Feed, Walk};
use super::word::Word;

/// A loop over more words than these is looked at once, with all words at the same time.
const MOST_TURNS: usize = 8;
/// A loop whose state still changes after so many turns is not followed.
const MOST_ROUNDS: usize = 4;

impl Walk<'_> {
    pub(super) fn for_loop(
        &mut self,
        name: &str,
        words: &[Word],
        body: &Node,
        state: State,
        feed: &Feed,
    ) -> Flow {
        if let Err(why) = variables::settable(name, self.facts) {
            self.effects.unknown(why);
        }
        // Once it is exported, programs get every value.
        if variables::is_harmless(name) {
            self.effects.unknown(format!("the values of `{name}` may become part of a command"));
        }
        let mut values = Vec::new();
        let (mut turns, mut opaque): (Option<usize>, bool) = (Some(0), false);
        for word in words {
            match self.argument(word, &state) {
                Some(Arg::Text(text)) => {
                    values.push(text);
                    turns = turns.map(|turns| turns + 1);
                }
                Some(Arg::Many(texts)) => {
                    values.extend(texts);
                    turns = None;
                }
                // The pattern's own text, or no turn at all, as nothing before can have made a match.
                Some(Arg::Unmatched(text))
                    if !self.effects.changes() && self.effects.stale_from.is_none() =>
                {
                    values.push(text);
                    turns = None;
                }
                // What the body does with them decides.
                Some(Arg::Words | Arg::Opaque(_)) => (turns, opaque) = (None, true),
                _ => {
                    self.effects.unknown("the words of a loop are not known");
                    return Flow::either(state);
                }
            }
        }
        if turns.is_some_and(|turns| turns <= MOST_TURNS) {
            let mut now = state;
            for value in values {
                now.variables.insert(name.to_owned(), Value::OneOf(vec![value]));
                match self.node(body, now, feed).after() {
                    Some(after) => now = after,
                    None => return Flow { ok: None, failed: None },
                }
            }
            return Flow::either(now);
        }
        let value = if opaque { Value::Opaque } else { Value::OneOf(values) };
        let set = |mut state: State| {
            state.variables.insert(name.to_owned(), value.clone());
            state
        };
        let turned = self.turns(state.clone(), |walk, before| walk.node(body, set(before), feed).after());
        Flow::either(state.merge(set(turned)))
    }

    pub(super) fn while_loop(&mut self, condition: &Node, body: &Node, state: State, feed: &Feed) -> Flow {
        // Nothing tells when another condition ends; a loop without end fills a disk.
        let reads = matches!(condition, Node::Simple(simple)
            if simple.words.first().and_then(Word::plain) == Some("read"));
        if !reads || !feed.fed {
            self.effects.unknown("a loop whose end is not known");
        }
        let turned = self.turns(state, |walk, before| {
            let asked = walk.node(condition, before, feed);
            let done = asked.ok.and_then(|within| walk.node(body, within, feed).after());
            join(asked.failed, done)
        });
        Flow::either(turned)
    }

    /// What is the case before, between and after any number of turns: joined until a turn adds nothing.
    fn turns(&mut self, before: State, turn: impl Fn(&mut Self, State) -> Option<State>) -> State {
        let mut all = before;
        for _ in 0..MOST_ROUNDS {
            let Some(after) = turn(self, all.clone()) else { return all };
            let joined = all.clone().merge(after);
            if joined == all {
                return all;
            }
            all = joined;
        }
        self.effects.unknown("a loop that changes the shell's state is not followed");
        all
    }
}
