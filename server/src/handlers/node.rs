//! `server.info`.

use common::Error;
use common::node::{Info, Limits, PROTOCOL};

use super::RequestContext;

pub(super) fn info(context: &RequestContext<'_>) -> Result<Info, Error> {
    Ok(Info {
        name: "papo".to_owned(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        protocol: PROTOCOL,
        events: context.events_endpoint.to_owned(),
        nodes: context.nodes.to_vec(),
        limits: Limits { file_bytes: context.files.uploads.limits().file_bytes_max, ..Limits::CURRENT },
    })
}
