//! `test`, `[` and `[[`: which files they look at, and whether a shell evaluates one of their operands.
//!
//! A shell takes the arguments by their number, and so does this: what stands where an operator could stand
//! must be known. `-v`, `-R` and, in zsh, comparisons of numbers run what subscripts in their operands say.

use rable::ast::{Node as Tree, NodeKind};

use super::argument::Arg;
use super::effect::Effect;
use super::state::State;
use super::walk::Walk;

/// Their operand is a path.
const FILES: &[&str] = &[
    "-e", "-f", "-d", "-s", "-r", "-w", "-x", "-L", "-h", "-b", "-c", "-p", "-S", "-O", "-G", "-N", "-g",
    "-k", "-u",
];
const TEXTS: &[&str] = &["=", "==", "!=", "<", ">"];
const NUMBERS: &[&str] = &["-eq", "-ne", "-lt", "-le", "-gt", "-ge"];
const TIMES: &[&str] = &["-nt", "-ot", "-ef"];

/// Adds what a `test` does.
pub(super) fn test(walk: &mut Walk<'_>, name: &str, args: &[Arg], state: &State) {
    let args = match (name, args.split_last()) {
        ("[", Some((last, args))) if last.text() == Some("]") => args,
        ("[", _) => return walk.effects.unknown("`[` without its end"),
        _ => args,
    };
    let read = Test { walk, state }.read(args);
    if let Err(why) = read {
        walk.effects.unknown(format!("`{name}`: {why}"));
    }
}

struct Test<'a, 'b> {
    walk: &'a mut Walk<'b>,
    state: &'a State,
}

impl Test<'_, '_> {
    fn read(&mut self, args: &[Arg]) -> Result<(), &'static str> {
        // A pattern or an unquoted value may be any number of arguments.
        if args.iter().any(|arg| matches!(arg, Arg::Many(_) | Arg::Words)) {
            return Err("how many arguments it has is not known");
        }
        match args {
            [] | [_] => Ok(()),
            [not, one] if not.text() == Some("!") => self.read(std::slice::from_ref(one)),
            [sign, operand] => self.one(sign, operand),
            [left, sign, right] if is_sign(sign) => self.two(left, sign, right),
            [not, rest @ ..] if not.text() == Some("!") && rest.len() < 4 => self.read(rest),
            _ => self.plain(args),
        }
    }

    fn one(&mut self, sign: &Arg, operand: &Arg) -> Result<(), &'static str> {
        match sign.text() {
            Some("-n" | "-z") => Ok(()),
            Some("-t") if is_number(operand) => Ok(()),
            Some("-v") if operand.text().is_some_and(is_name) => Ok(()),
            Some(sign) if FILES.contains(&sign) => self.file(operand),
            _ => Err("an operand that may be evaluated"),
        }
    }

    fn two(&mut self, left: &Arg, sign: &Arg, right: &Arg) -> Result<(), &'static str> {
        let sign = sign.text().unwrap_or_default();
        match sign {
            _ if TEXTS.contains(&sign) => Ok(()),
            _ if NUMBERS.contains(&sign) && is_number(left) && is_number(right) => Ok(()),
            _ if TIMES.contains(&sign) => self.file(left).and_then(|()| self.file(right)),
            _ => Err("an operand that may be evaluated"),
        }
    }

    /// Longer expressions: every word is known, and none of them can be evaluated wherever it lands.
    fn plain(&mut self, args: &[Arg]) -> Result<(), &'static str> {
        let harmless = |byte: u8| byte.is_ascii_alphanumeric() || b"_./:,@%+=!-".contains(&byte);
        for arg in args {
            let text = arg.text().ok_or("an operand that may be evaluated")?;
            let evaluates = NUMBERS.contains(&text) || matches!(text, "-v" | "-R" | "-t");
            if evaluates || !text.bytes().all(harmless) {
                return Err("an operand that may be evaluated");
            }
        }
        for pair in args.windows(2) {
            let [sign, operand] = pair else { continue };
            if sign.text().is_some_and(|sign| FILES.contains(&sign) || TIMES.contains(&sign)) {
                self.file(operand)?;
            }
        }
        args.iter().filter(|_| args.iter().any(is_time)).try_for_each(|arg| self.file(arg))
    }

    fn file(&mut self, arg: &Arg) -> Result<(), &'static str> {
        for text in arg.texts().ok_or("a file that is not known")? {
            for cwd in &self.state.cwds {
                self.walk.effects.add(Effect::Read(cwd.real.join(text)));
            }
        }
        Ok(())
    }
}

fn is_sign(arg: &Arg) -> bool {
    arg.text().is_some_and(|text| [TEXTS, NUMBERS, TIMES].iter().any(|signs| signs.contains(&text)))
}

fn is_time(arg: &Arg) -> bool {
    arg.text().is_some_and(|text| TIMES.contains(&text))
}

/// Digits: a name would be looked up, and what it holds evaluated.
fn is_number(arg: &Arg) -> bool {
    arg.texts().is_some_and(|texts| {
        texts.iter().all(|text| {
            let digits = text.strip_prefix('-').unwrap_or(text);
            !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())
        })
    })
}

fn is_name(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

/// `[[ … ]]` evaluates operands of `-eq`, `-v` and others as arithmetic, which runs substitutions in
/// subscripts even of quoted text; only file and string tests of plain words are followed.
pub(super) fn double(tree: &Tree, files: &mut Vec<String>) -> Result<(), String> {
    let term = |tree: &Tree| match &tree.kind {
        NodeKind::CondTerm { value, .. } => plain_term(value),
        _ => None,
    };
    match &tree.kind {
        NodeKind::UnaryTest { op, operand } => match (op.as_str(), term(operand)) {
            ("-f" | "-d" | "-e" | "-s" | "-r" | "-w" | "-x" | "-L" | "-h", Some(file)) => files.push(file),
            ("-n" | "-z", Some(_)) => {}
            _ => return Err("this `[[ ]]` is not followed".to_owned()),
        },
        NodeKind::BinaryTest { op, left, right } => {
            let known = matches!(op.as_str(), "==" | "=" | "!=");
            if !known || term(left).is_none() || term(right).is_none() {
                return Err("this `[[ ]]` is not followed".to_owned());
            }
        }
        NodeKind::CondAnd { left, right } | NodeKind::CondOr { left, right } => {
            double(left, files)?;
            double(right, files)?;
        }
        NodeKind::CondNot { operand } => double(operand, files)?,
        NodeKind::CondParen { inner } => double(inner, files)?,
        _ => return Err("this `[[ ]]` is not followed".to_owned()),
    }
    Ok(())
}

fn plain_term(raw: &str) -> Option<String> {
    let inner = ['"', '\''].iter().find_map(|quote| raw.strip_prefix(*quote)?.strip_suffix(*quote));
    let text = inner.unwrap_or(raw);
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"_./-+:,@".contains(&byte);
    (!text.is_empty() && text.bytes().all(plain)).then(|| text.to_owned())
}
