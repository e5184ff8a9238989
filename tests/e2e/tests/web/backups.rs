//! Backups that administrators request: over the broker and HTTP, and the node that a download restores.

#![expect(clippy::disallowed_methods, reason = "the tests read and replace files of the node")]

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use e2e::{DEADLINE, Node, Peer, Process, Web, peers};
use serde_json::{Value, json};
use tempfile::TempDir;
use transport::clock;

use super::token;

fn papo(arguments: &[&str]) -> Value {
    let finished = Process::run(arguments);
    assert_eq!(finished.code, Some(0), "{arguments:?}: {}", finished.log);
    serde_json::from_str(&finished.output).expect("a line of JSON")
}

fn text(path: &Path) -> &str {
    path.to_str().expect("UTF-8")
}

/// Requests a backup and waits until it is complete. Returns its entry in the list.
fn make(administrator: &mut Peer) -> Value {
    let name = administrator.call("admin.backup", json!({})).expect("started")["name"].clone();
    let started = clock::now();
    loop {
        let list = administrator.call("admin.backups", json!({})).expect("a list");
        assert_eq!(list.get("failed"), None, "{list}");
        if let Some(made) =
            list["backups"].as_array().expect("a list").iter().find(|made| made["name"] == name)
        {
            return made.clone();
        }
        assert!(list["running"]["name"] == name, "{list}");
        assert!(started.elapsed() < DEADLINE, "{list}");
    }
}

/// The cookie of a login in a browser.
fn cookie(web: &Web, user: &str) -> String {
    let body = json!({ "user": user, "password": e2e::PASSWORD, "slot": 0 }).to_string();
    let headers = [("Content-Type", "application/json"), ("Sec-Fetch-Site", "same-origin")];
    let answer = web.request("POST", "/session", &headers, body.as_bytes());
    let set = answer.header("set-cookie").unwrap_or_else(|| panic!("{answer:?}"));
    set.split(';').next().expect("a cookie").to_owned()
}

#[test]
fn an_administrator_downloads_a_backup_that_restores_the_node() {
    // The gateway has no folder of the server: the bytes are sent over the broker.
    let mut node = Node::in_three_processes();
    node.add_gateway();
    let [mut alice, mut bob] = peers(&node, ["alice", "bob"]);
    alice.create("#ops").expect("a channel");
    let long = "x".repeat(16_000);
    for _ in 0..40 {
        alice.send("#ops", &long).expect("stored");
    }
    let made = make(&mut alice);
    let (name, bytes) = (made["name"].as_str().expect("a name"), made["bytes"].as_u64().expect("a number"));
    assert!(bytes > 2 * 262_144 && made["checked"] == json!(true), "{made}");
    let written = node.data().join("backups").join(name);
    assert_eq!(fs::metadata(&written).expect("a file").len(), bytes);
    assert_eq!(fs::metadata(&written).expect("a file").permissions().mode() & 0o777, 0o600);

    let (web, path) = (node.web(), format!("/backups/{name}"));
    let cookie = cookie(&web, "alice");
    let whole = web.request("GET", &path, &[("Cookie", &cookie)], b"");
    assert_eq!((whole.status, whole.body == fs::read(&written).expect("a file")), (200, true));
    for (header, value) in [
        ("content-type", "application/x-tar"),
        ("content-disposition", &*format!("attachment; filename=\"{name}\"")),
        ("content-security-policy", "sandbox; default-src 'none'"),
        ("x-content-type-options", "nosniff"),
        ("cache-control", "no-store"),
        ("cross-origin-resource-policy", "same-origin"),
        ("content-length", &*bytes.to_string()),
    ] {
        assert_eq!(whole.header(header), Some(value), "{header}");
    }
    let part = web.request("GET", &path, &[("Cookie", &cookie), ("Range", "bytes=300000-600000")], b"");
    assert_eq!((part.status, part.body == whole.body[300_000..=600_000]), (206, true));
    assert_eq!(part.header("content-range"), Some(&*format!("bytes 300000-600000/{bytes}")));

    refuses_others(&web, &mut bob, &path, name);
    for other in
        ["papo-scheduled-1.tar", "..%2Fusers.json", "%2e%2e%2fkeys%2fnode.secret", "lock", "a%00b", "%ff"]
    {
        let refused = web.request("GET", &format!("/backups/{other}"), &[("Cookie", &cookie)], b"");
        assert!(matches!(refused.status, 400 | 404), "{other}: {refused:?}");
    }
    let beyond = json!({ "name": name, "offset": bytes + 1 });
    assert_eq!(alice.call("admin.backup_get", beyond).expect_err("refused").data.reason, "invalid_params");
    restores(&alice, &whole.body);
}

/// A user who is no administrator can neither make, list nor read backups.
fn refuses_others(web: &Web, bob: &mut Peer, path: &str, name: &str) {
    for (method, params) in [
        ("admin.backup", json!({})),
        ("admin.backups", json!({})),
        ("admin.backup_get", json!({ "name": name, "offset": 0 })),
    ] {
        let refused = bob.call(method, params).expect_err("refused");
        assert_eq!(refused.data.reason, "not_administrator", "{method}");
    }
    let refused = web.get(path, &token(bob));
    assert_eq!((refused.status, &*refused.reason()), (403, "not_administrator"));
    assert_eq!(web.request("GET", path, &[], b"").status, 401);
}

/// The archive restores a node with the same log and the same sessions.
fn restores(alice: &Peer, archive: &[u8]) {
    let elsewhere = TempDir::new().expect("a folder");
    let (file, folder) = (elsewhere.path().join("downloaded.tar"), TempDir::new().expect("a folder"));
    fs::write(&file, archive).expect("a file");
    let restored = papo(&["restore", text(&file), "--data", text(folder.path())]);
    let verified = papo(&["log", "verify", "--data", text(folder.path())]);
    assert_eq!(verified["chain"], restored["holds"]["chain"]);
    let node = Node::up_on(folder);
    let mut again = node.peer();
    again.resume(alice.session());
    assert_eq!(again.history("#ops").len(), 41, "the channel and its messages");
}

#[test]
fn health_reports_the_last_backup_and_its_failure() {
    let elsewhere = TempDir::new().expect("a folder");
    let folder = elsewhere.path().join("backups");
    let flags = [("backups", text(&folder)), ("backup-every", "7d"), ("backups-keep", "2")];
    let node = Node::up_with_flags(TempDir::new().expect("a folder"), &flags);
    let [mut alice] = peers(&node, ["alice"]);
    let list = alice.call("admin.backups", json!({})).expect("a list");
    assert_eq!(list, json!({ "backups": [], "every_ms": 7 * 24 * 3_600_000, "keep": 2 }));
    let names: Vec<_> = (0..3).map(|_| make(&mut alice)).collect();
    let backup = || {
        let status = papo(&["health", node.endpoint("server-control")]);
        status["backup"].clone()
    };
    assert_eq!(backup(), json!({ "last": names[2], "failed": null, "running": false }));
    let entries = fs::read_dir(&folder).expect("a folder");
    let mut kept: Vec<_> =
        entries.map(|entry| entry.expect("an entry").file_name().into_string().expect("UTF-8")).collect();
    kept.retain(|name| name != "lock");
    kept.sort_unstable();
    assert_eq!(kept, [1, 2].map(|index: usize| names[index]["name"].as_str().expect("a name").to_owned()));

    // A folder that is not writable: a file has its place.
    fs::remove_dir_all(&folder).expect("removed");
    fs::write(&folder, b"").expect("a file");
    alice.call("admin.backup", json!({})).expect("started");
    let started = clock::now();
    while node.problems("server").is_empty() {
        assert!(started.elapsed() < DEADLINE);
    }
    let problems = node.problems("server");
    assert!(problems[0].starts_with("the last backup failed: cannot create "), "{problems:?}");
}
