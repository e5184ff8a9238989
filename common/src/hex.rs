//! 32 bytes as 64 hexadecimal digits: digests and secrets.

use std::fmt::Write as _;

/// 32 bytes out of 64 hexadecimal digits.
#[must_use]
pub fn from_hex(digits: &str) -> Option<[u8; 32]> {
    let mut bytes = [0; 32];
    if digits.len() != 64 || !digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
        return None;
    }
    for (byte, pair) in bytes.iter_mut().zip(digits.as_bytes().chunks_exact(2)) {
        *byte = u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()?;
    }
    Some(bytes)
}

/// 64 hexadecimal digits out of 32 bytes.
#[must_use]
pub fn to_hex(bytes: &[u8; 32]) -> String {
    bytes.iter().fold(String::with_capacity(64), |mut digits, byte| {
        let _never_fails = write!(digits, "{byte:02x}");
        digits
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_can_be_read_and_nothing_else() {
        let bytes = std::array::from_fn(|at| u8::try_from(at * 8).unwrap_or_default());
        assert_eq!(from_hex(&to_hex(&bytes)), Some(bytes));
        for digits in ["", "zz", &"0".repeat(63), &"0".repeat(65), &"+1".repeat(32), &"é".repeat(32)] {
            assert_eq!(from_hex(digits), None, "{digits}");
        }
    }
}
