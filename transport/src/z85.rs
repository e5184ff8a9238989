//! Z85 (RFC 32), the text form of keys in ZeroMQ: four bytes become five printable characters.
//!
//! papo has its own decoder, because the decoder of the zmq crate accepts characters outside of the alphabet.

const ALPHABET: &[u8; 85] =
    b"0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-:+=^!/*?&<>()[]{}@%$#";

/// Bytes of a CURVE key (RFC 26). As text it has 40 characters.
pub(crate) const KEY_BYTES: usize = 32;

pub(crate) fn encode(key: &[u8; KEY_BYTES]) -> String {
    let (words, _none_left) = key.as_chunks::<4>();
    let digit =
        |value: u32| ALPHABET.get(value as usize % ALPHABET.len()).map_or('0', |byte| char::from(*byte));
    let digits = |word: &[u8; 4]| {
        let value = u32::from_be_bytes(*word);
        [52_200_625, 614_125, 7_225, 85, 1].map(|weight| digit(value / weight))
    };
    words.iter().flat_map(digits).collect()
}

/// The key that `text` encodes; `None` if `text` is not a key.
pub(crate) fn decode(text: &str) -> Option<[u8; KEY_BYTES]> {
    let (words, rest) = text.as_bytes().as_chunks::<5>();
    if words.len() * 4 != KEY_BYTES || !rest.is_empty() {
        return None;
    }
    let mut key = [0; KEY_BYTES];
    for (word, bytes) in words.iter().zip(key.as_chunks_mut::<4>().0) {
        *bytes = value(word)?.to_be_bytes();
    }
    Some(key)
}

fn value(word: &[u8; 5]) -> Option<u32> {
    word.iter().try_fold(0_u32, |value, character| {
        let digit = ALPHABET.iter().position(|known| known == character)?;
        value.checked_mul(85)?.checked_add(u32::try_from(digit).ok()?)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The client's public key in the test vectors of libzmq (`tests/testutil_security.hpp`).
    const KEY: &str = "Yne@$w-vo<fVvi]a<NY6T1ed:M$fCG*[IaLV{hID";

    #[test]
    fn a_key_survives_a_round_trip_through_text() {
        let key = decode(KEY).expect("a key");
        assert_eq!(key[..4], [0xbb, 0x88, 0x47, 0x1d]);
        assert_eq!(encode(&key), KEY);
        assert_eq!(value(b"Hello"), Some(0x864f_d26f), "the example of RFC 32");
        for key in [[0; 32], [255; 32]] {
            assert_eq!(decode(&encode(&key)), Some(key));
        }
    }

    #[test]
    fn an_invalid_key_is_refused() {
        let not_of_the_alphabet = KEY.replace('Y', "~");
        let too_much_for_four_bytes = KEY.replace("Yne@$", "#####");
        for text in
            ["", &KEY[1..], &format!("{KEY}00000"), &not_of_the_alphabet, &too_much_for_four_bytes, "é"]
        {
            assert_eq!(decode(text), None, "{text:?}");
        }
    }
}
