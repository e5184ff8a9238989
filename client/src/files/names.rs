//! The local name of a downloaded file: the conversation, the sender, and the name that the sender gave to
//! the file. Unsafe characters of the sender's name for the file are replaced.

use common::{FileName, Target, UserName};

use crate::render::is_control_character;

/// The maximum bytes in the name of a file on common file systems, without the number ` (999)`.
const NAME_BYTES_MAX: usize = 255 - 6;

/// The maximum number of files with the same name. A number distinguishes them.
pub(super) const SAME_NAMES_MAX: u32 = 999;

/// `<sender>_<name>` for a direct message, `<channel>_<sender>_<name>` for a channel.
pub(crate) fn local_name(conversation: &Target, from: &UserName, name: &FileName) -> String {
    let prefix = match conversation {
        Target::Channel(channel) => format!("{}_", channel.as_str().trim_start_matches('#')),
        Target::User(_) => String::new(),
    };
    let safe = |c: char| if is_control_character(c) || matches!(c, '/' | '\\' | '\n') { '_' } else { c };
    let name: String = format!("{prefix}{from}_{}", name.as_str()).chars().map(safe).collect();
    let (stem, ending) = split(&name);
    let room = NAME_BYTES_MAX.saturating_sub(ending.len());
    let kept = (0..=room.min(stem.len())).rev().find(|end| stem.is_char_boundary(*end)).unwrap_or(0);
    format!("{}{ending}", stem.get(..kept).unwrap_or_default())
}

/// Adds a number to a name: ` (2)` precedes the ending.
pub(crate) fn numbered(name: &str, number: u32) -> String {
    let (stem, ending) = split(name);
    if number < 2 { name.to_owned() } else { format!("{stem} ({number}){ending}") }
}

/// Splits a name into stem and ending. The ending includes its dot. A long ending counts as part of the stem.
fn split(name: &str) -> (&str, &str) {
    let at = name.rfind('.').filter(|at| (1..name.len()).contains(at) && name.len() - at <= 16);
    name.split_at_checked(at.unwrap_or(name.len())).unwrap_or((name, ""))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(conversation: &str, name: &str) -> String {
        let from = UserName::new("alice").expect("a name");
        let name = FileName::new(name).expect("a name of a file");
        local_name(&Target::new(conversation).expect("a target"), &from, &name)
    }

    #[test]
    fn a_local_name_begins_with_channel_and_sender() {
        assert_eq!(named("@alice", "plan.pdf"), "alice_plan.pdf");
        assert_eq!(named("#trabalho", "plan.pdf"), "trabalho_alice_plan.pdf");
        assert_eq!(numbered("alice_plan.pdf", 1), "alice_plan.pdf");
        assert_eq!(numbered("alice_plan.pdf", 2), "alice_plan (2).pdf");
        assert_eq!(numbered("alice_plan", 3), "alice_plan (3)");
    }

    #[test]
    fn a_malicious_name_becomes_a_safe_file_name() {
        assert_eq!(named("@alice", ".bashrc"), "alice_.bashrc");
        assert_eq!(named("@alice", "...x"), "alice_...x");
        assert_eq!(named("@alice", "a\u{202e}fdp.exe"), "alice_a_fdp.exe");
        let long = named("@alice", &format!("{}.pdf", "é".repeat(118)));
        assert!(long.len() <= NAME_BYTES_MAX && long.ends_with("é.pdf"), "{long}");
        assert!(numbered(&long, SAME_NAMES_MAX).len() <= 255);
    }
}
