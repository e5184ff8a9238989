//! Tests of the control socket: its replies, and its robustness against invalid messages.
#![expect(clippy::expect_used, clippy::indexing_slicing, reason = "test helpers may panic")]

use std::time::Duration;

use serde_json::{Value, json};
use transport::control::{Control, request_metrics, request_status};
use transport::metrics::{Family, MetricKind};
use transport::poll::{Watch, wait};
use transport::security::Security;
use transport::shutdown::Shutdown;
use transport::wake::Wake;
use transport::{Context, Frame, Kind, Sent, TransportError};

const LONG: Duration = Duration::from_secs(60);

/// Runs `work` against a control socket that answers on its own thread.
fn with_control(work: impl FnOnce(&Context, &str)) {
    let context = Context::new();
    let control = Control::bind(&context, "tcp://127.0.0.1:0", &Security::Plain).expect("a free port");
    let endpoint = control.endpoint().to_owned();
    let shutdown = Shutdown::new();
    let (waker, wake) = Wake::new().expect("a wake-up");
    shutdown.watch(waker);
    std::thread::scope(|scope| {
        let watched = shutdown.clone();
        scope.spawn(move || {
            while !watched.is_requested() {
                wait(&[Watch::Readable(control.socket()), Watch::Wake(&wake)], None)
                    .expect("waiting succeeds");
                let status = || json!({ "role": "test" });
                control.answer_with_metrics(status, || vec![family()]).expect("an answer");
            }
        });
        let _shutdown = ShutdownOnDrop(&shutdown);
        work(&context, &endpoint);
    });
}

fn family() -> Family {
    Family::new(MetricKind::Counter, "papo_tests_total", "Tests.").with(&[("kind", "unit")], 7_u64)
}

/// Stops the thread when the test ends, even if the test fails.
struct ShutdownOnDrop<'a>(&'a Shutdown);

impl Drop for ShutdownOnDrop<'_> {
    fn drop(&mut self) {
        self.0.request();
    }
}

/// Sends each request unchanged, and returns the body of each reply.
fn exchange(context: &Context, endpoint: &str, requests: &[&[&[u8]]]) -> Vec<Value> {
    let socket = context.socket(Kind::Dealer, &Security::Plain).expect("a socket");
    socket.connect(endpoint).expect("an endpoint");
    for request in requests {
        while socket.send(request.iter().map(|frame| Frame::from(*frame))).expect("sending succeeds")
            != Sent::Done
        {
            wait(&[Watch::Writable(&socket)], None).expect("waiting succeeds");
        }
    }
    let mut frames = Vec::new();
    let mut answer = || {
        while !socket.receive(&mut frames).expect("receiving succeeds") {
            wait(&[Watch::Readable(&socket)], None).expect("waiting succeeds");
        }
        serde_json::from_slice(&frames[1]).expect("JSON")
    };
    requests.iter().map(|_| answer()).collect()
}

#[test]
fn a_status_request_is_answered() {
    with_control(|context, endpoint| {
        assert_eq!(request_status(context, endpoint, LONG).expect("a status"), json!({ "role": "test" }));
    });
}

#[test]
fn the_metrics_of_a_role_are_separate_from_its_status() {
    with_control(|context, endpoint| {
        let answer = request_metrics(context, endpoint, LONG).expect("metrics");
        assert_eq!(answer, (json!({ "role": "test" }), vec![family()]));
    });
}

#[test]
fn bad_requests_are_answered_with_the_right_code() {
    with_control(|context, endpoint| {
        let requests: [(&[&[u8]], i32); 9] = [
            (&[b"", b"\xff\x00 nonsense"], -32700),
            (&[b"", b""], -32700),
            (&[b"", b"[]"], -32600),
            (&[b"", br#"{"jsonrpc":"2.0","id":{},"method":"role.status"}"#], -32600),
            (&[b"", br#"{"jsonrpc":"1.0","id":1,"method":"role.status"}"#], -32600),
            (&[b"", br#"{"jsonrpc":"2.0","id":1,"method":"role.stop"}"#], -32601),
            (&[b"no delimiter"], -32600),
            (&[b"", b"{}", b"one frame too many"], -32600),
            (&[b"x".as_slice(); 100], -32600),
        ];
        let answers = exchange(context, endpoint, &requests.map(|(frames, _code)| frames));
        for (answer, (frames, code)) in answers.iter().zip(requests) {
            assert_eq!(answer["error"]["code"], code, "{frames:?}");
        }
    });
}

#[test]
fn a_flood_of_requests_is_answered_completely() {
    with_control(|context, endpoint| {
        let request: &[&[u8]] = &[b"", br#"{"jsonrpc":"2.0","id":"a","method":"role.status"}"#];
        let answers = exchange(context, endpoint, &[request; 200]);
        assert!(answers.iter().all(|answer| answer["id"] == "a" && answer["result"]["role"] == "test"));
    });
}

#[test]
fn a_missing_answer_and_a_wrong_answer_are_different_errors() {
    let context = Context::new();
    let silent = context.socket(Kind::Router, &Security::Plain).expect("a socket");
    let endpoint = silent.bind("tcp://127.0.0.1:0").expect("a free port");
    let error = request_status(&context, &endpoint, Duration::from_millis(50)).expect_err("no answer");
    assert_eq!(
        error.to_string(),
        format!("{endpoint} does not answer: is papo running, and is this its control endpoint?")
    );

    let stranger = context.socket(Kind::Router, &Security::Plain).expect("a socket");
    let endpoint = stranger.bind("tcp://127.0.0.1:0").expect("a free port");
    std::thread::scope(|scope| {
        scope.spawn(move || {
            let mut frames = Vec::new();
            while !stranger.receive(&mut frames).expect("receiving succeeds") {
                wait(&[Watch::Readable(&stranger)], None).expect("waiting succeeds");
            }
            frames.truncate(2);
            frames.push(Frame::from("oi"));
            assert_eq!(stranger.send(frames).expect("sending succeeds"), Sent::Done);
        });
        let error = request_status(&context, &endpoint, LONG).expect_err("no status");
        assert!(matches!(error, TransportError::BadAnswer { answer, .. } if answer == "oi"));
    });
}
