//! A real etcd server for tests.

use std::net::TcpListener;
use std::process::{Child, Command, Stdio};

use tempfile::TempDir;

/// A cluster of one etcd server. Dropping it kills the server.
pub struct EtcdServer {
    process: Child,
    server: String,
    _data: TempDir,
}

impl EtcdServer {
    /// Starts a server; `None` if the program `etcd` (Debian: `etcd-server`) is not installed. The server may
    /// not answer yet.
    #[must_use]
    pub fn start() -> Option<Self> {
        let data = tempfile::tempdir().expect("a folder");
        let [server, peer] = [(); 2].map(|()| format!("127.0.0.1:{}", free_port()));
        let [clients, peers] = [&server, &peer].map(|address| format!("http://{address}"));
        let mut command = Command::new("etcd");
        command.arg("--data-dir").arg(data.path());
        for (flag, value) in [
            ("--listen-client-urls", &clients),
            ("--advertise-client-urls", &clients),
            ("--listen-peer-urls", &peers),
            ("--initial-advertise-peer-urls", &peers),
            ("--initial-cluster", &format!("default={peers}")),
        ] {
            command.arg(flag).arg(value);
        }
        let process = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().ok()?;
        Some(Self { process, server, _data: data })
    }

    /// The address of a cluster of papo with this name.
    #[must_use]
    pub fn address(&self, cluster: &str) -> String {
        format!("etcd://{}/{cluster}", self.server)
    }

    pub fn kill(&mut self) {
        let ended = self.process.kill().and_then(|()| self.process.wait());
        ended.expect("a child that was not waited for yet");
    }
}

impl Drop for EtcdServer {
    fn drop(&mut self) {
        let _ended = self.process.kill().and_then(|()| self.process.wait());
    }
}

fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.local_addr().expect("an address").port()
}
