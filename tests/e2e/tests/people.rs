//! People at terminals, and documents that show what they see.

use std::path::PathBuf;
use std::process::Command;

use e2e::{Finished, Node, Process, Terminal, binary};
use tempfile::TempDir;

const PASSWORD: &str = "correct horse";

/// Somebody at a terminal.
pub(crate) struct Person {
    pub(crate) name: &'static str,
    pub(crate) terminal: Terminal,
    config: TempDir,
}

impl Person {
    /// Sits down, and makes an account.
    pub(crate) fn register(node: &Node, name: &'static str, lang: &str) -> Self {
        Self::register_at(node.server(), name, lang, "")
    }

    /// The same, with a server and flags of their own.
    pub(crate) fn register_at(server: &str, name: &'static str, lang: &str, flags: &str) -> Self {
        let config = TempDir::new().expect("a folder");
        let terminal = Terminal::chat_with(server, config.path(), &format!("--lang {lang} {flags}"));
        let (choose, again, you_are) = match lang {
            "en" => ("choose a password:", "repeat the password:", "you are "),
            _ => ("escolha uma senha:", "repita a senha:", "você é "),
        };
        let person = Self { name, terminal, config };
        person.sees("papo>");
        person.types(&format!("/register {name}"));
        person.sees(choose);
        person.types(PASSWORD);
        person.sees(again);
        person.types(PASSWORD);
        person.sees(&format!("{you_are}{name}"));
        person.is_asked("papo>");
        person
    }

    pub(crate) fn types(&self, line: &str) {
        self.terminal.enter(line);
    }

    pub(crate) fn sees(&self, text: &str) {
        self.terminal.wait_for(text);
    }

    /// Waits for the prompt, with nothing typed yet.
    pub(crate) fn is_asked(&self, prompt: &str) {
        self.terminal.wait_until(&format!("asks {prompt:?}"), |screen| screen.trim_end().ends_with(prompt));
    }

    /// Says something, and waits until it is known to all.
    pub(crate) fn says(&self, text: &str, to: &[&Self]) {
        self.types(text);
        for person in to.iter().chain([&self]) {
            person.sees(&format!("{}: {text}", self.name));
        }
    }

    /// Ends the chat, and sits down at another terminal, in the session that was kept.
    pub(crate) fn comes_back(&mut self, server: &str, flags: &str) {
        self.terminal.wait_for_end();
        self.terminal = Terminal::chat_with(server, self.config.path(), flags);
    }

    /// The same person, in a chat that reads these lines, and has no terminal; the node speaks plain text.
    pub(crate) fn pipes(&self, node: &Node, lines: &str, downloads: &str) -> Finished {
        self.has_file("lines", lines.as_bytes());
        let folder = self.config.path();
        let mut chat = Command::new("sh");
        chat.current_dir(folder).args(["-c", "exec \"$0\" \"$@\" < lines"]).arg(binary());
        chat.args(["chat", "--plaintext", "--lang", "en", "--server", node.server()]);
        chat.arg("--config").arg(folder).arg("--downloads").arg(downloads);
        Process::start(chat).finish()
    }

    /// A file of the person's own.
    #[expect(clippy::disallowed_methods, reason = "a person's own file")]
    pub(crate) fn has_file(&self, name: &str, content: &[u8]) {
        std::fs::write(self.path(name), content).expect("written");
    }

    /// What was fetched under a name.
    #[expect(clippy::disallowed_methods, reason = "a person's own file")]
    pub(crate) fn fetched(&self, name: &str) -> Vec<u8> {
        let path = self.path("papo_downloads").join(name);
        std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
    }

    fn path(&self, name: &str) -> PathBuf {
        self.config.path().join(name)
    }

    /// The same person, from a script.
    pub(crate) fn script(&self, node: &Node, arguments: &[&str]) -> Finished {
        let config = self.config.path().to_str().expect("UTF-8");
        Process::run(arguments.iter().chain(&["--server", node.server(), "--config", config]))
    }
}

/// Asserts that all that a transcript shows is seen, and the events in the same order. What papo says and what happens
/// come from two threads, and may change places.
pub(crate) fn assert_seen(written: &str, seen: &str) {
    let lines = |text: &str| text.lines().map(without_time).collect::<Vec<_>>();
    let is_event = |line: &&String| line.starts_with("00:00");
    let (wanted, got) = (lines(written), lines(seen));
    let mut left = got.clone();
    for line in &wanted {
        let at = left.iter().position(|other| other == line);
        let at = at.unwrap_or_else(|| panic!("{line:?} is written, and not seen:\n{seen}\n{UPDATE}"));
        left.swap_remove(at);
    }
    let mut events = got.iter().filter(is_event);
    for event in wanted.iter().filter(is_event) {
        assert!(events.any(|other| other == event), "{event:?} is not seen in its place:\n{seen}\n{UPDATE}");
    }
}

const UPDATE: &str = "UPDATE_DOCS=1 cargo test -p e2e writes the document anew";

/// A line without the time of day that an event begins with.
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
