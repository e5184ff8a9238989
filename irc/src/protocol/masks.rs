//! Masks: `*` and `?` in names, and the masks of bans.

use common::UserName;

/// Whether a text matches a mask: `*` matches any text, `?` matches one character, and letters of ASCII match
/// in both cases.
pub(crate) fn matches(mask: &str, text: &str) -> bool {
    let mask: Vec<char> = mask.to_ascii_lowercase().chars().collect();
    let text: Vec<char> = text.to_ascii_lowercase().chars().collect();
    // The position in the mask after the last `*`, and the position in the text after what the `*` matches.
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
            assert!(matches(mask, text), "{mask} {text}");
        }
        for (mask, text) in [("", "a"), ("a", ""), ("a*c", "abd"), ("?", ""), ("a?", "a"), ("*x*", "abc")] {
            assert!(!matches(mask, text), "{mask} {text}");
        }
        assert!(!matches(&"*a".repeat(50), &"b".repeat(400)), "a mask of many stars ends soon");
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
