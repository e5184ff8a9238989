//! Commands that tests record before they send requests.

use std::borrow::Cow;

use common::{ContentHash, FileInfo, FileName};
use server::domain::records::TokenDigest;
use server::domain::{Actor, Command};
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use crate::{channel, target, user};

/// Registers a user whose password hash is `hash`, which no password matches.
pub fn register(name: &str) -> Command<'static> {
    Command::Register { user: user(name), password: "hash".into() }
}

/// Opens a session that does not expire.
pub fn log_in(name: &str, token: &str) -> Command<'static> {
    let (session, digest) = (Uuid::nil(), TokenDigest::of(token));
    Command::OpenSession { user: user(name), session, digest, expires: u64::MAX }
}

/// A user who acts on a channel.
pub fn actor(by: &str, name: &str) -> Actor {
    Actor { user: user(by), channel: channel(name) }
}

/// Creates a public channel.
pub fn create(by: &str, channel: &str) -> Command<'static> {
    Command::CreateChannel(actor(by, channel), false)
}

pub fn join(by: &str, channel: &str) -> Command<'static> {
    Command::Join(actor(by, channel))
}

pub fn send<'a>(by: &str, to: &str, id: Uuid, text: impl Into<Cow<'a, str>>) -> Command<'a> {
    Command::Send { user: user(by), to: target(to), id, text: crate::text(text), reply: None }
}

pub fn share(by: &str, to: &str, id: Uuid, file: FileInfo) -> Command<'static> {
    Command::Share { user: user(by), to: target(to), id, file }
}

/// The file of this name and content.
pub fn file(name: &str, content: &[u8]) -> FileInfo {
    let (name, bytes) = (FileName::new(name).expect("a file name"), content.len() as u64);
    FileInfo { name, bytes, sha256: ContentHash(Sha256::digest(content).into()) }
}
