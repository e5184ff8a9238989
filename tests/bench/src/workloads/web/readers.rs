//! 20 messages per second to 1,000 WebSockets, at fixed times.

use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use rustix::buffer::spare_capacity;
use rustix::event::{Timespec, epoll};
use transport::clock;

use super::super::Setup;
use super::super::schedule::{Schedule, send_on_schedule};
use crate::figures::{Figure, Results};
use crate::latency::Latencies;
use crate::papo::{Node, Session};
use crate::web::connect_as;
use crate::web::receiver::WebReceiver;
use crate::web::sessions::{add_users, log_in, token_of};
use crate::web::socket::WebSocket;

const READERS: usize = 1_000;
const INTERVAL: Duration = Duration::from_millis(50);

/// Maximum wait for an event before the deadline is checked.
const WAIT: Timespec = Timespec { tv_sec: 1, tv_nsec: 0 };

pub(in super::super) fn run(setup: &mut Setup, results: &mut Results) -> Result<()> {
    let folder = setup.new_folder()?;
    add_users(setup, folder.path(), READERS)?;
    let node = Node::start_with_gateway(&setup.papo, folder.path())?;
    let session = Session::open(&node)?;
    let mut sender = session.sender(&mut setup.rng, 1)?;
    let mut readers = open(&node, &session, READERS)?;
    let schedule = Schedule::new(INTERVAL, setup.timing);
    let (_acknowledged, delivered) =
        send_on_schedule(schedule, &mut sender, || receive(schedule, &mut readers))?;
    results.add(Figure::WebDeliveryP50, delivered.quantile_ms(0.5));
    results.add(Figure::WebDeliveryP99, delivered.quantile_ms(0.99));
    results.add(Figure::WebDeliveryMax, delivered.quantile_ms(1.0));
    Ok(())
}

/// Opens WebSockets that receive all events of the channel.
pub(super) fn open(node: &Node, session: &Session, count: usize) -> Result<Vec<WebReceiver>> {
    let (web, tokens) = (node.web.context("the node has no gateway")?, log_in(node, count)?);
    let topics = [session.topic().to_owned()];
    let sockets = (0..count).map(|number| {
        let mut socket = WebSocket::open(connect_as(number, web)?, web, token_of(&tokens, number))?;
        socket.subscribe(&topics)?;
        Ok(socket)
    });
    // The gateway collects subscriptions for some milliseconds, so the replies are read at the end.
    let readers = sockets.collect::<Result<Vec<_>>>()?.into_iter().map(|mut socket| {
        socket.wait_for_reply()?;
        socket.into_receiver()
    });
    readers.collect()
}

/// Receives all messages. `epoll` costs the same for any number of readers, but `poll` does not.
fn receive(schedule: Schedule, readers: &mut [WebReceiver]) -> Result<Latencies> {
    let epoll = epoll::create(epoll::CreateFlags::CLOEXEC)?;
    for (number, reader) in (0..).zip(&*readers) {
        epoll::add(&epoll, reader, epoll::EventData::new_u64(number), epoll::EventFlags::IN)?;
    }
    let (mut latencies, mut missing) =
        (Latencies::new()?, u64::from(schedule.messages) * readers.len() as u64);
    let mut ready = Vec::with_capacity(readers.len());
    while missing > 0 {
        ensure!(clock::now() < schedule.deadline(), "{missing} deliveries are missing");
        ready.clear();
        epoll::wait(&epoll, spare_capacity(&mut ready), Some(&WAIT))?;
        for event in &ready {
            let number = usize::try_from(event.data.u64())?;
            let reader = readers.get_mut(number).context("an unknown reader")?;
            reader.for_each(|lines| {
                missing -= schedule.record_all(lines, &mut latencies)?;
                Ok(())
            })?;
        }
    }
    Ok(latencies)
}
