//! Small JSON files that hooks keep about sessions and agents of the client, named by the client's ids.

use std::path::Path;

use serde::Serialize;
use serde::de::DeserializeOwned;

/// Returns whether an id of the client can be a file's name as it is.
pub(crate) fn is_file_name(id: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    (1..=128).contains(&id.len()) && id.bytes().all(plain)
}

/// The file's content; `None` if there is none or it is something else.
pub(crate) fn read_json<T: DeserializeOwned>(path: &Path) -> Option<T> {
    serde_json::from_slice(&std::fs::read(path).ok()?).ok()
}

/// The content to be written. Structs of texts and numbers always become JSON.
pub(crate) fn to_json(value: &impl Serialize) -> Vec<u8> {
    serde_json::to_vec(value).unwrap_or_default()
}
