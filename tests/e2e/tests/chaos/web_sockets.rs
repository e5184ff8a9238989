//! The chaos test with WebSockets: all connections are cut every two seconds, while gateway, broker, proxy
//! and server are killed in turn.

use testkit::Rng;

use super::plan::Plan;
use super::{TEST_MS, report, run};

/// Duration of the faults in `make test`.
const WEB_TEST_MS: u64 = 30_000;

#[test]
fn nothing_is_lost_over_websockets_that_are_cut_while_roles_are_killed() {
    let minutes = std::env::var("PAPO_CHAOS_MINUTES").ok().map(|minutes| minutes.parse().expect("minutes"));
    let length_ms = minutes.map_or(WEB_TEST_MS, |minutes: u64| minutes * 60_000);
    let plan = Plan::cuts_and_kills(Rng::seed_of_this_run(), length_ms);
    println!("{plan}");
    let verdict = run(&plan);
    report(&verdict.to_string());
    assert!(verdict.violations.is_empty(), "PAPO_SEED={} draws the same plan again: {verdict}", plan.seed);
}

const _: () = assert!(WEB_TEST_MS < TEST_MS, "both tests run at the same time");
