//! Files over HTTP: an upload that continues after a cut, and downloads in ranges.

use e2e::Node;
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use super::{team, token};

pub(crate) fn hash(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn an_upload_continues_after_a_cut_and_its_ranges_are_exact() {
    let node = Node::with_gateway(&[]);
    let [alice, bob] = team(&node);
    let (web, bearer) = (node.web(), format!("Bearer {}", token(&alice)));
    let bytes: Vec<u8> = (0..700_000_u32).map(|n| n.to_le_bytes()[n as usize % 3]).collect();
    let length = bytes.len().to_string();
    let path = format!("/files/{}?to=%23ops&name=plan%20b.bin&sha256={}", Uuid::now_v7(), hash(&bytes));
    let headers = [("Authorization", &*bearer), ("Content-Length", &*length)];
    let stream = web.begin("PUT", &path, &headers, &bytes[..300_000]);
    stream.shutdown(std::net::Shutdown::Both).expect("a cut");
    drop(stream);
    let known = [("Authorization", &*bearer), ("Upload-Length", &*length)];
    let have = || -> usize {
        let answer = web.request("HEAD", &path, &known, b"");
        answer.header("upload-offset").unwrap_or_else(|| panic!("{answer:?}")).parse().expect("a number")
    };
    let started = transport::clock::now();
    while have() < 262_144 {
        assert!(started.elapsed() < e2e::DEADLINE);
    }
    // The first request may still store its last bytes.
    let (mut answer, mut offset) = (web.request("HEAD", &path, &known, b""), 0);
    for _ in 0..20 {
        offset = have();
        let rest = offset.to_string();
        let headers = [("Authorization", &*bearer), ("Upload-Offset", &*rest), ("Upload-Length", &*length)];
        answer = web.request("PUT", &path, &headers, &bytes[offset..]);
        if answer.status != 409 {
            break;
        }
    }
    assert!(offset > 0, "the upload continued");
    assert_eq!(answer.status, 200, "{answer:?}");
    let n = answer.json()["n"].as_u64().expect("a number");

    let path = format!("/files/%23ops/{n}/plan%20b.bin");
    let whole = web.get(&path, &token(&bob));
    assert_eq!((whole.status, whole.body == bytes), (200, true));
    for (name, value) in [
        ("content-type", "application/octet-stream"),
        ("content-disposition", "attachment; filename*=UTF-8''plan%20b%2Ebin"),
        ("content-security-policy", "sandbox; default-src 'none'"),
        ("x-content-type-options", "nosniff"),
        ("etag", &*format!("\"{}\"", hash(&bytes))),
    ] {
        assert_eq!(whole.header(name), Some(value));
    }
    for (range, status, from, to) in [
        ("bytes=10-19", 206, 10, 20),
        ("bytes=600000-", 206, 600_000, 700_000),
        ("bytes=0-1,5-6", 200, 0, 700_000),
    ] {
        let part = web.request("GET", &path, &[("Authorization", &bearer), ("Range", range)], b"");
        assert_eq!((part.status, part.body == bytes[from..to]), (status, true), "{range}");
    }
    let part = web.request("GET", &path, &[("Authorization", &bearer), ("Range", "bytes=700000-")], b"");
    assert_eq!((part.status, part.header("content-range")), (416, Some("bytes */700000")));
    assert_eq!(web.get(&format!("/files/%23ops/{n}/other.bin"), &token(&bob)).status, 404);
    assert_eq!(web.request("GET", &path, &[], b"").status, 401);
}

#[test]
fn a_picture_is_shown_and_a_page_is_saved() {
    let node = Node::with_gateway(&[]);
    let [alice, _bob] = team(&node);
    let (web, token) = (node.web(), token(&alice));
    for (name, bytes, shown) in [
        ("a.html", &b"\x89PNG\r\n\x1a\nx"[..], "inline"),
        ("b.png", b"<svg onload=alert(1)>", "attachment"),
        ("c.txt", b"oi", "inline"),
    ] {
        let path = format!("/files/{}?to=%23ops&name={name}&sha256={}", Uuid::now_v7(), hash(bytes));
        let sent = web.request("PUT", &path, &[("Authorization", &format!("Bearer {token}"))], bytes);
        let n: Value = sent.json()["n"].clone();
        let file = web.get(&format!("/files/%23ops/{n}/{name}"), &token);
        assert_eq!(file.body, bytes);
        assert!(file.header("content-disposition").expect("a header").starts_with(shown), "{name}");
    }
}
