//! Transfers of files: reads a file and sends its chunks, or asks for the chunks of a file and writes it.

mod download;
mod names;
mod chunk_window;
mod typed;
mod upload;

use std::io;

use common::ContentHash;
use disk::ReadFile;
use sha2::{Digest as _, Sha256};

pub(crate) use download::{Download, fetch};
pub(crate) use names::{local, numbered};
pub(crate) use typed::typed;
pub(crate) use upload::{Chosen, send};

/// Bytes read at a time for hashing.
const PIECE_BYTES: usize = 1 << 20;

/// The length and the SHA-256 of a file.
fn measure(file: &ReadFile) -> io::Result<(u64, ContentHash)> {
    let (mut hasher, mut length, mut piece) = (Sha256::new(), 0, vec![0; PIECE_BYTES]);
    loop {
        let read = file.read_at(&mut piece, length)?;
        if read == 0 {
            return Ok((length, ContentHash(hasher.finalize().into())));
        }
        hasher.update(piece.get(..read).unwrap_or_default());
        length += read as u64;
    }
}
