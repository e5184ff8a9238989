//! The gateway: memory of idle WebSockets, latency of the relay, sends, and deliveries to many WebSockets.

pub(super) mod deliveries;
pub(super) mod idle;
pub(super) mod readers;
pub(super) mod relay;
pub(super) mod sends;
