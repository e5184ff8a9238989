//! The report of an import: what it imported, and everything that it did not import.

use std::collections::BTreeMap;

use common::UserName;
use serde::Serialize;

/// The maximum number of problems and of changed names in a report. Further ones are only counted.
const LISTED_MAX: usize = 1_000;

/// The maximum number of kinds of entries that were not imported. Further kinds are counted together.
const KINDS_MAX: usize = 500;

/// The maximum number of characters of a kind.
const KIND_CHARACTERS_MAX: usize = 80;

#[derive(Debug, Default, Serialize)]
pub struct Report {
    pub users: u64,
    pub bots: u64,
    pub channels: u64,
    pub messages: u64,
    pub replies: u64,
    pub reactions: u64,
    pub edits: u64,
    pub deletions: u64,
    pub files: u64,
    /// The number of users, channels, messages and files that existed already.
    pub known: u64,
    /// How many entries of each kind were not imported.
    pub not_imported: BTreeMap<String, u64>,
    /// The names that papo refuses or that two entries have, with their replacements.
    pub renamed: Vec<Renamed>,
    /// The number of further changed names.
    pub further_renamed: u64,
    /// The errors for single entries.
    pub problems: Vec<String>,
    /// The number of further errors.
    pub further_problems: u64,
    /// The new administrator, if the import created the first account of the server.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub administrator: Option<UserName>,
}

/// A name in the export and its replacement.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct Renamed {
    pub from: String,
    pub to: String,
}

impl Report {
    /// Counts entries that are not imported.
    pub(super) fn skip(&mut self, kind: &str, count: u64) {
        if count == 0 {
            return;
        }
        let mut kind: String = kind.chars().take(KIND_CHARACTERS_MAX).collect();
        if self.not_imported.len() >= KINDS_MAX && !self.not_imported.contains_key(&kind) {
            "entries of further kinds".clone_into(&mut kind);
        }
        *self.not_imported.entry(kind).or_default() += count;
    }

    pub(super) fn problem(&mut self, problem: String) {
        if self.problems.len() < LISTED_MAX {
            self.problems.push(problem);
        } else {
            self.further_problems += 1;
        }
    }

    /// Lists a name that has a replacement. A change of only the case is not listed.
    pub(super) fn rename(&mut self, from: &str, to: &str) {
        if from.to_lowercase() == to {
            return;
        }
        if self.renamed.len() < LISTED_MAX {
            self.renamed.push(Renamed { from: from.to_owned(), to: to.to_owned() });
        } else {
            self.further_renamed += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lists_of_a_report_have_a_bound() {
        let mut report = Report::default();
        for number in 0..2_000 {
            report.skip(&format!("{number}{}", "x".repeat(200)), 1);
            report.problem(number.to_string());
            report.rename(&format!("{number} a"), "a");
        }
        assert_eq!(report.not_imported.len(), KINDS_MAX + 1);
        assert_eq!(report.not_imported["entries of further kinds"], 1_500);
        assert_eq!((report.problems.len(), report.further_problems), (LISTED_MAX, 1_000));
        assert_eq!((report.renamed.len(), report.further_renamed), (LISTED_MAX, 1_000));
    }
}
