//! The test bed of a run: the machines, and clients in their namespaces and outside of them.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use common::accounts::LoggedIn;
use common::{ChannelName, Conversation, Target};
use sim::checks::ensure;
use testkit::{Rng, channel, target};
use transport::{Context, clock};
use uuid::Uuid;

use super::machines::{MACHINES, Machines};
use super::network::Namespace;
use super::writer::{CHANNEL, Written};
use crate::chaos::client::{ChaosClient, Endpoints};
use crate::chaos::client_pool::ClientPool;
use crate::chaos::results::RunResults;
use crate::chaos::test_bed::{CHANNELS, account};

pub(super) const CLIENTS: usize = 20;

/// This number of clients are in the namespaces of their nodes. The others are outside of the machines.
const CLIENTS_OF_NODES: usize = 12;

/// Maximum time between two sends of one client.
const SEND_INTERVAL_MS_MAX: u64 = 1_000;

/// Maximum time until all clients receive acknowledgements after a fault.
const RECOVERY_MAX: Duration = Duration::from_secs(60);

/// The clients are dropped first.
pub(super) struct ClusterBed {
    pub(super) pool: ClientPool,
    pub(super) machines: Machines,
    pub(super) results: Arc<RunResults>,
    /// The account of the writers.
    pub(super) account: LoggedIn,
    /// The messages of the writers.
    pub(super) attempted: BTreeSet<Uuid>,
}

impl ClusterBed {
    /// Starts the machines and the clients. The error says why it is not possible on this machine.
    pub(super) fn set_up(rng: &mut Rng) -> Result<Self, String> {
        let mut machines = Machines::start()?;
        machines.leader();
        let mut accounts: Vec<LoggedIn> =
            (0..=CLIENTS).map(|number| machines.on(0, |node| account(node, number))).collect();
        let results = Arc::new(RunResults::new());
        let writer = accounts.pop().expect("the account of the writers");
        let clients = make_clients(&machines, &accounts, rng, &results);
        let links = (0..CLIENTS).map(|number| namespace(&machines, number).link().clone());
        let links: Vec<_> = links.collect();
        let pool = ClientPool::start_in(clients, CLIENTS, &results, move |number| links[number].enter());
        let all_follow = pool.wait_for_all(CLIENTS, e2e::DEADLINE, |client| client.io.follows);
        assert!(all_follow, "every client follows before the first fault");
        Ok(Self { pool, machines, results, account: writer, attempted: BTreeSet::new() })
    }

    /// Moves all clients to their own nodes.
    pub(super) fn send_clients_home(&self) {
        for client in 0..CLIENTS {
            self.pool.run_on(client, ChaosClient::go_home);
        }
    }

    /// Waits until each client has received a further acknowledgement.
    pub(super) fn wait_for_acknowledgements(&self) {
        let count = || self.pool.ask(CLIENTS, |client| client.io.waits.count());
        let (before, begun) = (count(), clock::now());
        let has_more = |now: &[u64]| now.iter().zip(&before).all(|(now, before)| now > before);
        let mut now = count();
        while !has_more(&now) && begun.elapsed() < RECOVERY_MAX {
            std::thread::sleep(Duration::from_millis(50));
            now = count();
        }
        self.results.note(ensure(has_more(&now), "clients_continue", || {
            let waiting = now.iter().zip(&before).enumerate().filter(|(_, (now, before))| now <= before);
            let states = self.pool.ask(CLIENTS, |client| client.describe());
            let waiting: Vec<_> = waiting.map(|(client, _)| &states[client]).collect();
            format!("no acknowledgement in {RECOVERY_MAX:?}: {waiting:#?}")
        }));
    }

    /// The longest wait of a client since the last call, except for the clients in the namespace of the node
    /// `cut`.
    pub(super) fn take_longest_wait(&self, cut: Option<usize>) -> Duration {
        let waits = self.pool.ask(CLIENTS, |client| client.io.waits.take_longest_ms());
        let is_cut = |client: usize| client < CLIENTS_OF_NODES && Some(client % MACHINES) == cut;
        let waits = waits.into_iter().enumerate().filter(|(client, _)| !is_cut(*client));
        Duration::from_millis(waits.map(|(_, wait_ms)| wait_ms).max().unwrap_or_default())
    }

    /// Remembers the messages and events of a writer for the checks at the end.
    pub(super) fn note_written(&mut self, written: &Written) {
        self.attempted.extend(&written.attempted);
        let conversation = Conversation::Channel(ChannelName::new(CHANNEL).expect("a name"));
        for line in &written.published {
            self.results.note(self.results.observed().observe_line(line));
        }
        for (id, n) in &written.acknowledged {
            self.results.note(self.results.observed().observe_amended(*id, conversation.clone(), *n));
        }
    }
}

/// The namespace of a client.
fn namespace(machines: &Machines, client: usize) -> &Namespace {
    if client < CLIENTS_OF_NODES { &machines.network.nodes[client % MACHINES] } else { &machines.network.hub }
}

/// Creates a client for each account: about half with WebSockets.
fn make_clients(
    machines: &Machines,
    accounts: &[LoggedIn],
    rng: &mut Rng,
    results: &Arc<RunResults>,
) -> Vec<ChaosClient> {
    // Each account is a member of the channels, and so is the writers' account.
    let heads = CHANNELS.map(|name| (Target::Channel(channel(name)), CLIENTS as u64 + 1));
    let direct = |number: usize| target(&format!("@{}", accounts[number % CLIENTS].user));
    let client = |(number, account): (usize, &LoggedIn)| {
        let mut endpoints: Vec<_> =
            (0..MACHINES).map(|node| node_endpoints(machines, node, number / MACHINES % 2 == 1)).collect();
        endpoints.rotate_left(number % MACHINES);
        let rng = rng.split();
        let mut client = namespace(machines, number)
            .inside(|| ChaosClient::new(&Context::new(), endpoints, account.clone(), rng, results));
        client.sends_to(&heads, SEND_INTERVAL_MS_MAX);
        client.sends_to(&[(direct(number + 1), 0)], SEND_INTERVAL_MS_MAX);
        client.expects_from(direct(number + CLIENTS - 1), 0);
        client
    };
    accounts.iter().enumerate().map(client).collect()
}

fn node_endpoints(machines: &Machines, number: usize, is_web: bool) -> Endpoints {
    let node = &machines.nodes[number];
    Endpoints {
        requests: node.endpoint("clients").to_owned(),
        events: node.endpoint("subscribers").to_owned(),
        web: is_web.then(|| Machines::web_address(number)),
        security: node.client_security(),
    }
}
