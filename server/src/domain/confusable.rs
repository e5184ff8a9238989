//! Names that look like others: users could take one account for another.
//!
//! Only new names are checked. Names of one script that look alike, such as `modem` and `modern`, are
//! allowed: fonts differ, and readers know the letters of their script.

use std::collections::HashMap;

use common::{Detail, UserName};
use foldhash::fast::RandomState;
use unicode_security::mixed_script::AugmentedScriptSet;
use unicode_security::{MixedScript as _, skeleton};

/// The first name of each skeleton.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Skeletons(HashMap<Box<str>, UserName, RandomState>);

impl Skeletons {
    pub(super) fn add(&mut self, user: &UserName) {
        let first = self.0.entry(skeleton_of(user)).or_insert_with(|| user.clone());
        if user < first {
            *first = user.clone();
        }
    }

    /// The user of another script whose name can be confused with this one.
    pub(super) fn confusable_with(&self, user: &UserName) -> Option<&UserName> {
        let known = self.0.get(&skeleton_of(user))?;
        differ_in_script(known, user).then_some(known)
    }
}

/// The form that all confusable names share (Unicode TS 39, section 4).
fn skeleton_of(user: &UserName) -> Box<str> {
    skeleton(user.as_str()).collect::<String>().into()
}

/// Checks that a name uses letters of one script (Unicode TS 39, section 5; Japanese and Korean count as
/// one).
pub(super) fn check_script(user: &UserName) -> Result<(), Detail> {
    if user.as_str().is_single_script() { Ok(()) } else { Err(Detail::NameMixesScripts) }
}

/// Whether two names with one skeleton are of different scripts.
fn differ_in_script(one: &UserName, other: &UserName) -> bool {
    let mut shared = AugmentedScriptSet::for_str(one.as_str());
    shared.intersect_with(AugmentedScriptSet::for_str(other.as_str()));
    shared.is_empty()
}

#[cfg(test)]
mod tests {
    use testkit::user;

    use super::*;

    /// `сосо` and `оса` have Cyrillic letters only, `аdmin` begins with one.
    #[test]
    fn names_of_two_scripts_are_confusable_and_names_of_one_script_are_not() {
        let are_confusable = |one, other| {
            let (one, other) = (user(one), user(other));
            skeleton_of(&one) == skeleton_of(&other) && differ_in_script(&one, &other)
        };
        assert!(are_confusable("сосо", "coco") && are_confusable("oca", "оса"));
        assert!(!are_confusable("modem", "modern") && !are_confusable("ирина", "irina"));
        assert_eq!(check_script(&user("аdmin")), Err(Detail::NameMixesScripts));
        for name in ["дмитрий", "joão", "山田たろう", "bob-2.x_", "김철수"] {
            assert_eq!(check_script(&user(name)), Ok(()), "{name}");
        }
    }
}
