//! Ever more idle clients, at papo and at a node of bare sockets: what one costs in the node.

use std::io::Write as _;
use std::time::Duration;

use anyhow::{Result, ensure};
use rustix::process::{Resource, Rlimit, setrlimit};
use transport::poll::{Watch, wait};
use transport::{Context, Frame, Kind, Sent, Socket, open_files};

use super::{Curve, Grow, rested_kib};
use crate::bare_node::PUBLISHED;
use crate::frames::connected;
use crate::papo::{Node, receive};
use crate::workloads::echo;

const CLIENTS: &[u64] = &[500, 1_000, 2_000, 5_000];

/// Clients of one context: libzmq's limit is 1023 sockets, and a client has two.
const CLIENTS_PER_CONTEXT: u64 = 500;

/// Open files that a client takes in the bench: two connections, and for each of its two sockets a mailbox.
const CLIENT_FILES: u64 = 4;

/// Open files of the bench beside its clients, at the most.
const OTHER_FILES: u64 = 500;

pub(super) fn run(grow: &mut Grow<'_>) -> Result<()> {
    for _ in 0..grow.runs {
        let folder = grow.setup.new_folder()?;
        let papo = Node::start(&grow.setup.papo, folder.path())?;
        connect_more(grow, &papo, Curve::PapoClient)?;
        connect_more(grow, &echo::start()?, Curve::BareClient)?;
    }
    Ok(())
}

/// Connected, answered once, subscribed to one topic, and then silent.
fn connect_more(grow: &mut Grow<'_>, node: &Node, curve: Curve) -> Result<()> {
    // The first client makes the node's own buffers, which are not to be counted.
    let mut clients = vec![Clients::connect(node, 0, 1)?];
    let (before, mut next) = (rested_kib(&node.process)?, 1);
    let files = raise_hard_limit();
    for &size in grow.sizes(CLIENTS, 0) {
        if size * CLIENT_FILES + OTHER_FILES > files {
            writeln!(std::io::stderr(), "{size} idle clients are left out: only {files} files may be open")?;
            continue;
        }
        while next <= size {
            let count = CLIENTS_PER_CONTEXT.min(size + 1 - next);
            clients.push(Clients::connect(node, next, count)?);
            next += count;
        }
        let grown_kib = rested_kib(&node.process)?.saturating_sub(before);
        grow.add(curve, size, grown_kib as f64 / size as f64);
    }
    Ok(())
}

/// How long the bare node is given to have a subscription, before it is asked again to publish.
const ASK_AGAIN: Duration = Duration::from_millis(20);

/// Lets the bench open as many files as it needs, where the system permits it: root may raise the hard limit. Returns
/// what holds.
fn raise_hard_limit() -> u64 {
    let wanted = CLIENTS.last().map_or(0, |clients| clients * CLIENT_FILES + OTHER_FILES);
    let now = open_files::raise_limit();
    let limit = Rlimit { current: Some(wanted), maximum: Some(wanted) };
    if now < wanted && setrlimit(Resource::Nofile, limit).is_ok() { wanted } else { now }
}

/// Connections that are kept open.
struct Clients {
    _sockets: Vec<(Socket, Socket)>,
}

impl Clients {
    fn connect(node: &Node, first: u64, count: u64) -> Result<Self> {
        let context = Context::new();
        let sockets: Vec<_> =
            (first..first + count).map(|number| subscribe(&context, node, number)).collect::<Result<_>>()?;
        sockets.iter().zip(first..).try_for_each(|(sockets, number)| settle(sockets, number))?;
        Ok(Self { _sockets: sockets })
    }
}

fn topic(number: u64) -> Vec<u8> {
    [PUBLISHED, format!("idle.{number:032x}").as_bytes()].concat()
}

fn subscribe(context: &Context, node: &Node, number: u64) -> Result<(Socket, Socket)> {
    let events = connected(context, Kind::Subscriber, &node.subscribers, &node.security)?;
    events.subscribe(&topic(number))?;
    Ok((connected(context, Kind::Dealer, &node.clients, &node.security)?, events))
}

/// Waits until both connections work. The same for both nodes: papo answers the request with an error and the
/// subscription by its barrier; the bare node echoes the request, and publishes it.
fn settle((requests, events): &(Socket, Socket), number: u64) -> Result<()> {
    let mut frames = Vec::new();
    loop {
        let sent = requests.send([Frame::new(), Frame::from(topic(number))])?;
        ensure!(sent == Sent::Done, "a request could not be sent");
        receive(requests)?;
        wait(&[Watch::Readable(events)], Some(ASK_AGAIN))?;
        if events.receive(&mut frames)? {
            return Ok(());
        }
    }
}
