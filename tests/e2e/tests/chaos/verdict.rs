//! The end of a run: the log is looked at as the simulator looks at its own, and everything is told in figures.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::Path;

use serde_json::json;
use server::storage::commit_log::CommitMode;
use server::storage::data_folder::Store;
use server::storage::ledger::Ledger;
use sim::Violation;
use sim::checks::complete::client_is_complete;
use sim::checks::stored::Stored;
use sim::checks::{Check, ensure};

use super::person::Person;
use super::person_io::PersonIo;
use super::plan::Plan;
use super::record::Record;
use super::stage::Peak;

/// Memory that a role of so small a node may hold, in bytes: some 20 MiB is usual, the rest is for what waits while a
/// line is held still.
const MEMORY_BYTES_MAX: u64 = 128 << 20;

/// Files that a role may have open: each client has one connection, those who come again may have another for a
/// while, and strangers come when a role has no files left.
const OPEN_FILES_MAX: usize = 256;

/// What a run has come to.
pub(super) struct Verdict {
    pub(super) findings: Vec<Violation>,
    summary: String,
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.summary)?;
        self.findings.iter().try_for_each(|finding| writeln!(f, "FOUND {finding}"))
    }
}

/// What was counted while a run went on.
pub(super) struct Counted<'a> {
    pub(super) plan: &'a Plan,
    pub(super) faults: &'a BTreeMap<&'static str, u64>,
    pub(super) peaks: &'a BTreeMap<&'static str, Peak>,
    /// Why something was not tried.
    pub(super) skipped: Option<&'a str>,
    /// How long the slowest client took to be complete after the last fault, in milliseconds.
    pub(super) catch_up_ms: u64,
}

/// Looks at what the node, which has stopped, left behind.
pub(super) fn pronounce(data: &Path, people: &[Person], record: &Record, counted: &Counted<'_>) -> Verdict {
    look_at_log(data, people, record);
    counted.peaks.iter().for_each(|(role, peak)| {
        record.note(ensure(peak.memory_bytes <= MEMORY_BYTES_MAX, "memory_is_bounded", || {
            format!("the {role} held {} bytes", peak.memory_bytes)
        }));
        record.note(ensure(peak.open_files <= OPEN_FILES_MAX, "files_are_bounded", || {
            format!("the {role} had {} files open", peak.open_files)
        }));
    });
    let findings = record.findings();
    Verdict { summary: summary(&findings, record, people.len(), counted), findings }
}

fn look_at_log(data: &Path, people: &[Person], record: &Record) {
    let store = Store::open(data).expect("a data folder that nobody works on");
    let ledger = Ledger::open(store, &CommitMode::WhenPolled).expect("a log that is whole");
    let told = record.told();
    match Stored::without_a_hole(&ledger) {
        Err(violation) => record.note(Err(violation)),
        Ok(stored) => {
            record.note(stored.holds_what_was_told(&told));
            record.note(stored.holds_what_was_acknowledged(&told));
            people.iter().for_each(|person| record.note(stored.keeps_the_order_of_sending(&person.io.said)));
            record.note(everything_was_said(&stored, people));
        }
    }
    for PersonIo { account, shown, .. } in people.iter().map(|person| &person.io) {
        record.note(client_is_complete(&ledger, &account.user, shown, true));
    }
}

/// Nothing is in the log that nobody said.
fn everything_was_said(stored: &Stored, people: &[Person]) -> Check {
    let said =
        people.iter().flat_map(|person| person.io.said.iter().map(|(_, id)| id).chain(&person.io.refused));
    let said: BTreeSet<_> = said.collect();
    let unsaid: Vec<_> = stored.ids.keys().filter(|id| !said.contains(id)).collect();
    ensure(unsaid.is_empty(), "everything_was_said", || {
        format!("{unsaid:?} are stored, and nobody said them")
    })
}

fn summary(findings: &[Violation], record: &Record, clients: usize, counted: &Counted<'_>) -> String {
    let found = |checkers: &[&str]| findings.iter().filter(|found| checkers.contains(&found.checker)).count();
    let lost = found(&["holds_what_was_told", "holds_what_was_acknowledged", "client_is_complete"]);
    let duplicated = found(&["one_effect_per_id"]);
    let out_of_order =
        found(&["shown_in_order", "same_everywhere", "keeps_the_order_of_sending", "without_a_hole"]);
    let mebibytes = |peak: &Peak| peak.memory_bytes >> 20;
    let peaks: Vec<_> = counted
        .peaks
        .iter()
        .map(|(role, peak)| format!("{role} {} MiB, {} files", mebibytes(peak), peak.open_files))
        .collect();
    let line = json!({
        "seed": counted.plan.seed,
        "seconds": counted.plan.length_ms / 1000,
        "clients": clients,
        "said": record.said.get(),
        "acknowledged": record.acknowledged.get(),
        "refused": record.refused.get(),
        "shown": record.shown.get(),
        "requests": record.requests.get(),
        "connections lost": record.connections_lost.get(),
        "faults": counted.faults,
        "lost": lost,
        "duplicated": duplicated,
        "out of order": out_of_order,
        "other findings": findings.len() - lost - duplicated - out_of_order,
        "longest time without an acknowledgement, ms": record.silence_ms(),
        "all complete after the last fault, ms": counted.catch_up_ms,
        "at most": peaks,
        "NOT TRIED": counted.skipped,
    });
    format!("chaos: {line}")
}
