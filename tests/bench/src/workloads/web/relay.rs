//! The latency that the gateway adds to `message.send`.

use anyhow::{Context as _, Result};
use transport::clock;

use super::super::Setup;
use super::super::one_at_a_time::measure;
use crate::figures::{Figure, Results};
use crate::frames::Lines as _;
use crate::latency::Latencies;
use crate::papo::{Node, Session};
use crate::web::connect_as;
use crate::web::socket::WebSocket;

/// Alternates between a ZeroMQ client and a WebSocket client of the same user, so other load on the machine
/// affects both.
pub(in super::super) fn run(setup: &mut Setup, results: &mut Results) -> Result<()> {
    let folder = setup.new_folder()?;
    let node = Node::start_with_gateway(&setup.papo, folder.path())?;
    let web = node.web.context("the node has no gateway")?;
    let session = Session::open(&node)?;
    let mut direct = session.sender(&mut setup.rng, 1)?;
    let mut requests = session.web_requests(&mut setup.rng);
    let mut socket = WebSocket::open(connect_as(0, web)?, web, session.token())?;
    let mut unrelayed = Latencies::new()?;
    let relayed = measure(setup, || {
        let before = clock::now();
        direct.ask()?;
        unrelayed.add(clock::now().duration_since(before));
        let mut line = Vec::new();
        requests.write(&mut line);
        let between = clock::now();
        socket.ask(&line)?;
        Ok(clock::now().duration_since(between))
    })?;
    results.add(Figure::DirectP50, unrelayed.quantile_ms(0.5));
    results.add(Figure::DirectP99, unrelayed.quantile_ms(0.99));
    results.add(Figure::RelayP50, relayed.quantile_ms(0.5));
    results.add(Figure::RelayP99, relayed.quantile_ms(0.99));
    Ok(())
}
