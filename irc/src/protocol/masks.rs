//! Masks: `*` and `?` in names, and the masks of bans.

use common::UserName;

/// A mask: `*` matches any text, `?` matches one character, and letters of ASCII match in both cases.
pub(crate) struct Mask {
    /// The characters in lower case. No `*` follows another.
    characters: Vec<char>,
    /// The number of characters other than `*`.
    length_min: usize,
}

impl Mask {
    pub(crate) fn new(mask: &str) -> Self {
        let mut characters: Vec<char> = mask.to_ascii_lowercase().chars().collect();
        characters.dedup_by(|one, other| *one == '*' && *other == '*');
        let length_min = characters.iter().filter(|character| **character != '*').count();
        Self { characters, length_min }
    }

    pub(crate) fn matches(&self, text: &str) -> bool {
        let text: Vec<char> = text.chars().map(|character| character.to_ascii_lowercase()).collect();
        if text.len() < self.length_min {
            return false;
        }
        let mask = &self.characters;
        // The position in the mask after the last `*`, and the position in the text after the match of the
        // `*`.
        let (mut at, mut read, mut star) = (0, 0, None);
        while let Some(character) = text.get(read) {
            match mask.get(at) {
                Some('*') => {
                    star = Some((at + 1, read));
                    at += 1;
                }
                Some(expected) if *expected == '?' || expected == character => {
                    at += 1;
                    read += 1;
                }
                Some(_) | None => {
                    let Some((after, skipped)) = star else { return false };
                    star = Some((after, skipped + 1));
                    (at, read) = (after, skipped + 1);
                }
            }
        }
        mask.iter().skip(at).all(|character| *character == '*')
    }
}

/// Whether a text is a mask, not a name.
pub(crate) fn is_mask(text: &str) -> bool {
    text.contains(['*', '?'])
}

/// The user of the mask of a ban: `nick` or `nick!*@*`. `None` for other masks, which papo does not have.
pub(crate) fn banned_user(mask: &str) -> Option<UserName> {
    let nick = mask.strip_suffix("!*@*").unwrap_or(mask);
    if is_mask(nick) { None } else { UserName::new(nick).ok() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn masks_match_texts() {
        for (mask, text) in
            [("*", ""), ("*", "abc"), ("a*c", "abbc"), ("A?c", "aBc"), ("*b*", "abc"), ("**", "a")]
        {
            assert!(Mask::new(mask).matches(text), "{mask} {text}");
        }
        for (mask, text) in [("", "a"), ("a", ""), ("a*c", "abd"), ("?", ""), ("a?", "a"), ("*x*", "abc")] {
            assert!(!Mask::new(mask).matches(text), "{mask} {text}");
        }
        assert!(!Mask::new(&"*a".repeat(50)).matches(&"b".repeat(400)), "a mask of many stars ends soon");
        assert_eq!(Mask::new("a****b").characters, ['a', '*', 'b']);
    }

    #[test]
    fn a_ban_is_for_one_user() {
        let user = |mask| banned_user(mask).map(|user| user.to_string());
        assert_eq!((user("Bob!*@*"), user("bob")), (Some("bob".into()), Some("bob".into())));
        for mask in ["*!*@*", "b?b!*@*", "bob!x@*", "*!*@host", ""] {
            assert_eq!(user(mask), None, "{mask}");
        }
    }
}
