//! Reads the JSON of a webhook, from the body or from the field `payload` of a form.

use percent_encoding::percent_decode;
use serde_json::Value;

use super::BadBody;

/// Reads the JSON object of a body. `is_form` is true if the headers announce a form.
pub(crate) fn read(body: &[u8], is_form: bool) -> Result<Value, BadBody> {
    let body = match body.strip_prefix(b"payload=") {
        Some(payload) => decode(payload.split(|byte| *byte == b'&').next().unwrap_or_default()),
        None if is_form => {
            let mut fields = body.split(|byte| *byte == b'&');
            let payload = fields.find_map(|field| field.strip_prefix(b"payload="));
            decode(payload.ok_or(BadBody::InvalidPayload)?)
        }
        None => body.to_vec(),
    };
    let parsed = serde_json::from_slice(&body).or_else(|_| serde_json::from_slice(&repair(&body)));
    parsed.ok().filter(Value::is_object).ok_or(BadBody::InvalidPayload)
}

fn decode(value: &[u8]) -> Vec<u8> {
    let spaces: Vec<u8> = value.iter().map(|byte| if *byte == b'+' { b' ' } else { *byte }).collect();
    percent_decode(&spaces).collect()
}

/// Escapes control characters inside of strings. Some senders do not escape line breaks and tabs.
fn repair(body: &[u8]) -> Vec<u8> {
    let mut repaired = Vec::with_capacity(body.len());
    let (mut is_in_string, mut is_escaped) = (false, false);
    for byte in body {
        match byte {
            b'"' if !is_escaped => is_in_string = !is_in_string,
            0..0x20 if is_in_string => {
                repaired.extend_from_slice(format!("\\u{byte:04x}").as_bytes());
                continue;
            }
            _ => {}
        }
        is_escaped = is_in_string && *byte == b'\\' && !is_escaped;
        repaired.push(*byte);
    }
    repaired
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_body_is_json_or_a_form_with_json() {
        let object = json!({ "text": "a & b + c" });
        let form = b"payload=%7B%22text%22%3A%22a+%26+b+%2B+c%22%7D";
        assert_eq!(read(object.to_string().as_bytes(), false), Ok(object.clone()));
        for is_form in [true, false] {
            assert_eq!(read(form, is_form), Ok(object.clone()));
        }
        assert_eq!(read(&[b"token=x&", &form[..], b"&y=1"].concat(), true), Ok(object));
        for bad in [&b""[..], b"[]", b"\"text\"", b"{", b"text=x", b"payload=", b"\xff"] {
            assert_eq!(read(bad, false), Err(BadBody::InvalidPayload), "{bad:?}");
        }
        assert_eq!(read(b"{}", true), Err(BadBody::InvalidPayload));
    }

    #[test]
    fn line_breaks_and_tabs_in_strings_are_repaired() {
        let bare = b"{\n \"text\": \"one\ntwo\t\\\"three\\\\\",\n \"x\": 1 }";
        assert_eq!(read(bare, false), Ok(json!({ "text": "one\ntwo\t\"three\\", "x": 1 })));
    }
}
