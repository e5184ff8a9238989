//! CHATHISTORY and MARKREAD.

use transport::clock;

use super::{MODERN, tag, team};

/// The texts of the messages of a batch.
fn texts(lines: &[String]) -> Vec<&str> {
    let messages = lines.iter().filter_map(|line| line.split_once(" PRIVMSG "));
    messages.filter_map(|(_, message)| Some(message.split_once(" :")?.1)).collect()
}

#[test]
fn pages_are_read_by_id_and_by_time() {
    let (node, [mut alice, mut bob]) = team();
    for n in 1..=5 {
        let peer = if n % 2 == 0 { &mut alice } else { &mut bob };
        peer.send("#ops", &format!("m{n}")).expect("sent");
    }
    let mut client = node.irc("alice", MODERN);
    let all = client.ask("CHATHISTORY LATEST #ops * 10");
    assert_eq!(texts(&all), ["m1", "m2", "m3", "m4", "m5"]);
    assert!(all[0].contains(" BATCH +") && all[0].ends_with(" chathistory #ops"), "{all:?}");
    let id = |n: usize| format!("msgid={}", tag(&all[n], "msgid").expect("an id"));
    let time = |n: usize| format!("timestamp={}", tag(&all[n], "time").expect("a time"));
    let mut ask = |line: &str| texts(&client.ask(line)).join(" ");
    assert_eq!(ask("CHATHISTORY LATEST #ops * 2"), "m4 m5");
    assert_eq!(ask(&format!("CHATHISTORY LATEST #ops {} 10", id(3))), "m4 m5");
    assert_eq!(ask(&format!("CHATHISTORY BEFORE #ops {} 2", id(4))), "m2 m3");
    assert_eq!(ask(&format!("CHATHISTORY AFTER #ops {} 2", id(2))), "m3 m4");
    assert_eq!(ask(&format!("CHATHISTORY AROUND #ops {} 3", id(3))), "m2 m3 m4");
    assert_eq!(ask(&format!("CHATHISTORY BETWEEN #ops {} {} 10", id(1), id(5))), "m2 m3 m4");
    assert_eq!(ask(&format!("CHATHISTORY BETWEEN #ops {} {} 2", id(5), id(1))), "m3 m4");
    assert!(ask(&format!("CHATHISTORY AFTER #ops {} 10", time(5))).is_empty());
    assert!(ask("CHATHISTORY BEFORE #ops timestamp=2020-01-01T00:00:00.000Z 10").is_empty());
    assert_eq!(ask("CHATHISTORY AFTER #ops timestamp=2020-01-01T00:00:00.000Z 2"), "m1 m2");
}

#[test]
fn clients_with_event_playback_see_who_came_and_went() {
    let (node, [mut alice, mut bob]) = team();
    let mut client = node.irc("alice", &format!("{MODERN} draft/event-playback"));
    let mut other = node.irc("bob", MODERN);
    let topic = client.ask("TOPIC #ops :Feriado").concat();
    let seen = other.wait_for("TOPIC #ops :Feriado");
    bob.send("#ops", "oi").expect("sent");
    alice.call("channel.kick", serde_json::json!({ "channel": "#ops", "user": "bob" })).expect("kicked");
    client.wait_for("KICK #ops bob");
    let lines = client.ask("CHATHISTORY LATEST #OPS * 10");
    assert!(lines[0].ends_with(" chathistory #OPS"), "{lines:?}");
    let events: Vec<_> = lines[1..lines.len() - 1]
        .iter()
        .map(|line| line.split_once("@papo ").map_or(&**line, |(_, command)| command))
        .collect();
    assert_eq!(
        events,
        [
            "JOIN #ops alice alice",
            "JOIN #ops bob bob",
            "TOPIC #ops :Feriado",
            "PRIVMSG #ops :oi",
            "KICK #ops bob"
        ]
    );
    for line in [&topic, &seen] {
        assert_eq!(
            (tag(line, "msgid"), tag(line, "time")),
            (tag(&lines[3], "msgid"), tag(&lines[3], "time"))
        );
    }
    let mut plain = node.irc("alice", MODERN);
    assert_eq!(texts(&plain.ask("CHATHISTORY LATEST #ops * 10")), ["oi"]);
}

#[test]
fn history_has_the_current_text_and_no_deleted_message() {
    let (node, [_alice, mut bob]) = team();
    let [one, two] = ["um", "dois"].map(|text| bob.send("#ops", text).expect("sent").n);
    let id = || uuid::Uuid::now_v7();
    bob.call(
        "message.edit",
        serde_json::json!({ "conversation": "#ops", "n": one, "id": id(), "text": "UM" }),
    )
    .expect("an edit");
    bob.call("message.delete", serde_json::json!({ "conversation": "#ops", "n": two, "id": id() }))
        .expect("a deletion");
    let mut client = node.irc("alice", MODERN);
    assert_eq!(texts(&client.ask("CHATHISTORY LATEST #ops * 10")), ["UM"]);
}

#[test]
fn direct_messages_and_targets_have_history() {
    let (node, [_alice, mut bob]) = team();
    bob.send("@alice", "oi").expect("sent");
    let mut client = node.irc("alice", MODERN);
    assert_eq!(texts(&client.ask("CHATHISTORY LATEST bob * 10")), ["oi"]);
    let far = "timestamp=2020-01-01T00:00:00.000Z timestamp=2100-01-01T00:00:00.000Z";
    let targets = client.ask(&format!("CHATHISTORY TARGETS {far} 10"));
    assert!(targets.iter().any(|line| line.contains("CHATHISTORY TARGETS bob ")), "{targets:?}");
    for (line, code) in [
        ("CHATHISTORY LATEST #none * 10", "INVALID_TARGET"),
        ("CHATHISTORY LATEST #ops *", "NEED_MORE_PARAMS"),
        ("CHATHISTORY LATEST #ops * x", "INVALID_PARAMS"),
        ("CHATHISTORY BEFORE #ops n=1 10", "INVALID_PARAMS"),
        ("CHATHISTORY NONSENSE #ops * 10", "INVALID_PARAMS"),
    ] {
        assert!(client.ask(line).concat().contains(&format!("FAIL CHATHISTORY {code}")), "{line}");
    }
}

#[test]
fn read_marks_are_shared_with_all_programs_of_the_user() {
    let (node, [mut alice, mut bob]) = team();
    bob.send("#ops", "um").expect("sent");
    // A read mark of IRC is a time, so the messages need different milliseconds.
    let sent_ms = clock::unix_ms();
    while clock::unix_ms() <= sent_ms {}
    bob.send("#ops", "dois").expect("sent");
    let (mut client, mut second) = (node.irc("alice", MODERN), node.irc("alice", MODERN));
    let page = client.ask("CHATHISTORY LATEST #ops * 2");
    let time = tag(&page[1], "time").expect("a time").to_owned();
    let marked = client.ask(&format!("MARKREAD #ops timestamp={time}"));
    assert!(marked[0].ends_with(&format!("MARKREAD #ops timestamp={time}")), "{marked:?}");
    second.wait_for(&format!("MARKREAD #ops timestamp={time}"));
    let reads = alice.call("read.list", serde_json::json!({})).expect("reads");
    assert_eq!(
        (&reads["conversations"][0]["n"], &reads["conversations"][0]["unread"]),
        (&3.into(), &1.into())
    );
    assert!(
        client.ask("MARKREAD nobody timestamp=2020-01-01T00:00:00.000Z")[0]
            .contains("FAIL MARKREAD INVALID_PARAMS")
    );
    let earlier = client.ask("MARKREAD #ops timestamp=2020-01-01T00:00:00.000Z");
    assert!(earlier[0].ends_with(&format!("MARKREAD #ops timestamp={time}")), "a mark only moves forward");
    alice.call("read.mark", serde_json::json!({ "conversation": "#ops", "n": 4 })).expect("marked");
    let last = tag(&page[2], "time").expect("a time");
    client.wait_for(&format!("MARKREAD #ops timestamp={last}"));
    second.wait_for(&format!("MARKREAD #ops timestamp={last}"));
    client.ask("PING a");
    let repeated = [client.sync(), second.sync()].concat().concat();
    assert!(!repeated.contains("MARKREAD"), "{repeated}");
}
