//! What is on the disk, looked at whenever a server has started: the log holds all that was ever told, in one order,
//! and the state is what the log says.

use std::collections::BTreeMap;
use std::sync::Arc;

use common::{Body, Conversation, Event, FileInfo, UserName};
use disk::Disk as _;
use disk::faulty::{FaultyDisk, Loss};
use server::domain::State;
use server::journal::{Scrub, Scrubbed};
use server::storage::commit_log::CommitMode;
use server::storage::data_folder::Store;
use server::storage::ledger::{Ledger, Sizes};
use testkit::Rng;
use uuid::Uuid;

use super::told::Told;
use super::{Check, Violation, ensure};

/// All events of a log.
pub struct Stored {
    lines: BTreeMap<Conversation, Vec<Box<str>>>,
    /// Where each message became which event.
    pub ids: BTreeMap<Uuid, (Conversation, u64)>,
    files: BTreeMap<(Conversation, u64), FileInfo>,
}

impl Stored {
    /// Reads them as anybody would, conversation by conversation. They are numbered without a hole.
    pub fn without_a_hole(ledger: &Ledger) -> Result<Self, Violation> {
        let channels = &ledger.state().channels;
        let direct = channels.all_direct().map(|((one, other), _)| (one.clone(), other.clone()));
        let direct = direct.map(|(one, other)| Conversation::Direct(one, other));
        let all = channels.all().keys().cloned().map(Conversation::Channel).chain(direct);
        let mut stored = Self { lines: BTreeMap::new(), ids: BTreeMap::new(), files: BTreeMap::new() };
        for conversation in all {
            let head = ledger.state().head(&conversation);
            let lines = read(ledger, &conversation, head)?;
            let numbers = lines.iter().map(|line| stored.note(&conversation, line));
            let numbers: Vec<u64> = numbers.collect::<Result<_, _>>()?;
            ensure(numbers.iter().copied().eq(1..=head), "without_a_hole", || {
                format!("{conversation} has {numbers:?} and its head is {head}")
            })?;
            stored.lines.insert(conversation, lines);
        }
        Ok(stored)
    }

    /// Notes an event, and that its id is nobody else's.
    fn note(&mut self, conversation: &Conversation, line: &str) -> Result<u64, Violation> {
        let event: Event<'_> = serde_json::from_str(line).map_err(|error| Violation {
            checker: "without_a_hole",
            what: format!("{conversation} holds {line}: {error}"),
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

    /// The files that were not deleted: where, under which number, and what.
    pub(crate) fn files(&self) -> impl Iterator<Item = (&Conversation, u64, &FileInfo)> {
        self.files.iter().map(|((conversation, n), file)| (conversation, *n, file))
    }

    /// Everything that anybody was told is there, byte for byte.
    pub fn holds_what_was_told(&self, told: &Told) -> Check {
        for conversation in told.conversations() {
            let lines = self.lines.get(conversation).map(Vec::as_slice).unwrap_or_default();
            for (n, line) in told.of(conversation) {
                let place = usize::try_from(n).unwrap_or_default().wrapping_sub(1);
                let stored = lines.get(place).map(|line| &**line);
                ensure(stored == Some(line), "holds_what_was_told", || {
                    format!("{conversation} {n} was told as\n  {line}\nand is stored as\n  {stored:?}")
                })?;
            }
        }
        Ok(())
    }

    /// Every event of the log, as lines: from now on none of them may ever be another.
    pub fn all(&self) -> impl Iterator<Item = &str> {
        self.lines.values().flatten().map(|line| &**line)
    }

    /// The events of every conversation, in order.
    pub(crate) fn events(&self) -> impl Iterator<Item = (&Conversation, Vec<Event<'_>>)> {
        self.lines.iter().map(|(conversation, lines)| {
            let events = lines.iter().filter_map(|line| serde_json::from_str(line).ok());
            (conversation, events.collect())
        })
    }

    /// Every acknowledged message is there.
    pub fn holds_what_was_acknowledged(&self, told: &Told) -> Check {
        told.acknowledged().try_for_each(|(id, place)| {
            ensure(self.ids.get(id) == Some(place), "holds_what_was_acknowledged", || {
                format!("{id} was acknowledged as {place:?} and is stored as {:?}", self.ids.get(id))
            })
        })
    }

    /// Everything that a person said and that was not refused is there: the client kept it on its own disk, also when it
    /// was killed before it could send it.
    pub(crate) fn holds_what_was_said(&self, said: &[(Conversation, Uuid)]) -> Check {
        said.iter().try_for_each(|(conversation, id)| {
            ensure(self.ids.contains_key(id), "holds_what_was_said", || {
                format!("{id} was said to {conversation}, and is not in the log")
            })
        })
    }

    /// What one person said to one conversation is there in the order of saying it.
    pub fn keeps_the_order_of_sending(&self, said: &[(Conversation, Uuid)]) -> Check {
        let mut last: BTreeMap<&Conversation, u64> = BTreeMap::new();
        for (conversation, id) in said {
            let Some((_, n)) = self.ids.get(id) else { continue };
            let before = last.insert(conversation, *n).unwrap_or(0);
            ensure(before < *n, "keeps_the_order_of_sending", || {
                format!("{id} is {conversation} {n}, though said after {before}")
            })?;
        }
        Ok(())
    }
}

fn read(ledger: &Ledger, conversation: &Conversation, head: u64) -> Result<Vec<Box<str>>, Violation> {
    let mut bytes = Vec::new();
    ledger.read(conversation, 1, head, &mut bytes).map_err(|error| Violation {
        checker: "without_a_hole",
        what: format!("{conversation} cannot be read: {}", error.message),
    })?;
    Ok(String::from_utf8_lossy(&bytes).lines().map(Box::from).collect())
}

/// Whether this user came or went after the event `after` of a conversation, or with it.
pub fn came_or_went(ledger: &Ledger, who: &UserName, conversation: &Conversation, after: u64) -> bool {
    let mut lines = Vec::new();
    let is_read = ledger.read(conversation, after, u64::MAX, &mut lines).is_ok();
    let lines = String::from_utf8_lossy(&lines);
    let events = lines.lines().filter_map(|line| serde_json::from_str::<Event<'_>>(line).ok());
    let mut own = events.filter(|event| event.from == *who);
    is_read && own.any(|event| matches!(event.body, Body::Created { .. } | Body::Joined | Body::Left))
}

/// A state as text: two that are equal have the same.
pub(crate) fn fingerprint(state: &State) -> String {
    let channels = state.channels.all();
    let direct: BTreeMap<_, _> = state.channels.all_direct().collect();
    let files: Vec<_> = state.files.all().collect();
    format!("{:?}\n{channels:?}\n{direct:?}\n{files:?}", state.users.accounts())
}

/// The state that came out of snapshots, indexes and the end of the log is the one that the whole log gives.
pub(crate) fn state_equals_replay(disk: &FaultyDisk, sizes: Sizes, state: &State) -> Check {
    let copy = disk.after_crash(Loss::Nothing);
    copy.set_room(None);
    let log = copy.list("log").unwrap_or_default();
    let indexes = log.iter().filter(|name| name.ends_with(".idx")).map(|name| format!("log/{name}"));
    for derived in indexes.chain(["users.json".to_owned(), "channels.json".to_owned()]) {
        let _there_or_not = copy.remove(&derived);
    }
    let replayed = Ledger::open_with(Store::on(Arc::new(copy)), &CommitMode::WhenPolled, sizes);
    let replayed =
        replayed.map(|ledger| fingerprint(ledger.state())).unwrap_or_else(|error| error.to_string());
    let here = fingerprint(state);
    ensure(here == replayed, "state_equals_replay", || {
        format!("the state is\n{here}\nand the log says\n{replayed}")
    })
}

/// Changes one bit of a file. Where: the byte and its bit.
fn flip(disk: &FaultyDisk, name: &str, rng: &mut Rng) -> (usize, u64) {
    let (at, bit) = (rng.next_u64(), rng.below(8));
    let mut place = 0;
    let flipped = disk.tamper(name, |bytes| {
        place = usize::try_from(at % bytes.len().max(1) as u64).unwrap_or_default();
        bytes.iter_mut().skip(place).take(1).for_each(|byte| *byte ^= 1 << bit);
    });
    flipped.expect("a file that is there");
    (place, bit)
}

/// A byte that changed in the log is found: in a sealed segment by looking through it, in the open one when the log is
/// opened.
pub(crate) fn flip_is_refused(disk: &FaultyDisk, sizes: Sizes, rng: &mut Rng) -> Check {
    let copy = disk.after_crash(Loss::Nothing);
    copy.set_room(None);
    let mut logs: Vec<_> = copy.list("log").unwrap_or_default();
    logs.retain(|name| name.ends_with(".log") && copy.len(&format!("log/{name}")).is_ok_and(|len| len > 0));
    if logs.is_empty() {
        return Ok(());
    }
    logs.sort();
    let name = format!("log/{}", logs[rng.index(logs.len())]);
    ensure(found_damaged(&copy).is_empty(), "flip_is_refused", || {
        format!("a sound log is called damaged: {:?}", found_damaged(&copy))
    })?;
    let (place, bit) = flip(&copy, &name, rng);
    let opened = Ledger::open_with(Store::on(Arc::new(copy.clone())), &CommitMode::WhenPolled, sizes);
    let is_named = found_damaged(&copy).iter().any(|(file, at)| *file == name && *at <= place as u64);
    ensure(opened.is_err() || is_named, "flip_is_refused", || {
        format!("bit {bit} of byte {place} of {name} was changed, and nobody noticed")
    })
}

/// What looking through the sealed segments finds damaged.
fn found_damaged(disk: &FaultyDisk) -> Vec<(String, u64)> {
    let mut scrub = Scrub::begin(disk).expect("a folder");
    let steps =
        std::iter::from_fn(|| Some(scrub.step(disk)).filter(|step| !matches!(step, Ok(Scrubbed::End))));
    let damaged = steps.filter_map(|step| match step {
        Ok(Scrubbed::Damaged { file, offset }) => Some((file, offset)),
        Ok(Scrubbed::Sound(_) | Scrubbed::End) | Err(_) => None,
    });
    damaged.collect()
}

/// A byte that changed in a snapshot does not change the state.
pub(crate) fn snapshot_flip_is_mended(
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
    let (place, bit) = flip(&copy, name, rng);
    let opened = Ledger::open_with(Store::on(Arc::new(copy)), &CommitMode::WhenPolled, sizes);
    let found = opened.map(|ledger| fingerprint(ledger.state())).unwrap_or_else(|error| error.to_string());
    let here = fingerprint(state);
    ensure(found == here, "snapshot_flip_is_mended", || {
        format!("with bit {bit} of byte {place} of {name} changed the state\n{here}\nbecame\n{found}")
    })
}
