//! Chaos: a node in three processes under load, to which everything happens that happens to processes, connections and
//! disks. Whatever is acknowledged is in the log once and in order, and everybody is shown all of it.
//!
//! The clients are the client's own session cores, the checkers are the simulator's. A minute of it is a test; `make
//! chaos MINUTES=10 SEED=4711` runs longer, or the same plan again, for which it sets `PAPO_CHAOS_MINUTES` and
//! `PAPO_SEED`.

mod crowd;
mod line;
mod person;
mod person_io;
mod plan;
mod record;
mod small_disk;
mod stage;
mod verdict;

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
use stage::Stage;
use verdict::{Counted, Verdict, pronounce};

const CLIENTS: usize = 20;

/// Milliseconds of faults in the test: with what is before and after them, it takes about a minute.
const TEST_MS: u64 = 45_000;

/// How long a client may take, when nothing goes wrong any more, until it has everything. The session core waits for
/// 12 seconds at the most until it looks again, and may have to twice; the rest is for a machine that is busy otherwise.
const CATCH_UP_MAX: Duration = Duration::from_secs(90);

/// Between two looks at the roles.
const LOOK_EVERY: Duration = Duration::from_millis(500);

#[test]
fn nothing_is_lost_whatever_happens_to_processes_connections_and_disks() {
    let minutes = std::env::var("PAPO_CHAOS_MINUTES").ok().map(|minutes| minutes.parse().expect("minutes"));
    let length_ms = minutes.map_or(TEST_MS, |minutes: u64| minutes * 60_000);
    let plan = Plan::draw(Rng::seed_of_this_run(), length_ms, CLIENTS);
    println!("{plan}");
    let verdict = run(&plan);
    tell(&verdict.to_string());
    assert!(verdict.findings.is_empty(), "PAPO_SEED={} draws the same plan again: {verdict}", plan.seed);
}

#[test]
fn a_seed_draws_the_same_plan_every_time() {
    let draw = |seed| Plan::draw(seed, TEST_MS, CLIENTS);
    assert_eq!(draw(4711), draw(4711));
    assert_ne!(draw(4711).acts, draw(4712).acts);
    let last = draw(4711).acts.into_iter().map(|(at_ms, _)| at_ms).max();
    assert!(last <= Some(TEST_MS), "all troubles are over in time");
}

/// Tells it also when the test succeeds, which is when the harness keeps what is printed to itself.
fn tell(what: &str) {
    let _nobody_listens = std::io::stderr().write_all(what.as_bytes());
}

fn run(plan: &Plan) -> Verdict {
    let mut rng = Rng::new(plan.seed);
    let mut stage = Stage::set_up(CLIENTS, plan.length_ms / 60_000, &mut rng);
    stage.record.talk(true);
    let begun = clock::now();
    for (at_ms, act) in &plan.acts {
        let at = Duration::from_millis(*at_ms);
        while let Some(left) = at.checked_sub(begun.elapsed()) {
            std::thread::sleep(left.min(LOOK_EVERY));
            stage.look_at_roles();
        }
        stage.perform(*act);
    }
    stage.calm();
    let calm_at_ms = stage.record.now_ms();
    stage.record.talk(false);
    let is_complete = stage.crowd.wait_for_all(CLIENTS, CATCH_UP_MAX, |person| {
        person.look_whether_complete();
        person.complete_at_ms.is_some()
    });
    stage.look_at_roles();
    finish(stage, plan, calm_at_ms, is_complete)
}

fn finish(stage: Stage, plan: &Plan, calm_at_ms: u64, is_complete: bool) -> Verdict {
    let Stage { crowd, mut node, record, disk, faults, peaks, .. } = stage;
    let people = crowd.stop();
    let complete_at_ms = people.iter().filter_map(|person| person.complete_at_ms).max().unwrap_or(calm_at_ms);
    record.note(ensure(is_complete, "complete_in_time", || format!("not after {CATCH_UP_MAX:?}")));
    for role in Role::ALL.map(Role::name) {
        let finished = node.stop(role, Signal::TERM);
        record.note(ensure(finished.code == Some(0), "roles_stop", || format!("{role}: {}", finished.log)));
    }
    let log = node.verify();
    let is_whole = (&log["whole"], &log["torn_bytes"]) == (&json!(true), &json!(0));
    record.note(ensure(is_whole, "log_is_whole", || log.to_string()));
    let counted = Counted {
        plan,
        faults: &faults,
        peaks: &peaks,
        skipped: disk.as_ref().err().map(|why| &**why),
        catch_up_ms: complete_at_ms.saturating_sub(calm_at_ms),
    };
    pronounce(node.data(), &people, &record, &counted)
}
