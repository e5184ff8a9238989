//! Renders the status of the session: the connection, unsent messages, and how complete each conversation is.

use crate::channel_names::SharedNames;
use crate::i18n::Catalog;
use session::{Connectivity, Status, StatusSummary};

/// The lines of `/status`.
pub(crate) fn status(catalog: Catalog, names: &SharedNames, status: &Status, endpoint: &str) -> Vec<String> {
    let mut lines = vec![
        match status.summary.connectivity {
            Connectivity::Connected => catalog.connected(endpoint),
            Connectivity::Connecting => catalog.connecting(endpoint),
            Connectivity::Reconnecting => catalog.reconnecting(endpoint),
            Connectivity::Offline => catalog.offline(endpoint),
        },
        catalog.waiting(status.summary.waiting),
    ];
    // Conversations without events are skipped: the other user of a direct conversation may not exist.
    let begun = status.conversations.iter().filter(|progress| progress.head > 0);
    lines.extend(begun.map(|progress| {
        let conversation = names.current_of(&progress.conversation);
        if progress.shown == progress.head {
            catalog.complete_up_to(&conversation, progress.head)
        } else {
            catalog.shown_up_to(&conversation, progress.shown, progress.head)
        }
    }));
    lines
}

/// The status in the prompt: unread messages of other conversations, and a problem with the connection.
/// `connecting` is shown only if `is_awaited`.
pub(crate) fn prompt_status(catalog: Catalog, summary: StatusSummary, is_awaited: bool) -> String {
    match (summary.unread, connection_problem(catalog, summary, is_awaited)) {
        (0, None) => String::new(),
        (0, Some(problem)) => format!(" ({problem})"),
        (unread, None) => format!(" ({unread})"),
        (unread, Some(problem)) => format!(" ({unread}; {problem})"),
    }
}

fn connection_problem(catalog: Catalog, summary: StatusSummary, is_awaited: bool) -> Option<String> {
    match (summary.connectivity, summary.delayed) {
        (Connectivity::Connecting, _) if is_awaited => Some(catalog.prompt_connecting(summary.waiting)),
        (Connectivity::Connected | Connectivity::Connecting, 0) => None,
        (Connectivity::Connected | Connectivity::Connecting, delayed) => {
            Some(catalog.prompt_waiting(delayed))
        }
        (Connectivity::Reconnecting, _) => Some(catalog.prompt_reconnecting(summary.waiting)),
        (Connectivity::Offline, _) => Some(catalog.prompt_offline(summary.waiting)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use session::Progress;

    fn summary(connectivity: Connectivity) -> StatusSummary {
        StatusSummary { connectivity, waiting: 3, delayed: 0, unread: 0 }
    }

    fn of(connectivity: Connectivity, shown: u64) -> Status {
        let conversation = common::Target::new("#general").expect("a name");
        let conversations = vec![Progress { conversation, shown, head: 4211 }];
        Status { endpoint: 0, summary: summary(connectivity), conversations }
    }

    #[test]
    fn status_shows_how_complete_each_conversation_is() {
        let shown = |connectivity, shown| {
            status(Catalog::ENGLISH, &SharedNames::default(), &of(connectivity, shown), "tcp://a:5555")
                .join("\n")
        };
        insta::assert_snapshot!(shown(Connectivity::Connected, 4211), @"
        connected to tcp://a:5555
        3 messages are waiting to be sent
        complete up to #general 4211
        ");
        let nobody =
            Progress { conversation: common::Target::new("@nobody").expect("a name"), shown: 0, head: 0 };
        let empty = Status { conversations: vec![nobody], ..of(Connectivity::Connected, 0) };
        assert_eq!(
            status(Catalog::ENGLISH, &SharedNames::default(), &empty, "tcp://a:5555").len(),
            2,
            "a conversation without events is left out"
        );
        insta::assert_snapshot!(shown(Connectivity::Offline, 4200), @"
        offline: tcp://a:5555 does not answer; trying again
        3 messages are waiting to be sent
        #general: shown up to 4200 of 4211; papo is fetching the rest
        ");
    }

    #[test]
    fn the_prompt_shows_unread_messages_and_connection_problems() {
        let prompt = |summary: StatusSummary| prompt_status(Catalog::ENGLISH, summary, true);
        assert_eq!(prompt(summary(Connectivity::Connecting)), " (connecting, 3 waiting)");
        let nobody = prompt_status(Catalog::ENGLISH, summary(Connectivity::Connecting), false);
        assert_eq!(nobody, "", "not awaited");
        assert_eq!(prompt(summary(Connectivity::Connected)), "");
        assert_eq!(prompt(summary(Connectivity::Reconnecting)), " (reconnecting, 3 waiting)");
        assert_eq!(prompt(summary(Connectivity::Offline)), " (offline, 3 waiting)");
        assert_eq!(prompt(StatusSummary { delayed: 2, ..summary(Connectivity::Connected) }), " (2 waiting)");
        assert_eq!(prompt(StatusSummary { unread: 7, ..summary(Connectivity::Connected) }), " (7)");
        assert_eq!(
            prompt(StatusSummary { unread: 7, ..summary(Connectivity::Offline) }),
            " (7; offline, 3 waiting)"
        );
    }
}
