//! The checkers of a cluster: its logs are one log, and only what is in this log leaves a node.

use common::{Conversation, Notice, Target, UserName};
use server::domain::State;
use server::engine::cluster_config::ClusterError;

use super::lines::log_bytes;
use super::name_of;
use crate::checks::{Check, Violation, ensure};
use crate::node::Node;
use crate::schedule::Part;
use crate::world::World;

impl World {
    /// Takes the batches that were stored in the shared log. The node that leads the newest term stored each
    /// of them.
    pub(crate) fn take_stored(&mut self) -> Check {
        let Some(cluster) = &mut self.cluster else { return Ok(()) };
        for stored in cluster.log.stored_after(cluster.lines.batches) {
            ensure(stored.writer == stored.leader, "one_leader_publishes", || {
                let record = stored.batch.after.record;
                format!("{} stored record {record} while {} was the leader", stored.writer, stored.leader)
            })?;
            cluster.lines.add(&stored);
        }
        Ok(())
    }

    /// The log of a node is a prefix of the shared log. Compares the chain, which depends on all bytes.
    pub(crate) fn check_head(&mut self, node: usize) -> Check {
        self.take_stored()?;
        let (Some(cluster), Some(engine)) = (&self.cluster, &self.nodes[node].engine) else { return Ok(()) };
        let (head, name) = (engine.ledger().head(), name_of(node));
        let shared = cluster.lines.chains.get(&head.record);
        ensure(shared == Some(&head.chain), "one_log", || {
            let last = cluster.lines.chains.last_key_value();
            format!(
                "the log of {name} ends with {head}; the shared log has {shared:?} there, and ends with {last:?}"
            )
        })
    }

    /// The log of a node that starts is a prefix of the shared log, byte for byte. When the faults have ended
    /// for some time, it is the whole shared log.
    pub(crate) fn check_local_log(&mut self, node: usize) -> Check {
        self.check_head(node)?;
        let Some(cluster) = &self.cluster else { return Ok(()) };
        let (own, shared) = (log_bytes(&self.nodes[node].disk), &cluster.lines.bytes);
        let is_complete = !self.must_write || own.len() == shared.len();
        ensure(is_complete && shared.starts_with(&own), "one_log", || {
            let same = own.iter().zip(shared).take_while(|(own, shared)| own == shared).count();
            let (own, shared, name) = (own.len(), shared.len(), name_of(node));
            format!("the log of {name} has {own} bytes, the shared log has {shared}, and {same} are the same")
        })
    }

    /// Whether a node does not have the whole shared log yet.
    pub(crate) fn has_node_behind(&self) -> bool {
        let Some(cluster) = &self.cluster else { return false };
        let end = cluster.lines.last_record();
        let is_behind =
            |node: &Node| node.engine.as_ref().is_none_or(|engine| engine.ledger().durable() < end);
        self.nodes.iter().any(is_behind)
    }

    /// A node publishes an event only when it is in the shared log and on its own disk.
    pub(crate) fn check_published(&mut self, node: usize, lines: &str) -> Check {
        self.take_stored()?;
        let (Some(cluster), Some(engine)) = (&self.cluster, &self.nodes[node].engine) else { return Ok(()) };
        let (durable, name) = (engine.ledger().durable(), name_of(node));
        for line in lines.lines() {
            if matches!(serde_json::from_str(line), Ok(Notice::Read { .. })) {
                continue;
            }
            let record = cluster.lines.record(line);
            let is_permitted = record.is_some_and(|record| record <= durable);
            ensure(is_permitted, "one_leader_publishes", || {
                format!(
                    "{name}, whose disk ends with record {durable}, published {line}; the shared log has it as {record:?}"
                )
            })?;
        }
        Ok(())
    }

    /// Checks a round of a node that is in a cluster.
    pub(crate) fn check_round(&mut self, node: usize) -> Check {
        let durable = self.nodes[node].engine.as_ref().map_or(0, |engine| engine.ledger().durable());
        let Some(running) = self.nodes[node].member.as_mut().and_then(|member| member.running.as_mut())
        else {
            return Ok(());
        };
        if std::mem::replace(&mut running.checked_record, durable) != durable {
            self.check_head(node)?;
        }
        Ok(())
    }

    /// A node stops because it cannot stay in its cluster: its disk failed, or its log differs.
    pub(crate) fn left_cluster(&mut self, node: usize, error: &ClusterError) -> Check {
        self.note_at(node, format_args!("the server stops: {error}"));
        if !self.nodes[node].needs_restart() {
            return Err(Violation { checker: "one_log", what: format!("{}: {error}", name_of(node)) });
        }
        self.nodes[node].kill();
        self.restart_later(Part::Server(node));
        Ok(())
    }

    /// The conversations of a user in the shared log, with their newest events.
    pub(crate) fn shared_heads(&self, user: &UserName) -> Vec<(Target, u64)> {
        self.cluster.as_ref().map(|cluster| cluster.lines.conversations(user)).unwrap_or_default()
    }

    /// The newest event of a conversation: in a cluster in the shared log, otherwise in `state`.
    pub(crate) fn newest_head(&self, state: &State, conversation: &Conversation) -> u64 {
        match &self.cluster {
            Some(cluster) => cluster.lines.head(conversation).max(state.head(conversation)),
            None => state.head(conversation),
        }
    }
}
