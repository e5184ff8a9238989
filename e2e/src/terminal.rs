//! A real terminal, which tmux provides: a person types into it and reads what stands on the screen.

use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Instant;

use crate::DEADLINE;
use crate::process::binary;

/// One terminal with a program in it; both end when it is dropped.
pub struct Terminal {
    /// The name of a tmux server of its own.
    server: String,
}

impl Terminal {
    /// A terminal with `papo chat`, as one person has it.
    #[must_use]
    pub fn chat(server: &str, config: &Path) -> Self {
        Self::chat_with(server, config, "")
    }

    /// The same, with more flags.
    #[must_use]
    pub fn chat_with(server: &str, config: &Path, flags: &str) -> Self {
        static TERMINALS: AtomicU32 = AtomicU32::new(0);
        let number = TERMINALS.fetch_add(1, Ordering::Relaxed);
        let terminal = Self { server: format!("papo-{}-{number}", std::process::id()) };
        let chat = format!(
            "env -u PAPO_PASSWORD LC_ALL=C.UTF-8 {} chat --server {server} --config {} {flags}",
            binary().display(),
            config.display()
        );
        // -u: the screen is UTF-8 whatever the test's own surroundings say.
        terminal.tmux(["-u", "-f", "/dev/null", "new-session", "-d", "-x", "90", "-y", "30", &chat]);
        terminal
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
