//! Invitations are listed, accepted and declined.

use super::*;
use common::Detail;

#[test]
fn an_invitation_is_listed_and_can_be_declined() {
    let invite = |by, name, other| Command::Invite(actor(by, name), user(other));
    let setup = [
        create_private("ana", "#b"),
        create("ana", "#a"),
        invite("ana", "#b", "bob"),
        invite("ana", "#a", "bob"),
    ];
    let mut fixture = Fixture::with(&["ana", "bob", "eva"], setup);
    let invitations = |fixture: &Fixture, name: &str, after| -> Vec<_> {
        let user = user(name);
        let all = fixture.state.channels.invitations(&user, after);
        all.map(|invitation| {
            let invited = invitation.invited;
            format!("{} {:?} {:?}", invitation.channel, invited.by.map(|by| by.to_string()), invited.at)
        })
        .collect()
    };
    let (a, b) = ("#a Some(\"ana\") Some(4102444800000)", "#b Some(\"ana\") Some(4102444800000)");
    assert_eq!(invitations(&fixture, "bob", None), [a, b]);
    assert_eq!(invitations(&fixture, "bob", Some("#a")), [b]);
    assert_eq!(invitations(&fixture, "ana", None), [""; 0]);
    assert_eq!(
        fixture.rejection(Command::Decline(actor("eva", "#b"))),
        Detail::NoSuchChannel { channel: channel("#b") }
    );
    assert_eq!(
        fixture.rejection(Command::Decline(actor("eva", "#a"))),
        Detail::NoSuchInvitation { channel: channel("#a") }
    );
    fixture.run(Command::Decline(actor("bob", "#b")));
    fixture.run(join("bob", "#a"));
    assert_eq!(invitations(&fixture, "bob", None), [""; 0]);
    assert_eq!(
        fixture.rejection(join("bob", "#b")),
        Detail::NoSuchChannel { channel: channel("#b") },
        "the invitation was declined"
    );
    insta::assert_snapshot!(fixture.log[7], @r##"{"n":3,"at":4102444800000,"to":"#b","from":"bob","kind":"channel.declined"}"##);
}

#[test]
fn a_snapshot_without_details_of_invitations_is_loaded() {
    let mut fixture = Fixture::with(
        &["ana", "bob"],
        [create("ana", "#a"), Command::Invite(actor("ana", "#a"), user("bob"))],
    );
    let mut json = serde_json::to_value(fixture.state.channels.channel(&channel("#a")).expect("a channel"))
        .expect("json");
    json["invited"] = serde_json::json!(["bob"]);
    let old: super::super::channels::Channel = serde_json::from_value(json).expect("a channel");
    fixture.state.channels.insert_channel(channel("#a"), old);
    let bob = user("bob");
    let seen: Vec<_> = fixture.state.channels.invitations(&bob, None).collect();
    assert_eq!(serde_json::to_string(&seen).expect("json"), r##"[{"channel":"#a"}]"##);
}
