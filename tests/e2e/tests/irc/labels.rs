//! Responses with labels.

use super::{MODERN, guest, guests, tag};

#[test]
fn a_response_has_the_label_of_its_command() {
    let node = guests();
    let mut ana = guest(&node, "ana", MODERN);
    let lines = ana.ask("@label=a JOIN #ops");
    assert_eq!(tag(&lines[0], "label"), Some("a"));
    assert!(lines[0].ends_with("labeled-response"), "{lines:?}");
    let batch = lines[0].split(" BATCH +").nth(1).and_then(|rest| rest.split(' ').next()).expect("a name");
    assert!(lines[1..lines.len() - 1].iter().all(|line| tag(line, "batch") == Some(batch)), "{lines:?}");
    assert!(lines.last().is_some_and(|line| line.ends_with(&format!("BATCH -{batch}"))));
    let echo = ana.ask("@label=b PRIVMSG #ops :oi");
    assert_eq!((echo.len(), tag(&echo[0], "label")), (1, Some("b")));
    ana.send("@label=c PONG x");
    assert!(ana.wait_for("ACK").contains("label=c"));
    ana.send("@label=d NONSENSE");
    assert_eq!(tag(&ana.wait_for(" 421 "), "label"), Some("d"));
}

#[test]
fn without_the_capability_a_label_is_ignored() {
    let node = guests();
    let mut ana = guest(&node, "ana", "");
    assert_eq!(ana.ask("@label=a PONG x"), Vec::<String>::new());
}
