//! The engine driven by hand: what waits for a job, and what does not.

#![expect(clippy::expect_used, reason = "a test fails by panicking")]

use std::convert::Infallible;
use std::sync::Arc;

use server::commits::Commits;
use server::engine::{Engine, Outlet};
use server::files::{FileLimits, Files};
use server::held::{Publication, Reply};
use server::jobs::{Jobs, Kind};
use server::journal::faulty_disk::FaultyDisk;
use server::ledger::Ledger;
use server::limiters::rates::Rate;
use server::store::Store;
use server::tokens::TokenIssuer;
use transport::Frame;

const NOW_MS: u64 = 1_763_700_000_000;

/// The reply frames, in the order of telling.
#[derive(Default)]
struct Told(Vec<String>, Vec<Vec<u8>>);

impl Outlet for Told {
    type Error = Infallible;

    fn reply(&mut self, reply: Reply) -> Result<(), Infallible> {
        self.0.push(String::from_utf8(reply.lines).expect("utf-8"));
        self.1.extend(reply.bytes);
        Ok(())
    }

    fn publish(&mut self, _publication: Publication) -> Result<(), Infallible> {
        Ok(())
    }
}

fn engine() -> Engine {
    let disk = Arc::new(FaultyDisk::new());
    let store = Store::on(Arc::clone(&disk) as _);
    let ledger = Ledger::open(store, &Commits::WhenPolled).expect("an empty disk");
    let jobs = Jobs::start(&Commits::WhenPolled).expect("nothing to start");
    let files = Files::open(disk, FileLimits::default(), &ledger).expect("an empty folder");
    Engine::new(ledger, TokenIssuer::new(&[7; 32]), jobs, files, Rate::default(), "tcp://*:5558".to_owned())
}

fn ask(engine: &mut Engine, lines: &str) {
    engine.accept(&mut vec![Frame::from("somebody"), Frame::new(), Frame::from(lines)], NOW_MS);
}

fn tell(engine: &mut Engine, told: &mut Told) {
    engine.flush();
    engine.tell(told).expect("a sound disk");
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

    engine.take_outcomes(NOW_MS);
    assert_eq!((engine.jobs_waiting(Kind::Passwords), engine.ledger().position()), (0, 1));
    told.0.clear();
    engine.tell(&mut told).expect("a sound disk");
    assert!(told.0.is_empty(), "told before it was on disk: {:?}", told.0);
    tell(&mut engine, &mut told);
    let [reply] = told.0.as_slice() else { panic!("{:?}", told.0) };
    let ids: Vec<_> = reply.lines().map(|line| line.get(17..23)).collect();
    assert_eq!(ids, [Some(r#""id":1"#), Some(r#""id":2"#), Some(r#""id":3"#)]);
    assert!(reply.contains(r#"{"user":"alice","administrator":true}"#), "{reply}");
    assert!(engine.is_quiet());
}
