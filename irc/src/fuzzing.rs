//! The entry point of the fuzz target: the parts of the front that read the bytes of any client.
//!
//! The function panics if the front violates one of its invariants.

use crate::limits::{LINE_BYTES_MAX, PARAMS_MAX, TAGS_BYTES_MAX};
use crate::protocol::capabilities::{Cap, Caps};
use crate::protocol::line::Line;
use crate::protocol::lines::{Input, Lines};
use crate::protocol::message::Message;

/// Splits bytes into lines, parses the lines, and writes their parameters and tags to another client. The
/// first byte is the number of bytes that arrive at once.
pub fn client_bytes(input: &[u8]) {
    let Some((first, bytes)) = input.split_first() else { return };
    let whole = all(&[bytes]);
    let parts: Vec<_> = bytes.chunks(usize::from(*first).max(1)).collect();
    let longest = bytes.split(|byte| matches!(byte, b'\r' | b'\n')).map(<[u8]>::len).max();
    // A line that is too long is skipped at another position if it arrives in parts.
    if longest.is_none_or(|longest| longest <= LINE_BYTES_MAX + TAGS_BYTES_MAX) {
        assert_eq!(whole, all(&parts), "the parts in which bytes arrive do not matter");
    }
    let lines =
        whole.iter().filter_map(|input| if let Input::Line(line) = input { Some(line) } else { None });
    lines.filter_map(|line| Message::parse(line)).for_each(|message| check(&message));
}

fn all(parts: &[&[u8]]) -> Vec<Input> {
    let mut lines = Lines::default();
    let mut found = Vec::new();
    for part in parts {
        lines.push(part);
        found.extend(std::iter::from_fn(|| lines.take()));
        assert!(lines.len() <= LINE_BYTES_MAX + TAGS_BYTES_MAX, "{} bytes wait", lines.len());
    }
    found
}

fn check(message: &Message) {
    let Message { tags, command, params } = message;
    assert!(!command.is_empty() && !command.contains(' ') && params.len() <= PARAMS_MAX);
    let mut caps = Caps::default();
    Cap::ALL.iter().for_each(|cap| caps.set(*cap, true));
    let line = params
        .iter()
        .fold(Line::new("alice!alice@papo", "PRIVMSG"), |line, param| line.param(param.as_str()));
    let mut out = Vec::new();
    line.write(caps, &mut out);
    let text = String::from_utf8(out).unwrap_or_default();
    let body = text.strip_suffix("\r\n").unwrap_or("\n");
    assert!(text.len() <= LINE_BYTES_MAX, "{} bytes", text.len());
    assert!(!body.contains(|character: char| character.is_control() && character != '\t'), "{body:?}");
    let values = tags.iter().map(|(_, value)| value);
    let tagged = values.fold(line, |line, value| line.tag(format!("+{}", value.len()), value.clone()));
    let mut out = Vec::new();
    tagged.write(caps, &mut out);
    let text = String::from_utf8(out).unwrap_or_default();
    assert_eq!(text.matches(['\r', '\n']).count(), 2, "{text:?}");
    let copy = Message::parse(text.trim_end());
    let is_same = |(name, value): &(String, String)| *name == format!("+{}", value.len());
    assert!(copy.is_some_and(|copy| copy.tags.iter().all(is_same)), "{text:?}");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_entry_point_reads_lines_with_tags() {
        let long = [b"\x05@+a=".as_slice(), &[b'b'; 4_000], b" PRIVMSG #ops :oi\r\n"].concat();
        for input in [
            b"".as_slice(),
            b"\x00NICK a\r\nUSER a 0 * :A\r\n",
            b"\x03@+draft/reply=1\\:2;x=\\s PRIVMSG #ops :\x01ACTION a\x01\xff\n@a :b c d",
            &long,
            &[b'x'; 20_000],
        ] {
            client_bytes(input);
        }
    }
}
