//! Joins a plan that was cut off at the output limit with what the same session said next.
//!
//! In: where the plan stands, and its text. Out: the whole plan, if the texts that follow complete it. Only what the
//! model said directly after it counts, or after somebody said to go on; never what another session or a subagent said,
//! and never a text that has a plan of its own. What stays incomplete stays what it was.

use std::ops::ControlFlow;

use super::reader::{Source, lines_after};
use super::record::{Turn, turns};
use crate::plan::Diagnostics;
use crate::plan::document::{self, Document};
use crate::text::folded;

/// How far behind the plan its rest is looked for, in bytes.
const MAX_DISTANCE: usize = 4 << 20;

/// Longer than any plan that was cut off; joining it would cost more than it is worth.
const MAX_PLAN: usize = 512 << 10;

/// What people say to have the model go on.
const GO_ON: [&str; 24] = [
    "continue",
    "pleasecontinue",
    "continueplease",
    "continuetheplan",
    "continuewiththeplan",
    "continuewhereyouleftoff",
    "continuefromwhereyouleftoff",
    "resume",
    "proceed",
    "goon",
    "goahead",
    "keepgoing",
    "carryon",
    "finish",
    "finishit",
    "finishtheplan",
    "more",
    "next",
    "weiter",
    "machweiter",
    "continuez",
    "continua",
    "continúa",
    "继续",
];

/// A plan and what follows it, in one.
pub(super) struct Whole {
    pub(super) text: String,
    pub(super) document: Document,
    pub(super) diagnostics: Diagnostics,
    /// Where the line of its last part begins.
    pub(super) last: u64,
}

/// The whole plan, if there is one. Each text that is tried takes one of `joins`.
pub(super) fn of<S: Source + ?Sized>(
    source: &S,
    at: u64,
    plan: &str,
    session: Option<&str>,
    joins: &mut usize,
) -> Option<Whole> {
    let mut so_far = plan.to_owned();
    let mut whole = None;
    let read = lines_after(source, at, MAX_DISTANCE, &mut |last, line| {
        for turn in turns(line) {
            match turn {
                Turn::Prompt(text) if !says_go_on(&text) => return ControlFlow::Break(()),
                Turn::Prompt(_) => {}
                Turn::Said { session: other, .. } if other.as_deref() != session => {
                    return ControlFlow::Break(());
                }
                Turn::Said { texts, .. } => {
                    for text in texts {
                        whole = add(&mut so_far, &text, joins).map(|whole| Whole { last, ..whole });
                        if whole.is_some() || *joins == 0 || so_far.is_empty() {
                            return ControlFlow::Break(());
                        }
                    }
                }
            }
        }
        ControlFlow::Continue(())
    });
    read.ok().and(whole)
}

fn says_go_on(text: &str) -> bool {
    text.len() <= 100 && GO_ON.contains(&folded(text).as_str())
}

/// Adds a text; the plan, if it is complete now. What is no continuation leaves nothing.
fn add(so_far: &mut String, text: &str, joins: &mut usize) -> Option<Whole> {
    // A text with an index belongs to a plan that was cut off above its own, if it does not say that it is one.
    let other = document::has_structure(text)
        && (document::has_structure(so_far) || !document::markers(text).is_empty());
    if other || so_far.len() + text.len() > MAX_PLAN {
        so_far.clear();
        return None;
    }
    *joins = joins.saturating_sub(1);
    let line = so_far.rfind('\n').map_or(0, |at| at + 1);
    let same_line = format!("{so_far}{text}");
    let next_line = format!("{so_far}\n{text}");
    // The line in which it was cut off, once more.
    let repeated = format!("{}{text}", &so_far[..line]);
    let last = so_far[line..].trim();
    let tries = if so_far.ends_with('\n') {
        vec![same_line]
    } else if last.len() >= 4 && text.trim_start().starts_with(last) {
        vec![repeated, next_line]
    } else if begins_block(text) {
        vec![next_line, same_line]
    } else {
        vec![same_line, next_line]
    };
    for text in &tries {
        if let (Some(document), diagnostics) = document::parse(text, "plan") {
            return Some(Whole { text: text.clone(), document, diagnostics, last: 0 });
        }
    }
    *so_far = tries.into_iter().next().unwrap_or_default();
    None
}

/// Does Markdown begin a new line here?
fn begins_block(text: &str) -> bool {
    text.starts_with(['#', '-', '*', '>', '|', '\n', '\r'])
        || text.starts_with("```")
        || text.starts_with("~~~")
}
