//! Tests that messages of a killed or offline client are sent later, once and in order.

use std::io::Write as _;
use std::path::Path;
use std::process::{Child, Stdio};

use e2e::{DEADLINE, Node, PASSWORD, Peer, Terminal, peers};
use tempfile::TempDir;
use transport::clock;

use crate::commands::Shell;

fn texts(peer: &mut Peer, conversation: &str) -> Vec<String> {
    let mut texts = Vec::new();
    for event in peer.history(conversation) {
        if let common::Body::Message { text, .. } = event.body {
            texts.push(text.as_str().to_owned());
        }
    }
    texts
}

/// Waits until the client's outbox contains a text.
fn wait_until_stored(config: &Path, text: &str) {
    let begun = clock::now();
    let is_stored = || {
        let files = std::fs::read_dir(config.join("outbox")).into_iter().flatten().flatten();
        let mut contents = files.filter_map(|file| std::fs::read_to_string(file.path()).ok());
        contents.any(|content| content.contains(text))
    };
    while !is_stored() {
        assert!(begun.elapsed() < DEADLINE, "{text:?} is not in the outbox");
        std::thread::yield_now();
    }
}

/// Starts `papo send #log -` and writes these lines to its standard input, which stays open.
fn send_lines(shell: &Shell<'_>, lines: &[&str]) -> Child {
    let mut sending = shell.command(&["send", "#log", "-", "--timeout", "60"]);
    let mut child = sending.stdin(Stdio::piped()).spawn().expect("papo");
    let input = child.stdin.as_mut().expect("a pipe");
    lines.iter().for_each(|line| writeln!(input, "{line}").expect("written"));
    child
}

fn join_as_alice(alice: &Terminal) {
    alice.wait_for("papo>");
    alice.enter("/register alice");
    for question in ["choose a password:", "repeat the password:"] {
        alice.wait_for(question);
        alice.enter(PASSWORD);
    }
    alice.wait_for("you are alice");
    alice.enter("/join #general");
    alice.wait_for("#general>");
}

fn bob_in(node: &Node, channel: &str) -> Peer {
    let [mut bob] = peers(node, ["bob"]);
    bob.create(channel).expect("a channel");
    bob
}

#[test]
fn lines_of_a_killed_send_are_sent_by_the_next_send() {
    let mut node = Node::up();
    let mut bob = bob_in(&node, "#log");
    let config = {
        let alice = Shell::new(&node, "alice");
        alice.run_ok(&["join", "#log"]);
        alice.config
    };
    node.kill("up");
    {
        let alice = Shell::in_folder(&node, config);
        let mut child = send_lines(&alice, &["one", "two", "three"]);
        wait_until_stored(alice.config.path(), "three");
        child.kill().expect("killed");
        child.wait().expect("the process exits");
        // The second killed process has its own outbox file.
        let mut child = send_lines(&alice, &["four"]);
        wait_until_stored(alice.config.path(), "four");
        child.kill().expect("killed");
        child.wait().expect("the process exits");
        let config = alice.config;
        node.start("up");
        let alice = Shell::in_folder(&node, config);
        alice.run_ok(&["send", "#log", "five"]);
        assert_eq!(texts(&mut bob, "#log"), ["one", "two", "three", "four", "five"]);
        let left = std::fs::read_dir(alice.config.path().join("outbox")).expect("a folder").count();
        assert_eq!(left, 0, "a sent message is removed from the outbox");
    }
}

#[test]
fn the_message_of_a_send_that_times_out_is_sent_by_the_next_send() {
    let mut node = Node::up();
    let mut bob = bob_in(&node, "#log");
    let alice = Shell::new(&node, "alice");
    alice.run_ok(&["join", "#log"]);
    let config = alice.config;
    node.kill("up");
    let alice = Shell::in_folder(&node, config);
    let given_up = alice.run(&["send", "#log", "late", "--timeout", "0.5"]);
    assert_eq!(given_up.code, Some(3), "{}", given_up.log);
    assert!(
        given_up.log.contains("1 message was not sent; the next papo send or papo chat sends it"),
        "{}",
        given_up.log
    );
    let config = alice.config;
    node.start("up");
    Shell::in_folder(&node, config).run_ok(&["send", "#log", "on time"]);
    assert_eq!(texts(&mut bob, "#log"), ["late", "on time"]);
}

#[test]
fn messages_of_a_killed_chat_are_pending_and_sent_by_the_next_chat() {
    let mut node = Node::up();
    let mut bob = bob_in(&node, "#general");
    let config = TempDir::new().expect("a folder");
    let alice = Terminal::chat(node.server(), config.path());
    join_as_alice(&alice);
    node.kill("up");
    alice.enter("um");
    alice.wait_for("-- waiting to be sent to #general: um --");
    alice.enter("dois");
    alice.wait_for("-- waiting to be sent to #general: dois --");
    alice.kill();
    node.start("up");
    let again = Terminal::chat(node.server(), config.path());
    again.wait_for("-- 2 messages of an earlier chat were not sent; papo sends them now --");
    again.wait_for("#general>");
    again.enter("três");
    again.wait_for("alice: três");
    assert_eq!(texts(&mut bob, "#general"), ["um", "dois", "três"]);
}

#[test]
fn a_client_continues_at_the_next_endpoint_when_the_broker_moved() {
    let mut node = Node::in_three_processes();
    let mut bob = bob_in(&node, "#general");
    let (key, first) =
        node.server().split_once('@').map(|(key, at)| (key.to_owned(), at.to_owned())).expect("an invite");
    let (host, _) = first.rsplit_once(':').expect("a port");
    // Any port is free, because only this node listens at its loopback address.
    let second = std::net::TcpListener::bind((host, 0)).and_then(|listener| listener.local_addr());
    let second = second.expect("an address");
    let both = format!("{key}@{first},{key}@{second}");
    let config = TempDir::new().expect("a folder");
    let alice = Terminal::chat(&both, config.path());
    join_as_alice(&alice);
    alice.enter("/status");
    alice.wait_for(&format!("connected to tcp://{first}"));
    alice.wait_for("complete up to #general 2");
    node.kill("broker");
    node.set_flag("broker", "clients", &format!("tcp://{second}"));
    alice.enter("em trânsito");
    alice.wait_for("-- waiting to be sent to #general: em trânsito --");
    node.start("broker");
    alice.wait_for("alice: em trânsito");
    alice.enter("/status");
    alice.wait_for(&format!("connected to tcp://{second}"));
    alice.wait_for("complete up to #general 3");
    let session = bob.session().clone();
    bob = node.peer();
    bob.resume(&session);
    assert_eq!(texts(&mut bob, "#general"), ["em trânsito"]);
    bob.send("#general", "de volta").expect("sent");
    alice.wait_for("bob: de volta");
}

#[test]
fn an_offline_chat_shows_stored_messages_and_sends_new_ones_later() {
    let mut node = Node::up();
    let mut bob = bob_in(&node, "#general");
    let config = TempDir::new().expect("a folder");
    let alice = Terminal::chat(node.server(), config.path());
    join_as_alice(&alice);
    bob.send("#general", "antes").expect("sent");
    alice.wait_for("bob: antes");
    alice.enter("/quit");
    alice.wait_for_end();
    node.kill("up");
    let alice = Terminal::chat_with(node.server(), config.path(), "--timeout 1");
    alice.wait_for("-- #general up to 3, from the copy on this machine --");
    alice.wait_for("bob: antes");
    alice.wait_for("the server does not answer yet");
    alice.enter("sem servidor");
    alice.wait_for("-- waiting to be sent to #general: sem servidor --");
    alice.wait_for("the server does not answer; trying again");
    alice.enter("/status");
    alice.wait_for("offline: tcp://");
    alice.wait_for("1 message is waiting to be sent");
    alice.wait_for("#general (offline, 1 waiting)>");
    node.start("up");
    alice.wait_for("alice: sem servidor");
    alice.enter("com servidor");
    alice.wait_for("alice: com servidor");
    alice.enter("/status");
    alice.wait_for("complete up to #general 5");
    assert_eq!(texts(&mut bob, "#general"), ["antes", "sem servidor", "com servidor"]);
}

#[test]
fn an_offline_chat_starts_immediately_and_reports_missed_messages_after_reconnecting() {
    let mut node = Node::up();
    let mut bob = bob_in(&node, "#general");
    let config = TempDir::new().expect("a folder");
    let alice = Terminal::chat(node.server(), config.path());
    join_as_alice(&alice);
    alice.enter("/quit");
    alice.wait_for_end();
    bob.send("@alice", "só para você").expect("sent");
    node.kill("up");
    // A timeout longer than the deadline of the test.
    let alice = Terminal::chat_with(node.server(), config.path(), "--timeout 600 --lang en");
    alice.wait_for("-- #general up to 2, from the copy on this machine --");
    alice.wait_for("the server does not answer yet: papo keeps your messages");
    alice.wait_for("#general (connecting, 0 waiting)>");
    alice.enter("@bob");
    alice.wait_until("opens another conversation", |screen| {
        screen.matches("does not answer yet").count() == 2
    });
    alice.wait_until("asks", |screen| {
        screen.trim_end().lines().last().is_some_and(|last| last.starts_with("@bob (") && last.ends_with('>'))
    });
    alice.enter("sem servidor");
    alice.wait_for("-- waiting to be sent to @bob: sem servidor --");
    node.start("up");
    // The open conversation may already be marked as read. The summary then omits it.
    alice.wait_for("alice: sem servidor");
    alice.wait_for("@bob: 1 unread");
    alice.enter("/status");
    alice.wait_for("connected to tcp://");
}

#[test]
fn a_missing_session_and_a_wrong_password_are_reported() {
    let node = Node::up();
    let config = TempDir::new().expect("a folder");
    let chat = Terminal::chat_with(node.server(), config.path(), "--timeout 600");
    chat.wait_for("you are not logged in: /login NAME");
    chat.wait_for("papo>");
    chat.enter("/register alice");
    chat.wait_for("choose a password:");
    chat.enter(e2e::PASSWORD);
    chat.wait_for("repeat the password:");
    chat.enter(e2e::PASSWORD);
    chat.wait_for("you are not in a channel yet");
    chat.wait_until("asks", |screen| screen.trim_end().ends_with("papo>"));
    chat.enter("/login alice");
    chat.wait_for("\npassword:");
    chat.enter("another horse");
    chat.wait_for("papo: the user name or the password is wrong");
}
