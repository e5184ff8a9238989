//! A running broker, and the sockets of its clients and its server.

use std::time::Duration;

use broker::{Broker, Config};
use transport::poll::{Watch, wait_which};
use transport::security::{NodeSecurity, Security};
use transport::shutdown::Shutdown;
use transport::{Context, Frame, Kind, Sent, Socket, control};

/// The maximum time until the broker accepts or sends a message.
const DEADLINE: Duration = Duration::from_secs(60);

pub(crate) fn config(clients: &str) -> Config {
    let any_port = "tcp://127.0.0.1:0".to_owned();
    Config { clients: clients.to_owned(), servers: any_port.clone(), control: any_port }
}

/// The context and the endpoints of the running broker, for its peers.
pub(crate) struct Peers {
    pub(crate) context: Context,
    pub(crate) endpoints: Config,
}

/// Runs a broker during `work`, and checks that it stops without an error.
pub(crate) fn with_broker(config: &Config, work: impl FnOnce(&Peers)) {
    with_protected_broker(config, &NodeSecurity::Plain, work);
}

pub(crate) fn with_protected_broker(config: &Config, security: &NodeSecurity, work: impl FnOnce(&Peers)) {
    let context = Context::new();
    let broker = Broker::bind(&context, config, security).expect("free ports");
    let peers = Peers { context, endpoints: broker.endpoints().clone() };
    let shutdown = Shutdown::new();
    std::thread::scope(|scope| {
        scope.spawn(|| broker.run(&shutdown).expect("a clean shutdown"));
        let _shutdown = ShutdownOnDrop(&shutdown);
        work(&peers);
    });
}

/// Stops the broker when the test ends, even if the test fails.
pub(crate) struct ShutdownOnDrop<'a>(pub(crate) &'a Shutdown);

impl Drop for ShutdownOnDrop<'_> {
    fn drop(&mut self) {
        self.0.request();
    }
}

impl Peers {
    pub(crate) fn connected(&self, kind: Kind, endpoint: &str) -> Socket {
        self.protected(kind, endpoint, &Security::Plain)
    }

    pub(crate) fn protected(&self, kind: Kind, endpoint: &str, security: &Security) -> Socket {
        let socket = self.context.socket(kind, security).expect("a socket");
        socket.connect(endpoint).expect("an endpoint");
        socket
    }

    pub(crate) fn client(&self) -> Socket {
        self.connected(Kind::Dealer, &self.endpoints.clients)
    }

    pub(crate) fn server(&self) -> Socket {
        self.connected(Kind::Router, &self.endpoints.servers)
    }

    pub(crate) fn count(&self, counter: &str) -> u64 {
        let status = control::request_status(&self.context, &self.endpoints.control, Duration::from_secs(60))
            .expect("a status");
        status["counters"][counter].as_u64().expect("a counter")
    }
}

pub(crate) fn send(socket: &Socket, frames: &[&[u8]]) {
    while socket.send(frames.iter().map(|frame| Frame::from(*frame))).expect("sending succeeds") != Sent::Done
    {
        wait_for(Watch::Writable(socket));
    }
}

pub(crate) fn receive(socket: &Socket) -> Vec<Vec<u8>> {
    let mut frames = Vec::new();
    while !socket.receive(&mut frames).expect("receiving succeeds") {
        wait_for(Watch::Readable(socket));
    }
    frames.iter().map(|frame| frame.to_vec()).collect()
}

fn wait_for(watch: Watch<'_>) {
    let ready = wait_which([watch], Some(DEADLINE)).expect("waiting succeeds");
    assert_eq!(ready, [true], "the broker neither accepts nor sends a message");
}

/// Answers the next `count` requests with their own bodies.
pub(crate) fn echo(server: &Socket, count: usize) {
    for _ in 0..count {
        let request = receive(server);
        send(server, &request.iter().map(Vec::as_slice).collect::<Vec<_>>());
    }
}
