//! Restarts a node under many clients: measures their requests per second and the time until all clients are
//! complete. `make storm CLIENTS=2000` measures; the test uses fewer clients.

use std::sync::Arc;
use std::time::Duration;

use common::Target;
use e2e::{Node, Peer};
use serde_json::json;
use testkit::Rng;
use transport::{Context, clock, open_files};

use super::client::{ChaosClient, Endpoints};
use super::client_pool::ClientPool;
use super::report;
use super::results::RunResults;

const CLIENTS: usize = 300;

/// Clients that share an account and a context; the sockets of a context are limited.
const CLIENTS_PER_ACCOUNT: usize = 20;

/// One of 20 clients sends messages, at least every 2 seconds.
const CLIENTS_PER_SENDER: usize = 20;
const SEND_INTERVAL_MS_MAX: u64 = 2_000;

const THREADS: usize = 4;

/// Down time of the node: long enough for the libzmq of every client to detect the lost connection.
const DOWN_TIME: Duration = Duration::from_secs(3);

/// Time between two samples of the counters.
const SAMPLE_INTERVAL: Duration = Duration::from_secs(1);

/// Maximum time until all clients are complete, on a busy machine.
const COMPLETE_MAX: Duration = Duration::from_secs(120);

/// Maximum requests per client in the seconds after a restart: `server.info`, all heads, the heads after the
/// barrier, and its messages. A request may be sent twice, because its first reply may be lost.
const REQUESTS_PER_CLIENT_MAX: u64 = 16;

#[test]
fn a_restart_under_many_clients_causes_no_request_storm() {
    let clients = std::env::var("PAPO_STORM_CLIENTS").ok();
    let clients = clients.map_or(CLIENTS, |clients| clients.parse().expect("a number of clients"));
    open_files::raise_limit();
    let mut node = Node::up();
    let results = Arc::new(RunResults::new());
    let pool = ClientPool::start(make_clients(&node, clients, &results), THREADS, &results);
    assert!(pool.wait_for_all(clients, COMPLETE_MAX, |client| client.io.follows), "all clients follow");
    results.set_sending(true);
    let before = measure_load(&node, &pool, clients, Duration::from_secs(10));

    node.kill("up");
    std::thread::sleep(DOWN_TIME);
    let restarted = clock::now();
    node.start("up");
    let after = measure_load(&node, &pool, clients, Duration::from_secs(15));
    results.set_sending(false);
    let is_complete = pool.wait_for_all(clients, COMPLETE_MAX, |client| {
        client.check_complete();
        client.complete_at_ms.is_some()
    });
    let complete = restarted.elapsed();
    pool.stop();
    let (acknowledged, ack_gap_ms_max) = (results.acknowledged.get(), results.ack_gap_ms_max());
    report(&format!(
        "storm: {}\n",
        json!({
            "clients": clients,
            "requests a second before": before.rates,
            "at most in a second before": before.peak(),
            "requests a second, each second after the restart": after.rates,
            "at most in a second after": after.peak(),
            "requests of a client in 15 s after": after.requests as f64 / clients as f64,
            "logins waiting at most": after.logins_waiting,
            "unanswered at most, of all clients": after.unanswered,
            "acknowledged": acknowledged,
            "longest time without an acknowledgement, ms": ack_gap_ms_max,
            "complete, at the latest, ms after the restart began": complete.as_millis(),
            "memory MiB": node.process("up").memory_bytes() >> 20,
        })
    ));
    assert_eq!(results.violations(), []);
    assert!(is_complete, "all clients are complete in time");
    assert!(after.requests <= clients as u64 * REQUESTS_PER_CLIENT_MAX, "{} requests", after.requests);
}

#[derive(Default)]
struct Load {
    /// Request lines per second, one value per sample.
    rates: Vec<u64>,
    requests: u64,
    logins_waiting: u64,
    unanswered: usize,
}

impl Load {
    fn peak(&self) -> u64 {
        self.rates.iter().copied().max().unwrap_or(0)
    }
}

fn measure_load(node: &Node, pool: &ClientPool, clients: usize, time: Duration) -> Load {
    let (begun, mut load) = (clock::now(), Load::default());
    let results = pool.results();
    let first = results.requests.get();
    let mut sampled_at = begun;
    while begun.elapsed() < time {
        std::thread::sleep(SAMPLE_INTERVAL);
        let requests = results.requests.get() - first;
        let rate = (requests - load.requests) as f64 / sampled_at.elapsed().as_secs_f64();
        sampled_at = clock::now();
        load.rates.push(rate.round() as u64);
        load.requests = requests;
        load.logins_waiting = load.logins_waiting.max(node.counter("server", "logins_waiting"));
        load.unanswered = load.unanswered.max(pool.ask(clients, |client| client.unanswered()).iter().sum());
    }
    load
}

/// Creates accounts that are members of one channel, each with several clients.
fn make_clients(node: &Node, clients: usize, results: &Arc<RunResults>) -> Vec<ChaosClient> {
    let mut rng = Rng::of_this_run();
    let accounts: Vec<_> =
        (0..clients.div_ceil(CLIENTS_PER_ACCOUNT)).map(|number| account(node, number)).collect();
    let contexts: Vec<_> = accounts.iter().map(|_| Context::new()).collect();
    let channel = Target::new("#general").expect("a name");
    let head = accounts.len() as u64;
    let client = |number: usize| {
        let endpoints = Endpoints {
            requests: node.endpoint("clients").to_owned(),
            events: node.endpoint("subscribers").to_owned(),
            web: None,
            security: node.client_security(),
        };
        let share = number / CLIENTS_PER_ACCOUNT;
        let account = accounts[share].session().clone();
        let mut client = ChaosClient::new(&contexts[share], vec![endpoints], account, rng.split(), results);
        if number.is_multiple_of(CLIENTS_PER_SENDER) {
            client.sends_to(&[(channel.clone(), head)], SEND_INTERVAL_MS_MAX);
        } else {
            client.expects_from(channel.clone(), head);
        }
        client
    };
    (0..clients).map(client).collect()
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
