//! Files that are sent and fetched: reading them, writing them, and asking for the parts in between. Beside `config`
//! and the outbox the only place of the client that touches the disk.

mod download;
mod names;
mod chunk_window;
mod typed;
mod upload;

use std::fs::File;
use std::io::{self, Read as _};

use common::ContentHash;
use sha2::{Digest as _, Sha256};

pub(crate) use download::{Download, fetch};
pub(crate) use names::{local, numbered};
pub(crate) use typed::typed;
pub(crate) use upload::{Chosen, send};

/// Bytes read at a time for hashing.
const PIECE_BYTES: usize = 1 << 20;

/// The length and the SHA-256 of what is left of a file.
fn measure(file: &mut File) -> io::Result<(u64, ContentHash)> {
    let (mut hasher, mut length, mut piece) = (Sha256::new(), 0, vec![0; PIECE_BYTES]);
    loop {
        let read = file.read(&mut piece)?;
        if read == 0 {
            return Ok((length, ContentHash(hasher.finalize().into())));
        }
        hasher.update(piece.get(..read).unwrap_or_default());
        length += read as u64;
    }
}
