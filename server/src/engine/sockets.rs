//! The sockets of the server.

use transport::{Frame, Sent, Socket, TransportError, clock};

use super::Outlet;
use super::membership::Membership;
use crate::outbound::Publication;
use crate::outbound::pending_request::PendingRequest;

/// The sockets to broker and proxy, and counters of sent and dropped messages.
pub(super) struct Sockets {
    pub(super) requests: Socket,
    pub(super) events: Socket,
    pub(super) membership: Option<Membership>,
    pub(super) replies: u64,
    pub(super) replies_dropped: u64,
    pub(super) publications: u64,
    pub(super) publications_dropped: u64,
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
        let sent = self.requests.send(request.into_reply())?;
        self.replies += 1;
        self.replies_dropped += u64::from(sent != Sent::Done);
        Ok(())
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
