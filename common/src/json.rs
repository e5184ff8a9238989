//! A fast JSON encoder: it writes objects field by field, and copies strings that need no escapes.

use serde::Serialize;

/// Appends a value as JSON. Encoding papo's types never fails; after a failure, the function would append
/// `null`.
pub(crate) fn write(out: &mut Vec<u8>, value: &impl Serialize) {
    let start = out.len();
    if serde_json::to_writer(&mut *out, value).is_err() {
        out.truncate(start);
        out.extend_from_slice(b"null");
    }
}

/// Appends a string as JSON. Most texts need no escapes, and are copied.
pub(crate) fn write_text(out: &mut Vec<u8>, text: &str) {
    if needs_escapes(text) {
        return write(out, &text);
    }
    out.reserve(text.len() + 2);
    out.push(b'"');
    out.extend_from_slice(text.as_bytes());
    out.push(b'"');
}

/// Whether the text has a byte that JSON must escape (RFC 8259, section 7). The loop has no early return, so
/// the compiler can vectorize it.
fn needs_escapes(text: &str) -> bool {
    let is_special = |byte: u8| (byte < b' ') | (byte == b'"') | (byte == b'\\');
    text.bytes().fold(false, |found, byte| found | is_special(byte))
}

/// Estimated bytes of a reply without its event lines.
const ENVELOPE_BYTES: usize = 512;

/// Writes a JSON object of at least one field.
pub(crate) struct Object<'a> {
    out: &'a mut Vec<u8>,
    /// The byte before the next field: `{` before the first field, then `,`.
    before_field: u8,
}

impl<'a> Object<'a> {
    pub(crate) fn begin(out: &'a mut Vec<u8>) -> Self {
        Self { out, before_field: b'{' }
    }

    /// Appends a field. Its name needs no escapes.
    pub(crate) fn field(&mut self, name: &str, value: &impl Serialize) -> &mut Self {
        self.name(name);
        write(self.out, value);
        self
    }

    /// Appends a string field.
    pub(crate) fn text(&mut self, name: &str, text: &str) -> &mut Self {
        self.name(name);
        write_text(self.out, text);
        self
    }

    /// Appends a field if it has a value.
    pub(crate) fn optional(&mut self, name: &str, value: Option<&impl Serialize>) -> &mut Self {
        if let Some(value) = value {
            self.field(name, value);
        }
        self
    }

    /// Appends an array field of event lines, each with its newline. The lines are copied, not parsed.
    pub(crate) fn lines(&mut self, name: &str, lines: &[u8]) -> &mut Self {
        self.out.reserve(lines.len() + ENVELOPE_BYTES);
        self.name(name);
        self.out.push(b'[');
        let (start, lines) = (self.out.len(), lines.strip_suffix(b"\n").unwrap_or(lines));
        self.out.extend_from_slice(lines);
        let items = self.out.get_mut(start..).unwrap_or_default();
        // JSON escapes newlines in texts, so each newline separates two events.
        for separator in memchr::memchr_iter(b'\n', lines) {
            if let Some(byte) = items.get_mut(separator) {
                *byte = b',';
            }
        }
        self.out.push(b']');
        self
    }

    pub(crate) fn end(&mut self) {
        self.out.push(b'}');
    }

    fn name(&mut self, name: &str) {
        self.out.push(std::mem::replace(&mut self.before_field, b','));
        self.out.push(b'"');
        self.out.extend_from_slice(name.as_bytes());
        self.out.extend_from_slice(b"\":");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn written(write: impl FnOnce(&mut Vec<u8>)) -> String {
        let mut out = Vec::new();
        write(&mut out);
        String::from_utf8(out).expect("utf-8")
    }

    #[test]
    fn an_object_has_commas_between_its_fields_and_omits_absent_ones() {
        let object = written(|out| {
            let mut object = Object::begin(out);
            object
                .field("n", &1)
                .text("text", "oi")
                .optional("no", None::<&u8>)
                .optional("of", Some(&2))
                .end();
        });
        assert_eq!(object, r#"{"n":1,"text":"oi","of":2}"#);
    }

    proptest! {
        #[test]
        fn every_text_is_encoded_like_serde_json_encodes_it(text in "(?s).{0,40}") {
            let expected = serde_json::to_string(&text).expect("json");
            prop_assert_eq!(written(|out| write_text(out, &text)), expected);
        }
    }

    #[test]
    fn a_special_character_is_escaped_at_every_position() {
        for special in (0..b' ').chain([b'"', b'\\', 0x7f]).map(char::from) {
            for at in 0..40 {
                let text = format!("{}{special}{}", "x".repeat(at), "é".repeat(40 - at));
                let expected = serde_json::to_string(&text).expect("json");
                assert_eq!(written(|out| write_text(out, &text)), expected);
            }
        }
    }
}
