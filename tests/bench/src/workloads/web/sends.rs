//! Acknowledged sends of 16 WebSockets of one user, as in the workload `sends`.

use anyhow::{Context as _, Result};

use super::super::{CONNECTIONS, Setup};
use crate::figures::{Figure, Results};
use crate::load::{self, NoReceiver};
use crate::papo::{Node, Session};
use crate::web::connect_as;
use crate::web::sender::WebSender;
use crate::web::socket::WebSocket;

pub(in super::super) fn run(setup: &mut Setup, results: &mut Results) -> Result<()> {
    let folder = setup.new_folder()?;
    let node = Node::start_with_gateway(&setup.papo, folder.path())?;
    let web = node.web.context("the node has no gateway")?;
    let session = Session::open(&node)?;
    let senders = (0..CONNECTIONS).map(|number| {
        let mut socket = WebSocket::open(connect_as(number, web)?, web, session.token())?;
        // The gateway greets a connection before it forwards the first request.
        socket.ask(br#"{"jsonrpc":"2.0","id":1,"method":"server.info","params":{}}"#)?;
        Ok(WebSender::new(socket.into_receiver()?, session.web_requests(&mut setup.rng)))
    });
    let mut senders = senders.collect::<Result<Vec<_>>>()?;
    let rates = load::run::<_, NoReceiver>(setup.plan(), &mut senders, &mut [])?;
    results.add(Figure::WebSends, rates.acknowledged);
    Ok(())
}
