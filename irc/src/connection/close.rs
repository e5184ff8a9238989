//! The end of a connection.

use std::time::Duration;

use session::Command;
use tokio::time::timeout;
use transport::clock;

use super::{Connection, End};
use crate::limits::{CLOSING_MS_MAX, SHUTDOWN_MS_MAX};

impl Connection {
    /// Sends the reason to the client, sends the messages that wait, and ends the session of the
    /// connection at the node.
    pub(super) async fn close(mut self, end: End) {
        self.response = None;
        // A guest who has seen the end of the connection can connect again.
        if let Some(user) = &self.user {
            self.is_closing |= self.shared.farewell(user, self.id);
        }
        self.is_welcome = false;
        // The server of the node may end at the same time.
        let wait_ms = if matches!(end, End::Shutdown) { SHUTDOWN_MS_MAX } else { CLOSING_MS_MAX };
        let reason = match end {
            End::Gone => None,
            End::Because(reason) => Some(reason),
            End::Shutdown => Some("The server is shutting down".to_owned()),
        };
        if let Some(reason) = reason {
            let error = self.server_line("ERROR").param(reason);
            self.send(&error);
            // A client that does not read must not keep the connection.
            let _read_or_not = timeout(Duration::from_millis(wait_ms), self.socket.finish()).await;
        }
        if self.user.is_some() {
            let _done_or_not = timeout(Duration::from_millis(wait_ms), self.end_session()).await;
        }
    }

    /// Waits for the acknowledgements of the sent messages, and logs out.
    async fn end_session(&mut self) {
        while self.session.messages_waiting() > 0 {
            self.pump_session().await;
        }
        self.session.quit();
        self.next_ticket += 1;
        let ticket = self.next_ticket;
        self.session.command(clock::monotonic_ms(), ticket, Command::Logout);
        while !self.io.answers.iter().any(|(answered, _)| *answered == ticket) {
            self.pump_session().await;
        }
    }

    /// Handles replies, without the client.
    async fn pump_session(&mut self) {
        let _no_end = self.step();
        let now_ms = clock::monotonic_ms();
        let wait_ms = self.session.deadline().map_or(CLOSING_MS_MAX, |due| due.saturating_sub(now_ms));
        let _timeout = timeout(Duration::from_millis(wait_ms), self.inbox.ready()).await;
        self.inbox.take().into_iter().for_each(|item| self.handle_item(item));
        let _no_end = self.step();
    }
}
