//! PRIVMSG, NOTICE, TAGMSG, REDACT, typing and messages of several lines.

use common::{Body, Event};

use super::{MODERN, assert_ends, guest, guests, tag, team};

#[test]
fn messages_reach_zeromq_clients_and_come_back() {
    let (node, [_alice, mut bob]) = team();
    let mut client = node.irc("alice", "");
    assert_eq!(client.ask("PRIVMSG #ops :oi, João"), Vec::<String>::new());
    assert_eq!(bob.texts("#ops"), ["oi, João"]);
    bob.send("#ops", "uma\n\nduas").expect("sent");
    client.wait_for(":bob!bob@papo PRIVMSG #ops :uma");
    client.wait_for(":bob!bob@papo PRIVMSG #ops :duas");
    bob.send("@alice", "só para você").expect("sent");
    client.wait_for(":bob!bob@papo PRIVMSG alice :só para você");
    client.ask("NOTICE bob :obrigada");
    assert_eq!(bob.texts("@alice"), ["só para você", "obrigada"]);
}

#[test]
fn an_echo_has_the_id_and_the_time_of_the_stored_message() {
    let (node, [mut alice, mut bob]) = team();
    let (mut client, mut other) = (node.irc("alice", MODERN), node.irc("bob", MODERN));
    let echo = client.ask("PRIVMSG #ops :oi");
    let received = other.wait_for("PRIVMSG #ops :oi");
    assert_eq!(echo.len(), 1, "{echo:?}");
    assert!(echo[0].ends_with(":alice!alice@papo PRIVMSG #ops :oi"), "{echo:?}");
    for name in ["msgid", "time", "account"] {
        assert!(tag(&received, name).is_some() && tag(&echo[0], name) == tag(&received, name), "{received}");
    }
    let id = tag(&received, "msgid").expect("an id").to_owned();
    other.ask(&format!("@+draft/reply={id} PRIVMSG #ops :sim"));
    let Some(Event { body: Body::Message { reply, .. }, .. }) = bob.history("#ops").pop() else { panic!() };
    assert_eq!(reply, Some(3), "the third event");
    let shown = client.wait_for("PRIVMSG #ops :sim");
    assert_eq!(tag(&shown, "+draft/reply"), Some(&*id));
    alice.send("@bob", "de outro lugar").expect("sent");
    client.wait_for(":alice!alice@papo PRIVMSG bob :de outro lugar");
}

#[test]
fn each_client_receives_the_tags_of_its_own_capabilities() {
    let (node, [mut alice, _bob]) = team();
    let mut clients = ["", "server-time", MODERN, ""].map(|caps| node.irc("bob", caps));
    for text in ["um", "dois", "três"] {
        alice.send("#ops", text).expect("sent");
        let expected = format!(":alice!alice@papo PRIVMSG #ops :{text}");
        let lines = clients.each_mut().map(|client| client.wait_for(&expected));
        assert_eq!((&lines[0], &lines[3]), (&expected, &expected));
        let names = ["time", "msgid", "account"];
        let tags = [1, 2].map(|of| names.map(|name| tag(&lines[of], name).is_some()));
        assert_eq!(tags, [[true, false, false], [true, true, true]], "{lines:?}");
    }
}

#[test]
fn errors_say_why_a_message_was_not_sent() {
    let node = guests();
    let (mut ana, mut bia) = (guest(&node, "ana", ""), guest(&node, "bia", ""));
    ana.ask("JOIN #ops");
    assert_ends(&bia.ask("PRIVMSG #ops :oi"), " 404 bia #ops :Cannot send to channel");
    assert_ends(&bia.ask("PRIVMSG #none :oi"), " 403 bia #none :No such channel");
    assert_ends(&bia.ask("PRIVMSG nobody :oi"), " 401 bia nobody :No such nick/channel");
    assert_ends(&bia.ask("PRIVMSG"), " 411 bia :No recipient given");
    assert_ends(&bia.ask("PRIVMSG ana"), " 412 bia :No text to send");
    assert_ends(&bia.ask("PRIVMSG ana :"), " 412 bia :No text to send");
    assert_ends(&bia.ask("PRIVMSG a,b,c,d,e :x"), " 407 bia a,b,c,d,e :Too many targets");
    assert_ends(&bia.ask("NONSENSE"), " 421 bia NONSENSE :Unknown command");
}

#[test]
fn a_message_of_several_lines_is_one_message() {
    let (node, [_alice, mut bob]) = team();
    let (mut client, mut other) = (node.irc("alice", MODERN), node.irc("bob", MODERN));
    let mut plain = node.irc("bob", "");
    client.send("BATCH +1 draft/multiline #ops");
    client.send("@batch=1 PRIVMSG #ops :linha um");
    client.send("@batch=1 PRIVMSG #ops :linha ");
    client.send("@batch=1;draft/multiline-concat PRIVMSG #ops :dois");
    client.ask("BATCH -1");
    assert_eq!(bob.texts("#ops"), ["linha um\nlinha dois"]);
    let open = other.wait_for("BATCH +");
    assert!(open.ends_with("draft/multiline #ops") && tag(&open, "msgid").is_some(), "{open}");
    let batch =
        open.split(" BATCH +").nth(1).and_then(|rest| rest.split(' ').next()).expect("a name").to_owned();
    let first = other.wait_for("PRIVMSG #ops :linha um");
    assert_eq!(tag(&first, "batch"), Some(&*batch));
    assert_eq!(tag(&other.wait_for("PRIVMSG #ops :linha"), "draft/multiline-concat"), None);
    assert!(other.wait_for("PRIVMSG #ops :dois").contains(";draft/multiline-concat "));
    other.wait_for(&format!("BATCH -{batch}"));
    plain.wait_for(":alice!alice@papo PRIVMSG #ops :linha um");
    plain.wait_for(":alice!alice@papo PRIVMSG #ops :dois");
    assert!(client.ask("BATCH -9").concat().contains("FAIL BATCH INVALID_REFERENCE"));
}

#[test]
fn a_text_that_is_too_long_for_a_line_is_split() {
    let (node, [_alice, mut bob]) = team();
    let mut client = node.irc("alice", "message-tags");
    bob.send("#ops", &"palavra ".repeat(200)).expect("sent");
    let lines: Vec<_> = (0..4).map(|_| client.wait_for("PRIVMSG #ops :palavra")).collect();
    assert!(
        lines.iter().all(|line| line.split_once(" :").is_some_and(|(_, line)| line.len() < 510)),
        "{lines:?}"
    );
    assert!(tag(&lines[0], "msgid").is_some() && lines[1..].iter().all(|line| tag(line, "msgid").is_none()));
}

#[test]
fn deletions_edits_and_reactions_are_shown() {
    let (node, [_alice, mut bob]) = team();
    let (mut client, mut plain) = (node.irc("alice", MODERN), node.irc("alice", ""));
    let sent = bob.send("#ops", "oi").expect("sent");
    let id = tag(&client.wait_for("PRIVMSG #ops :oi"), "msgid").expect("an id").to_owned();
    let amend = |extra: serde_json::Value| {
        let mut params =
            serde_json::json!({ "conversation": "#ops", "n": sent.n, "id": uuid::Uuid::now_v7() });
        params.as_object_mut().expect("an object").extend(extra.as_object().expect("an object").clone());
        params
    };
    bob.call("message.react", amend(serde_json::json!({ "emoji": "👍" }))).expect("a reaction");
    let reaction = client.wait_for("TAGMSG #ops");
    assert_eq!((tag(&reaction, "+draft/react"), tag(&reaction, "+draft/reply")), (Some("👍"), Some(&*id)));
    bob.call("message.edit", amend(serde_json::json!({ "text": "olá" }))).expect("an edit");
    assert_eq!(tag(&client.wait_for("PRIVMSG #ops :* olá"), "+draft/reply"), Some(&*id));
    let echo = client.ask(&format!("@label=7;+draft/react=🎉;+draft/reply={id} TAGMSG #ops"));
    let [echo] = &echo[..] else { panic!("{echo:?}") };
    assert_eq!((tag(echo, "label"), tag(echo, "+draft/react")), (Some("7"), Some("🎉")));
    assert!(tag(echo, "msgid").is_some_and(|own| own != id), "{echo}");
    let last = bob.history("#ops").pop().expect("an event");
    assert!(matches!(last.body, Body::Reacted { of, .. } if of == sent.n), "{last:?}");
    bob.call("message.delete", amend(serde_json::json!({}))).expect("a deletion");
    assert!(client.wait_for("REDACT #ops").ends_with(&id));
    plain.wait_for(&format!("NOTICE #ops :bob deleted message {}", sent.n));
}

#[test]
fn redact_deletes_a_message() {
    let (node, [_alice, mut bob]) = team();
    let (mut owner, mut other) = (node.irc("alice", MODERN), node.irc("bob", MODERN));
    bob.send("#ops", "apague isto").expect("sent");
    let id = tag(&owner.wait_for("apague isto"), "msgid").expect("an id").to_owned();
    let echo = owner.ask("PRIVMSG #ops :meu");
    let own = tag(&echo[0], "msgid").expect("an id").to_owned();
    other.wait_for("PRIVMSG #ops :meu");
    assert!(other.ask(&format!("REDACT #ops {own}")).concat().contains("FAIL REDACT REDACT_FORBIDDEN #ops"));
    assert!(owner.ask(&format!("REDACT #ops {id} :spam"))[0].ends_with(&format!("REDACT #ops {id} spam")));
    other.wait_for(&format!(":alice!alice@papo REDACT #ops {id} spam"));
    assert!(owner.ask(&format!("REDACT #ops {id}")).concat().contains("FAIL REDACT UNKNOWN_MSGID"));
    assert!(owner.ask("REDACT #ops 1-00000000").concat().contains("FAIL REDACT UNKNOWN_MSGID"));
}

#[test]
fn typing_is_shown_on_both_sides() {
    let (node, [mut alice, mut bob]) = team();
    let mut client = node.irc("alice", MODERN);
    bob.call("typing.set", serde_json::json!({ "to": "#ops", "typing": true })).expect("typing");
    let shown = client.wait_for("TAGMSG #ops");
    assert!(shown.contains("+typing=active") && shown.contains(":bob!bob@papo"), "{shown}");
    let mut other = node.irc("bob", MODERN);
    client.ask("@+typing=active TAGMSG #ops");
    assert!(other.wait_for("TAGMSG #ops").contains("+typing=active"));
    alice.send("#ops", "pronto").expect("sent");
    assert!(other.wait_for("pronto").contains("PRIVMSG"));
}

#[test]
fn a_text_of_another_program_cannot_be_a_request_of_ctcp() {
    let (node, [_alice, mut bob]) = team();
    let mut client = node.irc("alice", MODERN);
    bob.send("@alice", "\u{1}DCC SEND \"startkeylogger\" 0 0 0\u{1}").expect("sent");
    bob.send("#ops", "\u{2}negrito\u{1b}[2J").expect("sent");
    client.wait_for(":bob!bob@papo PRIVMSG alice :DCC SEND \"startkeylogger\" 0 0 0");
    client.wait_for(":bob!bob@papo PRIVMSG #ops :negrito[2J");
    let history = client.ask("CHATHISTORY LATEST bob * 10").concat();
    assert!(history.contains("DCC SEND") && !history.contains('\u{1}'), "{history}");
}

#[test]
fn blocked_users_neither_type_nor_have_history() {
    let (node, [mut alice, mut bob]) = team();
    alice.call("user.block", serde_json::json!({ "user": "bob" })).expect("blocked");
    let mut client = node.irc("alice", MODERN);
    bob.send("#ops", "antes").expect("sent");
    alice.send("#ops", "visível").expect("sent");
    let lines = client.ask("CHATHISTORY LATEST #ops * 10").concat();
    assert!(lines.contains("visível") && !lines.contains("antes"), "{lines}");
    bob.call("typing.set", serde_json::json!({ "to": "#ops", "typing": true })).expect("typing");
    alice.call("user.unblock", serde_json::json!({ "user": "bob" })).expect("unblocked");
    bob.send("#ops", "depois").expect("sent");
    let mut lines = vec![client.wait_for("")];
    while !lines.last().is_some_and(|line| line.contains("depois")) {
        lines.push(client.wait_for(""));
    }
    assert!(!lines.concat().contains("typing"), "{lines:?}");
}

#[test]
fn tags_that_only_irc_clients_understand_reach_the_other_irc_clients() {
    let (node, [_alice, mut bob]) = team();
    let (mut client, mut other) = (node.irc("alice", MODERN), node.irc("bob", MODERN));
    let mut plain = node.irc("bob", "");
    let echo = client.ask("@+a=b\\:c;d=e PRIVMSG #ops :com etiqueta");
    let line = other.wait_for("PRIVMSG #ops :com etiqueta");
    assert_eq!((tag(&line, "+a"), tag(&line, "d")), (Some("b\\:c"), None));
    assert_eq!((tag(&echo[0], "+a"), tag(&echo[0], "msgid")), (Some("b\\:c"), tag(&line, "msgid")));
    assert_eq!(plain.wait_for("com etiqueta"), ":alice!alice@papo PRIVMSG #ops :com etiqueta");
    let echo = client.ask("@+x=y TAGMSG #ops");
    let line = other.wait_for("TAGMSG #ops");
    assert_eq!((tag(&line, "+x"), tag(&line, "msgid")), (Some("y"), tag(&echo[0], "msgid")));
    assert!(tag(&line, "msgid").is_some() && plain.sync().is_empty());
    assert_ends(&client.ask("@+x=y TAGMSG #none"), " 404 alice #none :Cannot send to channel");
    let id = tag(&line, "msgid").expect("an id");
    let refused = client.ask(&format!("REDACT #ops {id}")).concat();
    assert!(refused.contains("FAIL REDACT UNKNOWN_MSGID"), "{refused}");
    bob.call("user.block", serde_json::json!({ "user": "alice" })).expect("blocked");
    let mut blocking = node.irc("bob", MODERN);
    client.ask("@+x=z TAGMSG #ops");
    assert_eq!(blocking.sync(), Vec::<String>::new());
}

#[test]
fn a_line_that_does_not_fit_for_its_readers_is_refused() {
    let (node, [_alice, mut bob]) = team();
    let mut client = node.irc("alice", "");
    let overhead = ":alice!alice@papo PRIVMSG #ops :\r\n".len();
    let text = "x".repeat(512 - overhead);
    assert_eq!(client.ask(&format!("PRIVMSG #ops :{text}")), Vec::<String>::new());
    assert_ends(&client.ask(&format!("PRIVMSG #ops :{text}x")), " 417 alice :Input line was too long");
    assert_eq!(bob.texts("#ops"), [text]);
}
