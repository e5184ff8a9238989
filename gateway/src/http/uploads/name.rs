//! The name of a posted file, from the header `Content-Disposition` (RFC 6266).

use std::borrow::Cow;

use axum::http::{HeaderMap, header};
use common::Detail;
use common::files::FileName;

/// The name of a file whose client gives no name.
const UNNAMED: &str = "file";

/// The name without its path. Fails if the node would refuse the name.
pub(super) fn of(headers: &HeaderMap) -> Result<FileName, Detail> {
    let value =
        headers.get(header::CONTENT_DISPOSITION).map(|value| String::from_utf8_lossy(value.as_bytes()));
    let value = value.unwrap_or_default();
    let extended = parameter(&value, "filename*").and_then(|text| decoded(&text));
    let given = extended.or_else(|| parameter(&value, "filename"));
    let name = given.as_deref().unwrap_or(UNNAMED);
    FileName::new(name.rsplit(['/', '\\']).next().unwrap_or_default())
}

/// The value of a parameter of a header.
fn parameter(header: &str, wanted: &str) -> Option<String> {
    let (_kind, mut rest) = header.split_once(';')?;
    loop {
        let (before, after) = rest.split_once('=')?;
        let (value, next) = first_value(after);
        let name = before.rsplit(';').next().unwrap_or_default();
        if name.trim().eq_ignore_ascii_case(wanted) {
            return Some(value);
        }
        rest = next;
    }
}

/// The value at the start of a text, and the text after the value.
fn first_value(text: &str) -> (String, &str) {
    let after = |rest: &'_ str| rest.find(';').map_or(rest.len(), |end| end + 1);
    let Some(quoted) = text.trim_start().strip_prefix('"') else {
        let (value, rest) = text.split_once(';').unwrap_or((text, ""));
        return (value.trim().to_owned(), rest);
    };
    let (mut value, mut characters) = (String::new(), quoted.chars());
    while let Some(character) = characters.next() {
        match character {
            '"' => {
                let rest = characters.as_str();
                return (value, rest.get(after(rest)..).unwrap_or_default());
            }
            '\\' => value.extend(characters.next()),
            other => value.push(other),
        }
    }
    (value, "")
}

/// Decodes an extended value (RFC 8187), such as `UTF-8''ol%C3%A1.txt`.
fn decoded(text: &str) -> Option<String> {
    let mut parts = text.splitn(3, '\'');
    let (charset, _language, encoded) = (parts.next()?, parts.next()?, parts.next()?);
    let decoded = percent_encoding::percent_decode_str(encoded).decode_utf8().ok()?;
    charset.eq_ignore_ascii_case("utf-8").then(|| Cow::into_owned(decoded))
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn name(value: &str) -> String {
        let value = HeaderValue::from_bytes(value.as_bytes()).expect("a value");
        let name = of(&HeaderMap::from_iter([(header::CONTENT_DISPOSITION, value)]));
        name.map_or_else(|detail| format!("{detail:?}"), |name| name.as_str().to_owned())
    }

    #[test]
    fn a_name_is_found_in_all_forms_of_the_header() {
        for (header, expected) in [
            ("attachment; filename=\"plan b.pdf\"", "plan b.pdf"),
            ("attachment; FileName = plan.pdf ; size=3", "plan.pdf"),
            ("attachment; filename=\"a;b=\\\"c\\\".txt\"; size=3", "a;b=\"c\".txt"),
            ("attachment; filename=\"ola.txt\"; filename*=UTF-8''ol%C3%A1.txt", "olá.txt"),
            ("attachment; filename*=utf-8'pt'ol%C3%A1.txt; filename=x", "olá.txt"),
            ("attachment; filename*=latin1''ol%E1.txt; filename=ola.txt", "ola.txt"),
            ("attachment; filename=\"olá.txt\"", "olá.txt"),
            ("attachment; flag; filename=a.txt", "a.txt"),
            ("attachment; filename=\"a.txt", "a.txt"),
            ("attachment", "file"),
            ("inline; size=3", "file"),
        ] {
            assert_eq!(name(header), expected, "{header}");
        }
        assert_eq!(of(&HeaderMap::new()).map(|name| name.as_str().to_owned()), Ok("file".to_owned()));
    }

    #[test]
    fn a_name_has_no_path() {
        for header in [
            "attachment; filename=\"/etc/passwd\"",
            "attachment; filename=\"../../passwd\"",
            "attachment; filename=\"C:\\\\windows\\\\passwd\"",
            "attachment; filename*=UTF-8''..%2F..%2Fpasswd",
            "attachment; filename*=UTF-8''..%5Cpasswd",
        ] {
            assert_eq!(name(header), "passwd", "{header}");
        }
        for (header, refused) in [
            ("attachment; filename=\"..\"", "FileNameEmpty"),
            ("attachment; filename=\"a/\"", "FileNameEmpty"),
            ("attachment; filename=\"\"", "FileNameEmpty"),
            ("attachment; filename*=UTF-8''a%0Ab", "FileNameCharacters"),
        ] {
            assert_eq!(name(header), refused, "{header}");
        }
        assert!(name(&format!("attachment; filename={}", "x".repeat(241))).starts_with("FileNameTooLong"));
    }
}
