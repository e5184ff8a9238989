//! Indexes the log, batch by batch.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use common::{Body, Event};

use super::index::{Message, MessageIndex, Writer};
use super::{SearchError, clear};
use crate::domain::records::Record;
use crate::journal::{Checkpoint, Follower};
use crate::storage::data_folder::SEARCH_FOLDER;
use disk::{Disk, RealDisk};

/// The bytes of text after which a long run commits. A commit makes messages durable and visible.
const COMMIT_BYTES: usize = 16 << 20;

/// An open index and its reader of the log.
pub(super) struct Indexer {
    index: MessageIndex,
    follower: Follower,
}

/// The changes in consecutive batches of the log.
#[derive(Default)]
struct MessageChanges {
    messages: BTreeMap<(String, u64), Message>,
    /// The changes to messages of earlier batches: the new text, or `None` if the message was deleted.
    amended: BTreeMap<(String, u64), Option<String>>,
    bytes: usize,
}

impl Indexer {
    /// Opens the index of a data folder. If there is no valid index of this log, creates an empty index.
    pub(super) fn open(data: &Path) -> Result<Self, SearchError> {
        let disk: Arc<dyn Disk> = Arc::new(RealDisk::new(data));
        if let Some(opened) = Self::existing(data, &disk)? {
            return Ok(opened);
        }
        clear(data).map_err(folder_error(data))?;
        let index = open_index(data, &*disk)?;
        let follower = Follower::after(disk, Checkpoint::GENESIS)?;
        let missing = || SearchError::Folder(data.to_owned(), std::io::ErrorKind::NotFound.into());
        Ok(Self { index, follower: follower.ok_or_else(missing)? })
    }

    fn existing(data: &Path, disk: &Arc<dyn Disk>) -> Result<Option<Self>, SearchError> {
        // The caller replaces an index that cannot be opened.
        let Ok(index) = open_index(data, &**disk) else { return Ok(None) };
        let Ok(Some(checkpoint)) = index.checkpoint() else { return Ok(None) };
        let follower = Follower::after(Arc::clone(disk), checkpoint)?;
        Ok(follower.map(|follower| Self { index, follower }))
    }

    pub(super) fn index(&self) -> MessageIndex {
        self.index.clone()
    }

    /// Indexes the log up to the record `last`. Calls `on_commit` with the last visible record after each
    /// commit; the run ends early if it returns `false`.
    pub(super) fn run(
        &mut self,
        last: u64,
        mut on_commit: impl FnMut(u64) -> bool,
    ) -> Result<(), SearchError> {
        let mut continues = on_commit(self.follower.at().record);
        if self.follower.at().record >= last {
            return Ok(());
        }
        let (mut writer, mut bytes, mut is_last) = (self.index.writer()?, 0, false);
        while !is_last && continues {
            let (mut changes, before) = (MessageChanges::default(), self.follower.at());
            is_last = !self.follower.read(last, |record, line| changes.add_record(record, line))?;
            bytes += changes.bytes;
            if !changes.amended.is_empty() {
                // Commit first, because an edited message may have been added in this run.
                writer.commit(before)?;
                self.index.reload()?;
                self.amend(&writer, &mut changes)?;
            }
            changes.write(&writer)?;
            if is_last || bytes >= COMMIT_BYTES {
                continues = self.commit(&mut writer, &mut on_commit)?;
                bytes = 0;
            }
        }
        Ok(writer.close()?)
    }

    /// Removes edited and deleted messages from the index, and adds the edited messages again.
    fn amend(&self, writer: &Writer, changes: &mut MessageChanges) -> Result<(), SearchError> {
        for ((conversation, n), text) in std::mem::take(&mut changes.amended) {
            let known = self.index.get(&conversation, n)?;
            writer.remove(&conversation, n);
            if let (Some(known), Some(text)) = (known, text) {
                changes.messages.insert((conversation, n), Message { text, ..known });
            }
        }
        Ok(())
    }

    fn commit(
        &self,
        writer: &mut Writer,
        on_commit: &mut impl FnMut(u64) -> bool,
    ) -> Result<bool, SearchError> {
        writer.commit(self.follower.at())?;
        self.index.reload()?;
        Ok(on_commit(self.follower.at().record))
    }
}

impl MessageChanges {
    fn add_record(&mut self, record: u64, line: &[u8]) {
        // A record that this version cannot decode is not indexed.
        let Ok(Record::Event(event)) = Record::decode(line) else { return };
        let conversation = event.conversation().key().into_owned();
        if let Body::Message { text, .. } = &event.body {
            self.add(record, &event, conversation, text.as_str());
        } else if let Body::File { file, .. } = &event.body {
            // A file is found by the words of its name.
            self.add(record, &event, conversation, file.name.as_str());
        } else if let Body::Edited { of, text, .. } = &event.body {
            self.amend((conversation, *of), Some(text.as_str().to_owned()));
        } else if let Body::Deleted { of, .. } = &event.body {
            self.amend((conversation, *of), None);
        }
    }

    fn add(&mut self, record: u64, event: &Event<'_>, conversation: String, text: &str) {
        self.bytes += text.len();
        let (n, at, from) = (event.n, event.at, event.from.as_str().to_owned());
        let message =
            Message { conversation: conversation.clone(), n, from, at, record, text: text.to_owned() };
        self.messages.insert((conversation, n), message);
    }

    /// Changes the text of a message; `None` deletes it.
    fn amend(&mut self, key: (String, u64), text: Option<String>) {
        self.bytes += text.as_ref().map_or(0, String::len);
        match (self.messages.get_mut(&key), text) {
            (Some(message), Some(text)) => message.text = text,
            (Some(_), None) => drop(self.messages.remove(&key)),
            (None, text) => drop(self.amended.insert(key, text)),
        }
    }

    fn write(&self, writer: &Writer) -> Result<(), SearchError> {
        self.messages.values().try_for_each(|message| Ok(writer.add(message)?))
    }
}

/// Opens the index in its folder, or creates an empty one.
fn open_index(data: &Path, disk: &dyn Disk) -> Result<MessageIndex, SearchError> {
    disk.create_folder(SEARCH_FOLDER).map_err(folder_error(data))?;
    Ok(MessageIndex::open(&data.join(SEARCH_FOLDER))?)
}

fn folder_error(data: &Path) -> impl FnOnce(std::io::Error) -> SearchError {
    let folder = data.join(SEARCH_FOLDER);
    move |error| SearchError::Folder(folder, error)
}
