//! Requests to addresses that users chose: the client for outgoing webhooks.

pub(crate) mod address;
pub(crate) mod client;
