//! Measures the cost of presence with many users: CPU time of the engine, and bytes on `presence.all`.
//!
//! ```text
//! cargo run --release --package server --example presence -- 5000
//! ```
//!
//! Each user has one session, which sends a heartbeat every 11 to 15 seconds, like the client. The clock is
//! simulated, the measured time is real, and there are no sockets. The example prints three results: all
//! users come online; a minute without changes; a minute in which 1 % of the users change each second.
#![expect(clippy::print_stdout, clippy::expect_used, reason = "an example that prints what it measures")]

use std::collections::BTreeSet;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use common::limits::PRESENCE_HEARTBEAT_MS;
use common::{UserName, rpc};
use disk::Disk as _;
use disk::faulty::FaultyDisk;
use serde_json::json;
use server::domain::Command;
use server::domain::records::TokenDigest;
use server::engine::{Engine, Outlet};
use server::outbound::Publication;
use server::outbound::pending_request::PendingRequest;
use server::services::files::{FileLimits, Files};
use server::services::jobs::Jobs;
use server::services::limiters::rates::UserLimits;
use server::services::tokens::TokenIssuer;
use server::storage::commit_log::CommitMode;
use server::storage::data_folder::Store;
use server::storage::ledger::Ledger;
use testkit::Rng;
use transport::{Frame, clock};
use uuid::Uuid;

const BEGIN_MS: u64 = 1_763_700_000_000;
const STEP_MS: u64 = 10;

/// The size of the published frames.
#[derive(Default)]
struct Published {
    frames: usize,
    bytes: usize,
    largest: usize,
}

impl Outlet for Published {
    type Error = Infallible;

    fn reply(&mut self, _request: PendingRequest) -> Result<(), Infallible> {
        Ok(())
    }

    fn publish(&mut self, publication: Publication) -> Result<(), Infallible> {
        self.frames += 1;
        self.bytes += publication.lines.len();
        self.largest = self.largest.max(publication.lines.len());
        Ok(())
    }
}

/// The engine and its users.
struct Users {
    engine: Engine,
    /// The time of the next heartbeat of each user.
    due: BTreeSet<(u64, usize)>,
    state: Vec<&'static str>,
    now_ms: u64,
    rng: Rng,
}

fn main() {
    let count = std::env::args().nth(1).map_or(5000, |count| count.parse().expect("a number of users"));
    let mut users = Users::new(count);
    report("all users come online", 3, users.run(3000, 0));
    report("no changes", 60, users.run(60_000, 0));
    report("1 % of the users change each second", 60, users.run(60_000, count / 100));
}

fn report(title: &str, seconds: u32, (busy, published): (Duration, Published)) {
    let Published { frames, bytes, largest } = published;
    println!(
        "{title}, {seconds} s: {busy:.1?} of CPU time; {frames} frames, {bytes} bytes, the largest {largest}"
    );
}

impl Users {
    fn new(count: usize) -> Self {
        let disk = FaultyDisk::new();
        disk.replace_atomically("keys/topic.secret", "07".repeat(32).as_bytes()).expect("a sound disk");
        let store = Store::on(Arc::new(disk.clone()));
        let mut ledger = Ledger::open(store, &CommitMode::WhenPolled).expect("an empty disk");
        for number in 0..count {
            let (user, digest) = (user(number), TokenDigest::of(&token(number)));
            let open =
                Command::OpenSession { user: user.clone(), session: Uuid::nil(), digest, expires: u64::MAX };
            for command in [Command::Register { user, password: "hash".into() }, open] {
                ledger.record(command, BEGIN_MS).expect("allowed");
            }
        }
        while !ledger.is_quiet() {
            ledger.flush();
            ledger.poll().map_err(|failure| failure.answer).expect("a sound disk");
        }
        let jobs = Jobs::start(&CommitMode::WhenPolled).expect("no threads to start");
        let files = Files::open(Arc::new(disk), FileLimits::default(), &ledger).expect("a sound disk");
        let tokens = TokenIssuer::new(&[7; 32]);
        let engine = Engine::new(ledger, tokens, jobs, files, UserLimits::default(), String::new());
        let due = (0..count).map(|number| (BEGIN_MS + number as u64 % 900, number)).collect();
        Self { engine, due, state: vec!["online"; count], now_ms: BEGIN_MS, rng: Rng::new(7) }
    }

    /// Simulates `length_ms`. Each second, `changes` users come online or go offline.
    fn run(&mut self, length_ms: u64, changes: usize) -> (Duration, Published) {
        let (mut published, mut busy, end_ms) =
            (Published::default(), Duration::ZERO, self.now_ms + length_ms);
        while self.now_ms < end_ms {
            if self.now_ms.is_multiple_of(1000) {
                (0..changes).for_each(|_| self.change());
            }
            let mut frames = self.frames();
            let started = clock::now();
            for frame in &mut frames {
                self.engine.accept(frame, self.now_ms);
            }
            self.engine.tick(self.now_ms);
            self.engine.flush();
            self.engine.send(&mut published).map_err(|_| "a failed send").expect("a sound disk");
            busy += started.elapsed();
            self.now_ms += STEP_MS;
        }
        (busy, published)
    }

    /// The heartbeats that are due.
    fn frames(&mut self) -> Vec<Vec<Frame>> {
        let mut frames = Vec::new();
        while let Some((_, number)) = self.due.first().copied().filter(|(due, _)| *due <= self.now_ms) {
            self.due.pop_first();
            let wait_ms = PRESENCE_HEARTBEAT_MS - self.rng.below(PRESENCE_HEARTBEAT_MS / 4);
            self.due.insert((self.now_ms + wait_ms, number));
            let (mut line, state) = (Vec::new(), self.state.get(number));
            rpc::encode_request(
                &mut line,
                "1",
                "presence.set",
                &json!({ "token": token(number), "state": state }),
            );
            frames.push(vec![Frame::from(user(number).as_str().as_bytes()), Frame::new(), Frame::from(line)]);
        }
        frames
    }

    /// A random user comes online or goes offline, and sends a heartbeat immediately.
    fn change(&mut self) {
        let number = usize::try_from(self.rng.below(self.state.len() as u64)).unwrap_or_default();
        if let Some(state) = self.state.get_mut(number) {
            *state = if *state == "online" { "offline" } else { "online" };
        }
        self.due.retain(|(_, other)| *other != number);
        self.due.insert((self.now_ms, number));
    }
}

fn user(number: usize) -> UserName {
    testkit::user(&format!("user{number}"))
}

fn token(number: usize) -> String {
    format!("the token of user{number}")
}
