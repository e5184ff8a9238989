//! The table of methods: name, rights, scope, types, help, and an example of parameters and result.

use serde::{Deserialize, Deserializer};

use super::{MethodRow, Request, ResultOf, Rights, invalid, unknown};
use crate::accounts::Done;
use crate::bots::Scope;
use crate::errors::{Error, catch_refused};
use crate::{
    accounts, admin, amendments, backups, bots, channels, commands, deliveries, files, history, hooks,
    join_codes, json, mentions, messages, node, notify, presence, push, reads, search,
};

methods! {
    ServerInfo "server.info" Anyone Read (node::NoParams) -> node::Info:
        "Returns the server's version, its limits and the endpoint where events are published."
        r#"{}"#
        => r#"{"name":"papo","version":"0.1.0","protocol":{"min":1,"max":1},"events":"tcp://*:5558","limits":{"name_characters":32,"text_bytes":16384,"frame_lines":1024,"frame_bytes":4194304,"history_events":500,"file_chunk_bytes":262144,"file_bytes":104857600}}"#;
    Register "auth.register" Anyone Person (accounts::Registration) -> accounts::Registered:
        "Creates an account, with a join code if the node requires one."
        r#"{"user":"alice","password":"correct horse","code":"4f0c19a2b3d4e5f6071829304a5b6c7d"}"#
        => r#"{"user":"alice","administrator":true}"#;
    Login "auth.login" Anyone Person (accounts::Credentials) -> accounts::LoggedIn:
        "Opens a session and returns its token."
        r#"{"user":"alice","password":"correct horse"}"#
        => r#"{"user":"alice","token":"eyJ0eXAi...","topic":"user.alice.4f0c19a2b3d4e5f60718293a4b5c6d7e","expires":1766292000123}"#;
    Reset "auth.reset" Anyone Person (accounts::Reset) -> Done:
        "Replaces a forgotten password, with a code of an administrator, and ends all sessions of the account."
        r#"{"user":"alice","code":"4f0c19a2b3d4e5f6071829304a5b6c7d","new_password":"battery staple"}"#
        => r#"{}"#;
    Logout "auth.logout" Session Person (accounts::SessionOnly<'a>) -> Done:
        "Ends the session and revokes its token."
        r#"{"token":"eyJ0eXAi..."}"#
        => r#"{}"#;
    Password "auth.password" Session Person (accounts::ChangePassword<'a>) -> accounts::Revoked:
        "Changes your password and ends all your other sessions."
        r#"{"token":"eyJ0eXAi...","password":"correct horse","new_password":"battery staple"}"#
        => r#"{"ended":1,"topic":"user.alice.5e6f708192a3b4c5d6e7f8091a2b3c4d"}"#;
    SessionList "session.list" Session Read (accounts::SessionOnly<'a>) -> accounts::Sessions:
        "Lists your open sessions."
        r#"{"token":"eyJ0eXAi..."}"#
        => r#"{"sessions":[{"session":"01970000-0000-7000-8000-000000000001","opened":1763700000123,"expires":1766292000123,"current":true}]}"#;
    SessionRevoke "session.revoke" Session Person (accounts::Revoke<'a>) -> accounts::Revoked:
        "Ends one of your sessions, or all your other sessions; administrators end the sessions of any user."
        r#"{"token":"eyJ0eXAi...","session":"01970000-0000-7000-8000-000000000001"}"#
        => r#"{"ended":1,"topic":"user.alice.5e6f708192a3b4c5d6e7f8091a2b3c4d"}"#;
    AccountDelete "account.delete" Session Person (accounts::DeleteAccount<'a>) -> Done:
        "Deletes your account, which needs your password; administrators delete any account. Its name can never be used again."
        r#"{"token":"eyJ0eXAi...","password":"correct horse","erase":true}"#
        => r#"{}"#;
    UserSet "user.set" Session Person (accounts::SetUser<'a>) -> Done:
        "Sets your display name, which others see next to your name; an empty one removes it."
        r#"{"token":"eyJ0eXAi...","display_name":"Alice Liddell"}"#
        => r#"{}"#;
    UserBlock "user.block" Session Person (accounts::OneUser<'a>) -> Done:
        "Blocks a user: the server refuses their direct messages and invitations to you."
        r#"{"token":"eyJ0eXAi...","user":"bob"}"#
        => r#"{}"#;
    UserUnblock "user.unblock" Session Person (accounts::OneUser<'a>) -> Done:
        "Unblocks a user."
        r#"{"token":"eyJ0eXAi...","user":"bob"}"#
        => r#"{}"#;
    UserBlocks "user.blocks" Session Person (accounts::ListNames<'a>) -> accounts::Blocks:
        "Lists the users whom you block, a page at a time."
        r#"{"token":"eyJ0eXAi..."}"#
        => r#"{"users":[{"user":"bob","at":1763700000123}],"more":false}"#;
    UserList "user.list" Session Read (accounts::ListNames<'a>) -> accounts::Users:
        "Lists the users, a page at a time."
        r#"{"token":"eyJ0eXAi...","after":"alice"}"#
        => r#"{"users":[{"user":"bob","display_name":"Bob da Silva","since":1763700000123,"state":"online"},{"user":"carol","since":1763700000123,"state":"offline","seen":1763700000123}],"more":false}"#;
    ChannelCreate "channel.create" Session Person (channels::CreateChannel<'a>) -> channels::Joined:
        "Creates a channel, public unless `private` is true; you become its first member and its owner."
        r##"{"token":"eyJ0eXAi...","channel":"#general","private":true}"##
        => r##"{"channel":"#general","topic":"channel.general.9d8c7b6a5f4e3d2c1b0a998877665544","n":1}"##;
    ChannelList "channel.list" Session Person (accounts::ListNames<'a>) -> channels::Channels:
        "Lists the channels that you can see, a page at a time."
        r##"{"token":"eyJ0eXAi...","after":"#a"}"##
        => r##"{"channels":[{"channel":"#general","name":"#all","members":2,"role":"owner","subject":"all and nothing"}],"more":false}"##;
    ChannelJoin "channel.join" Session Admin (channels::OneChannel<'a>) -> channels::Joined:
        "Joins a channel. For a member, the request returns the same result and changes nothing."
        r##"{"token":"eyJ0eXAi...","channel":"#general"}"##
        => r##"{"channel":"#general","topic":"channel.general.9d8c7b6a5f4e3d2c1b0a998877665544","n":2}"##;
    ChannelLeave "channel.leave" Session Admin (channels::OneChannel<'a>) -> Done:
        "Leaves a channel."
        r##"{"token":"eyJ0eXAi...","channel":"#general"}"##
        => r#"{}"#;
    ChannelMembers "channel.members" Session Read (channels::ListInChannel<'a>) -> channels::Members:
        "Lists the members of a channel that you are in, a page at a time."
        r##"{"token":"eyJ0eXAi...","channel":"#general"}"##
        => r#"{"members":[{"user":"alice","display_name":"Alice Liddell","role":"owner"},{"user":"bob","role":"member"}],"more":false}"#;
    ChannelInvite "channel.invite" Session Admin (channels::OneMember<'a>) -> Done:
        "Invites a user to a channel; for all members of a public channel, for moderators and owners of a private channel."
        r##"{"token":"eyJ0eXAi...","channel":"#general","user":"bob"}"##
        => r#"{}"#;
    ChannelInvitations "channel.invitations" Session Person (accounts::ListNames<'a>) -> channels::Invitations:
        "Lists the channels that you are invited to and have not joined, a page at a time."
        r##"{"token":"eyJ0eXAi..."}"##
        => r##"{"invitations":[{"channel":"#board","by":"alice","at":1763700000123}],"more":false}"##;
    ChannelDecline "channel.decline" Session Admin (channels::OneChannel<'a>) -> Done:
        "Declines an invitation, which removes it."
        r##"{"token":"eyJ0eXAi...","channel":"#board"}"##
        => r#"{}"#;
    ChannelKick "channel.kick" Session Admin (channels::OneMember<'a>) -> Done:
        "Removes a member of a lower role; for moderators and owners."
        r##"{"token":"eyJ0eXAi...","channel":"#general","user":"bob"}"##
        => r#"{}"#;
    ChannelBan "channel.ban" Session Admin (channels::OneMember<'a>) -> Done:
        "Removes a user of a lower role, and prevents them from joining; for moderators and owners."
        r##"{"token":"eyJ0eXAi...","channel":"#general","user":"bob"}"##
        => r#"{}"#;
    ChannelUnban "channel.unban" Session Admin (channels::OneMember<'a>) -> Done:
        "Lifts a ban; for moderators and owners."
        r##"{"token":"eyJ0eXAi...","channel":"#general","user":"bob"}"##
        => r#"{}"#;
    ChannelBans "channel.bans" Session Admin (channels::ListInChannel<'a>) -> channels::Bans:
        "Lists the banned users of a channel, a page at a time; for moderators and owners."
        r##"{"token":"eyJ0eXAi...","channel":"#general"}"##
        => r#"{"bans":[{"user":"mallory","by":"alice","at":1763700000123}],"more":false}"#;
    ChannelRole "channel.role" Session Admin (channels::GiveRole<'a>) -> Done:
        "Gives a member a role; for owners."
        r##"{"token":"eyJ0eXAi...","channel":"#general","user":"bob","role":"moderator"}"##
        => r#"{}"#;
    ChannelSet "channel.set" Session Admin (channels::SetChannel<'a>) -> Done:
        "Sets the subject, for moderators and owners; makes the channel private or public, for owners."
        r##"{"token":"eyJ0eXAi...","channel":"#general","subject":"all and nothing","private":false}"##
        => r#"{}"#;
    ChannelRename "channel.rename" Session Admin (channels::RenameChannel<'a>) -> Done:
        "Renames a channel, for owners; all its former names still lead to it."
        r##"{"token":"eyJ0eXAi...","channel":"#general","new_name":"#all"}"##
        => r#"{}"#;
    ChannelArchive "channel.archive" Session Admin (channels::ArchiveChannel<'a>) -> Done:
        "Archives a channel, which makes it read-only, or restores it; for owners."
        r##"{"token":"eyJ0eXAi...","channel":"#general","archived":true}"##
        => r#"{}"#;
    ChannelDelete "channel.delete" Session Admin (channels::OneChannel<'a>) -> Done:
        "Deletes a channel with all its messages and files. Its name can never be used again; for owners."
        r##"{"token":"eyJ0eXAi...","channel":"#general"}"##
        => r#"{}"#;
    MessageSend "message.send" Session Write (messages::Send<'a>) -> messages::Sent:
        "Sends a message to a channel or a user; the result means that it is stored on disk."
        r##"{"token":"eyJ0eXAi...","to":"#general","id":"01970000-0000-7000-8000-000000000001","text":"oi"}"##
        => r#"{"n":17,"at":1763700000123}"#;
    MessageEdit "message.edit" Session Write (amendments::Edit<'a>) -> messages::Sent:
        "Replaces the text of your own message."
        r##"{"token":"eyJ0eXAi...","conversation":"#general","n":17,"id":"01970000-0000-7000-8000-000000000002","text":"olá"}"##
        => r#"{"n":18,"at":1763700000456}"#;
    MessageDelete "message.delete" Session Write (amendments::Delete<'a>) -> messages::Sent:
        "Deletes your own message; moderators and owners delete any message of their channel."
        r##"{"token":"eyJ0eXAi...","conversation":"#general","n":17,"id":"01970000-0000-7000-8000-000000000003"}"##
        => r#"{"n":19,"at":1763700000789}"#;
    MessageReact "message.react" Session Write (amendments::React<'a>) -> messages::Sent:
        "Adds your reaction to a message, or removes it."
        r##"{"token":"eyJ0eXAi...","conversation":"#general","n":17,"id":"01970000-0000-7000-8000-000000000004","emoji":"👍"}"##
        => r#"{"n":18,"at":1763700000456}"#;
    FileBegin "file.begin" Session Write (files::Begin<'a>) -> files::Begun:
        "Begins or resumes an upload; the result says how many bytes the server has."
        r##"{"token":"eyJ0eXAi...","to":"#general","id":"01970000-0000-7000-8000-000000000002","name":"plan.pdf","bytes":1258291,"sha256":"9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"}"##
        => r#"{"file":"01970000-0000-7000-8000-000000000002","have":0}"#;
    FileChunk "file.chunk" Session Write (files::Chunk<'a>) -> files::Have:
        "Uploads a chunk of a file. Its bytes are a second frame after the line, which must be the only line."
        r#"{"token":"eyJ0eXAi...","file":"01970000-0000-7000-8000-000000000002","offset":262144}"#
        => r#"{"have":524288}"#;
    FileCommit "file.commit" Session Write (files::Commit<'a>) -> messages::Sent:
        "Sends an uploaded file; the result means that the file and its event are stored on disk."
        r#"{"token":"eyJ0eXAi...","file":"01970000-0000-7000-8000-000000000002"}"#
        => r#"{"n":18,"at":1763700000123}"#;
    FileGet "file.get" Session Read (files::Get<'a>) -> files::Part:
        "Downloads a chunk of a file. Its bytes are a second frame after the reply; the request must be the only line."
        r##"{"token":"eyJ0eXAi...","conversation":"#general","n":18,"offset":262144,"length":262144}"##
        => r#"{"bytes":1258291,"offset":262144,"length":262144}"#;
    FileLink "file.link" Session Read (files::MakeLink<'a>) -> files::Link:
        "Makes a link with which anybody can download a file from the gateway until the link expires."
        r##"{"token":"eyJ0eXAi...","conversation":"#general","n":18,"hours":24}"##
        => r#"{"path":"/f/kTY2...","url":"https://chat.example/f/kTY2...","expires":1763786400123}"#;
    FileOpen "file.open" Anyone Person (files::OpenLink) -> files::LinkedPart:
        "Downloads a chunk of the file of a link. Its bytes are a second frame after the reply; the request must be the only line."
        r#"{"code":"kTY2...","offset":0,"length":262144}"#
        => r#"{"name":"plan.pdf","bytes":1258291,"sha256":"9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08","offset":0,"length":262144}"#;
    MessageHistory "message.history" Session Read (history::History<'a>) -> history::Page:
        "Reads a page of a conversation: the newest events, or the events before, after or around a given event."
        r##"{"token":"eyJ0eXAi...","conversation":"#general","before":18,"limit":1}"##
        => r##"{"conversation":"#general","head":17,"events":[{"n":17,"at":1763700000123,"to":"#general","from":"alice","kind":"message","id":"01970000-0000-7000-8000-000000000001","text":"oi"}]}"##;
    MessageSearch "message.search" Session Read (search::Search<'a>) -> search::Found:
        "Searches messages by words, newest first, in the conversations that you can read."
        r##"{"token":"eyJ0eXAi...","query":"ação \"deploy done\" from:alice","conversation":"#general","limit":1}"##
        => r##"{"events":[{"n":17,"at":1763700000123,"to":"#general","from":"alice","kind":"message","id":"01970000-0000-7000-8000-000000000001","text":"Deploy done, boa ação!"}],"before":8841,"behind":0}"##;
    ReadMark "read.mark" Session Write (reads::MarkRead<'a>) -> reads::Marked:
        "Moves your read mark in a conversation forward."
        r##"{"token":"eyJ0eXAi...","conversation":"#general","n":17}"##
        => r#"{"unread":0}"#;
    ReadList "read.list" Session Read (reads::ListReads<'a>) -> reads::Reads:
        "Lists your read marks and the numbers of unread messages and mentions, a page at a time."
        r##"{"token":"eyJ0eXAi...","after":"#a"}"##
        => r##"{"conversations":[{"conversation":"#general","n":12,"head":17,"unread":4,"mentions":1}],"more":false}"##;
    ReadShare "read.share" Session Person (reads::ShareReads<'a>) -> Done:
        "Sets whether others see up to which message you have read your direct messages; you then see it of users who share theirs."
        r#"{"token":"eyJ0eXAi...","shared":true}"#
        => r#"{}"#;
    ReadPeer "read.peer" Session Person (reads::PeerOf<'a>) -> reads::Peer:
        "Returns up to which message the other user of a direct conversation has read, if both of you share it."
        r#"{"token":"eyJ0eXAi...","user":"bob"}"#
        => r#"{"shared":true,"n":12}"#;
    NotifySet "notify.set" Session Person (notify::SetLevel<'a>) -> Done:
        "Sets the notification level of a conversation, or the maximum for all conversations."
        r##"{"token":"eyJ0eXAi...","conversation":"#general","level":"mentions"}"##
        => r#"{}"#;
    NotifyList "notify.list" Session Person (accounts::SessionOnly<'a>) -> notify::Levels:
        "Lists your notification levels."
        r#"{"token":"eyJ0eXAi..."}"#
        => r##"{"level":"all","conversations":[{"conversation":"#general","level":"mentions"},{"conversation":"@bob","level":"none"}]}"##;
    MentionList "mention.list" Session Person (mentions::ListMentions<'a>) -> mentions::Mentions:
        "Lists the messages that mention you, newest first, a page at a time."
        r#"{"token":"eyJ0eXAi...","before":8000}"#
        => r##"{"events":[{"n":17,"at":1763700000123,"to":"#general","from":"alice","kind":"message","id":"01970000-0000-7000-8000-000000000001","text":"@bob, oi"}]}"##;
    SyncHeads "sync.heads" Session Read (history::HeadsSince<'a>) -> history::Heads:
        "Returns the number of the newest event of each of your conversations, and the topics of your channels."
        r#"{"token":"eyJ0eXAi...","since":8000}"#
        => r##"{"cursor":8841,"restored":1769860800000,"topic":"user.alice.4f0c19a2b3d4e5f60718293a4b5c6d7e","heads":[{"conversation":"#general","name":"#all","n":17,"topic":"channel.general.9d8c7b6a5f4e3d2c1b0a998877665544"},{"conversation":"@bob","n":3}]}"##;
    PresenceSet "presence.set" Session Write (presence::SetPresence<'a>) -> presence::PresenceReply:
        "Sets the presence of this session, and serves as its heartbeat; returns the topic of all users' presence."
        r#"{"token":"eyJ0eXAi...","state":"online"}"#
        => r#"{"topic":"presence.all.2b1a0f9e8d7c6b5a4938271605f4e3d2","heartbeat_ms":15000}"#;
    TypingSet "typing.set" Session Write (presence::SetTyping<'a>) -> Done:
        "Publishes that you are typing in a conversation, or that you stopped; at most every 3 seconds."
        r##"{"token":"eyJ0eXAi...","to":"#general","typing":true}"##
        => r#"{}"#;
    HookCreate "hook.create" Session Person (hooks::CreateHook<'a>) -> hooks::CreatedHook:
        "Creates a webhook: its account posts to a channel, or its receiver at `url` gets the events; for moderators and owners."
        r##"{"token":"eyJ0eXAi...","channel":"#ops","name":"alerts","signed":true}"##
        => r#"{"id":"01970000-0000-7000-8000-000000000005","hook":"4f0c19a2b3d4e5f6071829304a5b6c7d8e9fa0b1","secret":"9d8c7b6a5f4e3d2c1b0a998877665544"}"#;
    HookList "hook.list" Session Person (hooks::ListHooks<'a>) -> hooks::Hooks:
        "Lists the webhooks of a channel, without their tokens; for moderators and owners."
        r##"{"token":"eyJ0eXAi...","channel":"#ops"}"##
        => r#"{"hooks":[{"id":"01970000-0000-7000-8000-000000000005","name":"alerts","by":"alice","signed":true},{"id":"01970000-0000-7000-8000-000000000007","name":"ci","by":"alice","delivery":{"url":"https://ci.example/papo","n":17,"head":19,"state":"failing","since":1763700000123,"error":"the receiver answered 500"}}]}"#;
    HookRevoke "hook.revoke" Session Person (hooks::OneHook<'a>) -> Done:
        "Revokes a webhook; for moderators and owners of its channel."
        r#"{"token":"eyJ0eXAi...","id":"01970000-0000-7000-8000-000000000005"}"#
        => r#"{}"#;
    HookResume "hook.resume" Session Person (hooks::OneHook<'a>) -> Done:
        "Resumes the deliveries of an outgoing webhook that is failing or paused; for moderators and owners of its channel."
        r#"{"token":"eyJ0eXAi...","id":"01970000-0000-7000-8000-000000000007"}"#
        => r#"{}"#;
    DeliveryTake "delivery.take" Gateway Person (deliveries::TakeDeliveries) -> deliveries::TakenDeliveries:
        "Takes events that wait for the receivers of outgoing webhooks."
        r#"{"runs":64,"busy":["01970000-0000-7000-8000-000000000008"]}"#
        => r##"{"runs":[{"hook":"01970000-0000-7000-8000-000000000007","lease":1,"url":"https://ci.example/papo","events":[{"n":17,"id":"01970000-0000-7000-8000-000000000007:17","timestamp":1763700000,"signature":"v1,K5oZfzN95Z9UVu1EsfQmfVNQhnkZ2pj9o9NDN/H/pI4=","event":{"n":17,"at":1763700000123,"to":"#ops","from":"alice","kind":"channel.joined"}}]}],"topic":"deliveries.all.2b1a0f9e8d7c6b5a4938271605f4e3d2","wait_ms":10000}"##;
    DeliveryReport "delivery.report" Gateway Person (deliveries::ReportDelivery<'a>) -> Done:
        "Reports which events of a run the receiver accepted, and why the next event was not delivered."
        r#"{"hook":"01970000-0000-7000-8000-000000000007","lease":1,"n":17,"error":"the receiver answered 500"}"#
        => r#"{}"#;
    PushKey "push.key" Session Person (accounts::SessionOnly<'a>) -> push::ServerKey:
        "Returns the public key of the node for Web Push, with which a browser subscribes."
        r#"{"token":"eyJ0eXAi..."}"#
        => r#"{"key":"BDwzl1tGOrxAhYRGRIqQMSrmqrRU4gH1QiRUyQYnVTHrJHL0qIwKkUkdNVuxI1nIZqYgrIZZMfJLAmsLkYJ9DuA"}"#;
    PushSubscribe "push.subscribe" Session Person (push::Subscribe<'a>) -> Done:
        "Subscribes the browser of your session to pushes: mentions and direct messages while you are away, without their text."
        r#"{"token":"eyJ0eXAi...","endpoint":"https://push.example/send/f4d1","p256dh":"BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4","auth":"BTBZMqHH6r4Tts7J_aSIgg","name":"Chromium"}"#
        => r#"{}"#;
    PushUnsubscribe "push.unsubscribe" Session Person (accounts::SessionOnly<'a>) -> Done:
        "Ends the subscription of your session. Without a subscription, the request changes nothing."
        r#"{"token":"eyJ0eXAi..."}"#
        => r#"{}"#;
    PushList "push.list" Session Person (accounts::SessionOnly<'a>) -> push::Subscriptions:
        "Lists your browsers that receive pushes."
        r#"{"token":"eyJ0eXAi..."}"#
        => r#"{"subscriptions":[{"session":"01970000-0000-7000-8000-000000000001","host":"push.example","name":"Chromium","since":1763700000123,"current":true}]}"#;
    PushTake "push.take" Gateway Person (push::TakePushes) -> push::TakenPushes:
        "Takes pushes that wait for the browsers of users."
        r#"{"runs":64,"busy":["01970000-0000-7000-8000-000000000002"],"contact":"https://chat.example"}"#
        => r##"{"runs":[{"session":"01970000-0000-7000-8000-000000000001","user":"bob","lease":1,"endpoint":"https://push.example/send/f4d1","p256dh":"BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4","auth":"BTBZMqHH6r4Tts7J_aSIgg","authorization":"vapid t=eyJ0eXAi..., k=BDwz...","pushes":[{"record":8841,"topic":"4f0c19a2b3d4e5f60718293a4b5c6d7e","ttl_s":86400,"payload":{"user":"bob","conversation":"#general","n":17}}]}],"topic":"deliveries.all.2b1a0f9e8d7c6b5a4938271605f4e3d2","wait_ms":10000}"##;
    PushReport "push.report" Gateway Person (push::ReportPushes<'a>) -> Done:
        "Reports which pushes of a run the push service accepted, and whether it still knows the browser."
        r#"{"session":"01970000-0000-7000-8000-000000000001","user":"bob","lease":1,"record":8841,"error":"the receiver answered 503 Service Unavailable","wait_ms":30000}"#
        => r#"{}"#;
    HookPost "hook.post" Anyone Person (hooks::Post<'a>) -> messages::Sent:
        "Posts a message with the token of an incoming webhook, or replaces the text of its message."
        r#"{"hook":"4f0c19a2b3d4e5f6071829304a5b6c7d8e9fa0b1","id":"01970000-0000-7000-8000-000000000006","text":"build done","username":"Jenkins"}"#
        => r#"{"n":17,"at":1763700000123}"#;
    BotCreate "bot.create" Session Person (bots::CreateBot<'a>) -> bots::CreatedBot:
        "Creates a token of a bot, which works in some conversations and does not expire; for moderators and owners of its channels."
        r##"{"token":"eyJ0eXAi...","name":"deploy","scope":"write","conversations":["#ops"]}"##
        => r#"{"id":"01970000-0000-7000-8000-000000000007","token":"eyJ0eXAi..."}"#;
    BotList "bot.list" Session Person (accounts::ListNames<'a>) -> bots::Bots:
        "Lists the tokens of bots that you created, without their texts; for an administrator, of all users."
        r#"{"token":"eyJ0eXAi..."}"#
        => r##"{"bots":[{"id":"01970000-0000-7000-8000-000000000007","name":"deploy","by":"alice","scope":"write","conversations":["#ops"],"created":1763700000123,"used":1763786400123}]}"##;
    BotRevoke "bot.revoke" Session Person (bots::RevokeBot<'a>) -> Done:
        "Revokes a token of a bot that you created; administrators revoke any."
        r#"{"token":"eyJ0eXAi...","id":"01970000-0000-7000-8000-000000000007"}"#
        => r#"{}"#;
    CommandRegister "command.register" Session Write (commands::RegisterCommands<'a>) -> Done:
        "Registers the slash commands of a bot, with its token: in the conversations of the token. They replace its earlier commands."
        r#"{"token":"eyJ0eXAi...","commands":[{"name":"deploy","description":"Deploy a service.","usage":"SERVICE [VERSION]"}]}"#
        => r#"{}"#;
    CommandList "command.list" Session Read (commands::ListCommands<'a>) -> commands::Commands:
        "Lists the slash commands of bots in a conversation."
        r##"{"token":"eyJ0eXAi...","conversation":"#ops"}"##
        => r#"{"commands":[{"name":"deploy","description":"Deploy a service.","usage":"SERVICE [VERSION]","bot":"deploy","online":true}]}"#;
    AdminUsers "admin.users" Administrator Admin (admin::ListUsers<'a>) -> admin::Users:
        "Lists all accounts, a page at a time; with `files`, also the bytes of their files."
        r#"{"token":"eyJ0eXAi...","after":"adam","files":true}"#
        => r#"{"users":[{"user":"alice","since":1763700000123,"administrator":true,"sessions":1,"file_bytes":48200},{"user":"bob","since":1763700000123,"disabled":true,"sessions":0,"file_bytes":0}],"more":false,"quota_bytes":1073741824}"#;
    AdminChannels "admin.channels" Administrator Admin (accounts::ListNames<'a>) -> admin::Channels:
        "Lists all channels, including private channels, a page at a time; only members can read their messages."
        r##"{"token":"eyJ0eXAi...","after":"#a"}"##
        => r##"{"channels":[{"channel":"#board","since":1763700000123,"private":true,"members":2,"owner":"alice","n":17}],"more":false}"##;
    AdminSessions "admin.sessions" Administrator Admin (admin::ListSessions<'a>) -> admin::Sessions:
        "Lists the open sessions of all users, or of one user."
        r#"{"token":"eyJ0eXAi...","user":"bob"}"#
        => r#"{"sessions":[{"user":"bob","session":"01970000-0000-7000-8000-000000000001","opened":1763700000123,"expires":1766292000123}],"more":false}"#;
    AdminDisable "admin.disable" Administrator Person (admin::Disable<'a>) -> admin::Disabled:
        "Disables an account, which ends its sessions and moves its topics; or enables it."
        r#"{"token":"eyJ0eXAi...","user":"bob","disabled":true}"#
        => r#"{"ended":1}"#;
    AdminPromote "admin.promote" Administrator Person (admin::Promote<'a>) -> Done:
        "Makes a user an administrator, or removes the right."
        r#"{"token":"eyJ0eXAi...","user":"bob","administrator":true}"#
        => r#"{}"#;
    AdminResetPassword "admin.reset_password" Administrator Person (admin::ResetPassword<'a>) -> admin::ResetCode:
        "Creates a code with which a user who has forgotten the password sets a new one, once and within a day."
        r#"{"token":"eyJ0eXAi...","user":"bob"}"#
        => r#"{"code":"4f0c19a2b3d4e5f6071829304a5b6c7d","expires":1763786400123}"#;
    JoinCodeCreate "join_code.create" Administrator Person (join_codes::CreateJoinCode<'a>) -> join_codes::CreatedJoinCode:
        "Creates a join code, with which new users register."
        r#"{"token":"eyJ0eXAi...","uses":1,"days":7,"note":"for bob"}"#
        => r#"{"id":"01970000-0000-7000-8000-000000000001","code":"4f0c19a2b3d4e5f6071829304a5b6c7d","expires":1764304800123}"#;
    JoinCodeList "join_code.list" Administrator Person (accounts::SessionOnly<'a>) -> join_codes::JoinCodes:
        "Lists the join codes that can be used, without their texts."
        r#"{"token":"eyJ0eXAi..."}"#
        => r#"{"codes":[{"id":"01970000-0000-7000-8000-000000000001","by":"alice","uses":1,"expires":1764304800123,"note":"for bob"}]}"#;
    JoinCodeRevoke "join_code.revoke" Administrator Person (join_codes::RevokeJoinCode<'a>) -> Done:
        "Revokes a join code."
        r#"{"token":"eyJ0eXAi...","id":"01970000-0000-7000-8000-000000000001"}"#
        => r#"{}"#;
    AdminStats "admin.stats" Administrator Admin (accounts::SessionOnly<'a>) -> admin::Stats:
        "Counts the users, sessions, channels and records of the node."
        r#"{"token":"eyJ0eXAi..."}"#
        => r#"{"users":3,"administrators":1,"disabled":0,"sessions":2,"channels":1,"private_channels":1,"direct_conversations":1,"present":2,"records":23}"#;
    AdminBackup "admin.backup" Administrator Person (accounts::SessionOnly<'a>) -> backups::Started:
        "Starts a backup of the node, and returns its name; the node makes one backup at a time."
        r#"{"token":"eyJ0eXAi..."}"#
        => r#"{"name":"papo-requested-1763700000123.tar"}"#;
    AdminBackups "admin.backups" Administrator Person (accounts::SessionOnly<'a>) -> backups::Backups:
        "Lists the backups that the node has made, the one in progress, and the last failure."
        r#"{"token":"eyJ0eXAi..."}"#
        => r#"{"backups":[{"name":"papo-scheduled-1763613600123.tar","at":1763613600123,"bytes":48200192,"checked":true}],"running":{"name":"papo-requested-1763700000123.tar","at":1763700000123,"bytes":1048576,"total":48200192},"failed":{"at":1763527200123,"error":"cannot write papo-scheduled-1763527200123.tar: no storage space"},"every_ms":86400000,"keep":7}"#;
    AdminBackupGet "admin.backup_get" Administrator Person (backups::GetBackup<'a>) -> files::Part:
        "Returns a part of a backup; its bytes follow in a second frame. A backup contains the node's secret keys and all messages."
        r#"{"token":"eyJ0eXAi...","name":"papo-scheduled-1763613600123.tar","offset":0,"length":262144}"#
        => r#"{"bytes":48200192,"offset":0,"length":262144}"#;
}
