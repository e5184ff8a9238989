//! Several nodes on one log in etcd. Without etcd (Debian: `etcd-server`), each test prints that it is
//! skipped.

mod behind;
mod certificates;
mod clients;
mod files;
mod full;
mod kills;
mod repair;
mod revocations;

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use common::{Body, Event, Reason};
use e2e::{DEADLINE, Node, Peer, Process};
use rustix::process::Signal;
use serde_json::{Value, json};
use tempfile::TempDir;
use testkit::EtcdServers;
use transport::clock;
use uuid::Uuid;

/// The longest pause after a fault. A quiet machine needs about 1 s.
const PAUSE_MAX: Duration = Duration::from_secs(10);

const FAULTS: usize = 3;

/// The acknowledged messages between two faults.
const MESSAGES_PER_FAULT: u64 = 300;

struct Cluster {
    etcd: EtcdServers,
    nodes: Vec<Node>,
}

impl Cluster {
    /// Starts a cluster; `None` if etcd is not installed.
    fn start(etcd_servers: usize, count: usize) -> Option<Self> {
        let etcd = EtcdServers::start(etcd_servers)?;
        let address = etcd.address("test");
        let first = folder();
        init(&address, &first, &[]);
        let mut nodes = vec![node(&address, 1, first, &[])];
        for number in 2..=count {
            nodes.push(Self::join(&address, &nodes[0], number));
        }
        Some(Self { etcd, nodes })
    }

    /// Adds a node from a backup of the running node `from`.
    fn join(address: &str, from: &Node, number: usize) -> Node {
        let (backups, data) = (folder(), folder());
        let backup = path(&backups) + "/backup.tar";
        let written = Process::run(["backup", &backup, "--data", from.data().to_str().expect("a path")]);
        assert_eq!(written.code, Some(0), "{}", written.log);
        let joined = Process::run(["cluster", "join", &backup, "--cluster", address, "--data", &path(&data)]);
        assert_eq!(joined.code, Some(0), "{}", joined.log);
        node(address, number, data, &[])
    }

    /// The index of the leading node.
    fn leader(&self) -> usize {
        let leads = |node: &Node| node.is_running("up") && node.counter("server", "cluster_leads") == 1;
        wait_for("a leader", || self.nodes.iter().position(leads))
    }

    /// Waits until all nodes have the same records, and asserts that their logs are the same.
    fn assert_one_log(&self) {
        let head = |node: &Node| {
            let report = node.verify();
            assert_eq!(report["whole"], json!(true), "{report}");
            (report["records"].clone(), report["chain"].clone())
        };
        let heads = wait_for("one head on all nodes", || {
            let heads: Vec<(Value, Value)> = self.nodes.iter().map(head).collect();
            heads.iter().all(|other| *other == heads[0]).then_some(heads)
        });
        assert!(heads[0].0.as_u64() > Some(0), "{heads:?}");
    }
}

/// Makes a data folder the first node of a cluster. `flags` are additional flags with their values.
fn init(address: &str, data: &TempDir, flags: &[(&str, &str)]) {
    let mut arguments = ["cluster", "init", "--cluster", address, "--data"].map(str::to_owned).to_vec();
    arguments.push(path(data));
    arguments.extend(flags.iter().map(|(flag, value)| format!("--{flag}={value}")));
    let started = clock::now();
    while Process::run(&arguments).code != Some(0) {
        assert!(started.elapsed() < DEADLINE, "etcd does not answer");
    }
}

fn node(address: &str, number: usize, data: TempDir, more: &[(&str, &str)]) -> Node {
    let flags = [
        ("cluster", address),
        ("node-name", &*format!("n{number}")),
        ("link", "tcp://127.0.0.1:0"),
        ("registration", "open"),
        ("messages-per-second", "1000000"),
        ("messages-burst", "1000000"),
    ];
    Node::up_with_flags(data, &[&flags, more].concat())
}

fn folder() -> TempDir {
    TempDir::new().expect("a folder")
}

fn path(folder: &TempDir) -> String {
    folder.path().to_str().expect("a path in UTF-8").to_owned()
}

pub(crate) fn wait_for<T>(what: &str, mut condition: impl FnMut() -> Option<T>) -> T {
    let started = clock::now();
    loop {
        if let Some(found) = condition() {
            return found;
        }
        assert!(started.elapsed() < DEADLINE, "{what}: not in time");
        thread::sleep(Duration::from_millis(50));
    }
}

/// A peer at a node, with an account and a session.
fn user(node: &Node, name: &str) -> Peer {
    let mut peer = node.peer();
    let account = json!({ "user": name, "password": e2e::PASSWORD });
    wait_for("an account", || match peer.call_until_answered("auth.register", account.clone()) {
        Ok(_) => Some(()),
        // An earlier request had no reply in time.
        Err(error) => (error.reason() == Some(Reason::NameTaken)).then_some(()),
    });
    peer.login(name).expect("a session");
    peer
}

#[test]
fn users_on_different_nodes_chat() {
    let Some(cluster) = Cluster::start(1, 2) else { return };
    let [one, other] = &*cluster.nodes else { panic!("two nodes") };
    let (mut alice, mut bob) = (user(one, "alice"), user(other, "bob"));
    let general = alice.create("#general").expect("a channel");
    bob.join("#general").expect("a member");
    let mut subscribers = [one.subscriber(), other.subscriber()];
    for subscriber in &mut subscribers {
        subscriber.follow(&[&general.topic]);
        subscriber.barrier();
    }
    for (from, text) in [(&mut alice, "oi"), (&mut bob, "tudo bem")] {
        let sent = from.send("#general", text).expect("a receipt");
        assert_eq!(from.history("#general").last().map(|event| event.n), Some(sent.n), "reads its own write");
        for subscriber in &mut subscribers {
            // Events from before the subscription may arrive, too.
            while subscriber.next_event().1.n < sent.n {}
        }
    }
    assert_eq!(alice.history("#general").len(), bob.history("#general").len());
    cluster.assert_one_log();
}

#[test]
fn nothing_acknowledged_is_lost_when_the_leader_is_killed() {
    nothing_is_lost(1, |cluster, count| {
        let leader = cluster.leader();
        cluster.nodes[leader].kill("up");
        let pause = pause(count);
        cluster.nodes[leader].start("up");
        pause
    });
}

#[test]
fn nothing_acknowledged_is_lost_when_the_leader_is_frozen() {
    nothing_is_lost(1, |cluster, count| {
        let leader = cluster.leader();
        cluster.nodes[leader].process("up").signal(Signal::STOP);
        let pause = pause(count);
        cluster.nodes[leader].process("up").signal(Signal::CONT);
        pause
    });
}

#[test]
fn nothing_acknowledged_is_lost_when_each_etcd_server_is_killed() {
    let mut next = 0;
    nothing_is_lost(3, |cluster, count| {
        let server = next % 3;
        next += 1;
        cluster.etcd.kill(server);
        let pause = pause(count);
        cluster.etcd.restart(server);
        // The restarted server must be a member again before the next one ends.
        thread::sleep(Duration::from_secs(1));
        pause
    });
}

/// Sends messages at three nodes while `fail` causes a fault several times, and returns the pause after it.
#[expect(clippy::print_stderr, reason = "the pauses are figures for the reader of the output")]
fn nothing_is_lost(etcd_servers: usize, mut fail: impl FnMut(&mut Cluster, &AtomicU64) -> Duration) {
    let Some(mut cluster) = Cluster::start(etcd_servers, 3) else { return };
    let mut peers: Vec<Peer> =
        cluster.nodes.iter().zip(["alice", "bob", "carol"]).map(|(node, name)| user(node, name)).collect();
    peers[0].create("#general").expect("a channel");
    for peer in &mut peers[1..] {
        peer.join("#general").expect("a member");
    }
    let (must_stop, count) = (AtomicBool::new(false), AtomicU64::new(0));
    let (acknowledged, pauses) = thread::scope(|scope| {
        let senders: Vec<_> =
            peers.iter_mut().map(|peer| scope.spawn(|| send_until(peer, &must_stop, &count))).collect();
        let _stop_on_drop = StopOnDrop(&must_stop);
        let pauses: Vec<Duration> = (0..FAULTS)
            .map(|_| {
                wait_for_messages(&count, MESSAGES_PER_FAULT);
                fail(&mut cluster, &count)
            })
            .collect();
        must_stop.store(true, Ordering::Relaxed);
        let acknowledged = senders.into_iter().flat_map(|sender| sender.join().expect("a sender"));
        (acknowledged.collect::<HashMap<Uuid, u64>>(), pauses)
    });
    eprintln!("{} acknowledged; pauses after the faults: {pauses:?}", acknowledged.len());
    assert!(pauses.iter().all(|pause| *pause < PAUSE_MAX), "{pauses:?}");
    cluster.assert_one_log();
    for peer in &mut peers {
        let history = numbers_by_id(&peer.history("#general"));
        assert_eq!(history, acknowledged, "the history contains exactly the acknowledged messages");
    }
}

/// The time until the next acknowledgement. Acknowledgements that were on their way do not count.
fn pause(count: &AtomicU64) -> Duration {
    let started = clock::now();
    wait_for_messages(count, 4);
    started.elapsed()
}

fn wait_for_messages(count: &AtomicU64, more: u64) {
    let before = count.load(Ordering::Relaxed);
    wait_for("messages", || (count.load(Ordering::Relaxed) >= before + more).then_some(()));
}

/// Sends messages one after the other until `must_stop`. Sends each again until it is acknowledged. Returns
/// the number of each message by its id.
fn send_until(peer: &mut Peer, must_stop: &AtomicBool, count: &AtomicU64) -> HashMap<Uuid, u64> {
    let mut acknowledged = HashMap::new();
    while !must_stop.load(Ordering::Relaxed) {
        let id = Uuid::now_v7();
        let params = json!({ "to": "#general", "id": id, "text": format!("message {}", acknowledged.len()) });
        let sent =
            wait_for("an acknowledgement", || peer.call_until_answered("message.send", params.clone()).ok());
        acknowledged.insert(id, sent["n"].as_u64().expect("a number"));
        count.fetch_add(1, Ordering::Relaxed);
    }
    acknowledged
}

/// The numbers of the messages of a history by id.
fn numbers_by_id(events: &[Event<'static>]) -> HashMap<Uuid, u64> {
    let mut by_id = HashMap::new();
    for event in events {
        if let Body::Message { id, .. } = &event.body {
            assert!(by_id.insert(*id, event.n).is_none(), "stored twice: {event:?}");
        }
    }
    by_id
}

/// Stops the senders when it is dropped, even after a panic.
pub(crate) struct StopOnDrop<'a>(pub(crate) &'a AtomicBool);

impl Drop for StopOnDrop<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}
