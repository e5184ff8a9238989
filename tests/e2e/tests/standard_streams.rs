//! Tests of processes whose standard streams are closed, full, or not files.
#![expect(clippy::disallowed_methods, reason = "the tests open pipes and devices")]

use std::fs::{self, File};
use std::io::Write as _;
use std::os::unix::fs::FileTypeExt as _;
use std::os::unix::net::UnixListener;
use std::process::{Command, Stdio};

use e2e::{DEADLINE, Node, Peer, Process, binary, peers};
use rustix::process::Signal;
use serde_json::Value;
use tempfile::TempDir;
use transport::security::Security;
use transport::{Context, control};

/// Starts a node that logs every request to `stderr`, and sends messages. Returns the number of log lines
/// that the node could not write.
fn dropped_log_lines(stderr: Stdio) -> u64 {
    let data = TempDir::new().expect("a folder");
    let mut command = Command::new(binary());
    command.args(["up", "--plaintext", "--data"]).arg(data.path()).env("PAPO_LOG", "trace");
    // The default ports of the gateway are fixed, and tests run at the same time.
    command.args(["--web=off", "--metrics=off"]);
    for flag in ["clients", "subscribers", "broker-control", "proxy-control", "server-control"] {
        command.arg(format!("--{flag}=tcp://127.0.0.1:0"));
    }
    let node = Process::start_with_stderr(command, stderr);
    let ready = node.read_json_line();
    let mut alice = Peer::connect(ready["clients"].as_str().expect("an endpoint"), &Security::Plain);
    alice.register("alice").expect("registered");
    alice.login("alice").expect("logged in");
    for n in 1..=5 {
        assert_eq!(alice.send("@alice", "oi").expect("stored").n, n);
    }
    let endpoint = ready["server_control"].as_str().expect("an endpoint");
    let status = control::request_status(&Context::new(), endpoint, DEADLINE).expect("a status");
    assert_eq!(node.stop(Signal::TERM).code, Some(0), "an orderly stop");
    status["counters"]["log_lines_dropped"].as_u64().expect("a counter")
}

#[test]
fn a_node_whose_log_has_no_reader_serves_its_users_and_stops() {
    let (reader, writer) = std::io::pipe().expect("a pipe");
    drop(reader);
    assert!(dropped_log_lines(writer.into()) > 0);
}

#[test]
fn a_node_whose_log_is_on_a_full_disk_serves_its_users_and_stops() {
    let full = File::options().write(true).open("/dev/full").expect("a device");
    assert!(dropped_log_lines(full.into()) > 0);
}

#[test]
fn a_command_whose_standard_error_is_closed_returns_its_exit_code() {
    for arguments in [&["log", "verify", "--data", "/nowhere"][..], &["users", "--server", "nonsense"]] {
        let full = File::options().write(true).open("/dev/full").expect("a device");
        let mut command = Command::new(binary());
        command.args(arguments);
        let code = Process::start_with_stderr(command, full.into()).finish().code;
        assert!(matches!(code, Some(1 | 2)), "{arguments:?}: {code:?}");
    }
}

#[test]
fn a_backup_replaces_only_regular_files() {
    let node = Node::up();
    let [mut alice] = peers(&node, ["alice"]);
    alice.send("@alice", "oi").expect("stored");
    let (folder, data) = (TempDir::new().expect("a folder"), node.data().to_str().expect("UTF-8").to_owned());
    let path = |name: &str| folder.path().join(name).to_str().expect("UTF-8").to_owned();
    let backup = |to: &str| Process::run(["backup", to, "--data", &data]);

    let _socket = UnixListener::bind(path("socket")).expect("a socket");
    std::os::unix::fs::symlink("/dev/null", path("device")).expect("a link");
    std::os::unix::fs::symlink(path("nowhere"), path("dangling")).expect("a link");
    for (name, reason) in
        [("socket", "not a regular file"), ("device", "not a regular file"), ("dangling", "is a link")]
    {
        let refused = backup(&path(name));
        assert_eq!(refused.code, Some(1), "{}", refused.log);
        assert!(refused.log.contains(&path(name)) && refused.log.contains(reason), "{}", refused.log);
    }
    let kind = fs::symlink_metadata(path("socket")).expect("it still exists").file_type();
    assert!(kind.is_socket());
    assert_eq!(backup("/dev/stdout").code, Some(1), "a pipe is not a regular file");

    File::create(path("old.tar")).expect("a file");
    std::os::unix::fs::symlink(path("old.tar"), path("newest.tar")).expect("a link");
    assert_eq!(backup(&path("newest.tar")).code, Some(0));
    assert!(fs::symlink_metadata(path("newest.tar")).expect("the link").is_symlink());
    let restored = Process::run(["restore", &path("old.tar"), "--data", &path("one")]);
    assert_eq!(restored.code, Some(0), "{}", restored.log);
}

#[test]
fn a_backup_is_written_to_standard_output() {
    let node = Node::up();
    let [mut alice] = peers(&node, ["alice"]);
    alice.send("@alice", "oi").expect("stored");
    let folder = TempDir::new().expect("a folder");
    let archive = folder.path().join("papo.tar");
    let output = Command::new(binary()).args(["backup", "-", "--data"]).arg(node.data()).output();
    let output = output.expect("papo runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let log = String::from_utf8(output.stderr).expect("text");
    let report: Value = serde_json::from_str(log.lines().last().expect("a report")).expect("JSON");
    assert_eq!(report["backup"], "-");
    File::create(&archive).expect("a file").write_all(&output.stdout).expect("written");
    let new = folder.path().join("data");
    let [archive, new] = [&archive, &new].map(|path| path.to_str().expect("UTF-8"));
    let restored = Process::run(["restore", archive, "--data", new]);
    assert_eq!(restored.code, Some(0), "{}", restored.log);
    let restored: Value = serde_json::from_str(&restored.output).expect("JSON");
    assert_eq!(restored["holds"], report["holds"]);
}
