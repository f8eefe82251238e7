//! Reads the lines of a transcript that can matter, however long the file and its lines are.
//!
//! A transcript is appended to while it is read, so it is never memory-mapped; a last line without its
//! newline is read like any other and costs only itself if it is cut.

use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;

use memchr::memmem::Finder;

use crate::error::{Error, Result};

/// Lines above this length are passed over: no plan is that long, and memory stays bounded.
const LONGEST: u64 = 64 * 1024 * 1024;

/// Calls `take` with the number (from 1) and the bytes of every line that contains `needle`.
pub(super) fn lines_with(path: &Path, needle: &[u8], take: &mut dyn FnMut(usize, &[u8])) -> Result<()> {
    let io = |error: std::io::Error| Error::io("read", path, &error);
    let finder = Finder::new(needle);
    let mut reader = BufReader::with_capacity(1 << 20, File::open(path).map_err(io)?);
    let mut line = Vec::new();
    for number in 1.. {
        line.clear();
        let read = reader.by_ref().take(LONGEST).read_until(b'\n', &mut line).map_err(io)?;
        if read == 0 {
            break;
        }
        if read as u64 == LONGEST && line.last() != Some(&b'\n') {
            skip_line(&mut reader).map_err(io)?;
            continue;
        }
        if finder.find(&line).is_some() {
            take(number, &line);
        }
    }
    Ok(())
}

fn skip_line(reader: &mut impl BufRead) -> std::io::Result<()> {
    loop {
        let block = reader.fill_buf()?;
        if block.is_empty() {
            return Ok(());
        }
        let end = memchr::memchr(b'\n', block);
        let used = end.map_or(block.len(), |at| at + 1);
        reader.consume(used);
        if end.is_some() {
            return Ok(());
        }
    }
}
