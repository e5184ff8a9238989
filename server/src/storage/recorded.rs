//! The result of a recorded command: the record, its line, and the state after it.

use std::sync::Arc;

use common::ChannelName;

use crate::domain::State;
use crate::domain::records::Record;

/// A record that was appended and applied, with the data that the fan-out needs.
pub struct Recorded<'a> {
    pub record: Record<'a>,
    /// The record's line in the log, without the newline.
    pub line: &'a [u8],
    /// The state after the record.
    pub state: &'a State,
    /// The topic of the event's channel, or of the user whose sessions ended, before the record. The record
    /// may have moved the topic.
    pub topic_before: Option<Arc<str>>,
    /// The channels whose topics the record moved.
    pub moved: Vec<ChannelName>,
}

/// The number and the time of a recorded event.
#[derive(Debug, Clone, Copy)]
pub struct Receipt {
    pub n: u64,
    /// The time of recording in Unix milliseconds.
    pub at: u64,
}

impl Recorded<'_> {
    /// The receipt, if the record is an event.
    #[must_use]
    pub fn receipt(&self) -> Option<Receipt> {
        match &self.record {
            Record::Event(event) => Some(Receipt { n: event.n, at: event.at }),
            Record::Server(_) => None,
        }
    }
}
