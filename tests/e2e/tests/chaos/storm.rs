//! A node that is restarted under a crowd: whether all of them come back at once, and how long it takes until everybody
//! has everything. `make storm CLIENTS=2000` measures; the test has fewer.

use std::sync::Arc;
use std::time::Duration;

use common::Target;
use e2e::{Node, Peer};
use serde_json::json;
use testkit::Rng;
use transport::{Context, clock, open_files};

use super::crowd::Crowd;
use super::person::{Person, Place};
use super::record::Record;
use super::tell;

/// Clients of the test.
const CLIENTS: usize = 300;

/// Clients of one account, and clients that share a context: its sockets are bounded.
const SHARE: usize = 20;

/// One in so many talks, at most so often.
const ONE_TALKS_IN: usize = 20;
const TALKS_EVERY_MS_MAX: u64 = 2_000;

/// Threads that the clients run on.
const THREADS: usize = 4;

/// How long the node is away, so that every client's libzmq has found its connection gone.
const AWAY: Duration = Duration::from_secs(3);

/// Between two looks at the counters.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// How long all may take to be complete, on a machine that is busy with other things.
const COMPLETE_MAX: Duration = Duration::from_secs(120);

/// Requests that a client makes at the most within the seconds after a restart: where the fan-out is, all heads, the heads
/// behind the barrier, what it has to say, and all of it once more for a reply that was lost.
const REQUESTS_EACH_MAX: u64 = 16;

#[test]
fn a_restart_under_a_crowd_is_no_storm() {
    let clients = std::env::var("PAPO_STORM_CLIENTS").ok();
    let clients = clients.map_or(CLIENTS, |clients| clients.parse().expect("a number of clients"));
    open_files::raise_limit();
    let mut node = Node::up();
    let record = Arc::new(Record::new());
    let crowd = Crowd::start(people(&node, clients, &record), THREADS, &record);
    assert!(crowd.wait_for_all(clients, COMPLETE_MAX, |person| person.io.follows), "all follow");
    record.talk(true);
    let quiet = watch(&node, &crowd, clients, Duration::from_secs(10));

    node.kill("up");
    std::thread::sleep(AWAY);
    let restarted = clock::now();
    node.start("up");
    let after = watch(&node, &crowd, clients, Duration::from_secs(15));
    record.talk(false);
    let is_complete = crowd.wait_for_all(clients, COMPLETE_MAX, |person| {
        person.look_whether_complete();
        person.complete_at_ms.is_some()
    });
    let complete = restarted.elapsed();
    crowd.stop();
    let (acknowledged, silence_ms) = (record.acknowledged.get(), record.silence_ms());
    tell(&format!(
        "storm: {}\n",
        json!({
            "clients": clients,
            "requests a second before": quiet.rates,
            "at most in a second before": quiet.peak(),
            "requests a second, each second after the restart": after.rates,
            "at most in a second after": after.peak(),
            "requests of a client in 15 s after": after.requests as f64 / clients as f64,
            "logins waiting at most": after.logins_waiting,
            "unanswered at most, of all clients": after.unanswered,
            "acknowledged": acknowledged,
            "longest time without an acknowledgement, ms": silence_ms,
            "complete, at the latest, ms after the restart began": complete.as_millis(),
            "memory MiB": node.process("up").memory_bytes() >> 20,
        })
    ));
    assert_eq!(record.findings(), []);
    assert!(is_complete, "all are complete in time");
    assert!(after.requests <= clients as u64 * REQUESTS_EACH_MAX, "{} requests", after.requests);
}

/// What was seen during some seconds.
#[derive(Default)]
struct Seen {
    /// Request lines that clients sent in a second, at each look.
    rates: Vec<u64>,
    requests: u64,
    logins_waiting: u64,
    unanswered: usize,
}

impl Seen {
    fn peak(&self) -> u64 {
        self.rates.iter().copied().max().unwrap_or(0)
    }
}

fn watch(node: &Node, crowd: &Crowd, clients: usize, time: Duration) -> Seen {
    let (begun, mut seen) = (clock::now(), Seen::default());
    let record = crowd.record();
    let first = record.requests.get();
    let mut looked = begun;
    while begun.elapsed() < time {
        std::thread::sleep(LOOK_EVERY);
        let requests = record.requests.get() - first;
        let rate = (requests - seen.requests) as f64 / looked.elapsed().as_secs_f64();
        looked = clock::now();
        seen.rates.push(rate.round() as u64);
        seen.requests = requests;
        seen.logins_waiting = seen.logins_waiting.max(node.counter("server", "logins_waiting"));
        seen.unanswered = seen.unanswered.max(crowd.ask(clients, |person| person.unanswered()).iter().sum());
    }
    seen
}

/// Accounts that are members of one channel, each with several clients.
fn people(node: &Node, clients: usize, record: &Arc<Record>) -> Vec<Person> {
    let mut rng = Rng::of_this_run();
    let accounts: Vec<_> = (0..clients.div_ceil(SHARE)).map(|number| account(node, number)).collect();
    let contexts: Vec<_> = accounts.iter().map(|_| Context::new()).collect();
    let channel = Target::new("#general").expect("a name");
    let head = accounts.len() as u64;
    let person = |number: usize| {
        let place = Place {
            requests: node.endpoint("clients").to_owned(),
            events: node.endpoint("subscribers").to_owned(),
            security: node.client(),
        };
        let share = number / SHARE;
        let account = accounts[share].session().clone();
        let mut person = Person::new(&contexts[share], place, account, rng.split(), record);
        if number.is_multiple_of(ONE_TALKS_IN) {
            person.talks_to(&[(channel.clone(), head)], TALKS_EVERY_MS_MAX);
        } else {
            person.is_owed(channel.clone(), head);
        }
        person
    };
    (0..clients).map(person).collect()
}

fn account(node: &Node, number: usize) -> Peer {
    let name = format!("pessoa{number}");
    let mut peer = node.peer();
    peer.register(&name).expect("a free name");
    peer.login(&name).expect("a session");
    let joined = if number == 0 { peer.create("#general") } else { peer.join("#general") };
    joined.expect("a channel");
    peer
}
