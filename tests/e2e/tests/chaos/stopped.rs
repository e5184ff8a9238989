//! A subscriber that is stopped, as a laptop that is closed: nobody else waits for it, and it catches up by itself.

use e2e::{Node, Peer, Process};
use rustix::process::Signal;
use transport::clock;

use super::tell;
use crate::commands::Shell;

/// Messages said in a round.
const MESSAGES: u64 = 300;

/// Messages that are more than the system keeps for a connection which nobody reads: 10 MB on Linux.
const MANY: u64 = 1_000;

const TEXT_BYTES: usize = 15_000;

#[test]
fn a_stopped_subscriber_slows_nobody_down_and_catches_up_by_itself() {
    let mut node = Node::three();
    let (bob, carla) = (Shell::new(&node, "bob"), Shell::new(&node, "carla"));
    bob.does(&["create", "#general"]);
    carla.does(&["join", "#general"]);
    let subscribe = |shell: &Shell<'_>| {
        Process::start(shell.command(&["subscribe", "#general", "--after", "0", "--json"]))
    };
    let (quick, stopped) = (&subscribe(&bob), &subscribe(&carla));
    let _keys = (bob.into_config(), carla.into_config());
    let mut alice = node.peer();
    alice.register("alice").expect("a name that is free");
    alice.login("alice").expect("a session");
    alice.join("#general").expect("a member");
    let mut said = 0;
    let mut round = |count: u64, readers: &[&Process]| {
        let (begun, numbers) = (clock::now(), said..said + count);
        said += count;
        numbers.clone().for_each(|number| say(&mut alice, number));
        readers.iter().for_each(|reader| hears(reader, numbers.clone()));
        (numbers, begun.elapsed())
    };
    let (_, both_read) = round(MESSAGES, &[quick, stopped]);

    // What was said meanwhile waits for it.
    stopped.signal(Signal::STOP);
    let (missed, one_stopped) = round(MESSAGES, &[quick]);
    stopped.signal(Signal::CONT);
    hears(stopped, missed);

    // What was said meanwhile is lost with the proxy, and nobody says anything more.
    stopped.signal(Signal::STOP);
    let (missed, _) = round(MANY, &[quick]);
    node.kill("proxy");
    node.start("proxy");
    let begun = clock::now();
    stopped.signal(Signal::CONT);
    hears(stopped, missed);
    // The times are told and not asserted: they say as much about the machine.
    tell(&format!(
        "stopped subscriber: {MESSAGES} messages took {both_read:?} with two readers and {one_stopped:?} with one of \
         them stopped; {MANY} that were lost on their way were there {:?} after it went on\n",
        begun.elapsed()
    ));
}

fn say(alice: &mut Peer, number: u64) {
    alice.send("#general", &format!("{number} {}", "x".repeat(TEXT_BYTES))).expect("stored");
}

/// Waits until these messages have come, in this order, with nothing but comings and goings in between.
fn hears(reader: &Process, numbers: std::ops::Range<u64>) {
    for number in numbers {
        let text = loop {
            if let Some(text) = reader.ready()["text"].as_str() {
                break text.to_owned();
            }
        };
        assert_eq!(text.split(' ').next(), Some(&*number.to_string()), "in order, without a hole");
    }
}
