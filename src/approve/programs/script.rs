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
                b'p' | b'P' | b'd' | b'D' | b'n' | b'N' | b'g' | b'G' | b'h' | b'H' | b'x' | b'=' => {
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
                // Text up to the end of the line.
                b'a' | b'i' | b'c' => {
                    while let Some(byte) = self.next() {
                        match byte {
                            b'\n' => break,
                            b'\\' => drop(self.next()),
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

/// No way to another program or file: no pipe, redirection, `@`, and none of these names.
pub(super) fn awk_is_pure(script: &str) -> bool {
    let names = [
        "system",
        "getline",
        "close",
        "fflush",
        "ENVIRON",
        "ARGV",
        "ARGIND",
        "PROCINFO",
        "extension",
        "FS=\"/inet",
    ];
    !script.contains(['|', '>', '@']) && !names.iter().any(|name| script.contains(name))
}
