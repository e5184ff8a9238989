//! Hashes and verifies passwords with Argon2id (RFC 9106), outside the event loop.
//!
//! OWASP recommends these parameters for servers: 19 MiB, 2 passes, 1 lane. A hash takes about 20 ms. Each
//! thread reuses one buffer for all its hashes.

use std::cell::RefCell;

use argon2::password_hash::phc::{Output, ParamsString, PasswordHash, Salt};
use argon2::{Algorithm, Argon2, Block, Params, Version};
use common::Password;
use common::hex::to_hex;
use sha2::{Digest as _, Sha256};

/// The hash with which the password of an unknown user is compared, so the time of the reply does not reveal
/// whether the user exists. It has the parameters of real hashes. No password matches it.
const UNKNOWN_USER_HASH: &str = concat!(
    "$argon2id$v=19$m=19456,t=2,p=1$bm9ib2R5bm9ib2R5bm9ibw$",
    "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
);

/// The prefix of a password hash from another chat: plain SHA-256 in hexadecimal digits. The first login
/// replaces it by an Argon2id hash.
const LEGACY: &str = "$sha256$";

/// The stored form of a password hash from another chat; `None` if `hex` is not a SHA-256.
#[must_use]
pub fn legacy_hash(hex: &str) -> Option<Box<str>> {
    let is_sha256 = hex.len() == 64 && hex.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_sha256.then(|| format!("{LEGACY}{}", hex.to_ascii_lowercase()).into())
}

/// The stored form of a password that no password matches. Its user needs a code for a new password.
#[must_use]
pub fn no_password() -> Box<str> {
    UNKNOWN_USER_HASH.into()
}

#[derive(Debug)]
pub enum Job {
    /// The hash of a new password.
    Hash(Password),
    /// Compares a password with a hash. If the hash is `None`, the user does not exist: the job takes the
    /// same time, and its outcome is `Verified(false)`.
    Verify(Password, Option<Box<str>>),
    /// Computes the hash of the new password (the last field) if the old password matches its hash.
    Change(Password, Option<Box<str>>, Password),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// A PHC string: the hash of a new password, or the replacement for an imported hash that the password
    /// matched.
    Hashed(Box<str>),
    Verified(bool),
    /// The system has no memory or no random bytes.
    Failed,
}

pub(super) fn compute(job: Job) -> Outcome {
    match job {
        Job::Change(password, known, new) => match compute(Job::Verify(password, known)) {
            Outcome::Verified(true) | Outcome::Hashed(_) => compute(Job::Hash(new)),
            refused @ (Outcome::Verified(false) | Outcome::Failed) => refused,
        },
        Job::Verify(password, Some(known)) if known.starts_with(LEGACY) => {
            // Hash first: a correct and a wrong password must take the same time.
            let hashed = compute(Job::Hash(password.clone()));
            let given = to_hex(&Sha256::digest(password.as_bytes()));
            if known.strip_prefix(LEGACY) == Some(&*given) { hashed } else { Outcome::Verified(false) }
        }
        Job::Hash(password) => hash(password.as_bytes()).map_or(Outcome::Failed, Outcome::Hashed),
        Job::Verify(password, Some(known)) => Outcome::Verified(verify(password.as_bytes(), &known)),
        Job::Verify(password, None) => {
            verify(password.as_bytes(), UNKNOWN_USER_HASH);
            Outcome::Verified(false)
        }
    }
}

fn hash(password: &[u8]) -> Option<Box<str>> {
    let mut salt = [0; Salt::RECOMMENDED_LENGTH];
    getrandom::fill(&mut salt).ok()?;
    let (argon2, salt) = (Argon2::default(), Salt::new(&salt).ok()?);
    let hash = PasswordHash {
        algorithm: Algorithm::default().ident(),
        version: Some(Version::default().into()),
        params: ParamsString::try_from(argon2.params()).ok()?,
        salt: Some(salt),
        hash: Some(compute_output(&argon2, password, &salt)?),
    };
    Some(hash.to_string().into())
}

fn verify(password: &[u8], known: &str) -> bool {
    // `Output` compares in constant time.
    let matches = || {
        let known = PasswordHash::new(known).ok()?;
        let algorithm = Algorithm::try_from(known.algorithm.as_str()).ok()?;
        let version = known.version.map_or(Ok(Version::default()), Version::try_from).ok()?;
        let argon2 = Argon2::new(algorithm, version, Params::try_from(&known).ok()?);
        Some(compute_output(&argon2, password, &known.salt?)? == known.hash?)
    };
    matches().unwrap_or_default()
}

thread_local! {
    /// The buffer in which the thread hashes. Each hash overwrites all of it. Because it is large, its memory
    /// returns to the system when the thread ends (`transport::memory`).
    static MEMORY: RefCell<Vec<Block>> = const { RefCell::new(Vec::new()) };
}

fn compute_output(argon2: &Argon2<'_>, password: &[u8], salt: &[u8]) -> Option<Output> {
    let mut buffer = [0; Output::MAX_LENGTH];
    let length = argon2.params().output_len().unwrap_or(Params::DEFAULT_OUTPUT_LEN);
    let (out, blocks) = (buffer.get_mut(..length)?, argon2.params().block_count());
    MEMORY.with_borrow_mut(|memory| {
        if memory.len() < blocks {
            memory.resize(blocks, Block::new());
        }
        argon2.hash_password_into_with_memory(password, salt, out, memory.get_mut(..blocks)?).ok()
    })?;
    Output::new(out).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_right_password_matches() {
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

    /// From the tests of the reference implementation (P-H-C/phc-winner-argon2, `src/test.c`), which use
    /// less memory than papo.
    #[test]
    fn a_hash_of_the_reference_implementation_is_verified() {
        let known = "$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4";
        assert!(verify(b"password", known));
        assert!(!verify(b"passwore", known));
    }

    #[test]
    fn a_thread_reuses_its_buffer() {
        let place = || MEMORY.with_borrow(|memory| (memory.as_ptr(), memory.len()));
        let known = hash(b"correct horse").expect("a hash");
        let before = place();
        assert!(verify(b"correct horse", &known) && !verify(b"correct house", &known));
        assert_eq!(place(), before);
    }

    #[test]
    fn an_imported_hash_is_replaced() {
        let known = legacy_hash("9F86D081884C7D659A2FEAA0C55AD015A3BF4F1B2B0B822CD15D6C15B0F00A08");
        let verify = |text| compute(Job::Verify(Password::new(text).expect("a password"), known.clone()));
        assert_eq!(verify("tset"), Outcome::Verified(false));
        let Outcome::Hashed(hash) = verify("test") else { panic!("not accepted") };
        assert!(hash.starts_with("$argon2id$"));
        assert_eq!(legacy_hash("9f86"), None);
    }

    #[test]
    fn verifying_an_unknown_user_takes_as_long_as_verifying_a_known_user() {
        let known = hash(b"correct horse").expect("a hash");
        let cost = |phc: &str| {
            let phc = PasswordHash::new(phc).expect("a PHC string");
            let lengths = (phc.salt.map(|salt| salt.len()), phc.hash.map(|hash| hash.len()));
            (phc.algorithm, phc.version, phc.params.to_string(), lengths)
        };
        assert_eq!(cost(UNKNOWN_USER_HASH), cost(&known));
    }
}
