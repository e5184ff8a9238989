//! WHO, WHOIS, AWAY, MONITOR, OPER and the commands about the server.

use super::{assert_ends, guest, guests, team};

#[test]
fn who_and_whois_describe_users() {
    let (node, [mut alice, _bob]) = team();
    alice.call("user.set", serde_json::json!({ "display_name": "Alice Liddell" })).expect("a display name");
    let mut client = node.irc("bob", "");
    let who = client.ask("WHO #ops");
    assert_ends(&who, " 352 bob #ops bob papo irc.papo bob H :0 bob");
    assert!(
        who[0].contains(" alice papo irc.papo alice ") && who[0].ends_with("@ :0 Alice Liddell"),
        "{who:?}"
    );
    assert_ends(&client.ask("WHO bob %tna,42"), " 354 bob 42 bob bob");
    let whois = client.ask("WHOIS alice");
    assert_ends(&whois, " 311 bob alice alice papo * :Alice Liddell");
    assert_ends(&whois, " 319 bob alice @#ops");
    assert_ends(&whois, " 330 bob alice alice :is logged in as");
    assert_ends(&whois, " 318 bob alice :End of /WHOIS list");
    assert_ends(&client.ask("WHOIS nobody"), " 401 bob nobody :No such nick/channel");
    assert_ends(&client.ask("WHOWAS nobody"), " 406 bob nobody :There was no such nickname");
    assert_ends(&client.ask("USERHOST bob nobody"), " 302 bob bob=+bob@papo");
}

#[test]
fn away_is_the_presence_of_the_user() {
    let node = guests();
    let (mut ana, mut bia) = (guest(&node, "ana", ""), guest(&node, "bia", "away-notify"));
    ana.ask("JOIN #ops");
    bia.ask("JOIN #ops");
    assert_ends(&ana.ask("AWAY :almoço"), " 306 ana :You have been marked as being away");
    bia.wait_for(":ana!ana@papo AWAY almoço");
    assert_ends(&bia.ask("PRIVMSG ana :oi"), " 301 bia ana almoço");
    assert_ends(&bia.ask("WHOIS ana"), " 301 bia ana almoço");
    assert_ends(&ana.ask("AWAY"), " 305 ana :You are no longer marked as being away");
    assert_eq!(bia.wait_for("AWAY"), ":ana!ana@papo AWAY");
}

#[test]
fn a_user_with_another_program_is_not_offline() {
    let (node, [mut alice, _bob]) = team();
    let mut bob = node.irc("bob", "away-notify");
    alice.call("presence.set", serde_json::json!({ "state": "online" })).expect("a presence");
    let client = node.irc("alice", "");
    assert_ends(&bob.ask("MONITOR + alice"), " 730 bob alice!alice@papo");
    drop(client);
    std::thread::sleep(std::time::Duration::from_millis(1_500));
    assert_ends(&bob.ask("ISON alice"), " 303 bob alice");
    alice.call("presence.set", serde_json::json!({ "state": "offline" })).expect("a presence");
    bob.wait_for(" 731 bob alice");
    bob.wait_for(":alice!alice@papo AWAY Offline");
    let _again = node.irc("alice", "");
    bob.wait_for(" 730 bob alice!alice@papo");
    assert_eq!(bob.wait_for("AWAY"), ":alice!alice@papo AWAY");
}

#[test]
fn a_monitor_reports_users() {
    let node = guests();
    let mut ana = guest(&node, "ana", "");
    assert_ends(&ana.ask("MONITOR + bia,ana"), " 731 ana bia");
    let bia = guest(&node, "bia", "");
    ana.wait_for(" 730 ana bia!bia@papo");
    drop(bia);
    ana.wait_for(" 731 ana bia");
    assert_ends(&ana.ask("MONITOR L"), " 732 ana ana,bia");
    ana.ask("MONITOR C");
    assert_ends(&ana.ask("MONITOR L"), " 733 ana :End of MONITOR list");
    let many: Vec<_> = (0..101).map(|n| format!("user{n}")).collect();
    let mut lines = Vec::new();
    for names in many.chunks(40) {
        lines.extend(ana.ask(&format!("MONITOR + {}", names.join(","))));
    }
    assert!(lines.iter().any(|line| line.contains(" 734 ana 100 user100 ")), "{lines:?}");
}

#[test]
fn an_administrator_is_an_operator() {
    let (node, _peers) = team();
    let (mut client, mut bob) = (node.irc("alice", ""), node.irc("bob", ""));
    assert_ends(&bob.ask("KILL alice :x"), " 481 bob :Permission Denied- You're not an IRC operator");
    let password = e2e::PASSWORD;
    assert_ends(
        &bob.ask(&format!("OPER bob {}", password.replace(' ', "-"))),
        " 464 bob :Password incorrect",
    );
    assert_ends(&client.ask(&format!("OPER alice :{password}")), " 381 alice :You are now an IRC operator");
    assert_ends(&bob.ask(&format!("OPER bob :{password}")), " 464 bob :Password incorrect");
    client.ask("WALLOPS :sem +w");
    assert_eq!(bob.ask("MODE bob +w"), [":bob!bob@papo MODE bob +w"]);
    client.ask("WALLOPS :manutenção às 22h");
    bob.wait_for(":alice!alice@papo WALLOPS :manutenção às 22h");
    client.ask("KILL bob :spam");
    assert_ends(&bob.rest(), "ERROR :Killed (alice (spam))");
}

#[test]
fn the_front_gives_no_right() {
    let (node, [mut alice, mut bob]) = team();
    alice.create_private("#board").expect("created");
    let mut client = node.irc("bob", "");
    // An administrator is an operator of the front, but the node knows the session of bob.
    client.ask(&format!("OPER alice :{}", e2e::PASSWORD));
    for (line, method, params) in [
        ("TOPIC #ops :x", "channel.set", serde_json::json!({ "channel": "#ops", "subject": "x" })),
        ("KICK #ops alice", "channel.kick", serde_json::json!({ "channel": "#ops", "user": "alice" })),
        ("MODE #ops +b alice", "channel.ban", serde_json::json!({ "channel": "#ops", "user": "alice" })),
    ] {
        assert_ends(&client.ask(line), " 482 bob #ops :You're not channel operator");
        assert!(bob.call(method, params).is_err(), "{method}");
    }
    assert_ends(&client.ask("JOIN #board"), " 473 bob #board :Cannot join channel (+i)");
    assert!(bob.join("#board").is_err());
    assert_ends(&client.ask("PRIVMSG #board :x"), " 403 bob #board :No such channel");
    assert!(bob.send("#board", "x").is_err());
}

#[test]
fn the_server_describes_itself() {
    let node = guests();
    let mut ana = guest(&node, "ana", "");
    assert!(ana.ask("VERSION")[0].contains(" 351 ana papo-"));
    assert_ends(&ana.ask("MOTD"), " 376 ana :End of /MOTD command.");
    assert_ends(&ana.ask("MOTD other.server"), " 402 ana other.server :No such server");
    assert!(ana.ask("LUSERS").iter().any(|line| line.contains(" 251 ana :There are 1 users")));
    assert_ends(&ana.ask("HELP nonsense"), " 524 ana nonsense :No help available on this topic");
    assert_ends(&ana.ask("ISON ana bia"), " 303 ana ana");
    assert_ends(&ana.ask("PING"), " 461 ana PING :Not enough parameters");
    assert!(ana.ask("TIME")[0].contains(" 391 ana irc.papo "));
}
