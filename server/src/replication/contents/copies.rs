//! Asks other nodes to keep a content, until one of them has it on its disk. The leader records the event of
//! a file afterwards, so the loss of one node does not lose the content.

use common::ContentHash;

use super::Action;
use crate::replication::link::Header;
use crate::services::files::copies::Content;
use crate::services::files::{Failure, Outcome};

/// The time without a request of the asked node after which the next node is asked.
const SILENCE_MS: u64 = 3_000;

struct Copy {
    ticket: u64,
    content: Content,
    since_ms: u64,
    /// The node that was asked, and the time of its last request.
    asked: Option<(String, u64)>,
    tried: Vec<String>,
}

/// The contents of which another node must have a copy. Each belongs to an open upload, so their number has
/// the bounds of uploads.
#[derive(Default)]
pub struct Copies {
    own_name: String,
    copies: Vec<Copy>,
    actions: Vec<Action>,
}

impl Copies {
    #[must_use]
    pub fn new(own_name: String) -> Self {
        Self { own_name, ..Self::default() }
    }

    #[must_use]
    pub fn take_actions(&mut self) -> Vec<Action> {
        std::mem::take(&mut self.actions)
    }

    /// Continues the request `ticket` when another node has the content. If the cluster has no other node,
    /// continues at once.
    pub fn copy(&mut self, ticket: u64, content: Content, has_other_nodes: bool, now_ms: u64) {
        if has_other_nodes {
            let (since_ms, asked, tried) = (now_ms, None, Vec::new());
            self.copies.push(Copy { ticket, content, since_ms, asked, tried });
        } else {
            self.actions.push(Action::Answer(ticket, Outcome::Copied));
        }
    }

    /// Asks the first node, or the next node if the asked node is silent. `live` are the other nodes from
    /// which this node hears.
    pub fn step(&mut self, live: &[String], now_ms: u64) {
        let Self { own_name, copies, actions } = self;
        copies.retain_mut(|copy| {
            if let Some((name, progress_ms)) = &copy.asked {
                if now_ms.saturating_sub(*progress_ms) < SILENCE_MS {
                    return true;
                }
                copy.tried.push(name.clone());
                copy.asked = None;
            }
            let Some(next) = live.iter().find(|name| !copy.tried.contains(name)) else {
                // A node that has just begun to lead has not heard from the others yet.
                let may_wait = now_ms.saturating_sub(copy.since_ms) < SILENCE_MS;
                if !may_wait {
                    actions.push(Action::Answer(copy.ticket, Outcome::Failed(Failure::NotCopied)));
                }
                return may_wait;
            };
            copy.asked = Some((next.clone(), now_ms));
            let Content { sha256, bytes } = copy.content;
            let header = Header::Keep { from: own_name.clone(), sha256, bytes };
            actions.push(Action::Send { to: next.clone(), header });
            true
        });
    }

    /// A node requests a part of a content.
    pub fn requested(&mut self, from: &str, sha256: &ContentHash, now_ms: u64) {
        for copy in self.copies.iter_mut().filter(|copy| copy.content.sha256 == *sha256) {
            if let Some((name, progress_ms)) = &mut copy.asked
                && name == from
            {
                *progress_ms = now_ms;
            }
        }
    }

    /// A node has the content on its disk.
    pub fn kept(&mut self, sha256: &ContentHash) {
        let Self { copies, actions, .. } = self;
        copies.retain(|copy| {
            let is_kept = copy.content.sha256 == *sha256;
            if is_kept {
                actions.push(Action::Answer(copy.ticket, Outcome::Copied));
            }
            !is_kept
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CONTENT: Content = Content { sha256: ContentHash([1; 32]), bytes: 5 };

    fn asked(copies: &mut Copies) -> Vec<String> {
        let names = copies.take_actions().into_iter().map(|action| match action {
            Action::Send { to, header: Header::Keep { .. } } => to,
            Action::Answer(ticket, outcome) => format!("{ticket} {outcome:?}"),
            other @ (Action::Send { .. } | Action::Check(_) | Action::Append { .. } | Action::Finish(_)) => {
                panic!("{other:?}")
            }
        });
        names.collect()
    }

    #[test]
    fn the_next_node_is_asked_when_a_node_is_silent() {
        let live = ["n2", "n3"].map(str::to_owned);
        let mut copies = Copies::new("n1".to_owned());
        copies.copy(7, CONTENT, true, 0);
        copies.step(&live, 0);
        assert_eq!(asked(&mut copies), ["n2"]);
        copies.requested("n2", &CONTENT.sha256, 1_000);
        copies.step(&live, 3_999);
        assert!(asked(&mut copies).is_empty());
        copies.step(&live, 4_000);
        assert_eq!(asked(&mut copies), ["n3"]);
        copies.kept(&CONTENT.sha256);
        assert_eq!(asked(&mut copies), ["7 Copied"]);
    }

    #[test]
    fn a_copy_fails_without_a_live_node_and_is_not_needed_in_a_cluster_of_one_node() {
        let mut copies = Copies::new("n1".to_owned());
        copies.copy(7, CONTENT, true, 0);
        copies.step(&[], 2_999);
        assert!(asked(&mut copies).is_empty(), "a node may be heard soon");
        copies.step(&[], 3_000);
        assert_eq!(asked(&mut copies), ["7 Failed(NotCopied)"]);
        copies.copy(8, CONTENT, false, 0);
        assert_eq!(asked(&mut copies), ["8 Copied"]);
    }
}
