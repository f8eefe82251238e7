//! Reads, from the end, the lines of a transcript that contain one of some words.
//!
//! In: a file, and the words. Out: those lines and where they start, the last one first, until the caller has seen
//! enough. Nothing else is looked at twice: a block of 1 GB without a word is only searched. A transcript is appended
//! to while it is read, so it is never memory-mapped; what comes after its length at the beginning is not read. Memory
//! is bounded by `LONGEST` whatever the length of a line. Knows no JSON.

use std::fs::File;
use std::io;
use std::ops::{ControlFlow, Range};
use std::time::Instant;

use memchr::memmem::Finder;

use crate::world;

/// Lines above this length are passed over: no record with a plan is that long.
pub(super) const LONGEST: u64 = 16 << 20;

/// Small enough to stay in the processor's cache between reading and searching, large enough for few calls.
const BLOCK: usize = 256 << 10;

/// Something with bytes at offsets.
pub(super) trait Source {
    /// How many bytes there are now.
    fn size(&self) -> io::Result<u64>;
    /// Fills the buffer as far as there are bytes; how many.
    fn read(&self, buffer: &mut [u8], at: u64) -> io::Result<usize>;
}

impl Source for File {
    fn size(&self) -> io::Result<u64> {
        Ok(self.metadata()?.len())
    }

    fn read(&self, buffer: &mut [u8], at: u64) -> io::Result<usize> {
        let mut filled = 0;
        while filled < buffer.len() {
            match std::os::unix::fs::FileExt::read_at(self, &mut buffer[filled..], at + filled as u64) {
                Ok(0) => break,
                Ok(read) => filled += read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(filled)
    }
}

impl Source for [u8] {
    fn size(&self) -> io::Result<u64> {
        Ok(self.len() as u64)
    }

    fn read(&self, buffer: &mut [u8], at: u64) -> io::Result<usize> {
        let rest = usize::try_from(at).ok().and_then(|at| self.get(at..)).unwrap_or_default();
        let read = rest.len().min(buffer.len());
        buffer[..read].copy_from_slice(&rest[..read]);
        Ok(read)
    }
}

/// What to look for.
pub(super) struct Words<'a> {
    finders: Vec<Finder<'a>>,
    longest: usize,
}

impl<'a> Words<'a> {
    pub(super) fn new(words: &[&'a [u8]]) -> Self {
        Self {
            finders: words.iter().map(|word| Finder::new(*word)).collect(),
            longest: words.iter().map(|word| word.len()).max().unwrap_or_default(),
        }
    }
}

/// How a search ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// At the beginning of the file, or because the caller had enough.
    Complete,
    /// Because the time was up.
    TimeIsUp,
}

/// Calls `take` with the offset and the bytes of every line that contains a word, the last line first.
///
/// A run of NUL bytes, which a crash leaves, ends a line as a newline does.
pub(super) fn lines_from_end<S: Source + ?Sized>(
    source: &S,
    words: &Words<'_>,
    deadline: Option<Instant>,
    take: &mut dyn FnMut(u64, &mut Vec<u8>) -> ControlFlow<()>,
) -> io::Result<End> {
    let size = source.size()?;
    let mut lines = Lines { source, size, block: vec![0; BLOCK], line: Vec::new() };
    let mut buffer = vec![0; BLOCK + words.longest];
    // Everything from here on was searched, or belongs to a line that was taken.
    let mut done = size;
    let mut end = size;
    let mut hits: Vec<u64> = Vec::new();
    while end > 0 {
        if deadline.is_some_and(|deadline| world::instant() > deadline) {
            return Ok(End::TimeIsUp);
        }
        let start = end.saturating_sub(BLOCK as u64);
        // A word may begin in this block and end in the one behind it.
        let wanted = length(start..(end + words.longest as u64 - 1).min(size));
        let read = source.read(&mut buffer[..wanted], start)?;
        let block = &buffer[..read];
        for finder in &words.finders {
            hits.extend(finder.find_iter(block).map(|at| start + at as u64));
        }
        hits.sort_unstable();
        while let Some(hit) = hits.pop() {
            if hit >= done {
                continue;
            }
            let line = lines.around(hit)?;
            done = line.start;
            if line.end - line.start <= LONGEST
                && lines.load(&line)?
                && take(line.start, &mut lines.line).is_break()
            {
                return Ok(End::Complete);
            }
        }
        end = start;
    }
    Ok(End::Complete)
}

/// The length of a range that is known to be small.
fn length(range: Range<u64>) -> usize {
    usize::try_from(range.end - range.start).unwrap_or(usize::MAX)
}

struct Lines<'a, S: ?Sized> {
    source: &'a S,
    size: u64,
    block: Vec<u8>,
    line: Vec<u8>,
}

impl<S: Source + ?Sized> Lines<'_, S> {
    /// The line that the byte at `hit` is in, without its end.
    fn around(&mut self, hit: u64) -> io::Result<Range<u64>> {
        let mut start = hit;
        while start > 0 {
            let from = start.saturating_sub(BLOCK as u64);
            let wanted = length(from..start);
            let read = self.source.read(&mut self.block[..wanted], from)?;
            if let Some(at) = memchr::memrchr2(b'\n', 0, &self.block[..read]) {
                start = from + at as u64 + 1;
                break;
            }
            start = from;
        }
        let mut end = hit;
        while end < self.size {
            let wanted = length(end..(end + BLOCK as u64).min(self.size));
            let read = self.source.read(&mut self.block[..wanted], end)?;
            if let Some(at) = memchr::memchr2(b'\n', 0, &self.block[..read]) {
                end += at as u64;
                break;
            }
            if read < wanted {
                // Somebody cut the file; what is left is its last line.
                end += read as u64;
                break;
            }
            end += read as u64;
        }
        Ok(start..end)
    }

    /// Reads a line; false if it is not there any more.
    fn load(&mut self, line: &Range<u64>) -> io::Result<bool> {
        self.line.resize(length(line.clone()), 0);
        Ok(self.source.read(&mut self.line, line.start)? == self.line.len())
    }
}

/// The numbers, from 1, of the lines that these offsets lie in. `offsets` is in ascending order.
pub(super) fn line_numbers<S: Source + ?Sized>(source: &S, offsets: &[u64]) -> io::Result<Vec<usize>> {
    let mut numbers = Vec::with_capacity(offsets.len());
    let mut buffer = vec![0; BLOCK];
    let (mut at, mut line) = (0, 1);
    for &offset in offsets {
        while at < offset {
            let wanted = length(at..offset.min(at + BLOCK as u64));
            let read = source.read(&mut buffer[..wanted], at)?;
            line += memchr::memchr_iter(b'\n', &buffer[..read]).count();
            at += read as u64;
            if read < wanted {
                break;
            }
        }
        numbers.push(line);
    }
    Ok(numbers)
}
