//! The bounds of the front, and what it refuses.

use std::io::Write as _;
use std::net::TcpStream;

use e2e::{IrcClient, Node, Process};

use super::{assert_ends, guest, guests, team};

#[test]
fn a_line_that_is_too_long_is_refused_and_the_next_one_works() {
    let node = guests();
    let mut ana = guest(&node, "ana", "");
    assert_ends(&ana.ask(&format!("PRIVMSG ana :{}", "x".repeat(600))), " 417 ana :Input line was too long");
    assert_ends(&ana.ask(&format!("@{} PING a", "t".repeat(5_000))), " 417 ana :Input line was too long");
    ana.send_bytes(b"PRIVMSG ana :\xff\xfe\r\n");
    ana.wait_for("FAIL PRIVMSG INVALID_UTF8");
}

#[test]
fn half_lines_and_floods_do_not_stop_other_clients() {
    let node = guests();
    let mut ana = guest(&node, "ana", "");
    let mut flood = TcpStream::connect(node.endpoint("irc")).expect("a connection");
    flood.set_nonblocking(true).expect("non-blocking");
    for _ in 0..1_000 {
        // The front reads no more than its bound, so the stream fills up.
        let _written = flood.write(&[b'x'; 4_096]);
    }
    let mut half = IrcClient::connect(node.endpoint("irc"));
    half.send_bytes(b"NICK h");
    assert_ends(&ana.ask("JOIN #ops"), " 366 ana #ops :End of /NAMES list");
    for _ in 0..200 {
        ana.send("CAP LS 302");
    }
    assert_eq!(ana.sync().len(), 200 * ana.ask("CAP LS 302").len());
    half.send_bytes(b"alf\r\nUSER h 0 * :H\r\n");
    half.wait_for(" 001 half ");
}

#[test]
fn a_burst_of_lines_is_followed_by_their_rate() {
    let node = guests();
    let mut ana = guest(&node, "ana", "");
    let started = transport::clock::now();
    for _ in 0..600 {
        ana.send("PONG x");
    }
    ana.sync();
    let elapsed = started.elapsed();
    assert!(elapsed.as_millis() > 1_500, "600 lines were handled in {elapsed:?}");
}

#[test]
fn a_client_that_does_not_read_is_closed() {
    let (node, [_alice, mut bob]) = team();
    let mut slow = node.irc("alice", "");
    let text = "x".repeat(16_000);
    // More than the bound of the front and all buffers of the connection.
    for _ in 0..600 {
        bob.send("#ops", &text).expect("sent");
    }
    let lines = slow.rest();
    assert!(lines.len() < 600 * 46 && lines.len() > 100, "{} lines", lines.len());
    let mut again = node.irc("alice", "");
    assert_ends(&again.ask("NAMES #ops"), " 366 alice #ops :End of /NAMES list");
}

#[test]
fn plain_text_to_other_machines_is_refused() {
    for (flags, text) in [
        (&["--irc=0.0.0.0:0"][..], "without encryption to other machines"),
        (&["--irc=0.0.0.0:0", "--irc-insecure", "--irc-guests"], "--irc-guests needs a loopback address"),
        (&["--irc=127.0.0.1"], "write an address and a port"),
        (&["--irc=127.0.0.1:0", "--irc-name=a b"], "--irc-name a b"),
    ] {
        let arguments = ["irc", "--plaintext", "--control=tcp://127.0.0.1:0"].iter().chain(flags);
        let finished = Process::run(arguments);
        assert!(finished.code != Some(0) && finished.log.contains(text), "{flags:?}: {}", finished.log);
    }
}

#[test]
fn the_front_runs_in_a_process_of_its_own() {
    let mut node = Node::in_three_processes();
    let [mut alice] = e2e::peers(&node, ["alice"]);
    alice.create("#ops").expect("created");
    node.add_irc_with(&[]);
    let mut client = node.irc("alice", "");
    client.ask("PRIVMSG #ops :oi");
    assert_eq!(alice.history("#ops").len(), 2);
    assert!(node.counter("irc", "requests") > 0);
}
