//! The body of an upload: its bytes wait in a file without a name until the body is complete.

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use axum::http::StatusCode;
use bytes::{Bytes, BytesMut};
use common::Detail;
use common::limits::FILE_CHUNK_BYTES_MAX;
use disk::Scratch;
use futures_util::{Stream, StreamExt as _};
use sha2::{Digest as _, Sha256};
use tokio::task::spawn_blocking;
use transport::clock;

use super::super::answer::{Failure, refuse};
use super::Refused;
use crate::limits::{BODY_PART_MS_MAX, UPLOAD_BYTES_PER_SECOND_MIN, UPLOAD_START_MS_MAX};

/// A complete body.
pub(super) struct Received {
    scratch: Arc<Scratch>,
    pub(super) bytes: u64,
    pub(super) sha256: [u8; 32],
}

impl Received {
    pub(super) async fn part(&self, offset: u64, length: usize) -> io::Result<Bytes> {
        let scratch = Arc::clone(&self.scratch);
        let read = spawn_blocking(move || {
            let mut bytes = vec![0; length];
            scratch.read_exact_at(&mut bytes, offset).map(|()| bytes.into())
        });
        read.await.map_err(io::Error::other).flatten()
    }
}

/// Receives a body of at most `max` bytes, and of `announced` bytes if the client has announced a length.
pub(super) async fn receive<E>(
    mut body: impl Stream<Item = Result<Bytes, E>> + Unpin,
    folder: &Path,
    announced: Option<u64>,
    max: u64,
) -> Result<Received, Refused> {
    let started_ms = clock::monotonic_ms();
    let mut writer = Writer::create(folder)?;
    loop {
        let patience_ms = patience_ms(writer.received, clock::monotonic_ms().saturating_sub(started_ms));
        match tokio::time::timeout(Duration::from_millis(patience_ms), body.next()).await {
            Ok(Some(Ok(part))) => writer.add(&part, max).await?,
            Ok(Some(Err(_cut))) => return Err(incomplete()),
            Ok(None) if announced.is_none_or(|announced| announced == writer.received) => break,
            Ok(None) => return Err(incomplete()),
            Err(_elapsed) => return Err(too_slow()),
        }
    }
    writer.finish().await
}

/// The milliseconds in which the next bytes of a body must arrive. The body as a whole has a minimum rate.
fn patience_ms(received: u64, elapsed_ms: u64) -> u64 {
    let permitted_ms = UPLOAD_START_MS_MAX + received.saturating_mul(1_000) / UPLOAD_BYTES_PER_SECOND_MIN;
    permitted_ms.saturating_sub(elapsed_ms).min(BODY_PART_MS_MAX)
}

fn incomplete() -> Refused {
    let message = "the body ended before the end of the file: send the file again";
    refuse(StatusCode::BAD_REQUEST, "incomplete", message).into()
}

fn too_slow() -> Refused {
    let message = "the file arrived too slowly: send it again over a faster connection";
    refuse(StatusCode::REQUEST_TIMEOUT, "too_slow", message).into()
}

/// The error of a temporary file.
fn unwritten(error: &io::Error) -> Refused {
    tracing::warn!(%error, "cannot write a temporary file for an upload");
    let is_full = matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded);
    let detail = if is_full { Detail::UploadStorageFull } else { Detail::FilesUnavailable };
    Failure::from(detail).into()
}

/// Writes the parts of a body in chunks, and hashes them.
struct Writer {
    scratch: Arc<Scratch>,
    hash: Sha256,
    chunk: BytesMut,
    written: u64,
    received: u64,
}

impl Writer {
    fn create(folder: &Path) -> Result<Self, Refused> {
        let scratch = Arc::new(Scratch::create(folder).map_err(|error| unwritten(&error))?);
        Ok(Self { scratch, hash: Sha256::new(), chunk: BytesMut::new(), written: 0, received: 0 })
    }

    async fn add(&mut self, part: &[u8], max: u64) -> Result<(), Refused> {
        self.received += part.len() as u64;
        if self.received > max {
            return Err(Detail::FileTooLarge { max, bytes: self.received }.into());
        }
        self.chunk.extend_from_slice(part);
        if self.chunk.len() >= FILE_CHUNK_BYTES_MAX { self.write().await } else { Ok(()) }
    }

    /// Writes the chunk on another thread, because a disk can be slow.
    async fn write(&mut self) -> Result<(), Refused> {
        let (scratch, offset) = (Arc::clone(&self.scratch), self.written);
        let (mut hash, chunk) = (std::mem::take(&mut self.hash), self.chunk.split().freeze());
        self.written += chunk.len() as u64;
        let written = spawn_blocking(move || {
            hash.update(&chunk);
            scratch.write_at(&chunk, offset).map(|()| hash)
        });
        let written = written.await.map_err(io::Error::other).flatten();
        self.hash = written.map_err(|error| unwritten(&error))?;
        Ok(())
    }

    async fn finish(mut self) -> Result<Received, Refused> {
        self.write().await?;
        let Self { scratch, hash, written: bytes, .. } = self;
        Ok(Received { scratch, bytes, sha256: hash.finalize().into() })
    }
}

#[cfg(test)]
mod tests {
    use futures_util::stream;

    use super::*;

    /// The outcome of a body of these parts: its length, or the status of the answer.
    fn outcome(parts: &[&'static [u8]], announced: Option<u64>, max: u64) -> Result<(u64, Vec<u8>), u16> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        let folder = tempfile::tempdir().expect("a folder");
        let outcome = runtime.block_on(async {
            let body = stream::iter(parts.iter().map(|part| Ok::<_, io::Error>(Bytes::from_static(part))));
            let received = receive(body, folder.path(), announced, max).await;
            let received = received.map_err(|refused| refused.0.status().as_u16())?;
            let length = usize::try_from(received.bytes).expect("a length");
            let bytes = received.part(0, length).await.expect("read");
            assert_eq!(received.sha256[..], Sha256::digest(&bytes)[..]);
            Ok((received.bytes, bytes.to_vec()))
        });
        assert_eq!(disk::list(folder.path()).expect("a list").len(), 0, "no file is left");
        outcome
    }

    #[test]
    fn a_body_is_complete_or_refused() {
        assert_eq!(outcome(&[b"hello ", b"world"], Some(11), 11), Ok((11, b"hello world".to_vec())));
        assert_eq!(outcome(&[b"hello ", b"world"], None, 11), Ok((11, b"hello world".to_vec())));
        assert_eq!(outcome(&[], None, 11), Ok((0, Vec::new())));
        assert_eq!(outcome(&[b"hello ", b"world"], None, 10), Err(413));
        assert_eq!(outcome(&[b"hello ", b"world"], Some(12), 20), Err(400));
        assert_eq!(outcome(&[b"hello ", b"world"], Some(10), 20), Err(400));
        static LARGE: [u8; 600_000] = [7; 600_000];
        assert_eq!(outcome(&[&LARGE, b"end"], None, 1 << 20).map(|(bytes, _)| bytes), Ok(600_003));
    }

    #[test]
    fn a_body_has_a_minimum_rate() {
        assert_eq!(patience_ms(0, 0), UPLOAD_START_MS_MAX);
        // One byte a second.
        assert_eq!((patience_ms(9, 9_000), patience_ms(10, 10_000)), (1_000, 0));
        // Some seconds of silence after a fast start, but no more.
        assert_eq!(patience_ms(100 << 20, 60_000), BODY_PART_MS_MAX);
        let slow = 60 * UPLOAD_BYTES_PER_SECOND_MIN;
        assert_eq!((patience_ms(slow, 60_000), patience_ms(slow, 70_000)), (10_000, 0));
    }
}
