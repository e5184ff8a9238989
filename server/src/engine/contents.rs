//! Drives the exchange of file contents with the other nodes: the jobs on the disk, and the requests that
//! wait.

use std::collections::HashSet;
use std::sync::mpsc::{Receiver, Sender, channel};

use cluster::Node;
use common::ContentHash;
use tracing::warn;
use transport::Frame;

use super::Engine;
use crate::replication::applied::Applied;
use crate::replication::contents::copies::Copies;
use crate::replication::contents::fetches::{Fetches, Waiter};
use crate::replication::contents::{Action, Done, PART_BYTES_MAX};
use crate::replication::election::Election;
use crate::replication::link::{Header, NodeLink};
use crate::services::files;
use crate::services::files::copies::{Content, Need};
use crate::services::jobs::{Job, Kind, NO_TICKET, Outcome};

/// The maximum number of requests that wait until this node has a content. Further requests are refused.
const WAITING_MAX: usize = 64;

/// The maximum number of parts that this node reads for other nodes at the same time: 8 MiB. It drops further
/// requests, and the other nodes repeat them.
const READS_MAX: usize = 32;

/// The maximum number of contents in received batches that the node has not looked for yet. At this number,
/// it compares its disk with the whole log.
const LOGGED_MAX: usize = 10_000;

/// The requests that wait for other nodes, and the contents in received batches.
#[derive(Default)]
pub(super) struct Needs {
    new: Vec<(u64, Need)>,
    /// The requests that wait until this node has a content.
    here: HashSet<u64>,
    logged: Vec<Content>,
    has_lost_logged: bool,
}

impl Needs {
    /// Adds a request. Returns false if too many requests wait.
    #[must_use]
    pub(super) fn add(&mut self, ticket: u64, need: Need) -> bool {
        if matches!(need, Need::Here(_)) {
            if self.here.len() >= WAITING_MAX {
                return false;
            }
            self.here.insert(ticket);
        }
        // Each copy on another node belongs to an open upload, and the uploads have a bound.
        self.new.push((ticket, need));
        true
    }

    /// Notes a content in a received batch.
    pub(super) fn add_logged(&mut self, content: Content) {
        if self.logged.len() < LOGGED_MAX {
            self.logged.push(content);
        } else {
            self.has_lost_logged = true;
        }
    }
}

/// The nodes of the cluster, as this node sees them.
pub(super) struct View<'a> {
    pub(super) own_name: &'a str,
    pub(super) nodes: &'a [Node],
    pub(super) leader: Option<&'a str>,
    /// The nodes from which the leader hears.
    pub(super) live: Vec<String>,
    /// Whether this node is up to date.
    pub(super) is_fresh: bool,
    pub(super) now_ms: u64,
    pub(super) unix_ms: u64,
}

impl<'a> View<'a> {
    pub(super) fn of(election: &'a Election, applied: &Applied, now_ms: u64, unix_ms: u64) -> Self {
        Self {
            own_name: election.name(),
            nodes: election.nodes(),
            leader: election.other_leader().map(|(_, leader)| leader),
            live: applied.live(now_ms),
            is_fresh: !election.is_cut_off(now_ms),
            now_ms,
            unix_ms,
        }
    }

    /// The other nodes, the leader first: it has most contents.
    fn others(&self) -> Vec<String> {
        let mut others: Vec<_> =
            self.nodes.iter().map(|node| &*node.name).filter(|name| *name != self.own_name).collect();
        others.sort_by_key(|name| (Some(*name) != self.leader, *name));
        others.into_iter().map(str::to_owned).collect()
    }
}

pub(super) struct Contents {
    fetches: Fetches,
    copies: Copies,
    sender: Sender<Done>,
    done: Receiver<Done>,
    /// The parts that are being read for other nodes.
    reads: usize,
    /// Actions on the disk that were rejected because too many jobs are unfinished.
    rejected: Vec<Action>,
    /// Whether the disk was compared with the log, or is being compared.
    is_compared: bool,
}

impl Contents {
    pub(super) fn new(own_name: &str) -> Self {
        let (sender, done) = channel();
        Self {
            fetches: Fetches::new(own_name.to_owned()),
            copies: Copies::new(own_name.to_owned()),
            sender,
            done,
            reads: 0,
            rejected: Vec::new(),
            is_compared: false,
        }
    }

    /// The number of contents that this node lacks, as far as it knows.
    pub(super) fn missing(&self) -> u64 {
        self.fetches.len() as u64
    }

    /// Handles a message of another node about contents.
    pub(super) fn receive(
        &mut self,
        engine: &mut Engine,
        header: Header,
        frames: &mut Vec<Frame>,
        view: &View<'_>,
    ) {
        match header {
            Header::Fetch { from, sha256, offset, length } => {
                self.copies.requested(&from, &sha256, view.now_ms);
                self.read(engine, from, sha256, offset, length);
            }
            Header::Part { from, sha256, offset } => {
                let bytes = frames.drain(..).next().map(|frame| frame.to_vec());
                self.fetches.part(&from, &sha256, offset, bytes, &view.others(), view.now_ms);
            }
            Header::Keep { from, sha256, bytes } => {
                if engine.files.keep(sha256, view.unix_ms) {
                    self.fetches.want_for(Content { sha256, bytes }, Waiter::Node(from));
                }
            }
            Header::Kept { sha256, .. } => self.copies.kept(&sha256),
            Header::Hello { .. }
            | Header::Heartbeat { .. }
            | Header::Forward { .. }
            | Header::Reply { .. }
            | Header::Notice {}
            | Header::Applied { .. }
            | Header::Lacking { .. }
            | Header::Holding { .. } => {}
        }
    }

    /// Does the work of one round.
    pub(super) fn step(&mut self, engine: &mut Engine, link: &impl NodeLink, view: &View<'_>) {
        let others = view.others();
        for (ticket, need) in std::mem::take(&mut engine.needs.new) {
            match need {
                Need::Here(content) => self.fetches.want_for(content, Waiter::Request(ticket)),
                Need::Elsewhere(content) => {
                    self.copies.copy(ticket, content, !others.is_empty(), view.now_ms);
                }
            }
        }
        engine.needs.logged.drain(..).for_each(|content| self.fetches.want(content));
        self.compare(engine, view);
        while let Ok(done) = self.done.try_recv() {
            self.note(engine, done, &others, link, view.now_ms);
        }
        if engine.ledger.failure().is_none() {
            self.fetches.step(&others, view.now_ms);
        }
        self.copies.step(&view.live, view.now_ms);
        for action in std::mem::take(&mut self.rejected) {
            self.carry_out(engine, action, link, view.unix_ms);
        }
        for action in self.fetches.take_actions().into_iter().chain(self.copies.take_actions()) {
            self.carry_out(engine, action, link, view.unix_ms);
        }
    }

    /// Compares the contents on the disk with the log, once after the start, and again if contents were left
    /// out.
    fn compare(&mut self, engine: &mut Engine, view: &View<'_>) {
        if std::mem::take(&mut engine.needs.has_lost_logged) || self.fetches.must_look_again() {
            self.fetches.looks_again();
            self.is_compared = false;
        }
        if self.is_compared || !view.is_fresh {
            return;
        }
        let (folder, sender) = (engine.files.folder.clone(), self.sender.clone());
        let list = Job::file(Kind::Contents, move || {
            match folder.contents() {
                Ok(contents) => report(&sender, Done::Listed(contents)),
                Err(error) => warn!(%error, "cannot list the contents of files"),
            }
            files::Outcome::Finished
        });
        self.is_compared = engine.jobs.submit(NO_TICKET, list);
    }

    /// Notes the outcome of a job.
    fn note(&mut self, engine: &Engine, done: Done, others: &[String], link: &impl NodeLink, now_ms: u64) {
        match done {
            Done::Checked(content, exists) => self.fetches.checked(content, exists, others, now_ms),
            Done::Appended(sha256, length) => self.fetches.appended(&sha256, length, now_ms),
            Done::Finished(content, is_right) => self.fetches.finished(content, is_right, others, now_ms),
            Done::Read { to, sha256, offset, bytes } => {
                self.reads = self.reads.saturating_sub(1);
                let header = Header::Part { from: link.name().to_owned(), sha256, offset };
                // If the message cannot be sent, the other node asks again.
                let _sent = link.send(&to, &header, bytes.map(Frame::from));
            }
            Done::Listed(contents) => {
                let here: HashSet<ContentHash> = contents.into_iter().collect();
                let all = engine.ledger.state().files.all();
                let missing = all.filter(|shared| !here.contains(&shared.sha256));
                for shared in missing {
                    self.fetches.want(Content { sha256: shared.sha256, bytes: shared.bytes });
                }
            }
        }
    }

    fn carry_out(&mut self, engine: &mut Engine, action: Action, link: &impl NodeLink, unix_ms: u64) {
        let (folder, sender) = (engine.files.folder.clone(), self.sender.clone());
        let (kind, work): (Kind, Box<dyn FnOnce() -> Done + Send>) = match &action {
            Action::Send { to, header } => {
                // If the message cannot be sent, the silence of the node has the same effect.
                let _sent = link.send(to, header, []);
                return;
            }
            Action::Answer(ticket, outcome) => {
                engine.needs.here.remove(ticket);
                return engine.continue_request(*ticket, Outcome::File(outcome.clone()), unix_ms);
            }
            Action::Check(content) => {
                let content = *content;
                (
                    Kind::Contents,
                    Box::new(move || Done::Checked(content, folder.has_copy(content).is_ok_and(|has| has))),
                )
            }
            Action::Append { sha256, offset, bytes } => {
                let (sha256, offset, bytes) = (*sha256, *offset, bytes.clone());
                let length = offset + bytes.len() as u64;
                let append = move || folder.append_copy(&sha256, offset, &bytes);
                (Kind::Transfers, Box::new(move || Done::Appended(sha256, logged(append()).map(|()| length))))
            }
            Action::Finish(content) => {
                let content = *content;
                (
                    Kind::Contents,
                    Box::new(move || Done::Finished(content, logged(folder.finish_copy(content)))),
                )
            }
        };
        let job = Job::file(kind, move || {
            report(&sender, work());
            files::Outcome::Finished
        });
        if !engine.jobs.submit(NO_TICKET, job) {
            self.rejected.push(action);
        }
    }

    /// Reads a part for another node.
    fn read(&mut self, engine: &mut Engine, to: String, sha256: ContentHash, offset: u64, length: u64) {
        let length = usize::try_from(length).unwrap_or(usize::MAX);
        if self.reads >= READS_MAX || length > PART_BYTES_MAX {
            return;
        }
        let (folder, sender) = (engine.files.folder.clone(), self.sender.clone());
        let read = Job::file(Kind::Transfers, move || {
            let bytes = logged(folder.read_copy(&sha256, offset, length)).flatten();
            report(&sender, Done::Read { to, sha256, offset, bytes });
            files::Outcome::Finished
        });
        self.reads += usize::from(engine.jobs.submit(NO_TICKET, read));
    }
}

fn report(sender: &Sender<Done>, done: Done) {
    // The receiver does not exist after the server has stopped.
    let _ = sender.send(done);
}

fn logged<T>(result: std::io::Result<T>) -> Option<T> {
    result.inspect_err(|error| warn!(%error, "cannot read or write a content for another node")).ok()
}
