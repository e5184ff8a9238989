//! Runs the first 200 seeds, and the seeds that found a bug.

#![expect(clippy::expect_used, reason = "test helpers may panic")]

fn run(seed: u64) -> sim::Report {
    let describe =
        |failure: Box<sim::Failure>| format!("seed {seed} at {} ms: {}", failure.at_ms, failure.violation);
    sim::run(seed, None).map_err(describe).expect("no violation")
}

#[test]
fn two_hundred_seeds_pass_all_checkers() {
    let sim::Outcome { counters, failures } = sim::run_all(0..200);
    let violations: Vec<_> = failures.iter().map(|(seed, failure)| (seed, &failure.violation)).collect();
    assert!(violations.is_empty(), "{violations:?}");
    assert!(
        counters.acknowledged > 10_000 && counters.recoveries > 1_000,
        "the seeds test too little: {counters}"
    );
    assert!(counters.amended > 1_000 && counters.downloaded > 100, "the seeds test too little: {counters}");
}

#[test]
fn a_seed_repeats_the_same_run() {
    for seed in [3, 139, 1677] {
        assert_eq!(run(seed), run(seed));
    }
    assert_ne!(run(3).hash, run(4).hash);
}

#[test]
fn heads_are_requested_while_a_barrier_is_pending() {
    run(1677);
}

#[test]
fn events_after_a_channel_is_opened_are_shown() {
    run(74);
}

#[test]
fn heads_requested_before_a_join_do_not_remove_the_channel() {
    run(2529);
}

#[test]
fn records_of_a_failed_sync_are_rewritten_before_a_restarted_server_relies_on_them() {
    run(52);
}

#[test]
fn an_upload_of_a_failed_sync_is_rewritten_before_it_is_sent() {
    run(789);
}

#[test]
fn following_continues_after_a_page_read_before_the_heads() {
    for seed in [5459, 8244, 8823, 9912] {
        run(seed);
    }
}
