//! What an idle node and an idle client cost.

use std::thread;
use std::time::Duration;

use anyhow::{Result, ensure};
use transport::poll::{Watch, wait};
use transport::{Context, Frame, Kind, Sent, Socket};

use super::{Setup, echo};
use crate::bare_node::PUBLISHED;
use crate::figures::{Figure, Results};
use crate::frames::connected;
use crate::papo::{Node, receive};
use crate::process::Process;

/// Clients of one context: libzmq's limit is 1023 sockets, and a client has two.
const CLIENTS_PER_CONTEXT: u64 = 500;

/// How long a node that has nothing to do is left alone before its memory is read.
const REST: Duration = Duration::from_millis(500);

pub(super) fn node(setup: &mut Setup, results: &mut Results) -> Result<()> {
    let folder = setup.new_folder()?;
    let node = Node::start(&setup.papo, folder.path())?;
    thread::sleep(REST);
    results.add(Figure::IdleStart, node.start.as_secs_f64());
    results.add(Figure::IdleMemory, node.process.resident_kib()? as f64 / 1024.0);
    Ok(())
}

/// Connected, answered once, subscribed to one topic, and then silent.
pub(super) fn clients(setup: &mut Setup, results: &mut Results) -> Result<()> {
    let folder = setup.new_folder()?;
    let count = setup.extent.idle_clients;
    let papo = Node::start(&setup.papo, folder.path())?;
    results.add(Figure::PapoClient, growth_kib(&papo, count)? / count as f64);
    let bare = echo::start()?;
    results.add(Figure::BareClient, growth_kib(&bare, count)? / count as f64);
    Ok(())
}

fn growth_kib(node: &Node, count: u64) -> Result<f64> {
    // The first client makes the node's own buffers, which are not to be counted.
    let first = Clients::connect(node, 0, 1)?;
    let before = rested(&node.process)?;
    let others: Vec<_> = (1..=count)
        .step_by(CLIENTS_PER_CONTEXT as usize)
        .map(|start| Clients::connect(node, start, CLIENTS_PER_CONTEXT.min(count + 1 - start)))
        .collect::<Result<_>>()?;
    let after = rested(&node.process)?;
    drop((first, others));
    Ok(after.saturating_sub(before) as f64)
}

fn rested(process: &Process) -> Result<u64> {
    thread::sleep(REST);
    process.resident_kib()
}

/// How long the bare node is given to have a subscription, before it is asked again to publish.
const ASK_AGAIN: Duration = Duration::from_millis(20);

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
