//! `file.link` and `file.open`: a link shows one file to everybody until it ends.

use serde_json::{Value, json};
use testkit::team::{Team, reason};

use crate::requests::{FileRequests as _, team};

const HOUR_MS: u64 = 60 * 60 * 1_000;

/// The code of a link that lasts for an hour.
fn link(team: &mut Team, by: &str, conversation: &str, n: &Value) -> String {
    let params = json!({ "conversation": conversation, "n": n, "hours": 1 });
    let made = team.ask(by, "file.link", params);
    assert_eq!(made["expires"], json!(team.now_ms + HOUR_MS), "{made}");
    let code = made["path"].as_str().and_then(|path| path.strip_prefix("/f/"));
    code.unwrap_or_else(|| panic!("{made}")).to_owned()
}

/// Five bytes of the file of a link, for a client without a session.
fn open(team: &mut Team, code: &str, offset: usize) -> (Value, Option<Vec<u8>>) {
    let params = json!({ "code": code, "offset": offset, "length": 5 });
    team.ask_with_bytes("nobody", "file.open", params, None)
}

fn is_open(team: &mut Team, code: &str) -> bool {
    let (opened, bytes) = open(team, code, 0);
    if bytes.is_none() {
        assert_eq!((reason(&opened), &opened["data"]["detail"]), ("no_such_file", &json!("link_ended")));
    }
    bytes.is_some()
}

#[test]
fn a_link_shows_the_parts_of_one_file_until_it_expires() {
    let mut team = team();
    let n = team.send_file("alice", "#a", b"hello world")["n"].clone();
    let code = link(&mut team, "bob", "#a", &n);
    let (opened, bytes) = open(&mut team, &code, 6);
    assert_eq!(bytes.as_deref(), Some(&b"world"[..]));
    assert_eq!((&opened["name"], &opened["bytes"]), (&json!("plan.pdf"), &json!(11)));
    assert_eq!((&opened["offset"], &opened["length"]), (&json!(6), &json!(5)));
    assert_eq!(reason(&open(&mut team, &code, 12).0), "invalid_params");
    for code in ["", "AAAA", code.get(1..).expect("a code"), &code.to_lowercase()] {
        assert!(!is_open(&mut team, code), "{code}");
    }
    team.restart();
    assert!(is_open(&mut team, &code), "after a restart");
    team.pass(HOUR_MS - 1);
    assert!(is_open(&mut team, &code));
    team.pass(1);
    assert!(!is_open(&mut team, &code), "expired");
}

#[test]
fn only_a_user_who_may_read_the_file_makes_a_link() {
    let mut team = team();
    let n = team.send_file("alice", "#a", b"secret")["n"].clone();
    let mut make = |by: &str, conversation: &str, n: Value| {
        reason(&team.ask(by, "file.link", json!({ "conversation": conversation, "n": n }))).to_owned()
    };
    assert_eq!(make("eve", "#a", n.clone()), "not_member");
    assert_eq!(make("bob", "#a", json!(1)), "no_such_file");
    assert_eq!(make("bob", "@alice", n.clone()), "no_such_file");
    assert_eq!(make("nobody", "#a", n), "unauthenticated");
}

#[test]
fn a_link_ends_with_the_file_and_with_the_right_of_its_maker() {
    let mut team = team();
    let [one, two] = [b"one", b"two"].map(|content| team.send_file("alice", "#a", content)["n"].clone());
    let direct = team.send_file("bob", "@eve", b"direct")["n"].clone();
    let [first, second] = [&one, &two].map(|n| link(&mut team, "bob", "#a", n));
    let of_alice = link(&mut team, "alice", "#a", &two);
    let of_eve = link(&mut team, "eve", "@bob", &direct);
    team.delete("alice", "#a", one.as_u64().expect("a number"));
    assert!(!is_open(&mut team, &first), "the file was deleted");
    assert!(is_open(&mut team, &second) && is_open(&mut team, &of_alice) && is_open(&mut team, &of_eve));
    team.ask("alice", "channel.kick", json!({ "channel": "#a", "user": "bob" }));
    assert!(!is_open(&mut team, &second), "bob may no longer read the file");
    assert!(is_open(&mut team, &of_alice));
    team.ask("bob", "channel.join", json!({ "channel": "#a" }));
    assert!(is_open(&mut team, &second), "bob may read it again");
    team.ask("alice", "admin.disable", json!({ "user": "eve", "disabled": true }));
    assert!(!is_open(&mut team, &of_eve), "the account of the maker is disabled");
    team.ask("alice", "channel.delete", json!({ "channel": "#a" }));
    assert!(!is_open(&mut team, &of_alice), "the channel was deleted");
}

#[test]
fn the_links_of_a_user_have_a_rate_of_their_own() {
    let mut team = team();
    let n = team.send_file("alice", "#a", b"hello")["n"].clone();
    let [of_alice, of_bob] = ["alice", "bob"].map(|maker| link(&mut team, maker, "#a", &n));
    let opened = (0..1_200).take_while(|_| is_open_or_late(&mut team, &of_alice)).count();
    assert!((1_000..1_200).contains(&opened), "{opened} parts");
    assert!(is_open(&mut team, &of_bob), "the links of another user");
    assert_eq!(team.get("alice", "#a", n.as_u64().expect("a number"), 0).1.as_deref(), Some(&b"hello"[..]));
}

/// Opens a link. Returns false if the rate of its maker is exceeded.
fn is_open_or_late(team: &mut Team, code: &str) -> bool {
    let (opened, bytes) = open(team, code, 0);
    assert!(bytes.is_some() || reason(&opened) == "rate_limited", "{opened}");
    bytes.is_some()
}
