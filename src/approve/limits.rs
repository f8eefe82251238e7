//! Refuses a command's text before anything parses it.
//!
//! In: text. Out: nothing, or why it is not looked at. A character that a person, a parser and the shell may
//! see differently has no place in a command that nobody reads before it runs.

/// Longer commands are not parsed.
const LONGEST: usize = 16 * 1024;
/// Commands with more of `;`, `&` and `|`, in quotes or not, are not parsed.
const MOST_OPERATORS: usize = 1000;
/// Nor with more words that begin a loop or a condition.
const MOST_KEYWORDS: usize = 250;
/// Deeper nesting is not parsed: one known parser takes seconds for 200 nested `$(`.
const DEEPEST: usize = 10;
/// With backticks, which the parser tries as opening and as closing ones, its time doubles with every bracket.
const DEEPEST_WITH_BACKTICKS: usize = 4;

/// May this text be given to the parser?
pub(super) fn check(text: &str) -> Result<(), String> {
    if text.len() > LONGEST {
        return Err("the command is longer than what is read".to_owned());
    }
    if let Some(c) = text.chars().find(|&c| is_deceptive(c)) {
        return Err(format!("the command contains the character U+{:04X}", u32::from(c)));
    }
    // The shell takes these two characters away before it sees words and operators: `$\⏎(rm x)` is a
    // substitution. In a heredoc with a quoted delimiter they are text; that is not worth the risk.
    if text.contains("\\\n") && !only_in_quoted_text(text) {
        return Err("a line of the command ends in a backslash".to_owned());
    }
    if text.ends_with('\\') {
        return Err("the command ends in a backslash".to_owned());
    }
    if has_long_descriptor(text) {
        return Err("a redirection's descriptor has more than one digit".to_owned());
    }
    let operators = text.bytes().filter(|byte| matches!(byte, b';' | b'&' | b'|')).count();
    let keyword = |word: &&str| {
        matches!(
            *word,
            "if" | "elif" | "while" | "until" | "for" | "case" | "select" | "time" | "coproc" | "!"
        )
    };
    let keywords = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '!').filter(keyword).count();
    if operators > MOST_OPERATORS || keywords > MOST_KEYWORDS {
        return Err("the command has too many parts".to_owned());
    }
    // They are never allowed, and the parser's time grows fast with them.
    if text.contains('`') && has_open_backtick(text) {
        return Err("backticks are not followed; write `$( )`".to_owned());
    }
    if depth(text) > if text.contains('`') { DEEPEST_WITH_BACKTICKS } else { DEEPEST } {
        return Err("the command is nested too deeply".to_owned());
    }
    Ok(())
}

/// Control, direction, width and space characters that are not what they look like.
pub(super) fn is_deceptive(c: char) -> bool {
    match c {
        '\t' | '\n' | ' ' => false,
        c if c.is_control() || c.is_whitespace() => true,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' => true,
        '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' => true,
        '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{fe00}'..='\u{fe0e}' | '\u{feff}' | '\u{ffa0}' => true,
        '\u{fff0}'..='\u{fffb}' | '\u{e0000}'..='\u{e0fff}' => true,
        _ => false,
    }
}

/// Do all continued lines stand behind the first line of a quoted heredoc, in a command that has only one?
fn only_in_quoted_text(text: &str) -> bool {
    let Some((first, rest)) = text.split_once('\n') else { return false };
    let Some((before, delimiter)) = first.split_once("<<") else { return false };
    // In a string or a comment, `<<` begins nothing.
    let before = before.strip_suffix("\"$(cat ").unwrap_or(before);
    let plain = |text: &str| !text.contains(['"', '\'', '\\', '$', '`', '#']);
    if !plain(before) {
        return false;
    }
    let delimiter = delimiter.trim_start_matches('-').trim_start();
    let Some(delimiter) = delimiter.strip_prefix('\'').and_then(|word| word.split_once('\'')) else {
        return false;
    };
    let ends = rest.lines().position(|line| line == delimiter.0);
    let behind: Option<Vec<&str>> = ends.map(|end| rest.lines().skip(end + 1).collect());
    plain(delimiter.1)
        && first.matches("<<").count() == 1
        && !delimiter.0.is_empty()
        && delimiter.0.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
        && behind.is_some_and(|lines| lines.iter().all(|line| !line.ends_with('\\')))
}

/// `2147483648>f`: a number that is no descriptor is a word to one reader and an error to another.
fn has_long_descriptor(text: &str) -> bool {
    text.split(['<', '>']).rev().skip(1).any(|before| {
        let digits = before.bytes().rev().take_while(u8::is_ascii_digit).count();
        digits > 1
            && before[..before.len() - digits]
                .bytes()
                .next_back()
                .is_none_or(|byte| !byte.is_ascii_alphanumeric())
    })
}

/// Is there a backtick outside single quotes and outside heredocs with a quoted delimiter? A mistake here costs an
/// answer or some time, no more: what gets through is parsed.
fn has_open_backtick(text: &str) -> bool {
    let (mut rest, mut double) = (text, false);
    while let Some(at) = rest.find(['`', '\'', '"', '\\', '<']) {
        let (found, behind) = (rest.as_bytes()[at], &rest[at + 1..]);
        rest = match found {
            b'`' => return true,
            b'"' => {
                double = !double;
                behind
            }
            b'\\' => behind.get(behind.chars().next().map_or(0, char::len_utf8)..).unwrap_or(""),
            b'\'' if !double => behind.split_once('\'').map_or("", |(_, behind)| behind),
            b'<' => behind_heredoc(behind).unwrap_or(behind),
            _ => behind,
        };
    }
    false
}

/// What stands behind a heredoc whose second `<` is the next character.
fn behind_heredoc(text: &str) -> Option<&str> {
    let word = text.strip_prefix('<')?.trim_start_matches('-').trim_start_matches(' ');
    let quote = word.chars().next().filter(|c| matches!(c, '\'' | '"'))?;
    let (delimiter, _) = word[1..].split_once(quote)?;
    let (_, mut rest) = word.split_once('\n')?;
    while !rest.is_empty() {
        let (line, behind) = rest.split_once('\n').unwrap_or((rest, ""));
        if line.trim_start_matches('\t') == delimiter {
            return Some(behind);
        }
        rest = behind;
    }
    None
}

/// The depth of brackets, without regard to quotes: at least as deep as what the shell sees.
fn depth(text: &str) -> usize {
    let (mut now, mut most) = (0_usize, 0);
    for byte in text.bytes() {
        match byte {
            b'(' | b'{' => now += 1,
            b')' | b'}' => now = now.saturating_sub(1),
            _ => {}
        }
        most = most.max(now);
    }
    most
}
