//! Real etcd servers for tests.

use std::ffi::OsStr;
use std::io::{self, Read as _, Write as _};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde_json::{Value, json};
use tempfile::TempDir;

const ANSWER_TIMEOUT: Duration = Duration::from_secs(2);

/// The etcd servers of one cluster. Dropping them kills the processes.
pub struct EtcdServers {
    servers: Vec<Server>,
    /// Additional flags, with their values.
    flags: Vec<(String, String)>,
    data: TempDir,
}

struct Server {
    /// `host:port` for clients and for the other servers.
    clients: String,
    peers: String,
    process: Option<Child>,
}

impl EtcdServers {
    /// Starts `count` servers; `None` if the program `etcd` (Debian: `etcd-server`) is not installed: then
    /// prints that the test is skipped. The servers may not answer yet.
    #[must_use]
    pub fn start(count: usize) -> Option<Self> {
        Self::start_with_flags(count, &[])
    }

    /// Starts one server that uses TLS: it shows a certificate, and demands one of its clients. `certificate`
    /// and `key` are files, and `authority` is the file of the authority of both.
    #[must_use]
    pub fn start_with_tls(authority: &str, certificate: &str, key: &str) -> Option<Self> {
        let flags = [
            ("--client-cert-auth", "true"),
            ("--trusted-ca-file", authority),
            ("--cert-file", certificate),
            ("--key-file", key),
        ];
        Self::start_with_flags(1, &flags)
    }

    /// Starts `count` servers with additional flags.
    #[must_use]
    pub fn start_with_flags(count: usize, flags: &[(&str, &str)]) -> Option<Self> {
        let flags = flags.iter().map(|(flag, value)| ((*flag).to_owned(), (*value).to_owned())).collect();
        let server = |_| Server { clients: free_address(), peers: free_address(), process: None };
        let data = tempfile::tempdir().expect("a folder");
        let mut etcd = Self { servers: (0..count).map(server).collect(), flags, data };
        if (0..count).try_for_each(|number| etcd.start_one(number, "new")).is_err() {
            report_skipped();
            return None;
        }
        Some(etcd)
    }

    /// The servers with these addresses, for clients and for the other servers. The caller starts each with
    /// [`restart`](Self::restart), in a thread of the network namespace that has the addresses.
    #[must_use]
    pub fn at(addresses: impl IntoIterator<Item = (String, String)>) -> Self {
        let server = |(clients, peers)| Server { clients, peers, process: None };
        let data = tempfile::tempdir().expect("a folder");
        Self { servers: addresses.into_iter().map(server).collect(), flags: Vec::new(), data }
    }

    /// Starts a server that was killed, and whose disk is lost, as a new member with an empty folder. The
    /// server `at` changes the list of the members. Returns false if it refuses for now.
    pub fn replace(&mut self, number: usize, at: usize) -> bool {
        let (name, peers) = (format!("e{number}"), format!("http://{}", self.servers[number].peers));
        let call = |method: &str, body: &Value| {
            post(&self.servers[at].clients, &format!("/v3/cluster/member/{method}"), body)
        };
        let Ok(members) = call("list", &json!({})) else { return false };
        let members = members["members"].as_array().cloned().unwrap_or_default();
        // A new member has no name until it runs.
        let is_old = |member: &&Value| member["name"] == *name;
        if let Some(old) = members.iter().find(is_old)
            && call("remove", &json!({ "ID": old["ID"] })).is_err()
        {
            return false;
        }
        if members.iter().all(|member| member["peerURLs"][0] != *peers || member["name"] == *name)
            && call("add", &json!({ "peerURLs": [peers] })).is_err()
        {
            return false;
        }
        self.set_data(number, None);
        self.start_one(number, "existing").expect("etcd is installed");
        true
    }

    /// Starts a server that was killed.
    pub fn restart(&mut self, number: usize) {
        self.start_one(number, "new").expect("etcd is installed");
    }

    /// Kills a server.
    pub fn kill(&mut self, number: usize) {
        if let Some(mut process) = self.servers[number].process.take() {
            process.kill().and_then(|()| process.wait()).expect("a child that was not waited for yet");
        }
    }

    /// Copies the data folder of a server that was killed.
    #[must_use]
    pub fn copy_data(&self, number: usize) -> TempDir {
        let copy = tempfile::tempdir().expect("a folder");
        run("cp", &["-a".as_ref(), self.folder(number).as_os_str(), copy.path().as_os_str()]);
        copy
    }

    /// Replaces the data folder of a server that was killed by a copy; `None` removes it.
    pub fn set_data(&self, number: usize, copy: Option<&TempDir>) {
        run("rm", &["-r".as_ref(), self.folder(number).as_os_str()]);
        if let Some(copy) = copy {
            let copied = copy.path().join(number.to_string());
            run("cp", &["-a".as_ref(), copied.as_os_str(), self.data.path().as_os_str()]);
        }
    }

    fn folder(&self, number: usize) -> PathBuf {
        self.data.path().join(number.to_string())
    }

    /// The running server that leads the others, if there is one.
    #[must_use]
    pub fn leader(&self) -> Option<usize> {
        (0..self.servers.len()).find(|number| self.is_set(*number, "etcd_server_is_leader"))
    }

    /// Whether a server runs and knows the leading server.
    #[must_use]
    pub fn has_leader(&self, number: usize) -> bool {
        self.is_set(number, "etcd_server_has_leader")
    }

    /// Whether a metric of a server is 1. A server that does not answer has no metrics.
    fn is_set(&self, number: usize, metric: &str) -> bool {
        let server = &self.servers[number];
        let expected = format!("{metric} 1");
        server.process.is_some()
            && metrics(&server.clients).is_ok_and(|metrics| metrics.lines().any(|line| line == expected))
    }

    /// The address of a cluster of papo with this name.
    #[must_use]
    pub fn address(&self, cluster: &str) -> String {
        let clients: Vec<_> = self.servers.iter().map(|server| &*server.clients).collect();
        let scheme = if self.uses_tls() { "etcds" } else { "etcd" };
        format!("{scheme}://{}/{cluster}", clients.join(","))
    }

    /// The address at which all servers of this process listen.
    #[must_use]
    pub fn host() -> Ipv4Addr {
        let [.., high, low] = std::process::id().to_be_bytes();
        Ipv4Addr::new(127, 77, high, low)
    }

    fn uses_tls(&self) -> bool {
        self.flags.iter().any(|(flag, _)| flag == "--cert-file")
    }

    /// `state` says whether the member is of a `new` cluster or joins an `existing` one. A member that has
    /// data ignores it.
    fn start_one(&mut self, number: usize, state: &str) -> io::Result<()> {
        let member = |(number, server): (usize, &Server)| format!("e{number}=http://{}", server.peers);
        let members: Vec<_> = self.servers.iter().enumerate().map(member).collect();
        let scheme = if self.uses_tls() { "https" } else { "http" };
        let folder = self.folder(number);
        let server = &mut self.servers[number];
        let (clients, peers) = (format!("{scheme}://{}", server.clients), format!("http://{}", server.peers));
        let mut command = Command::new("etcd");
        command.arg("--data-dir").arg(&folder);
        for (flag, value) in [
            ("--name", &*format!("e{number}")),
            ("--listen-client-urls", &clients),
            ("--advertise-client-urls", &clients),
            ("--listen-peer-urls", &peers),
            ("--initial-advertise-peer-urls", &peers),
            ("--initial-cluster", &members.join(",")),
            ("--initial-cluster-state", state),
            ("--heartbeat-interval", "50"),
            ("--election-timeout", "500"),
        ] {
            command.arg(flag).arg(value);
        }
        command.args(self.flags.iter().map(|(flag, value)| format!("{flag}={value}")));
        server.process = Some(command.stdout(Stdio::null()).stderr(Stdio::null()).spawn()?);
        Ok(())
    }
}

impl Drop for EtcdServers {
    fn drop(&mut self) {
        for process in self.servers.iter_mut().filter_map(|server| server.process.as_mut()) {
            let _ended = process.kill().and_then(|()| process.wait());
        }
    }
}

fn run(program: &str, arguments: &[&OsStr]) {
    let status = Command::new(program).args(arguments).status().expect(program);
    assert!(status.success(), "{program} {arguments:?}");
}

/// The metrics of a server without TLS.
fn metrics(address: &str) -> io::Result<String> {
    request(address, "GET /metrics HTTP/1.0\r\n\r\n")
}

/// Calls a method of a server without TLS; an error of the server is an error.
fn post(address: &str, path: &str, body: &Value) -> io::Result<Value> {
    let body = body.to_string();
    let answer =
        request(address, &format!("POST {path} HTTP/1.0\r\nContent-Length: {}\r\n\r\n{body}", body.len()))?;
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or_default();
    if !head.contains(" 200 OK") {
        return Err(io::Error::other(answer));
    }
    Ok(serde_json::from_str(body)?)
}

/// Sends an HTTP request, and returns the answer with its head.
fn request(address: &str, request: &str) -> io::Result<String> {
    let mut connection = TcpStream::connect(address)?;
    connection.set_read_timeout(Some(ANSWER_TIMEOUT))?;
    connection.write_all(request.as_bytes())?;
    let mut answer = String::new();
    connection.read_to_string(&mut answer)?;
    Ok(answer)
}

#[expect(clippy::print_stderr, reason = "the output of a test names what was skipped")]
fn report_skipped() {
    eprintln!("skipped: etcd is not installed");
}

/// A free port of a loopback address that only this process uses: no other test takes the port before etcd
/// listens there.
fn free_address() -> String {
    let listener = TcpListener::bind((EtcdServers::host(), 0)).expect("a free port");
    listener.local_addr().expect("an address").to_string()
}
