//! Drives the exchange of missing batches: receives those that the shared log no longer keeps, and reads the
//! log of this node for other nodes.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};

use cluster::{Head, SharedBatch};
use tracing::warn;
use transport::Frame;

use super::Engine;
use super::cluster_config::ClusterError;
use crate::journal::{Checkpoint, Follower, JournalError};
use crate::replication::Differs;
use crate::replication::catch_up::{CatchUp, PIECE_BYTES_MAX};
use crate::replication::contents::PART_BYTES_MAX;
use crate::replication::election::Election;
use crate::replication::link::{Header, Holding, NodeLink};
use crate::services::files;
use crate::services::jobs::{Job, Kind, NO_TICKET};
use disk::Disk;

/// The time for which a transfer to one node keeps other nodes from beginning one.
const HOLD_MS: u64 = 2_000;

/// The position of another node in the log of this node.
struct Transfer {
    to: String,
    until: Checkpoint,
    follower: Follower,
}

/// A piece of the log of this node, for another node.
struct Piece {
    to: String,
    after: Head,
    holding: Holding,
    bytes: Vec<u8>,
    transfer: Option<Transfer>,
}

pub(super) struct CatchingUp {
    /// `None` while the shared log has the next batch of this node.
    receiving: Option<CatchUp>,
    /// The last transfer to another node, and the time of its last request.
    transfer: Option<Transfer>,
    requested: Option<(String, u64)>,
    /// Whether a piece is being read. This node reads one piece at a time.
    is_reading: bool,
    sender: Sender<Piece>,
    pieces: Receiver<Piece>,
}

impl Default for CatchingUp {
    fn default() -> Self {
        let (sender, pieces) = channel();
        Self { receiving: None, transfer: None, requested: None, is_reading: false, sender, pieces }
    }
}

impl CatchingUp {
    /// Receives the batches between two heads from the other nodes.
    pub(super) fn begin(&mut self, own_name: &str, at: Head, until: Head) {
        self.receiving = Some(CatchUp::new(own_name.to_owned(), at, until));
    }

    pub(super) fn stop(&mut self) {
        self.receiving = None;
    }

    /// Whether this node lacks batches that the shared log no longer keeps.
    pub(super) fn is_behind(&self) -> bool {
        self.receiving.is_some()
    }

    /// The reason why this node is not up to date, as a sentence for the operator. `has_answer` says whether
    /// etcd has answered recently.
    pub(super) fn reason_of_cut_off(&self, has_answer: bool) -> &'static str {
        if self.is_behind() {
            "the node receives batches that etcd no longer keeps from another node: start the other nodes"
        } else if has_answer {
            "the node is behind its cluster and receives the missing messages: if this lasts, its disk is too slow"
        } else {
            "the node is cut off from its cluster: check the connections to etcd"
        }
    }

    /// Sends the pieces that were read, and asks for the next piece if `may_ask`. Returns the end of the
    /// missing batches when all have arrived: the shared log continues there.
    pub(super) fn step(
        &mut self,
        link: &impl NodeLink,
        election: &Election,
        may_ask: bool,
        now_ms: u64,
    ) -> Option<Head> {
        while let Ok(Piece { to, after, holding, bytes, transfer }) = self.pieces.try_recv() {
            let has_more = |transfer: &Transfer| transfer.follower.at().record < transfer.until.record;
            if !transfer.as_ref().is_some_and(has_more) {
                // The next node need not wait.
                self.requested = None;
            }
            (self.is_reading, self.transfer) = (false, transfer);
            let header = Header::Holding { from: link.name().to_owned(), after, holding };
            // If the message cannot be sent, the other node asks again.
            let _sent = link.send(&to, &header, bytes.chunks(PART_BYTES_MAX).map(Frame::from));
        }
        let receiving = self.receiving.as_mut().filter(|_| may_ask)?;
        if let Some(end) = receiving.end() {
            let end = end.clone();
            self.receiving = None;
            return Some(end);
        }
        let nodes = election.nodes().iter().map(|node| &*node.name);
        if let Some((to, header)) = receiving.step(nodes, now_ms) {
            // If the message cannot be sent, the silence of the node has the same effect.
            let _sent = link.send(&to, &header, []);
        }
        None
    }

    /// Handles a message of another node about batches. Returns the batches of an answer.
    pub(super) fn receive(
        &mut self,
        engine: &mut Engine,
        link: &impl NodeLink,
        header: Header,
        frames: &[Frame],
        now_ms: u64,
    ) -> Result<Vec<SharedBatch>, ClusterError> {
        if let Header::Lacking { from, after, until } = header {
            if !self.read(engine, &from, &after, &until, now_ms) {
                let busy = Header::Holding { from: link.name().to_owned(), after, holding: Holding::Busy };
                // If the message cannot be sent, the silence of this node has the same effect.
                let _sent = link.send(&from, &busy, []);
            }
        } else if let (Header::Holding { from, after, holding }, Some(receiving)) =
            (header, &mut self.receiving)
        {
            let mut bytes = Vec::new();
            frames.iter().for_each(|frame| bytes.extend_from_slice(frame));
            let received = receiving.received(&from, &after, holding, &bytes);
            return received.map_err(|Differs(head)| ClusterError::Diverged(head));
        }
        Ok(Vec::new())
    }

    /// Reads a piece for another node. Returns `false` while another piece is read, or another node receives
    /// pieces.
    fn read(&mut self, engine: &mut Engine, to: &str, after: &Head, until: &Head, now_ms: u64) -> bool {
        let holds =
            |requested: &(String, u64)| requested.0 != to && now_ms.saturating_sub(requested.1) < HOLD_MS;
        if self.is_reading || self.requested.as_ref().is_some_and(holds) {
            return false;
        }
        let (Ok(at), Ok(until)) = (Checkpoint::try_from(after), Checkpoint::try_from(until)) else {
            return true;
        };
        if at.record >= until.record {
            return true;
        }
        self.requested = Some((to.to_owned(), now_ms));
        let (disk, durable, sender) = (engine.ledger.disk(), engine.ledger.durable(), self.sender.clone());
        let transfer = self
            .transfer
            .take()
            .filter(|transfer| transfer.to == to && transfer.until == until && transfer.follower.at() == at);
        let (to, after) = (to.to_owned(), after.clone());
        let read = Job::file(Kind::Contents, move || {
            let name = to.clone();
            let has_end = until.record <= durable;
            let read = if has_end { read_piece(&disk, name, at, until, transfer) } else { Ok(lacking()) };
            let (holding, bytes, transfer) = read.unwrap_or_else(|error| {
                warn!(%error, "cannot read the log for another node");
                lacking()
            });
            // The receiver does not exist after the server has stopped.
            let _ = sender.send(Piece { to, after, holding, bytes, transfer });
            files::Outcome::Finished
        });
        self.is_reading = engine.jobs.submit(NO_TICKET, read);
        self.is_reading
    }
}

fn lacking() -> (Holding, Vec<u8>, Option<Transfer>) {
    (Holding::Lacks, Vec::new(), None)
}

/// Reads the batches after `at`. The log of this node must contain `until`, so all batches before it are a
/// part of the shared log.
fn read_piece(
    disk: &Arc<dyn Disk>,
    to: String,
    at: Checkpoint,
    until: Checkpoint,
    transfer: Option<Transfer>,
) -> Result<(Holding, Vec<u8>, Option<Transfer>), JournalError> {
    let mut transfer = match transfer {
        Some(transfer) => transfer,
        None if Follower::after(Arc::clone(disk), until)?.is_none() => return Ok(lacking()),
        None => match Follower::after(Arc::clone(disk), at)? {
            Some(follower) => Transfer { to, until, follower },
            None => return Ok((Holding::Differs, Vec::new(), None)),
        },
    };
    let read = transfer.follower.read_bytes(until.record, PIECE_BYTES_MAX)?;
    Ok(read.map_or_else(lacking, |bytes| (Holding::Batches, bytes, Some(transfer))))
}
