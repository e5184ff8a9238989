//! Tests of `papo export` while a node runs.

use std::fs;

use e2e::{Node, Process, peers};
use serde_json::{Value, json};
use tempfile::TempDir;
use uuid::Uuid;

#[test]
fn an_export_of_a_running_node_contains_its_events() {
    let node = Node::up();
    let [mut alice, mut bob] = peers(&node, ["alice", "bob"]);
    alice.create("#a").expect("made");
    bob.join("#a").expect("joined");
    for text in ["old", "taken back", "\u{1b}[31mred"] {
        alice.send("#a", text).expect("sent");
    }
    alice.send("@bob", "for bob").expect("sent");
    let of = |n: u64| json!({ "conversation": "#a", "n": n, "id": Uuid::now_v7() });
    let mut edit = of(3);
    edit["text"] = json!("new");
    alice.call("message.edit", edit).expect("edited");
    alice.call("message.delete", of(4)).expect("deleted");

    let data = node.data().to_str().expect("utf-8");
    let export = |more: &[&str]| Process::run([&["export", "--data", data], more].concat());
    let exported = export(&["#a"]);
    assert_eq!(exported.code, Some(0), "{}", exported.log);
    assert!(!exported.output.contains('\u{1b}'), "escape characters are escaped");
    let lines = |output: &str| -> Vec<Value> {
        output.lines().map(|line| serde_json::from_str(line).expect("a line of JSON")).collect()
    };
    let texts: Vec<_> = lines(&exported.output).iter().map(|line| line["text"].clone()).collect();
    let none = Value::Null;
    assert_eq!(
        texts,
        [&none, &none, &json!("old"), &json!(""), &json!("\u{1b}[31mred"), &json!("new"), &none]
            .map(Clone::clone)
    );

    let text = export(&["#a", "--text"]).output;
    let (day, text) = text.split_once('\n').expect("lines");
    assert!(
        day.starts_with("-- 20") && day.ends_with(" --") && day.len() == "-- 2026-11-21 --".len(),
        "{day}"
    );
    let without_times: Vec<_> = text.lines().map(|line| line.split_at(6).1).collect();
    let events = [
        "#a 3 alice: old",
        "#a 4 alice: (deleted)",
        "#a 5 alice: ␛[31mred",
        "#a 6 alice edited 3: new",
        "#a 7 alice deleted 4",
    ];
    assert_eq!(without_times, [&["#a 1 alice created #a", "#a 2 bob joined #a"], &events[..]].concat());

    let folder = TempDir::new().expect("a folder");
    let file = folder.path().join("bob.jsonl");
    let file_name = file.to_str().expect("utf-8");
    let exported = export(&["@bob", "--output", file_name]);
    assert_eq!((exported.code, exported.output.as_str()), (Some(0), ""), "{}", exported.log);
    let found = lines(&fs::read_to_string(&file).expect("a file"));
    assert_eq!((&found[0]["export"], &found[0]["user"]), (&json!("account"), &json!("bob")));
    assert_eq!(found.last().expect("lines")["text"], "for bob");
    let refused = export(&["@bob", "--output", file_name]);
    let sentence = format!("papo: cannot write {file_name}: File exists (os error 17)");
    assert_eq!((refused.code, refused.log.trim()), (Some(1), &*sentence));

    let refused = export(&["@zoe"]);
    assert_eq!((refused.code, refused.log.trim()), (Some(1), "papo: there is no user zoe"));
}
