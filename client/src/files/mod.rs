//! Uploads and downloads of files, in chunks.

mod download;
mod names;
mod chunk_window;
mod typed_path;
mod upload;

use std::io;

use common::ContentHash;
use disk::ReadFile;
use sha2::{Digest as _, Sha256};

pub(crate) use download::{Download, fetch};
pub(crate) use names::{local_name, numbered};
pub(crate) use typed_path::typed_path;
pub(crate) use upload::{FileToSend, send};

/// The size in bytes of one read for hashing.
const BUFFER_BYTES: usize = 1 << 20;

/// The length and the SHA-256 of a file.
fn measure(file: &ReadFile) -> io::Result<(u64, ContentHash)> {
    let (mut hasher, mut length, mut buffer) = (Sha256::new(), 0, vec![0; BUFFER_BYTES]);
    loop {
        let read = file.read_at(&mut buffer, length)?;
        if read == 0 {
            return Ok((length, ContentHash(hasher.finalize().into())));
        }
        hasher.update(buffer.get(..read).unwrap_or_default());
        length += read as u64;
    }
}
