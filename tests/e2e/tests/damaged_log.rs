//! Tests of the startup of a real server on a torn or damaged log. The unit tests of the journal cover every
//! byte. These tests cover a few positions of each kind.

use std::fs;
use std::path::Path;

use common::Body;
use common::accounts::LoggedIn;
use e2e::{Node, Peer, Process, peers};
use serde_json::json;
use tempfile::TempDir;
use uuid::Uuid;

const LOG: &str = "log/00000000000000000001.log";

/// The log has this number of batches with one message, and then one batch with this number of messages.
const MESSAGES: usize = 5;

/// The data folder of a killed or stopped node.
struct EndedNode {
    data: TempDir,
    session: LoggedIn,
    log: Vec<u8>,
    /// The offset of each batch, and of the end of the log.
    starts: Vec<usize>,
}

impl EndedNode {
    fn create(end: impl FnOnce(&mut Node)) -> Self {
        let mut node = Node::up();
        let [mut alice] = peers(&node, ["alice"]);
        for number in 1..=MESSAGES {
            alice.send("@alice", &format!("message {number}")).expect("stored");
        }
        let batch: Vec<_> =
            (1..=MESSAGES).flat_map(|number| line(&mut alice, &format!("batch {number}"))).collect();
        alice.post(&batch);
        assert_eq!(alice.reply().split_inclusive(|byte| *byte == b'\n').count(), MESSAGES);
        end(&mut node);
        let data = node.into_data();
        let log = fs::read_to_string(data.path().join(LOG)).expect("a log").into_bytes();
        let mut starts = vec![0];
        for line in log.split_inclusive(|byte| *byte == b'\n').scan(0, |end, line| {
            *end += line.len();
            Some((line, *end))
        }) {
            if line.0.starts_with(b"{\"commit\":") {
                starts.push(line.1);
            }
        }
        Self { data, session: alice.session().clone(), log, starts }
    }

    /// A copy of the folder with a different log.
    fn with_log(&self, log: &[u8]) -> TempDir {
        let copy = TempDir::new().expect("a folder");
        copy_folder(self.data.path(), copy.path());
        overwrite(&copy.path().join(LOG), log);
        copy
    }

    fn last_batch_start(&self) -> usize {
        self.starts[self.starts.len() - 2]
    }
}

fn line(peer: &mut Peer, text: &str) -> Vec<u8> {
    peer.line("message.send", json!({ "to": "@alice", "id": Uuid::now_v7(), "text": text }))
}

#[expect(clippy::disallowed_methods, reason = "the test damages the log like a faulty disk")]
fn overwrite(path: &Path, bytes: &[u8]) {
    fs::write(path, bytes).expect("a file that can be written");
}

fn copy_folder(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a folder");
    for entry in fs::read_dir(from).expect("a folder").map(|entry| entry.expect("an entry")) {
        let (from, to) = (entry.path(), to.join(entry.file_name()));
        if from.is_dir() {
            copy_folder(&from, &to);
        } else {
            fs::copy(from, to).expect("a copy");
        }
    }
}

fn killed(node: &mut Node) {
    node.kill("up");
}

#[test]
fn a_torn_batch_is_cut_off_and_earlier_batches_remain() {
    let ended = EndedNode::create(killed);
    let (start, end) = (ended.last_batch_start(), ended.log.len());
    let first_line = ended.log[start..].iter().position(|byte| *byte == b'\n').expect("a line");
    let commit = end - ended.log[..end - 1].iter().rev().position(|byte| *byte == b'\n').expect("a line") - 1;
    let cuts = [
        (start, "before its first byte"),
        (start + 1, "after its first byte"),
        (start + first_line / 2, "within its first line"),
        (start + first_line + 1, "after its first line"),
        (commit, "before its commit line"),
        (commit + 40, "within its commit line"),
        (end - 1, "before its last byte"),
    ];
    for (cut, position) in cuts {
        let mut node = Node::up_on(ended.with_log(&ended.log[..cut]));
        assert_eq!(
            node.log("up").contains("cut a torn batch"),
            cut > start,
            "{position}: {}",
            node.log("up")
        );
        let mut alice = node.peer();
        alice.resume(&ended.session);
        let expected: Vec<_> = (1..=MESSAGES).map(|number| format!("message {number}")).collect();
        assert_eq!(texts(&mut alice), expected, "{position}");
        assert_eq!(alice.send("@alice", "and on").expect("stored").n, MESSAGES as u64 + 1, "{position}");
        killed(&mut node);
        assert_eq!(node.verify()["torn_bytes"], 0, "{position}");
    }
}

fn texts(alice: &mut Peer) -> Vec<String> {
    let text = |body: Body<'_>| {
        let Body::Message { text, .. } = body else { panic!("{body:?}") };
        text.as_str().to_owned()
    };
    alice.history("@alice").into_iter().map(|event| text(event.body)).collect()
}

#[test]
fn a_damaged_byte_is_reported_with_file_and_offset() {
    let ended = EndedNode::create(killed);
    let text = ended.log.windows(9).position(|word| word == b"message 2").expect("a message");
    let batch = *ended.starts.iter().rfind(|start| **start <= text).expect("its batch");
    let mut log = ended.log.clone();
    log[text] ^= 1;
    let data = ended.with_log(&log);
    let sentence = format!("{LOG} is damaged at byte {batch}:");
    for command in [vec!["up"], vec!["log", "verify"]] {
        let refused = run_refused(&command, data.path());
        assert_eq!(refused.code, Some(1), "{}", refused.log);
        assert!(refused.log.contains(&sentence), "{sentence} is not in: {}", refused.log);
    }
    assert_eq!(
        fs::read_to_string(data.path().join(LOG)).expect("the log").into_bytes(),
        log,
        "nothing was changed"
    );
}

#[test]
fn a_log_that_ends_before_its_snapshots_is_refused() {
    let ended = EndedNode::create(|node| drop(node.stop("up", rustix::process::Signal::TERM)));
    let data = ended.with_log(&ended.log[..ended.last_batch_start()]);
    let refused = run_refused(&["up"], data.path());
    assert_eq!(refused.code, Some(1), "{}", refused.log);
    assert!(refused.log.contains("later records are missing"), "{}", refused.log);
}

/// Runs a command that must fail on this data folder.
fn run_refused(command: &[&str], data: &Path) -> e2e::Finished {
    let ports = ["clients", "subscribers", "broker-control", "proxy-control", "server-control"];
    let ports = ports.map(|flag| format!("--{flag}=tcp://127.0.0.1:0"));
    let ports = if command == ["up"] { &ports[..] } else { &[] };
    let data = format!("--data={}", data.display());
    Process::run(command.iter().copied().chain([&*data]).chain(ports.iter().map(|port| &**port)))
}
