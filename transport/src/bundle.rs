//! Bundles: many small messages of clients in one message between broker and server.
//!
//! A message of three frames costs libzmq more than its bytes do. So the broker sends the small requests that
//! it has received in one turn as one bundle, and the server sends the small replies of one turn as one
//! bundle. A bundle contains only messages that have already arrived: the sender never waits for more.
//!
//! A bundle is one frame: `bundle.1`, and then each message:
//!
//! ```text
//! bytes of the name (1)  of the tag (1)  of the body (2, little-endian)  name  tag  body
//! ```
//!
//! These are the frames `[name] [""] [body]`, or `[name] [tag] [""] [body]` if there is a tag. Every other
//! message is too large for a bundle, or has more frames, and is sent alone.

use crate::client_name::TAG_BYTES_MAX;
use crate::socket::Frame;

/// The first bytes of a bundle. A version of papo without bundles counts such a message as malformed.
const MARK: &[u8] = b"bundle.1";

/// The maximum bytes of a body in a bundle. Copying a larger body would cost as much as its frames.
pub const BODY_BYTES_MAX: usize = 4 * 1024;

/// The maximum number of messages in a bundle. The cost of the bundle is then a small part of the cost of
/// its messages, and the receiver begins with the first message while the sender reads the next ones.
pub const MESSAGES_MAX: usize = 32;

/// The size at which a bundle is full. The last message may exceed it, so a bundle has at most 37 KiB.
const FULL_BYTES: usize = 32 * 1024;

/// The bytes before each message: the lengths of its name, tag and body.
const HEADER_BYTES: usize = 4;

const _: () =
    assert!(TAG_BYTES_MAX <= u8::MAX as usize && BODY_BYTES_MAX <= u16::MAX as usize, "in a header");

/// Whether a frame, which is the whole message, is a bundle.
#[must_use]
pub fn is_bundle(frame: &[u8]) -> bool {
    frame.starts_with(MARK)
}

/// Collects messages for one bundle. The memory is reused for the next bundle.
#[derive(Debug, Default)]
pub struct Bundle {
    bytes: Vec<u8>,
    messages: usize,
}

impl Bundle {
    /// Adds a message: its envelope, which is a name, perhaps a tag, and an empty frame; and its body.
    /// Returns false if the message must be sent alone, after the bundle.
    pub fn push(&mut self, envelope: &[Frame], body: &[u8]) -> bool {
        let (name, tag) = match envelope {
            [name, end] if end.is_empty() => (name, &[][..]),
            [name, tag, end] if end.is_empty() && !tag.is_empty() => (name, &**tag),
            _ => return false,
        };
        let lengths = (u8::try_from(name.len()), u8::try_from(tag.len()), u16::try_from(body.len()));
        let (Ok(name_bytes), Ok(tag_bytes), Ok(body_bytes)) = lengths else { return false };
        if self.is_full() || tag.len() > TAG_BYTES_MAX || body.len() > BODY_BYTES_MAX {
            return false;
        }
        if self.is_empty() {
            self.bytes.extend_from_slice(MARK);
        }
        let [low, high] = body_bytes.to_le_bytes();
        for part in [&[name_bytes, tag_bytes, low, high][..], name, tag, body] {
            self.bytes.extend_from_slice(part);
        }
        self.messages += 1;
        true
    }

    /// The number of messages.
    #[must_use]
    pub fn len(&self) -> usize {
        self.messages
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.messages == 0
    }

    /// Whether the bundle accepts no further message.
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.messages >= MESSAGES_MAX || self.bytes.len() >= FULL_BYTES
    }

    /// The bundle as a frame.
    #[must_use]
    pub fn to_frame(&self) -> Frame {
        Frame::from(self.bytes.as_slice())
    }

    pub fn clear(&mut self) {
        self.bytes.clear();
        self.messages = 0;
    }
}

/// The frame is not a bundle of 1 to [`MESSAGES_MAX`] messages. The whole frame must be dropped.
#[derive(Debug, PartialEq, Eq)]
pub struct Malformed;

/// Reads the messages of a received bundle.
#[derive(Debug)]
pub struct BundleReader {
    frame: Frame,
    offset: usize,
}

impl BundleReader {
    /// Checks the whole bundle, so the receiver uses all of its messages or none.
    ///
    /// # Errors
    /// [`Malformed`].
    pub fn new(frame: Frame) -> Result<Self, Malformed> {
        let mut rest = frame.strip_prefix(MARK).ok_or(Malformed)?;
        let mut messages = 0;
        while messages == 0 || !rest.is_empty() {
            (_, rest) = split(rest).filter(|_| messages < MESSAGES_MAX).ok_or(Malformed)?;
            messages += 1;
        }
        Ok(Self { frame, offset: MARK.len() })
    }

    /// Whether all messages were read.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.offset >= self.frame.len()
    }

    /// Appends the frames of the next message. Returns false if all messages were read.
    pub fn next(&mut self, frames: &mut Vec<Frame>) -> bool {
        let bytes = self.frame.get(self.offset..).unwrap_or_default();
        let Some(([name, tag, body], rest)) = split(bytes) else { return false };
        frames.push(Frame::from(name));
        if !tag.is_empty() {
            frames.push(Frame::from(tag));
        }
        frames.extend([Frame::new(), Frame::from(body)]);
        self.offset = self.frame.len() - rest.len();
        true
    }
}

/// The name, the tag and the body of the message at the start of `bytes`, and the bytes after the message.
/// `None` if the message is incomplete, or if its tag or body is too long.
fn split(bytes: &[u8]) -> Option<([&[u8]; 3], &[u8])> {
    let (&[name_bytes, tag_bytes, low, high], rest) = bytes.split_first_chunk::<HEADER_BYTES>()?;
    let (tag_bytes, body_bytes) = (usize::from(tag_bytes), usize::from(u16::from_le_bytes([low, high])));
    if tag_bytes > TAG_BYTES_MAX || body_bytes > BODY_BYTES_MAX {
        return None;
    }
    let (name, rest) = rest.split_at_checked(usize::from(name_bytes))?;
    let (tag, rest) = rest.split_at_checked(tag_bytes)?;
    let (body, rest) = rest.split_at_checked(body_bytes)?;
    Some(([name, tag, body], rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn envelope(frames: &[&[u8]]) -> Vec<Frame> {
        frames.iter().map(|frame| Frame::from(*frame)).collect()
    }

    /// The frames of each message of a bundle.
    fn messages(bytes: &[u8]) -> Result<Vec<Vec<Vec<u8>>>, Malformed> {
        assert!(is_bundle(bytes));
        let mut reader = BundleReader::new(Frame::from(bytes))?;
        let (mut messages, mut frames) = (Vec::new(), Vec::new());
        while reader.next(&mut frames) {
            messages.push(frames.drain(..).map(|frame| frame.to_vec()).collect());
        }
        assert!(reader.is_empty() && !reader.next(&mut frames) && frames.is_empty());
        Ok(messages)
    }

    #[test]
    fn a_bundle_has_these_bytes() {
        let mut bundle = Bundle::default();
        assert!(bundle.push(&envelope(&[b"alice", b""]), b"{}\n"));
        assert!(bundle.push(&envelope(&[b"irc", b"tag", b""]), b""));
        let bytes = b"bundle.1\x05\0\x03\0alice{}\n\x03\x03\0\0irctag";
        assert_eq!((&*bundle.to_frame(), bundle.len()), (&bytes[..], 2));
        let read = [vec![&b"alice"[..], b"", b"{}\n"], vec![&b"irc"[..], b"tag", b"", b""]];
        let read = read.map(|frames| frames.iter().map(|frame| frame.to_vec()).collect::<Vec<_>>());
        assert_eq!(messages(bytes), Ok(read.to_vec()));
        bundle.clear();
        assert!(bundle.is_empty());
        assert!(bundle.push(&envelope(&[b"b", b""]), b"next"));
        assert_eq!(&*bundle.to_frame(), b"bundle.1\x01\0\x04\0bnext");
    }

    #[test]
    fn other_messages_are_sent_alone() {
        let mut bundle = Bundle::default();
        let large = vec![b'x'; BODY_BYTES_MAX + 1];
        for (frames, body) in [
            (&[b"name".as_slice(), b"", b"lines"][..], &b"bytes"[..]),
            (&[b"name", b"", b""], b"bytes"),
            (&[b"name", b"tag", b"", b"lines"], b"bytes"),
            (&[b"name", b"no delimiter"], b"lines"),
            (&[b"name", &[7; TAG_BYTES_MAX + 1], b""], b"lines"),
            (&[&[7; 256], b""], b"lines"),
            (&[b"name", b""], &large),
            (&[b"name"], b"lines"),
            (&[], b"lines"),
        ] {
            assert!(!bundle.push(&envelope(frames), body), "{frames:?}");
        }
        assert!(bundle.is_empty());
        assert!(bundle.push(&envelope(&[&[7; 255], &[8; TAG_BYTES_MAX], b""]), &large[1..]));
    }

    #[test]
    fn a_bundle_is_full_by_count_or_by_bytes() {
        for (body, count) in [(&b"x"[..], MESSAGES_MAX), (&[0; BODY_BYTES_MAX], FULL_BYTES / BODY_BYTES_MAX)]
        {
            let mut bundle = Bundle::default();
            while !bundle.is_full() {
                assert!(bundle.push(&envelope(&[b"name", b""]), body));
            }
            assert!(!bundle.push(&envelope(&[b"name", b""]), b""), "the bundle is full");
            assert_eq!(bundle.len(), count);
            assert_eq!(messages(&bundle.to_frame()).expect("a bundle").len(), count);
        }
    }

    #[test]
    fn a_malformed_bundle_is_refused_whole() {
        let good = b"\x01\0\x01\0ab";
        for bad in [
            &b"\x01"[..],
            b"\x01\0\x01\0",
            b"\x01\0\x02\0ab",
            b"\x01\x11\0\0a0123456789abcdef0",
            &[&b"\0\0\x01\x10"[..], &[0; BODY_BYTES_MAX + 1]].concat(),
            &good.repeat(MESSAGES_MAX),
        ] {
            assert_eq!(messages(&[MARK, good, bad].concat()), Err(Malformed), "{bad:?}");
        }
        assert_eq!(messages(MARK), Err(Malformed), "a bundle has a message");
        assert_eq!(
            messages(&[MARK, &good.repeat(MESSAGES_MAX)].concat()).map(|all| all.len()),
            Ok(MESSAGES_MAX)
        );
        assert_eq!(BundleReader::new(Frame::from("bundle.2")).err(), Some(Malformed));
    }
}
