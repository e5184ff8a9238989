//! The subtypes of messages that Slack documents, and further ones that exports contain. The table says how
//! papo imports each.

/// How papo imports a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    /// The message is imported with its text, files and reactions.
    Message,
    /// The message is imported in italics: its author wrote it with `/me`.
    Action,
    /// The text of an earlier message changes.
    Edit,
    /// An earlier message is deleted.
    Deletion,
    /// The message is counted. It is a notice that Slack made, or repeats another message.
    Counted,
    /// The message is imported, and its subtype is counted as unknown.
    Unknown,
}

/// The documented subtypes, in alphabetical order, and further ones.
pub(super) const SUBTYPES: [(&str, Fate); 46] = [
    ("assistant_app_thread", Fate::Message),
    ("bot_add", Fate::Counted),
    ("bot_message", Fate::Message),
    ("bot_remove", Fate::Counted),
    ("channel_archive", Fate::Counted),
    ("channel_convert_to_private", Fate::Counted),
    ("channel_convert_to_public", Fate::Counted),
    ("channel_join", Fate::Counted),
    ("channel_leave", Fate::Counted),
    ("channel_name", Fate::Counted),
    ("channel_posting_permissions", Fate::Counted),
    ("channel_purpose", Fate::Counted),
    ("channel_topic", Fate::Counted),
    ("channel_unarchive", Fate::Counted),
    ("document_mention", Fate::Message),
    ("ekm_access_denied", Fate::Counted),
    ("file_comment", Fate::Message),
    ("file_mention", Fate::Message),
    ("file_share", Fate::Message),
    ("group_archive", Fate::Counted),
    ("group_join", Fate::Counted),
    ("group_leave", Fate::Counted),
    ("group_name", Fate::Counted),
    ("group_purpose", Fate::Counted),
    ("group_topic", Fate::Counted),
    ("group_unarchive", Fate::Counted),
    ("huddle_thread", Fate::Counted),
    ("me_message", Fate::Action),
    ("message_changed", Fate::Edit),
    ("message_deleted", Fate::Deletion),
    ("message_replied", Fate::Counted),
    ("pinned_item", Fate::Counted),
    ("reminder_add", Fate::Counted),
    // An old form of `thread_broadcast`, which repeats the reply.
    ("reply_broadcast", Fate::Counted),
    ("thread_broadcast", Fate::Message),
    ("unpinned_item", Fate::Counted),
    // Not documented, but in exports.
    ("app_conversation_join", Fate::Counted),
    ("app_conversation_leave", Fate::Counted),
    ("bot_disable", Fate::Counted),
    ("bot_enable", Fate::Counted),
    ("channel_canvas_updated", Fate::Counted),
    ("joiner_notification", Fate::Counted),
    ("joiner_notification_for_inviter", Fate::Counted),
    ("sh_room_created", Fate::Counted),
    ("slackbot_response", Fate::Message),
    ("tombstone", Fate::Counted),
];

/// How papo imports a message with this subtype. `None` is a message without a subtype.
pub(super) fn fate(subtype: Option<&str>) -> Fate {
    let Some(subtype) = subtype else { return Fate::Message };
    SUBTYPES.iter().find(|(name, _)| *name == subtype).map_or(Fate::Unknown, |(_, fate)| *fate)
}
