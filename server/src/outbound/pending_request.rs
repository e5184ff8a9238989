//! One request frame on its way: which of its lines have been answered, and how.
//!
//! Lines are answered in order. A line that needs a password hashed puts the frame aside until the hash is
//! there; then that very line is taken up again. So a frame may log in and go on. A frame of one line may have bytes
//! behind it, and its reply too.

use std::sync::Arc;

use common::{Error, rpc};
use transport::Frame;

/// The envelope of a request: the frames that bring a reply back to where the request came from.
#[derive(Default)]
pub struct Route(Vec<Frame>);

/// A request frame that is being answered.
pub struct PendingRequest {
    /// Where the reply goes.
    pub route: Route,
    /// The request lines.
    pub request: Frame,
    /// What came behind them. Kept until the reply is told: it may be needed again.
    pub bytes: Option<Arc<Frame>>,
    /// How many of them have been answered.
    pub answered: usize,
    /// The reply lines so far.
    pub reply: Vec<u8>,
    /// What goes behind them.
    pub attached: Option<Vec<u8>>,
    /// How far it was whenever it was put aside.
    stages: Vec<Stage>,
}

/// How far a frame was.
struct Stage {
    /// The record that its replies so far wait for.
    position: u64,
    answered: usize,
    reply_bytes: usize,
}

impl PendingRequest {
    /// Takes a message apart: the envelope up to the empty frame, then the lines. `None` when there is no
    /// empty frame, or nothing behind it: nobody could be answered, or nothing.
    pub fn new(frames: &mut Vec<Frame>) -> Option<Self> {
        let delimiter = frames.iter().position(|frame| frame.is_empty())?;
        let mut body = frames.drain(delimiter + 1..);
        let (request, bytes) = (body.next()?, body.next().map(Arc::new));
        drop(body);
        Some(Self {
            route: Route(std::mem::take(frames)),
            request,
            bytes,
            answered: 0,
            reply: Vec::new(),
            attached: None,
            stages: Vec::new(),
        })
    }

    /// The frames of the reply: lines, and bytes where there are some.
    pub fn into_reply(self) -> impl Iterator<Item = Frame> {
        let Self { route, reply, attached, .. } = self;
        route.0.into_iter().chain([Frame::from(reply)]).chain(attached.map(Frame::from))
    }

    /// Bytes of the reply.
    #[must_use]
    pub fn reply_bytes(&self) -> usize {
        self.reply.len() + self.attached.as_ref().map_or(0, Vec::len)
    }

    /// Notes how far it is, because it is put aside: its replies so far wait for the record `position`.
    pub fn put_aside(&mut self, position: u64) {
        self.stages.push(Stage { position, answered: self.answered, reply_bytes: self.reply.len() });
    }

    /// What came after the record `durable` was taken back: forgets the replies that rest on it, so that their
    /// lines are answered again.
    pub fn go_back(&mut self, durable: u64) {
        self.stages.retain(|stage| stage.position <= durable);
        let (answered, bytes) =
            self.stages.last().map_or((0, 0), |stage| (stage.answered, stage.reply_bytes));
        self.answered = answered;
        self.reply.truncate(bytes);
        self.attached = None;
    }

    /// The same while it is put aside: what has to be answered again is refused, because it waits at a later line.
    pub fn refuse_back(&mut self, durable: u64, error: &Error) {
        let answered = self.answered;
        self.go_back(durable);
        while self.answered < answered {
            self.refuse_next(error);
        }
    }

    /// Answers the next line with an error.
    pub fn refuse_next(&mut self, error: &Error) {
        let line = rpc::lines(&self.request).ok().and_then(|mut lines| lines.nth(self.answered));
        refuse(line.unwrap_or_default(), error, &mut self.reply);
        self.answered += 1;
    }
}

/// Answers a line with an error, under its id if it has one.
pub fn refuse(line: &[u8], error: &Error, out: &mut Vec<u8>) {
    match rpc::decode(line) {
        Ok(request) => rpc::encode_error(out, request.id, error),
        Err(refused) => rpc::encode_error(out, refused.id, &refused.error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frames(parts: &[&str]) -> Vec<Frame> {
        parts.iter().map(|part| Frame::from(*part)).collect()
    }

    #[test]
    fn the_reply_goes_back_the_way_the_request_came() {
        let mut work =
            PendingRequest::new(&mut frames(&["broker", "client", "", "lines", "bytes"])).expect("a request");
        assert_eq!(
            (&*work.request, work.bytes.as_ref().map(|bytes| &***bytes)),
            (&b"lines"[..], Some(&b"bytes"[..]))
        );
        (work.reply, work.attached) = (b"answer".to_vec(), Some(b"more".to_vec()));
        assert_eq!(work.reply_bytes(), 10);
        let reply: Vec<_> = work.into_reply().map(|frame| frame.to_vec()).collect();
        assert_eq!(reply, [&b"broker"[..], b"client", b"", b"answer", b"more"]);
    }

    #[test]
    fn a_message_without_an_envelope_is_no_request() {
        assert!(PendingRequest::new(&mut frames(&["broker", "client", "lines"])).is_none());
        assert!(PendingRequest::new(&mut frames(&["broker", "client", ""])).is_none());
        assert!(PendingRequest::new(&mut Vec::new()).is_none());
    }

    #[test]
    fn what_was_taken_back_is_answered_again_from_where_it_was_put_aside() {
        let lines = r#"{"jsonrpc":"2.0","id":1,"method":"a"}
{"jsonrpc":"2.0","id":2,"method":"b"}
{"jsonrpc":"2.0","id":3,"method":"c"}"#;
        let mut work = PendingRequest::new(&mut frames(&["client", "", lines])).expect("a request");
        for position in [7, 9] {
            work.reply.extend_from_slice(b"answer\n");
            work.answered += 1;
            work.put_aside(position);
        }
        let full = Error::from(common::Detail::StorageFull);
        work.refuse_back(8, &full);
        let refusal = r#"{"jsonrpc":"2.0","id":2,"error":{"code":5070,"message":"the server's disk is full, and nothing was stored: its operator must free space","data":{"reason":"storage_full","detail":"storage_full"}}}"#;
        assert_eq!(
            (String::from_utf8_lossy(&work.reply), work.answered),
            (format!("answer\n{refusal}\n").into(), 2)
        );
        work.go_back(8);
        assert_eq!((&*work.reply, work.answered), (&b"answer\n"[..], 1));
        work.go_back(6);
        assert_eq!((&*work.reply, work.answered), (&b""[..], 0));
    }
}
