//! The words of one simple command that the shell takes exactly as they are written.
//!
//! In: a command's text. Out: its words, and a quoted heredoc's presence; or none, if anything in it
//! could be expanded, substituted, redirected, or run beside it. The rule is the other way round from a
//! shell's: a character that is not known to be harmless ends the reading.

/// A command that is one program with literal arguments.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Simple {
    /// Program and arguments.
    pub(super) words: Vec<String>,
    /// Standard input is a heredoc whose delimiter is quoted, so that nothing in it is expanded.
    pub(super) heredoc: bool,
}

/// Longer commands are not read.
const LONGEST: usize = 1 << 20;

/// Reads a command.
pub(super) fn read(command: &str) -> Option<Simple> {
    if command.len() > LONGEST || command.contains(['\0', '\r']) {
        return None;
    }
    let command = command.trim_matches([' ', '\n']);
    let (line, rest) = command.split_once('\n').unwrap_or((command, ""));
    match line.rsplit_once("<<") {
        None if rest.is_empty() => Some(Simple { words: words(line)?, heredoc: false }),
        None => None,
        Some((before, delimiter)) => {
            let delimiter = quoted(delimiter.trim_matches(' '))?;
            // The heredoc ends at the first such line, and nothing may follow it.
            let ends = rest == delimiter || rest.strip_suffix(delimiter)?.ends_with('\n');
            let once = rest.split('\n').filter(|line| *line == delimiter).count() == 1;
            (ends && once && before.ends_with(' ')).then_some(())?;
            Some(Simple { words: words(before)?, heredoc: true })
        }
    }
}

/// The argument lists of commands joined by `&&`, each of literal words; none if a shell would be needed.
pub fn argument_lists(text: &str) -> Option<Vec<Vec<String>>> {
    let list = |part: &str| read(part).filter(|simple| !simple.heredoc && !simple.words.is_empty());
    text.split("&&").map(|part| list(part).map(|simple| simple.words)).collect()
}

fn quoted(text: &str) -> Option<&str> {
    let inner = [('\'', '\''), ('"', '"')]
        .iter()
        .find_map(|(open, close)| text.strip_prefix(*open)?.strip_suffix(*close))?;
    let plain = !inner.is_empty() && inner.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    plain.then_some(inner)
}

fn words(line: &str) -> Option<Vec<String>> {
    let mut words = Vec::new();
    let mut chars = line.chars().peekable();
    loop {
        while chars.next_if_eq(&' ').is_some() {}
        if chars.peek().is_none() {
            return Some(words);
        }
        let mut word = String::new();
        while let Some(c) = chars.next_if(|&c| c != ' ') {
            match c {
                '\'' => quote(&mut chars, &mut word, c, |_| true)?,
                '"' => quote(&mut chars, &mut word, c, |c| !matches!(c, '$' | '`' | '\\' | '!'))?,
                c if is_plain(c) => word.push(c),
                _ => return None,
            }
        }
        words.push(word);
    }
}

fn quote(
    chars: &mut std::iter::Peekable<std::str::Chars<'_>>,
    word: &mut String,
    end: char,
    literal: impl Fn(char) -> bool,
) -> Option<()> {
    loop {
        match chars.next()? {
            c if c == end => return Some(()),
            c if literal(c) => word.push(c),
            _ => return None,
        }
    }
}

/// Characters without a meaning to the shell, wherever they stand in a word. Not `=`: before the first
/// word it makes an assignment. Not `~`, `{`, `*`: they are expanded.
fn is_plain(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '/' | ':' | ',' | '@' | '+')
}
