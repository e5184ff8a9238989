//! A request frame whose lines are being answered, and its reply so far.
//!
//! Lines are answered in order. When a line needs a job, such as a password hash, the frame is put aside; the
//! engine continues at that line with the outcome of the job. So one frame may log in and then send. A frame
//! of one line may carry bytes, and so may its reply.

use std::sync::Arc;

use common::{Error, rpc};
use transport::Frame;

/// The envelope of a request: the frames that route the reply back to the sender.
#[derive(Default)]
pub struct Route(Vec<Frame>);

/// A request frame that is being answered.
pub struct PendingRequest {
    /// The envelope of the reply.
    pub route: Route,
    /// The request lines.
    pub request: Frame,
    /// The bytes after the lines. They are kept until the reply is sent, because the lines may be answered
    /// again.
    pub bytes: Option<Arc<Frame>>,
    /// The number of lines answered.
    pub answered: usize,
    /// The reply lines so far.
    pub reply: Vec<u8>,
    /// The bytes after the reply lines.
    pub attached: Option<Vec<u8>>,
    /// The progress at each time when the frame was put aside.
    stages: Vec<Stage>,
}

/// The progress of a frame.
struct Stage {
    /// The record that the replies so far rest on.
    position: u64,
    answered: usize,
    reply_bytes: usize,
}

impl PendingRequest {
    /// Splits a message into the envelope up to the empty frame, the lines, and the bytes. Returns `None`
    /// when the empty frame or the lines are missing, because such a message cannot be answered.
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

    /// The frames of the reply: envelope, lines, and bytes if it has some.
    pub fn into_reply(self) -> impl Iterator<Item = Frame> {
        let Self { route, reply, attached, .. } = self;
        route.0.into_iter().chain([Frame::from(reply)]).chain(attached.map(Frame::from))
    }

    /// The size of the reply in bytes.
    #[must_use]
    pub fn reply_bytes(&self) -> usize {
        self.reply.len() + self.attached.as_ref().map_or(0, Vec::len)
    }

    /// Saves the progress before the frame is put aside. The replies so far rest on the record `position`.
    pub fn put_aside(&mut self, position: u64) {
        self.stages.push(Stage { position, answered: self.answered, reply_bytes: self.reply.len() });
    }

    /// Discards the replies that rest on a record after `durable`, so that their lines are answered again.
    pub fn go_back(&mut self, durable: u64) {
        self.stages.retain(|stage| stage.position <= durable);
        let (answered, bytes) =
            self.stages.last().map_or((0, 0), |stage| (stage.answered, stage.reply_bytes));
        self.answered = answered;
        self.reply.truncate(bytes);
        self.attached = None;
    }

    /// As [`go_back`](Self::go_back), for a frame that is put aside. It waits at a later line, so the
    /// discarded replies become errors.
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

/// Answers a line with an error, under the line's id if it has one.
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
    fn the_reply_has_the_envelope_of_the_request() {
        let mut pending =
            PendingRequest::new(&mut frames(&["broker", "client", "", "lines", "bytes"])).expect("a request");
        assert_eq!(
            (&*pending.request, pending.bytes.as_ref().map(|bytes| &***bytes)),
            (&b"lines"[..], Some(&b"bytes"[..]))
        );
        (pending.reply, pending.attached) = (b"answer".to_vec(), Some(b"more".to_vec()));
        assert_eq!(pending.reply_bytes(), 10);
        let reply: Vec<_> = pending.into_reply().map(|frame| frame.to_vec()).collect();
        assert_eq!(reply, [&b"broker"[..], b"client", b"", b"answer", b"more"]);
    }

    #[test]
    fn a_message_without_an_envelope_is_no_request() {
        assert!(PendingRequest::new(&mut frames(&["broker", "client", "lines"])).is_none());
        assert!(PendingRequest::new(&mut frames(&["broker", "client", ""])).is_none());
        assert!(PendingRequest::new(&mut Vec::new()).is_none());
    }

    #[test]
    fn discarded_replies_are_answered_again_from_where_the_frame_was_put_aside() {
        let lines = r#"{"jsonrpc":"2.0","id":1,"method":"a"}
{"jsonrpc":"2.0","id":2,"method":"b"}
{"jsonrpc":"2.0","id":3,"method":"c"}"#;
        let mut pending = PendingRequest::new(&mut frames(&["client", "", lines])).expect("a request");
        for position in [7, 9] {
            pending.reply.extend_from_slice(b"answer\n");
            pending.answered += 1;
            pending.put_aside(position);
        }
        let full = Error::from(common::Detail::StorageFull);
        pending.refuse_back(8, &full);
        let refusal = r#"{"jsonrpc":"2.0","id":2,"error":{"code":5070,"message":"the server's disk is full, and nothing was stored: its operator must free space","data":{"reason":"storage_full","detail":"storage_full"}}}"#;
        assert_eq!(
            (String::from_utf8_lossy(&pending.reply), pending.answered),
            (format!("answer\n{refusal}\n").into(), 2)
        );
        pending.go_back(8);
        assert_eq!((&*pending.reply, pending.answered), (&b"answer\n"[..], 1));
        pending.go_back(6);
        assert_eq!((&*pending.reply, pending.answered), (&b""[..], 0));
    }
}
