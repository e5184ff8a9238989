//! Tests of the schedule with a maker that the test controls.

use std::sync::{Mutex, MutexGuard, PoisonError};

use disk::faulty::FaultyDisk;

use super::*;

const NOW_MS: u64 = 1_763_700_000_000;
const HOUR: Duration = Duration::from_secs(3600);

/// A maker whose backups finish when the test says so.
#[derive(Clone, Default)]
struct Fake(Arc<Mutex<FakeState>>);

#[derive(Default)]
struct FakeState {
    orders: Vec<Order>,
    finished: Option<Finished>,
}

impl Fake {
    fn state(&self) -> MutexGuard<'_, FakeState> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Maker for Fake {
    fn start(&mut self, order: Order) -> io::Result<()> {
        self.state().orders.push(order);
        Ok(())
    }

    fn finished(&mut self) -> Option<Finished> {
        self.state().finished.take()
    }
}

/// A node with the backups of an earlier run, and its clocks.
struct Node {
    backups: Backups,
    fake: Fake,
    now_ms: u64,
    elapsed: Duration,
}

impl Node {
    /// A node that starts at `NOW_MS`, with backups of these ages in hours. A negative age is a time in the
    /// future.
    fn start(every: Option<Duration>, ages: &[i64]) -> Self {
        let name = |age: &i64| BackupName {
            cause: Cause::Scheduled,
            at_ms: NOW_MS.saturating_add_signed(-age * 3_600_000),
        };
        let mut stored: Vec<_> = ages.iter().map(|age| Stored { name: name(age), bytes: 1 }).collect();
        stored.sort_unstable_by_key(|stored| std::cmp::Reverse(stored.name.at_ms));
        let (fake, settings) = (Fake::default(), Settings { every, keep: 3 });
        let disk = Arc::new(FaultyDisk::new());
        let backups = Backups::new(settings, Box::new(fake.clone()), disk, stored, NOW_MS);
        Self { backups, fake, now_ms: NOW_MS, elapsed: Duration::ZERO }
    }

    /// Both clocks advance, step by step, and a started backup ends at once with this result.
    fn run(&mut self, time: Duration, result: Result<(), &str>) {
        let (end, step) = (self.elapsed + time, Duration::from_secs(30));
        while self.elapsed < end {
            self.elapsed += step;
            self.now_ms += 30_000;
            self.backups.tick(self.now_ms, self.elapsed);
            self.finish(result);
        }
    }

    fn finish(&mut self, result: Result<(), &str>) {
        let Some(running) = &self.backups.running else { return };
        let made = Stored { name: running.name, bytes: 7 };
        let mut stored = self.backups.stored.clone();
        stored.splice(0..0, result.is_ok().then_some(made));
        self.fake.state().finished = Some(Finished { result: result.map_err(str::to_owned), stored });
        self.backups.tick(self.now_ms, self.elapsed);
    }

    fn made(&self) -> usize {
        self.fake.state().orders.len()
    }
}

#[test]
fn a_backup_is_made_in_each_interval() {
    let mut node = Node::start(Some(24 * HOUR), &[]);
    node.run(Duration::from_secs(59), Ok(()));
    assert_eq!(node.made(), 1, "the first backup starts a minute after the server");
    node.run(24 * HOUR - START_DELAY, Ok(()));
    assert_eq!(node.made(), 1);
    node.run(10 * 24 * HOUR, Ok(()));
    assert_eq!(node.made(), 11);
    assert_eq!(node.backups.problems(), [""; 0]);
    let causes: Vec<_> =
        node.fake.state().orders.iter().map(|order| (order.name.cause, order.keep)).collect();
    assert!(causes.iter().all(|cause| *cause == (Cause::Scheduled, 3)), "{causes:?}");
    let mut without = Node::start(None, &[]);
    without.run(1000 * HOUR, Ok(()));
    assert_eq!((without.made(), without.backups.problems()), (0, Vec::new()));
}

#[test]
fn a_restart_continues_the_schedule() {
    let mut node = Node::start(Some(24 * HOUR), &[20, 44]);
    node.run(4 * HOUR - START_DELAY, Ok(()));
    assert_eq!(node.made(), 0, "the last backup is 20 hours old");
    node.run(2 * START_DELAY, Ok(()));
    assert_eq!(node.made(), 1);
    // A server that ends before a minute has passed makes no backups.
    for _ in 0..100 {
        let mut node = Node::start(Some(24 * HOUR), &[100]);
        node.run(START_DELAY / 2, Ok(()));
        assert_eq!(node.made(), 0);
    }
}

#[test]
fn a_jump_of_the_clock_neither_starts_nor_stops_backups() {
    for jump_hours in [-1_000_000_i64, -30, 30, 1_000_000] {
        let mut node = Node::start(Some(24 * HOUR), &[0]);
        node.run(12 * HOUR, Ok(()));
        node.now_ms = node.now_ms.saturating_add_signed(jump_hours.saturating_mul(3_600_000));
        node.run(11 * HOUR, Ok(()));
        assert_eq!(node.made(), 0, "{jump_hours}");
        node.run(3 * 24 * HOUR, Ok(()));
        assert_eq!((node.made(), node.backups.problems()), (3, Vec::new()), "{jump_hours}");
    }
    // The clock was ahead when the last backup was made, or is behind now.
    let mut node = Node::start(Some(24 * HOUR), &[-1_000]);
    node.run(23 * HOUR, Ok(()));
    assert_eq!(node.made(), 0);
    node.run(2 * HOUR, Ok(()));
    assert_eq!(node.made(), 1);
}

#[test]
fn a_failed_backup_is_a_problem_until_the_next_one_succeeds() {
    let mut node = Node::start(Some(24 * HOUR), &[23]);
    node.run(HOUR, Err("the disk is full"));
    assert_eq!(node.made(), 1);
    assert_eq!(node.backups.problems(), ["the last backup failed: the disk is full"]);
    node.run(HOUR - Duration::from_secs(60), Err("the disk is full"));
    assert_eq!(node.made(), 1, "the next attempt is an hour later");
    node.run(HOUR, Err("the disk is full"));
    assert_eq!(node.made(), 2);
    node.run(24 * HOUR, Err("the disk is full"));
    let [failed, overdue] = &node.backups.problems()[..] else { panic!("{:?}", node.backups.problems()) };
    assert!(failed.contains("full") && overdue.contains("more than twice"), "{failed}, {overdue}");
    assert_eq!(node.backups.list().failed.expect("a failure").error, "the disk is full");
    node.run(HOUR, Ok(()));
    assert_eq!((node.backups.problems(), node.backups.list().failed), (Vec::new(), None));
}

#[test]
fn a_backup_that_takes_too_long_is_a_problem() {
    let mut node = Node::start(Some(HOUR), &[0]);
    node.backups.tick(NOW_MS, HOUR);
    assert_eq!(node.made(), 1);
    node.backups.tick(NOW_MS, 2 * HOUR);
    assert_eq!((node.made(), node.backups.problems().len()), (1, 0), "one at a time");
    node.backups.tick(NOW_MS, 3 * HOUR);
    assert_eq!((node.made(), node.backups.problems().len()), (1, 1));
    node.elapsed = 4 * HOUR;
    node.finish(Ok(()));
    assert_eq!((node.made(), node.backups.problems().len()), (2, 1), "it began three hours ago");
}

#[test]
fn a_request_makes_a_backup_and_is_refused_while_one_is_made() {
    let mut node = Node::start(None, &[]);
    let name = node.backups.request(NOW_MS).expect("started");
    assert_eq!(name.to_string(), format!("papo-requested-{NOW_MS}.tar"));
    let refused = node.backups.request(NOW_MS + 1).expect_err("one is made");
    assert!(refused.message.contains(&name.to_string()), "{}", refused.message);
    assert!(node.backups.find(&name.to_string()).is_err(), "it is not complete");
    node.finish(Ok(()));
    let (_, found) = node.backups.find(&name.to_string()).expect("a backup");
    assert_eq!(found.bytes, 7);
    let again = node.backups.request(NOW_MS).expect("started");
    assert_eq!(again.at_ms, NOW_MS + 1, "no backup replaces another one");
    assert!(Backups::off().request(NOW_MS).is_err());
}

#[test]
fn the_end_of_the_server_cancels_a_backup() {
    let mut node = Node::start(None, &[]);
    node.backups.request(NOW_MS).expect("started");
    let progress = Arc::clone(&node.fake.state().orders[0].progress);
    assert!(!progress.is_cancelled());
    drop(node);
    assert!(progress.is_cancelled());
}
