//! Decides whether two declared paths or globs may name the same file.
//!
//! In: two texts relative to the repository's top level. Out: yes or no; exact for paths, `*`, `?` and `**`,
//! and yes where brackets and braces leave a doubt, because a needless "yes" costs a wave and a wrong "no"
//! costs a conflict. Looks at no file.

/// Does a declared path or glob name this file? `path` is taken as it is written.
pub fn glob_matches(pattern: &str, path: &str) -> bool {
    let escaped: String =
        path.chars().flat_map(|c| "*?[{\\".contains(c).then_some('\\').into_iter().chain([c])).collect();
    Pattern::parse(pattern).overlaps(&Pattern::parse(&escaped))
}

/// Does a path or glob name this file, or a folder that it is in?
pub fn glob_covers(pattern: &str, path: &str) -> bool {
    glob_matches(pattern, path)
        || glob_matches(&format!("{}/**", pattern.trim_end().trim_end_matches('/')), path)
}

/// A declared path or glob, ready to be compared.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Pattern {
    segments: Vec<Segment>,
    glob: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Segment {
    /// `**`: any number of segments.
    Any,
    /// Names nothing but itself.
    Literal(String),
    /// Characters, `Star` and `One`.
    Wild(Vec<Sign>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Sign {
    Char(char),
    One,
    Star,
}

impl Pattern {
    /// Reads a path or glob. `src/` means everything below `src`, as `src/**` does.
    pub(super) fn parse(text: &str) -> Self {
        let text = text.trim();
        let mut segments = Vec::new();
        let mut doubt = false;
        for part in text.split('/') {
            // A brace group that holds a `/` cannot be cut into segments.
            doubt |= part.matches('{').count() != part.matches('}').count();
            match part {
                _ if doubt => segments.push(Segment::Any),
                "" | "." => {}
                "**" => segments.push(Segment::Any),
                _ => segments.push(Segment::parse(part)),
            }
        }
        if text.ends_with('/') {
            segments.push(Segment::Any);
        }
        segments.dedup_by(|a, b| *a == Segment::Any && *b == Segment::Any);
        let glob = segments.iter().any(|segment| !matches!(segment, Segment::Literal(_)));
        Self { segments, glob }
    }

    /// Can it name more than one file?
    pub(super) fn is_glob(&self) -> bool {
        self.glob
    }

    /// Is there a path that both name?
    pub(super) fn overlaps(&self, other: &Self) -> bool {
        if !self.glob && !other.glob {
            return self.segments == other.segments;
        }
        // Most pairs differ before the first sign that stands for something else.
        let mut literals = self.segments.iter().zip(&other.segments);
        let differ = literals.find_map(|pair| match pair {
            (Segment::Literal(left), Segment::Literal(right)) => (left != right).then_some(true),
            _ => Some(false),
        });
        if differ == Some(true) {
            return false;
        }
        intersect(&self.segments, &other.segments, |s| *s == Segment::Any, Segment::overlaps)
    }
}

impl Pattern {
    /// Can two tasks that declare these get in each other's way? As `overlaps`; also where one names a folder, without
    /// a `/` at its end, and the other something in it.
    pub(super) fn meets(&self, other: &Self) -> bool {
        let holds = |folder: &Self, inner: &Self| {
            !folder.glob && !folder.segments.is_empty() && folder.with_content().overlaps(inner)
        };
        self.overlaps(other) || holds(self, other) || holds(other, self)
    }

    fn with_content(&self) -> Self {
        let segments = self.segments.iter().cloned().chain([Segment::Any]).collect();
        Self { segments, glob: true }
    }
}

impl Segment {
    fn parse(part: &str) -> Self {
        let mut signs = Vec::new();
        let mut chars = part.chars();
        while let Some(c) = chars.next() {
            signs.push(match c {
                '*' => Sign::Star,
                '?' => Sign::One,
                '[' if chars.as_str().contains(']') => {
                    chars.find(|&c| c == ']');
                    Sign::One
                }
                '{' => {
                    chars.find(|&c| c == '}');
                    Sign::Star
                }
                '\\' => Sign::Char(chars.next().unwrap_or('\\')),
                c => Sign::Char(c),
            });
        }
        let literal = signs.iter().map(|sign| if let Sign::Char(c) = sign { Some(*c) } else { None });
        match literal.collect::<Option<String>>() {
            Some(name) => Self::Literal(name),
            None => Self::Wild(signs),
        }
    }

    fn signs(&self) -> Vec<Sign> {
        match self {
            Self::Any => vec![Sign::Star],
            Self::Literal(name) => name.chars().map(Sign::Char).collect(),
            Self::Wild(signs) => signs.clone(),
        }
    }

    fn overlaps(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Literal(left), Self::Literal(right)) => left == right,
            _ => intersect(
                &self.signs(),
                &other.signs(),
                |s| *s == Sign::Star,
                |a, b| match (a, b) {
                    (Sign::Char(a), Sign::Char(b)) => a == b,
                    _ => true,
                },
            ),
        }
    }
}

/// Do two sequences, in which some items stand for any number of items, have a sequence in common? Takes
/// time proportional to the product of their lengths.
fn intersect<T>(left: &[T], right: &[T], any: impl Fn(&T) -> bool, meet: impl Fn(&T, &T) -> bool) -> bool {
    // `reached[j]`: everything before `left[i]` can be what everything before `right[j]` is.
    let mut reached = vec![false; right.len() + 1];
    reached[0] = true;
    for j in 0..right.len() {
        reached[j + 1] = reached[j] && any(&right[j]);
    }
    for a in left {
        let mut next = vec![false; right.len() + 1];
        next[0] = reached[0] && any(a);
        for (j, b) in right.iter().enumerate() {
            next[j + 1] = if any(a) || any(b) {
                // What stands for any number of items takes none, or one more of the other side.
                reached[j + 1] || next[j]
            } else {
                reached[j] && meet(a, b)
            };
        }
        reached = next;
    }
    reached[right.len()]
}
