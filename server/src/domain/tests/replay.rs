//! Whatever was done, the log alone gives the same state.

use proptest::prelude::*;

use super::*;

pub(super) fn any_command() -> impl Strategy<Value = Command<'static>> {
    let (name, place) = (prop::sample::select(&["ana", "bob", "eva"]), prop::sample::select(&["#a", "#b"]));
    (name.clone(), name, place, any::<bool>(), 0..26u8).prop_map(|(by, other, place, flag, what)| {
        let (deed, target) = (deed(by, place), user(other));
        match what {
            0 => Command::CreateChannel(deed, flag),
            1 => Command::Join(deed),
            2 => Command::Leave(deed),
            3 => send(by, place),
            4 => send(by, &format!("@{other}")),
            // Nobody has another one's token.
            5 => open(by, &format!("{by} {other}"), NOW_MS + 10),
            6 => Command::EndSession { user: user(by), digest: TokenDigest::of(&format!("{by} {other}")) },
            7 => Command::Invite(deed, target),
            8 => Command::Kick(deed, target),
            9 => Command::Ban(deed, target),
            10 => Command::Unban(deed, target),
            11 => Command::GiveRole(deed, target, if flag { Role::Owner } else { Role::Moderator }),
            12 => Command::SetChannel(deed, Some(Subject::new(other).expect("short")), Some(flag)),
            13 => Command::Revoke { user: target, current: TokenDigest::of(by), session: None },
            14 => Command::ChangePassword { user: target, password: by.into() },
            15 => mark(by, &format!("@{other}"), if flag { 1 } else { 3 }),
            16 => mark(by, place, if flag { 2 } else { u64::MAX }),
            17 => Command::Disable { by: user(by), user: target, disabled: flag },
            18 => Command::Promote { by: user(by), user: target, administrator: flag },
            19 => Command::Seen { user: target, at: NOW_MS + u64::from(flag) },
            // Whether the number is a message's, the log is asked; here it is enough that it may be.
            20 => amendments::edits(by, place, flag),
            21 => amendments::deletes(by, place, flag),
            22 => amendments::reacts(by, place, flag),
            23 => Command::Decline(deed),
            24 => send(by, "*"),
            _ => Command::Register { user: user(by), password: "hash".into() },
        }
    })
}

proptest! {
    /// Whatever was allowed, the log alone gives the same state, and the same refusals.
    #[test]
    fn replay_gives_the_same_state(commands in prop::collection::vec(any_command(), 0..100), probe in any_command()) {
        let mut world = World::new();
        for command in commands {
            let _allowed_or_not = world.try_to(command);
        }
        let replayed = world.replayed();
        prop_assert_eq!(&replayed.users, &world.state.users);
        prop_assert_eq!(replayed.channels.all(), world.state.channels.all());
        prop_assert_eq!(replayed.channels.everybody(), world.state.channels.everybody());
        prop_assert_eq!(replayed.presence_topic(), world.state.presence_topic());
        let mut restored = State::new(TopicSecret::new([7; 32]));
        restored.users.restore(world.state.users.accounts().clone());
        prop_assert_eq!(restored.presence_topic(), world.state.presence_topic());
        prop_assert_eq!(snapshots::direct(&replayed), snapshots::direct(&world.state));
        for name in ["ana", "bob", "eva"] {
            let [before, after] = [&world.state, &replayed].map(|state| heads(state, &user(name), 0).collect::<Vec<_>>());
            prop_assert_eq!(before, after);
        }
        let [before, after] = [&world.state, &replayed].map(|state| decide(state, probe.clone(), NOW_MS));
        prop_assert_eq!(before, after);
    }
}
