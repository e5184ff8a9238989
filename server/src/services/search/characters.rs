//! What a character is to a search: folded to what it is compared as, and of which kind of script.
//!
//! Marks: what Unicode places over, under and through letters of any script, Hebrew points and Arabic vowel signs among them,
//! is folded away, as most people leave it out. The vowel signs of Indic scripts, Thai and the like are how words are
//! written; each counts as a character.

use unicode_normalization::UnicodeNormalization as _;
use unicode_normalization::char::{canonical_combining_class, is_combining_mark};
use unicode_script::{Script, ScriptExtension, UnicodeScript as _};

/// In small letters, and without what would cut a word in two.
pub(super) fn lowercase(text: &str) -> String {
    if text.is_ascii() {
        return text.to_ascii_lowercase();
    }
    text.nfd().filter(|character| !is_silent(*character)).nfc().flat_map(char::to_lowercase).collect()
}

/// Without accents: decomposed, without the marks, and composed again, which keeps what other scripts are made of (the parts
/// of a Korean syllable, say) together. What only looks different (full width, a final sigma) is one.
pub(super) fn fold(word: &str) -> String {
    let same = |character| if character == 'ς' { 'σ' } else { character };
    word.nfkd().filter(|character| !is_silent(*character)).nfc().map(same).collect()
}

/// Whether a text says the same without it: an accent or a point; what stretches or joins letters, or chooses their shape.
fn is_silent(character: char) -> bool {
    match character {
        // Zero width joiner and non-joiner, the stretcher of Arabic, variation selectors.
        '\u{200c}' | '\u{200d}' | '\u{640}' | '\u{fe00}'..='\u{fe0f}' | '\u{e0100}'..='\u{e01ef}' => true,
        '\u{300}'..='\u{36f}' => true,
        // Unicode's classes of marks: 1 goes through a letter, 10 to 36 are points of Hebrew, Arabic and Syriac, from 200 on
        // they are above, below or attached. The others (viramas, nuktas, signs of Thai, Lao, Tibetan) are letters here.
        _ => matches!(canonical_combining_class(character), 1 | 10..=36 | 200..),
    }
}

/// What a character is to a search.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Class {
    /// Part of a word in Latin letters, or of a number in any digits.
    Latin,
    /// Part of a word between spaces, of another script.
    Spaced,
    /// Of a script that writes words without spaces between them, or that joins much to them.
    Unspaced,
    /// Between words.
    Other,
}

/// The scripts whose words have no spaces between them; and Hangul, where two syllables make a word, and one more its case.
const UNSPACED: [Script; 15] = [
    Script::Han,
    Script::Hiragana,
    Script::Katakana,
    Script::Bopomofo,
    Script::Hangul,
    Script::Yi,
    Script::Thai,
    Script::Lao,
    Script::Tibetan,
    Script::Myanmar,
    Script::Khmer,
    Script::Tai_Le,
    Script::New_Tai_Lue,
    Script::Tai_Tham,
    Script::Tai_Viet,
];

impl Class {
    /// What this one is.
    pub(super) fn of(character: char) -> Self {
        if character.is_ascii() {
            return if character.is_ascii_alphanumeric() { Self::Latin } else { Self::Other };
        }
        let script = character.script();
        let is_of_none = matches!(script, Script::Common | Script::Inherited | Script::Unknown);
        // Not all vowel signs of a script are alphabetic by Unicode's book.
        let is_sign = is_combining_mark(character) && !is_of_none;
        if !character.is_alphanumeric() && !is_sign {
            Self::Other
        } else if script == Script::Han {
            // With its zero, which is a number to Unicode.
            Self::Unspaced
        } else if script == Script::Latin || character.is_numeric() {
            Self::Latin
        } else if is_of_none {
            Self::of_several(character.script_extension())
        } else if UNSPACED.contains(&script) {
            Self::Unspaced
        } else {
            Self::Spaced
        }
    }

    /// Of a letter that several scripts use; what all use is Latin, too.
    fn of_several(scripts: ScriptExtension) -> Self {
        if scripts.contains_script(Script::Latin) {
            Self::Latin
        } else if UNSPACED.iter().any(|script| scripts.contains_script(*script)) {
            Self::Unspaced
        } else {
            Self::Spaced
        }
    }
}
