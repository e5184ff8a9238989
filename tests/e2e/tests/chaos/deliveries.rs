//! Outgoing webhooks under kills: server and gateway are killed in turn, and the receiver fails every third
//! request. The receiver accepts the events of each channel in order and without a gap; some events twice.
//!
//! `make chaos` kills 20 times.

use std::collections::BTreeMap;
use std::time::Duration;

use e2e::{Node, Peer, Received, Receiver, peers};
use serde_json::{Value, json};
use testkit::Rng;
use transport::clock;

use super::report;

const CHANNELS: [&str; 2] = ["#ops", "#dev"];

/// The maximum time until the receiver has all events. After a kill of a gateway, a run waits for the end of
/// its lease.
const COMPLETE_MAX: Duration = Duration::from_secs(300);

/// The positions of one channel.
#[derive(Debug, Default)]
struct Progress {
    first: u64,
    last: u64,
    repeats: u64,
    failures: u64,
}

/// Checks the accepted requests in the order of their arrival.
fn check(requests: &[Received]) -> BTreeMap<String, Progress> {
    let mut channels = BTreeMap::<String, Progress>::new();
    for request in requests {
        let event = request.json();
        let (to, n) = (event["to"].as_str().expect("a channel"), event["n"].as_u64().expect("a number"));
        assert!(request.header("webhook-id").ends_with(&format!(":{n}")));
        let progress = channels.entry(to.to_owned()).or_default();
        if progress.first == 0 {
            (progress.first, progress.last) = (n, n - 1);
        }
        assert!(n <= progress.last + 1, "{to}: {n} before {}", progress.last + 1);
        if request.status != 200 {
            progress.failures += 1;
        } else if n == progress.last + 1 {
            progress.last = n;
        } else {
            progress.repeats += 1;
        }
    }
    channels
}

/// Sends a message again until it is stored. Returns its number.
fn send(alice: &mut Peer, params: &Value) -> Option<u64> {
    loop {
        match alice.call_until_answered("message.send", params.clone()) {
            Ok(sent) => return sent["n"].as_u64(),
            Err(error) => {
                assert!(error.is_temporary(), "{error}");
                std::thread::sleep(Duration::from_millis(error.data.wait_ms.unwrap_or(50)));
            }
        }
    }
}

#[test]
fn deliveries_have_no_gap_and_are_in_order_under_kills() {
    let kills = if std::env::var_os("PAPO_CHAOS_MINUTES").is_some() { 20 } else { 4 };
    let mut rng = Rng::new(Rng::seed_of_this_run());
    let mut node = Node::in_three_processes();
    node.add_gateway_with(&[("hooks-allow", "127.0.0.0/8")]);
    let receiver = Receiver::start(|request| if request % 3 == 0 { 500 } else { 200 });
    let [mut alice] = peers(&node, ["alice"]);
    let mut expected = BTreeMap::new();
    for channel in CHANNELS {
        alice.create(channel).expect("a channel");
        let params = json!({ "channel": channel, "name": "ci", "url": receiver.url() });
        alice.call("hook.create", params).expect("a hook");
    }
    let (mut sent, mut killed) = (0, 0);
    while killed < kills {
        for _ in 0..=rng.below(30) {
            let channel = CHANNELS[usize::try_from(rng.below(2)).expect("small")];
            sent += 1;
            let params = json!({ "to": channel, "id": testkit::id(sent), "text": format!("event {sent}") });
            let n = send(&mut alice, &params);
            let (first, last) = expected.entry(channel.to_owned()).or_insert((n, n));
            (*first, *last) = (*first, n.max(*last));
        }
        // Without progress between two kills, the test would test nothing.
        let (begun, before) = (clock::now(), receiver.requests().len());
        while receiver.requests().len() == before && begun.elapsed() < Duration::from_secs(20) {
            std::thread::sleep(Duration::from_millis(rng.below(20)));
        }
        let role = if killed % 2 == 0 { "gateway" } else { "server" };
        node.kill(role);
        node.start(role);
        killed += 1;
    }
    let begun = clock::now();
    let complete = loop {
        let channels = check(&receiver.requests());
        let is_complete = |(channel, (first, last)): (&String, &(Option<u64>, Option<u64>))| {
            channels.get(channel).is_some_and(|got| (Some(got.first), Some(got.last)) == (*first, *last))
        };
        if expected.iter().all(is_complete) {
            break channels;
        }
        assert!(begun.elapsed() < COMPLETE_MAX, "{expected:?} are not complete: {channels:?}");
        std::thread::sleep(Duration::from_millis(50));
    };
    let took = begun.elapsed();
    report(&format!(
        "deliveries: {sent} events, {kills} kills, complete {took:?} after the last: {complete:?}\n"
    ));
}
