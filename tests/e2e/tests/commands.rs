//! Tests of the script commands: their output and exit codes.

use std::io::Write as _;
use std::process::{Command, Stdio};

use e2e::{Finished, Node, PASSWORD, Process, binary};
use rustix::process::Signal;
use serde_json::{Value, json};
use tempfile::TempDir;

/// The shell of a user: a config folder and a node.
pub(crate) struct Shell<'a> {
    node: &'a Node,
    pub(crate) config: TempDir,
}

impl<'a> Shell<'a> {
    pub(crate) fn new(node: &'a Node, user: &str) -> Self {
        let shell = Self { node, config: TempDir::new().expect("a folder") };
        shell.run_ok(&["register", user]);
        shell.run_ok(&["login", user]);
        shell
    }

    /// The config folder. The caller must keep it while processes of this shell run.
    pub(crate) fn into_config(self) -> TempDir {
        self.config
    }

    /// A shell with an existing config folder.
    pub(crate) fn in_folder(node: &'a Node, config: TempDir) -> Self {
        Self { node, config }
    }

    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(binary());
        command.args(arguments).args(["--server", self.node.server()]);
        command.arg("--config").arg(self.config.path()).env("PAPO_PASSWORD", PASSWORD);
        command
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Finished {
        Process::start(self.command(arguments)).finish()
    }

    /// Runs a command that must succeed, and returns its output.
    pub(crate) fn run_ok(&self, arguments: &[&str]) -> String {
        let finished = self.run(arguments);
        assert_eq!(finished.code, Some(0), "{arguments:?}: {}", finished.log);
        finished.output
    }

    pub(crate) fn texts(&self, arguments: &[&str]) -> Vec<String> {
        let text = |line: &str| {
            let event: Value = serde_json::from_str(line).expect("a line of JSON");
            event["text"].as_str().map(str::to_owned)
        };
        self.run_ok(arguments).lines().filter_map(text).collect()
    }
}

#[test]
fn a_script_sends_reads_and_lists() {
    let node = Node::up();
    let (alice, bob) = (Shell::new(&node, "alice"), Shell::new(&node, "bob"));
    alice.run_ok(&["create", "#ops"]);
    bob.run_ok(&["join", "#ops"]);
    alice.run_ok(&["send", "#ops", "build done"]);
    bob.run_ok(&["send", "@alice", "olá 🙂"]);
    assert_eq!(bob.texts(&["history", "#ops", "--json"]), ["build done"]);
    assert_eq!(alice.texts(&["history", "@bob", "--json"]), ["olá 🙂"]);
    assert!(alice.run_ok(&["channels"]).contains("#ops"));
    let users = alice.run_ok(&["users", "--json"]);
    assert!(users.contains("\"alice\"") && users.contains("\"bob\""), "{users}");
    bob.run_ok(&["leave", "#ops"]);
    bob.run_ok(&["logout"]);
    assert_eq!(bob.run(&["users"]).code, Some(1));
}

#[test]
fn a_script_reads_a_page_by_time_or_around_a_number() {
    let node = Node::up();
    let alice = Shell::new(&node, "alice");
    alice.run_ok(&["create", "#ops"]);
    for text in ["one", "two", "three"] {
        alice.run_ok(&["send", "#ops", text]);
    }
    let history = |range: &[&str]| alice.texts(&[&["history", "#ops", "--json"], range].concat());
    assert_eq!(history(&["--around", "3", "--limit", "1"]), ["two"]);
    assert_eq!(history(&["--after", "2020-01-01"]), ["one", "two", "three"]);
    assert_eq!(history(&["--after", "3", "--before", "2999-12-31"]), ["three"]);
    assert_eq!(history(&["--before", "2020-01-01T10:00"]), [""; 0]);
}

#[test]
fn a_script_lists_bans() {
    let node = Node::up();
    let (alice, bob) = (Shell::new(&node, "alice"), Shell::new(&node, "bob"));
    alice.run_ok(&["create", "#ops"]);
    assert_eq!(alice.run_ok(&["channel", "bans", "#ops"]), "");
    alice.run_ok(&["channel", "ban", "#ops", "bob"]);
    let bans = alice.run_ok(&["channel", "bans", "#ops", "--json"]);
    assert!(bans.starts_with(r#"{"user":"bob","by":"alice","at":"#), "{bans}");
    let refused = bob.run(&["channel", "bans", "#ops"]);
    assert!(
        refused.code == Some(1) && refused.log.contains("you are not a member of #ops"),
        "{}",
        refused.log
    );
}

#[test]
fn an_administrator_manages_accounts() {
    let node = Node::up();
    let (alice, bob) = (Shell::new(&node, "alice"), Shell::new(&node, "bob"));
    assert!(node.log("up").contains("the first account"), "the log reports the first administrator");
    bob.run_ok(&["create", "#board", "--private"]);
    let refused = bob.run(&["admin", "users"]);
    assert_eq!(
        (refused.code, refused.log.contains("only administrators")),
        (Some(1), true),
        "{}",
        refused.log
    );
    let users = alice.run_ok(&["admin", "users"]);
    assert!(users.contains("@alice") && users.contains("sessions: 1, administrator"), "{users}");
    assert!(alice.run_ok(&["admin", "channels"]).contains("#board"));
    assert!(
        !alice.run_ok(&["channels"]).contains("#board"),
        "an administrator is not a member of private channels"
    );
    assert!(alice.run_ok(&["admin", "sessions", "bob", "--json"]).starts_with(r#"{"user":"bob","#));

    assert_eq!(alice.run_ok(&["admin", "end-session", "bob"]), "1 session was ended\n");
    assert_eq!(bob.run(&["users"]).code, Some(1), "the session ended");
    assert!(bob.run(&["admin", "end-session", "alice"]).code != Some(0));
    bob.run_ok(&["login", "bob"]);

    assert_eq!(alice.run_ok(&["admin", "disable", "bob"]), "bob is disabled, and 1 session was ended\n");
    assert_eq!(bob.run(&["users"]).code, Some(1), "the session ended");
    let refused = bob.run(&["login", "bob"]);
    assert!(refused.log.contains("this account is disabled"), "{}", refused.log);
    let stats: Value = serde_json::from_str(&alice.run_ok(&["admin", "stats", "--json"])).expect("JSON");
    assert_eq!((&stats["users"], &stats["disabled"], &stats["sessions"]), (&2.into(), &1.into(), &1.into()));

    alice.run_ok(&["admin", "disable", "bob", "--enable"]);
    bob.run_ok(&["login", "bob"]);
    let last = alice.run(&["admin", "promote", "alice", "--demote"]);
    assert!(last.log.contains("alice is the last administrator"), "{}", last.log);
    alice.run_ok(&["admin", "promote", "bob"]);
    bob.run_ok(&["admin", "promote", "alice", "--demote"]);
    assert_eq!(alice.run(&["admin", "stats"]).code, Some(1));
}

#[test]
fn every_line_of_standard_input_is_sent_once_and_in_order() {
    let node = Node::up();
    let alice = Shell::new(&node, "alice");
    alice.run_ok(&["create", "#log"]);
    let mut sending = alice.command(&["send", "#log", "-"]);
    let mut child = sending.stdin(Stdio::piped()).spawn().expect("papo");
    let lines: Vec<_> = (0..2_000).map(|i| format!("line {i}")).collect();
    let mut input = child.stdin.take().expect("a pipe");
    input.write_all(lines.join("\n").as_bytes()).expect("written");
    drop(input);
    assert!(child.wait().expect("the process exits").success());

    let mut received = Vec::new();
    for page in 0..4 {
        let after = (1 + page * 500).to_string();
        received.extend(alice.texts(&["history", "#log", "--after", &after, "--limit", "500", "--json"]));
    }
    assert_eq!(received, lines);
}

#[test]
fn a_subscriber_receives_all_events_and_stops_cleanly() {
    let node = Node::up();
    let alice = Shell::new(&node, "alice");
    alice.run_ok(&["create", "#ops"]);
    alice.run_ok(&["send", "#ops", "before"]);
    let subscriber = Process::start(alice.command(&["subscribe", "#ops", "--after", "0", "--json"]));
    let next = || subscriber.read_json_line()["text"].as_str().map(str::to_owned);
    assert_eq!(next(), None, "the event of the new channel has no text");
    assert_eq!(next().as_deref(), Some("before"));
    alice.run_ok(&["send", "#ops", "live"]);
    assert_eq!(next().as_deref(), Some("live"));
    let finished = subscriber.stop(Signal::TERM);
    assert_eq!(finished.code, Some(0), "{}", finished.log);
}

#[test]
fn each_kind_of_failure_has_its_exit_code() {
    let node = Node::up();
    let alice = Shell::new(&node, "alice");
    assert_eq!(alice.run(&["send", "#nowhere", "x"]).code, Some(1), "refused");
    assert_eq!(alice.run(&["send", "general", "x"]).code, Some(2), "a channel name without #");
    assert_eq!(alice.run(&["send"]).code, Some(2), "wrong usage");
    let mut unknown = Command::new(binary());
    unknown.args(["users", "--server", "tcp://127.0.0.1:9", "--timeout", "1"]);
    unknown.arg("--config").arg(alice.config.path());
    let lost = Process::start(unknown).finish();
    assert_eq!(lost.code, Some(1), "no session for this server: {}", lost.log);
    let mut stranger = Command::new(binary());
    let (key, _) = node.server().split_once('@').expect("an invite");
    stranger.args(["login", "alice", "--server", &format!("{key}@127.0.0.1:9"), "--timeout", "1"]);
    stranger.arg("--config").arg(alice.config.path()).env("PAPO_PASSWORD", PASSWORD);
    let lost = Process::start(stranger).finish();
    assert_eq!(lost.code, Some(3), "not reachable: {}", lost.log);
    assert!(lost.log.contains("tcp://127.0.0.1:9"), "{}", lost.log);
}

#[test]
fn the_session_file_is_readable_by_its_owner_only() {
    use std::os::unix::fs::PermissionsExt as _;
    let node = Node::up();
    let alice = Shell::new(&node, "alice");
    let file = alice.config.path().join("sessions.json");
    let mode = std::fs::metadata(&file).expect("the session").permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    assert!(!std::fs::read_to_string(&file).expect("text").contains(PASSWORD));
}

#[test]
fn search_finds_only_messages_that_the_user_may_read() {
    let node = Node::up();
    let (alice, bob) = (Shell::new(&node, "alice"), Shell::new(&node, "bob"));
    alice.run_ok(&["create", "#ops", "--private"]);
    alice.run_ok(&["send", "#ops", "a ação de deploy foi concluída"]);
    alice.run_ok(&["send", "@bob", "deploying now"]);
    assert_eq!(
        alice.texts(&["search", "--json", "deploy"]),
        ["a ação de deploy foi concluída", "deploying now"]
    );
    assert_eq!(alice.texts(&["search", "--json", "ACAO", "in:#ops"]), ["a ação de deploy foi concluída"]);
    assert_eq!(bob.texts(&["search", "--json", "deploy"]), ["deploying now"]);
    let page = alice.run(&["search", "--limit", "1", "--json", "deploy"]);
    assert!(
        page.output.contains("deploying now") && page.log.contains("there are more results: --page "),
        "{page:?}"
    );
    let refused = bob.run(&["search", "deploy", "in:#ops"]);
    assert_eq!(refused.code, Some(1));
    assert!(refused.log.contains("there is no channel #ops"), "{}", refused.log);
    let refused = bob.run(&["search", "before:yesterday"]);
    assert!(refused.log.contains("such as before:2026-01-31"), "{}", refused.log);
}

#[test]
fn a_text_that_looks_like_an_option_is_sent() {
    let node = Node::up();
    let alice = Shell::new(&node, "alice");
    alice.run_ok(&["create", "g"]);
    let texts = ["- item", "--help", "-h", "--json", "--reply", "--server=x"];
    for text in texts {
        alice.run_ok(&["send", "#g", text]);
    }
    alice.run_ok(&["edit", "#g", "2", "--version"]);
    let sent = alice.texts(&["history", "#g", "--after", "1", "--limit", "500", "--json"]);
    assert_eq!(sent[..6], ["--version", "--help", "-h", "--json", "--reply", "--server=x"]);
    alice.run_ok(&["channel", "set", "#g", "--subject", "- a list"]);
    assert!(alice.run(&["send", "--help"]).output.contains("Usage: papo send"));
}

#[test]
fn a_message_that_was_kept_is_reported_as_kept() {
    let node = Node::up();
    let alice = Shell::new(&node, "alice");
    alice.run_ok(&["create", "#g"]);
    let sessions = alice.run_ok(&["sessions", "--json"]);
    let session: Value = serde_json::from_str(sessions.lines().next().expect("a session")).expect("JSON");
    let mut other = node.peer();
    other.login("alice").expect("logged in");
    other.call("session.revoke", json!({ "session": session["session"] })).expect("revoked");
    let kept = alice.run(&["send", "#g", "only once"]);
    assert_eq!(kept.code, Some(1), "{}", kept.log);
    assert!(
        kept.log.contains("1 message was not sent; the next papo send or papo chat sends it"),
        "{}",
        kept.log
    );
    alice.run_ok(&["login", "alice"]);
    alice.run_ok(&["send", "#g", "after it"]);
    let sent = alice.texts(&["history", "#g", "--json"]);
    assert_eq!(sent, ["only once", "after it"]);
}

#[test]
#[expect(clippy::disallowed_methods, reason = "the test writes the files to send")]
fn a_script_downloads_the_newest_file_without_its_number() {
    let node = Node::up();
    let alice = Shell::new(&node, "alice");
    alice.run_ok(&["create", "#g"]);
    for name in ["one.txt", "two.txt"] {
        let path = alice.config.path().join(name);
        std::fs::write(&path, name).expect("written");
        alice.run_ok(&["file", "send", "#g", path.to_str().expect("UTF-8")]);
    }
    let downloads = alice.config.path().join("downloads");
    let path = alice.run_ok(&["file", "get", "#g", "--downloads", downloads.to_str().expect("UTF-8")]);
    assert!(path.trim_end().ends_with("two.txt"), "{path}");
}

#[test]
fn completions_and_manual_pages_have_every_command() {
    for shell in ["bash", "zsh", "fish"] {
        let completions = Process::run(["completions", shell]);
        assert_eq!(completions.code, Some(0), "{}", completions.log);
        for word in ["send", "history", "without-missing-files"] {
            assert!(completions.output.contains(word), "{shell} does not complete {word}");
        }
    }
    let folder = TempDir::new().expect("a folder");
    let pages = folder.path().join("man");
    let written = Process::run(["man", pages.to_str().expect("UTF-8")]);
    assert_eq!(written.code, Some(0), "{}", written.log);
    for page in ["papo.1", "papo-send.1", "papo-channel-set.1"] {
        let page = std::fs::read_to_string(pages.join(page)).expect(page);
        assert!(page.contains(".SH SYNOPSIS"), "{page}");
    }
}
