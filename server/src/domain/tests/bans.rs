//! Bans: they exclude a user, can be revoked, and are listed with their author.

use super::*;

#[test]
fn a_ban_lasts_until_it_is_revoked() {
    let mut world = World::with(&["ana", "bob"], [create("ana", "#a"), join("bob", "#a")]);
    world.does(Command::Ban(actor("ana", "#a"), user("bob")));
    assert_eq!(world.refuses(join("bob", "#a")), Detail::Banned { channel: channel("#a") });
    let invited = world.refuses(Command::Invite(actor("ana", "#a"), user("bob")));
    assert_eq!(invited, Detail::UserBanned { user: user("bob"), channel: channel("#a") });
    world.does(Command::Unban(actor("ana", "#a"), user("bob")));
    world.does(join("bob", "#a"));
}

#[test]
fn moderators_list_bans_with_their_authors() {
    let ban = |name| Command::Ban(actor("ana", "#a"), user(name));
    let mut world = World::with(&["ana", "bob", "eva"], [create("ana", "#a"), ban("eva"), ban("bob")]);
    let bans = |world: &World, by: &str, after| {
        let (channel, by) = (channel("#a"), user(by));
        let bans: Vec<_> = world.state.channels.bans(&channel, &by, after)?.collect();
        Ok::<_, Detail>(serde_json::to_string(&bans).expect("json"))
    };
    insta::assert_snapshot!(bans(&world, "ana", None).expect("an owner"), @r#"[{"user":"bob","by":"ana","at":4102444800000},{"user":"eva","by":"ana","at":4102444800000}]"#);
    insta::assert_snapshot!(bans(&world, "ana", Some("bob")).expect("an owner"), @r#"[{"user":"eva","by":"ana","at":4102444800000}]"#);
    assert_eq!(bans(&world, "bob", None), Err(Detail::NotMember { channel: channel("#a") }));
    world.does(Command::Unban(actor("ana", "#a"), user("eva")));
    assert_eq!(bans(&world, "ana", Some("bob")).as_deref(), Ok("[]"));
}

#[test]
fn a_snapshot_without_authors_of_bans_is_loaded() {
    let mut world =
        World::with(&["ana", "bob"], [create("ana", "#a"), Command::Ban(actor("ana", "#a"), user("bob"))]);
    let mut json =
        serde_json::to_value(world.state.channels.channel(&channel("#a")).expect("a channel")).expect("json");
    json.as_object_mut().expect("an object").remove("bans").expect("the authors");
    let old: super::super::channels::Channel = serde_json::from_value(json).expect("a channel");
    world.state.channels.insert_channel(channel("#a"), old);
    let (channel, ana) = (channel("#a"), user("ana"));
    let bans: Vec<_> = world.state.channels.bans(&channel, &ana, None).expect("an owner").collect();
    assert_eq!(serde_json::to_string(&bans).expect("json"), r#"[{"user":"bob"}]"#);
}
