//! What presence costs with many people: processor time of the server's engine, and bytes on `presence.all`.
//!
//! ```text
//! cargo run --release --package server --example presence -- 5000
//! ```
//!
//! Everybody has one session and says every 11 to 15 seconds, as the client does, that they are there. The clock of the
//! run is simulated, and the time that the engine takes is real; sockets are left out. Shown are a minute in which
//! nothing changes, a minute in which a hundredth of all come or go each second, and the moment in which all come at once.
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
use server::services::limiters::rates::Rate;
use server::services::tokens::TokenIssuer;
use server::storage::commit_log::CommitMode;
use server::storage::data_folder::Store;
use server::storage::ledger::Ledger;
use testkit::Rng;
use transport::{Frame, clock};
use uuid::Uuid;

const BEGIN_MS: u64 = 1_763_700_000_000;
const STEP_MS: u64 = 10;

/// What was published.
#[derive(Default)]
struct Told {
    frames: usize,
    bytes: usize,
    largest: usize,
}

impl Outlet for Told {
    type Error = Infallible;

    fn reply(&mut self, _answered: PendingRequest) -> Result<(), Infallible> {
        Ok(())
    }

    fn publish(&mut self, publication: Publication) -> Result<(), Infallible> {
        self.frames += 1;
        self.bytes += publication.lines.len();
        self.largest = self.largest.max(publication.lines.len());
        Ok(())
    }
}

/// Everybody, and when they say something next.
struct Crowd {
    engine: Engine,
    due: BTreeSet<(u64, usize)>,
    state: Vec<&'static str>,
    now_ms: u64,
    rng: Rng,
}

fn main() {
    let people = std::env::args().nth(1).map_or(5000, |count| count.parse().expect("a number of people"));
    let mut crowd = Crowd::new(people);
    report("all come at once", 3, crowd.run(3000, 0));
    report("nothing changes", 60, crowd.run(60_000, 0));
    report("a hundredth changes each second", 60, crowd.run(60_000, people / 100));
}

fn report(what: &str, seconds: u32, (busy, told): (Duration, Told)) {
    let Told { frames, bytes, largest } = told;
    println!(
        "{what}, {seconds} s: {busy:.1?} of processor time; {frames} frames, {bytes} bytes, the largest {largest}"
    );
}

impl Crowd {
    fn new(people: usize) -> Self {
        let disk = FaultyDisk::new();
        disk.replace_atomically("keys/topic.secret", "07".repeat(32).as_bytes()).expect("a sound disk");
        let store = Store::on(Arc::new(disk.clone()));
        let mut ledger = Ledger::open(store, &CommitMode::WhenPolled).expect("an empty disk");
        for number in 0..people {
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
        let jobs = Jobs::start(&CommitMode::WhenPolled).expect("nothing to start");
        let files = Files::open(Arc::new(disk), FileLimits::default(), &ledger).expect("a sound disk");
        let tokens = TokenIssuer::new(&[7; 32]);
        let engine = Engine::new(ledger, tokens, jobs, files, Rate::default(), String::new());
        let due = (0..people).map(|number| (BEGIN_MS + number as u64 % 900, number)).collect();
        Self { engine, due, state: vec!["online"; people], now_ms: BEGIN_MS, rng: Rng::new(7) }
    }

    /// Goes on for so long; each second so many are something else.
    fn run(&mut self, length_ms: u64, changes: usize) -> (Duration, Told) {
        let (mut told, mut busy, end_ms) = (Told::default(), Duration::ZERO, self.now_ms + length_ms);
        while self.now_ms < end_ms {
            if self.now_ms.is_multiple_of(1000) {
                (0..changes).for_each(|_| self.change());
            }
            let mut frames = self.frames();
            let begun = clock::now();
            for frame in &mut frames {
                self.engine.accept(frame, self.now_ms);
            }
            self.engine.tick(self.now_ms);
            self.engine.flush();
            self.engine.send(&mut told).map_err(|_| "it failed").expect("a sound disk");
            busy += begun.elapsed();
            self.now_ms += STEP_MS;
        }
        (busy, told)
    }

    /// What those say whose time it is.
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

    /// Somebody comes or goes, and says so at once.
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
    testkit::user(&format!("person{number}"))
}

fn token(number: usize) -> String {
    format!("the token of person{number}")
}
