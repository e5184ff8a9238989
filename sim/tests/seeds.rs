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
}

#[test]
fn a_seed_is_the_same_run_every_time() {
    for seed in [3, 1677] {
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
fn a_late_page_of_before_leaving_does_not_end_what_follows_a_new_joining() {
    run(2529);
}
