//! Many clients on few threads: each thread waits for the sockets of all of its clients at once.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::JoinHandle;
use std::time::Duration;

use e2e::DEADLINE;
use transport::{clock, poll};

use super::person::Person;
use super::record::Record;

/// How long a thread sleeps at most, so that it sees what has changed for all.
const SLEEP_MS_MAX: u64 = 50;

/// A function that a thread runs on one of its clients.
type ClientAction = Box<dyn Fn(&mut Person) + Send>;

/// Clients that run.
pub(super) struct Crowd {
    record: Arc<Record>,
    threads: Vec<JoinHandle<Vec<Person>>>,
    actions: Vec<Sender<(usize, ClientAction)>>,
}

impl Crowd {
    /// Lets the clients run, on so many threads.
    pub(super) fn start(people: Vec<Person>, threads: usize, record: &Arc<Record>) -> Self {
        let mut shares: Vec<Vec<Person>> = (0..threads).map(|_| Vec::new()).collect();
        for (number, person) in people.into_iter().enumerate() {
            shares[number % threads].push(person);
        }
        let (actions, inboxes): (Vec<_>, Vec<_>) = (0..threads).map(|_| channel()).unzip();
        let threads = shares.into_iter().zip(inboxes).map(|(share, inbox)| {
            let record = Arc::clone(record);
            std::thread::spawn(move || run(share, &inbox, &record))
        });
        Self { record: Arc::clone(record), threads: threads.collect(), actions }
    }

    /// What the clients were told.
    pub(super) fn record(&self) -> &Record {
        &self.record
    }

    /// Runs `action` on a client, in its thread.
    pub(super) fn tell(&self, client: usize, action: impl Fn(&mut Person) + Send + 'static) {
        let threads = self.actions.len();
        let told = self.actions[client % threads].send((client / threads, Box::new(action)));
        told.expect("a thread that runs");
    }

    /// Asks each of so many clients something; waits for all answers.
    pub(super) fn ask<T: Send + 'static>(&self, clients: usize, question: fn(&mut Person) -> T) -> Vec<T> {
        let (sender, answers) = channel();
        for client in 0..clients {
            let sender = sender.clone();
            self.tell(client, move |person| sender.send(question(person)).expect("somebody who asks"));
        }
        (0..clients).map(|_| answers.recv_timeout(DEADLINE).expect("every client answers")).collect()
    }

    /// Waits until this is true of each of so many clients; false when it takes longer than `time`.
    pub(super) fn wait_for_all(
        &self,
        clients: usize,
        time: Duration,
        is_true: fn(&mut Person) -> bool,
    ) -> bool {
        let begun = clock::now();
        while !self.ask(clients, is_true).into_iter().all(std::convert::identity) {
            if begun.elapsed() > time {
                return false;
            }
        }
        true
    }

    /// Stops the clients, and returns them.
    pub(super) fn stop(mut self) -> Vec<Person> {
        self.record.is_over.store(true, Ordering::Relaxed);
        let threads = std::mem::take(&mut self.threads);
        threads.into_iter().flat_map(|thread| thread.join().expect("no client fails")).collect()
    }
}

impl Drop for Crowd {
    fn drop(&mut self) {
        self.record.is_over.store(true, Ordering::Relaxed);
    }
}

fn run(mut people: Vec<Person>, inbox: &Receiver<(usize, ClientAction)>, record: &Record) -> Vec<Person> {
    while !record.is_over.load(Ordering::Relaxed) {
        let now_ms = record.now_ms();
        let watches: Vec<_> = people.iter().flat_map(|person| person.watches(now_ms)).collect();
        let deadline = people.iter().map(|person| person.deadline(now_ms)).min().unwrap_or(u64::MAX);
        let sleep = Duration::from_millis(deadline.saturating_sub(now_ms).min(SLEEP_MS_MAX));
        poll::wait(&watches, Some(sleep)).expect("a wait");
        for (client, action) in inbox.try_iter() {
            people.get_mut(client).into_iter().for_each(&action);
        }
        people.iter_mut().for_each(Person::turn);
    }
    people
}
