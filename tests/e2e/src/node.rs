//! A node under test: `papo up`, or broker, proxy and server in three processes. The node encrypts, unless a
//! test must send raw bytes.
//!
//! Each node has its own loopback address in 127.0.0.0/8, and ports that the system chose at its first
//! startup. A role that restarts listens at the same port. No other test can have taken that port.

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
use crate::data::Data;
use crate::irc::IrcClient;
use crate::peer::Peer;
use crate::process::{Finished, Process};
use crate::role::Role;
use crate::subscriber::Subscriber;
use crate::web::Web;

/// A node with its data folder. Dropping it kills its processes.
pub struct Node {
    roles: Vec<Role>,
    data: Data,
    is_plain: bool,
}

impl Node {
    /// Starts a node in one process, with an empty data folder.
    #[must_use]
    pub fn up() -> Self {
        Self::up_on(empty_folder())
    }

    /// Starts a node in one process on an existing data folder.
    #[must_use]
    pub fn up_on(data: TempDir) -> Self {
        Self::up_with_flags(data, &[])
    }

    /// Starts a node in one process without encryption, for raw bytes and for tests of encryption.
    #[must_use]
    pub fn plaintext() -> Self {
        Self::up_with_flags(empty_folder(), &[("plaintext", "")])
    }

    /// Starts a node in one process with additional flags: names and values. A switch has an empty value.
    #[must_use]
    pub fn up_with_flags(data: TempDir, flags: &[(&str, &str)]) -> Self {
        let endpoint = &*new_endpoint();
        Self::start_up(Data::Own(data), endpoint, endpoint, flags)
    }

    /// Starts a node at an address of this machine, with a data folder that the caller owns, and flags.
    #[must_use]
    pub fn up_at(address: &str, data: &Path, flags: &[(&str, &str)]) -> Self {
        Self::start_up(Data::Borrowed(data.into()), &format!("tcp://{address}:0"), "tcp://127.0.0.1:0", flags)
    }

    fn start_up(data: Data, endpoint: &str, control: &str, flags: &[(&str, &str)]) -> Self {
        let up = Role::new("up").flag("data", &path(data.path())).flag("clients", endpoint);
        let mut up = up.flag("subscribers", endpoint);
        for name in ["broker-control", "proxy-control", "server-control"] {
            up = up.flag(name, control);
        }
        let mut up = up.flags(flags);
        up.start();
        Self { is_plain: up.find("plaintext").is_some(), roles: vec![up], data }
    }

    /// Starts a node with an empty data folder, these flags, and limits of users that no test reaches.
    #[must_use]
    pub fn up_without_user_limits(flags: &[(&str, &str)]) -> Self {
        let unlimited = [
            ("messages-per-second", "1000000"),
            ("messages-burst", "1000000"),
            ("reads-per-second", "1000000"),
            ("reads-burst", "1000000"),
            ("user-log-bytes-per-day", "1000000000000"),
        ];
        Self::up_with_flags(empty_folder(), &[&unlimited[..], flags].concat())
    }

    /// Starts a node in one process with a gateway. `flags` are additional flags.
    #[must_use]
    pub fn with_gateway(flags: &[(&str, &str)]) -> Self {
        let endpoint = new_endpoint();
        let web = endpoint.trim_start_matches("tcp://");
        let gateway = [("web", web), ("metrics", web), ("gateway-control", &*endpoint)];
        Self::up_with_flags(empty_folder(), &[&gateway, flags].concat())
    }

    /// Starts a node in one process with an IRC front. `flags` are additional flags.
    #[must_use]
    pub fn with_irc(flags: &[(&str, &str)]) -> Self {
        let endpoint = new_endpoint();
        let irc = [("irc", endpoint.trim_start_matches("tcp://")), ("irc-control", &*endpoint)];
        Self::up_without_user_limits(&[&irc, flags].concat())
    }

    /// Starts an IRC front as a further process of the node, with additional flags.
    pub fn add_irc_with(&mut self, flags: &[(&str, &str)]) {
        let endpoint = new_endpoint();
        let mut irc = Role::new("irc")
            .flag("broker", self.endpoint("clients"))
            .flag("proxy", self.endpoint("subscribers"))
            .flag("control", &endpoint)
            .flag("keys", &path(&keys_folder(self.data())))
            .flag("irc", endpoint.trim_start_matches("tcp://"))
            .flags(flags);
        irc.start();
        self.roles.push(irc);
    }

    /// An IRC client that is logged in, with these capabilities.
    #[must_use]
    pub fn irc(&self, user: &str, capabilities: &str) -> IrcClient {
        IrcClient::login(self.endpoint("irc"), user, capabilities)
    }

    /// Starts a gateway as a further process of the node.
    pub fn add_gateway(&mut self) {
        self.add_gateway_with(&[]);
    }

    /// Starts a gateway with additional flags.
    pub fn add_gateway_with(&mut self, flags: &[(&str, &str)]) {
        let endpoint = new_endpoint();
        let mut gateway = Role::new("gateway")
            .flag("broker", self.endpoint("clients"))
            .flag("proxy", self.endpoint("subscribers"))
            .flag("control", &endpoint)
            .flag("keys", &path(&keys_folder(self.data())))
            .flag("web", endpoint.trim_start_matches("tcp://"))
            .flag("metrics", "off")
            .flags(flags);
        gateway.start();
        self.roles.push(gateway);
    }

    /// An HTTP client of the gateway.
    #[must_use]
    pub fn web(&self) -> Web {
        Web::new(self.endpoint("web"))
    }

    /// Starts a node in three processes, with an empty data folder.
    #[must_use]
    pub fn in_three_processes() -> Self {
        Self::in_three_processes_via(&[], str::to_owned)
    }

    /// Starts a node in three processes, with flags for all of them. `link` maps the endpoint of broker or
    /// proxy to the endpoint to which the server connects, so a test can insert a relay.
    #[must_use]
    pub fn in_three_processes_via(flags: &[(&str, &str)], link: impl Fn(&str) -> String) -> Self {
        Self::start_three_processes(Data::Own(empty_folder()), flags, link)
    }

    /// Like [`in_three_processes_via`](Self::in_three_processes_via), with a data folder that the caller
    /// owns.
    #[must_use]
    pub fn in_three_processes_on(data: &Path, flags: &[(&str, &str)], link: impl Fn(&str) -> String) -> Self {
        Self::start_three_processes(Data::Borrowed(data.to_owned()), flags, link)
    }

    fn start_three_processes(data: Data, flags: &[(&str, &str)], link: impl Fn(&str) -> String) -> Self {
        let endpoint = new_endpoint();
        let keys = path(&keys_folder(data.path()));
        let [broker, proxy] = [("broker", ["clients", "servers"]), ("proxy", ["events", "subscribers"])].map(
            |(name, [one, other])| {
                let role =
                    Role::new(name).flag(one, &endpoint).flag(other, &endpoint).flag("control", &endpoint);
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
            .flag("control", &endpoint)
            .flag("data", &path(data.path()))
            .flag("registration", "open")
            .flags(flags);
        server.start();
        Self { is_plain: server.find("plaintext").is_some(), roles: vec![broker, proxy, server], data }
    }

    /// The endpoint that a flag sets.
    #[must_use]
    pub fn endpoint(&self, flag: &str) -> &str {
        self.roles.iter().find_map(|role| role.find(flag)).expect("a flag of one of the roles")
    }

    /// The `host:port` of the endpoint that a flag sets.
    #[must_use]
    pub fn address(&self, flag: &str) -> &str {
        self.endpoint(flag).strip_prefix("tcp://").expect("a TCP endpoint")
    }

    #[must_use]
    pub fn data(&self) -> &Path {
        self.data.path()
    }

    /// The value for a client's `--server`: the invite, or the endpoint of a node in plain text.
    #[must_use]
    pub fn server(&self) -> &str {
        let invite = self.roles.iter().find_map(|role| role.invite.as_deref());
        invite.unwrap_or_else(|| self.endpoint("clients"))
    }

    /// The join code for the first account, from the ready line.
    #[must_use]
    pub fn join_code(&self) -> Option<&str> {
        self.roles.iter().find_map(|role| role.join_code.as_deref())
    }

    /// The security of a client: the node's public key and a new key pair.
    #[must_use]
    pub fn client_security(&self) -> Security {
        self.client_security_with(KeyPair::generate().expect("a key pair"))
    }

    /// The security of the node's own server: the service key pair.
    #[must_use]
    pub fn service_security(&self) -> Security {
        let keys = KeyFolder::new(keys_folder(self.data()));
        self.client_security_with(keys.service().expect("the service pair"))
    }

    fn client_security_with(&self, own: KeyPair) -> Security {
        if self.is_plain {
            return Security::Plain;
        }
        let server = KeyFolder::new(keys_folder(self.data())).node_public().expect("the node's key");
        Security::Client { server, own }
    }

    /// A peer without a session.
    #[must_use]
    pub fn peer(&self) -> Peer {
        self.peer_at(self.endpoint("clients"))
    }

    /// A peer that connects to `endpoint`, such as a relay to the broker.
    #[must_use]
    pub fn peer_at(&self, endpoint: &str) -> Peer {
        Peer::connect(endpoint, &self.client_security())
    }

    /// A subscriber without subscriptions.
    #[must_use]
    pub fn subscriber(&self) -> Subscriber {
        self.subscriber_at(self.endpoint("subscribers"))
    }

    /// A subscriber that connects to `endpoint`, such as a relay to the proxy.
    #[must_use]
    pub fn subscriber_at(&self, endpoint: &str) -> Subscriber {
        Subscriber::connect(endpoint, &self.client_security())
    }

    /// The names of the node's processes: `up`, or `broker`, `proxy` and `server`.
    pub fn roles(&self) -> impl Iterator<Item = &'static str> {
        self.roles.iter().map(|role| role.name)
    }

    pub fn set_flag(&mut self, role: &str, flag: &str, value: &str) {
        let flags = &mut self.role_mut(role).flags;
        let (_, old) = flags.iter_mut().find(|(known, _)| known == flag).expect("a flag of this role");
        value.clone_into(old);
    }

    /// Starts a stopped role, and waits until it is ready.
    pub fn start(&mut self, role: &str) {
        self.role_mut(role).start();
    }

    /// Starts a stopped role without waiting.
    pub fn spawn(&mut self, role: &str) -> &Process {
        self.role_mut(role).spawn()
    }

    pub fn wait_until_ready(&mut self, role: &str) {
        self.role_mut(role).wait_until_ready();
    }

    #[must_use]
    pub fn is_running(&self, role: &str) -> bool {
        let role = self.roles.iter().find(|known| known.name == role).expect("a role");
        role.process.as_ref().is_some_and(Process::is_running)
    }

    pub fn kill(&mut self, role: &str) {
        self.role_mut(role).take_process().kill();
    }

    /// Sends a signal to a role, and waits until the role exits.
    pub fn stop(&mut self, role: &str, signal: Signal) -> Finished {
        self.role_mut(role).take_process().stop(signal)
    }

    /// Stops a role with SIGTERM, and restarts it.
    pub fn restart(&mut self, role: &str) {
        let finished = self.stop(role, Signal::TERM);
        assert_eq!(finished.code, Some(0), "{}", finished.log);
        self.start(role);
    }

    /// Asserts that `papo health` succeeds for all processes of the node.
    pub fn assert_healthy(&self) {
        let flags = self.roles.iter().flat_map(|role| &role.flags);
        let controls = flags.filter(|(flag, _)| flag.ends_with("control")).map(|(_, endpoint)| &**endpoint);
        let health = Process::run(["health"].into_iter().chain(controls));
        assert_eq!(health.code, Some(0), "{}", health.log);
    }

    /// Runs `papo log verify`, and returns its output.
    #[must_use]
    pub fn verify(&self) -> Value {
        let verified = Process::run(["log", "verify", "--data", &path(self.data())]);
        assert_eq!(verified.code, Some(0), "{}", verified.log);
        serde_json::from_str(&verified.output).expect("one line of JSON")
    }

    #[must_use]
    pub fn counter(&self, role: &str, name: &str) -> u64 {
        let status = self.status(role);
        let counter = status.get("counters").and_then(|counters| counters.get(name));
        counter.and_then(Value::as_u64).expect("a counter")
    }

    /// The problems that `papo health` reports for a role.
    #[must_use]
    pub fn problems(&self, role: &str) -> Vec<String> {
        let problems = self.status(role).get("problems").cloned().expect("problems");
        serde_json::from_value(problems).expect("sentences")
    }

    fn status(&self, role: &str) -> Value {
        let own = self.roles.iter().find(|known| known.name == role).and_then(|role| role.find("control"));
        let control = own.unwrap_or_else(|| self.endpoint(&format!("{role}-control")));
        control::request_status(&Context::new(), control, DEADLINE).expect("a status")
    }

    #[must_use]
    pub fn process(&self, role: &str) -> &Process {
        let role = self.roles.iter().find(|known| known.name == role).expect("a role");
        role.process.as_ref().expect("a running role")
    }

    /// The standard error of a role since it started.
    #[must_use]
    pub fn log(&self, role: &str) -> String {
        self.process(role).log()
    }

    #[must_use]
    pub fn into_data(self) -> TempDir {
        match self.data {
            Data::Own(folder) => folder,
            Data::Borrowed(path) => panic!("{} is not the node's own", path.display()),
        }
    }

    fn role_mut(&mut self, name: &str) -> &mut Role {
        self.roles.iter_mut().find(|role| role.name == name).expect("a role")
    }
}

/// A loopback address that no other node uses, with a port that the system chooses.
fn new_endpoint() -> String {
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
