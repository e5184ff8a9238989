//! Tests of the keys, of their order, and of the errors.

use super::*;
use clap::Parser as _;

/// The result of a file for a command line whose words are separated by `|`: the arguments, or the error.
fn with_file(file: &str, line: &str) -> String {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("papo.toml");
    disk::replace_file(&path, file.as_bytes(), disk::Access::Owner).expect("a file");
    let mut program = crate::Papo::command();
    program.build();
    let flag = OsString::from(format!("--config-file={}", path.display()));
    let words = line.split('|').map(OsString::from);
    let arguments = std::iter::once("papo".into()).chain(words).chain([flag]).collect();
    let shown = match add_values(&program, arguments) {
        Ok(added) => {
            let words = added.iter().skip(1).map(|word| word.to_string_lossy());
            words.filter(|word| !word.starts_with("--config-file")).collect::<Vec<_>>().join("|")
        }
        Err(error) => format!("{error:#}"),
    };
    shown.replace(&path.display().to_string(), "papo.toml")
}

#[test]
fn values_become_arguments_behind_the_names_of_the_command() {
    let file = "
        data = '/var/lib/papo'
        [up]
        web = 'off'
        messages-per-second = 20
        web-insecure = true
        plaintext = false
        hooks-allow = ['10.0.0.0/8', '127.0.0.1']
        [admin.disable]
        enable = true
    ";
    let expected = "up|--data=/var/lib/papo|--web=off|--hooks-allow=10.0.0.0/8|--hooks-allow=127.0.0.1|\
                    --web-insecure|--messages-per-second=20";
    let mut words: Vec<_> = expected.split('|').collect();
    let added = with_file(file, "up");
    let mut shown: Vec<_> = added.split('|').collect();
    assert_eq!(shown.first(), Some(&"up"));
    words.sort_unstable();
    shown.sort_unstable();
    assert_eq!(shown, words);
    assert_eq!(
        with_file(file, "admin|disable|ana"),
        "admin|disable|--enable|--data=/var/lib/papo|ana",
        "the table of an inner command"
    );
    assert_eq!(with_file("", "up|--web=off"), "up|--web=off");
}

#[test]
fn the_command_line_comes_first_and_the_table_before_the_top() {
    let file = "data = 'top'\n[server]\ndata = 'table'\n";
    assert_eq!(with_file(file, "server"), "server|--data=table");
    assert_eq!(with_file(file, "up"), "up|--data=top");
    assert_eq!(with_file(file, "server|--data|given"), "server|--data|given");
    assert_eq!(with_file(file, "server|--data=given"), "server|--data=given");
}

#[test]
fn a_value_of_the_file_counts_as_given() {
    let file = "[bot.create]\nin = ['#ops']\n";
    assert_eq!(with_file(file, "bot|create|deploy"), "bot|create|--in=#ops|deploy", "a required flag");
    let conflict = ["papo", "history", "#g", "--around=3", "--before=4"];
    assert!(crate::Papo::try_parse_from(conflict).is_err());
    let added = with_file("[history]\nbefore = 4\n", "history|#g|--around|3");
    assert!(crate::Papo::try_parse_from(std::iter::once("papo").chain(added.split('|'))).is_err(), "{added}");
}

#[test]
fn errors_name_the_file_the_key_and_the_reason() {
    for (file, expected) in [
        ("webb = 'off'", "papo.toml: webb is no flag of papo; did you mean web?"),
        ("[upp]\nweb = 'off'", "papo.toml: [upp] is no command of papo; did you mean up?"),
        ("[up]\nwebb = 'off'", "papo.toml: [up]: webb is no flag of `papo up`; did you mean web?"),
        ("[up]\nbroker = 'x'", "papo.toml: [up]: broker is no flag of `papo up`"),
        (
            "force = true",
            "papo.toml: force has no variable: put it into the table of a command, such as [up]",
        ),
        ("[up]\nweb = ['off', 'on']", "papo.toml: web has one value, not a list"),
        ("[up]\nweb-insecure = 'yes'", "papo.toml: web-insecure must be true or false"),
        ("[up]\nweb = { port = 1 }", "papo.toml: [up.web] is no command of papo"),
        ("config-file = 'x'", "papo.toml: config-file is no flag of papo"),
    ] {
        let shown = with_file(file, "up");
        assert!(shown.starts_with(expected), "{file}: {shown}");
    }
    let bad = with_file("[up]\nmessages-burst = 'many'", "up");
    assert!(bad.starts_with("papo.toml: messages-burst: invalid value 'many'"), "{bad}");
    let syntax = with_file("[up\n", "up");
    assert!(syntax.starts_with("papo.toml: ") && syntax.contains("line 1"), "{syntax}");
    let enumeration = with_file("registration = 'all'", "up");
    assert!(enumeration.contains("[possible values: open, invite, closed]"), "{enumeration}");
}

#[test]
fn a_command_is_not_stopped_by_a_bad_value_for_another() {
    assert_eq!(with_file("[up]\nmessages-burst = 'many'", "rooms|x"), "rooms|x");
    assert_eq!(with_file("[up]\nmessages-burst = 'many'", "channels"), "channels");
}

/// Every flag of every command, in the table of its command, passes the check of names.
#[test]
fn every_flag_can_be_a_key() {
    let mut program = crate::Papo::command();
    program.build();
    let mut flags = 0;
    for (path, command) in check::commands(&program) {
        for key in keys::of(command) {
            let value = if key.is_switch() { "true" } else { "'x'" };
            let text = format!("[{}]\n{} = {value}\n", path.join("."), key.name());
            let table: Table = text.parse().expect("TOML");
            check::names(&program, &table).unwrap_or_else(|error| panic!("{text}{error:#}"));
            assert_eq!(keys::of_command(&table, &path, command).len(), 1, "{text}");
            flags += 1;
        }
    }
    assert!(flags > 100, "{flags}");
}

/// `UPDATE_DOCS=1 cargo test -p papo` rewrites the document.
#[test]
fn the_reference_is_up_to_date() {
    let mut program = crate::Papo::command();
    program.build();
    let written = reference::text(&program);
    let document = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/papo.toml");
    if std::env::var_os("UPDATE_DOCS").is_some() {
        disk::replace_file(&document, written.as_bytes(), disk::Access::Everyone).expect("written");
    }
    let current = disk::read_text(&document).unwrap_or_default();
    assert_eq!(written, current, "run `UPDATE_DOCS=1 cargo test -p papo`");
    assert!(written.parse::<Table>().expect("TOML").is_empty(), "all values are comments");
    let active = written.lines().map(|line| match line.strip_prefix('#') {
        Some(rest) if !rest.starts_with(' ') => rest,
        _ => line.strip_prefix("# [").map_or(line, |_| &line[2..]),
    });
    // Without the keys above all tables, which occur twice with different help texts.
    let tables: String =
        active.skip_while(|line| !line.starts_with('[')).map(|line| format!("{line}\n")).collect();
    check::names(&program, &tables.parse().expect("TOML")).expect("every key is known");
}
