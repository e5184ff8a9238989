//! Links between documents: each leads to a file of the repository, and to a heading of it.

use std::fs;
use std::path::Path;

use crate::files::{ROOT, texts};

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
