//! TLS over a connection. The buffers exist only while they contain bytes: the stream of `tokio-rustls` keeps
//! 4 KiB for each idle connection.

use std::future::poll_fn;
use std::io;
use std::mem::MaybeUninit;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use rustls::ServerConfig;
use rustls::server::UnbufferedServerConnection;
use rustls::unbuffered::{
    ConnectionState, EncodeError, EncryptError, InsufficientSizeError, UnbufferedStatus,
};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// The maximum bytes of received records that rustls has not processed. A record has at most 18 KiB, and the
/// longest message of a handshake is the list of a client's parameters.
const RECEIVED_BYTES_MAX: usize = 64 << 10;

/// The bytes that one read requests. They are on the stack.
const READ_BYTES: usize = 16 << 10;

/// The maximum bytes of the plaintext in one record.
const RECORD_BYTES_MAX: usize = 16 << 10;

/// The maximum bytes that TLS adds to a short record: a header, a nonce, a type and a tag.
const OVERHEAD_BYTES: usize = 64;

/// The server's side of a connection.
pub(crate) struct Session<S> {
    stream: S,
    connection: UnbufferedServerConnection,
    /// Records of the client that are not complete.
    received: Vec<u8>,
    /// Plaintext of the client that the reader has not taken.
    plaintext: Bytes,
    /// Records that are not sent yet.
    records: Bytes,
    /// Whether the client sent its last record.
    is_ended: bool,
    /// Whether rustls has returned an error. It must process no further record then.
    is_broken: bool,
}

/// A queue of bytes that uses no memory while it is empty.
#[derive(Default)]
struct Bytes {
    bytes: Vec<u8>,
    taken: usize,
}

impl Bytes {
    fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    fn rest(&self) -> &[u8] {
        self.bytes.get(self.taken..).unwrap_or_default()
    }

    fn take(&mut self, count: usize) {
        self.taken += count;
        if self.taken >= self.bytes.len() {
            *self = Self::default();
        }
    }

    /// Appends what `write` writes into a slice, and returns the bytes that it needs if the slice is too short.
    fn append<E: Into<Needed>>(
        &mut self,
        expected: usize,
        mut write: impl FnMut(&mut [u8]) -> Result<usize, E>,
    ) -> io::Result<()> {
        let before = self.bytes.len();
        let mut length = expected;
        loop {
            self.bytes.resize(before + length, 0);
            let written = write(self.bytes.get_mut(before..).unwrap_or_default());
            match written.map_err(Into::into) {
                Ok(count) => {
                    self.bytes.truncate(before + count);
                    return Ok(());
                }
                Err(Needed(Some(needed))) if needed > length => length = needed,
                Err(Needed(_)) => {
                    self.bytes.truncate(before);
                    return Err(io::Error::other("the keys of the connection are exhausted"));
                }
            }
        }
    }
}

/// The bytes that a record needs; `None` if there is another reason why it cannot be written.
struct Needed(Option<usize>);

impl From<EncodeError> for Needed {
    fn from(error: EncodeError) -> Self {
        match error {
            EncodeError::InsufficientSize(InsufficientSizeError { required_size }) => {
                Self(Some(required_size))
            }
            EncodeError::AlreadyEncoded => Self(None),
        }
    }
}

impl From<EncryptError> for Needed {
    fn from(error: EncryptError) -> Self {
        match error {
            EncryptError::InsufficientSize(InsufficientSizeError { required_size }) => {
                Self(Some(required_size))
            }
            EncryptError::EncryptExhausted => Self(None),
        }
    }
}

/// The plaintext that [`Session::process`] encrypts.
#[derive(Clone, Copy)]
enum Plaintext<'a> {
    None,
    Data(&'a [u8]),
    /// The record that ends the connection.
    Close,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Session<S> {
    /// Performs the handshake. After a failure, the client receives the alert.
    pub(crate) async fn accept(config: Arc<ServerConfig>, stream: S) -> io::Result<Self> {
        let connection = UnbufferedServerConnection::new(config).map_err(io::Error::other)?;
        let (plaintext, records) = (Bytes::default(), Bytes::default());
        let mut session = Self {
            stream,
            connection,
            received: Vec::new(),
            plaintext,
            records,
            is_ended: false,
            is_broken: false,
        };
        poll_fn(|context| session.poll_handshake(context)).await?;
        Ok(session)
    }

    /// The protocol that client and server agreed on.
    pub(crate) fn alpn_protocol(&self) -> Option<&[u8]> {
        self.connection.alpn_protocol()
    }

    fn poll_handshake(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        loop {
            ready!(self.poll_send(context))?;
            if !self.connection.is_handshaking() {
                return Poll::Ready(Ok(()));
            }
            if self.is_ended {
                return Poll::Ready(Err(io::ErrorKind::UnexpectedEof.into()));
            }
            ready!(self.poll_receive(context))?;
        }
    }

    /// Reads records, and processes them.
    fn poll_receive(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let mut space = [MaybeUninit::uninit(); READ_BYTES];
        let mut read = ReadBuf::uninit(&mut space);
        ready!(Pin::new(&mut self.stream).poll_read(context, &mut read))?;
        if read.filled().is_empty() {
            // Without the closing record of the client, its last message may be cut.
            return Poll::Ready(Err(io::ErrorKind::UnexpectedEof.into()));
        }
        self.received.extend_from_slice(read.filled());
        let processed = self.process(Plaintext::None);
        if processed.is_err() || !self.records.is_empty() {
            // Alerts and new keys. A record that cannot be sent now is sent before the next data.
            let _sent_or_pending = self.poll_send(context)?;
        }
        Poll::Ready(processed)
    }

    /// Sends all encrypted records.
    fn poll_send(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        while !self.records.is_empty() {
            let sent = ready!(Pin::new(&mut self.stream).poll_write(context, self.records.rest()))?;
            if sent == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            self.records.take(sent);
        }
        Poll::Ready(Ok(()))
    }

    /// Processes the received records, and then encrypts `plaintext`. Frees the buffer of complete records.
    fn process(&mut self, plaintext: Plaintext<'_>) -> io::Result<()> {
        if self.is_broken {
            return Err(io::ErrorKind::BrokenPipe.into());
        }
        let processed = self.process_records(plaintext);
        self.is_broken = processed.is_err();
        if self.received.is_empty() {
            self.received = Vec::new();
        }
        if processed.is_ok() && self.received.len() >= RECEIVED_BYTES_MAX {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "a message of the handshake is too long"));
        }
        processed
    }

    fn process_records(&mut self, plaintext: Plaintext<'_>) -> io::Result<()> {
        let mut failure = None;
        loop {
            let UnbufferedStatus { mut discard, state } =
                self.connection.process_tls_records(&mut self.received);
            let is_done = match state {
                Ok(ConnectionState::ReadTraffic(mut traffic)) => {
                    while let Some(record) = traffic.next_record() {
                        let record = record.map_err(io::Error::other)?;
                        self.plaintext.bytes.extend_from_slice(record.payload);
                        discard += record.discard;
                    }
                    false
                }
                Ok(ConnectionState::EncodeTlsData(mut data)) => {
                    self.records.append(OVERHEAD_BYTES, |slice| data.encode(slice))?;
                    // After an error, only its alert is encoded.
                    failure.is_some()
                }
                Ok(ConnectionState::TransmitTlsData(data)) => {
                    // The records are in the queue, which keeps their order.
                    data.done();
                    false
                }
                Ok(ConnectionState::PeerClosed) => {
                    self.is_ended = true;
                    false
                }
                Ok(ConnectionState::WriteTraffic(mut traffic)) => {
                    match plaintext {
                        Plaintext::None => {}
                        Plaintext::Data(data) => {
                            let expected = data.len() + OVERHEAD_BYTES;
                            self.records.append(expected, |slice| traffic.encrypt(data, slice))?;
                        }
                        Plaintext::Close => {
                            self.records.append(OVERHEAD_BYTES, |slice| traffic.queue_close_notify(slice))?;
                        }
                    }
                    true
                }
                Err(error) => {
                    // The next round returns the alert for the client, if there is one.
                    failure.replace(io::Error::new(io::ErrorKind::InvalidData, error)).is_some()
                }
                Ok(_) => match plaintext {
                    Plaintext::Data(_) => return Err(io::ErrorKind::BrokenPipe.into()),
                    Plaintext::None | Plaintext::Close => true,
                },
            };
            self.received.drain(..discard.min(self.received.len()));
            if is_done {
                return failure.map_or(Ok(()), Err);
            }
        }
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncRead for Session<S> {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let session = self.get_mut();
        while session.plaintext.is_empty() {
            if session.is_ended {
                return Poll::Ready(Ok(()));
            }
            ready!(session.poll_receive(context))?;
        }
        let rest = session.plaintext.rest();
        let count = rest.len().min(buffer.remaining());
        buffer.put_slice(rest.get(..count).unwrap_or_default());
        session.plaintext.take(count);
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Session<S> {
    /// Encrypts one record. At most one record waits, so a client that does not read holds few bytes.
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let session = self.get_mut();
        ready!(session.poll_send(context))?;
        let record = bytes.get(..RECORD_BYTES_MAX).unwrap_or(bytes);
        session.process(Plaintext::Data(record))?;
        let _sent_or_pending = session.poll_send(context)?;
        Poll::Ready(Ok(record.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let session = self.get_mut();
        ready!(session.poll_send(context))?;
        Pin::new(&mut session.stream).poll_flush(context)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let session = self.get_mut();
        if !session.is_broken {
            session.process(Plaintext::Close)?;
        }
        ready!(session.poll_send(context))?;
        Pin::new(&mut session.stream).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests;
