//! The closed sets of words in a plan, priorities and statuses, and what other tools write for them.

use super::{Priority, Status};

/// A closed set of words that stands in files.
pub(super) trait Word: Copy + 'static {
    const UNKNOWN: &'static str;
    fn all() -> &'static [Self];
    fn word(self) -> &'static str;
}

impl Word for Priority {
    const UNKNOWN: &'static str = "unknown-priority";

    fn all() -> &'static [Self] {
        Self::ALL
    }

    fn word(self) -> &'static str {
        self.as_str()
    }
}

impl Word for Status {
    const UNKNOWN: &'static str = "unknown-status";

    fn all() -> &'static [Self] {
        Self::ALL
    }

    fn word(self) -> &'static str {
        self.as_str()
    }
}

/// Words of other tools for what has another name here.
const SYNONYMS: [(&str, &str); 32] = [
    ("critical", "blocker"),
    ("urgent", "blocker"),
    ("highest", "blocker"),
    ("p0", "blocker"),
    ("p1", "high"),
    ("major", "high"),
    ("normal", "medium"),
    ("p2", "medium"),
    ("minor", "low"),
    ("lowest", "low"),
    ("p3", "low"),
    ("todo", "pending"),
    ("to_do", "pending"),
    ("open", "pending"),
    ("ready", "pending"),
    ("new", "pending"),
    ("backlog", "pending"),
    ("not_started", "pending"),
    ("planned", "pending"),
    ("active", "in_progress"),
    ("running", "in_progress"),
    ("wip", "in_progress"),
    ("doing", "in_progress"),
    ("started", "in_progress"),
    ("in_review", "submitted"),
    ("review", "submitted"),
    ("done", "completed"),
    ("complete", "completed"),
    ("finished", "completed"),
    ("closed", "completed"),
    ("waiting", "blocked"),
    ("cancelled", "failed"),
];

/// The known word that was probably meant.
pub(super) fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let plain = |text: &str| text.trim().to_lowercase().replace([' ', '-'], "_");
    let word = plain(word);
    // Far longer than anything known; the distance would cost time and say nothing.
    if word.len() > 100 {
        return None;
    }
    let meant = SYNONYMS.iter().find(|(other, _)| *other == word).map_or(word.as_str(), |(_, own)| own);
    let distances = known.into_iter().map(|known| (strsim::osa_distance(meant, &plain(known)), known));
    let (distance, known) = distances.min_by_key(|(distance, _)| *distance)?;
    (distance * 2 <= known.chars().count()).then_some(known)
}
