//! The functions that every message goes through, one by one: what each costs without sockets and disk.
//!
//! `cargo bench --package bench`. Where the time of the whole server goes is a matter for a profiler.

#![expect(clippy::expect_used, reason = "a measurement that cannot begin may as well panic")]

use std::hint::black_box;
use std::sync::Arc;

use common::messages::Sent;
use common::{Body, Call, ChannelName, Event, Target, Text, UserName, rpc};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use server::domain::{Command, Deed, State, TopicSecret, decide};
use server::journal::{Chain, Checkpoint, Committed, EventKey, Journal, Options, RealDisk};
use server::records::{Record, TokenDigest};
use uuid::Uuid;

const TEXT_BYTES: usize = 256;
const AT: u64 = 1_763_700_000_123;

/// Appended before the gathered batch is handed over, as under full load.
const BATCH_RECORDS: u64 = 1000;

fn token() -> String {
    "t".repeat(230)
}

fn user() -> UserName {
    UserName::new("alice").expect("a name")
}

fn channel() -> ChannelName {
    ChannelName::new("#bench").expect("a name")
}

fn id(number: u128) -> Uuid {
    Uuid::from_u128(0x0197_0000_0000_7000_8000_0000_0000_0000 | number)
}

fn message(text: &str, n: u64) -> Record<'_> {
    let text = Text::new(text).expect("a text");
    let body = Body::Message { id: id(u128::from(n)), text, reply: None };
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
        Command::CreateChannel(Deed { user: user(), channel: channel() }, false),
    ];
    for (number, command) in (1..).zip(commands) {
        let record = decide(&state, command, AT).expect("allowed").expect("a record");
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
            let request = rpc::decode(black_box(line.as_bytes())).expect("a request");
            matches!(Call::decode(&request.method, request.params), Ok(Call::MessageSend(_)))
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
            let text = Text::new(black_box(text.as_str())).expect("a text");
            let to = Target::Channel(channel());
            let command = Command::Send { user: user(), to, id: id(u128::from(number)), text, reply: None };
            let record = decide(&state, command, AT).expect("allowed").expect("a record");
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
            rpc::encode_result(&mut out, "1", black_box(&Sent { n: 17, at: AT }));
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
                drop(journal.seal());
                let head = Checkpoint { record: n, chain: Chain::GENESIS };
                journal.committed(&Committed { head, bytes: 0 });
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

criterion_group!(benches, decode, decide_and_apply, encode, append, chain);
criterion_main!(benches);
