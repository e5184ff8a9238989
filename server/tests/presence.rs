//! Presence and typing: the engine with a clock of the test's own.

#![expect(clippy::expect_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

use std::convert::Infallible;
use std::sync::Arc;

use disk::faulty::FaultyDisk;
use serde_json::{Value, json};
use server::domain::records::TokenDigest;
use server::domain::{Actor, Command};
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
use testkit::{channel, user};
use transport::Frame;
use uuid::Uuid;

const BEGIN_MS: u64 = 1_763_700_000_000;

/// Each with two sessions: their names, and their names with a `2` behind them, are the tokens.
const PEOPLE: [&str; 3] = ["ana", "bob", "eva"];

/// A server, and the time there.
struct Stage {
    disk: FaultyDisk,
    engine: Engine,
    now_ms: u64,
    told: Told,
}

#[derive(Default)]
struct Told {
    replies: Vec<Value>,
    /// The notices, with when they were told and on which topic.
    notices: Vec<(u64, String, Value)>,
    now_ms: u64,
}

impl Outlet for Told {
    type Error = Infallible;

    fn reply(&mut self, answered: PendingRequest) -> Result<(), Infallible> {
        self.replies.push(serde_json::from_slice(&answered.reply).expect("a reply"));
        Ok(())
    }

    fn publish(&mut self, publication: Publication) -> Result<(), Infallible> {
        let lines = publication.lines.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
        let lines = lines.map(|line| serde_json::from_slice(line).expect("JSON"));
        self.notices.extend(lines.map(|line| (self.now_ms, publication.topic.to_string(), line)));
        Ok(())
    }
}

fn engine(disk: &FaultyDisk) -> Engine {
    let store = Store::on(Arc::new(disk.clone()));
    let ledger = Ledger::open(store, &CommitMode::WhenPolled).expect("a sound disk");
    let jobs = Jobs::start(&CommitMode::WhenPolled).expect("nothing to start");
    let files = Files::open(Arc::new(disk.clone()), FileLimits::default(), &ledger).expect("a sound disk");
    let events = "tcp://*:5558".to_owned();
    Engine::new(ledger, TokenIssuer::new(&[7; 32]), jobs, files, Rate::default(), events)
}

impl Stage {
    fn new() -> Self {
        let disk = FaultyDisk::new();
        let mut ledger =
            Ledger::open(Store::on(Arc::new(disk.clone())), &CommitMode::WhenPolled).expect("empty");
        let mut record = |command| {
            ledger.record(command, BEGIN_MS).expect("allowed");
        };
        for name in PEOPLE {
            record(Command::Register { user: user(name), password: "hash".into() });
            for (number, token) in [name.to_owned(), format!("{name}2")].iter().enumerate() {
                let (session, digest) = (Uuid::from_u128(number as u128), TokenDigest::of(token));
                record(Command::OpenSession { user: user(name), session, digest, expires: u64::MAX });
            }
        }
        let actor = |name: &str| Actor { user: user(name), channel: channel("#a") };
        record(Command::CreateChannel(actor("ana"), false));
        record(Command::Join(actor("bob")));
        while !ledger.is_quiet() {
            ledger.flush();
            ledger.poll().map_err(|failure| failure.answer).expect("a sound disk");
        }
        drop(ledger);
        let mut stage = Self { engine: engine(&disk), disk, now_ms: BEGIN_MS, told: Told::default() };
        // The first minute is over: it has heard from all who are there.
        stage.pass(60_000);
        stage
    }

    /// Asks, and returns the result or the reason why there is none.
    fn ask(&mut self, method: &str, params: Value) -> Value {
        let line = json!({ "jsonrpc": "2.0", "id": "1", "method": method, "params": params }).to_string();
        self.engine
            .accept(&mut vec![Frame::from("them"), Frame::new(), Frame::from(line.as_str())], self.now_ms);
        self.round();
        let mut reply = self.told.replies.pop().expect("a reply");
        match reply.get_mut("result") {
            Some(result) => result.take(),
            None => reply["error"]["data"]["reason"].take(),
        }
    }

    fn is(&mut self, token: &str, state: &str) -> Value {
        self.ask("presence.set", json!({ "token": token, "state": state }))
    }

    /// What `user.list` says of a user.
    fn listed(&mut self, name: &str) -> Value {
        let list = self.ask("user.list", json!({ "token": "eva2" }));
        let mut users = list["users"].as_array().expect("users").clone();
        users.retain(|user| user["user"] == name);
        json!([users[0]["state"], users[0]["seen"]])
    }

    /// Goes round the loop, as the server does, until nothing is left to do now.
    fn round(&mut self) {
        self.told.now_ms = self.now_ms;
        for _ in 0..3 {
            self.engine.tick(self.now_ms);
            self.engine.flush();
            self.engine.send(&mut self.told).expect("a sound disk");
        }
    }

    /// Lets time pass: the engine is woken when it wants to be, and only then.
    fn pass(&mut self, ms: u64) {
        let end = self.now_ms + ms;
        self.round();
        while let Some(due) = self.engine.deadline().filter(|due| *due <= end) {
            self.now_ms = due.max(self.now_ms + 1);
            self.round();
        }
        self.now_ms = end;
    }

    /// Who was told to be what since this was last asked, and how long ago that began.
    fn changes(&mut self) -> Vec<String> {
        let notices = std::mem::take(&mut self.told.notices);
        let lines = notices.iter().filter(|(_, topic, _)| topic.starts_with("presence.all."));
        lines
            .map(|(at, _, line)| {
                let users = line["users"].as_array().expect("users").iter();
                let users = users.map(|user| format!("{} {}", user["user"], user["state"]).replace('"', ""));
                format!("{}: {}", at - BEGIN_MS, users.collect::<Vec<_>>().join(", "))
            })
            .collect()
    }
}

#[test]
fn who_vanishes_is_gone_within_45_seconds() {
    let mut stage = Stage::new();
    stage.is("bob", "online");
    stage.pass(15_000);
    stage.is("bob", "online");
    assert_eq!(stage.listed("bob"), json!(["online", null]));
    stage.pass(45_000);
    assert_eq!(stage.changes(), ["60000: bob online", "115000: bob offline"]);
    assert_eq!(stage.listed("bob"), json!(["offline", BEGIN_MS + 75_000]), "seen when heard last");
}

#[test]
fn who_leaves_is_gone_at_once() {
    let mut stage = Stage::new();
    stage.is("bob", "online");
    stage.pass(5_000);
    stage.is("bob", "offline");
    assert_eq!(stage.changes(), ["60000: bob online", "65000: bob offline"]);
    stage.is("bob", "online");
    stage.pass(2_000);
    stage.ask("auth.logout", json!({ "token": "bob" }));
    stage.pass(2_000);
    assert_eq!(stage.changes(), ["66000: bob online", "67000: bob offline"], "no more than once a second");
}

#[test]
fn several_sessions_are_one_presence() {
    let mut stage = Stage::new();
    stage.is("bob", "away");
    stage.pass(2_000);
    stage.is("bob2", "online");
    stage.pass(2_000);
    stage.is("bob", "offline");
    stage.pass(2_000);
    stage.is("bob2", "away");
    stage.pass(2_000);
    stage.is("bob", "online");
    stage.pass(30_000);
    stage.is("bob", "online");
    stage.pass(60_000);
    let expected = [
        "60000: bob away",
        "62000: bob online",
        "66000: bob away",
        "68000: bob online",
        "138000: bob offline",
    ];
    assert_eq!(stage.changes(), expected);
}

#[test]
fn a_crowd_is_told_of_together_and_nobody_twice() {
    let mut stage = Stage::new();
    for token in ["ana", "bob", "eva"] {
        stage.is(token, "online");
    }
    stage.is("bob", "offline");
    for _ in 0..3 {
        stage.pass(10_000);
        stage.is("ana", "online");
        stage.is("eva", "online");
    }
    assert_eq!(stage.changes(), ["60000: ana online", "61000: eva online"], "bob came and went unseen");
}

#[test]
fn who_is_shut_out_is_gone_at_once_and_the_topic_moves() {
    let mut stage = Stage::new();
    let before = stage.is("bob", "online")["topic"].clone();
    stage.pass(5_000);
    stage.changes();
    stage.ask("admin.disable", json!({ "token": "ana", "user": "bob" }));
    assert_eq!(stage.is("bob", "online"), "unauthenticated");
    stage.pass(2_000);
    let mut topics = stage.told.notices.iter().filter(|(_, topic, _)| topic.starts_with("presence."));
    let topic = topics.next_back().map(|(_, topic, _)| json!(topic));
    assert_eq!(stage.changes(), ["65000: bob offline"]);
    assert_eq!(Some(&stage.is("ana", "online")["topic"]), topic.as_ref(), "where those who stay listen");
    assert_ne!(Some(before), topic);
}

#[test]
fn a_restart_makes_nobody_flap() {
    let mut stage = Stage::new();
    stage.is("ana", "online");
    stage.is("bob", "online");
    stage.pass(5_000);
    stage.changes();
    stage.engine.record_present_users(stage.now_ms);
    stage.round();
    assert_eq!(stage.changes(), [""; 0], "nobody is told that all are gone");
    stage.engine = engine(&stage.disk);
    assert_eq!(stage.listed("bob"), json!([null, BEGIN_MS + 60_000]), "not known yet");
    stage.pass(12_000);
    stage.is("ana", "online");
    stage.pass(1_000);
    assert_eq!(stage.listed("ana")[0], "online");
    stage.pass(27_000);
    assert_eq!(stage.changes(), ["77000: ana online"]);
    assert_eq!(stage.listed("bob"), json!(["offline", BEGIN_MS + 60_000]), "did not come back");
}

#[test]
fn nobody_is_gone_because_the_machine_slept() {
    let mut stage = Stage::new();
    stage.is("bob", "online");
    stage.pass(5_000);
    stage.now_ms += 3_600_000;
    stage.round();
    stage.pass(5_000);
    stage.is("bob", "online");
    stage.now_ms -= 1_800_000;
    stage.pass(15_000);
    stage.is("bob", "online");
    assert_eq!(stage.changes(), ["60000: bob online"]);
}

#[test]
fn an_idle_server_sleeps() {
    let mut stage = Stage::new();
    let sleeps = |stage: &Stage| stage.engine.deadline().is_some_and(|due| due > BEGIN_MS + 3_000_000);
    stage.round();
    assert!(sleeps(&stage), "nobody is there");
    stage.is("bob", "online");
    assert!(!sleeps(&stage), "bob must be heard again");
    stage.pass(100_000);
    assert!(sleeps(&stage), "nobody is there any more");
}

#[test]
fn writing_is_told_to_those_who_read_and_not_too_often() {
    let mut stage = Stage::new();
    let typing = |stage: &mut Stage, token: &str, to: &str, typing: bool| {
        stage.ask("typing.set", json!({ "token": token, "to": to, "typing": typing }))
    };
    assert_eq!(typing(&mut stage, "ana", "#a", true), json!({}));
    assert_eq!(typing(&mut stage, "ana2", "#a", true), json!({}), "dropped, and no error");
    stage.pass(3_000);
    typing(&mut stage, "ana", "#a", true);
    typing(&mut stage, "ana", "#a", false);
    typing(&mut stage, "ana", "@bob", true);
    assert_eq!(typing(&mut stage, "eva", "#a", true), "not_member");
    assert_eq!(typing(&mut stage, "eva", "#nowhere", true), "no_such_channel");
    assert_eq!(typing(&mut stage, "eva", "@nobody", true), "no_such_user");
    let told = stage.told.notices.iter().map(|(at, topic, line)| {
        let place = topic.rsplit_once('.').expect("a key").0;
        format!("{} {place} {} {} {}", at - BEGIN_MS, line["to"], line["from"], line["typing"])
            .replace('"', "")
    });
    let expected = [
        "60000 channel.a #a ana true",
        "63000 channel.a #a ana true",
        "63000 channel.a #a ana false",
        "63000 user.bob @bob ana true",
    ];
    assert_eq!(told.collect::<Vec<_>>(), expected);
}
