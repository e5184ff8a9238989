//! Groups and broadcasts, from the terminals of those in them.

use e2e::{Node, PASSWORD, Terminal, peers};
use serde_json::json;
use tempfile::TempDir;

fn register(node: &Node, config: &TempDir, name: &str) -> Terminal {
    let terminal = Terminal::chat(node.server(), config.path());
    terminal.wait_for("papo>");
    terminal.enter(&format!("/register {name}"));
    terminal.wait_for("choose a password:");
    terminal.enter(PASSWORD);
    terminal.wait_for("once more:");
    terminal.enter(PASSWORD);
    terminal.wait_for(&format!("you are {name}"));
    terminal
}

#[test]
fn a_group_from_the_invitation_to_the_end() {
    let node = Node::up();
    let configs = [(); 3].map(|()| TempDir::new().expect("a folder"));
    let [alice, bob, eva] =
        [("alice", 0), ("bob", 1), ("eva", 2)].map(|(name, i)| register(&node, &configs[i], name));
    alice.enter("/create #trabalho private");
    alice.wait_for("#trabalho>");
    alice.enter("/topic o plano");
    alice.wait_for("the subject of #trabalho is set");
    alice.enter("/invite bob");
    bob.wait_for("alice invites you to #trabalho: /accept #trabalho or /decline #trabalho");
    alice.enter("/invite eva");
    eva.wait_for("alice invites you to #trabalho");

    // Later, in another session: the invitation is still there.
    bob.enter("/quit");
    bob.wait_for_end();
    let bob = Terminal::chat(node.server(), configs[1].path());
    bob.wait_for("you are invited to #trabalho by alice: /accept #trabalho or /decline #trabalho");
    bob.enter("/accept");
    bob.wait_for("#trabalho>");
    alice.wait_for("bob joined #trabalho");
    eva.enter("/decline #trabalho");
    eva.wait_for("you do not join #trabalho");
    alice.wait_for("eva does not join #trabalho");
    eva.enter("/invitations");
    eva.wait_for("there are no invitations");
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
    bob.enter("/leave");
    alice.wait_for("bob left #trabalho");
}

#[test]
fn an_administrator_speaks_to_everybody() {
    let node = Node::up();
    let configs = [(); 2].map(|()| TempDir::new().expect("a folder"));
    let [alice, bob] = [("alice", 0), ("bob", 1)].map(|(name, i)| register(&node, &configs[i], name));
    alice.enter("/msg * a server goes down at noon");
    bob.wait_for("* 1 alice: a server goes down at noon");
    bob.enter("/msg * who says so?");
    bob.wait_for("only administrators may do this");

    // Somebody's sessions end, and the topic moves; everybody finds it by themselves.
    let [mut eva] = peers(&node, ["eva"]);
    eva.login("eva").expect("a second session");
    eva.call("session.revoke", json!({})).expect("the first one is over");
    alice.enter("/msg * it is up again");
    bob.wait_for("* 2 alice: it is up again");
    assert_eq!(eva.history("*").len(), 2);
}
