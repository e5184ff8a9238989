//! A client moves to another node at once when its node is killed.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Command, Stdio};
use std::time::Duration;

use e2e::{PASSWORD, Process, binary};
use transport::clock;

use super::{Cluster, PAUSE_MAX, folder, path, user};

/// The kills in a run of all tests. The environment variable `KILLS` sets another number.
const KILLS: usize = 2;

const MESSAGES_BETWEEN_KILLS: usize = 20;

/// Kills the node of a client, again and again. Reports the longest time between two acknowledgements.
#[test]
fn a_client_moves_to_the_next_node_at_once() {
    let Some(mut cluster) = Cluster::start(1, 3) else { return };
    let kills = std::env::var("KILLS").ok().and_then(|kills| kills.parse().ok()).unwrap_or(KILLS);
    user(&cluster.nodes[0], "alice").create("#general").expect("a channel");
    // The invite of a node has the endpoints of the nodes that it knew when it started.
    let invites: Vec<_> = cluster.nodes.iter().map(|node| node.server().split(',').next()).collect();
    let invites = invites.into_iter().collect::<Option<Vec<_>>>().expect("invites").join(",");
    let config = folder();
    let options = ["--server", &invites, "--config", &path(&config), "--timeout", "30"].map(str::to_owned);
    let command = |arguments: &[&str]| {
        let mut command = Command::new(binary());
        command.args(arguments).args(&options).env("PAPO_PASSWORD", PASSWORD);
        command
    };
    let login = Process::start(command(&["login", "alice"])).finish();
    assert_eq!(login.code, Some(0), "{}", login.log);
    let mut sender = command(&["send", "#general", "-", "--json"]);
    let mut sender = sender.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("papo starts");
    let mut input = sender.stdin.take().expect("a pipe");
    let mut acknowledged = BufReader::new(sender.stdout.take().expect("a pipe")).lines();
    let mut send = |number: usize| {
        let started = clock::now();
        writeln!(input, "message {number}").expect("the sender reads");
        let line = acknowledged.next().expect("an acknowledgement").expect("a line");
        assert!(line.contains(&format!("message {number}\"")), "in order: {line}");
        started.elapsed()
    };
    let mut pauses: Vec<Duration> = Vec::new();
    for kill in 0..kills {
        for number in 0..MESSAGES_BETWEEN_KILLS {
            send(kill * 1_000 + number);
        }
        // The client goes through the endpoints in their order.
        let node = kill % 3;
        cluster.nodes[node].kill("up");
        let pause = (0..MESSAGES_BETWEEN_KILLS).map(|number| send(kill * 1_000 + 100 + number)).max();
        pauses.push(pause.expect("messages"));
        cluster.nodes[node].start("up");
    }
    drop(input);
    assert_eq!(sender.wait().expect("a child").code(), Some(0));
    eprintln!("the longest wait of the client after each kill of its node: {pauses:?}");
    assert!(pauses.iter().all(|pause| *pause < PAUSE_MAX), "{pauses:?}");
    cluster.assert_one_log();
}
