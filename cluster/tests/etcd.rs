//! The shared log on a real etcd server. Without the program `etcd` (Debian: `etcd-server`), each test prints
//! that it is skipped.

#![expect(clippy::unwrap_used, reason = "test helpers may panic")]

use std::time::Duration;

use cluster::{Append, Etcd, Followed, Head, Model, Node, SharedBatch, SharedLog, TakeOver, Tls};
use testkit::EtcdServers;

const WAIT: Duration = Duration::from_secs(2);

/// Starts a server, and creates a cluster with an empty log.
fn cluster() -> Option<(EtcdServers, Etcd)> {
    let server = EtcdServers::start(1)?;
    let mut log = open(&server);
    for _ in 0..100 {
        match log.create(&genesis(), "this test") {
            Ok(created) => {
                assert!(created);
                return Some((server, log));
            }
            Err(_) => std::thread::sleep(Duration::from_millis(100)),
        }
    }
    panic!("etcd does not start");
}

fn open(server: &EtcdServers) -> Etcd {
    Etcd::new(&server.address("test").parse().unwrap(), Tls::default()).unwrap()
}

fn genesis() -> Head {
    Head { record: 0, chain: "0".repeat(64) }
}

fn batch(before: &Head, content: u8) -> SharedBatch {
    let after = Head { record: before.record + 1, chain: format!("{content:064x}") };
    SharedBatch { before: before.clone(), after, bytes: format!("line {content}\ncommit\n").into_bytes() }
}

fn lead(log: &mut impl SharedLog, name: &str) -> u64 {
    let seen = log.standing().unwrap().term;
    let TakeOver::Won { term, .. } = log.take_over(seen, name).unwrap() else { panic!("lost") };
    term
}

/// The rules of the contract, which the model and etcd must both keep.
fn check_rules(log: &mut impl SharedLog) {
    let term = lead(log, "n1");
    let one = batch(&genesis(), 1);
    assert_eq!(log.append(term, &one), Append::Stored);
    assert_eq!(log.append(term, &one), Append::Behind { head: one.after.clone() });
    let seen = log.standing().unwrap();
    assert_eq!((seen.term, &*seen.leader, &seen.head), (term, "n1", &one.after));
    let new_term = lead(log, "n2");
    assert!(new_term > term);
    assert_eq!(log.take_over(term, "n3").unwrap(), TakeOver::Lost);
    let two = batch(&one.after, 2);
    assert_eq!(log.append(term, &two), Append::Deposed { term: new_term });
    assert_eq!(log.append(new_term, &batch(&genesis(), 3)), Append::Behind { head: one.after.clone() });
    assert_eq!(log.append(new_term, &two), Append::Stored);
    let follow = |log: &mut dyn SharedLog, from: &Head| log.follow(from, Duration::ZERO).unwrap();
    assert_eq!(follow(log, &genesis()), Followed::Batches(vec![one.clone(), two.clone()]));
    let other = batch(&one.after, 9).after;
    assert_eq!(follow(log, &other), Followed::Diverged { head: two.after.clone() });
    let node = Node { name: "n1".into(), link: "tcp://a:1".into(), clients: "tcp://a:2".into() };
    log.register(&node).unwrap();
    log.register(&node).unwrap();
    assert_eq!(log.standing().unwrap().nodes, [node]);
    log.trim(1).unwrap();
    assert_eq!(follow(log, &genesis()), Followed::Trimmed { start: one.after.clone() });
    assert_eq!(follow(log, &one.after), Followed::Batches(vec![two]));
}

#[test]
fn the_model_keeps_the_rules() {
    check_rules(&mut Model::new(genesis()));
}

#[test]
fn etcd_keeps_the_rules() {
    if let Some((_server, mut log)) = cluster() {
        assert!(!log.create(&genesis(), "another").unwrap(), "the cluster exists");
        assert!(log.create(&genesis(), "this test").unwrap(), "the answer may have been lost");
        check_rules(&mut log);
    }
}

#[test]
fn a_follower_receives_each_batch_and_a_large_backlog() {
    let Some((server, mut leader)) = cluster() else { return };
    let mut follower = open(&server);
    assert_eq!(follower.follow(&genesis(), Duration::ZERO), Ok(Followed::Batches(Vec::new())));
    let term = lead(&mut leader, "n1");
    let mut at = genesis();
    for content in 1..=30 {
        let next = SharedBatch { bytes: vec![content; 500_000], ..batch(&at, content) };
        assert_eq!(leader.append(term, &next), Append::Stored);
        if content <= 3 {
            assert_eq!(follower.follow(&at, WAIT), Ok(Followed::Batches(vec![next.clone()])), "{content}");
        }
        at = next.after;
    }
    let (mut from, mut received) = (batch(&genesis(), 3).after, 3);
    from.record = 3;
    while from != at {
        let Ok(Followed::Batches(batches)) = follower.follow(&from, WAIT) else { panic!("not followed") };
        received += batches.len();
        from = batches.last().map_or(from, |last| last.after.clone());
    }
    assert_eq!(received, 30);
}

#[test]
fn a_repair_begins_a_new_log_and_fences_the_former_leader() {
    let Some((server, mut log)) = cluster() else { return };
    let mut leader = open(&server);
    let term = lead(&mut leader, "n1");
    let one = batch(&genesis(), 1);
    assert_eq!(leader.append(term, &one), Append::Stored);
    let broken = log.inspect().unwrap();
    assert_eq!((broken.head.as_ref(), &*broken.leader, broken.term), (Some(&one.after), "n1", term));
    let term = lead(&mut leader, "n2");
    let longest = Head { record: 7, chain: "7".repeat(64) };
    assert_eq!(log.repair(&broken, &longest), Ok(false), "a node has taken over");
    let broken = log.inspect().unwrap();
    assert_eq!(log.repair(&broken, &longest), Ok(true));
    assert_eq!(log.repair(&broken, &longest), Ok(false), "only once");
    let two = batch(&one.after, 2);
    assert_eq!(leader.append(term, &two), Append::Unknown, "its keys are gone");
    let standing = leader.standing().unwrap();
    assert_eq!((&standing.head, &*standing.leader, standing.nodes.len()), (&longest, "", 0));
    assert!(matches!(leader.append(term, &two), Append::Deposed { .. }));
    let start = longest.clone();
    assert_eq!(open(&server).follow(&genesis(), Duration::ZERO), Ok(Followed::Trimmed { start }));
    let term = lead(&mut log, "n3");
    assert_eq!(log.append(term, &batch(&longest, 8)), Append::Stored);
}

#[test]
fn a_server_that_ended_gives_no_answer() {
    let Some((mut server, mut log)) = cluster() else { return };
    let term = lead(&mut log, "n1");
    server.kill(0);
    assert_eq!(log.append(term, &batch(&genesis(), 1)), Append::Unknown);
    assert!(log.standing().is_err() && log.follow(&genesis(), WAIT).is_err());
}
