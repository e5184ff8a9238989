//! Runs the Python client in `tests/e2e/interop` against a new node. The client was written from the protocol
//! page alone.

use std::path::Path;
use std::process::Command;

use e2e::{Node, Process};

#[test]
fn a_python_program_speaks_the_protocol_from_the_invite_alone() {
    let node = Node::up();
    assert!(node.server().starts_with("papo://"));
    speaks_the_protocol(&node);
}

#[test]
fn a_python_program_speaks_the_protocol_in_plain_text() {
    let node = Node::plaintext();
    assert!(node.server().starts_with("tcp://"));
    speaks_the_protocol(&node);
}

fn speaks_the_protocol(node: &Node) {
    let python = Command::new("python3").arg("--version").output();
    assert!(python.is_ok_and(|version| version.status.success()), "this test needs python3: install it");
    let mut program = Command::new(Path::new(env!("CARGO_MANIFEST_DIR")).join("interop/run"));
    program.args(["--server", node.server()]);
    let finished = Process::start(program).finish();
    assert_eq!(finished.code, Some(0), "{}\n{}", finished.output, finished.log);
}
