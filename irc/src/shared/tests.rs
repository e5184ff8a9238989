//! Tests of what the connections share.

use super::*;
use transport::wake::Wake;

fn shared() -> Shared {
    let (waker, _wake) = Wake::new().expect("a wake-up");
    let (relay, _inputs) = RelayHandle::new(waker);
    Shared::new(Settings { name: "irc.papo".into(), has_guests: true, started_ms: 0 }, relay)
}

fn user(name: &str) -> UserName {
    UserName::new(name).expect("a name")
}

#[test]
fn connections_of_an_address_are_bounded_and_released() {
    let (shared, address) = (shared(), IpAddr::from([127, 0, 0, 1]));
    assert!((0..ADDRESS_CONNECTIONS_MAX).all(|_| shared.admit(address)));
    assert!(!shared.admit(address) && shared.admit(IpAddr::from([127, 0, 0, 2])));
    shared.release(address);
    assert!(shared.admit(address));
    assert_eq!(shared.counts().all, ADDRESS_CONNECTIONS_MAX + 1);
}

#[test]
fn connections_of_a_user_are_bounded_and_the_first_and_last_are_reported() {
    let (shared, alice, bob) = (shared(), user("alice"), user("bob"));
    let (inbox, other) = (Arc::new(Inbox::default()), Arc::new(Inbox::default()));
    assert!(shared.welcome(&bob, ConnectionId(0), &other));
    other.take();
    let ids = || (1..=USER_CONNECTIONS_MAX as u64).map(ConnectionId);
    assert!(ids().all(|id| shared.welcome(&alice, id, &inbox)));
    assert!(!shared.welcome(&alice, ConnectionId(99), &inbox));
    shared.farewell(&alice, ConnectionId(99), false);
    ids().for_each(|id| shared.farewell(&alice, id, false));
    assert_eq!(other.take(), [Item::Online(alice.clone(), true), Item::Online(alice.clone(), false)]);
    assert!(!shared.is_here(&alice) && shared.is_here(&bob));
    assert_eq!((shared.counts().welcome, shared.counts().welcome_max), (1, USER_CONNECTIONS_MAX + 1));
}

#[test]
fn a_guest_has_one_password_and_one_connection() {
    let (shared, ana) = (shared(), user("ana"));
    let (password, is_known) = shared.guest(&ana).expect("a guest");
    assert_eq!((shared.guest(&ana), is_known), (Some((password, true)), false));
    assert!(shared.welcome(&ana, ConnectionId(1), &Arc::default()));
    assert_eq!(shared.guest(&ana), None);
}

#[test]
fn remarks_notices_and_marks_are_bounded() {
    let (shared, ana, ops) = (shared(), user("ana"), ChannelName::new("#ops").expect("a name"));
    shared.set_remark(&ops, &ana, "first");
    shared.set_remark(&ops, &ana, "second");
    assert_eq!(shared.remark(&ops, &ana).as_deref(), Some("second"));
    (0..REMARKS_MAX).for_each(|n| shared.set_remark(&ops, &user(&format!("u{n}")), ""));
    assert_eq!(shared.remark(&ops, &ana), None);
    let first = shared.uuid();
    shared.note_notice(first);
    assert!(shared.is_notice(first));
    (0..NOTICES_MAX).for_each(|_| shared.note_notice(shared.uuid()));
    assert!(!shared.is_notice(first));
    let target = Target::Channel(ops);
    assert!(shared.set_mark(&ana, &target, 2) && !shared.set_mark(&ana, &target, 1));
    for n in 0..MARKS_MAX {
        shared.set_mark(&user(&format!("u{n}")), &target, 1);
    }
    assert_eq!((shared.mark(&ana, &target), shared.board().marks.len()), (Some(2), MARKS_MAX));
}

#[test]
fn texts_of_away_are_bounded_and_reported_once() {
    let (shared, ana, inbox) = (shared(), user("ana"), Arc::new(Inbox::default()));
    shared.welcome(&ana, ConnectionId(1), &inbox);
    inbox.take();
    shared.set_away(&ana, Some("almoço".into()));
    shared.set_away(&ana, Some("almoço".into()));
    assert_eq!(inbox.take(), [Item::Away(ana.clone(), Some("almoço".into()))]);
    (0..AWAY_USERS_MAX).for_each(|n| shared.set_away(&user(&format!("u{n}")), Some(String::new())));
    assert_eq!(shared.board().away.len(), AWAY_USERS_MAX);
    shared.farewell(&ana, ConnectionId(1), false);
    assert_eq!(shared.away(&ana), None);
}
