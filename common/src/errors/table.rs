//! The table of errors: reasons with their codes, and details with their arguments and sentences.
//!
//! A sentence addresses the user as "you", and says what happened, then what to do. It begins in lower case
//! and ends without a full stop. Reasons, details and arguments are part of the protocol and never change;
//! sentences may.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::DetailRow;
use super::renamed::NameOfChannel as _;
use crate::{ChannelName, Target, UserName};

errors! {
    /// The line is not JSON in UTF-8.
    ParseError = "parse_error", -32700 {
        NotUtf8 "not_utf8" { error: String } "the line is not UTF-8: {error}";
        NotJson "not_json" { error: String } "the line is not JSON: {error}";
    }
    /// The line is JSON, but not a JSON-RPC 2.0 request with an `id`.
    InvalidRequest = "invalid_request", -32600 {
        NotRequest "not_request" { error: String } "the line is not a JSON-RPC request: {error}";
        NoId "no_id" { max: usize } "a request needs an \"id\": a string or a number of at most {max} bytes";
        NoVersion "no_version" "a request needs \"jsonrpc\":\"2.0\"";
        NoMethod "no_method" "a request needs a \"method\": a string";
        NoEmptyFrame "no_empty_frame" "send an empty frame before the request lines, as a REQ socket does by itself";
        TooManyFrames "too_many_frames" { max: usize }
            "a message may have at most {max} frames: send the empty frame, the request lines, and at most one frame of bytes";
        NoChunkBytes "no_chunk_bytes" "file.chunk needs its bytes in a frame after the line, and must be the only line";
        FileGetNotAlone "file_get_not_alone" "a request whose reply carries bytes must be the only line of its frame";
    }
    /// The server does not have the method.
    MethodNotFound = "method_not_found", -32601 {
        MethodNotFound "method_not_found" { method: String }
            "there is no method \"{method}\": check its name and the version of the server";
        OnlyWebSocket "only_web_socket" { method: String } "{method} works only on a WebSocket: open /ws";
    }
    /// A parameter is missing or invalid. `data.detail` identifies it, and `message` explains how to correct
    /// it.
    InvalidParams = "invalid_params", -32602 {
        ParamsNotObject "params_not_object" "\"params\" must be an object";
        BadParams "bad_params" { method: String, error: String } "{method}: {error}";
        NameEmpty "name_empty" "a name needs at least one character";
        NameTooLong "name_too_long" { max: usize } "a name may have at most {max} characters";
        NameCharacters "name_characters"
            "a name may contain only letters, digits, '.', '_' and '-', and must start with a letter or a digit";
        NameDirection "name_direction"
            "a name with right-to-left letters must begin with such a letter, contain no left-to-right letters and only one kind of digits, and end with a letter or a digit";
        ChannelWithoutHash "channel_without_hash" "the name of a channel must begin with '#'";
        TargetWithoutSign "target_without_sign" "write '#channel' or '@user'";
        BotConversations "bot_conversations" { max: usize } "the token of a bot needs 1 to {max} conversations";
        CommandNameCharacters "command_name_characters" { max: usize }
            "the name of a command needs 1 to {max} letters from a to z or hyphens, and begins with a letter";
        CommandTextCharacters "command_text_characters" { max: usize }
            "the description and the usage of a command may have at most {max} visible characters on one line";
        CommandRepeated "command_repeated" { name: String } "give the command /{name} only once";
        BlockSelf "block_self" "you cannot block yourself: name another user";
        NotMentionable "not_mentionable" { user: UserName }
            "@{user} cannot be mentioned: choose a name that ends with a letter or a digit and is not \"here\"";
        BadHookUrl "bad_hook_url" { max: usize }
            "write an address such as `https://ci.example/papo`: ASCII, at most {max} bytes, no user name, no '#'";
        BadPushEndpoint "bad_push_endpoint" { max: usize }
            "the endpoint of a push service must begin with https://, in ASCII, with at most {max} bytes";
        BadPushKey "bad_push_key"
            "the keys of the browser are not valid: send `p256dh` and `auth` as the browser returned them";
        TextEmpty "text_empty" "a message needs some text";
        DisplayNameTooLong "display_name_too_long" { max: usize }
            "a display name may have at most {max} characters: shorten it";
        DisplayNameCharacters "display_name_characters"
            "a display name must be visible and have no control characters, line breaks or marks of direction";
        SubjectTooLong "subject_too_long" { max: usize } "a subject may have at most {max} bytes: shorten it";
        BadReaction "bad_reaction" { max: usize }
            "a reaction must be an emoji or a short word, without spaces, of at most {max} bytes";
        PasswordTooShort "password_too_short" { min: usize }
            "a password must have at least {min} characters: choose a longer password";
        PasswordTooLong "password_too_long" { max: usize }
            "a password may have at most {max} bytes: choose a shorter password";
        PasswordCharacters "password_characters" "a password must not be empty or contain control characters";
        PasswordBlank "password_blank" "a password must have a character that is not a space: choose another password";
        NameConfusable "name_confusable" { user: UserName, known: UserName }
            "{user} can be confused with {known}: choose another name";
        NameMixesScripts "name_mixes_scripts"
            "a name must have letters of one script only: do not mix Latin letters with letters of another script";
        JoinCodeBounds "join_code_bounds" { uses: u32, days: u32, note: usize }
            "a join code may have 1 to {uses} uses, 1 to {days} days, and a note of at most {note} bytes";
        FileNameEmpty "file_name_empty" "the name of a file must have a letter or a digit: rename the file";
        FileNameTooLong "file_name_too_long" { max: usize }
            "the name of a file may have at most {max} bytes: rename the file";
        FileNameCharacters "file_name_characters"
            "the name of a file must not contain '/', '\\' or control characters: rename the file";
        BadHash "bad_hash" "a SHA-256 must have 64 hexadecimal digits";
        HistoryConflict "history_conflict" { one: String, other: String }
            "message.history: give \"{one}\" or \"{other}\", not both";
        BeyondFile "beyond_file" { bytes: u64, offset: u64 }
            "the file has {bytes} bytes, and the requested offset {offset} is beyond its end";
        LinkHours "link_hours" { max: u32 } "a link to a file may last 1 to {max} hours";
        IdVersion "id_version" "the \"id\" of a message must be a UUID of version 7";
        IdFuture "id_future" "the \"id\" of this message is more than a day in the future: set your clock";
        QueryEmpty "query_empty"
            "type what to search for: words, \"a phrase\", from:alice, in:#general, before:2026-01-31, after:2026-01-31";
        QueryWithoutWords "query_without_words" "there is nothing to search for: give a word that has letters or digits";
        QueryPhrase "query_phrase" "a phrase must begin and end with \": add the missing quotation mark";
        QueryName "query_name" { filter: String, example: String } "{filter}: needs a name after it, such as {filter}:{example}";
        QueryDate "query_date" { filter: String } "{filter}: needs a date after it, such as {filter}:2026-01-31";
        QueryTime "query_time" { filter: String }
            "{filter}: takes a day, such as {filter}:2026-01-31, or a time with its offset, such as {filter}:2026-01-31T10:00:00Z";
        QueryRepeated "query_repeated" { filter: String } "{filter}: can be given only once";
    }
    /// The server failed. The request is not the cause.
    Internal = "internal", -32603 {
        Internal "internal" "the server failed: ask its operator to read the server's log";
        ConversationDamaged "conversation_damaged" { file: String, offset: u64 }
            "a part of this conversation is damaged on the server ({file}, byte {offset}): its operator must restore it from a backup";
        #[client] BadAnswer "bad_answer" { error: String }
            "the client cannot decode the server's answer ({error}): check that server and client have the same version";
        #[client] AnswerWithoutBytes "answer_without_bytes"
            "the server sent an answer without its bytes: check that server and client have the same version";
        #[client] NotStoredLocally "not_stored_locally" { error: String }
            "cannot save the unsent message on this machine: {error}";
    }
    /// The token is missing, forged, expired or revoked: log in again.
    Unauthenticated = "unauthenticated", 4010 {
        NoToken "no_token" { method: String } "{method} needs a \"token\": log in first";
        NoSession "no_session" "your session has ended: log in again";
        #[client] NotLoggedIn "not_logged_in" "you are not logged in: log in first";
        #[client] LoggedOut "logged_out" "you logged out before the answer arrived";
        #[client] OtherSession "other_session"
            "you opened another session before the answer arrived: send the request again";
        #[client] UnsentAtEnd "unsent_at_end" "the session ended before this message was sent: send it again";
    }
    /// An administrator has disabled the account, which ended its sessions.
    SessionDisabled = "session_disabled", 4010 {
        SessionDisabled "session_disabled"
            "an administrator disabled your account and ended its sessions: ask an administrator of the node";
    }
    /// The user name or the password is wrong; the server does not say which.
    WrongCredentials = "wrong_credentials", 4010 {
        WrongCredentials "wrong_credentials" "the user name or the password is wrong";
        WrongPassword "wrong_password" "this is not your current password";
        WrongResetCode "wrong_reset_code"
            "the user name or the code is wrong, or the code was used or has expired: ask an administrator for a new one";
    }
    /// Only members of the channel may do this.
    NotMember = "not_member", 4030 {
        NotMember "not_member" { channel: ChannelName } "you are not a member of {channel}: join it first";
    }
    /// Your role in the channel does not allow this, or the message is not yours.
    NotAllowed = "not_allowed", 4030 {
        NotAllowed "not_allowed" { channel: ChannelName }
            "your role in {channel} does not allow this: ask an owner of the channel";
        NotAuthor "not_author" "only the author of a message may do this";
        OnlyGateway "only_gateway" "only the gateway of the node may call this method";
        PlainWebhooks "plain_webhooks"
            "a node with --plaintext delivers no webhooks: ask its operator to start it with encryption";
        NotBot "not_bot" "you are not a bot: register commands with the token of a bot";
        BotAccount "bot_account" { user: UserName } "{user} is a bot, and a bot has no password";
    }
    /// You, or the user in the request, are banned from the channel.
    Banned = "banned", 4030 {
        Banned "banned" { channel: ChannelName } "you are banned from {channel}: ask one of its moderators";
        UserBanned "user_banned" { user: UserName, channel: ChannelName }
            "{user} is banned from {channel}: lift the ban first";
    }
    /// The user has blocked you.
    Blocked = "blocked", 4030 {
        Blocked "blocked" { user: UserName } "{user} has blocked you: you can neither write to them nor invite them";
    }
    /// Only administrators may do this.
    NotAdministrator = "not_administrator", 4030 {
        NotAdministrator "not_administrator" "only administrators of the node may do this";
    }
    /// An administrator has disabled the account.
    Disabled = "disabled", 4030 {
        Disabled "disabled" "this account is disabled: ask an administrator of the node";
        UserDisabled "user_disabled" { user: UserName } "the account of {user} is disabled: enable it first";
    }
    /// The node does not accept new accounts.
    RegistrationClosed = "registration_closed", 4030 {
        RegistrationClosed "registration_closed" "this node does not accept new accounts: ask its operator";
    }
    /// The node requires a join code, and the code is missing, wrong, used up or expired.
    InvalidJoinCode = "invalid_join_code", 4030 {
        InvalidJoinCode "invalid_join_code"
            "this join code is wrong, used up or expired: ask an administrator of the node for a new one";
        JoinCodeNeeded "join_code_needed"
            "you need a join code to register at this node: ask an administrator for an address with a code (a node without accounts prints one when it starts)";
        #[client] JoinCodeUsedOnRetry "join_code_used_on_retry"
            "this join code is used up. If your registration succeeded and only its answer was lost, try to log in";
    }
    /// The last administrator cannot be demoted or disabled: promote another user first.
    LastAdministrator = "last_administrator", 4090 {
        LastAdministrator "last_administrator" { user: UserName }
            "{user} is the last administrator: promote another user first";
    }
    /// The last owner of a channel with other members cannot leave or give up the role: make another member
    /// an owner first.
    LastOwner = "last_owner", 4090 {
        LastOwner "last_owner" { channel: ChannelName }
            "you are the last owner of {channel}: make another member an owner first";
    }
    /// The channel is archived and read-only.
    Archived = "archived", 4030 {
        ChannelArchived "channel_archived" { channel: ChannelName }
            "{channel} is archived and read-only: ask an owner of the channel to restore it";
    }
    /// There is no channel of that name, or it is private and you are not invited.
    NoSuchChannel = "no_such_channel", 4040 {
        NoSuchChannel "no_such_channel" { channel: ChannelName }
            "there is no channel {channel}: create it, or list the channels";
    }
    /// There is no user of that name.
    NoSuchUser = "no_such_user", 4040 {
        NoSuchUser "no_such_user" { user: UserName } "there is no user {user}";
        UserDeleted "user_deleted" { user: UserName } "the account of {user} was deleted and does not receive messages";
    }
    /// That user is not in the channel.
    NoSuchMember = "no_such_member", 4040 {
        NoSuchMember "no_such_member" { user: UserName, channel: ChannelName } "{user} is not a member of {channel}";
    }
    /// You have no invitation to the channel.
    NoSuchInvitation = "no_such_invitation", 4040 {
        NoSuchInvitation "no_such_invitation" { channel: ChannelName } "you have no invitation to {channel}";
    }
    /// There is no message of that number, or it was deleted.
    NoSuchMessage = "no_such_message", 4040 {
        NoSuchMessage "no_such_message" { n: u64, conversation: Target }
            "there is no message {n} in {conversation}, or it was deleted";
    }
    /// There is no such session.
    NoSuchSession = "no_such_session", 4040 {
        NoSuchSession "no_such_session" "you have no such session";
    }
    /// There is no such join code, or it was used up or has expired.
    NoSuchJoinCode = "no_such_join_code", 4040 {
        NoSuchJoinCode "no_such_join_code" "there is no such join code, or it was used up or has expired";
    }
    /// There is no such webhook, or it was revoked.
    NoSuchHook = "no_such_hook", 4040 {
        NoSuchHook "no_such_hook" "there is no such webhook, or it was revoked";
    }
    /// You have created no such token of a bot, or it was revoked.
    NoSuchBot = "no_such_bot", 4040 {
        NoSuchBot "no_such_bot" "there is no such token of a bot, or another user created it: see papo bot list";
    }
    /// The token of a bot does not permit the request.
    OutOfScope = "out_of_scope", 4030 {
        OutOfScope "out_of_scope" { method: String }
            "the token of this bot does not permit {method} here: name one of its conversations, create a token with a larger scope, or log in as a user";
    }
    /// The signature of a webhook's post is missing or wrong.
    WrongSignature = "wrong_signature", 4030 {
        WrongSignature "wrong_signature"
            "the signature of the post is missing or wrong: sign the body with the secret of the webhook";
    }
    /// You have no such upload, or it expired: begin it again.
    NoSuchUpload = "no_such_upload", 4040 {
        NoSuchUpload "no_such_upload" "you have no such upload, or it expired: begin it again";
        UploadLost "upload_lost" "the server's disk failed, and the upload is lost: begin the upload again";
    }
    /// There is no file of that number, or it was deleted.
    NoSuchFile = "no_such_file", 4040 {
        NoSuchFile "no_such_file" { n: u64, conversation: Target }
            "there is no file {n} in {conversation}, or it was deleted";
        LinkEnded "link_ended"
            "this link to a file is not complete or has expired, or the file was deleted: ask for a new link";
        NoSuchBackup "no_such_backup" "there is no such backup, or the node removed it: list the backups again";
    }
    /// The name is already in use.
    NameTaken = "name_taken", 4090 {
        CommandTaken "command_taken" { name: String, bot: UserName }
            "{bot} has a command /{name} in one of these channels: choose another name";
        CommandBuiltIn "command_built_in" { name: String } "/{name} is a command of papo: choose another name";
        NameTaken "name_taken" { user: UserName } "the name {user} is taken: choose another name";
        ChannelTaken "channel_taken" { channel: ChannelName } "{channel} already exists: join it, or choose another name";
        ChannelNameUsed "channel_name_used" { channel: ChannelName }
            "{channel} was deleted, and its name cannot be used again: choose another name";
        ChannelNameLeads "channel_name_leads" { channel: ChannelName }
            "{channel} is a former name of another channel: choose another name";
        #[client] NameTakenOnRetry "name_taken_on_retry" { user: UserName }
            "the name {user} is taken. If your registration succeeded and only its answer was lost, it is your account: try to log in";
    }
    /// The `id` belongs to another message or upload: create a new `id`.
    IdTaken = "id_taken", 4090 {
        IdTaken "id_taken" "the \"id\" of this message is taken: create a new id";
        UploadIdTaken "upload_id_taken" "the \"id\" of this upload is taken: create a new id";
    }
    /// The chunk does not begin at the end of the received bytes: continue at the position `data.have`.
    WrongOffset = "wrong_offset", 4090 {
        WrongOffset "wrong_offset" { have: u64 }
            "the server has the first {have} bytes of this file: continue after them";
    }
    /// The content or the length of the file differs from the announcement. The upload is deleted.
    WrongContent = "wrong_content", 4090 {
        WrongContent "wrong_content"
            "the SHA-256 of the received file differs from the announced SHA-256: begin the upload again";
        WrongLength "wrong_length" { known: u64, bytes: u64 }
            "a file with this SHA-256 has {known} bytes, not {bytes}: announce its exact length";
    }
    /// Your files would exceed the space that a user may use, or you have written too much today.
    QuotaExceeded = "quota_exceeded", 4130 {
        QuotaExceeded "quota_exceeded" { bytes: u64, max: u64 }
            "your files would take {bytes} bytes, and you may use {max}: delete some of the files you sent";
        LogQuota "log_quota" { max: u64, minutes: u64 }
            "you have written {max} bytes today, which is the limit of a day: try again in {minutes} minutes";
        QuotaReserved "quota_reserved" { bytes: u64, max: u64, uploading: u64, idle_minutes: u64 }
            "your files would take {bytes} bytes, and you may use {max}: delete some of the files you sent, or finish your uploads, which reserve {uploading} bytes. A new upload can replace an upload that has received no data for {idle_minutes} minutes";
    }
    /// You have as many channels as a user may have.
    TooManyChannels = "too_many_channels", 4130 {
        TooManyMemberships "too_many_memberships" { max: usize }
            "you are a member of {max} channels, which is the limit: leave one of them first";
        TooManyCreated "too_many_created" { max: usize }
            "you have created {max} channels, which is the limit: use one of them, or ask a colleague to create this one";
    }
    /// The request would not change anything, and was not recorded.
    Unchanged = "unchanged", 4090 {
        ReactionPresent "reaction_present" { emoji: String } "you have already reacted with {emoji}";
        ReactionAbsent "reaction_absent" { emoji: String } "you have not reacted with {emoji}";
        BackupRunning "backup_running" { name: String } "the node is already making the backup {name}: wait until it is complete";
    }
    /// The request exceeds a limit. `data.detail` is the limit.
    TooLarge = "too_large", 4130 {
        TooManyLines "too_many_lines" { max: usize, lines: usize }
            "a frame may have at most {max} lines, and this frame has {lines}: send several frames";
        LineTooLong "line_too_long" { max: usize, bytes: usize }
            "a line may have at most {max} bytes, and this line has {bytes}";
        ReplyTooLong "reply_too_long"
            "the reply frame is full and this request was not processed: send it again in a new frame";
        TextTooLong "text_too_long" { max: usize }
            "a message may have at most {max} bytes: send a longer text as several messages";
        QueryTooLong "query_too_long" { bytes: usize, words: usize }
            "a query may have at most {bytes} bytes and {words} words: shorten it";
        TooManyEdits "too_many_edits" { max: usize }
            "a message can be edited at most {max} times: send a new message";
        TooManyReactions "too_many_reactions" { max: usize }
            "this message already has the maximum of {max} reactions: remove one of your reactions first";
        TooManyInvited "too_many_invited" { channel: ChannelName } "too many users are invited to {channel} or banned from it";
        TooManyNames "too_many_names" { max: usize }
            "a channel may have {max} names, including its former names: give it one of these names again";
        TooManyJoinCodes "too_many_join_codes" { max: usize }
            "the node has {max} join codes, which is the limit: revoke one of them first";
        TooManyHooks "too_many_hooks" { max: usize } "there are {max} webhooks, which is the limit: revoke one of them first";
        TooManyPushSubscriptions "too_many_push_subscriptions" { max: usize }
            "you receive pushes in {max} browsers, which is the limit: end one of these sessions first";
        TooManyBotTokens "too_many_bot_tokens" { max: usize }
            "there are {max} tokens of bots, which is the limit: revoke one of them first";
        TooManyCommands "too_many_commands" { max: usize }
            "there are more than {max} commands, which is the limit: register fewer";
        TooManyLevels "too_many_levels" { max: usize }
            "you have given {max} conversations a notification level: set some of them to \"all\" first";
        TooManyBlocks "too_many_blocks" { max: usize }
            "you block {max} users, which is the limit: unblock one of them first";
        FileTooLarge "file_too_large" { max: u64, bytes: u64 }
            "a file may have at most {max} bytes, and this file has {bytes}";
        ChunkSize "chunk_size" { max: usize, bytes: usize }
            "a chunk must have 1 to {max} bytes, and this chunk has {bytes}";
        ChunkBeyondFile "chunk_beyond_file" { bytes: u64 }
            "this chunk ends after the announced end of the file, which has {bytes} bytes";
    }
    /// Too many requests at once: send the request again after `data.wait_ms`. If `data.wait_ms` is absent,
    /// try again in a moment.
    RateLimited = "rate_limited", 4290 {
        TooManyGuesses "too_many_guesses" { seconds: u64 }
            "too many wrong passwords or codes: wait {seconds} s, then try again";
        SentTooFast "sent_too_fast" { wait_ms: u64 } "you send too fast: wait {wait_ms} ms, then try again";
        TooManyLogins "too_many_logins" "too many users are logging in: try again in a moment";
        TooManyTransfers "too_many_transfers" "too many chunks of files are being transferred: try again in a moment";
        TooManyCommits "too_many_commits" "too many uploads are being committed: try again in a moment";
        TooManySearches "too_many_searches" "too many users are searching: try again in a moment";
        TooManyUploads "too_many_uploads" { max: usize, idle_minutes: u64 }
            "you are already uploading {max} files: finish an upload first. A new upload can replace an upload that has received no data for {idle_minutes} minutes";
        UploadFinishing "upload_finishing" "the server is committing this upload: try again in a moment";
        ServerBusy "server_busy" "the server has not answered your earlier requests yet: try again in a moment";
        #[client] OutboxFull "outbox_full"
            "too many messages are waiting to be sent: wait until the server has received some of them";
        #[client] TooManyRequests "too_many_requests" "too many requests are pending: try again in a moment";
    }
    /// The server cannot store or answer now: send the request again later.
    Unavailable = "unavailable", 5030 {
        LogUnreadable "log_unreadable" "the server cannot read its log: its operator must check the disk";
        LogUnwritable "log_unwritable" "the server cannot write its log: try again later";
        FilesUnavailable "files_unavailable" "the server cannot read or write files now: try again later";
        IndexNotReady "index_not_ready" "the search index is not ready: try again in a moment";
        OutOfMemory "out_of_memory" "the server does not have enough memory to check a password: try again later";
        NoReply "no_reply" "the node does not answer now: send the request again";
        NoLeader "no_leader" "the cluster has no leading node now: send the request again";
        NotCopied "not_copied" "no other node of the cluster has stored the file: try again when another node runs";
        CutOff "cut_off" "this node is cut off from its cluster: connect to another node";
        #[client] OtherVersion "other_version" { version: String, from: u32, to: u32, own_from: u32, own_to: u32 }
            "the server (papo {version}) supports the protocol versions {from} to {to}, and this client supports {own_from} to {own_to}: update the older program";
        #[client] FollowReplaced "follow_replaced" "this request was replaced by a later one";
    }
    /// The server's disk is full: nothing was stored.
    StorageFull = "storage_full", 5070 {
        StorageFull "storage_full" "the server's disk is full, and nothing was stored: its operator must free space";
        UploadStorageFull "upload_storage_full"
            "the server's disk is full, and nothing was lost: continue when its operator has freed space";
    }
}
