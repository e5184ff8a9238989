//! CAP, PASS, NICK, USER and SASL.

use e2e::{IrcClient, Node, PASSWORD, peers};

use super::{assert_ends, guest, guests};

fn base64(user: &str, password: &str) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut encoded = String::new();
    for chunk in format!("\0{user}\0{password}").as_bytes().chunks(3) {
        let bits = chunk.iter().fold(0, |bits, byte| bits << 8 | u32::from(*byte)) << (8 * (3 - chunk.len()));
        for place in 0..4 {
            let digit = DIGITS[(bits >> (18 - 6 * place) & 63) as usize];
            encoded.push(if place <= chunk.len() { char::from(digit) } else { '=' });
        }
    }
    encoded
}

#[test]
fn sasl_plain_logs_in_and_the_account_is_the_nickname() {
    let node = Node::with_irc(&[]);
    let _peers = peers(&node, ["alice"]);
    let mut client = IrcClient::connect(node.endpoint("irc"));
    client.send("CAP LS 302");
    assert!(client.wait_for("CAP * LS").contains("sasl=PLAIN"));
    client.send("CAP REQ :sasl");
    client.wait_for("ACK");
    client.send("AUTHENTICATE PLAIN");
    client.wait_for("AUTHENTICATE +");
    client.send(&format!("AUTHENTICATE {}", base64("alice@phone", PASSWORD)));
    client.wait_for(" 900 ");
    client.wait_for(" 903 ");
    client.send("NICK other");
    client.send("USER other 0 * :Other");
    client.send("CAP END");
    let welcome = client.wait_for(" 001 ");
    assert!(welcome.contains(" 001 alice :Welcome to papo, alice!other@papo"), "{welcome}");
}

#[test]
fn wrong_credentials_are_refused() {
    let node = Node::with_irc(&[]);
    let _peers = peers(&node, ["alice"]);
    let mut client = IrcClient::connect(node.endpoint("irc"));
    client.send("CAP REQ :sasl");
    client.send("AUTHENTICATE EXTERNAL");
    client.wait_for(" 908 * PLAIN ");
    client.wait_for(" 904 ");
    for credentials in [base64("alice", "wrong horse"), base64("mallory", PASSWORD), "%%".to_owned()] {
        client.send("AUTHENTICATE PLAIN");
        client.wait_for("AUTHENTICATE +");
        client.send(&format!("AUTHENTICATE {credentials}"));
        client.wait_for(" 904 ");
    }
    client.send("AUTHENTICATE PLAIN");
    client.send("AUTHENTICATE *");
    client.wait_for(" 906 ");
}

#[test]
fn a_password_with_the_name_of_the_account_logs_in() {
    let node = Node::with_irc(&[]);
    let _peers = peers(&node, ["alice"]);
    let mut client = IrcClient::connect(node.endpoint("irc"));
    client.send(&format!("PASS :alice:{PASSWORD}"));
    client.send("NICK somebody");
    client.send("USER a 0 * :Alice");
    assert!(client.wait_for(" 001 ").contains(" 001 alice "));
}

#[test]
fn a_client_without_an_account_is_refused() {
    let node = Node::with_irc(&[]);
    let mut client = IrcClient::connect(node.endpoint("irc"));
    client.send("NICK alice");
    client.send("USER alice 0 * :Alice");
    let lines = client.rest();
    assert!(lines.iter().any(|line| line.contains(" 464 ")), "{lines:?}");
    assert!(lines.iter().any(|line| line.contains("FAIL * ACCOUNT_REQUIRED")), "{lines:?}");
    assert!(lines.last().is_some_and(|line| line.contains("ERROR ")), "{lines:?}");
}

#[test]
fn an_account_is_registered_over_irc() {
    let node = Node::with_irc(&[("registration", "open")]);
    let mut client = IrcClient::connect(node.endpoint("irc"));
    client.send("CAP LS 302");
    client.send("NICK carol");
    client.send("REGISTER * * short");
    client.wait_for("FAIL REGISTER WEAK_PASSWORD carol ");
    client.send("REGISTER * * correct-horse");
    client.wait_for("REGISTER SUCCESS carol ");
    client.send("USER carol 0 * :Carol");
    client.send("CAP END");
    assert!(client.wait_for(" 001 ").contains(" 001 carol "));
    let mut other = IrcClient::connect(node.endpoint("irc"));
    other.send("REGISTER carol * correct-horse");
    other.wait_for("FAIL REGISTER ACCOUNT_EXISTS carol ");
}

#[test]
fn commands_wait_for_the_welcome() {
    let node = guests();
    let mut client = IrcClient::connect(node.endpoint("irc"));
    for line in ["JOIN #a", "PRIVMSG a :b", "NONSENSE"] {
        client.send(line);
        client.wait_for(" 451 * ");
    }
    client.send("NICK");
    client.wait_for(" 431 ");
    client.send("NICK a!b");
    client.wait_for(" 432 ");
    client.send("USER a");
    client.wait_for(" 461 ");
    client.send("CAP NONSENSE");
    client.wait_for(" 410 * NONSENSE ");
    client.send("CAP REQ :batch nonsense");
    client.wait_for("CAP * NAK :batch nonsense");
}

#[test]
fn a_guest_gets_a_free_nickname() {
    let node = guests();
    let _ana = guest(&node, "ana", "");
    let mut other = IrcClient::connect(node.endpoint("irc"));
    other.send("NICK Ana");
    other.wait_for(" 433 * Ana ");
    other.send("USER a 0 * :A");
    other.send("NICK bia");
    other.wait_for(" 001 bia ");
    assert_ends(&other.ask("NICK ana"), " 433 bia ana :Nickname is already in use");
    assert_ends(&other.ask("USER a 0 * :A"), " 462 bia :You may not reregister");
}

#[test]
fn quit_ends_the_connection_and_keeps_the_membership() {
    let node = guests();
    let mut ana = guest(&node, "ana", "");
    ana.ask("JOIN #ops");
    ana.send("QUIT :até logo");
    assert_ends(&ana.rest(), "ERROR :Quit: até logo");
    let mut ana = IrcClient::connect(node.endpoint("irc"));
    ana.send("NICK ana");
    ana.send("USER ana 0 * :Ana");
    ana.wait_for(":ana!ana@papo JOIN #ops");
    ana.wait_for(" 366 ana #ops ");
}
