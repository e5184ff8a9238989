//! Deliveries to 100 IRC clients of a node, which stores the messages that a ZeroMQ client sends.
//!
//! The sends of IRC clients are not measured: the front accepts 50 lines a second from each.

use std::net::SocketAddr;
use std::path::Path;

use anyhow::{Context as _, Result};

use super::{Setup, WINDOW};
use crate::data_folder::DataFolder;
use crate::figures::{Figure, Results};
use crate::load::{self, Plan};
use crate::papo::{CHANNEL, Node, PASSWORD, Session, TEXT_BYTES, USER};
use crate::tcp::{Tcp, TcpReceiver};

const RECEIVERS: usize = 100;

/// The maximum number of connections that the front accepts from one user.
const CONNECTIONS_PER_USER: usize = 20;

/// The maximum number of messages by which the slowest receiver may be behind the sender. The front closes a
/// connection that leaves 1 MiB unread.
const LAG_MESSAGES_MAX: u64 = 1024;

pub(super) fn run(setup: &mut Setup, results: &mut Results) -> Result<()> {
    let folder = setup.new_folder()?;
    add_users(&setup.papo, folder.path())?;
    let node = Node::start_with_irc(&setup.papo, folder.path())?;
    let irc = node.irc.context("the node has no address for IRC")?;
    let session = Session::open(&node)?;
    let mut senders = [session.sender(&mut setup.rng, WINDOW)?];
    let joined = (0..RECEIVERS).map(|number| join(irc, number / CONNECTIONS_PER_USER));
    let receivers = joined.collect::<Result<Vec<_>>>()?.into_iter().map(receiver);
    let mut receivers = receivers.collect::<Result<Vec<_>>>()?;
    let plan = Plan { lag_messages_max: LAG_MESSAGES_MAX, ..setup.plan() };
    results.add(Figure::PapoIrcFan100, load::run(plan, &mut senders, &mut receivers)?.delivered);
    Ok(())
}

fn add_users(papo: &Path, data: &Path) -> Result<()> {
    let mut folder = DataFolder::open(papo, data)?;
    folder.add_users(0..RECEIVERS.div_ceil(CONNECTIONS_PER_USER) as u64)?;
    folder.close()
}

/// A client that is a member of the channel.
fn join(irc: SocketAddr, user: usize) -> Result<Tcp> {
    let mut tcp = Tcp::connect(irc.port())?;
    let name = format!("user-{user}");
    let lines =
        format!("PASS :{name}:{PASSWORD}\r\nNICK {name}\r\nUSER {name} 0 * :{name}\r\nJOIN {CHANNEL}\r\n");
    // Numeric 366 ends the list of members: the join is complete. The front joins the further clients of a
    // user to the channel itself.
    tcp.ask(lines.as_bytes(), b" 366 ")?;
    Ok(tcp)
}

/// A member also receives the JOIN lines of later members. The reply to PING arrives after these lines, so
/// the receiver counts only messages.
fn receiver(mut tcp: Tcp) -> Result<TcpReceiver> {
    tcp.ask(b"PING bench\r\n", b" PONG ")?;
    let before_text = format!(":{USER}!{USER}@papo PRIVMSG {CHANNEL} :");
    Ok(TcpReceiver { tcp, message_bytes: (before_text.len() + TEXT_BYTES + 2) as u64, bytes: 0 })
}
