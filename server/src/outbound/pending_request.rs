//! A request frame whose lines are being answered, and its reply so far.
//!
//! Lines are answered in order. When a line needs a job, such as a password hash, the request waits for it,
//! and the engine then continues at that line. So one frame can log in and then send a message. A request
//! or a reply of one line can have a second frame, which contains bytes such as a chunk of a file.

use std::sync::Arc;
use std::time::Duration;

use common::methods::Method;
use common::{Error, rpc};
use transport::Frame;

use super::message_refusals::MessageRefusals;
use transport::client_name::{self, Client, GATEWAY_SENDER, TAG_SENDER_BYTES};

/// The envelope of a request: the frames that route the reply back to the sender.
#[derive(Default)]
pub struct Route(Vec<Frame>);

impl Route {
    /// The client of the request.
    #[must_use]
    pub fn client(&self) -> Client {
        self.0.get(1).map_or(Client::One(None), |name| client_name::client(name))
    }

    /// The sender of a request that the gateway relayed: the last bytes of the tag.
    #[must_use]
    pub fn sender(&self) -> &[u8] {
        let tag = self.0.get(2).map_or(&[][..], |tag| tag);
        tag.last_chunk::<TAG_SENDER_BYTES>().map_or(tag, |sender| sender)
    }

    /// Whether the gateway sent the request for itself, not for one of its clients.
    #[must_use]
    pub fn is_gateway_itself(&self) -> bool {
        self.client() == Client::Gateway && self.sender() == GATEWAY_SENDER
    }

    /// The envelope as one key: the requests of one client have the same key. Each tag of the gateway is a
    /// client. The tags of another client do not count, so a client has one turn with any number of tags.
    #[must_use]
    pub fn key(&self) -> Box<[u8]> {
        let frames = if self.client() == Client::Gateway { self.0.len() } else { self.0.len().min(2) };
        let mut key = Vec::new();
        for frame in self.0.iter().take(frames) {
            key.extend_from_slice(&frame.len().to_le_bytes());
            key.extend_from_slice(frame);
        }
        key.into()
    }
}

/// A request frame that is being answered.
pub struct PendingRequest {
    pub route: Route,
    pub request: Frame,
    /// The bytes after the lines. They are kept until the reply is sent, because the engine may answer the
    /// lines again.
    pub bytes: Option<Arc<Frame>>,
    pub answered: usize,
    /// The reply lines so far.
    pub reply: Vec<u8>,
    /// The bytes after the reply lines.
    pub attached: Option<Vec<u8>>,
    pub message_refusals: MessageRefusals,
    /// The node that forwarded the request; `None` for a client of this node.
    pub origin: Option<Origin>,
    /// The record that must be durable before the reply is sent.
    pub position: u64,
    /// The time since the startup of the server at which the frame arrived.
    pub arrived: Duration,
    /// The method of each answered line; `None` for a line that was refused before its method was read.
    pub methods: Vec<Option<Method>>,
    /// The progress at each line before which the request waited.
    saved: Vec<Progress>,
}

/// The node of a cluster that forwarded a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    pub node: String,
    /// The number that the node gave the request.
    pub ticket: u64,
}

struct Progress {
    /// The record on which the replies so far depend.
    position: u64,
    answered: usize,
    reply_bytes: usize,
}

impl PendingRequest {
    /// Splits a message into the envelope up to the empty frame, the lines, and the bytes. Returns `None` if
    /// the empty frame or the lines are missing.
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
            message_refusals: MessageRefusals::default(),
            origin: None,
            position: 0,
            arrived: Duration::ZERO,
            methods: Vec::new(),
            saved: Vec::new(),
        })
    }

    /// The frames of the request without the name of the broker, for another node.
    pub fn to_forward(&self) -> impl Iterator<Item = Frame> {
        let copied = |frame: &Frame| Frame::from(&**frame);
        let route = self.route.0.iter().skip(1).map(copied);
        let bytes = self.bytes.as_ref().map(|bytes| copied(bytes));
        route.chain([copied(&self.request)]).chain(bytes)
    }

    /// The frames of the reply without the envelope: the lines, and the bytes if there are any.
    pub fn into_reply_body(self) -> impl Iterator<Item = Frame> {
        [Frame::from(self.reply)].into_iter().chain(self.attached.map(Frame::from))
    }

    /// The name of the broker and the rest of the envelope. `None` if the reply cannot be in a bundle: the
    /// broker reads no bundles, or bytes follow the lines.
    #[must_use]
    pub fn bundled_route(&self) -> Option<(&Frame, &[Frame])> {
        let (broker, envelope) = self.route.0.split_first()?;
        let reads_bundles = envelope.first().is_some_and(|name| client_name::reads_bundles(name));
        (reads_bundles && self.attached.is_none()).then_some((broker, envelope))
    }

    /// The frames of the reply: the envelope, the lines, and the bytes if there are any.
    pub fn into_reply(self) -> impl Iterator<Item = Frame> {
        let Self { route, reply, attached, .. } = self;
        route.0.into_iter().chain([Frame::from(reply)]).chain(attached.map(Frame::from))
    }

    /// The size of the reply in bytes.
    #[must_use]
    pub fn reply_bytes(&self) -> usize {
        self.reply.len() + self.attached.as_ref().map_or(0, Vec::len)
    }

    /// The size of the request and of the reply so far, in bytes.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.request.len() + self.bytes.as_ref().map_or(0, |bytes| bytes.len()) + self.reply_bytes()
    }

    /// Saves the progress before the request waits for a job or for a later turn. The replies so far depend
    /// on the record `position`.
    pub fn save_progress(&mut self, position: u64) {
        self.saved.push(Progress { position, answered: self.answered, reply_bytes: self.reply.len() });
    }

    /// Discards the replies that depend on a record after `durable`. The engine then answers their lines
    /// again.
    pub fn roll_back(&mut self, durable: u64) {
        self.saved.retain(|progress| progress.position <= durable);
        let (answered, bytes) =
            self.saved.last().map_or((0, 0), |progress| (progress.answered, progress.reply_bytes));
        self.answered = answered;
        self.methods.truncate(answered);
        self.reply.truncate(bytes);
        self.attached = None;
        self.message_refusals.forget_from(answered);
    }

    /// Replaces the replies that depend on a record after `durable` by errors. Their lines are not answered
    /// again, because the request waits for the job of a later line.
    pub fn roll_back_with_error(&mut self, durable: u64, error: &Error) {
        let answered = self.answered;
        self.roll_back(durable);
        if self.answered < answered {
            self.message_refusals.note_for_all(self.answered, error);
        }
        while self.answered < answered {
            self.refuse_next(error);
        }
    }

    /// Answers all remaining lines with an error. Returns their number; a frame of too many lines counts as
    /// one line.
    pub fn refuse_rest(&mut self, error: &Error) -> u64 {
        let before = self.answered;
        match rpc::lines(&self.request) {
            Ok(lines) => {
                for line in lines.skip(self.answered) {
                    refuse(line, error, &mut self.reply);
                    self.answered += 1;
                    self.methods.push(None);
                }
                (self.answered - before) as u64
            }
            Err(invalid) => {
                rpc::encode_error(&mut self.reply, "null", &invalid);
                1
            }
        }
    }

    /// Answers the next line with an error.
    pub fn refuse_next(&mut self, error: &Error) {
        let line = rpc::lines(&self.request).ok().and_then(|mut lines| lines.nth(self.answered));
        refuse(line.unwrap_or_default(), error, &mut self.reply);
        self.answered += 1;
        self.methods.push(None);
    }
}

/// Answers a line with an error. The reply has the id of the line if the line has one.
pub fn refuse(line: &[u8], error: &Error, out: &mut Vec<u8>) {
    match rpc::decode(line) {
        Ok(request) => rpc::encode_error(out, request.id, error),
        Err(refused) => rpc::encode_error(out, refused.id, &refused.error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frames(contents: &[&str]) -> Vec<Frame> {
        contents.iter().map(|content| Frame::from(*content)).collect()
    }

    #[test]
    fn the_reply_has_the_envelope_of_the_request() {
        let mut pending =
            PendingRequest::new(&mut frames(&["broker", "client", "", "lines", "bytes"])).expect("a request");
        assert_eq!(
            (&*pending.request, pending.bytes.as_ref().map(|bytes| &***bytes)),
            (&b"lines"[..], Some(&b"bytes"[..]))
        );
        assert!(pending.bundled_route().is_none(), "the broker reads no bundles");
        (pending.reply, pending.attached) = (b"answer".to_vec(), Some(b"more".to_vec()));
        assert_eq!(pending.reply_bytes(), 10);
        let reply: Vec<_> = pending.into_reply().map(|frame| frame.to_vec()).collect();
        assert_eq!(reply, [&b"broker"[..], b"client", b"", b"answer", b"more"]);
    }

    #[test]
    fn a_reply_with_attached_bytes_is_not_bundled() {
        let mut pending = PendingRequest::new(&mut frames(&["broker", "\u{1}client", "tag", "", "lines"]))
            .expect("a request");
        let (broker, envelope) = pending.bundled_route().expect("a reply for a bundle");
        assert_eq!(
            (&**broker, &*envelope[0], &*envelope[1]),
            (&b"broker"[..], &b"\x01client"[..], &b"tag"[..])
        );
        assert_eq!((envelope.len(), envelope[2].len()), (3, 0));
        pending.attached = Some(b"more".to_vec());
        assert!(pending.bundled_route().is_none());
    }

    #[test]
    fn a_message_without_an_envelope_is_not_a_request() {
        assert!(PendingRequest::new(&mut frames(&["broker", "client", "lines"])).is_none());
        assert!(PendingRequest::new(&mut frames(&["broker", "client", ""])).is_none());
        assert!(PendingRequest::new(&mut Vec::new()).is_none());
    }

    #[test]
    fn each_tag_of_the_gateway_is_a_client_and_the_tags_of_others_do_not_count() {
        let route = |client, tag: &str| {
            let name = client_name::extend(b"name", client, b"this run");
            let mut frames = vec![Frame::from("broker"), name, Frame::from(tag), Frame::new(), "x".into()];
            PendingRequest::new(&mut frames).expect("a request").route
        };
        let [one, other] = ["connect1sender-1", "connect2sender-1"].map(|tag| route(Client::Gateway, tag));
        assert_ne!(one.key(), other.key());
        assert_eq!((one.sender(), other.sender()), (&b"sender-1"[..], &b"sender-1"[..]));
        let [one, other] = ["one", "other"].map(|tag| route(Client::One(None), tag));
        assert_eq!(one.key(), other.key());
    }

    #[test]
    fn discarded_lines_are_answered_again_from_the_saved_progress() {
        let lines = r#"{"jsonrpc":"2.0","id":1,"method":"a"}
{"jsonrpc":"2.0","id":2,"method":"b"}
{"jsonrpc":"2.0","id":3,"method":"c"}"#;
        let mut pending = PendingRequest::new(&mut frames(&["client", "", lines])).expect("a request");
        for position in [7, 9] {
            pending.reply.extend_from_slice(b"answer\n");
            pending.answered += 1;
            pending.save_progress(position);
        }
        let full = Error::from(common::Detail::StorageFull);
        pending.roll_back_with_error(8, &full);
        let refusal = r#"{"jsonrpc":"2.0","id":2,"error":{"code":5070,"message":"the server's disk is full, and nothing was stored: its operator must free space","data":{"reason":"storage_full","detail":"storage_full"}}}"#;
        assert_eq!(
            (String::from_utf8_lossy(&pending.reply), pending.answered),
            (format!("answer\n{refusal}\n").into(), 2)
        );
        pending.roll_back(8);
        assert_eq!((&*pending.reply, pending.answered), (&b"answer\n"[..], 1));
        pending.roll_back(6);
        assert_eq!((&*pending.reply, pending.answered), (&b""[..], 0));
    }
}
