//! The client's transcripts: where they are, and the plans printed in them.
//!
//! Nothing here is promised by the client; the record types are those of versions 1.0.24 to 2.1.329.

mod continuation;
mod finder;
mod locator;
mod reader;
mod record;

pub use finder::{Found, Kind, Latest, find, find_in, latest, latest_in, line_numbers};
pub use locator::{Session, encode, of_session, session_of, sessions};
