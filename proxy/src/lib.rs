//! Publishes the events of servers (XSUB) to the subscribers of their topics (XPUB). The only state of the
//! proxy is counters.
//!
//! `common::topics` decides which subscriptions are valid. The server decides which users learn the key of a
//! topic.

mod counters;
mod subscriptions;

use std::time::Instant;

use transport::control::{self, Control};
use transport::poll::{Watch, wait_which};
use transport::security::NodeSecurity;
use transport::shutdown::Shutdown;
use transport::wake::Wake;
use transport::{Context, Frame, Kind, Socket, TransportError, clock};

use crate::counters::Counters;
use crate::subscriptions::Subscribers;

/// The maximum number of messages that are handled in one direction before the other direction is served.
const BURST_MESSAGES_MAX: usize = 256;

#[derive(Debug, thiserror::Error)]
pub enum ProxyError {
    #[error(transparent)]
    Transport(#[from] TransportError),
}

/// The endpoints at which the proxy listens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// The endpoint for servers, which publish.
    pub events: String,
    /// The endpoint for subscribers.
    pub subscribers: String,
    /// The endpoint for operators, who request the status.
    pub control: String,
}

pub struct Proxy {
    events: Socket,
    subscribers: Subscribers,
    control: Control,
    endpoints: Config,
    counters: Counters,
    started: Instant,
    /// The message that is being handled. It is a field, so its memory is reused.
    frames: Vec<Frame>,
}

impl Proxy {
    /// Listens at the endpoints of `config`.
    pub fn bind(context: &Context, config: &Config, security: &NodeSecurity) -> Result<Self, ProxyError> {
        let events = context.socket(Kind::XSubscriber, &security.inner())?;
        // Receive all events. Without this, a server would have to wait for subscribers before it publishes.
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

    /// Listens for the gateway of the same process, too.
    pub fn bind_gateway(&self, endpoint: &str) -> Result<(), ProxyError> {
        self.subscribers.socket().bind(endpoint)?;
        Ok(())
    }

    /// The actual endpoints, with the ports that the system chose.
    #[must_use]
    pub fn endpoints(&self) -> &Config {
        &self.endpoints
    }

    /// Publishes events until `shutdown` is requested.
    pub fn run(mut self, shutdown: &Shutdown) -> Result<(), ProxyError> {
        let (waker, wake) = Wake::new()?;
        shutdown.watch(waker);
        tracing::info!(
            events = self.endpoints.events,
            subscribers = self.endpoints.subscribers,
            "proxy started"
        );
        while !shutdown.is_requested() {
            let subscriptions = Watch::Readable(self.subscribers.socket());
            let control = Watch::Readable(self.control.socket());
            let watches = [subscriptions, Watch::Readable(&self.events), control, Watch::Wake(&wake)];
            let [subscriptions, events, control, _shutdown] = wait_which(watches, None)?;
            if subscriptions {
                self.decide_subscriptions()?;
            }
            if events {
                self.fan_out()?;
            }
            if control {
                let counters = || self.counters.list(self.events.refused_peers());
                self.control.answer(|| {
                    control::status("proxy", self.started, &counters(), &self.events.problems())
                })?;
            }
        }
        tracing::info!("proxy stopped");
        Ok(())
    }

    fn decide_subscriptions(&mut self) -> Result<(), TransportError> {
        for _ in 0..BURST_MESSAGES_MAX {
            if !self.subscribers.handle_next(&mut self.frames, &mut self.counters)? {
                break;
            }
        }
        Ok(())
    }

    /// Sending to subscribers never blocks. The events for a slow subscriber are dropped. The subscriber
    /// detects the gap in the numbers, and loads the events from the history.
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
