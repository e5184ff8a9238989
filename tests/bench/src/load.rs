//! The loop that measures all systems: senders with a bounded number of messages in flight, and receivers of
//! all messages.
//!
//! One thread drives all senders and one thread all receivers, so the measurement costs the same for each
//! system.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use transport::clock;

/// Maximum wait for messages in transit at the end. Later messages count as lost.
const DRAIN_WAIT: Duration = Duration::from_secs(20);

/// Sleep of a thread without work before it checks the progress of the other thread.
const IDLE_WAIT: Duration = Duration::from_micros(200);

/// A connection that can be polled together with other connections of its type.
pub(crate) trait Connection: Send + Sized {
    /// Waits until a connection is readable, or writable again.
    fn wait(connections: &[Self], timeout: Duration) -> Result<()>;
}

pub(crate) trait Sender: Connection {
    fn send(&mut self, count: usize) -> Result<()>;

    /// The number of messages acknowledged since the last call. If the system has no acknowledgements, the
    /// number of messages that the socket accepted. Never waits.
    fn acknowledged(&mut self) -> Result<usize>;
}

pub(crate) trait Receiver: Connection {
    /// The number of messages received since the last call. Never waits.
    fn received(&mut self) -> Result<u64>;
}

/// The receiver type of measurements without receivers.
pub(crate) enum NoReceiver {}

impl Connection for NoReceiver {
    fn wait(_: &[Self], timeout: Duration) -> Result<()> {
        thread::sleep(timeout);
        Ok(())
    }
}

impl Receiver for NoReceiver {
    fn received(&mut self) -> Result<u64> {
        match *self {}
    }
}

#[derive(Debug, Clone, Copy)]
pub(crate) struct Plan {
    /// The time before the measurement, in which connections, caches and buffers settle.
    pub(crate) warm_up: Duration,
    pub(crate) measured: Duration,
    /// Maximum unacknowledged messages of one sender.
    pub(crate) window: usize,
    /// Maximum messages by which the slowest receiver may be behind the senders.
    pub(crate) lag_messages_max: u64,
}

#[derive(Debug, Clone, Copy)]
pub(crate) struct Rates {
    pub(crate) acknowledged: f64,
    /// Delivered messages per second, of all receivers together.
    pub(crate) delivered: f64,
    /// All acknowledged messages, including the warm-up.
    pub(crate) total: u64,
}

/// The counters that the two threads share.
#[derive(Default)]
struct Progress {
    delivered: AtomicU64,
    slowest: AtomicU64,
    ended: AtomicBool,
}

#[derive(Clone, Copy)]
struct Snapshot {
    at: Instant,
    acknowledged: u64,
    delivered: u64,
}

/// Runs the loop, and waits at the end until all messages have arrived.
pub(crate) fn run<S: Sender, R: Receiver>(
    plan: Plan,
    senders: &mut [S],
    receivers: &mut [R],
) -> Result<Rates> {
    let (progress, has_receivers) = (Progress::default(), !receivers.is_empty());
    thread::scope(|scope| {
        let receiving = scope.spawn(|| receive(receivers, &progress));
        let mut sending =
            Sending { plan, senders, progress: &progress, has_receivers, sent: 0, acknowledged: 0 };
        let rates = sending.run();
        progress.ended.store(true, Ordering::Release);
        let received = receiving.join().map_err(|_| anyhow::anyhow!("the receiving thread panicked"))?;
        received?;
        rates
    })
}

fn receive<R: Receiver>(receivers: &mut [R], progress: &Progress) -> Result<()> {
    let mut counts = vec![0_u64; receivers.len()];
    while !receivers.is_empty() && !progress.ended.load(Ordering::Acquire) {
        let mut round = 0;
        for (receiver, count) in receivers.iter_mut().zip(&mut counts) {
            let received = receiver.received()?;
            *count += received;
            round += received;
        }
        if round == 0 {
            R::wait(receivers, Duration::from_millis(10))?;
        } else {
            progress.delivered.fetch_add(round, Ordering::Relaxed);
            progress.slowest.store(counts.iter().copied().min().unwrap_or(0), Ordering::Release);
        }
    }
    Ok(())
}

struct Sending<'a, S> {
    plan: Plan,
    senders: &'a mut [S],
    progress: &'a Progress,
    has_receivers: bool,
    sent: u64,
    acknowledged: u64,
}

impl<S: Sender> Sending<'_, S> {
    fn run(&mut self) -> Result<Rates> {
        let begin = clock::now() + self.plan.warm_up;
        let mut in_flight = vec![0_usize; self.senders.len()];
        self.until(begin, &mut in_flight)?;
        let first = self.snapshot();
        self.until(first.at + self.plan.measured, &mut in_flight)?;
        let last = self.snapshot();
        self.drain(&mut in_flight)?;
        let seconds = last.at.duration_since(first.at).as_secs_f64();
        Ok(Rates {
            acknowledged: (last.acknowledged - first.acknowledged) as f64 / seconds,
            delivered: (last.delivered - first.delivered) as f64 / seconds,
            total: self.acknowledged,
        })
    }

    fn snapshot(&self) -> Snapshot {
        let delivered = self.progress.delivered.load(Ordering::Relaxed);
        Snapshot { at: clock::now(), acknowledged: self.acknowledged, delivered }
    }

    fn until(&mut self, end: Instant, in_flight: &mut [usize]) -> Result<()> {
        while clock::now() < end {
            let window = self.plan.window;
            if !self.round(in_flight, window)? {
                S::wait(self.senders, IDLE_WAIT)?;
            }
        }
        Ok(())
    }

    /// Reads acknowledgements and sends messages. Returns false if there was nothing to do.
    fn round(&mut self, in_flight: &mut [usize], window: usize) -> Result<bool> {
        let mut made_progress = false;
        let mut sends_allowed = sends_allowed(self.plan, self.sent, self.slowest_receiver());
        for (sender, in_flight) in self.senders.iter_mut().zip(in_flight) {
            let acknowledged = sender.acknowledged()?;
            *in_flight -= acknowledged;
            self.acknowledged += acknowledged as u64;
            let count = window.saturating_sub(*in_flight).min(sends_allowed);
            if count > 0 {
                sender.send(count)?;
                *in_flight += count;
                self.sent += count as u64;
                sends_allowed -= count;
            }
            made_progress |= acknowledged + count > 0;
        }
        Ok(made_progress)
    }

    /// The number of messages that the slowest receiver has received. Without receivers, the number of sent
    /// messages.
    fn slowest_receiver(&self) -> u64 {
        if self.has_receivers { self.progress.slowest.load(Ordering::Acquire) } else { self.sent }
    }

    fn drain(&mut self, in_flight: &mut [usize]) -> Result<()> {
        let deadline = clock::now() + DRAIN_WAIT;
        while self.acknowledged < self.sent || self.slowest_receiver() < self.sent {
            ensure!(
                clock::now() < deadline,
                "lost messages: {} were sent, {} acknowledged, and {} received by the slowest receiver",
                self.sent,
                self.acknowledged,
                self.slowest_receiver()
            );
            if !self.round(in_flight, 0)? {
                S::wait(self.senders, IDLE_WAIT)?;
            }
        }
        Ok(())
    }
}

/// The number of messages that may be sent before the slowest receiver is too far behind.
fn sends_allowed(plan: Plan, sent: u64, slowest: u64) -> usize {
    let lag = sent.saturating_sub(slowest);
    usize::try_from(plan.lag_messages_max.saturating_sub(lag)).unwrap_or(usize::MAX)
}
