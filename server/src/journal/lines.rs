//! Reads single lines of segment files at the positions from an index. Does not check the chain.

use super::JournalError;
use super::active::LineRef;
use super::batch::{LinePosition, newline};
use super::format::log_name;
use disk::Disk;

/// The bytes of one read if the lines are far apart: about a dozen lines.
const WINDOW_BYTES: usize = 4 << 10;

/// The maximum bytes of one read if the lines are close together.
const WINDOW_BYTES_MAX: usize = 256 << 10;

/// A reader that keeps the bytes of its last read, which often contain the next line.
pub(super) struct LineReader<'a> {
    disk: &'a dyn Disk,
    segment: u64,
    start: u64,
    window: Vec<u8>,
    /// The size of the next read.
    window_bytes: usize,
}

impl<'a> LineReader<'a> {
    pub(super) fn new(disk: &'a dyn Disk) -> Self {
        Self { disk, segment: 0, start: 0, window: Vec::new(), window_bytes: WINDOW_BYTES }
    }

    /// Sets the size of the next read for these lines of one segment. If the lines are close together, one
    /// read returns all of them. Returns an estimate of their total size in bytes; 0 if unknown.
    pub(super) fn plan_reads(&mut self, line_refs: &[LineRef]) -> usize {
        let offset = |line_ref: Option<&LineRef>| line_ref.map_or(0, |line_ref| line_ref.offset);
        let span = offset(line_refs.last()).saturating_sub(offset(line_refs.first())) as usize;
        let is_dense = span / WINDOW_BYTES < line_refs.len();
        self.window_bytes = if is_dense { (span + WINDOW_BYTES).min(WINDOW_BYTES_MAX) } else { WINDOW_BYTES };
        if is_dense { self.window_bytes } else { 0 }
    }

    /// The line at `position`, without its newline.
    pub(super) fn line(&mut self, position: LinePosition) -> Result<&[u8], JournalError> {
        let range = match self.in_window(position) {
            Some(range) => range,
            None => self.fill(position)?,
        };
        Ok(self.window.get(range).unwrap_or_default())
    }

    fn in_window(&self, position: LinePosition) -> Option<std::ops::Range<usize>> {
        let start = u64::from(position.offset)
            .checked_sub(self.start)
            .filter(|_| position.segment == self.segment)?;
        let start = usize::try_from(start).ok()?;
        let length = newline(self.window.get(start..)?)?;
        Some(start..start + length)
    }

    /// Reads from `position`, and doubles the size of the read until it contains the whole line.
    fn fill(&mut self, position: LinePosition) -> Result<std::ops::Range<usize>, JournalError> {
        let file = log_name(position.segment);
        (self.segment, self.start) = (position.segment, position.offset.into());
        let (mut size, mut read_before) = (self.window_bytes, 0);
        loop {
            self.window.resize(size, 0);
            let read = self.disk.read_at(&file, self.start, &mut self.window);
            let read = read.map_err(|error| JournalError::io("read", &file, error))?;
            self.window.truncate(read);
            if let Some(range) = self.in_window(position) {
                return Ok(range);
            }
            if read <= read_before {
                let why = "the file ends before a line that its index contains".to_owned();
                return Err(JournalError::Damaged { file, offset: self.start, why });
            }
            (size, read_before) = (size * 2, read);
        }
    }
}
