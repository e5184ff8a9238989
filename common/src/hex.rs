//! Bytes as hexadecimal digits: digests, keys and secrets.

/// Decodes two digits for each byte, in upper or lower case. `None` if the length or a digit is invalid.
#[must_use]
pub fn from_hex<const BYTES: usize>(digits: &str) -> Option<[u8; BYTES]> {
    let (pairs, rest) = digits.as_bytes().as_chunks::<2>();
    if pairs.len() != BYTES || !rest.is_empty() {
        return None;
    }
    let mut bytes = [0; BYTES];
    for (byte, [high, low]) in bytes.iter_mut().zip(pairs) {
        *byte = value(*high)? << 4 | value(*low)?;
    }
    Some(bytes)
}

/// Encodes each byte as two lowercase digits.
#[must_use]
pub fn to_hex(bytes: &[u8]) -> String {
    let halves = bytes.iter().flat_map(|byte| [byte >> 4, byte & 0xf]);
    halves.filter_map(|half| char::from_digit(half.into(), 16)).collect()
}

fn value(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).and_then(|value| u8::try_from(value).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_survive_encoding_and_decoding_and_invalid_digits_are_refused() {
        let bytes: [u8; 32] = std::array::from_fn(|at| u8::try_from(at * 8).unwrap_or_default());
        assert_eq!(to_hex(&[0, 0x0f, 0xa1, 0xff]), "000fa1ff");
        assert_eq!(from_hex(&to_hex(&bytes)), Some(bytes));
        assert_eq!(from_hex(&to_hex(&bytes).to_uppercase()), Some(bytes));
        for digits in ["", "zz", &"0".repeat(63), &"0".repeat(65), &"+1".repeat(32), &"é".repeat(32)] {
            assert_eq!(from_hex::<32>(digits), None, "{digits}");
        }
    }
}
