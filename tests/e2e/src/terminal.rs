//! A real terminal, provided by tmux: a test types into it and reads its screen.

use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Instant;

use rustix::process::{Pid, Signal, kill_process, test_kill_process};
use tempfile::NamedTempFile;

use crate::process::binary;
use crate::{DEADLINE, PASSWORD};

/// A terminal that runs a program. Dropping it ends the terminal and the program.
pub struct Terminal {
    server: String,
    output: NamedTempFile,
}

impl Terminal {
    #[must_use]
    pub fn chat(server: &str, config: &Path) -> Self {
        Self::chat_with(server, config, "")
    }

    /// Starts `papo chat` with more flags, in the config folder.
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

    /// Starts `papo chat` in a shell, which prints the terminal's settings after the chat. `chat.pid` holds
    /// the process id.
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

    /// Starts a command of the shell in a folder.
    #[must_use]
    pub fn in_folder(folder: &Path, command: &str) -> Self {
        let terminal = Self::new();
        terminal.run_in(folder, command);
        terminal
    }

    fn new() -> Self {
        static TERMINALS: AtomicU32 = AtomicU32::new(0);
        let number = TERMINALS.fetch_add(1, Ordering::Relaxed);
        let output = NamedTempFile::new().expect("a file for the output");
        Self { server: format!("papo-{}-{number}", std::process::id()), output }
    }

    fn run_in(&self, config: &Path, command: &str) {
        let record = format!("cat > {}", self.output.path().display());
        let folder = config.display().to_string();
        // -u: the screen is UTF-8 in any environment. tmux runs both commands before it reads output of the
        // program, so the recording is complete.
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

    /// Starts a chat, registers an account, and waits until it is logged in.
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

    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "reads the recorded output")]
    pub fn output(&self) -> String {
        let bytes = std::fs::read(self.output.path()).expect("the recorded output");
        String::from_utf8_lossy(&bytes).into_owned()
    }

    pub fn wait_for_output(&self, text: &str) {
        self.wait_until_output(&format!("{text:?}"), |output| output.contains(text));
    }

    #[expect(clippy::disallowed_methods, reason = "measures the deadline of the test")]
    pub fn wait_until_output(&self, what: &str, condition: impl Fn(&str) -> bool) {
        let begun = Instant::now();
        while !condition(&self.output()) {
            assert!(begun.elapsed() < DEADLINE, "{what} is not in the output:\n{:?}", self.output());
            // Running tmux yields the CPU.
            let _ = self.run(["has-session"]);
        }
    }

    pub fn enter(&self, line: &str) {
        self.type_text(line);
        self.press("Enter");
    }

    pub fn type_text(&self, text: &str) {
        self.tmux(["send-keys", "-l", text]);
    }

    /// Pastes a text, which the terminal marks as pasted.
    pub fn paste(&self, text: &str) {
        self.tmux(["set-buffer", text]);
        self.tmux(["paste-buffer", "-p"]);
    }

    /// Presses a key by tmux's name for it, such as `Tab` or `C-d`.
    pub fn press(&self, key: &str) {
        self.tmux(["send-keys", key]);
    }

    /// Changes the size of the terminal, as a user does who drags its window.
    pub fn resize(&self, columns: u16, rows: u16) {
        self.tmux(["resize-window", "-x", &columns.to_string(), "-y", &rows.to_string()]);
    }

    #[must_use]
    pub fn screen(&self) -> String {
        self.tmux(["capture-pane", "-p"])
    }

    /// The text of the screen and of the scrollback.
    #[must_use]
    pub fn transcript(&self) -> String {
        // -J joins lines that the terminal wrapped.
        let lines = self.tmux(["capture-pane", "-p", "-J", "-S", "-"]);
        lines.lines().map(str::trim_end).collect::<Vec<_>>().join("\n").trim_end().to_owned()
    }

    pub fn wait_for(&self, text: &str) {
        self.wait_until(&format!("shows {text:?}"), |screen| screen.contains(text));
    }

    #[expect(clippy::disallowed_methods, reason = "measures the deadline of the test")]
    pub fn wait_until(&self, what: &str, condition: impl Fn(&str) -> bool) {
        let begun = Instant::now();
        while !condition(&self.screen()) {
            assert!(begun.elapsed() < DEADLINE, "the screen never {what}:\n{}", self.screen());
        }
    }

    pub fn kill(self) {
        self.signal(Signal::KILL);
        self.wait_for_end();
    }

    pub fn signal(&self, signal: Signal) {
        kill_process(self.program(), signal).expect("a program that runs");
    }

    /// Closes the terminal, as closing its window does, and waits until the program exits.
    #[expect(clippy::disallowed_methods, reason = "measures the deadline of the test")]
    pub fn close(self) {
        let (program, begun) = (self.program(), Instant::now());
        self.tmux(["kill-server"]);
        while test_kill_process(program).is_ok() {
            assert!(begun.elapsed() < DEADLINE, "the program does not exit");
            std::thread::yield_now();
        }
    }

    fn program(&self) -> Pid {
        let id = self.tmux(["display-message", "-p", "#{pane_pid}"]);
        id.trim().parse().ok().and_then(Pid::from_raw).expect("an id")
    }

    #[expect(clippy::disallowed_methods, reason = "measures the deadline of the test")]
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
        // tmux may have already exited.
        let _ = self.run(["kill-server"]);
    }
}
