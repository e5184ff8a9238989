//! The checksum of a snapshot: the last field of the JSON object. It covers all bytes before this field.

use common::hex::to_hex;
use sha2::{Digest as _, Sha256};

/// The text between the hashed bytes and the checksum.
const FIELD: &str = ",\n  \"sha256\": \"";

/// The text after the checksum.
const END: &str = "\"\n}\n";

/// The hex digits of a SHA-256.
const DIGITS: usize = 64;

/// The result of a check.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Integrity {
    Intact,
    Damaged,
    /// The file has no checksum: an older version of papo wrote it.
    NoChecksum,
}

/// Adds the checksum to an object that `serde_json` has pretty-printed.
pub(crate) fn add(mut object: Vec<u8>) -> Vec<u8> {
    if let Some(content_bytes) = object.strip_suffix(b"\n}").map(<[u8]>::len) {
        object.truncate(content_bytes);
    }
    let sum = to_hex(&Sha256::digest(&object));
    object.extend_from_slice(FIELD.as_bytes());
    object.extend_from_slice(sum.as_bytes());
    object.extend_from_slice(END.as_bytes());
    object
}

/// Checks a file against its checksum.
pub(crate) fn check(file: &[u8]) -> Integrity {
    let sum = file.strip_suffix(END.as_bytes()).and_then(|rest| rest.split_last_chunk::<DIGITS>());
    let Some((rest, sum)) = sum else { return Integrity::NoChecksum };
    let Some(content_bytes) = rest.strip_suffix(FIELD.as_bytes()) else { return Integrity::NoChecksum };
    if to_hex(&Sha256::digest(content_bytes)).as_bytes() == sum {
        Integrity::Intact
    } else {
        Integrity::Damaged
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_changed_byte_of_the_content_is_detected() {
        let object = serde_json::json!({ "users": { "alice": 1 } });
        let file = add(serde_json::to_vec_pretty(&object).expect("json"));
        // `sha256sum` prints this value for the first four lines without the last newline.
        insta::assert_snapshot!(String::from_utf8_lossy(&file), @r#"
        {
          "users": {
            "alice": 1
          },
          "sha256": "93344d65f74201a4e1b9c28cbb864759e86808575581d5993eb4fb8ea3a5b313"
        }
        "#);
        assert_eq!(check(&file), Integrity::Intact);
        assert_eq!(check(b"{\n  \"users\": {}\n}\n"), Integrity::NoChecksum);
        let content_bytes = file.len() - FIELD.len() - DIGITS - END.len();
        for at in 0..file.len() {
            let mut changed = file.clone();
            changed[at] ^= 1;
            let found = check(&changed);
            assert!(
                found != Integrity::Intact && (at >= content_bytes || found == Integrity::Damaged),
                "byte {at}"
            );
        }
    }
}
