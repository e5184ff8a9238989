//! Coming to a node with an invite, and coming back without one.

use std::path::Path;

use e2e::{Finished, Node, PASSWORD, Process};
use tempfile::TempDir;

/// Somebody who starts papo where there is no data folder.
struct Newcomer {
    config: TempDir,
}

impl Newcomer {
    #[expect(clippy::disallowed_methods, reason = "a person's own file")]
    fn new() -> Self {
        let config = TempDir::new().expect("a folder");
        std::fs::write(config.path().join("password"), PASSWORD).expect("written");
        Self { config }
    }

    fn runs(&self, arguments: &[&str]) -> Finished {
        let path = |path: &Path| path.to_str().expect("UTF-8").to_owned();
        let flags = ["--timeout", "1", "--config"].map(str::to_owned);
        let arguments = arguments.iter().map(|argument| (*argument).to_owned());
        Process::run(arguments.chain(flags).chain([path(self.config.path())]))
    }

    /// With the password, which not every command takes.
    fn signs(&self, arguments: &[&str]) -> Finished {
        let password = self.config.path().join("password");
        self.runs(&[arguments, &["--password-file", password.to_str().expect("UTF-8")]].concat())
    }
}

/// The invite with one digit of the key wrong.
fn mistyped(invite: &str) -> String {
    let (key, place) = invite.split_once('@').expect("an invite");
    let wrong = if key.ends_with('0') { '1' } else { '0' };
    format!("{}{wrong}@{place}", &key[..key.len() - 1])
}

#[test]
fn a_mistyped_invite_does_not_lock_out_the_right_one() {
    let node = Node::up();
    let kim = Newcomer::new();
    let lost = kim.signs(&["register", "kim", "--server", &mistyped(node.server())]);
    assert_eq!(lost.code, Some(3), "{}", lost.log);
    let registered = kim.signs(&["register", "kim", "--server", node.server()]);
    assert_eq!(registered.code, Some(0), "{}", registered.log);
    let refused = kim.runs(&["users", "--server", &mistyped(node.server())]);
    assert!(refused.log.contains("the key in the invite is not the known key of"), "{}", refused.log);
}

#[test]
fn whoever_came_with_an_invite_comes_back_without_it() {
    let node = Node::up();
    let kim = Newcomer::new();
    let registered = kim.signs(&["register", "kim", "--server", node.server()]);
    assert!(registered.output.contains("log in with: papo login kim"), "{}", registered.output);
    let logged_in = kim.signs(&["login", "kim"]);
    assert_eq!(logged_in.code, Some(0), "{}", logged_in.log);
    let elsewhere = kim.runs(&["users", "--server", "papo://nobody@127.0.0.1:9"]);
    assert_eq!(elsewhere.code, Some(2), "{}", elsewhere.log);
    let users = kim.runs(&["users"]);
    assert!(users.output.contains("kim"), "{}", users.log);
}
