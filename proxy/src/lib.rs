//! XPUB/XSUB fan-out and the rules for subscriptions; no state but counters.
//!
//! Events go from servers to whoever subscribes to their topic. Which subscriptions are well formed is decided by
//! `common::topics`; who may know a topic's key is decided by the server.

mod counters;
mod subscriptions;

use std::time::Instant;

use transport::control::{self, Control};
use transport::poll::{Watch, wait_which};
use transport::security::NodeSecurity;
use transport::stop::Stop;
use transport::wake::Wake;
use transport::{Context, Frame, Kind, Socket, TransportError, clock, libzmq_version};

use crate::counters::Counters;
use crate::subscriptions::Subscribers;

/// Messages moved in one direction before the other has its turn.
const BURST_MESSAGES_MAX: usize = 256;

/// The first libzmq that does not hand the subscription of a subscriber who has just left to another one, as can
/// happen when many come and go at once (libzmq pull request 4137; seen with 4.3.4).
const LIBZMQ_WANTED: (i32, i32, i32) = (4, 3, 5);

/// Why the proxy could not start or go on.
#[derive(Debug, thiserror::Error)]
pub enum ProxyError {
    /// A socket failed.
    #[error(transparent)]
    Transport(#[from] TransportError),
}

/// Where the proxy listens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// For servers, which publish here.
    pub events: String,
    /// For subscribers.
    pub subscribers: String,
    /// For operators.
    pub control: String,
}

/// The proxy: two sockets and the counters.
pub struct Proxy {
    events: Socket,
    subscribers: Subscribers,
    control: Control,
    endpoints: Config,
    counters: Counters,
    started: Instant,
    /// The message on its way; kept so that its room is used again.
    frames: Vec<Frame>,
}

impl Proxy {
    /// Listens wherever `config` says.
    pub fn bind(context: &Context, config: &Config, security: &NodeSecurity) -> Result<Self, ProxyError> {
        if libzmq_version() < LIBZMQ_WANTED {
            let shown = |(major, minor, patch)| format!("{major}.{minor}.{patch}");
            let (here, wanted) = (shown(libzmq_version()), shown(LIBZMQ_WANTED));
            tracing::warn!(
                "libzmq {here} can mix up subscribers when many come and go at once; where that happens, have libzmq \
                 {wanted} or later: Debian 13, Ubuntu 24.04 and the image of the Dockerfile do"
            );
        }
        let events = context.socket(Kind::XSubscriber, &security.inner())?;
        // Everything, once: a server need not wait for anybody to subscribe before it publishes.
        events.subscribe(b"")?;
        let subscribers = context.socket(Kind::XPublisher, &security.outer())?;
        let control = Control::bind(context, &config.control, &security.control())?;
        let endpoints = Config {
            events: events.bind(&config.events)?,
            subscribers: subscribers.bind(&config.subscribers)?,
            control: control.endpoint().to_owned(),
        };
        let (subscribers, started) = (Subscribers::new(subscribers), clock::now());
        Ok(Self {
            events,
            subscribers,
            control,
            endpoints,
            counters: Counters::default(),
            started,
            frames: Vec::new(),
        })
    }

    /// Where the proxy listens, with the ports that the system chose.
    #[must_use]
    pub fn endpoints(&self) -> &Config {
        &self.endpoints
    }

    /// Fans events out until `stop` is requested.
    pub fn run(mut self, stop: &Stop) -> Result<(), ProxyError> {
        let (waker, wake) = Wake::new()?;
        stop.watch(waker);
        tracing::info!(
            events = self.endpoints.events,
            subscribers = self.endpoints.subscribers,
            "proxy fans out"
        );
        while !stop.is_requested() {
            let subscriptions = Watch::Readable(self.subscribers.socket());
            let control = Watch::Readable(self.control.socket());
            let watches = [subscriptions, Watch::Readable(&self.events), control, Watch::Wake(&wake)];
            let [subscriptions, events, control, _stop] = wait_which(watches, None)?;
            if subscriptions {
                self.decide_subscriptions()?;
            }
            if events {
                self.fan_out()?;
            }
            if control {
                let counters = || self.counters.list(self.events.refused_peers());
                self.control.answer(|| control::status("proxy", self.started, &counters(), &[]))?;
            }
        }
        tracing::info!("proxy stops");
        Ok(())
    }

    fn decide_subscriptions(&mut self) -> Result<(), TransportError> {
        for _ in 0..BURST_MESSAGES_MAX {
            if !self.subscribers.decide_next(&mut self.frames, &mut self.counters)? {
                break;
            }
        }
        Ok(())
    }

    /// The subscribers' socket takes everything at once and drops what is too much for a slow one of them, who
    /// notices the hole in the numbers and repairs it from the history.
    fn fan_out(&mut self) -> Result<(), TransportError> {
        for _ in 0..BURST_MESSAGES_MAX {
            if !self.events.receive(&mut self.frames)? {
                break;
            }
            self.subscribers.send(self.frames.drain(..))?;
            self.counters.events += 1;
        }
        Ok(())
    }
}
