//! Tests of presence and typing, in terminals and scripts.

use std::process::Command;
use std::time::Duration;

use common::presence::State;
use e2e::{DEADLINE, Node, PASSWORD, Peer, Process, Terminal, binary, peers};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::json;
use tempfile::TempDir;

/// Starts `papo subscribe` as bob, which shows him as online.
fn start_subscriber(node: &Node, config: &TempDir) -> Process {
    start_script(node, config, &["subscribe", "@alice", "--json"])
}

/// Logs bob in and starts a script command.
fn start_script(node: &Node, config: &TempDir, arguments: &[&str]) -> Process {
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
fn a_killed_client_goes_offline_within_45_seconds_and_a_stopped_one_at_once() {
    let node = Node::up();
    let [mut alice, _bob] = peers(&node, ["alice", "bob"]);
    let mut subscriber = node.subscriber();
    let topic = presence_topic(&mut alice);
    subscriber.follow(&[&topic]);
    let config = TempDir::new().expect("a folder");

    let program = start_subscriber(&node, &config);
    assert_eq!(subscriber.next_presence_change(DEADLINE).state, State::Online);
    assert_eq!(program.stop(Signal::TERM).code, Some(0));
    let left = subscriber.next_presence_change(Duration::from_secs(10));
    assert_eq!(
        (left.user.as_str(), left.state),
        ("bob", State::Offline),
        "the client went offline before it exited"
    );

    let program = start_subscriber(&node, &config);
    assert_eq!(subscriber.next_presence_change(DEADLINE).state, State::Online);
    program.kill();
    assert_eq!(subscriber.next_presence_change(Duration::from_secs(45)).state, State::Offline);
    let users = alice.call("user.list", json!({})).expect("the users");
    assert_eq!(users["users"][1]["state"], "offline");
    assert!(users["users"][1]["seen"].is_u64(), "{users}");
}

#[test]
fn a_presence_script_sets_the_state_while_it_runs() {
    let node = Node::up();
    let [mut alice, _bob] = peers(&node, ["alice", "bob"]);
    let mut subscriber = node.subscriber();
    let topic = presence_topic(&mut alice);
    subscriber.follow(&[&topic]);
    let config = TempDir::new().expect("a folder");

    let program = start_script(&node, &config, &["presence", "away", "--json"]);
    let line = program.read_json_line();
    assert_eq!((&line["user"], &line["state"]), (&json!("bob"), &json!("away")));
    assert_eq!(subscriber.next_presence_change(DEADLINE).state, State::Away);
    assert_eq!(program.stop(Signal::TERM).code, Some(0));
    assert_eq!(subscriber.next_presence_change(DEADLINE).state, State::Offline);

    let finished = start_script(&node, &config, &["presence", "online", "--for", "3"]).finish();
    assert_eq!((finished.code, &*finished.output), (Some(0), "@bob (online)\n"), "{}", finished.log);
    assert_eq!(subscriber.next_presence_change(DEADLINE).state, State::Online);
    assert_eq!(subscriber.next_presence_change(DEADLINE).state, State::Offline);
}

fn register(node: &Node, config: &TempDir, name: &str) -> Terminal {
    Terminal::registered(node.server(), config.path(), name)
}

#[test]
fn two_users_see_each_others_presence_and_typing() {
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

/// Whether other users see bob as online.
fn is_bob_online(alice: &mut Peer) -> bool {
    let users = alice.call("user.list", json!({})).expect("the users");
    users["users"][1]["state"] == "online"
}

#[test]
fn closing_the_terminal_sets_the_user_offline() {
    let node = Node::up();
    let [mut alice] = peers(&node, ["alice"]);
    let config = TempDir::new().expect("a folder");
    let bob = register(&node, &config, "bob");
    assert!(is_bob_online(&mut alice));
    bob.close();
    assert!(!is_bob_online(&mut alice), "the client waits for the acknowledgement before it ends");

    for flags in ["", "--plain"] {
        for signal in [Signal::HUP, Signal::TERM] {
            let bob = Terminal::chat_with(node.server(), config.path(), flags);
            bob.wait_for("you are bob");
            bob.wait_for("/create #channel");
            assert!(is_bob_online(&mut alice), "{flags} {signal:?}");
            bob.signal(signal);
            bob.wait_for_end();
            assert!(!is_bob_online(&mut alice), "{flags} {signal:?}");
        }
    }
}

#[test]
fn the_terminal_settings_are_restored() {
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
