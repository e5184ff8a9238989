//! A started server answers requests when its proxy receives events.

use std::thread;
use std::time::Duration;

use server::Server;
use tempfile::TempDir;
use transport::poll::{Watch, wait};
use transport::security::{NodeSecurity, Security};
use transport::shutdown::Shutdown;
use transport::{Context, Frame, Kind, Sent, Socket, clock};

use crate::{BROKER, PROXY, RequestOnDrop, config};

/// Returns whether the socket receives a message within this time.
fn receives(socket: &Socket, within: Duration) -> bool {
    let end = clock::now() + within;
    let mut frames = Vec::new();
    while !socket.receive(&mut frames).expect("receiving succeeds") {
        let left = end.saturating_duration_since(clock::now());
        if left.is_zero() {
            return false;
        }
        wait(&[Watch::Readable(socket)], Some(left)).expect("waiting succeeds");
    }
    true
}

#[test]
fn the_first_request_is_answered_after_the_subscription_of_the_proxy() {
    let (context, data) = (Context::new(), TempDir::new().expect("a folder"));
    let broker = context.socket(Kind::Dealer, &Security::Plain).expect("a socket");
    broker.bind(BROKER).expect("an endpoint");
    let server = Server::open(&context, &config(data.path()), &NodeSecurity::Plain).expect("a server");
    let request = br#"{"jsonrpc":"2.0","id":1,"method":"server.info","params":{}}"#;
    let frames = [&[7; 32][..], b"", request].map(Frame::from);
    assert_eq!(broker.send(frames).expect("sending succeeds"), Sent::Done);
    let shutdown = Shutdown::new();
    thread::scope(|scope| {
        scope.spawn(|| server.run(&shutdown).expect("a clean shutdown"));
        let _end = RequestOnDrop(&shutdown);
        assert!(!receives(&broker, Duration::from_millis(200)), "no proxy receives the events");
        let proxy = context.socket(Kind::XSubscriber, &Security::Plain).expect("a socket");
        proxy.subscribe(b"").expect("a subscription");
        proxy.bind(PROXY).expect("an endpoint");
        assert!(receives(&broker, Duration::from_secs(10)));
    });
}
