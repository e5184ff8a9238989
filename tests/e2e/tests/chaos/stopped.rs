//! Tests that a stopped subscriber, such as a closed laptop, does not slow down other clients, and catches up
//! without help.

use e2e::{Node, Peer, Process};
use rustix::process::Signal;
use transport::clock;

use super::report;
use crate::commands::Shell;

/// Messages of one round.
const MESSAGES: u64 = 300;

/// More messages than the kernel buffers for a connection that is not read (10 MB on Linux).
const OVERFLOW_MESSAGES: u64 = 1_000;

const TEXT_BYTES: usize = 15_000;

#[test]
fn a_stopped_subscriber_does_not_slow_down_other_clients_and_catches_up() {
    let mut node = Node::in_three_processes();
    let (bob, carla) = (Shell::new(&node, "bob"), Shell::new(&node, "carla"));
    bob.run_ok(&["create", "#general"]);
    carla.run_ok(&["join", "#general"]);
    let subscribe = |shell: &Shell<'_>| {
        Process::start(shell.command(&["subscribe", "#general", "--after", "0", "--json"]))
    };
    let (quick, stopped) = (&subscribe(&bob), &subscribe(&carla));
    let _keys = (bob.into_config(), carla.into_config());
    let mut alice = node.peer();
    alice.register("alice").expect("a name that is free");
    alice.login("alice").expect("a session");
    alice.join("#general").expect("a member");
    let mut sent = 0;
    let mut round = |count: u64, readers: &[&Process]| {
        let (begun, numbers) = (clock::now(), sent..sent + count);
        sent += count;
        numbers.clone().for_each(|number| send(&mut alice, number));
        readers.iter().for_each(|reader| assert_receives(reader, numbers.clone()));
        (numbers, begun.elapsed())
    };
    let (_, both_read) = round(MESSAGES, &[quick, stopped]);

    // Messages that were sent while the subscriber was stopped are buffered.
    stopped.signal(Signal::STOP);
    let (missed, one_stopped) = round(MESSAGES, &[quick]);
    stopped.signal(Signal::CONT);
    assert_receives(stopped, missed);

    // The proxy with the buffered messages is killed, and no further message is sent.
    stopped.signal(Signal::STOP);
    let (missed, _) = round(OVERFLOW_MESSAGES, &[quick]);
    node.kill("proxy");
    node.start("proxy");
    let begun = clock::now();
    stopped.signal(Signal::CONT);
    assert_receives(stopped, missed);
    // The times depend on the machine, so the test prints them without a check.
    report(&format!(
        "stopped subscriber: {MESSAGES} messages took {both_read:?} with two readers and {one_stopped:?} with one of \
         them stopped; {OVERFLOW_MESSAGES} lost messages were repaired {:?} after it continued\n",
        begun.elapsed()
    ));
}

fn send(alice: &mut Peer, number: u64) {
    alice.send("#general", &format!("{number} {}", "x".repeat(TEXT_BYTES))).expect("stored");
}

/// Waits for these messages, in this order. Ignores joins and leaves.
fn assert_receives(reader: &Process, numbers: std::ops::Range<u64>) {
    for number in numbers {
        let text = loop {
            if let Some(text) = reader.read_json_line()["text"].as_str() {
                break text.to_owned();
            }
        };
        assert_eq!(text.split(' ').next(), Some(&*number.to_string()), "in order, without a gap");
    }
}
