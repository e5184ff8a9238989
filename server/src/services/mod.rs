//! Services that the handlers use besides the domain: passwords, tokens, limiters, presence, metrics,
//! files, backups, search, and jobs for slow work.

pub(crate) mod background;
pub mod passwords;
pub mod tokens;
pub mod codes;
pub mod registration;
pub mod peer;
pub mod limiters;
pub mod leases;
pub mod presence;
pub mod push_candidates;
pub mod pushes;
pub mod request_metrics;
pub mod files;
pub mod backups;
pub mod search;
pub mod jobs;
