//! A description of the machine on which the figures were measured.

use std::path::Path;
use std::process::Command;
use std::thread::available_parallelism;

use serde::{Deserialize, Serialize};
use transport::libzmq_version;

use crate::process::installed;

/// Maximum load average of an idle machine.
const IDLE_LOAD_MAX: f64 = 0.5;

/// The machine and its state before the first run.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct Machine {
    pub(crate) cpu: String,
    pub(crate) cores: usize,
    pub(crate) kernel: String,
    pub(crate) libzmq: String,
    pub(crate) file_system: String,
    /// The load averages of the last 1, 5 and 15 minutes. A value above 0.5 means other load.
    pub(crate) load_average_before: String,
    pub(crate) date: String,
    pub(crate) competitors: Vec<String>,
}

impl Machine {
    /// Reads the properties of the machine. `folder` is on the measured disk.
    pub(crate) fn detect(folder: &Path) -> Self {
        let (major, minor, patch) = libzmq_version();
        let kernel = rustix::system::uname().release().to_string_lossy().into_owned();
        Self {
            cpu: cpu().unwrap_or_else(|| "unknown CPU".to_owned()),
            cores: available_parallelism().map_or(0, usize::from),
            kernel,
            libzmq: format!("{major}.{minor}.{patch}"),
            file_system: file_system(folder).unwrap_or_else(|| "unknown".to_owned()),
            load_average_before: read("/proc/loadavg").split(' ').take(3).collect::<Vec<_>>().join(" "),
            date: jiff::Zoned::now().strftime("%Y-%m-%d %H:%M %Z").to_string(),
            competitors: ["redis-server", "nats-server", "ngircd"].into_iter().filter_map(version).collect(),
        }
    }

    /// Whether figures of both machines are comparable.
    pub(crate) fn is_comparable_to(&self, other: &Self) -> bool {
        (&self.cpu, self.cores, &self.file_system) == (&other.cpu, other.cores, &other.file_system)
    }

    /// Whether the machine had other load, which makes absolute figures meaningless.
    pub(crate) fn was_busy(&self) -> bool {
        let last_minute = self.load_average_before.split(' ').next().and_then(|load| load.parse().ok());
        last_minute.is_none_or(|load: f64| load > IDLE_LOAD_MAX)
    }

    pub(crate) fn line(&self) -> String {
        let Self { cpu, cores, kernel, libzmq, file_system, load_average_before, date, .. } = self;
        format!(
            "{cpu}, {cores} cores, Linux {kernel}, libzmq {libzmq}, data on {file_system}; {date}; \
             load average before the first run {load_average_before}"
        )
    }
}

fn read(path: &str) -> String {
    std::fs::read_to_string(path).unwrap_or_default()
}

fn cpu() -> Option<String> {
    let info = read("/proc/cpuinfo");
    let line = info.lines().find(|line| line.starts_with("model name"))?;
    Some(line.split_once(": ")?.1.to_owned())
}

/// The type of the file system of the folder.
fn file_system(folder: &Path) -> Option<String> {
    let folder = folder.canonicalize().ok()?;
    let mounts = read("/proc/mounts");
    let fields = mounts.lines().filter_map(|line| {
        let mut fields = line.split(' ').skip(1);
        fields.next().zip(fields.next())
    });
    let above = fields.filter(|(mount_point, _)| folder.starts_with(mount_point));
    above.max_by_key(|(mount_point, _)| mount_point.len()).map(|(_, kind)| kind.to_owned())
}

/// The first line of a peer's `--version`.
fn version(peer: &str) -> Option<String> {
    let output = Command::new(installed(peer)?).arg("--version").output().ok()?;
    String::from_utf8_lossy(&output.stdout).lines().next().map(str::to_owned)
}
