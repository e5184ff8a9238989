//! Pages of other sites, DNS rebinding, and malformed requests.

use std::io::{Read as _, Write as _};

use e2e::{Node, PASSWORD};
use serde_json::json;

use super::{team, token};

#[test]
fn requests_under_a_foreign_name_or_from_a_foreign_site_are_refused() {
    let node = Node::with_gateway(&[("web-origin", "https://chat.example")]);
    let [alice, _bob] = team(&node);
    let (web, token) = (node.web(), token(&alice));
    let bearer = format!("Bearer {token}");
    for host in ["evil.example", "127.0.0.1.evil.example", "localhost.evil.example:80"] {
        let answer =
            web.request("GET", "/history/%23ops", &[("Host", host), ("Authorization", &bearer)], b"");
        assert_eq!((answer.status, &*answer.reason()), (403, "bad_host"), "{host}");
    }
    assert_eq!(
        web.request("GET", "/history/%23ops", &[("Host", "chat.example"), ("Authorization", &bearer)], b"")
            .status,
        200
    );
    let cookie = format!("papo-0={token}");
    let body = json!({ "to": "#ops", "text": "forged" }).to_string();
    for origin in ["http://evil.example", "null", "https://127.0.0.1"] {
        let headers = [("Origin", origin), ("Cookie", &*cookie), ("Content-Type", "application/json")];
        let answer = web.request("POST", "/messages", &headers, body.as_bytes());
        assert_eq!((answer.status, &*answer.reason()), (403, "bad_origin"), "{origin}");
        let headers = [("Sec-WebSocket-Protocol", "papo.v1"), ("Cookie", &*cookie), ("Origin", origin)];
        assert_eq!(web.socket("/ws", &headers).err(), Some(403), "{origin}");
    }
    let no_origin = [("Sec-WebSocket-Protocol", "papo.v1"), ("Cookie", &*cookie)];
    assert_eq!(web.socket("/ws", &no_origin).err(), Some(403), "a cookie needs an origin");
    let form = [("Sec-Fetch-Site", "none"), ("Cookie", &*cookie), ("Content-Type", "text/plain")];
    assert_eq!(
        web.request("POST", "/messages", &form, body.as_bytes()).status,
        415,
        "a form of another site"
    );
    let history = web.get("/history/%23ops", &token);
    assert!(!String::from_utf8_lossy(&history.body).contains("forged"));
}

#[test]
fn malformed_requests_are_refused_and_the_gateway_continues() {
    let node = Node::with_gateway(&[]);
    let web = node.web();
    let host = web.address().to_owned();
    for (request, status) in [
        ("GET / HTTP/1.1\r\n\r\n".to_owned(), "403"),
        (format!("GET / HTTP/1.1\r\nHost: {host}\r\nHost: evil.example\r\n\r\n"), "403"),
        (
            format!(
                "POST /rpc HTTP/1.1\r\nHost: {host}\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /x HTTP/1.1\r\nHost: {host}\r\n\r\n"
            ),
            "400",
        ),
        (
            format!(
                "POST /rpc HTTP/1.1\r\nHost: {host}\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello"
            ),
            "400",
        ),
        (format!("GET /x HTTP/1.1\r\nHost: {host}\r\nX: a\r\n b\r\n\r\n"), "400"),
        (format!("GET /../../etc/passwd HTTP/1.1\r\nHost: {host}\r\n\r\n"), "404"),
        (format!("GET /x HTTP/1.1\r\nHost: {host}\r\nX: {}\r\n\r\n", "x".repeat(64 << 10)), "431"),
        ("NONSENSE\r\n\r\n".to_owned(), "400"),
    ] {
        let mut stream = web.connect();
        let _refused_early = stream.write_all(request.as_bytes());
        let mut answer = [0; 64];
        let length = stream.read(&mut answer).expect("an answer");
        let answer = String::from_utf8_lossy(&answer[..length]).into_owned();
        assert!(
            answer.starts_with(&format!("HTTP/1.1 {status}")),
            "{answer} to {}",
            &request[..40.min(request.len())]
        );
    }
    let large = [("Content-Type", "application/json"), ("Content-Length", "2000000")];
    assert_eq!(web.request("POST", "/rpc", &large, b"{}").status, 413);
    assert_eq!(web.request("GET", "/healthz", &[], b"").status, 200);
    let login = json!({ "user": "x\r\nSet-Cookie: a=b", "password": PASSWORD });
    let answer =
        web.post("/rpc", "t", &json!({ "jsonrpc": "2.0", "id": 1, "method": "auth.login", "params": login }));
    assert_eq!((answer.status, answer.header("set-cookie")), (400, None));
}
