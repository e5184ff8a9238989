//! Tests of file transfers with script commands: cuts, kills, names of downloads, limits, redaction and
//! export.

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, Mutex};
use std::{fs, thread};

use e2e::{Finished, Node, PASSWORD, Process, binary};
use rustix::process::Signal;
use tempfile::TempDir;

const MIB: u64 = 1024 * 1024;

/// A user with a folder, who uses script commands with a node in plain text.
struct ScriptUser {
    server: String,
    folder: TempDir,
}

impl ScriptUser {
    fn new(server: &str, name: &str) -> Self {
        let user = Self { server: server.to_owned(), folder: TempDir::new().expect("a folder") };
        user.run_ok(&["register", name]);
        user.run_ok(&["login", name]);
        user
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(binary());
        command
            .args(arguments)
            .args(["--plaintext", "--server", &self.server])
            .current_dir(self.folder.path());
        command.arg("--config").arg(self.path("config")).env("PAPO_PASSWORD", PASSWORD);
        command
    }

    /// A command without a server, run in the user's folder.
    fn command_alone(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(binary());
        command.args(arguments).current_dir(self.folder.path());
        command
    }

    /// The names in one of the user's folders, sorted.
    fn names(&self, folder: &str) -> Vec<String> {
        let entries =
            fs::read_dir(self.path(folder)).expect("a folder").map(|entry| entry.expect("an entry"));
        let mut names: Vec<_> =
            entries.map(|entry| entry.file_name().into_string().expect("utf-8")).collect();
        names.sort_unstable();
        names
    }

    fn run(&self, arguments: &[&str]) -> Finished {
        Process::start(self.command(arguments)).finish()
    }

    fn run_ok(&self, arguments: &[&str]) -> String {
        let finished = self.run(arguments);
        assert_eq!(finished.code, Some(0), "{arguments:?}: {}", finished.log);
        finished.output.trim_end().to_owned()
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    #[expect(clippy::disallowed_methods, reason = "a user's own file")]
    fn write(&self, name: &str, content: &[u8]) {
        fs::write(self.path(name), content).expect("written");
    }

    #[expect(clippy::disallowed_methods, reason = "a user's own file")]
    fn read(&self, name: &str) -> Vec<u8> {
        fs::read(self.path(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
    }
}

/// A TCP relay that cuts the connection at given totals of forwarded bytes.
struct CuttingRelay {
    endpoint: String,
    state: Arc<Mutex<Cuts>>,
}

#[derive(Default)]
struct Cuts {
    forwarded: u64,
    /// The totals at which to cut, in reverse order.
    cut_positions: Vec<u64>,
}

impl CuttingRelay {
    fn to(address: &str, cut_positions: &[u64]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let endpoint = format!("tcp://{}", listener.local_addr().expect("an address"));
        let cuts = Cuts { forwarded: 0, cut_positions: cut_positions.iter().rev().copied().collect() };
        let (state, address) = (Arc::new(Mutex::new(cuts)), address.to_owned());
        let relay = Self { endpoint, state: Arc::clone(&state) };
        thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                let node = TcpStream::connect(&address).expect("the node");
                let clone = |end: &TcpStream| end.try_clone().expect("a second handle");
                for (from, to) in [(clone(&client), clone(&node)), (node, client)] {
                    let state = Arc::clone(&state);
                    thread::spawn(move || forward(from, to, &state));
                }
            }
        });
        relay
    }

    /// The number of forwarded bytes, and the number of remaining cuts.
    fn forwarded(&self) -> (u64, usize) {
        let cuts = self.state.lock().expect("the state");
        (cuts.forwarded, cuts.cut_positions.len())
    }
}

fn forward(mut from: TcpStream, mut to: TcpStream, state: &Mutex<Cuts>) {
    let mut chunk = vec![0; 64 * 1024];
    while let Ok(count @ 1..) = from.read(&mut chunk) {
        let mut cuts = state.lock().expect("the state");
        cuts.forwarded += count as u64;
        let is_cut = cuts.cut_positions.last().is_some_and(|position| *position <= cuts.forwarded);
        if is_cut {
            cuts.cut_positions.pop();
        }
        drop(cuts);
        if is_cut || to.write_all(&chunk[..count]).is_err() {
            break;
        }
    }
    let _ignore_closed = (from.shutdown(Shutdown::Both), to.shutdown(Shutdown::Both));
}

/// A file content in which every MiB is different.
fn content(mebibytes: u64) -> Vec<u8> {
    let block: Vec<u8> = (0..MIB).map(|at| ((at * at) >> 7) as u8).collect();
    (0..mebibytes).flat_map(|number| [number.to_le_bytes().to_vec(), block[8..].to_vec()].concat()).collect()
}

/// The paths of the stored file contents.
fn stored(data: &Path) -> Vec<PathBuf> {
    let paths = |folder: PathBuf| {
        fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path())
    };
    paths(data.join("files")).filter(|folder| !folder.ends_with("uploads")).flat_map(paths).collect()
}

#[test]
fn a_large_file_arrives_intact_after_five_cuts_in_each_direction() {
    let node = Node::plaintext();
    let cut_positions = [10, 30, 50, 70, 90].map(|mebibytes| mebibytes * MIB);
    let (up, down) = (
        CuttingRelay::to(node.address("clients"), &cut_positions),
        CuttingRelay::to(node.address("clients"), &cut_positions),
    );
    let (alice, bob) = (ScriptUser::new(&up.endpoint, "alice"), ScriptUser::new(&down.endpoint, "bob"));
    let content = content(100);
    alice.write("plan.pdf", &content);
    assert_eq!(alice.run_ok(&["file", "send", "@bob", "plan.pdf"]), "@bob 1");
    assert_eq!(bob.run_ok(&["file", "get", "@alice", "1"]), "papo_downloads/alice_plan.pdf");
    assert!(bob.read("papo_downloads/alice_plan.pdf") == content, "the content differs");
    for (forwarded, left) in [up.forwarded(), down.forwarded()] {
        assert_eq!(left, 0, "all cuts happened");
        assert!((100 * MIB..120 * MIB).contains(&forwarded), "{forwarded} bytes were needed");
    }
    let history = bob.run_ok(&["history", "@alice"]);
    assert_eq!(history.lines().count(), 1, "sent once: {history}");
    assert!(history.contains("alice sent plan.pdf (100.00 MiB): /get 1"), "{history}");
    assert_eq!(stored(node.data()).len(), 1);
}

#[test]
fn a_script_makes_a_link_to_a_file() {
    let gateway = [("web", "127.0.0.1:0"), ("gateway-control", "tcp://127.0.0.1:0")];
    let flags = [&[("plaintext", "")][..], &gateway].concat();
    let node = Node::up_with_flags(TempDir::new().expect("a folder"), &flags);
    let alice = ScriptUser::new(node.server(), "alice");
    alice.write("plan.txt", b"all of it");
    assert_eq!(alice.run_ok(&["file", "send", "@alice", "plan.txt"]), "@alice 1");
    let web = node.web();
    let link = alice.run_ok(&["file", "link", "@alice", "1"]);
    let path = link.strip_prefix(&format!("http://{}", web.address())).expect("the address of the page");
    assert_eq!(web.request("GET", path, &[], b"").body, b"all of it");
    let json = alice.run_ok(&["file", "link", "@alice", "1", "--hours", "1", "--json"]);
    let made: serde_json::Value = serde_json::from_str(&json).expect("JSON");
    let left_ms = made["expires"].as_u64().expect("a time") - transport::clock::unix_ms();
    assert!((1..=3_600_000).contains(&left_ms), "{json}");
    let refused = alice.run(&["file", "link", "@alice", "1", "--hours", "169"]);
    assert!(refused.log.contains("may last 1 to 168 hours"), "{}", refused.log);
}

#[test]
fn an_upload_continues_after_a_kill_of_the_server() {
    let mut node = Node::plaintext();
    let alice = ScriptUser::new(node.server(), "alice");
    let content = content(40);
    alice.write("big", &content);
    let sending = Process::start(alice.command(&["file", "send", "@alice", "big"]));
    let uploads = node.data().join("files/uploads");
    let parts = || fs::read_dir(&uploads).into_iter().flatten().filter_map(Result::ok);
    let begun = transport::clock::now();
    while !parts().any(|part| part.metadata().is_ok_and(|part| part.len() > MIB)) {
        assert!(begun.elapsed() < e2e::DEADLINE, "no upload started");
    }
    node.kill("up");
    let had = parts().filter_map(|part| part.metadata().ok()).map(|part| part.len()).max();
    assert!(had.is_some_and(|had| had < 40 * MIB), "killed in the middle: {had:?}");
    node.start("up");
    let finished = sending.finish();
    assert_eq!(finished.code, Some(0), "{}", finished.log);
    alice.run_ok(&["file", "get", "@alice", "1"]);
    assert!(alice.read("papo_downloads/alice_big") == content, "the content differs");
}

#[test]
fn downloads_are_named_after_their_sender_and_replace_no_file() {
    let node = Node::plaintext();
    let [alice, bob, eve] = ["alice", "bob", "eve"].map(|name| ScriptUser::new(node.server(), name));
    alice.run_ok(&["create", "#trabalho", "--private"]);
    alice.run_ok(&["channel", "invite", "#trabalho", "bob"]);
    bob.run_ok(&["join", "#trabalho"]);
    alice.write(".profile", b"secret");
    assert_eq!(alice.run_ok(&["file", "send", "#trabalho", ".profile"]), "#trabalho 4");
    for expected in ["trabalho_alice_.profile", "trabalho_alice_ (2).profile"] {
        assert_eq!(bob.run_ok(&["file", "get", "#trabalho", "4"]), format!("papo_downloads/{expected}"));
        assert_eq!(bob.read(&format!("papo_downloads/{expected}")), b"secret");
    }
    let refused = eve.run(&["file", "get", "#trabalho", "4"]);
    assert_eq!((refused.code, eve.path("papo_downloads").exists()), (Some(1), false), "{}", refused.log);
    // Bob sends the same content without an upload. The node stores the content once.
    bob.write("same", b"secret");
    assert_eq!(bob.run_ok(&["file", "send", "@eve", "same"]), "@eve 1");
    assert_eq!(eve.run_ok(&["file", "get", "@bob", "1", "--downloads", "here"]), "here/bob_same");
    assert_eq!((eve.read("here/bob_same"), stored(node.data()).len()), (b"secret".to_vec(), 1));
    let none = alice.run(&["file", "get", "#trabalho", "3"]);
    assert_eq!(none.code, Some(1), "event 3 is a join, not a file: {}", none.log);
}

#[test]
fn file_and_user_limits_are_enforced() {
    let limits = [("plaintext", ""), ("file-bytes-max", "10000"), ("user-bytes-max", "12000")];
    let node = Node::up_with_flags(TempDir::new().expect("a folder"), &limits);
    let alice = ScriptUser::new(node.server(), "alice");
    alice.write("large", &[0; 10_001]);
    alice.write("one", &[1; 10_000]);
    alice.write("two", &[2; 2_001]);
    let refused = alice.run(&["file", "send", "@alice", "large"]);
    assert_eq!(refused.code, Some(1));
    assert!(
        refused.log.contains("a file may have at most 10000 bytes, and this file has 10001"),
        "{}",
        refused.log
    );
    alice.run_ok(&["file", "send", "@alice", "one"]);
    alice.run_ok(&["file", "send", "@alice", "one"]);
    let refused = alice.run(&["file", "send", "@alice", "two"]);
    assert_eq!(refused.code, Some(1));
    assert!(
        refused.log.contains("your files would take 14096 bytes, and you may use 12000"),
        "{}",
        refused.log
    );
}

#[test]
#[expect(clippy::disallowed_methods, reason = "the test damages a file")]
fn an_operator_verifies_files_and_redacts_one() {
    let mut node = Node::plaintext();
    let alice = ScriptUser::new(node.server(), "alice");
    for (name, content) in [("plan", b"to be kept"), ("slip", b"to be gone")] {
        alice.write(name, content);
        alice.run_ok(&["file", "send", "@alice", name]);
    }
    alice.run_ok(&["delete", "@alice", "2"]);
    node.stop("up", Signal::TERM);
    let data = node.data().to_str().expect("utf-8").to_owned();
    let papo = |arguments: &[&str]| Process::run([&["log"], arguments, &["--data", &data]].concat());

    let redacted = papo(&["redact", "@alice @alice", "2"]);
    assert_eq!(redacted.code, Some(0), "{}", redacted.log);
    let tail = papo(&["tail", "@alice"]).output;
    assert!(tail.contains("plan") && !tail.contains("slip"), "{tail}");
    assert_eq!(node.verify()["files"], 1);
    let [kept] = &stored(node.data())[..] else { panic!("one file is left") };
    fs::write(kept, b"to be KEPT").expect("written");
    let damaged = papo(&["verify"]);
    assert_eq!(damaged.code, Some(1), "{}", damaged.output);
    let name = kept.file_name().and_then(|name| name.to_str()).expect("utf-8");
    assert!(damaged.log.contains(name), "{}", damaged.log);
    fs::remove_file(kept).expect("removed");
    let missing = papo(&["verify"]);
    assert!(missing.code == Some(1) && missing.log.contains(name), "{}", missing.log);
}

#[test]
fn an_export_copies_the_contents_of_files() {
    let node = Node::plaintext();
    let [alice, bob] = ["alice", "bob"].map(|name| ScriptUser::new(node.server(), name));
    alice.run_ok(&["create", "#trabalho"]);
    bob.run_ok(&["join", "#trabalho"]);
    for (name, content) in [("plan", &b"one"[..]), (".profile", b"two"), ("gone", b"three")] {
        alice.write(name, content);
        alice.run_ok(&["file", "send", "#trabalho", name]);
    }
    bob.write("plan", b"of bob");
    bob.run_ok(&["file", "send", "@alice", "plan"]);
    alice.run_ok(&["delete", "#trabalho", "5"]);
    let data = node.data().to_str().expect("utf-8");
    let export = |wanted: &str, folder: &str| {
        let arguments = ["export", wanted, "--data", data, "--files", folder];
        let finished = Process::start(alice.command_alone(&arguments)).finish();
        assert_eq!(finished.code, Some(0), "{}", finished.log);
        finished.output
    };
    let output = export("#trabalho", "out");
    assert!(
        output.contains(r##"{"export":"content","to":"#trabalho","n":3,"path":"trabalho_alice_plan"}"##),
        "{output}"
    );
    assert_eq!(
        alice.names("out"),
        ["trabalho_alice_.profile", "trabalho_alice_plan"],
        "the deleted file is not exported"
    );
    let output = export("@alice", "out");
    assert!(output.contains(r#""path":"trabalho_alice_plan (2)""#), "{output}");
    assert_eq!(alice.read("out/trabalho_alice_plan"), b"one");
    assert_eq!(alice.read("out/bob_plan"), b"of bob");
    assert_eq!(alice.names("out").len(), 5);
}
