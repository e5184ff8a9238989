//! JOIN, PART, TOPIC, NAMES, LIST, MODE, KICK and INVITE.

use super::{assert_ends, guest, guests, team};

#[test]
fn a_join_creates_a_channel_and_shows_its_names() {
    let node = guests();
    let mut ana = guest(&node, "ana", "");
    let lines = ana.ask("JOIN #Ops");
    assert_eq!(lines[0], ":ana!ana@papo JOIN #ops");
    assert_ends(&lines, " 353 ana = #ops @ana");
    assert_ends(&lines, " 366 ana #ops :End of /NAMES list");
    assert_eq!(ana.ask("JOIN #ops"), Vec::<String>::new(), "a member joins nothing");
    let mut bia = guest(&node, "bia", "extended-join userhost-in-names");
    let lines = bia.ask("JOIN #ops");
    assert_eq!(lines[0], ":bia!bia@papo JOIN #ops * bia");
    assert_ends(&lines, " 353 bia = #ops :@ana!ana@papo bia!bia@papo");
    assert_eq!(ana.only_line(), ":bia!bia@papo JOIN #ops");
    assert_ends(&ana.ask("JOIN ops"), " 403 ana ops :No such channel");
    assert_ends(&ana.ask("JOIN #a!b"), " 476 ana #a!b :Bad Channel Mask");
}

#[test]
fn a_part_ends_the_membership() {
    let node = guests();
    let (mut ana, mut bia) = (guest(&node, "ana", ""), guest(&node, "bia", ""));
    ana.ask("JOIN #ops");
    bia.ask("JOIN #ops");
    ana.wait_for(":bia!bia@papo JOIN #ops");
    assert_eq!(bia.ask("PART #ops :tchau"), [":bia!bia@papo PART #ops tchau"]);
    assert_eq!(ana.only_line(), ":bia!bia@papo PART #ops tchau");
    assert_ends(&bia.ask("PART #ops"), " 442 bia #ops :You're not on that channel");
    assert_ends(&bia.ask("PART x"), " 403 bia x :No such channel");
    assert_ends(&bia.ask("NAMES #ops"), " 366 bia #ops :End of /NAMES list");
}

#[test]
fn a_topic_is_shared_with_zeromq_clients() {
    let (node, [mut alice, _bob]) = team();
    let mut client = node.irc("alice", "");
    assert_ends(&client.ask("TOPIC #ops"), " 331 alice #ops :No topic is set");
    assert_eq!(client.ask("TOPIC #ops :Deploys às 10h"), [":alice!alice@papo TOPIC #ops :Deploys às 10h"]);
    let list = alice.call("channel.list", serde_json::json!({})).expect("a list");
    assert_eq!(list["channels"][0]["subject"], "Deploys às 10h");
    alice
        .call("channel.set", serde_json::json!({ "channel": "#ops", "subject": "Feriado" }))
        .expect("a subject");
    client.wait_for(":alice!alice@papo TOPIC #ops :Feriado");
    assert_ends(&client.ask("TOPIC #ops"), " 332 alice #ops Feriado");
    let mut bob = node.irc("bob", "");
    assert_ends(&bob.ask("TOPIC #ops :x"), " 482 bob #ops :You're not channel operator");
    assert_ends(&bob.ask("TOPIC #none"), " 403 bob #none :No such channel");
}

#[test]
fn roles_are_modes_with_prefixes() {
    let (node, [mut alice, _bob]) = team();
    let (mut owner, mut member) = (node.irc("alice", ""), node.irc("bob", ""));
    assert_ends(&member.ask("MODE #ops +o bob"), " 482 bob #ops :You're not channel operator");
    assert_eq!(owner.ask("MODE #ops +h bob"), [":alice!alice@papo MODE #ops +h bob"]);
    assert_eq!(member.only_line(), ":alice!alice@papo MODE #ops +h bob");
    assert_ends(&member.ask("NAMES #ops"), " 353 bob = #ops :@alice %bob");
    let members = alice.call("channel.members", serde_json::json!({ "channel": "#ops" })).expect("members");
    assert_eq!(members["members"][1]["role"], "moderator");
    assert_eq!(owner.ask("MODE #ops +o bob"), [":alice!alice@papo MODE #ops +o bob"]);
    assert_eq!(member.only_line(), ":alice!alice@papo MODE #ops +o-h bob bob");
    assert_eq!(owner.ask("MODE #ops -o bob"), [":alice!alice@papo MODE #ops -o bob"]);
    assert_eq!(member.only_line(), ":alice!alice@papo MODE #ops -o bob");
    assert_eq!(owner.ask("MODE #ops +o alice"), Vec::<String>::new());
    assert!(owner.ask("MODE #ops -o alice").concat().contains("you are the last owner of #ops"));
    assert_ends(&member.ask("NAMES #ops"), " 353 bob = #ops :@alice bob");
    assert_ends(&owner.ask("MODE #ops"), " 324 alice #ops +nt");
    assert_ends(&owner.ask("MODE #ops +k key"), " 472 alice k :is unknown mode char to me");
    assert_ends(&owner.ask("MODE #ops +o nobody"), " 401 alice nobody :No such nick/channel");
    assert_ends(&owner.ask("MODE alice"), " 221 alice +");
}

#[test]
fn a_private_channel_is_for_invited_users() {
    let node = guests();
    let (mut ana, mut bia) = (guest(&node, "ana", ""), guest(&node, "bia", ""));
    ana.ask("JOIN #board");
    assert_eq!(ana.ask("MODE #board +i"), [":ana!ana@papo MODE #board +i"]);
    assert_ends(&ana.ask("MODE #board"), " 324 ana #board +inst");
    assert_ends(&bia.ask("JOIN #board"), " 473 bia #board :Cannot join channel (+i)");
    assert!(!bia.ask("LIST").concat().contains("#board"));
    assert_ends(&ana.ask("INVITE bia #board"), " 341 ana bia #board");
    bia.wait_for(":ana!ana@papo INVITE bia #board");
    assert_ends(&bia.ask("JOIN #board"), " 366 bia #board :End of /NAMES list");
    assert_ends(&ana.ask("INVITE bia #board"), " 443 ana bia #board :is already on channel");
}

#[test]
fn a_kick_and_a_ban_remove_a_member() {
    let node = guests();
    let (mut ana, mut bia) = (guest(&node, "ana", ""), guest(&node, "bia", ""));
    ana.ask("JOIN #ops");
    bia.ask("JOIN #ops");
    ana.wait_for(":bia!bia@papo JOIN #ops");
    assert_ends(&bia.ask("KICK #ops ana"), " 482 bia #ops :You're not channel operator");
    assert_eq!(ana.ask("KICK #ops bia :chega"), [":ana!ana@papo KICK #ops bia chega"]);
    bia.wait_for(":ana!ana@papo KICK #ops bia chega");
    assert_ends(&ana.ask("KICK #ops bia"), " 441 ana bia #ops :They aren't on that channel");
    bia.ask("JOIN #ops");
    ana.wait_for(":bia!bia@papo JOIN #ops");
    assert_eq!(
        ana.ask("MODE #ops +b bia!*@*"),
        [":ana!ana@papo MODE #ops +b bia!*@*", ":ana!ana@papo KICK #ops bia ana"]
    );
    bia.wait_for(":ana!ana@papo KICK #ops bia ana");
    assert_ends(&bia.ask("JOIN #ops"), " 474 bia #ops :Cannot join channel (+b)");
    let bans = ana.ask("MODE #ops b");
    assert!(bans[0].contains(" 367 ana #ops bia!*@* ana "), "{bans:?}");
    assert_ends(&ana.ask("MODE #ops +b *!*@evil"), " 696 ana #ops b *!*@evil :A ban needs the mask nick!*@*");
    ana.ask("MODE #ops -b bia");
    assert_ends(&bia.ask("JOIN #ops"), " 366 bia #ops :End of /NAMES list");
}

#[test]
fn the_reason_of_a_kick_is_from_the_kicker() {
    let node = guests();
    let (mut ana, mut bia) = (guest(&node, "ana", ""), guest(&node, "bia", ""));
    let mut eva = guest(&node, "eva", "");
    for client in [&mut ana, &mut bia, &mut eva] {
        client.ask("JOIN #ops");
    }
    assert_ends(&eva.ask("KICK #ops bia :forged"), " 482 eva #ops :You're not channel operator");
    ana.ask("KICK #ops bia");
    bia.wait_for(":ana!ana@papo KICK #ops bia ana");
    eva.wait_for(":ana!ana@papo KICK #ops bia ana");
}

#[test]
fn a_subject_has_no_control_characters() {
    let (node, [mut alice, _bob]) = team();
    let mut client = node.irc("bob", "");
    alice
        .call("channel.set", serde_json::json!({ "channel": "#ops", "subject": "a\u{1}b\u{2}c" }))
        .expect("a subject");
    client.wait_for(":alice!alice@papo TOPIC #ops :abc");
}

#[test]
fn messages_follow_the_join_of_their_channel() {
    let (node, [mut alice, mut bob]) = team();
    for n in 0..20 {
        alice.create(&format!("#c{n:02}")).expect("created");
        bob.join(&format!("#c{n:02}")).expect("joined");
    }
    let mut client = e2e::IrcClient::connect(node.endpoint("irc"));
    client.send(&format!("PASS :bob:{}\r\nNICK bob\r\nUSER bob 0 * :Bob", e2e::PASSWORD));
    client.wait_for(" 001 bob ");
    for n in (0..20).rev() {
        alice.send(&format!("#c{n:02}"), "oi").expect("sent");
    }
    let mut lines = Vec::new();
    while lines.iter().filter(|line: &&String| line.contains(" PRIVMSG ")).count() < 20 {
        lines.push(client.line().expect("a line"));
    }
    let position = |text: &str| lines.iter().position(|line| line.contains(text));
    for n in 0..20 {
        let join = position(&format!(" JOIN #c{n:02}")).expect("a join");
        let message = position(&format!(" PRIVMSG #c{n:02} :oi")).expect("a message");
        assert!(join < message, "{lines:#?}");
    }
}

#[test]
fn the_list_has_counts_topics_and_filters() {
    let node = guests();
    let mut ana = guest(&node, "ana", "");
    ana.ask("JOIN #um,#dois");
    ana.ask("TOPIC #um :primeiro");
    let mut bia = guest(&node, "bia", "");
    bia.ask("JOIN #um");
    let list = bia.ask("LIST");
    assert_ends(&list, " 322 bia #dois 1 :");
    assert_ends(&list, " 322 bia #um 2 primeiro");
    assert_ends(&list, " 323 bia :End of /LIST");
    let names = |lines: Vec<String>| -> Vec<String> {
        let rows = lines.into_iter().filter(|line| line.contains(" 322 "));
        rows.map(|line| line.split(' ').nth(3).expect("a name").to_owned()).collect()
    };
    assert_eq!(names(bia.ask("LIST >1")), ["#um"]);
    assert_eq!(names(bia.ask("LIST <2")), ["#dois"]);
    assert_eq!(names(bia.ask("LIST #d*")), ["#dois"]);
    assert_eq!(names(bia.ask("LIST #um,#dois")), ["#dois", "#um"]);
    let many = vec!["#*"; 21].join(",");
    assert_ends(&bia.ask(&format!("LIST {many}")), &format!(" 407 bia {many} :Too many targets"));
}

#[test]
fn joins_and_parts_of_other_programs_are_shown() {
    let (node, [mut alice, mut bob]) = team();
    let mut client = node.irc("alice", "");
    bob.call("channel.leave", serde_json::json!({ "channel": "#ops" })).expect("left");
    client.wait_for(":bob!bob@papo PART #ops");
    bob.join("#ops").expect("joined");
    client.wait_for(":bob!bob@papo JOIN #ops");
    alice.create("#new").expect("created");
    client.wait_for(":alice!alice@papo JOIN #new");
    client.wait_for(" 366 alice #new ");
    alice.call("channel.delete", serde_json::json!({ "channel": "#new" })).expect("deleted");
    client.wait_for(":alice!alice@papo KICK #new alice :The channel was deleted");
}

#[test]
fn a_renamed_channel_is_left_and_joined() {
    let (node, [mut alice, mut bob]) = team();
    let mut client = node.irc("bob", "");
    alice
        .call("channel.rename", serde_json::json!({ "channel": "#ops", "new_name": "#all" }))
        .expect("renamed");
    client.wait_for(":bob!bob@papo PART #ops :The channel is now #all");
    client.wait_for(":bob!bob@papo JOIN #all");
    client.wait_for(" 366 bob #all ");
    alice.send("#ops", "por aqui").expect("sent");
    let sent = client.wait_for(":alice!alice@papo PRIVMSG #all :por aqui");
    assert!(!sent.contains("#ops"), "{sent}");
    client.ask("PRIVMSG #all :sim");
    assert_eq!(bob.history("#all").last().map(|event| event.from.as_str()), Some("bob"));
}
