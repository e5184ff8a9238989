//! The parameters of NICK and USER, and the modes, of the users who connected to this front.

use common::UserName;

use super::{Board, Shared};
use crate::connection::HOST;
use crate::limits::{FACES_MAX, IDENT_BYTES_MAX, PAST_FACES_MAX};

/// The face that a user shows to IRC clients.
#[derive(Debug, Clone, Default)]
pub(crate) struct Face {
    /// The name of the account in the spelling of the client, such as `Alice`.
    nick: String,
    pub(crate) ident: String,
    pub(crate) real_name: String,
    pub(crate) modes: UserModes,
}

/// The modes that a user sets with MODE.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct UserModes {
    /// `B`: the user is a bot.
    pub(crate) bot: bool,
    /// `i`: masks of WHO match the user only in common channels.
    pub(crate) invisible: bool,
    /// `w`: the user receives WALLOPS.
    pub(crate) wallops: bool,
}

impl Shared {
    /// Remembers the nickname, the user name and the real name that a client sent. The nickname counts only
    /// if it is the name of the account in another spelling.
    pub(crate) fn set_face(&self, user: &UserName, nick: &str, ident: &str, real_name: &str) {
        let ident = ident.chars().filter(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'));
        let face = Face {
            nick: if is_spelling(user, nick) { nick.to_owned() } else { user.to_string() },
            ident: ident.take(IDENT_BYTES_MAX).collect(),
            real_name: real_name.to_owned(),
            modes: UserModes::default(),
        };
        let mut board = self.board();
        if board.faces.len() < FACES_MAX || board.faces.contains_key(user) {
            board.faces.insert(user.clone(), face);
        }
    }

    /// Changes the spelling of the name of a user. Returns false if it is the same already.
    pub(crate) fn set_spelling(&self, user: &UserName, nick: &str) -> bool {
        let mut board = self.board();
        let Some(face) = board.faces.get_mut(user).filter(|face| face.nick != nick) else { return false };
        nick.clone_into(&mut face.nick);
        true
    }

    /// The name of a user in the spelling of its client.
    pub(crate) fn shown(&self, user: &UserName) -> String {
        self.board().shown(user)
    }

    /// The source of lines of a user.
    pub(crate) fn source(&self, user: &UserName) -> String {
        let board = self.board();
        format!("{}!{}@{HOST}", board.shown(user), board.ident(user))
    }

    /// The user name that the client of a user sent; otherwise the name of the account.
    pub(crate) fn ident(&self, user: &UserName) -> String {
        self.board().ident(user)
    }

    pub(crate) fn real_name(&self, user: &UserName) -> Option<String> {
        self.board().faces.get(user).map(|face| face.real_name.clone())
    }

    pub(crate) fn modes(&self, user: &UserName) -> UserModes {
        self.board().faces.get(user).map(|face| face.modes).unwrap_or_default()
    }

    pub(crate) fn set_modes(&self, user: &UserName, modes: UserModes) {
        if let Some(face) = self.board().faces.get_mut(user) {
            face.modes = modes;
        }
    }

    /// Whether a user is a bot: an account of a bot, or a user with the mode `B`.
    pub(crate) fn is_bot(&self, user: &UserName) -> bool {
        let board = self.board();
        let has_mode = board.faces.get(user).is_some_and(|face| face.modes.bot);
        has_mode || board.list.get(user).is_some_and(|info| info.bot)
    }

    /// The faces of the former connections of a user, the newest first.
    pub(crate) fn past_faces(&self, user: &UserName) -> Vec<Face> {
        let board = self.board();
        board.past_faces.iter().filter(|(past, _)| past == user).map(|(_, face)| face.clone()).collect()
    }
}

impl Board {
    fn shown(&self, user: &UserName) -> String {
        self.faces.get(user).map_or_else(|| user.to_string(), |face| face.nick.clone())
    }

    fn ident(&self, user: &UserName) -> String {
        let ident = self.faces.get(user).map(|face| face.ident.clone());
        ident.filter(|ident| !ident.is_empty()).unwrap_or_else(|| user.to_string())
    }

    /// Remembers the face of a connection that has ended.
    pub(super) fn pass_face(&mut self, user: &UserName) {
        if let Some(face) = self.faces.get(user) {
            self.past_faces.push_front((user.clone(), face.clone()));
            self.past_faces.truncate(PAST_FACES_MAX);
        }
    }
}

/// Whether a nickname is the name of the user in upper or lower case.
pub(crate) fn is_spelling(user: &UserName, nick: &str) -> bool {
    nick.eq_ignore_ascii_case(user.as_str())
}

#[cfg(test)]
mod tests {
    use super::super::tests::shared;
    use super::*;

    #[test]
    fn a_user_has_the_spelling_of_its_client() {
        let (shared, ana) = (shared(), UserName::new("ana").expect("a name"));
        assert_eq!((shared.shown(&ana), shared.set_spelling(&ana, "ANA")), ("ana".into(), false));
        shared.set_face(&ana, "Ana", "a b~c", "Ana Souza");
        assert_eq!((shared.shown(&ana), shared.source(&ana)), ("Ana".into(), "Ana!abc@papo".into()));
        assert!(shared.set_spelling(&ana, "ANA") && !shared.set_spelling(&ana, "ANA"));
        shared.set_face(&ana, "bia", "a", "Ana");
        assert_eq!(shared.shown(&ana), "ana", "another name than that of the account");
    }

    #[test]
    fn modes_are_those_of_the_connected_user() {
        let (shared, ana) = (shared(), UserName::new("ana").expect("a name"));
        let bot = UserModes { bot: true, ..UserModes::default() };
        shared.set_modes(&ana, bot);
        assert!(!shared.is_bot(&ana));
        shared.set_face(&ana, "ana", "a", "Ana");
        shared.set_modes(&ana, bot);
        assert!(shared.is_bot(&ana) && shared.modes(&ana) == bot);
        shared.set_face(&ana, "ana", "a", "Ana");
        assert!(!shared.is_bot(&ana), "a new connection has no modes");
    }

    #[test]
    fn former_faces_are_bounded_and_the_newest_is_first() {
        let (shared, ana) = (shared(), UserName::new("ana").expect("a name"));
        for n in 0..PAST_FACES_MAX + 5 {
            shared.set_face(&ana, "ana", &n.to_string(), "Ana");
            shared.board().pass_face(&ana);
        }
        let past = shared.past_faces(&ana);
        assert_eq!((past.len(), &*past[0].ident), (PAST_FACES_MAX, &*(PAST_FACES_MAX + 4).to_string()));
    }
}
