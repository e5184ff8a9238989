//! Tests of the node's processes: refused startups, stops, restarts and snapshots.

use std::collections::HashMap;
use std::fs;
use std::net::TcpListener;
use std::path::Path;

use common::Body;
use common::messages::Sent;
use e2e::{DEADLINE, Finished, Node, Process, RESEND_DELAY, peers, receipt};
use rustix::process::Signal;
use serde_json::{Value, json};
use tempfile::{NamedTempFile, TempDir};
use transport::clock;
use uuid::Uuid;

const FREE_PORT: &str = "tcp://127.0.0.1:0";
const UP_FLAGS: [&str; 5] = ["clients", "subscribers", "broker-control", "proxy-control", "server-control"];

/// Runs `papo up`, which must refuse to start.
fn up(data: &Path, endpoint: impl Fn(&str) -> String) -> Finished {
    let flags = UP_FLAGS.map(|flag| format!("--{flag}={}", endpoint(flag)));
    let data = format!("--data={}", data.display());
    Process::run(["up".to_owned(), data].into_iter().chain(flags))
}

#[track_caller]
fn assert_refused(finished: &Finished, sentence: &str) {
    assert_eq!(finished.code, Some(1), "{}", finished.log);
    assert!(finished.log.contains(sentence), "{sentence} is not in: {}", finished.log);
    assert_eq!(finished.output, "", "no ready line");
}

#[test]
fn a_second_server_on_a_data_folder_is_refused_with_the_name_of_the_folder() {
    let node = Node::up();
    let [mut alice] = peers(&node, ["alice"]);
    let sentence = format!("the data folder {} is in use by another papo server", node.data().display());
    assert_refused(&up(node.data(), |_| FREE_PORT.to_owned()), &sentence);
    let data = format!("--data={}", node.data().display());
    assert_refused(&Process::run(["server", &data, "--control=tcp://127.0.0.1:0"]), &sentence);
    assert_eq!(alice.send("@alice", "still first").expect("stored").n, 1);
}

#[test]
fn an_unwritable_data_folder_is_refused_and_the_error_names_it() {
    // A folder below a file cannot be created.
    let file = NamedTempFile::new().expect("a file");
    let data = file.path().join("data");
    let refused = |data: &Path| {
        let finished = up(data, |_| FREE_PORT.to_owned());
        assert_refused(&finished, "papo: cannot ");
        assert_refused(&finished, &format!("{}/keys", data.display()));
    };
    refused(&data);
    refused(Path::new("/proc/papo"));
}

#[test]
fn a_port_in_use_is_refused_and_the_error_names_its_flag() {
    let taken = TcpListener::bind("127.0.0.1:0").expect("a port");
    let taken = format!("tcp://{}", taken.local_addr().expect("an address"));
    for wanted in UP_FLAGS {
        let sentence = format!(
            "{taken} is in use: another papo may be running there; stop it, or choose another port with --{wanted}\n"
        );
        let data = TempDir::new().expect("a folder");
        let endpoint = |flag: &str| if flag == wanted { taken.clone() } else { FREE_PORT.to_owned() };
        assert_refused(&up(data.path(), endpoint), &sentence);
    }
}

#[test]
fn an_invalid_endpoint_is_refused_and_the_error_names_its_flag() {
    let data = TempDir::new().expect("a folder");
    for port in ["99999", "-1", "65536", ""] {
        for wanted in UP_FLAGS {
            let invalid = format!("tcp://127.0.0.1:{port}");
            let endpoint = |flag: &str| if flag == wanted { invalid.clone() } else { FREE_PORT.to_owned() };
            assert_refused(
                &up(data.path(), endpoint),
                &format!("papo: --{wanted}: {invalid} is not an endpoint"),
            );
        }
    }
    let data = format!("--data={}", data.path().display());
    for flag in ["broker", "proxy", "advertise", "control"] {
        let refused = Process::run(["server", &data, &format!("--{flag}=tcp://127.0.0.1:99999")]);
        assert_refused(&refused, &format!("papo: --{flag}: tcp://127.0.0.1:99999 is not an endpoint"));
    }
}

#[test]
fn a_clean_stop_keeps_acknowledged_messages() {
    const SENDS: usize = 300;
    let mut node = Node::up();
    let [mut alice] = peers(&node, ["alice"]);
    for signal in [Signal::TERM, Signal::INT, Signal::HUP] {
        let ids: Vec<_> = (0..SENDS).map(|_| Uuid::now_v7()).collect();
        let post = |id: &Uuid| alice.post(&alice.message_line(*id, "@alice", "oi"));
        ids.iter().for_each(post);
        // Stop while some messages are acknowledged and others are in transit.
        let mut receipts = HashMap::from([receipt(&alice.reply())]);
        let finished = node.stop("up", signal);
        assert_eq!(finished.code, Some(0), "{}", finished.log);
        node.start("up");
        let started = clock::now();
        while receipts.len() < SENDS {
            assert!(started.elapsed() < DEADLINE, "only {} sends were answered", receipts.len());
            match alice.reply_within(RESEND_DELAY).map(|reply| receipt(&reply)) {
                Some((id, sent)) => assert_eq!(*receipts.entry(id).or_insert_with(|| sent.clone()), sent),
                None => ids.iter().filter(|id| !receipts.contains_key(id)).for_each(post),
            }
        }
        for event in alice.history("@alice") {
            let Body::Message { id, .. } = event.body else { panic!("{event:?}") };
            let receipt_of_send = receipts.remove(&id);
            assert!(
                receipt_of_send.as_ref().is_none_or(|receipt| *receipt == Sent::new(event.n, event.at)),
                "{receipt_of_send:?} {event:?}"
            );
        }
        assert!(receipts.is_empty(), "acknowledged, but not in the history: {receipts:?}");
    }
    assert_eq!(node.verify()["whole"], true);
}

#[test]
fn requests_during_a_server_outage_are_answered_afterwards() {
    let mut node = Node::in_three_processes();
    let [mut alice] = peers(&node, ["alice"]);
    let stops: [fn(&mut Node); 2] =
        [|node| drop(node.stop("server", Signal::TERM)), |node| node.kill("server")];
    for (stop, number) in stops.into_iter().zip(1..) {
        stop(&mut node);
        let params = json!({ "to": "@alice", "id": Uuid::now_v7(), "text": "are you there?" });
        std::thread::scope(|scope| {
            let waiting = scope.spawn(|| alice.call_until_answered("message.send", params));
            node.start("server");
            let sent = waiting.join().expect("a sender").expect("stored");
            assert_eq!(sent["n"], number);
        });
    }
    assert_eq!(alice.history("@alice").len(), 2);
}

#[test]
fn each_role_can_be_restarted_while_clients_are_connected() {
    let mut node = Node::in_three_processes();
    let [mut alice] = peers(&node, ["alice"]);
    let topic = alice.create("#general").expect("a channel").topic;
    let mut subscriber = node.subscriber();
    subscriber.follow(&[&topic]);
    for role in ["broker", "proxy", "server"] {
        node.restart(role);
        let params = json!({ "to": "#general", "id": Uuid::now_v7(), "text": role });
        let sent = alice.call_until_answered("message.send", params).expect("stored");
        assert_eq!(sent["n"], alice.history("#general").len(), "{role}");
    }
    node.assert_healthy();
    // Until the roles have reconnected, clients load events from the history.
    let started = clock::now();
    while subscriber.received().count() == 0 {
        assert!(started.elapsed() < DEADLINE, "the subscriber receives no event");
        alice.send("#general", "and now?").expect("stored");
        subscriber.barrier();
    }
}

#[test]
fn the_state_is_rebuilt_from_the_log_without_snapshots() {
    let mut node = Node::up();
    let [mut alice, mut bob] = peers(&node, ["alice", "bob"]);
    alice.create("#general").expect("a channel");
    alice.create("#empty").expect("a channel");
    bob.join("#general").expect("a member");
    alice.call("channel.leave", json!({ "channel": "#empty" })).expect("left");
    alice.send("#general", "oi").expect("stored");
    bob.send("@alice", "oi").expect("stored");

    let state = |node: &Node| {
        [("alice", &alice), ("bob", &bob)].map(|(name, peer)| {
            let mut again = node.peer();
            again.resume(peer.session());
            let requests = [
                ("sync.heads", json!({})),
                ("channel.list", json!({})),
                ("user.list", json!({})),
                ("channel.members", json!({ "channel": "#general" })),
            ];
            let answers = requests.map(|(method, params)| again.call(method, params).expect(method));
            again.login(name).expect("the password is stored");
            // Ignore the cursor, because each login appends a record.
            answers.map(|mut answer| {
                answer.as_object_mut().map(|fields| fields.remove("cursor"));
                answer
            })
        })
    };
    let before: [[Value; 4]; 2] = state(&node);
    let snapshots = ["users.json", "channels.json"].map(|file| node.data().join(file));
    assert!(snapshots.iter().all(|file| !file.exists()), "no snapshot was written yet");
    node.restart("up");
    assert_eq!(state(&node), before, "from the snapshots");
    assert_eq!(node.stop("up", Signal::TERM).code, Some(0));
    for file in &snapshots {
        let snapshot: Value =
            serde_json::from_slice(fs::read_to_string(file).expect("a snapshot").as_bytes())
                .expect("readable JSON");
        assert_eq!(snapshot["record"], node.verify()["records"], "{}", file.display());
        fs::remove_file(file).expect("removed");
    }
    node.start("up");
    assert_eq!(state(&node), before, "from the log alone");
}

#[test]
fn a_folder_without_a_log_is_refused_and_unchanged() {
    let empty = TempDir::new().expect("a folder");
    let data = empty.path().to_str().expect("UTF-8");
    let wanted =
        format!("papo: {data} is not a data folder: it has no log. Choose the data folder with --data");
    for command in [["log", "verify"], ["log", "tail"], ["index", "rebuild"]] {
        let refused = Process::run([&command[..], &["--data", data]].concat());
        assert_eq!((refused.code, refused.log.trim()), (Some(1), wanted.as_str()), "{command:?}");
    }
    assert_eq!(empty.path().read_dir().expect("a folder").count(), 0);
}

#[test]
fn the_log_of_a_node_has_a_line_at_the_start_and_the_end_of_each_session() {
    let node = Node::up();
    let [mut alice, mut other] = peers(&node, ["alice", "bob"]);
    let sessions = other.call("session.list", json!({})).expect("a list");
    let id = sessions["sessions"][0]["session"].as_str().expect("an id").to_owned();
    other.call("auth.logout", json!({})).expect("logged out");
    alice.call("admin.disable", json!({ "user": "bob", "disabled": true })).expect("disabled");
    let log = node.log("up");
    let lines = |what: &str, user: &str| {
        let of_user = format!("user={user} ");
        log.lines().filter(|line| line.contains(what) && line.contains(&of_user)).count()
    };
    assert_eq!((lines("session opened", "bob"), lines("session ended", "bob")), (1, 1), "{log}");
    assert_eq!((lines("session opened", "alice"), lines("session ended", "alice")), (1, 0), "{log}");
    assert_eq!(log.lines().filter(|line| line.contains(&format!("session={id}"))).count(), 2, "{log}");
}
