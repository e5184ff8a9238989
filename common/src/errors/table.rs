//! The table of errors: reasons with their codes, and details with their arguments and sentences.
//!
//! A sentence addresses the user as "you", and says what happened, then what to do. It begins in lower case
//! and ends without a full stop. Reasons, details and arguments are part of the protocol and never change;
//! sentences may.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::DetailRow;
use crate::{ChannelName, Target, UserName};

errors! {
    /// The line is not JSON in UTF-8.
    ParseError = "parse_error", -32700 {
        NotUtf8 "not_utf8" { error: String }
            "the line is not UTF-8: {error}";
        NotJson "not_json" { error: String }
            "the line is not JSON: {error}";
    }
    /// The line is JSON, but not a JSON-RPC 2.0 request with an `id`.
    InvalidRequest = "invalid_request", -32600 {
        NotRequest "not_request" { error: String }
            "the line is not a JSON-RPC request: {error}";
        NoId "no_id" { max: usize }
            "a request needs an \"id\": a string or a number of at most {max} bytes";
        NoVersion "no_version"
            "a request needs \"jsonrpc\":\"2.0\"";
        NoMethod "no_method"
            "a request needs a \"method\": a string";
        NoEmptyFrame "no_empty_frame"
            "send an empty frame before the request lines, as a REQ socket does by itself";
        NoChunkBytes "no_chunk_bytes"
            "file.chunk needs its bytes in a frame after the line, and must be the only line";
        FileGetNotAlone "file_get_not_alone"
            "file.get must be the only line of its frame, because its reply carries bytes";
    }
    /// The server does not have the method.
    MethodNotFound = "method_not_found", -32601 {
        MethodNotFound "method_not_found" { method: String }
            "there is no method \"{method}\": check its name and the version of the server";
    }
    /// A parameter is missing or invalid; `data.detail` says which value, `message` how to correct it.
    InvalidParams = "invalid_params", -32602 {
        ParamsNotObject "params_not_object"
            "\"params\" must be an object";
        BadParams "bad_params" { method: String, error: String }
            "{method}: {error}";
        NameEmpty "name_empty"
            "a name needs at least one character";
        NameTooLong "name_too_long" { max: usize }
            "a name has at most {max} characters";
        NameCharacters "name_characters"
            "a name has letters, digits, '.', '_' and '-', no spaces, and begins with a letter or a digit";
        ChannelWithoutHash "channel_without_hash"
            "the name of a channel begins with '#'";
        TargetWithoutSign "target_without_sign"
            "write '#channel' or '@user'";
        NotMentionable "not_mentionable" { user: UserName }
            "@{user} cannot be mentioned: choose a name that ends with a letter or a digit and is not \"here\"";
        TextEmpty "text_empty"
            "a message needs some text";
        SubjectTooLong "subject_too_long" { max: usize }
            "a subject has at most {max} bytes: shorten it";
        BadReaction "bad_reaction" { max: usize }
            "a reaction is an emoji or a short word, without spaces, of at most {max} bytes";
        PasswordTooShort "password_too_short" { min: usize }
            "a password has at least {min} characters: choose a longer one";
        PasswordTooLong "password_too_long" { max: usize }
            "a password has at most {max} bytes: choose a shorter one";
        PasswordCharacters "password_characters"
            "a password must not be empty or contain control characters";
        PasswordBlank "password_blank"
            "a password needs a character that is not a space: choose another one";
        JoinCodeUses "join_code_uses" { uses: u32, days: u32 }
            "a join code has 1 to {uses} uses and expires after 1 to {days} days";
        JoinCodeNote "join_code_note" { max: usize }
            "the note of a join code has at most {max} bytes: shorten it";
        NameConfusable "name_confusable" { user: UserName, known: UserName }
            "{user} can be confused with {known}: choose another name";
        NameMixesScripts "name_mixes_scripts"
            "a name uses letters of one script: do not mix Latin letters with those of another script";
        FileNameEmpty "file_name_empty"
            "the name of a file needs a letter or a digit: rename the file";
        FileNameTooLong "file_name_too_long" { max: usize }
            "the name of a file has at most {max} bytes: rename the file";
        FileNameCharacters "file_name_characters"
            "the name of a file must not contain '/', '\\' or control characters: rename the file";
        BadHash "bad_hash"
            "a SHA-256 has 64 hexadecimal digits";
        HistoryConflict "history_conflict" { one: String, other: String }
            "message.history: \"{one}\" and \"{other}\" exclude each other: give one of them";
        BeyondFile "beyond_file" { bytes: u64, offset: u64 }
            "the file has {bytes} bytes, and you asked for bytes from {offset} on";
        IdVersion "id_version"
            "the \"id\" of a message must be a UUID of version 7";
        IdFuture "id_future"
            "the \"id\" of this message is more than a day in the future: set your clock";
        QueryEmpty "query_empty"
            "say what to search for: words, \"a phrase\", from:alice, in:#general, before:2026-01-31, after:2026-01-31";
        QueryWithoutWords "query_without_words"
            "there is nothing to search for: give a word that has letters or digits";
        QueryPhrase "query_phrase"
            "a phrase begins and ends with \": one of them is missing";
        QueryName "query_name" { filter: String, example: String }
            "{filter}: needs a name after it, such as {filter}:{example}";
        QueryDate "query_date" { filter: String }
            "{filter}: needs a date after it, such as {filter}:2026-01-31";
        QueryTime "query_time" { filter: String }
            "{filter}: takes whole days (UTC), such as {filter}:2026-01-31, and no time";
        QueryRepeated "query_repeated" { filter: String }
            "{filter}: can be given only once";
    }
    /// The server failed. The request is not the cause.
    Internal = "internal", -32603 {
        Internal "internal"
            "the server failed: ask its operator, who finds the cause in the server's log";
        ConversationDamaged "conversation_damaged" { file: String, offset: u64 }
            "a part of this conversation is damaged on the server ({file}, byte {offset}): its operator must restore it from a backup";
        #[client] BadAnswer "bad_answer" { error: String }
            "the client cannot decode the server's answer ({error}): check that server and client have the same version";
        #[client] AnswerWithoutBytes "answer_without_bytes"
            "the server sent an answer without its bytes: check that server and client have the same version";
        #[client] NotStoredLocally "not_stored_locally" { error: String }
            "this machine cannot store the message until it is sent: {error}";
    }
    /// The token is missing, forged, expired or revoked: log in again.
    Unauthenticated = "unauthenticated", 4010 {
        NoToken "no_token" { method: String }
            "{method} needs a \"token\": log in first";
        NoSession "no_session"
            "your session has ended: log in again";
        #[client] NotLoggedIn "not_logged_in"
            "you are not logged in: log in first";
        #[client] LoggedOut "logged_out"
            "you logged out before the answer arrived";
        #[client] OtherSession "other_session"
            "you opened another session before the answer arrived: send the request again";
        #[client] UnsentAtEnd "unsent_at_end"
            "the session ended before this message was sent: send it again";
    }
    /// An administrator has disabled the account, which ended its sessions.
    SessionDisabled = "session_disabled", 4010 {
        SessionDisabled "session_disabled"
            "an administrator disabled your account and ended its sessions: ask an administrator of the node";
    }
    /// The user name or the password is wrong; the server does not say which.
    WrongCredentials = "wrong_credentials", 4010 {
        WrongCredentials "wrong_credentials"
            "the user name or the password is wrong";
        WrongPassword "wrong_password"
            "this is not your current password";
        WrongResetCode "wrong_reset_code"
            "the user name or the code is wrong, or the code was used or has expired: ask an administrator for a new one";
    }
    /// Only members of the channel may do this.
    NotMember = "not_member", 4030 {
        NotMember "not_member" { channel: ChannelName }
            "you are not a member of {channel}: join it first";
    }
    /// Your role in the channel does not allow this, or the message is not yours.
    NotAllowed = "not_allowed", 4030 {
        NotAllowed "not_allowed" { channel: ChannelName }
            "your role in {channel} does not allow this: ask an owner of the channel";
        NotAuthor "not_author"
            "only the author of a message may do this";
    }
    /// You, or the user whom you named, are banned from the channel.
    Banned = "banned", 4030 {
        Banned "banned" { channel: ChannelName }
            "you are banned from {channel}: ask one of its moderators";
        UserBanned "user_banned" { user: UserName, channel: ChannelName }
            "{user} is banned from {channel}: lift the ban first";
    }
    /// No user can register at this node.
    RegistrationClosed = "registration_closed", 4030 {
        RegistrationClosed "registration_closed"
            "this node does not accept new accounts: ask its operator";
    }
    /// The node requires a join code, and this one is missing, wrong, used up or expired.
    InvalidJoinCode = "invalid_join_code", 4030 {
        InvalidJoinCode "invalid_join_code"
            "this join code is wrong, used up or expired: ask an administrator of the node for a new one";
        #[client] JoinCodeUsedOnRetry "join_code_used_on_retry"
            "this join code is used up, perhaps by your own request, whose first answer was lost: try to log in";
        JoinCodeNeeded "join_code_needed"
            "you need a join code to register at this node: ask an administrator, who creates an address with one by `papo invite --uses 1`";
    }
    /// Only administrators may do this.
    NotAdministrator = "not_administrator", 4030 {
        NotAdministrator "not_administrator"
            "only administrators of the node may do this";
    }
    /// An administrator has disabled the account.
    Disabled = "disabled", 4030 {
        Disabled "disabled"
            "this account is disabled: ask an administrator of the node";
    }
    /// The last administrator cannot be demoted or disabled: promote another one first.
    LastAdministrator = "last_administrator", 4090 {
        LastAdministrator "last_administrator" { user: UserName }
            "{user} is the last administrator: promote another user first";
    }
    /// The last owner of a channel with other members cannot leave or step down: make another owner first.
    LastOwner = "last_owner", 4090 {
        LastOwner "last_owner" { channel: ChannelName }
            "you are the last owner of {channel}: make another member an owner first";
    }
    /// There is no channel of that name, or it is private and you are not invited.
    NoSuchChannel = "no_such_channel", 4040 {
        NoSuchChannel "no_such_channel" { channel: ChannelName }
            "there is no channel {channel}: create it, or list the channels";
    }
    /// There is no user of that name.
    NoSuchUser = "no_such_user", 4040 {
        NoSuchUser "no_such_user" { user: UserName }
            "there is no user {user}";
    }
    /// That user is not in the channel.
    NoSuchMember = "no_such_member", 4040 {
        NoSuchMember "no_such_member" { user: UserName, channel: ChannelName }
            "{user} is not a member of {channel}";
    }
    /// You have no invitation to the channel.
    NoSuchInvitation = "no_such_invitation", 4040 {
        NoSuchInvitation "no_such_invitation" { channel: ChannelName }
            "you have no invitation to {channel}";
    }
    /// There is no message of that number, or it was deleted.
    NoSuchMessage = "no_such_message", 4040 {
        NoSuchMessage "no_such_message" { n: u64, conversation: Target }
            "there is no message {n} in {conversation}, or it was deleted";
    }
    /// There is no such session.
    NoSuchSession = "no_such_session", 4040 {
        NoSuchSession "no_such_session"
            "you have no such session";
    }
    /// There is no such join code, or it was used up or has expired.
    NoSuchJoinCode = "no_such_join_code", 4040 {
        NoSuchJoinCode "no_such_join_code"
            "there is no such join code, or it was used up or has expired";
    }
    /// You have no such upload, or it expired: begin it again.
    NoSuchUpload = "no_such_upload", 4040 {
        NoSuchUpload "no_such_upload"
            "you have no such upload, or it expired: begin it again";
        UploadLost "upload_lost"
            "the server's disk failed, and the upload is lost: begin the upload again";
    }
    /// There is no file of that number, or it was deleted.
    NoSuchFile = "no_such_file", 4040 {
        NoSuchFile "no_such_file" { n: u64, conversation: Target }
            "there is no file {n} in {conversation}, or it was deleted";
    }
    /// The name is already in use.
    NameTaken = "name_taken", 4090 {
        NameTaken "name_taken" { user: UserName }
            "the name {user} is taken: choose another one";
        ChannelTaken "channel_taken" { channel: ChannelName }
            "{channel} already exists: join it, or choose another name";
        #[client] NameTakenOnRetry "name_taken_on_retry" { user: UserName }
            "the name {user} is taken, perhaps by your own request, whose first answer was lost: try to log in";
    }
    /// The `id` belongs to another message or upload: create a new `id`.
    IdTaken = "id_taken", 4090 {
        IdTaken "id_taken"
            "the \"id\" of this message is taken: create a new one";
        UploadIdTaken "upload_id_taken"
            "the \"id\" of this upload is taken: create a new one";
    }
    /// The server has a different number of bytes of the upload, see `data.have`: continue from there.
    WrongOffset = "wrong_offset", 4090 {
        WrongOffset "wrong_offset" { have: u64 }
            "the server has {have} bytes of this file: continue from there";
    }
    /// The content or the length of the file is not the announced one; the upload is deleted.
    WrongContent = "wrong_content", 4090 {
        WrongContent "wrong_content"
            "the SHA-256 of the received file differs from the announced one: begin the upload again";
        WrongLength "wrong_length" { known: u64, bytes: u64 }
            "a file with this SHA-256 has {known} bytes, not {bytes}: announce its exact length";
    }
    /// Your files would take more space than a user may have.
    QuotaExceeded = "quota_exceeded", 4130 {
        QuotaExceeded "quota_exceeded" { bytes: u64, max: u64 }
            "your files would take {bytes} bytes, and you may use {max}: delete some of the files you sent";
        QuotaReserved "quota_reserved" { bytes: u64, max: u64, uploading: u64, idle_minutes: u64 }
            "your files would take {bytes} bytes, and you may use {max}: delete some of the files you sent, or finish your uploads, which take {uploading} of them. A new upload replaces one without data for {idle_minutes} minutes";
    }
    /// Your request would change nothing: nothing was recorded.
    Unchanged = "unchanged", 4090 {
        ReactionPresent "reaction_present" { emoji: String }
            "you have already reacted with {emoji}";
        ReactionAbsent "reaction_absent" { emoji: String }
            "you have not reacted with {emoji}";
    }
    /// The request exceeds a limit; `data.detail` says which one.
    TooLarge = "too_large", 4130 {
        TooManyLines "too_many_lines" { max: usize, lines: usize }
            "a frame has at most {max} lines, this one has {lines}: send several frames";
        LineTooLong "line_too_long" { max: usize, bytes: usize }
            "a line has at most {max} bytes, this one has {bytes}";
        ReplyTooLong "reply_too_long"
            "the reply to this frame is too long: send this request again";
        TextTooLong "text_too_long" { max: usize }
            "a message has at most {max} bytes: send a longer text in parts";
        QueryTooLong "query_too_long" { bytes: usize, words: usize }
            "a query has at most {bytes} bytes and {words} words: shorten it";
        TooManyEdits "too_many_edits" { max: usize }
            "a message can be edited {max} times: send a new one";
        TooManyReactions "too_many_reactions" { max: usize }
            "a message has at most {max} reactions, and this one has {max}: remove one of yours first";
        TooManyJoinCodes "too_many_join_codes" { max: usize }
            "the node has {max} join codes: revoke some of them first";
        TooManyInvited "too_many_invited" { channel: ChannelName }
            "too many users are invited to {channel} or banned from it";
        FileTooLarge "file_too_large" { max: u64, bytes: u64 }
            "a file has at most {max} bytes, this one has {bytes}";
        ChunkSize "chunk_size" { max: usize, bytes: usize }
            "a chunk has 1 to {max} bytes, this one has {bytes}";
        ChunkBeyondFile "chunk_beyond_file" { bytes: u64 }
            "you announced a file of {bytes} bytes, and this chunk ends after them";
    }
    /// Too many requests at once: send the request again after `data.wait_ms`, or later if that is absent.
    RateLimited = "rate_limited", 4290 {
        TooManyGuesses "too_many_guesses" { seconds: u64 }
            "too many wrong passwords: wait {seconds} s, then try again";
        SentTooFast "sent_too_fast" { wait_ms: u64 }
            "you send too fast: wait {wait_ms} ms, then send it again";
        TooManyLogins "too_many_logins"
            "too many users are logging in: try again in a moment";
        TooManyTransfers "too_many_transfers"
            "too many parts of files are being transferred: try again in a moment";
        TooManyCommits "too_many_commits"
            "too many files are being completed: try again in a moment";
        TooManySearches "too_many_searches"
            "too many users are searching: try again in a moment";
        TooManyUploads "too_many_uploads" { max: usize, idle_minutes: u64 }
            "you are already uploading {max} files: finish one of them first. A new upload replaces one without data for {idle_minutes} minutes";
        UploadFinishing "upload_finishing"
            "the server is completing this file: try again in a moment";
        #[client] OutboxFull "outbox_full"
            "too many messages are pending: try again when the server has received some";
        #[client] TooManyRequests "too_many_requests"
            "too many requests are pending: try again in a moment";
    }
    /// The server cannot store or answer now: send the request again later.
    Unavailable = "unavailable", 5030 {
        LogUnreadable "log_unreadable"
            "the server cannot read its log: its operator must check the disk";
        LogUnwritable "log_unwritable"
            "the server cannot write its log: send it again later";
        FilesUnavailable "files_unavailable"
            "the server cannot read or write files now: try again later";
        IndexNotReady "index_not_ready"
            "the search index is not ready: try again in a moment";
        OutOfMemory "out_of_memory"
            "the server has not enough memory to check a password: try again later";
        #[client] OtherVersion "other_version" { version: String, from: u32, to: u32, own_from: u32, own_to: u32 }
            "the server (papo {version}) speaks versions {from} to {to} of the protocol, this client {own_from} to {own_to}: update the older one";
        #[client] FollowReplaced "follow_replaced"
            "you follow other conversations now";
    }
    /// The server's disk is full: nothing was stored.
    StorageFull = "storage_full", 5070 {
        StorageFull "storage_full"
            "the server's disk is full, and nothing was stored: its operator must free space";
        UploadStorageFull "upload_storage_full"
            "the server's disk is full, and nothing was lost: continue when its operator has freed space";
    }
}
