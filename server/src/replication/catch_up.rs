//! Receives the batches that the shared log no longer keeps from another node. Pure: messages, and times in
//! milliseconds of a monotonic clock go in, requests come out.
//!
//! The node asks one node at a time for one piece at a time. The other node answers only if its log contains
//! `until`, the start of the window of the shared log. This node checks the chain of each batch against its
//! own log before it uses the batch, and the last chain against `until`.

use cluster::{Head, SharedBatch};
use tracing::{info, warn};

use super::Differs;
use super::link::{Header, Holding};
use crate::journal::{BatchBytes, Checkpoint, whole_batches};

/// The maximum size of a piece, in bytes. Only a node that is not in a cluster makes larger batches. They
/// arrive with a backup.
pub const PIECE_BYTES_MAX: usize = 4 << 20;

/// The time without an answer after which the next node is asked.
const SILENCE_MS: u64 = 3_000;

/// The time between two passes over all nodes.
const RETRY_MS: u64 = 1_000;

/// The time between two passes if a node was busy.
const BUSY_RETRY_MS: u64 = 200;

/// The reception of missing batches.
pub struct CatchUp {
    own_name: String,
    /// The end of the received batches.
    at: Head,
    /// The start of the window of the shared log.
    until: Head,
    /// The node that was asked, and the time.
    asked: Option<(String, u64)>,
    /// The nodes that were asked in this pass and did not send batches.
    tried: Vec<String>,
    /// Whether one of them sends batches to another node.
    has_busy: bool,
    next_pass_ms: u64,
}

impl CatchUp {
    /// Begins to receive the batches between two heads.
    #[must_use]
    pub fn new(own_name: String, at: Head, until: Head) -> Self {
        info!(
            after = at.record,
            until = until.record,
            "the shared log no longer keeps the next batches: receiving them from another node"
        );
        Self { own_name, at, until, asked: None, tried: Vec::new(), has_busy: false, next_pass_ms: 0 }
    }

    /// The end of the missing batches, when all of them have arrived.
    #[must_use]
    pub fn end(&self) -> Option<&Head> {
        (self.at == self.until).then_some(&self.until)
    }

    /// The next request and the node to which it goes; `None` while an answer is pending. `nodes` are the
    /// names of the other nodes.
    pub fn step<'a>(
        &mut self,
        mut nodes: impl Iterator<Item = &'a str>,
        now_ms: u64,
    ) -> Option<(String, Header)> {
        if let Some((name, asked_ms)) = &self.asked {
            if now_ms.saturating_sub(*asked_ms) < SILENCE_MS {
                return None;
            }
            self.tried.push(name.clone());
            self.asked = None;
        }
        if now_ms < self.next_pass_ms || self.end().is_some() {
            return None;
        }
        let is_new = |name: &&str| *name != self.own_name && !self.tried.iter().any(|tried| tried == name);
        let Some(next) = nodes.find(is_new).map(str::to_owned) else {
            self.tried.clear();
            if std::mem::take(&mut self.has_busy) {
                self.next_pass_ms = now_ms + BUSY_RETRY_MS;
                return None;
            }
            warn!(
                after = self.at.record,
                "no other node sends the batches that the shared log no longer keeps: start a node that has \
                 them, or move the data folder away, and run `papo cluster join`"
            );
            self.next_pass_ms = now_ms + RETRY_MS;
            return None;
        };
        self.asked = Some((next.clone(), now_ms));
        let (after, until) = (self.at.clone(), self.until.clone());
        Some((next, Header::Lacking { from: self.own_name.clone(), after, until }))
    }

    /// An answer of a node. Returns the next batches; none if the node does not have them, or if the bytes do
    /// not continue the log of this node. An answer to an earlier request is ignored.
    pub fn received(
        &mut self,
        sender: &str,
        after: &Head,
        holding: Holding,
        bytes: &[u8],
    ) -> Result<Vec<SharedBatch>, Differs> {
        if self.asked.as_ref().is_none_or(|(name, _)| name != sender) || *after != self.at {
            return Ok(Vec::new());
        }
        self.asked = None;
        let batches = match holding {
            Holding::Batches => self.verified(bytes),
            Holding::Busy => {
                self.has_busy = true;
                self.tried.push(sender.to_owned());
                return Ok(Vec::new());
            }
            Holding::Lacks => None,
            Holding::Differs => return Err(Differs(self.at.clone())),
        };
        let Some(batches) = batches else {
            warn!(node = sender, after = after.record, "a node does not have the batches of the shared log");
            self.tried.push(sender.to_owned());
            return Ok(Vec::new());
        };
        self.tried.clear();
        self.has_busy = false;
        if let Some(last) = batches.last() {
            self.at = last.after.clone();
        }
        Ok(batches)
    }

    /// The batches in `bytes`; `None` unless they continue the received ones and do not miss `until`.
    fn verified(&self, bytes: &[u8]) -> Option<Vec<SharedBatch>> {
        let at = Checkpoint::try_from(&self.at).ok()?;
        let mut before = self.at.clone();
        let mut batches = Vec::new();
        for BatchBytes { end, bytes } in whole_batches(bytes, at)? {
            let after = Head::from(end);
            if before.record >= self.until.record
                || (after.record >= self.until.record && after != self.until)
            {
                return None;
            }
            batches.push(SharedBatch { before, after: after.clone(), bytes: bytes.to_vec() });
            before = after;
        }
        (!batches.is_empty()).then_some(batches)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use disk::RealDisk;

    use super::*;
    use crate::journal::{Journal, Opened, Options, segment_bytes};

    /// The bytes of a log with three batches, and the end of each batch.
    fn log() -> (Vec<u8>, [Head; 3]) {
        let folder = tempfile::tempdir().unwrap();
        let disk = Arc::new(RealDisk::new(folder.path()));
        let opened =
            Journal::open(disk.clone(), Options::default(), Checkpoint::GENESIS, &mut |_, _| Ok(None));
        let Opened { mut journal, mut writer, .. } = opened.unwrap();
        let ends = ["{\"one\":1}", "{\"two\":2}", "{\"three\":3}"].map(|line| {
            journal.append(line.as_bytes(), None);
            let ack = writer.commit(journal.close_batch().unwrap()).unwrap();
            journal.committed(&ack);
            Head::from(ack.head)
        });
        (segment_bytes(&*disk, 1).unwrap(), ends)
    }

    fn genesis() -> Head {
        Checkpoint::GENESIS.into()
    }

    fn asked(catch_up: &mut CatchUp, now_ms: u64) -> Option<String> {
        catch_up.step(["n1", "n2", "n3"].into_iter(), now_ms).map(|(name, _)| name)
    }

    #[test]
    fn pieces_are_verified_up_to_the_start_of_the_window() {
        let (bytes, [_, two, three]) = log();
        let mut catch_up = CatchUp::new("n1".to_owned(), genesis(), three.clone());
        assert_eq!(asked(&mut catch_up, 0).as_deref(), Some("n2"));
        assert_eq!(asked(&mut catch_up, 2_999), None, "one piece at a time");
        let length = bytes.len() / 3 * 2;
        let cut = bytes[..length].iter().rposition(|byte| *byte == b'\n').unwrap();
        let first = &bytes[..=cut];
        assert_eq!(
            catch_up.received("n3", &genesis(), Holding::Batches, &bytes),
            Ok(Vec::new()),
            "not asked"
        );
        let batches = catch_up.received("n2", &genesis(), Holding::Batches, &bytes).unwrap();
        assert_eq!((batches.len(), &batches[1].after, catch_up.end()), (3, &two, Some(&three)));
        assert_eq!(batches.iter().flat_map(|batch| batch.bytes.clone()).collect::<Vec<u8>>(), bytes);
        assert_eq!(asked(&mut catch_up, 9_000), None);
        let mut catch_up = CatchUp::new("n1".to_owned(), genesis(), three);
        assert_eq!(asked(&mut catch_up, 0).as_deref(), Some("n2"));
        let rest = catch_up.received("n2", &genesis(), Holding::Batches, &first[..first.len() - 1]);
        assert_eq!(rest, Ok(Vec::new()), "a part of a batch");
    }

    #[test]
    fn a_changed_byte_and_another_log_are_refused_and_the_next_node_is_asked() {
        let (bytes, [_, two, three]) = log();
        let mut catch_up = CatchUp::new("n1".to_owned(), genesis(), three.clone());
        for (node, at) in [("n2", 5), ("n3", bytes.len() - 20)] {
            assert_eq!(asked(&mut catch_up, 0).as_deref(), Some(node));
            let mut changed = bytes.clone();
            changed[at] ^= 1;
            assert_eq!(catch_up.received(node, &genesis(), Holding::Batches, &changed), Ok(Vec::new()));
        }
        assert_eq!(asked(&mut catch_up, 0), None, "the end of a pass");
        assert_eq!(asked(&mut catch_up, RETRY_MS).as_deref(), Some("n2"));
        // A log with another second record, whose own chain is right.
        let other = Head { record: two.record, chain: three.chain };
        let mut catch_up = CatchUp::new("n1".to_owned(), genesis(), other);
        assert_eq!(asked(&mut catch_up, 0).as_deref(), Some("n2"));
        assert_eq!(catch_up.received("n2", &genesis(), Holding::Batches, &bytes), Ok(Vec::new()));
        assert_eq!(asked(&mut catch_up, 0).as_deref(), Some("n3"));
        assert_eq!(catch_up.received("n3", &genesis(), Holding::Differs, b""), Err(Differs(genesis())));
    }

    #[test]
    fn a_busy_node_is_asked_again_soon() {
        let (bytes, [_, _, three]) = log();
        let mut catch_up = CatchUp::new("n1".to_owned(), genesis(), three.clone());
        assert_eq!(asked(&mut catch_up, 0).as_deref(), Some("n2"));
        assert_eq!(catch_up.received("n2", &genesis(), Holding::Busy, b""), Ok(Vec::new()));
        assert_eq!(asked(&mut catch_up, 0).as_deref(), Some("n3"), "the next node is asked at once");
        assert_eq!(catch_up.received("n3", &genesis(), Holding::Lacks, b""), Ok(Vec::new()));
        assert_eq!(asked(&mut catch_up, 0), None, "the end of a pass");
        assert_eq!(asked(&mut catch_up, BUSY_RETRY_MS - 1), None);
        assert_eq!(asked(&mut catch_up, BUSY_RETRY_MS).as_deref(), Some("n2"));
        let batches = catch_up.received("n2", &genesis(), Holding::Batches, &bytes).unwrap();
        assert_eq!((batches.len(), catch_up.end()), (3, Some(&three)));
    }

    #[test]
    fn a_silent_node_and_a_node_without_the_batches_are_passed_over() {
        let (_, [one, ..]) = log();
        let mut catch_up = CatchUp::new("n1".to_owned(), genesis(), one);
        assert_eq!(asked(&mut catch_up, 0).as_deref(), Some("n2"));
        assert_eq!(asked(&mut catch_up, SILENCE_MS).as_deref(), Some("n3"));
        assert_eq!(catch_up.received("n3", &genesis(), Holding::Lacks, b""), Ok(Vec::new()));
        assert_eq!(asked(&mut catch_up, SILENCE_MS), None);
        assert_eq!(asked(&mut catch_up, SILENCE_MS + RETRY_MS - 1), None);
        assert_eq!(asked(&mut catch_up, SILENCE_MS + RETRY_MS).as_deref(), Some("n2"));
    }
}
