//! Tests of `message.search` with a real index: the hits of a query, for each reader, and after edits,
//! deletions and restarts.

#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    reason = "test helpers may panic, and the tests break files on purpose"
)]

use std::fs;
use std::time::Duration;

use serde_json::{Value, json};
use server::services::jobs::Kind;
use server::services::search::{SearchError, rebuild};
use server::storage::data_folder::StoreError;
use tempfile::TempDir;
use testkit::team::{Team, reason, request};
use transport::clock;

mod requests;

use requests::{Searches as _, new_team, open_team, texts};

#[test]
fn words_phrases_and_filters_find_messages() {
    let data = TempDir::new().expect("a folder");
    let mut team = new_team(data.path());
    team.say("alice", "#a", "A reunião começa às nove, traga o café");
    team.say("bob", "#a", "We deployed version 1.2 to the cluster");
    team.say("carol", "#a", "Mensagem recebida: ação concluída");
    team.say("alice", "#b", "deploying again, café later");
    team.say("bob", "@alice", "我喜欢学习中文 and rust_lang");
    team.now_ms += 24 * 60 * 60 * 1000;
    team.say("alice", "@bob", "tomorrow: deploy at nine");
    let mut shown = String::new();
    for query in [
        "cafe",
        "CAFÉ",
        "reuniao nove",
        "\"às nove\"",
        "\"nove às\"",
        "deploys",
        "mensagens",
        "acao",
        "1.2",
        "rust_lang",
        "喜欢",
        "习中文",
        "欢喜",
        "deploy from:alice",
        "from:@bob",
        "deploy in:#b",
        "in:@bob nine",
        "deploy after:2026-02-01",
        "deploy before:2026-02-01",
        "after:2026-02-01 before:2026-02-01",
        "nothing",
        "from:nobody",
    ] {
        shown += &format!("{query} => {}\n", team.find("alice", query).join(" | "));
    }
    insta::assert_snapshot!(shown, @r#"
    cafe => deploying again, café later | A reunião começa às nove, traga o café
    CAFÉ => deploying again, café later | A reunião começa às nove, traga o café
    reuniao nove => A reunião começa às nove, traga o café
    "às nove" => A reunião começa às nove, traga o café
    "nove às" => 
    deploys => tomorrow: deploy at nine | deploying again, café later | We deployed version 1.2 to the cluster
    mensagens => Mensagem recebida: ação concluída
    acao => Mensagem recebida: ação concluída
    1.2 => We deployed version 1.2 to the cluster
    rust_lang => 我喜欢学习中文 and rust_lang
    喜欢 => 我喜欢学习中文 and rust_lang
    习中文 => 我喜欢学习中文 and rust_lang
    欢喜 => 
    deploy from:alice => tomorrow: deploy at nine | deploying again, café later
    from:@bob => 我喜欢学习中文 and rust_lang | We deployed version 1.2 to the cluster
    deploy in:#b => deploying again, café later
    in:@bob nine => tomorrow: deploy at nine
    deploy after:2026-02-01 => tomorrow: deploy at nine
    deploy before:2026-02-01 => deploying again, café later | We deployed version 1.2 to the cluster
    after:2026-02-01 before:2026-02-01 => 
    nothing => 
    from:nobody =>
    "#);
}

#[test]
fn words_in_other_scripts_are_found_by_parts_of_the_words() {
    let data = TempDir::new().expect("a folder");
    let mut team = new_team(data.path());
    for text in [
        "Привет, мир! ахахахах",
        "한국어 메시지입니다",
        "Καλημέρα שלום مرحبا",
        "ქართული Հայերեն",
        "विद्यार्थी",
        "в мире",
    ] {
        team.say("alice", "#a", text);
    }
    let mut shown = String::new();
    for query in [
        "приве",
        "РИВЕТ",
        "\"вет мир\"",
        "\"мир вет\"",
        "мир",
        "ахаха",
        "ахахахахах",
        "в",
        "ми",
        "한국",
        "메시지",
        "καλημ",
        "שלו",
        "مرحب",
        "ქართ",
        "հայե",
        "द्यार्",
        "विद्या from:alice",
    ] {
        shown += &format!("{query} => {}\n", team.find("bob", query).join(" | "));
    }
    insta::assert_snapshot!(shown, @r#"
    приве => Привет, мир! ахахахах
    РИВЕТ => Привет, мир! ахахахах
    "вет мир" => Привет, мир! ахахахах
    "мир вет" => 
    мир => в мире | Привет, мир! ахахахах
    ахаха => Привет, мир! ахахахах
    ахахахахах => 
    в => в мире
    ми => 
    한국 => 한국어 메시지입니다
    메시지 => 한국어 메시지입니다
    καλημ => Καλημέρα שלום مرحبا
    שלו => Καλημέρα שלום مرحبا
    مرحب => Καλημέρα שלום مرحبا
    ქართ => ქართული Հայերեն
    հայե => ქართული Հայերեն
    द्यार् => विद्यार्थी
    विद्या from:alice => विद्यार्थी
    "#);
}

#[test]
fn an_invalid_query_is_refused_with_a_reason() {
    let data = TempDir::new().expect("a folder");
    let mut team = new_team(data.path());
    let mut refusal = |by: &str, params: Value| team.refusal(by, params);
    insta::assert_snapshot!(refusal("alice", json!({ "query": "" })), @r#"type what to search for: words, "a phrase", from:alice, in:#general, before:2026-01-31, after:2026-01-31"#);
    insta::assert_snapshot!(refusal("alice", json!({ "query": "🙂 !!" })), @"there is nothing to search for: give a word that has letters or digits");
    insta::assert_snapshot!(refusal("alice", json!({ "query": "x in:#a", "conversation": "#b" })), @"in: can be given only once");
    insta::assert_snapshot!(refusal("carol", json!({ "query": "x in:#b" })), @"you are not a member of #b: join it first");
    insta::assert_snapshot!(refusal("alice", json!({ "query": "x", "conversation": "#none" })), @"there is no channel #none: create it, or list the channels");
    insta::assert_snapshot!(refusal("alice", json!({ "query": "x in:@nobody" })), @"there is no user nobody");
    insta::assert_snapshot!(refusal("nobody", json!({ "query": "x" })), @"your session has ended: log in again");
}

#[test]
fn a_search_finds_only_messages_that_the_user_may_read_when_it_ends() {
    let data = TempDir::new().expect("a folder");
    let mut team = new_team(data.path());
    for (by, to) in [("alice", "#a"), ("alice", "#b"), ("alice", "@bob"), ("bob", "@bob")] {
        team.say(by, to, &format!("secret of {by} to {to}"));
    }
    assert_eq!(team.find("carol", "secret"), ["secret of alice to #a"]);
    assert_eq!(team.find("bob", "secret").len(), 4);
    assert_eq!(team.find("alice", "secret").len(), 3);

    // Bob leaves #b while his searches wait for their jobs.
    let search = |id, query: &str| request(id, "bob", "message.search", json!({ "query": query }));
    team.accept(&search(1, "secret in:#b"), None);
    team.accept(&search(2, "secret"), None);
    assert_eq!(team.engine.jobs_waiting(Kind::Search), 2);
    team.sent.replies.clear();
    team.accept(&request(3, "bob", "channel.leave", json!({ "channel": "#b" })), None);
    team.flush();
    assert_eq!(team.sent.replies.len(), 1, "the reply to channel.leave");
    team.run();
    let replies = team.sent.replies.iter().map(|reply| serde_json::from_str(&reply.lines).expect("JSON"));
    let replies: Vec<Value> = replies.collect();
    let reply = |id: u64| replies.iter().find(|reply| reply["id"] == id).expect("a reply");
    assert_eq!(reason(&reply(1)["error"]), "not_member");
    assert_eq!(texts(&reply(2)["result"]).len(), 3, "{}", reply(2));
    team.ask("bob", "channel.join", json!({ "channel": "#b" }));
    assert_eq!(team.find("bob", "secret").len(), 4);
}

#[test]
fn pages_are_newest_first_and_continue_after_the_previous_page() {
    let data = TempDir::new().expect("a folder");
    let mut team = new_team(data.path());
    for number in 0..25 {
        team.say("alice", ["#a", "#b", "@bob"][number % 3], &format!("word {number}"));
    }
    let (mut found, mut before) = (Vec::new(), Value::Null);
    loop {
        let page = team.page("alice", json!({ "query": "word", "limit": 10, "before": before }));
        found.extend(texts(&page));
        before = page["before"].clone();
        if before.is_null() {
            break;
        }
        team.say("bob", "#a", "another word");
    }
    assert_eq!(found, (0..25).rev().map(|number| format!("word {number}")).collect::<Vec<_>>());
}

#[test]
fn an_acknowledged_message_is_found_immediately() {
    let data = TempDir::new().expect("a folder");
    let mut team = new_team(data.path());
    for number in 0..20 {
        team.say("alice", "#a", &format!("number{number}"));
        assert_eq!(team.find("bob", &format!("number{number}")).len(), 1, "{number}");
    }
}

#[test]
fn one_search_covers_a_thousand_channels() {
    let data = TempDir::new().expect("a folder");
    let mut team = new_team(data.path());
    let owner = |number: u64| if number.is_multiple_of(2) { "alice" } else { "bob" };
    for number in 0..1000 {
        let params = json!({ "channel": format!("#c{number}"), "private": true });
        team.accept(&request(number, owner(number), "channel.create", params), None);
    }
    for number in 0..1000 {
        let params = json!({ "to": format!("#c{number}"), "id": team.id(), "text": "the same everywhere" });
        team.accept(&request(number, owner(number), "message.send", params), None);
    }
    team.say("carol", "#a", "the same here");
    let page = team.page("alice", json!({ "query": "same", "limit": 100 }));
    let events = page["events"].as_array().expect("events");
    assert_eq!(events.len(), 100);
    assert!(events.iter().skip(1).all(|event| event["from"] == "alice"));
}

#[test]
fn a_restart_keeps_a_valid_index_and_rebuilds_any_other() {
    let data = TempDir::new().expect("a folder");
    let mut team = new_team(data.path());
    for number in 0..40 {
        team.say("alice", "#a", &format!("word {number}"));
    }
    assert_eq!(team.find("alice", "word").len(), 20);
    drop(team);
    let meta = data.path().join("search/meta.json");
    let sound = fs::read_to_string(&meta).expect("the metadata of the index");
    let restart = |case: &str, is_kept: bool| {
        let before = fs::read_to_string(&meta).unwrap_or_default();
        let mut team = open_team(data.path());
        assert_eq!(team.find("bob", "word 39"), ["word 39"], "{case}");
        drop(team);
        let now = fs::read_to_string(&meta).expect("the metadata of the index");
        assert_eq!(now == before, is_kept, "{case}");
    };
    restart("a sound index", true);
    let chain = sound.find("chain").expect("a chain") + 12;
    let mut other = sound.clone();
    other.replace_range(chain..chain + 1, if &sound[chain..=chain] == "0" { "1" } else { "0" });
    for (case, bytes) in [
        ("an index of another log", other),
        ("an index of another version", sound.replace("\\\"format\\\":3", "\\\"format\\\":2")),
        ("a damaged index", "{}".to_owned()),
    ] {
        assert_ne!(bytes, sound, "{case}");
        fs::write(&meta, bytes).expect("a file");
        restart(case, false);
    }
    fs::remove_dir_all(data.path().join("search")).expect("a folder");
    restart("no index", false);
}

/// Removes the index and restarts the server, which then indexes the whole log.
fn reindex(team: Team, data: &TempDir) -> Team {
    drop(team);
    fs::remove_dir_all(data.path().join("search")).expect("a folder");
    open_team(data.path())
}

#[test]
fn edited_texts_are_found_and_deleted_texts_are_not() {
    let data = TempDir::new().expect("a folder");
    let mut team = new_team(data.path());
    for text in ["first words", "second words", "third words"] {
        team.say("alice", "#a", text);
    }
    let third = team.head();
    assert_eq!(team.find("bob", "words").len(), 3);
    let edit = json!({ "conversation": "#a", "n": third - 2, "id": team.id(), "text": "primeira versão" });
    assert!(team.ask("alice", "message.edit", edit)["n"].is_u64());
    team.delete("alice", third - 1);
    // First with an index that contained the old texts, then with an index that was rebuilt.
    for is_rebuilt in [false, true] {
        if is_rebuilt {
            team = reindex(team, &data);
        }
        assert_eq!(team.find("bob", "words"), ["third words"], "{is_rebuilt}");
        assert_eq!(team.find("bob", "versao"), ["primeira versão"], "{is_rebuilt}");
        assert_eq!(team.find("bob", "second"), [""; 0], "{is_rebuilt}");
    }
}

#[test]
fn members_find_a_file_by_the_words_of_its_name() {
    let data = TempDir::new().expect("a folder");
    let mut team = new_team(data.path());
    team.say("alice", "#a", "o relatório está aqui");
    team.share("alice", "#a", "Relatório_Final-2026.pdf");
    team.share("alice", "#b", "relatorios antigos.tar.gz");
    for is_rebuilt in [false, true] {
        if is_rebuilt {
            team = reindex(team, &data);
        }
        let all = ["relatorios antigos.tar.gz", "Relatório_Final-2026.pdf", "o relatório está aqui"];
        assert_eq!(team.find("bob", "relatorio"), all, "{is_rebuilt}");
        assert_eq!(team.find("bob", "final 2026 from:alice"), ["Relatório_Final-2026.pdf"], "{is_rebuilt}");
        assert_eq!(team.find("bob", "\"tar gz\""), ["relatorios antigos.tar.gz"], "{is_rebuilt}");
        assert_eq!(team.find("carol", "relatorio").len(), 2, "{is_rebuilt}: Carol cannot read #b");
    }
    let newest = team.head();
    team.delete("alice", newest);
    assert_eq!(team.find("bob", "final"), [""; 0]);
    assert_eq!(team.find("carol", "relatorio"), ["o relatório está aqui"]);
}

#[test]
fn an_operator_rebuilds_the_index_while_the_server_is_stopped() {
    let data = TempDir::new().expect("a folder");
    let mut team = new_team(data.path());
    team.say("alice", "#a", "word");
    assert!(matches!(rebuild(data.path()), Err(SearchError::Store(_))), "the server runs");
    let typo = data.path().join("typo");
    assert!(matches!(rebuild(&typo), Err(SearchError::Store(StoreError::NoData(_)))));
    assert!(!typo.exists());
    let last = team.engine.ledger().position();
    drop(team);
    assert_eq!(rebuild(data.path()).expect("a sound log"), last);
    assert_eq!(open_team(data.path()).find("alice", "word"), ["word"]);
}

#[test]
fn the_search_works_again_after_failures() {
    let data = TempDir::new().expect("a folder");
    let mut team = new_team(data.path());
    team.say("alice", "#a", "before");
    assert_eq!(team.find("bob", "before"), ["before"]);
    // A file in place of the folder: the open index cannot be written, and no index can be opened.
    let folder = data.path().join("search");
    fs::remove_dir_all(&folder).expect("a folder");
    fs::write(&folder, "").expect("a file");
    team.say("alice", "#a", "after");
    let incomplete = team.ask("bob", "message.search", json!({ "query": "after" }));
    assert_eq!((texts(&incomplete).len(), &incomplete["behind"]), (0, &json!(1)), "{incomplete}");
    let problem = team.engine.search_problem().expect("a problem");
    assert!(problem.starts_with("the search finds no new messages: cannot use the"), "{problem}");
    let old = team.ask("bob", "message.search", json!({ "query": "before" }));
    assert_eq!(texts(&old), ["before"], "{old}");

    fs::remove_file(&folder).expect("a file");
    wait_until(|| team.engine.search_problem().is_none());
    assert_eq!(team.find("bob", "after"), ["after"]);
    assert_eq!(team.find("bob", "before"), ["before"]);
}

fn wait_until(condition: impl Fn() -> bool) {
    let started = clock::now();
    while !condition() {
        assert!(started.elapsed() < Duration::from_secs(60), "the condition is not met");
        std::thread::yield_now();
    }
}
