//! Whether a script for `sed` or `awk` only edits and prints.
//!
//! Closed world: what is not understood is not pure. `e`, `w`, `r` of sed and `system`, pipes, redirections of
//! awk run programs and touch files.

/// Only addresses, and commands that edit or print.
pub(super) fn sed_is_pure(script: &str) -> bool {
    let mut sed = Sed { text: script.as_bytes(), at: 0 };
    sed.commands().is_some()
}

struct Sed<'a> {
    text: &'a [u8],
    at: usize,
}

impl Sed<'_> {
    fn peek(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }

    fn next(&mut self) -> Option<u8> {
        let byte = self.peek()?;
        self.at += 1;
        Some(byte)
    }

    fn skip(&mut self, bytes: &[u8]) {
        while self.peek().is_some_and(|byte| bytes.contains(&byte)) {
            self.at += 1;
        }
    }

    fn commands(&mut self) -> Option<()> {
        loop {
            self.skip(b" \t\n;{}");
            if self.peek().is_none() {
                return Some(());
            }
            self.address()?;
            self.skip(b" \t!");
            match self.next()? {
                b'{' => {}
                b'p' | b'P' | b'd' | b'n' | b'N' | b'g' | b'G' | b'h' | b'H' | b'x' | b'=' => {
                    self.end()?;
                }
                b'q' | b'Q' => {
                    self.skip(b" 0123456789");
                    self.end()?;
                }
                b's' => self.substitute()?,
                b'y' => {
                    let delimiter = self.delimiter()?;
                    self.until(delimiter)?;
                    self.until(delimiter)?;
                    self.end()?;
                }
                // Text up to the end of the line. Backslashes in it are read in several ways.
                b'a' | b'i' | b'c' => {
                    if self.text[self.at..].starts_with(b"\\\n") {
                        self.at += 2;
                    }
                    while let Some(byte) = self.next() {
                        match byte {
                            b'\n' => break,
                            b'\\' => return None,
                            _ => {}
                        }
                    }
                }
                _ => return None,
            }
        }
    }

    fn address(&mut self) -> Option<()> {
        loop {
            match self.peek()? {
                b'0'..=b'9' | b'$' | b',' | b'~' | b'+' | b' ' => self.at += 1,
                b'/' => {
                    self.at += 1;
                    self.until(b'/')?;
                    self.skip(b"IM");
                }
                _ => return Some(()),
            }
        }
    }

    fn delimiter(&mut self) -> Option<u8> {
        self.next().filter(|byte| byte.is_ascii_punctuation() && *byte != b'\\')
    }

    /// Up to the delimiter; brackets do not protect it in GNU sed's `s`, which reads it before the expression.
    fn until(&mut self, delimiter: u8) -> Option<()> {
        loop {
            match self.next()? {
                byte if byte == delimiter => return Some(()),
                b'\\' => drop(self.next()?),
                b'\n' => return None,
                // A delimiter inside brackets is read in two ways by different versions.
                b'[' if self.brackets(delimiter) => return None,
                _ => {}
            }
        }
    }

    /// Does the bracket that was opened hold the delimiter?
    fn brackets(&self, delimiter: u8) -> bool {
        let rest = &self.text[self.at..];
        let end = rest.iter().skip(1).position(|&byte| byte == b']').map_or(0, |end| end + 1);
        rest[..end].contains(&delimiter)
    }

    fn substitute(&mut self) -> Option<()> {
        let delimiter = self.delimiter()?;
        self.until(delimiter)?;
        self.until(delimiter)?;
        // Not `e`, which runs the result, nor `w`, which writes it.
        self.skip(b"gpiIM0123456789");
        self.end()
    }

    fn end(&mut self) -> Option<()> {
        self.skip(b" \t");
        match self.peek() {
            None | Some(b';' | b'\n' | b'}') => Some(()),
            Some(_) => None,
        }
    }
}

/// Words that lead nowhere: all that a script may use beside its own variables.
const AWK_WORDS: &[&str] = &[
    "BEGIN", "END", "NF", "NR", "FNR", "FS", "OFS", "RS", "ORS", "FILENAME", "RSTART", "RLENGTH", "SUBSEP",
    "print", "printf", "if", "else", "in", "next", "exit", "length", "substr", "index", "split", "sub",
    "gsub", "match", "sprintf", "tolower", "toupper", "int", "delete", "for",
];

/// Only patterns, arithmetic, text and printing: no name that is followed by a bracket but these, no redirection,
/// pipe, `@`, and no loop but one over an array's keys or up to a number of fields.
pub(super) fn awk_is_pure(script: &str) -> bool {
    let Some(code) = awk_code(script) else { return false };
    !code.contains(['|', '@', '\\', '`']) && compares_only(&code) && awk_names_are_known(&code)
}

/// The script with its strings, regular expressions and comments emptied; none if they cannot be told apart.
fn awk_code(script: &str) -> Option<String> {
    let (mut code, mut rest) = (String::new(), script);
    while let Some(c) = rest.chars().next() {
        rest = &rest[c.len_utf8()..];
        match c {
            '#' => return None,
            '"' => {
                rest = behind_text(rest)?;
                code.push_str("\"\"");
            }
            '/' if divides(&code)? => code.push('/'),
            '/' => {
                rest = behind_expression(rest)?;
                code.push_str(" 0");
            }
            '|' if rest.starts_with('|') => {
                rest = &rest[1..];
                code.push_str(" + ");
            }
            c => code.push(c),
        }
    }
    Some(code)
}

/// Behind this code, is `/` a division, not the beginning of an expression? None where that takes more to tell.
fn divides(code: &str) -> Option<bool> {
    let (whole, code) = (code, code.trim_end());
    // Behind a newline a pattern may begin.
    let line = whole[code.len()..].contains('\n');
    let name = code.rsplit(|c: char| !c.is_ascii_alphanumeric() && c != '_').next().unwrap_or_default();
    let doubtful = code.ends_with([')', '+', '-'])
        || AWK_WORDS.contains(&name) && name.bytes().any(|byte| byte.is_ascii_lowercase());
    let divides = !name.is_empty() || code.ends_with([']', '"']);
    (!(doubtful || divides && line)).then_some(divides)
}

fn behind_text(text: &str) -> Option<&str> {
    let mut chars = text.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '"' => return Some(&text[at + 1..]),
            '\\' => drop(chars.next()?),
            '\n' => return None,
            _ => {}
        }
    }
    None
}

fn behind_expression(mut text: &str) -> Option<&str> {
    loop {
        let c = text.chars().next()?;
        text = &text[c.len_utf8()..];
        match c {
            '/' => return Some(text),
            '\n' => return None,
            '\\' => text = text.get(text.chars().next()?.len_utf8()..)?,
            // Where a bracket ends is read in several ways, unless it is plain or one class.
            '[' => {
                let class = text.strip_prefix("[:").and_then(|class| class.split_once(":]]"));
                let members = text.split_once(']');
                text = match (class, members) {
                    (Some((name, behind)), _) if name.bytes().all(|byte| byte.is_ascii_lowercase()) => behind,
                    (_, Some((members, behind)))
                        if !members.trim_start_matches('^').is_empty()
                            && !members.contains(['[', '\\', '/', '\n']) =>
                    {
                        behind
                    }
                    _ => return None,
                };
            }
            _ => {}
        }
    }
}

/// Is every `>` a comparison: in a pattern before `{`, or inside brackets that belong to no `print`?
fn compares_only(code: &str) -> bool {
    let (mut braces, mut brackets) = (0_usize, Vec::new());
    for (at, c) in code.char_indices() {
        match c {
            '{' => braces += 1,
            '}' => braces = braces.saturating_sub(1),
            '(' => brackets.push(code[..at].trim_end().ends_with("if")),
            ')' => drop(brackets.pop()),
            '>' if braces == 0 && !code[..at].ends_with('>') && !code[at + 1..].starts_with('>') => {}
            '>' if brackets.contains(&true) => {}
            '>' => return false,
            _ => {}
        }
    }
    true
}

fn awk_names_are_known(code: &str) -> bool {
    let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let mut rest = code;
    while let Some(at) = rest.find(|c: char| c.is_ascii_alphabetic() || c == '_') {
        let name: &str = &rest[at..];
        let end = name.find(|c| !is_name(c)).unwrap_or(name.len());
        let (name, behind) = name.split_at(end);
        let known = AWK_WORDS.contains(&name);
        // A short name in lower case is a variable of the script; one before a bracket is a function.
        let variable =
            name.len() == 1 || name.len() <= 12 && !name.bytes().any(|byte| byte.is_ascii_uppercase());
        let called = behind.trim_start().starts_with('(');
        let forbidden = matches!(
            name,
            "while"
                | "do"
                | "function"
                | "func"
                | "getline"
                | "system"
                | "close"
                | "fflush"
                | "extension"
                | "include"
                | "load"
                | "namespace"
                | "return"
                | "switch"
        );
        let endless = name == "for" && !behind.split(')').next().is_some_and(ends);
        if forbidden || endless || !known && (!variable || called) {
            return false;
        }
        rest = behind;
    }
    true
}

/// `(k in a`, `(i=1; i<=NF; i++`: what stands between the brackets of a loop that ends.
fn ends(head: &str) -> bool {
    let head: String = head.chars().filter(|c| !c.is_whitespace()).collect::<String>();
    let parts: Vec<&str> = head.trim_start_matches('(').split(';').collect();
    match parts[..] {
        [_] => true,
        [_, until, step] => {
            step.ends_with("++")
                && until.split_once('<').is_some_and(|(_, end)| {
                    let end = end.trim_start_matches('=');
                    end == "NF"
                        || !end.is_empty() && end.len() <= 4 && end.bytes().all(|byte| byte.is_ascii_digit())
                })
        }
        _ => false,
    }
}
