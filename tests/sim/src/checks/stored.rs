//! Checks of the disk after each startup of the server. The log contains every event that left the server, in
//! one order, and the state equals the replayed log.

use std::collections::BTreeMap;
use std::sync::Arc;

use common::{Body, Conversation, Event, FileInfo, UserName};
use disk::Disk as _;
use disk::faulty::{FaultyDisk, Loss};
use server::domain::State;
use server::journal::{Scrub, ScrubStep};
use server::storage::commit_log::CommitMode;
use server::storage::data_folder::Store;
use server::storage::ledger::{Ledger, Sizes};
use testkit::Rng;
use uuid::Uuid;

use super::observed::Observed;
use super::{Check, Violation, ensure};

pub struct Stored {
    lines: BTreeMap<Conversation, Vec<Box<str>>>,
    /// The conversation and number of each message id.
    pub ids: BTreeMap<Uuid, (Conversation, u64)>,
    files: BTreeMap<(Conversation, u64), FileInfo>,
}

impl Stored {
    /// Reads all conversations, and checks that the numbers have no gaps.
    pub fn numbered_without_gaps(ledger: &Ledger) -> Result<Self, Violation> {
        let channels = &ledger.state().channels;
        let direct = channels.all_direct();
        let direct = direct.map(|((first, second), _)| Conversation::Direct(first.clone(), second.clone()));
        let all = channels.all().keys().cloned().map(Conversation::Channel).chain(direct);
        let mut stored = Self { lines: BTreeMap::new(), ids: BTreeMap::new(), files: BTreeMap::new() };
        for conversation in all {
            let head = ledger.state().head(&conversation);
            let lines = read(ledger, &conversation, head)?;
            let numbers = lines.iter().map(|line| stored.add_event(&conversation, line));
            let numbers: Vec<u64> = numbers.collect::<Result<_, _>>()?;
            ensure(numbers.iter().copied().eq(1..=head), "numbered_without_gaps", || {
                format!("{conversation} has {numbers:?} and its head is {head}")
            })?;
            stored.lines.insert(conversation, lines);
        }
        Ok(stored)
    }

    /// Adds an event, and checks that its id is unique.
    fn add_event(&mut self, conversation: &Conversation, line: &str) -> Result<u64, Violation> {
        let event: Event<'_> = serde_json::from_str(line).map_err(|error| Violation {
            checker: "numbered_without_gaps",
            what: format!("{conversation} contains {line}: {error}"),
        })?;
        if let Some(id) = event.body.id() {
            let earlier = self.ids.insert(id, (conversation.clone(), event.n));
            ensure(earlier.is_none(), "one_effect_per_id", || {
                format!("{id} is stored as {earlier:?} and as {conversation} {}", event.n)
            })?;
        }
        if let Body::Deleted { of, .. } = event.body {
            self.files.remove(&(conversation.clone(), of));
        }
        if let Body::File { file, .. } = event.body {
            self.files.insert((conversation.clone(), event.n), *file);
        }
        Ok(event.n)
    }

    /// The files that were not deleted: conversation, number and description.
    pub(crate) fn files(&self) -> impl Iterator<Item = (&Conversation, u64, &FileInfo)> {
        self.files.iter().map(|((conversation, n), file)| (conversation, *n, file))
    }

    /// Every observed event is stored with the same bytes.
    pub fn received_is_stored(&self, observed: &Observed) -> Check {
        for conversation in observed.conversations() {
            let lines = self.lines.get(conversation).map(Vec::as_slice).unwrap_or_default();
            for (n, line) in observed.of(conversation) {
                let index = usize::try_from(n).unwrap_or_default().wrapping_sub(1);
                let stored = lines.get(index).map(|line| &**line);
                ensure(stored == Some(line), "received_is_stored", || {
                    format!("{conversation} {n} was observed as\n  {line}\nand is stored as\n  {stored:?}")
                })?;
            }
        }
        Ok(())
    }

    pub fn all(&self) -> impl Iterator<Item = &str> {
        self.lines.values().flatten().map(|line| &**line)
    }

    pub(crate) fn events(&self) -> impl Iterator<Item = (&Conversation, Vec<Event<'_>>)> {
        self.lines.iter().map(|(conversation, lines)| {
            let events = lines.iter().filter_map(|line| serde_json::from_str(line).ok());
            (conversation, events.collect())
        })
    }

    /// Every acknowledged message is stored under its number.
    pub fn acknowledged_is_stored(&self, observed: &Observed) -> Check {
        observed.acknowledged().try_for_each(|(id, position)| {
            ensure(self.ids.get(id) == Some(position), "acknowledged_is_stored", || {
                format!("{id} was acknowledged as {position:?} and is stored as {:?}", self.ids.get(id))
            })
        })
    }

    /// Every message of a user that was not refused is stored, even if its client was killed before sending
    /// it.
    pub(crate) fn sent_is_stored(&self, sent: &[(Conversation, Uuid)]) -> Check {
        sent.iter().try_for_each(|(conversation, id)| {
            ensure(self.ids.contains_key(id), "sent_is_stored", || {
                format!("{id} was sent to {conversation}, and is not in the log")
            })
        })
    }

    /// The messages of one user in one conversation are stored in the order in which they were sent. A name
    /// that a channel got only after the sending was another conversation for the user.
    pub fn sending_order_is_kept(&self, sent: &[(Conversation, Uuid)]) -> Check {
        let mut last: BTreeMap<(&Conversation, &Conversation), u64> = BTreeMap::new();
        for (conversation, id) in sent {
            let Some((stored_in, n)) = self.ids.get(id) else { continue };
            let before = last.insert((conversation, stored_in), *n).unwrap_or(0);
            ensure(before < *n, "sending_order_is_kept", || {
                format!("{id} is {conversation} {n}, but the message sent before it is {before}")
            })?;
        }
        Ok(())
    }
}

fn read(ledger: &Ledger, conversation: &Conversation, head: u64) -> Result<Vec<Box<str>>, Violation> {
    let mut bytes = Vec::new();
    ledger.read(conversation, 1, head, &mut bytes).map_err(|error| Violation {
        checker: "numbered_without_gaps",
        what: format!("{conversation} cannot be read: {}", error.message),
    })?;
    Ok(String::from_utf8_lossy(&bytes).lines().map(Box::from).collect())
}

/// Whether the user joined or left the conversation with event `after` or a later event.
pub fn membership_changed(ledger: &Ledger, user: &UserName, conversation: &Conversation, after: u64) -> bool {
    let mut lines = Vec::new();
    let is_read = ledger.read(conversation, after, u64::MAX, &mut lines).is_ok();
    let lines = String::from_utf8_lossy(&lines);
    let events = lines.lines().filter_map(|line| serde_json::from_str::<Event<'_>>(line).ok());
    let mut own = events.filter(|event| event.from == *user);
    is_read && own.any(|event| matches!(event.body, Body::Created { .. } | Body::Joined | Body::Left))
}

/// A text that represents the state.
pub(crate) fn fingerprint(state: &State) -> String {
    let channels = state.channels.all();
    let direct: BTreeMap<_, _> = state.channels.all_direct().collect();
    let files: Vec<_> = state.files.all().collect();
    format!("{:?}\n{channels:?}\n{direct:?}\n{files:?}", state.users.accounts())
}

/// The state from snapshots, indexes and the end of the log equals the state from the whole log.
pub(crate) fn state_equals_replay(disk: &FaultyDisk, sizes: Sizes, state: &State) -> Check {
    let copy = disk.after_crash(Loss::Nothing);
    copy.set_room(None);
    let log = copy.list("log").unwrap_or_default();
    let indexes = log.iter().filter(|name| name.ends_with(".idx")).map(|name| format!("log/{name}"));
    for derived in indexes.chain(["users.json".to_owned(), "channels.json".to_owned()]) {
        let _ignore_missing = copy.remove(&derived);
    }
    let replayed = Ledger::open_with(Store::on(Arc::new(copy)), &CommitMode::WhenPolled, sizes);
    let replayed =
        replayed.map(|ledger| fingerprint(ledger.state())).unwrap_or_else(|error| error.to_string());
    let expected = fingerprint(state);
    ensure(expected == replayed, "state_equals_replay", || {
        format!("the state is\n{expected}\nand the replayed log gives\n{replayed}")
    })
}

/// Changes one bit of a file. Returns the position of the byte and of the bit.
fn flip_bit(disk: &FaultyDisk, name: &str, rng: &mut Rng) -> (usize, u64) {
    let (at, bit) = (rng.next_u64(), rng.below(8));
    let mut position = 0;
    let flipped = disk.tamper(name, |bytes| {
        position = usize::try_from(at % bytes.len().max(1) as u64).unwrap_or_default();
        bytes.iter_mut().skip(position).take(1).for_each(|byte| *byte ^= 1 << bit);
    });
    flipped.expect("the file exists");
    (position, bit)
}

/// A changed bit of the log is detected. The scrub detects it in a sealed segment, and the startup detects it
/// in the open segment.
pub(crate) fn log_flip_is_detected(disk: &FaultyDisk, sizes: Sizes, rng: &mut Rng) -> Check {
    let copy = disk.after_crash(Loss::Nothing);
    copy.set_room(None);
    let mut logs: Vec<_> = copy.list("log").unwrap_or_default();
    logs.retain(|name| name.ends_with(".log") && copy.len(&format!("log/{name}")).is_ok_and(|len| len > 0));
    if logs.is_empty() {
        return Ok(());
    }
    logs.sort();
    let name = format!("log/{}", logs[rng.index(logs.len())]);
    ensure(scrub_damage(&copy).is_empty(), "log_flip_is_detected", || {
        format!("the intact log is reported as damaged: {:?}", scrub_damage(&copy))
    })?;
    let (position, bit) = flip_bit(&copy, &name, rng);
    let opened = Ledger::open_with(Store::on(Arc::new(copy.clone())), &CommitMode::WhenPolled, sizes);
    let is_named = scrub_damage(&copy).iter().any(|(file, at)| *file == name && *at <= position as u64);
    ensure(opened.is_err() || is_named, "log_flip_is_detected", || {
        format!("bit {bit} of byte {position} of {name} was changed and not detected")
    })
}

/// The damage that a scrub of the sealed segments reports: file and offset.
fn scrub_damage(disk: &FaultyDisk) -> Vec<(String, u64)> {
    let mut scrub = Scrub::begin(disk).expect("a folder");
    let steps =
        std::iter::from_fn(|| Some(scrub.step(disk)).filter(|step| !matches!(step, Ok(ScrubStep::End))));
    let damaged = steps.filter_map(|step| match step {
        Ok(ScrubStep::Damaged { file, offset }) => Some((file, offset)),
        Ok(ScrubStep::Sound(_) | ScrubStep::End) | Err(_) => None,
    });
    damaged.collect()
}

/// A changed bit of a snapshot does not change the state.
pub(crate) fn snapshot_flip_is_repaired(
    disk: &FaultyDisk,
    sizes: Sizes,
    state: &State,
    rng: &mut Rng,
) -> Check {
    let copy = disk.after_crash(Loss::Nothing);
    copy.set_room(None);
    let name = rng.pick(&server::storage::data_folder::SNAPSHOTS);
    if copy.len(name).is_err() {
        return Ok(());
    }
    let (position, bit) = flip_bit(&copy, name, rng);
    let opened = Ledger::open_with(Store::on(Arc::new(copy)), &CommitMode::WhenPolled, sizes);
    let found = opened.map(|ledger| fingerprint(ledger.state())).unwrap_or_else(|error| error.to_string());
    let expected = fingerprint(state);
    ensure(found == expected, "snapshot_flip_is_repaired", || {
        format!("with bit {bit} of byte {position} of {name} changed, the state\n{expected}\nbecame\n{found}")
    })
}
