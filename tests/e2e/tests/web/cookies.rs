//! Sessions of a browser: cookies and slots.

use e2e::{Answer, Node, PASSWORD, Web};
use serde_json::json;

use super::team;

fn log_in(web: &Web, user: &str, password: &str, cookie: &str) -> Answer {
    let body = json!({ "user": user, "password": password }).to_string();
    let headers =
        [("Content-Type", "application/json"), ("Cookie", cookie), ("Sec-Fetch-Site", "same-origin")];
    web.request("POST", "/session", &headers, body.as_bytes())
}

/// The `name=value` of the cookie that an answer sets.
fn cookie(answer: &Answer) -> String {
    let set = answer.header("set-cookie").expect("a cookie");
    set.split(';').next().expect("a pair").to_owned()
}

#[test]
fn a_browser_holds_sessions_in_slots_that_scripts_cannot_read() {
    let node = Node::with_gateway(&[]);
    let _team = team(&node);
    let web = node.web();
    let first = log_in(&web, "alice", PASSWORD, "");
    assert_eq!(
        (first.status, &first.json()["slot"], &first.json()["user"]),
        (200, &json!(0), &json!("alice"))
    );
    assert_eq!(first.json().get("token"), None, "the token is in the cookie only");
    let attributes = first.header("set-cookie").expect("a cookie");
    assert!(
        attributes.starts_with("papo-0=")
            && attributes.contains("; HttpOnly; SameSite=Strict; Path=/; Max-Age=25")
    );
    let second = log_in(&web, "bob", PASSWORD, &cookie(&first));
    assert_eq!(second.json()["slot"], 1);

    let both = format!("{}; {}", cookie(&first), cookie(&second));
    let origin = format!("http://{}", web.address());
    for (path, user) in [("/ws", "alice"), ("/ws?slot=1", "bob")] {
        let headers = [("Sec-WebSocket-Protocol", "papo.v1"), ("Cookie", &*both), ("Origin", &*origin)];
        let mut socket = web.socket(path, &headers).expect("a WebSocket");
        assert_eq!(socket.next_line()["user"], user);
    }
    let history = web.request("GET", "/history/%23ops?slot=1", &[("Cookie", &both)], b"");
    assert_eq!((history.status, &history.json()["conversation"]), (200, &json!("#ops")));

    let headers = [("Cookie", &*both), ("Sec-Fetch-Site", "same-origin")];
    let out = web.request("DELETE", "/session?slot=1", &headers, b"");
    assert_eq!(out.status, 204);
    assert!(out.header("set-cookie").expect("a cookie").starts_with("papo-1=; HttpOnly"));
    let ended = web.request("GET", "/history/%23ops?slot=1", &[("Cookie", &both)], b"");
    assert_eq!((ended.status, &*ended.reason()), (401, "unauthenticated"));
    assert_eq!(web.request("GET", "/history/%23ops", &[("Cookie", &both)], b"").status, 200);
}

#[test]
fn a_trusted_proxy_makes_cookies_secure_and_others_cannot() {
    let proxied = Node::with_gateway(&[("trusted-proxy", "127.0.0.0/8")]);
    let plain = Node::with_gateway(&[]);
    for (node, name) in [(&proxied, "__Host-papo-0="), (&plain, "papo-0=")] {
        let _team = team(node);
        let body = json!({ "user": "alice", "password": PASSWORD }).to_string();
        let headers = [("Content-Type", "application/json"), ("X-Forwarded-Proto", "https")];
        let answer = node.web().request("POST", "/session", &headers, body.as_bytes());
        let set = answer.header("set-cookie").expect("a cookie");
        assert_eq!(
            (set.starts_with(name), set.contains("; Secure")),
            (true, name.starts_with("__Host")),
            "{set}"
        );
    }
}

#[test]
fn guesses_are_limited_for_each_address_and_account() {
    let node = Node::with_gateway(&[("trusted-proxy", "127.0.0.0/8")]);
    let _team = team(&node);
    let web = node.web();
    let guess = |address: &str, user: &str| {
        let body = json!({ "user": user, "password": "wrong password" }).to_string();
        let headers = [("Content-Type", "application/json"), ("X-Forwarded-For", address)];
        web.request("POST", "/session", &headers, body.as_bytes())
    };
    for _ in 0..5 {
        assert_eq!(guess("192.0.2.1", "bob").status, 401);
    }
    let refused = guess("192.0.2.1", "bob");
    assert_eq!((refused.status, &*refused.reason()), (429, "rate_limited"));
    assert!(refused.header("retry-after").expect("a time").parse::<u64>().expect("seconds") <= 12);
    assert_eq!(guess("192.0.2.1", "nobody").status, 401, "another account");
    // The last address counts: a client adds any others before it.
    assert_eq!(guess("203.0.113.9, 192.0.2.1", "bob").status, 429);
}
