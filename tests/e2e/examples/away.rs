//! Measures the login after an absence in which 10,000 messages arrived in 20 conversations.
//!
//! ```text
//! cargo build --release --package papo && cargo run --release --package e2e --example away
//! ```
//!
//! Each of ten readers starts `papo chat` once, with a stored session. The example measures the time from the
//! start of the process to the summary of unread messages, and to the first unread message.
#![expect(
    clippy::print_stdout,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "an example that prints its measurements"
)]

use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};
use std::time::Duration;

use e2e::{Node, PASSWORD, binary, peers};
use tempfile::TempDir;
use transport::clock;
use uuid::Uuid;

const CONVERSATIONS: usize = 20;
const MESSAGES: usize = 500;
const READERS: usize = 10;

fn main() {
    let node = Node::up_without_user_limits(&[]);
    let [mut alice] = peers(&node, ["alice"]);
    let readers: Vec<_> = (0..READERS).map(|i| format!("reader{i}")).collect();
    let channels: Vec<_> = (0..CONVERSATIONS).map(|i| format!("#c{i:02}")).collect();
    channels.iter().for_each(|channel| drop(alice.create(channel).expect("a channel")));
    let configs: Vec<_> = readers.iter().map(|reader| log_in(&node, reader, &channels)).collect();
    for channel in &channels {
        let text = |i| if i == MESSAGES / 2 { "@here, a question" } else { "a message of the usual length" };
        let line = |i| alice.message_line(Uuid::now_v7(), channel, text(i));
        let lines: Vec<_> = (0..MESSAGES).map(line).collect();
        alice.post(&lines.concat());
        let _answers = alice.reply();
    }
    let mut times: Vec<_> = configs.iter().map(|config| chat(&node, config)).collect();
    for (what, of) in [("summary", 0), ("first unread message", 1)] {
        times.sort_by_key(|time| time[of]);
        println!("{what}: median {:?}, slowest {:?}", times[READERS / 2][of], times[READERS - 1][of]);
    }
}

/// A config folder with the session of a new user, who is a member of all channels.
fn log_in(node: &Node, user: &str, channels: &[String]) -> TempDir {
    let config = TempDir::new().expect("a folder");
    let joins = channels.iter().map(|channel| vec!["join", channel]);
    for arguments in [vec!["register", user], vec!["login", user]].into_iter().chain(joins) {
        let done = papo(node, &config).args(&arguments).output().expect("papo");
        assert!(done.status.success(), "{arguments:?}");
    }
    config
}

fn papo(node: &Node, config: &TempDir) -> Command {
    let mut command = Command::new(binary());
    command
        .env("PAPO_SERVER", node.server())
        .env("PAPO_CONFIG", config.path())
        .env("PAPO_PASSWORD", PASSWORD);
    command
}

/// The times to the summary and to the first unread message.
fn chat(node: &Node, config: &TempDir) -> [Duration; 2] {
    let begun = clock::now();
    let mut command = papo(node, config);
    command.arg("chat").stdin(Stdio::null()).stdout(Stdio::piped());
    let mut child = command.spawn().expect("papo");
    let mut times = [Duration::ZERO; 2];
    for line in BufReader::new(child.stdout.take().expect("a pipe")).lines().map_while(Result::ok) {
        if line == format!("{} unread messages in {CONVERSATIONS} conversations", CONVERSATIONS * MESSAGES) {
            times[0] = begun.elapsed();
        } else if line.contains("alice: ") && times[1].is_zero() {
            times[1] = begun.elapsed();
        }
    }
    assert!(child.wait().expect("an end").success() && times.iter().all(|time| !time.is_zero()), "{times:?}");
    times
}
