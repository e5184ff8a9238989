//! Sentences about who is there, and who writes.

use common::UserName;
use common::presence::State;

use super::Words;

super::sentences! {
    you_are_away() {
        en: "you are shown as away",
        pt: "você aparece como ausente",
    }
    you_are_back() {
        en: "you are shown as online",
        pt: "você aparece como presente",
    }
    is_now(user: &UserName, state: &str) {
        en: "-- {user} is {state} --",
        pt: "-- {user} agora: {state} --",
    }
    state_online() {
        en: "online",
        pt: "presente",
    }
    state_away() {
        en: "away",
        pt: "ausente",
    }
    state_offline() {
        en: "offline",
        pt: "desconectado(a)",
    }
    seen_last(when: &str) {
        en: "seen {when}",
        pt: "visto(a) em {when}",
    }
    writes(users: &str) {
        en: "{users} writing…",
        pt: "{users} escrevendo…",
    }
}

impl Words {
    /// The word for a state.
    pub(crate) fn state(self, state: State) -> String {
        match state {
            State::Online => self.state_online(),
            State::Away => self.state_away(),
            State::Offline => self.state_offline(),
        }
    }

    /// Who writes; nothing when nobody does.
    pub(crate) fn writers(self, users: &[UserName]) -> String {
        let names: Vec<_> = users.iter().map(UserName::as_str).collect();
        if names.is_empty() { String::new() } else { self.writes(&names.join(", ")) }
    }
}
