//! Counters of one or more runs.

use std::collections::BTreeMap;
use std::fmt;
use std::ops::AddAssign;

#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Counters {
    pub steps: u64,
    pub simulated_ms: u64,
    /// Messages sent by users.
    pub sent: u64,
    pub acknowledged: u64,
    /// Acknowledged edits, deletions, reactions and files.
    pub amended: u64,
    /// Chunks of files that users downloaded.
    pub downloaded: u64,
    /// Messages with a final refusal.
    pub refused: u64,
    pub shown: u64,
    /// Successful startups of the server.
    pub recoveries: u64,
    /// Moves of clients to another node.
    pub moves: u64,
    pub faults: BTreeMap<&'static str, u64>,
}

impl Counters {
    pub(crate) fn fault(&mut self, name: &'static str) {
        *self.faults.entry(name).or_default() += 1;
    }
}

impl AddAssign<&Counters> for Counters {
    fn add_assign(&mut self, other: &Counters) {
        self.steps += other.steps;
        self.simulated_ms += other.simulated_ms;
        self.sent += other.sent;
        self.acknowledged += other.acknowledged;
        self.refused += other.refused;
        self.amended += other.amended;
        self.downloaded += other.downloaded;
        self.shown += other.shown;
        self.recoveries += other.recoveries;
        self.moves += other.moves;
        for (name, count) in &other.faults {
            *self.faults.entry(name).or_default() += count;
        }
    }
}

impl fmt::Display for Counters {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let faults: u64 = self.faults.values().sum();
        writeln!(f, "{} steps, {} simulated hours", self.steps, self.simulated_ms / 3_600_000)?;
        writeln!(
            f,
            "{} messages sent, {} acknowledged, {} refused",
            self.sent, self.acknowledged, self.refused
        )?;
        writeln!(
            f,
            "{} edits, deletions, reactions and files acknowledged, {} chunks of files downloaded",
            self.amended, self.downloaded
        )?;
        if self.moves > 0 {
            writeln!(f, "{} moves of clients to another node", self.moves)?;
        }
        writeln!(f, "{} events shown, {} recoveries, {faults} faults:", self.shown, self.recoveries)?;
        self.faults.iter().try_for_each(|(name, count)| writeln!(f, "  {count:>9} {name}"))
    }
}
