//! The link of a simulated node to the other nodes. The world carries the messages.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use cluster::Node;
use server::replication::link::{Header, NodeLink};
use transport::{Frame, TransportError};

/// A message between two nodes: its header, and its other frames.
pub(crate) struct Message {
    pub(crate) header: Header,
    pub(crate) frames: Vec<Vec<u8>>,
}

/// The messages that a node sent and that the world has not taken yet, and those that arrived.
#[derive(Default)]
pub(crate) struct Mail {
    pub(crate) outgoing: Vec<(String, Message)>,
    pub(crate) incoming: VecDeque<Message>,
}

pub(crate) type SharedMail = Arc<Mutex<Mail>>;

pub(crate) fn open(mail: &SharedMail) -> MutexGuard<'_, Mail> {
    mail.lock().unwrap_or_else(PoisonError::into_inner)
}

pub(crate) struct SimLink {
    pub(crate) name: String,
    pub(crate) mail: SharedMail,
    pub(crate) peers: Vec<String>,
}

impl NodeLink for SimLink {
    fn name(&self) -> &str {
        &self.name
    }

    fn connect(&mut self, nodes: &[Node]) {
        for node in nodes.iter().filter(|node| node.name != self.name) {
            if !self.peers.contains(&node.name) {
                self.peers.push(node.name.clone());
                self.send(&node.name, &Header::Hello { from: self.name.clone() }, []);
            }
        }
    }

    fn greeted_by(&mut self, _name: &str) {}

    fn send(&self, to: &str, header: &Header, frames: impl IntoIterator<Item = Frame>) -> bool {
        if !self.peers.iter().any(|peer| peer == to) {
            return false;
        }
        let frames = frames.into_iter().map(|frame| frame.to_vec()).collect();
        open(&self.mail).outgoing.push((to.to_owned(), Message { header: header.clone(), frames }));
        true
    }

    fn broadcast(&self, header: &Header, frames: &[&[u8]]) {
        for peer in &self.peers {
            self.send(peer, header, frames.iter().map(|frame| Frame::from(*frame)));
        }
    }

    fn receive(&self, frames: &mut Vec<Frame>) -> Result<Option<Header>, TransportError> {
        let Some(message) = open(&self.mail).incoming.pop_front() else { return Ok(None) };
        frames.clear();
        frames.extend(message.frames.into_iter().map(Frame::from));
        Ok(Some(message.header))
    }
}
