//! The language of comments, documents, messages and names: no phrase of `banned.txt`, and no comment line
//! over 110 columns. To check one folder or file: `FOLDER=server cargo test -p common --test documents`.

use std::fs;

use crate::files::{ROOT, texts};
use crate::prose::{Paragraph, Prose};

/// The checked files and folders: all of the repository.
const CHECKED: &[&str] = &[
    ".ci",
    "ARCHITECTURE.md",
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "Dockerfile",
    "Makefile",
    "README.md",
    "broker",
    "client",
    "clients",
    "clippy.toml",
    "common",
    "data/README.md",
    "deny.toml",
    "disk",
    "docker-compose.yml",
    "docs",
    "papo",
    "proxy",
    "scripts",
    "server",
    "session",
    "tests",
    "transport",
];

const COMMENT_COLUMNS_MAX: usize = 110;

#[test]
fn comments_documents_and_messages_have_no_banned_phrase_and_no_long_comment() {
    let chosen = std::env::var("FOLDER").ok();
    let places = chosen.as_deref().map_or(CHECKED.to_vec(), |folder| vec![folder]);
    let banned = banned();
    let mut violations = Vec::new();
    for place in places {
        let files = texts(&ROOT.join(place));
        assert!(!files.is_empty(), "{place} in CHECKED contains no text");
        for path in files {
            let name = path.strip_prefix(&*ROOT).expect("below the root").display().to_string();
            let prose = Prose::of(&path, &fs::read_to_string(&path).expect("UTF-8"));
            violations.extend(long_comments(&prose).map(|found| format!("{name}:{found}")));
            let phrases = prose.paragraphs.iter().flat_map(|paragraph| phrases(paragraph, &banned));
            violations.extend(phrases.map(|found| format!("{name}:{found}")));
        }
    }
    assert!(violations.is_empty(), "{} violations:\n{}", violations.len(), violations.join("\n"));
}

/// A banned phrase, split into words, and its replacement.
struct Banned {
    phrase: Vec<String>,
    instead: String,
}

fn banned() -> Vec<Banned> {
    let lines = include_str!("banned.txt").lines().filter_map(|line| line.split_once("->"));
    let banned = lines.map(|(phrase, instead)| Banned {
        phrase: phrase.split_whitespace().map(str::to_owned).collect(),
        instead: instead.trim().to_owned(),
    });
    banned.collect()
}

fn phrases(paragraph: &Paragraph, banned: &[Banned]) -> Vec<String> {
    let mut found = Vec::new();
    for (at, word) in paragraph.words.iter().enumerate() {
        for Banned { phrase, instead } in banned {
            let mut words = paragraph.words[at..].iter().map(|word| &word.text);
            if phrase.iter().all(|wanted| words.next() == Some(wanted)) {
                found.push(format!("{}: \"{}\": {instead}", word.line, phrase.join(" ")));
            }
        }
    }
    found
}

fn long_comments(prose: &Prose) -> impl Iterator<Item = String> {
    let long = prose.comment_lines.iter().filter(|(_, columns)| *columns > COMMENT_COLUMNS_MAX);
    long.map(|(line, columns)| format!("{line}: a comment of {columns} columns"))
}
