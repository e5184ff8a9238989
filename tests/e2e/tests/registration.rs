//! Registration with the real binary: the code for the first account, join codes, a closed node, and
//! forgotten passwords.

use e2e::{Node, Process};
use serde_json::Value;
use tempfile::TempDir;

use crate::invites::Newcomer;
use crate::terminal_user::TerminalUser;

fn node(registration: &str) -> Node {
    Node::up_with_flags(TempDir::new().expect("a folder"), &[("registration", registration)])
}

/// Runs `papo register`, which the node must refuse. Returns the log.
fn refused(newcomer: &Newcomer, name: &str, server: &str) -> String {
    let refused = newcomer.run_with_password(&["register", name, "--server", server]);
    assert_eq!(refused.code, Some(1), "{}", refused.log);
    refused.log
}

/// Creates the first account and logs in.
fn register_first(node: &Node) -> Newcomer {
    let alice = Newcomer::new();
    let address = format!("{}/{}", node.server(), node.join_code().expect("a node without accounts"));
    let registered = alice.run_ok(&["register", "alice", "--server", &address]);
    assert!(registered.contains("as the administrator of this node"), "{registered}");
    alice.run_ok(&["login", "alice"]);
    alice
}

/// Runs `papo invite` on the node's machine as a logged-in administrator.
fn invite(node: &Node, administrator: &Newcomer, flags: &[&str]) -> String {
    let [data, config] = [node.data(), administrator.config()].map(|path| path.to_str().expect("UTF-8"));
    let common = ["--clients", node.endpoint("clients"), "--data", data, "--config", config];
    let invited = Process::run(["invite"].iter().chain(flags).chain(&common));
    assert_eq!(invited.code, Some(0), "{}", invited.log);
    invited.output.trim().to_owned()
}

#[test]
fn an_invite_with_a_join_code_registers_one_user() {
    let mut node = node("invite");
    assert!(refused(&Newcomer::new(), "mallory", node.server()).contains("you need a join code"));
    let alice = register_first(&node);
    assert!(!node.log("up").contains("correct horse"));

    assert_eq!(invite(&node, &alice, &[]), node.server(), "without options, the address as before");
    let address = invite(&node, &alice, &["--uses", "1", "--days", "7", "--note", "kim"]);
    assert!(address.starts_with(&format!("{}/", node.server())), "{address}");
    let listed = alice.run_ok(&["admin", "join-code", "list"]);
    assert!(listed.contains("by @alice, uses left: 1, expires ") && listed.ends_with(": kim\n"), "{listed}");
    let kim = Newcomer::new();
    kim.run_ok(&["register", "kim", "--server", &address]);
    assert!(refused(&kim, "mallory", &address).contains("this join code is wrong, used up or expired"));
    kim.run_ok(&["login", "kim"]);
    assert!(kim.run_ok(&["users"]).contains("alice"), "the code is not stored as a part of the address");

    let created = alice.run_ok(&["admin", "join-code", "create", "--json"]);
    let created: Value = serde_json::from_str(&created).expect("a line of JSON");
    let [id, address] = ["id", "invite"].map(|name| created[name].as_str().expect("a string"));
    alice.run_ok(&["admin", "join-code", "revoke", id]);
    assert!(refused(&kim, "mallory", address).contains("this join code is wrong, used up or expired"));

    node.restart("up");
    assert_eq!(node.join_code(), None, "accounts exist");
    assert_eq!(node.verify()["whole"], true);
}

#[test]
fn the_chat_registers_with_an_address_or_a_code() {
    let node = node("invite");
    let address = format!("{}/{}", node.server(), node.join_code().expect("a code"));
    let alice = TerminalUser::register_at(&address, "alice", "en", "");
    alice.types("/admin invite 2");
    alice.sees("new accounts: 2, expires ");
    alice.types("/admin join-codes");
    alice.sees("by @alice, uses left: 2");
    let screen = alice.terminal.transcript().replace('\n', "");
    let (_, code) = screen.split_once(&format!("{}/", node.server())).expect("an address");
    TerminalUser::register_at(node.server(), "joão", "pt-BR", &format!("--code {}", &code[..32]));
    alice.types("/admin join-codes");
    alice.sees("by @alice, uses left: 1");
}

#[test]
fn a_server_process_prints_a_code_while_no_account_exists() {
    let mut node = Node::in_three_processes();
    assert_eq!(node.join_code(), None, "the tests' nodes are open");
    node.set_flag("server", "registration", "invite");
    node.restart("server");
    let unused = node.join_code().expect("a code").to_owned();
    node.restart("server");
    assert_ne!(node.join_code(), Some(&*unused), "each start makes a new code");
    let log = node.log("server");
    assert!(log.contains(&format!("papo chat --code {}", node.join_code().expect("a code"))), "{log}");
    let old = format!("{}/{unused}", node.server());
    assert!(refused(&Newcomer::new(), "mallory", &old).contains("this join code is wrong"));
    register_first(&node);
    node.restart("server");
    assert_eq!(node.join_code(), None);
}

#[test]
fn a_closed_node_accepts_only_the_first_account() {
    let node = node("closed");
    let alice = register_first(&node);
    let address = invite(&node, &alice, &["--uses", "1"]);
    for server in [node.server(), &address] {
        assert!(refused(&Newcomer::new(), "kim", server).contains("this node does not accept new accounts"));
    }
}

#[test]
#[expect(clippy::disallowed_methods, reason = "a user's own file")]
fn an_administrator_gives_a_code_for_a_forgotten_password() {
    let node = Node::up();
    let (alice, bob) = (Newcomer::new(), Newcomer::new());
    for (newcomer, name) in [(&alice, "alice"), (&bob, "bob")] {
        newcomer.run_ok(&["register", name, "--server", node.server()]);
        newcomer.run_ok(&["login", name]);
    }
    let reset = alice.run_ok(&["admin", "reset-password", "bob", "--json"]);
    let reset: Value = serde_json::from_str(&reset).expect("a line of JSON");
    let code = reset["code"].as_str().expect("a code");
    let file = bob.config().join("new_password");
    std::fs::write(&file, "battery staple").expect("written");
    let file = file.to_str().expect("UTF-8");
    let command = ["reset-password", "bob", code, "--new-password-file", file];
    let changed = bob.run(&command);
    assert_eq!(changed.code, Some(0), "{}", changed.log);
    assert!(changed.output.contains("the password of bob was changed"), "{}", changed.output);
    let again = bob.run(&command);
    assert!(again.code == Some(1) && again.log.contains("the code was used or has expired"), "{}", again.log);
    assert_eq!(bob.run(&["users"]).code, Some(1), "the sessions ended");
    assert_eq!(bob.run_with_password(&["login", "bob"]).code, Some(1), "the old password");
    assert_eq!(bob.run(&["login", "bob", "--password-file", file]).code, Some(0));
    assert!(!node.log("up").contains(code), "the log of the process holds no code");
}
