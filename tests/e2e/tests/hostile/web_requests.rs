//! Hostile HTTP requests: smuggling, path traversal, header injection, ranges, and slow senders.

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, TcpStream};
use std::time::Duration;

use e2e::{Node, Web, peers};
use sha2::{Digest as _, Sha256};
use transport::clock;
use uuid::Uuid;

use super::super::web::token;

/// The maximum time of an honest request during an attack.
const HONEST_MAX: Duration = Duration::from_secs(5);

/// All bytes that the gateway sends after these bytes. The gateway may close a connection whose client sends
/// no more, without an answer.
fn answers(web: &Web, bytes: &str) -> String {
    let mut stream = web.connect();
    let _refused_early = stream.write_all(bytes.as_bytes());
    let _closed = stream.shutdown(Shutdown::Write);
    read_all(stream)
}

/// All answers to requests of which the last one asks the gateway to close the connection.
fn answers_until_closed(web: &Web, requests: &str) -> String {
    let mut stream = web.connect();
    stream.write_all(requests.as_bytes()).expect("the gateway reads");
    read_all(stream)
}

fn read_all(mut stream: TcpStream) -> String {
    let mut answer = Vec::new();
    let _reset = stream.read_to_end(&mut answer);
    String::from_utf8_lossy(&answer).into_owned()
}

/// Reverse proxies and the gateway could disagree about where a request ends, and the rest of one user's
/// request would be another user's request. So the gateway refuses every ambiguous length, and closes the
/// connection.
#[test]
fn no_request_is_hidden_in_another_one() {
    let node = Node::with_gateway(&[]);
    let web = node.web();
    let host = web.address();
    let hidden = format!("GET /healthz HTTP/1.1\r\nHost: {host}\r\n\r\n");
    let post = |headers: &str, body: &str| {
        format!(
            "POST /rpc HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json\r\n{headers}\r\n\r\n{body}{hidden}"
        )
    };
    for (shape, request) in [
        ("CL.TE", post("Content-Length: 4\r\nTransfer-Encoding: chunked", "0\r\n\r\n")),
        ("TE.CL", post("Transfer-Encoding: chunked\r\nContent-Length: 4", "0\r\n\r\n")),
        ("two lengths", post("Content-Length: 0\r\nContent-Length: 44", "")),
        ("a list of lengths", post("Content-Length: 0, 44", "")),
        ("a signed length", post("Content-Length: +4", "{}{}")),
        ("a hexadecimal length", post("Content-Length: 0x4", "{}{}")),
        ("a negative length", post("Content-Length: -1", "")),
        ("a long length", post("Content-Length: 99999999999999999999999", "")),
        ("a space before the colon", post("Content-Length : 0", "")),
        ("a space before the colon of TE", post("Transfer-Encoding : chunked", "0\r\n\r\n")),
        ("an unknown encoding", post("Transfer-Encoding: xchunked", "0\r\n\r\n")),
        ("chunked is not last", post("Transfer-Encoding: chunked, identity", "0\r\n\r\n")),
        ("a long chunk", post("Transfer-Encoding: chunked", "fffffffffffffffff\r\nx")),
        ("a signed chunk", post("Transfer-Encoding: chunked", "+1\r\nx\r\n0\r\n\r\n")),
        ("a bare line feed in a chunk", post("Transfer-Encoding: chunked", "1\nx\n0\n\n")),
        ("a folded header", post("X: a\r\n Content-Length: 0", "")),
        ("a NUL in a header", post("X: a\0b\r\nContent-Length: 0", "")),
        ("a bare carriage return", post("X: a\rContent-Length: 44\r\nContent-Length: 0", "")),
    ] {
        let answer = answers(&web, &request);
        let statuses: Vec<_> = answer.lines().filter(|line| line.starts_with("HTTP/1.1 ")).collect();
        assert!(statuses.len() <= 1, "{shape}: {statuses:?}");
        assert!(!answer.contains(" 200 "), "{shape}: {answer}");
    }
    let last = format!("GET /healthz HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
    let two = format!("{hidden}{last}");
    assert_eq!(
        answers_until_closed(&web, &two).matches("HTTP/1.1 200").count(),
        2,
        "requests one after another are allowed"
    );
}

#[test]
fn no_path_leaves_the_routes() {
    let node = Node::with_gateway(&[]);
    let [alice] = peers(&node, ["alice"]);
    let (web, token) = (node.web(), token(&alice));
    for path in [
        "/../../../../etc/passwd",
        "/files/..%2f..%2f..%2f..%2fetc%2fpasswd",
        "/files/%23ops/1/..%2f..%2f..%2fetc%2fpasswd",
        "/files/..%2f..%2fetc/1/passwd",
        "/files/%2e%2e/%2e%2e/passwd",
        "/files/%23ops/1/%00",
        "/history/..%2f..%2fetc%2fpasswd",
        "/history/%00",
        "/history/%ff%fe",
        "//etc/passwd",
        "/%2e%2e/etc/passwd",
        "/healthz/../session",
        "/..;/metrics",
        "/metrics",
    ] {
        let answer = web.get(path, &token);
        assert!((400..500).contains(&answer.status), "{path}: {answer:?}");
        assert!(!String::from_utf8_lossy(&answer.body).contains("root:"), "{path}");
    }
    let evil = "Host: evil.example\r\nConnection: close\r\n\r\n";
    let absolute = answers_until_closed(&web, &format!("GET http://evil.example/healthz HTTP/1.1\r\n{evil}"));
    assert!(absolute.starts_with("HTTP/1.1 403"), "{absolute}");
    let tunnel = answers_until_closed(&web, &format!("CONNECT evil.example:80 HTTP/1.1\r\n{evil}"));
    assert!(tunnel.starts_with("HTTP/1.1 4"), "{tunnel}");
}

#[test]
fn names_add_no_headers_and_ranges_add_no_bytes() {
    let node = Node::with_gateway(&[]);
    let [mut alice] = peers(&node, ["alice"]);
    alice.create("#ops").expect("a channel");
    let (web, bearer) = (node.web(), format!("Bearer {}", token(&alice)));
    let bytes = [7; 1_000];
    let sha256: String = Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect();
    let upload = |name: &str| {
        let path = format!("/files/{}?to=%23ops&name={name}&sha256={sha256}", Uuid::now_v7());
        web.request("PUT", &path, &[("Authorization", &bearer)], &bytes)
    };
    for name in ["a%0d%0aSet-Cookie:%20x=y", "a%0aX:%20y", "%22%0d%0a%0d%0a%3Cscript%3E"] {
        let answer = upload(name);
        assert_eq!((answer.header("set-cookie"), answer.header("x")), (None, None), "{name}");
        if let Some(n) = answer.json()["n"].as_u64() {
            let file =
                web.request("GET", &format!("/files/%23ops/{n}/{name}"), &[("Authorization", &bearer)], b"");
            assert_eq!((file.header("set-cookie"), file.header("x")), (None, None), "{name}");
        }
    }
    let n = upload("a.bin").json()["n"].as_u64().expect("a number");
    let path = format!("/files/%23ops/{n}/a.bin");
    let bomb = format!("bytes={}", (0..5_000).map(|i| format!("{i}-")).collect::<Vec<_>>().join(","));
    let huge = "bytes=-99999999999999999999999";
    for range in ["bytes=0-,0-,0-", "bytes=5-1", "bytes=a-b", "bytes=--1", "lines=0-1", huge, &bomb[..20_000]]
    {
        let answer = web.request("GET", &path, &[("Authorization", &bearer), ("Range", range)], b"");
        assert!(matches!(answer.status, 200 | 206 | 416), "{range:.40}: {}", answer.status);
        assert!(answer.body.len() <= bytes.len(), "{range:.40}: {} bytes", answer.body.len());
    }
}

#[test]
fn slow_senders_are_closed_and_delay_nobody() {
    const SLOW: usize = 200;
    let node = Node::with_gateway(&[]);
    let web = node.web();
    let begin = |head: String| {
        let connect = |_| {
            let mut stream = web.connect();
            stream.write_all(head.as_bytes()).expect("the beginning");
            stream
        };
        (0..SLOW).map(connect).collect::<Vec<TcpStream>>()
    };
    let started = clock::now();
    let mut headers = begin("GET /healthz HTTP/1.1\r\nX: ".to_owned());
    let mut bodies =
        begin(format!("POST /rpc HTTP/1.1\r\nHost: {}\r\nContent-Length: 100\r\n\r\n{{", web.address()));
    for _ in 0..10 {
        let asked = clock::now();
        assert_eq!(web.request("GET", "/healthz", &[], b"").status, 200);
        assert!(asked.elapsed() < HONEST_MAX, "{:?}", asked.elapsed());
        // One more byte does not restart the time.
        headers.iter_mut().for_each(|stream| drop(stream.write_all(b"x")));
    }
    for stream in headers.iter_mut().chain(&mut bodies) {
        stream.set_read_timeout(Some(Duration::from_secs(60))).expect("a timeout");
        let mut rest = Vec::new();
        let _reset = stream.read_to_end(&mut rest);
        assert!(!rest.starts_with(b"HTTP/1.1 200"), "an incomplete request was answered");
    }
    // 10 seconds for headers, 30 seconds for a body, and a margin for a busy machine.
    assert!(started.elapsed() < Duration::from_secs(60), "{:?}", started.elapsed());
}
