//! `papo block`: the client of the blocking user hides the messages of the blocked user in channels.

use std::io::Write as _;
use std::process::Stdio;

use e2e::{Node, Process};

use super::commands::Shell;

const PLACEHOLDER: &str = "(a message of bob, whom you have blocked)";

/// The output of `papo chat` with these lines as input.
fn chat(shell: &Shell<'_>, lines: &[&str]) -> String {
    let mut command = shell.command(&["chat"]);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("papo");
    let mut input = child.stdin.take().expect("a pipe");
    input.write_all(lines.join("\n").as_bytes()).expect("written");
    drop(input);
    let output = child.wait_with_output().expect("the chat ends");
    assert!(output.status.success());
    String::from_utf8(output.stdout).expect("utf-8")
}

#[test]
fn all_commands_hide_the_messages_of_a_blocked_user() {
    let node = Node::up();
    let (alice, bob) = (Shell::new(&node, "alice"), Shell::new(&node, "bob"));
    alice.run_ok(&["create", "#ops"]);
    bob.run_ok(&["join", "#ops"]);
    alice.run_ok(&["send", "#ops", "a visible walrus"]);
    bob.run_ok(&["send", "#ops", "@alice: a hidden walrus"]);
    let pages = [["history", "#ops"], ["search", "walrus"], ["mentions", "--timeout=20"]];
    let shown = || pages.map(|page| alice.run_ok(&page));
    assert!(shown().iter().all(|page| page.contains("a hidden walrus")), "{:?}", shown());

    alice.run_ok(&["block", "bob"]);
    for page in shown() {
        assert!(page.contains(&format!("#ops 4 {PLACEHOLDER}")) && !page.contains("hidden walrus"), "{page}");
    }
    assert!(alice.run_ok(&["history", "#ops"]).contains("a visible walrus"));
    let json = alice.run_ok(&["history", "#ops", "--json"]);
    assert!(json.contains("a hidden walrus"), "JSON has all events: {json}");

    let subscriber = Process::start(alice.command(&["subscribe", "#ops", "--after", "2"]));
    assert!(subscriber.read_line().contains("a visible walrus"));
    assert!(subscriber.read_line().ends_with(PLACEHOLDER));
    bob.run_ok(&["send", "#ops", "a second hidden walrus"]);
    assert!(subscriber.read_line().ends_with(PLACEHOLDER));

    let screen = chat(&alice, &["#ops", "/history", "/search walrus", "/mentions"]);
    let placeholders = screen.lines().filter(|line| line.ends_with(PLACEHOLDER)).count();
    assert!(placeholders >= 7 && !screen.contains("hidden walrus"), "{screen}");

    alice.run_ok(&["unblock", "bob"]);
    assert!(shown().iter().all(|page| page.contains("a hidden walrus")), "{:?}", shown());
}
