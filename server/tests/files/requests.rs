//! The team of the file tests, and its requests.

use common::hex::to_hex;
use disk::Disk as _;
use serde_json::{Value, json};
use server::services::files::FileLimits;
use sha2::{Digest as _, Sha256};
use testkit::team::Team;
use testkit::team::commands::{create, join};
use uuid::Uuid;

/// A team with a small maximum for each file.
pub(crate) fn team() -> Team {
    team_with(FileLimits { file_bytes_max: 1000, user_bytes_max: 20_000 })
}

/// Alice and Bob in `#a`, and Eve, who is not a member.
pub(crate) fn team_with(limits: FileLimits) -> Team {
    let mut team = Team::new(&["alice", "bob", "eve"], [create("alice", "#a"), join("bob", "#a")]);
    team.file_limits = limits;
    team.restart();
    team
}

/// Requests about files. Each returns the result or the error.
pub(crate) trait FileRequests {
    fn begin(&mut self, by: &str, id: Uuid, to: &str, content: &[u8]) -> Value;
    fn chunk(&mut self, by: &str, id: Uuid, offset: usize, bytes: &[u8]) -> Value;
    fn commit(&mut self, by: &str, id: Uuid) -> Value;
    /// Uploads a complete file and sends it.
    fn send_file(&mut self, by: &str, to: &str, content: &[u8]) -> Value;
    fn delete(&mut self, by: &str, conversation: &str, n: u64) -> Value;
    /// Reads five bytes. Also returns the bytes.
    fn get(&mut self, by: &str, conversation: &str, n: u64, offset: usize) -> (Value, Option<Vec<u8>>);
    /// The names of the files below `files/`.
    fn names_on_disk(&self) -> Vec<String>;
}

impl FileRequests for Team {
    fn begin(&mut self, by: &str, id: Uuid, to: &str, content: &[u8]) -> Value {
        let sha256 = to_hex(&Sha256::digest(content));
        let params =
            json!({ "to": to, "id": id, "name": "plan.pdf", "bytes": content.len(), "sha256": sha256 });
        self.ask(by, "file.begin", params)
    }

    fn chunk(&mut self, by: &str, id: Uuid, offset: usize, bytes: &[u8]) -> Value {
        self.ask_with_bytes(by, "file.chunk", json!({ "file": id, "offset": offset }), Some(bytes)).0
    }

    fn commit(&mut self, by: &str, id: Uuid) -> Value {
        self.ask(by, "file.commit", json!({ "file": id }))
    }

    fn send_file(&mut self, by: &str, to: &str, content: &[u8]) -> Value {
        let id = self.id();
        assert_eq!(self.begin(by, id, to, content)["file"], json!(id));
        if !content.is_empty() {
            assert_eq!(self.chunk(by, id, 0, content), json!({ "have": content.len() }));
        }
        self.commit(by, id)
    }

    fn delete(&mut self, by: &str, conversation: &str, n: u64) -> Value {
        let params = json!({ "conversation": conversation, "n": n, "id": self.id() });
        self.ask(by, "message.delete", params)
    }

    fn get(&mut self, by: &str, conversation: &str, n: u64, offset: usize) -> (Value, Option<Vec<u8>>) {
        let params = json!({ "conversation": conversation, "n": n, "offset": offset, "length": 5 });
        self.ask_with_bytes(by, "file.get", params, None)
    }

    fn names_on_disk(&self) -> Vec<String> {
        let folders = self.disk.list("files").expect("a folder");
        let inside = |folder: &String| self.disk.list(&format!("files/{folder}")).expect("a folder");
        folders.iter().flat_map(inside).collect()
    }
}
