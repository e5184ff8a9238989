//! A team on one server: an engine on a faulty disk, users with sessions, and a clock that the test sets.
//!
//! A test records [`commands`], and then sends requests as a user.

pub mod commands;
mod faults;
mod ledgers;
mod sent;

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use disk::Disk as _;
use disk::faulty::FaultyDisk;
use serde_json::{Value, json};
use server::domain::Command;
use server::engine::Engine;
use server::services::files::{FileLimits, Files};
use server::services::jobs::Jobs;
use server::services::limiters::rates::UserLimits;
use server::services::search::Search;
use server::services::tokens::TokenIssuer;
use server::storage::commit_log::CommitMode;
use server::storage::ledger::{Ledger, Sizes};
use transport::Frame;
use transport::client_name::{Client, TAG_SENDER_BYTES, extend};
use uuid::Uuid;

pub use faults::{DISK_ERRORS, LOSSES, cut_power};
pub use ledgers::{event_lines, faulty_disk, open_ledger, record, store, sync};
pub use sent::{Published, Reply, Sent};

/// The time at which the fixtures record, in Unix milliseconds: 2025-11-21, after the time in
/// [`id`](crate::id).
pub const NOW_MS: u64 = 1_763_700_000_000;

/// The maximum number of rounds of [`Team::run`]: more than a request needs. The bound ends a test whose disk
/// always fails.
const ROUNDS: usize = 10;

/// An engine on a faulty disk, and its driver. The token of each user's session is the user's name.
pub struct Team {
    /// The disk of the log and of the files. Clones refer to the same disk.
    pub disk: FaultyDisk,
    /// The limits that apply after the next restart.
    pub file_limits: FileLimits,
    /// The limits of each user after the next restart.
    pub user_limits: UserLimits,
    pub engine: Engine,
    /// The clock of the server, in Unix milliseconds.
    pub now_ms: u64,
    pub sent: Sent,
    last_id: u128,
}

impl Team {
    /// Registers users on an empty disk, opens a session for each, records the commands, and starts the
    /// engine.
    pub fn new<'a>(users: &[&str], commands: impl IntoIterator<Item = Command<'a>>) -> Self {
        let disk = faulty_disk();
        let mut ledger = open_ledger(store(&disk), Sizes::default());
        let sessions = users.iter().flat_map(|user| [commands::register(user), commands::log_in(user, user)]);
        for command in sessions.chain(commands) {
            ledger.record(command, NOW_MS).expect("an allowed command");
        }
        sync(&mut ledger);
        Self::start(ledger, disk)
    }

    /// Starts an engine on a ledger, which may be in a real folder. Files are on `disk`.
    pub fn start(ledger: Ledger, disk: FaultyDisk) -> Self {
        let (file_limits, user_limits) = (FileLimits::default(), UserLimits::default());
        let last_id = u128::from(ledger.position());
        let engine = engine(ledger, &disk, file_limits, user_limits);
        Self { disk, file_limits, user_limits, engine, now_ms: NOW_MS, sent: Sent::default(), last_id }
    }

    #[must_use]
    pub fn with_search(self, search: Search) -> Self {
        Self { engine: self.engine.with_search(search), ..self }
    }

    /// Makes each reading of the engine's stopwatch take the time `line`, which determines how many lines fit
    /// into a turn.
    #[must_use]
    pub fn with_slow_lines(self, line: Duration) -> Self {
        let readings = AtomicU32::new(0);
        let stopwatch = Box::new(move || line * readings.fetch_add(1, Ordering::Relaxed));
        Self { engine: self.engine.with_stopwatch(stopwatch), ..self }
    }

    /// Kills the server, and starts a server on the same disk.
    pub fn restart(&mut self) {
        let ledger = open_ledger(store(&self.disk), Sizes::default());
        self.engine = engine(ledger, &self.disk, self.file_limits, self.user_limits);
    }

    /// The text of the whole log.
    pub fn log(&self) -> String {
        let segments = self.disk.list("log").expect("the folder of the log");
        let read = |segment: &String| self.disk.read(&format!("log/{segment}")).expect("a segment");
        segments.iter().map(|segment| String::from_utf8_lossy(&read(segment)).into_owned()).collect()
    }

    /// An id that no message of this team has.
    pub fn id(&mut self) -> Uuid {
        self.last_id += 1;
        crate::id(self.last_id)
    }

    /// Sends a message. Returns its receipt.
    pub fn say(&mut self, by: &str, to: &str, text: &str) -> Value {
        let params = json!({ "to": to, "id": self.id(), "text": text });
        let sent = self.ask(by, "message.send", params);
        assert!(sent["n"].is_u64(), "{sent}");
        sent
    }

    /// Sends a request as a user. Returns the result or the error of the reply.
    pub fn ask(&mut self, by: &str, method: &str, params: Value) -> Value {
        self.ask_with_bytes(by, method, params, None).0
    }

    /// Sends a request with bytes after the request line. Also returns the bytes after the reply line.
    pub fn ask_with_bytes(
        &mut self,
        by: &str,
        method: &str,
        params: Value,
        bytes: Option<&[u8]>,
    ) -> (Value, Option<Vec<u8>>) {
        self.accept(&request(1, by, method, params), bytes);
        self.sent.replies.clear();
        self.run();
        let Some(Reply { lines, bytes }) = self.sent.replies.pop() else {
            // The disk always fails, so the engine replies only after a restart.
            return (json!({ "data": { "reason": "unanswered" } }), None);
        };
        let reply: Value = serde_json::from_str(&lines).expect("a reply of one line");
        let answer = reply.get("result").or(reply.get("error"));
        (answer.expect("a result or an error").clone(), bytes)
    }

    /// Sends a request with the tag of `sender` through a front of the node, such as the gateway. Returns the
    /// result or the error of the reply.
    pub fn ask_as(
        &mut self,
        (front, sender): (Client, [u8; TAG_SENDER_BYTES]),
        method: &str,
        params: Value,
    ) -> Value {
        let tag = [&[0; 8][..], &sender].concat();
        let line = request(1, "", method, params);
        let name = extend(b"name", front, b"this run");
        let mut frames =
            vec![Frame::from("broker"), name, Frame::from(tag), Frame::new(), Frame::from(&*line)];
        self.engine.accept(&mut frames, self.now_ms);
        self.sent.replies.clear();
        self.run();
        let reply = self.sent.replies.pop().expect("a reply");
        let mut reply: Value = serde_json::from_str(&reply.lines).expect("a line");
        if reply.get("error").is_some() { reply["error"].take() } else { reply["result"].take() }
    }

    /// Passes a frame of request lines to the engine, and an optional frame of bytes.
    pub fn accept(&mut self, lines: &str, bytes: Option<&[u8]>) {
        self.accept_from("client", lines, bytes);
    }

    /// Passes a frame of a connection to the engine.
    pub fn accept_from(&mut self, connection: &str, lines: &str, bytes: Option<&[u8]>) {
        let frames = [Frame::from(connection), Frame::new(), Frame::from(lines)];
        let mut frames: Vec<_> = frames.into_iter().chain(bytes.map(Frame::from)).collect();
        self.engine.accept(&mut frames, self.now_ms);
    }

    /// Drives the engine until it has no work at this time.
    pub fn run(&mut self) {
        for _ in 0..ROUNDS {
            self.engine.resume_pending(self.now_ms);
            self.engine.tick(self.now_ms);
            self.flush();
        }
    }

    /// Commits the open batch, and sends the replies and events of durable records.
    pub fn flush(&mut self) {
        self.sent.now_ms = self.now_ms;
        self.engine.flush();
        self.engine.send(&mut self.sent).expect("a disk that can be read");
    }

    /// Advances the clock. Drives the engine now and at its deadlines.
    pub fn pass(&mut self, ms: u64) {
        let end_ms = self.now_ms + ms;
        self.run();
        while let Some(due_ms) = self.engine.deadline().filter(|due_ms| *due_ms <= end_ms) {
            self.now_ms = due_ms.max(self.now_ms + 1);
            self.run();
        }
        self.now_ms = end_ms;
    }
}

/// A request line of a user.
pub fn request(id: u64, by: &str, method: &str, mut params: Value) -> String {
    params["token"] = json!(by);
    json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params }).to_string()
}

/// The reason of an error that [`Team::ask`] returned.
pub fn reason(error: &Value) -> &str {
    error["data"]["reason"].as_str().unwrap_or_else(|| panic!("no error: {error}"))
}

fn engine(ledger: Ledger, disk: &FaultyDisk, files: FileLimits, users: UserLimits) -> Engine {
    let jobs = Jobs::start(&CommitMode::WhenPolled).expect("jobs without threads");
    let files = Files::open(Arc::new(disk.clone()), files, &ledger).expect("a sound disk");
    let events = "tcp://*:5558".to_owned();
    Engine::new(ledger, TokenIssuer::new(&[7; 32]), jobs, files, users, events)
}
