//! The link between the task of a connection and the relay thread.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use common::Error;
use foldhash::fast::FixedState;
use std::hash::BuildHasher as _;
use std::net::IpAddr;
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore, oneshot};
use transport::clock;
use transport::wake::Waker;

use crate::close::Close;
use crate::connection_id::{ConnectionId, SenderId};
use crate::http::address_limits::{AddressLimits, CountedBytes};
use crate::hub::queue::{LineKind, Next, Queue};
use crate::hub::{Call, Reply};
use crate::limits::{CALLS_MAX, QUEUE_BYTES_MAX, QUEUES_BYTES_MAX, WAITING_BYTES_MAX};
use crate::token::Token;

/// An input of a task for the relay thread.
pub(crate) enum Input {
    Open {
        link: Arc<Link>,
        sender: SenderId,
        token: Option<Token>,
    },
    Lines {
        id: ConnectionId,
        lines: Bytes,
    },
    Drained(ConnectionId),
    Closed(ConnectionId),
    Call {
        id: ConnectionId,
        call: Call,
        reply: oneshot::Sender<Option<Reply>>,
        permit: OwnedSemaphorePermit,
    },
    /// An attempt to log in over HTTP, which the limits of the address count.
    Login {
        sender: SenderId,
        user: String,
        reply: oneshot::Sender<Result<(), Error>>,
    },
}

/// The queue of one connection.
pub(crate) struct Link {
    pub(crate) id: ConnectionId,
    sender: SenderId,
    queue: Mutex<Queue>,
    ready: Notify,
    /// The bytes that the connection may still send to the relay thread.
    budget: Semaphore,
    /// The bytes that the relay thread has not sent yet.
    unsent: Mutex<CountedBytes>,
    /// The bytes in the queues of all connections together.
    queued: Arc<AtomicUsize>,
    /// Whether the relay thread sends no further request until the client has read its queue.
    is_stalled: AtomicBool,
}

impl Link {
    fn new(id: ConnectionId, sender: SenderId, queued: Arc<AtomicUsize>) -> Self {
        Self {
            id,
            sender,
            queue: Mutex::new(Queue::new(clock::monotonic_ms())),
            ready: Notify::new(),
            budget: Semaphore::new(WAITING_BYTES_MAX),
            unsent: Mutex::default(),
            queued,
            is_stalled: AtomicBool::new(false),
        }
    }

    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Runs a step on the queue, and updates the sum of all queues.
    fn with_queue<T>(&self, step: impl FnOnce(&mut Queue) -> T) -> T {
        let mut queue = self.queue();
        let before = queue.bytes();
        let result = step(&mut queue);
        let after = queue.bytes();
        drop(queue);
        self.queued.fetch_add(after.wrapping_sub(before), Ordering::Relaxed);
        result
    }

    /// Adds lines. Returns false if the client begins to lag, because the queue dropped events.
    pub(crate) fn push(&self, kind: LineKind, lines: Bytes) -> bool {
        let has_room = self.queued.load(Ordering::Relaxed) < QUEUES_BYTES_MAX;
        let is_complete = self.with_queue(|queue| queue.push(kind, lines, has_room));
        self.ready.notify_one();
        is_complete
    }

    /// Replaces the queued events by the line `lagged`.
    pub(crate) fn lag(&self) {
        self.with_queue(Queue::lag);
        self.ready.notify_one();
    }

    pub(crate) fn close(&self, close: Close) {
        self.with_queue(|queue| queue.close(close));
        self.ready.notify_one();
    }

    fn unsent(&self) -> MutexGuard<'_, CountedBytes> {
        self.unsent.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns bytes to the budget, because the relay thread has sent or dropped them.
    pub(crate) fn release(&self, bytes: usize) {
        self.budget.add_permits(bytes);
        self.unsent().subtract(bytes);
    }

    /// Whether the client has read enough for further replies. If not, the task sends [`Input::Drained`]
    /// after the next frame that the client reads.
    pub(crate) fn can_read(&self) -> bool {
        let can_read = self.queue().bytes() < QUEUE_BYTES_MAX;
        self.is_stalled.store(!can_read, Ordering::Release);
        can_read
    }

    pub(crate) fn tick(&self, now_ms: u64) {
        if self.with_queue(|queue| queue.tick(now_ms)) {
            self.ready.notify_one();
        }
    }

    /// Waits for the next frame to send, or for the end of the connection.
    pub(crate) async fn next(&self) -> Next {
        loop {
            if let Some(next) = self.with_queue(|queue| queue.next(clock::monotonic_ms())) {
                return next;
            }
            self.ready.notified().await;
        }
    }

    /// Waits until the connection must be closed, even if its client does not read a frame.
    pub(crate) async fn cut(&self) -> Close {
        loop {
            if let Some(close) = self.queue().is_cut() {
                return close;
            }
            self.ready.notified().await;
        }
    }

    /// Records that the client has read a frame.
    pub(crate) fn sent(&self, hub: &HubHandle) {
        self.queue().sent();
        // Lines may have been added while the frame was sent.
        self.ready.notify_one();
        if self.is_stalled.swap(false, Ordering::AcqRel) {
            hub.send(Input::Drained(self.id));
        }
    }

    pub(crate) fn heard(&self) {
        self.queue().heard(clock::monotonic_ms());
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        self.with_queue(|queue| queue.cut(Close::GoingAway));
    }
}

/// Passes inputs to the relay thread.
#[derive(Clone)]
pub(crate) struct HubHandle {
    inputs: Sender<Input>,
    waker: Waker,
    ids: Arc<AtomicU64>,
    /// A permit for each HTTP request that the gateway sends to the node.
    calls: Arc<Semaphore>,
    /// The bytes in the queues of all connections together.
    queued: Arc<AtomicUsize>,
    pub(crate) limits: Arc<AddressLimits>,
    /// Makes the senders of this run unguessable.
    seed: u64,
}

/// An open connection. Dropping it closes the connection.
pub(crate) struct OpenLink {
    pub(crate) link: Arc<Link>,
    pub(crate) hub: HubHandle,
}

impl Drop for OpenLink {
    fn drop(&mut self) {
        self.hub.send(Input::Closed(self.link.id));
    }
}

impl OpenLink {
    /// Waits until the session is checked. Returns the reason if the connection was closed instead.
    pub(crate) async fn checked(&self) -> Result<(), Close> {
        loop {
            match self.link.next().await {
                Next::Ping => {}
                Next::Lines(_hello) => {
                    self.link.sent(&self.hub);
                    return Ok(());
                }
                Next::Close(close) => return Err(close),
            }
        }
    }

    /// Passes a frame of lines on. Waits while the frames of this connection use its whole budget. Returns an
    /// error, after which the connection must be closed, if the limit of the address or of all connections is
    /// reached.
    pub(crate) async fn send(&self, lines: Bytes) -> Result<(), Close> {
        let bytes = u32::try_from(lines.len().min(WAITING_BYTES_MAX)).unwrap_or(u32::MAX);
        if let Ok(permit) = self.link.budget.acquire_many(bytes).await {
            permit.forget();
        }
        if !self.link.unsent().add(&self.hub.limits, self.link.sender, lines.len()) {
            return Err(Close::Unavailable);
        }
        self.hub.send(Input::Lines { id: self.link.id, lines });
        Ok(())
    }
}

impl HubHandle {
    pub(crate) fn new(waker: Waker, seed: u64) -> (Self, Receiver<Input>) {
        let (inputs, receiver) = channel();
        let (ids, calls) = (Arc::new(AtomicU64::new(1)), Arc::new(Semaphore::new(CALLS_MAX)));
        let limits = Arc::new(AddressLimits::new());
        (Self { inputs, waker, ids, calls, queued: Arc::default(), limits, seed }, receiver)
    }

    pub(crate) fn waker(&self) -> Waker {
        self.waker.clone()
    }

    pub(crate) fn send(&self, input: Input) {
        // The relay thread ends only together with the process or after all connections.
        let _ended = self.inputs.send(input);
        self.waker.wake();
    }

    /// The bytes in the queues of all connections together.
    pub(crate) fn queued_bytes(&self) -> usize {
        self.queued.load(Ordering::Relaxed)
    }

    fn next_id(&self) -> ConnectionId {
        ConnectionId(self.ids.fetch_add(1, Ordering::Relaxed))
    }

    /// The sender of an address. An IPv6 user has many addresses, so the first 64 bits identify the sender.
    pub(crate) fn sender(&self, address: IpAddr) -> SenderId {
        let network = match address.to_canonical() {
            IpAddr::V4(address) => u128::from(u32::from(address)),
            IpAddr::V6(address) => u128::from(address) >> 64 << 64 | 1,
        };
        FixedState::with_seed(self.seed).hash_one(network).to_be_bytes()
    }

    pub(crate) fn open(&self, sender: SenderId, token: Option<Token>) -> OpenLink {
        let link = Arc::new(Link::new(self.next_id(), sender, Arc::clone(&self.queued)));
        self.send(Input::Open { link: Arc::clone(&link), sender, token });
        OpenLink { link, hub: self.clone() }
    }

    /// Sends request lines, and waits for the reply. `None` if the node does not answer.
    pub(crate) async fn call(&self, call: Call) -> Option<Reply> {
        let permit = Arc::clone(&self.calls).acquire_owned().await.ok()?;
        let (reply, receiver) = oneshot::channel();
        self.send(Input::Call { id: self.next_id(), call, reply, permit });
        receiver.await.ok().flatten()
    }

    /// Takes a login from the limits of an address, or returns the error for the reply.
    pub(crate) async fn take_login(&self, sender: SenderId, user: &str) -> Result<(), Error> {
        let (reply, receiver) = oneshot::channel();
        self.send(Input::Login { sender, user: user.to_owned(), reply });
        receiver.await.unwrap_or(Ok(()))
    }
}

/// The links of the relay thread, by connection.
pub(crate) type Links = HashMap<ConnectionId, Arc<Link>, foldhash::fast::RandomState>;

#[cfg(test)]
mod tests {
    use std::iter::repeat_with;

    use transport::wake::Wake;

    use super::*;
    use crate::limits::{ADDRESS_BODIES_BYTES_MAX, BODIES_BYTES_MAX};

    /// Sends a frame of the maximum size. Returns false if the connection must be closed.
    fn is_sent(open: &OpenLink) -> bool {
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
        let sent = runtime.block_on(open.send(vec![b'x'; WAITING_BYTES_MAX].into()));
        assert!(matches!(sent, Ok(()) | Err(Close::Unavailable)));
        sent.is_ok()
    }

    #[test]
    fn frames_that_wait_for_the_broker_are_bounded_for_each_address_and_for_all() {
        let (waker, _wake) = Wake::new().expect("a wake-up");
        let (hub, inputs) = HubHandle::new(waker, 7);
        let open = |address: u8| repeat_with(move || address).map(|address| hub.open([address; 8], None));
        let sent = |address: u8| open(address).take_while(is_sent).collect::<Vec<_>>();
        let [first, others] = [sent(1), (2..60).flat_map(sent).collect()];
        assert_eq!(first.len(), ADDRESS_BODIES_BYTES_MAX / WAITING_BYTES_MAX);
        assert_eq!(first.len() + others.len(), BODIES_BYTES_MAX / WAITING_BYTES_MAX);
        first.first().expect("a connection").link.release(WAITING_BYTES_MAX);
        assert!(is_sent(&open(1).next().expect("a connection")), "the relay thread has sent a frame");
        drop(others);
        inputs.try_iter().for_each(drop);
        assert!(is_sent(&open(70).next().expect("a connection")), "connections were closed");
    }
}
