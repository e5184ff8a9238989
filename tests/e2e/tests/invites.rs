//! Tests of the first connection to a node with an invite, and of later connections without the invite.

use std::path::Path;

use e2e::{Finished, Node, PASSWORD, Process};
use tempfile::TempDir;

/// A user who starts papo in a folder without a data folder.
pub(crate) struct Newcomer {
    config: TempDir,
}

impl Newcomer {
    #[expect(clippy::disallowed_methods, reason = "a user's own file")]
    pub(crate) fn new() -> Self {
        let config = TempDir::new().expect("a folder");
        std::fs::write(config.path().join("password"), PASSWORD).expect("written");
        Self { config }
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Finished {
        let path = |path: &Path| path.to_str().expect("UTF-8").to_owned();
        let flags = ["--timeout", "1", "--config"].map(str::to_owned);
        let arguments = arguments.iter().map(|argument| (*argument).to_owned());
        Process::run(arguments.chain(flags).chain([path(self.config.path())]))
    }

    /// Runs papo with the password in the environment.
    pub(crate) fn run_with_password(&self, arguments: &[&str]) -> Finished {
        self.run(&[arguments, &["--password-file", &self.password_file()]].concat())
    }

    /// Runs papo, which must succeed. Returns its output.
    pub(crate) fn run_ok(&self, arguments: &[&str]) -> String {
        let needs_password = matches!(arguments.first(), Some(&("register" | "login")));
        let finished = if needs_password { self.run_with_password(arguments) } else { self.run(arguments) };
        assert_eq!(finished.code, Some(0), "{arguments:?}: {}", finished.log);
        finished.output
    }

    fn password_file(&self) -> String {
        self.config.path().join("password").to_str().expect("UTF-8").to_owned()
    }

    pub(crate) fn config(&self) -> &Path {
        self.config.path()
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
