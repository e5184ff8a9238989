//! Deliveries to 100 WebSockets: by a node with a gateway, and by sockets of axum without papo.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context as _, Result, ensure};

use super::super::{Setup, WINDOW};
use super::readers;
use crate::figures::{Figure, Results};
use crate::load::{self, Plan};
use crate::papo::{Node, Session};
use crate::process::Process;
use crate::tcp::{Acknowledgement, Tcp, TcpSender};
use crate::web::frames::text_frame;
use crate::web::sessions::add_users;
use crate::web::socket::WebSocket;
use crate::web::{address, connect_as};

const RECEIVERS: usize = 100;

/// The bytes of an event of the bench, with its newline.
const EVENT_BYTES: usize = 410;

/// The maximum number of messages by which the slowest receiver may be behind the sender. The gateway drops
/// events of a reader that leaves 256 KiB unread.
const LAG_MESSAGES_MAX: u64 = 512;

/// Measures both directly after each other, with the same clients.
pub(in super::super) fn run(setup: &mut Setup, results: &mut Results) -> Result<()> {
    let plan = Plan { lag_messages_max: LAG_MESSAGES_MAX, ..setup.plan() };
    results.add(Figure::BareDeliveries, bare_sockets(plan)?);
    let folder = setup.new_folder()?;
    add_users(setup, folder.path(), RECEIVERS)?;
    let node = Node::start_with_gateway(&setup.papo, folder.path())?;
    let session = Session::open(&node)?;
    let mut senders = [session.sender(&mut setup.rng, WINDOW)?];
    let mut receivers = readers::open(&node, &session, RECEIVERS)?;
    results.add(Figure::WebDeliveries, load::run(plan, &mut senders, &mut receivers)?.delivered);
    Ok(())
}

/// Deliveries per second of a server that only sends each frame of a publisher to all sockets.
fn bare_sockets(plan: Plan) -> Result<f64> {
    let (_process, ready) = Process::start_until_ready(&mut Command::new(bare_sockets_binary()?))?;
    let server = address(&ready, "web").context("no address")?;
    let receivers = (0..RECEIVERS)
        .map(|number| WebSocket::open(connect_as(number, server)?, server, "")?.into_receiver());
    let mut receivers = receivers.collect::<Result<Vec<_>>>()?;
    let mut tcp = Tcp::connect(server.port())?;
    let request = format!(
        "GET /publish HTTP/1.1\r\nHost: {server}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    );
    tcp.ask(request.as_bytes(), b"\r\n\r\n")?;
    let line = [vec![b'x'; EVENT_BYTES - 1], b"\n".to_vec()].concat();
    let message = text_frame(&line);
    let acknowledgement = Acknowledgement::None;
    let mut senders = [TcpSender { tcp, message, acknowledgement, pending: 0 }];
    Ok(load::run(plan, &mut senders, &mut receivers)?.delivered)
}

/// The example `bare_sockets` of the crate `gateway`, of the same build.
fn bare_sockets_binary() -> Result<PathBuf> {
    let binary = std::env::current_exe()?.with_file_name("examples").join("bare_sockets");
    ensure!(binary.is_file(), "{} does not exist: build it first, as `make bench` does", binary.display());
    Ok(binary)
}
