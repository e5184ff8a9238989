//! The engine driven by hand: what waits for a job, and what does not.

#![expect(clippy::expect_used, reason = "a test fails by panicking")]

use std::convert::Infallible;
use std::sync::Arc;

use disk::faulty::{Failure, FaultyDisk, Loss};
use server::engine::{Engine, Outlet};
use server::outbound::Publication;
use server::outbound::pending_request::PendingRequest;
use server::services::files::{FileLimits, Files};
use server::services::jobs::{Jobs, Kind};
use server::services::limiters::rates::Rate;
use server::services::tokens::TokenIssuer;
use server::storage::commit_log::CommitMode;
use server::storage::data_folder::Store;
use server::storage::ledger::Ledger;
use transport::Frame;

const NOW_MS: u64 = 1_763_700_000_000;

/// The reply frames, in the order of telling.
#[derive(Default)]
struct Told(Vec<String>);

impl Outlet for Told {
    type Error = Infallible;

    fn reply(&mut self, answered: PendingRequest) -> Result<(), Infallible> {
        self.0.push(String::from_utf8(answered.reply).expect("utf-8"));
        Ok(())
    }

    fn publish(&mut self, _publication: Publication) -> Result<(), Infallible> {
        Ok(())
    }
}

fn engine() -> Engine {
    engine_on(&FaultyDisk::new())
}

fn engine_on(disk: &FaultyDisk) -> Engine {
    let store = Store::on(Arc::new(disk.clone()));
    let ledger = Ledger::open(store, &CommitMode::WhenPolled).expect("an empty disk");
    let jobs = Jobs::start(&CommitMode::WhenPolled).expect("nothing to start");
    let files = Files::open(Arc::new(disk.clone()), FileLimits::default(), &ledger).expect("an empty folder");
    let events = "tcp://*:5558".to_owned();
    Engine::new(ledger, TokenIssuer::new(&[7; 32]), jobs, files, Rate::default(), events)
}

fn ask(engine: &mut Engine, lines: &str) {
    engine.accept(&mut vec![Frame::from("somebody"), Frame::new(), Frame::from(lines)], NOW_MS);
}

fn tell(engine: &mut Engine, told: &mut Told) {
    engine.flush();
    engine.send(told).expect("a sound disk");
}

#[test]
fn a_frame_that_waits_for_a_job_is_overtaken_and_goes_on_where_it_was() {
    let (mut engine, mut told) = (engine(), Told::default());
    let register = r#"{"jsonrpc":"2.0","id":2,"method":"auth.register","params":{"user":"alice","password":"correct horse"}}"#;
    let nothing = |id: u64| format!(r#"{{"jsonrpc":"2.0","id":{id},"method":"nothing"}}"#);
    ask(&mut engine, &[nothing(1), register.to_owned(), nothing(3)].join("\n"));
    ask(&mut engine, &nothing(4));
    tell(&mut engine, &mut told);
    let [overtaking] = told.0.as_slice() else { panic!("{:?}", told.0) };
    assert!(overtaking.starts_with(r#"{"jsonrpc":"2.0","id":4,"#), "{overtaking}");
    assert_eq!((engine.jobs_waiting(Kind::Passwords), engine.is_quiet()), (1, false));

    engine.resume_pending(NOW_MS);
    assert_eq!((engine.jobs_waiting(Kind::Passwords), engine.ledger().position()), (0, 1));
    told.0.clear();
    engine.send(&mut told).expect("a sound disk");
    assert!(told.0.is_empty(), "told before it was on disk: {:?}", told.0);
    tell(&mut engine, &mut told);
    let [reply] = told.0.as_slice() else { panic!("{:?}", told.0) };
    let ids: Vec<_> = reply.lines().map(|line| line.get(17..23)).collect();
    assert_eq!(ids, [Some(r#""id":1"#), Some(r#""id":2"#), Some(r#""id":3"#)]);
    assert!(reply.contains(r#"{"user":"alice","administrator":true}"#), "{reply}");
    assert!(engine.is_quiet());
}

/// One round, as the server makes it. What it tells.
fn round(engine: &mut Engine, lines: &[String]) -> Vec<String> {
    let mut told = Told::default();
    engine.send(&mut told).expect("a disk that can be read");
    engine.resume_pending(NOW_MS);
    lines.iter().for_each(|lines| ask(engine, lines));
    engine.flush();
    if engine.ledger().is_quiet() {
        engine.send(&mut told).expect("a disk that can be read");
    }
    told.0
}

fn rounds(engine: &mut Engine, lines: &[String]) -> Vec<String> {
    let mut told = round(engine, lines);
    while !engine.is_quiet() {
        told.extend(round(engine, &[]));
    }
    told
}

/// A node with alice, logged in, and her channel; and her token.
fn with_alice(disk: &FaultyDisk) -> (Engine, String) {
    let mut engine = engine_on(disk);
    let credentials = r#"{"user":"alice","password":"correct horse"}"#;
    let line =
        |method: &str| format!(r#"{{"jsonrpc":"2.0","id":0,"method":"{method}","params":{credentials}}}"#);
    let told = rounds(&mut engine, &[[line("auth.register"), line("auth.login")].join("\n")]).concat();
    let token = told.split(r#""token":""#).nth(1).and_then(|rest| rest.split('"').next());
    let token = token.expect("logged in").to_owned();
    let create = call(&token, 0, "channel.create", r##""channel":"#a""##);
    assert!(rounds(&mut engine, &[create]).concat().contains("result"));
    (engine, token)
}

fn call(token: &str, id: u64, method: &str, params: &str) -> String {
    format!(r#"{{"jsonrpc":"2.0","id":{id},"method":"{method}","params":{{"token":"{token}",{params}}}}}"#)
}

fn send(token: &str, id: u64) -> String {
    let params = format!(r##""to":"#a","id":"0197{id:04}-0000-7000-8000-000000000001","text":"{id}""##);
    call(token, id, "message.send", &params)
}

fn history(token: &str, id: u64) -> String {
    call(token, id, "message.history", r##""conversation":"#a""##)
}

/// The replies in the order of their ids, in short.
fn in_short(mut told: Vec<String>) -> Vec<String> {
    let short = |line: &str| {
        let reply: serde_json::Value = serde_json::from_str(line).expect("json");
        let events = reply.pointer("/result/events").and_then(|events| events.as_array());
        let events = events.map(|events| format!("{} events", events.len()));
        let reason = reply.pointer("/error/data/reason").and_then(|reason| reason.as_str());
        let id = reply.get("id").expect("an id");
        format!("{id} {}", events.unwrap_or_else(|| reason.unwrap_or("done").to_owned()))
    };
    told.sort();
    told.iter().flat_map(|lines| lines.lines()).map(short).collect()
}

#[test]
fn on_a_full_disk_writers_are_refused_once_readers_go_on_and_writing_resumes_by_itself() {
    let disk = FaultyDisk::new();
    let (mut engine, token) = with_alice(&disk);
    assert_eq!(in_short(rounds(&mut engine, &[send(&token, 1)])), ["1 done"]);
    disk.set_room(Some(100));
    let batch = [send(&token, 2), history(&token, 3)].join("\n");
    let told =
        rounds(&mut engine, &[batch, history(&token, 4), send(&token, 1).replace("\"id\":1", "\"id\":5")]);
    // The readers, who waited for the disk behind what it did not take, see what is on it.
    assert_eq!(in_short(told), ["2 storage_full", "3 2 events", "4 2 events", "5 done"]);

    // Nothing but what would have to be written is refused.
    let joined = call(&token, 7, "channel.join", r##""channel":"#a""##);
    let told = rounds(&mut engine, &[send(&token, 6), joined, history(&token, 8)]);
    assert_eq!(in_short(told), ["6 storage_full", "7 done", "8 2 events"]);
    assert!(engine.ledger().failure().is_some());

    disk.set_room(None);
    assert!(round(&mut engine, &[]).is_empty(), "nobody is told twice");
    assert_eq!(
        in_short(rounds(&mut engine, &[send(&token, 2), history(&token, 9)])),
        ["2 done", "9 3 events"]
    );
    assert!(engine.ledger().failure().is_none());
    drop(engine);
    let mut engine = engine_on(&disk.after_crash(Loss::Everything));
    assert_eq!(in_short(rounds(&mut engine, &[history(&token, 1)])), ["1 3 events"]);
}

#[test]
fn after_a_failed_sync_there_is_only_reading_until_a_restart() {
    let disk = FaultyDisk::new();
    let (mut engine, token) = with_alice(&disk);
    // The lines, the commit line, the sync; which says that the disk is full.
    let operation = disk.operations() + 2;
    disk.fail(Failure { operation, kind: std::io::ErrorKind::StorageFull, lasts: false });
    let told = rounds(&mut engine, &[send(&token, 1), history(&token, 2)]);
    assert_eq!(in_short(told), ["1 unavailable", "2 1 events"]);
    assert_eq!(
        in_short(rounds(&mut engine, &[send(&token, 3), history(&token, 4)])),
        ["3 unavailable", "4 1 events"]
    );
    drop(engine);
    let mut engine = engine_on(&disk);
    assert_eq!(in_short(rounds(&mut engine, &[send(&token, 3)])), ["3 done"]);
}

#[test]
fn what_was_answered_before_a_wait_and_is_not_on_disk_is_refused() {
    let disk = FaultyDisk::new();
    let (mut engine, token) = with_alice(&disk);
    disk.set_room(Some(0));
    let login = r#"{"jsonrpc":"2.0","id":2,"method":"auth.login","params":{"user":"alice","password":"correct house"}}"#;
    ask(&mut engine, &[send(&token, 1), login.to_owned(), history(&token, 3)].join("\n"));
    // The message is in the batch, and its answer in a frame that waits for a password.
    let told = rounds(&mut engine, &[]);
    assert_eq!(in_short(told), ["1 storage_full", "2 wrong_credentials", "3 1 events"]);
}
