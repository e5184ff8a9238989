//! The keys and values of a cluster in etcd, below `papo/<cluster>/<epoch>/`. The key `papo/<cluster>/epoch`
//! has the number of the current log; without it, the number is 1.
//!
//! ```text
//! leader                      the name of the leader; its modification revision is the term
//! head                        <record> <chain>
//! created                     the attempt that created the cluster
//! log/<first record>          <record> <chain> of the previous batch, the same of this batch, and its bytes,
//!                             each after a newline
//! node/<name>                 the endpoints of a node, as JSON
//! ```

use crate::{Head, SharedBatch};

/// The number of the first log. A repaired log has the next number.
pub(super) const FIRST_EPOCH: u32 = 1;

pub(super) struct Keys {
    pub(super) cluster: String,
    pub(super) epoch: u32,
    prefix: String,
}

impl Keys {
    pub(super) fn new(cluster: &str, epoch: u32) -> Self {
        Self { cluster: cluster.to_owned(), epoch, prefix: format!("papo/{cluster}/{epoch}") }
    }

    /// The number of the current log.
    pub(super) fn epoch_key(&self) -> String {
        format!("papo/{}/epoch", self.cluster)
    }

    /// The prefix of all keys of this log.
    pub(super) fn all(&self) -> String {
        format!("{}/", self.prefix)
    }

    pub(super) fn leader(&self) -> String {
        format!("{}/leader", self.prefix)
    }

    /// The attempt that created the cluster.
    pub(super) fn created(&self) -> String {
        format!("{}/created", self.prefix)
    }

    pub(super) fn head(&self) -> String {
        format!("{}/head", self.prefix)
    }

    /// The batch that begins with this record.
    pub(super) fn batch(&self, first_record: u64) -> String {
        format!("{}/log/{first_record:020}", self.prefix)
    }

    /// The end of the range of all batches.
    pub(super) fn log_end(&self) -> String {
        format!("{}/log0", self.prefix)
    }

    /// The prefix of all nodes.
    pub(super) fn nodes(&self) -> String {
        format!("{}/node/", self.prefix)
    }

    pub(super) fn node(&self, name: &str) -> String {
        format!("{}/node/{name}", self.prefix)
    }
}

pub(super) fn encode_batch(batch: &SharedBatch) -> Vec<u8> {
    let SharedBatch { before, after, bytes } = batch;
    let mut value = format!("{before}\n{after}\n").into_bytes();
    value.extend_from_slice(bytes);
    value
}

pub(super) fn decode_batch(value: &[u8]) -> Option<SharedBatch> {
    let mut lines = value.splitn(3, |byte| *byte == b'\n');
    let mut head = || -> Option<Head> { std::str::from_utf8(lines.next()?).ok()?.parse().ok() };
    let (before, after) = (head()?, head()?);
    Some(SharedBatch { before, after, bytes: lines.next()?.to_vec() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::testing::{GENESIS, batch};

    #[test]
    fn a_batch_is_read_back_and_its_key_sorts_by_record() {
        let batch = batch(GENESIS, 7);
        assert_eq!(decode_batch(&encode_batch(&batch)), Some(batch));
        assert_eq!(decode_batch(b"1 2\n"), None);
        let keys = Keys::new("team", FIRST_EPOCH);
        assert_eq!(keys.batch(17), "papo/team/1/log/00000000000000000017");
        assert!(keys.batch(9) < keys.batch(10) && keys.batch(u64::MAX) < keys.log_end());
        assert!(keys.nodes() > keys.log_end());
    }
}
