//! Receives file contents from other nodes. A content is requested in parts, with a few requests in flight.

use std::collections::BTreeMap;

use common::ContentHash;

use super::{Action, PART_BYTES_MAX};
use crate::replication::link::Header;
use crate::services::files::copies::Content;
use crate::services::files::{Failure, Outcome};

/// The maximum number of contents that are received at the same time. With [`WINDOW_BYTES`], at most 4 MiB
/// are in memory.
const ACTIVE_MAX: usize = 4;

/// The maximum number of contents without a waiter that are received at the same time.
const BACKGROUND_MAX: usize = 2;

/// The bytes of a content that are requested and not on the disk yet.
const WINDOW_BYTES: u64 = 4 * PART_BYTES_MAX as u64;

/// The maximum number of contents to receive. At this number, the node looks for missing contents again
/// later.
const CONTENTS_MAX: usize = 10_000;

/// The time without a part after which the next node is asked.
const SILENCE_MS: u64 = 2_000;

/// The time after which a content that no node sent is requested again.
const RETRY_MS: u64 = 30_000;

/// A receiver that is informed when the content is on the disk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Waiter {
    /// The request of a client with this ticket.
    Request(u64),
    /// The node with this name, which leads.
    Node(String),
}

#[derive(Debug, PartialEq, Eq)]
enum Stage {
    /// Waits until fewer contents are received, and until this time.
    Queued {
        from_ms: u64,
    },
    Checking,
    Receiving {
        from: String,
        progress_ms: u64,
    },
    Finishing,
}

struct Fetch {
    content: Content,
    stage: Stage,
    waiters: Vec<Waiter>,
    /// Whether the log names the content.
    is_logged: bool,
    /// The bytes that are requested, received, and on the disk.
    requested: u64,
    received: u64,
    appended: u64,
    /// The nodes that did not send the content.
    tried: Vec<String>,
}

/// The contents that this node receives.
#[derive(Default)]
pub struct Fetches {
    own_name: String,
    fetches: BTreeMap<ContentHash, Fetch>,
    actions: Vec<Action>,
    /// Whether contents were left out because there were too many.
    is_incomplete: bool,
}

impl Fetches {
    #[must_use]
    pub fn new(own_name: String) -> Self {
        Self { own_name, ..Self::default() }
    }

    #[must_use]
    pub fn take_actions(&mut self) -> Vec<Action> {
        std::mem::take(&mut self.actions)
    }

    /// Whether all contents are received, and some were left out.
    #[must_use]
    pub fn must_look_again(&self) -> bool {
        self.is_incomplete && self.fetches.is_empty()
    }

    pub fn looks_again(&mut self) {
        self.is_incomplete = false;
    }

    /// The number of contents to receive.
    #[must_use]
    pub fn len(&self) -> usize {
        self.fetches.len()
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.fetches.is_empty()
    }

    /// Receives a content that the log names, unless the disk has it.
    pub fn want(&mut self, content: Content) {
        self.add(content, None);
    }

    /// Receives a content that `waiter` needs, unless the disk has it.
    pub fn want_for(&mut self, content: Content, waiter: Waiter) {
        self.add(content, Some(waiter));
    }

    fn add(&mut self, content: Content, waiter: Option<Waiter>) {
        let is_full = self.fetches.len() >= CONTENTS_MAX && !self.fetches.contains_key(&content.sha256);
        let is_other = self.fetches.get(&content.sha256).is_some_and(|known| known.content != content);
        if is_full || is_other {
            self.is_incomplete |= is_full;
            let waiters = waiter.into_iter().collect();
            return self.inform(content.sha256, waiters, false);
        }
        let fetch = self.fetches.entry(content.sha256).or_insert_with(|| Fetch {
            content,
            stage: Stage::Queued { from_ms: 0 },
            waiters: Vec::new(),
            is_logged: false,
            requested: 0,
            received: 0,
            appended: 0,
            tried: Vec::new(),
        });
        fetch.is_logged |= waiter.is_none();
        if let Some(waiter) = waiter.filter(|waiter| !fetch.waiters.contains(waiter)) {
            if let Stage::Queued { from_ms } = &mut fetch.stage {
                *from_ms = 0;
            }
            fetch.waiters.push(waiter);
        }
    }

    /// Starts queued contents, those with a waiter first, and asks the next node if a node is silent.
    /// `nodes` are the other nodes, in the order in which they are asked.
    pub fn step(&mut self, nodes: &[String], now_ms: u64) {
        let Self { fetches, actions, .. } = self;
        let active = |fetch: &&Fetch| !matches!(fetch.stage, Stage::Queued { .. });
        let count = fetches.values().filter(active).count();
        let background = fetches.values().filter(active).filter(|fetch| fetch.waiters.is_empty()).count();
        let mut room = [ACTIVE_MAX.saturating_sub(count), BACKGROUND_MAX.saturating_sub(background)];
        for has_waiters in [true, false] {
            let [all, background] = &mut room;
            for fetch in fetches.values_mut().filter(|fetch| fetch.waiters.is_empty() != has_waiters) {
                let is_due = matches!(fetch.stage, Stage::Queued { from_ms } if from_ms <= now_ms);
                if !is_due || *all == 0 || (!has_waiters && *background == 0) {
                    continue;
                }
                *all -= 1;
                *background = background.saturating_sub(usize::from(!has_waiters));
                fetch.tried.clear();
                fetch.stage = Stage::Checking;
                actions.push(Action::Check(fetch.content));
            }
        }
        let is_silent = |fetch: &Fetch| {
            matches!(fetch.stage, Stage::Receiving { progress_ms, .. }
                if now_ms.saturating_sub(progress_ms) >= SILENCE_MS)
        };
        let silent: Vec<_> =
            fetches.values().filter(|fetch| is_silent(fetch)).map(|fetch| fetch.content.sha256).collect();
        for sha256 in silent {
            self.ask_next(&sha256, nodes, now_ms);
        }
    }

    /// The disk was searched for the content.
    pub fn checked(&mut self, content: Content, exists: bool, nodes: &[String], now_ms: u64) {
        let is_checking = |fetch: &&mut Fetch| fetch.content == content && fetch.stage == Stage::Checking;
        if self.fetches.get_mut(&content.sha256).filter(is_checking).is_none() {
            return;
        }
        if exists {
            self.end(&content.sha256, true, now_ms);
        } else {
            self.ask_next(&content.sha256, nodes, now_ms);
        }
    }

    /// A node has sent a part of a content; `None` if it does not have the content.
    pub fn part(
        &mut self,
        sender: &str,
        sha256: &ContentHash,
        offset: u64,
        bytes: Option<Vec<u8>>,
        nodes: &[String],
        now_ms: u64,
    ) {
        let Some(fetch) = self.fetches.get_mut(sha256) else { return };
        let Stage::Receiving { from, progress_ms } = &mut fetch.stage else { return };
        if from != sender {
            return;
        }
        let Some(bytes) = bytes else { return self.ask_next(sha256, nodes, now_ms) };
        let length = bytes.len() as u64;
        let is_next = offset == fetch.received && bytes.len() <= PART_BYTES_MAX;
        if !is_next || offset + length > fetch.requested || (length == 0 && fetch.content.bytes > 0) {
            return;
        }
        *progress_ms = now_ms;
        fetch.received += length;
        self.actions.push(Action::Append { sha256: *sha256, offset, bytes });
    }

    /// A part is on the disk; `None` if the disk failed.
    pub fn appended(&mut self, sha256: &ContentHash, length: Option<u64>, now_ms: u64) {
        let Some(fetch) = self.fetches.get_mut(sha256) else { return };
        let Some(length) = length else { return self.end(sha256, false, now_ms) };
        fetch.appended = length;
        if let Stage::Receiving { from, .. } = &fetch.stage {
            if length == fetch.content.bytes {
                fetch.stage = Stage::Finishing;
                self.actions.push(Action::Finish(fetch.content));
            } else {
                let from = from.clone();
                request(fetch, &self.own_name, &from, &mut self.actions);
            }
        }
    }

    /// The copy was made durable: whether it had the right hash, or `None` if the disk failed.
    pub fn finished(&mut self, content: Content, is_right: Option<bool>, nodes: &[String], now_ms: u64) {
        let Some(fetch) = self.fetches.get_mut(&content.sha256) else { return };
        (fetch.requested, fetch.received, fetch.appended) = (0, 0, 0);
        match is_right {
            Some(false) => self.ask_next(&content.sha256, nodes, now_ms),
            Some(true) => self.end(&content.sha256, true, now_ms),
            None => self.end(&content.sha256, false, now_ms),
        }
    }

    /// Asks the next node. Without a further node, no node has the content now.
    fn ask_next(&mut self, sha256: &ContentHash, nodes: &[String], now_ms: u64) {
        let Some(fetch) = self.fetches.get_mut(sha256) else { return };
        if fetch.received != fetch.appended {
            // The disk is slow, and the node may not be silent.
            if let Stage::Receiving { progress_ms, .. } = &mut fetch.stage {
                *progress_ms = now_ms;
            }
            return;
        }
        if let Stage::Receiving { from, .. } = &fetch.stage {
            fetch.tried.push(from.clone());
        }
        // The node that asks to keep the content has it.
        let asking = fetch.waiters.iter().filter_map(|waiter| match waiter {
            Waiter::Node(name) => Some(name),
            Waiter::Request(_) => None,
        });
        let next = asking.chain(nodes).find(|name| !fetch.tried.contains(name) && **name != self.own_name);
        let Some(next) = next.cloned() else { return self.end(sha256, false, now_ms) };
        fetch.requested = fetch.appended;
        fetch.stage = Stage::Receiving { from: next.clone(), progress_ms: now_ms };
        request(fetch, &self.own_name, &next, &mut self.actions);
    }

    /// The content is on the disk, or cannot be received now.
    fn end(&mut self, sha256: &ContentHash, is_here: bool, now_ms: u64) {
        let Some(fetch) = self.fetches.get_mut(sha256) else { return };
        let waiters = std::mem::take(&mut fetch.waiters);
        if is_here || !fetch.is_logged {
            self.fetches.remove(sha256);
        } else {
            fetch.stage = Stage::Queued { from_ms: now_ms + RETRY_MS };
            (fetch.requested, fetch.received, fetch.appended) = (0, 0, 0);
        }
        self.inform(*sha256, waiters, is_here);
    }

    fn inform(&mut self, sha256: ContentHash, waiters: Vec<Waiter>, is_here: bool) {
        for waiter in waiters {
            match waiter {
                Waiter::Request(ticket) => {
                    let failed = Outcome::Failed(Failure::NotFound);
                    let outcome = if is_here { Outcome::Finished } else { failed };
                    self.actions.push(Action::Answer(ticket, outcome));
                }
                // Without the message, the leader asks another node.
                Waiter::Node(to) if is_here => {
                    let header = Header::Kept { from: self.own_name.clone(), sha256 };
                    self.actions.push(Action::Send { to, header });
                }
                Waiter::Node(_) => {}
            }
        }
    }
}

/// Requests parts up to the window. An empty content is one empty part.
fn request(fetch: &mut Fetch, own_name: &str, to: &str, actions: &mut Vec<Action>) {
    let end = fetch.content.bytes.min(fetch.appended + WINDOW_BYTES);
    loop {
        let length = (end - fetch.requested).min(PART_BYTES_MAX as u64);
        if length == 0 && fetch.content.bytes > 0 {
            return;
        }
        let header = Header::Fetch {
            from: own_name.to_owned(),
            sha256: fetch.content.sha256,
            offset: fetch.requested,
            length,
        };
        actions.push(Action::Send { to: to.to_owned(), header });
        fetch.requested += length;
        if length == 0 {
            return;
        }
    }
}
