//! The end of a run: checks the log with the checkers of the simulation, and summarises the run in figures.

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
use uuid::Uuid;

use super::client::ChaosClient;
use super::client_io::ClientIo;
use super::plan::Plan;
use super::results::RunResults;
use super::test_bed::Peak;

/// Maximum memory of a role. About 20 MiB is usual. The other memory is for messages that wait for a stalled
/// relay.
const MEMORY_BYTES_MAX: u64 = 128 << 20;

/// Maximum open files of a role: one connection per client, a second one during a reconnect, and the extra
/// connections of the test.
const OPEN_FILES_MAX: usize = 256;

pub(super) struct Verdict {
    pub(super) violations: Vec<Violation>,
    summary: String,
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.summary)?;
        self.violations.iter().try_for_each(|violation| writeln!(f, "FOUND {violation}"))
    }
}

pub(super) struct RunFigures<'a> {
    pub(super) plan: &'a Plan,
    pub(super) faults: &'a BTreeMap<&'static str, u64>,
    pub(super) peaks: &'a BTreeMap<&'static str, Peak>,
    /// Why full disks were not tested; `None` if they were tested.
    pub(super) skipped: Option<&'a str>,
    /// Time from the last fault until the slowest client was complete.
    pub(super) catch_up_ms: u64,
}

/// Checks the stopped node's data folder and the figures.
pub(super) fn judge(
    data: &Path,
    clients: &[ChaosClient],
    results: &RunResults,
    figures: &RunFigures<'_>,
) -> Verdict {
    let store = Store::open(data).expect("a data folder without a server");
    check_log(store, clients, results, &BTreeSet::new());
    figures.peaks.iter().for_each(|(role, peak)| {
        results.note(ensure(peak.memory_bytes <= MEMORY_BYTES_MAX, "memory_is_bounded", || {
            format!("the {role} had {} bytes of memory", peak.memory_bytes)
        }));
        results.note(ensure(peak.open_files <= OPEN_FILES_MAX, "files_are_bounded", || {
            format!("the {role} had {} files open", peak.open_files)
        }));
    });
    let violations = results.violations();
    Verdict { summary: summary(&violations, results, clients, figures), violations }
}

/// Checks the log of a stopped node. `others` are the messages that others than `clients` sent.
pub(super) fn check_log(
    store: Store,
    clients: &[ChaosClient],
    results: &RunResults,
    others: &BTreeSet<Uuid>,
) {
    let ledger = Ledger::open(store, &CommitMode::WhenPolled).expect("an intact log");
    let observed = results.observed();
    match Stored::numbered_without_gaps(&ledger) {
        Err(violation) => results.note(Err(violation)),
        Ok(stored) => {
            results.note(stored.received_is_stored(&observed));
            results.note(stored.acknowledged_is_stored(&observed));
            clients.iter().for_each(|client| results.note(stored.sending_order_is_kept(&client.io.sent)));
            results.note(only_sent_is_stored(&stored, clients, others));
        }
    }
    for ClientIo { account, shown, .. } in clients.iter().map(|client| &client.io) {
        results.note(client_is_complete(&ledger, &account.user, shown, true));
    }
}

/// Every stored message was sent by a client, or is one of `others`.
fn only_sent_is_stored(stored: &Stored, clients: &[ChaosClient], others: &BTreeSet<Uuid>) -> Check {
    let sent =
        clients.iter().flat_map(|client| client.io.sent.iter().map(|(_, id)| id).chain(&client.io.refused));
    let sent: BTreeSet<_> = sent.chain(others).collect();
    let unsent: Vec<_> = stored.ids.keys().filter(|id| !sent.contains(id)).collect();
    ensure(unsent.is_empty(), "only_sent_is_stored", || {
        format!("{unsent:?} are stored, and no client sent them")
    })
}

fn summary(
    violations: &[Violation],
    results: &RunResults,
    clients: &[ChaosClient],
    figures: &RunFigures<'_>,
) -> String {
    let found =
        |checkers: &[&str]| violations.iter().filter(|found| checkers.contains(&found.checker)).count();
    let lost = found(&["received_is_stored", "acknowledged_is_stored", "client_is_complete"]);
    let duplicated = found(&["one_effect_per_id"]);
    let out_of_order =
        found(&["shown_in_order", "one_line_per_number", "sending_order_is_kept", "numbered_without_gaps"]);
    let web_sockets_lost: u64 = clients.iter().map(|client| client.io.web_sockets_lost()).sum();
    let mebibytes = |peak: &Peak| peak.memory_bytes >> 20;
    let peaks: Vec<_> = figures
        .peaks
        .iter()
        .map(|(role, peak)| format!("{role} {} MiB, {} files", mebibytes(peak), peak.open_files))
        .collect();
    let line = json!({
        "seed": figures.plan.seed,
        "seconds": figures.plan.length_ms / 1000,
        "clients": clients.len(),
        "sent": results.sent.get(),
        "acknowledged": results.acknowledged.get(),
        "refused": results.refused.get(),
        "shown": results.shown.get(),
        "requests": results.requests.get(),
        "WebSockets lost": web_sockets_lost,
        "connections lost": results.connections_lost.get(),
        "faults": figures.faults,
        "lost": lost,
        "duplicated": duplicated,
        "out of order": out_of_order,
        "other violations": violations.len() - lost - duplicated - out_of_order,
        "longest time without an acknowledgement, ms": results.ack_gap_ms_max(),
        "all complete after the last fault, ms": figures.catch_up_ms,
        "at most": peaks,
        "NOT TRIED": figures.skipped,
    });
    format!("chaos: {line}")
}
