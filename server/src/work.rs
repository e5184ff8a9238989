//! One request frame on its way: which of its lines have been answered, and how.
//!
//! Lines are answered in order. A line that needs a password hashed puts the frame aside until the hash is
//! there; then that very line is taken up again. So a frame may log in and go on. A frame of one line may have bytes
//! behind it, and its reply too.

use common::{Error, rpc};
use transport::Frame;

/// The envelope of a request: the frames that bring a reply back to where the request came from.
#[derive(Default)]
pub struct Route(Vec<Frame>);

impl Route {
    /// The frames of a reply: lines, and bytes where there are some.
    pub fn into_reply(self, lines: Vec<u8>, bytes: Option<Vec<u8>>) -> impl Iterator<Item = Frame> {
        self.0.into_iter().chain([Frame::from(lines)]).chain(bytes.map(Frame::from))
    }
}

/// A request frame that is being answered.
pub struct Work {
    /// Where the reply goes.
    pub route: Route,
    /// The request lines.
    pub request: Frame,
    /// What came behind them.
    pub bytes: Option<Frame>,
    /// How many of them have been answered.
    pub answered: usize,
    /// The reply lines so far.
    pub reply: Vec<u8>,
    /// What goes behind them.
    pub reply_bytes: Option<Vec<u8>>,
}

impl Work {
    /// Takes a message apart: the envelope up to the empty frame, then the lines. `None` when there is no
    /// empty frame, or nothing behind it: nobody could be answered, or nothing.
    pub fn new(frames: &mut Vec<Frame>) -> Option<Self> {
        let delimiter = frames.iter().position(|frame| frame.is_empty())?;
        let mut body = frames.drain(delimiter + 1..);
        let (request, bytes) = (body.next()?, body.next());
        drop(body);
        let route = Route(std::mem::take(frames));
        Some(Self { route, request, bytes, answered: 0, reply: Vec::new(), reply_bytes: None })
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
        let work = Work::new(&mut frames(&["broker", "client", "", "lines", "bytes"])).expect("a request");
        assert_eq!(&*work.request, b"lines");
        assert_eq!(work.bytes.as_deref(), Some(&b"bytes"[..]));
        let reply = work.route.into_reply(b"answer".to_vec(), Some(b"more".to_vec()));
        let reply: Vec<_> = reply.map(|frame| frame.to_vec()).collect();
        assert_eq!(reply, [&b"broker"[..], b"client", b"", b"answer", b"more"]);
    }

    #[test]
    fn a_message_without_an_envelope_is_no_request() {
        assert!(Work::new(&mut frames(&["broker", "client", "lines"])).is_none());
        assert!(Work::new(&mut frames(&["broker", "client", ""])).is_none());
        assert!(Work::new(&mut Vec::new()).is_none());
    }
}
