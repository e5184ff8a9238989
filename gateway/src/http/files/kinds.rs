//! Decides whether a browser may show a file: by the first bytes of the file, never by its name.

/// The number of first bytes that determine the kind of a file.
pub(crate) const SNIFFED_BYTES: u64 = 512;

/// The content type of a file, and whether a browser may show it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Shown {
    pub(crate) content_type: &'static str,
    /// Whether the browser may show the file. Otherwise it offers to save the file.
    pub(crate) is_inline: bool,
}

/// The kinds that no browser executes, with their first bytes.
const INLINE: [(&str, usize, &[u8]); 12] = [
    ("image/png", 0, b"\x89PNG\r\n\x1a\n"),
    ("image/jpeg", 0, b"\xff\xd8\xff"),
    ("image/gif", 0, b"GIF87a"),
    ("image/gif", 0, b"GIF89a"),
    ("image/webp", 8, b"WEBPVP8"),
    ("image/avif", 4, b"ftypavif"),
    ("audio/mpeg", 0, b"ID3"),
    ("audio/ogg", 0, b"OggS\0"),
    ("video/mp4", 4, b"ftypisom"),
    ("video/mp4", 4, b"ftypmp4"),
    ("video/mp4", 4, b"ftypiso"),
    ("video/webm", 0, b"\x1a\x45\xdf\xa3"),
];

/// The kind of a file with these first bytes. SVG, HTML and PDF can contain scripts, so they are saved.
pub(crate) fn kind_of(start: &[u8]) -> Shown {
    let start = start.get(..SNIFFED_BYTES as usize).unwrap_or(start);
    let is_kind = |(_, at, magic): &&(&str, usize, &[u8])| {
        start.get(*at..).is_some_and(|bytes| bytes.starts_with(magic))
    };
    if let Some((content_type, ..)) = INLINE.iter().find(is_kind) {
        return Shown { content_type, is_inline: true };
    }
    if is_text(start) {
        return Shown { content_type: "text/plain; charset=utf-8", is_inline: true };
    }
    Shown { content_type: "application/octet-stream", is_inline: false }
}

/// Whether the bytes are plain text, and not the start of a document that a browser would execute.
fn is_text(start: &[u8]) -> bool {
    let text = match std::str::from_utf8(start) {
        Ok(text) => text,
        // The last character may be cut.
        Err(error) if error.error_len().is_none() => {
            std::str::from_utf8(start.get(..error.valid_up_to()).unwrap_or_default()).unwrap_or_default()
        }
        Err(_) => return false,
    };
    let is_markup = text.trim_start_matches(['\u{feff}', ' ', '\t', '\r', '\n']).starts_with('<');
    let is_document = text.starts_with("%PDF");
    !is_markup && !is_document && !text.contains(|c: char| c.is_control() && !matches!(c, '\t' | '\r' | '\n'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_harmless_kinds_are_shown() {
        for (start, content_type) in [
            (&b"\x89PNG\r\n\x1a\n...."[..], "image/png"),
            (b"RIFF....WEBPVP8 ", "image/webp"),
            (b"....ftypisom", "video/mp4"),
            ("olá\n".as_bytes(), "text/plain; charset=utf-8"),
            (b"", "text/plain; charset=utf-8"),
        ] {
            assert_eq!(kind_of(start), Shown { content_type, is_inline: true });
        }
        for start in [
            &b"<svg xmlns='http://www.w3.org/2000/svg'>"[..],
            b"  \n<!DOCTYPE html>",
            "\u{feff}<html>".as_bytes(),
            b"%PDF-1.7",
            b"\x7fELF",
            b"text\0",
            b"\xff\xfe<\0",
        ] {
            assert_eq!(kind_of(start).content_type, "application/octet-stream", "{start:?}");
            assert!(!kind_of(start).is_inline);
        }
    }
}
