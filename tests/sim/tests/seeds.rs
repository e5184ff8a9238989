//! Seeds: some of every day, and those that once found something.

#![expect(clippy::expect_used, reason = "a test fails by panicking")]

/// Runs a seed in which nothing may be wrong.
fn run(seed: u64) -> sim::Report {
    let found =
        |failure: Box<sim::Failure>| format!("seed {seed} at {} ms: {}", failure.at_ms, failure.violation);
    sim::run(seed, None).map_err(found).expect("every promise is kept")
}

#[test]
fn two_hundred_seeds_keep_every_promise() {
    let mut tally = sim::Tally::default();
    (0..200).for_each(|seed| tally += &run(seed).tally);
    assert!(tally.acknowledged > 10_000 && tally.recoveries > 1_000, "too little was tried: {tally}");
    assert!(tally.amended > 1_000 && tally.downloaded > 100, "too little was tried: {tally}");
}

#[test]
fn a_seed_is_the_same_run_every_time() {
    for seed in [3, 139, 1677] {
        assert_eq!(run(seed), run(seed));
    }
    assert_ne!(run(3).hash, run(4).hash);
}

#[test]
fn heads_are_looked_at_while_a_barrier_is_awaited() {
    run(1677);
}

#[test]
fn what_happens_after_a_channel_was_opened_is_shown() {
    run(74);
}

#[test]
fn heads_of_before_a_joining_do_not_end_what_follows_it() {
    run(2529);
}

#[test]
fn what_a_failed_sync_left_in_memory_alone_is_written_again_before_anybody_relies_on_it() {
    run(52);
}

#[test]
fn what_a_failed_sync_left_of_an_upload_is_written_again_before_it_is_sent() {
    run(789);
}

#[test]
fn a_page_that_was_read_before_the_heads_were_is_gone_on_from() {
    for seed in [5459, 8244, 8823, 9912] {
        run(seed);
    }
}
