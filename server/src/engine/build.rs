//! Builds an [`Engine`] from its services.

use std::collections::HashMap;
use std::time::Duration;

use super::contents::Needs;
use super::deletions::Deletions;
use super::turns::Turns;
use super::{Counters, Engine, Stopwatch};
use crate::handlers::known_tokens::KnownTokens;
use crate::outbound::OutboundQueue;
use crate::replication::forwarding::Forwarding;
use crate::services::backups::Backups;
use crate::services::files::Files;
use crate::services::jobs::Jobs;
use crate::services::leases::Leases;
use crate::services::limiters::rates::UserLimits;
use crate::services::limiters::{Guesses, Rates, Typing};
use crate::services::presence::Presence;
use crate::services::pushes::Pushes;
use crate::services::registration::Registration;
use crate::services::request_metrics::RequestMetrics;
use crate::services::search::Search;
use crate::services::tokens::TokenIssuer;
use crate::storage::ledger::Ledger;

impl Engine {
    /// Creates the engine. Clients subscribe to events at `events_endpoint`.
    #[must_use]
    pub fn new(
        ledger: Ledger,
        tokens: TokenIssuer,
        jobs: Jobs,
        files: Files,
        limits: UserLimits,
        events_endpoint: String,
    ) -> Self {
        Self {
            ledger,
            outbound: OutboundQueue::default(),
            tokens,
            jobs,
            files,
            known_tokens: KnownTokens::default(),
            guesses: Guesses::default(),
            rates: Rates::new(limits),
            search: None,
            presence: Presence::default(),
            typing: Typing::default(),
            leases: Leases::default(),
            pushes: Pushes::default(),
            backups: Backups::off(),
            registration: Registration::OPEN,
            deletions: Deletions::default(),
            waiting_for_job: HashMap::new(),
            next_ticket: 0,
            needs: Needs::default(),
            forwarding: Forwarding::default(),
            turns: Turns::default(),
            stopwatch: Box::new(|| Duration::ZERO),
            elapsed: Duration::ZERO,
            metrics: RequestMetrics::default(),
            events_endpoint,
            web_origin: None,
            nodes: Vec::new(),
            counters: Counters::default(),
        }
    }

    /// Adds the search index. Without it, `message.search` fails.
    #[must_use]
    pub fn with_search(self, search: Search) -> Self {
        search.set_durable(self.ledger.durable());
        Self { search: Some(search), ..self }
    }

    /// Adds backups. Without them, `admin.backup` fails.
    #[must_use]
    pub fn with_backups(self, backups: Backups) -> Self {
        Self { backups, ..self }
    }

    /// Sets the clock that ends turns. Without it, the engine answers every frame at once.
    #[must_use]
    pub fn with_stopwatch(self, stopwatch: Stopwatch) -> Self {
        Self { stopwatch, ..self }
    }

    /// Sets the origin of the gateway, with which the links to files begin.
    pub fn set_web_origin(&mut self, origin: Option<String>) {
        self.web_origin = origin;
    }

    /// Refuses new outgoing webhooks, because no gateway can deliver their events.
    #[must_use]
    pub fn without_deliveries(mut self) -> Self {
        self.leases.is_off = true;
        self
    }

    /// Sets the rule for registration. Without it, every client may register.
    #[must_use]
    pub fn with_registration(self, registration: Registration) -> Self {
        Self { registration, ..self }
    }
}
