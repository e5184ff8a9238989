//! Tests that messages of another day show their date.

use std::path::Path;
use std::process::Command;

use e2e::{Node, Process, Terminal, binary};
use tempfile::TempDir;

/// The SHA-256 of "test": the password hash of an imported chat.
const HASH: &str = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";

fn path(path: &Path) -> String {
    path.to_str().expect("UTF-8").to_owned()
}

#[expect(clippy::disallowed_methods, reason = "input files of the test")]
fn file(folder: &TempDir, name: &str, text: &str) -> String {
    let file = folder.path().join(name);
    std::fs::write(&file, text).expect("written");
    path(&file)
}

/// A node with an imported message of 2020-01-31, 12:00 UTC, which is the same date in almost every time
/// zone.
fn node_with_a_past(folder: &TempDir) -> Node {
    let data = TempDir::new().expect("a folder");
    let noon = 1_580_472_000_000_u64;
    let message = format!(r##"{{"at":{noon},"from":"alice","to":"#general","text":"long ago"}}"##);
    let users = file(folder, "users", &format!(r#"{{"alice":"{HASH}"}}"#));
    let channels = file(folder, "channels", r##"{"#general":["alice"]}"##);
    let messages = file(folder, "messages", &message);
    let flags = ["--users", &users, "--channels", &channels, "--messages", &messages, "--data"];
    let imported = Process::run([&["import"], &flags[..], &[&path(data.path())]].concat());
    assert_eq!(imported.code, Some(0), "{}", imported.log);
    Node::up_on(data)
}

#[test]
fn messages_of_another_day_show_their_date() {
    let alices = TempDir::new().expect("a folder");
    let node = node_with_a_past(&alices);
    let config = path(alices.path());
    let password = file(&alices, "password", "test");
    let script = |arguments: &[&str]| {
        let place = ["--server", node.server(), "--config", &config];
        let finished = Process::run([arguments, &place].concat());
        assert_eq!(finished.code, Some(0), "{}", finished.log);
        finished.output
    };
    script(&["login", "alice", "--password-file", &password]);
    for found in [script(&["history", "#general"]), script(&["search", "ago"])] {
        let line = found.lines().find(|line| line.ends_with("alice: long ago")).expect("the message");
        assert!(line.starts_with("2020-01-31 "), "{found}");
    }
    let history = script(&["history", "#general"]);
    assert!(history.lines().any(|line| line.ends_with("alice created #general") && !line.contains('-')));

    let chat = Terminal::chat_with(node.server(), alices.path(), "--plain --lang pt-BR");
    chat.wait_for_output("alice: long ago");
    chat.enter("just now");
    chat.wait_for_output("alice: just now");
    let output = chat.output().replace("\r\n", "\n");
    let shown: Vec<_> = output.lines().skip_while(|line| !line.starts_with("-- #general")).collect();
    let days: Vec<_> = shown.iter().filter(|line| line.starts_with("-- 20")).collect();
    let at = |text: &str| shown.iter().position(|line| line.contains(text)).expect(text);
    assert_eq!(
        days.len(),
        2,
        "one date line before the old message and one before the new message: {output}"
    );
    assert_eq!(at("-- 2020-01-31 --") + 1, at("alice: long ago"), "{output}");
    chat.enter("/search ago");
    chat.wait_until_output("finds it", |output| {
        output.lines().any(|line| line.starts_with("2020-01-31 ") && line.contains("alice: long ago"))
    });
    chat.enter("/quit");
    chat.wait_for_end();
}

#[test]
fn days_in_a_search_are_days_of_the_user() {
    let alices = TempDir::new().expect("a folder");
    let node = node_with_a_past(&alices);
    let password = file(&alices, "password", "test");
    let papo = |arguments: &[&str]| {
        let mut command = Command::new(binary());
        // 14 hours ahead of UTC: the message of 2020-01-31, 12:00 UTC, is of 2020-02-01.
        command.args(arguments).args(["--server", node.server(), "--config", &path(alices.path())]);
        command.env("TZ", "<+14>-14");
        let finished = Process::start(command).finish();
        assert_eq!(finished.code, Some(0), "{}", finished.log);
        finished.output
    };
    papo(&["login", "alice", "--password-file", &password]);
    for (query, is_found) in [
        ("ago after:2020-02-01", true),
        ("ago before:2020-02-01", false),
        ("ago before:2020-02-02", true),
        ("ago after:2020-02-02", false),
        ("ago after:2020-01-31T12:00:00Z", true),
    ] {
        assert_eq!(!papo(&["search", query]).is_empty(), is_found, "{query}");
    }
}
