//! The gateway: memory of idle WebSockets, latency of the relay, and deliveries to many WebSockets.

pub(super) mod deliveries;
pub(super) mod idle;
pub(super) mod readers;
pub(super) mod relay;
