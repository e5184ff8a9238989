//! Ever more idle clients, at papo and at a node of bare sockets: what one costs in the node.

use std::io::Write as _;
use std::process::Command;
use std::thread;
use std::time::Duration;

use anyhow::{Result, ensure};
use serde_json::json;
use transport::poll::{Watch, wait};
use transport::security::Security;
use transport::{Context, Frame, Kind, Sent, Socket, open_files};

use super::{Curve, Grow, rested_kib};
use crate::bare_node::PUBLISHED;
use crate::frames::connected;
use crate::papo::{Node, receive};
use crate::process::Process;
use crate::workloads::echo;

const CLIENTS: &[u64] = &[500, 1_000, 2_000, 5_000];

/// Clients of one process: a context has 1023 sockets at the most, and a client two, each with a connection and a mailbox, so
/// that 5,000 clients would take 20,000 open files in one process.
const CLIENTS_PER_PROCESS: u64 = 500;

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
    let mut clients = vec![start_clients(node, 0, 1)?];
    let (before, mut next) = (rested_kib(&node.process)?, 1);
    for &size in grow.sizes(CLIENTS, 0) {
        while next <= size {
            let count = CLIENTS_PER_PROCESS.min(size + 1 - next);
            clients.push(start_clients(node, next, count)?);
            next += count;
        }
        let grown_kib = rested_kib(&node.process)?.saturating_sub(before);
        grow.add(curve, size, grown_kib as f64 / size as f64);
    }
    Ok(())
}

/// How long the bare node is given to have a subscription, before it is asked again to publish.
const ASK_AGAIN: Duration = Duration::from_millis(20);

/// As many clients in a process of their own, which ends when the result is dropped.
fn start_clients(node: &Node, first: u64, count: u64) -> Result<Process> {
    ensure!(matches!(node.security, Security::Plain), "idle clients connect in plain text");
    let mut command = Command::new(std::env::current_exe()?);
    command.args(["idle-clients", &node.clients, &node.subscribers, &first.to_string(), &count.to_string()]);
    Ok(Process::start_until_ready(&mut command)?.0)
}

/// Run as a process of its own: connects clients, says so, and keeps them until it is killed.
pub(crate) fn hold(clients: &str, subscribers: &str, first: u64, count: u64) -> Result<()> {
    open_files::raise_limit();
    let _connected = Clients::connect((clients, subscribers), first, count)?;
    writeln!(std::io::stdout(), "{}", json!({ "connected": count }))?;
    loop {
        thread::park();
    }
}

/// Connections that are kept open.
struct Clients {
    _sockets: Vec<(Socket, Socket)>,
}

impl Clients {
    fn connect(node: (&str, &str), first: u64, count: u64) -> Result<Self> {
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

fn subscribe(
    context: &Context,
    (clients, subscribers): (&str, &str),
    number: u64,
) -> Result<(Socket, Socket)> {
    let events = connected(context, Kind::Subscriber, subscribers, &Security::Plain)?;
    events.subscribe(&topic(number))?;
    Ok((connected(context, Kind::Dealer, clients, &Security::Plain)?, events))
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
