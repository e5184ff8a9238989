//! The files of the folder of backups. papo lists, reads and removes only files with the names of this file.

use std::cmp::Reverse;
use std::fmt;
use std::io;

use disk::Disk;

/// The name of an incomplete backup. The node makes one backup at a time.
pub const INCOMPLETE: &str = ".papo-backup.tmp";

/// The maximum number of listed backups. Files beyond it are neither listed nor removed.
pub const LISTED_MAX: usize = 4_000;

/// The reason why the node made a backup. The node keeps some backups of each cause, so requests do not
/// displace scheduled backups.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Cause {
    Scheduled,
    /// An administrator requested the backup.
    Requested,
}

impl Cause {
    const ALL: [Self; 2] = [Self::Scheduled, Self::Requested];

    const fn prefix(self) -> &'static str {
        match self {
            Self::Scheduled => "papo-scheduled-",
            Self::Requested => "papo-requested-",
        }
    }
}

/// The name of a complete backup, such as `papo-scheduled-1763700000000.tar`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct BackupName {
    pub cause: Cause,
    /// The time at which the backup was started, in Unix milliseconds.
    pub at_ms: u64,
}

impl BackupName {
    /// Parses the name of a file. `None` if papo never gives this name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        let stem = name.strip_suffix(".tar")?;
        let parse = |cause: Cause| {
            let digits = stem.strip_prefix(cause.prefix())?;
            let parsed = Self { cause, at_ms: digits.parse().ok()? };
            // Other texts also parse as a number, such as `+1` and `01`.
            (parsed.to_string() == name).then_some(parsed)
        };
        Cause::ALL.into_iter().find_map(parse)
    }
}

impl fmt::Display for BackupName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}.tar", self.cause.prefix(), self.at_ms)
    }
}

/// A complete backup in the folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stored {
    pub name: BackupName,
    pub bytes: u64,
}

/// Lists the complete backups, the newest first. A missing folder has none.
pub fn list(disk: &dyn Disk) -> io::Result<Vec<Stored>> {
    let names = match disk.list("") {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        names => names?,
    };
    let mut stored = Vec::new();
    for name in names.iter().filter_map(|name| BackupName::parse(name)).take(LISTED_MAX) {
        stored.push(Stored { name, bytes: disk.len(&name.to_string())? });
    }
    stored.sort_unstable_by_key(|stored| Reverse(stored.name.at_ms));
    Ok(stored)
}

/// The backups of a cause that exceed the number to keep. If the clock was wrong, a backup may have a time
/// after `now_ms`: it counts as older than all others, so it never displaces a new backup.
#[must_use]
pub fn superfluous(stored: &[Stored], cause: Cause, keep: usize, now_ms: u64) -> Vec<BackupName> {
    let names = stored.iter().map(|stored| stored.name).filter(|name| name.cause == cause);
    let mut names: Vec<_> = names.collect();
    names.sort_unstable_by_key(|name| Reverse((name.at_ms <= now_ms, name.at_ms)));
    names.into_iter().skip(keep.max(1)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stored(all: &[(Cause, u64)]) -> Vec<Stored> {
        let one = |(cause, at_ms): &(Cause, u64)| Stored {
            name: BackupName { cause: *cause, at_ms: *at_ms },
            bytes: 1,
        };
        all.iter().map(one).collect()
    }

    #[test]
    fn only_names_that_papo_gives_are_backups() {
        for name in ["papo-scheduled-1763700000000.tar", "papo-requested-0.tar"] {
            assert_eq!(BackupName::parse(name).expect(name).to_string(), name);
        }
        for name in [
            "papo-1763700000000.tar",
            "papo-scheduled-.tar",
            "papo-scheduled-+1.tar",
            "papo-scheduled-01.tar",
            "papo-scheduled-1.tar.gz",
            "papo-scheduled--1.tar",
            "papo-scheduled-99999999999999999999.tar",
            "../papo-scheduled-1.tar",
            "papo-scheduled-1.tar/",
            INCOMPLETE,
            "",
        ] {
            assert_eq!(BackupName::parse(name), None, "{name}");
        }
    }

    #[test]
    fn the_oldest_backups_of_a_cause_are_superfluous() {
        use Cause::{Requested, Scheduled};
        let all = stored(&[(Scheduled, 3), (Requested, 1), (Scheduled, 1), (Scheduled, 2), (Requested, 9)]);
        let times = |cause, keep, now_ms| -> Vec<_> {
            superfluous(&all, cause, keep, now_ms).iter().map(|name| name.at_ms).collect()
        };
        assert_eq!(times(Scheduled, 2, 10), [1]);
        assert_eq!(times(Scheduled, 0, 10), [2, 1], "one backup always remains");
        assert_eq!(times(Requested, 2, 10), [0_u64; 0]);
        // The clock was ahead when the backup of time 3 was made.
        assert_eq!(times(Scheduled, 2, 2), [3]);
    }
}
