//! The sequences that make a terminal ring, or show a notification of the desktop.

use super::events::head_and_text;
use crate::i18n::Catalog;
use common::Target;
use session::Entry;

pub(super) const BELL: &str = "\x07";

/// The maximum length of the text of a notification, which desktops cut as well.
const CHARACTERS_MAX: usize = 200;

/// The notification about an event in the conversation `title`, as OSC 9 and as OSC 777. A terminal ignores
/// the one that it does not know. `None` for an unknown kind of event.
pub(super) fn sequence(catalog: Catalog, entry: &Entry, title: &Target) -> Option<String> {
    let (head, text) = head_and_text(catalog, entry.event.as_ref()?, title)?;
    // A semicolon separates the fields of OSC 777. The text has no control characters but newlines.
    let body: String =
        (head + &text).replace(';', ",").replace('\n', " ").chars().take(CHARACTERS_MAX).collect();
    // OSC 9;4 is a progress bar in some terminals, so the text never begins with a digit.
    Some(format!("\x1b]9;{title} {body}\x1b\\\x1b]777;notify;{title};{body}\x1b\\"))
}

#[cfg(test)]
mod tests {
    use testkit::user;

    use super::*;

    #[test]
    fn a_notification_has_no_control_characters_of_its_sender() {
        let line = r##"{"n":3,"at":7,"to":"#a","from":"bob","kind":"message","id":"01970000-0000-7000-8000-000000000001","text":"@ana a;b\nc\u001b]0;x\u0007 \u009c"}"##;
        let entry = Entry::read(&user("ana"), line).expect("an entry");
        let sequence = sequence(Catalog::ENGLISH, &entry, &entry.conversation).expect("a message");
        insta::assert_snapshot!(sequence.replace('\x1b', "ESC"), @r"ESC]9;#a bob: @ana a,b c␛]0,x␇ <U+009C>ESC\ESC]777;notify;#a;bob: @ana a,b c␛]0,x␇ <U+009C>ESC\");
    }
}
