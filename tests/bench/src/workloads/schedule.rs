//! Messages at fixed times: 1,000 per second to 10 subscribers. Latency counts from the scheduled time of a
//! message, so a stall increases the latency of every message that it delays (Gil Tene, "How NOT to Measure
//! Latency").
//!
//! There are three threads: a timer, a sender that also reads acknowledgements, and the subscribers.

use std::collections::VecDeque;
use std::num::NonZeroU64;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, anyhow, ensure};
use memchr::memmem;
use transport::clock;
use transport::poll::{Watch, wait};
use transport::wake::{Wake, Waker};

use super::{Setup, Timing};
use crate::figures::{Figure, Results};
use crate::frames::{Events, Requests};
use crate::latency::Latencies;
use crate::load::{Connection as _, Sender as _};
use crate::papo::{Encryption, Node, SendRequests, Session, TEXT_BYTES};

const INTERVAL: Duration = Duration::from_millis(1);
const SUBSCRIBERS: usize = 10;

/// The timer slack of the timer thread in nanoseconds; the default of 50,000 would affect the results.
const TIMER_SLACK_NS: NonZeroU64 = NonZeroU64::MIN;

/// Maximum wait for the last message.
const ARRIVAL_WAIT: Duration = Duration::from_secs(20);

/// The number of digits at the start of a message's text.
const NUMBER_DIGITS: usize = 10;

#[derive(Clone, Copy)]
pub(super) struct Schedule {
    start: Instant,
    interval: Duration,
    /// Messages of the warm-up, which do not count.
    warm_up: u32,
    pub(super) messages: u32,
}

impl Schedule {
    /// A schedule that begins soon.
    pub(super) fn new(interval: Duration, timing: Timing) -> Self {
        let messages_in =
            |time: Duration| u32::try_from(time.as_millis() / interval.as_millis()).unwrap_or(u32::MAX);
        let warm_up = messages_in(timing.warm_up);
        let messages = warm_up + messages_in(timing.measured);
        Self { start: clock::now() + Duration::from_millis(50), interval, warm_up, messages }
    }

    fn time_of(&self, message: u32) -> Instant {
        self.start + self.interval * message
    }

    /// The time at which the last message counts as lost.
    pub(super) fn deadline(&self) -> Instant {
        self.time_of(self.messages) + ARRIVAL_WAIT
    }

    /// Records the latencies of the messages in lines of events, which arrive now. Returns their number.
    pub(super) fn record_all(&self, lines: &[u8], latencies: &mut Latencies) -> Result<u64> {
        let mut count = 0;
        for line in memmem::find_iter(lines, TEXT_START) {
            self.record(number(lines, line + TEXT_START.len())?, latencies);
            count += 1;
        }
        Ok(count)
    }

    /// Records the latency of a message that arrives now.
    fn record(&self, message: u32, latencies: &mut Latencies) {
        if message >= self.warm_up {
            latencies.add(clock::now().saturating_duration_since(self.time_of(message)));
        }
    }
}

pub(super) fn plain(setup: &mut Setup, results: &mut Results) -> Result<()> {
    let (acknowledged, delivered) = run(setup, Encryption::Plain)?;
    results.add(Figure::AckP50, acknowledged.quantile_ms(0.5));
    results.add(Figure::AckP99, acknowledged.quantile_ms(0.99));
    results.add(Figure::DeliveryP50, delivered.quantile_ms(0.5));
    results.add(Figure::DeliveryP99, delivered.quantile_ms(0.99));
    results.add(Figure::DeliveryMax, delivered.quantile_ms(1.0));
    Ok(())
}

pub(super) fn encrypted(setup: &mut Setup, results: &mut Results) -> Result<()> {
    let (acknowledged, delivered) = run(setup, Encryption::Curve)?;
    results.add(Figure::CurveAckP50, acknowledged.quantile_ms(0.5));
    results.add(Figure::CurveDeliveryP50, delivered.quantile_ms(0.5));
    results.add(Figure::CurveDeliveryP99, delivered.quantile_ms(0.99));
    Ok(())
}

/// The latencies of the acknowledgements and of the deliveries.
fn run(setup: &mut Setup, encryption: Encryption) -> Result<(Latencies, Latencies)> {
    let folder = setup.new_folder()?;
    let node = Node::start_with(&setup.papo, folder.path(), encryption)?;
    let session = Session::open(&node)?;
    let mut sender = session.sender(&mut setup.rng, 1)?;
    let mut subscribers = (0..SUBSCRIBERS).map(|_| session.subscriber()).collect::<Result<Vec<_>>>()?;
    let schedule = Schedule::new(INTERVAL, setup.timing);
    send_on_schedule(schedule, &mut sender, || receive(schedule, &mut subscribers))
}

/// Sends messages on schedule while `receive` runs. Returns the latencies of the acknowledgements and of the
/// deliveries.
pub(super) fn send_on_schedule(
    schedule: Schedule,
    sender: &mut Requests<SendRequests>,
    receive: impl FnOnce() -> Result<Latencies> + Send,
) -> Result<(Latencies, Latencies)> {
    let (waker, wake) = Wake::new()?;
    let (acknowledged, delivered) = thread::scope(|scope| {
        let receiving = scope.spawn(receive);
        scope.spawn(|| run_timer(schedule, &waker));
        let acknowledged = send(schedule, sender, &wake);
        (acknowledged, receiving.join().map_err(|_| anyhow!("the receiving thread panicked")))
    });
    Ok((acknowledged?, delivered??))
}

/// The timer thread: wakes the sender at the time of each message.
fn run_timer(schedule: Schedule, waker: &Waker) {
    // After an error, messages are sent slightly later, which increases the measured latency.
    let _ignore_error = rustix::thread::set_current_timer_slack(Some(TIMER_SLACK_NS));
    for message in 0..schedule.messages {
        thread::sleep(schedule.time_of(message).saturating_duration_since(clock::now()));
        waker.wake();
    }
}

fn send(schedule: Schedule, sender: &mut Requests<SendRequests>, wake: &Wake) -> Result<Latencies> {
    let (mut latencies, mut next, mut in_flight) = (Latencies::new()?, 0, VecDeque::new());
    let deadline = schedule.deadline();
    while next < schedule.messages || !in_flight.is_empty() {
        ensure!(clock::now() < deadline, "{} messages were not acknowledged", in_flight.len());
        wake.clear();
        while next < schedule.messages && clock::now() >= schedule.time_of(next) {
            sender.lines_mut().set_text(&format!(
                "{next:0NUMBER_DIGITS$}{:x<1$}",
                "",
                TEXT_BYTES - NUMBER_DIGITS
            ));
            sender.send(1)?;
            in_flight.push_back(next);
            next += 1;
        }
        // Replies on one connection arrive in order.
        for message in in_flight.drain(..sender.acknowledged()?) {
            schedule.record(message, &mut latencies);
        }
        wait(&[Watch::Readable(sender.socket()), Watch::Wake(wake)], Some(Duration::from_millis(10)))?;
    }
    Ok(latencies)
}

fn receive(schedule: Schedule, subscribers: &mut [Events]) -> Result<Latencies> {
    let (mut latencies, mut missing) = (Latencies::new()?, u64::from(schedule.messages) * SUBSCRIBERS as u64);
    while missing > 0 {
        ensure!(clock::now() < schedule.deadline(), "{missing} deliveries are missing");
        for subscriber in &mut *subscribers {
            subscriber.for_each(|lines| {
                missing -= schedule.record_all(lines, &mut latencies)?;
                Ok(())
            })?;
        }
        Events::wait(subscribers, Duration::from_millis(10))?;
    }
    Ok(latencies)
}

/// The bytes before a message's text in its event.
const TEXT_START: &[u8] = b"\"text\":\"";

fn number(lines: &[u8], start: usize) -> Result<u32> {
    let digits = lines.get(start..start + NUMBER_DIGITS).context("a text without a number")?;
    Ok(std::str::from_utf8(digits)?.parse()?)
}
