// Generated from common/src: `UPDATE_DOCS=1 cargo test -p common` rewrites this file.

/** The parameters, without the token, and the result of each method. */
export interface Methods {
  /** Returns the server's version, its limits and the endpoint where events are published. */
  "server.info": {
    params: { [further: string]: unknown };
    result: { events: string; limits: { file_bytes?: number; file_chunk_bytes?: number; frame_bytes: number; frame_lines: number; history_events: number; name_characters: number; text_bytes: number; [further: string]: unknown }; name: string; protocol: { max: number; min: number; [further: string]: unknown }; version: string; [further: string]: unknown };
  };
  /** Creates an account, with a join code if the node requires one. */
  "auth.register": {
    params: { code?: string; password: string; user: string; [further: string]: unknown };
    result: { administrator?: boolean; user: string; [further: string]: unknown };
  };
  /** Opens a session and returns its token. */
  "auth.login": {
    params: { password: string; user: string; [further: string]: unknown };
    result: { expires: number; token: string; topic: string; user: string; [further: string]: unknown };
  };
  /** Replaces a forgotten password, with a code of an administrator, and ends all sessions of the account. */
  "auth.reset": {
    params: { code: string; new_password: string; user: string; [further: string]: unknown };
    result: { [further: string]: unknown };
  };
  /** Ends the session and revokes its token. */
  "auth.logout": {
    params: { [further: string]: unknown };
    result: { [further: string]: unknown };
  };
  /** Changes your password and ends all your other sessions. */
  "auth.password": {
    params: { new_password: string; password: string; [further: string]: unknown };
    result: { ended: number; topic: string; [further: string]: unknown };
  };
  /** Lists your open sessions. */
  "session.list": {
    params: { [further: string]: unknown };
    result: { sessions: { current: boolean; expires: number; opened: number; session: string; [further: string]: unknown }[]; [further: string]: unknown };
  };
  /** Ends one of your sessions, or all your other sessions; administrators end the sessions of any user. */
  "session.revoke": {
    params: { session?: string; [further: string]: unknown };
    result: { ended: number; topic: string; [further: string]: unknown };
  };
  /** Deletes your account, which needs your password; administrators delete any account. Its name can never be used again. */
  "account.delete": {
    params: { erase?: boolean; password?: string; [further: string]: unknown };
    result: { [further: string]: unknown };
  };
  /** Sets your display name, which others see next to your name; an empty one removes it. */
  "user.set": {
    params: { display_name: string; [further: string]: unknown };
    result: { [further: string]: unknown };
  };
  /** Blocks a user: the server refuses their direct messages and invitations to you. */
  "user.block": {
    params: { user: string; [further: string]: unknown };
    result: { [further: string]: unknown };
  };
  /** Unblocks a user. */
  "user.unblock": {
    params: { user: string; [further: string]: unknown };
    result: { [further: string]: unknown };
  };
  /** Lists the users whom you block, a page at a time. */
  "user.blocks": {
    params: { [further: string]: unknown };
    result: { more: boolean; users: { at: number; user: string; [further: string]: unknown }[]; [further: string]: unknown };
  };
  /** Lists the users, a page at a time. */
  "user.list": {
    params: { after?: string; [further: string]: unknown };
    result: { more: boolean; users: { display_name?: string; seen?: number; since: number; state?: string; user: string; [further: string]: unknown }[]; [further: string]: unknown };
  };
  /** Creates a channel, public unless `private` is true; you become its first member and its owner. */
  "channel.create": {
    params: { channel: string; private?: boolean; [further: string]: unknown };
    result: { channel: string; n: number; topic: string; [further: string]: unknown };
  };
  /** Lists the channels that you can see, a page at a time. */
  "channel.list": {
    params: { after?: string; [further: string]: unknown };
    result: { channels: { channel: string; members: number; name?: string; role?: string; subject?: string; [further: string]: unknown }[]; more: boolean; [further: string]: unknown };
  };
  /** Joins a channel. For a member, the request returns the same result and changes nothing. */
  "channel.join": {
    params: { channel: string; [further: string]: unknown };
    result: { channel: string; n: number; topic: string; [further: string]: unknown };
  };
  /** Leaves a channel. */
  "channel.leave": {
    params: { channel: string; [further: string]: unknown };
    result: { [further: string]: unknown };
  };
  /** Lists the members of a channel that you are in, a page at a time. */
  "channel.members": {
    params: { channel: string; [further: string]: unknown };
    result: { members: { display_name?: string; role: string; user: string; [further: string]: unknown }[]; more: boolean; [further: string]: unknown };
  };
  /** Invites a user to a channel; for all members of a public channel, for moderators and owners of a private channel. */
  "channel.invite": {
    params: { channel: string; user: string; [further: string]: unknown };
    result: { [further: string]: unknown };
  };
  /** Lists the channels that you are invited to and have not joined, a page at a time. */
  "channel.invitations": {
    params: { [further: string]: unknown };
    result: { invitations: { at?: number; by?: string; channel: string; [further: string]: unknown }[]; more: boolean; [further: string]: unknown };
  };
  /** Declines an invitation, which removes it. */
  "channel.decline": {
    params: { channel: string; [further: string]: unknown };
    result: { [further: string]: unknown };
  };
  /** Removes a member of a lower role; for moderators and owners. */
  "channel.kick": {
    params: { channel: string; user: string; [further: string]: unknown };
    result: { [further: string]: unknown };
  };
  /** Removes a user of a lower role, and prevents them from joining; for moderators and owners. */
  "channel.ban": {
    params: { channel: string; user: string; [further: string]: unknown };
    result: { [further: string]: unknown };
  };
  /** Lifts a ban; for moderators and owners. */
  "channel.unban": {
    params: { channel: string; user: string; [further: string]: unknown };
    result: { [further: string]: unknown };
  };
  /** Lists the banned users of a channel, a page at a time; for moderators and owners. */
  "channel.bans": {
    params: { channel: string; [further: string]: unknown };
    result: { bans: { at?: number; by?: string; user: string; [further: string]: unknown }[]; more: boolean; [further: string]: unknown };
  };
  /** Gives a member a role; for owners. */
  "channel.role": {
    params: { channel: string; role: string; user: string; [further: string]: unknown };
    result: { [further: string]: unknown };
  };
  /** Sets the subject, for moderators and owners; makes the channel private or public, for owners. */
  "channel.set": {
    params: { channel: string; private?: boolean; subject?: string; [further: string]: unknown };
    result: { [further: string]: unknown };
  };
  /** Renames a channel, for owners; all its former names still lead to it. */
  "channel.rename": {
    params: { channel: string; new_name: string; [further: string]: unknown };
    result: { [further: string]: unknown };
  };
  /** Archives a channel, which makes it read-only, or restores it; for owners. */
  "channel.archive": {
    params: { archived?: boolean; channel: string; [further: string]: unknown };
    result: { [further: string]: unknown };
  };
  /** Deletes a channel with all its messages and files. Its name can never be used again; for owners. */
  "channel.delete": {
    params: { channel: string; [further: string]: unknown };
    result: { [further: string]: unknown };
  };
  /** Sends a message to a channel or a user; the result means that it is stored on disk. */
  "message.send": {
    params: { id: string; text: string; to: string; [further: string]: unknown };
    result: { at: number; n: number; [further: string]: unknown };
  };
  /** Replaces the text of your own message. */
  "message.edit": {
    params: { conversation: string; id: string; n: number; text: string; [further: string]: unknown };
    result: { at: number; n: number; [further: string]: unknown };
  };
  /** Deletes your own message; moderators and owners delete any message of their channel. */
  "message.delete": {
    params: { conversation: string; id: string; n: number; [further: string]: unknown };
    result: { at: number; n: number; [further: string]: unknown };
  };
  /** Adds your reaction to a message, or removes it. */
  "message.react": {
    params: { conversation: string; emoji: string; id: string; n: number; [further: string]: unknown };
    result: { at: number; n: number; [further: string]: unknown };
  };
  /** Begins or resumes an upload; the result says how many bytes the server has. */
  "file.begin": {
    params: { bytes: number; id: string; name: string; sha256: string; to: string; [further: string]: unknown };
    result: { file: string; have: number; [further: string]: unknown };
  };
  /** Uploads a chunk of a file. Its bytes are a second frame after the line, which must be the only line. */
  "file.chunk": {
    params: { file: string; offset: number; [further: string]: unknown };
    result: { have: number; [further: string]: unknown };
  };
  /** Sends an uploaded file; the result means that the file and its event are stored on disk. */
  "file.commit": {
    params: { file: string; [further: string]: unknown };
    result: { at: number; n: number; [further: string]: unknown };
  };
  /** Downloads a chunk of a file. Its bytes are a second frame after the reply; the request must be the only line. */
  "file.get": {
    params: { conversation: string; length?: number; n: number; offset: number; [further: string]: unknown };
    result: { bytes: number; length: number; offset: number; [further: string]: unknown };
  };
  /** Makes a link with which anybody can download a file from the gateway until the link expires. */
  "file.link": {
    params: { conversation: string; hours?: number; n: number; [further: string]: unknown };
    result: { expires: number; path: string; url?: string; [further: string]: unknown };
  };
  /** Downloads a chunk of the file of a link. Its bytes are a second frame after the reply; the request must be the only line. */
  "file.open": {
    params: { code: string; length?: number; offset: number; [further: string]: unknown };
    result: { bytes: number; length: number; name: string; offset: number; sha256: string; [further: string]: unknown };
  };
  /** Reads a page of a conversation: the newest events, or the events before, after or around a given event. */
  "message.history": {
    params: { before?: number; conversation: string; limit?: number; [further: string]: unknown };
    result: { conversation: string; events: { at?: number; from?: string; id?: string; kind?: string; n?: number; text?: string; to?: string; [further: string]: unknown }[]; head: number; [further: string]: unknown };
  };
  /** Searches messages by words, newest first, in the conversations that you can read. */
  "message.search": {
    params: { conversation?: string; limit?: number; query: string; [further: string]: unknown };
    result: { before?: number; behind: number; events: { at?: number; from?: string; id?: string; kind?: string; n?: number; text?: string; to?: string; [further: string]: unknown }[]; [further: string]: unknown };
  };
  /** Moves your read mark in a conversation forward. */
  "read.mark": {
    params: { conversation: string; n: number; [further: string]: unknown };
    result: { unread: number; [further: string]: unknown };
  };
  /** Lists your read marks and the numbers of unread messages and mentions, a page at a time. */
  "read.list": {
    params: { after?: string; [further: string]: unknown };
    result: { conversations: { conversation: string; head: number; mentions: number; n: number; unread: number; [further: string]: unknown }[]; more: boolean; [further: string]: unknown };
  };
  /** Sets whether others see up to which message you have read your direct messages; you then see it of users who share theirs. */
  "read.share": {
    params: { shared: boolean; [further: string]: unknown };
    result: { [further: string]: unknown };
  };
  /** Returns up to which message the other user of a direct conversation has read, if both of you share it. */
  "read.peer": {
    params: { user: string; [further: string]: unknown };
    result: { n?: number; shared?: boolean; [further: string]: unknown };
  };
  /** Sets the notification level of a conversation, or the maximum for all conversations. */
  "notify.set": {
    params: { conversation?: string; level: string; [further: string]: unknown };
    result: { [further: string]: unknown };
  };
  /** Lists your notification levels. */
  "notify.list": {
    params: { [further: string]: unknown };
    result: { conversations: { conversation: string; level: string; [further: string]: unknown }[]; level: string; [further: string]: unknown };
  };
  /** Lists the messages that mention you, newest first, a page at a time. */
  "mention.list": {
    params: { before?: number; [further: string]: unknown };
    result: { events: { at?: number; from?: string; id?: string; kind?: string; n?: number; text?: string; to?: string; [further: string]: unknown }[]; [further: string]: unknown };
  };
  /** Returns the number of the newest event of each of your conversations, and the topics of your channels. */
  "sync.heads": {
    params: { since?: number; [further: string]: unknown };
    result: { cursor: number; heads: { conversation: string; n: number; name?: string; topic?: string; [further: string]: unknown }[]; restored?: number; topic: string; [further: string]: unknown };
  };
  /** Sets the presence of this session, and serves as its heartbeat; returns the topic of all users' presence. */
  "presence.set": {
    params: { state: string; [further: string]: unknown };
    result: { heartbeat_ms: number; topic: string; [further: string]: unknown };
  };
  /** Publishes that you are typing in a conversation, or that you stopped; at most every 3 seconds. */
  "typing.set": {
    params: { to: string; typing: boolean; [further: string]: unknown };
    result: { [further: string]: unknown };
  };
  /** Creates a webhook: its account posts to a channel, or its receiver at `url` gets the events; for moderators and owners. */
  "hook.create": {
    params: { channel: string; name: string; signed?: boolean; [further: string]: unknown };
    result: { hook?: string; id: string; secret?: string; [further: string]: unknown };
  };
  /** Lists the webhooks of a channel, without their tokens; for moderators and owners. */
  "hook.list": {
    params: { channel: string; [further: string]: unknown };
    result: { hooks: { by: string; delivery?: { error?: string; head: number; n: number; since?: number; state: string; url: string; [further: string]: unknown }; id: string; name: string; signed?: boolean; [further: string]: unknown }[]; [further: string]: unknown };
  };
  /** Revokes a webhook; for moderators and owners of its channel. */
  "hook.revoke": {
    params: { id: string; [further: string]: unknown };
    result: { [further: string]: unknown };
  };
  /** Resumes the deliveries of an outgoing webhook that is failing or paused; for moderators and owners of its channel. */
  "hook.resume": {
    params: { id: string; [further: string]: unknown };
    result: { [further: string]: unknown };
  };
  /** Takes events that wait for the receivers of outgoing webhooks. */
  "delivery.take": {
    params: { busy?: string[]; runs: number; [further: string]: unknown };
    result: { runs: { events: { event: { at?: number; from?: string; kind?: string; n?: number; to?: string; [further: string]: unknown }; id: string; n: number; signature: string; timestamp: number; [further: string]: unknown }[]; hook: string; lease: number; url: string; [further: string]: unknown }[]; topic: string; wait_ms: number; [further: string]: unknown };
  };
  /** Reports which events of a run the receiver accepted, and why the next event was not delivered. */
  "delivery.report": {
    params: { error?: string; hook: string; lease: number; n?: number; [further: string]: unknown };
    result: { [further: string]: unknown };
  };
  /** Returns the public key of the node for Web Push, with which a browser subscribes. */
  "push.key": {
    params: { [further: string]: unknown };
    result: { key: string; [further: string]: unknown };
  };
  /** Subscribes the browser of your session to pushes: mentions and direct messages while you are away, without their text. */
  "push.subscribe": {
    params: { auth: string; endpoint: string; name?: string; p256dh: string; [further: string]: unknown };
    result: { [further: string]: unknown };
  };
  /** Ends the subscription of your session. Without a subscription, the request changes nothing. */
  "push.unsubscribe": {
    params: { [further: string]: unknown };
    result: { [further: string]: unknown };
  };
  /** Lists your browsers that receive pushes. */
  "push.list": {
    params: { [further: string]: unknown };
    result: { subscriptions: { current?: boolean; host: string; name?: string; session: string; since: number; [further: string]: unknown }[]; [further: string]: unknown };
  };
  /** Takes pushes that wait for the browsers of users. */
  "push.take": {
    params: { busy?: string[]; contact?: string; runs: number; [further: string]: unknown };
    result: { runs: { auth: string; authorization: string; endpoint: string; lease: number; p256dh: string; pushes: { payload: { conversation: string; n: number; user: string; [further: string]: unknown }; record: number; topic: string; ttl_s: number; [further: string]: unknown }[]; session: string; user: string; [further: string]: unknown }[]; topic: string; wait_ms: number; [further: string]: unknown };
  };
  /** Reports which pushes of a run the push service accepted, and whether it still knows the browser. */
  "push.report": {
    params: { error?: string; lease: number; record?: number; session: string; user: string; wait_ms?: number; [further: string]: unknown };
    result: { [further: string]: unknown };
  };
  /** Posts a message with the token of an incoming webhook, or replaces the text of its message. */
  "hook.post": {
    params: { hook: string; id: string; text: string; username?: string; [further: string]: unknown };
    result: { at: number; n: number; [further: string]: unknown };
  };
  /** Creates a token of a bot, which works in some conversations and does not expire; for moderators and owners of its channels. */
  "bot.create": {
    params: { conversations: string[]; name: string; scope: string; [further: string]: unknown };
    result: { id: string; token: string; [further: string]: unknown };
  };
  /** Lists the tokens of bots that you created, without their texts; for an administrator, of all users. */
  "bot.list": {
    params: { [further: string]: unknown };
    result: { bots: { by: string; conversations: string[]; created: number; id: string; name: string; scope: string; used?: number; [further: string]: unknown }[]; [further: string]: unknown };
  };
  /** Revokes a token of a bot that you created; administrators revoke any. */
  "bot.revoke": {
    params: { id: string; [further: string]: unknown };
    result: { [further: string]: unknown };
  };
  /** Registers the slash commands of a bot, with its token: in the conversations of the token. They replace its earlier commands. */
  "command.register": {
    params: { commands: { description: string; name: string; usage?: string; [further: string]: unknown }[]; [further: string]: unknown };
    result: { [further: string]: unknown };
  };
  /** Lists the slash commands of bots in a conversation. */
  "command.list": {
    params: { conversation: string; [further: string]: unknown };
    result: { commands: { bot: string; description: string; name: string; online?: boolean; usage?: string; [further: string]: unknown }[]; [further: string]: unknown };
  };
  /** Lists all accounts, a page at a time; with `files`, also the bytes of their files. */
  "admin.users": {
    params: { after?: string; files?: boolean; [further: string]: unknown };
    result: { more: boolean; quota_bytes?: number; users: { administrator?: boolean; disabled?: boolean; file_bytes?: number; sessions: number; since: number; user: string; [further: string]: unknown }[]; [further: string]: unknown };
  };
  /** Lists all channels, including private channels, a page at a time; only members can read their messages. */
  "admin.channels": {
    params: { after?: string; [further: string]: unknown };
    result: { channels: { channel: string; members: number; n: number; owner?: string; private?: boolean; since: number; [further: string]: unknown }[]; more: boolean; [further: string]: unknown };
  };
  /** Lists the open sessions of all users, or of one user. */
  "admin.sessions": {
    params: { user?: string; [further: string]: unknown };
    result: { more: boolean; sessions: { expires: number; opened: number; session: string; user: string; [further: string]: unknown }[]; [further: string]: unknown };
  };
  /** Disables an account, which ends its sessions and moves its topics; or enables it. */
  "admin.disable": {
    params: { disabled?: boolean; user: string; [further: string]: unknown };
    result: { ended: number; [further: string]: unknown };
  };
  /** Makes a user an administrator, or removes the right. */
  "admin.promote": {
    params: { administrator?: boolean; user: string; [further: string]: unknown };
    result: { [further: string]: unknown };
  };
  /** Creates a code with which a user who has forgotten the password sets a new one, once and within a day. */
  "admin.reset_password": {
    params: { user: string; [further: string]: unknown };
    result: { code: string; expires: number; [further: string]: unknown };
  };
  /** Creates a join code, with which new users register. */
  "join_code.create": {
    params: { days?: number; note?: string; uses?: number; [further: string]: unknown };
    result: { code: string; expires: number; id: string; [further: string]: unknown };
  };
  /** Lists the join codes that can be used, without their texts. */
  "join_code.list": {
    params: { [further: string]: unknown };
    result: { codes: { by: string; expires: number; id: string; note?: string; uses: number; [further: string]: unknown }[]; [further: string]: unknown };
  };
  /** Revokes a join code. */
  "join_code.revoke": {
    params: { id: string; [further: string]: unknown };
    result: { [further: string]: unknown };
  };
  /** Counts the users, sessions, channels and records of the node. */
  "admin.stats": {
    params: { [further: string]: unknown };
    result: { administrators: number; channels: number; direct_conversations: number; disabled: number; present: number; private_channels: number; records: number; sessions: number; users: number; [further: string]: unknown };
  };
  /** Starts a backup of the node, and returns its name; the node makes one backup at a time. */
  "admin.backup": {
    params: { [further: string]: unknown };
    result: { name: string; [further: string]: unknown };
  };
  /** Lists the backups that the node has made, the one in progress, and the last failure. */
  "admin.backups": {
    params: { [further: string]: unknown };
    result: { backups: { at: number; bytes: number; checked: boolean; name: string; [further: string]: unknown }[]; every_ms?: number; failed?: { at: number; error: string; [further: string]: unknown }; keep: number; running?: { at: number; bytes: number; name: string; total: number; [further: string]: unknown }; [further: string]: unknown };
  };
  /** Returns a part of a backup; its bytes follow in a second frame. A backup contains the node's secret keys and all messages. */
  "admin.backup_get": {
    params: { length?: number; name: string; offset: number; [further: string]: unknown };
    result: { bytes: number; length: number; offset: number; [further: string]: unknown };
  };
}

/** The word in `data.reason` of an error. */
export type Reason =
  | "parse_error"
  | "invalid_request"
  | "method_not_found"
  | "invalid_params"
  | "internal"
  | "unauthenticated"
  | "session_disabled"
  | "wrong_credentials"
  | "not_member"
  | "not_allowed"
  | "banned"
  | "blocked"
  | "not_administrator"
  | "disabled"
  | "registration_closed"
  | "invalid_join_code"
  | "last_administrator"
  | "last_owner"
  | "archived"
  | "no_such_channel"
  | "no_such_user"
  | "no_such_member"
  | "no_such_invitation"
  | "no_such_message"
  | "no_such_session"
  | "no_such_join_code"
  | "no_such_hook"
  | "no_such_bot"
  | "out_of_scope"
  | "wrong_signature"
  | "no_such_upload"
  | "no_such_file"
  | "name_taken"
  | "id_taken"
  | "wrong_offset"
  | "wrong_content"
  | "quota_exceeded"
  | "too_many_channels"
  | "unchanged"
  | "too_large"
  | "rate_limited"
  | "unavailable"
  | "storage_full"
;

/** The arguments of each `data.detail`. */
export interface Details {
  not_utf8: { error: string };
  not_json: { error: string };
  not_request: { error: string };
  no_id: { max: number };
  no_version: null;
  no_method: null;
  no_empty_frame: null;
  too_many_frames: { max: number };
  no_chunk_bytes: null;
  file_get_not_alone: null;
  method_not_found: { method: string };
  only_web_socket: { method: string };
  params_not_object: null;
  bad_params: { method: string; error: string };
  name_empty: null;
  name_too_long: { max: number };
  name_characters: null;
  name_direction: null;
  channel_without_hash: null;
  target_without_sign: null;
  bot_conversations: { max: number };
  command_name_characters: { max: number };
  command_text_characters: { max: number };
  command_repeated: { name: string };
  block_self: null;
  not_mentionable: { user: string };
  bad_hook_url: { max: number };
  bad_push_endpoint: { max: number };
  bad_push_key: null;
  text_empty: null;
  display_name_too_long: { max: number };
  display_name_characters: null;
  subject_too_long: { max: number };
  bad_reaction: { max: number };
  password_too_short: { min: number };
  password_too_long: { max: number };
  password_characters: null;
  password_blank: null;
  name_confusable: { user: string; known: string };
  name_mixes_scripts: null;
  join_code_bounds: { uses: number; days: number; note: number };
  file_name_empty: null;
  file_name_too_long: { max: number };
  file_name_characters: null;
  bad_hash: null;
  history_conflict: { one: string; other: string };
  beyond_file: { bytes: number; offset: number };
  link_hours: { max: number };
  id_version: null;
  id_future: null;
  query_empty: null;
  query_without_words: null;
  query_phrase: null;
  query_name: { filter: string; example: string };
  query_date: { filter: string };
  query_time: { filter: string };
  query_repeated: { filter: string };
  internal: null;
  conversation_damaged: { file: string; offset: number };
  bad_answer: { error: string };
  answer_without_bytes: null;
  not_stored_locally: { error: string };
  no_token: { method: string };
  no_session: null;
  not_logged_in: null;
  logged_out: null;
  other_session: null;
  unsent_at_end: null;
  session_disabled: null;
  wrong_credentials: null;
  wrong_password: null;
  wrong_reset_code: null;
  not_member: { channel: string };
  not_allowed: { channel: string };
  not_author: null;
  only_gateway: null;
  plain_webhooks: null;
  not_bot: null;
  bot_account: { user: string };
  banned: { channel: string };
  user_banned: { user: string; channel: string };
  blocked: { user: string };
  not_administrator: null;
  disabled: null;
  user_disabled: { user: string };
  registration_closed: null;
  invalid_join_code: null;
  join_code_needed: null;
  join_code_used_on_retry: null;
  last_administrator: { user: string };
  last_owner: { channel: string };
  channel_archived: { channel: string };
  no_such_channel: { channel: string };
  no_such_user: { user: string };
  user_deleted: { user: string };
  no_such_member: { user: string; channel: string };
  no_such_invitation: { channel: string };
  no_such_message: { n: number; conversation: string };
  no_such_session: null;
  no_such_join_code: null;
  no_such_hook: null;
  no_such_bot: null;
  out_of_scope: { method: string };
  wrong_signature: null;
  no_such_upload: null;
  upload_lost: null;
  no_such_file: { n: number; conversation: string };
  link_ended: null;
  no_such_backup: null;
  command_taken: { name: string; bot: string };
  command_built_in: { name: string };
  name_taken: { user: string };
  channel_taken: { channel: string };
  channel_name_used: { channel: string };
  channel_name_leads: { channel: string };
  name_taken_on_retry: { user: string };
  id_taken: null;
  upload_id_taken: null;
  wrong_offset: { have: number };
  wrong_content: null;
  wrong_length: { known: number; bytes: number };
  quota_exceeded: { bytes: number; max: number };
  log_quota: { max: number; minutes: number };
  quota_reserved: { bytes: number; max: number; uploading: number; idle_minutes: number };
  too_many_memberships: { max: number };
  too_many_created: { max: number };
  reaction_present: { emoji: string };
  reaction_absent: { emoji: string };
  backup_running: { name: string };
  too_many_lines: { max: number; lines: number };
  line_too_long: { max: number; bytes: number };
  reply_too_long: null;
  text_too_long: { max: number };
  query_too_long: { bytes: number; words: number };
  too_many_edits: { max: number };
  too_many_reactions: { max: number };
  too_many_invited: { channel: string };
  too_many_names: { max: number };
  too_many_join_codes: { max: number };
  too_many_hooks: { max: number };
  too_many_push_subscriptions: { max: number };
  too_many_bot_tokens: { max: number };
  too_many_commands: { max: number };
  too_many_levels: { max: number };
  too_many_blocks: { max: number };
  file_too_large: { max: number; bytes: number };
  chunk_size: { max: number; bytes: number };
  chunk_beyond_file: { bytes: number };
  too_many_guesses: { seconds: number };
  sent_too_fast: { wait_ms: number };
  too_many_logins: null;
  too_many_transfers: null;
  too_many_commits: null;
  too_many_searches: null;
  too_many_uploads: { max: number; idle_minutes: number };
  upload_finishing: null;
  server_busy: null;
  outbox_full: null;
  too_many_requests: null;
  log_unreadable: null;
  log_unwritable: null;
  files_unavailable: null;
  index_not_ready: null;
  out_of_memory: null;
  no_reply: null;
  no_leader: null;
  not_copied: null;
  cut_off: null;
  other_version: { version: string; from: number; to: number; own_from: number; own_to: number };
  follow_replaced: null;
  storage_full: null;
  upload_storage_full: null;
}

/** The limits of the protocol, with the names of common/src/limits.rs. */
export interface Limits {
  EMOJI_BYTES_MAX: 64;
  FILE_NAME_BYTES_MAX: 240;
  HISTORY_EVENTS_MAX: 500;
  LIST_NAMES_MAX: 1000;
  NAME_CHARACTERS_MAX: 32;
  PASSWORD_CHARACTERS_MIN: 8;
  SUBJECT_BYTES_MAX: 512;
  TEXT_BYTES_MAX: 16384;
}
