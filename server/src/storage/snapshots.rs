//! The snapshots of the state: readable JSON with a checksum, replaced atomically. A snapshot contains the
//! state after a record of the log.
//!
//! The log is complete without snapshots, so a lost snapshot only slows down the next startup. A damaged
//! snapshot is renamed.

use std::collections::BTreeMap;
use std::io;

use common::{ChannelName, UserName};
use disk::Disk;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use tracing::{info, warn};

use crate::domain::State;
use crate::domain::accounts::Account;
use crate::domain::bot_tokens::BotTokens;
use crate::domain::channels::{Channel, Direct};
use crate::domain::files::SharedFile;
use crate::domain::hooks::Hooks;
use crate::domain::join_codes::JoinCodes;
use crate::domain::outgoing_hooks::OutgoingHooks;
use crate::domain::reset_codes::ResetCodes;
use crate::journal::Checkpoint;
use crate::storage::checksum::{self, Integrity};
use crate::storage::data_folder::{CHANNELS_FILE, Store, StoreError, USERS_FILE};

/// The format of both snapshots. A server refuses a newer format. If the format is older, the server rebuilds
/// the state from the log. Format 1 does not distinguish messages from other events. In format 2, some texts
/// have different mentions, and redacted messages count as unread.
pub const FORMAT: u32 = 3;

#[derive(Serialize, Deserialize)]
struct Snapshot<T> {
    format: u32,
    record: u64,
    chain: String,
    #[serde(flatten)]
    content: T,
}

#[derive(Serialize, Deserialize)]
struct UsersContent<A> {
    users: A,
    /// Absent in snapshots of versions without join codes.
    #[serde(default, skip_serializing_if = "JoinCodes::is_empty")]
    join_codes: JoinCodes,
    /// Absent in snapshots of versions without hooks.
    #[serde(default, skip_serializing_if = "Hooks::is_empty")]
    hooks: Hooks,
    /// Absent in snapshots of versions without outgoing hooks.
    #[serde(default, skip_serializing_if = "OutgoingHooks::is_empty")]
    outgoing_hooks: OutgoingHooks,
    /// Absent in snapshots of versions without tokens of bots.
    #[serde(default, skip_serializing_if = "BotTokens::is_empty")]
    bots: BotTokens,
    /// Absent in snapshots of versions without reset codes.
    #[serde(default, skip_serializing_if = "ResetCodes::is_empty")]
    reset_codes: ResetCodes,
}

#[derive(Serialize, Deserialize)]
struct ChannelsContent<C, D> {
    channels: C,
    /// The channel `*`; absent in older snapshots.
    #[serde(default = "Option::default", skip_serializing_if = "Option::is_none")]
    everybody: Option<Channel>,
    direct: Vec<DirectContent<D>>,
    /// Absent in snapshots of versions without file transfer.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    files: Vec<SharedFile>,
}

#[derive(Serialize, Deserialize)]
struct DirectContent<D> {
    users: (UserName, UserName),
    #[serde(flatten)]
    direct: D,
}

/// The fields of a snapshot without its content.
#[derive(Deserialize)]
struct Header {
    format: u32,
    record: u64,
    chain: String,
}

/// Both snapshots as bytes. A task of the commit log writes them, outside the event loop.
#[derive(PartialEq, Eq)]
pub struct Prepared {
    users: Vec<u8>,
    channels: Vec<u8>,
}

/// Loads the state, and the checkpoint at which replay starts. After a crash between the two writes, the
/// snapshots have different checkpoints, and replay starts at the older checkpoint.
pub fn load(store: &Store) -> Result<(State, Checkpoint), StoreError> {
    let mut state = store.new_state()?;
    let users = read::<UsersContent<BTreeMap<UserName, Account>>>(store, USERS_FILE)?;
    let channels = read::<ChannelsContent<BTreeMap<ChannelName, Channel>, Direct>>(store, CHANNELS_FILE)?;
    let (Some((users_at, users)), Some((channels_at, channels))) = (users, channels) else {
        return Ok((state, Checkpoint::GENESIS));
    };
    state.users.restore(users.users);
    (state.users.join_codes, state.users.reset_codes) = (users.join_codes, users.reset_codes);
    state.users.hooks = users.hooks;
    state.users.hooks.outgoing = users.outgoing_hooks;
    state.users.bots = users.bots;
    state.users.applied = users_at.record;
    for (name, channel) in channels.channels {
        state.channels.insert_channel(name, channel);
    }
    match channels.everybody {
        Some(everybody) => state.channels.restore_everybody(everybody),
        None => state.rebuild_everybody(),
    }
    for direct in channels.direct {
        state.channels.insert_direct(direct.users, direct.direct);
    }
    channels.files.into_iter().for_each(|shared| state.files.insert(shared));
    state.channels.applied = channels_at.record;
    let older = if users_at.record < channels_at.record { users_at } else { channels_at };
    Ok((state, older))
}

/// The checkpoint of a snapshot.
pub fn parse_checkpoint(file: &'static str, bytes: &[u8]) -> Result<Checkpoint, StoreError> {
    let damaged = |why| StoreError::Damaged { file, why };
    if checksum::check(bytes) == Integrity::Damaged {
        return Err(damaged("it does not match its checksum".to_owned()));
    }
    let header: Header = serde_json::from_slice(bytes).map_err(|error| damaged(error.to_string()))?;
    checkpoint(file, header)
}

/// Encodes the snapshots of the state at the checkpoint `at`.
pub fn prepare(state: &State, at: Checkpoint) -> Result<Prepared, serde_json::Error> {
    let direct = state.channels.all_direct();
    let mut direct: Vec<_> =
        direct.map(|(users, direct)| DirectContent { users: users.clone(), direct }).collect();
    direct.sort_by(|one, other| one.users.cmp(&other.users));
    let content = ChannelsContent {
        channels: state.channels.all(),
        everybody: Some(state.channels.everybody().clone()),
        direct,
        files: state.files.all().cloned().collect(),
    };
    let (join_codes, reset_codes) = (state.users.join_codes.clone(), state.users.reset_codes.clone());
    let (hooks, bots) = (state.users.hooks.clone(), state.users.bots.clone());
    let outgoing_hooks = hooks.outgoing.clone();
    let users = state.users.accounts();
    let users = UsersContent { users, join_codes, hooks, outgoing_hooks, bots, reset_codes };
    Ok(Prepared { users: encode(at, users)?, channels: encode(at, content)? })
}

/// Replaces both snapshots.
pub fn write(disk: &dyn Disk, prepared: &Prepared) -> io::Result<()> {
    disk.replace_atomically(USERS_FILE, &prepared.users)?;
    disk.replace_atomically(CHANNELS_FILE, &prepared.channels)
}

/// Reads a snapshot; `None` if the state must be rebuilt from the log.
fn read<T: DeserializeOwned>(
    store: &Store,
    file: &'static str,
) -> Result<Option<(Checkpoint, T)>, StoreError> {
    let disk = store.disk();
    let bytes = match disk.read(file) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        read => read.map_err(store.failed("read", file))?,
    };
    let damaged = |error: serde_json::Error| StoreError::Damaged { file, why: error.to_string() };
    if checksum::check(&bytes) == Integrity::Damaged {
        return Ok(rename_damaged(&*disk, file, "it does not match its checksum"));
    }
    let header: Header = match serde_json::from_slice(&bytes).map_err(damaged) {
        Ok(header) => header,
        Err(error) => return Ok(rename_damaged(&*disk, file, &error.to_string())),
    };
    if header.format < FORMAT {
        info!(file, "an older papo wrote this snapshot: the state is rebuilt from the log");
        return Ok(None);
    }
    let at = checkpoint(file, header)?;
    match serde_json::from_slice::<Snapshot<T>>(&bytes).map_err(damaged) {
        Ok(snapshot) => Ok(Some((at, snapshot.content))),
        Err(error) => Ok(rename_damaged(&*disk, file, &error.to_string())),
    }
}

/// Renames a damaged snapshot, so that an operator can examine it.
fn rename_damaged<T>(disk: &dyn Disk, file: &'static str, why: &str) -> Option<T> {
    warn!(
        file,
        why, "a snapshot is damaged: it is renamed to {file}.damaged, and the state is rebuilt from the log"
    );
    if let Err(error) = disk.rename(file, &format!("{file}.damaged")) {
        // The server ignores the damaged snapshot, and the next snapshot replaces it.
        warn!(%error, file, "the damaged snapshot cannot be renamed");
    }
    None
}

fn checkpoint(file: &'static str, header: Header) -> Result<Checkpoint, StoreError> {
    let damaged = |why| StoreError::Damaged { file, why };
    if header.format > FORMAT {
        return Err(damaged(format!("its format {} is newer than this papo knows", header.format)));
    }
    let chain = header.chain.parse().map_err(|error| damaged(format!("{error}")))?;
    Ok(Checkpoint { record: header.record, chain })
}

fn encode(at: Checkpoint, content: impl Serialize) -> Result<Vec<u8>, serde_json::Error> {
    let chain = at.chain.to_string();
    let object = serde_json::to_vec_pretty(&Snapshot { format: FORMAT, record: at.record, chain, content })?;
    Ok(checksum::add(object))
}
