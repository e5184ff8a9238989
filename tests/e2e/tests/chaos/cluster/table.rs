//! The table of the outcomes of a run.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use super::faults::Outcome;
use super::plan::Fault;

#[derive(Default)]
pub(super) struct Table(BTreeMap<Fault, Row>);

#[derive(Default)]
struct Row {
    /// The longest wait of a client for each time that the fault happened.
    waits: Vec<Duration>,
    attempted: usize,
    acknowledged: usize,
    /// The longest time until a cut side refused a write.
    refused_after: Option<Duration>,
    skipped: Option<String>,
}

impl Table {
    pub(super) fn add(&mut self, fault: Fault, wait: Duration, outcome: &Outcome) {
        let row = self.0.entry(fault).or_default();
        if outcome.skipped.is_some() {
            row.skipped.clone_from(&outcome.skipped);
            return;
        }
        row.waits.push(wait);
        row.attempted += outcome.attempted;
        row.acknowledged += outcome.acknowledged;
        row.refused_after = row.refused_after.max(outcome.refused_after);
    }

    /// The number of faults.
    pub(super) fn faults(&self) -> usize {
        self.0.values().map(|row| row.waits.len()).sum()
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "| fault | times | longest wait of a client: median, maximum | cut side: attempted, acknowledged, \
             refuses after |"
        )?;
        writeln!(f, "|---|---|---|---|")?;
        for fault in Fault::ALL {
            let none = Row::default();
            writeln!(f, "| {} | {} |", fault.name(), self.0.get(&fault).unwrap_or(&none))?;
        }
        Ok(())
    }
}

impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(skipped) = &self.skipped {
            return write!(f, "NOT TRIED: {skipped} | |");
        }
        let mut waits = self.waits.clone();
        waits.sort_unstable();
        let (Some(median), Some(maximum)) = (waits.get(waits.len() / 2), waits.last()) else {
            return write!(f, "0 | |");
        };
        let seconds = |time: &Duration| format!("{:.2} s", time.as_secs_f64());
        write!(f, "{} | {}, {} |", waits.len(), seconds(median), seconds(maximum))?;
        if self.attempted == 0 {
            return Ok(());
        }
        let refused_after = self.refused_after.as_ref().map_or_else(|| "never".to_owned(), seconds);
        write!(f, " {}, {}, {refused_after}", self.attempted, self.acknowledged)
    }
}
