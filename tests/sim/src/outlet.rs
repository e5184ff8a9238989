//! Where a simulated server sends replies and events.

use std::convert::Infallible;

use server::engine::Outlet;
use server::engine::membership::Membership;
use server::outbound::Publication;
use server::outbound::pending_request::PendingRequest;
use transport::Frame;

use crate::nodes::link::SimLink;
use crate::schedule::BrokerConnection;

/// A frame of reply lines, and an optional frame of file bytes.
pub(crate) struct Reply {
    pub(crate) to: BrokerConnection,
    pub(crate) lines: Vec<u8>,
    pub(crate) bytes: Option<Vec<u8>>,
}

/// The output of one round of the server.
#[derive(Default)]
pub(crate) struct Outgoing {
    /// The number of the node.
    pub(crate) node: usize,
    pub(crate) replies: Vec<Reply>,
    pub(crate) publications: Vec<(String, Vec<u8>)>,
}

impl Outlet for Outgoing {
    type Error = Infallible;

    fn reply(&mut self, answered: PendingRequest) -> Result<(), Infallible> {
        let frames: Vec<_> = answered.into_reply().collect();
        let end = frames.iter().position(|frame| frame.is_empty()).unwrap_or_default();
        let (envelope, body) = frames.split_at(end);
        if let ([.., address], [_delimiter, lines, bytes @ ..]) = (envelope, body) {
            let bytes = bytes.first().map(|bytes| bytes.to_vec());
            let to = connection_of(address, self.node);
            self.replies.extend(to.map(|to| Reply { to, lines: lines.to_vec(), bytes }));
        }
        Ok(())
    }

    fn publish(&mut self, publication: Publication) -> Result<(), Infallible> {
        self.publications.push((publication.topic.to_string(), publication.lines));
        Ok(())
    }
}

/// The output of a node, which may be in a cluster: some replies go to other nodes, or wait for them.
pub(crate) struct NodeOutlet<'a> {
    pub(crate) outgoing: &'a mut Outgoing,
    pub(crate) membership: Option<&'a mut Membership<SimLink>>,
    /// The monotonic time of the node.
    pub(crate) now_ms: u64,
}

impl NodeOutlet<'_> {
    fn reply_now(&mut self, mut request: PendingRequest) -> Result<(), Infallible> {
        match (request.origin.take(), &self.membership) {
            (Some(origin), Some(membership)) => {
                membership.reply(&origin, request);
                Ok(())
            }
            (_, _) => self.outgoing.reply(request),
        }
    }

    /// Sends the replies that no longer wait for other nodes.
    pub(crate) fn send_delayed(&mut self) {
        let now_ms = self.now_ms;
        while let Some(reply) =
            self.membership.as_mut().and_then(|membership| membership.next_delayed(now_ms))
        {
            let Ok(()) = self.reply_now(reply);
        }
    }
}

impl Outlet for NodeOutlet<'_> {
    type Error = Infallible;

    fn reply(&mut self, request: PendingRequest) -> Result<(), Infallible> {
        let request = match &mut self.membership {
            Some(membership) => membership.delay(request, self.now_ms),
            None => Some(request),
        };
        request.map_or(Ok(()), |request| self.reply_now(request))
    }

    fn publish(&mut self, publication: Publication) -> Result<(), Infallible> {
        self.outgoing.publish(publication)
    }
}

/// The frames of a request as the broker forwards them. In a cluster, they begin with the name of the broker.
pub(crate) fn frames(
    from: BrokerConnection,
    lines: Vec<u8>,
    bytes: Option<&[u8]>,
    has_broker: bool,
) -> Vec<Frame> {
    let broker = has_broker.then(|| Frame::from("broker"));
    let address = Frame::from(format!("{} {}", from.client, from.incarnation).as_bytes());
    let request = [address, Frame::new(), Frame::from(lines)];
    broker.into_iter().chain(request).chain(bytes.map(Frame::from)).collect()
}

fn connection_of(address: &[u8], node: usize) -> Option<BrokerConnection> {
    let (client, incarnation) = std::str::from_utf8(address).ok()?.split_once(' ')?;
    Some(BrokerConnection { client: client.parse().ok()?, incarnation: incarnation.parse().ok()?, node })
}
