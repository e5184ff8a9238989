//! Tests of hostile peers: one test per attack. A test fails if its defence is removed. If the defence is
//! encryption, the test also attacks a node in plain text, where the attack must succeed.

mod connections;
mod eavesdropping;
mod inner_ports;
mod tokens;
mod guesses;
mod fan_out;
mod private_channels;
mod removals;
mod injections;
mod web_requests;
mod web_sockets;

use common::{Error, Reason};
use e2e::Node;
use serde_json::json;

/// Asserts that the node still answers other clients.
fn assert_node_answers(node: &Node) {
    node.peer().call_until_answered("server.info", json!({})).expect("an answer");
    node.assert_healthy();
}

#[track_caller]
fn reason<T: std::fmt::Debug>(refused: Result<T, Error>) -> Reason {
    refused.expect_err("refused").reason().expect("a reason of the table")
}
