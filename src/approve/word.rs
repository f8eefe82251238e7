//! One word of a command: which of its text the shell takes as it stands, and what it puts in.
//!
//! In: a word of the tree, whose literal parts are source text with its quotes. Out: pieces. Whatever would
//! be expanded in a way not listed here (tilde, braces, `=program` of zsh, extended globs) is an error.

use rable::ast::{Node as Tree, NodeKind};

use super::syntax::{Node, node};

#[derive(Clone, Debug)]
pub(super) enum Piece {
    Text {
        text: String,
        quoted: bool,
    },
    Variable {
        name: String,
        quoted: bool,
    },
    Command {
        node: Box<Node>,
        quoted: bool,
    },
    /// A result of arithmetic with numbers alone, or of an earlier command.
    Number {
        quoted: bool,
    },
}

#[derive(Clone, Debug, Default)]
pub(super) struct Word {
    pub(super) pieces: Vec<Piece>,
}

type Result<T> = std::result::Result<T, String>;

impl Word {
    /// Its text, if nothing in it is expanded or quoted.
    pub(super) fn plain(&self) -> Option<&str> {
        match &self.pieces[..] {
            [Piece::Text { text, quoted: false }] => Some(text),
            _ => None,
        }
    }

    /// The commands that are substituted in it.
    pub(super) fn commands(&self) -> impl Iterator<Item = &Node> {
        self.pieces.iter().filter_map(|piece| match piece {
            Piece::Command { node, .. } => Some(&**node),
            _ => None,
        })
    }

    /// `NAME=value`, where `NAME=` is not quoted.
    pub(super) fn split_assignment(mut self) -> Option<(String, Self)> {
        let Some(Piece::Text { text, quoted: false }) = self.pieces.first_mut() else { return None };
        let (name, value) = text.split_once('=')?;
        let name = name.to_owned();
        // In an assignment, a tilde is also expanded at the start of the value and behind colons; in zsh
        // `=program` is.
        if value.starts_with(['~', '=']) || value.contains(":~") {
            return None;
        }
        *text = value.to_owned();
        Some((name, self))
    }
}

/// Reads one word.
pub(super) fn word(tree: &Tree) -> Result<Word> {
    let NodeKind::Word { value, parts, .. } = &tree.kind else {
        return Err("a word of the command is not understood".to_owned());
    };
    check_backticks(value, parts)?;
    let mut reader = Reader::default();
    for part in parts {
        reader.part(part)?;
    }
    reader.finish()
}

/// The tree shows backticks as it shows `$( )`, but inside them a backslash means something else. One
/// substitution may hold backticks as text (a commit message in a quoted heredoc).
fn check_backticks(value: &str, parts: &[Tree]) -> Result<()> {
    if !value.contains('`') || parts.iter().all(|part| matches!(part.kind, NodeKind::WordLiteral { .. })) {
        return Ok(());
    }
    let mut before = 0;
    for part in parts {
        match &part.kind {
            NodeKind::WordLiteral { value } => before += value.len(),
            NodeKind::CommandSubstitution { .. } if value[before..].starts_with("$(") => break,
            _ => return Err("backticks are not followed; write `$( )`".to_owned()),
        }
    }
    let substitutions =
        parts.iter().filter(|part| !matches!(part.kind, NodeKind::WordLiteral { .. })).count();
    if substitutions == 1 { Ok(()) } else { Err("backticks are not followed; write `$( )`".to_owned()) }
}

/// `PIPESTATUS[0]`, with a number: other subscripts are evaluated.
fn is_status(param: &str) -> bool {
    let index = param.strip_prefix("PIPESTATUS[").and_then(|rest| rest.strip_suffix(']'));
    index.is_some_and(|index| index.len() == 1 && index.bytes().all(|byte| byte.is_ascii_digit()))
}

/// Numbers and the signs between them: no name, whose value would be evaluated.
fn is_sum(tree: &Tree) -> bool {
    match &tree.kind {
        NodeKind::ArithNumber { value } => {
            value.len() < 10 && value.bytes().all(|byte| byte.is_ascii_digit())
        }
        NodeKind::ArithBinaryOp { op, left, right } => {
            matches!(op.as_str(), "+" | "-" | "*" | "/" | "%") && is_sum(left) && is_sum(right)
        }
        _ => false,
    }
}

/// The words that braces make of one: `src/{a,b}`. Only of plain characters, with one pair of braces.
pub(super) fn words(tree: &Tree) -> Result<Vec<Word>> {
    let NodeKind::Word { value, .. } = &tree.kind else { return Ok(vec![word(tree)?]) };
    let plain = |text: &str| text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-./".contains(&byte));
    let parts = value.split_once('{').and_then(|(before, rest)| Some((before, rest.split_once('}')?)));
    match parts {
        Some((before, (inner, behind)))
            if [before, behind].into_iter().all(plain)
                && inner.split(',').all(plain)
                && inner.contains(',')
                && !inner.contains("..")
                && value.len() < 256 =>
        {
            let text = |middle: &str| format!("{before}{middle}{behind}");
            let texts: Vec<String> = inner.split(',').map(text).collect();
            if texts.iter().any(String::is_empty) {
                return Err("braces that make an empty word".to_owned());
            }
            let word = |text| Word { pieces: vec![Piece::Text { text, quoted: false }] };
            Ok(texts.into_iter().map(word).collect())
        }
        _ => Ok(vec![word(tree)?]),
    }
}

#[derive(Default)]
struct Reader {
    pieces: Vec<Piece>,
    double: bool,
    started: bool,
    /// It begins with `=`, which zsh expands unless it is alone.
    equals: bool,
    /// A variable was just put in: zsh takes `[…]` and `:h` behind it for a subscript and a modifier.
    behind_variable: bool,
}

impl Reader {
    fn part(&mut self, part: &Tree) -> Result<()> {
        match &part.kind {
            NodeKind::WordLiteral { value } => self.literal(value)?,
            NodeKind::ParamExpansion { param, op: None, arg: None } if is_status(param) => {
                self.pieces.push(Piece::Number { quoted: self.double });
            }
            NodeKind::ArithmeticExpansion { expression: Some(expression) } if is_sum(expression) => {
                self.pieces.push(Piece::Number { quoted: self.double });
            }
            NodeKind::ParamExpansion { param, op: None, arg: None } => {
                let name = param.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
                let digit = param.bytes().next().is_none_or(|byte| byte.is_ascii_digit());
                if param != "?" && (!name || digit) {
                    return Err(format!("`${param}` is not known"));
                }
                self.pieces.push(Piece::Variable { name: param.clone(), quoted: self.double });
                self.behind_variable = true;
            }
            NodeKind::CommandSubstitution { command, brace: false } => {
                self.pieces.push(Piece::Command { node: Box::new(node(command)?), quoted: self.double });
            }
            NodeKind::BraceExpansion { .. } => {
                return Err("braces are not expanded; write the words".to_owned());
            }
            NodeKind::ArithmeticExpansion { .. } => return Err("arithmetic is not followed".to_owned()),
            NodeKind::ProcessSubstitution { .. } => {
                return Err("process substitution is not followed".to_owned());
            }
            NodeKind::AnsiCQuote { .. } | NodeKind::LocaleString { .. } => {
                return Err("`$'…'` and `$\"…\"` are not followed".to_owned());
            }
            _ => return Err("an expansion in the command is not followed".to_owned()),
        }
        self.started = true;
        Ok(())
    }

    fn push(&mut self, c: char, quote: bool) {
        match self.pieces.last_mut() {
            Some(Piece::Text { text, quoted }) if *quoted == quote => text.push(c),
            _ => self.pieces.push(Piece::Text { text: c.to_string(), quoted: quote }),
        }
    }

    fn behind(&self, signs: [char; 2]) -> bool {
        matches!(self.pieces.last(), Some(Piece::Text { text, quoted: false }) if text.ends_with(signs))
    }

    /// `''` makes an empty word.
    fn touch(&mut self) {
        if !matches!(self.pieces.last(), Some(Piece::Text { quoted: true, .. })) {
            self.pieces.push(Piece::Text { text: String::new(), quoted: true });
        }
    }

    fn literal(&mut self, source: &str) -> Result<()> {
        let mut chars = source.chars().peekable();
        while let Some(c) = chars.next() {
            let behind_variable = std::mem::take(&mut self.behind_variable);
            if behind_variable && (c == '[' || c == ':' && chars.peek().is_some_and(|&next| next != ' ')) {
                return Err(format!("`{c}` behind a variable is not followed"));
            }
            match (c, self.double) {
                ('"', _) => {
                    self.double = !self.double;
                    self.touch();
                    self.behind_variable = behind_variable;
                }
                ('\\', true) => match chars.next() {
                    Some(next @ ('$' | '`' | '"' | '\\')) => self.push(next, true),
                    Some(next) => {
                        self.push('\\', true);
                        self.push(next, true);
                    }
                    None => return Err("a backslash ends a part of a word".to_owned()),
                },
                // A dollar sign before the closing quote stands for itself: `"end$"`.
                ('$', true) if matches!(chars.peek(), Some('"' | ' ' | '|')) => self.push('$', true),
                ('$' | '`', _) => return Err("an expansion in the command is not followed".to_owned()),
                (c, true) => self.push(c, true),
                ('\'', false) => {
                    self.touch();
                    loop {
                        match chars.next() {
                            Some('\'') => break,
                            Some(c) => self.push(c, true),
                            None => return Err("a quote is not closed".to_owned()),
                        }
                    }
                }
                ('\\', false) => match chars.next() {
                    Some(next) => self.push(next, true),
                    None => return Err("a backslash ends a part of a word".to_owned()),
                },
                ('~', false) if !self.started && self.pieces.is_empty() => {
                    return Err("a word that starts with `~` is expanded by the shell".to_owned());
                }
                ('=', false) if !self.started && self.pieces.is_empty() => {
                    self.equals = true;
                    self.push(c, false);
                }
                // `cat a=~/x`: bash takes it for an assignment.
                ('~', false) if self.behind(['=', ':']) => {
                    return Err("`~` behind `=` or `:` may be expanded".to_owned());
                }
                // Extended globs of zsh: `rm ^keep` removes everything else.
                ('^', false) if self.pieces.is_empty() => {
                    return Err("a word that starts with `^` may be a pattern".to_owned());
                }
                ('(' | ')' | '<' | '>' | '|' | '&' | ';' | '\n' | ' ' | '\t', false) => {
                    return Err(format!("`{c}` inside a word is not followed"));
                }
                (c, false) => self.push(c, false),
            }
            self.started = true;
        }
        Ok(())
    }

    fn finish(self) -> Result<Word> {
        if self.double {
            return Err("a quote is not closed".to_owned());
        }
        let bare: String = self
            .pieces
            .iter()
            .filter_map(|piece| match piece {
                Piece::Text { text, quoted: false } => Some(text.as_str()),
                _ => None,
            })
            .collect();
        if self.equals && !matches!(&self.pieces[..], [Piece::Text { text, .. }] if text == "=") {
            return Err("a word that starts with `=` is expanded by the shell".to_owned());
        }
        // `{a,b}`, `{1..3}`: what the tree calls a brace expansion, and what only looks like one.
        if bare.contains('{') && (bare.contains(',') || bare.contains("..")) {
            return Err("braces are not expanded; write the words".to_owned());
        }
        Ok(Word { pieces: self.pieces })
    }
}
