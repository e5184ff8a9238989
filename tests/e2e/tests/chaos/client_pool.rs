//! Runs many clients on few threads. Each thread polls the sockets of all its clients.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::JoinHandle;
use std::time::Duration;

use e2e::DEADLINE;
use transport::{clock, poll};

use super::client::ChaosClient;
use super::results::RunResults;

/// Maximum sleep of a thread. After it, the thread checks the shared results.
const SLEEP_MS_MAX: u64 = 50;

type ClientAction = Box<dyn Fn(&mut ChaosClient) + Send>;

pub(super) struct ClientPool {
    results: Arc<RunResults>,
    threads: Vec<JoinHandle<Vec<ChaosClient>>>,
    actions: Vec<Sender<(usize, ClientAction)>>,
}

impl ClientPool {
    /// Starts the clients on `threads` threads.
    pub(super) fn start(clients: Vec<ChaosClient>, threads: usize, results: &Arc<RunResults>) -> Self {
        Self::start_in(clients, threads, results, |_thread| {})
    }

    /// Like [`start`](Self::start). Each thread first calls `enter` with its number.
    pub(super) fn start_in(
        clients: Vec<ChaosClient>,
        threads: usize,
        results: &Arc<RunResults>,
        enter: impl Fn(usize) + Clone + Send + 'static,
    ) -> Self {
        let mut shares: Vec<Vec<ChaosClient>> = (0..threads).map(|_| Vec::new()).collect();
        for (number, client) in clients.into_iter().enumerate() {
            shares[number % threads].push(client);
        }
        let (actions, inboxes): (Vec<_>, Vec<_>) = (0..threads).map(|_| channel()).unzip();
        let threads = shares.into_iter().zip(inboxes).enumerate().map(|(number, (share, inbox))| {
            let (results, enter) = (Arc::clone(results), enter.clone());
            std::thread::spawn(move || {
                enter(number);
                run(share, &inbox, &results)
            })
        });
        Self { results: Arc::clone(results), threads: threads.collect(), actions }
    }

    /// The shared results of all clients.
    pub(super) fn results(&self) -> &RunResults {
        &self.results
    }

    /// Runs `action` on a client, in its thread.
    pub(super) fn run_on(&self, client: usize, action: impl Fn(&mut ChaosClient) + Send + 'static) {
        let threads = self.actions.len();
        let sent = self.actions[client % threads].send((client / threads, Box::new(action)));
        sent.expect("a running thread");
    }

    /// Runs `question` on the first `clients` clients and returns their answers, in the order of the clients.
    pub(super) fn ask<T: Send + 'static>(
        &self,
        clients: usize,
        question: fn(&mut ChaosClient) -> T,
    ) -> Vec<T> {
        let (sender, answers) = channel();
        for number in 0..clients {
            let sender = sender.clone();
            let answer = move |client: &mut ChaosClient| sender.send((number, question(client)));
            self.run_on(number, move |client| answer(client).expect("a waiting receiver"));
        }
        let answers = (0..clients).map(|_| answers.recv_timeout(DEADLINE).expect("every client answers"));
        answers.collect::<BTreeMap<_, _>>().into_values().collect()
    }

    /// Waits until `is_true` returns true for the first `clients` clients. Returns false after `time`.
    pub(super) fn wait_for_all(
        &self,
        clients: usize,
        time: Duration,
        is_true: fn(&mut ChaosClient) -> bool,
    ) -> bool {
        let begun = clock::now();
        while !self.ask(clients, is_true).into_iter().all(std::convert::identity) {
            if begun.elapsed() > time {
                return false;
            }
        }
        true
    }

    pub(super) fn stop(mut self) -> Vec<ChaosClient> {
        self.results.is_stopped.store(true, Ordering::Relaxed);
        let threads = std::mem::take(&mut self.threads);
        threads.into_iter().flat_map(|thread| thread.join().expect("no client fails")).collect()
    }
}

impl Drop for ClientPool {
    fn drop(&mut self) {
        self.results.is_stopped.store(true, Ordering::Relaxed);
    }
}

fn run(
    mut clients: Vec<ChaosClient>,
    inbox: &Receiver<(usize, ClientAction)>,
    results: &RunResults,
) -> Vec<ChaosClient> {
    while !results.is_stopped.load(Ordering::Relaxed) {
        let now_ms = results.now_ms();
        let watches: Vec<_> = clients.iter().flat_map(|client| client.watches(now_ms)).collect();
        let deadline = clients.iter().map(|client| client.deadline(now_ms)).min().unwrap_or(u64::MAX);
        let sleep = Duration::from_millis(deadline.saturating_sub(now_ms).min(SLEEP_MS_MAX));
        poll::wait(&watches, Some(sleep)).expect("waiting succeeds");
        for (client, action) in inbox.try_iter() {
            clients.get_mut(client).into_iter().for_each(&action);
        }
        clients.iter_mut().for_each(ChaosClient::run_once);
    }
    clients
}
