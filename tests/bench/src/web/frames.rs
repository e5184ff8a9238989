//! The frames of WebSockets (RFC 6455, section 5.2), as far as the bench needs them.

use anyhow::{Result, bail};

const TEXT: u8 = 0x81;
const CLOSE: u8 = 0x88;
const PING: u8 = 0x89;
const PONG: u8 = 0x8a;
const MASKED: u8 = 0x80;

/// A text frame of a client. The mask is zero, so the text is unchanged.
pub(crate) fn text_frame(text: &[u8]) -> Vec<u8> {
    frame(TEXT | MASKED, text)
}

/// The answer to a ping without a payload.
pub(crate) fn pong_frame() -> Vec<u8> {
    frame(PONG, b"")
}

fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    let mut frame = vec![first];
    match (u8::try_from(payload.len()), u16::try_from(payload.len())) {
        (Ok(length @ 0..126), _) => frame.push(MASKED | length),
        (_, Ok(length)) => {
            frame.push(MASKED | 126);
            frame.extend_from_slice(&length.to_be_bytes());
        }
        _ => {
            frame.push(MASKED | 127);
            frame.extend_from_slice(&(payload.len() as u64).to_be_bytes());
        }
    }
    frame.extend_from_slice(&[0; 4]);
    frame.extend_from_slice(payload);
    frame
}

/// A frame of the gateway.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Received<'a> {
    /// One or more lines.
    Text(&'a [u8]),
    Ping,
}

/// Received bytes that are not read as frames yet.
#[derive(Default)]
pub(crate) struct Frames {
    bytes: Vec<u8>,
    /// The bytes of frames that were read.
    read: usize,
}

impl Frames {
    /// Adds received bytes.
    pub(crate) fn add(&mut self, received: &[u8]) {
        self.bytes.drain(..self.read);
        self.read = 0;
        self.bytes.extend_from_slice(received);
    }

    /// The next complete frame. Fails if the connection was closed.
    pub(crate) fn next_frame(&mut self) -> Result<Option<Received<'_>>> {
        let rest = self.bytes.get(self.read..).unwrap_or_default();
        let Some((kind, payload, length)) = split(rest) else { return Ok(None) };
        self.read += length;
        match kind {
            TEXT => Ok(Some(Received::Text(payload))),
            PING => Ok(Some(Received::Ping)),
            CLOSE => bail!("the WebSocket was closed: {}", payload.escape_ascii()),
            _ => bail!("an unexpected frame {kind:#x}"),
        }
    }
}

/// Splits off a frame without a mask: its first byte, its payload, and its length.
fn split(bytes: &[u8]) -> Option<(u8, &[u8], usize)> {
    let (start, length) = match *bytes.get(1)? {
        126 => (4, u64::from(u16::from_be_bytes(*bytes.get(2..)?.first_chunk()?))),
        127 => (10, u64::from_be_bytes(*bytes.get(2..)?.first_chunk()?)),
        length => (2, u64::from(length)),
    };
    let end = usize::try_from(length).ok()?.checked_add(start)?;
    Some((*bytes.first()?, bytes.get(start..end)?, end))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_are_read_however_their_bytes_arrive() {
        let long = [b'x'; 300];
        let mut sent = vec![0x81, 2, b'h', b'i', 0x89, 0, 0x81, 126, 1, 44];
        sent.extend_from_slice(&long);
        for step in [1, 3, sent.len()] {
            let (mut frames, mut seen) = (Frames::default(), Vec::new());
            for part in sent.chunks(step) {
                frames.add(part);
                while let Some(frame) = frames.next_frame().expect("a frame") {
                    seen.push(match frame {
                        Received::Text(text) => text.len(),
                        Received::Ping => 0,
                    });
                }
            }
            assert_eq!(seen, [2, 0, 300], "{step} bytes at a time");
        }
    }

    #[test]
    fn a_close_frame_is_an_error() {
        let mut frames = Frames::default();
        frames.add(&[0x88, 2, 0x11, 0x31]);
        assert!(frames.next_frame().is_err());
    }

    #[test]
    fn frames_of_clients_have_a_mask_of_zero() {
        assert_eq!(text_frame(b"hi"), [0x81, 0x82, 0, 0, 0, 0, b'h', b'i']);
        let long = text_frame(&[b'x'; 300]);
        assert_eq!((&long[..8], long.len()), (&[0x81, 0xfe, 1, 44, 0, 0, 0, 0][..], 308));
        assert_eq!(text_frame(&vec![b'x'; 70_000])[..10], [0x81, 0xff, 0, 0, 0, 0, 0, 1, 0x11, 0x70]);
    }
}
