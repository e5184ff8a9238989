//! A real terminal, which tmux provides: a person types into it and reads what stands on the screen.

use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Instant;

use rustix::process::{Pid, Signal, kill_process, test_kill_process};
use tempfile::NamedTempFile;

use crate::process::binary;
use crate::{DEADLINE, PASSWORD};

/// One terminal with a program in it; both end when it is dropped.
pub struct Terminal {
    /// The name of a tmux server of its own.
    server: String,
    /// All bytes that the program has written to its terminal.
    written: NamedTempFile,
}

impl Terminal {
    /// A terminal with `papo chat`, as one person has it.
    #[must_use]
    pub fn chat(server: &str, config: &Path) -> Self {
        Self::chat_with(server, config, "")
    }

    /// The same, with more flags. The person's own folder is where the program runs.
    #[must_use]
    pub fn chat_with(server: &str, config: &Path, flags: &str) -> Self {
        let terminal = Self::new();
        let chat = format!(
            "exec env -u PAPO_PASSWORD LC_ALL=C.UTF-8 {} chat --server '{server}' --config {} {flags}",
            binary().display(),
            config.display()
        );
        terminal.run_in(config, &chat);
        terminal
    }

    /// `papo chat` in a shell, which says afterwards how it finds the terminal, and stays. The process is in `chat.pid`.
    #[must_use]
    pub fn chat_in_shell(server: &str, config: &Path) -> Self {
        let terminal = Self::new();
        let chat = format!(
            "exec env -u PAPO_PASSWORD LC_ALL=C.UTF-8 {} chat --server {server} --config {}",
            binary().display(),
            config.display()
        );
        terminal.run_in(config, &format!("sh -c 'echo $$ > chat.pid; {chat}'; stty -a; exec cat"));
        terminal
    }

    fn new() -> Self {
        static TERMINALS: AtomicU32 = AtomicU32::new(0);
        let number = TERMINALS.fetch_add(1, Ordering::Relaxed);
        let written = NamedTempFile::new().expect("a file for what is written");
        Self { server: format!("papo-{}-{number}", std::process::id()), written }
    }

    fn run_in(&self, config: &Path, command: &str) {
        let record = format!("cat > {}", self.written.path().display());
        let folder = config.display().to_string();
        // -u: the screen is UTF-8 whatever the test's own surroundings say. Both commands are obeyed before the
        // program's first byte is read, so that it is recorded too.
        self.tmux([
            "-u",
            "-f",
            "/dev/null",
            "new-session",
            "-d",
            "-x",
            "90",
            "-y",
            "30",
            "-c",
            &folder,
            command,
            ";",
            "pipe-pane",
            &record,
        ]);
    }

    /// A new account's terminal, once it is logged in.
    pub fn registered(server: &str, config: &Path, name: &str) -> Self {
        let terminal = Self::chat(server, config);
        terminal.wait_for("papo>");
        terminal.enter(&format!("/register {name}"));
        terminal.wait_for("choose a password:");
        terminal.enter(PASSWORD);
        terminal.wait_for("repeat the password:");
        terminal.enter(PASSWORD);
        terminal.wait_for(&format!("you are {}", name.to_lowercase()));
        terminal
    }

    /// All that the program has written so far, control characters and all.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "what a test has recorded")]
    pub fn written(&self) -> String {
        let bytes = std::fs::read(self.written.path()).expect("what is written");
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// Waits until the program has written this text.
    pub fn wait_for_written(&self, text: &str) {
        self.wait_until_written(&format!("{text:?}"), |written| written.contains(text));
    }

    /// Waits until what the program has written is as `condition` wants it.
    #[expect(clippy::disallowed_methods, reason = "a test waits no longer than its deadline")]
    pub fn wait_until_written(&self, what: &str, condition: impl Fn(&str) -> bool) {
        let begun = Instant::now();
        while !condition(&self.written()) {
            assert!(begun.elapsed() < DEADLINE, "{what} is never written:\n{:?}", self.written());
            // tmux takes its turn, and the processor is not only ours.
            let _ = self.run(["has-session"]);
        }
    }

    /// Types text and presses Enter.
    pub fn enter(&self, line: &str) {
        self.type_text(line);
        self.press("Enter");
    }

    /// Types text.
    pub fn type_text(&self, text: &str) {
        self.tmux(["send-keys", "-l", text]);
    }

    /// Presses a key by tmux's name for it, such as `Tab` or `C-d`.
    pub fn press(&self, key: &str) {
        self.tmux(["send-keys", key]);
    }

    /// What stands on the screen, without the blank end of lines.
    #[must_use]
    pub fn screen(&self) -> String {
        self.tmux(["capture-pane", "-p"])
    }

    /// All that stands on the screen and has left it at the top: what a person who scrolls up can read.
    #[must_use]
    pub fn transcript(&self) -> String {
        // -J: a line that the terminal had to break is one line.
        let lines = self.tmux(["capture-pane", "-p", "-J", "-S", "-"]);
        lines.lines().map(str::trim_end).collect::<Vec<_>>().join("\n").trim_end().to_owned()
    }

    /// Waits until the screen holds this text.
    pub fn wait_for(&self, text: &str) {
        self.wait_until(&format!("shows {text:?}"), |screen| screen.contains(text));
    }

    /// Waits until the screen is as `condition` wants it.
    #[expect(clippy::disallowed_methods, reason = "a test waits no longer than its deadline")]
    pub fn wait_until(&self, what: &str, condition: impl Fn(&str) -> bool) {
        let begun = Instant::now();
        while !condition(&self.screen()) {
            assert!(begun.elapsed() < DEADLINE, "the screen never {what}:\n{}", self.screen());
        }
    }

    /// `kill -9` of the program.
    pub fn kill(self) {
        self.signal(Signal::KILL);
        self.wait_for_end();
    }

    /// Sends the program a signal.
    pub fn signal(&self, signal: Signal) {
        kill_process(self.program(), signal).expect("a program that runs");
    }

    /// Closes the terminal, as who closes the window does, and waits until the program has ended.
    #[expect(clippy::disallowed_methods, reason = "a test waits no longer than its deadline")]
    pub fn close(self) {
        let (program, begun) = (self.program(), Instant::now());
        self.tmux(["kill-server"]);
        while test_kill_process(program).is_ok() {
            assert!(begun.elapsed() < DEADLINE, "the program never ends");
            std::thread::yield_now();
        }
    }

    fn program(&self) -> Pid {
        let id = self.tmux(["display-message", "-p", "#{pane_pid}"]);
        id.trim().parse().ok().and_then(Pid::from_raw).expect("an id")
    }

    /// Waits until the program has ended, and tmux with it.
    #[expect(clippy::disallowed_methods, reason = "a test waits no longer than its deadline")]
    pub fn wait_for_end(&self) {
        let begun = Instant::now();
        while self.run(["has-session"]).0 {
            assert!(begun.elapsed() < DEADLINE, "the program never ends:\n{}", self.screen());
        }
    }

    fn tmux<const N: usize>(&self, arguments: [&str; N]) -> String {
        let (done, output) = self.run(arguments);
        assert!(done, "tmux {arguments:?} failed: {output}");
        output
    }

    fn run<const N: usize>(&self, arguments: [&str; N]) -> (bool, String) {
        let tmux = Command::new("tmux").args(["-L", &self.server]).args(arguments).output();
        let output = tmux.expect("tmux: `make test` installs it");
        let text = if output.status.success() { output.stdout } else { output.stderr };
        (output.status.success(), String::from_utf8_lossy(&text).into_owned())
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.run(["kill-server"]);
    }
}
