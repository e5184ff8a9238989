//! A node in three processes behind lines that break, with a crowd of clients; and what is done to them.

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

use super::crowd::Crowd;
use super::line::Line;
use super::person::{Person, Place};
use super::plan::{Act, Role, Way};
use super::record::Record;
use super::small_disk::SmallDisk;

/// Channels that everybody is in.
const CHANNELS: [&str; 2] = ["#general", "#ops"];

/// Between two things that one person says, in milliseconds, at the most.
const SAYS_EVERY_MS_MAX: u64 = 400;

/// Threads that the clients run on.
const THREADS: usize = 2;

/// Connections that are made to a role whose files are taken, so that it meets its limit.
const CALLERS: usize = 20;

/// Mebibytes of the small disk; tmpfs takes only what is used.
const DISK_MIB: u64 = 64;

/// Everything there is in a run. What is dropped first is what would be in the way of the others.
pub(super) struct Stage {
    pub(super) crowd: Crowd,
    pub(super) node: Node,
    lines: Vec<(Way, Line)>,
    pub(super) record: Arc<Record>,
    /// Nothing where no small disk can be mounted, and why not.
    pub(super) disk: Result<SmallDisk, String>,
    is_disk_full: bool,
    /// Who may have how many files again.
    files: BTreeMap<&'static str, u64>,
    callers: Vec<std::net::TcpStream>,
    pub(super) faults: BTreeMap<&'static str, u64>,
    /// The most of memory and of open files that each role was seen with.
    pub(super) peaks: BTreeMap<&'static str, Peak>,
}

/// What a process was seen with at the most.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Peak {
    pub(super) memory_bytes: u64,
    pub(super) open_files: usize,
}

impl Stage {
    /// Starts everything; the clients follow everything and are silent.
    pub(super) fn set_up(clients: usize, minutes: u64, rng: &mut Rng) -> Self {
        let disk = SmallDisk::mount(DISK_MIB * minutes.max(1));
        let mut lines = Vec::new();
        let mut node = {
            let mut ways = [Way::ServerToBroker, Way::ServerToProxy].into_iter();
            let lines = std::cell::RefCell::new(&mut lines);
            let ways = std::cell::RefCell::new(&mut ways);
            let link = |endpoint: &str| {
                let line = Line::to(endpoint);
                let led = line.endpoint().to_owned();
                lines.borrow_mut().push((ways.borrow_mut().next().expect("two links"), line));
                led
            };
            match &disk {
                Ok(disk) => Node::three_in(&disk.data(), &[], link),
                Err(_why) => Node::three_linked(&[], link),
            }
        };
        lines.push((Way::Requests, Line::to(node.endpoint("clients"))));
        lines.push((Way::Events, Line::to(node.endpoint("subscribers"))));
        let record = Arc::new(Record::new());
        let people = people(&node, &lines, clients, rng, &record);
        // What hashing all those passwords has left in its memory says nothing about the run.
        node.restart("server");
        let crowd = Crowd::start(people, THREADS, &record);
        let is_begun = crowd.wait_for_all(clients, e2e::DEADLINE, |person| person.io.follows);
        assert!(is_begun, "every client follows before the first fault");
        Self {
            crowd,
            node,
            lines,
            record,
            disk,
            is_disk_full: false,
            files: BTreeMap::new(),
            callers: Vec::new(),
            faults: BTreeMap::new(),
            peaks: BTreeMap::new(),
        }
    }

    /// Does one thing.
    pub(super) fn perform(&mut self, act: Act) {
        match act {
            Act::Kill(role) => self.kill(role),
            Act::Start(role) => drop(self.node.begin(role.name())),
            Act::Freeze(role) => self.signal(role, Signal::STOP, "freezes"),
            Act::Thaw(role) => self.node.process(role.name()).signal(Signal::CONT),
            Act::TakeFiles(role) => self.take_files(role),
            Act::GiveFiles(role) => self.give_files(role),
            Act::FillDisk => self.fill_disk(),
            Act::EmptyDisk => self.empty_disk(),
            Act::Cut(way, every, bytes) => self.fault("cuts", |stage| stage.line(way).cut(every, bytes)),
            Act::HoldStill(way) => self.fault("stalls", |stage| stage.line(way).hold_still()),
            Act::Flow(way) => self.line(way).flow(),
            Act::HalfOpen(way, every) => self.fault("half-open", |stage| stage.line(way).half_open(every)),
            Act::EndHalfOpen(way) => self.line(way).end_half_open(),
            Act::StopReading(client, for_ms) => self.fault("slow readers", |stage| {
                stage.crowd.tell(client, move |person| person.stop_reading(for_ms));
            }),
        }
    }

    fn fault(&mut self, kind: &'static str, inflict: impl FnOnce(&mut Self)) {
        *self.faults.entry(kind).or_default() += 1;
        inflict(self);
    }

    fn line(&self, way: Way) -> &Line {
        &self.lines.iter().find(|(of, _)| *of == way).expect("a line for each way").1
    }

    fn signal(&mut self, role: Role, signal: Signal, kind: &'static str) {
        self.fault(kind, |stage| stage.node.process(role.name()).signal(signal));
    }

    fn kill(&mut self, role: Role) {
        self.assert_alive(role);
        let kind = match role {
            Role::Broker => "kills of the broker",
            Role::Proxy => "kills of the proxy",
            Role::Server => "kills of the server",
        };
        self.files.remove(role.name());
        self.fault(kind, |stage| stage.node.kill(role.name()));
    }

    /// No room for another file: strangers come until the role has none left, and then everybody must come again.
    fn take_files(&mut self, role: Role) {
        if !self.node.runs(role.name()) {
            return;
        }
        self.fault("without files", |stage| {
            let process = stage.node.process(role.name());
            let before = process.limit_open_files(process.open_files() as u64 + 1);
            stage.files.insert(role.name(), before);
            let ports: &[&str] = match role {
                Role::Broker => &["clients"],
                Role::Proxy => &["subscribers"],
                Role::Server => &[],
            };
            for address in ports.iter().map(|port| stage.node.address(port).to_owned()) {
                let call = |_| std::net::TcpStream::connect(&address).ok();
                stage.callers.extend((0..CALLERS).filter_map(call));
            }
        });
    }

    fn give_files(&mut self, role: Role) {
        self.callers.clear();
        if let Some(before) = self.files.remove(role.name()) {
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

    /// Notes a role that has ended though nobody killed it.
    fn assert_alive(&self, role: Role) {
        if !self.node.runs(role.name()) {
            let what = format!("the {} has ended by itself: {}", role.name(), self.node.log(role.name()));
            self.record.note(Err(Violation { checker: "roles_live", what }));
        }
    }

    /// Waits until all roles are ready, and looks that none has ended by itself.
    pub(super) fn calm(&mut self) {
        for role in Role::ALL {
            self.assert_alive(role);
            self.node.wait_until_ready(role.name());
        }
    }

    /// Looks how much each role holds at present.
    pub(super) fn look_at_roles(&mut self) {
        for role in Role::ALL.map(Role::name) {
            if self.node.runs(role) {
                let process = self.node.process(role);
                let peak = self.peaks.entry(role).or_default();
                peak.memory_bytes = peak.memory_bytes.max(process.memory_bytes());
                peak.open_files = peak.open_files.max(process.open_files());
            }
        }
    }
}

/// Makes the accounts and the channels, and a client for each.
fn people(
    node: &Node,
    lines: &[(Way, Line)],
    clients: usize,
    rng: &mut Rng,
    record: &Arc<Record>,
) -> Vec<Person> {
    let endpoint = |way| &lines.iter().find(|(of, _)| *of == way).expect("a line").1;
    let accounts: Vec<LoggedIn> = (0..clients).map(|number| account(node, number)).collect();
    let heads: Vec<_> = CHANNELS.map(|channel| (target(channel), clients as u64)).into_iter().collect();
    let context = Context::new();
    let direct = |number: usize| Target::User(accounts[number % clients].user.clone());
    let person = |(number, account): (usize, &LoggedIn)| {
        let place = Place {
            requests: endpoint(Way::Requests).endpoint().to_owned(),
            events: endpoint(Way::Events).endpoint().to_owned(),
            security: node.client(),
        };
        let mut person = Person::new(&context, place, account.clone(), rng.split(), record);
        person.talks_to(&heads, SAYS_EVERY_MS_MAX);
        person.talks_to(&[(direct(number + 1), 0)], SAYS_EVERY_MS_MAX);
        person.is_owed(direct(number + clients - 1), 0);
        person
    };
    accounts.iter().enumerate().map(person).collect()
}

fn account(node: &Node, number: usize) -> LoggedIn {
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
