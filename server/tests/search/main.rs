//! Searching as a client does, with the real index of a real folder: what is found, by whom, and after what.

#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    reason = "a test fails by panicking, and breaks files on purpose"
)]

use std::fs;

use common::{Conversation, Target};
use serde_json::{Value, json};
use server::domain::Change;
use server::domain::{Actor, Command};
use server::services::search::{SearchError, rebuild};
use server::storage::data_folder::StoreError;
use tempfile::TempDir;
use uuid::Uuid;

mod world;

use testkit::{target, user};
use world::{NOW_MS, World, actor, texts};

#[test]
fn words_phrases_and_conditions() {
    let data = TempDir::new().expect("a folder");
    let mut world = World::new(data.path());
    world.say("alice", "#a", "A reunião começa às nove, traga o café");
    world.say("bob", "#a", "We deployed version 1.2 to the cluster");
    world.say("carol", "#a", "Mensagem recebida: ação concluída");
    world.say("alice", "#b", "deploying again, café later");
    world.say("bob", "@alice", "我喜欢学习中文 and rust_lang");
    world.now_ms += 24 * 60 * 60 * 1000;
    world.say("alice", "@bob", "tomorrow: deploy at nine");
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
        shown += &format!("{query} => {}\n", world.find("alice", query).join(" | "));
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
fn pieces_of_words_that_are_not_latin() {
    let data = TempDir::new().expect("a folder");
    let mut world = World::new(data.path());
    for text in [
        "Привет, мир! ахахахах",
        "한국어 메시지입니다",
        "Καλημέρα שלום مرحبا",
        "ქართული Հայերեն",
        "विद्यार्थी",
        "в мире",
    ] {
        world.say("alice", "#a", text);
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
        shown += &format!("{query} => {}\n", world.find("bob", query).join(" | "));
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
fn what_cannot_be_looked_for_is_refused_with_a_reason() {
    let data = TempDir::new().expect("a folder");
    let mut world = World::new(data.path());
    let mut refusal = |params: Value| world.refusal(&params);
    insta::assert_snapshot!(refusal(json!({ "token": "alice", "query": "" })), @r#"say what to search for: words, "a phrase", from:alice, in:#general, before:2026-01-31, after:2026-01-31"#);
    insta::assert_snapshot!(refusal(json!({ "token": "alice", "query": "🙂 !!" })), @"there is nothing to search for: give a word that has letters or digits");
    insta::assert_snapshot!(refusal(json!({ "token": "alice", "query": "x in:#a", "conversation": "#b" })), @"in: can be given only once");
    insta::assert_snapshot!(refusal(json!({ "token": "carol", "query": "x in:#b" })), @"you are not a member of #b: join it first");
    insta::assert_snapshot!(refusal(json!({ "token": "alice", "query": "x", "conversation": "#none" })), @"there is no channel #none: create it, or list the channels");
    insta::assert_snapshot!(refusal(json!({ "token": "alice", "query": "x in:@nobody" })), @"there is no user nobody");
    insta::assert_snapshot!(refusal(json!({ "token": "nobody", "query": "x" })), @"your session has ended: log in again");
}

#[test]
fn only_what_one_may_read_now_is_found() {
    let data = TempDir::new().expect("a folder");
    let mut world = World::new(data.path());
    for (by, to) in [("alice", "#a"), ("alice", "#b"), ("alice", "@bob"), ("bob", "@bob")] {
        world.say(by, to, &format!("secret of {by} to {to}"));
    }
    assert_eq!(world.find("carol", "secret"), ["secret of alice to #a"]);
    assert_eq!(world.find("bob", "secret").len(), 4);
    assert_eq!(world.find("alice", "secret").len(), 3);

    // Bob leaves while his search is under way.
    let params = json!({ "token": "bob", "query": "secret in:#b" });
    let everywhere = json!({ "token": "bob", "query": "secret" });
    let jobs = [&params, &everywhere].map(|params| world.answer(params, None).expect_err("a job"));
    let [one, all] = jobs.map(|job| world.done(job));
    world.record(Command::Leave(actor("bob", "#b")));
    let refused = world.answer(&params, Some(one)).ok().expect("an answer");
    assert_eq!(refused["error"]["data"]["reason"], "not_member");
    let left = world.answer(&everywhere, Some(all)).ok().expect("an answer");
    assert_eq!(texts(&left["result"]).len(), 3, "{left}");
    world.record(Command::Join(actor("bob", "#b")));
    assert_eq!(world.find("bob", "secret").len(), 4);
}

#[test]
fn pages_go_on_where_they_ended_newest_first() {
    let data = TempDir::new().expect("a folder");
    let mut world = World::new(data.path());
    for number in 0..25 {
        world.say("alice", ["#a", "#b", "@bob"][number % 3], &format!("word {number}"));
    }
    let (mut found, mut before) = (Vec::new(), Value::Null);
    loop {
        let page = world.page(&json!({ "token": "alice", "query": "word", "limit": 10, "before": before }));
        found.extend(texts(&page));
        before = page["before"].clone();
        if before.is_null() {
            break;
        }
        world.say("bob", "#a", "another word");
    }
    assert_eq!(found, (0..25).rev().map(|number| format!("word {number}")).collect::<Vec<_>>());
}

#[test]
fn what_was_acknowledged_is_found_at_once() {
    let data = TempDir::new().expect("a folder");
    let mut world = World::new(data.path());
    for number in 0..20 {
        world.say("alice", "#a", &format!("number{number}"));
        assert_eq!(world.find("bob", &format!("number{number}")).len(), 1, "{number}");
    }
}

#[test]
fn a_thousand_channels_are_searched_at_once() {
    let data = TempDir::new().expect("a folder");
    let mut world = World::new(data.path());
    for number in 0..1000 {
        let channel = testkit::channel(&format!("#c{number}"));
        let by = user(if number % 2 == 0 { "alice" } else { "bob" });
        world
            .ledger
            .record(Command::CreateChannel(Actor { user: by, channel }, true), NOW_MS)
            .expect("allowed");
    }
    for number in 0..1000 {
        let (by, to) = (if number % 2 == 0 { "alice" } else { "bob" }, Target::new(&format!("#c{number}")));
        let id = Uuid::from_u128(0x0197_0000_0000_7000_8000_0001_0000_0000 + number);
        let text = testkit::text("the same everywhere");
        let command = Command::Send { user: user(by), to: to.expect("a target"), id, text, reply: None };
        world.ledger.record(command, NOW_MS).expect("allowed");
    }
    world.say("carol", "#a", "the same here");
    let page = world.page(&json!({ "token": "alice", "query": "same", "limit": 100 }));
    assert_eq!(page["events"].as_array().map(Vec::len), Some(100));
    assert!(page["events"].as_array().expect("events").iter().skip(1).all(|event| event["from"] == "alice"));
}

#[test]
fn the_index_outlives_a_restart_and_is_made_again_when_it_is_not_sound() {
    let data = TempDir::new().expect("a folder");
    let mut world = World::new(data.path());
    for number in 0..40 {
        world.say("alice", "#a", &format!("word {number}"));
    }
    assert_eq!(world.find("alice", "word").len(), 20);
    drop(world);
    let meta = data.path().join("search/meta.json");
    let sound = fs::read_to_string(&meta).expect("the index's own table");
    let after = |what: &str, kept: bool| {
        let before = fs::read_to_string(&meta).unwrap_or_default();
        let mut world = World::open(data.path());
        assert_eq!(world.find("bob", "word 39"), ["word 39"], "{what}");
        drop(world);
        let now = fs::read_to_string(&meta).expect("the index's own table");
        assert_eq!(now == before, kept, "{what}");
    };
    after("a restart", true);
    let chain = sound.find("chain").expect("a chain") + 12;
    let mut other = sound.clone();
    other.replace_range(chain..chain + 1, if &sound[chain..=chain] == "0" { "1" } else { "0" });
    for (what, bytes) in [
        ("another log", other),
        ("another version", sound.replace("\\\"format\\\":3", "\\\"format\\\":2")),
        ("damage", "{}".to_owned()),
    ] {
        assert_ne!(bytes, sound, "{what}");
        fs::write(&meta, bytes).expect("a file");
        after(what, false);
    }
    fs::remove_dir_all(data.path().join("search")).expect("a folder");
    after("nothing", false);
}

#[test]
fn edits_replace_and_deleted_texts_are_gone() {
    let data = TempDir::new().expect("a folder");
    let mut world = World::new(data.path());
    for text in ["first words", "second words", "third words"] {
        world.say("alice", "#a", text);
    }
    let head = |world: &World| {
        let conversation = Conversation::of(&user("alice"), &target("#a"));
        world.ledger.state().head(&conversation)
    };
    let third = head(&world);
    assert_eq!(world.find("bob", "words").len(), 3);
    // In the index already, and then everything once more from the log.
    world.amend("alice", third - 2, Change::Edit(testkit::text("primeira versão")));
    world.amend("alice", third - 1, Change::Delete);
    for once_more in [false, true] {
        assert_eq!(world.find("bob", "words"), ["third words"], "{once_more}");
        assert_eq!(world.find("bob", "versao"), ["primeira versão"], "{once_more}");
        assert_eq!(world.find("bob", "second"), [""; 0], "{once_more}");
        if !once_more {
            drop(world);
            fs::remove_dir_all(data.path().join("search")).expect("a folder");
            world = World::open(data.path());
        }
    }
}

#[test]
fn a_file_is_found_by_the_words_of_its_name_by_whoever_may_read_it() {
    let data = TempDir::new().expect("a folder");
    let mut world = World::new(data.path());
    world.say("alice", "#a", "o relatório está aqui");
    world.share("alice", "#a", "Relatório_Final-2026.pdf");
    world.share("alice", "#b", "relatorios antigos.tar.gz");
    for once_more in [false, true] {
        let all = ["relatorios antigos.tar.gz", "Relatório_Final-2026.pdf", "o relatório está aqui"];
        assert_eq!(world.find("bob", "relatorio"), all, "{once_more}");
        assert_eq!(world.find("bob", "final 2026 from:alice"), ["Relatório_Final-2026.pdf"], "{once_more}");
        assert_eq!(world.find("bob", "\"tar gz\""), ["relatorios antigos.tar.gz"], "{once_more}");
        assert_eq!(world.find("carol", "relatorio").len(), 2, "{once_more}: #b is not hers to read");
        if !once_more {
            drop(world);
            fs::remove_dir_all(data.path().join("search")).expect("a folder");
            world = World::open(data.path());
        }
    }
    let conversation = Conversation::of(&user("alice"), &target("#a"));
    let n = world.ledger.state().head(&conversation);
    world.amend("alice", n, Change::Delete);
    assert_eq!(world.find("bob", "final"), [""; 0]);
    assert_eq!(world.find("carol", "relatorio"), ["o relatório está aqui"]);
}

#[test]
fn an_index_is_rebuilt_by_hand_while_no_server_works() {
    let data = TempDir::new().expect("a folder");
    let mut world = World::new(data.path());
    world.say("alice", "#a", "word");
    assert!(matches!(rebuild(data.path()), Err(SearchError::Store(_))), "it is in use");
    let typo = data.path().join("typo");
    assert!(matches!(rebuild(&typo), Err(SearchError::Store(StoreError::NoData(_)))));
    assert!(!typo.exists());
    let last = world.ledger.position();
    drop(world);
    assert_eq!(rebuild(data.path()).expect("a sound log"), last);
    assert_eq!(World::open(data.path()).find("alice", "word"), ["word"]);
}
