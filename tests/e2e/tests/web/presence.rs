//! The presence of a user with several tabs: the gateway merges the WebSockets of a session.

use std::time::Duration;

use common::presence::State;
use e2e::{ChatSocket, DEADLINE, Node};
use serde_json::json;
use transport::clock;

use super::{team, token};

#[test]
fn the_tabs_of_a_session_are_one_presence_until_the_last_one_is_closed() {
    let node = Node::with_gateway(&[]);
    let [mut alice, bob] = team(&node);
    let set = alice.call("presence.set", json!({ "state": "offline" })).expect("a topic");
    let mut subscriber = node.subscriber();
    subscriber.follow(&[set["topic"].as_str().expect("a topic")]);
    let web = node.web();
    let report = |tab: &mut ChatSocket, state: &str, id: u8| {
        let connection = format!("01970000-0000-7000-8000-0000000000{id:02}");
        let params = json!({ "state": state, "connection": connection });
        tab.call("presence.set", params).expect("the topic");
    };
    let [mut one, mut other] = [web.chat(&token(&bob)), web.chat(&token(&bob))];
    report(&mut one, "away", 1);
    assert_eq!(subscriber.next_presence_change(DEADLINE).state, State::Away);
    report(&mut other, "online", 2);
    assert_eq!(subscriber.next_presence_change(DEADLINE).state, State::Online);
    report(&mut one, "away", 1);
    drop(other);
    let changed = clock::now();
    assert_eq!(subscriber.next_presence_change(DEADLINE).state, State::Away);
    assert!(changed.elapsed() < Duration::from_secs(5), "{:?}", changed.elapsed());

    // A page that is loaded again: no listener sees the user leave.
    drop(one);
    let mut one = web.chat(&token(&bob));
    report(&mut one, "online", 3);
    assert_eq!(subscriber.next_presence_change(DEADLINE).state, State::Online);
    drop(one);
    let closed = clock::now();
    let left = subscriber.next_presence_change(DEADLINE);
    assert_eq!((left.user.as_str(), left.state), ("bob", State::Offline));
    let late = closed.elapsed();
    assert!((Duration::from_secs(4)..Duration::from_secs(12)).contains(&late), "{late:?}");
}
