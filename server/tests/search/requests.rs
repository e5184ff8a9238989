//! The team of the search tests, with its data and its index in a real folder, and its searches.

use std::path::Path;

use common::Conversation;
use common::hex::to_hex;
use serde_json::{Value, json};
use server::journal::Options;
use server::services::search::Search;
use server::storage::data_folder::Store;
use server::storage::ledger::Sizes;
use sha2::{Digest as _, Sha256};
use testkit::channel;
use testkit::team::commands::{create, join, log_in, register};
use testkit::team::{Team, faulty_disk, open_ledger, record, request};

/// 2026-01-31, 12:00 UTC.
const NOW_MS: u64 = 1_769_860_800_000;

/// Small segments. The index then follows the log through several segments.
const SIZES: Sizes = Sizes { segments: Options { segment_bytes: 2000 }, snapshot_every_bytes: 1 << 20 };

/// The maximum number of repeated searches until the index has caught up.
const SEARCHES_MAX: usize = 5;

/// Alice, Bob and Carol in `#a`, and Alice and Bob in `#b`.
pub(super) fn new_team(data: &Path) -> Team {
    let mut ledger = open_ledger(Store::open(data).expect("a folder"), SIZES);
    let users = ["alice", "bob", "carol"].into_iter().flat_map(|user| [register(user), log_in(user, user)]);
    let channels = [create("alice", "#a"), create("alice", "#b")];
    let joins = [join("bob", "#a"), join("bob", "#b"), join("carol", "#a")];
    for command in users.chain(channels).chain(joins) {
        record(&mut ledger, command);
    }
    drop(ledger);
    open_team(data)
}

/// Starts the server on an existing data folder.
pub(super) fn open_team(data: &Path) -> Team {
    let ledger = open_ledger(Store::open(data).expect("a folder"), SIZES);
    let search = Search::start(data).expect("a thread");
    let mut team = Team::start(ledger, faulty_disk()).with_search(search);
    team.now_ms = NOW_MS;
    team
}

pub(super) trait Searches {
    /// A page of hits after the index has caught up.
    fn page(&mut self, by: &str, params: Value) -> Value;
    /// The texts and file names of the first page.
    fn find(&mut self, by: &str, query: &str) -> Vec<String>;
    /// The message of the error that refuses a search before it starts.
    fn refusal(&mut self, by: &str, params: Value) -> String;
    /// Sends an empty file.
    fn share(&mut self, by: &str, to: &str, name: &str);
    /// Deletes the event of this number in `#a`.
    fn delete(&mut self, by: &str, n: u64);
    /// The number of the newest event of `#a`.
    fn head(&self) -> u64;
}

impl Searches for Team {
    fn page(&mut self, by: &str, params: Value) -> Value {
        let mut pages = (0..SEARCHES_MAX).map(|_| {
            let page = self.ask(by, "message.search", params.clone());
            assert!(page["events"].is_array(), "{page}");
            page
        });
        pages.find(|page| page["behind"] == 0).expect("an index that catches up")
    }

    fn find(&mut self, by: &str, query: &str) -> Vec<String> {
        texts(&self.page(by, json!({ "query": query })))
    }

    fn refusal(&mut self, by: &str, params: Value) -> String {
        self.accept(&request(1, by, "message.search", params), None);
        self.flush();
        let reply = self.sent.replies.pop().expect("a reply without a job");
        let reply: Value = serde_json::from_str(&reply.lines).expect("JSON");
        reply["error"]["message"].as_str().expect("an error").to_owned()
    }

    fn share(&mut self, by: &str, to: &str, name: &str) {
        let (id, sha256) = (self.id(), to_hex(&Sha256::digest(b"")));
        let file = json!({ "to": to, "id": id, "name": name, "bytes": 0, "sha256": sha256 });
        self.ask(by, "file.begin", file);
        let sent = self.ask(by, "file.commit", json!({ "file": id }));
        assert!(sent["n"].is_u64(), "{sent}");
    }

    fn delete(&mut self, by: &str, n: u64) {
        let params = json!({ "conversation": "#a", "n": n, "id": self.id() });
        let deleted = self.ask(by, "message.delete", params);
        assert!(deleted["n"].is_u64(), "{deleted}");
    }

    fn head(&self) -> u64 {
        self.engine.ledger().state().head(&Conversation::Channel(channel("#a")))
    }
}

/// The texts of messages, and the names of files.
pub(super) fn texts(page: &Value) -> Vec<String> {
    let events = page["events"].as_array().expect("events");
    let text = |event: &Value| event["text"].as_str().or(event["name"].as_str()).map(str::to_owned);
    events.iter().map(|event| text(event).expect("a text or a name")).collect()
}
