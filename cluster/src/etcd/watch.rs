//! A watch of the batches after a position. etcd pushes each batch when it is stored.

use etcd_client::{Client, Error, EventType, WatchOptions, WatchStream};

use super::keys::{Keys, decode_batch};
use super::servers::ANSWER_BYTES_MAX;
use crate::{Head, SharedBatch};

pub(super) struct Watch {
    stream: WatchStream,
    /// The end of the last batch that arrived.
    at: Head,
}

impl Watch {
    /// Watches the batches that are stored after `at`, from this revision on.
    pub(super) async fn open(
        client: &mut Client,
        keys: &Keys,
        at: Head,
        revision: i64,
    ) -> Result<Self, Error> {
        let options = WatchOptions::new().with_range(keys.log_end()).with_start_revision(revision);
        let watches = client.watch_client().max_decoding_message_size(ANSWER_BYTES_MAX);
        let stream = { watches }.watch(keys.batch(0), Some(options)).await?;
        Ok(Self { stream, at })
    }

    pub(super) fn at(&self) -> &Head {
        &self.at
    }

    /// The next batches. An error if the watch ended, or if a batch does not follow the previous one: the
    /// caller must then read the window.
    pub(super) async fn next(&mut self) -> Result<Vec<SharedBatch>, Error> {
        let ended = || Error::WatchError("the watch ended".to_owned());
        loop {
            let news = self.stream.message().await?.ok_or_else(ended)?;
            if news.canceled() {
                return Err(ended());
            }
            let mut batches = Vec::new();
            for event in news.events().iter().filter(|event| event.event_type() == EventType::Put) {
                let batch = event.kv().and_then(|stored| decode_batch(stored.value()));
                let batch = batch.filter(|batch| batch.before == self.at).ok_or_else(ended)?;
                self.at = batch.after.clone();
                batches.push(batch);
            }
            if !batches.is_empty() {
                return Ok(batches);
            }
        }
    }
}
