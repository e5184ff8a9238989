//! Messages about presence and typing.

use common::UserName;
use common::presence::State;

use super::Catalog;

super::messages! {
    you_are_away() {
        en: "you are shown as away",
        pt: "você aparece como ausente",
    }
    you_are_online() {
        en: "you are shown as online",
        pt: "você aparece como disponível",
    }
    presence_changed(user: &UserName, state: &str) {
        en: "-- {user} is {state} --",
        pt: "-- {user} está {state} --",
    }
    state_online() {
        en: "online",
        pt: "disponível",
    }
    state_away() {
        en: "away",
        pt: "ausente",
    }
    state_offline() {
        en: "offline",
        pt: "desconectado(a)",
    }
    last_seen(when: &str) {
        en: "last seen {when}",
        pt: "visto(a) por último em {when}",
    }
    typing_users(users: &str) {
        en: "{users} typing…",
        pt: "{users} digitando…",
    }
}

impl Catalog {
    /// The word for a state.
    pub(crate) fn state(self, state: State) -> String {
        match state {
            State::Online => self.state_online(),
            State::Away => self.state_away(),
            State::Offline => self.state_offline(),
        }
    }

    /// The message about users who are typing. Empty if `users` is empty.
    pub(crate) fn typing(self, users: &[UserName]) -> String {
        let names: Vec<_> = users.iter().map(UserName::as_str).collect();
        if names.is_empty() { String::new() } else { self.typing_users(&names.join(", ")) }
    }
}
