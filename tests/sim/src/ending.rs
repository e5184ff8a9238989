//! The end of a run: all clients are complete, and the log survives a last power cut.

use common::Target;
use disk::faulty::Loss;
use server::domain::State;
use session::Session;

use crate::checks::amendments::{self, ExpectedMessages, readers};
use crate::checks::stored::{Stored, fingerprint};
use crate::checks::{Check, Violation, complete, files};
use crate::node::Node;
use crate::plan::DELAY_MS_MAX;
use crate::schedule::SimEvent;
use crate::world::World;

/// Maximum time to deliver an event to all clients after the faults: one request for the heads, and a page.
const DELIVERY_MS_MAX: u64 = 12_000;

/// Maximum time after the faults until every node has the whole shared log. A node with a slow disk and a
/// slow link needs minutes for the batches that a short window no longer keeps.
const NODES_COMPLETE_WITHIN_MS: u64 = 300_000;

impl World {
    /// Postpones `event` if the newest conversation event may still be in transit, for example after a recent
    /// upload, or while a node still receives batches.
    pub(crate) fn postpone_if_too_early(&mut self, event: SimEvent) -> bool {
        if self.has_node_behind() && self.schedule.now_ms < self.plan.busy_ms + NODES_COMPLETE_WITHIN_MS {
            self.observed.newest_event_at_ms = self.schedule.now_ms;
        }
        let newest_arrives_at_ms = self.observed.newest_event_at_ms + DELIVERY_MS_MAX;
        let is_busy = self.nodes.iter().any(Node::is_busy);
        let is_early = is_busy || newest_arrives_at_ms > self.schedule.now_ms;
        if is_early {
            self.schedule.at(newest_arrives_at_ms.max(self.schedule.now_ms + DELAY_MS_MAX), event);
        }
        is_early
    }

    /// Checks that all clients are complete. Then sends one final message to each conversation, to check that
    /// every client still follows all conversations.
    pub(crate) fn check_complete(&mut self) -> Check {
        if self.postpone_if_too_early(SimEvent::CheckComplete) {
            return Ok(());
        }
        self.note(format_args!("checks that all clients are complete"));
        self.must_write = true;
        self.check_leader()?;
        self.all_clients_are_complete(false)?;
        let Some(state) = self.state() else { return Ok(()) };
        let mut final_messages = Vec::new();
        for (name, channel) in state.channels.all() {
            let sender = channel.members.keys().next().and_then(|member| self.number_of(member));
            final_messages.extend(sender.map(|sender| (sender, Target::Channel(name.clone()))));
        }
        for ((from, to), _) in state.channels.all_direct() {
            final_messages.extend(self.number_of(from).map(|sender| (sender, Target::User(to.clone()))));
        }
        final_messages.sort();
        for (sender, to) in final_messages {
            self.clients[sender].send_messages(self.schedule.now_ms, &mut self.rng, to);
            self.carry_out_effects(sender)?;
        }
        self.schedule.after(DELIVERY_MS_MAX, SimEvent::End);
        Ok(())
    }

    fn number_of(&self, user: &common::UserName) -> Option<usize> {
        self.users.iter().position(|known| known == user)
    }

    fn all_clients_are_complete(&self, must_follow_all: bool) -> Check {
        self.nodes.iter().try_for_each(|node| self.all_clients_are_complete_at(node, must_follow_all))
    }

    fn all_clients_are_complete_at(&self, node: &Node, must_follow_all: bool) -> Check {
        let Some(engine) = &node.engine else {
            return Err(Violation { checker: "client_is_complete", what: "the server is down".to_owned() });
        };
        for sim_client in &self.clients {
            let pending = sim_client.session.as_ref().map_or(0, Session::messages_waiting);
            complete::nothing_is_pending(sim_client.user(), pending)?;
            let must_follow_all = must_follow_all && sim_client.follows;
            complete::client_is_complete(
                engine.ledger(),
                sim_client.user(),
                &sim_client.shown,
                must_follow_all,
            )?;
            if let Some(session) = sim_client.session.as_ref().filter(|_| must_follow_all) {
                complete::names_are_known(engine.ledger(), sim_client.user(), session.channel_names())?;
            }
        }
        Ok(())
    }

    /// Ends the run: all clients are still complete, and the log survives a last power cut.
    pub(crate) fn end(&mut self) -> Check {
        self.all_clients_are_complete(true)?;
        for node in 0..self.nodes.len() {
            self.check_disk(node)?;
            if let Some(engine) = &self.nodes[node].engine {
                let stored = Stored::numbered_without_gaps(engine.ledger())?;
                self.clients.iter().try_for_each(|sim_client| stored.sent_is_stored(&sim_client.sent))?;
            }
        }
        self.check_amendments()?;
        for node in 0..self.nodes.len() {
            self.nodes[node].cut_power(Loss::Everything);
            self.start_server(node)?;
        }
        Ok(())
    }

    /// Compares the server's history, mentions and files with the events, then redacts all deleted messages.
    fn check_amendments(&mut self) -> Check {
        let now_ms = self.schedule.now_ms;
        let node = &mut self.nodes[0];
        let Some(engine) = node.engine.as_ref().filter(|_| self.plan.is_varied) else { return Ok(()) };
        let stored = Stored::numbered_without_gaps(engine.ledger())?;
        let expected = ExpectedMessages::of(&stored);
        let readers = readers(engine.ledger().state());
        let pages = amendments::read_all(&readers, |user, method, params| {
            node.request(user, method, params, now_ms).map(|(result, _)| result)
        })?;
        pages.iter().try_for_each(|(_, page)| expected.deleted_is_hidden(page))?;
        pages
            .iter()
            .try_for_each(|(conversation, page)| expected.history_shows_the_last_edit(conversation, page))?;
        pages
            .iter()
            .try_for_each(|(conversation, page)| expected.history_shows_reactions(conversation, page))?;
        for user in &self.users {
            let ask = |params| node.request(user, "mention.list", params, now_ms).map(|(result, _)| result);
            expected.mentions_are_listed(user, &amendments::all_mentions(ask)?)?;
        }
        for (conversation, reader) in &readers {
            files::downloads_are_complete(&expected, conversation, reader, |params| {
                node.request(reader, "file.get", params, now_ms)
            })?;
        }
        let before = self.state().map(fingerprint).unwrap_or_default();
        expected.redacted_is_removed(&self.nodes[0].disk, self.nodes[0].sizes(), &before)
    }

    /// The state of the first node that is up. In a cluster, it may be older than the shared log.
    pub(crate) fn state(&self) -> Option<&State> {
        self.nodes.iter().find_map(|node| node.engine.as_ref()).map(|engine| engine.ledger().state())
    }
}
