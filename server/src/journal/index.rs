//! The `.idx` file of a sealed segment: the positions of its events. The file is derived from the segment,
//! and is rebuilt if it is missing.
//!
//! Numbers are little-endian. Ids are big-endian, so that they sort like their bytes:
//!
//! ```text
//! head   magic "papo index 2\n"                      13 bytes
//!        length of the head with its checksum        u32
//!        first record, last record, log bytes        3 x u64
//!        chain before the segment, chain after it    2 x 32 bytes
//!        conversations, events, ids                  3 x u32
//!        per conversation, by name:                  name length u32, name, first n u64, events u32
//!        first id of every id page, then the last id of all   16 bytes each; none without ids
//!        SHA-256 of the head up to here              32 bytes
//! pages  of the events, conversation after conversation: offset u32, CRC-32 of the line u32; 508 to a page
//!        of the ids, sorted: id 16 bytes, offset u32; 203 to a page
//! page   4064 bytes, zero-filled, and their SHA-256: 4096 bytes
//! ```
//!
//! Server startup reads only the heads, and rebuilds a file whose head is damaged. A damaged page is detected
//! when the page is read.

use sha2::{Digest as _, Sha256};

use super::JournalError;
use super::active::{ActiveIndex, LineRef};
use super::format::{Chain, Checkpoint, index_name};
use disk::Disk;

const MAGIC: &[u8; 13] = b"papo index 2\n";
/// The size of the magic and of the head's length.
const PREAMBLE_BYTES: usize = MAGIC.len() + 4;
const CHECKSUM_BYTES: usize = 32;
const PAGE_BYTES: usize = 4096;
const PAGE_PAYLOAD_BYTES: usize = PAGE_BYTES - CHECKSUM_BYTES;
const LINE_REF_BYTES: usize = 8;
const LINE_REFS_PER_PAGE: usize = PAGE_PAYLOAD_BYTES / LINE_REF_BYTES;
const ID_ENTRY_BYTES: usize = 20;
const IDS_PER_PAGE: usize = PAGE_PAYLOAD_BYTES / ID_ENTRY_BYTES;

/// The start and the end of a segment. With this data, server startup can skip the segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Extent {
    /// The number of the first record, which identifies the segment.
    pub(super) first_record: u64,
    /// The length of the log file.
    pub(super) log_bytes: u64,
    /// The chain before the first batch.
    pub(super) chain_before: Chain,
    /// The last record, and the chain after it.
    pub(super) end: Checkpoint,
}

/// One conversation of the segment.
#[derive(Debug)]
pub(super) struct IndexedRun {
    pub(super) conversation: Box<str>,
    pub(super) first_n: u64,
    pub(super) count: u32,
    /// The position of the conversation's first event in the segment's list of event lines.
    pub(super) start: u32,
}

/// The head of an index file. It locates the pages.
#[derive(Debug)]
pub(super) struct IndexFile {
    pub(super) extent: Extent,
    name: String,
    head_bytes: u64,
    events: u32,
    ids: u32,
    /// The first id of every id page, then the last id of all.
    fences: Vec<u128>,
}

/// Writes the index of a complete segment.
pub(super) fn write(disk: &dyn Disk, index: &ActiveIndex, extent: &Extent) -> Result<(), JournalError> {
    let name = index_name(extent.first_record);
    disk.replace_atomically(&name, &encode(index, extent))
        .map_err(|error| JournalError::io("write", &name, error))
}

fn encode(index: &ActiveIndex, extent: &Extent) -> Vec<u8> {
    let mut conversations: Vec<_> = index.conversations.iter().collect();
    conversations.sort_unstable_by_key(|(name, _)| *name);
    let mut ids: Vec<(u128, u32)> = index.ids().collect();
    ids.sort_unstable();

    let line_refs: Vec<u8> = conversations
        .iter()
        .flat_map(|(_, run)| &run.line_refs)
        .flat_map(|line_ref| [line_ref.offset, line_ref.checksum])
        .flat_map(u32::to_le_bytes)
        .collect();
    let mut out = Vec::from(MAGIC);
    out.extend([0; 4]); // The head's length, which is written below.
    for number in [extent.first_record, extent.end.record, extent.log_bytes] {
        out.extend(number.to_le_bytes());
    }
    out.extend(extent.chain_before.0);
    out.extend(extent.end.chain.0);
    for count in [conversations.len(), line_refs.len() / LINE_REF_BYTES, ids.len()] {
        out.extend((count as u32).to_le_bytes());
    }
    for (name, run) in conversations {
        out.extend((name.len() as u32).to_le_bytes());
        out.extend(name.as_bytes());
        out.extend(run.first_n.to_le_bytes());
        out.extend((run.line_refs.len() as u32).to_le_bytes());
    }
    for (id, _) in ids.iter().step_by(IDS_PER_PAGE).chain(ids.last()) {
        out.extend(id.to_be_bytes());
    }
    let head_bytes = (out.len() + CHECKSUM_BYTES) as u32;
    if let Some(length) = out.get_mut(MAGIC.len()..PREAMBLE_BYTES) {
        length.copy_from_slice(&head_bytes.to_le_bytes());
    }
    out.extend(Sha256::digest(&out));

    push_pages(&mut out, &line_refs, LINE_REFS_PER_PAGE * LINE_REF_BYTES);
    let mut entries = Vec::with_capacity(ids.len() * ID_ENTRY_BYTES);
    for (id, offset) in ids {
        entries.extend(id.to_be_bytes());
        entries.extend(offset.to_le_bytes());
    }
    push_pages(&mut out, &entries, IDS_PER_PAGE * ID_ENTRY_BYTES);
    out
}

fn push_pages(out: &mut Vec<u8>, entries: &[u8], entry_bytes_per_page: usize) {
    for entries in entries.chunks(entry_bytes_per_page) {
        let start = out.len();
        out.extend_from_slice(entries);
        out.resize(start + PAGE_PAYLOAD_BYTES, 0);
        let checksum = Sha256::digest(out.get(start..).unwrap_or_default());
        out.extend(checksum);
    }
}

/// Reads the head of a segment's index; `None` if the index is missing or damaged and must be rebuilt.
pub(super) fn load(disk: &dyn Disk, first_record: u64) -> Option<(IndexFile, Vec<IndexedRun>)> {
    let name = index_name(first_record);
    let mut preamble = [0; PREAMBLE_BYTES];
    disk.read_exact_at(&name, 0, &mut preamble).ok()?;
    let head_bytes = Fields(preamble.strip_prefix(MAGIC)?).u32()?;
    if u64::from(head_bytes) > disk.len(&name).ok()? {
        return None;
    }
    let mut head = vec![0; head_bytes as usize];
    disk.read_exact_at(&name, 0, &mut head).ok()?;
    let (head, checksum) = head.split_last_chunk::<CHECKSUM_BYTES>()?;
    if Sha256::digest(head).as_slice() != checksum {
        return None;
    }
    let (index, runs) = decode(name, head_bytes, Fields(head.get(PREAMBLE_BYTES..)?))?;
    let pages = index.id_page(0) + index.ids.div_ceil(IDS_PER_PAGE as u32);
    let is_complete =
        disk.len(&index.name).ok()? == index.page_offset(pages) && index.extent.first_record == first_record;
    is_complete.then_some((index, runs))
}

fn decode(name: String, head_bytes: u32, mut head: Fields<'_>) -> Option<(IndexFile, Vec<IndexedRun>)> {
    let (first_record, last_record, log_bytes) = (head.u64()?, head.u64()?, head.u64()?);
    let (chain_before, chain_after) = (Chain(head.take()?), Chain(head.take()?));
    let (conversations, events, ids) = (head.u32()?, head.u32()?, head.u32()?);
    let mut runs = Vec::new();
    let mut start = 0;
    for _ in 0..conversations {
        let conversation = head.text()?.into();
        let (first_n, count) = (head.u64()?, head.u32()?);
        runs.push(IndexedRun { conversation, first_n, count, start });
        start += count;
    }
    let mut fences = Vec::new();
    while let Some(id) = head.take() {
        fences.push(u128::from_be_bytes(id));
    }
    let end = Checkpoint { record: last_record, chain: chain_after };
    let extent = Extent { first_record, log_bytes, chain_before, end };
    Some((IndexFile { extent, name, head_bytes: head_bytes.into(), events, ids, fences }, runs))
}

/// Reads fixed-width fields from the start of a byte slice.
struct Fields<'a>(&'a [u8]);

impl<'a> Fields<'a> {
    fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (field, rest) = self.0.split_first_chunk::<N>()?;
        self.0 = rest;
        Some(*field)
    }

    fn u32(&mut self) -> Option<u32> {
        self.take().map(u32::from_le_bytes)
    }

    fn u64(&mut self) -> Option<u64> {
        self.take().map(u64::from_le_bytes)
    }

    fn text(&mut self) -> Option<&'a str> {
        let length = self.u32()? as usize;
        let (text, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        std::str::from_utf8(text).ok()
    }
}

impl IndexFile {
    /// The entries at these positions in the segment's list of event lines.
    pub(super) fn line_refs(
        &self,
        disk: &dyn Disk,
        positions: std::ops::Range<u32>,
    ) -> Result<Vec<LineRef>, JournalError> {
        let per_page = LINE_REFS_PER_PAGE as u32;
        let mut line_refs = Vec::with_capacity(positions.len());
        for page in positions.start / per_page..positions.end.div_ceil(per_page) {
            let payload = self.page(disk, page)?;
            let (entries, _) = payload.as_chunks::<LINE_REF_BYTES>();
            let numbered = (page * per_page..).zip(entries);
            let wanted = numbered.filter(|(at, _)| positions.contains(at));
            line_refs.extend(wanted.filter_map(|(_, entry)| {
                let mut fields = Fields(entry);
                Some(LineRef { offset: fields.u32()?, checksum: fields.u32()? })
            }));
        }
        Ok(line_refs)
    }

    /// The offset of the event with this id. Reads nothing if the id is outside the segment's range of ids.
    pub(super) fn find(&self, disk: &dyn Disk, id: u128) -> Result<Option<u32>, JournalError> {
        let Some((last, firsts)) = self.fences.split_last().filter(|(last, _)| id <= **last) else {
            return Ok(None);
        };
        debug_assert!(firsts.last() <= Some(last), "ids are sorted");
        let Some(page) = firsts.partition_point(|first| *first <= id).checked_sub(1) else { return Ok(None) };
        let payload = self.page(disk, self.id_page(page as u32))?;
        let (entries, _) = payload.as_chunks::<ID_ENTRY_BYTES>();
        let used =
            entries.get(..(self.ids as usize - page * IDS_PER_PAGE).min(entries.len())).unwrap_or_default();
        let found = used
            .binary_search_by_key(&Some(id), |entry| entry.first_chunk().map(|id| u128::from_be_bytes(*id)));
        let offset = found.ok().and_then(|at| used.get(at)).and_then(|entry| entry.last_chunk());
        Ok(offset.map(|offset| u32::from_le_bytes(*offset)))
    }

    fn id_page(&self, page: u32) -> u32 {
        self.events.div_ceil(LINE_REFS_PER_PAGE as u32) + page
    }

    fn page_offset(&self, page: u32) -> u64 {
        self.head_bytes + u64::from(page) * PAGE_BYTES as u64
    }

    fn page(&self, disk: &dyn Disk, page: u32) -> Result<[u8; PAGE_PAYLOAD_BYTES], JournalError> {
        let mut bytes = [0; PAGE_BYTES];
        disk.read_exact_at(&self.name, self.page_offset(page), &mut bytes)
            .map_err(|error| JournalError::io("read", &self.name, error))?;
        let valid = bytes
            .split_last_chunk::<CHECKSUM_BYTES>()
            .filter(|(payload, checksum)| Sha256::digest(payload).as_slice() == *checksum);
        let payload = valid.and_then(|(payload, _)| payload.first_chunk());
        payload.copied().ok_or_else(|| JournalError::IndexDamaged {
            file: self.name.clone(),
            why: "a page does not match its checksum",
        })
    }
}
