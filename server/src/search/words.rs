//! The words of a text, as they are compared: case and accents folded, with their stems, and where a script writes no
//! spaces, its characters one by one and in pairs.
//!
//! Two decisions. Stems: a chat mixes languages, so every word is reduced by the rules of English and by those of
//! Portuguese, each beside the word itself; a query finds a word by any of the three (`deploys` finds *deployed*,
//! `mensagens` finds *mensagem*). Scripts without spaces: pairs of characters, found as a phrase, find every
//! substring without knowing any dictionary, and cost nothing in texts of other scripts.

use std::borrow::Cow;

use frostem::{Algorithm, Stemmer};
use unicode_normalization::UnicodeNormalization as _;

/// What is longer, in bytes, is no word that anybody looks for: an encoded file, a link's signature.
const WORD_BYTES_MAX: usize = 128;

/// What a token stands for at its position.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// The word itself.
    Word,
    /// A stem of it, with a mark before it that says of which language.
    Stem,
    /// A character of a script without spaces.
    Character,
    /// That character and the next.
    Pair,
}

/// One token of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Token {
    pub(super) position: usize,
    pub(super) kind: Kind,
    pub(super) text: String,
}

/// Stands before a stem, so that it is not taken for a word. No word begins with a control character.
const STEMMERS: [(char, Algorithm); 2] = [('\u{1}', Algorithm::English), ('\u{2}', Algorithm::Portuguese)];

/// The tokens of a text, in order.
pub(super) fn tokens(text: &str) -> Vec<Token> {
    let text: String = text.nfc().flat_map(char::to_lowercase).collect();
    let (mut tokens, mut position, mut rest) = (Vec::new(), 0, &*text);
    while let Some(first) = rest.chars().next() {
        let class = Class::of(first);
        let end = rest.find(|character| Class::of(character) != class).unwrap_or(rest.len());
        let (run, behind) = rest.split_at(end);
        match class {
            Class::Other => {}
            Class::Spaced if run.len() <= WORD_BYTES_MAX => {
                push_word(run, position, &mut tokens);
                position += 1;
            }
            Class::Spaced => position += 1,
            Class::Unspaced => position = push_characters(run, position, &mut tokens),
        }
        rest = behind;
    }
    tokens
}

/// The tokens that a text must have, at their places, to hold this one as it is: one for each position.
pub(super) fn exact(tokens: &[Token]) -> Vec<(usize, &str)> {
    let mut exact: Vec<(usize, &str)> = Vec::new();
    for Token { position, kind, text } in tokens {
        match kind {
            Kind::Stem => {}
            Kind::Pair if exact.last().is_some_and(|(last, _)| last == position) => {
                // The pair says more than its first character.
                exact.pop();
                exact.push((*position, text));
            }
            Kind::Word | Kind::Character | Kind::Pair => exact.push((*position, text)),
        }
    }
    exact
}

/// By which a single word is found: itself, and whatever has a stem of it.
pub(super) fn forms(tokens: &[Token]) -> Vec<String> {
    let mut forms = Vec::new();
    for Token { kind, text, .. } in tokens {
        forms.push(text.clone());
        if *kind == Kind::Stem {
            // A word that is its own stem has no token for it.
            forms.push(text.chars().skip(1).collect());
        } else if *kind == Kind::Word {
            forms.extend(STEMMERS.iter().map(|(mark, _)| format!("{mark}{text}")));
        }
    }
    forms.sort_unstable();
    forms.dedup();
    forms
}

fn push_word(word: &str, position: usize, tokens: &mut Vec<Token>) {
    let folded = fold(word);
    for (mark, algorithm) in STEMMERS {
        // Without accents, as many write: the stem must be that of the word with them.
        let word =
            if algorithm == Algorithm::Portuguese { singular(&folded) } else { folded.as_str().into() };
        let stem = Stemmer::new(algorithm).stem(&word);
        if stem != folded {
            tokens.push(Token { position, kind: Kind::Stem, text: format!("{mark}{stem}") });
        }
    }
    tokens.push(Token { position, kind: Kind::Word, text: folded });
}

/// The plurals of Portuguese that change the end of a word, which the stemmer does not know.
fn singular(word: &str) -> Cow<'_, str> {
    let plurals = [("oes", "ao"), ("aes", "ao"), ("ns", "m"), ("ais", "al"), ("eis", "el"), ("ois", "ol")];
    let singular =
        plurals.iter().find_map(|(plural, end)| Some(format!("{}{end}", word.strip_suffix(plural)?)));
    singular.map_or(word.into(), Cow::from)
}

/// Returns the position behind them.
fn push_characters(run: &str, mut position: usize, tokens: &mut Vec<Token>) -> usize {
    let mut characters = run.chars().peekable();
    while let Some(character) = characters.next() {
        tokens.push(Token { position, kind: Kind::Character, text: character.into() });
        if let Some(next) = characters.peek() {
            tokens.push(Token { position, kind: Kind::Pair, text: [character, *next].iter().collect() });
        }
        position += 1;
    }
    position
}

/// Without accents: decomposed, without the combining diacritical marks, and composed again, which keeps what other
/// scripts are made of (the parts of a Korean syllable, say) together.
fn fold(word: &str) -> String {
    word.nfkd().filter(|character| !matches!(character, '\u{300}'..='\u{36f}')).nfc().collect()
}

/// What a character is to a search.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Class {
    /// Part of a word between spaces.
    Spaced,
    /// Of a script that writes words without spaces between them.
    Unspaced,
    /// Between words.
    Other,
}

impl Class {
    fn of(character: char) -> Self {
        match character {
            // Thai, Lao; Tibetan, Myanmar; Khmer; Hiragana, Katakana; ideographs, also of the supplementary planes.
            '\u{e01}'..='\u{e4e}'
            | '\u{e81}'..='\u{ecd}'
            | '\u{f40}'..='\u{fbc}'
            | '\u{1000}'..='\u{1049}' => Self::Unspaced,
            '\u{1780}'..='\u{17d3}' | '\u{3041}'..='\u{309f}' | '\u{30a1}'..='\u{30ff}' => Self::Unspaced,
            '\u{3005}'..='\u{3007}' | '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}' => Self::Unspaced,
            '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{3ffff}' => Self::Unspaced,
            // A mark that is not composed with its letter belongs to it.
            '\u{300}'..='\u{36f}' => Self::Spaced,
            _ if character.is_alphanumeric() => Self::Spaced,
            _ => Self::Other,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> String {
        let shown = |token: &Token| {
            format!("{}{}", token.position, token.text.replace('\u{1}', "en:").replace('\u{2}', "pt:"))
        };
        tokens(text).iter().map(shown).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn case_accents_and_compositions_are_folded() {
        insta::assert_snapshot!(words("AÇÃO ação ac\u{327}a\u{303}o"), @"0pt:aca 0acao 1pt:aca 1acao 2pt:aca 2acao");
        assert_eq!(words("AÇÃO"), words("ac\u{327}a\u{303}o"));
        insta::assert_snapshot!(words("v1.2, foo_bar 한국 Привет"), @"0v1 12 2foo 3bar 4한국 5привет");
    }

    #[test]
    fn a_word_is_found_by_its_stems_too() {
        insta::assert_snapshot!(words("deployed mensagens"), @"0en:deploy 0deployed 1en:mensagen 1pt:mensag 1mensagens");
        let found = |query: &str, text: &str| {
            let (query, text) = (forms(&tokens(query)), tokens(text));
            text.iter().any(|token| query.contains(&token.text))
        };
        for (query, text) in [
            ("deploys", "deployed"),
            ("deploy", "deploying"),
            ("mensagens", "mensagem"),
            ("carro", "carros"),
            ("reunioes", "reunião"),
            ("papéis", "papel"),
        ] {
            assert!(found(query, text) && found(text, query), "{query} {text}");
        }
        assert!(!found("deploy", "depot"));
    }

    #[test]
    fn scripts_without_spaces_are_cut_into_characters_and_pairs() {
        insta::assert_snapshot!(words("我喜欢rust"), @"0我 0我喜 1喜 1喜欢 2欢 3rust");
        let query = tokens("喜欢");
        assert_eq!(exact(&query), [(0, "喜欢"), (1, "欢")]);
    }

    #[test]
    fn what_is_no_word_has_no_tokens() {
        assert_eq!(tokens(" !?. 🙂 "), []);
        assert_eq!(tokens(&"x".repeat(WORD_BYTES_MAX + 1)), []);
    }
}
