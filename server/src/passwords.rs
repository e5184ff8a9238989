//! Hashing and verifying passwords with Argon2id (RFC 9106), away from the event loop.
//!
//! The parameters are OWASP's for servers: 19 MiB, 2 passes, 1 lane. A hash takes some 20 ms; two at a time
//! are done as [`crate::jobs`], and more than [`WAITING_MAX`] are refused rather than queued.

use argon2::password_hash::phc::PasswordHash;
use argon2::{Argon2, PasswordHasher as _, PasswordVerifier as _};
use common::Password;
use sha2::{Digest as _, Sha256};

use crate::jobs;

/// Hashes computed at once; each takes a core and 19 MiB.
pub const THREADS: usize = 2;

/// Jobs accepted at once: with some 20 ms each on two threads, the last one waits less than 2 seconds.
pub const WAITING_MAX: usize = 128;

/// What the password of an unknown user is compared with, so that it takes as long as a known one's. It is the hash
/// of no password, with the parameters of every other.
const NOBODY: &str = concat!(
    "$argon2id$v=19$m=19456,t=2,p=1$bm9ib2R5bm9ib2R5bm9ibw$",
    "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
);

/// How the hash of a password begins that was taken over from an older chat: plain SHA-256, in hex. It is accepted
/// once, and replaced.
const LEGACY: &str = "$sha256$";

/// The hash of an older chat as ours, when it is one.
#[must_use]
pub fn legacy_hash(hex: &str) -> Option<Box<str>> {
    let is_sha256 = hex.len() == 64 && hex.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_sha256.then(|| format!("{LEGACY}{}", hex.to_ascii_lowercase()).into())
}

/// What is to be computed.
#[derive(Debug)]
pub enum Job {
    /// The hash of a new password.
    Hash(Password),
    /// Whether a password fits a hash. Without a hash, because there is no such user, it takes as long and
    /// the answer is no.
    Verify(Password, Option<Box<str>>),
    /// The hash of a new password, if another one fits a hash.
    Change(Password, Option<Box<str>>, Password),
}

/// What came out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// A PHC string: of a new password, or of one that fits a hash of an older kind.
    Hashed(Box<str>),
    /// Whether it fits.
    Verified(bool),
    /// The system has no memory or no randomness to give.
    Failed,
}

impl From<Job> for jobs::Job {
    fn from(job: Job) -> Self {
        Self::new(jobs::Kind::Passwords, || jobs::Outcome::Password(compute(job)))
    }
}

fn compute(job: Job) -> Outcome {
    match job {
        Job::Change(password, known, new) => match compute(Job::Verify(password, known)) {
            Outcome::Verified(true) | Outcome::Hashed(_) => compute(Job::Hash(new)),
            refused @ (Outcome::Verified(false) | Outcome::Failed) => refused,
        },
        Job::Verify(password, Some(known)) if known.starts_with(LEGACY) => {
            // As long as any other, whether it fits or not.
            let hashed = compute(Job::Hash(password.clone()));
            let given: String =
                Sha256::digest(password.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect();
            if known.strip_prefix(LEGACY) == Some(&*given) { hashed } else { Outcome::Verified(false) }
        }
        Job::Hash(password) => hash(password.as_bytes()).map_or(Outcome::Failed, Outcome::Hashed),
        Job::Verify(password, Some(known)) => Outcome::Verified(verify(password.as_bytes(), &known)),
        Job::Verify(password, None) => {
            verify(password.as_bytes(), NOBODY);
            Outcome::Verified(false)
        }
    }
}

fn hash(password: &[u8]) -> Option<Box<str>> {
    Argon2::default().hash_password(password).ok().map(|hash| hash.to_string().into())
}

fn verify(password: &[u8], known: &str) -> bool {
    PasswordHash::new(known).is_ok_and(|known| Argon2::default().verify_password(password, &known).is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_right_password_fits() {
        let password = |text| Password::new(text).expect("a password");
        let Outcome::Hashed(known) = compute(Job::Hash(password("correct horse"))) else {
            panic!("not hashed");
        };
        assert!(known.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{known}");
        let verify = |text, known| compute(Job::Verify(password(text), known));
        assert_eq!(verify("correct horse", Some(known.clone())), Outcome::Verified(true));
        assert_eq!(verify("correct house", Some(known)), Outcome::Verified(false));
        assert_eq!(verify("correct horse", None), Outcome::Verified(false), "an unknown user");
        assert_eq!(verify("correct horse", Some("no hash".into())), Outcome::Verified(false));
    }

    #[test]
    fn a_hash_of_an_older_chat_is_replaced() {
        let known = legacy_hash("9F86D081884C7D659A2FEAA0C55AD015A3BF4F1B2B0B822CD15D6C15B0F00A08");
        let verify = |text| compute(Job::Verify(Password::new(text).expect("a password"), known.clone()));
        assert_eq!(verify("tset"), Outcome::Verified(false));
        let Outcome::Hashed(hash) = verify("test") else { panic!("not accepted") };
        assert!(hash.starts_with("$argon2id$"));
        assert_eq!(legacy_hash("9f86"), None);
    }

    #[test]
    fn nobody_takes_as_long_as_anybody() {
        let somebody = hash(b"correct horse").expect("a hash");
        let cost = |phc: &str| {
            let phc = PasswordHash::new(phc).expect("a PHC string");
            let lengths = (phc.salt.map(|salt| salt.len()), phc.hash.map(|hash| hash.len()));
            (phc.algorithm, phc.version, phc.params.to_string(), lengths)
        };
        assert_eq!(cost(NOBODY), cost(&somebody));
    }
}
