//! Test fixtures for all crates: names, texts, ids and seeded random numbers. With the feature `server`, also
//! a team on a server.
//!
//! A fixture panics if its argument is invalid.

#![expect(clippy::expect_used, clippy::indexing_slicing, reason = "test fixtures may panic")]

mod rng;
mod etcd;
#[cfg(feature = "server")]
pub mod team;

use std::borrow::Cow;

use common::{ChannelName, Target, Text, UserName};
use uuid::Uuid;

pub use etcd::EtcdServers;
pub use rng::Rng;

/// Parses a user name, such as `alice`.
#[must_use]
pub fn user(name: &str) -> UserName {
    UserName::new(name).expect("a user name")
}

/// Parses a channel name, such as `#ops`.
#[must_use]
pub fn channel(name: &str) -> ChannelName {
    ChannelName::new(name).expect("a channel name")
}

/// Parses a target: `#channel` or `@user`.
#[must_use]
pub fn target(name: &str) -> Target {
    Target::new(name).expect("a target")
}

/// Parses the text of a message.
pub fn text<'a>(text: impl Into<Cow<'a, str>>) -> Text<'a> {
    Text::new(text).expect("a text")
}

/// A valid message id (UUIDv7) of May 2025 with the given number.
#[must_use]
pub const fn id(number: u128) -> Uuid {
    Uuid::from_u128(0x0197_0000_0000_7000_8000_0000_0000_0000 + number)
}
