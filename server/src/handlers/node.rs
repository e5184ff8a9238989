//! `server.info`.

use common::node::{Info, Limits, PROTOCOL};

use super::Desk;

pub(super) fn info(desk: &Desk<'_>) -> Info {
    Info {
        name: "papo".to_owned(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        protocol: PROTOCOL,
        events: desk.events.to_owned(),
        limits: Limits { file_bytes: desk.files.uploads.limits().file_bytes_max, ..Limits::OURS },
    }
}
