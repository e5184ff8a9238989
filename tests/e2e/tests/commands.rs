//! The commands for scripts: what they print, and their exit codes.

use std::io::Write as _;
use std::process::{Command, Stdio};

use e2e::{Finished, Node, PASSWORD, Process, binary};
use rustix::process::Signal;
use serde_json::Value;
use tempfile::TempDir;

/// Somebody's shell: their config folder and their node.
pub(crate) struct Shell<'a> {
    node: &'a Node,
    pub(crate) config: TempDir,
}

impl<'a> Shell<'a> {
    pub(crate) fn new(node: &'a Node, user: &str) -> Self {
        let shell = Self { node, config: TempDir::new().expect("a folder") };
        shell.does(&["register", user]);
        shell.does(&["login", user]);
        shell
    }

    /// Their config folder, to be kept for as long as anything runs that they began.
    pub(crate) fn into_config(self) -> TempDir {
        self.config
    }

    /// A shell of somebody who has an account already.
    pub(crate) fn in_folder(node: &'a Node, config: TempDir) -> Self {
        Self { node, config }
    }

    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(binary());
        command.args(arguments).args(["--server", self.node.server()]);
        command.arg("--config").arg(self.config.path()).env("PAPO_PASSWORD", PASSWORD);
        command
    }

    pub(crate) fn runs(&self, arguments: &[&str]) -> Finished {
        Process::start(self.command(arguments)).finish()
    }

    /// Runs a command that is to succeed, and returns what it printed.
    pub(crate) fn does(&self, arguments: &[&str]) -> String {
        let finished = self.runs(arguments);
        assert_eq!(finished.code, Some(0), "{arguments:?}: {}", finished.log);
        finished.output
    }

    pub(crate) fn texts(&self, arguments: &[&str]) -> Vec<String> {
        let text = |line: &str| {
            let event: Value = serde_json::from_str(line).expect("a line of JSON");
            event["text"].as_str().map(str::to_owned)
        };
        self.does(arguments).lines().filter_map(text).collect()
    }
}

#[test]
fn a_script_sends_reads_and_lists() {
    let node = Node::up();
    let (alice, bob) = (Shell::new(&node, "alice"), Shell::new(&node, "bob"));
    alice.does(&["create", "#ops"]);
    bob.does(&["join", "#ops"]);
    alice.does(&["send", "#ops", "build done"]);
    bob.does(&["send", "@alice", "olá 🙂"]);
    assert_eq!(bob.texts(&["history", "#ops", "--json"]), ["build done"]);
    assert_eq!(alice.texts(&["history", "@bob", "--json"]), ["olá 🙂"]);
    assert!(alice.does(&["channels"]).contains("#ops"));
    let users = alice.does(&["users", "--json"]);
    assert!(users.contains("\"alice\"") && users.contains("\"bob\""), "{users}");
    bob.does(&["leave", "#ops"]);
    bob.does(&["logout"]);
    assert_eq!(bob.runs(&["users"]).code, Some(1));
}

#[test]
fn a_script_reads_a_page_by_time_or_around_a_number() {
    let node = Node::up();
    let alice = Shell::new(&node, "alice");
    alice.does(&["create", "#ops"]);
    for text in ["one", "two", "three"] {
        alice.does(&["send", "#ops", text]);
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
    alice.does(&["create", "#ops"]);
    assert_eq!(alice.does(&["channel", "bans", "#ops"]), "");
    alice.does(&["channel", "ban", "#ops", "bob"]);
    let bans = alice.does(&["channel", "bans", "#ops", "--json"]);
    assert!(bans.starts_with(r#"{"user":"bob","by":"alice","at":"#), "{bans}");
    let refused = bob.runs(&["channel", "bans", "#ops"]);
    assert!(
        refused.code == Some(1) && refused.log.contains("you are not a member of #ops"),
        "{}",
        refused.log
    );
}

#[test]
fn an_administrator_sees_to_the_node() {
    let node = Node::up();
    let (alice, bob) = (Shell::new(&node, "alice"), Shell::new(&node, "bob"));
    assert!(node.log("up").contains("the first account"), "said in the log");
    bob.does(&["create", "#board", "--private"]);
    let refused = bob.runs(&["admin", "users"]);
    assert_eq!(
        (refused.code, refused.log.contains("only administrators")),
        (Some(1), true),
        "{}",
        refused.log
    );
    let users = alice.does(&["admin", "users"]);
    assert!(users.contains("@alice") && users.contains("sessions: 1, administrator"), "{users}");
    assert!(alice.does(&["admin", "channels"]).contains("#board"));
    assert!(
        !alice.does(&["channels"]).contains("#board"),
        "it is still none of the administrator's business"
    );
    assert!(alice.does(&["admin", "sessions", "bob", "--json"]).starts_with(r#"{"user":"bob","#));

    assert_eq!(alice.does(&["admin", "disable", "bob"]), "bob is disabled; sessions that were ended: 1\n");
    assert_eq!(bob.runs(&["users"]).code, Some(1), "the session is gone");
    let shut_out = bob.runs(&["login", "bob"]);
    assert!(shut_out.log.contains("this account is disabled"), "{}", shut_out.log);
    let stats: Value = serde_json::from_str(&alice.does(&["admin", "stats", "--json"])).expect("JSON");
    assert_eq!((&stats["users"], &stats["disabled"], &stats["sessions"]), (&2.into(), &1.into(), &1.into()));

    alice.does(&["admin", "disable", "bob", "--enable"]);
    bob.does(&["login", "bob"]);
    let last = alice.runs(&["admin", "promote", "alice", "--demote"]);
    assert!(last.log.contains("alice is the last administrator"), "{}", last.log);
    alice.does(&["admin", "promote", "bob"]);
    bob.does(&["admin", "promote", "alice", "--demote"]);
    assert_eq!(alice.runs(&["admin", "stats"]).code, Some(1));
}

#[test]
fn every_line_of_standard_input_is_sent_once_and_in_order() {
    let node = Node::up();
    let alice = Shell::new(&node, "alice");
    alice.does(&["create", "#log"]);
    let mut sending = alice.command(&["send", "#log", "-"]);
    let mut child = sending.stdin(Stdio::piped()).spawn().expect("papo");
    let lines: Vec<_> = (0..2_000).map(|i| format!("line {i}")).collect();
    let mut input = child.stdin.take().expect("a pipe");
    input.write_all(lines.join("\n").as_bytes()).expect("written");
    drop(input);
    assert!(child.wait().expect("an end").success());

    let mut heard = Vec::new();
    for page in 0..4 {
        let after = (1 + page * 500).to_string();
        heard.extend(alice.texts(&["history", "#log", "--after", &after, "--limit", "500", "--json"]));
    }
    assert_eq!(heard, lines);
}

#[test]
fn a_subscriber_hears_everything_and_stops_cleanly() {
    let node = Node::up();
    let alice = Shell::new(&node, "alice");
    alice.does(&["create", "#ops"]);
    alice.does(&["send", "#ops", "before"]);
    let subscriber = Process::start(alice.command(&["subscribe", "#ops", "--after", "0", "--json"]));
    let next = || subscriber.ready()["text"].as_str().map(str::to_owned);
    assert_eq!(next(), None, "the channel was created");
    assert_eq!(next().as_deref(), Some("before"));
    alice.does(&["send", "#ops", "live"]);
    assert_eq!(next().as_deref(), Some("live"));
    let finished = subscriber.stop(Signal::TERM);
    assert_eq!(finished.code, Some(0), "{}", finished.log);
}

#[test]
fn exit_codes_tell_what_went_wrong() {
    let node = Node::up();
    let alice = Shell::new(&node, "alice");
    assert_eq!(alice.runs(&["send", "#nowhere", "x"]).code, Some(1), "refused");
    assert_eq!(alice.runs(&["send", "general", "x"]).code, Some(2), "the shell ate the #");
    assert_eq!(alice.runs(&["send"]).code, Some(2), "wrong usage");
    let mut nobody = Command::new(binary());
    nobody.args(["users", "--server", "tcp://127.0.0.1:9", "--timeout", "1"]);
    nobody.arg("--config").arg(alice.config.path());
    let lost = Process::start(nobody).finish();
    assert_eq!(lost.code, Some(1), "no session there: {}", lost.log);
    let mut stranger = Command::new(binary());
    let (key, _) = node.server().split_once('@').expect("an invite");
    stranger.args(["login", "alice", "--server", &format!("{key}@127.0.0.1:9"), "--timeout", "1"]);
    stranger.arg("--config").arg(alice.config.path()).env("PAPO_PASSWORD", PASSWORD);
    let lost = Process::start(stranger).finish();
    assert_eq!(lost.code, Some(3), "not reachable: {}", lost.log);
    assert!(lost.log.contains("tcp://127.0.0.1:9"), "{}", lost.log);
}

#[test]
fn the_session_is_for_its_owner_only() {
    use std::os::unix::fs::PermissionsExt as _;
    let node = Node::up();
    let alice = Shell::new(&node, "alice");
    let file = alice.config.path().join("sessions.json");
    let mode = std::fs::metadata(&file).expect("the session").permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    assert!(!std::fs::read_to_string(&file).expect("text").contains(PASSWORD));
}

#[test]
fn a_script_finds_what_was_said_where_it_may_read() {
    let node = Node::up();
    let (alice, bob) = (Shell::new(&node, "alice"), Shell::new(&node, "bob"));
    alice.does(&["create", "#ops", "--private"]);
    alice.does(&["send", "#ops", "a ação de deploy foi concluída"]);
    alice.does(&["send", "@bob", "deploying now"]);
    assert_eq!(
        alice.texts(&["search", "--json", "deploy"]),
        ["a ação de deploy foi concluída", "deploying now"]
    );
    assert_eq!(alice.texts(&["search", "--json", "ACAO", "in:#ops"]), ["a ação de deploy foi concluída"]);
    assert_eq!(bob.texts(&["search", "--json", "deploy"]), ["deploying now"]);
    let page = alice.runs(&["search", "--limit", "1", "--json", "deploy"]);
    assert!(
        page.output.contains("deploying now") && page.log.contains("there are more results: --page "),
        "{page:?}"
    );
    let refused = bob.runs(&["search", "deploy", "in:#ops"]);
    assert_eq!(refused.code, Some(1));
    assert!(refused.log.contains("there is no channel #ops"), "{}", refused.log);
    let refused = bob.runs(&["search", "before:yesterday"]);
    assert!(refused.log.contains("such as before:2026-01-31"), "{}", refused.log);
}
