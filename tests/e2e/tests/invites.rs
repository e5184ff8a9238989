//! Tests of the first connection to a node with an invite, and of later connections without the invite.

use std::path::Path;

use e2e::{Finished, Node, PASSWORD, Process};
use tempfile::TempDir;

/// A user who starts papo in a folder without a data folder.
struct Newcomer {
    config: TempDir,
}

impl Newcomer {
    #[expect(clippy::disallowed_methods, reason = "a user's own file")]
    fn new() -> Self {
        let config = TempDir::new().expect("a folder");
        std::fs::write(config.path().join("password"), PASSWORD).expect("written");
        Self { config }
    }

    fn run(&self, arguments: &[&str]) -> Finished {
        let path = |path: &Path| path.to_str().expect("UTF-8").to_owned();
        let flags = ["--timeout", "1", "--config"].map(str::to_owned);
        let arguments = arguments.iter().map(|argument| (*argument).to_owned());
        Process::run(arguments.chain(flags).chain([path(self.config.path())]))
    }

    /// Runs papo with the password in the environment.
    fn run_with_password(&self, arguments: &[&str]) -> Finished {
        let password = self.config.path().join("password");
        self.run(&[arguments, &["--password-file", password.to_str().expect("UTF-8")]].concat())
    }
}

/// The invite with one wrong digit in its key.
fn mistyped(invite: &str) -> String {
    let (key, place) = invite.split_once('@').expect("an invite");
    let wrong = if key.ends_with('0') { '1' } else { '0' };
    format!("{}{wrong}@{place}", &key[..key.len() - 1])
}

#[test]
fn a_mistyped_invite_does_not_block_the_correct_one() {
    let node = Node::up();
    let kim = Newcomer::new();
    let lost = kim.run_with_password(&["register", "kim", "--server", &mistyped(node.server())]);
    assert_eq!(lost.code, Some(3), "{}", lost.log);
    let registered = kim.run_with_password(&["register", "kim", "--server", node.server()]);
    assert_eq!(registered.code, Some(0), "{}", registered.log);
    let refused = kim.run(&["users", "--server", &mistyped(node.server())]);
    assert!(refused.log.contains("the key in the invite is not the known key of"), "{}", refused.log);
}

#[test]
fn the_invite_is_needed_only_once() {
    let node = Node::up();
    let kim = Newcomer::new();
    let registered = kim.run_with_password(&["register", "kim", "--server", node.server()]);
    assert!(registered.output.contains("log in with: papo login kim"), "{}", registered.output);
    let logged_in = kim.run_with_password(&["login", "kim"]);
    assert_eq!(logged_in.code, Some(0), "{}", logged_in.log);
    let elsewhere = kim.run(&["users", "--server", "papo://nobody@127.0.0.1:9"]);
    assert_eq!(elsewhere.code, Some(2), "{}", elsewhere.log);
    let users = kim.run(&["users"]);
    assert!(users.output.contains("kim"), "{}", users.log);
}

/// The first account needs the code in the node's log. `papo invite` creates codes for the others.
#[test]
fn an_invite_with_a_join_code_registers_one_user() {
    let node = Node::up_with_flags(TempDir::new().expect("a folder"), &[("registration", "invite")]);
    let log = node.log("up");
    let first =
        log.split(&[' ', '`'][..]).find(|word| word.starts_with("papo://") && word.matches('/').count() == 3);
    let (alice, kim, first) =
        (Newcomer::new(), Newcomer::new(), first.expect("a code for the first account"));
    for command in [&["register", "alice", "--server", first][..], &["login", "alice", "--server", first]] {
        let done = alice.run_with_password(command);
        assert_eq!(done.code, Some(0), "{}", done.log);
    }
    let refused = kim.run_with_password(&["register", "kim", "--server", node.server()]);
    assert!(refused.log.contains("you need a join code"), "{}", refused.log);

    let [data, config] =
        [node.data(), alice.config.path()].map(|path| path.to_str().expect("UTF-8").to_owned());
    let flags = ["--clients", node.endpoint("clients"), "--data", &data, "--config", &config];
    let invited =
        Process::run(["invite", "--uses", "1", "--days", "1", "--note", "kim"].into_iter().chain(flags));
    let invite = invited.output.trim();
    assert!(invite.starts_with(&format!("{}/", node.server())), "{invite}{}", invited.log);
    let registered = kim.run_with_password(&["register", "kim", "--server", invite]);
    assert_eq!(registered.code, Some(0), "{}", registered.log);
    let refused = kim.run_with_password(&["register", "mallory", "--server", invite]);
    assert!(refused.log.contains("wrong, used up or expired"), "{}", refused.log);
    let login = kim.run_with_password(&["login", "kim"]);
    assert_eq!(login.code, Some(0), "the code is not stored as part of the address: {}", login.log);
}

#[test]
fn an_administrator_gives_a_code_for_a_forgotten_password() {
    let node = Node::up();
    let (alice, bob) = (Newcomer::new(), Newcomer::new());
    for (newcomer, name) in [(&alice, "alice"), (&bob, "bob")] {
        let registered = newcomer.run_with_password(&["register", name, "--server", node.server()]);
        assert_eq!(registered.code, Some(0), "{}", registered.log);
    }
    assert_eq!(alice.run_with_password(&["login", "alice"]).code, Some(0));
    let reset = alice.run(&["admin", "reset-password", "bob", "--json"]);
    let reset: serde_json::Value = serde_json::from_str(&reset.output).expect("a line of JSON");
    let code = reset["code"].as_str().expect("a code");
    let password = bob.config.path().join("password");
    let password = password.to_str().expect("UTF-8");
    let command = ["reset-password", "bob", code, "--new-password-file", password];
    let changed = bob.run(&command);
    assert_eq!(changed.code, Some(0), "{}", changed.log);
    assert_eq!(bob.run(&command).code, Some(1), "a code works once");
    assert_eq!(bob.run_with_password(&["login", "bob"]).code, Some(0));
}
