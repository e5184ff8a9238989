//! One `papo` process. It is killed when its test ends.

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

pub struct Process {
    command: String,
    child: Child,
    lines: Receiver<String>,
    log: NamedTempFile,
}

#[derive(Debug)]
pub struct Finished {
    /// The exit code; `None` if a signal ended the process.
    pub code: Option<i32>,
    pub output: String,
    pub log: String,
}

impl Process {
    /// A command for `papo` with a low limit of open files, which papo must raise. SIGHUP has its default
    /// action, even if the tests run under `nohup`.
    pub fn papo<S: AsRef<OsStr>>(arguments: impl IntoIterator<Item = S>) -> Self {
        Self::papo_in([], arguments)
    }

    /// Like [`papo`](Self::papo), with environment variables.
    pub(crate) fn papo_in<'a, S: AsRef<OsStr>>(
        variables: impl IntoIterator<Item = (&'a str, &'a str)>,
        arguments: impl IntoIterator<Item = S>,
    ) -> Self {
        let mut command = Command::new("sh");
        command
            .args(["-c", "ulimit -Sn 256; exec env --default-signal=HUP \"$0\" \"$@\""])
            .arg(binary())
            .args(arguments);
        // The PAPO_* settings of the developer must not affect the test.
        let names = std::env::vars_os().map(|(name, _)| name);
        for name in names.filter(|name| name.as_encoded_bytes().starts_with(b"PAPO_")) {
            command.env_remove(name);
        }
        command.env("LC_ALL", "C.UTF-8");
        // The gateway listens only in the tests that give its flags: its default ports are fixed.
        command.envs([("PAPO_WEB", "off"), ("PAPO_METRICS", "off")]);
        // Some tests count the open files of a process, which a user other than root may do only then.
        command.env("PAPO_DUMPABLE", "1");
        command.envs(variables);
        Self::start(command)
    }

    pub fn start(command: Command) -> Self {
        let log = NamedTempFile::new().expect("a file for the log");
        let stderr = log.reopen().expect("a second handle of the log");
        Self::start_logging(command, log, stderr.into())
    }

    /// Starts a process whose standard error is not recorded.
    pub fn start_with_stderr(command: Command, stderr: Stdio) -> Self {
        Self::start_logging(command, NamedTempFile::new().expect("an empty log"), stderr)
    }

    fn start_logging(mut command: Command, log: NamedTempFile, stderr: Stdio) -> Self {
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(stderr);
        let mut child = command.spawn().unwrap_or_else(|error| panic!("cannot start {command:?}: {error}"));
        let output = BufReader::new(child.stdout.take().expect("a pipe"));
        let (sender, lines) = channel();
        thread::spawn(move || output.lines().map_while(Result::ok).try_for_each(|line| sender.send(line)));
        Self { command: format!("{command:?}"), child, lines, log }
    }

    /// Runs `papo` until it exits.
    pub fn run<S: AsRef<OsStr>>(arguments: impl IntoIterator<Item = S>) -> Finished {
        Self::papo(arguments).finish()
    }

    /// Waits for the next line of standard output.
    pub fn read_line(&self) -> String {
        self.lines.recv_timeout(DEADLINE).unwrap_or_else(|_| self.fail("printed no line in time"))
    }

    /// Waits for the next line of standard output, as JSON: the ready line, or the output of `--json`.
    pub fn read_json_line(&self) -> Value {
        self.read_json_line_within(DEADLINE).unwrap_or_else(|| self.fail("printed no line in time"))
    }

    /// Like `read_json_line`; `None` if no line arrives within `time`.
    pub fn read_json_line_within(&self, time: Duration) -> Option<Value> {
        match self.lines.recv_timeout(time) {
            Ok(line) => Some(serde_json::from_str(&line).expect("a line of JSON")),
            Err(RecvTimeoutError::Timeout) => None,
            Err(RecvTimeoutError::Disconnected) => self.fail("ended before it printed a line"),
        }
    }

    pub fn signal(&self, signal: Signal) {
        kill_process(self.id(), signal).expect("a child that was not waited for yet");
    }

    /// Sets the limit of open files of the process. Returns the old limit.
    pub fn limit_open_files(&self, count: u64) -> u64 {
        // Keep the hard limit, because a lowered hard limit cannot be raised again.
        let wanted = Rlimit { current: Some(count), maximum: getrlimit(Resource::Nofile).maximum };
        let before = prlimit(Some(self.id()), Resource::Nofile, wanted);
        before.expect("a child that runs").current.unwrap_or(u64::MAX)
    }

    #[must_use]
    pub fn is_running(&self) -> bool {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap_or_default();
        status.lines().any(|line| line.starts_with("State:") && !line.contains('Z'))
    }

    fn id(&self) -> Pid {
        i32::try_from(self.child.id()).ok().and_then(Pid::from_raw).expect("an id")
    }

    /// `kill -9`.
    pub fn kill(mut self) {
        self.end();
    }

    pub fn stop(self, signal: Signal) -> Finished {
        self.signal(signal);
        self.finish()
    }

    /// Waits until the process exits.
    pub fn finish(mut self) -> Finished {
        let mut output = String::new();
        loop {
            match self.lines.recv_timeout(DEADLINE) {
                Ok(line) => output.extend([&line, "\n"]),
                Err(RecvTimeoutError::Disconnected) => break,
                Err(RecvTimeoutError::Timeout) => self.fail("did not end in time"),
            }
        }
        let status = self.child.wait().expect("a child");
        Finished { code: status.code(), output, log: self.log() }
    }

    #[must_use]
    pub fn open_files(&self) -> usize {
        std::fs::read_dir(format!("/proc/{}/fd", self.child.id())).expect("a process that runs").count()
    }

    /// The number of open files of a kind that have no name, such as `.scratch`.
    #[must_use]
    pub fn nameless_files(&self, kind: &str) -> usize {
        let files = std::fs::read_dir(format!("/proc/{}/fd", self.child.id())).expect("a process that runs");
        let targets = files.filter_map(|file| std::fs::read_link(file.ok()?.path()).ok());
        let end = format!("{kind} (deleted)");
        targets.filter(|target| target.to_string_lossy().ends_with(&end)).count()
    }

    #[must_use]
    pub fn memory_bytes(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id()));
        let status = status.expect("a process that runs");
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("its memory");
        line.trim().trim_end_matches(" kB").parse::<u64>().expect("a number") * 1024
    }

    #[must_use]
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.log.path()).expect("the log is text")
    }

    fn fail(&self, what: &str) -> ! {
        panic!("{} {what}", self.command)
    }

    fn end(&mut self) {
        // Both calls fail only if the process has already exited.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Drop for Process {
    #[expect(clippy::print_stdout, reason = "the test harness prints the log if the test fails")]
    fn drop(&mut self) {
        self.end();
        if thread::panicking() {
            println!("--- {}\n{}", self.command, self.log());
        }
    }
}

/// The `papo` binary of the same build: `target/<profile>/papo`.
#[must_use]
pub fn binary() -> PathBuf {
    let test = std::env::current_exe().expect("the path of the test");
    let papo = test.ancestors().nth(2).expect("target/<profile>").join("papo");
    assert!(papo.is_file(), "{} does not exist: run `cargo build --workspace` first", papo.display());
    papo
}
