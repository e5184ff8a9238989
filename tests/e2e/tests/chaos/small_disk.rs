//! A small file system that a test can fill: a tmpfs in the mount namespace of a helper process. It needs no
//! root rights, is reached through `/proc/<pid>/root`, and disappears with the process.

use std::fs::{self, OpenOptions};
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use tempfile::TempDir;

const FILLER: &str = "filler";

/// A mounted small disk; dropping it unmounts it.
pub(super) struct SmallDisk {
    /// The helper process: it holds the mount until its standard input ends.
    mount_keeper: Child,
    path: PathBuf,
    _mount_point: TempDir,
}

impl SmallDisk {
    /// Mounts a disk of `mib` MiB. The error says why it is not possible on this machine.
    pub(super) fn mount(mib: u64) -> Result<Self, String> {
        let mount_point = TempDir::new().map_err(|error| error.to_string())?;
        let mut command = Command::new("unshare");
        command.args(["--user", "--map-root-user", "--mount", "sh", "-c"]);
        command.arg(format!(
            "mount -t tmpfs -o size={mib}m,mode=0777 papo-chaos \"$0\" && echo mounted && exec cat"
        ));
        command.arg(mount_point.path()).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut mount_keeper = command.spawn().map_err(|error| format!("there is no unshare: {error}"))?;
        let mut line = String::new();
        let read = BufReader::new(mount_keeper.stdout.take().expect("a pipe")).read_line(&mut line);
        if read.is_err() || line.trim() != "mounted" {
            let output = mount_keeper.wait_with_output().map_err(|error| error.to_string())?;
            return Err(String::from_utf8_lossy(&output.stderr).trim().to_owned());
        }
        let root = PathBuf::from(format!("/proc/{}/root", mount_keeper.id()));
        let path = root.join(mount_point.path().strip_prefix("/").expect("an absolute path"));
        let disk = Self { mount_keeper, path, _mount_point: mount_point };
        // This fails if /proc/<pid>/root is not accessible.
        fs::create_dir(disk.data()).map_err(|error| error.to_string())?;
        Ok(disk)
    }

    pub(super) fn data(&self) -> PathBuf {
        self.path.join("data")
    }

    /// Fills the disk to the last byte.
    pub(super) fn fill(&self) {
        let filler = OpenOptions::new().create(true).append(true).open(self.path.join(FILLER));
        let mut filler = filler.expect("a file on the small disk");
        for bytes in [1 << 20, 4 << 10, 1] {
            let chunk = vec![0; bytes];
            while filler.write_all(&chunk).is_ok() {}
        }
    }

    pub(super) fn empty(&self) {
        fs::remove_file(self.path.join(FILLER)).expect("a disk that was filled");
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        drop(self.mount_keeper.stdin.take());
        let _ended_already = self.mount_keeper.wait();
    }
}
