//! Bans: a ban excludes a user, can be revoked, and is listed with its author.

use super::*;

#[test]
fn a_ban_lasts_until_it_is_revoked() {
    let mut fixture = Fixture::with(&["ana", "bob"], [create("ana", "#a"), join("bob", "#a")]);
    fixture.run(Command::Ban(actor("ana", "#a"), user("bob")));
    assert_eq!(fixture.rejection(join("bob", "#a")), Detail::Banned { channel: channel("#a") });
    let invited = fixture.rejection(Command::Invite(actor("ana", "#a"), user("bob")));
    assert_eq!(invited, Detail::UserBanned { user: user("bob"), channel: channel("#a") });
    fixture.run(Command::Unban(actor("ana", "#a"), user("bob")));
    fixture.run(join("bob", "#a"));
}

#[test]
fn moderators_list_bans_with_their_authors() {
    let ban = |name| Command::Ban(actor("ana", "#a"), user(name));
    let mut fixture = Fixture::with(&["ana", "bob", "eva"], [create("ana", "#a"), ban("eva"), ban("bob")]);
    let bans = |fixture: &Fixture, by: &str, after| {
        let (channel, by) = (channel("#a"), user(by));
        let bans: Vec<_> = fixture.state.channels.bans(&channel, &by, after)?.collect();
        Ok::<_, Detail>(serde_json::to_string(&bans).expect("json"))
    };
    insta::assert_snapshot!(bans(&fixture, "ana", None).expect("an owner"), @r#"[{"user":"bob","by":"ana","at":4102444800000},{"user":"eva","by":"ana","at":4102444800000}]"#);
    insta::assert_snapshot!(bans(&fixture, "ana", Some("bob")).expect("an owner"), @r#"[{"user":"eva","by":"ana","at":4102444800000}]"#);
    assert_eq!(bans(&fixture, "bob", None), Err(Detail::NotMember { channel: channel("#a") }));
    fixture.run(Command::Unban(actor("ana", "#a"), user("eva")));
    assert_eq!(bans(&fixture, "ana", Some("bob")).as_deref(), Ok("[]"));
}

#[test]
fn a_snapshot_without_authors_of_bans_is_loaded() {
    let mut fixture =
        Fixture::with(&["ana", "bob"], [create("ana", "#a"), Command::Ban(actor("ana", "#a"), user("bob"))]);
    let mut json = serde_json::to_value(fixture.state.channels.channel(&channel("#a")).expect("a channel"))
        .expect("json");
    json.as_object_mut().expect("an object").remove("bans").expect("the authors");
    let old: super::super::channels::Channel = serde_json::from_value(json).expect("a channel");
    fixture.state.channels.insert_channel(channel("#a"), old);
    let (channel, ana) = (channel("#a"), user("ana"));
    let bans: Vec<_> = fixture.state.channels.bans(&channel, &ana, None).expect("an owner").collect();
    assert_eq!(serde_json::to_string(&bans).expect("json"), r#"[{"user":"bob"}]"#);
}
