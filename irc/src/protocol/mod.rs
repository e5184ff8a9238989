//! The protocol of IRC without sockets: lines, tags, capabilities, numerics, names and texts.

pub(crate) mod capabilities;
pub(crate) mod line;
pub(crate) mod lines;
pub(crate) mod masks;
pub(crate) mod message;
pub(crate) mod message_id;
pub(crate) mod numerics;
pub(crate) mod sasl;
pub(crate) mod tags;
pub(crate) mod text;
pub(crate) mod times;
