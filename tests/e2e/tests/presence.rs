//! Who is there, and who writes: from the terminal of one to that of the other.

use std::process::Command;
use std::time::Duration;

use common::presence::State;
use e2e::{DEADLINE, Node, PASSWORD, Peer, Process, Terminal, binary, peers};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::json;
use tempfile::TempDir;

/// A script of Bob's that listens, and so is there.
fn listening(node: &Node, config: &TempDir) -> Process {
    running(node, config, &["subscribe", "@alice", "--json"])
}

/// The same, another one.
fn running(node: &Node, config: &TempDir, arguments: &[&str]) -> Process {
    let command = |arguments: &[&str]| {
        let mut command = Command::new(binary());
        command.args(arguments).args(["--server", node.server()]).arg("--config").arg(config.path());
        command.env("PAPO_PASSWORD", PASSWORD);
        command
    };
    assert_eq!(Process::start(command(&["login", "bob"])).finish().code, Some(0));
    Process::start(command(arguments))
}

fn presence_topic(peer: &mut Peer) -> String {
    let set = peer.call("presence.set", json!({ "state": "offline" })).expect("a topic");
    set["topic"].as_str().expect("a topic").to_owned()
}

#[test]
fn who_is_killed_is_noticed_within_45_seconds_and_who_leaves_at_once() {
    let node = Node::up();
    let [mut alice, _bob] = peers(&node, ["alice", "bob"]);
    let mut listener = node.listener();
    let topic = presence_topic(&mut alice);
    listener.follow(&[&topic]);
    let config = TempDir::new().expect("a folder");

    let program = listening(&node, &config);
    assert_eq!(listener.hear_of_presence(DEADLINE).state, State::Online);
    assert_eq!(program.stop(Signal::TERM).code, Some(0));
    let left = listener.hear_of_presence(Duration::from_secs(10));
    assert_eq!((left.user.as_str(), left.state), ("bob", State::Offline), "told by bob himself");

    let program = listening(&node, &config);
    assert_eq!(listener.hear_of_presence(DEADLINE).state, State::Online);
    program.kill();
    assert_eq!(listener.hear_of_presence(Duration::from_secs(45)).state, State::Offline);
    let users = alice.call("user.list", json!({})).expect("the users");
    assert_eq!(users["users"][1]["state"], "offline");
    assert!(users["users"][1]["seen"].is_u64(), "{users}");
}

#[test]
fn a_script_says_that_its_person_is_there_or_away_for_as_long_as_it_runs() {
    let node = Node::up();
    let [mut alice, _bob] = peers(&node, ["alice", "bob"]);
    let mut listener = node.listener();
    let topic = presence_topic(&mut alice);
    listener.follow(&[&topic]);
    let config = TempDir::new().expect("a folder");

    let program = running(&node, &config, &["presence", "away", "--json"]);
    let told = program.ready();
    assert_eq!((&told["user"], &told["state"]), (&json!("bob"), &json!("away")));
    assert_eq!(listener.hear_of_presence(DEADLINE).state, State::Away);
    assert_eq!(program.stop(Signal::TERM).code, Some(0));
    assert_eq!(listener.hear_of_presence(DEADLINE).state, State::Offline);

    let finished = running(&node, &config, &["presence", "online", "--for", "3"]).finish();
    assert_eq!((finished.code, &*finished.output), (Some(0), "@bob (online)\n"), "{}", finished.log);
    assert_eq!(listener.hear_of_presence(DEADLINE).state, State::Online);
    assert_eq!(listener.hear_of_presence(DEADLINE).state, State::Offline);
}

fn register(node: &Node, config: &TempDir, name: &str) -> Terminal {
    Terminal::registered(node.server(), config.path(), name)
}

#[test]
fn two_people_see_each_other_come_write_and_go() {
    let node = Node::up();
    let configs = [TempDir::new().expect("a folder"), TempDir::new().expect("a folder")];
    let alice = register(&node, &configs[0], "alice");
    alice.wait_for("the administrator of this node");
    let bob = register(&node, &configs[1], "bob");
    alice.enter("@bob");
    alice.wait_for("@bob>");
    bob.enter("@alice");
    bob.wait_for("@alice>");
    alice.type_text("half a line");
    bob.wait_for("alice typing…");
    assert!(bob.screen().trim_end().ends_with("@alice>  alice typing…"), "{}", bob.screen());
    alice.press("Enter");
    bob.wait_for("alice: half a line");
    bob.wait_until("shows nobody typing", |screen| !screen.contains("typing…"));

    bob.enter("/away");
    bob.wait_for("you are shown as away");
    alice.wait_for("bob is away");
    bob.enter("/back");
    alice.wait_for("bob is online");
    bob.enter("/quit");
    alice.wait_for("bob is offline");
    alice.enter("/users");
    alice.wait_for("@alice (online)");
    alice.wait_for("@bob (last seen ");
}

/// Whether others see Bob. A server that was just started does not say that somebody is offline.
fn is_bob_there(alice: &mut Peer) -> bool {
    let users = alice.call("user.list", json!({})).expect("the users");
    users["users"][1]["state"] == "online"
}

#[test]
fn who_closes_the_terminal_says_goodbye() {
    let node = Node::up();
    let [mut alice] = peers(&node, ["alice"]);
    let config = TempDir::new().expect("a folder");
    let bob = register(&node, &config, "bob");
    assert!(is_bob_there(&mut alice));
    bob.close();
    assert!(!is_bob_there(&mut alice), "the goodbye is acknowledged before the end");

    for flags in ["", "--plain"] {
        for signal in [Signal::HUP, Signal::TERM] {
            let bob = Terminal::chat_with(node.server(), config.path(), flags);
            bob.wait_for("you are bob");
            bob.wait_for("/create #channel");
            assert!(is_bob_there(&mut alice), "{flags} {signal:?}");
            bob.signal(signal);
            bob.wait_for_end();
            assert!(!is_bob_there(&mut alice), "{flags} {signal:?}");
        }
    }
}

#[test]
fn the_terminal_is_left_as_it_was_found() {
    let node = Node::up();
    let config = TempDir::new().expect("a folder");
    let terminal = Terminal::chat_in_shell(node.server(), config.path());
    for prompt in ["papo>", "choose a password:"] {
        terminal.wait_for(prompt);
        if prompt == "papo>" {
            terminal.enter("/register alice");
        }
    }
    let id = std::fs::read_to_string(config.path().join("chat.pid")).expect("the process");
    let id = id.trim().parse().ok().and_then(Pid::from_raw).expect("an id");
    kill_process(id, Signal::TERM).expect("a program that runs");
    terminal.wait_for(" icanon");
    terminal.wait_until("echoes", |screen| screen.contains(" echo ") && !screen.contains("-echo "));
}
