//! Somebody who hears what a node tells: a SUB, its topics, and the barrier that says they are in force.

use std::collections::VecDeque;
use std::time::Duration;

use common::presence::Change;
use common::{Event, Notice};
use transport::poll::{Watch, wait};
use transport::security::Security;
use transport::{Context, Frame, Kind, Socket, clock};
use uuid::Uuid;

use crate::DEADLINE;

/// A connection to the proxy.
pub struct Listener {
    socket: Socket,
    /// Events that came in one frame with another, or while a barrier was waited for.
    heard: VecDeque<(String, Event<'static>)>,
    /// Topics that it was told channels have moved to.
    moved: Vec<String>,
    /// What it was told that its user has read.
    reads: VecDeque<String>,
    /// Who became what.
    changes: VecDeque<Change>,
}

impl Listener {
    /// Connects to a proxy, now or as soon as there is one.
    #[must_use]
    pub fn connect(endpoint: &str, security: &Security) -> Self {
        let socket = Context::new().socket(Kind::Subscriber, security).expect("a socket");
        socket.connect(endpoint).expect("an endpoint");
        Self {
            socket,
            heard: VecDeque::new(),
            moved: Vec::new(),
            reads: VecDeque::new(),
            changes: VecDeque::new(),
        }
    }

    /// Subscribes to topics, and waits until that is in force.
    pub fn follow(&mut self, topics: &[&str]) {
        for topic in topics {
            self.subscribe(topic.as_bytes());
        }
        self.barrier();
    }

    /// Subscribes, and waits for nothing.
    pub fn subscribe(&self, topic: &[u8]) {
        self.socket.subscribe(topic).expect("a subscription");
    }

    /// Waits until every earlier subscription is in force, and what the proxy has sent here before has arrived.
    pub fn barrier(&mut self) {
        let topic = format!("sync.test.{}", Uuid::now_v7().simple());
        self.subscribe(topic.as_bytes());
        while self.receive(DEADLINE).expect("the barrier in time") != [topic.as_bytes(), b""] {}
        self.socket.unsubscribe(topic.as_bytes()).expect("a subscription less");
    }

    /// Waits for the next event, and returns it with its topic.
    pub fn hear(&mut self) -> (String, Event<'static>) {
        loop {
            if let Some(heard) = self.heard.pop_front() {
                return heard;
            }
            self.receive(DEADLINE).expect("an event in time");
        }
    }

    /// The events that have arrived and were not taken yet.
    pub fn heard(&mut self) -> impl Iterator<Item = (String, Event<'static>)> {
        self.heard.drain(..)
    }

    /// Waits to be told that the user has read something: the conversation, how far, and what is left.
    pub fn hear_of_reading(&mut self) -> String {
        loop {
            if let Some(read) = self.reads.pop_front() {
                return read;
            }
            self.wait();
        }
    }

    /// Waits for somebody to become something else than before.
    pub fn hear_of_presence(&mut self, time: Duration) -> Change {
        let started = clock::now();
        loop {
            if let Some(change) = self.changes.pop_front() {
                return change;
            }
            self.receive(time.saturating_sub(started.elapsed())).expect("a change in time");
        }
    }

    /// Waits for the next message, be it an event or a notice.
    pub fn wait(&mut self) {
        self.receive(DEADLINE).expect("a message in time");
    }

    /// Follows the topics that it was told channels have moved to; true when there were any.
    pub fn follow_moved(&mut self) -> bool {
        let moved = std::mem::take(&mut self.moved);
        if !moved.is_empty() {
            self.follow(&moved.iter().map(String::as_str).collect::<Vec<_>>());
        }
        !moved.is_empty()
    }

    /// Receives one message, or nothing when there is none within that time.
    fn receive(&mut self, time: Duration) -> Option<Vec<Vec<u8>>> {
        let (mut frames, started) = (Vec::new(), clock::now());
        while !self.socket.receive(&mut frames).expect("a receive") {
            let left = time.checked_sub(started.elapsed())?;
            wait(&[Watch::Readable(&self.socket)], Some(left)).expect("a wait");
        }
        if let [topic, lines] = frames.as_slice() {
            self.take_apart(topic, lines);
        }
        Some(frames.iter().map(|frame| frame.to_vec()).collect())
    }

    fn take_apart(&mut self, topic: &Frame, lines: &Frame) {
        let topic = String::from_utf8(topic.to_vec()).expect("a topic in UTF-8");
        for line in lines.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
            // An event has a number, a notice has none.
            match serde_json::from_slice::<Event<'_>>(line) {
                Ok(event) => self.heard.push_back((topic.clone(), event.into_owned())),
                Err(_) => match serde_json::from_slice(line).expect("a notice") {
                    Notice::TopicMoved { topic, .. } => self.moved.push(topic),
                    Notice::Read { conversation, n, unread, .. } => {
                        self.reads.push_back(format!("{conversation} {n}, {unread} unread"));
                    }
                    Notice::Presence { users, .. } => self.changes.extend(users),
                    Notice::Typing { .. } => {}
                },
            }
        }
    }
}
