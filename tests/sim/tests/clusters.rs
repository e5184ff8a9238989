//! Runs the first seeds with several nodes, and breaks each rule of a cluster on purpose.

#![expect(clippy::expect_used, reason = "test helpers may panic")]

use sim::{Breakage, Outcome, Violation, run_broken_cluster, run_cluster};

/// The number of seeds that `make test` runs.
const SEEDS: u64 = 8;

/// A broken rule is found within this number of seeds.
const BROKEN_SEEDS_MAX: u64 = 40;

#[test]
fn seeds_with_several_nodes_pass_all_checkers() {
    let Outcome { counters, failures } = sim::run_all_clusters(0..SEEDS);
    let violations: Vec<_> = failures.iter().map(|(seed, failure)| (seed, &failure.violation)).collect();
    assert!(violations.is_empty(), "{violations:?}");
    let is_enough = counters.acknowledged > 1_000 && counters.moves > 100 && counters.recoveries > 50;
    assert!(is_enough, "the seeds test too little: {counters}");
}

#[test]
fn a_seed_with_several_nodes_repeats_the_same_run() {
    let run = |seed| run_cluster(seed, None).map_err(|failure| failure.violation).expect("no violation");
    assert_eq!(run(1), run(1));
    assert_ne!(run(1).hash, run(2).hash);
}

#[test]
fn a_client_that_moves_to_a_slower_node_receives_no_older_heads() {
    run_cluster(1154, None).map_err(|failure| failure.violation).expect("no violation");
}

#[test]
fn a_forwarded_request_expires_although_the_clock_jumps_back() {
    run_cluster(673, None).map_err(|failure| failure.violation).expect("no violation");
}

#[test]
fn a_node_that_won_and_then_received_later_batches_follows() {
    run_cluster(23_858, None).map_err(|failure| failure.violation).expect("no violation");
}

/// The first violation of a broken rule.
fn violation(breakage: Breakage) -> Violation {
    let mut failures =
        (0..BROKEN_SEEDS_MAX).filter_map(|seed| run_broken_cluster(seed, Some(breakage), None).err());
    failures.next().expect("a violation").violation
}

#[test]
fn a_log_that_stores_the_appends_of_a_deposed_leader_is_found() {
    assert_eq!(violation(Breakage::TermIsNotCompared).checker, "one_leader_publishes");
}

#[test]
fn an_event_that_a_node_publishes_before_its_disk_has_it_is_found() {
    assert_eq!(violation(Breakage::PublishedEarly).checker, "one_leader_publishes");
}

#[test]
fn a_log_that_loses_acknowledged_batches_is_found() {
    assert_eq!(violation(Breakage::StoredIsLost).checker, "one_log");
}

#[test]
fn an_older_state_after_a_newer_one_is_found() {
    assert_eq!(violation(Breakage::SinceIsIgnored).checker, "positions_never_fall");
}
