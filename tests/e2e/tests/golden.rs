//! Tests with data folders of released versions. This build opens the folders, and every read command prints
//! the same output as the release. `tests/e2e/golden/README.md` describes the folders and how to update the
//! expected output.
#![expect(clippy::disallowed_methods, reason = "the test writes golden files")]

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use common::accounts::LoggedIn;
use e2e::{DEADLINE, Node, Peer, Process, binary};
use rustix::process::Signal;
use serde_json::{Value, json};
use tempfile::TempDir;
use transport::clock;
use uuid::Uuid;

/// The broker endpoint in the recorded client files.
const RECORDED_ENDPOINT: &str = "tcp://127.0.0.77:5555";

/// The golden folders, one per released format.
fn golden_folders() -> Vec<PathBuf> {
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("golden");
    let paths =
        fs::read_dir(golden).expect("the golden folders").map(|entry| entry.expect("an entry").path());
    paths.filter(|path| path.is_dir()).collect()
}

/// Copies a folder. Git does not store modes, so folders and files become private, as papo creates them.
fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a folder");
    fs::set_permissions(to, Permissions::from_mode(0o700)).expect("its mode");
    for entry in fs::read_dir(from).expect("a folder") {
        let entry = entry.expect("an entry");
        let (from, to) = (entry.path(), to.join(entry.file_name()));
        if from.is_dir() {
            copy(&from, &to);
        } else {
            let is_public = from.extension().is_some_and(|extension| extension == "public");
            fs::copy(&from, &to).expect("a copy");
            fs::set_permissions(&to, Permissions::from_mode(if is_public { 0o644 } else { 0o600 }))
                .expect("its mode");
        }
    }
}

fn copy_of_data(golden: &Path) -> TempDir {
    let data = TempDir::new().expect("a folder");
    copy(&golden.join("data"), data.path());
    data
}

fn path(path: &Path) -> &str {
    path.to_str().expect("UTF-8")
}

/// A shell for the commands of a transcript. Each user has a config folder. The config folder of alice comes
/// from the released version, with an open session and a pending message.
struct Shell {
    data: PathBuf,
    server: Option<String>,
    folder: TempDir,
}

impl Shell {
    /// For commands that need no server.
    fn offline(data: &Path) -> Self {
        Self { data: data.to_owned(), server: None, folder: TempDir::new().expect("a folder") }
    }

    /// For clients of a node. Waits until the node's search index is complete.
    fn online(golden: &Path, node: &Node) -> Self {
        wait_for_search(&mut alice(golden, node));
        let server = node.endpoint("clients").to_owned();
        let folder = TempDir::new().expect("a folder");
        let alice = folder.path().join("alice");
        copy(&golden.join("config"), &alice);
        let outbox = fs::read_dir(alice.join("outbox")).expect("the outbox");
        let outbox = outbox.map(|entry| entry.expect("an entry").path());
        for file in outbox.chain([alice.join("sessions.json")]) {
            let text = fs::read_to_string(&file).expect("text").replace(RECORDED_ENDPOINT, &server);
            fs::write(&file, text).expect("written");
        }
        Self { data: node.data().to_owned(), server: Some(server), folder }
    }

    /// The output of a user's command, independent of the time zone, language and settings of this machine.
    fn run(&self, user: &str, command: &str) -> String {
        let papo = binary();
        let own = papo.parent().expect("the folder of papo");
        let others = std::env::var("PATH").expect("PATH");
        let mut shell = Command::new("sh");
        shell.args(["-c", &format!("exec 2>&1; {command}")]).current_dir(self.folder.path()).env_clear();
        shell.envs([("TZ", "UTC"), ("LC_ALL", "C.UTF-8"), ("PATH", &format!("{}:{others}", path(own)))]);
        shell.env("PAPO_TIMEOUT", "30");
        shell.env("PAPO_CONFIG", self.folder.path().join(user)).env("PAPO_DATA", &self.data);
        shell.envs(self.server.iter().map(|server| ("PAPO_SERVER", server)));
        let finished = Process::start(shell).finish();
        match finished.code {
            Some(0) => finished.output,
            code => format!("{}[exit {}]\n", finished.output, code.expect("no signal")),
        }
    }

    /// Replays a transcript: returns its commands with the output of this build. A line such as `alice$ papo
    /// channels` is a command of alice, and the lines up to the next command are its output.
    fn play(&self, transcript: &Path) -> String {
        let lines = fs::read_to_string(transcript).expect("a transcript");
        let commands = lines.lines().filter_map(|line| Some((line, command(line)?)));
        let run = |(line, (user, command))| format!("{line}\n{}", self.run(user, command));
        commands.map(run).collect::<Vec<_>>().join("\n")
    }
}

/// Asserts that the output equals the expected file. The failure message shows the first different line.
fn compare(expected: &Path, found: &str) {
    let recorded = fs::read_to_string(expected).expect("the expected output");
    let (mut recorded, mut current, mut last_command) = (recorded.lines(), found.lines(), "");
    loop {
        match (recorded.next(), current.next()) {
            (None, None) => return,
            (Some(recorded), Some(current)) if recorded == current => {
                last_command = command(recorded).map_or(last_command, |_| recorded);
            }
            (recorded, current) => panic!(
                "{}\n{last_command}\nthen: {recorded:?}\nnow:  {current:?}\nSee the golden README for which files may change",
                expected.display()
            ),
        }
    }
}

/// Compares the output with the expected file. With `UPDATE_GOLDEN`, writes the expected file first. Only one
/// test uses this function, because other tests read the file at the same time.
fn update_or_compare(expected: &Path, found: &str) {
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        fs::write(expected, found).expect("written");
    }
    compare(expected, found);
}

/// Parses a command line of a transcript: user and command.
fn command(line: &str) -> Option<(&str, &str)> {
    let (user, command) = line.split_once("$ ")?;
    user.chars().all(char::is_alphabetic).then_some((user, command))
}

/// Alice, with the recorded session.
fn alice(golden: &Path, node: &Node) -> Peer {
    let sessions = fs::read_to_string(golden.join("config/sessions.json")).expect("alice's sessions");
    let sessions: Value = serde_json::from_str(&sessions).expect("JSON");
    let session: LoggedIn = serde_json::from_value(sessions[RECORDED_ENDPOINT].clone()).expect("a session");
    let mut alice = node.peer();
    alice.resume(&session);
    alice
}

/// Waits until the search index is complete. The node rebuilds the index, because no golden folder contains
/// one.
fn wait_for_search(alice: &mut Peer) {
    let (started, query) = (clock::now(), json!({ "query": "plan" }));
    while !alice.call("message.search", query.clone()).is_ok_and(|found| found["behind"] == 0) {
        assert!(started.elapsed() < DEADLINE, "the search index is incomplete");
    }
}

/// The result of `sync.heads` for alice.
fn heads(golden: &Path, node: &Node) -> String {
    let heads = alice(golden, node).call("sync.heads", json!({})).expect("the heads");
    serde_json::to_string_pretty(&heads).expect("JSON") + "\n"
}

/// Asserts that the commands of `clients.txt` print the recorded output.
fn compare_transcript(golden: &Path, node: &Node) {
    let transcript = golden.join("clients.txt");
    compare(&transcript, &Shell::online(golden, node).play(&transcript));
}

#[test]
fn a_released_folder_prints_the_expected_output() {
    for golden in golden_folders() {
        let [folder, words, clients] =
            ["folder.txt", "words.txt", "clients.txt"].map(|name| golden.join(name));
        let data = copy_of_data(&golden);
        update_or_compare(&folder, &Shell::offline(data.path()).play(&folder));
        let node = Node::up_on(data);
        update_or_compare(&golden.join("heads.json"), &heads(&golden, &node));
        update_or_compare(&words, &Shell::online(&golden, &node).play(&words));
        // Start a new node, because presence is unknown only in the first 40 seconds after startup.
        let node = Node::up_on(copy_of_data(&golden));
        update_or_compare(&clients, &Shell::online(&golden, &node).play(&clients));
        node.assert_healthy();
    }
}

#[test]
fn a_restarted_node_prints_the_same_output() {
    for golden in golden_folders() {
        let mut node = Node::up_on(copy_of_data(&golden));
        node.restart("up");
        compare(&golden.join("heads.json"), &heads(&golden, &node));
        compare_transcript(&golden, &node);
        let verified = node.verify();
        assert_eq!((&verified["whole"], &verified["torn_bytes"]), (&json!(true), &json!(0)));
    }
}

#[test]
fn the_log_alone_and_a_restored_backup_print_the_same_output() {
    for golden in golden_folders() {
        let data = copy_of_data(&golden);
        let logs = fs::read_dir(data.path().join("log")).expect("the log");
        let files = logs.map(|entry| entry.expect("an entry").path());
        let indexes = files.filter(|file| file.extension().is_some_and(|extension| extension == "idx"));
        let snapshots = ["users.json", "channels.json"].map(|name| data.path().join(name));
        indexes.chain(snapshots).for_each(|file| fs::remove_file(file).expect("removed"));
        let node = Node::up_on(data);
        compare(&golden.join("heads.json"), &heads(&golden, &node));

        let (elsewhere, restored) = (TempDir::new().expect("a folder"), TempDir::new().expect("a folder"));
        let file = elsewhere.path().join("papo.tar");
        for (command, data) in [("backup", node.data()), ("restore", restored.path())] {
            let finished = Process::run([command, path(&file), "--data", path(data)]);
            assert_eq!(finished.code, Some(0), "{command}: {}", finished.log);
        }
        drop(node);
        compare_transcript(&golden, &Node::up_on(restored));
    }
}

#[test]
fn a_released_folder_can_be_written_to() {
    for golden in golden_folders() {
        let mut node = Node::up_on(copy_of_data(&golden));
        // The pending message in the outbox is sent first.
        let shell = Shell::online(&golden, &node);
        let sent = shell.run("alice", "papo send '#general' 'Sent by this build.'");
        assert!(!sent.contains("[exit"), "{sent}");
        let mut alice = alice(&golden, &node);
        let before = alice.history("#general").len() as u64;
        let (old, new) = (10, before);
        let changes = [
            ("message.edit", old, json!({ "text": "Good evening, everyone." })),
            ("message.react", old, json!({ "emoji": "🎉" })),
            ("message.delete", 14, json!({})),
            ("message.edit", new, json!({ "text": "Edited by this build." })),
            ("message.react", new, json!({ "emoji": "👍" })),
            ("message.delete", new - 1, json!({})),
        ];
        for (expected, (method, n, mut params)) in (before + 1..).zip(changes) {
            params["conversation"] = json!("#general");
            params["n"] = json!(n);
            params["id"] = json!(Uuid::now_v7());
            let changed = alice.call(method, params).unwrap_or_else(|error| panic!("{method}: {error}"));
            assert_eq!(changed["n"], expected, "{method}");
        }
        let history = |shell: &Shell| shell.run("alice", "papo history '#general' --limit 500");
        let shown = history(&shell);
        for text in [
            "alice: Good evening, everyone. (edited)  👍 alice, bob  🎉 alice",
            "alice: Edited by this build.",
        ] {
            assert!(shown.contains(text), "{text} is not in:\n{shown}");
        }
        for text in ["Lunch at noon?", "Sent while the node was down."] {
            assert!(!shown.contains(text), "{text} was deleted:\n{shown}");
        }
        let finished = node.stop("up", Signal::TERM);
        assert_eq!(finished.code, Some(0), "{}", finished.log);
        let verified = node.verify();
        assert_eq!((&verified["whole"], &verified["torn_bytes"]), (&json!(true), &json!(0)));
        node.start("up");
        assert_eq!(history(&Shell::online(&golden, &node)), shown);
    }
}
