//! Names that look like others: users could take one account for another.
//!
//! Only new names are checked. Names of one script that look alike, such as `modem` and `modern`, are allowed:
//! fonts differ, and readers know the letters of their script.

use common::{Detail, UserName};
use unicode_security::mixed_script::AugmentedScriptSet;
use unicode_security::{MixedScript as _, skeleton};

/// The form that all confusable names share (Unicode TS 39, section 4).
pub(super) fn skeleton_of(user: &UserName) -> Box<str> {
    skeleton(user.as_str()).collect::<String>().into()
}

/// Checks that a name uses letters of one script (Unicode TS 39, section 5; Japanese and Korean count as one).
pub(super) fn check_script(user: &UserName) -> Result<(), Detail> {
    if user.as_str().is_single_script() { Ok(()) } else { Err(Detail::NameMixesScripts) }
}

/// Whether two names with one skeleton are of different scripts.
pub(super) fn differ_in_script(one: &UserName, other: &UserName) -> bool {
    let mut shared = AugmentedScriptSet::for_str(one.as_str());
    shared.intersect_with(AugmentedScriptSet::for_str(other.as_str()));
    shared.is_empty()
}
