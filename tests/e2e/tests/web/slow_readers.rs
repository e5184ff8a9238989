//! A reader that is too slow loses events, receives `lagged`, and repairs.

use common::limits::TEXT_BYTES_MAX;
use e2e::{ChatSocket, DEADLINE, Node};
use rustix::process::Signal;
use serde_json::json;
use transport::clock;
use uuid::Uuid;

use super::{team, token};

/// The rounds of messages, each with the number of messages that are sent and read. All together do not fit
/// into the queue of the gateway and the buffers of the kernel.
const ROUNDS: usize = 30;
const SENT: usize = 50;
const READ: usize = 5;

#[test]
fn a_slow_reader_is_informed_and_repairs_from_the_history() {
    let node = Node::with_gateway(&[]);
    let [mut alice, mut bob] = team(&node);
    let topic = bob.heads().heads.into_iter().find_map(|head| head.topic).expect("the topic of #ops");
    let mut socket = node.web().chat(&token(&bob));
    socket.call("gateway.subscribe", json!({ "topics": [topic] })).expect("a barrier");
    let text = "x".repeat(TEXT_BYTES_MAX);
    let (mut last, mut lagged) = (0, false);
    for _ in 0..ROUNDS {
        let lines: Vec<_> =
            (0..SENT).flat_map(|_| alice.message_line(Uuid::now_v7(), "#ops", &text)).collect();
        alice.post(&lines);
        drop(alice.reply());
        // The gateway closes the connection of a client that reads nothing for 15 seconds.
        for _ in 0..READ {
            match socket.next_line() {
                line if line["kind"] == "lagged" => lagged = true,
                line => last = line["n"].as_u64().unwrap_or(last),
            }
        }
        if lagged {
            break;
        }
    }
    let head =
        alice.heads().heads.iter().find(|head| head.topic.as_deref() == Some(&*topic)).expect("#ops").n;
    while !lagged {
        match socket.next_line() {
            line if line["kind"] == "lagged" => lagged = true,
            line => last = line["n"].as_u64().unwrap_or(last),
        }
    }
    assert!(last < head, "{ROUNDS} rounds do not fill the queue");
    let page = json!({ "conversation": "#ops", "after": last, "limit": 500 });
    let page = socket.call("message.history", page).expect("a page");
    assert_eq!(page["events"][0]["n"], last + 1);
    assert_eq!(page["head"], head);
    alice.send("#ops", "after").expect("stored");
    while socket.next_event()["text"] != "after" {}
}

/// More frames of 1 MiB than the gateway holds for one address (16) and the sockets to the broker hold.
const FRAMES: usize = 44;

#[test]
fn frames_for_a_stopped_broker_are_bounded_and_the_gateway_continues() {
    let mut node = Node::in_three_processes();
    node.add_gateway();
    let web = node.web();
    let headers = [("Sec-WebSocket-Protocol", "papo.v1")];
    let open = || web.socket("/ws", &headers).expect("a WebSocket");
    open().call("server.info", json!({})).expect("an answer");
    node.process("broker").signal(Signal::STOP);
    let padding = "x".repeat((1 << 20) - 200);
    let params = json!({ "padding": padding });
    let line = json!({ "jsonrpc": "2.0", "id": 1, "method": "server.info", "params": params }).to_string();
    let mut sockets: Vec<_> = std::iter::repeat_with(open).take(FRAMES).collect();
    sockets.iter_mut().for_each(|socket| socket.send(&line));
    let started = clock::now();
    while !sockets.iter_mut().any(ChatSocket::has_ended) {
        assert!(started.elapsed() < DEADLINE, "the gateway closes no connection");
    }
    open().call("gateway.ping", json!({})).expect("the gateway answers its own methods");
    node.process("broker").signal(Signal::CONT);
    drop(sockets);
    open().call_until_answered("server.info", json!({})).expect("the frames are gone");
}
