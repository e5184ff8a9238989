//! Display names, and renamed channels, in terminals and in scripts.

use e2e::{Node, Process, Terminal};
use tempfile::TempDir;

use super::commands::Shell;

#[test]
fn connected_and_offline_members_follow_a_renamed_channel() {
    let node = Node::up();
    let configs = [TempDir::new().expect("a folder"), TempDir::new().expect("a folder")];
    let [alice, bob] =
        [0, 1].map(|user| Terminal::registered(node.server(), configs[user].path(), ["alice", "bob"][user]));
    alice.enter("/create #helpdesk");
    alice.wait_for("#helpdesk>");
    bob.enter("/join helpdesk");
    alice.wait_for("bob joined #helpdesk");
    alice.enter("/rename #desk");
    alice.wait_for("#helpdesk is now #desk, and #helpdesk still leads to it");
    bob.wait_for("#desk 3 alice renamed the channel to #desk");
    bob.wait_until("has the new prompt", |screen| screen.trim_end().ends_with("#desk>"));
    bob.enter("hello");
    alice.wait_for("#desk 4 bob: hello");
    bob.enter("/msg #helpdesk by the old name");
    alice.wait_for("#desk 5 bob: by the old name");
    bob.type_text("/leave #de");
    bob.press("Tab");
    bob.wait_for("/leave #desk");
    bob.press("C-c");
    bob.enter("/mute #helpdesk");
    bob.wait_for("notifications of #desk: none");
    bob.enter("/quit");
    bob.wait_for_end();

    alice.enter("/rename #support");
    alice.wait_for("#desk is now #support");
    let bobs = configs[1].path().to_owned();
    let again = Terminal::chat_with(node.server(), &bobs, "'#desk'");
    again.wait_for("#support 6 alice renamed the channel to #support");
    again.wait_until("has the newest name", |screen| screen.trim_end().ends_with("#support>"));
    again.enter("/quit");
    again.wait_for_end();

    let linked = Terminal::chat_with(node.server(), &bobs, "'papo:///#helpdesk/4'");
    linked.wait_until("shows the event of the link twice", |screen| {
        screen.matches("#support 4 bob: hello").count() == 2
    });
    linked.enter("/link 4");
    linked.wait_for("/#support/4");
    linked.enter("/quit");
    linked.wait_for_end();
}

#[test]
fn scripts_use_any_name_of_a_channel() {
    let node = Node::up();
    let [alice, bob] = ["alice", "bob"].map(|user| Shell::new(&node, user));
    alice.run_ok(&["create", "#help"]);
    bob.run_ok(&["join", "help"]);
    bob.run_ok(&["send", "#help", "lunch"]);
    for name in ["#desk", "#support"] {
        alice.run_ok(&["channel", "rename", "#help", name]);
    }
    assert_eq!(bob.run(&["channel", "rename", "#support", "#mine"]).code, Some(1), "only owners");
    assert_eq!(bob.run(&["create", "#desk"]).code, Some(1), "a former name is not free");
    for name in ["#help", "#desk", "#support"] {
        bob.run_ok(&["send", name, name]);
        let history = alice.run_ok(&["history", name, "--limit", "1"]);
        assert!(
            history.contains("#support ") && history.trim_end().ends_with(&format!("bob: {name}")),
            "{history}"
        );
        let found = alice.run_ok(&["search", &format!("lunch in:{name}")]);
        assert!(found.contains("#support 3 bob: lunch"), "{found}");
        assert!(alice.run_ok(&["read", name]).contains("0 unread"), "{name}");
    }
    let data = node.data().to_str().expect("UTF-8");
    let exports =
        ["#help", "#desk", "#support"].map(|name| Process::run(["export", name, "--data", data]).output);
    assert!(exports[0].contains("lunch") && exports.iter().all(|export| *export == exports[0]));
    assert!(bob.run_ok(&["channels"]).contains("* #support (2)"));
    let json = alice.run_ok(&["history", "#support", "--json", "--limit", "1"]);
    assert!(json.contains("\"to\":\"#help\""), "the first name: {json}");
    let refused = bob.run(&["channel", "invite", "#nowhere", "alice"]);
    assert!(refused.log.contains("there is no channel #nowhere"), "{}", refused.log);
    let subscribed = bob.run_ok(&["leave", "#desk"]);
    assert_eq!(subscribed, "you are no longer a member of #desk\n");
    let refused = bob.run(&["send", "#desk", "late"]);
    assert!(refused.log.contains("you are not a member of #desk"), "{}", refused.log);
}

#[test]
fn a_display_name_is_shown_next_to_the_name() {
    let node = Node::up();
    let bob = Shell::new(&node, "bob");
    let config = TempDir::new().expect("a folder");
    let alice = Terminal::registered(node.server(), config.path(), "alice");
    alice.enter("/name Alice  Liddell");
    alice.wait_for("others now see Alice Liddell next to your name");
    alice.enter("/name a\u{202e}b");
    alice.wait_for("a display name must be visible");
    let users = bob.run_ok(&["users"]);
    assert!(users.contains("@alice (online) – Alice Liddell"), "{users}");
    bob.run_ok(&["name", "Bob (owner)"]);
    alice.enter("/create #general");
    bob.run_ok(&["join", "general"]);
    alice.wait_for("bob joined #general");
    alice.enter("/members");
    alice.wait_for("@alice (owner) – Alice Liddell");
    alice.wait_for("@bob – Bob (owner)");
    bob.run_ok(&["name", ""]);
    let users = bob.run_ok(&["users", "--json"]);
    assert!(
        !users.contains("Bob (owner)") && users.contains("\"display_name\":\"Alice Liddell\""),
        "{users}"
    );
}
