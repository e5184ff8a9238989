//! Begins a new log in etcd after etcd has lost acknowledged batches.
//!
//! Each repaired log has its own keys. The same transaction removes the keys of the former log, so etcd
//! refuses a node that still appends to it.

use etcd_client::{Compare, CompareOp, DeleteOptions, KeyValue, Txn, TxnOp};

use super::keys::{FIRST_EPOCH, Keys};
use super::{Etcd, gets, head_of, malformed, term_of};
use crate::{Head, Unavailable};

/// The log in etcd that a repair replaces.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Broken {
    /// The end of the log; `None` if etcd has lost it.
    pub head: Option<Head>,
    /// The name of the last leader; empty if there is none.
    pub leader: String,
    pub term: u64,
    epoch: u32,
    epoch_revision: i64,
}

impl Etcd {
    /// Reads the state of the log that a repair replaces.
    pub fn inspect(&mut self) -> Result<Broken, Unavailable> {
        self.find_epoch()?;
        let keys = &self.keys;
        let reads = [keys.epoch_key(), keys.leader(), keys.head()];
        let answer = self.txn(Txn::new().and_then(reads.map(|key| TxnOp::get(key, None))))?;
        let [epoch, leader, head] = gets(&answer)?;
        self.use_epoch(epoch_of(epoch.first())?);
        let name = leader.first().and_then(|leader| leader.value_str().ok()).unwrap_or_default();
        Ok(Broken {
            head: head.first().map(|head| head_of(Some(head))).transpose()?,
            leader: name.to_owned(),
            term: term_of(leader.first()),
            epoch: self.keys.epoch,
            epoch_revision: epoch.first().map_or(0, KeyValue::mod_revision),
        })
    }

    /// Begins a new log that ends at `head`, and removes the keys of the former one. Returns false if a node
    /// has taken over since `broken` was read, or another repair has ended.
    pub fn repair(&mut self, broken: &Broken, head: &Head) -> Result<bool, Unavailable> {
        let old = Keys::new(&self.keys.cluster, broken.epoch);
        let epoch = broken.epoch.checked_add(1).ok_or_else(malformed)?;
        let new = Keys::new(&self.keys.cluster, epoch);
        let term = i64::try_from(broken.term).unwrap_or(i64::MAX);
        let txn = Txn::new()
            .when([
                Compare::mod_revision(old.leader(), CompareOp::Equal, term),
                Compare::mod_revision(old.epoch_key(), CompareOp::Equal, broken.epoch_revision),
            ])
            .and_then([
                TxnOp::put(new.epoch_key(), epoch.to_string(), None),
                TxnOp::put(new.head(), head.to_string(), None),
                TxnOp::put(new.leader(), "", None),
                TxnOp::put(new.created(), format!("repaired with {head}"), None),
                TxnOp::delete(old.all(), Some(DeleteOptions::new().with_prefix())),
            ]);
        let is_done = self.txn(txn)?.succeeded();
        if is_done {
            self.use_epoch(epoch);
        }
        Ok(is_done)
    }

    /// Reads the number of the log with the first request.
    pub(super) fn find_epoch(&mut self) -> Result<(), Unavailable> {
        if !self.is_epoch_known {
            let key = self.keys.epoch_key();
            let found = self.servers.call(async |client| client.get(key, None).await)?;
            self.use_epoch(epoch_of(found.kvs().first())?);
        }
        Ok(())
    }

    /// Uses the keys of this log from now on.
    pub(super) fn use_epoch(&mut self, epoch: u32) {
        self.is_epoch_known = true;
        if epoch != self.keys.epoch {
            self.keys = Keys::new(&self.keys.cluster, epoch);
            self.watch = None;
        }
    }
}

/// The number of the log; the first one has no key.
pub(super) fn epoch_of(epoch: Option<&KeyValue>) -> Result<u32, Unavailable> {
    let Some(epoch) = epoch else { return Ok(FIRST_EPOCH) };
    epoch.value_str().ok().and_then(|text| text.parse().ok()).ok_or_else(malformed)
}
