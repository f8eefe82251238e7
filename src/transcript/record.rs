//! Reads what the model said, and the plans of the client's plan mode, out of one line of a transcript.
//!
//! In: a line's bytes. Out: what its records offer, in their order. A line may hold several records, or one that is
//! cut off with a whole one behind it; strings may hold lone surrogates. What cannot be read offers nothing, and never
//! a part of itself. Nothing is taken from nested records, tool results, thinking, or what the client wrote itself.

use serde::Deserialize;
use serde::de::{Deserializer, Error, Visitor};
use serde_json::value::RawValue;

/// How often the reading of one line is begun again. A crash leaves one cut record, not dozens.
const ATTEMPTS: usize = 64;

/// Something that a record offers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Offer {
    /// A text that the model printed.
    Said(String),
    /// A plan that the model handed to the client's plan mode.
    PlanMode(String),
}

/// One record's offers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Record {
    /// As the client wrote it.
    pub(super) timestamp: Option<String>,
    pub(super) session: Option<String>,
    pub(super) offers: Vec<Offer>,
}

/// Every field as it stands: one that is not what is expected costs that field only.
#[derive(Deserialize)]
struct Raw<'a> {
    #[serde(borrow, rename = "type")]
    kind: Option<&'a RawValue>,
    #[serde(borrow)]
    timestamp: Option<&'a RawValue>,
    #[serde(borrow)]
    message: Option<&'a RawValue>,
    #[serde(borrow, rename = "planContent")]
    plan_content: Option<&'a RawValue>,
    #[serde(borrow, rename = "sessionId")]
    session: Option<&'a RawValue>,
    #[serde(borrow, rename = "isSidechain")]
    is_sidechain: Option<&'a RawValue>,
    #[serde(borrow, rename = "isMeta")]
    is_meta: Option<&'a RawValue>,
    #[serde(borrow, rename = "isApiErrorMessage")]
    is_api_error: Option<&'a RawValue>,
    #[serde(borrow, rename = "isCompactSummary")]
    is_compact_summary: Option<&'a RawValue>,
    #[serde(borrow, rename = "isVisibleInTranscriptOnly")]
    is_for_the_reader: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Message<'a> {
    #[serde(borrow)]
    content: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Block<'a> {
    #[serde(borrow, rename = "type")]
    kind: Option<&'a RawValue>,
    #[serde(borrow)]
    text: Option<&'a RawValue>,
    #[serde(borrow)]
    name: Option<&'a RawValue>,
    #[serde(borrow)]
    input: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Input<'a> {
    #[serde(borrow)]
    plan: Option<&'a RawValue>,
}

/// What a record means to the one who waits for the rest of an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Turn {
    /// The model goes on, with these texts.
    Said {
        /// The session that the record names.
        session: Option<String>,
        texts: Vec<String>,
    },
    /// Somebody says something.
    Prompt(String),
}

/// The records of a line that offer something.
pub(super) fn records(line: &mut [u8]) -> Vec<Record> {
    read(line, record)
}

/// The turns of a line. What the client wrote itself, tools' results and calls are none.
pub(super) fn turns(line: &mut [u8]) -> Vec<Turn> {
    read(line, turn)
}

fn read<T>(line: &mut [u8], of: fn(&Raw<'_>) -> Option<T>) -> Vec<T> {
    let text = repaired(line);
    let mut records = Vec::new();
    let mut at = 0;
    for _ in 0..ATTEMPTS {
        let mut stream = serde_json::Deserializer::from_str(&text[at..]).into_iter::<Raw<'_>>();
        let mut read = 0;
        while let Some(Ok(raw)) = stream.next() {
            records.extend(of(&raw));
            read = stream.byte_offset();
        }
        // What follows could not be read. Perhaps a record was cut off and another one written behind it.
        let Some(next) = beginning(text, at + read + 1) else { break };
        at = next;
    }
    records
}

/// The line as a string: bytes that are no UTF-8 become `?`, which changes no length.
fn repaired(line: &mut [u8]) -> &str {
    let mut at = 0;
    while let Err(error) = std::str::from_utf8(&line[at..]) {
        let bad = at + error.valid_up_to();
        let end = error.error_len().map_or(line.len(), |length| bad + length);
        line[bad..end].fill(b'?');
        at = end;
    }
    std::str::from_utf8(line).unwrap_or_default()
}

/// The next place where a record may begin that is not inside another one. Inside strings, `{"` is `{\"`.
fn beginning(text: &str, from: usize) -> Option<usize> {
    let skipped = (from..text.len()).find(|&at| text.is_char_boundary(at))?;
    let inside = |at: usize| text[..at].trim_end().ends_with([':', ',', '[', '{']);
    text[skipped..].match_indices("{\"").map(|(at, _)| skipped + at).find(|&at| !inside(at))
}

/// Is it no turn of the person or the model?
fn is_client_s_own(raw: &Raw<'_>) -> bool {
    let flags =
        [raw.is_sidechain, raw.is_meta, raw.is_api_error, raw.is_compact_summary, raw.is_for_the_reader];
    flags.into_iter().any(is_true)
}

fn record(raw: &Raw<'_>) -> Option<Record> {
    if is_client_s_own(raw) {
        return None;
    }
    let offers = match text(raw.kind?)?.as_str() {
        "assistant" => said(raw.message?)?,
        "user" => vec![Offer::PlanMode(text(raw.plan_content?)?)],
        _ => return None,
    };
    Some(Record { timestamp: raw.timestamp.and_then(text), session: raw.session.and_then(text), offers })
}

fn turn(raw: &Raw<'_>) -> Option<Turn> {
    // A summary stands in the place of everything before it.
    if is_true(raw.is_compact_summary) {
        return Some(Turn::Prompt(String::new()));
    }
    if is_client_s_own(raw) {
        return None;
    }
    let kind = text(raw.kind?)?;
    match kind.as_str() {
        "assistant" => {
            let said = said(raw.message?)?.into_iter().filter_map(|offer| match offer {
                Offer::Said(text) => Some(text),
                Offer::PlanMode(_) => None,
            });
            let texts: Vec<String> = said.collect();
            (!texts.is_empty()).then(|| Turn::Said { session: raw.session.and_then(text), texts })
        }
        "user" => {
            let message: Message<'_> = serde_json::from_str(raw.message?.get()).ok()?;
            let content = message.content?;
            if let Some(text) = text(content) {
                return Some(Turn::Prompt(text));
            }
            let blocks: Vec<Block<'_>> = serde_json::from_str(content.get()).ok()?;
            let kinds: Vec<String> = blocks.iter().filter_map(|block| block.kind.and_then(text)).collect();
            if kinds.iter().any(|kind| kind == "tool_result") {
                return None;
            }
            let texts: Vec<String> = blocks.iter().filter_map(|block| block.text.and_then(text)).collect();
            Some(Turn::Prompt(texts.join("\n")))
        }
        _ => None,
    }
}

fn said(message: &RawValue) -> Option<Vec<Offer>> {
    let message: Message<'_> = serde_json::from_str(message.get()).ok()?;
    let content = message.content?;
    if let Some(text) = text(content) {
        return Some(vec![Offer::Said(text)]);
    }
    let blocks: Vec<&RawValue> = serde_json::from_str(content.get()).ok()?;
    Some(blocks.into_iter().filter_map(offer).collect())
}

fn offer(block: &RawValue) -> Option<Offer> {
    let block: Block<'_> = serde_json::from_str(block.get()).ok()?;
    match text(block.kind?)?.as_str() {
        "text" => text(block.text?).map(Offer::Said),
        "tool_use" if matches!(text(block.name?)?.as_str(), "ExitPlanMode" | "exit_plan_mode") => {
            let input: Input<'_> = serde_json::from_str(block.input?.get()).ok()?;
            text(input.plan?).map(Offer::PlanMode)
        }
        _ => None,
    }
}

fn is_true(value: Option<&RawValue>) -> bool {
    value.is_some_and(|value| value.get() == "true")
}

fn text(value: &RawValue) -> Option<String> {
    serde_json::from_str::<Text>(value.get()).ok().map(|text| text.0)
}

/// A string in which lone surrogates, left by cutting a string in two, are replaced. `String` refuses them.
struct Text(String);

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Bytes;
        impl Visitor<'_> for Bytes {
            type Value = Text;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a string")
            }

            fn visit_bytes<E: Error>(self, bytes: &[u8]) -> Result<Text, E> {
                Ok(Text(without_surrogates(bytes)))
            }
        }
        deserializer.deserialize_bytes(Bytes)
    }
}

/// `serde_json` gives a lone surrogate as three bytes that are no UTF-8; they become one replacement character.
fn without_surrogates(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        text.push_str(chunk.valid());
        // The second and third byte of such a sequence come as chunks of their own.
        if chunk.invalid().first().is_some_and(|first| !(0x80..0xC0).contains(first)) {
            text.push(char::REPLACEMENT_CHARACTER);
        }
    }
    text
}
