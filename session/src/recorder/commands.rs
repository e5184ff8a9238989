//! Commands as JSON, as the JavaScript core has them (`web/src/core/api.d.ts`).

use common::hex::to_hex;
use serde_json::{Value, json};

use crate::{Command, Follow, Message, PresenceMode, Transfer};

pub(super) fn command(command: &Command) -> Value {
    match command {
        Command::Register(registration) => tagged("register", json!(registration)),
        Command::Reset(reset) => {
            json!({ "kind": "reset", "user": reset.user, "code": reset.code, "newPassword": reset.new_password })
        }
        Command::Login(credentials) => tagged("login", json!(credentials)),
        Command::Restore(account) => json!({ "kind": "restore", "account": account }),
        Command::Logout => json!({ "kind": "logout" }),
        Command::ChangePassword { password, new_password } => {
            json!({ "kind": "changePassword", "password": password, "newPassword": new_password })
        }
        Command::Revoke(session) => json!({ "kind": "revoke", "session": session }),
        Command::Ping => json!({ "kind": "ping" }),
        Command::Status => json!({ "kind": "status" }),
        Command::Follow(of) => json!({ "kind": "follow", "follow": follow(of) }),
        Command::Create { channel, private } => {
            json!({ "kind": "create", "channel": channel, "private": private })
        }
        Command::Join(channel) => json!({ "kind": "join", "channel": channel }),
        Command::Leave(channel) => json!({ "kind": "leave", "channel": channel }),
        Command::Open(conversation) => json!({ "kind": "open", "conversation": conversation }),
        Command::NextPage(conversation) => json!({ "kind": "nextPage", "conversation": conversation }),
        Command::ListBlocks => json!({ "kind": "listBlocks" }),
        Command::ListLevels => json!({ "kind": "listLevels" }),
        Command::ListReads => json!({ "kind": "listReads" }),
        Command::MarkRead(conversation, n) => {
            json!({ "kind": "markRead", "conversation": conversation, "n": n })
        }
        Command::SetPresence(mode) => json!({ "kind": "setPresence", "mode": presence_mode(*mode) }),
        Command::KeyTyped(to) => json!({ "kind": "keyTyped", "to": to }),
        Command::Send(sent) => json!({ "kind": "send", "message": message(sent) }),
        Command::Transfer(of) => json!({ "kind": "transfer", "transfer": transfer(of) }),
        Command::Request(request) => {
            let method = request.method.description().name;
            json!({ "kind": "request", "method": method, "params": request.params })
        }
    }
}

/// Adds the member `kind` to an object.
pub(super) fn tagged(kind: &str, mut object: Value) -> Value {
    if let Some(members) = object.as_object_mut() {
        members.insert("kind".to_owned(), kind.into());
    }
    object
}

pub(super) fn message(message: &Message) -> Value {
    let Message { to, id, text, reply } = message;
    json!({ "to": to, "id": id, "text": text, "reply": reply })
}

fn follow(follow: &Follow) -> Value {
    match follow {
        Follow::Everything => json!({ "kind": "everything" }),
        Follow::One { conversation, after } => {
            json!({ "kind": "one", "conversation": conversation, "after": after })
        }
    }
}

fn presence_mode(mode: PresenceMode) -> &'static str {
    match mode {
        PresenceMode::AtKeyboard => "atKeyboard",
        PresenceMode::Always => "always",
        PresenceMode::Away => "away",
    }
}

fn transfer(transfer: &Transfer) -> Value {
    match transfer {
        Transfer::Chunk { file, offset, bytes } => {
            json!({ "kind": "chunk", "file": file, "offset": offset, "bytes": to_hex(bytes) })
        }
        Transfer::Get { conversation, n, offset, length } => json!({
            "kind": "get", "conversation": conversation, "n": n, "offset": offset, "length": length
        }),
    }
}
