//! The shell's syntax tree in the form that is understood here: the adapter to the parser.
//!
//! In: a command's text. Out: a `Node`, or the first construct that is not understood. The parser leaves
//! arithmetic, subscripts and heredoc bodies as raw text; none of them gets through here. A word is
//! read again from its source: a `$`, backtick or bracket that the tree did not account for is an error.

use rable::ast::{ListOperator, Node as Tree, NodeKind, PipeSep};

use super::variables;
use super::word::{Word, word, words};

/// A command.
#[derive(Clone, Debug)]
pub(super) enum Node {
    Simple(Simple),
    /// Side by side, each in a shell of its own.
    Pipe(Vec<Node>),
    And(Box<Node>, Box<Node>),
    Or(Box<Node>, Box<Node>),
    Sequence(Vec<Node>),
    Not(Box<Node>),
    /// `{ …; }`, or `( … )` in a shell of its own.
    Group {
        body: Box<Node>,
        redirects: Vec<Redirect>,
        subshell: bool,
    },
    If {
        condition: Box<Node>,
        then: Box<Node>,
        otherwise: Option<Box<Node>>,
        redirects: Vec<Redirect>,
    },
    For {
        name: String,
        words: Vec<Word>,
        body: Box<Node>,
        redirects: Vec<Redirect>,
    },
    While {
        condition: Box<Node>,
        body: Box<Node>,
        redirects: Vec<Redirect>,
    },
    /// `[[ … ]]` with plain operands: files it looks at.
    Test(Vec<String>),
    Empty,
}

/// Assignments, words, redirections.
#[derive(Clone, Debug, Default)]
pub(super) struct Simple {
    pub(super) assignments: Vec<(String, Word)>,
    pub(super) words: Vec<Word>,
    pub(super) redirects: Vec<Redirect>,
    /// The words as they were written.
    pub(super) source: String,
}

#[derive(Clone, Debug)]
pub(super) enum Redirect {
    Read(Word),
    Write(Word),
    /// `<<<`.
    Text(Word),
    /// A heredoc in which nothing is expanded, by its delimiter.
    Heredoc(String),
    /// `2>&1`, `<&-`.
    Inert,
}

type Result<T> = std::result::Result<T, String>;

fn no<T>(what: &str) -> Result<T> {
    Err(format!("{what} is not followed"))
}

/// Larger trees are not followed.
const MOST_NODES: usize = 1000;

/// More heredocs are not followed.
const MOST_HEREDOCS: usize = 32;

/// Reads a whole command.
pub(super) fn parse(text: &str) -> Result<Node> {
    let tree = rable::parse(text, false).map_err(|_| "the command cannot be parsed".to_owned())?;
    let nodes: Vec<Node> = tree.iter().map(node).collect::<Result<_>>()?;
    let node = sequence(nodes);
    if node.size() > MOST_NODES {
        return Err("the command has too many parts".to_owned());
    }
    // Without its last line a heredoc goes on to the end, with a warning in one shell and an error in another.
    let mut delimiters = Vec::new();
    node.heredocs(&mut delimiters);
    if delimiters.len() > MOST_HEREDOCS {
        return no("so many heredocs");
    }
    for delimiter in &delimiters {
        let ends = text.lines().filter(|line| line.trim_start_matches('\t') == *delimiter).count();
        if ends < delimiters.iter().filter(|other| *other == delimiter).count() {
            return no("a heredoc without an end");
        }
    }
    // `((` is arithmetic or two groups, by what follows.
    if node.is_compound() && text.contains("((") {
        return no("`((`");
    }
    if node.is_compound() && hides_a_word(text) {
        return no("a word behind a group");
    }
    Ok(node)
}

/// The parser drops a number or `{name}` behind a group when no redirection follows (`(ls)0`). Looked for
/// without regard to quotes.
fn hides_a_word(text: &str) -> bool {
    let ends = [")", "}", "fi", "done"]
        .iter()
        .flat_map(|end| text.match_indices(end).map(|(at, end)| at + end.len()));
    ends.into_iter().any(|at| {
        let rest = text[at..].trim_start_matches([' ', '\t']);
        let number = rest.trim_start_matches(|c: char| c.is_ascii_digit());
        let redirects = number.starts_with(['<', '>'])
            && number.len() + 1 == rest.len()
            && text[..at].len() + rest.len() < text.len();
        number.len() < rest.len() && !redirects || rest.starts_with('{')
    })
}

impl Node {
    /// The delimiters of all heredocs, those in words too.
    fn heredocs<'a>(&'a self, out: &mut Vec<&'a str>) {
        let mut of = |redirects: &'a [Redirect], words: &[&'a [Word]]| {
            for redirect in redirects {
                match redirect {
                    Redirect::Heredoc(delimiter) => out.push(delimiter),
                    Redirect::Read(word) | Redirect::Write(word) | Redirect::Text(word) => {
                        word.commands().for_each(|node| node.heredocs(out));
                    }
                    Redirect::Inert => {}
                }
            }
            for word in words.iter().copied().flatten() {
                word.commands().for_each(|node| node.heredocs(out));
            }
        };
        match self {
            Self::Simple(simple) => {
                of(&simple.redirects, &[&simple.words]);
                for (_, word) in &simple.assignments {
                    of(&[], &[std::slice::from_ref(word)]);
                }
            }
            Self::Group { redirects, .. } | Self::If { redirects, .. } | Self::While { redirects, .. } => {
                of(redirects, &[]);
            }
            Self::For { redirects, words, .. } => of(redirects, &[words]),
            _ => {}
        }
        for node in self.parts() {
            node.heredocs(out);
        }
    }

    /// The words of a command that is nothing but plain words.
    pub(super) fn plain(&self) -> Option<Vec<&str>> {
        match self {
            Self::Simple(simple) if simple.assignments.is_empty() && simple.redirects.is_empty() => {
                simple.words.iter().map(Word::plain).collect()
            }
            _ => None,
        }
    }

    /// The number of its parts, at all depths.
    fn size(&self) -> usize {
        1 + self.parts().into_iter().map(Self::size).sum::<usize>()
    }

    /// Is there a group or a loop in it?
    fn is_compound(&self) -> bool {
        matches!(self, Self::Group { .. } | Self::If { .. } | Self::For { .. } | Self::While { .. })
            || self.parts().into_iter().any(Self::is_compound)
    }

    /// The commands that this one is made of, in the order of the text.
    fn parts(&self) -> Vec<&Node> {
        match self {
            Self::Pipe(nodes) | Self::Sequence(nodes) => nodes.iter().collect(),
            Self::And(left, right) | Self::Or(left, right) => vec![left, right],
            Self::Not(node) | Self::Group { body: node, .. } | Self::For { body: node, .. } => vec![node],
            Self::If { condition, then, otherwise, .. } => {
                let mut parts: Vec<&Node> = vec![condition, then];
                parts.extend(otherwise.as_deref());
                parts
            }
            Self::While { condition, body, .. } => vec![condition, body],
            Self::Simple(_) | Self::Test(_) | Self::Empty => Vec::new(),
        }
    }

    /// Its simple commands in the order of the text; those inside words are part of the words.
    pub(super) fn simples<'a>(&'a self, out: &mut Vec<&'a Simple>) {
        if let Self::Simple(simple) = self {
            out.push(simple);
        }
        for node in self.parts() {
            node.simples(out);
        }
    }
}

fn sequence(mut nodes: Vec<Node>) -> Node {
    match nodes.len() {
        0 => Node::Empty,
        1 => nodes.remove(0),
        _ => Node::Sequence(nodes),
    }
}

fn boxed(tree: &Tree) -> Result<Box<Node>> {
    Ok(Box::new(node(tree)?))
}

pub(super) fn node(tree: &Tree) -> Result<Node> {
    Ok(match &tree.kind {
        NodeKind::Command { assignments, words, redirects } => {
            Node::Simple(simple(assignments, words, redirects)?)
        }
        NodeKind::Pipeline { commands, separators } => {
            let mut parts: Vec<Node> = commands.iter().map(node).collect::<Result<_>>()?;
            // What `|&` adds is one more `2>&1`.
            for (part, separator) in parts.iter_mut().zip(separators) {
                if let (Node::Simple(simple), PipeSep::PipeBoth) = (part, separator) {
                    simple.redirects.push(Redirect::Inert);
                }
            }
            Node::Pipe(parts)
        }
        NodeKind::List { items } => list(items)?,
        NodeKind::If { condition, then_body, else_body, redirects } => Node::If {
            condition: boxed(condition)?,
            then: boxed(then_body)?,
            otherwise: else_body.as_deref().map(boxed).transpose()?,
            redirects: redirections(redirects)?,
        },
        // Without `in …` it goes over the shell's own arguments, of which there are none.
        NodeKind::For { var, words: Some(trees), body, redirects } => Node::For {
            name: identifier(var)?,
            words: all_words(trees)?,
            body: boxed(body)?,
            redirects: redirections(redirects)?,
        },
        NodeKind::While { condition, body, redirects } => Node::While {
            condition: boxed(condition)?,
            body: boxed(body)?,
            redirects: redirections(redirects)?,
        },
        NodeKind::Subshell { body, redirects } => {
            Node::Group { body: boxed(body)?, redirects: redirections(redirects)?, subshell: true }
        }
        NodeKind::BraceGroup { body, redirects } => {
            Node::Group { body: boxed(body)?, redirects: redirections(redirects)?, subshell: false }
        }
        // `!(ls)` is a pattern to a shell with extended globs.
        NodeKind::Negation { pipeline } if pipeline.span.start < tree.span.start + 2 => return no("`!`"),
        NodeKind::Negation { pipeline } => Node::Not(boxed(pipeline)?),
        NodeKind::Time { pipeline, .. } => node(pipeline)?,
        NodeKind::ConditionalExpr { body, redirects } if redirects.is_empty() => {
            let mut files = Vec::new();
            super::condition::double(body, &mut files)?;
            Node::Test(files)
        }
        NodeKind::Empty | NodeKind::Comment { .. } => Node::Empty,
        NodeKind::Until { .. } | NodeKind::ForArith { .. } | NodeKind::Select { .. } => {
            return no("this loop");
        }
        NodeKind::Case { .. } => return no("`case`"),
        NodeKind::Function { .. } => return no("a function"),
        NodeKind::Coproc { .. } => return no("a coprocess"),
        NodeKind::ArithmeticCommand { .. } => return no("arithmetic"),
        _ => return no("a construct of this command"),
    })
}

fn list(items: &[rable::ast::ListItem]) -> Result<Node> {
    let mut done: Option<Node> = None;
    let mut before = None;
    for item in items {
        // What runs on in the background outlives the answer that was given for it.
        if item.operator == Some(ListOperator::Background) {
            return no("a command in the background");
        }
        let next = node(&item.command)?;
        done = Some(match (done, before) {
            (None, _) => next,
            (Some(left), Some(ListOperator::And)) => Node::And(Box::new(left), Box::new(next)),
            (Some(left), Some(ListOperator::Or)) => Node::Or(Box::new(left), Box::new(next)),
            (Some(left), _) => Node::Sequence(vec![left, next]),
        });
        before = item.operator;
    }
    Ok(done.unwrap_or(Node::Empty))
}

fn all_words(trees: &[Tree]) -> Result<Vec<Word>> {
    Ok(trees.iter().map(words).collect::<Result<Vec<_>>>()?.concat())
}

fn simple(assignments: &[Tree], words: &[Tree], redirects: &[Tree]) -> Result<Simple> {
    let raw = |tree: &Tree| match &tree.kind {
        NodeKind::Word { value, .. } => value.clone(),
        _ => String::new(),
    };
    let simple = Simple {
        assignments: assignments.iter().map(|tree| assignment(word(tree)?)).collect::<Result<_>>()?,
        words: all_words(words)?,
        redirects: redirections(redirects)?,
        source: words.iter().map(raw).collect::<Vec<_>>().join(" "),
    };
    let given = |(name, value): &&(String, Word)| !variables::is_given(name, value);
    match simple.assignments.iter().find(given).filter(|_| !simple.words.is_empty()) {
        Some((name, _)) => Err(format!("the value of `{name}` may become part of a command")),
        None => Ok(simple),
    }
}

fn assignment(word: Word) -> Result<(String, Word)> {
    let Some((name, value)) = word.split_assignment() else { return no("this assignment") };
    Ok((identifier(&name)?, value))
}

/// Not `a[0]`: a subscript is arithmetic.
fn identifier(name: &str) -> Result<String> {
    let plain = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    let first = name.bytes().next().is_some_and(|byte| !byte.is_ascii_digit());
    if plain && first { Ok(name.to_owned()) } else { no("this variable's name") }
}

fn redirections(trees: &[Tree]) -> Result<Vec<Redirect>> {
    trees.iter().map(redirect).collect()
}

fn redirect(tree: &Tree) -> Result<Redirect> {
    // `<<<` at the very end.
    let missing = |target: &Tree| matches!(&target.kind, NodeKind::Word { value, .. } if value.is_empty());
    match &tree.kind {
        NodeKind::Redirect { target, .. } if missing(target) => no("a redirection to nothing"),
        NodeKind::Redirect { varfd: Some(_), .. } => no("a redirection to a variable"),
        NodeKind::Redirect { fd, .. } if *fd > 9 => no("a redirection of this descriptor"),
        NodeKind::Redirect { op, target, .. } => match op.as_str() {
            "<" => Ok(Redirect::Read(word(target)?)),
            // `>! file`: in zsh the file that is overwritten is the next word.
            ">" | ">>" | ">|" | "&>" | "&>>" | ">&" if begins_with_bang(target) => no("this redirection"),
            ">" | ">>" | ">|" | "&>" | "&>>" => Ok(Redirect::Write(word(target)?)),
            "<<<" => Ok(Redirect::Text(word(target)?)),
            ">&-" => Ok(Redirect::Inert),
            ">&" | "<&" => {
                let target = word(target)?;
                let number = target.plain().is_some_and(|text| matches!(text.as_bytes(), [b'0'..=b'9']));
                match (number, op.as_str()) {
                    (true, _) => Ok(Redirect::Inert),
                    // `>& file` writes both streams to it.
                    (false, ">&") => Ok(Redirect::Write(target)),
                    (false, _) => no("this redirection"),
                }
            }
            _ => no("this redirection"),
        },
        NodeKind::HereDoc { delimiter, content, quoted, complete, fd, .. } => {
            let plain = !delimiter.is_empty()
                && delimiter.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'));
            match (*quoted, *complete && plain && *fd <= 9) {
                (_, false) => no("this heredoc"),
                (true, true) => Ok(Redirect::Heredoc(delimiter.clone())),
                (false, true) if content.contains(['$', '`', '\\']) => {
                    Err("the heredoc is expanded: quote its delimiter".to_owned())
                }
                (false, true) => Ok(Redirect::Heredoc(delimiter.clone())),
            }
        }
        _ => no("this redirection"),
    }
}

fn begins_with_bang(target: &Tree) -> bool {
    matches!(&target.kind, NodeKind::Word { value, .. } if value.starts_with(['!', '|']))
}
