//! One `papo` process: started, waited for, asked to stop, killed. It never outlives its test.

use std::ffi::OsStr;
use std::io::{BufRead as _, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;
use std::time::Duration;

use rustix::process::{Pid, Resource, Rlimit, Signal, getrlimit, kill_process, prlimit};
use serde_json::Value;
use tempfile::NamedTempFile;

use crate::DEADLINE;

/// A running process.
pub struct Process {
    command: String,
    child: Child,
    /// Its standard output, line by line. It ends when the process does.
    lines: Receiver<String>,
    /// Its standard error.
    log: NamedTempFile,
}

/// What a process that has ended left behind.
#[derive(Debug)]
pub struct Finished {
    /// The exit code; `None` when a signal ended it.
    pub code: Option<i32>,
    /// Its standard output.
    pub output: String,
    /// Its standard error.
    pub log: String,
}

impl Process {
    /// Starts `papo` with these arguments, and with few open files allowed: it must see to it that it has enough.
    pub fn papo<S: AsRef<OsStr>>(arguments: impl IntoIterator<Item = S>) -> Self {
        let mut command = Command::new("sh");
        command.args(["-c", "ulimit -Sn 256; exec \"$0\" \"$@\""]).arg(binary()).args(arguments);
        // Settings of the person who runs the tests must not reach it.
        let names = std::env::vars_os().map(|(name, _)| name);
        for name in names.filter(|name| name.as_encoded_bytes().starts_with(b"PAPO_")) {
            command.env_remove(name);
        }
        command.env("LC_ALL", "C.UTF-8");
        Self::start(command)
    }

    /// Starts any command.
    pub fn start(mut command: Command) -> Self {
        let log = NamedTempFile::new().expect("a file for the log");
        let stderr = log.reopen().expect("the log once more");
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(stderr);
        let mut child = command.spawn().unwrap_or_else(|error| panic!("cannot start {command:?}: {error}"));
        let output = BufReader::new(child.stdout.take().expect("a pipe"));
        let (sender, lines) = channel();
        thread::spawn(move || output.lines().map_while(Result::ok).try_for_each(|line| sender.send(line)));
        Self { command: format!("{command:?}"), child, lines, log }
    }

    /// Runs `papo` to its end.
    pub fn run<S: AsRef<OsStr>>(arguments: impl IntoIterator<Item = S>) -> Finished {
        Self::papo(arguments).finish()
    }

    /// The line by which it says that it is ready, and where.
    pub fn ready(&self) -> Value {
        self.ready_within(DEADLINE).unwrap_or_else(|| self.fail("is not ready in time"))
    }

    /// The same, unless it takes longer than that.
    pub fn ready_within(&self, time: Duration) -> Option<Value> {
        match self.lines.recv_timeout(time) {
            Ok(line) => Some(serde_json::from_str(&line).expect("the ready line is JSON")),
            Err(RecvTimeoutError::Timeout) => None,
            Err(RecvTimeoutError::Disconnected) => self.fail("has ended before it was ready"),
        }
    }

    /// Sends it a signal.
    pub fn signal(&self, signal: Signal) {
        kill_process(self.id(), signal).expect("a child that was not waited for yet");
    }

    /// How many files and connections it may have open from now on; returns how many it might before.
    pub fn limit_open_files(&self, count: u64) -> u64 {
        // Its hard limit is the one that it has from here, and must not be lowered: it could never be raised again.
        let wanted = Rlimit { current: Some(count), maximum: getrlimit(Resource::Nofile).maximum };
        let before = prlimit(Some(self.id()), Resource::Nofile, wanted);
        before.expect("a child that runs").current.unwrap_or(u64::MAX)
    }

    /// Whether it has not ended by itself.
    #[must_use]
    pub fn is_running(&self) -> bool {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap_or_default();
        status.lines().any(|line| line.starts_with("State:") && !line.contains('Z'))
    }

    fn id(&self) -> Pid {
        i32::try_from(self.child.id()).ok().and_then(Pid::from_raw).expect("an id")
    }

    /// Ends it as a power cut would: `kill -9`.
    pub fn kill(mut self) {
        self.end();
    }

    /// Asks it to stop, as an operator does.
    pub fn stop(self, signal: Signal) -> Finished {
        self.signal(signal);
        self.finish()
    }

    /// Waits until it has ended by itself.
    pub fn finish(mut self) -> Finished {
        let mut output = String::new();
        loop {
            match self.lines.recv_timeout(DEADLINE) {
                Ok(line) => output.extend([&line, "\n"]),
                Err(RecvTimeoutError::Disconnected) => break,
                Err(RecvTimeoutError::Timeout) => self.fail("does not end in time"),
            }
        }
        let status = self.child.wait().expect("a child");
        Finished { code: status.code(), output, log: self.log() }
    }

    /// How many files and connections it has open.
    #[must_use]
    pub fn open_files(&self) -> usize {
        std::fs::read_dir(format!("/proc/{}/fd", self.child.id())).expect("a process that runs").count()
    }

    /// Bytes of memory that it holds.
    #[must_use]
    pub fn memory_bytes(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id()));
        let status = status.expect("a process that runs");
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("its memory");
        line.trim().trim_end_matches(" kB").parse::<u64>().expect("a number") * 1024
    }

    /// What it has written to standard error so far.
    #[must_use]
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.log.path()).expect("the log is text")
    }

    fn fail(&self, what: &str) -> ! {
        panic!("{} {what}", self.command)
    }

    fn end(&mut self) {
        // Both fail only when it has ended and was waited for.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Drop for Process {
    #[expect(clippy::print_stdout, reason = "the test harness shows it when the test has failed")]
    fn drop(&mut self) {
        self.end();
        if thread::panicking() {
            println!("--- {}\n{}", self.command, self.log());
        }
    }
}

/// The `papo` that was built along with the tests: `target/<profile>/papo`, beside `target/<profile>/deps`.
#[must_use]
pub fn binary() -> PathBuf {
    let test = std::env::current_exe().expect("the path of the test");
    let papo = test.ancestors().nth(2).expect("target/<profile>").join("papo");
    assert!(papo.is_file(), "there is no {}: run `cargo build --workspace` first", papo.display());
    papo
}
