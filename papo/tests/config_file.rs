//! `papo.toml` with the real program: which value comes first, and `papo config`.

#![expect(clippy::expect_used, reason = "test helpers may panic")]

use std::path::Path;
use std::process::Command;

const BAD: &str = "[up]\nmessages-per-second = -1\n";
const FILE: &str = "data = '/nowhere/top'\n[log.verify]\ndata = '/nowhere/table'\n";

/// The output of the program, with the file and perhaps `PAPO_DATA`.
fn papo(file: &Path, variable: Option<&str>, arguments: &[&str]) -> String {
    let mut command = Command::new(env!("CARGO_BIN_EXE_papo"));
    command.args(arguments).env_clear().env("PAPO_CONFIG_FILE", file);
    if let Some(data) = variable {
        command.env("PAPO_DATA", data);
    }
    let output = command.output().expect("papo runs");
    let text = [output.stdout, output.stderr].concat();
    String::from_utf8(text).expect("UTF-8").replace(&file.display().to_string(), "papo.toml")
}

#[test]
fn a_flag_comes_before_the_variable_and_the_variable_before_the_file() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("papo.toml");
    disk::replace_file(&file, FILE.as_bytes(), disk::Access::Owner).expect("a file");
    let verify = ["log", "verify"];
    let named = papo(&file, Some("/nowhere/variable"), &["log", "verify", "--data", "/nowhere/flag"]);
    assert!(named.contains("/nowhere/flag"), "{named}");
    let variable = papo(&file, Some("/nowhere/variable"), &verify);
    assert!(variable.contains("/nowhere/variable"), "{variable}");
    let table = papo(&file, None, &verify);
    assert!(table.contains("/nowhere/table"), "{table}");
    let top = papo(&file, None, &["index", "rebuild"]);
    assert!(top.contains("/nowhere/top"), "{top}");
}

#[test]
fn config_check_names_the_first_error() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("papo.toml");
    disk::replace_file(&file, FILE.as_bytes(), disk::Access::Owner).expect("a file");
    assert_eq!(papo(&file, None, &["config", "check"]), "papo.toml is valid: 2 values\n");
    disk::replace_file(&file, BAD.as_bytes(), disk::Access::Owner).expect("a file");
    let error = papo(&file, None, &["config", "check"]);
    assert!(error.starts_with("papo: papo.toml: messages-per-second: invalid value '-1'"), "{error}");
    std::fs::remove_file(&file).expect("removed");
    let error = papo(&file, None, &["up"]);
    assert!(error.starts_with("papo: cannot read papo.toml: "), "{error}");
}
