//! Folds characters for the search, and classifies them by script.
//!
//! Marks that Unicode places over, under and through letters, such as accents, Hebrew points and Arabic vowel
//! signs, are removed, because most people omit them. The vowel signs of Indic scripts and Thai are always
//! written, so each counts as a character.

use unicode_normalization::UnicodeNormalization as _;
use unicode_normalization::char::{canonical_combining_class, is_combining_mark};
use unicode_script::{Script, ScriptExtension, UnicodeScript as _};

/// Converts a text to lowercase and removes characters that would split a word.
pub(super) fn lowercase(text: &str) -> String {
    if text.is_ascii() {
        return text.to_ascii_lowercase();
    }
    text.nfd().filter(|character| !is_ignored(*character)).nfc().flat_map(char::to_lowercase).collect()
}

/// Removes accents: decomposes a word, removes the marks, and composes the rest again, which keeps Korean
/// syllables together. Variants of one character, such as full width and the final sigma, become equal.
pub(super) fn fold(word: &str) -> String {
    let without_final_sigma = |character| if character == 'ς' { 'σ' } else { character };
    word.nfkd().filter(|character| !is_ignored(*character)).nfc().map(without_final_sigma).collect()
}

/// Whether the search ignores a character: an accent or point, or a character that stretches or joins
/// letters or selects their shape.
fn is_ignored(character: char) -> bool {
    match character {
        // Zero width joiner and non-joiner, the Arabic tatweel, variation selectors.
        '\u{200c}' | '\u{200d}' | '\u{640}' | '\u{fe00}'..='\u{fe0f}' | '\u{e0100}'..='\u{e01ef}' => true,
        '\u{300}'..='\u{36f}' => true,
        // Combining classes of Unicode: 1 goes through a letter; 10 to 36 are points of Hebrew, Arabic and
        // Syriac; from 200 on, marks are above, below or attached. The others (viramas, nuktas, signs of
        // Thai, Lao and Tibetan) count as letters.
        _ => matches!(canonical_combining_class(character), 1 | 10..=36 | 200..),
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Class {
    /// Part of a word in Latin letters, or of a number in any digits.
    Latin,
    /// Part of a word of another script that separates words by spaces.
    Spaced,
    /// Part of a script that writes words without spaces, or that joins particles to them.
    Unspaced,
    /// A separator between words.
    Other,
}

/// The scripts that do not separate words by spaces, and Hangul, which joins particles to short words.
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
    pub(super) fn of(character: char) -> Self {
        if character.is_ascii() {
            return if character.is_ascii_alphanumeric() { Self::Latin } else { Self::Other };
        }
        let script = character.script();
        let has_no_script = matches!(script, Script::Common | Script::Inherited | Script::Unknown);
        // Unicode does not classify all vowel signs as alphabetic.
        let is_sign = is_combining_mark(character) && !has_no_script;
        if !character.is_alphanumeric() && !is_sign {
            Self::Other
        } else if script == Script::Han {
            // Includes the ideographic zero, which Unicode classifies as a number.
            Self::Unspaced
        } else if script == Script::Latin || character.is_numeric() {
            Self::Latin
        } else if has_no_script {
            Self::of_shared(character.script_extension())
        } else if UNSPACED.contains(&script) {
            Self::Unspaced
        } else {
            Self::Spaced
        }
    }

    /// The class of a letter that several scripts share. A letter that Latin shares is Latin.
    fn of_shared(scripts: ScriptExtension) -> Self {
        if scripts.contains_script(Script::Latin) {
            Self::Latin
        } else if UNSPACED.iter().any(|script| scripts.contains_script(*script)) {
            Self::Unspaced
        } else {
            Self::Spaced
        }
    }
}
