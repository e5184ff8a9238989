//! A user at a terminal, and the comparison of terminals with transcripts in documents.

use std::path::PathBuf;
use std::process::Command;

use e2e::{Finished, Node, Process, Terminal, binary};
use tempfile::TempDir;

const PASSWORD: &str = "correct horse";

pub(crate) struct TerminalUser {
    pub(crate) name: &'static str,
    pub(crate) terminal: Terminal,
    config: TempDir,
}

impl TerminalUser {
    /// Starts a chat and registers an account.
    pub(crate) fn register(node: &Node, name: &'static str, lang: &str) -> Self {
        Self::register_at(node.server(), name, lang, "")
    }

    /// Starts a chat with `server` and more flags, and registers an account.
    pub(crate) fn register_at(server: &str, name: &'static str, lang: &str, flags: &str) -> Self {
        let config = TempDir::new().expect("a folder");
        let terminal = Terminal::chat_with(server, config.path(), &format!("--lang {lang} {flags}"));
        let (choose, again, you_are) = match lang {
            "en" => ("choose a password:", "repeat the password:", "you are "),
            _ => ("escolha uma senha:", "repita a senha:", "você é "),
        };
        let user = Self { name, terminal, config };
        user.sees("papo>");
        user.types(&format!("/register {name}"));
        user.sees(choose);
        user.types(PASSWORD);
        user.sees(again);
        user.types(PASSWORD);
        user.sees(&format!("{you_are}{name}"));
        user.sees_prompt("papo>");
        user
    }

    pub(crate) fn types(&self, line: &str) {
        self.terminal.enter(line);
    }

    pub(crate) fn sees(&self, text: &str) {
        self.terminal.wait_for(text);
    }

    /// Waits for an empty prompt.
    pub(crate) fn sees_prompt(&self, prompt: &str) {
        self.terminal.wait_until(&format!("asks {prompt:?}"), |screen| screen.trim_end().ends_with(prompt));
    }

    /// Sends a message, and waits until the recipients and the sender see it.
    pub(crate) fn sends(&self, text: &str, to: &[&Self]) {
        self.types(text);
        for user in to.iter().chain([&self]) {
            user.sees(&format!("{}: {text}", self.name));
        }
    }

    /// Waits until the chat ends, and starts another chat with the stored session.
    pub(crate) fn reopen_chat(&mut self, server: &str, flags: &str) {
        self.terminal.wait_for_end();
        self.terminal = Terminal::chat_with(server, self.config.path(), flags);
    }

    /// Runs a chat without a terminal, which reads these lines from standard input. The node must be in plain
    /// text.
    pub(crate) fn run_piped(&self, node: &Node, lines: &str, downloads: &str) -> Finished {
        self.write_file("lines", lines.as_bytes());
        let folder = self.config.path();
        let mut chat = Command::new("sh");
        chat.current_dir(folder).args(["-c", "exec \"$0\" \"$@\" < lines"]).arg(binary());
        chat.args(["chat", "--plaintext", "--lang", "en", "--server", node.server()]);
        chat.arg("--config").arg(folder).arg("--downloads").arg(downloads);
        Process::start(chat).finish()
    }

    #[expect(clippy::disallowed_methods, reason = "a user's own file")]
    pub(crate) fn write_file(&self, name: &str, content: &[u8]) {
        std::fs::write(self.path(name), content).expect("written");
    }

    #[expect(clippy::disallowed_methods, reason = "a user's own file")]
    pub(crate) fn downloaded(&self, name: &str) -> Vec<u8> {
        let path = self.path("papo_downloads").join(name);
        std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
    }

    fn path(&self, name: &str) -> PathBuf {
        self.config.path().join(name)
    }

    pub(crate) fn run_script(&self, node: &Node, arguments: &[&str]) -> Finished {
        let config = self.config.path().to_str().expect("UTF-8");
        Process::run(arguments.iter().chain(&["--server", node.server(), "--config", config]))
    }
}

/// Asserts that the terminal shows every line of the transcript, and the events in the same order. Other
/// lines may have a different order, because two threads print.
pub(crate) fn assert_matches_screen(written: &str, shown_text: &str) {
    let lines = |text: &str| text.lines().map(without_time).collect::<Vec<_>>();
    let is_event = |line: &&String| line.starts_with("00:00");
    let (expected, shown) = (lines(written), lines(shown_text));
    let mut unmatched = shown.clone();
    for line in &expected {
        let at = unmatched.iter().position(|other| other == line);
        let at = at.unwrap_or_else(|| {
            panic!("{line:?} is in the document, but not on the screen:\n{shown_text}\n{UPDATE}")
        });
        unmatched.swap_remove(at);
    }
    let mut events = shown.iter().filter(is_event);
    for event in expected.iter().filter(is_event) {
        assert!(
            events.any(|other| other == event),
            "{event:?} is on the screen in another order:\n{shown_text}\n{UPDATE}"
        );
    }
}

const UPDATE: &str = "UPDATE_DOCS=1 cargo test -p e2e rewrites the document";

/// Replaces the time at the start of an event's line with 00:00.
fn without_time(line: &str) -> String {
    let is_time = |head: &str| {
        head.bytes().enumerate().all(|(i, b)| if i == 2 { b == b':' } else { b.is_ascii_digit() })
    };
    match line.split_at_checked(5) {
        Some((head, rest)) if is_time(head) => format!("00:00{rest}"),
        Some(_) | None => line.to_owned(),
    }
}

pub(crate) fn capitalised(name: &str) -> String {
    let mut characters = name.chars();
    let first = characters.next().map(|first| first.to_uppercase().to_string());
    first.unwrap_or_default() + characters.as_str()
}
