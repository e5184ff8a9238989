//! Hostile peers: each attack is one test, named after what the attacker gets. It fails when the defence is taken out;
//! where the defence is encryption, the same attack is seen to work on a node in plain text.

mod connections;
mod wire;
mod links;
mod tokens;
mod guesses;
mod fan_out;
mod rights;
mod removals;
mod injections;

use common::{Error, Reason};
use e2e::Node;
use serde_json::json;

/// The node serves everybody else.
fn assert_well(node: &Node) {
    node.peer().call_until_answered("server.info", json!({})).expect("an answer");
    node.assert_healthy();
}

#[track_caller]
fn reason<T: std::fmt::Debug>(refused: Result<T, Error>) -> Reason {
    refused.expect_err("refused").reason().expect("a reason of the table")
}
