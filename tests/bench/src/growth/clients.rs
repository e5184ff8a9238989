//! The memory per idle client, in papo and in a node of bare sockets.

use std::io::Write as _;
use std::process::Command;
use std::thread;
use std::time::Duration;

use anyhow::{Result, ensure};
use serde_json::json;
use transport::poll::{Watch, wait};
use transport::security::Security;
use transport::{Context, Frame, Kind, Sent, Socket, open_files};

use super::{Curve, GrowthRun, idle_kib};
use crate::bare_node::PUBLISHED;
use crate::frames::connected;
use crate::papo::{Node, receive};
use crate::process::Process;
use crate::workloads::echo;

const CLIENTS: &[u64] = &[500, 1_000, 2_000, 5_000];

/// The time in which the processor time is measured.
const PROCESSOR_TIME: Duration = Duration::from_secs(30);

/// Clients per process. A context has at most 1023 sockets, and a client needs two sockets with two open
/// files each.
const CLIENTS_PER_PROCESS: u64 = 500;

pub(super) fn run(grow: &mut GrowthRun<'_>) -> Result<()> {
    for _ in 0..grow.runs {
        let folder = grow.setup.new_folder()?;
        let papo = Node::start(&grow.setup.papo, folder.path())?;
        connect_more(grow, &papo, Curve::PapoClient, Some(Curve::ClientProcessor))?;
        connect_more(grow, &echo::start()?, Curve::BareClient, None)?;
    }
    Ok(())
}

/// Connects a growing number of idle clients. Each client has received one reply and has one subscription.
fn connect_more(
    grow: &mut GrowthRun<'_>,
    node: &Node,
    memory: Curve,
    processor: Option<Curve>,
) -> Result<()> {
    // The first client allocates the node's shared buffers, which must not count.
    let mut clients = vec![start_clients(node, 0, 1)?];
    let (before, mut next) = (idle_kib(&node.process)?, 1);
    for &size in grow.sizes(CLIENTS, 0) {
        while next <= size {
            let count = CLIENTS_PER_PROCESS.min(size + 1 - next);
            clients.push(start_clients(node, next, count)?);
            next += count;
        }
        let grown_kib = idle_kib(&node.process)?.saturating_sub(before);
        grow.add(memory, size, grown_kib as f64 / size as f64);
        if let Some(processor) = processor {
            grow.add(processor, size, node.process.microseconds_per_second(PROCESSOR_TIME)?);
        }
    }
    Ok(())
}

/// Time after which a client asks the bare node to publish again, if the subscription was not in force.
const RETRY_DELAY: Duration = Duration::from_millis(20);

/// Starts a process with `count` clients. Dropping the result ends the process.
fn start_clients(node: &Node, first: u64, count: u64) -> Result<Process> {
    ensure!(matches!(node.security, Security::Plain), "idle clients connect in plain text");
    let mut command = Command::new(std::env::current_exe()?);
    command.args(["idle-clients", &node.clients, &node.subscribers, &first.to_string(), &count.to_string()]);
    Ok(Process::start_until_ready(&mut command)?.0)
}

/// The process of idle clients: connects them, prints a line, and keeps them until it is killed.
pub(crate) fn keep(clients: &str, subscribers: &str, first: u64, count: u64) -> Result<()> {
    open_files::raise_limit();
    let _connected = Clients::connect((clients, subscribers), first, count)?;
    writeln!(std::io::stdout(), "{}", json!({ "connected": count }))?;
    loop {
        thread::park();
    }
}

struct Clients {
    _sockets: Vec<(Socket, Socket)>,
}

impl Clients {
    fn connect(node: (&str, &str), first: u64, count: u64) -> Result<Self> {
        let context = Context::new();
        let sockets: Vec<_> =
            (first..first + count).map(|number| subscribe(&context, node, number)).collect::<Result<_>>()?;
        sockets
            .iter()
            .zip(first..)
            .try_for_each(|(sockets, number)| wait_until_connected(sockets, number))?;
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

/// Waits until both connections work. papo replies to the request with an error and answers the subscription
/// as a barrier; the bare node echoes the request and publishes it.
fn wait_until_connected((requests, events): &(Socket, Socket), number: u64) -> Result<()> {
    let mut frames = Vec::new();
    loop {
        let sent = requests.send([Frame::new(), Frame::from(topic(number))])?;
        ensure!(sent == Sent::Done, "a request could not be sent");
        receive(requests)?;
        wait(&[Watch::Readable(events)], Some(RETRY_DELAY))?;
        if events.receive(&mut frames)? {
            return Ok(());
        }
    }
}
