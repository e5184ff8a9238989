//! The closed loop that every system is measured with: senders with bounded windows, receivers of everything.
//!
//! One thread has all the senders and one has all the receivers, whatever the system, so that the measuring
//! itself costs everybody the same.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use transport::clock;

/// How long what is on its way at the end may take to arrive; what has not come then was lost.
const DRAIN_WAIT: Duration = Duration::from_secs(20);

/// How long a thread that has nothing to do waits before it looks whether the other has gone on.
const LOOK_EVERY: Duration = Duration::from_micros(200);

/// Something that can be waited for together with others of its kind.
pub(crate) trait Connection: Send + Sized {
    /// Waits until something has come for one of them, or can be sent that could not be before.
    fn wait(connections: &[Self], timeout: Duration) -> Result<()>;
}

/// A connection that sends.
pub(crate) trait Sender: Connection {
    /// Puts `count` more messages on their way.
    fn send(&mut self, count: usize) -> Result<()>;

    /// How many were acknowledged since the last call; where there are no acknowledgements, how many the
    /// system's socket has taken. Never waits.
    fn acknowledged(&mut self) -> Result<usize>;
}

/// A connection that receives.
pub(crate) trait Receiver: Connection {
    /// How many messages came since the last call. Never waits.
    fn received(&mut self) -> Result<u64>;
}

/// For systems or measurements without receivers.
pub(crate) enum Nobody {}

impl Connection for Nobody {
    fn wait(_: &[Self], timeout: Duration) -> Result<()> {
        thread::sleep(timeout);
        Ok(())
    }
}

impl Receiver for Nobody {
    fn received(&mut self) -> Result<u64> {
        match *self {}
    }
}

/// How a closed loop is driven.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Plan {
    /// Not measured: connections, caches and the system's own buffers come to rest.
    pub(crate) warm_up: Duration,
    /// Measured.
    pub(crate) measured: Duration,
    /// Messages of one sender that may be unacknowledged.
    pub(crate) window: usize,
    /// Messages that the slowest receiver may be behind the senders.
    pub(crate) lag_max: u64,
}

/// What a closed loop came to.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rates {
    /// Messages acknowledged, per second.
    pub(crate) acknowledged: f64,
    /// Messages delivered, to all receivers together, per second.
    pub(crate) delivered: f64,
    /// Messages acknowledged in all, the warm-up included.
    pub(crate) total: u64,
}

/// What the two threads know of each other.
#[derive(Default)]
struct Tally {
    delivered: AtomicU64,
    slowest: AtomicU64,
    ended: AtomicBool,
}

#[derive(Clone, Copy)]
struct Moment {
    at: Instant,
    acknowledged: u64,
    delivered: u64,
}

/// Runs the loop, and waits at the end until everything has arrived everywhere.
pub(crate) fn run<S: Sender, R: Receiver>(
    plan: Plan,
    senders: &mut [S],
    receivers: &mut [R],
) -> Result<Rates> {
    let (tally, has_receivers) = (Tally::default(), !receivers.is_empty());
    thread::scope(|scope| {
        let receiving = scope.spawn(|| receive(receivers, &tally));
        let mut sending = Sending { plan, senders, tally: &tally, has_receivers, sent: 0, acknowledged: 0 };
        let rates = sending.run();
        tally.ended.store(true, Ordering::Release);
        let received = receiving.join().map_err(|_| anyhow::anyhow!("the receiving thread panicked"))?;
        received?;
        rates
    })
}

fn receive<R: Receiver>(receivers: &mut [R], tally: &Tally) -> Result<()> {
    let mut counts = vec![0_u64; receivers.len()];
    while !receivers.is_empty() && !tally.ended.load(Ordering::Acquire) {
        let mut round = 0;
        for (receiver, count) in receivers.iter_mut().zip(&mut counts) {
            let received = receiver.received()?;
            *count += received;
            round += received;
        }
        if round == 0 {
            R::wait(receivers, Duration::from_millis(10))?;
        } else {
            tally.delivered.fetch_add(round, Ordering::Relaxed);
            tally.slowest.store(counts.iter().copied().min().unwrap_or(0), Ordering::Release);
        }
    }
    Ok(())
}

struct Sending<'a, S> {
    plan: Plan,
    senders: &'a mut [S],
    tally: &'a Tally,
    has_receivers: bool,
    sent: u64,
    acknowledged: u64,
}

impl<S: Sender> Sending<'_, S> {
    fn run(&mut self) -> Result<Rates> {
        let begin = clock::now() + self.plan.warm_up;
        let mut in_flight = vec![0_usize; self.senders.len()];
        self.until(begin, &mut in_flight)?;
        let first = self.moment();
        self.until(first.at + self.plan.measured, &mut in_flight)?;
        let last = self.moment();
        self.drain(&mut in_flight)?;
        let seconds = last.at.duration_since(first.at).as_secs_f64();
        Ok(Rates {
            acknowledged: (last.acknowledged - first.acknowledged) as f64 / seconds,
            delivered: (last.delivered - first.delivered) as f64 / seconds,
            total: self.acknowledged,
        })
    }

    fn moment(&self) -> Moment {
        let delivered = self.tally.delivered.load(Ordering::Relaxed);
        Moment { at: clock::now(), acknowledged: self.acknowledged, delivered }
    }

    fn until(&mut self, end: Instant, in_flight: &mut [usize]) -> Result<()> {
        while clock::now() < end {
            let window = self.plan.window;
            if !self.round(in_flight, window)? {
                S::wait(self.senders, LOOK_EVERY)?;
            }
        }
        Ok(())
    }

    /// Takes the acknowledgements and fills the windows again. Whether anything happened.
    fn round(&mut self, in_flight: &mut [usize], window: usize) -> Result<bool> {
        let mut has_moved = false;
        let mut room = room(self.plan, self.sent, self.lag_base());
        for (sender, in_flight) in self.senders.iter_mut().zip(in_flight) {
            let acknowledged = sender.acknowledged()?;
            *in_flight -= acknowledged;
            self.acknowledged += acknowledged as u64;
            let count = window.saturating_sub(*in_flight).min(room);
            if count > 0 {
                sender.send(count)?;
                *in_flight += count;
                self.sent += count as u64;
                room -= count;
            }
            has_moved |= acknowledged + count > 0;
        }
        Ok(has_moved)
    }

    /// How far the slowest receiver has come; without receivers nobody is behind.
    fn lag_base(&self) -> u64 {
        if self.has_receivers { self.tally.slowest.load(Ordering::Acquire) } else { self.sent }
    }

    fn drain(&mut self, in_flight: &mut [usize]) -> Result<()> {
        let deadline = clock::now() + DRAIN_WAIT;
        while self.acknowledged < self.sent || self.lag_base() < self.sent {
            ensure!(
                clock::now() < deadline,
                "lost: of {} messages {} were acknowledged, and {} came to the slowest receiver",
                self.sent,
                self.acknowledged,
                self.lag_base()
            );
            if !self.round(in_flight, 0)? {
                S::wait(self.senders, LOOK_EVERY)?;
            }
        }
        Ok(())
    }
}

/// How many messages may be sent before the slowest receiver is too far behind.
fn room(plan: Plan, sent: u64, slowest: u64) -> usize {
    let lag = sent.saturating_sub(slowest);
    usize::try_from(plan.lag_max.saturating_sub(lag)).unwrap_or(usize::MAX)
}
