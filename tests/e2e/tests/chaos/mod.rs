//! Chaos tests: a node in three processes under load, with kills, freezes, cut connections and full disks.
//! Every acknowledged message is in the log once and in order, and every client shows all of them.
//!
//! The clients are real session cores, and the checkers are those of the simulation. The test takes a minute.
//! `make chaos MINUTES=10 SEED=4711` runs longer or repeats a plan: it sets `PAPO_CHAOS_MINUTES` and
//! `PAPO_SEED`.

mod client_pool;
mod relay;
mod client;
mod client_io;
mod plan;
mod results;
mod small_disk;
mod test_bed;
mod verdict;
mod web_link;
mod web_sockets;
mod deliveries;
mod moves;
mod waits;
mod cluster;

mod stopped;
mod storm;

use std::io::Write as _;
use std::time::Duration;

use rustix::process::Signal;
use serde_json::json;
use sim::checks::ensure;
use testkit::Rng;
use transport::clock;

use plan::{Plan, Role};
use test_bed::TestBed;
use verdict::{RunFigures, Verdict, judge};

const CLIENTS: usize = 20;

/// Duration of the faults. With set-up and checks the test takes about a minute.
const TEST_MS: u64 = 45_000;

/// Maximum time until all clients are complete after the faults. The session core requests the heads within
/// 12 seconds, possibly twice. The rest is a margin for a busy machine.
const CATCH_UP_MAX: Duration = Duration::from_secs(90);

/// Time between two measurements of the roles.
const SAMPLE_INTERVAL: Duration = Duration::from_millis(500);

#[test]
fn nothing_is_lost_under_kills_cuts_and_full_disks() {
    let minutes = std::env::var("PAPO_CHAOS_MINUTES").ok().map(|minutes| minutes.parse().expect("minutes"));
    let length_ms = minutes.map_or(TEST_MS, |minutes: u64| minutes * 60_000);
    let plan = Plan::draw(Rng::seed_of_this_run(), length_ms, CLIENTS);
    println!("{plan}");
    let verdict = run(&plan);
    report(&verdict.to_string());
    assert!(verdict.violations.is_empty(), "PAPO_SEED={} draws the same plan again: {verdict}", plan.seed);
}

#[test]
fn a_seed_draws_the_same_plan_every_time() {
    let draw = |seed| Plan::draw(seed, TEST_MS, CLIENTS);
    assert_eq!(draw(4711), draw(4711));
    assert_ne!(draw(4711).actions, draw(4712).actions);
    let last = draw(4711).actions.into_iter().map(|(at_ms, _)| at_ms).max();
    assert!(last <= Some(TEST_MS), "all faults end in time");
}

/// Writes to standard error directly, because the test harness hides the output of successful tests.
fn report(what: &str) {
    let _ignore_error = std::io::stderr().write_all(what.as_bytes());
}

fn run(plan: &Plan) -> Verdict {
    let mut rng = Rng::new(plan.seed);
    let mut test_bed = TestBed::set_up(CLIENTS, plan, &mut rng);
    test_bed.results.set_sending(true);
    let begun = clock::now();
    for (at_ms, action) in &plan.actions {
        let at = Duration::from_millis(*at_ms);
        while let Some(left) = at.checked_sub(begun.elapsed()) {
            std::thread::sleep(left.min(SAMPLE_INTERVAL));
            test_bed.sample_roles();
        }
        test_bed.perform(*action);
    }
    test_bed.wait_until_ready();
    let faults_ended_at_ms = test_bed.results.now_ms();
    test_bed.results.set_sending(false);
    let is_complete = test_bed.pool.wait_for_all(CLIENTS, CATCH_UP_MAX, |client| {
        client.check_complete();
        client.complete_at_ms.is_some()
    });
    test_bed.sample_roles();
    finish(test_bed, plan, faults_ended_at_ms, is_complete)
}

fn finish(test_bed: TestBed, plan: &Plan, faults_ended_at_ms: u64, is_complete: bool) -> Verdict {
    let TestBed { pool, mut node, results, disk, faults, peaks, .. } = test_bed;
    let clients = pool.stop();
    let complete_at_ms =
        clients.iter().filter_map(|client| client.complete_at_ms).max().unwrap_or(faults_ended_at_ms);
    results.note(ensure(is_complete, "complete_in_time", || format!("not after {CATCH_UP_MAX:?}")));
    for role in plan.roles.iter().rev().copied().map(Role::name) {
        let finished = node.stop(role, Signal::TERM);
        results.note(ensure(finished.code == Some(0), "roles_stop", || format!("{role}: {}", finished.log)));
    }
    let log = node.verify();
    let is_whole = (&log["whole"], &log["torn_bytes"]) == (&json!(true), &json!(0));
    results.note(ensure(is_whole, "log_is_whole", || log.to_string()));
    let figures = RunFigures {
        plan,
        faults: &faults,
        peaks: &peaks,
        skipped: disk.as_ref().err().map(|why| &**why),
        catch_up_ms: complete_at_ms.saturating_sub(faults_ended_at_ms),
    };
    judge(node.data(), &clients, &results, &figures)
}
