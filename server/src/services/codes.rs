//! Codes that a user receives from an administrator: join codes, and codes for a new password.

use common::hex::to_hex;

/// Bytes of a code: 80 bits, which nobody guesses within the life of a code.
const CODE_BYTES: usize = 10;

/// A new code of 20 hexadecimal digits.
pub fn random() -> Result<String, getrandom::Error> {
    let mut bytes = [0; CODE_BYTES];
    getrandom::fill(&mut bytes)?;
    Ok(to_hex(&bytes))
}
