//! A node: `papo up`, or broker, proxy and server in processes of their own. Encrypted, as people have it, unless a
//! test needs to speak raw bytes.
//!
//! Each node has a loopback address of its own (all of 127.0.0.0/8 is this machine) and ports the system chose at its
//! first start. A role that starts again listens where it did before, and no other test can have taken its place.

use std::path::{Path, PathBuf};
use std::process;
use std::sync::atomic::{AtomicU32, Ordering};

use rustix::process::Signal;
use serde_json::Value;
use tempfile::TempDir;
use transport::key_folder::KeyFolder;
use transport::keys::KeyPair;
use transport::security::Security;
use transport::{Context, control};

use crate::DEADLINE;
use crate::listener::Listener;
use crate::peer::Peer;
use crate::process::{Finished, Process};

/// One node with its data folder; all ends when it is dropped.
pub struct Node {
    roles: Vec<Role>,
    data: Data,
    is_plain: bool,
}

/// Where the data is.
enum Data {
    /// In a folder that goes with the node.
    Own(TempDir),
    /// In a folder that somebody else looks after.
    Lent(PathBuf),
}

impl Data {
    fn path(&self) -> &Path {
        match self {
            Self::Own(folder) => folder.path(),
            Self::Lent(path) => path,
        }
    }
}

/// One process of the node: how it is started, and whether it runs.
struct Role {
    name: &'static str,
    /// Flags and their values; ports of 0 become those the system chose.
    flags: Vec<(String, String)>,
    /// What it has told colleagues to come with.
    invite: Option<String>,
    process: Option<Process>,
}

impl Node {
    /// A node in one process, with an empty data folder.
    #[must_use]
    pub fn up() -> Self {
        Self::up_with(empty_folder())
    }

    /// A node in one process, with a data folder that there is already.
    #[must_use]
    pub fn up_with(data: TempDir) -> Self {
        Self::up_as(data, &[])
    }

    /// A node in one process that encrypts nothing: for raw bytes, and to see that a test of encryption can fail.
    #[must_use]
    pub fn plain() -> Self {
        Self::up_as(empty_folder(), &[("plaintext", "")])
    }

    /// A node in one process that was given flags of its own: names and values; a switch has an empty value.
    #[must_use]
    pub fn up_as(data: TempDir, flags: &[(&str, &str)]) -> Self {
        let here = own_endpoint();
        let mut up = Role::new("up").flag("data", &path(data.path()));
        for name in ["clients", "subscribers", "broker-control", "proxy-control", "server-control"] {
            up = up.flag(name, &here);
        }
        let mut up = up.flags(flags);
        up.start();
        Self { is_plain: up.find("plaintext").is_some(), roles: vec![up], data: Data::Own(data) }
    }

    /// A node in three processes, with an empty data folder.
    #[must_use]
    pub fn three() -> Self {
        Self::three_linked(&[], str::to_owned)
    }

    /// The same, with flags for all three, and the server's links led through `link`, which is told where broker or
    /// proxy listens and says where the server is to connect.
    #[must_use]
    pub fn three_linked(flags: &[(&str, &str)], link: impl Fn(&str) -> String) -> Self {
        Self::three_on(Data::Own(empty_folder()), flags, link)
    }

    /// The same, with a data folder that somebody else looks after.
    #[must_use]
    pub fn three_in(data: &Path, flags: &[(&str, &str)], link: impl Fn(&str) -> String) -> Self {
        Self::three_on(Data::Lent(data.to_owned()), flags, link)
    }

    fn three_on(data: Data, flags: &[(&str, &str)], link: impl Fn(&str) -> String) -> Self {
        let here = own_endpoint();
        let keys = path(&keys_folder(data.path()));
        let [broker, proxy] = [("broker", ["clients", "servers"]), ("proxy", ["events", "subscribers"])].map(
            |(name, [one, other])| {
                let role = Role::new(name).flag(one, &here).flag(other, &here).flag("control", &here);
                let mut role = role.flag("keys", &keys).flags(flags);
                role.start();
                role
            },
        );
        let subscribers = proxy.value("subscribers");
        let (_, port) = subscribers.rsplit_once(':').expect("a port");
        let mut server = Role::new("server")
            .flag("broker", &link(broker.value("servers")))
            .flag("proxy", &link(proxy.value("events")))
            .flag("advertise", &format!("tcp://*:{port}"))
            .flag("control", &here)
            .flag("data", &path(data.path()))
            .flags(flags);
        server.start();
        Self { is_plain: server.find("plaintext").is_some(), roles: vec![broker, proxy, server], data }
    }

    /// Where an endpoint is, by the flag that sets it.
    #[must_use]
    pub fn endpoint(&self, flag: &str) -> &str {
        self.roles.iter().find_map(|role| role.find(flag)).expect("a flag of one of the roles")
    }

    /// Where a TCP connection can be made to an endpoint, by the flag that sets it.
    #[must_use]
    pub fn address(&self, flag: &str) -> &str {
        self.endpoint(flag).strip_prefix("tcp://").expect("a TCP endpoint")
    }

    /// The data folder.
    #[must_use]
    pub fn data(&self) -> &Path {
        self.data.path()
    }

    /// What clients are told after `--server`: the invite, or where a node in plain text is.
    #[must_use]
    pub fn server(&self) -> &str {
        let invite = self.roles.iter().find_map(|role| role.invite.as_deref());
        invite.unwrap_or_else(|| self.endpoint("clients"))
    }

    /// The protection of a client: it knows the node, and has a key that nobody knows.
    #[must_use]
    pub fn client(&self) -> Security {
        self.connecting_with(KeyPair::generate().expect("a key pair"))
    }

    /// The protection of the node's own server.
    #[must_use]
    pub fn service(&self) -> Security {
        let keys = KeyFolder::new(keys_folder(self.data()));
        self.connecting_with(keys.service().expect("the service pair"))
    }

    fn connecting_with(&self, own: KeyPair) -> Security {
        if self.is_plain {
            return Security::Plain;
        }
        let server = KeyFolder::new(keys_folder(self.data())).node_public().expect("the node's key");
        Security::Client { server, own }
    }

    /// Somebody who speaks to the node, and has not logged in.
    #[must_use]
    pub fn peer(&self) -> Peer {
        self.peer_at(self.endpoint("clients"))
    }

    /// The same, at another endpoint: one that leads to the broker.
    #[must_use]
    pub fn peer_at(&self, endpoint: &str) -> Peer {
        Peer::connect(endpoint, &self.client())
    }

    /// Somebody who hears what the node tells, and has not subscribed to anything.
    #[must_use]
    pub fn listener(&self) -> Listener {
        self.listener_at(self.endpoint("subscribers"))
    }

    /// The same, at another endpoint: one that leads to the proxy.
    #[must_use]
    pub fn listener_at(&self, endpoint: &str) -> Listener {
        Listener::connect(endpoint, &self.client())
    }

    /// The names of the roles that are processes.
    pub fn roles(&self) -> impl Iterator<Item = &'static str> {
        self.roles.iter().map(|role| role.name)
    }

    /// Gives a role that does not run another value for a flag.
    pub fn set(&mut self, role: &str, flag: &str, value: &str) {
        let flags = &mut self.role_mut(role).flags;
        let (_, old) = flags.iter_mut().find(|(known, _)| known == flag).expect("a flag of this role");
        value.clone_into(old);
    }

    /// Starts a role that does not run, and waits until it is ready.
    pub fn start(&mut self, role: &str) {
        self.role_mut(role).start();
    }

    /// Starts a role that does not run, and waits for nothing.
    pub fn begin(&mut self, role: &str) -> &Process {
        self.role_mut(role).begin()
    }

    /// Waits until a role that was begun, and not waited for yet, is ready.
    pub fn wait_until_ready(&mut self, role: &str) {
        self.role_mut(role).be_ready();
    }

    /// Whether a role was started and has not ended by itself.
    #[must_use]
    pub fn runs(&self, role: &str) -> bool {
        let role = self.roles.iter().find(|known| known.name == role).expect("a role");
        role.process.as_ref().is_some_and(Process::is_running)
    }

    /// `kill -9` of a role.
    pub fn kill(&mut self, role: &str) {
        self.role_mut(role).take().kill();
    }

    /// Asks a role to stop, and waits until it has ended.
    pub fn stop(&mut self, role: &str, signal: Signal) -> Finished {
        self.role_mut(role).take().stop(signal)
    }

    /// Stops a role as an operator does, and starts it again.
    pub fn restart(&mut self, role: &str) {
        let finished = self.stop(role, Signal::TERM);
        assert_eq!(finished.code, Some(0), "{}", finished.log);
        self.start(role);
    }

    /// Asserts that every process of the node runs and answers.
    pub fn assert_healthy(&self) {
        let controls = self.roles.iter().flat_map(|role| &role.flags);
        let controls =
            controls.filter(|(flag, _)| flag.ends_with("control")).map(|(_, endpoint)| &**endpoint);
        let health = Process::run(["health"].into_iter().chain(controls));
        assert_eq!(health.code, Some(0), "{}", health.log);
    }

    /// Checks the log with `papo log verify`, and returns what it says.
    #[must_use]
    pub fn verify(&self) -> Value {
        let verified = Process::run(["log", "verify", "--data", &path(self.data())]);
        assert_eq!(verified.code, Some(0), "{}", verified.log);
        serde_json::from_str(&verified.output).expect("one line of JSON")
    }

    /// One of the counters of broker, proxy or server.
    #[must_use]
    pub fn counter(&self, role: &str, name: &str) -> u64 {
        let own = self.roles.iter().find(|known| known.name == role).and_then(|role| role.find("control"));
        let control = own.unwrap_or_else(|| self.endpoint(&format!("{role}-control")));
        let status = control::request_status(&Context::new(), control, DEADLINE).expect("a status");
        let counter = status.get("counters").and_then(|counters| counters.get(name));
        counter.and_then(Value::as_u64).expect("a counter")
    }

    /// The process of a role.
    #[must_use]
    pub fn process(&self, role: &str) -> &Process {
        let role = self.roles.iter().find(|known| known.name == role).expect("a role");
        role.process.as_ref().expect("a role that runs")
    }

    /// What a role has logged since it was started.
    #[must_use]
    pub fn log(&self, role: &str) -> String {
        self.process(role).log()
    }

    /// Kills what runs, and leaves the data folder.
    #[must_use]
    pub fn into_data(self) -> TempDir {
        match self.data {
            Data::Own(folder) => folder,
            Data::Lent(path) => panic!("{} is not the node's own", path.display()),
        }
    }

    fn role_mut(&mut self, name: &str) -> &mut Role {
        self.roles.iter_mut().find(|role| role.name == name).expect("a role")
    }
}

impl Role {
    fn new(name: &'static str) -> Self {
        Self { name, flags: Vec::new(), invite: None, process: None }
    }

    fn flag(mut self, flag: &str, value: &str) -> Self {
        self.flags.push((flag.to_owned(), value.to_owned()));
        self
    }

    fn flags(self, flags: &[(&str, &str)]) -> Self {
        flags.iter().fold(self, |role, (flag, value)| role.flag(flag, value))
    }

    fn find(&self, flag: &str) -> Option<&str> {
        self.flags.iter().find(|(known, _)| known == flag).map(|(_, value)| &**value)
    }

    fn value(&self, flag: &str) -> &str {
        self.find(flag).expect("a flag of this role")
    }

    fn begin(&mut self) -> &Process {
        let flags = self.flags.iter().map(|(flag, value)| match &**value {
            "" => format!("--{flag}"),
            value => format!("--{flag}={value}"),
        });
        self.process.insert(Process::papo([self.name.to_owned()].into_iter().chain(flags)))
    }

    fn start(&mut self) {
        self.begin();
        self.be_ready();
    }

    fn be_ready(&mut self) {
        let ready = self.process.as_ref().expect("a role that runs").ready();
        assert_eq!(ready.get("ready").and_then(Value::as_str), Some(self.name));
        self.invite = ready.get("invite").and_then(Value::as_str).map(str::to_owned);
        for (flag, value) in &mut self.flags {
            if let Some(actual) = ready.get(flag.replace('-', "_")).and_then(Value::as_str) {
                actual.clone_into(value);
            }
        }
    }

    fn take(&mut self) -> Process {
        self.process.take().expect("a role that runs")
    }
}

/// An address that no other test listens at, and a port that the system chooses.
fn own_endpoint() -> String {
    static NODES: AtomicU32 = AtomicU32::new(0);
    let (test, node) = (process::id(), NODES.fetch_add(1, Ordering::Relaxed));
    format!("tcp://127.{}.{}.{}:0", 1 + test % 254, test / 254 % 256, 1 + node % 254)
}

fn empty_folder() -> TempDir {
    TempDir::new().expect("a folder")
}

fn keys_folder(data: &Path) -> PathBuf {
    data.join("keys")
}

fn path(path: &Path) -> String {
    path.to_str().expect("a path in UTF-8").to_owned()
}
