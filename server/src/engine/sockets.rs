//! The sockets of the server.

use transport::bundle::Bundle;
use transport::{Frame, Sent, Socket, TransportError, clock};

use super::Outlet;
use super::inbox::Inbox;
use super::membership::Membership;
use crate::outbound::Publication;
use crate::outbound::pending_request::PendingRequest;

/// The sockets to broker and proxy, and counters of sent and dropped messages.
pub(super) struct Sockets {
    pub(super) requests: Inbox,
    pub(super) events: Socket,
    pub(super) membership: Option<Membership>,
    /// Small replies that were made in this turn, for one broker.
    pub(super) bundle: ReplyBundle,
    pub(super) replies: u64,
    pub(super) replies_dropped: u64,
    pub(super) publications: u64,
    pub(super) publications_dropped: u64,
}

/// Replies for one broker.
#[derive(Default)]
pub(super) struct ReplyBundle {
    /// The name of the broker.
    broker: Vec<u8>,
    replies: Bundle,
}

impl Outlet for Sockets {
    type Error = TransportError;

    fn reply(&mut self, request: PendingRequest) -> Result<(), TransportError> {
        let request = match &mut self.membership {
            Some(membership) => membership.delay(request, clock::monotonic_ms()),
            None => Some(request),
        };
        request.map_or(Ok(()), |request| self.reply_now(request))
    }

    fn publish(&mut self, publication: Publication) -> Result<(), TransportError> {
        // The event follows the reply.
        self.send_bundle()?;
        let frames = [Frame::from(&*publication.topic), Frame::from(publication.lines)];
        let sent = self.events.send(frames)?;
        self.publications += 1;
        self.publications_dropped += u64::from(sent != Sent::Done);
        Ok(())
    }
}

impl Sockets {
    /// Sends a reply to its client, or to the node that forwarded the request.
    fn reply_now(&mut self, mut request: PendingRequest) -> Result<(), TransportError> {
        if let (Some(origin), Some(membership)) = (request.origin.take(), &self.membership) {
            membership.reply(&origin, request);
            return Ok(());
        }
        if self.bundle_reply(&request)? {
            return Ok(());
        }
        // The replies of a client keep their order.
        self.send_bundle()?;
        let sent = self.requests.socket().send(request.into_reply())?;
        self.count_replies(1, sent);
        Ok(())
    }

    /// Adds a reply to the bundle for its broker. Returns false if the reply must be sent alone.
    fn bundle_reply(&mut self, request: &PendingRequest) -> Result<bool, TransportError> {
        let Some((broker, envelope)) = request.bundled_route() else { return Ok(false) };
        if self.bundle.broker != **broker {
            self.send_bundle()?;
            self.bundle.broker = broker.to_vec();
        }
        let is_bundled = self.bundle.replies.push(envelope, &request.reply);
        if self.bundle.replies.is_full() {
            self.send_bundle()?;
        }
        Ok(is_bundled)
    }

    /// Sends the bundled replies.
    pub(super) fn send_bundle(&mut self) -> Result<(), TransportError> {
        let ReplyBundle { broker, replies } = &mut self.bundle;
        if replies.is_empty() {
            return Ok(());
        }
        let frames = [Frame::from(broker.as_slice()), replies.to_frame()];
        let (count, sent) = (replies.len() as u64, self.requests.socket().send(frames)?);
        replies.clear();
        self.count_replies(count, sent);
        Ok(())
    }

    fn count_replies(&mut self, count: u64, sent: Sent) {
        self.replies += count;
        self.replies_dropped += if sent == Sent::Done { 0 } else { count };
    }

    /// Sends the replies that no longer wait for other nodes.
    pub(super) fn send_delayed(&mut self) -> Result<(), TransportError> {
        let now_ms = clock::monotonic_ms();
        while let Some(reply) =
            self.membership.as_mut().and_then(|membership| membership.next_delayed(now_ms))
        {
            self.reply_now(reply)?;
        }
        Ok(())
    }
}
