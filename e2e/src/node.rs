//! A node: `papo up`, or broker, proxy and server in processes of their own.
//!
//! Each node has a loopback address of its own (all of 127.0.0.0/8 is this machine) and ports the system chose at its
//! first start. A role that starts again listens where it did before, and no other test can have taken its place.

use std::path::Path;
use std::process;
use std::sync::atomic::{AtomicU32, Ordering};

use rustix::process::Signal;
use serde_json::Value;
use tempfile::TempDir;

use crate::listener::Listener;
use crate::peer::Peer;
use crate::process::{Finished, Process};

/// One node with its data folder; all ends when it is dropped.
pub struct Node {
    roles: Vec<Role>,
    data: TempDir,
}

/// One process of the node: how it is started, and whether it runs.
struct Role {
    name: &'static str,
    /// Flags and their values; ports of 0 become those the system chose.
    flags: Vec<(String, String)>,
    process: Option<Process>,
}

impl Node {
    /// A node in one process, with an empty data folder.
    #[must_use]
    pub fn up() -> Self {
        Self::up_with(TempDir::new().expect("a folder"))
    }

    /// A node in one process, with a data folder that there is already.
    #[must_use]
    pub fn up_with(data: TempDir) -> Self {
        let here = own_endpoint();
        let mut up = Role::new("up").flag("data", &path(data.path()));
        for name in ["clients", "subscribers", "broker-control", "proxy-control", "server-control"] {
            up = up.flag(name, &here);
        }
        up.start();
        Self { roles: vec![up], data }
    }

    /// A node in three processes, with an empty data folder.
    #[must_use]
    pub fn three() -> Self {
        let (here, data) = (own_endpoint(), TempDir::new().expect("a folder"));
        let mut broker =
            Role::new("broker").flag("clients", &here).flag("servers", &here).flag("control", &here);
        broker.start();
        let mut proxy =
            Role::new("proxy").flag("events", &here).flag("subscribers", &here).flag("control", &here);
        proxy.start();
        let subscribers = proxy.value("subscribers");
        let (_, port) = subscribers.rsplit_once(':').expect("a port");
        let mut server = Role::new("server")
            .flag("broker", broker.value("servers"))
            .flag("proxy", proxy.value("events"))
            .flag("advertise", &format!("tcp://*:{port}"))
            .flag("control", &here)
            .flag("data", &path(data.path()));
        server.start();
        Self { roles: vec![broker, proxy, server], data }
    }

    /// Where an endpoint is, by the flag that sets it.
    #[must_use]
    pub fn endpoint(&self, flag: &str) -> &str {
        self.roles.iter().find_map(|role| role.find(flag)).expect("a flag of one of the roles")
    }

    /// The data folder.
    #[must_use]
    pub fn data(&self) -> &Path {
        self.data.path()
    }

    /// Somebody who speaks to the node, and has not logged in.
    #[must_use]
    pub fn peer(&self) -> Peer {
        Peer::connect(self.endpoint("clients"))
    }

    /// Somebody who hears what the node tells, and has not subscribed to anything.
    #[must_use]
    pub fn listener(&self) -> Listener {
        Listener::connect(self.endpoint("subscribers"))
    }

    /// The names of the roles that are processes.
    pub fn roles(&self) -> impl Iterator<Item = &'static str> {
        self.roles.iter().map(|role| role.name)
    }

    /// Starts a role that does not run, and waits until it is ready.
    pub fn start(&mut self, role: &str) {
        self.role_mut(role).start();
    }

    /// Starts a role that does not run, and waits for nothing.
    pub fn begin(&mut self, role: &str) -> &Process {
        self.role_mut(role).begin()
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

    /// What a role has logged since it was started.
    #[must_use]
    pub fn log(&self, role: &str) -> String {
        let role = self.roles.iter().find(|known| known.name == role).expect("a role");
        role.process.as_ref().expect("a role that runs").log()
    }

    /// Kills what runs, and leaves the data folder.
    #[must_use]
    pub fn into_data(self) -> TempDir {
        self.data
    }

    fn role_mut(&mut self, name: &str) -> &mut Role {
        self.roles.iter_mut().find(|role| role.name == name).expect("a role")
    }
}

impl Role {
    fn new(name: &'static str) -> Self {
        Self { name, flags: Vec::new(), process: None }
    }

    fn flag(mut self, flag: &str, value: &str) -> Self {
        self.flags.push((flag.to_owned(), value.to_owned()));
        self
    }

    fn find(&self, flag: &str) -> Option<&str> {
        self.flags.iter().find(|(known, _)| known == flag).map(|(_, value)| &**value)
    }

    fn value(&self, flag: &str) -> &str {
        self.find(flag).expect("a flag of this role")
    }

    fn begin(&mut self) -> &Process {
        let flags = self.flags.iter().map(|(flag, value)| format!("--{flag}={value}"));
        self.process.insert(Process::papo([self.name.to_owned()].into_iter().chain(flags)))
    }

    fn start(&mut self) {
        let ready = self.begin().ready();
        assert_eq!(ready.get("ready").and_then(Value::as_str), Some(self.name));
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

fn path(path: &Path) -> String {
    path.to_str().expect("a path in UTF-8").to_owned()
}
