//! The protocol between server and clients: wire types, names, limits, topics and events.
//!
//! The crate is pure: no sockets, no files, no clocks, no async. `docs/PROTOCOL.md` describes the protocol in
//! prose, and its tables are generated from this crate.

#![warn(missing_docs)]

pub mod limits;

mod direction;
pub mod names;
pub mod text;
pub mod conversations;
pub mod topics;
pub mod hex;
mod json;

pub mod errors;
pub mod rpc;
pub mod methods;
pub mod requests;
pub mod pages;

pub mod accounts;
pub mod join_codes;
pub mod hooks;
pub mod deliveries;
pub mod bots;
pub mod commands;
pub mod channels;
pub mod messages;
pub mod files;
pub mod amendments;
pub mod mentions;
pub mod markdown;
pub mod history;
pub mod search;
pub mod presence;
pub mod reads;
pub mod notify;
pub mod push;
pub mod admin;
pub mod backups;
pub mod node;

pub mod events;

pub use conversations::{Conversation, Target};
pub use errors::{Detail, Error, Reason};
pub use events::{Body, Event, Notice};
pub use files::{ContentHash, FileInfo, FileName};
pub use methods::{Call, Method, Request};
pub use names::{ChannelName, UserName};
pub use pages::Paged;
pub use text::{DisplayName, NewPassword, Password, Subject, Text};
