//! Tests of private channels, roles, bans, broadcasts and search, in real terminals.

use e2e::{Node, Terminal, peers};
use serde_json::json;
use tempfile::TempDir;

fn register(node: &Node, config: &TempDir, name: &str) -> Terminal {
    Terminal::registered(node.server(), config.path(), name)
}

#[test]
fn members_are_invited_promoted_kicked_and_banned() {
    let node = Node::up();
    let configs = [(); 3].map(|()| TempDir::new().expect("a folder"));
    let [alice, bob, eva] =
        [("alice", 0), ("bob", 1), ("eva", 2)].map(|(name, i)| register(&node, &configs[i], name));
    alice.enter("/create #trabalho private");
    alice.wait_for("#trabalho>");
    alice.enter("/topic o plano");
    alice.wait_for("the subject of #trabalho was changed");
    alice.enter("/invite bob");
    bob.wait_for("alice invites you to #trabalho: /accept #trabalho or /decline #trabalho");
    alice.enter("/invite eva");
    eva.wait_for("alice invites you to #trabalho");

    // In a later chat the invitation is still listed.
    bob.enter("/quit");
    bob.wait_for_end();
    let bob = Terminal::chat(node.server(), configs[1].path());
    bob.wait_for("you are invited to #trabalho by alice: /accept #trabalho or /decline #trabalho");
    bob.enter("/accept");
    bob.wait_for("#trabalho>");
    alice.wait_for("bob joined #trabalho");
    eva.enter("/decline #trabalho");
    eva.wait_for("you declined the invitation to #trabalho");
    alice.wait_for("eva declined the invitation to #trabalho");
    eva.enter("/invitations");
    eva.wait_for("you have no invitations");
    eva.enter("/join #trabalho");
    eva.wait_for("there is no channel #trabalho");

    alice.enter("/role bob moderator");
    bob.wait_for("made bob a moderator");
    bob.enter("/members");
    bob.wait_for("@alice (owner)");
    bob.wait_for("@bob (moderator)");
    bob.enter("/invite eva");
    eva.wait_for("bob invites you to #trabalho");
    eva.enter("/accept #trabalho");
    eva.wait_for("#trabalho>");
    bob.enter("olá a todos");
    eva.wait_for("bob: olá a todos");
    alice.enter("/kick eva");
    eva.wait_for("alice removed you from #trabalho");
    bob.enter("/bans");
    bob.wait_for("nobody is banned from #trabalho");
    bob.enter("/ban eva");
    bob.wait_for("bob banned eva");
    bob.enter("/bans");
    bob.wait_for("@eva (banned by @bob, 20");
    bob.enter("/leave");
    alice.wait_for("bob left #trabalho");
}

#[test]
fn only_an_administrator_can_broadcast() {
    let node = Node::up();
    let configs = [(); 2].map(|()| TempDir::new().expect("a folder"));
    let [alice, bob] = [("alice", 0), ("bob", 1)].map(|(name, i)| register(&node, &configs[i], name));
    alice.enter("/msg * a server goes down at noon");
    bob.wait_for("* 1 alice: a server goes down at noon");
    bob.enter("/msg * who says so?");
    bob.wait_for("only administrators of the node may do this");

    // A revoked session moves the broadcast topic. All clients must follow it.
    let [mut eva] = peers(&node, ["eva"]);
    eva.login("eva").expect("a second session");
    eva.call("session.revoke", json!({})).expect("the first session ends");
    alice.enter("/broadcast it is up again");
    bob.wait_for("* 2 alice: it is up again");
    assert_eq!(eva.history("*").len(), 2);
}

#[test]
fn a_banned_user_cannot_rejoin_until_the_ban_is_revoked() {
    let node = Node::up();
    let configs = [(); 2].map(|()| TempDir::new().expect("a folder"));
    let [alice, bob] = [("alice", 0), ("bob", 1)].map(|(name, i)| register(&node, &configs[i], name));
    alice.enter("/create #general");
    alice.wait_for("#general>");
    bob.enter("/join #general");
    alice.wait_for("bob joined #general");
    bob.enter("/ban alice");
    bob.wait_for("papo: your role in #general does not allow this");
    alice.enter("/ban bob");
    bob.wait_for("alice banned you from #general");
    alice.wait_for("alice banned bob");
    bob.enter("/join #general");
    bob.wait_for("papo: you are banned from #general");
    alice.enter("/invite bob");
    alice.wait_for("papo: bob is banned from #general: lift the ban first");
    alice.enter("said while he was out");
    alice.wait_for("alice: said while he was out");
    alice.enter("/unban bob");
    alice.wait_for("alice lifted the ban of bob");
    bob.enter("/join #general");
    alice.wait_until("sees bob again", |screen| screen.matches("bob joined #general").count() == 2);
    bob.enter("back again");
    alice.wait_for("bob: back again");
}

#[test]
fn search_finds_messages_only_for_their_readers() {
    let node = Node::up();
    let configs = [(); 2].map(|()| TempDir::new().expect("a folder"));
    let [alice, bob] = [("alice", 0), ("bob", 1)].map(|(name, i)| register(&node, &configs[i], name));
    alice.enter("/create #plans private");
    alice.wait_for("#plans>");
    for text in ["a situação está resolvida", "the deployment is done", "deploying once again"] {
        alice.enter(text);
        alice.wait_for(&format!("alice: {text}"));
    }
    bob.enter("@alice");
    bob.wait_for("@alice>");
    bob.enter("I deployed, too");
    alice.wait_for("bob: I deployed, too");
    let times = |text: &'static str, count| move |screen: &str| screen.matches(text).count() == count;
    // Each text is on the screen once before the searches.
    alice.enter("/search SITUACAO");
    alice.wait_until("finds a word without its accents", times("alice: a situação está resolvida", 2));
    alice.enter("/search deploy from:alice in:#plans");
    alice.wait_until("finds a word in other forms", times("alice: the deployment is done", 2));
    alice.wait_until("finds all of them", times("alice: deploying once again", 2));
    alice.enter("/search \"once again\"");
    alice.wait_until("finds a phrase", times("alice: deploying once again", 3));
    assert_eq!(
        alice.screen().matches("bob: I deployed, too").count(),
        1,
        "another sender, another conversation"
    );
    alice.enter("/search \"again once\"");
    alice.wait_for("no messages found");
    alice.enter("/search before:yesterday");
    alice.wait_for("papo: ");

    bob.enter("/search deploy");
    bob.wait_until("finds his own", times("bob: I deployed, too", 2));
    assert!(!bob.screen().contains("deploying"), "{}", bob.screen());
    bob.enter("/search deploy in:#plans");
    bob.wait_for("there is no channel #plans");
}
