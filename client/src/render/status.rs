//! How the session stands: whether the server answers, what waits, how far everything has come.

use crate::session::{Connectivity, Status};
use crate::words::Words;

/// All of it, in lines.
pub(crate) fn status(words: Words, status: &Status, endpoint: &str) -> Vec<String> {
    let mut lines = vec![
        match status.connectivity {
            Connectivity::Connected => words.connected(endpoint),
            Connectivity::Connecting => words.connecting(endpoint),
            Connectivity::Reconnecting => words.reconnecting(endpoint),
            Connectivity::Offline => words.offline(endpoint),
        },
        words.waiting(status.waiting),
    ];
    lines.extend(status.conversations.iter().map(|progress| {
        if progress.shown == progress.head {
            words.complete_up_to(&progress.conversation, progress.head)
        } else {
            words.shown_of(&progress.conversation, progress.shown, progress.head)
        }
    }));
    lines
}

/// What stands in the prompt behind the conversation: how much is unread elsewhere, and how the link is when it is not
/// well. A server that has never answered is worth a word when it is awaited.
pub(crate) fn beside_prompt(words: Words, status: &Status, is_awaited: bool) -> String {
    match (status.unread, link(words, status, is_awaited)) {
        (0, None) => String::new(),
        (0, Some(link)) => format!(" ({link})"),
        (unread, None) => format!(" ({unread})"),
        (unread, Some(link)) => format!(" ({unread}; {link})"),
    }
}

/// How the link is; nothing when all is well.
fn link(words: Words, status: &Status, is_awaited: bool) -> Option<String> {
    match (status.connectivity, status.pending) {
        (Connectivity::Connecting, _) if is_awaited => Some(words.prompt_connecting(status.waiting)),
        (Connectivity::Connected | Connectivity::Connecting, 0) => None,
        (Connectivity::Connected | Connectivity::Connecting, pending) => Some(words.prompt_waiting(pending)),
        (Connectivity::Reconnecting, _) => Some(words.prompt_reconnecting(status.waiting)),
        (Connectivity::Offline, _) => Some(words.prompt_offline(status.waiting)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::session::Progress;

    fn of(connectivity: Connectivity, shown: u64) -> Status {
        let conversation = common::Target::new("#general").expect("a name");
        let conversations = vec![Progress { conversation, shown, head: 4211 }];
        Status { connectivity, endpoint: 0, waiting: 3, pending: 0, unread: 0, conversations }
    }

    #[test]
    fn a_person_sees_how_far_everything_has_come() {
        let shown =
            |connectivity, shown| status(Words::ENGLISH, &of(connectivity, shown), "tcp://a:5555").join("\n");
        insta::assert_snapshot!(shown(Connectivity::Connected, 4211), @"
        connected to tcp://a:5555
        waiting to be sent: 3
        complete up to #general 4211
        ");
        insta::assert_snapshot!(shown(Connectivity::Offline, 4200), @"
        offline: tcp://a:5555 does not answer; trying again
        waiting to be sent: 3
        #general: shown up to 4200 of 4211; the others are on their way
        ");
    }

    #[test]
    fn the_prompt_says_what_is_unread_and_what_is_not_well() {
        let prompt = |status: Status| beside_prompt(Words::ENGLISH, &status, true);
        assert_eq!(prompt(of(Connectivity::Connecting, 1)), " (connecting, 3 waiting)");
        let nobody = beside_prompt(Words::ENGLISH, &of(Connectivity::Connecting, 1), false);
        assert_eq!(nobody, "", "nobody waits for it");
        assert_eq!(prompt(of(Connectivity::Connected, 1)), "");
        assert_eq!(prompt(of(Connectivity::Reconnecting, 1)), " (reconnecting, 3 waiting)");
        assert_eq!(prompt(of(Connectivity::Offline, 1)), " (offline, 3 waiting)");
        assert_eq!(prompt(Status { pending: 2, ..of(Connectivity::Connected, 1) }), " (2 waiting)");
        assert_eq!(prompt(Status { unread: 7, ..of(Connectivity::Connected, 1) }), " (7)");
        assert_eq!(prompt(Status { unread: 7, ..of(Connectivity::Offline, 1) }), " (7; offline, 3 waiting)");
    }
}
