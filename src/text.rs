//! Text of somebody else, made fit for a message, and the known name that was probably meant.
//!
//! Names come from plans, branches, transcripts and settings. Printed as they are, they could move a cursor, hide
//! a part of themselves, or fill the screen. Pure.

/// The longest name that a message holds, in characters.
const MAX_NAME: usize = 80;

/// Far longer than any name; a distance to it would cost time and say nothing.
const MAX_COMPARED: usize = 100;

/// Returns whether a character is not seen but changes what is: control characters, and those that turn the
/// direction of writing, join or mark invisibly.
pub fn is_hidden(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

/// One line, without characters that are not seen; white space becomes one space. The joiner that makes one
/// emoji of several is kept between them.
pub fn clean(text: &str) -> String {
    let mut line = String::new();
    let mut last = ' ';
    let mut characters = text.chars().peekable();
    while let Some(c) = characters.next() {
        let joins = c == '\u{200d}' && !last.is_alphanumeric() && last != ' ' && characters.peek().is_some();
        let c = match c {
            c if c.is_whitespace() || c.is_control() => ' ',
            c if is_hidden(c) && !joins => continue,
            c => c,
        };
        if c != ' ' || last != ' ' {
            line.push(c);
            last = c;
        }
    }
    line.truncate(line.trim_end().len());
    line
}

/// As `clean`, and not longer than a name in a message may be.
pub fn name(text: &str) -> String {
    let line = clean(text);
    match line.char_indices().nth(MAX_NAME) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line,
    }
}

/// The key that sorts names by the numbers in them: `task-2` before `task-10`.
pub fn by_number(name: &str) -> Vec<(&str, u64)> {
    let mut parts = Vec::new();
    let mut rest = name;
    while !rest.is_empty() {
        let digit = |c: char| c.is_ascii_digit();
        let (word, after) = rest.split_at(rest.find(digit).unwrap_or(rest.len()));
        let (number, after) = after.split_at(after.find(|c| !digit(c)).unwrap_or(after.len()));
        // Without digits there is no number; more of them than fit count as the largest.
        let value = if number.is_empty() { 0 } else { number.parse().unwrap_or(u64::MAX) };
        parts.push((word, value));
        rest = after;
    }
    parts
}

/// One word to a POSIX shell, whatever is in it.
pub fn shell_quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

/// What two spellings of one word have in common: `Depends-On`, `depends_on` and `dependsOn` are the same.
pub fn folded(word: &str) -> String {
    word.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// The known names that are nearest to `word`, the nearest first: at most three, and none that differs in more
/// than half of its characters. A name that begins with the word counts as near; one with another number does not:
/// nobody writes `task-7` for `task-0` by a slip of the finger.
pub fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Vec<&'a str> {
    if word.len() > MAX_COMPARED {
        return Vec::new();
    }
    let number = digits(word);
    let word = folded(word);
    let mut near: Vec<(usize, &str)> = Vec::new();
    for name in known {
        let plain = folded(name);
        let begins = plain.starts_with(&word) && word.len() > 2 && (number.is_empty() || word.len() > 8);
        let distance = match begins {
            true => 1,
            false if digits(name) != number => continue,
            false => strsim::osa_distance(&word, &plain),
        };
        if plain.len() <= MAX_COMPARED && distance * 2 <= plain.chars().count() {
            near.push((distance, name));
        }
    }
    near.sort_by_key(|(distance, _)| *distance);
    // Far ones beside a near one only distract.
    let farthest = near.first().map_or(0, |(distance, _)| distance + 1);
    near.into_iter().filter(|(distance, _)| *distance <= farthest).map(|(_, name)| name).take(3).collect()
}

/// The known names that differ from `word` only in their number, the nearest number first: at most three.
pub fn neighbours<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Vec<&'a str> {
    let letters = |text: &str| folded(text).chars().filter(|c| !c.is_ascii_digit()).collect::<String>();
    let number = |text: &str| digits(text).parse::<i64>().ok();
    let (own, wanted) = (letters(word), number(word));
    let same = known.into_iter().filter(|name| letters(name) == own);
    let mut near: Vec<(i64, &str)> =
        same.filter_map(|name| Some(((number(name).unwrap_or(0) - wanted?).abs(), name))).collect();
    near.sort_by_key(|(distance, _)| *distance);
    near.into_iter().map(|(_, name)| name).take(3).collect()
}

/// The digits of a name, without zeros before them.
fn digits(name: &str) -> String {
    let digits: String = name.chars().filter(char::is_ascii_digit).collect();
    match digits.trim_start_matches('0') {
        "" => digits.chars().take(1).collect(),
        number => number.to_owned(),
    }
}

/// `did you mean …?` for the names that are nearest, if any is near.
pub fn did_you_mean<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<String> {
    let near: Vec<String> =
        nearest(word, known).into_iter().map(|near| format!("`{}`", name(near))).collect();
    (!near.is_empty()).then(|| format!("did you mean {}?", near.join(" or ")))
}

/// What a reader of YAML or JSON says of a value, without the names of its own types.
pub fn plain_fault(message: &str) -> String {
    let mut plain = message.to_owned();
    for (theirs, ours) in FAULTS {
        plain = plain.replace(theirs, ours);
    }
    plain
}

/// The reader's words and ours, in the order of replacement.
const FAULTS: [(&str, &str); 32] = [
    (" as u128, expected any value", ", which is too large"),
    (" as i128, expected any value", ", which is too small"),
    ("invalid type: unit value", "it is nothing"),
    ("invalid type: null", "it is nothing"),
    ("invalid type: string ", "it is the text "),
    ("invalid type: integer ", "it is the number "),
    ("invalid type: floating point ", "it is the number "),
    ("invalid type: boolean ", "it is "),
    ("invalid type: sequence", "it is a list"),
    ("invalid type: map", "it is a mapping"),
    ("invalid value: integer ", "it is the number "),
    ("invalid value: ", "it is "),
    ("invalid type: ", "it is "),
    ("expected usize", "not a whole number from 0"),
    ("expected u64", "not a whole number from 0"),
    ("expected u32", "not a whole number from 0"),
    ("expected u16", "not a whole number from 0"),
    ("expected i64", "not a whole number"),
    ("expected f64", "not a number"),
    ("expected a boolean", "not `true` or `false`"),
    ("expected a borrowed string", "not text"),
    ("expected a string", "not text"),
    ("expected path string", "not a path"),
    ("expected a sequence", "not a list"),
    ("expected a map", "not a mapping of keys to values"),
    ("expected struct ", "not a mapping for "),
    ("expected any YAML value", "not a value"),
    ("EOF while parsing", "the end comes inside"),
    ("missing field ", "there is no "),
    ("duplicate field ", "the same key stands there twice: "),
    ("duplicate entry with key ", "the same key stands there twice: "),
    ("trailing characters", "something follows the end"),
];
