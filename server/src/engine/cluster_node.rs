//! The engine in a cluster: requests that the leader answers, and batches of the shared log.

use cluster::SharedBatch;
use common::{Body, Detail, Error};
use transport::Frame;

use super::Engine;
use crate::domain::records::Record;
use crate::journal::JournalError;
use crate::outbound::pending_request::{Origin, PendingRequest};
use crate::outbound::{Publication, fan_out};
use crate::replication::forwarding::{Mode, Place};
use crate::services::files::copies::Content;
use crate::services::presence::Presence;
use crate::services::request_metrics::Outcome as RequestOutcome;
use crate::storage::ledger::LedgerError;

/// Milliseconds after which a client should send a request again that a cut-off node refused. By then, a
/// client that knows other nodes has moved.
const CUT_OFF_WAIT_MS: u64 = 250;

impl Engine {
    /// Whether a batch of the shared log can be applied now.
    #[must_use]
    pub fn accepts_batches(&self) -> bool {
        !self.ledger.is_full() && !self.ledger.wants_snapshot() && self.ledger.failure().is_none()
    }

    /// Applies a batch of the shared log. Its events are published when the batch is on the disk.
    pub fn receive_batch(&mut self, batch: &SharedBatch, now_ms: u64) -> Result<(), JournalError> {
        let Self { ledger, outbound, needs, files, .. } = self;
        ledger.receive(batch, &mut |recorded| {
            if let Record::Event(event) = &recorded.record {
                if let Body::File { file, .. } = &event.body {
                    needs.add_logged(Content { sha256: file.sha256, bytes: file.bytes });
                } else if matches!(event.body, Body::Deleted { .. } | Body::ChannelDeleted) {
                    files.sweep_soon(now_ms);
                }
            }
            fan_out::publish(outbound, recorded);
        })?;
        outbound.close_batch(ledger.position());
        Ok(())
    }

    /// Prepares the engine for a node of a cluster. `first_ticket` differs from startup to startup.
    pub fn join_cluster(&mut self, first_ticket: u64, now_ms: u64) {
        self.files.postpone_removals(now_ms);
        self.forwarding.begin_at(first_ticket);
    }

    /// Accepts a request that another node forwarded to this node, which leads.
    pub fn accept_forwarded(&mut self, origin: Origin, frames: &mut Vec<Frame>, now_ms: u64) {
        // The frames begin with the name of the broker, which the other node has removed.
        frames.insert(0, Frame::from(&*origin.node));
        if let Some(mut request) = PendingRequest::new(frames) {
            request.origin = Some(origin);
            self.accept_request(request, now_ms);
        }
    }

    /// Publishes a notice of presence or typing that another node sent.
    pub(super) fn publish_notice(&mut self, frames: &[Frame]) {
        if let [topic, lines] = frames
            && let Ok(topic) = std::str::from_utf8(topic)
        {
            self.outbound.publish_notice(Publication { topic: topic.into(), lines: lines.to_vec() });
        }
    }

    /// Begins to lead: answers all requests, first those that waited for the leader.
    pub fn lead(&mut self, now_ms: u64) {
        self.ledger.lead();
        self.forwarding.mode = Mode::AnswersAll;
        for request in self.forwarding.take_all() {
            self.accept_request(request, now_ms);
        }
    }

    /// Refuses requests from now on, also those that wait for a leader.
    pub(super) fn refuse(&mut self, mode: Mode, now_ms: u64) {
        self.forwarding.mode = mode;
        for request in self.forwarding.take_all() {
            self.accept_request(request, now_ms);
        }
    }

    /// Follows from now on: discards all records that are not durable.
    pub fn step_down(&mut self) -> Result<(), LedgerError> {
        let failure = self.ledger.step_down();
        self.roll_back(failure).map(drop)
    }

    /// Follows: forgets the presence that only a leader knows.
    pub(super) fn follow(&mut self) {
        self.forwarding.mode = Mode::Follows;
        self.presence = Presence::default();
        self.files.uploads.end_all_commits();
    }

    /// The last record to whose requests the node may reply. A follower that is cut off does not wait for its
    /// disk: its records are in the shared log, and it refuses the reads that could lack them.
    pub(super) fn replied_up_to(&self, durable: u64) -> u64 {
        let is_cut_off = self.forwarding.mode == Mode::CutOff && self.ledger.follows();
        if is_cut_off { u64::MAX } else { durable }
    }

    /// Diverts a request that this node may not answer. Returns the request if this node answers it.
    pub(super) fn divert(&mut self, mut request: PendingRequest, is_resumed: bool) -> Option<PendingRequest> {
        match self.forwarding.place(&request, is_resumed, self.ledger.position()) {
            Place::Here => return Some(request),
            Place::Leader => self.forwarding.push(request),
            Place::Refused(detail) => {
                let is_cut_off = detail == Detail::CutOff;
                let error = Error::from(detail);
                let error = if is_cut_off { error.with_wait_ms(CUT_OFF_WAIT_MS) } else { error };
                let depends_on_records = request.answered > 0;
                let lines = request.refuse_rest(&error);
                self.metrics.count(None, RequestOutcome::Limited, lines);
                if depends_on_records {
                    self.outbound.reply(self.ledger.position(), request);
                } else {
                    self.outbound.reply_at_once(request);
                }
            }
            Place::Dropped => {}
        }
        None
    }
}
