//! The requests that wait for the leader. Each has a ticket, under which the leader answers it.

use std::collections::{BTreeMap, HashMap, VecDeque};

use common::{Detail, Error};

use super::local_reads::is_local;
use crate::outbound::pending_request::PendingRequest;

/// The maximum size of the requests that wait for the leader, and of their replies that wait for the disk. At
/// this size, further requests are refused, and further replies are dropped: their clients send again.
const BYTES_MAX: usize = 64 << 20;

/// The maximum size of one client's requests that wait for the leader. At this size, its further requests are
/// refused.
const CLIENT_BYTES_MAX: usize = 8 << 20;

/// The approximate memory of a waiting request without its bytes: its envelope and its entries in the maps.
const REQUEST_BYTES: usize = 512;

/// The time after which a request without a reply is refused.
const WAIT_MS_MAX: u64 = 30_000;

/// Which node answers a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    Here,
    /// The leader.
    Leader,
    /// No node: the request is refused.
    Refused(Detail),
    /// No node: another node forwarded the request, and forwards it again.
    Dropped,
}

/// What this node does with requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Mode {
    /// Answers all requests: it is alone, or it leads.
    #[default]
    AnswersAll,
    /// Answers reads, and forwards all other requests.
    Follows,
    /// Answers reads, and refuses all other requests, because the shared log has no space.
    RefusesWrites,
    /// Refuses all requests.
    CutOff,
}

/// A request that waits for the leader.
struct Waiting {
    request: PendingRequest,
    /// The time of the first check for expired requests. The clock of the requests is not monotonic.
    since_ms: Option<u64>,
    /// The term of the leader to which the request was sent.
    sent_in: Option<u64>,
}

/// The waiting requests of a client.
#[derive(Default)]
struct Share {
    requests: usize,
    bytes: usize,
}

fn size(request: &PendingRequest) -> usize {
    request.bytes() + REQUEST_BYTES
}

#[derive(Default)]
pub struct Forwarding {
    pub mode: Mode,
    waiting: BTreeMap<u64, Waiting>,
    next_ticket: u64,
    /// The clients with waiting requests. Their later requests also go to the leader, so they keep their
    /// order.
    clients: HashMap<Box<[u8]>, Share>,
    /// The size of `waiting` and `answered`.
    bytes: usize,
    /// Answered requests, each with the record that must be durable before the reply is sent.
    answered: VecDeque<(u64, PendingRequest)>,
}

impl Forwarding {
    /// Sets the ticket of the next request. Each process begins with another ticket. Otherwise the reply to a
    /// request of an earlier process could reach another client.
    pub fn begin_at(&mut self, ticket: u64) {
        self.next_ticket = ticket;
    }

    /// Which node answers a request. `is_resumed` means that this node has begun to answer it, and `position`
    /// is the newest record of this node.
    #[must_use]
    pub fn place(&self, request: &PendingRequest, is_resumed: bool, position: u64) -> Place {
        match self.mode {
            Mode::AnswersAll => Place::Here,
            Mode::Follows | Mode::RefusesWrites | Mode::CutOff if request.origin.is_some() => Place::Dropped,
            // No node can append to a full log.
            Mode::RefusesWrites if is_local(&request.request, position, true) => Place::Here,
            Mode::RefusesWrites => Place::Refused(Detail::StorageFull),
            Mode::CutOff => Place::Refused(Detail::CutOff),
            Mode::Follows if is_resumed || request.answered > 0 => Place::Here,
            Mode::Follows => match self.clients.get(&request.route.key()) {
                Some(share) if share.bytes >= CLIENT_BYTES_MAX => Place::Refused(Detail::ServerBusy),
                None if is_local(&request.request, position, false) => Place::Here,
                _ if self.bytes >= BYTES_MAX => Place::Refused(Detail::ServerBusy),
                _ => Place::Leader,
            },
        }
    }

    /// Adds a request that waits for the leader.
    pub fn push(&mut self, request: PendingRequest) {
        self.bytes += size(&request);
        let share = self.clients.entry(request.route.key()).or_default();
        share.requests += 1;
        share.bytes += size(&request);
        self.waiting.insert(self.next_ticket, Waiting { request, since_ms: None, sent_in: None });
        self.next_ticket += 1;
    }

    /// Sends the requests that were not sent to the leader of this term, in order. Stops when `send` returns
    /// false.
    pub fn send(&mut self, term: u64, mut send: impl FnMut(u64, &PendingRequest) -> bool) {
        for (ticket, waiting) in &mut self.waiting {
            if waiting.sent_in != Some(term) {
                if !send(*ticket, &waiting.request) {
                    return;
                }
                waiting.sent_in = Some(term);
            }
        }
    }

    /// Notes the reply of the leader. Its client receives it when the disk has the record `position`.
    pub fn answer(&mut self, ticket: u64, position: u64, reply: Vec<u8>, attached: Option<Vec<u8>>) {
        if let Some(mut request) = self.take(ticket) {
            (request.reply, request.attached) = (reply, attached);
            if self.bytes < BYTES_MAX {
                self.bytes += size(&request);
                self.answered.push_back((position, request));
            }
        }
    }

    /// Removes and returns the next answered request whose record is durable.
    pub fn next_answered(&mut self, durable: u64) -> Option<PendingRequest> {
        let (_, request) = self.answered.pop_front_if(|(position, _)| *position <= durable)?;
        self.bytes = self.bytes.saturating_sub(size(&request));
        Some(request)
    }

    /// Removes and returns all requests that wait for the leader, in order: this node leads now.
    pub fn take_all(&mut self) -> Vec<PendingRequest> {
        self.clients.clear();
        self.bytes = self.answered.iter().map(|(_, request)| size(request)).sum();
        std::mem::take(&mut self.waiting).into_values().map(|waiting| waiting.request).collect()
    }

    /// Removes and returns the requests that have waited too long, each with the error as its reply. `now_ms`
    /// is a monotonic time.
    pub fn take_expired(&mut self, now_ms: u64) -> Vec<PendingRequest> {
        let expired: Vec<u64> = self
            .waiting
            .iter_mut()
            .filter_map(|(ticket, waiting)| {
                let since_ms = *waiting.since_ms.get_or_insert(now_ms);
                (now_ms.saturating_sub(since_ms) >= WAIT_MS_MAX).then_some(*ticket)
            })
            .collect();
        let mut requests: Vec<_> = expired.into_iter().filter_map(|ticket| self.take(ticket)).collect();
        for request in &mut requests {
            request.refuse_rest(&Error::from(Detail::NoLeader));
        }
        requests
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.waiting.is_empty() && self.answered.is_empty()
    }

    fn take(&mut self, ticket: u64) -> Option<PendingRequest> {
        let Waiting { request, .. } = self.waiting.remove(&ticket)?;
        self.bytes = self.bytes.saturating_sub(size(&request));
        let key = request.route.key();
        if let Some(share) = self.clients.get_mut(&key) {
            share.requests -= 1;
            share.bytes = share.bytes.saturating_sub(size(&request));
            if share.requests == 0 {
                self.clients.remove(&key);
            }
        }
        Some(request)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use transport::Frame;

    fn request(client: &str, method: &str) -> PendingRequest {
        let line = format!(r#"{{"jsonrpc":"2.0","id":1,"method":"{method}","params":{{}}}}"#);
        let mut frames: Vec<Frame> = ["broker", client, "", &line].map(Frame::from).into();
        PendingRequest::new(&mut frames).expect("a request")
    }

    fn following() -> Forwarding {
        Forwarding { mode: Mode::Follows, ..Forwarding::default() }
    }

    fn sent(forwarding: &mut Forwarding, term: u64) -> Vec<u64> {
        let mut tickets = Vec::new();
        forwarding.send(term, |ticket, _| {
            tickets.push(ticket);
            true
        });
        tickets
    }

    #[test]
    fn a_read_behind_a_write_of_the_same_client_goes_to_the_leader_too() {
        let mut forwarding = following();
        let (read, write) = (request("alice", "message.history"), request("alice", "message.send"));
        assert_eq!(forwarding.place(&read, false, 0), Place::Here);
        assert_eq!(forwarding.place(&write, false, 0), Place::Leader);
        forwarding.push(write);
        assert_eq!(forwarding.place(&read, false, 0), Place::Leader);
        assert_eq!(forwarding.place(&request("bob", "message.history"), false, 0), Place::Here);
        assert_eq!(sent(&mut forwarding, 7), [0]);
        forwarding.answer(0, 5, b"done\n".to_vec(), None);
        assert_eq!(forwarding.place(&read, false, 0), Place::Here);
        assert!(forwarding.next_answered(4).is_none(), "the record is not on this disk yet");
        assert_eq!(forwarding.next_answered(5).expect("a reply").reply, b"done\n");
        assert!(forwarding.is_empty());
    }

    #[test]
    fn a_reply_to_a_request_of_an_earlier_process_reaches_no_client() {
        let mut forwarding = following();
        forwarding.begin_at(1 << 40);
        forwarding.push(request("alice", "message.send"));
        assert_eq!(sent(&mut forwarding, 7), [1 << 40]);
        forwarding.answer(0, 0, b"the reply to bob\n".to_vec(), None);
        assert!(forwarding.next_answered(0).is_none());
        forwarding.answer(1 << 40, 0, b"done\n".to_vec(), None);
        assert_eq!(forwarding.next_answered(0).expect("a reply").reply, b"done\n");
    }

    #[test]
    fn the_next_leader_gets_the_requests_again_in_order() {
        let mut forwarding = following();
        for client in ["alice", "bob", "alice"] {
            forwarding.push(request(client, "message.send"));
        }
        assert_eq!(sent(&mut forwarding, 7), [0, 1, 2]);
        assert!(sent(&mut forwarding, 7).is_empty());
        forwarding.answer(1, 1, Vec::new(), None);
        assert_eq!(sent(&mut forwarding, 8), [0, 2]);
        forwarding.mode = Mode::AnswersAll;
        assert_eq!(forwarding.take_all().len(), 2);
        assert_eq!(forwarding.place(&request("alice", "message.send"), false, 0), Place::Here);
    }

    #[test]
    fn requests_are_refused_when_they_wait_too_long_or_the_node_is_cut_off() {
        let mut forwarding = following();
        forwarding.push(request("alice", "message.send"));
        assert!(forwarding.take_expired(5).is_empty(), "the time begins with the first check");
        assert!(forwarding.take_expired(5 + WAIT_MS_MAX - 1).is_empty());
        let [expired] = &forwarding.take_expired(5 + WAIT_MS_MAX)[..] else { panic!("one") };
        assert!(String::from_utf8_lossy(&expired.reply).contains("no_leader"));
        assert!(forwarding.is_empty());
        forwarding.bytes = BYTES_MAX;
        let write = request("alice", "message.send");
        assert_eq!(forwarding.place(&write, false, 0), Place::Refused(Detail::ServerBusy));
        forwarding.mode = Mode::RefusesWrites;
        assert_eq!(forwarding.place(&write, false, 0), Place::Refused(Detail::StorageFull));
        assert_eq!(forwarding.place(&request("alice", "sync.heads"), false, 0), Place::Here);
        forwarding.mode = Mode::CutOff;
        assert_eq!(forwarding.place(&write, false, 0), Place::Refused(Detail::CutOff));
    }

    #[test]
    fn a_client_with_many_waiting_bytes_is_refused_and_others_are_not() {
        let mut forwarding = following();
        let large = format!("message.send{}", "x".repeat(CLIENT_BYTES_MAX));
        forwarding.push(request("alice", &large));
        let place =
            |forwarding: &Forwarding, client| forwarding.place(&request(client, "message.send"), false, 0);
        assert_eq!(place(&forwarding, "alice"), Place::Refused(Detail::ServerBusy));
        assert_eq!(place(&forwarding, "bob"), Place::Leader);
        assert!(forwarding.take_expired(0).is_empty());
        assert_eq!(forwarding.take_expired(WAIT_MS_MAX).len(), 1);
        assert_eq!(place(&forwarding, "alice"), Place::Leader);
        assert_eq!(forwarding.bytes, 0);
    }

    #[test]
    fn replies_that_wait_for_the_disk_count() {
        let mut forwarding = following();
        for client in ["alice", "bob"] {
            forwarding.push(request(client, "message.send"));
        }
        forwarding.answer(0, 5, vec![b'x'; BYTES_MAX], None);
        let other = request("carol", "message.send");
        assert_eq!(forwarding.place(&other, false, 0), Place::Refused(Detail::ServerBusy));
        forwarding.answer(1, 5, b"dropped\n".to_vec(), None);
        assert!(forwarding.next_answered(5).is_some());
        assert!(forwarding.next_answered(5).is_none(), "the second reply had no room");
        assert_eq!(forwarding.bytes, 0);
        assert_eq!(forwarding.place(&other, false, 0), Place::Leader);
    }
}
