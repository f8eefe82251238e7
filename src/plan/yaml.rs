//! Reads one YAML text into a value, and tells where in the text each part of it stands.
//!
//! In: the text. Out: the value with the places of its nodes by path (`tasks[1].dependencies[0]`), or one
//! fault. Values come from `serde_yaml`; `saphyr-parser` only walks the text first, without recursion, for
//! the places and to refuse what could exhaust memory or stack: aliases, deep nesting, very long texts.
//! Does not know what a plan is.

use std::collections::HashMap;

use saphyr_parser::{Event, Marker, Parser, ScalarStyle, ScanError};
use serde_yaml::Value;

/// The longest text that is read as a plan or as a part of one, in bytes.
pub(super) const MAX_BYTES: usize = 4 << 20;

/// Deeper than any plan, far from the end of any stack.
const MAX_DEPTH: usize = 64;

/// Places are kept for paths of at most this many steps with keys of at most this many bytes: nobody asks
/// for others, and a hostile text could make their names longer than itself.
const PLACED_STEPS: usize = 4;
const PLACED_KEY: usize = 64;

/// A line in which a cut value is looked for, in bytes.
const MAX_CUT_LINE: usize = 400;

/// A line and a column in characters, both from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) line: usize,
    pub(super) column: usize,
}

impl Place {
    fn of(marker: Marker) -> Self {
        Self { line: marker.line(), column: marker.col() + 1 }
    }
}

/// A value and where its parts stand.
#[derive(Debug)]
pub(super) struct Yaml {
    pub(super) value: Value,
    nodes: Nodes,
}

/// What the walk remembers of the text.
#[derive(Debug, Default)]
struct Nodes {
    places: HashMap<String, Place>,
    /// Where the keys of mappings stand, by the path of their values.
    keys: HashMap<String, Place>,
    /// Short values without quotes, as they are written.
    plain: HashMap<String, String>,
    /// Values without quotes that end before a comment such as `#12`.
    cut: Vec<(Place, String)>,
}

/// Why a text was not read.
#[derive(Debug)]
pub(super) struct Fault {
    pub(super) code: &'static str,
    pub(super) place: Option<Place>,
    pub(super) message: String,
    pub(super) hint: String,
}

impl Yaml {
    /// The place of the node at `path`, else of the nearest node around it.
    pub(super) fn place(&self, path: &str) -> Option<Place> {
        let mut path = path;
        loop {
            if let Some(place) = self.nodes.places.get(path) {
                return Some(*place);
            }
            path = match path.rfind(['.', '[']) {
                Some(end) => &path[..end],
                None if path.is_empty() => return None,
                None => "",
            };
        }
    }

    /// Where the key of the value at `path` stands.
    pub(super) fn key_place(&self, path: &str) -> Option<Place> {
        self.nodes.keys.get(path).copied().or_else(|| self.place(path))
    }

    /// A short value as it is written, if it has no quotes.
    pub(super) fn plain(&self, path: &str) -> Option<&str> {
        self.nodes.plain.get(path).map(String::as_str)
    }

    /// The values that a comment such as `#12` cuts off, with what is cut.
    pub(super) fn cut(&self) -> &[(Place, String)] {
        &self.nodes.cut
    }
}

/// Reads a text that holds one YAML document; an empty one is `Null`.
pub(super) fn read(text: &str) -> Result<Yaml, Fault> {
    if text.len() > MAX_BYTES {
        return Err(Fault {
            code: "too-large",
            place: None,
            message: format!("the YAML has {} bytes, {MAX_BYTES} are allowed", text.len()),
            hint: "keep the index small and move text into the tasks' Markdown".to_owned(),
        });
    }
    let mut nodes = Nodes::default();
    match walk(text, &mut nodes) {
        Ok(()) => {}
        Err(Stop::Refused(fault)) => return Err(fault),
        // The walk is stricter than `serde_yaml` about indentation inside brackets and quotes, which
        // people and models get wrong without meaning anything else. What follows has no places then.
        Err(Stop::Scan(_)) if harmless(text) => {}
        Err(Stop::Scan(error)) => return Err(scan_fault(&error).in_text(text)),
    }
    match serde_yaml::from_str(text) {
        Ok(value) if is_tagged(&value) => Err(tag(None)),
        Ok(value) => Ok(Yaml { value, nodes }),
        Err(error) => Err(value_fault(&error).in_text(text)),
    }
}

impl Fault {
    /// With the hint that fits the text: a line that begins with a tab is the likeliest reason.
    fn in_text(mut self, text: &str) -> Self {
        let tab = |line: &str| line.trim_start_matches(' ').starts_with('\t') && !line.trim().is_empty();
        if text.lines().any(tab) {
            TAB_HINT.clone_into(&mut self.hint);
        }
        self
    }
}

/// Can `serde_yaml` alone cope with a text that the walk gave up on? It expands aliases, and its time grows
/// with the product of length and nesting of brackets.
fn harmless(text: &str) -> bool {
    let brackets = text.bytes().filter(|byte| matches!(byte, b'[' | b'{')).count();
    text.len() <= 64 << 10 && brackets <= 2000 && !(text.contains('&') && text.contains('*'))
}

/// Where YAML may be indented with spaces only.
const TAB_HINT: &str = "indent with spaces: YAML takes no tabs at the beginning of a line";

fn syntax(place: Option<Place>, message: &str) -> Fault {
    let hint = match message.contains("duplicate entry") {
        true => "say it once".to_owned(),
        false => GENERAL_HINT.to_owned(),
    };
    Fault { code: "yaml-syntax", place, message: format!("this is not valid YAML: {message}"), hint }
}

const GENERAL_HINT: &str = "correct the YAML; text that contains `: ` or ` #`, or starts with a sign such as \
               `*`, `&`, `@`, `[` or `{`, needs quotes";
fn scan_fault(error: &ScanError) -> Fault {
    syntax(Some(Place::of(*error.marker())), error.info())
}

fn value_fault(error: &serde_yaml::Error) -> Fault {
    let place = error.location().map(|at| Place { line: at.line(), column: at.column() });
    // The message repeats the place, counted from the start of this text and not of its file.
    let message = error.to_string();
    let message = message.split(" at line ").next().unwrap_or(&message);
    syntax(place, message)
}

enum Stop {
    Scan(ScanError),
    Refused(Fault),
}

/// A collection that the walk is inside of.
struct Frame {
    /// None where places are not kept.
    path: Option<String>,
    steps: usize,
    /// Items so far, in a sequence; none in a mapping.
    items: Option<usize>,
    /// The key whose value comes next, in a mapping.
    key: Option<String>,
}

fn walk(source: &str, nodes: &mut Nodes) -> Result<(), Stop> {
    let lines: Vec<&str> = source.lines().collect();
    let mut stack: Vec<Frame> = Vec::new();
    let mut documents = 0;
    for event in Parser::new_from_str(source) {
        let (event, span) = event.map_err(Stop::Scan)?;
        let place = Place::of(span.start);
        let items = match event {
            Event::DocumentStart(_) => {
                documents += 1;
                if documents > 1 {
                    return Err(Stop::Refused(second_document(place)));
                }
                continue;
            }
            Event::SequenceEnd | Event::MappingEnd => {
                stack.pop();
                continue;
            }
            Event::Alias(_) => return Err(Stop::Refused(alias(place))),
            Event::Scalar(_, _, _, Some(tag))
            | Event::SequenceStart(_, Some(tag))
            | Event::MappingStart(_, Some(tag))
                if !tag.is_yaml_core_schema() =>
            {
                return Err(Stop::Refused(self::tag(Some(place))));
            }
            Event::Scalar(ref text, style, ..) => {
                if take_key(&mut stack, Some(text)) {
                    record(&mut nodes.keys, next_key(&stack), place);
                    continue;
                }
                let path = next_path(&mut stack).0;
                if style == ScalarStyle::Plain {
                    if let Some(path) = path.as_ref().filter(|_| text.len() <= PLACED_KEY) {
                        nodes.plain.insert(path.clone(), text.as_ref().to_owned());
                    }
                    let is_name =
                        path.as_deref().is_some_and(|path| path.ends_with("name") || path.ends_with("title"));
                    nodes.cut.extend(cut_off(&lines, place, is_name).map(|rest| (place, rest)));
                }
                record(&mut nodes.places, path, place);
                continue;
            }
            Event::SequenceStart(..) => Some(0),
            Event::MappingStart(..) => None,
            _ => continue,
        };
        if stack.len() >= MAX_DEPTH {
            return Err(Stop::Refused(too_deep(place)));
        }
        let (path, steps) = if take_key(&mut stack, None) { (None, 0) } else { next_path(&mut stack) };
        record(&mut nodes.places, path.clone(), place);
        stack.push(Frame { path, steps, items, key: None });
    }
    Ok(())
}

/// What follows ` #` and begins with a digit behind the value at this place: somebody wrote an issue's number. Behind a
/// name, which is prose, a letter does, too.
fn cut_off(lines: &[&str], place: Place, is_name: bool) -> Option<String> {
    // In a longer line than people write, finding the column would take long.
    let line = lines.get(place.line - 1).filter(|line| line.len() <= MAX_CUT_LINE)?;
    let start = line.char_indices().nth(place.column - 1)?.0;
    let rest = &line[start..];
    let comment = rest.find(" #").into_iter().chain(rest.find("\t#")).min()? + 1;
    let meant = |c: char| c.is_ascii_digit() || is_name && c.is_alphanumeric();
    rest[comment + 1..].starts_with(meant).then(|| rest[comment..].trim_end().to_owned())
}

/// The path of the value whose key was read last.
fn next_key(stack: &[Frame]) -> Option<String> {
    let frame = stack.last()?;
    let key = frame.key.as_deref().filter(|key| key.len() <= PLACED_KEY && frame.steps < PLACED_STEPS)?;
    Some(join(frame.path.as_deref()?, key))
}

fn record(places: &mut HashMap<String, Place>, path: Option<String>, place: Place) {
    if let Some(path) = path {
        places.entry(path).or_insert(place);
    }
}

/// Takes a node as a key where a mapping waits for one. Keys that are no scalars have no name.
fn take_key(stack: &mut [Frame], name: Option<&str>) -> bool {
    match stack.last_mut() {
        Some(Frame { items: None, key: key @ None, .. }) => {
            *key = Some(name.unwrap_or_default().to_owned());
            true
        }
        _ => false,
    }
}

/// The path of the value that comes next, and how many steps it has.
fn next_path(stack: &mut [Frame]) -> (Option<String>, usize) {
    let Some(frame) = stack.last_mut() else { return (Some(String::new()), 0) };
    let steps = frame.steps + 1;
    let step = match (&mut frame.items, frame.key.take()) {
        (Some(items), _) => {
            *items += 1;
            format!("[{}]", *items - 1)
        }
        (None, key) => key.unwrap_or_default(),
    };
    let path = match &frame.path {
        Some(path) if steps <= PLACED_STEPS && step.len() <= PLACED_KEY => Some(join(path, &step)),
        _ => None,
    };
    (path, steps)
}

/// The path of a step inside `path`: a key, or an index as `[0]`.
pub(super) fn join(path: &str, step: &str) -> String {
    if path.is_empty() || step.starts_with('[') { format!("{path}{step}") } else { format!("{path}.{step}") }
}

fn second_document(place: Place) -> Fault {
    Fault {
        code: "yaml-documents",
        place: Some(place),
        message: "a second YAML document starts here".to_owned(),
        hint: "keep one YAML document and remove the `---` between the two".to_owned(),
    }
}

fn alias(place: Place) -> Fault {
    Fault {
        code: "yaml-alias",
        place: Some(place),
        message: "a YAML alias stands here, and plans have none".to_owned(),
        hint: "write the value out, or put it in quotes if a `*` is part of it".to_owned(),
    }
}

/// `serde_yaml` reads at most 128 levels, so this does not go deeper.
fn is_tagged(value: &Value) -> bool {
    match value {
        Value::Tagged(_) => true,
        Value::Sequence(items) => items.iter().any(is_tagged),
        Value::Mapping(mapping) => mapping.iter().any(|(key, value)| is_tagged(key) || is_tagged(value)),
        _ => false,
    }
}

fn tag(place: Option<Place>) -> Fault {
    Fault {
        code: "yaml-tag",
        place,
        message: "a YAML tag (`!name`) stands here, and plans have none".to_owned(),
        hint: "remove the tag, or put the text in quotes if the `!` is part of it".to_owned(),
    }
}

fn too_deep(place: Place) -> Fault {
    Fault {
        code: "yaml-depth",
        place: Some(place),
        message: format!("the YAML is nested more than {MAX_DEPTH} levels deep"),
        hint: "flatten the structure".to_owned(),
    }
}
