//! Another language, from the protocol page alone: the Python program in `e2e/interop` against a fresh node.

use std::path::Path;
use std::process::Command;

use e2e::{Node, Process};

#[test]
fn a_python_program_speaks_the_protocol() {
    let python = Command::new("python3").arg("--version").output();
    assert!(python.is_ok_and(|version| version.status.success()), "this test needs python3: install it");
    let node = Node::up();
    let mut program = Command::new(Path::new(env!("CARGO_MANIFEST_DIR")).join("interop/run"));
    program.args(["--server", node.endpoint("clients")]);
    let finished = Process::start(program).finish();
    assert_eq!(finished.code, Some(0), "{}\n{}", finished.output, finished.log);
}
