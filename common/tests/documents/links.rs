//! References of documents: each link leads to a file or a heading, and each name of a file or a test exists.

use std::collections::HashSet;
use std::fs;
use std::path::Path;

use crate::files::{ROOT, texts};
use crate::glossary::identifiers;

#[test]
fn every_link_to_a_file_or_a_heading_has_its_target() {
    let mut broken = Vec::new();
    for path in texts(&ROOT).iter().filter(|path| is_markdown(path)) {
        let text = fs::read_to_string(path).expect("UTF-8");
        for link in links(&text).filter(|link| !link.contains("://")) {
            let (file, heading) = link.split_once('#').unwrap_or((link, ""));
            let target = if file.is_empty() { path.clone() } else { path.with_file_name("").join(file) };
            let is_there = if heading.is_empty() {
                target.exists()
            } else {
                fs::read_to_string(&target).is_ok_and(|text| headings(&text).any(|anchor| anchor == heading))
            };
            if !is_there {
                broken.push(format!("{}: {link}", path.display()));
            }
        }
    }
    assert!(broken.is_empty(), "links without a target:\n{}", broken.join("\n"));
}

#[test]
fn every_file_and_every_long_name_in_a_document_exists() {
    let names = identifiers(&texts(&ROOT));
    let mut unknown = Vec::new();
    for path in texts(&ROOT).iter().filter(|path| is_markdown(path)) {
        let text = fs::read_to_string(path).expect("UTF-8");
        for code in text.split('`').skip(1).step_by(2) {
            let is_path = code.ends_with(".rs") && !code.contains(['<', '*', ' ']) && is_from_the_root(code);
            let is_long_name = code.matches('_').count() >= 3 && code.chars().all(is_in_a_name);
            if is_path && !ROOT.join(code).exists() || is_long_name && !names.contains(code) {
                unknown.push(format!("{}: {code}", path.display()));
            }
        }
    }
    assert!(unknown.is_empty(), "documents name files or tests that do not exist:\n{}", unknown.join("\n"));
}

/// In a table with the column `test`, each row names the tests of a defence.
#[test]
fn every_test_in_a_table_of_attacks_is_a_test() {
    let tests: HashSet<_> = texts(&ROOT).iter().flat_map(|path| tests_of(path)).collect();
    assert!(tests.len() > 500, "found only {} tests", tests.len());
    let mut unknown = Vec::new();
    for path in texts(&ROOT).iter().filter(|path| is_markdown(path)) {
        let text = fs::read_to_string(path).expect("UTF-8");
        let mut is_with_tests = false;
        for line in text.lines() {
            let Some((_, last)) = line.trim_end_matches([' ', '|']).rsplit_once('|') else {
                is_with_tests = false;
                continue;
            };
            for code in last.split('`').skip(1).step_by(2).filter(|_| is_with_tests) {
                let is_file = code.contains('/') && ROOT.join(code).is_file();
                if !is_file && !tests.contains(code) {
                    unknown.push(format!("{}: {code}", path.display()));
                }
            }
            is_with_tests |= last.trim() == "test";
        }
    }
    assert!(unknown.is_empty(), "documents name tests that do not exist:\n{}", unknown.join("\n"));
}

/// The names of the functions with the attribute `test` or `tokio::test` in a file.
fn tests_of(path: &Path) -> Vec<String> {
    if path.extension().is_none_or(|extension| extension != "rs") {
        return Vec::new();
    }
    let text = fs::read_to_string(path).expect("UTF-8");
    let functions = text.split("test]\n").skip(1).filter_map(|rest| {
        let (_, rest) = rest.split_once("fn ")?;
        rest.split_once('(').map(|(name, _)| name.to_owned())
    });
    functions.collect()
}

/// Whether the first folder of a path is in the root of the repository.
fn is_from_the_root(path: &str) -> bool {
    path.split_once('/').is_some_and(|(first, _)| ROOT.join(first).is_dir())
}

fn is_in_a_name(c: char) -> bool {
    c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_'
}

fn is_markdown(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "md")
}

fn links(text: &str) -> impl Iterator<Item = &str> {
    text.split("](").skip(1).filter_map(|rest| rest.split_once(')')).map(|(link, _)| link)
}

/// The anchors of the headings, as GitHub makes them.
fn headings(text: &str) -> impl Iterator<Item = String> {
    let titles =
        text.lines().filter(|line| line.starts_with('#')).map(|line| line.trim_start_matches(['#', ' ']));
    titles.map(|title| {
        let kept = title.chars().filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
        kept.map(|c| if c == ' ' { '-' } else { c.to_ascii_lowercase() }).collect()
    })
}
