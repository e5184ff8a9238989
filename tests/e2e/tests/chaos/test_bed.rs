//! The test bed of a run: a node in three processes behind relays, a pool of clients, and the fault actions.

use std::collections::BTreeMap;
use std::sync::Arc;

use common::Target;
use common::accounts::LoggedIn;
use e2e::{Node, Peer};
use rustix::process::Signal;
use sim::Violation;
use testkit::Rng;
use testkit::target;
use transport::Context;

use super::client::{ChaosClient, Endpoints};
use super::client_pool::ClientPool;
use super::plan::{FaultAction, Plan, Role, Route};
use super::relay::Relay;
use super::results::RunResults;
use super::small_disk::SmallDisk;

/// The channels, of which all users are members.
pub(super) const CHANNELS: [&str; 2] = ["#general", "#ops"];

/// Maximum time between two sends of one client.
const SEND_INTERVAL_MS_MAX: u64 = 400;

const CLIENT_THREADS: usize = 2;

/// The number of connections that the test opens to a role with a low limit of open files, so the role
/// reaches the limit.
const EXTRA_CONNECTIONS: usize = 20;

/// The size of the small disk for each minute of the run. A tmpfs takes only the used memory.
const DISK_MIB_PER_MINUTE: u64 = 64;

/// All parts of a run. The clients are dropped first.
pub(super) struct TestBed {
    pub(super) pool: ClientPool,
    pub(super) node: Node,
    roles: &'static [Role],
    relays: Vec<(Route, Relay)>,
    pub(super) results: Arc<RunResults>,
    /// The small disk, or the reason why it cannot be mounted.
    pub(super) disk: Result<SmallDisk, String>,
    is_disk_full: bool,
    /// The file limits to restore, by role.
    file_limits: BTreeMap<&'static str, u64>,
    extra_connections: Vec<std::net::TcpStream>,
    pub(super) faults: BTreeMap<&'static str, u64>,
    /// The largest measured memory and number of open files, by role.
    pub(super) peaks: BTreeMap<&'static str, Peak>,
}

#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Peak {
    pub(super) memory_bytes: u64,
    pub(super) open_files: usize,
}

impl TestBed {
    /// Starts the node and the clients. The clients receive the events of all conversations, and do not send
    /// yet.
    pub(super) fn set_up(clients: usize, plan: &Plan, rng: &mut Rng) -> Self {
        let minutes = plan.length_ms / 60_000;
        let disk = SmallDisk::mount(DISK_MIB_PER_MINUTE * minutes.max(1));
        let mut relays = Vec::new();
        let mut node = {
            let mut routes = [Route::ServerToBroker, Route::ServerToProxy].into_iter();
            let relays = std::cell::RefCell::new(&mut relays);
            let routes = std::cell::RefCell::new(&mut routes);
            let link = |endpoint: &str| {
                let relay = Relay::to(endpoint);
                let address = relay.endpoint().to_owned();
                relays.borrow_mut().push((routes.borrow_mut().next().expect("two routes"), relay));
                address
            };
            match &disk {
                Ok(disk) => Node::in_three_processes_on(&disk.data(), &[], link),
                Err(_why) => Node::in_three_processes_via(&[], link),
            }
        };
        relays.push((Route::Requests, Relay::to(node.endpoint("clients"))));
        relays.push((Route::Events, Relay::to(node.endpoint("subscribers"))));
        if plan.roles.contains(&Role::Gateway) {
            node.add_gateway();
            relays.push((Route::WebSockets, Relay::to(&format!("tcp://{}", node.endpoint("web")))));
        }
        let results = Arc::new(RunResults::new());
        let chaos_clients = make_clients(&node, &relays, clients, rng, &results);
        // Hashing the passwords used much memory. A restarted server's memory does not include it.
        node.restart("server");
        let pool = ClientPool::start(chaos_clients, CLIENT_THREADS, &results);
        let all_follow = pool.wait_for_all(clients, e2e::DEADLINE, |client| client.io.follows);
        assert!(all_follow, "every client follows before the first fault");
        Self {
            pool,
            node,
            roles: plan.roles,
            relays,
            results,
            disk,
            is_disk_full: false,
            file_limits: BTreeMap::new(),
            extra_connections: Vec::new(),
            faults: BTreeMap::new(),
            peaks: BTreeMap::new(),
        }
    }

    pub(super) fn perform(&mut self, action: FaultAction) {
        match action {
            FaultAction::Kill(role) => self.kill(role),
            FaultAction::Start(role) => drop(self.node.spawn(role.name())),
            FaultAction::Freeze(role) => self.signal(role, Signal::STOP, "freezes"),
            FaultAction::Thaw(role) => self.node.process(role.name()).signal(Signal::CONT),
            FaultAction::LimitFiles(role) => self.limit_files(role),
            FaultAction::RestoreFiles(role) => self.restore_files(role),
            FaultAction::FillDisk => self.fill_disk(),
            FaultAction::EmptyDisk => self.empty_disk(),
            FaultAction::Cut { route, every_nth_connection, after_bytes } => {
                self.fault("cuts", |test_bed| test_bed.relay(route).cut(every_nth_connection, after_bytes))
            }
            FaultAction::Stall(route) => self.fault("stalls", |test_bed| test_bed.relay(route).stall()),
            FaultAction::Resume(route) => self.relay(route).resume(),
            FaultAction::HalfOpen { route, every_nth_connection } => {
                self.fault("half-open", |test_bed| test_bed.relay(route).half_open(every_nth_connection))
            }
            FaultAction::EndHalfOpen(route) => self.relay(route).end_half_open(),
            FaultAction::StopReading(client, for_ms) => self.fault("slow readers", |test_bed| {
                test_bed.pool.run_on(client, move |client| client.stop_reading(for_ms));
            }),
        }
    }

    fn fault(&mut self, kind: &'static str, begin: impl FnOnce(&mut Self)) {
        *self.faults.entry(kind).or_default() += 1;
        begin(self);
    }

    fn relay(&self, route: Route) -> &Relay {
        &self.relays.iter().find(|(of, _)| *of == route).expect("a relay for each route").1
    }

    fn signal(&mut self, role: Role, signal: Signal, kind: &'static str) {
        self.fault(kind, |test_bed| test_bed.node.process(role.name()).signal(signal));
    }

    fn kill(&mut self, role: Role) {
        self.assert_alive(role);
        let kind = match role {
            Role::Broker => "kills of the broker",
            Role::Proxy => "kills of the proxy",
            Role::Server => "kills of the server",
            Role::Gateway => "kills of the gateway",
        };
        self.file_limits.remove(role.name());
        self.fault(kind, |test_bed| test_bed.node.kill(role.name()));
    }

    /// Limits the open files of a role and opens connections until it reaches the limit.
    fn limit_files(&mut self, role: Role) {
        if !self.node.is_running(role.name()) {
            return;
        }
        self.fault("without files", |test_bed| {
            let process = test_bed.node.process(role.name());
            let before = process.limit_open_files(process.open_files() as u64 + 1);
            test_bed.file_limits.insert(role.name(), before);
            let ports: &[&str] = match role {
                Role::Broker => &["clients"],
                Role::Proxy => &["subscribers"],
                Role::Server | Role::Gateway => &[],
            };
            for address in ports.iter().map(|port| test_bed.node.address(port).to_owned()) {
                let connect = |_| std::net::TcpStream::connect(&address).ok();
                test_bed.extra_connections.extend((0..EXTRA_CONNECTIONS).filter_map(connect));
            }
        });
    }

    fn restore_files(&mut self, role: Role) {
        self.extra_connections.clear();
        if let Some(before) = self.file_limits.remove(role.name()) {
            self.node.process(role.name()).limit_open_files(before);
        }
    }

    fn fill_disk(&mut self) {
        if let Ok(disk) = &self.disk {
            disk.fill();
            self.is_disk_full = true;
            self.fault("full disks", |_| {});
        }
    }

    fn empty_disk(&mut self) {
        if let Ok(disk) = &self.disk
            && std::mem::take(&mut self.is_disk_full)
        {
            disk.empty();
        }
    }

    /// Records a violation if a role exited without a kill.
    fn assert_alive(&self, role: Role) {
        if !self.node.is_running(role.name()) {
            let what = format!("the {} exited without a kill: {}", role.name(), self.node.log(role.name()));
            self.results.note(Err(Violation { checker: "roles_keep_running", what }));
        }
    }

    /// Waits until all roles are ready, and checks that no role exited without a kill.
    pub(super) fn wait_until_ready(&mut self) {
        for role in self.roles.iter().copied() {
            self.assert_alive(role);
            self.node.wait_until_ready(role.name());
        }
    }

    pub(super) fn sample_roles(&mut self) {
        for role in self.roles.iter().copied().map(Role::name) {
            if self.node.is_running(role) {
                let process = self.node.process(role);
                let peak = self.peaks.entry(role).or_default();
                peak.memory_bytes = peak.memory_bytes.max(process.memory_bytes());
                peak.open_files = peak.open_files.max(process.open_files());
            }
        }
    }
}

/// Creates the accounts, the channels, and a client for each account.
fn make_clients(
    node: &Node,
    relays: &[(Route, Relay)],
    clients: usize,
    rng: &mut Rng,
    results: &Arc<RunResults>,
) -> Vec<ChaosClient> {
    let endpoint = |route| &relays.iter().find(|(of, _)| *of == route).expect("a relay").1;
    let web = relays.iter().find(|(route, _)| *route == Route::WebSockets).map(|(_, relay)| relay);
    let accounts: Vec<LoggedIn> = (0..clients).map(|number| account(node, number)).collect();
    let heads: Vec<_> = CHANNELS.map(|channel| (target(channel), clients as u64)).into_iter().collect();
    let context = Context::new();
    let direct = |number: usize| Target::User(accounts[number % clients].user.clone());
    let client = |(number, account): (usize, &LoggedIn)| {
        let endpoints = Endpoints {
            requests: endpoint(Route::Requests).endpoint().to_owned(),
            events: endpoint(Route::Events).endpoint().to_owned(),
            web: web.map(|relay| relay.endpoint().to_owned()),
            security: node.client_security(),
        };
        let mut client = ChaosClient::new(&context, vec![endpoints], account.clone(), rng.split(), results);
        client.sends_to(&heads, SEND_INTERVAL_MS_MAX);
        client.sends_to(&[(direct(number + 1), 0)], SEND_INTERVAL_MS_MAX);
        client.expects_from(direct(number + clients - 1), 0);
        client
    };
    accounts.iter().enumerate().map(client).collect()
}

/// Creates an account that is a member of all channels.
pub(super) fn account(node: &Node, number: usize) -> LoggedIn {
    let name = format!("pessoa{number}");
    let mut peer: Peer = node.peer();
    peer.register(&name).expect("a free name");
    let account = peer.login(&name).expect("a session");
    for channel in CHANNELS {
        let joined = if number == 0 { peer.create(channel) } else { peer.join(channel) };
        joined.expect("a channel");
    }
    account
}
