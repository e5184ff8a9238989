//! Clients that attack the front: each attack has a bound and an outcome, and does not disturb other clients.

use e2e::IrcClient;

use super::{MODERN, assert_ends, guest, guests, team};

#[test]
fn a_storm_of_capabilities_before_the_welcome_delays_nobody() {
    let node = guests();
    let mut storm = IrcClient::connect(node.endpoint("irc"));
    storm.send("CAP LS 302\r\nNICK storm\r\nUSER storm 0 * :Storm");
    for _ in 0..150 {
        storm.send("CAP LS 302\r\nCAP REQ :batch -batch nonsense\r\nCAP REQ :sasl -sasl");
    }
    let mut ana = guest(&node, "ana", "");
    assert_ends(&ana.ask("JOIN #ops"), " 366 ana #ops :End of /NAMES list");
    storm.send("CAP LIST");
    let mut refused = 0;
    loop {
        let line = storm.line().expect("a line");
        refused += usize::from(line.contains("CAP storm NAK :batch -batch nonsense"));
        assert!(!line.contains(" 001 "), "the negotiation is open: {line}");
        if line.contains(" LIST ") {
            break assert_ends(&[line], "CAP storm LIST :");
        }
    }
    assert_eq!(refused, 150);
    storm.send("CAP END");
    storm.wait_for(" 001 storm ");
}

#[test]
fn no_nickname_pretends_to_be_another_user() {
    let (node, _peers) = team();
    let mut client = node.irc("bob", "");
    let long = "x".repeat(33);
    for nick in
        ["alice", "ALICE", "alice\u{200b}", "аlice", "*papo", "irc.papo", "#ops", "@bob", "a!b", "a@b", &long]
    {
        let lines = client.ask(&format!("NICK {nick}"));
        let is_refused = |line: &String| line.contains(" 432 bob ") || line.contains(" 433 bob ");
        assert!(lines.len() == 1 && lines.iter().all(is_refused), "{nick:?}: {lines:?}");
    }
    // These letters are compatible with those of the account, but look different.
    let lines = client.ask("NICK ｂｏｂ");
    assert!(!lines.concat().contains(" NICK "), "{lines:?}");
    let echo = node.irc("alice", MODERN).ask("PRIVMSG alice :eu");
    assert!(echo[0].contains(":alice!alice@papo PRIVMSG alice :eu"), "{echo:?}");

    let node = guests();
    let _ana = guest(&node, "ana", "");
    let mut forger = IrcClient::connect(node.endpoint("irc"));
    // The first letter is Cyrillic.
    forger.send("USER a 0 * :A\r\nNICK аna");
    forger.wait_for(" 432 * аna :Erroneous nickname");
    forger.send("NICK Bia");
    forger.wait_for(" 001 Bia ");
}

#[test]
fn a_flood_of_credentials_ends_the_exchange() {
    let (node, _peers) = team();
    let mut client = IrcClient::connect(node.endpoint("irc"));
    let part = "A".repeat(400);
    for (count, code) in [(1, " 905 "), (7, " 904 ")] {
        client.send("AUTHENTICATE PLAIN");
        client.wait_for("AUTHENTICATE +");
        let long = if count == 1 { format!("{part}A") } else { part.clone() };
        for _ in 0..count {
            client.send(&format!("AUTHENTICATE {long}"));
        }
        client.wait_for(code);
    }
    client.send(&format!("PASS :alice:{}\r\nNICK alice\r\nUSER alice 0 * :Alice", e2e::PASSWORD));
    client.wait_for(" 001 alice ");
}

#[test]
fn a_batch_beyond_its_limits_is_refused_as_a_whole() {
    let (node, [_alice, mut bob]) = team();
    let mut client = node.irc("alice", MODERN);
    client.send("BATCH +1 draft/multiline #ops");
    for _ in 0..201 {
        client.send("@batch=1 PRIVMSG #ops :linha");
    }
    assert_ends(
        &client.ask("BATCH -1"),
        "FAIL BATCH MULTILINE_MAX_LINES 200 :The message has too many lines",
    );
    // A second batch replaces a batch without an end.
    client.send("BATCH +2 draft/multiline #ops");
    client.send("@batch=2 PRIVMSG #ops :perdida");
    client.send("BATCH +3 draft/multiline #ops");
    client.send("@batch=3 PRIVMSG #ops :enviada");
    client.send("@batch=9 PRIVMSG #ops :sozinha");
    assert_ends(&client.ask("BATCH -2"), "FAIL BATCH INVALID_REFERENCE -2 :There is no such batch");
    client.ask("BATCH -3");
    assert_eq!(bob.texts("#ops"), ["sozinha", "enviada"]);
}

#[test]
fn a_user_has_20_connections() {
    let (node, _peers) = team();
    let mut clients: Vec<_> = (0..20).map(|_| node.irc("alice", "")).collect();
    let mut further = IrcClient::connect(node.endpoint("irc"));
    further.send(&format!("PASS :alice:{}\r\nNICK alice\r\nUSER alice 0 * :Alice", e2e::PASSWORD));
    assert_ends(&further.rest(), "ERROR :You have too many connections");
    clients[0].send("QUIT");
    clients[0].rest();
    let mut next = node.irc("alice", "");
    assert_ends(&next.ask("PING a"), "PONG irc.papo a");
}

#[test]
fn zeros_and_lone_line_breaks_end_no_connection() {
    let (node, [_alice, mut bob]) = team();
    let mut client = node.irc("alice", "");
    client.send_bytes(
        b"\r\r\n\n\n\r\n:\r\n@\r\n@a\r\n: \r\n@ \r\n \r\nPRIVMSG #ops :a\0b\r\nPRIVMSG #ops :c\rd\n",
    );
    client.sync();
    let stored = bob.texts("#ops");
    assert!(stored.iter().all(|text| !text.contains(['\0', '\r', '\n'])), "{stored:?}");
}
