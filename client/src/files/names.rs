//! The local name of a fetched file. The name that the sender chose is not trusted: it becomes the end of our
//! own name.

use common::{FileName, Target, UserName};

use crate::render::is_harmful;

/// Bytes in the name of a file on common file systems, minus ` (999)`.
const NAME_BYTES_MAX: usize = 255 - 6;

/// Files of one name, distinguished by a number.
pub(super) const SAME_NAMES_MAX: u32 = 999;

/// `<sender>_<name>` for a direct message, `<group>_<sender>_<name>` from a channel.
pub(crate) fn local(conversation: &Target, from: &UserName, name: &FileName) -> String {
    let place = match conversation {
        Target::Channel(channel) => format!("{}_", channel.as_str().trim_start_matches('#')),
        Target::User(_) => String::new(),
    };
    let harmless = |c: char| if is_harmful(c) || matches!(c, '/' | '\\' | '\n') { '_' } else { c };
    let name: String = format!("{place}{from}_{}", name.as_str()).chars().map(harmless).collect();
    let (stem, ending) = split(&name);
    let room = NAME_BYTES_MAX.saturating_sub(ending.len());
    let kept = (0..=room.min(stem.len())).rev().find(|end| stem.is_char_boundary(*end)).unwrap_or(0);
    format!("{}{ending}", stem.get(..kept).unwrap_or_default())
}

/// The name of a further file: ` (2)` before the ending.
pub(crate) fn numbered(name: &str, number: u32) -> String {
    let (stem, ending) = split(name);
    if number < 2 { name.to_owned() } else { format!("{stem} ({number}){ending}") }
}

/// Splits a name into stem and ending. The ending has its dot; it is empty if it would be long.
fn split(name: &str) -> (&str, &str) {
    let at = name.rfind('.').filter(|at| (1..name.len()).contains(at) && name.len() - at <= 16);
    name.split_at_checked(at.unwrap_or(name.len())).unwrap_or((name, ""))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn local_name(conversation: &str, name: &str) -> String {
        let from = UserName::new("alice").expect("a name");
        let name = FileName::new(name).expect("a name of a file");
        local(&Target::new(conversation).expect("a target"), &from, &name)
    }

    #[test]
    fn a_name_says_where_it_comes_from() {
        assert_eq!(local_name("@alice", "plan.pdf"), "alice_plan.pdf");
        assert_eq!(local_name("#trabalho", "plan.pdf"), "trabalho_alice_plan.pdf");
        assert_eq!(numbered("alice_plan.pdf", 1), "alice_plan.pdf");
        assert_eq!(numbered("alice_plan.pdf", 2), "alice_plan (2).pdf");
        assert_eq!(numbered("alice_plan", 3), "alice_plan (3)");
    }

    #[test]
    fn a_stranger_s_name_does_no_harm() {
        assert_eq!(local_name("@alice", ".bashrc"), "alice_.bashrc");
        assert_eq!(local_name("@alice", "...x"), "alice_...x");
        assert_eq!(local_name("@alice", "a\u{202e}fdp.exe"), "alice_a_fdp.exe");
        let long = local_name("@alice", &format!("{}.pdf", "é".repeat(118)));
        assert!(long.len() <= NAME_BYTES_MAX && long.ends_with("é.pdf"), "{long}");
        assert!(numbered(&long, SAME_NAMES_MAX).len() <= 255);
    }
}
