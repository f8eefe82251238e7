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

/// How much more than a word is at hand around it, except at the very beginning of a block.
const EDGE: usize = 64;

/// The first step beyond a block, in search of a line's end; each further one is twice as long.
const FIRST_STEP: usize = 4 << 10;

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
    plausible: fn(&[u8], &[u8]) -> bool,
}

impl<'a> Words<'a> {
    /// `plausible` is given what stands before an occurrence (the word not included) and what stands from it on, as
    /// far as that is at hand: it can spare most lines from being looked at.
    pub(super) fn new(words: &[&'a [u8]], plausible: fn(&[u8], &[u8]) -> bool) -> Self {
        Self {
            finders: words.iter().map(|word| Finder::new(*word)).collect(),
            longest: words.iter().map(|word| word.len()).max().unwrap_or_default(),
            plausible,
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
    let mut beyond = Beyond { source, size, chunk: Vec::new() };
    let mut buffer = vec![0; BLOCK + EDGE + words.longest];
    let mut line = Vec::new();
    // Everything from here on was searched, or belongs to a line that was taken.
    let mut done = size;
    let mut end = size;
    let mut hits: Vec<usize> = Vec::new();
    while end > 0 {
        if deadline.is_some_and(|deadline| world::instant() > deadline) {
            return Ok(End::TimeIsUp);
        }
        let start = end.saturating_sub(BLOCK as u64);
        // A word may begin in this block and end in the one behind it; a little more is at hand for `plausible`.
        let wanted = length(start..(end + (EDGE + words.longest) as u64).min(size));
        let read = source.read(&mut buffer[..wanted], start)?;
        let block = &buffer[..read];
        for finder in &words.finders {
            hits.extend(finder.find_iter(block));
        }
        hits.sort_unstable();
        while let Some(hit) = hits.pop() {
            let (before, from) = block.split_at(hit);
            if start + hit as u64 >= done || hit >= EDGE && !(words.plausible)(before, from) {
                continue;
            }
            let range = beyond.line(start, before, from)?;
            done = range.start;
            if range.end - range.start > LONGEST {
                continue;
            }
            line.resize(length(range.clone()), 0);
            let there = source.read(&mut line, range.start)? == line.len();
            if there && take(range.start, &mut line).is_break() {
                return Ok(End::Complete);
            }
        }
        end = start;
    }
    Ok(End::Complete)
}

/// Calls `take` with the offset and the bytes of every line behind the one that begins at `at`, in their order: at most `most` bytes in
/// all, and none of a line that is longer.
pub(super) fn lines_after<S: Source + ?Sized>(
    source: &S,
    at: u64,
    most: usize,
    take: &mut dyn FnMut(u64, &mut [u8]) -> ControlFlow<()>,
) -> io::Result<()> {
    let mut bytes = vec![0; BLOCK];
    let (mut filled, mut start) = (0, None);
    loop {
        let read = source.read(&mut bytes[filled..], at + filled as u64)?;
        let end = filled + read;
        let mut from = start.unwrap_or(0);
        while let Some(length) = memchr::memchr2(b'\n', 0, &bytes[from..end]) {
            let next = from + length + 1;
            // The first line is the one to begin behind.
            if let Some(line) = start.filter(|_| length > 0)
                && take(at + line as u64, &mut bytes[line..from + length]).is_break()
            {
                return Ok(());
            }
            start = Some(next);
            from = next;
        }
        filled = end;
        if read == 0 {
            if let Some(line) = start.filter(|&line| line < end) {
                let _last = take(at + line as u64, &mut bytes[line..end]);
            }
            return Ok(());
        }
        if filled == bytes.len() {
            if filled >= most {
                return Ok(());
            }
            bytes.resize((filled * 2).min(most), 0);
        }
    }
}

/// The length of a range that is known to be small.
fn length(range: Range<u64>) -> usize {
    usize::try_from(range.end - range.start).unwrap_or(usize::MAX)
}

/// What lies outside the block that is being searched.
struct Beyond<'a, S: ?Sized> {
    source: &'a S,
    size: u64,
    chunk: Vec<u8>,
}

impl<S: Source + ?Sized> Beyond<'_, S> {
    /// The line around a place, without its end. `before` begins at `start`, `from` follows it.
    fn line(&mut self, start: u64, before: &[u8], from: &[u8]) -> io::Result<Range<u64>> {
        let place = start + before.len() as u64;
        let begin = match memchr::memrchr2(b'\n', 0, before) {
            Some(at) => start + at as u64 + 1,
            None => self.back(start)?,
        };
        let end = match memchr::memchr2(b'\n', 0, from) {
            Some(at) => place + at as u64,
            None => self.on(place + from.len() as u64)?,
        };
        Ok(begin..end)
    }

    fn back(&mut self, mut at: u64) -> io::Result<u64> {
        let mut step = FIRST_STEP;
        while at > 0 {
            let from = at.saturating_sub(step as u64);
            self.chunk.resize(length(from..at), 0);
            let read = self.source.read(&mut self.chunk, from)?;
            if let Some(end) = memchr::memrchr2(b'\n', 0, &self.chunk[..read]) {
                return Ok(from + end as u64 + 1);
            }
            at = from;
            step = (step * 2).min(BLOCK);
        }
        Ok(0)
    }

    fn on(&mut self, mut at: u64) -> io::Result<u64> {
        let mut step = FIRST_STEP;
        while at < self.size {
            self.chunk.resize(length(at..(at + step as u64).min(self.size)), 0);
            let read = self.source.read(&mut self.chunk, at)?;
            if let Some(end) = memchr::memchr2(b'\n', 0, &self.chunk[..read]) {
                return Ok(at + end as u64);
            }
            at += read as u64;
            // Somebody cut the file; what is left is its last line.
            if read < self.chunk.len() {
                break;
            }
            step = (step * 2).min(BLOCK);
        }
        Ok(at)
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
