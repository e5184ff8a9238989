//! Kills under load: of a node, of the leading node, of the leading etcd server, and of a machine with both.
//! Measures the longest wait of any client between two acknowledgements.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use e2e::{PASSWORD, Process, binary};
use transport::clock;

use super::{Cluster, PAUSE_MAX, StopOnDrop, folder, path, user, wait_for};

const CLIENTS: [&str; 4] = ["alice", "bob", "carol", "dora"];

/// The acknowledgements that each client receives before and after a kill.
const MESSAGES_PER_KILL: u64 = 20;

#[derive(Clone, Copy, Debug)]
enum Victim {
    Follower,
    Leader,
    EtcdLeader,
    Machine,
}

/// What one client has measured.
#[derive(Default)]
struct Waits {
    acknowledged: AtomicU64,
    /// In microseconds, since the last kill.
    longest: AtomicU64,
}

/// The environment variable `KILLS` sets the number of kills of each kind. Without it, the test kills one
/// machine: other tests kill nodes and etcd servers.
#[test]
fn nothing_acknowledged_is_lost_when_a_machine_is_killed() {
    let kills = std::env::var("KILLS").ok().map(|kills| kills.parse::<usize>().expect("KILLS is a number"));
    let victims = match kills {
        Some(_) => &[Victim::Follower, Victim::Leader, Victim::EtcdLeader, Victim::Machine][..],
        None => &[Victim::Machine],
    };
    let Some(mut cluster) = Cluster::start(3, 3) else { return };
    let mut alice = user(&cluster.nodes[0], CLIENTS[0]);
    alice.create("#general").expect("a channel");
    for name in &CLIENTS[1..] {
        user(&cluster.nodes[0], name).join("#general").expect("a member");
    }
    let invites = cluster.nodes.iter().map(|node| node.server().split(',').next().map(str::to_owned));
    let invites = invites.collect::<Option<Vec<_>>>().expect("invites");
    let (must_stop, waits) = (AtomicBool::new(false), CLIENTS.map(|_| Waits::default()));
    let sent: Vec<u64> = thread::scope(|scope| {
        let clients = CLIENTS.iter().zip(&waits).enumerate().map(|(number, (name, waits))| {
            // Each client starts with another node.
            let mut invites = invites.clone();
            invites.rotate_left(number % 3);
            let must_stop = &must_stop;
            scope.spawn(move || send_until(name, &invites.join(","), waits, must_stop))
        });
        let clients: Vec<_> = clients.collect();
        let stop = StopOnDrop(&must_stop);
        for victim in victims {
            let pauses = (0..kills.unwrap_or(1)).map(|_| kill(&mut cluster, *victim, &waits)).collect();
            report(*victim, pauses);
        }
        drop(stop);
        clients.into_iter().map(|client| client.join().expect("a client")).collect()
    });
    cluster.assert_one_log();
    let mut peer = cluster.nodes[0].peer();
    peer.login(CLIENTS[0]).expect("a session");
    let history = peer.texts("#general");
    for (name, sent) in CLIENTS.iter().zip(sent) {
        let prefix = format!("{name} ");
        let stored: Vec<&str> = history.iter().filter_map(|text| text.strip_prefix(&prefix)).collect();
        let expected: Vec<String> = (0..sent).map(|number| number.to_string()).collect();
        assert!(stored == expected, "{name}: lost, doubled or out of order: {sent} sent, {stored:?}");
    }
}

/// Kills `victim`, waits until each client receives acknowledgements again, and starts it again. Returns the
/// longest wait of any client.
fn kill(cluster: &mut Cluster, victim: Victim, waits: &[Waits]) -> Duration {
    wait_for_each(waits);
    let leader = cluster.leader();
    let node = match victim {
        Victim::Follower => Some((leader + 1) % 3),
        Victim::Leader | Victim::Machine => Some(leader),
        Victim::EtcdLeader => None,
    };
    let server = match victim {
        Victim::EtcdLeader | Victim::Machine => {
            Some(wait_for("a leading etcd server", || cluster.etcd.leader()))
        }
        Victim::Follower | Victim::Leader => None,
    };
    for client in waits {
        client.longest.store(0, Ordering::Relaxed);
    }
    if let Some(server) = server {
        cluster.etcd.kill(server);
    }
    if let Some(node) = node {
        cluster.nodes[node].kill("up");
    }
    wait_for_each(waits);
    let longest = waits.iter().map(|client| client.longest.load(Ordering::Relaxed)).max();
    if let Some(server) = server {
        cluster.etcd.restart(server);
        wait_for("a member of etcd", || cluster.etcd.has_leader(server).then_some(()));
    }
    if let Some(node) = node {
        cluster.nodes[node].start("up");
    }
    Duration::from_micros(longest.expect("clients"))
}

fn wait_for_each(waits: &[Waits]) {
    let count = |client: &Waits| client.acknowledged.load(Ordering::Relaxed);
    let before: Vec<u64> = waits.iter().map(count).collect();
    let has_more = |(client, before): (&Waits, &u64)| count(client) >= before + MESSAGES_PER_KILL;
    wait_for("acknowledgements of each client", || waits.iter().zip(&before).all(has_more).then_some(()));
}

#[expect(clippy::print_stderr, reason = "the waits are figures for the reader of the output")]
fn report(victim: Victim, mut pauses: Vec<Duration>) {
    pauses.sort_unstable();
    let at = |percent: usize| pauses[(pauses.len() * percent).div_ceil(100).max(1) - 1];
    eprintln!(
        "{victim:?}: {} kills; longest wait of any client: min {:?}, median {:?}, p95 {:?}, max {:?}",
        pauses.len(),
        at(0),
        at(50),
        at(95),
        at(100)
    );
    plot(&pauses);
    assert!(at(100) < PAUSE_MAX, "{victim:?}: {pauses:?}");
}

/// Prints the distribution of the waits: a line for each quarter of a second, with a mark for each kill.
#[expect(clippy::print_stderr, reason = "the plot is for the reader of the output")]
fn plot(pauses: &[Duration]) {
    let line = |pause: &Duration| pause.as_millis() / 250;
    for number in 0..=pauses.iter().map(line).max().unwrap_or(0) {
        let kills = pauses.iter().filter(|pause| line(pause) == number).count();
        let (from, marks) =
            (Duration::from_millis(250) * u32::try_from(number).expect("few"), "#".repeat(kills));
        eprintln!("  from {:.2} s {marks}", from.as_secs_f64());
    }
}

/// Sends numbered messages with `papo send`, one after the other, until `must_stop`. Returns their count.
fn send_until(name: &str, invites: &str, waits: &Waits, must_stop: &AtomicBool) -> u64 {
    let config = folder();
    let command = |arguments: &[&str]| {
        let mut command = Command::new(binary());
        command.args(arguments).args(["--server", invites, "--config", &path(&config), "--timeout", "30"]);
        command.env("PAPO_PASSWORD", PASSWORD);
        command
    };
    let login = Process::start(command(&["login", name])).finish();
    assert_eq!(login.code, Some(0), "{}", login.log);
    let mut sender = command(&["send", "#general", "-", "--json"]);
    let mut sender = sender.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("papo starts");
    let mut input = sender.stdin.take().expect("a pipe");
    let mut acknowledged = BufReader::new(sender.stdout.take().expect("a pipe")).lines();
    let mut number = 0;
    while !must_stop.load(Ordering::Relaxed) {
        let started = clock::now();
        writeln!(input, "{name} {number}").expect("the sender reads");
        let line = acknowledged.next().expect("an acknowledgement").expect("a line");
        assert!(line.contains(&format!("{name} {number}\"")), "in order: {line}");
        let wait = u64::try_from(started.elapsed().as_micros()).expect("a short wait");
        waits.longest.fetch_max(wait, Ordering::Relaxed);
        waits.acknowledged.fetch_add(1, Ordering::Relaxed);
        number += 1;
    }
    drop(input);
    assert_eq!(sender.wait().expect("a child").code(), Some(0));
    number
}
