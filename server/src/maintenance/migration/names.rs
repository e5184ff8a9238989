//! Replaces names that papo refuses. Two names of an export never get the same name.
//!
//! The replacement of a refused name has `-` for each refused character, begins with a letter or a digit, and
//! has at most 28 characters. A name that another entry has gets the suffix `-2`, `-3` and so on.

use std::collections::HashSet;

use common::{ChannelName, UserName};

/// The maximum number of characters of a replacement without its suffix. [`NAME_CHARACTERS_MAX`] is 32.
///
/// [`NAME_CHARACTERS_MAX`]: common::limits::NAME_CHARACTERS_MAX
const STEM_CHARACTERS_MAX: usize = 25;

/// The names that entries of the export have.
#[derive(Default)]
pub(super) struct Names {
    taken: HashSet<String>,
}

impl Names {
    /// The name of a user. `is_usable` says whether the user may have a name.
    pub(super) fn user(&mut self, wanted: &str, is_usable: impl Fn(&UserName) -> bool) -> UserName {
        self.unused(wanted, "user", |name| UserName::new(name).ok().filter(&is_usable), UserName::as_str)
    }

    /// The name of a channel, with its `#`.
    pub(super) fn channel(&mut self, wanted: &str, is_usable: impl Fn(&ChannelName) -> bool) -> ChannelName {
        let parse = |name: &str| ChannelName::new(&format!("#{name}")).ok().filter(&is_usable);
        self.unused(wanted, "channel", parse, ChannelName::as_str)
    }

    fn unused<N>(
        &mut self,
        wanted: &str,
        fallback: &str,
        parse: impl Fn(&str) -> Option<N>,
        as_str: impl Fn(&N) -> &str,
    ) -> N {
        let cleaned = cleaned(wanted, fallback);
        let stem: String = cleaned.chars().take(STEM_CHARACTERS_MAX).collect();
        let stem = if parse(&format!("{stem}-0")).is_some() { &*stem } else { fallback };
        let mut number = 0_u64;
        loop {
            let name = match number {
                0 => parse(wanted),
                1 => parse(&cleaned),
                _ => parse(&format!("{stem}-{number}")),
            };
            if let Some(name) = name
                && self.taken.insert(as_str(&name).to_owned())
            {
                return name;
            }
            number += 1;
        }
    }
}

/// A name with `-` for each refused character.
fn cleaned(wanted: &str, fallback: &str) -> String {
    let mut name = String::new();
    for character in wanted.to_lowercase().chars() {
        let is_valid = character.is_alphanumeric() || matches!(character, '.' | '_' | '-');
        match is_valid {
            true => name.push(character),
            false if !name.ends_with('-') => name.push('-'),
            false => {}
        }
    }
    let name = name.trim_start_matches(|character: char| !character.is_alphanumeric());
    let name: String = name.chars().take(28).collect();
    let name = name.trim_end_matches('-');
    if UserName::new(name).is_ok() {
        return name.to_owned();
    }
    let ascii: String = name.chars().filter(char::is_ascii).collect();
    let ascii = ascii.trim_start_matches(|character: char| !character.is_alphanumeric());
    if ascii.is_empty() { fallback.to_owned() } else { ascii.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_name_is_valid_and_unique() {
        let mut names = Names::default();
        let mut user = |name: &str| names.user(name, |_| true).to_string();
        assert_eq!(user("ana"), "ana");
        assert_eq!(user("Ana"), "ana-2");
        assert_eq!(user("ana"), "ana-3");
        assert_eq!(user("João Silva"), "joão-silva");
        assert_eq!(user("__init__"), "init__");
        assert_eq!(user("🙂"), "user");
        assert_eq!(user(""), "user-2");
        assert_eq!(user("שלוםabc"), "abc");
        assert_eq!(user(&"x".repeat(80)), "x".repeat(28));
        assert_eq!(user(&"x".repeat(81)), format!("{}-2", "x".repeat(25)));
        assert_eq!(names.channel("Dev Ops!", |_| true).as_str(), "#dev-ops");
    }

    #[test]
    fn an_unusable_name_gets_a_suffix() {
        let mut names = Names::default();
        assert_eq!(names.user("ana", |name| name.as_str() != "ana").as_str(), "ana-2");
        assert_eq!(names.user("שלום!x", |name| name.as_str() != "x").as_str(), "x-2");
    }
}
