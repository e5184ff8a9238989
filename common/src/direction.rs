//! The Bidi rule of RFC 5893, section 2, which RFC 8265 requires for user names: a name is displayed in one
//! direction in every text. (`precis-profiles` 0.2 refuses names with a mark between two letters, so it is
//! not used here.)

use unicode_bidi::BidiClass::{self, AL, AN, BN, CS, EN, ES, ET, L, NSM, ON, R};
use unicode_bidi::bidi_class;

/// Whether a name has no right-to-left characters, or satisfies the six conditions of the Bidi rule.
pub(crate) fn has_one_direction(name: &str) -> bool {
    let classes = || name.chars().map(bidi_class);
    if !classes().any(|class| matches!(class, R | AL | AN)) {
        return true;
    }
    let has = |wanted: BidiClass| classes().any(|class| class == wanted);
    let last = name.chars().rev().map(bidi_class).find(|class| *class != NSM);
    match classes().next() {
        Some(R | AL) => {
            classes().all(|class| matches!(class, R | AL | AN | EN | ES | CS | ET | ON | BN | NSM))
                && matches!(last, Some(R | AL | EN | AN))
                && !(has(EN) && has(AN))
        }
        Some(L) => {
            classes().all(|class| matches!(class, L | EN | ES | CS | ET | ON | BN | NSM))
                && matches!(last, Some(L | EN))
        }
        Some(_) | None => false,
    }
}
