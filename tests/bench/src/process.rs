//! Child processes: papo or another server, started for one measurement.

use std::io::{BufRead as _, BufReader};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::thread;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use transport::clock;

const START_WAIT: Duration = Duration::from_secs(10);

/// Program folders of Debian, including those that are not in the `PATH` of every user.
const PROGRAM_FOLDERS: [&str; 4] = ["/usr/bin", "/usr/sbin", "/usr/local/bin", "/usr/local/sbin"];

pub(crate) struct Process {
    child: Child,
}

impl Process {
    /// Starts a process and discards its output.
    pub(crate) fn start(command: &mut Command) -> Result<Self> {
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let child = command.spawn().with_context(|| format!("cannot start {command:?}"))?;
        Ok(Self { child })
    }

    /// Starts a process and waits for its ready line, which is JSON.
    pub(crate) fn start_until_ready(command: &mut Command) -> Result<(Self, Value)> {
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn().with_context(|| format!("cannot start {command:?}"))?;
        let stdout = child.stdout.take();
        let process = Self { child };
        let ready = read_line(stdout).with_context(|| format!("no line from {command:?}"))?;
        Ok((process, ready))
    }

    /// Waits until the process listens at `port`.
    pub(crate) fn wait_for_port(&mut self, port: u16) -> Result<()> {
        let deadline = clock::now() + START_WAIT;
        while TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_err() {
            ensure!(self.child.try_wait()?.is_none(), "the process exited before it listened");
            ensure!(clock::now() < deadline, "the process does not listen at port {port}");
            thread::sleep(Duration::from_millis(5));
        }
        Ok(())
    }

    /// Resident memory in KiB (proc(5), `VmRSS`).
    pub(crate) fn resident_kib(&self) -> Result<u64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).context("no VmRSS")?;
        Ok(line.trim().trim_end_matches(" kB").parse()?)
    }

    /// Used CPU time in seconds (proc(5), `utime` and `stime`).
    pub(crate) fn cpu_seconds(&self) -> Result<f64> {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.child.id()))?;
        let (_, fields) = stat.rsplit_once(") ").context("no command in stat")?;
        let ticks = fields.split(' ').skip(11).take(2).map(str::parse::<u64>).sum::<Result<u64, _>>()?;
        Ok(ticks as f64 / rustix::param::clock_ticks_per_second() as f64)
    }

    /// The CPU time, in microseconds, that the process uses in a second of the next `time`.
    pub(crate) fn microseconds_per_second(&self, time: Duration) -> Result<f64> {
        let (before, started) = (self.cpu_seconds()?, clock::now());
        thread::sleep(time);
        let used = self.cpu_seconds()? - before;
        Ok(used * 1e6 / clock::now().duration_since(started).as_secs_f64())
    }

    /// Sends SIGTERM and waits until the process exits.
    pub(crate) fn stop(mut self) -> Result<()> {
        let id = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw).context("no process id")?;
        kill_process(id, Signal::TERM)?;
        self.child.wait()?;
        Ok(())
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // `kill` fails if the process has already exited.
        let _killed = self.child.kill();
        let _ended = self.child.wait();
    }
}

fn read_line(stdout: Option<ChildStdout>) -> Result<Value> {
    let mut line = String::new();
    BufReader::new(stdout.context("no standard output")?).read_line(&mut line)?;
    Ok(serde_json::from_str(&line)?)
}

/// A free port of the loopback address.
pub(crate) fn free_port() -> Result<u16> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port())
}

/// The path of a program; `None` if it is not installed.
pub(crate) fn installed(name: &str) -> Option<PathBuf> {
    PROGRAM_FOLDERS.iter().map(|folder| PathBuf::from(folder).join(name)).find(|path| path.is_file())
}
