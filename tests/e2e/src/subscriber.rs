//! A subscriber: a SUB socket that receives the events and notices of a node.

use std::collections::VecDeque;
use std::time::Duration;

use common::presence::Change;
use common::{Event, Notice};
use transport::poll::{Watch, wait};
use transport::security::Security;
use transport::{Context, Frame, Kind, Socket, clock};
use uuid::Uuid;

use crate::DEADLINE;

/// A connection to the proxy, and the events and notices that the test has not read.
pub struct Subscriber {
    socket: Socket,
    events: VecDeque<(String, Event<'static>)>,
    /// The new topics of channels that moved.
    moved_topics: Vec<String>,
    read_marks: VecDeque<String>,
    presence_changes: VecDeque<Change>,
}

impl Subscriber {
    /// Connects to a proxy, which may not be running yet.
    #[must_use]
    pub fn connect(endpoint: &str, security: &Security) -> Self {
        let socket = Context::new().socket(Kind::Subscriber, security).expect("a socket");
        socket.connect(endpoint).expect("an endpoint");
        Self {
            socket,
            events: VecDeque::new(),
            moved_topics: Vec::new(),
            read_marks: VecDeque::new(),
            presence_changes: VecDeque::new(),
        }
    }

    /// Subscribes to topics, and waits until the subscriptions are in force.
    pub fn follow(&mut self, topics: &[&str]) {
        for topic in topics {
            self.subscribe(topic.as_bytes());
        }
        self.barrier();
    }

    pub fn subscribe(&self, topic: &[u8]) {
        self.socket.subscribe(topic).expect("a subscription");
    }

    /// Waits until all earlier subscriptions are in force, and all events that the proxy sent before have
    /// arrived.
    pub fn barrier(&mut self) {
        let topic = format!("sync.test.{}", Uuid::now_v7().simple());
        self.subscribe(topic.as_bytes());
        while self.receive(DEADLINE).expect("the barrier in time") != [topic.as_bytes(), b""] {}
        self.socket.unsubscribe(topic.as_bytes()).expect("an unsubscription");
    }

    /// Waits for the next event. Returns the topic and the event.
    pub fn next_event(&mut self) -> (String, Event<'static>) {
        loop {
            if let Some(event) = self.events.pop_front() {
                return event;
            }
            self.receive(DEADLINE).expect("an event in time");
        }
    }

    /// The unread events that have arrived. Does not wait.
    pub fn received(&mut self) -> impl Iterator<Item = (String, Event<'static>)> {
        self.events.drain(..)
    }

    /// Waits for a read mark: `#general 5, 0 unread`.
    pub fn next_read_mark(&mut self) -> String {
        loop {
            if let Some(read) = self.read_marks.pop_front() {
                return read;
            }
            self.wait();
        }
    }

    pub fn next_presence_change(&mut self, time: Duration) -> Change {
        let started = clock::now();
        loop {
            if let Some(change) = self.presence_changes.pop_front() {
                return change;
            }
            self.receive(time.saturating_sub(started.elapsed())).expect("a change in time");
        }
    }

    pub fn wait(&mut self) {
        self.receive(DEADLINE).expect("a message in time");
    }

    /// Subscribes to the new topics of channels that moved. Returns false if no channel moved.
    pub fn follow_moved(&mut self) -> bool {
        let moved_topics = std::mem::take(&mut self.moved_topics);
        if !moved_topics.is_empty() {
            self.follow(&moved_topics.iter().map(String::as_str).collect::<Vec<_>>());
        }
        !moved_topics.is_empty()
    }

    /// Receives one message; `None` if none arrives within `time`.
    fn receive(&mut self, time: Duration) -> Option<Vec<Vec<u8>>> {
        let (mut frames, started) = (Vec::new(), clock::now());
        while !self.socket.receive(&mut frames).expect("receiving succeeds") {
            let left = time.checked_sub(started.elapsed())?;
            wait(&[Watch::Readable(&self.socket)], Some(left)).expect("waiting succeeds");
        }
        if let [topic, lines] = frames.as_slice() {
            self.sort_lines(topic, lines);
        }
        Some(frames.iter().map(|frame| frame.to_vec()).collect())
    }

    fn sort_lines(&mut self, topic: &Frame, lines: &Frame) {
        let topic = String::from_utf8(topic.to_vec()).expect("a topic in UTF-8");
        for line in lines.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
            // Only events have a number.
            match serde_json::from_slice::<Event<'_>>(line) {
                Ok(event) => self.events.push_back((topic.clone(), event.into_owned())),
                Err(_) => match serde_json::from_slice(line).expect("a notice") {
                    Notice::TopicMoved { topic, .. } => self.moved_topics.push(topic),
                    Notice::Read { conversation, n, unread, .. } => {
                        self.read_marks.push_back(format!("{conversation} {n}, {unread} unread"));
                    }
                    Notice::Presence { users, .. } => self.presence_changes.extend(users),
                    Notice::Typing { .. }
                    | Notice::Blocked { .. }
                    | Notice::Levels {}
                    | Notice::SessionsEnded {} => {}
                },
            }
        }
    }
}
