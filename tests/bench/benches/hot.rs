//! Benchmarks of the functions that handle each message, without sockets.
//!
//! Run them with `cargo bench --package bench`. Use a profiler to see where a whole server spends its time.

#![expect(clippy::expect_used, reason = "a benchmark that cannot start panics")]

use std::convert::Infallible;
use std::hint::black_box;
use std::sync::Arc;

use common::messages::Sent;
use common::{Body, Call, ChannelName, Event, Target, UserName, methods, requests, rpc};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use disk::RealDisk;
use server::domain::records::{Record, TokenDigest};
use server::domain::{Actor, Command, State, TopicSecret, decide};
use server::engine::{Engine, Outlet};
use server::journal::{Chain, Checkpoint, CommitAck, EventKey, Journal, Options};
use server::outbound::Publication;
use server::outbound::pending_request::PendingRequest;
use server::services::files::{FileLimits, Files};
use server::services::jobs::Jobs;
use server::services::limiters::rates::UserLimits;
use server::services::tokens::TokenIssuer;
use server::storage::commit_log::CommitMode;
use server::storage::data_folder::Store;
use server::storage::ledger::Ledger;
use transport::Frame;
use uuid::Uuid;

const TEXT_BYTES: usize = 256;
const AT: u64 = 1_763_700_000_123;

const BATCH_RECORDS: u64 = 1000;

fn token() -> String {
    "t".repeat(230)
}

fn user() -> UserName {
    testkit::user("alice")
}

fn channel() -> ChannelName {
    testkit::channel("#bench")
}

fn id(number: u128) -> Uuid {
    Uuid::from_u128(0x0197_0000_0000_7000_8000_0000_0000_0000 | number)
}

fn message(text: &str, n: u64) -> Record<'_> {
    let text = testkit::text(text);
    let body = Body::Message { id: id(u128::from(n)), text, reply: None, via: None, command: None };
    Record::Event(Event { n, at: AT, to: Target::Channel(channel()), from: user(), body })
}

fn encoded(record: &Record<'_>) -> Vec<u8> {
    let mut line = Vec::new();
    record.encode(&mut line).expect("json");
    line
}

/// The state of a node with one user in one channel.
fn state() -> State {
    let mut state = State::new(TopicSecret::new([7; 32]));
    let commands = [
        Command::Register { user: user(), password: "hash".into() },
        Command::CreateChannel(Actor { user: user(), channel: channel() }, false),
    ];
    for (number, command) in (1..).zip(commands) {
        let record = decide(&state, command, AT).expect("the command is allowed").expect("a record");
        state.apply(number, &record);
    }
    state
}

fn decode(criterion: &mut Criterion) {
    let text = "x".repeat(TEXT_BYTES);
    let line = format!(
        r##"{{"jsonrpc":"2.0","id":1,"method":"message.send","params":{{"token":"{}","to":"#bench","id":"{}","text":"{text}"}}}}"##,
        token(),
        id(1)
    );
    let mut group = criterion.benchmark_group("decode");
    group.throughput(Throughput::Bytes(line.len() as u64));
    group.bench_function("envelope", |bencher| {
        bencher.iter(|| rpc::decode(black_box(line.as_bytes())).expect("a request").params.len());
    });
    group.bench_function("envelope and parameters", |bencher| {
        bencher.iter(|| {
            let decoded = requests::decode(black_box(line.as_bytes())).expect("a request");
            matches!(decoded.call, Call::MessageSend(_))
        });
    });
    group.finish();
    let token = token();
    criterion.bench_function("token digest", |bencher| bencher.iter(|| TokenDigest::of(black_box(&token))));
}

fn decide_and_apply(criterion: &mut Criterion) {
    let text = "x".repeat(TEXT_BYTES);
    let (mut state, mut number) = (state(), 2);
    criterion.bench_function("decide and apply", |bencher| {
        bencher.iter(|| {
            number += 1;
            let text = testkit::text(black_box(text.as_str()));
            let to = Target::Channel(channel());
            let command = Command::Send { user: user(), to, id: id(u128::from(number)), text, reply: None };
            let record = decide(&state, command, AT).expect("the command is allowed").expect("a record");
            state.apply(number, &record);
        });
    });
}

fn encode(criterion: &mut Criterion) {
    let text = "x".repeat(TEXT_BYTES);
    let (record, mut out) = (message(&text, 17), Vec::new());
    criterion.bench_function("encode event", |bencher| {
        bencher.iter(|| {
            out.clear();
            black_box(&record).encode(&mut out).expect("json");
        });
    });
    criterion.bench_function("encode result", |bencher| {
        bencher.iter(|| {
            out.clear();
            methods::encode_result::<methods::MessageSend>(&mut out, "1", black_box(&Sent::new(17, AT)));
        });
    });
}

fn append(criterion: &mut Criterion) {
    let folder = tempfile::tempdir().expect("a folder");
    let text = "x".repeat(TEXT_BYTES);
    let line = encoded(&message(&text, 17));
    let genesis = Checkpoint { record: 0, chain: Chain::GENESIS };
    let disk = Arc::new(RealDisk::new(folder.path()));
    let opened = Journal::open(disk, Options::default(), genesis, &mut |_, _| Ok(None)).expect("a log");
    let mut journal = opened.journal;
    criterion.bench_function("append and index", |bencher| {
        bencher.iter(|| {
            let n = journal.last() + 1;
            let key = EventKey { conversation: "#bench".into(), n, id: Some(id(u128::from(n)).as_u128()) };
            journal.append(black_box(&line), Some(&key));
            if n.is_multiple_of(BATCH_RECORDS) {
                drop(journal.close_batch());
                let head = Checkpoint { record: n, chain: Chain::GENESIS };
                journal.committed(&CommitAck { head, bytes: 0 });
            }
        });
    });
    criterion.bench_function("index: an id that is new", |bencher| {
        let unknown = id(u128::from(u64::MAX)).as_u128();
        bencher.iter(|| journal.line_by_id(black_box(unknown)).expect("readable").is_none());
    });
}

fn chain(criterion: &mut Criterion) {
    let batch = vec![b'x'; 400 * BATCH_RECORDS as usize];
    let mut group = criterion.benchmark_group("chain");
    group.throughput(Throughput::Bytes(batch.len() as u64));
    group.bench_function("a batch", |bencher| bencher.iter(|| Chain::GENESIS.extended(black_box(&batch))));
    group.finish();
}

/// The last reply and the number of published bytes.
#[derive(Default)]
struct Output {
    reply: Vec<u8>,
    event_bytes: usize,
}

impl Outlet for Output {
    type Error = Infallible;

    fn reply(&mut self, answered: PendingRequest) -> Result<(), Infallible> {
        self.reply = answered.reply;
        Ok(())
    }

    fn publish(&mut self, publication: Publication) -> Result<(), Infallible> {
        self.event_bytes += publication.lines.len();
        Ok(())
    }
}

/// The engine of a server on a real disk.
struct Node {
    engine: Engine,
    output: Output,
}

impl Node {
    fn open(folder: &std::path::Path) -> Self {
        let commits = CommitMode::WhenPolled;
        let ledger = Ledger::open(Store::open(folder).expect("a folder"), &commits).expect("a log");
        let jobs = Jobs::start(&commits).expect("no thread is needed");
        let disk = Arc::new(RealDisk::new(folder));
        let files = Files::open(disk, FileLimits::default(), &ledger).expect("an empty folder");
        let tokens = TokenIssuer::new(&[7; 32]);
        let engine = Engine::new(ledger, tokens, jobs, files, UserLimits::none(), String::new());
        Self { engine, output: Output::default() }
    }

    /// Handles one request frame and returns the reply after its records are durable.
    fn ask(&mut self, lines: &[u8]) -> &str {
        self.engine.accept(&mut vec![Frame::from("client"), Frame::new(), Frame::from(lines)], AT);
        self.engine.resume_pending(AT);
        self.engine.flush();
        while !self.engine.is_quiet() {
            self.engine.resume_pending(AT);
            self.engine.send(&mut self.output).expect("the disk works");
            self.engine.flush();
        }
        let reply = std::str::from_utf8(&self.output.reply).expect("utf-8");
        assert!(!reply.contains("error"), "{reply}");
        reply
    }

    fn call(&mut self, method: &str, params: &str) -> &str {
        let line = format!(r#"{{"jsonrpc":"2.0","id":1,"method":"{method}","params":{{{params}}}}}"#);
        self.ask(line.as_bytes())
    }
}

const FRAME_LINES: u64 = 64;

/// From the request bytes to the reply and the events, including the disk.
fn engine(criterion: &mut Criterion) {
    let folder = tempfile::tempdir().expect("a folder");
    let mut node = Node::open(folder.path());
    node.call("auth.register", r#""user":"alice","password":"correct horse""#);
    let login = node.call("auth.login", r#""user":"alice","password":"correct horse""#);
    let token = login.split(r#""token":""#).nth(1).and_then(|rest| rest.split('"').next());
    let token = token.expect("logged in").to_owned();
    node.call("channel.create", &format!(r##""token":"{token}","channel":"#bench""##));
    let (text, mut number) = ("x".repeat(TEXT_BYTES), 0);
    let mut group = criterion.benchmark_group("engine");
    group.throughput(Throughput::Elements(FRAME_LINES));
    group.bench_function("a frame of 64 messages", |bencher| {
        bencher.iter(|| {
            let lines = (number + 1..=number + FRAME_LINES).map(|number| {
                let id = id(u128::from(number));
                format!(
                    r##"{{"jsonrpc":"2.0","id":1,"method":"message.send","params":{{"token":"{token}","to":"#bench","id":"{id}","text":"{text}"}}}}"##
                )
            });
            let frame = lines.collect::<Vec<_>>().join("\n");
            number += FRAME_LINES;
            node.ask(frame.as_bytes()).len()
        });
    });
    group.finish();
}

criterion_group!(benches, decode, decide_and_apply, encode, append, chain, engine);
criterion_main!(benches);
