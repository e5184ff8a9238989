//! The transcripts of PROTOCOL: each command is executed, and its output is the documented one.
//!
//! Ids and times differ in each run, so both outputs are compared without their digits.

use std::io::Write as _;
use std::path::Path;
use std::process::Command;

use e2e::{Node, Process};
use serde_json::{Value, json};
use tempfile::{NamedTempFile, TempDir};

use super::{team, token};
use crate::commands::Shell;

/// The block after a marker in PROTOCOL.
fn block(marker: &str) -> String {
    let protocol = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/PROTOCOL.md");
    let protocol = std::fs::read_to_string(protocol).expect("a document");
    let (_, rest) = protocol.split_once(&format!("<!-- {marker} -->\n```")).expect("a marker");
    let (block, _) = rest.split_once("\n```\n").expect("the end of the block");
    block.split_once('\n').expect("a language").1.to_owned()
}

/// The text without the digits of ids and times, which differ in each run.
fn masked(text: &str) -> String {
    let is_digit = |c: char| c.is_ascii_hexdigit() || c == '-';
    let mut masked = String::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let length = rest.find(|c| !is_digit(c)).unwrap_or(rest.len());
        let (run, after) = rest.split_at(length.max(first.len_utf8()));
        // A time has 13 digits, an id 36 characters.
        masked.push_str(if matches!(run.len(), 13 | 36) { "#" } else { run });
        rest = after;
    }
    masked
}

fn run(mut command: Command, token: &str) -> String {
    command.env("TOKEN", token);
    let finished = Process::start(command).finish();
    assert_eq!(finished.code, Some(0), "{}\n{}", finished.output, finished.log);
    finished.output
}

#[test]
fn the_commands_with_curl_print_what_the_protocol_says() {
    let node = Node::with_gateway(&[]);
    let [alice, _bob] = team(&node);
    let transcript = block("transcript: curl");
    let mut commands = 0;
    for part in transcript.strip_prefix("$ ").expect("a command").split("\n$ ") {
        let (command, expected) = part.split_once('\n').expect("an output");
        let mut shell = Command::new("sh");
        shell.args(["-c", &command.replace("127.0.0.1:8080", node.web().address())]);
        let printed = run(shell, &token(&alice));
        assert_eq!(masked(printed.trim_end()), masked(expected.trim_end()), "{command}\n{printed}");
        commands += 1;
    }
    assert!(commands >= 4, "{commands} commands");
}

#[test]
fn the_program_in_python_sends_and_receives() {
    let node = Node::with_gateway(&[]);
    let [alice, _bob] = team(&node);
    let (program, _file) = start_python("program: websocket", &node, ("TOKEN", &token(&alice)));
    let finished = program.finish();
    assert_eq!(
        (finished.code, &*finished.output),
        (Some(0), "sent 3\nreceived 3 alice\n"),
        "{}",
        finished.log
    );
}

/// Starts a program of PROTOCOL, with the environment of the Python client.
fn start_python(marker: &str, node: &Node, variable: (&str, &str)) -> (Process, NamedTempFile) {
    let mut file = NamedTempFile::new().expect("a file");
    let program = block(marker).replace("127.0.0.1:8080", node.web().address());
    file.write_all(program.as_bytes()).expect("written");
    let mut python = Command::new(Path::new(env!("CARGO_MANIFEST_DIR")).join("interop/run"));
    python.env("PAPO_INTEROP_PROGRAM", file.path()).env(variable.0, variable.1);
    (Process::start(python), file)
}

#[test]
fn the_program_for_server_sent_events_continues_after_its_last_event() {
    let node = Node::with_gateway(&[]);
    let [mut alice, _bob] = team(&node);
    alice.send("#ops", "the third event").expect("stored");
    let (program, _file) = start_python("program: events", &node, ("TOKEN", &token(&alice)));
    let finished = program.finish();
    assert_eq!(
        (finished.code, &*finished.output),
        (Some(0), "#ops:1 channel.created\n#ops:2 channel.joined\n#ops:3 the third event\n"),
        "{}",
        finished.log
    );
}

#[test]
fn an_older_program_works_with_the_token_that_login_prints() {
    let node = Node::with_gateway(&[("legacy-api", "")]);
    let [mut alice, _bob] = team(&node);
    let bob = Shell::in_folder(&node, TempDir::new().expect("a folder"));
    let session = bob.run_ok(&["login", "bob", "--print-token"]);
    let printed: Value = serde_json::from_str(&session).expect("one line of JSON");
    assert_eq!((&printed["user"], printed["token"].is_string()), (&json!("bob"), true));
    let (program, _file) = start_python("program: legacy", &node, ("SESSION", &session));
    // The program sees only messages after its connection.
    while program.is_running() {
        alice.send("@bob", "olá").expect("stored");
    }
    let finished = program.finish();
    assert_eq!(finished.code, Some(0), "{}\n{}", finished.output, finished.log);
    let (received, first) = finished.output.split_once('\n').expect("two lines");
    assert_eq!(received, "received olá from alice");
    assert!(["alice to bob: olá\n", "bob to alice: oi\n"].contains(&first), "{first}");
}

#[test]
fn only_ids_and_times_are_masked() {
    let line = r#"{"id":"01970000-0000-7000-8000-000000000001","n":17,"at":1763700000123,"text":"add"}"#;
    assert_eq!(masked(line), r##"{"id":"#","n":17,"at":#,"text":"add"}"##);
}
