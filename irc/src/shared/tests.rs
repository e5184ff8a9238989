//! Tests of what the connections share.

use super::*;
use crate::limits::{MARKS_MAX, MARKS_PER_USER_MAX, NOTES_MAX, REMARKS_MAX};
use transport::wake::Wake;

pub(super) fn shared() -> Shared {
    let (waker, _wake) = Wake::new().expect("a wake-up");
    let (relay, _inputs) = RelayHandle::new(waker);
    Shared::new(
        Settings {
            name: "irc.papo".into(),
            description: "papo".into(),
            uploads: None,
            has_guests: true,
            started_ms: 0,
        },
        relay,
    )
}

fn user(name: &str) -> UserName {
    UserName::new(name).expect("a name")
}

#[test]
fn connections_of_an_address_are_bounded_and_released() {
    let (shared, address) = (shared(), IpAddr::from([127, 0, 0, 1]));
    assert!((0..ADDRESS_CONNECTIONS_MAX).all(|_| shared.admit(address)));
    assert!(!shared.admit(address) && shared.admit(IpAddr::from([127, 0, 0, 2])));
    shared.release(address, false);
    assert!(shared.admit(address));
    assert_eq!(shared.counts().all, ADDRESS_CONNECTIONS_MAX + 1);
}

#[test]
fn the_addresses_of_an_ipv6_network_are_bounded_together() {
    let shared = shared();
    let address = |host: u16| IpAddr::from([0x2001, 0xdb8, 0, 0, 0, 0, 0, host]);
    assert!((0..ADDRESS_CONNECTIONS_MAX as u16).all(|host| shared.admit(address(host))));
    assert!(!shared.admit(address(60_000)) && shared.admit(IpAddr::from([0x2001, 0xdb8, 0, 1, 0, 0, 0, 1])));
    shared.release(address(60_000), false);
    assert!(shared.admit(address(60_001)));
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
    assert!(!shared.farewell(&alice, ConnectionId(99)));
    assert!(ids().all(|id| shared.farewell(&alice, id)));
    assert!(!shared.farewell(&alice, ConnectionId(1)));
    assert_eq!(other.take(), [Item::Online(alice.clone(), true)], "alice can have another program");
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
    let other = Arc::new(Inbox::default());
    assert!(shared.welcome(&user("bob"), ConnectionId(2), &other));
    shared.farewell(&ana, ConnectionId(1));
    assert_eq!(other.take().back(), Some(&Item::Online(ana, false)), "a guest has no other program");
}

#[test]
fn a_connection_that_has_ended_has_no_channels() {
    let (shared, [ana, bob], ops) =
        (shared(), ["ana", "bob"].map(user), ChannelName::new("#ops").expect("a name"));
    for (user, id) in [(&ana, 1), (&bob, 2)] {
        assert!(shared.welcome(user, ConnectionId(id), &Arc::default()));
        shared.set_channels(user, ConnectionId(id), BTreeSet::from([ops.clone()]));
    }
    assert!(shared.shares_channel(&ana, ConnectionId(1), &bob));
    shared.set_channels(&bob, ConnectionId(2), BTreeSet::new());
    assert!(!shared.shares_channel(&ana, ConnectionId(1), &bob));
    shared.farewell(&bob, ConnectionId(2));
    shared.set_channels(&bob, ConnectionId(2), BTreeSet::from([ops]));
    assert!(!shared.board().users.contains_key(&bob));
}

#[test]
fn an_operator_is_counted_once_until_the_connection_ends() {
    let (shared, ana) = (shared(), user("ana"));
    assert!(shared.welcome(&ana, ConnectionId(1), &Arc::default()));
    shared.note_operator(&ana, ConnectionId(1));
    shared.note_operator(&ana, ConnectionId(1));
    assert_eq!(shared.counts().operators, 1);
    shared.farewell(&ana, ConnectionId(1));
    shared.note_operator(&ana, ConnectionId(1));
    assert_eq!(shared.counts().operators, 0);
}

#[test]
fn a_remark_counts_for_the_user_who_made_it() {
    let (shared, [ana, bob, eve]) = (shared(), ["ana", "bob", "eve"].map(user));
    let ops = ChannelName::new("#ops").expect("a name");
    shared.set_remark(&ops, &ana, &bob, "first");
    shared.set_remark(&ops, &ana, &bob, "second");
    shared.set_remark(&ops, &ana, &eve, "forged");
    assert_eq!(shared.remark(&ops, &ana, &bob).as_deref(), Some("second"));
    shared.forget_remark(&ops, &ana, &eve);
    assert_eq!(shared.remark(&ops, &ana, &eve), None);
    assert_eq!(shared.remark(&ops, &ana, &bob).as_deref(), Some("second"));
    (0..REMARKS_MAX).for_each(|n| shared.set_remark(&ops, &user(&format!("u{n}")), &eve, ""));
    assert_eq!(shared.remark(&ops, &ana, &bob), None);
}

#[test]
fn notes_are_bounded_and_empty_ones_are_not_kept() {
    let shared = shared();
    let (first, plain) = (shared.uuid(), shared.uuid());
    let notice = || MessageNote { is_notice: true, ..MessageNote::default() };
    shared.set_note(first, notice());
    (0..NOTES_MAX).for_each(|_| shared.set_note(plain, MessageNote::default()));
    assert!(shared.note(first).is_notice && !shared.note(plain).is_notice);
    (0..NOTES_MAX).for_each(|_| shared.set_note(shared.uuid(), notice()));
    assert!(!shared.note(first).is_notice && shared.board().notes.len() == NOTES_MAX);
}

#[test]
fn marks_are_bounded_for_each_user_and_outlive_the_connections() {
    let (shared, ana) = (shared(), user("ana"));
    assert!(shared.welcome(&ana, ConnectionId(1), &Arc::default()));
    let target = |n: usize| Target::Channel(ChannelName::new(&format!("#c{n}")).expect("a name"));
    let all = || shared.board().marks.values().map(HashMap::len).sum::<usize>();
    assert!(shared.set_mark(&ana, &target(0), 2) && !shared.set_mark(&ana, &target(0), 1));
    (0..MARKS_PER_USER_MAX + 9).for_each(|n| assert!(shared.set_mark(&ana, &target(n), 3)));
    assert_eq!((shared.mark(&ana, &target(0)), all()), (Some(3), MARKS_PER_USER_MAX));
    for n in 0..MARKS_MAX {
        shared.set_mark(&user(&format!("u{n}")), &target(0), 1);
    }
    assert_eq!(all(), MARKS_MAX);
    assert!(shared.set_mark(&ana, &target(0), 4), "a known mark moves forward in a full table");
    assert_eq!(shared.mark(&ana, &target(0)), Some(4));
    shared.farewell(&ana, ConnectionId(1));
    assert_eq!((shared.mark(&ana, &target(0)), all()), (Some(4), MARKS_MAX));
}

#[test]
fn a_user_is_away_while_all_connections_are_away() {
    let (shared, ana, inbox) = (shared(), user("ana"), Arc::new(Inbox::default()));
    let (one, other) = (ConnectionId(1), ConnectionId(2));
    let text = |text: &str| Some(text.to_owned());
    let away = |text| Item::Away(ana.clone(), text);
    shared.welcome(&ana, one, &inbox);
    inbox.take();
    shared.set_away(&ana, one, text("almoço"));
    shared.set_away(&ana, one, text("almoço"));
    assert_eq!(inbox.take(), [away(text("almoço"))]);
    shared.welcome(&ana, other, &Arc::default());
    assert_eq!((inbox.take().into(), shared.away(&ana)), (vec![away(None)], None));
    shared.set_away(&ana, other, None);
    shared.set_away(&ana, one, text("almoço"));
    assert_eq!((inbox.take().len(), shared.away(&ana)), (0, None), "the other connection is not away");
    shared.set_away(&ana, other, text("reunião"));
    assert_eq!(inbox.take(), [away(text("reunião"))]);
    shared.set_away(&ana, one, None);
    assert_eq!(inbox.take(), [away(None)]);
    shared.farewell(&ana, one);
    assert_eq!(shared.away(&ana), text("reunião"));
    shared.farewell(&ana, other);
    shared.set_away(&ana, other, text("tarde"));
    assert_eq!(shared.away(&ana), None);
}

#[test]
fn the_list_is_loaded_for_an_unknown_user_once_in_a_second() {
    let (shared, ana) = (shared(), user("ana"));
    assert!(shared.is_list_old(None));
    shared.set_list(Vec::new());
    assert!(!shared.is_list_old(None) && !shared.is_list_old(Some(&ana)));
    shared.welcome(&ana, ConnectionId(1), &Arc::default());
    assert!(shared.is_list_old(Some(&ana)), "a new account is not in the list");
}
