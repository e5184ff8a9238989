//! A server without sockets and a few people, who send files.

use std::convert::Infallible;
use std::sync::Arc;

use common::hex::to_hex;
use common::{Target, rpc};
use disk::Disk as _;
use disk::faulty::FaultyDisk;
use serde_json::{Value, json};
use server::domain::records::TokenDigest;
use server::domain::{Actor, Command};
use server::engine::{Engine, Outlet};
use server::outbound::Publication;
use server::outbound::pending_request::PendingRequest;
use server::services::files::{FileLimits, Files};
use server::services::jobs::Jobs;
use server::services::limiters::rates::Rate;
use server::services::tokens::TokenIssuer;
use server::storage::commit_log::CommitMode;
use server::storage::data_folder::Store;
use server::storage::ledger::Ledger;
use sha2::{Digest as _, Sha256};
use testkit::{target, user};
use transport::Frame;
use uuid::Uuid;

pub(crate) const NOW_MS: u64 = 1_763_700_000_000;

/// What was told last: a reply line, and the bytes behind it.
#[derive(Default)]
pub(crate) struct Told {
    pub(crate) line: Vec<u8>,
    bytes: Option<Vec<u8>>,
}

impl Outlet for Told {
    type Error = Infallible;

    fn reply(&mut self, answered: PendingRequest) -> Result<(), Infallible> {
        (self.line, self.bytes) = (answered.reply, answered.attached);
        Ok(())
    }

    fn publish(&mut self, _publication: Publication) -> Result<(), Infallible> {
        Ok(())
    }
}

/// A server with alice and bob in `#a`, and eve outside; everybody's token is their name.
pub(crate) struct World {
    pub(crate) engine: Engine,
    pub(crate) disk: FaultyDisk,
    limits: FileLimits,
    message: String,
    pub(crate) now_ms: u64,
    ids: u128,
}

impl World {
    pub(crate) fn new() -> Self {
        Self::with(FileLimits { file_bytes_max: 1000, user_bytes_max: 20_000 })
    }

    pub(crate) fn with(limits: FileLimits) -> Self {
        let disk = FaultyDisk::new();
        let mut ledger = open_ledger(&disk);
        let mut record = |command| {
            ledger.record(command, NOW_MS).expect("allowed");
        };
        for name in ["alice", "bob", "eve"] {
            let (user, digest) = (user(name), TokenDigest::of(name));
            record(Command::Register { user: user.clone(), password: "hash".into() });
            record(Command::OpenSession { user, session: Uuid::nil(), digest, expires: u64::MAX });
        }
        record(Command::CreateChannel(actor("alice"), false));
        record(Command::Join(actor("bob")));
        while !ledger.is_quiet() {
            ledger.flush();
            ledger.poll().map_err(|failure| failure.answer).expect("a sound disk");
        }
        Self {
            engine: open_engine(ledger, &disk, limits),
            disk,
            limits,
            message: String::new(),
            now_ms: NOW_MS,
            ids: 0,
        }
    }

    /// The process dies, and the server starts again.
    pub(crate) fn restart(&mut self) {
        self.engine = open_engine(open_ledger(&self.disk), &self.disk, self.limits);
    }

    /// Asks as somebody, and returns result or error; what is behind the reply is returned too.
    pub(crate) fn ask(
        &mut self,
        by: &str,
        method: &str,
        params: Value,
        bytes: Option<&[u8]>,
    ) -> (Value, Option<Vec<u8>>) {
        let mut line = Vec::new();
        let mut params = params;
        params["token"] = json!(by);
        rpc::encode_request(&mut line, "1", method, &params);
        let frames = [Frame::from("client"), Frame::new(), Frame::from(line)];
        let mut frames: Vec<_> = frames.into_iter().chain(bytes.map(Frame::from)).collect();
        self.engine.accept(&mut frames, self.now_ms);
        let mut told = Told::default();
        for _ in 0..10 {
            self.engine.resume_pending(self.now_ms);
            self.engine.tick(self.now_ms);
            self.engine.flush();
            self.engine.send(&mut told).expect("a sound disk");
        }
        if told.line.is_empty() {
            // The disk fails for good, and with it the log: only a restart helps.
            return (json!({ "reason": "unanswered" }), None);
        }
        let reply: Value = serde_json::from_slice(&told.line).expect("a reply");
        self.message = reply["error"]["message"].as_str().unwrap_or_default().to_owned();
        let answer = reply.get("result").or(reply.get("error").map(|error| &error["data"]));
        (answer.expect("an answer").clone(), told.bytes)
    }

    /// The last refusal in words.
    pub(crate) fn told(&self) -> String {
        self.message.clone()
    }

    pub(crate) fn id(&mut self) -> Uuid {
        self.ids += 1;
        Uuid::from_u128(0x0197_0000_0000_7000_8000_0000_0000_0000 + self.ids)
    }

    pub(crate) fn begin(&mut self, by: &str, id: Uuid, to: &str, content: &[u8]) -> Value {
        let sha256 = to_hex(&Sha256::digest(content));
        let params =
            json!({ "to": to, "id": id, "name": "plan.pdf", "bytes": content.len(), "sha256": sha256 });
        self.ask(by, "file.begin", params, None).0
    }

    pub(crate) fn chunk(&mut self, by: &str, id: Uuid, offset: usize, bytes: &[u8]) -> Value {
        self.ask(by, "file.chunk", json!({ "file": id, "offset": offset }), Some(bytes)).0
    }

    pub(crate) fn commit(&mut self, by: &str, id: Uuid) -> Value {
        self.ask(by, "file.commit", json!({ "file": id }), None).0
    }

    pub(crate) fn get(
        &mut self,
        by: &str,
        conversation: &str,
        n: u64,
        offset: usize,
    ) -> (Value, Option<Vec<u8>>) {
        let params = json!({ "conversation": conversation, "n": n, "offset": offset, "length": 5 });
        self.ask(by, "file.get", params, None)
    }

    /// Sends a whole file.
    pub(crate) fn send(&mut self, by: &str, to: &str, content: &[u8]) -> Value {
        let id = self.id();
        assert_eq!(self.begin(by, id, to, content)["file"], json!(id));
        if !content.is_empty() {
            assert_eq!(self.chunk(by, id, 0, content), json!({ "have": content.len() }));
        }
        self.commit(by, id)
    }

    /// What lies in `files/`, without the folders: parts, notes and contents.
    pub(crate) fn files(&self) -> Vec<String> {
        let folders = self.disk.list("files").expect("a folder");
        let inside = |folder: &String| self.disk.list(&format!("files/{folder}")).expect("a folder");
        folders.iter().flat_map(inside).collect()
    }
}

fn actor(by: &str) -> Actor {
    let Target::Channel(channel) = target("#a") else { panic!("no channel") };
    Actor { user: user(by), channel }
}

fn open_ledger(disk: &FaultyDisk) -> Ledger {
    Ledger::open(Store::on(Arc::new(disk.clone())), &CommitMode::WhenPolled).expect("a sound disk")
}

fn open_engine(ledger: Ledger, disk: &FaultyDisk, limits: FileLimits) -> Engine {
    let jobs = Jobs::start(&CommitMode::WhenPolled).expect("nothing to start");
    let files = Files::open(Arc::new(disk.clone()), limits, &ledger).expect("a sound disk");
    Engine::new(ledger, TokenIssuer::new(&[7; 32]), jobs, files, Rate::default(), String::new())
}

pub(crate) fn reason(data: &Value) -> &str {
    data["reason"].as_str().unwrap_or_else(|| panic!("no error: {data}"))
}
