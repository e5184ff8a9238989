//! A disk that can be full: a file system of its own in memory, mounted where only one helper process and whoever
//! goes through that process see it, so that no rights are needed and nothing is left behind.

use std::fs::{self, OpenOptions};
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use tempfile::TempDir;

/// The file that fills it.
const BALLAST: &str = "ballast";

/// A small disk, for as long as this lives.
pub(super) struct SmallDisk {
    /// Keeps the mount, until its standard input ends.
    keeper: Child,
    path: PathBuf,
    _mount_point: TempDir,
}

impl SmallDisk {
    /// Mounts a disk of so many MiB; where that is not possible, says why not.
    pub(super) fn mount(mib: u64) -> Result<Self, String> {
        let mount_point = TempDir::new().map_err(|error| error.to_string())?;
        let mut command = Command::new("unshare");
        command.args(["--user", "--map-root-user", "--mount", "sh", "-c"]);
        command.arg(format!(
            "mount -t tmpfs -o size={mib}m,mode=0777 papo-chaos \"$0\" && echo mounted && exec cat"
        ));
        command.arg(mount_point.path()).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut keeper = command.spawn().map_err(|error| format!("there is no unshare: {error}"))?;
        let mut said = String::new();
        let heard = BufReader::new(keeper.stdout.take().expect("a pipe")).read_line(&mut said);
        if heard.is_err() || said.trim() != "mounted" {
            let output = keeper.wait_with_output().map_err(|error| error.to_string())?;
            return Err(String::from_utf8_lossy(&output.stderr).trim().to_owned());
        }
        let root = PathBuf::from(format!("/proc/{}/root", keeper.id()));
        let path = root.join(mount_point.path().strip_prefix("/").expect("an absolute path"));
        let disk = Self { keeper, path, _mount_point: mount_point };
        // Another user's process may not be gone through.
        fs::create_dir(disk.data()).map_err(|error| error.to_string())?;
        Ok(disk)
    }

    /// An empty folder on it.
    pub(super) fn data(&self) -> PathBuf {
        self.path.join("data")
    }

    /// Leaves no room for another byte.
    pub(super) fn fill(&self) {
        let ballast = OpenOptions::new().create(true).append(true).open(self.path.join(BALLAST));
        let mut ballast = ballast.expect("a file on the small disk");
        for bytes in [1 << 20, 4 << 10, 1] {
            let chunk = vec![0; bytes];
            while ballast.write_all(&chunk).is_ok() {}
        }
    }

    /// Makes room again.
    pub(super) fn empty(&self) {
        fs::remove_file(self.path.join(BALLAST)).expect("a disk that was filled");
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        drop(self.keeper.stdin.take());
        let _ended_already = self.keeper.wait();
    }
}
