//! The kinds of jobs. Each kind has its own threads and its own bound, so no kind delays another kind.

use common::{Detail, Error};

use crate::services::peer::PeerId;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Password hashes; see [`passwords`](crate::services::passwords).
    Passwords,
    /// Chunks of files, written and read in the order of their requests.
    Transfers,
    /// Commits and removals of files; see [`files`](crate::services::files).
    Contents,
    /// Searches; see [`search`](crate::services::search).
    Search,
}

/// The part of a queue that a job uses. A full share does not affect the other shares.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Share {
    /// Users with a session, and clients that have logged in before.
    Known,
    /// Logins to existing accounts, from this client.
    Account(PeerId),
    /// Registrations, and logins to accounts that do not exist, from this client.
    Stranger(PeerId),
}

impl Share {
    pub(super) const COUNT: usize = 3;

    pub(super) const fn index(&self) -> usize {
        match self {
            Self::Known => 0,
            Self::Account(_) => 1,
            Self::Stranger(_) => 2,
        }
    }

    /// The client whose own number of jobs is also limited; `None` if only the share is limited.
    pub(super) const fn peer(&self) -> Option<&PeerId> {
        match self {
            Self::Known => None,
            Self::Account(peer) | Self::Stranger(peer) => Some(peer),
        }
    }
}

pub(super) struct Bounds {
    /// The maximum number of threads. A thread ends when it has been idle for a while.
    pub(super) threads: usize,
    /// The maximum number of unfinished jobs of each share.
    pub(super) waiting_max: usize,
    /// The error for further jobs.
    refusal: Detail,
    /// Milliseconds after which the client may send the request again.
    wait_ms: u64,
}

impl Kind {
    /// Every kind, in the order of the enum.
    pub const ALL: [Self; 4] = [Self::Passwords, Self::Transfers, Self::Contents, Self::Search];

    pub(super) const fn bounds(self) -> Bounds {
        match self {
            // A hash takes a CPU core, 19 MiB and about 20 ms. There are three shares, so the last job waits
            // less than 3 seconds behind a single thread. A share is larger than the concurrent attempts of
            // one account (`RUNNING_MAX` of the guesses), so one account does not fill it.
            Self::Passwords => {
                Bounds { threads: 2, waiting_max: 48, refusal: Detail::TooManyLogins, wait_ms: 1000 }
            }
            // One thread, because chunks must be written in order. A disk writes 64 chunks (16 MiB) in a
            // fraction of a second.
            Self::Transfers => {
                Bounds { threads: 1, waiting_max: 64, refusal: Detail::TooManyTransfers, wait_ms: 100 }
            }
            // One thread, because no file may be removed while it is committed. 100 MiB take about a second.
            Self::Contents => {
                Bounds { threads: 1, waiting_max: 64, refusal: Detail::TooManyCommits, wait_ms: 1000 }
            }
            // A search takes milliseconds.
            Self::Search => {
                Bounds { threads: 2, waiting_max: 64, refusal: Detail::TooManySearches, wait_ms: 1000 }
            }
        }
    }

    /// The number of threads on a machine with `cores` CPU cores. Strangers can submit hashes, so hashes use
    /// at most half of the cores, but at least one.
    pub(super) fn threads(self, cores: usize) -> usize {
        let Bounds { threads, .. } = self.bounds();
        match self {
            Self::Passwords => threads.min((cores / 2).max(1)),
            Self::Transfers | Self::Contents | Self::Search => threads,
        }
    }

    /// The error for a request whose job was rejected.
    #[must_use]
    pub fn refusal(self) -> Error {
        let Bounds { refusal, wait_ms, .. } = self.bounds();
        Error::from(refusal).with_wait_ms(wait_ms)
    }
}
