//! The spelling of nicknames, the modes of users, and WHOWAS.

use e2e::{IrcClient, PASSWORD};

use super::{MODERN, assert_ends, guest, guests, team};

#[test]
fn a_nickname_has_the_spelling_of_its_client() {
    let (node, _peers) = team();
    let mut bob = node.irc("bob", "");
    let mut alice = IrcClient::connect(node.endpoint("irc"));
    alice.send(&format!("PASS :alice:{PASSWORD}"));
    alice.send("NICK ALice");
    alice.send("USER a 0 * :Alice");
    assert!(alice.wait_for(" 001 ").contains(" 001 ALice :Welcome to papo, ALice!a@papo"));
    alice.ask("PRIVMSG #ops :oi");
    bob.wait_for(":ALice!a@papo PRIVMSG #ops :oi");
    assert_ends(&bob.ask("NAMES #ops"), " 353 bob = #ops :@ALice bob");
    assert_ends(&bob.ask("WHOIS alice"), " 311 bob ALice a papo * Alice");
    assert_ends(&bob.ask("NICK alice"), " 433 bob alice :Nickname is already in use");
    assert_eq!(alice.ask("NICK aLICE"), [":ALice!a@papo NICK aLICE"]);
    assert_eq!(bob.only_line(), ":ALice!a@papo NICK aLICE");
    assert_eq!(alice.ask("NICK aLICE"), Vec::<String>::new());
    assert_ends(&alice.ask("NICK other"), " 433 aLICE other :Nickname is already in use");
}

#[test]
fn a_bot_is_marked_for_other_clients() {
    let (node, _peers) = team();
    let (mut bot, mut other) = (node.irc("bob", MODERN), node.irc("alice", MODERN));
    assert_ends(&bot.ask("MODE bob"), " 221 bob +");
    assert_ends(&bot.ask("MODE bob +B"), "MODE bob +B");
    assert_ends(&bot.ask("MODE bob"), " 221 bob +B");
    assert_eq!(bot.ask("MODE bob +B"), Vec::<String>::new());
    assert_ends(&bot.ask("MODE bob +k"), " 501 bob :Unknown MODE flag");
    let echo = bot.ask("PRIVMSG #ops :bip");
    let line = other.wait_for("PRIVMSG #ops :bip");
    let is_marked = |line: &str| line.contains(";bot;") || line.contains(";bot ");
    assert!(is_marked(&line) && is_marked(&echo[0]), "{line}");
    assert_ends(&other.ask("WHOIS bob"), " 335 alice bob :is a bot");
    assert!(other.ask("WHO bob").concat().contains(" bob HB "));
    assert_ends(&bot.ask("MODE bob -B"), "MODE bob -B");
    bot.ask("PRIVMSG #ops :gente");
    assert!(!is_marked(&other.wait_for("PRIVMSG #ops :gente")));
}

#[test]
fn an_invisible_user_is_in_no_mask_of_strangers() {
    let node = guests();
    let (mut ana, mut bia) = (guest(&node, "ana", ""), guest(&node, "bia", ""));
    assert_eq!(ana.ask("MODE ana +i"), [":ana!ana@papo MODE ana +i"]);
    assert_eq!(bia.ask("WHO an*").len(), 1);
    assert_eq!(bia.ask("WHO ana").len(), 2);
    assert_eq!(ana.ask("WHO an*").len(), 2, "the user itself");
    ana.ask("JOIN #ops");
    bia.ask("JOIN #ops");
    assert_eq!(bia.ask("WHO an*").len(), 2);
}

#[test]
fn whowas_lists_the_former_connections_of_a_user() {
    let node = guests();
    let mut bia = guest(&node, "bia", "");
    for ident in ["um", "dois"] {
        let mut ana = IrcClient::connect(node.endpoint("irc"));
        ana.send("NICK ana");
        ana.send(&format!("USER {ident} 0 * :Ana"));
        ana.sync();
        ana.send("QUIT");
        ana.rest();
    }
    let lines = bia.ask("WHOWAS ana");
    let idents: Vec<_> = lines.iter().filter_map(|line| line.split(" 314 bia ana ").nth(1)).collect();
    assert_eq!(idents, ["dois papo * Ana", "um papo * Ana"]);
    assert_eq!(bia.ask("WHOWAS ana 1").len(), 3);
    assert_ends(&bia.ask("WHOWAS bia"), " 314 bia bia bia papo * bia");
    assert_ends(&bia.ask("WHOWAS nobody"), " 406 bia nobody :There was no such nickname");
}

#[test]
fn a_guest_logs_in_and_registers() {
    let node = guests();
    let mut bia = guest(&node, "bia", "account-notify");
    let mut ana = guest(&node, "ana", "");
    assert!(
        ana.ask("REGISTER other * correct-horse")
            .concat()
            .contains("FAIL REGISTER ACCOUNT_NAME_MUST_BE_NICK")
    );
    ana.ask("JOIN #ops");
    bia.ask("JOIN #ops");
    assert!(ana.ask("REGISTER * * correct-horse").concat().contains("REGISTER SUCCESS ana "));
    assert!(ana.ask("REGISTER * * correct-horse").concat().contains("FAIL REGISTER ALREADY_AUTHENTICATED"));
    bia.send("AUTHENTICATE PLAIN");
    bia.wait_for("AUTHENTICATE +");
    bia.send("AUTHENTICATE AGFuYQB3cm9uZy1ob3JzZQ==");
    bia.wait_for(" 904 ");
    let mut caio = guest(&node, "caio", "account-notify");
    caio.ask("JOIN #ops");
    bia.send("AUTHENTICATE PLAIN");
    bia.wait_for("AUTHENTICATE +");
    bia.send("AUTHENTICATE AGFuYQBjb3JyZWN0LWhvcnNl");
    assert!(bia.wait_for(" 900 ").ends_with(" ana :You are now logged in as ana"));
    caio.wait_for(":bia!bia@papo ACCOUNT ana");
    assert_ends(&bia.ask("AUTHENTICATE PLAIN"), " 907 bia :You have already authenticated using SASL");
}
