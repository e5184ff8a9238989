//! Reads single lines out of segment files. It knows neither batches nor chains: the places come from an index.

use super::JournalError;
use super::active::Spot;
use super::batch::{Place, newline};
use super::format::log_name;
use disk::Disk;

/// How much is read at once of lines that lie far apart: a dozen ordinary ones, so that little is read in vain.
const WINDOW_BYTES: usize = 4 << 10;

/// How much is read at once at the most, of lines that lie close together.
const WINDOW_BYTES_MAX: usize = 256 << 10;

/// The piece of a segment read last, kept because the next line is often in it.
pub(super) struct LineReader<'a> {
    disk: &'a dyn Disk,
    segment: u64,
    start: u64,
    window: Vec<u8>,
    /// How much the next read takes.
    window_bytes: usize,
}

impl<'a> LineReader<'a> {
    /// Nothing read yet.
    pub(super) fn new(disk: &'a dyn Disk) -> Self {
        Self { disk, segment: 0, start: 0, window: Vec::new(), window_bytes: WINDOW_BYTES }
    }

    /// The lines at these spots of one segment are wanted next: if they lie close together, one read takes them all.
    /// Returns about how many bytes they have, when that is known.
    pub(super) fn expect(&mut self, spots: &[Spot]) -> usize {
        let offset = |spot: Option<&Spot>| spot.map_or(0, |spot| spot.offset);
        let span = offset(spots.last()).saturating_sub(offset(spots.first())) as usize;
        let is_dense = span / WINDOW_BYTES < spots.len();
        self.window_bytes = if is_dense { (span + WINDOW_BYTES).min(WINDOW_BYTES_MAX) } else { WINDOW_BYTES };
        if is_dense { self.window_bytes } else { 0 }
    }

    /// The line at `place`, without its newline.
    pub(super) fn line(&mut self, place: Place) -> Result<&[u8], JournalError> {
        let range = match self.in_window(place) {
            Some(range) => range,
            None => self.fill(place)?,
        };
        Ok(self.window.get(range).unwrap_or_default())
    }

    fn in_window(&self, place: Place) -> Option<std::ops::Range<usize>> {
        let start =
            u64::from(place.offset).checked_sub(self.start).filter(|_| place.segment == self.segment)?;
        let start = usize::try_from(start).ok()?;
        let length = newline(self.window.get(start..)?)?;
        Some(start..start + length)
    }

    /// Reads from the place on, twice as much each time, until the line is whole.
    fn fill(&mut self, place: Place) -> Result<std::ops::Range<usize>, JournalError> {
        let file = log_name(place.segment);
        (self.segment, self.start) = (place.segment, place.offset.into());
        let (mut size, mut read_before) = (self.window_bytes, 0);
        loop {
            self.window.resize(size, 0);
            let read = self.disk.read_at(&file, self.start, &mut self.window);
            let read = read.map_err(|error| JournalError::io("read", &file, error))?;
            self.window.truncate(read);
            if let Some(range) = self.in_window(place) {
                return Ok(range);
            }
            if read <= read_before {
                let why = "the file ends before the line that its index promises".to_owned();
                return Err(JournalError::Damaged { file, offset: self.start, why });
            }
            (size, read_before) = (size * 2, read);
        }
    }
}
