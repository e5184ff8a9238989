//! Gives the program the commit of its sources: the variable `PAPO_COMMIT` if it is set, the file `COMMIT` of
//! a source release, or else the answer of git.

use std::path::Path;
use std::process::Command;

fn main() {
    println!("cargo:rerun-if-env-changed=PAPO_COMMIT");
    let given = std::env::var("PAPO_COMMIT").ok().filter(|commit| !commit.is_empty());
    let commit = given.or_else(of_release).or_else(of_git).unwrap_or_else(|| "unknown".to_owned());
    println!("cargo:rustc-env=PAPO_BUILD_COMMIT={commit}");
}

fn of_release() -> Option<String> {
    std::fs::read_to_string("../COMMIT").ok().map(|commit| commit.trim().to_owned())
}

fn of_git() -> Option<String> {
    // This file grows with each commit and each checkout.
    let log = git(&["rev-parse", "--git-path", "logs/HEAD"])?;
    if Path::new(&log).exists() {
        println!("cargo:rerun-if-changed={log}");
    }
    git(&["rev-parse", "--short=12", "HEAD"])
}

fn git(arguments: &[&str]) -> Option<String> {
    let output = Command::new("git").args(arguments).output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    output.status.success().then(|| text.trim().to_owned())
}
