//! A data folder with its index, and people who ask.

use std::path::Path;
use std::sync::Arc;

use common::{ContentHash, FileInfo, FileName, rpc};
use disk::faulty::FaultyDisk;
use serde_json::{Value, json};
use server::domain::records::TokenDigest;
use server::domain::{Actor, Command};
use server::domain::{Change, Original};
use server::handlers::{Attached, RequestContext};
use server::journal::Options;
use server::services::files::{FileLimits, Files};
use server::services::jobs::{Job, Jobs, Outcome};
use server::services::search::Search;
use server::services::tokens::TokenIssuer;
use server::storage::commit_log::CommitMode;
use server::storage::data_folder::Store;
use server::storage::ledger::{Ledger, Sizes};
use testkit::{target, user};
use uuid::Uuid;

/// 2026-01-31, 12:00 UTC; each message is a second after the one before.
pub(super) const NOW_MS: u64 = 1_769_860_800_000;

/// Small, so that the index follows the log through several segments.
const SIZES: Sizes = Sizes { segments: Options { segment_bytes: 2000 }, snapshot_every_bytes: 1 << 20 };

/// Searches of the same, of which each waits for the index.
const SEARCHES_MAX: usize = 5;

/// A data folder, what works on it, and what is asked of it.
pub(super) struct World {
    pub(super) ledger: Ledger,
    search: Search,
    jobs: Jobs,
    said: u128,
    pub(super) now_ms: u64,
}

pub(super) fn actor(by: &str, channel: &str) -> Actor {
    Actor { user: user(by), channel: testkit::channel(channel) }
}

impl World {
    pub(super) fn open(data: &Path) -> Self {
        let store = Store::open(data).expect("a folder");
        let ledger = Ledger::open_with(store, &CommitMode::WhenPolled, SIZES).expect("a sound folder");
        let search = Search::start(data).expect("a thread");
        search.durable(ledger.durable());
        let said = u128::from(ledger.position());
        let now_ms = NOW_MS + 1000 * ledger.position();
        Self { ledger, search, jobs: Jobs::start(&CommitMode::WhenPolled).expect("nothing"), said, now_ms }
    }

    /// Alice, Bob and Carol; `#a` is for all of them, `#b` for Alice and Bob.
    pub(super) fn new(data: &Path) -> Self {
        let mut world = Self::open(data);
        for name in ["alice", "bob", "carol"] {
            world.record(Command::Register { user: user(name), password: "hash".into() });
            let digest = TokenDigest::of(name);
            world.record(Command::OpenSession {
                user: user(name),
                session: Uuid::nil(),
                digest,
                expires: u64::MAX,
            });
        }
        for channel in ["#a", "#b"] {
            world.record(Command::CreateChannel(actor("alice", channel), false));
            world.record(Command::Join(actor("bob", channel)));
        }
        world.record(Command::Join(actor("carol", "#a")));
        world
    }

    pub(super) fn record(&mut self, command: Command<'_>) {
        self.ledger.record(command, self.now_ms).expect("allowed");
        while !self.ledger.is_quiet() {
            self.ledger.flush();
            self.ledger.poll().map_err(|failure| failure.answer).expect("a sound disk");
        }
        self.search.durable(self.ledger.durable());
    }

    pub(super) fn say(&mut self, by: &str, to: &str, text: &str) {
        self.said += 1;
        self.now_ms += 1000;
        let id = Uuid::from_u128(0x0197_0000_0000_7000_8000_0000_0000_0000 + self.said);
        let (to, text) = (target(to), testkit::text(text.to_owned()));
        self.record(Command::Send { user: user(by), to, id, text, reply: None });
    }

    pub(super) fn share(&mut self, by: &str, to: &str, name: &str) {
        self.said += 1;
        self.now_ms += 1000;
        let id = Uuid::from_u128(0x0197_0000_0000_7000_8000_0000_0000_0000 + self.said);
        let (to, name) = (target(to), FileName::new(name).expect("a name"));
        let file = FileInfo { name, bytes: 1, sha256: ContentHash([1; 32]) };
        self.record(Command::Share { user: user(by), to, id, file });
    }

    pub(super) fn amend(&mut self, by: &str, n: u64, change: Change<'_>) {
        self.said += 1;
        let id = Uuid::from_u128(0x0197_0000_0000_7000_8000_0000_0000_0000 + self.said);
        let conversation = target("#a");
        let original = Original { n, author: user(by), is_file: false };
        self.record(Command::Amend { user: user(by), conversation, original, id, change });
    }

    /// One step: the answer, or the job that must be done first.
    pub(super) fn answer(&mut self, params: &Value, outcome: Option<Outcome>) -> Result<Value, Job> {
        let (mut line, mut out) = (Vec::new(), Vec::new());
        rpc::encode_request(&mut line, "1", "message.search", params);
        let (mut outbound, mut known_tokens, mut guesses) = Default::default();
        let (mut rates, mut presence, mut typing) = Default::default();
        let tokens = TokenIssuer::new(&[7; 32]);
        let mut files = Files::open(Arc::new(FaultyDisk::new()), FileLimits::default(), &self.ledger)
            .expect("an empty folder");
        let mut context = RequestContext {
            ledger: &mut self.ledger,
            outbound: &mut outbound,
            tokens: &tokens,
            known_tokens: &mut known_tokens,
            guesses: &mut guesses,
            rates: &mut rates,
            presence: &mut presence,
            typing: &mut typing,
            search: Some(&self.search),
            files: &mut files,
            attached: Attached { is_single_line: true, bytes: &None, reply: &mut None },
            events_endpoint: "tcp://*:1",
            now_ms: self.now_ms,
        };
        match context.answer(line.trim_ascii_end(), outcome, &mut out) {
            Some(job) => Err(job),
            None => Ok(serde_json::from_slice(&out).expect("a reply")),
        }
    }

    pub(super) fn done(&mut self, job: Job) -> Outcome {
        assert!(self.jobs.submit(1, job));
        self.jobs.poll().expect("it is done when polled").1
    }

    /// Asks again while the index is behind: each time the search waits for it, and a busy machine may need more than one.
    pub(super) fn page(&mut self, params: &Value) -> Value {
        let mut replies = (0..SEARCHES_MAX).map(|_| self.reply(params));
        let is_complete = |reply: &Value| reply["result"]["behind"] == 0;
        replies.find(is_complete).expect("an index that comes up")["result"].take()
    }

    fn reply(&mut self, params: &Value) -> Value {
        let reply = match self.answer(params, None) {
            Ok(reply) => reply,
            Err(job) => {
                let outcome = self.done(job);
                self.answer(params, Some(outcome)).ok().expect("an answer")
            }
        };
        assert!(reply["error"].is_null(), "{reply}");
        reply
    }

    pub(super) fn find(&mut self, by: &str, query: &str) -> Vec<String> {
        texts(&self.page(&json!({ "token": by, "query": query })))
    }

    pub(super) fn refusal(&mut self, params: &Value) -> String {
        let reply = self.answer(params, None).ok().expect("no job");
        reply["error"]["message"].as_str().expect("an error").to_owned()
    }
}

pub(super) fn texts(page: &Value) -> Vec<String> {
    let events = page["events"].as_array().expect("events");
    let text = |event: &Value| event["text"].as_str().or(event["name"].as_str()).map(str::to_owned);
    events.iter().map(|event| text(event).expect("a text, or the name of a file")).collect()
}
