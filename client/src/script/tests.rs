//! Tests of the command lines of scripts.

use super::*;

#[test]
fn the_error_for_a_name_without_its_sign_shows_both_forms() {
    insta::assert_snapshot!(target("general").expect_err("no sign"), @"write '#general' or '@general', with the quotes: without them, a shell reads # as the start of a comment");
    insta::assert_snapshot!(channel("@bob").expect_err("a user"), @"name a channel, such as '#general'");
    assert_eq!(channel("ops"), channel("#ops"));
    assert_eq!(user("@bob"), user("bob"));
}

#[derive(clap::Parser)]
struct Program {
    #[command(subcommand)]
    command: crate::Command,
}

fn parses(line: &str) -> bool {
    let arguments = std::iter::once("papo").chain(line.split_whitespace());
    <Program as clap::Parser>::try_parse_from(arguments).is_ok_and(|program| {
        let Program { command: _ } = program;
        true
    })
}

const VALID: &[&str] = &[
    "chat",
    "chat #general --server tcp://papo.example:5555",
    "chat papo://papo.example:5555/#general/17",
    "chat --code 4f0c19a2b3d4e5f6071829304a5b6c7d",
    "chat --plain --bell --lang pt-BR",
    "register alice --password-file secret",
    "register alice --code 4f0c19a2b3d4e5f6071829304a5b6c7d",
    "reset-password alice 4f0c19a2b3d4e5f6071829304a5b6c7d --new-password-file secret",
    "login @alice --json",
    "login alice --print-token",
    "admin reset-password bob --json",
    "admin join-code create --uses 3 --days 1 --note colleagues",
    "admin join-code list --json",
    "admin join-code revoke 01970000-0000-7000-8000-000000000001",
    "logout --config here",
    "send #ops done",
    "chat --server papo://key@papo.example:5555",
    "channels --plaintext --data elsewhere",
    "channels --plaintext-anywhere",
    "send @bob - --json --timeout 0.5",
    "subscribe #ops --json --after 0",
    "history #ops --before 7 --limit 500",
    "send #ops --reply 17 done",
    "history #ops --edits",
    "history #ops --after 2026-01-31 --before 2026-02-01T12:00",
    "history #ops --around 17 --json",
    "edit #ops 17 done",
    "delete #ops 17 --json",
    "react @bob 17 👍 --remove",
    "file send #ops plan.pdf --json",
    "file get #ops 17 --downloads elsewhere",
    "unread --json",
    "unread --all",
    "mentions --json",
    "read #ops",
    "notify --json",
    "notify mentions #ops",
    "notify none",
    "read @bob --until 17 --json",
    "channels",
    "users --json",
    "name Alice",
    "name -x --json",
    "channel rename #ops support --json",
    "block @bob",
    "unblock bob --json",
    "blocks --json",
    "presence online --json",
    "presence away --for 60",
    "create #ops --private",
    "channel members #ops --json",
    "channel invite #ops bob",
    "invitations --json",
    "channel decline #ops",
    "channel kick #ops @bob",
    "channel ban #ops bob",
    "channel unban #ops bob",
    "channel bans #ops --json",
    "channel role #ops bob moderator",
    "channel set #ops --subject lunch --private",
    "channel set #ops --public",
    "channel archive #ops --restore",
    "channel delete #ops",
    "hook create #ops --name alerts --unlocked --here --signed --json",
    "hook create #ops --name ci --out https://ci.example/papo --json",
    "hook resume 01970000-0000-7000-8000-000000000001",
    "hook list #ops --json",
    "bot create deploy --in #ops --in @bob --scope read --json",
    "bot list --json",
    "bot revoke 01970000-0000-7000-8000-000000000007",
    "hook revoke 01970000-0000-7000-8000-000000000005",
    "admin users --json",
    "admin channels",
    "admin sessions bob",
    "admin end-session @bob 01970000-0000-7000-8000-000000000001 --json",
    "admin disable @bob",
    "admin disable bob --enable",
    "admin promote bob",
    "admin promote bob --demote",
    "admin delete @bob --erase",
    "admin stats --json",
    "admin backup",
    "admin backups --json",
    "account delete --erase --password-file secret",
    "password --password-file old --new-password-file new",
    "sessions --json",
    "revoke 01970000-0000-7000-8000-000000000001",
    "revoke --others",
    "join #ops",
    "leave #ops",
    "join ops",
    "create ops --private",
    "channel role ops bob owner",
    "file get #ops",
];

#[test]
fn valid_command_lines_are_parsed_and_invalid_ones_refused() {
    <Program as clap::CommandFactory>::command().debug_assert();
    for line in VALID {
        assert!(parses(line), "{line}");
    }
    for line in [
        "send ops done",
        "send #ops",
        "history #ops --limit 501",
        "history #ops --after yesterday",
        "history #ops --around 17 --before 20",
        "users --timeout 0",
        "presence offline",
        "login alice secret",
        "channel set #ops",
        "channel set #ops --public --private",
        "channel role #ops bob king",
        "revoke",
        "bot create deploy",
        "bot create deploy --in #ops --scope all",
        "revoke 01970000-0000-7000-8000-000000000001 --others",
    ] {
        assert!(!parses(line), "{line}");
    }
}
