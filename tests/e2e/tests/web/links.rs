//! Links to files: everybody who has a link gets the file, until the link ends.

use e2e::{Node, Peer, Web};
use serde_json::{Value, json};
use uuid::Uuid;

use super::files::hash;
use super::{team, token};

/// Sends a file to `#ops`. Returns the number of its event.
pub(crate) fn send_file(web: &Web, by: &Peer, name: &str, bytes: &[u8]) -> u64 {
    let path = format!("/files/{}?to=%23ops&name={name}&sha256={}", Uuid::now_v7(), hash(bytes));
    let sent = web.request("PUT", &path, &[("Authorization", &format!("Bearer {}", token(by)))], bytes);
    sent.json()["n"].as_u64().unwrap_or_else(|| panic!("{sent:?}"))
}

/// The path of a link to the file of event `n` of `#ops`.
fn link(by: &mut Peer, web: &Web, n: u64) -> String {
    let made = by.call("file.link", json!({ "conversation": "#ops", "n": n })).expect("a link");
    let url = format!("http://{}{}", web.address(), made["path"].as_str().expect("a path"));
    assert_eq!(made["url"], Value::from(url), "the address of the page");
    made["path"].as_str().expect("a path").to_owned()
}

#[test]
fn a_link_serves_a_file_without_a_session() {
    let node = Node::with_gateway(&[]);
    let ([alice, mut bob], web) = (team(&node), node.web());
    let bytes: Vec<u8> = (0..700_000_u32).map(|n| n.to_le_bytes()[n as usize % 3]).collect();
    let n = send_file(&web, &alice, "plan%20b.bin", &bytes);
    let path = link(&mut bob, &web, n);
    let whole = web.request("GET", &path, &[], b"");
    assert_eq!((whole.status, whole.body == bytes), (200, true));
    for (name, value) in [
        ("content-type", "application/octet-stream"),
        ("content-disposition", "attachment; filename*=UTF-8''plan%20b%2Ebin"),
        ("content-security-policy", "sandbox; default-src 'none'"),
        ("x-content-type-options", "nosniff"),
        ("referrer-policy", "no-referrer"),
        ("cache-control", "private, no-cache"),
        ("cross-origin-resource-policy", "cross-origin"),
        ("x-robots-tag", "noindex"),
        ("content-length", "700000"),
        ("etag", &*format!("\"{}\"", hash(&bytes))),
    ] {
        assert_eq!(whole.header(name), Some(value), "{name}");
    }
    let part = web.request("GET", &path, &[("Range", "bytes=262140-262150")], b"");
    assert_eq!((part.status, &*part.body), (206, &bytes[262_140..=262_150]));
    assert_eq!(part.header("content-range"), Some("bytes 262140-262150/700000"));
    let etag = whole.header("etag").expect("a header");
    assert_eq!(web.request("GET", &path, &[("If-None-Match", etag)], b"").status, 304);
    assert_eq!(web.request("GET", &path, &[("Range", "bytes=700000-")], b"").status, 416);
    let head = web.request("HEAD", &path, &[], b"");
    assert_eq!((head.status, head.header("content-length"), head.body.len()), (200, Some("700000"), 0));
    let picture = send_file(&web, &alice, "a.html", b"\x89PNG\r\n\x1a\nx");
    let shown = web.request("GET", &link(&mut bob, &web, picture), &[("Cookie", "papo-0=x.y")], b"");
    assert_eq!(shown.header("content-type"), Some("image/png"), "another session changes nothing");
}

#[test]
fn a_link_that_is_changed_or_whose_file_was_deleted_shows_nothing() {
    let node = Node::with_gateway(&[]);
    let ([mut alice, mut bob], web) = (team(&node), node.web());
    let [one, two] = ["um", "dois"].map(|text| send_file(&web, &alice, "a.txt", text.as_bytes()));
    let [first, second] = [one, two].map(|n| link(&mut bob, &web, n));
    assert_eq!(web.request("GET", &first, &[], b"").body, b"um");
    let assert_ended = |path: &str| {
        let answer = web.request("GET", path, &[], b"");
        let error = &answer.json()["error"]["data"];
        assert_eq!((answer.status, &error["detail"]), (404, &json!("link_ended")), "{path}");
        assert!(!String::from_utf8_lossy(&answer.body).contains("#ops"));
    };
    for at in ["/f/".len(), first.len() / 2, first.len() - 1] {
        let mut changed = first.clone().into_bytes();
        changed[at] = if changed[at] == b'A' { b'B' } else { b'A' };
        assert_ended(&String::from_utf8(changed).expect("ASCII"));
    }
    // The beginning of a link with the end of a link to another file.
    assert_ended(&format!("{}{}", &first[..first.len() / 2], &second[first.len() / 2..]));
    assert_ended("/f/%00");
    assert_eq!(web.request("GET", "/f/", &[], b"").status, 404);
    let deletion = json!({ "conversation": "#ops", "n": one, "id": Uuid::now_v7() });
    alice.call("message.delete", deletion).expect("deleted");
    assert_ended(&first);
    assert_eq!(web.request("GET", &second, &[], b"").body, b"dois");
    alice.call("channel.kick", json!({ "channel": "#ops", "user": "bob" })).expect("kicked");
    assert_ended(&second);
}

#[test]
fn a_link_begins_with_the_origin_of_the_node() {
    let node = Node::with_gateway(&[("web-origin", "http://intern.example,https://Chat.example/")]);
    let ([mut alice, _bob], web) = (team(&node), node.web());
    let n = send_file(&web, &alice, "a.txt", b"oi");
    let made =
        alice.call("file.link", json!({ "conversation": "#ops", "n": n, "hours": 2 })).expect("a link");
    let (path, url) = (made["path"].as_str().expect("a path"), made["url"].as_str().expect("an address"));
    assert_eq!(url, format!("https://chat.example{path}"));
    assert_eq!(web.request("GET", path, &[("Host", "chat.example")], b"").body, b"oi");
    assert_eq!(web.request("GET", path, &[("Host", "evil.example")], b"").status, 403);
    let refused = alice.call("file.link", json!({ "conversation": "#ops", "n": n, "hours": 169 }));
    assert_eq!(refused.expect_err("too long").data.reason, "invalid_params");
}
