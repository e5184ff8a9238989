//! MONITOR: the client receives a line when a user of its list is online or offline.

use common::UserName;
use common::presence::State;

use crate::connection::{Connection, End};
use crate::limits::{LIST_BYTES_MAX, MONITOR_MAX};
use crate::protocol::message::Message;
use crate::protocol::numerics::Numeric;
use crate::protocol::text::packed;

impl Connection {
    pub(super) async fn monitor(&mut self, message: &Message) -> Result<(), End> {
        let targets = message.param(1).unwrap_or_default();
        match message.param(0).unwrap_or_default() {
            "+" => self.add_monitored(targets).await?,
            "-" => {
                for user in names(targets) {
                    self.monitored.remove(&user);
                }
            }
            "C" | "c" => self.monitored.clear(),
            "L" | "l" => {
                let names = self.monitored.keys().map(|user| self.shared.shown(user));
                for line in packed(names, ',', LIST_BYTES_MAX) {
                    self.numeric(Numeric::MonitorList, &[&line]);
                }
                self.numeric(Numeric::EndOfMonitorList, &[]);
            }
            "S" | "s" => {
                let users = self.monitored.keys().cloned().collect();
                self.report_states(users).await?;
            }
            _unknown => {}
        }
        Ok(())
    }

    async fn add_monitored(&mut self, targets: &str) -> Result<(), End> {
        let mut added = Vec::new();
        for user in names(targets) {
            if self.monitored.len() >= MONITOR_MAX && !self.monitored.contains_key(&user) {
                self.numeric(Numeric::MonitorListFull, &[&MONITOR_MAX.to_string(), user.as_str()]);
                break;
            }
            self.monitored.entry(user.clone()).or_default();
            if !added.contains(&user) {
                added.push(user);
            }
        }
        self.report_states(added).await
    }

    /// RPL_MONONLINE and RPL_MONOFFLINE.
    async fn report_states(&mut self, users: Vec<UserName>) -> Result<(), End> {
        self.load_users(None).await?;
        let is_online = |user: &UserName| {
            let state = self.shared.user(user).and_then(|info| info.state);
            matches!(state, Some(State::Online | State::Away))
        };
        let (online, offline): (Vec<_>, Vec<_>) = users.into_iter().partition(is_online);
        let known = online.iter().map(|user| (user, true)).chain(offline.iter().map(|user| (user, false)));
        for (user, is_online) in known {
            if let Some(known) = self.monitored.get_mut(user) {
                *known = is_online;
            }
        }
        for line in packed(online.iter().map(|user| self.shared.source(user)), ',', LIST_BYTES_MAX) {
            self.numeric(Numeric::MonitorOnline, &[&line]);
        }
        for line in packed(offline.iter().map(|user| self.shared.shown(user)), ',', LIST_BYTES_MAX) {
            self.numeric(Numeric::MonitorOffline, &[&line]);
        }
        Ok(())
    }
}

/// The valid names of a list.
fn names(targets: &str) -> impl Iterator<Item = UserName> {
    targets.split(',').filter_map(|name| UserName::new(name).ok())
}
