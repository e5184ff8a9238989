//! Measures the cost of encryption: requests per second through a real node, with CURVE and in plain text.
//!
//! ```text
//! cargo build --release --package papo && cargo run --release --package e2e --example throughput
//! ```
//!
//! Each of 16 connections keeps 64 requests in flight. `server.info` is answered from memory and measures the
//! transport. `message.send` is answered when the message is on disk. Each measurement is made twice,
//! alternating between the two nodes, so other load on the machine affects both nodes.
#![expect(clippy::print_stdout, clippy::expect_used, reason = "an example that prints its measurements")]

use std::time::Duration;

use e2e::{DEADLINE, Node, Peer, peers};
use serde_json::json;
use transport::clock;
use uuid::Uuid;

const CONNECTIONS: usize = 16;
const IN_FLIGHT: usize = 64;
const TIME: Duration = Duration::from_secs(3);

/// Creates the next request line of a connection.
type Ask = fn(&mut Peer) -> Vec<u8>;

const ASKS: [(&str, Ask); 2] = [
    ("server.info", |peer| peer.line("server.info", json!({}))),
    ("message.send", |peer| {
        peer.message_line(Uuid::now_v7(), "@alice", "a message of the usual length, as people write them")
    }),
];

fn main() {
    println!(
        "{CONNECTIONS} connections, {IN_FLIGHT} requests in flight each, {TIME:?} each; answers a second"
    );
    println!("{:<14}{:>12}{:>12}{:>8}", "", "CURVE", "plain text", "ratio");
    for (method, ask) in ASKS.iter().chain(&ASKS) {
        let [curve, plain] = [&[][..], &[("plaintext", "")]].map(|flags| measure(flags, *ask));
        println!("{method:<14}{curve:>12.0}{plain:>12.0}{:>8.2}", curve / plain);
    }
}

fn measure(flags: &[(&str, &str)], ask: Ask) -> f64 {
    let node = Node::up_without_user_limits(flags);
    let [alice] = peers(&node, ["alice"]);
    let mut crowd: Vec<Peer> = (0..CONNECTIONS).map(|_| node.peer()).collect();
    for peer in &mut crowd {
        peer.resume(alice.session());
        peer.call("server.info", json!({})).expect("an answer");
    }
    let begun = clock::now();
    let answers: usize = std::thread::scope(|scope| {
        let counts: Vec<_> = crowd.iter_mut().map(|peer| scope.spawn(move || answers(peer, ask))).collect();
        counts.into_iter().map(|count| count.join().expect("a connection")).sum()
    });
    answers as f64 / begun.elapsed().as_secs_f64()
}

/// The number of replies that one connection receives in [`TIME`].
fn answers(peer: &mut Peer, ask: Ask) -> usize {
    let post = |peer: &mut Peer| {
        let line = ask(peer);
        peer.post(&line);
    };
    let (mut answers, begun) = (0, clock::now());
    (0..IN_FLIGHT).for_each(|_| post(peer));
    while begun.elapsed() < TIME {
        let reply = peer.reply_within(DEADLINE).expect("an answer");
        assert!(
            reply.windows(9).any(|window| window == b"\"result\":"),
            "{}",
            String::from_utf8_lossy(&reply)
        );
        answers += 1;
        post(peer);
    }
    answers
}
