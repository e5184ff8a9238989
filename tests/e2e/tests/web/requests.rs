//! HTTP requests of scripts.

use e2e::Node;
use serde_json::json;
use uuid::Uuid;

use super::{team, token};

#[test]
fn a_script_sends_a_message_once_and_reads_it_again() {
    let node = Node::with_gateway(&[]);
    let [alice, _bob] = team(&node);
    let (web, token) = (node.web(), token(&alice));
    let key = Uuid::now_v7().to_string();
    let bearer = format!("Bearer {token}");
    let headers =
        [("Authorization", &*bearer), ("Content-Type", "application/json"), ("Idempotency-Key", &*key)];
    let body = json!({ "to": "#ops", "text": "build done" }).to_string();
    let [one, again] = [(); 2].map(|()| web.request("POST", "/messages", &headers, body.as_bytes()));
    assert_eq!((one.status, &one.json()["id"]), (200, &json!(key)));
    assert_eq!(one.json(), again.json());

    let page = web.get("/history/%23ops?limit=1", &token);
    assert_eq!(page.json()["events"][0]["text"], "build done");
    let etag = page.header("etag").expect("an ETag").to_owned();
    assert_eq!(etag, format!("\"{}\"", one.json()["n"]));
    let known = [("Authorization", &*bearer), ("If-None-Match", &*etag)];
    assert_eq!(web.request("GET", "/history/%23ops?limit=1", &known, b"").status, 304);
    let error = web.get("/history/%23ops?limit=x", &token);
    assert_eq!((error.status, &*error.reason()), (400, "invalid_params"));
}

#[test]
fn a_batch_is_answered_in_order_and_an_error_has_its_status() {
    let node = Node::with_gateway(&[]);
    let [alice, _bob] = team(&node);
    let (web, token) = (node.web(), token(&alice));
    let request =
        |id: u64, method: &str| json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": {} });
    let batch = json!([request(1, "server.info"), request(2, "gateway.ping"), request(3, "session.list")]);
    let answer = web.post("/rpc", &token, &batch);
    let replies = answer.json();
    let ids: Vec<_> = replies.as_array().expect("a list").iter().map(|reply| reply["id"].clone()).collect();
    assert_eq!((answer.status, ids), (200, vec![json!(1), json!(2), json!(3)]));
    assert_eq!(replies[1]["error"]["data"]["reason"], "method_not_found");
    assert_eq!(web.post("/rpc", "", &request(1, "server.info")).status, 401, "an invalid header");
    for (method, params, status) in [
        ("channel.members", json!({ "channel": "#none" }), 404),
        ("channel.create", json!({ "channel": "#ops" }), 409),
        ("nope", json!({}), 400),
    ] {
        let request = json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params });
        assert_eq!(web.post("/rpc", &token, &request).status, status, "{method}");
    }
    let pretty = "{\n \"jsonrpc\": \"2.0\",\r\n \"id\": 1, \"method\": \"server.info\" }\n";
    assert_eq!(web.request("POST", "/rpc", &[], pretty.as_bytes()).json()["result"]["name"], "papo");
    assert_eq!(web.request("POST", "/rpc", &[], b"[]").status, 413);
}

#[test]
fn the_api_is_described_and_other_paths_do_not_exist() {
    let node = Node::with_gateway(&[]);
    let web = node.web();
    let document = web.request("GET", "/openapi.json", &[], b"").json();
    assert_eq!(document["openapi"], "3.1.0");
    assert!(document["components"]["schemas"]["message.send"].is_object());
    let page = web.request("GET", "/", &[], b"");
    assert_eq!((page.status, page.header("content-type")), (200, Some("text/html; charset=utf-8")));
    for path in ["/nope", "/u/10/", "/a/nope.js", "/metrics", "/ws/x", "/history", "/files/x"] {
        let answer = web.request("GET", path, &[], b"");
        assert!(matches!(answer.status, 400 | 404 | 405), "{path}: {}", answer.status);
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
    }
}
