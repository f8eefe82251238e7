//! Finds the plan documents that a session printed.
//!
//! Only assistant text counts. The same markers stand in tool results, tool inputs, thinking, expanded
//! commands and in prose that speaks of plans; `document::markers` tells prose from a document.

use std::path::Path;

use serde::Deserialize;

use super::reader::lines_with;
use crate::error::Result;
use crate::plan::Diagnostics;
use crate::plan::document::{self, Document};

/// What every plan document contains, and what JSON writes as it stands.
const NEEDLE: &[u8] = b"**Type:** Plan";

/// A plan document in a transcript.
#[derive(Clone, Debug)]
pub struct Found {
    /// The line of the transcript, from 1.
    pub line: usize,
    /// When it was printed, as the client wrote it.
    pub timestamp: Option<String>,
    /// The document, if it is complete.
    pub document: Option<Document>,
    /// What is wrong with it.
    pub diagnostics: Diagnostics,
    /// The text it stands in.
    pub text: String,
}

#[derive(Deserialize)]
struct Record {
    #[serde(rename = "type")]
    kind: String,
    #[serde(default, rename = "isSidechain")]
    is_sidechain: bool,
    #[serde(default, rename = "isMeta")]
    is_meta: bool,
    timestamp: Option<String>,
    message: Message,
}

#[derive(Deserialize)]
struct Message {
    content: Vec<Block>,
}

#[derive(Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Block {
    Text {
        text: String,
    },
    #[serde(other)]
    Other,
}

/// Every plan document in a transcript, in the order they were printed.
pub fn find(path: &Path) -> Result<Vec<Found>> {
    let mut found = Vec::new();
    lines_with(path, NEEDLE, &mut |line, bytes| {
        // A line that is no record, or none of these, costs that line only.
        let Ok(record) = serde_json::from_slice::<Record>(bytes) else { return };
        if record.kind != "assistant" || record.is_sidechain || record.is_meta {
            return;
        }
        let texts = record.message.content.into_iter().filter_map(|block| match block {
            Block::Text { text } if !document::markers(&text).is_empty() => Some(text),
            _ => None,
        });
        for text in texts {
            let (document, diagnostics) = document::parse(&text, "plan");
            found.push(Found { line, timestamp: record.timestamp.clone(), document, diagnostics, text });
        }
    })?;
    Ok(found)
}
