//! The shared log on etcd.
//!
//! `keys` defines the keys and values, and `servers` selects the etcd server for the next request. Each
//! request goes to one server, because a request to a server that is down must fail within the deadline; the
//! next request then goes to the next server.

mod keys;
mod repair;
mod servers;
mod watch;

use std::time::Duration;

use etcd_client::{
    Compare, CompareOp, DeleteOptions, Error, GetOptions, KeyValue, SortOrder, SortTarget, Txn, TxnOp,
    TxnOpResponse, TxnResponse,
};

use self::keys::{FIRST_EPOCH, Keys};
pub use self::repair::Broken;
use self::repair::epoch_of;
use self::servers::{ANSWER_BYTES_MAX, Servers};
use self::watch::Watch;
use crate::{Address, Append, Followed, Head, Node, SharedBatch, SharedLog, Standing, TakeOver, Unavailable};

/// The certificates for TLS connections to etcd, as PEM.
#[derive(Debug, Clone, Default)]
pub struct Tls {
    /// The authority that signed the certificates of the etcd servers.
    pub authority: Option<Vec<u8>>,
    /// The certificate and the secret key with which the node identifies itself.
    pub identity: Option<(Vec<u8>, Vec<u8>)>,
}

/// The batches of one read: at most 11 MiB.
const BATCHES_PER_READ: i64 = 16;

/// A client of the etcd servers of one cluster. It sends one request at a time.
pub struct Etcd {
    servers: Servers,
    keys: Keys,
    /// Whether etcd was asked for the number of the log.
    is_epoch_known: bool,
    watch: Option<Watch>,
}

impl Etcd {
    /// Creates a client. It connects with its first request.
    ///
    /// # Errors
    ///
    /// If the operating system cannot create the client's runtime.
    pub fn new(address: &Address, tls: Tls) -> std::io::Result<Self> {
        let keys = Keys::new(&address.cluster, FIRST_EPOCH);
        Ok(Self { servers: Servers::new(address, tls)?, keys, is_epoch_known: false, watch: None })
    }

    /// Creates the keys of a cluster whose log ends at `head`. Returns false if the cluster exists. `attempt`
    /// identifies the caller, so a repeated call after a lost answer returns true.
    pub fn create(&mut self, head: &Head, attempt: &str) -> Result<bool, Unavailable> {
        self.find_epoch()?;
        let keys = &self.keys;
        let txn = Txn::new()
            .when([Compare::create_revision(keys.head(), CompareOp::Equal, 0)])
            .and_then([
                TxnOp::put(keys.head(), head.to_string(), None),
                TxnOp::put(keys.leader(), "", None),
                TxnOp::put(keys.created(), attempt, None),
            ])
            .or_else([TxnOp::get(keys.created(), None)]);
        let answer = self.txn(txn)?;
        if answer.succeeded() {
            return Ok(true);
        }
        let [created] = gets(&answer)?;
        Ok(created.first().is_some_and(|created| created.value() == attempt.as_bytes()))
    }

    /// Removes a node from the list of nodes. Returns false if the node leads: another node must take over
    /// first.
    pub fn leave(&mut self, name: &str) -> Result<bool, Unavailable> {
        self.find_epoch()?;
        let keys = &self.keys;
        let txn = Txn::new()
            .when([Compare::value(keys.leader(), CompareOp::NotEqual, name)])
            .and_then([TxnOp::delete(keys.node(name), None)]);
        Ok(self.txn(txn)?.succeeded())
    }

    fn txn(&mut self, txn: Txn) -> Result<TxnResponse, Unavailable> {
        let answer = self.servers.call(async |client| {
            client.kv_client().max_decoding_message_size(ANSWER_BYTES_MAX).txn(txn).await
        });
        if answer.is_err() {
            // The watch may be at a server that is cut off, and then receives nothing.
            self.watch = None;
        }
        answer
    }

    /// Reads the next batches of the window. Returns the batches, and the revision and the head at which they
    /// were read.
    fn read(&mut self, from: &Head) -> Result<(Vec<SharedBatch>, i64, Head), Unavailable> {
        let keys = &self.keys;
        let range = GetOptions::new()
            .with_range(keys.log_end())
            .with_limit(BATCHES_PER_READ)
            .with_sort(SortTarget::Key, SortOrder::Ascend);
        let txn = Txn::new()
            .and_then([TxnOp::get(keys.batch(from.record + 1), Some(range)), TxnOp::get(keys.head(), None)]);
        let read = self.txn(txn)?;
        let revision = read.header().map_or(0, etcd_client::ResponseHeader::revision);
        let [batches, head] = gets(&read)?;
        let batches = batches.iter().map(|value| keys::decode_batch(value.value())).collect::<Option<_>>();
        Ok((batches.ok_or_else(malformed)?, revision, head_of(head.first())?))
    }

    fn open_watch(&mut self, from: Head, revision: i64) -> Result<Watch, Unavailable> {
        let keys = &self.keys;
        self.servers.call(async |client| Watch::open(client, keys, from, revision).await)
    }
}

impl SharedLog for Etcd {
    fn append(&mut self, term: u64, batch: &SharedBatch) -> Append {
        if self.find_epoch().is_err() {
            return Append::Unknown;
        }
        let keys = &self.keys;
        let term_revision = i64::try_from(term).unwrap_or(i64::MAX);
        let txn = Txn::new()
            .when([
                Compare::mod_revision(keys.leader(), CompareOp::Equal, term_revision),
                Compare::value(keys.head(), CompareOp::Equal, batch.before.to_string()),
            ])
            .and_then([
                TxnOp::put(keys.batch(batch.before.record + 1), keys::encode_batch(batch), None),
                TxnOp::put(keys.head(), batch.after.to_string(), None),
            ])
            .or_else([TxnOp::get(keys.leader(), None), TxnOp::get(keys.head(), None)]);
        let Ok(answer) = self.txn(txn) else { return Append::Unknown };
        if answer.succeeded() {
            return Append::Stored;
        }
        let current =
            gets(&answer).and_then(|[leader, head]| Ok((term_of(leader.first()), head_of(head.first())?)));
        match current {
            Ok((current, head)) if current == term => Append::Behind { head },
            Ok((current, _)) => Append::Deposed { term: current },
            Err(_) => Append::Unknown,
        }
    }

    fn standing(&mut self) -> Result<Standing, Unavailable> {
        self.find_epoch()?;
        let keys = &self.keys;
        let txn = Txn::new().and_then([
            TxnOp::get(keys.epoch_key(), None),
            TxnOp::get(keys.leader(), None),
            TxnOp::get(keys.head(), None),
            TxnOp::get(keys.nodes(), Some(GetOptions::new().with_prefix())),
        ]);
        let answer = self.txn(txn)?;
        let [epoch, leader, head, nodes] = gets(&answer)?;
        let epoch = epoch_of(epoch.first())?;
        if epoch != self.keys.epoch {
            // The log was repaired.
            self.use_epoch(epoch);
            return self.standing();
        }
        let name = leader.first().and_then(|leader| leader.value_str().ok()).unwrap_or_default();
        Ok(Standing {
            term: term_of(leader.first()),
            leader: name.to_owned(),
            head: head_of(head.first())?,
            nodes: nodes.iter().filter_map(|node| serde_json::from_slice(node.value()).ok()).collect(),
        })
    }

    fn follow(&mut self, from: &Head, wait: Duration) -> Result<Followed, Unavailable> {
        self.find_epoch()?;
        if let Some(mut watch) = self.watch.take_if(|watch| watch.at() == from) {
            let batches = self.servers.wait(wait, async || watch.next().await)?;
            // Without the watch, the next call reads the window again.
            if let Some(batches) = batches {
                self.watch = Some(watch);
                return Ok(Followed::Batches(batches));
            }
        }
        self.watch = None;
        let (batches, revision, head) = self.read(from)?;
        let Some(first) = batches.first() else {
            if head != *from {
                let is_trimmed = head.record > from.record;
                return Ok(if is_trimmed {
                    Followed::Trimmed { start: head }
                } else {
                    Followed::Diverged { head }
                });
            }
            self.watch = Some(self.open_watch(head, revision + 1)?);
            return Ok(Followed::Batches(Vec::new()));
        };
        if first.before == *from {
            return Ok(Followed::Batches(batches));
        }
        let is_trimmed = first.before.record > from.record;
        let start = first.before.clone();
        Ok(if is_trimmed { Followed::Trimmed { start } } else { Followed::Diverged { head } })
    }

    fn take_over(&mut self, seen: u64, name: &str) -> Result<TakeOver, Unavailable> {
        self.find_epoch()?;
        let keys = &self.keys;
        let seen = i64::try_from(seen).unwrap_or(i64::MAX);
        let txn = Txn::new()
            .when([Compare::mod_revision(keys.leader(), CompareOp::Equal, seen)])
            .and_then([TxnOp::put(keys.leader(), name, None), TxnOp::get(keys.head(), None)]);
        let answer = self.txn(txn)?;
        if !answer.succeeded() {
            return Ok(TakeOver::Lost);
        }
        let revision = answer.header().map_or(0, etcd_client::ResponseHeader::revision);
        let [head] = gets(&answer)?;
        Ok(TakeOver::Won { term: u64::try_from(revision).unwrap_or_default(), head: head_of(head.first())? })
    }

    fn trim(&mut self, batches: u64) -> Result<(), Unavailable> {
        self.find_epoch()?;
        let keys = &self.keys;
        let newest = GetOptions::new()
            .with_range(keys.log_end())
            .with_limit(i64::try_from(batches).unwrap_or(i64::MAX))
            .with_sort(SortTarget::Key, SortOrder::Descend)
            .with_keys_only();
        let start = keys.batch(0);
        let found = self.servers.call(async |client| client.get(start, Some(newest)).await)?;
        let kept: Vec<_> = found.kvs().iter().map(|kept| kept.key().to_vec()).collect();
        let Some(first_kept) = kept.last().filter(|_| kept.len() as u64 >= batches).cloned() else {
            return Ok(());
        };
        let older = DeleteOptions::new().with_range(first_kept);
        let start = keys.batch(0);
        let deleted = self.servers.call(async |client| client.delete(start, Some(older)).await)?;
        let revision = deleted.header().map_or(0, etcd_client::ResponseHeader::revision);
        match self.servers.call(async |client| client.compact(revision, None).await) {
            Ok(_) => Ok(()),
            // Another node compacted a later revision.
            Err(error) if error.0.contains("compacted") => Ok(()),
            Err(error) => Err(error),
        }
    }

    fn register(&mut self, node: &Node) -> Result<(), Unavailable> {
        self.find_epoch()?;
        let (key, value) = (self.keys.node(&node.name), serde_json::to_vec(node).unwrap_or_default());
        self.servers.call(async |client| client.put(key, value, None).await).map(drop)
    }
}

/// The results of the reads of a transaction, in order. Results of writes are skipped.
fn gets<const N: usize>(answer: &TxnResponse) -> Result<[Vec<KeyValue>; N], Unavailable> {
    let reads = answer.op_responses().into_iter().filter_map(|response| match response {
        TxnOpResponse::Get(mut read) => Some(read.take_kvs()),
        TxnOpResponse::Put(_) | TxnOpResponse::Delete(_) | TxnOpResponse::Txn(_) => None,
    });
    reads.collect::<Vec<_>>().try_into().map_err(|_| malformed())
}

fn term_of(leader: Option<&KeyValue>) -> u64 {
    leader.map_or(0, |leader| u64::try_from(leader.mod_revision()).unwrap_or_default())
}

fn head_of(head: Option<&KeyValue>) -> Result<Head, Unavailable> {
    let Some(head) = head else {
        return Err(Unavailable("the cluster does not exist there: run `papo cluster init`, or `papo cluster repair` if etcd has lost its data".to_owned()));
    };
    head.value_str().ok().and_then(|text| text.parse().ok()).ok_or_else(malformed)
}

fn malformed() -> Unavailable {
    Unavailable("papo cannot read the keys of the cluster".to_owned())
}

fn unavailable(error: &Error) -> Unavailable {
    Unavailable(error.to_string())
}
